/* The conjugate families of outcomes whose unit is the individual: independent arms, by quadrature,
 * never by sampling.
 *
 *   ABP_BINOMIAL  y successes of n:           rate p ~ Beta(a + y, b + n - y)
 *   ABP_POISSON   y events in an exposure n:  rate lambda ~ Gamma(a + y, rate b + n)
 *
 * Accurate to 1e-9 and better of each number for totals up to 1e15: the densities are integrated on
 * the logit and log scale, where they are smooth whatever their shapes, relative to each arm's
 * mode, so that nothing large is ever subtracted. Deterministic; no state, no random numbers. */
#ifndef ABPOST_CONJUGATE_H
#define ABPOST_CONJUGATE_H

#include "abpost/error.h"
#include "abpost/family.h"
#include "abpost/result.h"

#include <stddef.h>

struct abp_conjugate_arm {
    double total;    /* y >= 0, at most 1e15 */
    double exposure; /* n, at most 1e15: >= y (binomial); >= 1e-15 (poisson) */
};

struct abp_conjugate_input {
    enum abp_family family;               /* ABP_BINOMIAL or ABP_POISSON */
    const struct abp_conjugate_arm *arms; /* borrowed; arm_count of them */
    size_t arm_count;                     /* at least 1 */
    size_t baseline;                      /* index of an arm */
    double prior_a;                       /* 1e-6 to 1e15; NaN: 1/2 */
    double prior_b;  /* binomial: as prior_a. poisson: 0 to 1e15; NaN: 0, the limit 0+ */
    double min_lift; /* >= 0, as a share */
    double rope;     /* > 0, as a share */
};

/* Of one arm v. Numbers that do not exist are NaN, by these rules: lift's mean needs E[1/rate_0]
 * and so a baseline's first shape above 1 (a + y > 1), its sd one above 2, expected_loss as the
 * mean (unless there is one arm: 0). A quantile of lift beyond the largest double is NaN. In the
 * baseline's own entry lift, log_lift and the probabilities about lift are NaN. */
struct abp_conjugate_result {
    struct abp_summary rate;     /* p_v or lambda_v */
    struct abp_summary lift;     /* rate_v / rate_0 - 1 */
    struct abp_summary log_lift; /* log(rate_v / rate_0) */
    double p_better;             /* P(lift > 0) */
    double p_above;              /* P(lift > min_lift) */
    double p_below;              /* P(lift < -min_lift) */
    double p_same;               /* P(|lift| < rope) */
    double p_best;               /* P(rate_v is the largest of all) */
    double rate_loss;            /* E[max_w rate_w - rate_v] */
    double expected_loss;        /* E[max_w R_w - R_v], R_w = rate_w / rate_0 */
};

/* Fills results[0..arm_count), the caller's, in the order of the arms. 0, or -1 with ABP_DATA when
 * an input is out of range, ABP_FAILED when memory is out, ABP_BUG when the quadrature misses its
 * own check (p_best sums to 1 within 1e-9); then results are undefined. */
int abp_conjugate(struct abp_conjugate_result *results, const struct abp_conjugate_input *input,
                  struct abp_error *err) ABP_MUST_CHECK;

#endif
