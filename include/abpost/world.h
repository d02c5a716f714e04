/* Worlds to try a design on: outcomes of posts, generated. What a forecast and a simulation are
 * made of.
 *
 *     log rate = mu + theta[v] + u[c] + b[v,c] + w[s] + level(t), and a spread between posts
 *
 * (logit instead of log for betabinomial). The spread is the family's own, or a heavier one of the
 * same standard deviation of the log rate; level(t) is a trend and a first-order autoregression:
 * what the models of posterior.h do not know of. */
#ifndef ABPOST_WORLD_H
#define ABPOST_WORLD_H

#include "abpost/error.h"
#include "abpost/family.h"

#include <stddef.h>
#include <stdint.h>

enum abp_tail {
    ABP_TAIL_OWN,       /* the family's: gamma for counts, beta for rates, normal for logs */
    ABP_TAIL_LOGNORMAL, /* log rates normal */
    ABP_TAIL_T3,        /* log rates t with 3 degrees of freedom, of that standard deviation */
    ABP_TAIL_COUNT
};

/* "negative binomial" and so on: what posts of that family and tail are called. */
const char *abp_tail_name(enum abp_family family, enum abp_tail tail);

struct abp_world {
    enum abp_family family; /* poisson and binomial: with kappa and a tail as negbinomial's and
                               betabinomial's */
    enum abp_tail tail;
    double mu, kappa;                 /* kappa >= 0; 0: no spread but the counts' own */
    size_t variants, channels, slots; /* each at least 1 */
    const double *theta;              /* borrowed; variants */
    const double *channel, *slot;     /* borrowed; u and w; NULL: all 0 */
    const double *interaction;        /* borrowed; b, variants x channels row-major; NULL: all 0 */
    double trend;                     /* rise of the log level from the first post to the last */
    double level_sd, decay;           /* of the autoregression; decay in [0, 1) from post to post */
};

struct abp_world_post {
    size_t variant, channel, slot;
    double exposure; /* > 0; 1: none; a whole number for betabinomial and binomial */
    double level;    /* filled by abp_world_levels, or 0 */
};

/* Fills the posts' levels; they stand in order of time. */
void abp_world_levels(struct abp_world_post *posts, size_t count, const struct abp_world *world,
                      uint64_t seed);

/* Fills outcomes[0..count): >= 0; whole but for lognormal. The same seed gives the same outcomes.
 * -1: ABP_FAILED when memory is out. */
int abp_world_outcomes(double *outcomes, const struct abp_world_post *posts, size_t count,
                       const struct abp_world *world, uint64_t seed,
                       struct abp_error *err) ABP_MUST_CHECK;

/* The theta at which a style's rate is `ratio` times the rate at theta 0 (u, b, w and level 0). For
 * rates the ratio stops at a rate of 0.98. */
double abp_world_theta(enum abp_family family, double mu, double ratio);

/* The sd of the log rate that a spread of kappa stands for, mu being the log (or logit) rate. */
double abp_world_log_sd(enum abp_family family, double mu, double kappa);

/* Seed number `index` of those that `seed` stands for: no two sequences meet. */
uint64_t abp_world_seed(uint64_t seed, uint64_t index);

#endif
