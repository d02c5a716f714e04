/* Simulation-based calibration of the model with factors, as test_sbc_sim.c has it for the one
 * without: worlds from the prior, posts from the worlds, and the truth's rank in its posterior is
 * uniform; so 95 % intervals of what a level is worth hold the truth in 95 % of them.
 *
 * mu has a prior of its own here, and draws are weighed accordingly (test_sbc_sim.c says why).
 *
 * Usage: test_factors_sim [REPLICATIONS]; prints every p-value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "posterior_simulation.h"

#include <gsl/gsl_cdf.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_VARIANTS 16
#define MOST_POSTS    128
#define BINS          20

enum quantity { LEVEL_LIFT, VARIANT_LIFT, TAU_F, TAU_V, KAPPA, QUANTITIES };

static const char *const names[QUANTITIES] = {"level's log lift", "variant's log lift", "tau_f",
                                              "tau_v (beyond)", "kappa"};

struct setting {
    enum abp_family family;
    size_t factors, levels[ABP_POSTERIOR_FACTORS], channels, slots, each;
};

static const struct setting settings[] = {
    {ABP_NEGBINOMIAL, 3, {2, 2, 2}, 1, 1, 4},    {ABP_NEGBINOMIAL, 2, {3, 2}, 3, 1, 2},
    {ABP_LOGNORMAL, 2, {2, 2}, 1, 4, 2},         {ABP_BETABINOMIAL, 2, {2, 3}, 2, 3, 1},
    {ABP_POISSON_LOGNORMAL, 2, {2, 2}, 1, 1, 6}, {ABP_LOGNORMAL, 4, {2, 2, 2, 2}, 1, 1, 4},
};
enum { SETTINGS = sizeof settings / sizeof *settings };
#define LIMIT (0.01 / ((double)SETTINGS * QUANTITIES * 3.0))

static size_t replications = 60;

struct world {
    double truth[QUANTITIES];
    double y[MOST_POSTS], n[MOST_POSTS];
    uint32_t variant[MOST_POSTS], channel[MOST_POSTS], slot[MOST_POSTS];
    size_t level[ABP_POSTERIOR_FACTORS * MOST_VARIANTS];
    struct abp_data data;
};

static double half_normal(gsl_rng *rng, double sd)
{
    return fabs(gsl_ran_gaussian(rng, sd));
}

/* What each variant is worth; fills the truths but kappa. */
static void draw_theta(struct world *w, const struct setting *s, double *theta, gsl_rng *rng)
{
    struct abp_priors priors = abp_default_priors(s->family);
    size_t K = w->data.variants, period = 1;
    w->truth[TAU_V] = half_normal(rng, 0.25 * priors.lift);
    for (size_t v = 0; v < K; v++)
        theta[v] = gsl_ran_gaussian(rng, w->truth[TAU_V]);
    for (size_t f = 0; f < s->factors; period *= s->levels[f++]) {
        double tau = half_normal(rng, priors.lift), alpha[4];
        for (size_t l = 0; l < s->levels[f]; l++)
            alpha[l] = gsl_ran_gaussian(rng, tau);
        for (size_t v = 0; v < K; v++) {
            w->level[f * K + v] = v / period % s->levels[f];
            theta[v] += alpha[w->level[f * K + v]];
        }
        if (f == 0) {
            w->truth[TAU_F] = tau;
            w->truth[LEVEL_LIFT] = alpha[1] - alpha[0];
        }
    }
    w->truth[VARIANT_LIFT] = theta[K - 1] - theta[0];
}

static void draw_world(struct world *w, const struct setting *s, unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct abp_priors priors = abp_default_priors(s->family);
    double theta[MOST_VARIANTS], u[4] = {0}, b[4][MOST_VARIANTS] = {{0}}, slot[4] = {0};
    gsl_rng_set(rng, seed);
    memset(w, 0, sizeof *w);
    w->data = (struct abp_data){.y = w->y,
                                .n = w->n,
                                .variant = w->variant,
                                .channel = w->channel,
                                .slot = w->slot,
                                .variants = 1,
                                .channels = s->channels,
                                .slots = s->slots,
                                .factors = s->factors,
                                .levels = s->levels,
                                .level = w->level};
    for (size_t f = 0; f < s->factors; f++)
        w->data.variants *= s->levels[f];
    size_t K = w->data.variants;
    double mu = sim_mu_mean(s->family) + gsl_ran_gaussian(rng, SIM_MU_SD);
    w->truth[KAPPA] = half_normal(rng, priors.dispersion);
    draw_theta(w, s, theta, rng);
    double tau_u = half_normal(rng, priors.channel), tau_b = half_normal(rng, priors.interaction);
    double tau_w = half_normal(rng, priors.slot);
    for (size_t c = 0; s->channels > 1 && c < s->channels; c++) {
        u[c] = gsl_ran_gaussian(rng, tau_u);
        for (size_t v = 0; v < K; v++)
            b[c][v] = gsl_ran_gaussian(rng, tau_b);
    }
    for (size_t k = 0; s->slots > 1 && k < s->slots; k++)
        slot[k] = gsl_ran_gaussian(rng, tau_w);
    w->data.posts = K * s->channels * s->slots * s->each;
    assert_in_range(w->data.posts, 1, MOST_POSTS);
    for (size_t i = 0; i < w->data.posts; i++) {
        size_t v = i % K, c = i / K % s->channels, k = i / K / s->channels % s->slots;
        w->variant[i] = (uint32_t)v;
        w->channel[i] = (uint32_t)c;
        w->slot[i] = (uint32_t)k;
        w->n[i] = sim_exposure(rng, s->family, seed % 2 == 0);
        w->y[i] = sim_outcome(rng, s->family, w->truth[KAPPA],
                              mu + theta[v] + u[c] + b[c][v] + slot[k], w->n[i]);
    }
    gsl_rng_free(rng);
}

/* Weights under the prior that mu was drawn from; returns how many draws they are worth. */
static double weigh(double *weights, const struct abp_posterior *p, const struct abp_data *data)
{
    double y = 0.0, n = 0.0, centre, sum = 0.0, squares = 0.0;
    double sd = abp_default_priors(p->family).mu;
    for (size_t i = 0; i < data->posts; i++) {
        y += p->family == ABP_LOGNORMAL ? log(data->y[i] / data->n[i]) : data->y[i];
        n += p->family == ABP_LOGNORMAL ? 1.0 : data->n[i];
    }
    centre = p->family == ABP_LOGNORMAL      ? y / n
             : p->family == ABP_BETABINOMIAL ? log((y + 0.5) / (n - y + 0.5))
                                             : log((y + 0.5) / n);
    for (size_t i = 0; i < p->draws; i++) {
        double wanted = (p->mu[i] - sim_mu_mean(p->family)) / SIM_MU_SD;
        double given = (p->mu[i] - centre) / sd;
        weights[i] = p->weight[i] * exp(0.5 * (given * given - wanted * wanted));
        sum += weights[i];
        squares += weights[i] * weights[i];
    }
    return sum * sum / squares;
}

static double value_of(const struct abp_posterior *p, size_t i, enum quantity q)
{
    size_t K = p->variants;
    switch (q) {
    case LEVEL_LIFT:
        return p->alpha[i * p->levels + 1] - p->alpha[i * p->levels];
    case VARIANT_LIFT:
        return p->theta[i * K + K - 1] - p->theta[i * K];
    case TAU_F:
        return p->tau_f[i * p->factors];
    case TAU_V:
        return p->tau_v[i];
    default:
        return p->kappa[i];
    }
}

/* 1: ranked; 0: this data tells too little of mu to be weighed, whatever the truth. */
static int rank_world(double *rank[QUANTITIES], size_t r, const struct setting *s,
                      unsigned long seed)
{
    struct world w;
    struct abp_posterior p;
    struct abp_error err;
    struct abp_priors priors = abp_default_priors(s->family);
    struct abp_posterior_options ask = {.seed = r};
    draw_world(&w, s, seed);
    if (abp_posterior_fit(&p, &w.data, s->family, &priors, &ask, &err) != 0)
        fail_msg("replication %zu: %s", r, err.message);
    double *weights = malloc(p.draws * sizeof *weights);
    assert_non_null(weights);
    int counts = weigh(weights, &p, &w.data) >= 400.0;
    for (enum quantity q = 0; counts && q < QUANTITIES; q++) {
        double below = 0.0, all = 0.0;
        for (size_t i = 0; i < p.draws; i++) {
            all += weights[i];
            below += value_of(&p, i, q) < w.truth[q] ? weights[i] : 0.0;
        }
        rank[q][r] = fmin(fmax(below / all, 0.0), 1.0);
    }
    free(weights);
    abp_posterior_release(&p);
    return counts;
}

/* p-values of the ranks' histogram and of the mean and variance of their normal scores. */
static void uniformity(double p[3], const double *rank)
{
    double counts[BINS] = {0}, chi = 0.0, sum = 0.0, squares = 0.0, n = (double)replications;
    for (size_t r = 0; r < replications; r++) {
        double at = fmin(fmax(rank[r], 1e-4), 1.0 - 1e-4), z = gsl_cdf_ugaussian_Pinv(at);
        counts[(size_t)(at * BINS)] += 1.0;
        sum += z;
        squares += z * z;
    }
    for (size_t b = 0; b < BINS; b++)
        chi += (counts[b] - n / BINS) * (counts[b] - n / BINS) / (n / BINS);
    p[0] = gsl_cdf_chisq_Q(chi, BINS - 1.0);
    p[1] = 2.0 * gsl_cdf_ugaussian_Q(fabs(sum) / sqrt(n));
    p[2] = 2.0 * fmin(gsl_cdf_chisq_P(squares, n), gsl_cdf_chisq_Q(squares, n));
}

static size_t judge(double *rank[QUANTITIES], size_t setting)
{
    size_t bad = 0, inside = 0;
    for (size_t r = 0; r < replications; r++)
        inside += rank[LEVEL_LIFT][r] > 0.025 && rank[LEVEL_LIFT][r] < 0.975;
    printf("%s, %zu factors, %zu channels, %zu slots: 95 %% intervals of a level hold %.1f %%\n",
           abp_family_name(settings[setting].family), settings[setting].factors,
           settings[setting].channels, settings[setting].slots,
           100.0 * (double)inside / (double)replications);
    for (size_t q = 0; q < QUANTITIES; q++) {
        double p[3];
        uniformity(p, rank[q]);
        int fails = p[0] < LIMIT || p[1] < LIMIT || p[2] < LIMIT;
        printf("  %-20s histogram %.3g, centre %.3g, width %.3g%s\n", names[q], p[0], p[1], p[2],
               fails ? "  <-- not uniform" : "");
        bad += fails ? 1 : 0;
    }
    fflush(stdout);
    return bad;
}

static void test_calibrated(void **state)
{
    (void)state;
    size_t bad = 0;
    for (size_t s = 0; s < SETTINGS; s++) {
        double *rank[QUANTITIES], p[3];
        for (size_t q = 0; q < QUANTITIES; q++)
            assert_non_null(rank[q] = calloc(replications, sizeof **rank));
        for (size_t r = 0; r < replications; r++) {
            unsigned long seed = s * 1000003UL + r + 1, tries = 0;
            while (!rank_world(rank, r, &settings[s], seed + tries * 100000007UL))
                assert_true(++tries < 50);
        }
        bad += judge(rank, s);
        /* intervals half as wide must be seen */
        for (size_t r = 0; r < replications; r++) {
            double at = fmin(fmax(rank[LEVEL_LIFT][r], 1e-4), 1.0 - 1e-4);
            rank[LEVEL_LIFT][r] = gsl_cdf_ugaussian_P(1.5 * gsl_cdf_ugaussian_Pinv(at));
        }
        uniformity(p, rank[LEVEL_LIFT]);
        assert_true(p[2] < LIMIT);
        for (size_t q = 0; q < QUANTITIES; q++)
            free(rank[q]);
    }
    assert_int_equal(bad, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_calibrated)};
    if (argc > 1)
        replications = (size_t)strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
