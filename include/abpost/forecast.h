/* How long until a decision is likely: the future of an experiment, generated from what is known of
 * it now.
 *
 * Each of several hundred worlds takes one draw of the posterior for the truth, generates the posts
 * to come (world.h) and goes on with the guard from where it stands. A variant is decided after the
 * first block to come at which
 *
 *     the guard has reached its threshold, for the side that the lift is then on, and
 *     P(lift > min_lift), or P(lift < -min_lift), is at least the confidence; or
 *     P(|lift| < rope) is,
 *
 * with min_posts on both sides, and not for the better where it is worth less after its cost. The
 * posterior at that time is today's, reweighted: the posts to come of the two styles are summed up
 * as one normal observation of the log lift, whose variance is that of the difference of two log
 * means weighted by information, plus what differs by channel. Today's draws keep the fit's
 * shrinkage in it. Truth and posterior being of one distribution, the chances are calibrated as far
 * as the family is right (bench_results has how far).
 *
 * It looks after every block; and where the order of past blocks is only that of a file, at
 * ABP_FORECAST_LOOKS times. */
#ifndef ABPOST_FORECAST_H
#define ABPOST_FORECAST_H

#include "abpost/guard.h"
#include "abpost/posterior.h"

#define ABP_FORECAST_LOOKS  8
#define ABP_FORECAST_WORLDS 200

struct abp_forecast_input {
    const struct abp_guard_input *guard;   /* borrowed; the mature posts so far */
    int timed;                             /* 1: what the guard once reached stays reached */
    const uint32_t *channel;               /* borrowed; of these posts; NULL with one channel */
    size_t channels;                       /* at least 1 */
    const struct abp_posterior *posterior; /* borrowed; of these posts */
    size_t blocks;                         /* to come: one post of every variant each; at least 1 */
    const unsigned char *wanted;   /* borrowed; variants: 1: forecast this one; NULL: all of them */
    const unsigned char *too_dear; /* borrowed; variants: 1: after its cost it is worth less than
                                      the baseline, so that `repeat` is out; NULL: none is */
    double confidence, min_lift, rope;
    size_t min_posts;
    size_t worlds; /* 0: ABP_FORECAST_WORLDS, fewer where there are thousands of posts */
    uint64_t seed;
};

struct abp_forecast {
    double p_decided; /* chance of a decision after all blocks to come; NaN: the baseline, or not
                         wanted */
    double posts;     /* posts to come, of all variants, after which a decision is as likely as not;
                         NaN: it is not even after all of them */
};

/* Fills out[0..variants). chances: NULL, or variants x blocks, row-major: the chance of a decision
 * after each block to come. -1: ABP_DATA as abp_guard, ABP_FAILED: memory is out. */
int abp_forecast(struct abp_forecast *out, double *chances, const struct abp_forecast_input *in,
                 struct abp_error *err) ABP_MUST_CHECK;

/* ---- before the first post ---- */

struct abp_floor_input {
    enum abp_family family;
    double mu, kappa; /* of the account's posts: log (or logit) rate and spread; world.h */
    double exposure;  /* of a post; 1: none */
    size_t variants, channels, slots;
    size_t blocks;         /* of one post of every variant each; at least 1 */
    size_t planned_blocks; /* what the guard is told; 0: no end */
    double alpha, confidence, min_lift;
    size_t min_posts;
    double power;  /* in (0, 1): how sure it must be found; 0.8 by custom */
    size_t worlds; /* 0: 300 */
    uint64_t seed;
};

/* *ratio: the smallest rate ratio of one style to the baseline that an experiment of that size
 * finds with that chance, within 2 %; NaN where even a tenfold one is missed. The posterior is
 * taken as normal without shrinkage. Fails as above. */
int abp_forecast_floor(double *ratio, const struct abp_floor_input *in,
                       struct abp_error *err) ABP_MUST_CHECK;

#endif
