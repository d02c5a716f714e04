/* What a posterior says about each style against the baseline: the quantities that are reported.
 *
 * R_v is the ratio of the rate of style v to the baseline's (R_0 = 1): e^(theta_v - theta_0), for
 * betabinomial pi_v / pi_0 at u = b = w = 0. Shares are shares: a lift of 0.1 is 10 % more. */
#ifndef ABPOST_CONTRAST_H
#define ABPOST_CONTRAST_H

#include "abpost/posterior.h"

/* What the draws of one log ratio say. */
struct abp_effect {
    struct abp_summary log_lift, lift;
    double p_better, p_above, p_below, p_same; /* as in struct abp_contrast */
};

struct abp_contrast {
    /* NaN in the baseline's own entry: */
    struct abp_summary log_lift, lift; /* of R_v: its log, and R_v - 1 */
    struct abp_summary next_post;      /* rate of the next post of style v to the baseline's mean
                                          rate: R_v with the spread between posts in */
    double p_better;                   /* P(R_v > 1) */
    double p_above, p_below;           /* P(lift > min_lift), P(lift < -min_lift) */
    double p_same;                     /* P(|lift| < rope) */
    double p_net_better;               /* P(net value > the baseline's); NaN without net value */
    /* for every variant: */
    double p_best;              /* P(R_v is the largest of all) */
    double expected_loss;       /* E[max_w R_w - R_v] */
    struct abp_summary outcome; /* mean outcome of one post; NaN unless mean_outcomes was asked */
    struct abp_summary net;     /* value x mean outcome - cost; NaN without value or cost */
};

struct abp_contrast_options {
    uint32_t baseline;
    double min_lift, rope;
    double value;       /* of one unit of outcome; NaN: none */
    const double *cost; /* borrowed; variants; of one post, NaN: none; NULL: none at all */
    uint64_t seed;      /* of the next post's spread */
};

/* Fills contrasts[0..variants). 0, or -1 with ABP_FAILED when memory is out. */
int abp_contrasts(struct abp_contrast *contrasts, const struct abp_posterior *posterior,
                  const struct abp_contrast_options *options, struct abp_error *err) ABP_MUST_CHECK;

#endif
