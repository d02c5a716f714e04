/* Where the points of the scales are laid: a mixture whose every part is easy to draw and to weigh.
 *
 *   most     a split-normal along the axes of the posterior's curvature at its mode;
 *   some     for each scale, that scale from its prior and the others from a widened normal: a
 *            scale that may be near 0 as well as at its mode (no difference between the styles at
 *            all, say) has two hills, and the split-normal only one; a dispersion may have a tail
 *            that it does not see;
 *   a few    the prior itself, which bounds every weight.
 *
 * Once points of that mixture have been weighed there is a better one: along the axes of their
 * covariance, each axis with the density that they show on it, smoothed. The others then keep the
 * share of the points that were drawn from them.
 *
 * Points are weighed against the whole mixture (the balance heuristic: Veach & Guibas 1995). */
#ifndef STATS_PROPOSAL_H
#define STATS_PROPOSAL_H

#include "abpost/error.h"

#include <stddef.h>

#define STATS_MOST_SCALES 9 /* five, and one for each of up to four factors */

#define STATS_BINS 64

/* A density on a line: constant in each of the bins. */
struct stats_marginal {
    double low, width;           /* where the bins begin, and how wide one is */
    double ends[STATS_BINS + 1]; /* cumulated masses, from 0 to 1 */
};

struct stats_proposal {
    size_t dimensions; /* at least 2 */
    double centre[STATS_MOST_SCALES];
    double axes[STATS_MOST_SCALES][STATS_MOST_SCALES]; /* column k: the k-th axis, of length 1 */
    double below[STATS_MOST_SCALES], above[STATS_MOST_SCALES]; /* sd on either side of it */
    /* for each scale k: the precision of the widened normal of the others, and its log density
       at the centre but for powers of 2 pi */
    double precision[STATS_MOST_SCALES][STATS_MOST_SCALES][STATS_MOST_SCALES];
    double log_normal[STATS_MOST_SCALES];
    double log_split;       /* log density of the split-normal at the centre, likewise */
    double along_log_share; /* log of the share that each scale's turn with its prior has */
    /* the refined part: its share of all points, 0 before there is one */
    double refined;
    double mean[STATS_MOST_SCALES];
    double turn[STATS_MOST_SCALES][STATS_MOST_SCALES]; /* column k: the k-th axis, of 1 sd */
    double sds[STATS_MOST_SCALES];                     /* along the axes */
    struct stats_marginal marginals[STATS_MOST_SCALES];
};

/* Fills precision and the logarithms from the rest. */
int stats_proposal_prepare(struct stats_proposal *proposal, struct abp_error *err) ABP_MUST_CHECK;
/* A point from dimensions + 2 uniforms in (0, 1). */
void stats_proposal_place(const struct stats_proposal *proposal, const double *uniform, double *z);
/* Learns the refined part from weighed points; z: count x STATS_MOST_SCALES, shares sum to 1. From
 * then on it has the share `refined` of the mixture. Without effect where too few points count. */
int stats_proposal_refine(struct stats_proposal *proposal, const double *z, const double *shares,
                          size_t count, double refined, struct abp_error *err) ABP_MUST_CHECK;
/* A point of the refined part from `dimensions` uniforms in (0, 1). */
void stats_proposal_place_refined(const struct stats_proposal *proposal, const double *uniform,
                                  double *z);
/* Log density of the mixture but for powers of 2 pi. */
double stats_proposal_log_density(const struct stats_proposal *proposal, const double *z);

#endif
