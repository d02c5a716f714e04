/* What the first points teach about later ones: vectors that move smoothly with the scales, as
 * quadratics in the scales' scores z, by weighted least squares. */
#ifndef STATS_GUESS_H
#define STATS_GUESS_H

#include "stats/proposal.h"

#include <stddef.h>

#define STATS_MOST_FEATURES                                                                        \
    (1 + STATS_MOST_SCALES + STATS_MOST_SCALES * (STATS_MOST_SCALES + 1) / 2)

struct stats_guess {
    size_t dimensions, features, length; /* of z, of a quadratic in z, of the vectors */
    size_t seen;
    double low[STATS_MOST_SCALES], high[STATS_MOST_SCALES]; /* of the z seen */
    double normal[STATS_MOST_FEATURES * STATS_MOST_FEATURES];
    double *coefficients; /* owned; features x length: right-hand sides until solved */
};

int stats_guess_init(struct stats_guess *guess, size_t dimensions, size_t length,
                     struct abp_error *err) ABP_MUST_CHECK;
void stats_guess_release(struct stats_guess *guess);
/* values: `length` of them, at z. */
void stats_guess_add(struct stats_guess *guess, const double *z, double weight,
                     const double *values);
/* To be called once. 0, or -1 when what was added does not tell. */
int stats_guess_solve(struct stats_guess *guess) ABP_MUST_CHECK;
/* values at z; beyond what was seen as at the edge of it. */
void stats_guess_at(const struct stats_guess *guess, const double *z, double *values);

#endif
