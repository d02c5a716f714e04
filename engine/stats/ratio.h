/* The log of the ratio of two independent rates. Private to stats. */
#ifndef ABPOST_STATS_RATIO_H
#define ABPOST_STATS_RATIO_H

#include "stats/marginal.h"

/* log(rate of top / rate of bottom). Two Gammas: a Beta's logit, shifted. Two Betas: integrated
 * over whichever of them is the larger on that side, so that the other's argument stays inside (0,
 * 1). */
struct abp_ratio {
    const struct abp_marginal *top, *bottom; /* borrowed */
    double gap;                              /* of the modes; for Gammas that is a log ratio */
    struct abp_marginal logit;               /* two Gammas only */
    double *edges;                           /* owned; scratch; two Betas only */
};

/* Both of one family, and to outlive the ratio. Failures as in abp_marginal_init; release even
 * then. */
int abp_ratio_init(struct abp_ratio *ratio, const struct abp_marginal *top,
                   const struct abp_marginal *bottom, struct abp_error *err) ABP_MUST_CHECK;
void abp_ratio_release(struct abp_ratio *ratio);

/* The distribution of the log ratio at z. */
void abp_ratio_at(struct abp_point *point, const struct abp_ratio *ratio, double z);

double abp_ratio_log_mean(const struct abp_ratio *ratio);
double abp_ratio_log_sd(const struct abp_ratio *ratio);

/* The quantile p of the log ratio; failures as in abp_quantile. */
int abp_ratio_quantile(double *z, const struct abp_ratio *ratio, double p,
                       struct abp_error *err) ABP_MUST_CHECK;

#endif
