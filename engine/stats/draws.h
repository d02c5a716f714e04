/* Draws from the mixture of Gaussians over the points, and what importance sampling makes of them.
 *
 * All draws have the globals; the first `weighed` of them have an importance weight too, w_i. The
 * mixture is cheap to draw and the weights are near 1, so expectations are
 *     mean over all of f + (sum of w_i f_i - mean over the weighed of f_i),
 * the mixture's own expectation as a control variate: unbiased, and as much more accurate as the
 * weights are even. Written as one weight a draw. */
#ifndef STATS_DRAWS_H
#define STATS_DRAWS_H

#include "stats/scales.h"

#include <stddef.h>
#include <stdint.h>

struct stats_draws {
    const struct stats_latent *latent; /* borrowed */
    const struct stats_points *points; /* borrowed */
    uint64_t seed;
    size_t count, weighed;
    uint32_t *point; /* owned; count: which point's Gaussian */
    double *globals; /* owned; count x globals */
    double *width;   /* owned; count: how much wider than the point's Gaussian it was drawn */
    double *radius;  /* owned; count: squared distance from that Gaussian's centre, in its own sd */
    double *log_ratio; /* owned; count: raw log importance ratios of the weighed */
    double *weight;    /* owned; count; sum to 1 */
    double khat, ess;
};

int stats_draws_init(struct stats_draws *draws, const struct stats_latent *latent,
                     const struct stats_points *points, uint64_t seed, size_t least,
                     struct abp_error *err) ABP_MUST_CHECK;
void stats_draws_release(struct stats_draws *draws);

/* The Gaussian that draw i came from. */
const struct stats_field *stats_draw_field(const struct stats_draws *draws, size_t i);

/* The channel terms of every draw, one channel at a time. Without channel terms in the model there
 * is one pass and u and b stay NULL. */
struct stats_terms {
    size_t passes; /* channels to go through */
    double *u;     /* owned; count */
    double *b;     /* owned; count x variants */
};

int stats_terms_init(struct stats_terms *terms, const struct stats_draws *draws,
                     struct abp_error *err) ABP_MUST_CHECK;
/* Fills u and b for channel c: the same numbers at every call. */
int stats_terms_load(struct stats_terms *terms, const struct stats_draws *draws, size_t c,
                     struct abp_error *err) ABP_MUST_CHECK;
void stats_terms_release(struct stats_terms *terms);

/* Log predictive density of every post when it is left out, by Pareto-smoothed importance sampling
 * (Vehtari, Gelman & Gabry 2017, "Practical Bayesian model evaluation using leave-one-out
 * cross-validation and WAIC"), of ABP_SCORES_MOST posts at most; NaN for the others and where
 * k-hat is above ABP_KHAT_LIMIT. */
int stats_draws_scores(const struct stats_draws *draws, const struct abp_data *data, double *scores,
                       struct abp_error *err) ABP_MUST_CHECK;

#endif
