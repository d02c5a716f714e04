/* From draws of log ratios to what is said of them. */
#ifndef STATS_EFFECT_H
#define STATS_EFFECT_H

#include "abpost/contrast.h"
#include "abpost/summary.h"

/* log of the rate at mu and an effect theta, but for what all effects have in common: theta, or
 * the log of pi. */
double stats_log_rate(enum abp_family family, double mu, double theta);

/* scratch: count. */
void stats_effect(struct abp_effect *effect, const double *log_ratios, const double *weights,
                  size_t count, double min_lift, double rope, struct abp_weighted *scratch);

/* All NaN. */
struct abp_effect stats_effect_absent(void);

#endif
