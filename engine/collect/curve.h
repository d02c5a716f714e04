/* How the numbers of a channel's posts grow with age; reading.h says what is made of it. */
#ifndef ABP_COLLECT_CURVE_H
#define ABP_COLLECT_CURVE_H

#include "abpost/reading.h"

struct abp_curve;

/* The point of a series that counts at the horizon: the earliest with an age in [horizon, horizon +
 * tolerance] and a value; NULL: none. */
const struct abp_age_point *abp_point_at_horizon(const struct abp_series *series, int64_t horizon);

/* From those of the series that have such a point. Fails as reading.h says. */
int abp_curve_fit(struct abp_curve **curve, const struct abp_series *series, size_t count,
                  int64_t horizon, struct abp_error *err) ABP_MUST_CHECK;
void abp_curve_free(struct abp_curve *curve);

/* The share of the horizon's number at an age > 0; NaN where fewer than ABP_CURVE_POSTS posts
 * support it. */
double abp_curve_share(const struct abp_curve *curve, int64_t age);

#endif
