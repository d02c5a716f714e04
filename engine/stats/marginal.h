/* Posterior of one rate: Beta(alpha, beta) or Gamma(alpha, rate beta), tabulated on the scale where
 * it is smooth whatever its shapes: the logit of a Beta's rate, the log of a Gamma's. There both
 * have their mode at log(alpha/beta), and every place is told as its distance t from that mode.
 * Private to stats. */
#ifndef ABPOST_STATS_MARGINAL_H
#define ABPOST_STATS_MARGINAL_H

#include "abpost/error.h"
#include "abpost/family.h"
#include "stats/quadrature.h"

struct abp_marginal {
    enum abp_family family;        /* ABP_BINOMIAL: Beta; ABP_POISSON: Gamma */
    double alpha, beta;            /* > 0 */
    double p, q;                   /* Beta: the rate at the mode and its complement */
    double log_mean, log_variance; /* of log(rate / rate at the mode) */
    struct abp_table table;
};

/* Failures as in abp_table_build. Release even after a failure. */
int abp_marginal_init(struct abp_marginal *m, enum abp_family family, double alpha, double beta,
                      struct abp_error *err) ABP_MUST_CHECK;
void abp_marginal_release(struct abp_marginal *m);

/* log(a d / (b c)) for positive arguments, to full relative accuracy however near 1 the ratio. */
double abp_log_ratio(double a, double b, double c, double d);

/* The distance of a's mode from b's, and log(a's rate at its mode / b's). Of one family. */
double abp_marginal_gap(const struct abp_marginal *a, const struct abp_marginal *b);
double abp_marginal_log_gap(const struct abp_marginal *a, const struct abp_marginal *b);

/* At the distance t from the mode: the rate, its derivative by t, log(rate / rate at the mode). */
double abp_marginal_rate(const struct abp_marginal *m, double t);
double abp_marginal_slope(const struct abp_marginal *m, double t);
double abp_marginal_log_rate(const struct abp_marginal *m, double t);

/* Moments of the rate and its inverse, closed forms. variation: variance / mean^2. Where they do
 * not exist: NaN. */
double abp_marginal_mean(const struct abp_marginal *m);
double abp_marginal_variation(const struct abp_marginal *m);
double abp_marginal_inverse_mean(const struct abp_marginal *m);
double abp_marginal_inverse_variation(const struct abp_marginal *m);

/* a b - c d with one rounding of the result's size (Kahan's algorithm). */
double abp_cross(double a, double b, double c, double d);

#endif
