/* The guard for levels: what it must not depend on, and what it comes down to where that is known.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "guard_posts.h"
#include "level_guard_posts.h"

static const struct sim_generator usual = {"lognormal sd 0.7", SIM_LOGNORMAL, 0.7, 0, 0, 0, 0};

static void draw_cube(struct cube *cube, size_t a, size_t b, size_t c, size_t blocks,
                      unsigned long seed)
{
    static const double worth[CUBE_VARIANTS] = {0.0, 0.5, 1.0, 1.5, -0.4, 0.3,
                                                0.8, 1.1, 0,   0,   0,    0};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    cube_init(cube, a, b, c);
    cube_draw(cube, &usual, worth, blocks, rng);
    gsl_rng_free(rng);
}

/* One factor with two levels is two variants. */
static void test_two_variants(void **state)
{
    (void)state;
    struct cube cube;
    struct abp_level_guard out[CUBE_LEVELS];
    struct abp_guard_output plain[2];
    draw_cube(&cube, 2, 1, 1, 40, 1);
    struct abp_guard_input in = cube_input(&cube, 1, 0);
    cube_guards(out, &cube, 20.0, 1, 0);
    assert_int_equal(abp_guard(plain, &in, NULL), 0);
    assert_true(plain[1].max_e_value > 2.0);
    assert_same_answer(out[1].guard, plain[1], 0);
    assert_int_equal(out[1].pairs, 1);
    assert_int_equal(out[0].pairs, 0);
    assert_near(out[0].guard.e_value, 1.0, 1e-12);
}

/* Each pair of a block is a draw, whoever wrote the blocks' numbers. */
static void test_counts(void **state)
{
    (void)state;
    struct cube cube;
    struct abp_level_guard out[CUBE_LEVELS], other[CUBE_LEVELS];
    draw_cube(&cube, 2, 2, 2, 10, 2);
    cube_guards(out, &cube, 60.0, 1, 0);
    for (size_t f = 0; f < 3; f++) {
        assert_int_equal(out[2 * f + 1].pairs, 4);
        assert_int_equal(out[2 * f + 1].guard.blocks, 40);
    }
    for (size_t i = 0; i < cube.posts; i++)
        cube.block[i] =
            cube.block[i] % 2 ? INT64_MAX - 10 - cube.block[i] : INT64_MIN + 10 + cube.block[i];
    cube_guards(other, &cube, 60.0, 1, 0);
    for (size_t l = 0; l < 6; l++)
        assert_same_answer(out[l].guard, other[l].guard, 0);
    draw_cube(&cube, 3, 2, 2, 10, 2);
    cube_guards(out, &cube, 80.0, 0, 0);
    assert_int_equal(out[2].pairs, 4);
    assert_int_equal(out[4].pairs, 6);
    assert_int_equal(out[4].guard.blocks, 60);
}

/* Swapping the names of two levels turns the evidence round; numbering the variants or the levels
 * otherwise, or setting the factors in another order, changes nothing. */
static void test_relabelled(void **state)
{
    (void)state;
    struct cube cube, other;
    struct abp_level_guard out[CUBE_LEVELS], turned[CUBE_LEVELS];
    draw_cube(&cube, 2, 2, 2, 20, 3);
    cube_guards(out, &cube, 60.0, 1, 0);
    assert_true(out[1].guard.max_e_value > 2.0);

    other = cube;
    other.zero[0] = 1; /* the reference is the other level */
    cube_guards(turned, &other, 60.0, 1, 0);
    assert_same_answer(out[1].guard, turned[0].guard, 1);
    assert_same_answer(out[3].guard, turned[3].guard, 0);

    other = cube;
    for (size_t v = 0; v < 8; v++) /* level 1 is called 0 */
        other.level[v] = 1 - cube.level[v];
    cube_guards(turned, &other, 60.0, 1, 0);
    assert_same_answer(out[1].guard, turned[1].guard, 1);
    assert_same_answer(out[5].guard, turned[5].guard, 0);

    other = cube; /* variant v is now number 7 - v, and factors 0 and 2 have changed places */
    for (size_t v = 0; v < 8; v++)
        for (size_t f = 0; f < 3; f++)
            other.level[f * 8 + 7 - v] = cube.level[(2 - f) * 8 + v];
    for (size_t i = 0; i < cube.posts; i++)
        other.variant[i] = 7 - cube.variant[i];
    cube_guards(turned, &other, 60.0, 1, 0);
    for (size_t f = 0; f < 3; f++)
        assert_same_answer(out[2 * f + 1].guard, turned[2 * (2 - f) + 1].guard, 0);
}

/* What posts of other levels did is no matter. */
static void test_other_levels(void **state)
{
    (void)state;
    struct cube cube, other;
    struct abp_level_guard out[CUBE_LEVELS], same[CUBE_LEVELS];
    draw_cube(&cube, 3, 2, 1, 20, 4);
    cube_guards(out, &cube, 60.0, 1, 0);
    other = cube; /* posts of level 2 are nothing to level 1 */
    for (size_t i = 0; i < cube.posts; i++)
        if (cube.level[cube.variant[i]] == 2)
            other.outcome[i] = 1000.0 * cube.outcome[i] + 7.0;
    cube_guards(same, &other, 60.0, 1, 0);
    assert_same_answer(out[1].guard, same[1].guard, 0);
    assert_true(fabs(out[2].guard.open_e_value - same[2].guard.open_e_value) > 1e-3);
}

/* Half of the eight combinations, each two of which differ twice: nothing to compare. */
static void test_no_pairs(void **state)
{
    (void)state;
    static const size_t half[3][4] = {{0, 1, 0, 1}, {0, 1, 1, 0}, {0, 0, 1, 1}};
    struct cube cube;
    struct abp_level_guard out[CUBE_LEVELS];
    draw_cube(&cube, 2, 2, 1, 30, 5);
    cube.levels[2] = 2;
    for (size_t f = 0; f < 3; f++)
        memcpy(cube.level + f * 4, half[f], sizeof half[f]);
    cube_guards(out, &cube, 60.0, 1, 0);
    for (size_t l = 0; l < 6; l++) {
        assert_int_equal(out[l].pairs, 0);
        assert_int_equal(out[l].guard.blocks, 0);
        assert_near(out[l].guard.max_e_value, 1.0, 1e-12);
    }
    cube.level[3] = 0; /* now the last differs from the first in the third factor alone, and from
                          the third in the second */
    cube_guards(out, &cube, 60.0, 1, 0);
    assert_int_equal(out[1].pairs, 0);
    assert_int_equal(out[3].pairs, 1);
    assert_int_equal(out[5].pairs, 1);
    assert_int_equal(out[5].guard.blocks, 30);
}

/* A missing reading takes its pair out, not the block. */
static void test_missing(void **state)
{
    (void)state;
    struct cube cube;
    struct abp_level_guard out[CUBE_LEVELS];
    draw_cube(&cube, 2, 2, 2, 10, 6);
    cube.outcome[0] = NAN;
    cube_guards(out, &cube, 60.0, 1, 0);
    for (size_t f = 0; f < 3; f++)
        assert_int_equal(out[2 * f + 1].guard.blocks, 39);
}

/* Posts drawn one by one with even chances: the chance within a pair is a half, whatever the others
 * had; and a post that was certain tells nothing. */
static void test_drawn(void **state)
{
    (void)state;
    struct cube cube;
    struct abp_level_guard even[CUBE_LEVELS], uneven[CUBE_LEVELS], certain[CUBE_LEVELS];
    draw_cube(&cube, 2, 2, 2, 10, 7);
    for (size_t i = 0; i < cube.posts; i++)
        for (size_t v = 0; v < 8; v++)
            cube.probability[i * 8 + v] = 0.125;
    cube_guards(even, &cube, 60.0, 1, 1);
    assert_int_equal(even[1].guard.blocks, 40);
    for (size_t i = 0; i < cube.posts; i++)
        for (size_t v = 0; v < 8; v++) { /* pairs of factor 0: 0-1, 2-3, ... */
            size_t pair = v / 2;
            cube.probability[i * 8 + v] = 0.05 * (double)(1 + pair);
        }
    cube_guards(uneven, &cube, 60.0, 1, 1);
    assert_same_answer(even[1].guard, uneven[1].guard, 0);
    assert_true(fabs(even[3].guard.open_e_value - uneven[3].guard.open_e_value) > 1e-3);
    for (size_t i = 0; i < cube.posts; i++)
        for (size_t v = 0; v < 8; v++)
            cube.probability[i * 8 + v] = v == cube.variant[i] ? 1.0 : 0.0;
    cube_guards(certain, &cube, 60.0, 1, 1);
    assert_near(certain[1].guard.max_e_value, 1.0, 1e-12);
}

static void test_mistakes(void **state)
{
    (void)state;
    struct cube cube;
    struct abp_level_guard out[CUBE_LEVELS];
    struct abp_error err = {0};
    draw_cube(&cube, 2, 2, 2, 2, 8);
    struct abp_guard_input posts = cube_input(&cube, 0, 0);
    struct abp_level_guard_input in = {.posts = &posts,
                                       .factors = 3,
                                       .levels = cube.levels,
                                       .level = cube.level,
                                       .zero = cube.zero,
                                       .threshold = 60.0};
    cube.level[9] = 2;
    assert_int_equal(abp_level_guards(out, &in, &err), -1);
    assert_int_equal(err.code, ABP_BUG);
    cube.level[9] = 0;
    cube.variant[3] = 8;
    assert_int_equal(abp_level_guards(out, &in, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    cube.variant[3] = 0;
    cube.outcome[3] = -1.0;
    assert_int_equal(abp_level_guards(out, &in, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    cube.outcome[3] = 1.0;
    cube.zero[1] = 2;
    assert_int_equal(abp_level_guards(out, &in, &err), -1);
    cube.zero[1] = 0;
    posts.posts = 0;
    assert_int_equal(abp_level_guards(out, &in, &err), 0);
    assert_int_equal(out[1].pairs, 4);
    assert_near(out[1].guard.e_value, 1.0, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_variants), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_relabelled),   cmocka_unit_test(test_other_levels),
        cmocka_unit_test(test_no_pairs),     cmocka_unit_test(test_missing),
        cmocka_unit_test(test_drawn),        cmocka_unit_test(test_mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
