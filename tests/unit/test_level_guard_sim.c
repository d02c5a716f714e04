/* How often the guard for levels alarms where nothing differs: generators that break every
 * assumption but the draw, with other factors that matter much, and interact. Whole blocks that
 * were shuffled, posts drawn one by one with chances that follow the outcomes, and a design with
 * unlike pairs. And how much sooner levels are found than single combinations.
 *
 * Usage: test_level_guard_sim [RUNS]; prints every share. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "level_guard_posts.h"

#include <stdio.h>

#define ALPHA 0.05

static size_t runs = 400;

/* So many standard errors above alpha that one of all these shares hardly ever is by chance. */
static double limit(void)
{
    return ALPHA + 3.3 * sqrt(ALPHA * (1.0 - ALPHA) / (double)runs);
}

/* Factor 0 does nothing; the other two do much, and something else together. */
static void null_worth(double *worth, const struct cube *cube)
{
    for (size_t v = 0; v < cube->variants; v++) {
        size_t b = cube->level[cube->variants + v], c = cube->level[2 * cube->variants + v];
        worth[v] = 1.2 * (double)b - 0.9 * (double)c + 1.5 * (double)(b * c);
    }
}

/* 1: a level of factor 0 alarms, each at alpha over their number. */
static int alarms(const struct cube *cube, int planned, int drawn)
{
    struct abp_level_guard out[CUBE_LEVELS];
    double threshold = (double)(cube->levels[0] - 1) / ALPHA;
    cube_guards(out, cube, threshold, planned, drawn);
    for (size_t l = 1; l < cube->levels[0]; l++)
        if (out[l].guard.max_e_value >= threshold)
            return 1;
    return 0;
}

static void tell(const char *what, const char *generator, double share)
{
    printf("%-34s %-26s %.3f\n", what, generator, share);
    fflush(stdout);
    if (!(share <= limit()))
        fail_msg("%s, %s: %.4f of the runs alarmed", what, generator, share);
}

static void shuffled(const char *what, size_t a, size_t b, size_t c, size_t blocks, int planned)
{
    double worth[CUBE_VARIANTS];
    struct cube cube;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    cube_init(&cube, a, b, c);
    null_worth(worth, &cube);
    for (size_t g = 0; g < SIM_COUNT; g++) {
        size_t count = 0;
        gsl_rng_set(rng, 20261124 + g);
        for (size_t run = 0; run < runs; run++) {
            cube_draw(&cube, &SIM_GENERATORS[g], worth, blocks, rng);
            count += alarms(&cube, planned, 0) ? 1 : 0;
        }
        tell(what, SIM_GENERATORS[g].name, (double)count / (double)runs);
    }
    gsl_rng_free(rng);
}

static void test_shuffled(void **state)
{
    (void)state;
    shuffled("2x2x2, 10 blocks planned", 2, 2, 2, 10, 1);
    shuffled("2x2x2, no end", 2, 2, 2, 10, 0);
    shuffled("3x2x2, 12 blocks planned", 3, 2, 2, 12, 1);
}

/* The next block's chances lean to the combinations whose posts did best so far: a leader at first,
 * by luck as often as not. */
static void draw_leaning(struct cube *cube, const struct sim_generator *g, const double *worth,
                         gsl_rng *rng)
{
    double sum[CUBE_VARIANTS] = {0}, n[CUBE_VARIANTS] = {0};
    size_t K = cube->variants, blocks = 12;
    cube_draw(cube, g, worth, blocks, rng); /* for its levels of time; the labels are drawn anew */
    for (size_t i = 0; i < cube->posts; i++) {
        double *p = cube->probability + i * K, total = 0.0, at = gsl_rng_uniform(rng);
        size_t v = 0;
        for (size_t w = 0; w < K; w++)
            total += p[w] = 0.3 + (i < K ? 0.0 : sum[w] / fmax(1.0, n[w]));
        for (size_t w = 0; w < K; w++)
            p[w] /= total;
        if (i % K) /* a block's chances are those of its first post */
            memcpy(p, p - K, K * sizeof *p);
        while (v + 1 < K && at > p[v])
            at -= p[v++];
        cube->outcome[i] *= exp(worth[v] - worth[cube->variant[i]]);
        cube->variant[i] = v;
        if (i % K != K - 1)
            continue;
        for (size_t k = i + 1 - K; k <= i; k++) { /* the block is read */
            sum[cube->variant[k]] += log1p(cube->outcome[k]);
            n[cube->variant[k]] += 1.0;
        }
    }
}

static void test_drawn(void **state)
{
    (void)state;
    double worth[CUBE_VARIANTS];
    struct cube cube;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    cube_init(&cube, 2, 2, 2);
    null_worth(worth, &cube);
    for (size_t g = 0; g < SIM_COUNT; g += 2) {
        size_t count = 0;
        gsl_rng_set(rng, 7 + g);
        for (size_t run = 0; run < runs; run++) {
            draw_leaning(&cube, &SIM_GENERATORS[g], worth, rng);
            count += alarms(&cube, 1, 1) ? 1 : 0;
        }
        tell("2x2x2, drawn by what did well", SIM_GENERATORS[g].name, (double)count / (double)runs);
    }
    gsl_rng_free(rng);
}

/* A level that does x2 wherever it is, 80 posts: its guard finds it (at the threshold it has beside
 * two other factors and the variants) where that of single combinations, at theirs, hardly does. */
static void test_found(void **state)
{
    (void)state;
    static const size_t cases[] = {2, 4, 6};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct cube cube;
    double worth[CUBE_VARIANTS] = {0}, levels = 3.0 / (0.5 * ALPHA), styles = 7.0 / ALPHA;
    cube_init(&cube, 2, 2, 2);
    for (size_t v = 0; v < 8; v++)
        worth[v] = v % 2 ? log(2.0) : 0.0;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct sim_generator *g = &SIM_GENERATORS[cases[k]];
        size_t level = 0, style = 0;
        gsl_rng_set(rng, 11 + k);
        for (size_t run = 0; run < runs; run++) {
            struct abp_level_guard out[CUBE_LEVELS];
            struct abp_guard_output alone[CUBE_VARIANTS];
            cube_draw(&cube, g, worth, 10, rng);
            cube_guards(out, &cube, levels, 1, 0);
            struct abp_guard_input in = cube_input(&cube, 1, 0);
            in.threshold = styles;
            assert_int_equal(abp_guard(alone, &in, NULL), 0);
            level += out[1].guard.max_e_value >= levels && out[1].guard.max_direction > 0;
            style += alone[1].max_e_value >= styles && alone[1].max_direction > 0;
        }
        printf("x2 among 80 posts, %-20s level %.3f, one combination %.3f\n", g->name,
               (double)level / (double)runs, (double)style / (double)runs);
        assert_true(level > 2 * style);
        assert_true((double)level > 0.3 * (double)runs);
    }
    gsl_rng_free(rng);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shuffled),
                                       cmocka_unit_test(test_drawn), cmocka_unit_test(test_found)};
    if (argc > 1)
        runs = (size_t)strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
