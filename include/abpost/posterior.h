/* The Bayesian models of overdispersed posts: posterior of what each style is worth.
 *
 *     eta_i = mu + theta[v] + [C>1] (u[c] + b[v,c]) + [S>1] w[s]
 *
 * with one dispersion kappa between posts, exchangeable styles theta_v ~ N(0, tau_v^2) (the
 * baseline too), and half-normal priors on every scale. All scales are integrated out.
 *
 * Method. The scales (kappa and the taus, 2 to 5 of them) are mapped to the normal scores of their
 * priors, so that the prior is N(0, I) whatever its scale; quasi-random points from a fitted
 * split-normal with a defensive share of the prior carry the integral over them; given the scales
 * the latent field is Gaussian by Laplace with its mean corrected for skewness (Rue, Martino &
 * Chopin 2009, "Approximate Bayesian inference for latent Gaussian models", INLA); what that leaves
 * is corrected by importance sampling with Pareto-smoothed weights (Vehtari, Simpson, Gelman, Yao &
 * Gabry 2024). Where k-hat says that the weights can't be trusted, Markov chains take over. The
 * Gaussian mixture itself, drawn more finely than the weights are computed, is the
 * control variate. Same data, same seed, same numbers; one thread. */
#ifndef ABPOST_POSTERIOR_H
#define ABPOST_POSTERIOR_H

#include "abpost/error.h"
#include "abpost/family.h"
#include "abpost/result.h"

#include <stddef.h>
#include <stdint.h>

/* Variants may be put together from levels of factors (a question with a photo). Then what they are
 * worth is learned from all that have a level:
 *
 *     theta[v] = sum over factors f of alpha[level of v in f] + rho[v]
 *     alpha of f ~ N(0, tau_f^2), tau_f ~ N+(lift) for each factor;  rho ~ N(0, tau_v^2),
 *     tau_v ~ N+(lift / 4)
 *
 * The levels of a factor are exchangeable, as variants are otherwise. rho is what a combination is
 * worth beyond the sum of its levels: a question may do well with a photo and badly without. Left
 * out, such a thing would pass for certainty about the levels; with it a level's interval widens
 * where combinations disagree. A quarter of the lift's scale: most of what styles differ by is
 * taken to add up, as most of a style's worth is taken to be the same on every channel. */
#define ABP_POSTERIOR_FACTORS 4

/* One row a mature, observed post. Arrays are borrowed; `posts` long. */
struct abp_data {
    size_t posts;
    const double *y;         /* outcome >= 0; whole numbers for count families; > 0 for lognormal */
    const double *n;         /* exposure > 0; NULL: 1 for every post */
    const uint32_t *variant; /* below variants */
    const uint32_t *channel; /* below channels; NULL when channels is 1 */
    const uint32_t *slot;    /* below slots; NULL when slots is 1 */
    size_t variants, channels, slots; /* each at least 1; levels without a post are allowed */
    size_t factors;                   /* at most ABP_POSTERIOR_FACTORS; 0: variants as they are */
    const size_t *levels;             /* factors: how many levels each has */
    const size_t *level;              /* factors x variants, row-major: each variant's level */
};

/* Standard deviations: of mu's normal prior, and of the half-normal priors of the scales. > 0. */
struct abp_priors {
    double mu, lift, channel, interaction, slot, dispersion;
};

/* The default priors of model.md for a family. */
struct abp_priors abp_default_priors(enum abp_family family);

/* What a posterior is asked beyond its draws. */
struct abp_posterior_options {
    uint64_t seed;
    uint32_t baseline;  /* the variant that ratios are taken to */
    int mean_outcomes;  /* 1: fill `outcome`, the mean outcome of one post of each variant */
    int check;          /* 1: fill p_extreme and p_zeros */
    int log_scores;     /* 1: fill `post_scores`, of at most ABP_SCORES_MOST posts */
    size_t draws_least; /* 0: the default; else at least so many weighted draws */
    size_t draws_most;  /* 0: as many as precision takes; else about so many are enough */
    int chains;         /* 1: Markov chains even where importance weights are good */
};

/* Weighted draws. weight[i] sum to 1; single weights may be slightly negative (the control
 * variate), expectations are plain weighted sums. Everything is owned by the struct. */
struct abp_posterior {
    enum abp_family family;
    size_t draws, variants, channels;
    double *weight;                                /* draws */
    double *mu;                                    /* draws */
    double *theta;                                 /* draws x variants, row-major */
    double *kappa, *tau_v, *tau_u, *tau_b, *tau_w; /* draws; tau_u, tau_b, tau_w NULL when absent */
    size_t levels, factors;                        /* of all factors together; 0: there are none */
    double *alpha;   /* draws x levels, factor by factor, or NULL: see above */
    double *tau_f;   /* draws x factors, or NULL */
    double *outcome; /* draws x variants, or NULL: the mean outcome of one post of the style on the
                        channels, slots and exposures seen so far */
    /* variants x channels, row-major, NaN for the baseline; NULL with one channel */
    struct abp_summary *channel_log_lift;
    double *channel_p_better;
    /* posts, or NULL: log predictive density of each post when left out: by importance weights
       (PSIS-LOO), of up to 12 posts (of large data fewer) that these can't tell of well by a fit to
       all others; NaN where neither tells */
    double *post_scores;
    /* Posterior predictive p-values, NaN unless asked: of the largest post beside what was expected
       of it, and of the number of zeros. Small: the data is not of this family. */
    double p_extreme, p_zeros;
    double khat; /* of the importance weights */
    /* Where these are not to be trusted the draws are Markov chains' (stats/chains.h), and this is
       their worst R-hat; NaN: the draws are weighted. */
    double rhat;
    double ess; /* of the importance weights, or the chains' least */
};

/* Limits of what is told as it stands: effective draws of weights and of chains; R-hat (of split
 * chains; the limit is that of Vehtari et al. 2021, "Rank-normalization, folding, and
 * localization"). Draws of weights have the mixture as a control variate, those of chains have
 * nothing: it takes a thousand of them to be within 0.016 of a probability, so chains go on to
 * 4,000 where they can. */
#define ABP_ESS_LIMIT  100.0
#define ABP_ESS_CHAINS 1000.0
#define ABP_RHAT_LIMIT 1.01

/* 1: the draws passed the tests of the way that they were made in. */
int abp_posterior_reliable(const struct abp_posterior *posterior);

/* 0, or -1: ABP_DATA for an outcome that the family does not have (said which), ABP_FAILED when
 * memory is out. `posterior` needs no initialisation; release it after a return of 0. */
int abp_posterior_fit(struct abp_posterior *posterior, const struct abp_data *data,
                      enum abp_family family, const struct abp_priors *priors,
                      const struct abp_posterior_options *options,
                      struct abp_error *err) ABP_MUST_CHECK;
void abp_posterior_release(struct abp_posterior *posterior);

/* Can a post of the family have this outcome, of this exposure (1 where there is none)? 0; -1,
 * ABP_DATA: "its outcome is 5.5; family negbinomial counts ...". */
int abp_posterior_accepts(enum abp_family family, double outcome, double exposure,
                          struct abp_error *err) ABP_MUST_CHECK;

/* Scores are of every post, or of so many posts evenly spread over the rows. */
#define ABP_SCORES_MOST 500

/* k-hat above this: the weights' mean can't be trusted (Vehtari et al. 2024, their 0.7). */
#define ABP_KHAT_LIMIT 0.7

#endif
