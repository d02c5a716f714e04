/* The average over the draws of a block, against counting them all. */
#include "stats/guard_block.h"
#include "stats/guard_score.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

static void assert_close(double a, double b, double tolerance)
{
    if (!(fabs(a - b) <= tolerance * fmax(1.0, fabs(b))))
        fail_msg("%.17g is not %.17g", a, b);
}

/* log of the average of exp(g sum) over every set of k of m. */
static double counted(const double *z, size_t m, size_t k, double g)
{
    double total = 0.0, sets = 0.0;

    for (unsigned chosen = 0; chosen < 1U << m; chosen++) {
        double sum = 0.0;
        size_t count = 0;

        for (size_t i = 0; i < m; i++)
            if (chosen >> i & 1) {
                sum += z[i];
                count++;
            }
        if (count != k)
            continue;
        total += exp(g * sum);
        sets++;
    }
    return log(total / sets);
}

static void equals_the_count(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double z[12], ratio[12];
    (void)state;

    for (size_t m = 1; m <= 12; m++)
        for (size_t k = 0; k <= m; k++)
            for (int sign = -1; sign <= 1; sign += 2) {
                double g = sign * 3.0 * gsl_rng_uniform(rng);

                for (size_t i = 0; i < m; i++)
                    z[i] = i % 5 == 4 ? z[i - 1] : gsl_ran_gaussian(rng, 2.0);
                assert_close(abp_guard_log_average(z, m, k, g, ratio), counted(z, m, k, g), 1e-12);
            }
    gsl_rng_free(rng);
}

static void pairs_are_a_tanh(void **state)
{
    (void)state;
    for (double d = -40.0; d <= 40.0; d += 0.37) {
        double z[2] = {0.5 * d, -0.5 * d}, ratio[2];
        double factor = exp(z[0] - abp_guard_log_average(z, 2, 1, 1.0, ratio));

        assert_close(factor, 1.0 + tanh(0.5 * d), 1e-12);
    }
}

/* 2,000 posts whose averages span e^+-20000: choosing k is leaving m - k, and scores moved by c
 * move the log average by g k c. */
static void thousands_of_posts(void **state)
{
    enum { M = 2000, K = 700 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    static double z[M], mirror[M], moved[M], ratio[M];
    double g = 2.8, all = 0.0, average;
    (void)state;

    for (size_t i = 0; i < M; i++) {
        z[i] = gsl_ran_gaussian(rng, 10.0);
        mirror[i] = -z[i];
        moved[i] = z[i] + 3.0;
        all += g * z[i];
    }
    average = abp_guard_log_average(z, M, K, g, ratio);
    assert_true(isfinite(average) && average > 0);
    assert_close(abp_guard_log_average(mirror, M, M - K, g, ratio) + all, average, 1e-10);
    assert_close(abp_guard_log_average(moved, M, K, g, ratio), average + 3.0 * K * g, 1e-10);
    gsl_rng_free(rng);
}

/* ---- scores ---- */

static void scores_rise_with_sd_one(void **state)
{
    const size_t n = 200000;
    double mean = 0.0, squares = 0.0, before = -INFINITY;
    (void)state;

    for (size_t i = 0; i < n; i++) {
        double z = abp_guard_score(((double)i + 0.5) / (double)n);

        assert_true(z > before);
        before = z;
        mean += z / (double)n;
        squares += z * z / (double)n;
    }
    assert_close(mean, 0.0, 1e-3);
    assert_close(squares - mean * mean, 1.0, 1e-3);
}

#define SLOTS 6

static struct abp_guard_past *past_new(size_t posts)
{
    struct abp_guard_past *past = calloc(1, sizeof *past);

    assert_non_null(past);
    past->outcome = calloc(4 * posts + 2 * SLOTS, sizeof(double));
    past->begin = calloc(2 * posts + 1, sizeof(size_t));
    assert_non_null(past->outcome);
    assert_non_null(past->begin);
    past->log_exposure = past->outcome + posts;
    past->residual = past->outcome + 2 * posts;
    past->sorted = past->outcome + 3 * posts;
    past->effect = past->outcome + 4 * posts;
    past->count = past->effect + SLOTS;
    past->slot = past->begin + posts + 1;
    return past;
}

static void past_free(struct abp_guard_past *past)
{
    free(past->outcome);
    free(past->begin);
    free(past);
}

/* Where pairs differ wildly in level, a post's position is that within its pair; where posts of one
 * pair are no more alike than others, it is that among all. */
static void positions_follow_the_level(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct abp_guard_past *apart = past_new(80), *alike = past_new(80);
    double u[2];
    (void)state;

    for (size_t t = 0; t < 40; t++) {
        for (size_t i = 0; i < 2; i++) {
            abp_guard_past_add(apart, exp((double)(t % 20)) * (i ? 1.2 : 1.0), 1.0, 0);
            abp_guard_past_add(alike, t < 39 ? gsl_ran_lognormal(rng, 3.0, 1.0) : 1e4 + (double)i,
                               1.0, 0);
        }
        abp_guard_past_close(apart, 2);
        abp_guard_positions(u, apart, 1);
        if (t > 20)
            assert_true(u[0] < 0.5 && u[1] > 0.5);
        abp_guard_past_close(alike, 2);
        abp_guard_positions(u, alike, 1);
    }
    assert_true(u[0] > 0.9 && u[1] > u[0]);
    past_free(apart);
    past_free(alike);
    gsl_rng_free(rng);
}

static void equal_posts_stand_equal(void **state)
{
    struct abp_guard_past *past = past_new(64);
    double u[4];
    (void)state;

    for (size_t t = 0; t < 16; t++) {
        for (size_t i = 0; i < 4; i++)
            abp_guard_past_add(past, t % 2 ? 3.0 : i < 2 ? 0.0 : 1.0, t % 2 ? 1.0 : 0.5, 0);
        abp_guard_past_close(past, 4);
        abp_guard_positions(u, past, 1);
        assert_true((u[0] == u[3]) == (t % 2 == 1));
        assert_true(u[0] == u[1] && u[2] == u[3]);
        assert_true(u[0] > 0 && u[3] < 1);
    }
    past_free(past);
}

/* Where some slots reach many more people, a post stands where it would in another slot; where
 * slots are all alike, telling of them moves positions hardly at all. */
static void positions_follow_the_slot(void **state)
{
    static const double reach[SLOTS] = {1, 100, 10, 3, 0.1, 30};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double missed[2] = {0}, moved = 0.0;
    (void)state;

    for (size_t run = 0; run < 200; run++)
        for (int differ = 0; differ < 2; differ++) {
            struct abp_guard_past *past = past_new(64);
            double told[2], untold[2], fair = 0.0;

            for (size_t t = 0; t < 32; t++) {
                for (size_t i = 0; i < 2; i++) {
                    size_t slot = (t + i * (1 + t % 5)) % SLOTS;
                    double y = gsl_ran_lognormal(rng, 3.0, 0.7);

                    fair = log(y) - 3.0;
                    abp_guard_past_add(past, y * (differ ? reach[slot] : 1.0), 1.0, slot);
                }
                abp_guard_past_close(past, 2);
            }
            past->slots = 0;
            abp_guard_positions(untold, past, 1);
            past->slots = SLOTS;
            abp_guard_positions(told, past, 1);
            fair = 1 / (1 + exp(-1.7 * fair / 0.7)); /* the share of all posts below this one */
            if (differ) {
                missed[0] += fabs(untold[1] - fair) / 200;
                missed[1] += fabs(told[1] - fair) / 200;
            } else {
                moved += fabs(told[1] - untold[1]) / 200;
            }
            past_free(past);
        }
    print_message("off by %.3f untold, %.3f told; moved by %.3f where slots are alike\n", missed[0],
                  missed[1], moved);
    assert_true(missed[1] < 0.5 * missed[0]);
    assert_true(moved < 0.05);
    gsl_rng_free(rng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_count),           cmocka_unit_test(pairs_are_a_tanh),
        cmocka_unit_test(thousands_of_posts),         cmocka_unit_test(scores_rise_with_sd_one),
        cmocka_unit_test(positions_follow_the_level), cmocka_unit_test(equal_posts_stand_equal),
        cmocka_unit_test(positions_follow_the_slot),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
