/* Posts to come, put behind those that are there: what forecasts look at. */
#ifndef STATS_FUTURE_H
#define STATS_FUTURE_H

#include "abpost/guard.h"
#include "abpost/world.h"

struct stats_future {
    struct abp_guard_input guard; /* of the arrays below; posts: past and to come */
    size_t past, blocks;          /* posts that are there; blocks to come */
    size_t channels;
    double usual_exposure; /* of posts to come where there is no past; 1 unless set */
    double *outcome, *exposure, *probability; /* owned; probability NULL: all blocks shuffled */
    size_t *variant, *slot;                   /* owned; slot NULL: none */
    int64_t *block;                           /* owned */
    struct abp_world_post *coming;            /* owned; variants x blocks */
    struct abp_guard_output *out;             /* owned; variants */
    double *truth;                            /* owned; variants: the truth of each log lift */
    double interaction_variance; /* of a log lift's estimate: does not shrink with posts */
};

/* Copies the past. The caller releases, also after a failure. */
int stats_future_open(struct stats_future *future, const struct abp_guard_input *past,
                      size_t channels, size_t blocks, struct abp_error *err) ABP_MUST_CHECK;
void stats_future_release(struct stats_future *future);

/* Draws the order, channels (in turn) and slots of the posts to come, exposures among those of the
 * past, then the outcomes. */
int stats_future_draw(struct stats_future *future, const struct abp_world *world, uint64_t seed,
                      struct abp_error *err) ABP_MUST_CHECK;

/* The guard after so many of the blocks to come, into future->out. */
int stats_future_guard(struct stats_future *future, size_t blocks,
                       struct abp_error *err) ABP_MUST_CHECK;

/* What the first blocks to come say of the log rate of a variant against its truth in the world:
 * an estimate of the difference, and the inverse of its variance; by blocks, row-major, cumulated.
 * Both arrays have `blocks` entries. Terms of interaction are in the estimate. */
void stats_future_sums(double *estimate, double *precision, const struct stats_future *future,
                       const struct abp_world *world, size_t variant);

#endif
