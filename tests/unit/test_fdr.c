/* e-BH: the definition itself, what must not matter, and the false discovery rate it promises. */
#include "abpost/fdr.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

#define MOST 40

static size_t discoveries(struct abp_fdr_finding *out, const double *e, size_t n, double alpha)
{
    struct abp_error err = {0};
    size_t found = 0;

    if (abp_fdr(out, e, n, alpha, &err))
        fail_msg("%s", err.message);
    for (size_t i = 0; i < n; i++)
        found += (size_t)out[i].discovered;
    return found;
}

/* e-values of every size, ties and ends of the range among them. */
static void any_e_values(double *e, size_t n, gsl_rng *rng)
{
    for (size_t i = 0; i < n; i++)
        switch (gsl_rng_uniform_int(rng, 6)) {
        case 0:
            e[i] = 0.0;
            break;
        case 1:
            e[i] = 20.0 * (double)(1 + gsl_rng_uniform_int(rng, 8));
            break;
        case 2:
            e[i] = gsl_rng_uniform_int(rng, 10) ? 1.0 : INFINITY;
            break;
        default:
            e[i] = exp(gsl_ran_gaussian(rng, 3.0) + 1.0);
        }
}

/* Word for word the rule of the paper: the largest k such that k of the e-values are at least
 * n / (alpha k). */
static size_t by_definition(const double *e, size_t n, double alpha)
{
    for (size_t k = n; k >= 1; k--) {
        size_t large = 0;

        for (size_t i = 0; i < n; i++)
            large += e[i] * (double)k * alpha >= (double)n * (1 - 1e-14);
        if (large >= k)
            return k;
    }
    return 0;
}

static void follows_the_definition(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t some = 0;
    (void)state;

    for (size_t run = 0; run < 3000; run++) {
        struct abp_fdr_finding out[MOST];
        double e[MOST], alpha = run % 3 ? 0.05 : 0.2, least = INFINITY;
        size_t n = 1 + gsl_rng_uniform_int(rng, MOST - 1), k;

        any_e_values(e, n, rng);
        k = discoveries(out, e, n, alpha);
        assert_int_equal(k, by_definition(e, n, alpha));
        some += k > 0 && k < n;
        for (size_t i = 0; i < n; i++)
            least = out[i].discovered ? fmin(least, e[i]) : least;
        for (size_t i = 0; i < n; i++)
            assert_true(out[i].discovered == (k > 0 && e[i] >= least));
    }
    assert_true(some > 500);
    gsl_rng_free(rng);
}

/* `level` is where the discovery begins: at it found, just below it not. */
static void the_level_is_the_least_alpha(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (size_t run = 0; run < 500; run++) {
        struct abp_fdr_finding out[MOST], again[MOST];
        double e[MOST];
        size_t n = 1 + gsl_rng_uniform_int(rng, MOST - 1);

        any_e_values(e, n, rng);
        (void)discoveries(out, e, n, 0.05);
        for (size_t i = 0; i < n; i++) {
            if (!(out[i].level > 0 && out[i].level < 1))
                continue;
            (void)discoveries(again, e, n, out[i].level);
            assert_true(again[i].discovered);
            (void)discoveries(again, e, n, 0.999 * out[i].level);
            assert_false(again[i].discovered);
        }
    }
    gsl_rng_free(rng);
}

/* A larger e-value loses no discovery, its own or another's; a new one of 0 adds none. */
static void monotone(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (size_t run = 0; run < 2000; run++) {
        struct abp_fdr_finding before[MOST], after[MOST];
        double e[MOST];
        size_t n = 1 + gsl_rng_uniform_int(rng, MOST - 2), i = gsl_rng_uniform_int(rng, n), found;

        any_e_values(e, n, rng);
        found = discoveries(before, e, n, 0.1);
        e[i] *= 1 + 5 * gsl_rng_uniform(rng);
        (void)discoveries(after, e, n, 0.1);
        for (size_t j = 0; j < n; j++)
            assert_true(after[j].discovered >= before[j].discovered &&
                        after[j].level <= before[j].level);
        found = discoveries(before, e, n, 0.1);
        e[n] = 0.0;
        assert_true(discoveries(after, e, n + 1, 0.1) <= found);
    }
    gsl_rng_free(rng);
}

static void order_means_nothing(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (size_t run = 0; run < 1000; run++) {
        struct abp_fdr_finding a[MOST], b[MOST];
        double e[MOST], moved[MOST];
        size_t n = 1 + gsl_rng_uniform_int(rng, MOST - 1), to[MOST];

        any_e_values(e, n, rng);
        for (size_t i = 0; i < n; i++)
            to[i] = i;
        gsl_ran_shuffle(rng, to, n, sizeof *to);
        for (size_t i = 0; i < n; i++)
            moved[to[i]] = e[i];
        (void)discoveries(a, e, n, 0.05);
        (void)discoveries(b, moved, n, 0.05);
        for (size_t i = 0; i < n; i++)
            assert_true(a[i].level == b[to[i]].level && a[i].discovered == b[to[i]].discovered);
    }
    gsl_rng_free(rng);
}

/* ---- the promise ---- */

enum dependence { INDEPENDENT, ONE_FACTOR, ALL_OR_NONE, MUTUALLY_EXCLUSIVE, DEPENDENCES };

/* e-values of which the first `nulls` have mean 1, tied to one another in several ways; the others
 * are large more often than not. */
static void dependent_e_values(double *e, size_t n, size_t nulls, enum dependence how, double alpha,
                               gsl_rng *rng)
{
    double common = gsl_ran_gaussian(rng, 1.0), u = gsl_rng_uniform(rng);

    for (size_t i = 0; i < n; i++) {
        double own = gsl_ran_gaussian(rng, 1.0), share = how == ONE_FACTOR ? 0.9 : 0.0;
        double z = sqrt(share) * common + sqrt(1 - share) * own;

        e[i] = exp(2 * z - 2.0);
        if (how == ALL_OR_NONE) /* the worst that a mean of 1 allows: FDR is alpha itself */
            e[i] = u < alpha ? 1 / alpha : 0.0;
        if (how == MUTUALLY_EXCLUSIVE) { /* one null at a time, with just what it needs alone */
            double chance = alpha / (double)n;

            e[i] = u >= (double)i * chance && u < (double)(i + 1) * chance ? 1 / chance : 0.0;
        }
        if (i >= nulls)
            e[i] = exp(gsl_ran_gaussian(rng, 2.0) + 4.0);
    }
}

static double false_share(size_t nulls, enum dependence how, double alpha, size_t runs,
                          gsl_rng *rng)
{
    double sum = 0.0;

    for (size_t run = 0; run < runs; run++) {
        struct abp_fdr_finding out[20];
        double e[20];
        size_t found, wrong = 0;

        dependent_e_values(e, 20, nulls, how, alpha, rng);
        found = discoveries(out, e, 20, alpha);
        for (size_t i = 0; i < nulls; i++)
            wrong += (size_t)out[i].discovered;
        sum += found ? (double)wrong / (double)found : 0.0;
    }
    return sum / (double)runs;
}

static void false_discoveries_stay_under_alpha(void **state)
{
    const double alpha = 0.1;
    const size_t runs = 20000;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (int how = 0; how < DEPENDENCES; how++)
        for (size_t nulls = 10; nulls <= 20; nulls += 10) {
            double bound = alpha * (double)nulls / 20;
            double rate = false_share(nulls, (enum dependence)how, alpha, runs, rng);

            if (!(rate <= bound + 3 * sqrt(bound / (double)runs)))
                fail_msg("dependence %d, %zu nulls of 20: %.4f", how, nulls, rate);
            /* the bound is reached: a rule twice as generous would be seen here */
            if (nulls == 20 && how >= ALL_OR_NONE)
                assert_true(rate > 0.9 * alpha);
        }
    gsl_rng_free(rng);
}

static void ends_of_the_range(void **state)
{
    struct abp_fdr_finding out[3];
    struct abp_error err = {0};
    const double one = 20.0, none[] = {INFINITY, 0.0, 0.0}, below = nextafter(20.0, 0.0);
    const double bad[] = {-1.0, NAN, -INFINITY}, bad_alpha[] = {0.0, 1.0, -0.1, NAN};
    (void)state;

    assert_int_equal(discoveries(out, NULL, 0, 0.05), 0);
    assert_int_equal(discoveries(out, &one, 1, 0.05), 1); /* the guard's own threshold, exactly */
    assert_int_equal(discoveries(out, &below, 1, 0.05), 0);
    assert_int_equal(discoveries(out, none, 3, 0.05), 1);
    assert_true(out[0].level == 0.0 && out[1].level == 1.0 && out[2].level == 1.0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(abp_fdr(out, &bad[i], 1, 0.05, &err), -1);
        assert_int_equal(err.code, ABP_DATA);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(abp_fdr(out, &one, 1, bad_alpha[i], &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_definition),
        cmocka_unit_test(the_level_is_the_least_alpha),
        cmocka_unit_test(monotone),
        cmocka_unit_test(order_means_nothing),
        cmocka_unit_test(false_discoveries_stay_under_alpha),
        cmocka_unit_test(ends_of_the_range),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
