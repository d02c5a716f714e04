#include "abpost/factors.h"

#include "stats/effect.h"

#include <stdlib.h>

int abp_factor_effects(struct abp_effect *effects, const struct abp_posterior *posterior,
                       const struct abp_factors_options *options, struct abp_error *err)
{
    const struct abp_posterior *p = posterior;
    double *log_ratio = malloc(p->draws * sizeof *log_ratio);
    struct abp_weighted *scratch = malloc(p->draws * sizeof *scratch);
    int rc = log_ratio && scratch ? 0 : abp_fail_memory(err);
    for (size_t f = 0, from = 0; rc == 0 && f < p->factors; from += options->levels[f++]) {
        size_t zero = from + options->zero[f];
        for (size_t l = from; l < from + options->levels[f]; l++) {
            effects[l] = stats_effect_absent();
            if (l == zero)
                continue;
            for (size_t i = 0; i < p->draws; i++) {
                const double *alpha = p->alpha + i * p->levels;
                log_ratio[i] = stats_log_rate(p->family, p->mu[i], alpha[l]) -
                               stats_log_rate(p->family, p->mu[i], alpha[zero]);
            }
            stats_effect(&effects[l], log_ratio, p->weight, p->draws, options->min_lift,
                         options->rope, scratch);
        }
    }
    free(scratch);
    free(log_ratio);
    return rc;
}
