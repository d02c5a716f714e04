#include "abpost/world.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_psi.h>
#include <math.h>

#define MOST_COUNT                                                                                 \
    1e9 /* larger Poisson means are drawn as normal: gsl_ran_poisson's is an unsigned */
#define MOST_RATE 0.98 /* of posts whose rate is drawn by its log */

static int is_rate(enum abp_family family)
{
    return family == ABP_BETABINOMIAL || family == ABP_BINOMIAL;
}

static double logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

const char *abp_tail_name(enum abp_family family, enum abp_tail tail)
{
    if (tail == ABP_TAIL_T3)
        return "heavy-tailed (t3 on the log scale)";
    if (tail == ABP_TAIL_LOGNORMAL || family == ABP_LOGNORMAL)
        return "lognormal";
    if (family == ABP_POISSON_LOGNORMAL)
        return "poisson-lognormal";
    return is_rate(family) ? "betabinomial" : "negative binomial";
}

uint64_t abp_world_seed(uint64_t seed, uint64_t index)
{
    uint64_t x = seed + 0x9e3779b97f4a7c15u * (index + 1); /* splitmix64 */
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static gsl_rng *chance(uint64_t seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    if (rng)
        gsl_rng_set(rng, (unsigned long)(seed & 0xffffffffu) | 1u);
    return rng;
}

double abp_world_theta(enum abp_family family, double mu, double ratio)
{
    if (!is_rate(family))
        return log(ratio);
    double rate = fmin(MOST_RATE, logistic(mu) * ratio);
    return log(rate / (1.0 - rate)) - mu;
}

double abp_world_log_sd(enum abp_family family, double mu, double kappa)
{
    double square = kappa * kappa;
    if (square <= 0.0)
        return 0.0;
    if (is_rate(family)) {
        double rate = logistic(mu);
        return sqrt((1.0 - rate) / rate * square / (1.0 + square));
    }
    if (family == ABP_NEGBINOMIAL || family == ABP_POISSON)
        return sqrt(gsl_sf_psi_1(fmax(1.0 / square, 1e-3)));
    return kappa;
}

void abp_world_levels(struct abp_world_post *posts, size_t count, const struct abp_world *world,
                      uint64_t seed)
{
    gsl_rng *rng = world->level_sd > 0.0 ? chance(seed) : NULL;
    double level = rng ? gsl_ran_gaussian(rng, world->level_sd) : 0.0;
    double step = world->level_sd * sqrt(1.0 - world->decay * world->decay);
    for (size_t i = 0; i < count; i++) {
        posts[i].level = level + world->trend * (double)i / (double)count;
        if (rng)
            level = world->decay * level + gsl_ran_gaussian(rng, step);
    }
    gsl_rng_free(rng);
}

static double count_of(gsl_rng *rng, double mean)
{
    if (mean > MOST_COUNT)
        return floor(mean + sqrt(mean) * gsl_ran_gaussian(rng, 1.0));
    return gsl_ran_poisson(rng, mean);
}

/* A factor of the rate, of the spread between posts. */
static double spread(gsl_rng *rng, const struct abp_world *world, double log_sd)
{
    double square = world->kappa * world->kappa;
    if (log_sd <= 0.0)
        return 1.0;
    if (world->tail == ABP_TAIL_T3)
        return exp(log_sd * sqrt(1.0 / 3.0) * gsl_ran_tdist(rng, 3.0));
    if (world->tail == ABP_TAIL_LOGNORMAL || world->family == ABP_POISSON_LOGNORMAL ||
        world->family == ABP_LOGNORMAL)
        return exp(gsl_ran_gaussian(rng, log_sd));
    return gsl_ran_gamma(rng, 1.0 / square, square);
}

static double rate_outcome(gsl_rng *rng, const struct abp_world *world, double eta, double log_sd,
                           double exposure)
{
    double rate = logistic(eta), square = world->kappa * world->kappa;
    if (world->tail != ABP_TAIL_OWN)
        rate = fmin(MOST_RATE, rate * spread(rng, world, log_sd));
    else if (square > 0.0) {
        double hit = gsl_ran_gamma(rng, rate / square, 1.0);
        double miss = gsl_ran_gamma(rng, (1.0 - rate) / square, 1.0);
        rate = hit > 0.0 ? hit / (hit + miss) : 0.0;
    }
    return gsl_ran_binomial(rng, rate, (unsigned)fmin(exposure, MOST_COUNT));
}

static double outcome(gsl_rng *rng, const struct abp_world *world,
                      const struct abp_world_post *post, double log_sd)
{
    double eta = world->mu + world->theta[post->variant] + post->level;
    if (world->channel)
        eta += world->channel[post->channel];
    if (world->slot)
        eta += world->slot[post->slot];
    if (world->interaction)
        eta += world->interaction[post->variant * world->channels + post->channel];
    if (is_rate(world->family))
        return rate_outcome(rng, world, eta, log_sd, post->exposure);
    double mean = post->exposure * exp(eta) * spread(rng, world, log_sd);
    if (world->family == ABP_LOGNORMAL)
        return fmax(mean, 1e-300);
    return count_of(rng, fmin(mean, 1e15));
}

int abp_world_outcomes(double *outcomes, const struct abp_world_post *posts, size_t count,
                       const struct abp_world *world, uint64_t seed, struct abp_error *err)
{
    gsl_rng *rng = chance(seed);
    if (!rng)
        return abp_fail_memory(err);
    double log_sd = abp_world_log_sd(world->family, world->mu, world->kappa);
    for (size_t i = 0; i < count; i++)
        outcomes[i] = outcome(rng, world, &posts[i], log_sd);
    gsl_rng_free(rng);
    return 0;
}
