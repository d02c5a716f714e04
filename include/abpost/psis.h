/* Pareto-smoothed importance sampling: Vehtari, Simpson, Gelman, Yao & Gabry (2024), "Pareto
 * smoothed importance sampling", JMLR 25 (arXiv 1507.02646), with the generalised Pareto fit of
 * Zhang & Stephens (2009), "A new and efficient estimation method for the generalized Pareto
 * distribution", Technometrics 51, and the paper's weakly informative prior on k (worth 10 draws at
 * 1/2).
 *
 * The largest M = min(S/5, 3 sqrt(S)) of S weights (rounded up) that lie above the next one are
 * replaced by the quantiles of a generalised Pareto fitted to them, never above the largest raw
 * weight. Draws with equal raw weights get equal smoothed weights, so the order of the draws does
 * not matter. */
#ifndef ABPOST_PSIS_H
#define ABPOST_PSIS_H

#include "abpost/error.h"

#include <stddef.h>

/* log_weights, in: `count` raw log importance ratios, any constant added; -inf is a weight of 0.
 * Out: smoothed and normalised, their exponentials sum to 1.
 *
 * khat (may be NULL): the Pareto shape of the tail. Three cases have no fit and leave the weights
 * as they are, only normalised: 0     the tail is flat: no weight lies above the M-th largest by
 * more than rounding, so the weights are bounded and many draws carry the largest one; +inf  one to
 * four draws lie above the tail's cutoff, or, with too few draws for a tail of five (S <= 20), the
 * weights are not all equal: nothing vouches for them; +inf  the fit itself is not finite. ess (may
 * be NULL): 1 / sum of squared normalised weights, in [1, count].
 *
 * Sorts a copy: 16 count bytes of memory. 0, or -1 with ABP_FAILED when memory is out and ABP_BUG
 * when count is 0, a weight is NaN or +inf, or every weight is -inf; then log_weights is as it was.
 */
int abp_psis(double *log_weights, size_t count, double *khat, double *ess,
             struct abp_error *err) ABP_MUST_CHECK;

/* The khat above which estimates from `count` draws are not reliable: min(1 - 1/log10(count), 0.7).
 * -inf for count < 2. */
double abp_psis_threshold(size_t count);

#endif
