/* What the levels of factors are worth, from the posterior of a model that has them (posterior.h).
 */
#ifndef ABPOST_FACTORS_H
#define ABPOST_FACTORS_H

#include "abpost/contrast.h"

struct abp_factors_options {
    const size_t
        *levels; /* borrowed; posterior->factors: how many levels each has, as in abp_data */
    const size_t
        *zero; /* borrowed; posterior->factors: the level that the others are set against */
    double min_lift, rope;
};

/* Fills effects[0..posterior->levels), factor by factor: the ratio of the rate of a post with this
 * level to that of one with the factor's zero level, all else the same, wherever else the level
 * may be put to use: e^(alpha - alpha_0); for betabinomial at u = b = w = 0 and with the other
 * factors' effects 0. NaN for the zero level's own. 0, or -1 with ABP_FAILED when memory is out. */
int abp_factor_effects(struct abp_effect *effects, const struct abp_posterior *posterior,
                       const struct abp_factors_options *options,
                       struct abp_error *err) ABP_MUST_CHECK;

/* R_l is the ratio of level l to its factor's zero level, as above; 1 of the zero level itself. */
struct abp_level_choice {
    double p_best;        /* P(R_l is the largest of its factor) */
    double expected_loss; /* E[max_m R_m - R_l] over its factor: what choosing l gives up, as a
                             share of what the zero level has */
};

/* Fills choices[0..posterior->levels), in the same order. 0, or -1 with ABP_FAILED when memory is
 * out. */
int abp_factor_choices(struct abp_level_choice *choices, const struct abp_posterior *posterior,
                       const struct abp_factors_options *options,
                       struct abp_error *err) ABP_MUST_CHECK;

#endif
