/* A sampler that is exact whatever the posterior's shape, for data that importance sampling can't
 * be trusted with: Markov chains over scales and latent field together.
 *
 * Elliptical slice sampling in its general form (Nishihara, Murray & Adams 2014, "Parallel MCMC
 * with generalized elliptical slice sampling"): the posterior is written as a multivariate t times
 * what it differs by; ellipses through draws of the t are proposed, and a step is never rejected.
 * The t is fitted to the mixture's draws, then twice to what the chains themselves have seen while
 * they warm up; from then on it stands still. Nothing else is to be tuned, the tails may be heavier
 * than a Gaussian's, and where the t is near the posterior draws are as good as independent. Terms
 * are measured in units that shrink with their scale (stats_latent_rescale), without which the
 * posterior is a funnel; between such steps each scale takes one with the terms held where they
 * are. */
#ifndef STATS_CHAINS_H
#define STATS_CHAINS_H

#include "stats/draws.h"

/* Most terms and scales together. */
#define STATS_CHAINS_MOST 400

/* Whether the model is of a size that chains can be run for, and its likelihood has the digits. */
int stats_chains_possible(const struct stats_latent *latent);

/* Replaces the draws by those of chains, all of the same weight: `rhat` is the worst over the
 * scales, mu and the styles' differences, `ess` the least. khat stays what it was. rhat is infinite
 * where a scale is at the lower end of what is looked at, as with data that leaves its posterior
 * without an end there. 0, or -1 when memory is out; then the draws are as they were. */
int stats_chains_run(struct stats_draws *draws, struct stats_latent *latent,
                     const struct abp_priors *priors, struct abp_error *err) ABP_MUST_CHECK;

#endif
