/* Summaries of weighted draws. Weights sum to 1; single ones may be slightly negative. */
#ifndef ABPOST_SUMMARY_H
#define ABPOST_SUMMARY_H

#include "abpost/result.h"

#include <stddef.h>

struct abp_weighted {
    double value, weight;
};

/* Mean, sd and quantiles of `count` weighted draws. Reorders them. A quantile is the smallest value
 * at which the weights sum to its probability. All NaN when a value is not finite or count is 0. */
void abp_summarise(struct abp_summary *summary, struct abp_weighted *draws, size_t count);

/* The summary of exp(x) - 1 given that of x: the quantiles move with it exactly; mean and sd are
 * of the draws. Reads count values; weights likewise. */
void abp_summarise_lift(struct abp_summary *lift, const struct abp_summary *log_lift,
                        const double *log_values, const double *weights, size_t count);

/* All NaN. */
struct abp_summary abp_summary_absent(void);

#endif
