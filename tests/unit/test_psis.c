/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "abpost/psis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4000 };

/* splitmix64, as a number in (0, 1) */
static double uniform(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("got %.17g, want %.17g, off by %g > %g", got, want, got - want, tolerance);
}

static void run(double *w, size_t count, double *khat, double *ess)
{
    struct abp_error err;
    if (abp_psis(w, count, khat, ess, &err))
        fail_msg("%s", err.message);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += exp(w[i]);
    near(sum, 1, 1e-12);
}

/* ---- against another implementation ---- */

static double sine(double i)
{
    return 1.3 * sin(i * i) + 0.4 * sin(7.1 * i);
}

static double heavy(double i)
{
    return -1.1 * log(fmod(i * 0.6180339887498949, 1) + 1e-3);
}

static double light(double i)
{
    return sqrt(fmod(i * 0.7548776662466927, 1));
}

static double wide(double i)
{
    return -1000 * fmod(i * 0.7548776662466927, 1) + 700;
}

/* Expected values from a line-by-line transcription of R's loo (psis_smooth_tail, gpdfit) to
 * Python, which shares no code with ours. */
static const struct {
    double (*log_weight)(double);
    size_t count;
    double khat, ess, first, largest;
} known[] = {
    {sine, 1000, -0.6460149948718492, 557.384422740971, -5.943576067997306, -5.638292517462448},
    {heavy, 200, 0.8029574237945706, 17.651948706340747, -6.722452877100316, -1.6269856761558044},
    {light, 50, -0.14469772406817275, 47.74029053494594, -3.7451925296110473, -3.6195418615116663},
    {wide, 500, 33.47942315324483, 3.400671242861116, -754.9647478005173, -1.1692641165222808},
};

static void agrees_with_loo(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        double w[MOST], khat, ess;
        size_t best = 0;
        for (size_t i = 0; i < known[k].count; i++) {
            w[i] = known[k].log_weight((double)i + 1);
            best = w[i] > w[best] ? i : best;
        }
        run(w, known[k].count, &khat, &ess);
        near(khat, known[k].khat, 1e-9 * (1 + fabs(known[k].khat)));
        near(ess, known[k].ess, 1e-8 * known[k].ess);
        near(w[0], known[k].first, 1e-9);
        near(w[best], known[k].largest, 1e-9);
    }
}

/* ---- against the truth ---- */

/* Weights whose tail is exactly Pareto of a known shape: k-hat averages to the shape pulled towards
 * 1/2 by 10 draws of M, within Monte Carlo error and the fit's own bias of order 1/M. */
static void recovers_the_shape(void **state)
{
    (void)state;
    static const double shapes[] = {0.2, 0.5, 0.9};
    enum { RUNS = 200 };
    const double tail = ceil(3 * sqrt(MOST));
    uint64_t seed = 7;
    for (size_t s = 0; s < 3; s++) {
        double sum = 0, squares = 0, w[MOST], khat;
        for (int r = 0; r < RUNS; r++) {
            for (size_t i = 0; i < MOST; i++)
                w[i] = -shapes[s] * log(uniform(&seed));
            run(w, MOST, &khat, NULL);
            sum += khat;
            squares += khat * khat;
        }
        double mean = sum / RUNS;
        double sd = sqrt(squares / RUNS - mean * mean);
        near(mean, (shapes[s] * tail + 5) / (tail + 10), 4 * sd / sqrt(RUNS) + 2 / tail);
        assert_true(sd < 1.3 * (1 + shapes[s]) / sqrt(tail));
    }
}

/* The mean of Exp(1) from draws of Exp(2.5): weights e^(1.5 x) have shape 0.6, infinite variance.
 */
static void improves_the_mean(void **state)
{
    (void)state;
    enum { RUNS = 1000, DRAWS = 400 };
    double raw_error = 0, smoothed_error = 0;
    uint64_t seed = 3;
    for (int r = 0; r < RUNS; r++) {
        double x[DRAWS], w[DRAWS], raw = 0, mass = 0, smoothed = 0;
        for (size_t i = 0; i < DRAWS; i++) {
            x[i] = -log(uniform(&seed)) / 2.5;
            w[i] = 1.5 * x[i];
            raw += exp(w[i]) * x[i];
            mass += exp(w[i]);
        }
        run(w, DRAWS, NULL, NULL);
        for (size_t i = 0; i < DRAWS; i++)
            smoothed += exp(w[i]) * x[i];
        raw_error += (raw / mass - 1) * (raw / mass - 1);
        smoothed_error += (smoothed - 1) * (smoothed - 1);
    }
    assert_true(smoothed_error < 0.5 * raw_error);
}

/* ---- invariants ---- */

static void ignores_a_constant(void **state)
{
    (void)state;
    static const double constants[] = {-5000, 0, 3.25, 700, 1e5};
    double base[500], khat0, ess0;
    uint64_t seed = 11;
    for (size_t i = 0; i < 500; i++)
        base[i] = -0.6 * log(uniform(&seed));
    double want[500];
    memcpy(want, base, sizeof base);
    run(want, 500, &khat0, &ess0);
    for (size_t c = 0; c < 5; c++) {
        double w[500], khat, ess;
        for (size_t i = 0; i < 500; i++)
            w[i] = base[i] + constants[c];
        run(w, 500, &khat, &ess);
        near(khat, khat0, 1e-7);
        near(ess, ess0, 1e-6);
        for (size_t i = 0; i < 500; i++)
            near(w[i], want[i], 1e-7);
    }
}

/* Ties in the tail and across its cutoff included. */
static void ignores_the_order(void **state)
{
    (void)state;
    double a[600], b[600], khat_a, khat_b, ess_a, ess_b;
    uint64_t seed = 5;
    for (size_t i = 0; i < 600; i++)
        a[i] = floor(-4 * log(uniform(&seed))) / 4;
    for (size_t i = 0; i < 600; i++)
        b[i] = a[(i * 251 + 17) % 600];
    run(a, 600, &khat_a, &ess_a);
    run(b, 600, &khat_b, &ess_b);
    assert_true(isfinite(khat_a));
    assert_true(khat_a == khat_b);
    near(ess_a, ess_b, 1e-9);
    for (size_t i = 0; i < 600; i++)
        near(b[i], a[(i * 251 + 17) % 600], 1e-12);
}

/* Smoothing keeps the order of the weights, leaves the body's ratios alone, and never raises the
 * largest above its raw share. */
static void keeps_order_and_body(void **state)
{
    (void)state;
    double raw[1000], w[1000], khat;
    size_t order_breaks = 0, body = 0, best = 0, least = 0;
    uint64_t seed = 13;
    for (size_t i = 0; i < 1000; i++) {
        w[i] = raw[i] = -0.8 * log(uniform(&seed));
        best = raw[i] > raw[best] ? i : best;
        least = raw[i] < raw[least] ? i : least;
    }
    run(w, 1000, &khat, NULL);
    for (size_t i = 0; i < 1000; i++) {
        for (size_t j = 0; j < 1000; j++)
            order_breaks += raw[i] < raw[j] && w[i] > w[j];
        body += fabs((w[i] - w[least]) - (raw[i] - raw[least])) < 1e-12;
    }
    assert_int_equal(order_breaks, 0);
    assert_true(body >= 1000 - 95 && body < 1000 - 80);
    assert_true(w[best] - w[least] <= raw[best] - raw[least] + 1e-12);
}

/* ---- no tail to fit ---- */

static void equal_weights(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 20, 21, 1000};
    for (size_t c = 0; c < 5; c++) {
        double w[1000], khat, ess;
        for (size_t i = 0; i < counts[c]; i++)
            w[i] = -1234.5 + (double)(i % 3) * 1e-13;
        run(w, counts[c], &khat, &ess);
        assert_true(khat == 0);
        near(ess, (double)counts[c], 1e-8);
        near(w[0], -log((double)counts[c]), 1e-11);
    }
}

/* Half the draws carry the largest weight, the others none: bounded, so k-hat is 0. */
static void flat_tail(void **state)
{
    (void)state;
    double w[200], khat, ess;
    for (size_t i = 0; i < 200; i++)
        w[i] = i % 2 ? 4.0 : -INFINITY;
    run(w, 200, &khat, &ess);
    assert_true(khat == 0);
    near(ess, 100, 1e-9);
    assert_true(w[0] == -INFINITY);
}

static void few_distinct(void **state)
{
    (void)state;
    for (size_t above = 1; above <= 5; above++) {
        double w[100], khat, ess;
        for (size_t i = 0; i < 100; i++)
            w[i] = i < above ? 3 + 0.1 * (double)i : 0;
        run(w, 100, &khat, &ess);
        assert_true(isinf(khat) == (above < 5));
        if (above < 5)
            near(w[0] - w[99], 3, 1e-12); /* left as it was */
    }
    double one[50], khat, ess;
    for (size_t i = 0; i < 50; i++)
        one[i] = i == 7 ? 5 : -INFINITY;
    run(one, 50, &khat, &ess);
    assert_true(khat == INFINITY);
    assert_true(ess == 1);
    double spread[50]; /* one draw dwarfs all others beyond what a double holds */
    for (size_t i = 0; i < 50; i++)
        spread[i] = 2000 * (double)i;
    run(spread, 50, &khat, &ess);
    assert_true(khat == INFINITY);
    assert_true(ess == 1);
}

static void too_few_draws(void **state)
{
    (void)state;
    double w[21], khat;
    for (size_t i = 0; i < 21; i++)
        w[i] = 0.1 * (double)(i * i % 21);
    run(w, 20, &khat, NULL);
    assert_true(khat == INFINITY);
    for (size_t i = 0; i < 21; i++)
        w[i] = 0.1 * (double)i;
    run(w, 21, &khat, NULL);
    assert_true(isfinite(khat));
}

static void refuses_nonsense(void **state)
{
    (void)state;
    struct abp_error err;
    double w[3] = {0, NAN, 1};
    assert_int_equal(abp_psis(w, 0, NULL, NULL, &err), -1);
    assert_int_equal(err.code, ABP_BUG);
    assert_int_equal(abp_psis(w, 3, NULL, NULL, &err), -1);
    assert_int_equal(err.code, ABP_BUG);
    assert_true(w[2] == 1);
    w[1] = INFINITY;
    assert_int_equal(abp_psis(w, 3, NULL, NULL, &err), -1);
    w[0] = w[1] = w[2] = -INFINITY;
    assert_int_equal(abp_psis(w, 3, NULL, NULL, &err), -1);
}

static void threshold(void **state)
{
    (void)state;
    near(abp_psis_threshold(100), 0.5, 1e-15);
    near(abp_psis_threshold(1000), 2.0 / 3, 1e-15);
    assert_true(abp_psis_threshold(2200) == 0.7);
    assert_true(abp_psis_threshold(1000000) == 0.7);
    near(abp_psis_threshold(10), 0, 1e-15);
    assert_true(abp_psis_threshold(1) == -INFINITY && abp_psis_threshold(0) == -INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_loo),   cmocka_unit_test(recovers_the_shape),
        cmocka_unit_test(improves_the_mean), cmocka_unit_test(ignores_a_constant),
        cmocka_unit_test(ignores_the_order), cmocka_unit_test(keeps_order_and_body),
        cmocka_unit_test(equal_weights),     cmocka_unit_test(flat_tail),
        cmocka_unit_test(few_distinct),      cmocka_unit_test(too_few_draws),
        cmocka_unit_test(refuses_nonsense),  cmocka_unit_test(threshold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
