/* Two diagnostics of a style's effect: does it fade as the style is repeated, and does a post leave
 * something behind for the next one on its channel?
 *
 * Both are least squares on log rates, taken from their block's mean, with intervals and p-values
 * from the draw itself: the style's mean effect is taken from its posts, the labels of v and the
 * baseline are shuffled again inside each block as the plan could have, the effect is given to the
 * posts that now carry the label, and the same estimate is made. How far those estimates lie from 0
 * says how far the real one may by chance, whatever the outcomes' distribution. It would be exact
 * were the mean effect known; that it is estimated from the same posts is carried along, as every
 * shuffle estimates it anew. (Randomisation tests with a nuisance effect: Freedman & Lane 1983;
 * Ding, Feller & Miratrix 2016.)
 *
 * On 30 simulated pairs where nothing fades or carries over, p is at most 0.05 in 3 to 6.5 % of 400
 * runs (normal and t3 log outcomes, a trend, an effect or none).
 *
 * They are no part of a verdict: nobody looks at them every night under a guarantee. */
#ifndef ABPOST_FADING_H
#define ABPOST_FADING_H

#include "abpost/error.h"

#include <stddef.h>
#include <stdint.h>

/* Posts in the order they were posted; the rows of other variants count as what came before. Blocks
 * whose labels were shuffled only. Arrays are borrowed. */
struct abp_fading_input {
    const double *outcome;  /* >= 0; NaN: a missing reading */
    const double *exposure; /* finite, > 0 where there is an outcome */
    const size_t *variant;
    const size_t *channel; /* NULL: one channel */
    const int64_t *block;
    size_t posts;
    size_t style, baseline; /* the two that are compared; not the same */
    uint64_t seed;          /* of the shuffles: same data, same seed, same numbers */
};

/* present 0: there are too few posts to say anything, and the numbers are NaN. */
struct abp_fading {
    double estimate;
    double low, high; /* 95 % interval */
    double p_value;   /* of no fading, no carry-over; two-sided; at least 1/1000 */
    size_t posts;     /* observed posts of the two that bear on it */
    int present;
};

#define ABP_FADING_BLOCKS 12 /* the fewest blocks with an observed post of both */

/* Fading: the change of the log effect of the style with each further post of it (estimate -0.05:
 * the ratio to the baseline falls by 5 % a post). ABP_DATA: an outcome or exposure out of range.
 * ABP_FAILED: memory is out. */
int abp_fading(struct abp_fading *out, const struct abp_fading_input *in,
               struct abp_error *err) ABP_MUST_CHECK;

/* Carry-over: by how much the log rate of a post of either differs when the post before it on its
 * channel was of the style, from when it was of the baseline; the post's own style allowed for. */
int abp_carry_over(struct abp_fading *out, const struct abp_fading_input *in,
                   struct abp_error *err) ABP_MUST_CHECK;

#endif
