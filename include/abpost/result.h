/* What an evaluation says: the struct behind `abpost.evaluation/1`. Numbers that do not exist are
 * NaN here and null in JSON, never 0. */
#ifndef ABPOST_RESULT_H
#define ABPOST_RESULT_H

#include "abpost/error.h"
#include "abpost/family.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* One posterior marginal. */
struct abp_summary {
    double mean, sd, q025, q25, q50, q75, q975;
};

struct abp_guard_result {
    double e_value;      /* >= 0; NaN: no guard */
    double threshold;    /* comparisons over their part of alpha; NaN: no guard */
    double open_e_value; /* what e-BH across experiments takes (guard.h, fdr.h); NaN: no guard */
    size_t blocks;       /* blocks with both variants mature */
};

/* When a decision on this variant is likely (forecast.h). All NaN where there is nothing to
 * forecast: it is decided or exhausted, or was not randomised, or is of a conjugate family. */
struct abp_forecast_result {
    double posts;     /* to come, of all variants, until a decision is as likely as not; NaN: it is
                         not even at `by` */
    double weeks;     /* that these take; NaN where nothing says how often posts are made */
    double p_decided; /* by then: */
    double by;        /* posts in all: max_posts, or where there is no such limit as many again as
                         there are, and 40 more at least */
};

/* The same under the prior that was not learned (learn = yes); NaN: nothing was learned. */
struct abp_without_result {
    struct abp_summary log_lift;
    double p_better;
    enum abp_verdict verdict;
};

/* The spread of true lifts that past experiments teach (learn.h). */
struct abp_learned_result {
    size_t experiments;      /* that it was learned from; 0: it was not */
    size_t left_out;         /* that teach nothing, or were not randomised where this one is */
    double scale, low, high; /* used as lift_sd; its 95 % interval */
    double without;          /* lift_sd otherwise */
};

/* A style's effect under repetition, or what its posts leave behind (fading.h): an estimate that no
 * verdict counts on. NaN and 0: there are too few posts to say, or nothing says in which order they
 * were posted, or their labels were not shuffled. */
struct abp_diagnosis_result {
    double estimate, low, high; /* on the log scale; 95 % interval */
    double p_value;             /* that the order of the draw alone brings so much; two-sided */
    size_t posts;               /* that bear on it */
    int notable; /* 1: p_value is at most 0.05 among all styles together, and the interval leaves
                    out 0: worth a sentence */
};

struct abp_channel_result {
    char *name;   /* owned */
    size_t posts; /* of this variant on this channel */
    struct abp_summary log_lift;
    double p_better;
};

struct abp_variant_result {
    char *name;   /* owned */
    size_t posts; /* mature, observed */
    size_t missing;
    double outcome_total, exposure_total;
    double raw_ratio; /* outcome per exposure over the baseline's; NaN when the baseline's is 0 */
    /* NaN in the baseline's own entry, from here on except p_best and expected_loss */
    struct abp_summary log_lift, lift;
    struct abp_summary next_post; /* ratio of the next post of this style to the baseline's mean */
    double p_better, p_best, expected_loss;
    struct abp_summary net_value; /* of one post; NaN unless value and cost are named */
    double p_net_better;          /* P(net value > the baseline's) */
    struct abp_guard_result guard;
    struct abp_forecast_result forecast;
    struct abp_without_result without;
    struct abp_diagnosis_result fading;     /* change of the log ratio with each further post */
    struct abp_diagnosis_result carry_over; /* of the next post on the channel, log ratio */
    enum abp_verdict verdict;
    char *reason;                        /* owned; one plain sentence; NULL for the baseline */
    struct abp_channel_result *channels; /* owned; none when there is one channel */
    size_t channel_count;
};

/* One level of a factor: of all variants that have it. */
struct abp_level_result {
    char *name;            /* owned */
    size_t variants;       /* that have it */
    size_t posts, missing; /* of these */
    /* ratio of a post with this level to one with the reference level, all else the same; NaN of
       the reference's own, as is all that follows but p_best and expected_loss */
    struct abp_summary log_lift, lift;
    double p_better;
    double p_best, expected_loss;  /* among the levels of its factor */
    struct abp_guard_result guard; /* level_guard.h; NaN also where there are no pairs */
    size_t pairs; /* of variants that differ in this level and the reference's alone */
    enum abp_verdict verdict;
    char *reason; /* owned; one plain sentence; NULL of the reference */
};

struct abp_factor_result {
    char *name;                      /* owned */
    struct abp_level_result *levels; /* owned; the reference, which the baseline has, first */
    size_t level_count;
    struct abp_summary tau; /* the spread of this factor's levels; NaN without a fit */
};

struct abp_fit_result {
    char method[64];
    int reliable;     /* 0: the numbers could not be computed well enough; a warning says why */
    double khat, ess; /* importance weights' Pareto shape; effective sample size. NaN: conjugate */
    double seconds;
    uint64_t seed;
    /* NaN: not in this model. With factors tau_v is what combinations differ by beyond the sum of
       their levels */
    struct abp_summary kappa, tau_v, tau_u, tau_b, tau_w;
};

struct abp_result {
    char *name;     /* owned */
    char *baseline; /* owned; NULL when there is no data */
    enum abp_family family;
    int randomised; /* 1: the data carries its blocks, or abpost drew them */
    size_t posts, missing, channel_count, slot_count;
    struct abp_fit_result fit;
    struct abp_learned_result learned;
    struct abp_variant_result *variants; /* owned; the baseline first */
    size_t variant_count;
    struct abp_factor_result *factors; /* owned; in the order of the file; none: there are none */
    size_t factor_count;
    char **warnings; /* owned; each one plain sentence */
    size_t warning_count;
};

void abp_result_release(struct abp_result *result);

/* Adds one plain sentence to the warnings. ABP_FAILED: memory is out. */
int abp_result_warn(struct abp_result *result, struct abp_error *err, const char *format, ...)
    ABP_PRINTF(3, 4);
/* The same of arguments that the caller has begun to read. */
int abp_result_vwarn(struct abp_result *result, struct abp_error *err, const char *format,
                     va_list args) ABP_PRINTF(3, 0);

#endif
