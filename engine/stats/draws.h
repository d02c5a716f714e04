/* Draws from the mixture of Gaussians over the points, and what importance sampling makes of them.
 *
 * Most draws are from the mixture itself ("narrow"). The first `weighed` draws have an importance
 * weight; among them every STATS_WIDE_EVERY-th comes from the same mixture made wider in every
 * direction, so that weights stay bounded where a posterior's skewed tail lies above the Gaussian
 * (Hesterberg 1995, "Weighted average importance sampling and defensive mixture distributions").
 * The mixture is cheap to draw evenly and is near the posterior, so expectations are
 *
 *     mean over the rest of f + sum over the weighed of (w_i - r_i) f_i,
 *
 * w_i the weight to the posterior, r_i the weight to the narrow mixture, each summing to 1: the
 * mixture's own expectation is a control variate, and what the wide draws cost is no error of it
 * (Owen & Zhou 2000, "Safe and effective importance sampling"). Written as one weight a draw.
 *
 * Draws come in three runs: the first weighed, more weighed, the rest. Each goes through the points
 * once in their order, in even steps of their shares (stratified, and every Gaussian is fetched
 * once), so that a share of the draws that stands for all must be spread over all of them. */
#ifndef STATS_DRAWS_H
#define STATS_DRAWS_H

#include "stats/scales.h"

#include <gsl/gsl_rng.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_WIDE_EVERY 11

struct stats_draws {
    const struct stats_latent *latent; /* borrowed */
    const struct stats_points *points; /* borrowed */
    uint64_t seed;
    size_t count, weighed; /* all draws; how many of them, from the first, are weighed */
    size_t whole;          /* how many, from the first, have their slots' terms */
    double wide;           /* how much wider the wide mixture is */
    uint32_t *point;       /* owned; count: which point's Gaussian */
    double *globals;       /* owned; count x globals */
    double
        *radius; /* owned; weighed: squared distance from that Gaussian's centre, in its own sd */
    double *narrow;    /* owned; weighed: the narrow mixture's density over the whole one's */
    double *log_ratio; /* owned; weighed: raw log importance ratios */
    double *weight;    /* owned; count; sum to 1 */
    gsl_rng *slot_rng; /* owned; stands behind draw `whole` */
    double khat, ess;
    /* log p(y), the likelihood of all posts with everything integrated out, but for constants that
       only the data and the number of scales decide; NaN where the weights do not tell */
    double log_evidence;
    /* of each of the weighed all u_c, then all b_vc, channel after channel; NULL where these are
       too many, or there are no channels */
    double *terms; /* owned; weighed x channels x (1 + variants) */
    /* draws of chains: their own scales, no point; all draws count as weighed */
    struct stats_scales *scales; /* owned; count; NULL: draws of the mixture */
    double rhat;                 /* NaN: draws of the mixture */
};

/* 0, or -1 with ABP_FAILED when memory is out. `least`: draws that are weighed at least; `most`:
 * beyond which no more are weighed for precision's sake, 0: as many as that takes. */
int stats_draws_init(struct stats_draws *draws, const struct stats_latent *latent,
                     const struct stats_points *points, uint64_t seed, size_t least, size_t most,
                     struct abp_error *err) ABP_MUST_CHECK;
void stats_draws_release(struct stats_draws *draws);

/* Replaces the draws by others, which are whole and owned from then on: count; count; count x
 * globals; count; count; see above. terms: NULL without channels. */
void stats_draws_replace(struct stats_draws *draws, size_t count, struct stats_scales *scales,
                         double *globals, double *weight, double *log_ratio, double *terms);

/* The scales of draw i. */
const struct stats_scales *stats_draw_scales(const struct stats_draws *draws, size_t i);
/* The Gaussian that draw i of the mixture came from, and how much wider it was drawn. */
const struct stats_field *stats_draw_field(const struct stats_draws *draws, size_t i);
double stats_draw_width(const struct stats_draws *draws, size_t i);

/* Draws the slots' terms of every draw; without this only the weighed ones have them. 0, or -1 when
 * memory is out. */
int stats_draws_complete(struct stats_draws *draws, struct abp_error *err) ABP_MUST_CHECK;

/* The generator of a stream of this seed; NULL when memory is out. */
gsl_rng *stats_stream(uint64_t seed, uint64_t number);

/* ---- the channels' terms ---- */

/* They are drawn afresh wherever they are needed: 1 + variants numbers for every draw and channel
 * may be too many to keep. Of the weighed draws, whose weights look at all terms together, their
 * normals are random, in pairs of opposite sign; of the rest, where each channel is looked at for
 * itself, they are quasi-random, each its own Richtmyer sequence (Niederreiter 1978, "Quasi-Monte
 * Carlo methods and pseudo-random numbers", section 3). */
struct stats_walk {
    const struct stats_draws *draws; /* borrowed */
    size_t first, count, next;       /* channels; the draw that comes next */
    gsl_rng **rngs;                  /* owned; count */
    uint64_t *at, *step;             /* owned; count x (1 + variants): in units of 2^-64 */
    double *normals, *used;          /* owned; the same: drawn, and as the last draw had them */
    double *change;                  /* owned; globals */
};

/* To be released whatever comes back. */
int stats_walk_init(struct stats_walk *walk, const struct stats_draws *draws, size_t first,
                    size_t count, struct abp_error *err) ABP_MUST_CHECK;
void stats_walk_release(struct stats_walk *walk);
/* u_c and b_vc of draw `next`: of channel first + k at u[k * apart], b[(k * apart) * variants + v].
 */
void stats_walk_step(struct stats_walk *walk, double *u, double *b, size_t apart);

/* Numbers that are kept at most: 32 MiB. */
#define STATS_TERMS_MOST ((size_t)1 << 22)

/* The terms of the first `count` draws. Without channel terms in the model there is one pass and u
 * and b stay NULL. Where memory allows, all channels are drawn at once, draw after draw, so that
 * each Gaussian is fetched once. */
struct stats_terms {
    size_t passes;         /* channels to go through */
    size_t count, kept;    /* kept: channels that memory holds here, all or 1 */
    double *u;             /* borrowed from all_u; count: of the channel loaded last */
    double *b;             /* borrowed from all_b; count x variants */
    double *all_u, *all_b; /* owned; kept x the same */
};

int stats_terms_init(struct stats_terms *terms, const struct stats_draws *draws, size_t count,
                     struct abp_error *err) ABP_MUST_CHECK;
/* Fills u and b for channel c: the same numbers at every call. */
int stats_terms_load(struct stats_terms *terms, const struct stats_draws *draws, size_t c,
                     struct abp_error *err) ABP_MUST_CHECK;
void stats_terms_release(struct stats_terms *terms);

/* ---- leave-one-out ---- */

/* Log predictive density of every post when it is left out, by Pareto-smoothed importance sampling
 * (Vehtari, Gelman & Gabry 2017, "Practical Bayesian model evaluation using leave-one-out
 * cross-validation and WAIC"), of ABP_SCORES_MOST posts at most; NaN for the others and where
 * k-hat is above ABP_KHAT_LIMIT. khats: of each, NaN for the others. */
int stats_draws_scores(const struct stats_draws *draws, const struct abp_data *data, double *scores,
                       double *khats, struct abp_error *err) ABP_MUST_CHECK;

/* Every so many-th post is asked for a score, from the first. */
size_t stats_scores_stride(const struct abp_data *data);

/* Log predictive density of post `row` of `data` under draws that were made without it; NaN where
 * they are not reliable. */
int stats_draws_predict(const struct stats_draws *draws, const struct abp_data *data, size_t row,
                        double *score, struct abp_error *err) ABP_MUST_CHECK;

#endif
