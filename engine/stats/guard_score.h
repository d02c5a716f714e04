/* From outcomes to what the guard bets on, without a look at the labels. Private to stats. */
#ifndef ABPOST_STATS_GUARD_SCORE_H
#define ABPOST_STATS_GUARD_SCORE_H

#include <stddef.h>

/* The posts of one variant and the baseline so far, block after block, no label among them. Arrays
 * are borrowed and large enough for every post that is ever added. */
struct abp_guard_past {
    double *outcome, *log_exposure;
    size_t *begin; /* of each block: its first post; after the last one, `posts` */
    size_t blocks, posts;
    double *residual, *sorted; /* scratch */
};

/* Adds a post. */
void abp_guard_past_add(struct abp_guard_past *past, double outcome, double exposure);

/* The last m posts added become a block. Fills how far up each of them, in the order they were
 * added, stands among the posts of its time: in (0, 1), equal for equal posts. Returns 0 when all m
 * are equal: there is nothing to bet on then. */
int abp_guard_positions(double *u, struct abp_guard_past *past, size_t m);

/* The score of a position: increasing, with sd 1 when u is uniform. The quantile function of a skew
 * logistic; heavier above than below, as outcomes are. */
double abp_guard_score(double u);

#endif
