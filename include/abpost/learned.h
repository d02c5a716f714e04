/* learn = yes: an experiment evaluated under the spread of lifts that past experiments teach
 * (learn.h), beside the same without. */
#ifndef ABPOST_LEARNED_H
#define ABPOST_LEARNED_H

#include "abpost/config.h"
#include "abpost/learn.h"
#include "abpost/posts.h"
#include "abpost/result.h"

#include <stdint.h>

/* An experiment teaches only where two styles have so many posts with a reading. Where styles were
 * posted once or twice, what they earned can't be told from the spread between posts, and the scale
 * follows whatever the prior of that spread has wrong: 60 experiments of 4 styles, true scale 0.3,
 * kappa 0.8, taught 0.61 (0.41 to 0.86) with one post of each style, 0.41 (0.25 to 0.63) with two,
 * 0.30 (0.17 to 0.46) with three, 0.34 (0.26 to 0.46) with ten. */
#define ABP_LEARNED_POSTS 3

/* What one past experiment says of the scale: draws of tau_v, fewer than the fit has. */
struct abp_learned_draws {
    double *tau; /* owned; equally weighted; NULL: it teaches nothing (too few posts of two styles,
                    a conjugate family, or data that can't be fitted) */
    size_t draws;
    double scale; /* that they were fitted under */
};

/* scale: fit under this one; NaN: the experiment's own, or the default. 0, also where it says
 * nothing; -1: ABP_FAILED, memory is out. */
int abp_learned_draw(struct abp_learned_draws *out, const struct abp_experiment *experiment,
                     const struct abp_posts *posts, double scale, uint64_t seed,
                     struct abp_error *err) ABP_MUST_CHECK;
void abp_learned_draws_release(struct abp_learned_draws *draws);

/* As abp_evaluate, under learned->scale as lift_sd; result->learned and each variant's `without`
 * are filled. experiments: how many it was learned from. */
int abp_evaluate_learned(struct abp_result *result, const struct abp_experiment *experiment,
                         const struct abp_posts *posts, const struct abp_learned *learned,
                         size_t experiments, uint64_t seed, struct abp_error *err) ABP_MUST_CHECK;

#endif
