/* Which style the next posts should be given: top-two Thompson sampling (Russo 2020, "Simple
 * Bayesian algorithms for best-arm identification"), as probabilities.
 *
 * With a_v the posterior probability that style v is the best, the leader is drawn by a; with
 * probability `leader` it is posted, else a challenger, drawn by a among the others. So
 *
 *     psi_v = a_v (leader + (1 - leader) sum over w != v of a_w / (1 - a_w))
 *     p_v   = floor + (1 - K floor) psi_v.
 *
 * Where one style is the best in every draw of the posterior, the challenger is drawn by how often
 * each of the others is the second. Exact given the draws: nothing is sampled.
 *
 * The guard stays exact with any such probabilities as long as they are stored before the posts
 * they speak of are drawn, and are computed from blocks that were complete by then (guard.h). */
#ifndef ABPOST_ALLOCATE_H
#define ABPOST_ALLOCATE_H

#include "abpost/error.h"

#include <stddef.h>

struct abp_allocation_input {
    const double *value;  /* borrowed; draws x variants, row-major: what each style is worth in each
                             draw; larger is better; finite */
    const double *weight; /* borrowed; draws; sum above 0; single ones may be slightly negative, as
                             in struct abp_posterior; NULL: all equal */
    size_t draws;         /* >= 1 */
    size_t variants;      /* K >= 1 */
    double leader;        /* in (0, 1]; Russo's beta, 1/2 unless there is a reason */
    double floor;         /* in [0, 1/K]: no style gets less */
};

/* Fills probability[0..variants): each at least `floor`, summing to 1 but for rounding. Two styles
 * that tie share what the best of a draw gets. ABP_DATA: an input out of range. ABP_FAILED: memory
 * is out. On -1 the probabilities are undefined. */
int abp_allocate(double *probability, const struct abp_allocation_input *in,
                 struct abp_error *err) ABP_MUST_CHECK;

/* The variant that u in [0, 1), uniform, falls on when the probabilities are laid end to end. Never
 * one of probability 0; `variants` >= 1. */
size_t abp_allocation_draw(const double *probability, size_t variants, double u);

#endif
