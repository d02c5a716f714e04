/* Data as the fitted model would have made it, and how the real data looks beside it. */
#ifndef STATS_REPLICATE_H
#define STATS_REPLICATE_H

#include "stats/draws.h"

#include <gsl/gsl_rng.h>

/* One outcome of a post of exposure n. */
double stats_replicate(enum abp_family family, const struct stats_dispersion *d, double n,
                       double eta, gsl_rng *rng);

/* Posterior predictive p-values (Gelman, Meng & Stern 1996, "Posterior predictive assessment of
 * model fitness via realized discrepancies"): of the largest post beside its expectation (the
 * chance of one at least as extreme), and of the number of zeros (two-sided; 1 for lognormal).
 * terms: of the weighed draws at least. */
int stats_draws_check(const struct stats_draws *draws, const struct abp_data *data,
                      struct stats_terms *terms, double *p_extreme, double *p_zeros,
                      struct abp_error *err) ABP_MUST_CHECK;

#endif
