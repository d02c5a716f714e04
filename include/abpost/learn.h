/* How far true lifts spread over an account's experiments, learned from those that are past.
 *
 * In every experiment the styles' effects are theta_v ~ N(0, tau^2) with tau ~ N+(0, s): s is the
 * prior scale `lift` (abpost/posterior.h). Experiments of one account and one outcome are taken to
 * share s, so that the past ones say what it is:
 *
 *     p(s | all y) ~ p(s) prod_i p(y_i | s)
 *
 * Each experiment was fitted under a known scale s0, and its posterior draws of tau, with weights w
 * that sum to 1, hold its marginal likelihood under any other, up to a factor free of s:
 *
 *     p(y | s) / p(y | s0) = E[ N+(tau | s) / N+(tau | s0) ]
 *                          = sum_j w_j (s0 / s) exp(-(tau_j^2 / 2) (1 / s^2 - 1 / s0^2)).
 *
 * p(s): log s is normal about log 0.5, the default scale, with sd 0.75: 95 % between 0.11 and 2.2.
 * It counts for about one or two experiments of many posts, so that an account with few of them
 * stays near the default. s is summed over a grid of its log, 0.005 to 4.
 *
 * The same ratio is a score of prediction: for an experiment that was not learned from, its log is
 * by how much the log predictive density of all its outcomes rises when s takes the place of s0.
 *
 * Experiments in which every style was posted once say little of lifts: they can't be told from the
 * spread between posts (kappa), and it is s that gives way; evaluations leave them out (learned.h).
 *
 * On the 2,436 even and odd tests of experiments/upworthy (betabinomial, each package once) the
 * scale learned from one half is 0.039 (0.028 to 0.052), and the log predictive density of the
 * other half is 630 above the default's, standard error 13 (`bench_learn`).
 *
 * Reweighting is as good as what the draws cover. For s far above s0 few draws far out carry it,
 * and no sum of them may be trusted; the effective number of draws says so, and then the past
 * experiments are to be fitted again under the learned scale (a wide s0 covers narrow ones well,
 * not the other way round). */
#ifndef ABPOST_LEARN_H
#define ABPOST_LEARN_H

#include "abpost/error.h"

#include <stddef.h>

/* One past experiment's posterior draws. Arrays are borrowed; `draws` long. */
struct abp_learn_draws {
    const double *tau;    /* of the spread of effects tau_v; >= 0 */
    const double *weight; /* sum above 0; single ones may be slightly negative; NULL: all equal */
    size_t draws;         /* >= 1 */
    double scale;         /* s0 > 0, the prior scale that they were fitted under */
};

struct abp_learn_evidence {
    double log_ratio; /* log p(y | s) - log p(y | s0); -INFINITY where the draws hold none of it */
    double effective; /* draws that the reweighted sum is worth: (sum w r)^2 / sum (w r)^2 */
};

/* What one experiment says of the scale s > 0. `draws` must be as abp_learn requires it. */
struct abp_learn_evidence abp_learn_evidence(const struct abp_learn_draws *draws, double s);

struct abp_learned {
    double scale;     /* exp of the posterior mean of log s: use this one */
    double low, high; /* 95 % interval of s */
    double gain;      /* sum of log_ratio over the experiments at `scale`: in sample */
    double effective; /* the least of any experiment, over the middle of the posterior of s */
    size_t worst;     /* which experiment that is; 0 when there is none */
    int refit;        /* 1: `effective` is below ABP_LEARN_EFFECTIVE; fit again under `scale` */
};

#define ABP_LEARN_EFFECTIVE 100

/* `count` may be 0: then the answer is the hyperprior's. ABP_DATA: a draw, weight or scale out of
 * range, or draws that say nothing of any scale. */
int abp_learn(struct abp_learned *out, const struct abp_learn_draws *experiments, size_t count,
              struct abp_error *err) ABP_MUST_CHECK;

#endif
