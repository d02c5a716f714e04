/* The guard on hard inputs: ends of the range, missing readings, nothing at all, and what it
 * refuses. */
#include <float.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

#include "guard_posts.h"

static void blocks_with_one_side_pay_nothing(void **state)
{
    struct posts *posts = posts_new(3);
    (void)state;

    for (int64_t t = 0; t < 30; t++) {
        add(posts, t, (size_t)(t % 3), 100.0 * (double)(t % 3), 1.0);
        add(posts, t, (size_t)(t % 3), 5.0, 1.0);
        add(posts, t, (size_t)((t + 1) % 3), NAN, 1.0);
    }
    for (size_t v = 0; v < 3; v++) {
        assert_true(guard_of(posts, v).e_value == 1.0);
        assert_true(guard_of(posts, v).max_e_value == 1.0);
        assert_int_equal(guard_of(posts, v).blocks, 0);
        assert_int_equal(guard_of(posts, v).direction, 0);
    }
    free(posts);
}

static void no_posts_at_all(void **state)
{
    struct posts *posts = posts_new(2);
    struct abp_guard_output out;
    (void)state;

    out = guard_of(posts, 1);
    assert_true(out.e_value == 1.0 && out.max_e_value == 1.0);
    assert_true(out.blocks == 0 && out.direction == 0 && out.max_direction == 0);
    free(posts);
}

static void identical_outcomes_say_nothing(void **state)
{
    static const double outcomes[] = {0.0, 7.0, 1e9, DBL_MAX, 1e-300};
    (void)state;

    for (size_t o = 0; o < sizeof outcomes / sizeof outcomes[0]; o++) {
        struct posts *posts = posts_new(2);
        struct abp_guard_output out;

        for (int64_t t = 0; t < 50; t++)
            for (size_t i = 0; i < (t % 2 ? 2 : 9); i++)
                add(posts, t, i % 2, outcomes[o], 1.0);
        out = guard_of(posts, 1);
        assert_near(out.e_value, 1.0, 1e-12);
        assert_int_equal(out.direction, 0);
        assert_int_equal(out.blocks, 50);
        free(posts);
    }
}

/* One viral post is one post: it cannot decide alone. */
static void one_viral_post_decides_nothing(void **state)
{
    struct posts *posts = posts_new(2);
    (void)state;

    for (int64_t t = 0; t < 10; t++) {
        add(posts, t, 1, t == 9 ? 1e9 : 10.0 + (double)(t % 2), 1.0);
        add(posts, t, 0, 10.0 + (double)((t + 1) % 2), 1.0);
    }
    assert_true(guard_of(posts, 1).max_e_value <= 3.0);
    free(posts);
}

static void extreme_numbers_stay_finite(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (size_t m = 2; m <= 2000; m *= 10) {
        struct posts *posts = posts_new(2);
        struct abp_guard_output out;

        while (posts->count + m <= MAX_POSTS) {
            int64_t block = (int64_t)posts->count;

            for (size_t i = 0; i < m; i++)
                add(posts, block, i % 2, i % 2 ? DBL_MAX : 0.0, i % 2 ? 1e-300 : DBL_MAX);
        }
        out = guard_of(posts, 1);
        assert_true(isfinite(out.e_value) && out.e_value >= out.max_e_value * (1 - 1e-12));
        assert_true(out.e_value > 1e100 && out.direction == 1);
        free(posts);
    }
    gsl_rng_free(rng);
}

/* A block of 2,000 posts with 1,000 of each: a plain effect is found, none is not. */
static void huge_blocks(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (int effect = 0; effect < 2; effect++) {
        struct posts *posts = posts_new(2);
        struct abp_guard_output out;

        for (size_t i = 0; i < 2000; i++)
            add(posts, 1, i % 2, gsl_ran_lognormal(rng, effect && i % 2 ? 3.4 : 3.0, 1.0), 1.0);
        out = guard_of(posts, 1);
        assert_int_equal(out.blocks, 1);
        assert_true(effect ? out.e_value > 1e6 : out.e_value < 20);
        assert_true(isfinite(out.e_value));
        free(posts);
    }
    gsl_rng_free(rng);
}

/* Forty variants: each sees its own pairs, and the one that differs is found. */
static void forty_variants(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *posts = posts_new(40);
    (void)state;

    posts->baseline = 39;
    for (int64_t t = 0; t < 60; t++)
        for (size_t v = 0; v < 40; v++)
            add(posts, t, v, gsl_ran_poisson(rng, v == 7 ? 60.0 : 30.0), 1.0);
    for (size_t v = 0; v < 40; v++) {
        struct abp_guard_output out = guard_of(posts, v);

        assert_int_equal(out.blocks, v == 39 ? 0 : 60);
        assert_true((out.max_e_value >= posts->threshold) == (v == 7));
    }
    free(posts);
    gsl_rng_free(rng);
}

/* A reading that is missing is left out: the block is that of the posts that remain. */
static void missing_readings_are_left_out(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *whole = posts_new(2), *part = posts_new(2);
    (void)state;

    for (int64_t t = 0; t < 20; t++)
        for (size_t i = 0; i < 8; i++) {
            double y = gsl_ran_poisson(rng, 8.0);
            int missing = gsl_ran_bernoulli(rng, 0.2) == 1;

            add(whole, t, i % 2, missing ? NAN : y, missing ? NAN : 1.0);
            if (!missing)
                add(part, t, i % 2, y, 1.0);
        }
    assert_true(part->count < whole->count);
    assert_same_answer(guard_of(whole, 1), guard_of(part, 1), 0);
    free(whole);
    free(part);
    gsl_rng_free(rng);
}

static void refuses(struct posts *posts, const char *word)
{
    struct abp_guard_output out[8];
    struct abp_error err = {0};

    assert_int_equal(run(out, posts, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    if (!strstr(err.message, word))
        fail_msg("\"%s\" does not speak of \"%s\"", err.message, word);
}

static void bad_input_is_refused(void **state)
{
    static const double bad_exposure[] = {0.0, -1.0, NAN, INFINITY};
    static const double bad_outcome[] = {-1.0, INFINITY, -INFINITY};
    static const double bad_threshold[] = {1.0, 0.0, -20.0, NAN, INFINITY};
    struct posts *posts = posts_new(2);
    (void)state;

    add(posts, 1, 0, 3.0, 1.0);
    add(posts, 1, 1, 4.0, 1.0);
    for (size_t i = 0; i < sizeof bad_exposure / sizeof bad_exposure[0]; i++) {
        posts->exposure[1] = bad_exposure[i];
        refuses(posts, "exposure");
    }
    posts->exposure[1] = 1.0;
    for (size_t i = 0; i < sizeof bad_outcome / sizeof bad_outcome[0]; i++) {
        posts->outcome[1] = bad_outcome[i];
        refuses(posts, "outcome");
    }
    posts->outcome[1] = 4.0;
    for (size_t i = 0; i < sizeof bad_threshold / sizeof bad_threshold[0]; i++) {
        posts->threshold = bad_threshold[i];
        refuses(posts, "threshold");
    }
    posts->threshold = 20.0;
    posts->variant[1] = 2;
    refuses(posts, "variant");
    posts->variant[1] = 1;
    posts->baseline = 2;
    refuses(posts, "baseline");
    posts->baseline = 0;
    posts->variants = 1;
    refuses(posts, "variants");
    posts->variants = 2;
    assert_int_equal(guard_of(posts, 1).blocks, 1);
    free(posts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_with_one_side_pay_nothing),
        cmocka_unit_test(no_posts_at_all),
        cmocka_unit_test(identical_outcomes_say_nothing),
        cmocka_unit_test(one_viral_post_decides_nothing),
        cmocka_unit_test(extreme_numbers_stay_finite),
        cmocka_unit_test(huge_blocks),
        cmocka_unit_test(forty_variants),
        cmocka_unit_test(missing_readings_are_left_out),
        cmocka_unit_test(bad_input_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
