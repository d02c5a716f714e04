/* The integral over the scales: points that carry the posterior of (kappa, tau_v, tau_u, tau_b,
 * tau_w), each with its Gaussian of the latent field. */
#ifndef STATS_SCALES_H
#define STATS_SCALES_H

#include "stats/latent.h"
#include "stats/proposal.h"

#include <stddef.h>
#include <stdint.h>

struct stats_point {
    double z[STATS_MOST_SCALES]; /* normal scores of the scales' priors */
    double share;                /* of the posterior as Laplace sees it; sum to 1 */
    struct stats_field field;
};

struct stats_points {
    struct stats_point *list; /* owned */
    double *memory;           /* owned; of the points' fields */
    size_t count;
    size_t first;      /* of these from the first proposal, the others from what they taught */
    size_t dimensions; /* of z */
    double
        log_total; /* log p(y) as Laplace sees it, but for powers of 2 pi and constants of data */
};

/* Scales are kept where their prior has all but the last 1e-9 of its mass below them, and at most
 * where a double still tells their score. */
#define STATS_LOWEST_Z  (-6.0)
#define STATS_HIGHEST_Z 30.0

/* How many scales the model has: kappa, tau_v, tau_u and tau_b, tau_w, then those of factors. */
size_t stats_scale_count(const struct stats_design *design);
/* The scale of tau_v's prior: with factors a share of the lift's. */
double stats_lift_prior(const struct stats_design *design, const struct abp_priors *priors);
/* The scales at scores z. constants may be NULL. */
void stats_scales_at(struct stats_scales *scales, const struct stats_latent *latent,
                     const struct abp_priors *priors, struct stats_constants *constants,
                     const double *z);

/* Finds the posterior's bulk and lays the points. */
int stats_points_init(struct stats_points *points, struct stats_latent *latent,
                      const struct abp_priors *priors, uint64_t seed,
                      struct abp_error *err) ABP_MUST_CHECK;
void stats_points_release(struct stats_points *points);

#endif
