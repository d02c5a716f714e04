#include "stats/effect.h"

#include <math.h>

double stats_log_rate(enum abp_family family, double mu, double theta)
{
    if (family != ABP_BETABINOMIAL)
        return theta;
    double eta = mu + theta;
    return eta > 0.0 ? -log1p(exp(-eta)) : eta - log1p(exp(eta));
}

static double probability(double sum)
{
    return fmin(fmax(sum, 0.0), 1.0);
}

static void set_shares(struct abp_effect *effect, const double *log_ratios, const double *weights,
                       size_t count, double min_lift, double rope)
{
    double above = log1p(min_lift), below = min_lift < 1.0 ? log1p(-min_lift) : -INFINITY;
    double low = log1p(-fmin(rope, 1.0 - 1e-12)), high = log1p(rope);
    effect->p_better = effect->p_above = effect->p_below = effect->p_same = 0.0;
    for (size_t i = 0; i < count; i++) {
        double x = log_ratios[i], w = weights[i];
        effect->p_better += x > 0.0 ? w : 0.0;
        effect->p_above += x > above ? w : 0.0;
        effect->p_below += x < below ? w : 0.0;
        effect->p_same += x > low && x < high ? w : 0.0;
    }
    effect->p_better = probability(effect->p_better);
    effect->p_above = probability(effect->p_above);
    effect->p_below = probability(effect->p_below);
    effect->p_same = probability(effect->p_same);
}

void stats_effect(struct abp_effect *effect, const double *log_ratios, const double *weights,
                  size_t count, double min_lift, double rope, struct abp_weighted *scratch)
{
    for (size_t i = 0; i < count; i++)
        scratch[i] = (struct abp_weighted){log_ratios[i], weights[i]};
    abp_summarise(&effect->log_lift, scratch, count);
    abp_summarise_lift(&effect->lift, &effect->log_lift, log_ratios, weights, count);
    set_shares(effect, log_ratios, weights, count, min_lift, rope);
}

struct abp_effect stats_effect_absent(void)
{
    const struct abp_summary absent = abp_summary_absent();
    return (struct abp_effect){absent, absent, NAN, NAN, NAN, NAN};
}
