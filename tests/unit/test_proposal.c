/* The parts that lay the points of the scales: proposals that are densities, guesses that are
 * right where they can be, interpolation that can't be told from what it stands for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "stats/guess.h"
#include "stats/likelihood.h"
#include "stats/proposal.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DIMENSIONS 3
#define COUNT      100000

static void near(double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("got %.17g, want %.17g, off by %g", got, want, got - want);
}

static void make(struct stats_proposal *p)
{
    struct abp_error err;
    static const double centre[] = {-0.4, 0.8, -1.1}, below[] = {0.3, 0.9, 0.6},
                        above[] = {0.5, 0.4, 1.1};
    memset(p, 0, sizeof *p);
    p->dimensions = DIMENSIONS;
    memcpy(p->centre, centre, sizeof centre);
    memcpy(p->below, below, sizeof below);
    memcpy(p->above, above, sizeof above);
    p->axes[0][0] = p->axes[1][1] = 0.8;
    p->axes[1][0] = 0.6;
    p->axes[0][1] = -0.6;
    p->axes[2][2] = 1.0;
    assert_int_equal(stats_proposal_prepare(p, &err), 0);
}

/* A point of the mixture as it stands. */
static void place(const struct stats_proposal *p, gsl_rng *rng, double *z)
{
    double u[STATS_MOST_SCALES + 2];
    for (size_t k = 0; k < DIMENSIONS + 2; k++)
        u[k] = gsl_rng_uniform_pos(rng);
    if (gsl_rng_uniform(rng) < p->refined)
        stats_proposal_place_refined(p, u, z);
    else
        stats_proposal_place(p, u, z);
}

/* Some density that is not the proposal's: of independent normals, but for powers of 2 pi. */
static double target(const double *z)
{
    double sum = 0.0;
    for (size_t k = 0; k < DIMENSIONS; k++)
        sum -= 0.5 * (z[k] + 0.3) * (z[k] + 0.3) / 0.64 + log(0.8);
    return sum;
}

/* What is placed has the density that is told: the mean of target / density is 1, and so are the
 * moments that it weighs. */
static void density(void **state)
{
    struct stats_proposal p;
    struct abp_error err;
    double *z = malloc(COUNT * STATS_MOST_SCALES * sizeof *z);
    double *shares = malloc(COUNT * sizeof *shares);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;
    assert_true(z && shares && rng);
    make(&p);
    for (int refined = 0; refined < 2; refined++) {
        double sum = 0.0, squares = 0.0, mean = 0.0, variance = 0.0, n = COUNT;
        for (size_t i = 0; i < COUNT; i++) {
            double *at = z + i * STATS_MOST_SCALES;
            place(&p, rng, at);
            shares[i] = exp(target(at) - stats_proposal_log_density(&p, at));
            sum += shares[i];
            squares += shares[i] * shares[i];
            mean += shares[i] * at[1];
            variance += shares[i] * (at[1] + 0.3) * (at[1] + 0.3);
        }
        double error = 4.0 * sqrt(squares) / n; /* four standard errors */
        near(sum / n, 1.0, error);
        near(mean / sum, -0.3, 0.8 * error);
        near(variance / sum, 0.64, 2.0 * error);
        for (size_t i = 0; i < COUNT; i++)
            shares[i] /= sum;
        if (refined == 0) /* from the first 1,000, as many as there are in earnest */
            for (size_t i = 0; i < 1000; i++)
                shares[i] *= n / 1000.0;
        if (refined == 0)
            assert_int_equal(stats_proposal_refine(&p, z, shares, 1000, 0.9, &err), 0);
        else /* the refined one is near its target */
            assert_true(sum * sum / squares > 0.8 * n);
    }
    assert_true(p.refined > 0.0);
    gsl_rng_free(rng);
    free(shares);
    free(z);
}

/* Nothing to learn from: one point has all the weight. */
static void unrefined(void **state)
{
    struct stats_proposal p;
    struct abp_error err;
    double z[100 * STATS_MOST_SCALES] = {0}, shares[100] = {1.0};
    (void)state;
    make(&p);
    assert_int_equal(stats_proposal_refine(&p, z, shares, 100, 0.9, &err), 0);
    assert_true(p.refined <= 0.0);
}

static void quadratic(const double *z, double *values)
{
    values[0] = 1.0 - 2.0 * z[0] + z[1] * z[2];
    values[1] = 0.5 * z[2] * z[2] - z[0] * z[1] + 3.0 * z[2];
}

static void guesses(void **state)
{
    struct stats_guess guess;
    struct abp_error err;
    double z[DIMENSIONS], values[2], want[2];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;
    assert_int_equal(stats_guess_init(&guess, DIMENSIONS, 2, &err), 0);
    assert_int_equal(stats_guess_solve(&guess), -1); /* nothing seen */
    for (size_t i = 0; i < 64; i++) {
        for (size_t k = 0; k < DIMENSIONS; k++)
            z[k] = 4.0 * gsl_rng_uniform(rng) - 2.0;
        quadratic(z, values);
        stats_guess_add(&guess, z, 0.1 + gsl_rng_uniform(rng), values);
    }
    assert_int_equal(stats_guess_solve(&guess), 0);
    for (size_t i = 0; i < 20; i++) {
        for (size_t k = 0; k < DIMENSIONS; k++)
            z[k] = 3.0 * gsl_rng_uniform(rng) - 1.5;
        quadratic(z, want);
        stats_guess_at(&guess, z, values);
        near(values[0], want[0], 1e-5);
        near(values[1], want[1], 1e-5);
    }
    z[0] = z[1] = z[2] = 50.0; /* as at the edge, where |values| are below 30 */
    stats_guess_at(&guess, z, values);
    assert_true(fabs(values[0]) < 30.0 && fabs(values[1]) < 30.0);
    stats_guess_release(&guess);
    gsl_rng_free(rng);
}

/* The interpolated constants are the exact ones to 1e-4, for outcomes at the limit of where they
 * are used; beyond it they are computed. */
static void constants(void **state)
{
    (void)state;
    for (int beyond = 0; beyond < 2; beyond++) {
        double y[100];
        uint32_t variant[100] = {0};
        struct stats_constants table;
        struct stats_design design;
        struct abp_error err;
        struct abp_data data = {
            .posts = 100, .y = y, .variant = variant, .variants = 1, .channels = 1, .slots = 1};
        const struct stats_family *family = stats_family(ABP_NEGBINOMIAL);
        for (size_t i = 0; i < 100; i++)
            y[i] = (double)(i * 20 + (beyond ? 50 : 0));
        assert_int_equal(stats_design_init(&design, &data, ABP_NEGBINOMIAL, &err), 0);
        stats_constants_init(&table, &design);
        assert_int_equal(table.used, !beyond);
        for (double log_kappa = -18.0; log_kappa < 6.0; log_kappa += 0.0137) {
            struct stats_dispersion fast, exact;
            stats_dispersion_set(&fast, &design, family, &table, exp(log_kappa));
            stats_dispersion_set(&exact, &design, family, NULL, exp(log_kappa));
            near(fast.constant, exact.constant, 1e-4);
        }
        stats_design_release(&design);
    }
}

/* The polynomials of log(1 + e^-a) and of its slope are the functions, everywhere. */
static void softplus(void **state)
{
    const struct stats_softplus *nodes = stats_softplus_nodes();
    (void)state;
    for (double a = 0.0; a < STATS_SOFTPLUS_END; a += 0.00137) {
        double off, fall = 1.0 / (1.0 + exp(a)), exact = log1p(exp(-a));
        const double *near_a = stats_softplus_near(nodes, a, &off);
        near(stats_softplus_value(near_a, off), exact, 2e-14 * exact);
        near(stats_softplus_fall(near_a, off), fall, 2e-11 * fall);
    }
}

/* Sums over cells are those of single cells, on either side of where the polynomials end. */
static void sums_of_cells(void **state)
{
    const struct stats_family *family = stats_family(ABP_NEGBINOMIAL);
    struct stats_dispersion d;
    (void)state;
    for (double log_kappa = -9.0; log_kappa < 4.0; log_kappa += 0.73) {
        stats_dispersion_set(&d, NULL, family, NULL, exp(log_kappa));
        for (double eta = -60.0; eta <= 60.0; eta += 0.317) {
            struct stats_cell cell = {.count = 3.0, .y = 40.0, .log_n = 0.3};
            double slope, curvature, bend, below, above;
            double value = family->value(&d, &cell, eta), size = 1.0 + fabs(value);
            near(family->sum(&d, &cell, 1, &eta), value, 1e-12 * size);
            near(family->expand(&d, &cell, 1, &eta, &slope, &curvature, &bend), value,
                 1e-12 * size);
            below = family->value(&d, &cell, eta - 1e-4);
            above = family->value(&d, &cell, eta + 1e-4);
            near(slope, (above - below) / 2e-4, 1e-6 * size);
            assert_true(curvature >= 0.0 && isfinite(bend));
        }
    }
    double nothing = NAN;
    struct stats_cell cell = {.count = 1.0, .y = 1.0};
    assert_true(isnan(family->sum(&d, &cell, 1, &nothing)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(density),  cmocka_unit_test(unrefined),
                                       cmocka_unit_test(guesses),  cmocka_unit_test(constants),
                                       cmocka_unit_test(softplus), cmocka_unit_test(sums_of_cells)};
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
