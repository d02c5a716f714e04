/* Which of several independent rates is the largest, and what choosing another gives up. Private to
 * stats. */
#ifndef ABPOST_STATS_CONTEST_H
#define ABPOST_STATS_CONTEST_H

#include "stats/marginal.h"

/* For `count` rates of one family: p_best[v] = P(rate_v is the largest), loss[v] = E[max - rate_v].
 * Either array may be NULL. -1 with ABP_FAILED when memory is out; ABP_BUG when the p_best do not
 * sum to 1 within 1e-9. */
int abp_contest(double *p_best, double *loss, const struct abp_marginal *const *rates, size_t count,
                struct abp_error *err) ABP_MUST_CHECK;

#endif
