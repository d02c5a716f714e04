/* The spread of true lifts over past experiments: against integrals done by hand, against a truth
 * that is known, and on real tests that were held out. */
#include "abpost/learn.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

#include "upworthy_tests.h"

#define DRAWS 250
#define PAST  120
#define STEP  0.02 /* of the grids of tau that stand in for draws */

static void assert_close(double a, double b, double within)
{
    if (!(fabs(a - b) <= within))
        fail_msg("%.12g is not %.12g", a, b);
}

/* ---- experiments whose likelihood is known ---- */

/* K effects theta_v ~ N(0, tau^2), each seen as x_v ~ N(theta_v, error^2). */
struct known {
    double x[4], error;
};

static struct known draw_known(double scale, double error, gsl_rng *rng)
{
    struct known k = {.error = error};
    double tau = fabs(gsl_ran_gaussian(rng, scale));

    for (size_t v = 0; v < 4; v++)
        k.x[v] = gsl_ran_gaussian(rng, tau) + gsl_ran_gaussian(rng, error);
    return k;
}

static double likelihood(const struct known *k, double tau)
{
    double p = 1.0;

    for (size_t v = 0; v < 4; v++)
        p *= gsl_ran_gaussian_pdf(k->x[v], hypot(tau, k->error));
    return p;
}

/* Points of tau in place of draws, weighted by prior and likelihood: the exact posterior under
 * `scale`, as far as the grid is fine. Returns its evidence. */
static double posterior_grid(double *tau, double *weight, const struct known *k, double scale,
                             size_t points)
{
    double total = 0.0;

    for (size_t j = 0; j < points; j++) {
        tau[j] = ((double)j + 0.5) * STEP;
        weight[j] = STEP * 2 * gsl_ran_gaussian_pdf(tau[j], scale) * likelihood(k, tau[j]);
        total += weight[j];
    }
    for (size_t j = 0; j < points; j++)
        weight[j] /= total;
    return total;
}

/* The ratio of evidences is what the two integrals say it is. */
static void equals_the_integral(void **state)
{
    enum { POINTS = 1500 };
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    static double tau[POINTS], weight[POINTS], other[POINTS];
    (void)state;

    for (size_t run = 0; run < 50; run++) {
        struct known k = draw_known(0.5, 0.05 + 0.4 * gsl_rng_uniform(rng), rng);
        double s0 = 0.2 + gsl_rng_uniform(rng), s = 0.1 + 1.5 * gsl_rng_uniform(rng);
        struct abp_learn_draws draws = {tau, weight, POINTS, s0};
        double there = posterior_grid(tau, other, &k, s, POINTS);
        double here = posterior_grid(tau, weight, &k, s0, POINTS);

        assert_close(abp_learn_evidence(&draws, s).log_ratio, log(there / here), 1e-9);
        assert_close(abp_learn_evidence(&draws, s0).log_ratio, 0.0, 1e-12);
    }
    gsl_rng_free(rng);
}

struct past {
    struct known known[PAST];
    double tau[PAST][DRAWS], weight[PAST][DRAWS];
    struct abp_learn_draws draws[PAST];
};

static void draw_past(struct past *past, double truth, double fitted, gsl_rng *rng)
{
    for (size_t i = 0; i < PAST; i++) {
        past->known[i] = draw_known(truth, 0.1 + 0.2 * gsl_rng_uniform(rng), rng);
        posterior_grid(past->tau[i], past->weight[i], &past->known[i], fitted, DRAWS);
        past->draws[i] = (struct abp_learn_draws){past->tau[i], past->weight[i], DRAWS, fitted};
    }
}

static struct abp_learned learn(const struct abp_learn_draws *draws, size_t count)
{
    struct abp_learned out;
    struct abp_error err = {0};

    if (abp_learn(&out, draws, count, &err))
        fail_msg("%s", err.message);
    return out;
}

/* The interval covers the truth as often as it says, whatever the scale of the fits; few
 * experiments leave it wide. */
static void the_truth_is_found(void **state)
{
    static const double truths[] = {0.1, 0.3, 0.6, 1.0};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct past *past = malloc(sizeof *past);
    size_t inside = 0, runs = 0;
    (void)state;

    assert_non_null(past);
    for (size_t run = 0; run < 40; run++) {
        double truth = truths[run % 4];
        struct abp_learned all, few;

        draw_past(past, truth, run % 8 < 4 ? 0.5 : 1.0, rng);
        all = learn(past->draws, PAST);
        few = learn(past->draws, 4);
        assert_true(all.low < all.scale && all.scale < all.high);
        assert_true(log(all.high / all.low) < 0.5 * log(few.high / few.low));
        assert_close(log(all.scale / truth), 0.0, truth > 0.2 ? 0.3 : 0.6);
        inside += all.low <= truth && truth <= all.high;
        runs++;
    }
    print_message("%zu of %zu intervals cover the truth\n", inside, runs);
    assert_true(inside >= 34); /* of 40 at 95 %: fewer once in 300 times */
    free(past);
    gsl_rng_free(rng);
}

/* Experiments that were held out are foretold better under the learned scale. */
static void held_out_experiments_are_foretold(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct past *past = malloc(sizeof *past);
    (void)state;

    assert_non_null(past);
    for (size_t run = 0; run < 6; run++) {
        struct abp_learned learned;
        double gain = 0.0;

        draw_past(past, run % 2 ? 0.1 : 1.2, 0.5, rng);
        learned = learn(past->draws, PAST / 2);
        for (size_t i = PAST / 2; i < PAST; i++)
            gain += abp_learn_evidence(&past->draws[i], learned.scale).log_ratio;
        assert_true(gain > 5.0);
        assert_true(learned.gain > 5.0);
    }
    free(past);
    gsl_rng_free(rng);
}

static void order_means_nothing(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct past *past = malloc(sizeof *past);
    struct abp_learned a, b;
    (void)state;

    assert_non_null(past);
    draw_past(past, 0.3, 0.5, rng);
    a = learn(past->draws, 50);
    gsl_ran_shuffle(rng, past->draws, 50, sizeof past->draws[0]);
    b = learn(past->draws, 50);
    assert_close(a.scale, b.scale, 1e-12);
    assert_close(a.high, b.high, 1e-12);
    assert_close(a.effective, b.effective, 1e-9 * a.effective);
    free(past);
    gsl_rng_free(rng);
}

/* Nothing known: the hyperprior, about the default scale. An experiment that says nothing (its
 * posterior of tau is the prior) leaves it there. */
static void nothing_known_leaves_the_default(void **state)
{
    static double tau[4000], weight[4000];
    struct abp_learn_draws flat = {tau, weight, 4000, 1.0};
    struct abp_learned none = learn(NULL, 0), one;
    (void)state;

    assert_close(none.scale, 0.5, 0.01);
    assert_close(none.low, 0.5 * exp(-1.96 * 0.75), 0.01);
    assert_close(none.high, 0.5 * exp(1.96 * 0.75), 0.1);
    assert_false(none.refit);
    for (size_t j = 0; j < 4000; j++) {
        tau[j] = 0.005 * ((double)j + 0.5);
        weight[j] = gsl_ran_gaussian_pdf(tau[j], 1.0);
    }
    one = learn(&flat, 1);
    assert_close(one.scale, none.scale, 1e-6);
}

/* Draws made under a narrow prior hold next to nothing of a wide one: said, and a fit under the
 * learned scale mends it. */
static void too_few_draws_are_noticed(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    static double tau[20][2000];
    struct abp_learn_draws draws[20];
    struct abp_learned narrow, wide;
    (void)state;

    for (size_t i = 0; i < 20; i++) {
        for (size_t j = 0; j < 2000; j++)
            tau[i][j] = fabs(0.3 + gsl_ran_gaussian(rng, 0.05));
        draws[i] = (struct abp_learn_draws){tau[i], NULL, 2000, 0.05};
    }
    narrow = learn(draws, 20);
    assert_true(narrow.refit && narrow.effective < ABP_LEARN_EFFECTIVE);
    for (size_t i = 0; i < 20; i++)
        draws[i].scale = 0.5;
    wide = learn(draws, 20);
    assert_true(!wide.refit && wide.effective > 1000);
    gsl_rng_free(rng);
}

static void bad_input_is_refused(void **state)
{
    static const double good[] = {0.3, 0.4}, bad[] = {0.3, -0.1}, nan[] = {NAN, 0.1};
    static const double negative[] = {-1.0, 0.5};
    const struct abp_learn_draws cases[] = {
        {bad, NULL, 2, 0.5}, {nan, NULL, 2, 0.5},       {good, negative, 2, 0.5},
        {good, NULL, 2, 0},  {good, NULL, 2, INFINITY}, {good, NULL, 0, 0.5},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct abp_learned out;
        struct abp_error err = {0};

        assert_int_equal(abp_learn(&out, &cases[i], 1, &err), -1);
        assert_int_equal(err.code, ABP_DATA);
    }
}

/* ---- real tests ---- */

#define TESTS 60 /* of the file's first ones, every other one held out */

/* Learned from every other test, the rest is foretold better than under the default scale. */
static void upworthy_is_foretold(void **state)
{
    static struct upworthy_test tests[TESTS];
    static struct abp_posterior posterior[TESTS];
    struct abp_learn_draws draws[2][TESTS / 2];
    double scale = abp_default_priors(ABP_BETABINOMIAL).lift, gain = 0.0;
    struct abp_learned learned;
    (void)state;

    assert_int_equal(upworthy_read(tests, TESTS), TESTS);
    for (size_t i = 0; i < TESTS; i++) {
        assert_int_equal(upworthy_fit(&posterior[i], &tests[i]), 0);
        draws[i % 2][i / 2] = (struct abp_learn_draws){posterior[i].tau_v, posterior[i].weight,
                                                       posterior[i].draws, scale};
    }
    learned = learn(draws[0], TESTS / 2);
    for (size_t i = 0; i < TESTS / 2; i++)
        gain += abp_learn_evidence(&draws[1][i], learned.scale).log_ratio;
    print_message("learned %.3f (%.3f to %.3f) from %d tests; log density of the other %d: %+.2f; "
                  "effective draws %.0f\n",
                  learned.scale, learned.low, learned.high, TESTS / 2, TESTS / 2, gain,
                  learned.effective);
    assert_true(learned.scale < 0.4);
    assert_true(gain > 1.0);
    assert_false(learned.refit);
    for (size_t i = 0; i < TESTS; i++)
        abp_posterior_release(&posterior[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_integral),
        cmocka_unit_test(the_truth_is_found),
        cmocka_unit_test(held_out_experiments_are_foretold),
        cmocka_unit_test(order_means_nothing),
        cmocka_unit_test(nothing_known_leaves_the_default),
        cmocka_unit_test(too_few_draws_are_noticed),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(upworthy_is_foretold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
