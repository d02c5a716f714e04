/* The guard: "this style changes nothing" tested every night without fooling oneself.
 *
 * WHAT IT PROMISES. Take variant v and the baseline. In every block the plan (or the experimenter
 * whose data was imported) drew which of the block's posts become v: uniformly, over the C(m, k)
 * ways to give k of the m posts of the pair the label v. If v changes nothing, the outcomes are
 * what they are and only the labels are random. The guard bets on the labels, at fair odds, block
 * after block:
 *
 *     E_T = sum_g w_g prod_{t<=T} F_t(g),     F_t(g) = f_g(labels drawn) / average of f_g over the
 * C(m, k) draws f_g(labels) = exp(g * sum of z_i over the posts labelled v)
 *
 * Why it is valid. z_1..z_m and the scale in them are computed from the *unlabelled* outcomes of
 * this block and of earlier ones; so, given everything before block t and the unlabelled outcomes
 * of block t, the average of F_t(g) over the draw is 1 by construction, and each product is a
 * non-negative martingale of mean 1; so is their mixture (w sums to 1). Ville's inequality:
 * P(E ever reaches c) <= 1/c, however often anyone looks, whatever the outcomes' distribution -
 * heavy tails, trends, autocorrelation and zeros included, at every sample size. (Duan, Ramdas &
 * Wasserman 2022; Ramdas, Gruenwald, Vovk & Shafer 2023.) For a pair (m = 2, k = 1) the factor is
 * 1 + tanh(g (z_v - z_0) / 2).
 *
 * Overshoot. E beyond the threshold buys nothing, so where the better draw of a pair would carry E
 * from below the threshold to above it, E stops at the threshold and what is left over is paid out
 * in the other draw: the two still average to E before the block. (Fischer & Ramdas 2024.)
 *
 * WHAT IT ASKS FOR. Labels drawn inside blocks independently of the outcomes; a missing reading
 * that has nothing to do with its label (then the labels of the posts that were observed are
 * uniform, given how many of each are left; they are what the guard conditions on). Posts in the
 * order they matured, so that every look saw a prefix of a later one: a block takes its turn with
 * its last post of the pair. A block longer than one post a variant is given whole or not at all.
 */
#ifndef ABPOST_GUARD_H
#define ABPOST_GUARD_H

#include "abpost/error.h"

#include <stddef.h>
#include <stdint.h>

/* Mature posts, one entry of each array a post, in the order they matured. */
struct abp_guard_input {
    const double *outcome; /* borrowed; >= 0, NaN: a missing reading */
    const double *
        exposure; /* borrowed; finite and > 0 where there is an outcome; all 1 when there is none */
    const size_t *variant; /* borrowed; < variants */
    const int64_t *block;  /* borrowed; posts of one block carry the same number, any number */
    size_t posts;          /* may be 0 */
    size_t variants;       /* K >= 2 */
    size_t baseline;       /* < variants */
    double threshold;      /* what E is compared with, (K-1)/alpha; > 1 */
};

/* One variant against the baseline. A verdict may count on `max_e_value`: by Ville's inequality it
 * is P(E *ever* reaches the threshold) that is at most alpha, so what was once reached stays
 * reached even where E has fallen since. Its sign is `max_direction`. `e_value` and `direction` are
 * how things stand today; e_value is also what e-BH across experiments takes. */
struct abp_guard_output {
    double e_value;     /* after the last block; 1 without blocks; finite, >= 0 */
    double max_e_value; /* largest after any block, and at least 1 */
    size_t blocks;      /* blocks with an observed post on both sides */
    int direction;      /* +1: today's evidence says v is above the baseline, -1 below, 0 neither */
    int max_direction;  /* the same when max_e_value was reached */
};

/* out has `variants` entries, filled in order; the baseline's own is e_value 1 and no blocks.
 * ABP_DATA: an outcome that is negative or infinite, an exposure that is not positive and finite, a
 * variant or baseline out of range, fewer than two variants, a threshold not above 1. On -1 out is
 * undefined. Linear in posts but for sorting; a block of m posts with k of v costs O(m min(k,
 * m-k)). */
int abp_guard(struct abp_guard_output *out, const struct abp_guard_input *in,
              struct abp_error *err) ABP_MUST_CHECK;

#endif
