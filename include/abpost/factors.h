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

#endif
