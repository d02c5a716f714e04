/* Which style the next posts of an experiment should be given (allocation = top-two), from its
 * posts so far. */
#ifndef ABPOST_ALLOCATION_H
#define ABPOST_ALLOCATION_H

#include "abpost/config.h"
#include "abpost/posts.h"

#define ABP_ALLOCATION_POSTS 4
/* How often the leader is posted and not its challenger (allocate.h), and the share of an equal
 * share that no style falls below. */
#define ABP_ALLOCATION_LEADER 0.5
#define ABP_ALLOCATION_FLOOR  0.2

/* Fills probability[0..variant_count) of the experiment's variants, in file order, summing to 1: by
 * top-two Thompson sampling (allocate.h), no less than a fifth of an equal share for each that is
 * active, 0 for those that are not. active: variant_count; NULL: all are. Blocks that have less
 * than one row for each active variant are passed over: the guard is exact only if probabilities
 * follow from blocks that were complete (guard.h).
 *
 * 1: filled; 0: too early to prefer one (a style has fewer than ABP_ALLOCATION_POSTS readings, or
 * the numbers are not reliable), so every order should be alike; -1. */
int abp_allocation(double *probability, const struct abp_experiment *experiment,
                   const struct abp_posts *posts, const unsigned char *active, uint64_t seed,
                   struct abp_error *err) ABP_MUST_CHECK;

#endif
