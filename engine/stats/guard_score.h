/* From outcomes to what the guard bets on, without a look at the labels. Private to stats. */
#ifndef ABPOST_STATS_GUARD_SCORE_H
#define ABPOST_STATS_GUARD_SCORE_H

#include <stddef.h>

#define ABP_GUARD_ALONE                                                                            \
    16 /* a block of so many posts is ranked within itself, so that accounts may differ */

/* The posts of one variant and the baseline so far, block after block, no label among them. Arrays
 * are borrowed and large enough for every post that is ever added. */
struct abp_guard_past {
    double *outcome, *log_exposure;
    size_t *slot;  /* of each post; NULL: there are none */
    size_t *begin; /* of each block: its first post; after the last one, `posts` */
    size_t blocks, posts, slots;
    double *residual, *sorted; /* scratch */
    double *effect, *count;    /* scratch: slots each */
};

/* Adds a post. slot counts where there are any. */
void abp_guard_past_add(struct abp_guard_past *past, double outcome, double exposure, size_t slot);

/* The last m posts added become a block. */
void abp_guard_past_close(struct abp_guard_past *past, size_t m);

/* Fills how far up each post of the last `blocks` blocks, in the order they were added, stands
 * among the posts of its time: in (0, 1), equal for equal posts. */
void abp_guard_positions(double *u, struct abp_guard_past *past, size_t blocks);

/* The score of a position: increasing, with mean 0 and sd 1 when u is uniform. The quantile
 * function of a skew logistic; heavier above than below, as outcomes are. */
double abp_guard_score(double u);

#endif
