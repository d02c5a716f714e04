/* Experiments drawn from the model of posterior.h itself: all parameters from their priors, then
 * posts. For the tests of the posterior. */
#ifndef ABPOST_TESTS_POSTERIOR_SIMULATION_H
#define ABPOST_TESTS_POSTERIOR_SIMULATION_H

#include "abpost/posterior.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

#define SIM_VARIANTS 3
#define SIM_CHANNELS 4
#define SIM_SLOTS    5
#define SIM_POSTS    64

struct sim_setting {
    enum abp_family family;
    size_t channels, slots;
    size_t each; /* posts of each variant, channel and slot */
};

struct sim_truth {
    double mu, kappa, tau_v, tau_u, tau_b, tau_w;
    double theta[SIM_VARIANTS], u[SIM_CHANNELS], b[SIM_VARIANTS][SIM_CHANNELS], w[SIM_SLOTS];
};

struct sim_posts {
    struct sim_truth truth;
    double y[SIM_POSTS], n[SIM_POSTS];
    uint32_t variant[SIM_POSTS], channel[SIM_POSTS], slot[SIM_POSTS];
    struct abp_data data; /* of the arrays above */
};

/* mu's own prior here. The model's is centred on the data, which no one can draw from before there
 * are data. */
#define SIM_MU_SD 1.5
static inline double sim_mu_mean(enum abp_family family)
{
    return family == ABP_BETABINOMIAL ? -2.5 : 2.0;
}

static inline double sim_count(gsl_rng *rng, double mean)
{
    if (mean > 1e9) /* more than gsl_ran_poisson's unsigned holds with certainty */
        return floor(mean + sqrt(mean) * gsl_ran_gaussian(rng, 1.0));
    return gsl_ran_poisson(rng, mean);
}

static inline double sim_outcome(gsl_rng *rng, enum abp_family family, double kappa, double eta,
                                 double n)
{
    double size = 1.0 / (kappa * kappa);
    switch (family) {
    case ABP_NEGBINOMIAL:
        return sim_count(rng, n * exp(eta) * gsl_ran_gamma(rng, size, 1.0 / size));
    case ABP_POISSON_LOGNORMAL:
        return sim_count(rng, n * exp(eta + gsl_ran_gaussian(rng, kappa)));
    case ABP_LOGNORMAL:
        return n * exp(eta + gsl_ran_gaussian(rng, kappa));
    default: {
        double pi = 1.0 / (1.0 + exp(-eta)), rest = 1.0 / (1.0 + exp(eta));
        double hit = gsl_ran_gamma(rng, pi * size, 1.0), miss = gsl_ran_gamma(rng, rest * size, 1);
        return gsl_ran_binomial(rng, hit > 0.0 ? hit / (hit + miss) : 0.0, (unsigned)n);
    }
    }
}

/* Whole numbers that vary hundredfold for betabinomial; else 1 everywhere or, where `vary`, e^-1 to
 * e. */
static inline double sim_exposure(gsl_rng *rng, enum abp_family family, int vary)
{
    double u = gsl_rng_uniform(rng);
    if (family == ABP_BETABINOMIAL)
        return floor(20.0 * exp(4.6 * u));
    return vary ? exp(2.0 * u - 1.0) : 1.0;
}

static inline void sim_draw_truth(struct sim_truth *t, const struct sim_setting *setting,
                                  gsl_rng *rng)
{
    struct abp_priors priors = abp_default_priors(setting->family);
    memset(t, 0, sizeof *t);
    t->mu = sim_mu_mean(setting->family) + gsl_ran_gaussian(rng, SIM_MU_SD);
    t->kappa = fabs(gsl_ran_gaussian(rng, priors.dispersion));
    t->tau_v = fabs(gsl_ran_gaussian(rng, priors.lift));
    for (size_t v = 0; v < SIM_VARIANTS; v++)
        t->theta[v] = gsl_ran_gaussian(rng, t->tau_v);
    if (setting->channels > 1) {
        t->tau_u = fabs(gsl_ran_gaussian(rng, priors.channel));
        t->tau_b = fabs(gsl_ran_gaussian(rng, priors.interaction));
    }
    for (size_t c = 0; setting->channels > 1 && c < setting->channels; c++) {
        t->u[c] = gsl_ran_gaussian(rng, t->tau_u);
        for (size_t v = 0; v < SIM_VARIANTS; v++)
            t->b[v][c] = gsl_ran_gaussian(rng, t->tau_b);
    }
    if (setting->slots > 1)
        t->tau_w = fabs(gsl_ran_gaussian(rng, priors.slot));
    for (size_t s = 0; setting->slots > 1 && s < setting->slots; s++)
        t->w[s] = gsl_ran_gaussian(rng, t->tau_w);
}

/* Fills everything; `posts` must stay where it is while its data is used. */
static inline void sim_draw(struct sim_posts *posts, const struct sim_setting *setting,
                            unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t i = 0, cells = SIM_VARIANTS * setting->channels * setting->slots;
    const struct sim_truth *t = &posts->truth;
    gsl_rng_set(rng, seed);
    sim_draw_truth(&posts->truth, setting, rng);
    for (; i < cells * setting->each && i < SIM_POSTS; i++) {
        size_t v = i % SIM_VARIANTS, c = i / SIM_VARIANTS % setting->channels;
        size_t s = i / SIM_VARIANTS / setting->channels % setting->slots;
        posts->variant[i] = (uint32_t)v;
        posts->channel[i] = (uint32_t)c;
        posts->slot[i] = (uint32_t)s;
        posts->n[i] = sim_exposure(rng, setting->family, seed % 2 == 0);
        posts->y[i] =
            sim_outcome(rng, setting->family, t->kappa,
                        t->mu + t->theta[v] + t->u[c] + t->b[v][c] + t->w[s], posts->n[i]);
    }
    posts->data = (struct abp_data){.posts = i,
                                    .y = posts->y,
                                    .n = posts->n,
                                    .variant = posts->variant,
                                    .channel = posts->channel,
                                    .slot = posts->slot,
                                    .variants = SIM_VARIANTS,
                                    .channels = setting->channels,
                                    .slots = setting->slots};
    gsl_rng_free(rng);
}

#endif
