/* One experiment's posts in, its result out: the only place where statistics meet the words of the
 * experiment file. */
#ifndef ABPOST_EVALUATE_H
#define ABPOST_EVALUATE_H

#include "abpost/config.h"
#include "abpost/posts.h"
#include "abpost/result.h"

#include <stdint.h>

/* Evaluates one experiment. The result depends on the experiment, the posts and the seed alone.
 * result->fit.seconds is NaN: the clock is the caller's. 0, and the caller releases the result; or
 * -1: ABP_DATA for data that the experiment's family does not have, ABP_FAILED when memory is out.
 */
int abp_evaluate(struct abp_result *result, const struct abp_experiment *experiment,
                 const struct abp_posts *posts, uint64_t seed,
                 struct abp_error *err) ABP_MUST_CHECK;

/* The part of alpha that the variants' guards share; the guards of levels have the rest. All of it
 * without factors, and with a single one, whose levels are the variants and are tested once; half
 * of it with more. */
double abp_alpha_of_variants(const struct abp_experiment *experiment);

/* How many pairs of variants (level_guard.h) the level that has fewest of them has; *alpha: what
 * one level's guard has of it. 0 where a level has none, and with fewer than two factors. */
size_t abp_level_pairs(double *alpha, const struct abp_experiment *experiment);

#endif
