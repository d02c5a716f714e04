/* How well Markov chains agree and how many independent draws they are worth (Gelman et al. 2013,
 * "Bayesian Data Analysis", 11.4 and 11.5; Geyer 1992 for where the autocorrelations end). */
#ifndef STATS_CONVERGENCE_H
#define STATS_CONVERGENCE_H

#include "abpost/error.h"

#include <stddef.h>

/* Of one number: `chains` sequences of `length` (at least 8) one after another, each cut in halves
 * that count as sequences. ess: of all draws together, for their mean. A number that never moves
 * has an R-hat of infinity. 0, or -1 when memory is out. */
int stats_convergence(double *rhat, double *ess, const double *values, size_t chains, size_t length,
                      struct abp_error *err) ABP_MUST_CHECK;

#endif
