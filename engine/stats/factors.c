#include "abpost/factors.h"

#include "stats/effect.h"

#include <math.h>
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

/* Adds one draw of the factor whose levels are [from, to). */
static void add_choices(struct abp_level_choice *choices, double *ratio,
                        const struct abp_posterior *p, size_t i, size_t from, size_t to,
                        size_t zero)
{
    const double *alpha = p->alpha + i * p->levels;
    double base = stats_log_rate(p->family, p->mu[i], alpha[zero]);
    size_t best = from;
    for (size_t l = from; l < to; l++) {
        ratio[l] = exp(stats_log_rate(p->family, p->mu[i], alpha[l]) - base);
        best = ratio[l] > ratio[best] ? l : best;
    }
    choices[best].p_best += p->weight[i];
    for (size_t l = from; l < to; l++)
        choices[l].expected_loss += p->weight[i] * (ratio[best] - ratio[l]);
}

int abp_factor_choices(struct abp_level_choice *choices, const struct abp_posterior *posterior,
                       const struct abp_factors_options *options, struct abp_error *err)
{
    const struct abp_posterior *p = posterior;
    double *ratio = calloc(p->levels + 1, sizeof *ratio);
    if (!ratio)
        return abp_fail_memory(err);
    for (size_t l = 0; l < p->levels; l++)
        choices[l] = (struct abp_level_choice){0.0, 0.0};
    for (size_t f = 0, from = 0; f < p->factors; from += options->levels[f++])
        for (size_t i = 0; i < p->draws; i++)
            add_choices(choices, ratio, p, i, from, from + options->levels[f],
                        from + options->zero[f]);
    for (size_t l = 0; l < p->levels; l++)
        choices[l].p_best = fmin(fmax(choices[l].p_best, 0.0), 1.0);
    free(ratio);
    return 0;
}
