/* What the parts of one evaluation share. */
#ifndef EVALUATE_EVALUATION_H
#define EVALUATE_EVALUATION_H

#include "abpost/config.h"
#include "abpost/contrast.h"
#include "abpost/level_guard.h"
#include "abpost/posts.h"
#include "abpost/result.h"
#include "abpost/verdict.h"
#include "evaluate/guard_rows.h"
#include "evaluate/table.h"

#include <stdint.h>

/* One level of a factor. */
struct level {
    size_t factor, number;               /* its number in its factor */
    struct abp_level_result *result;     /* borrowed */
    const char *factor_name, *zero_name; /* borrowed; zero_name: of the reference level */
    int is_zero;                         /* 1: the reference level itself */
    struct abp_evidence evidence;
};

/* What a verdict compares: a variant with the baseline, a level with the reference. */
struct comparison {
    const struct evaluation *e; /* borrowed, as is the rest */
    const struct abp_evidence *evidence;
    const char *name, *base;
    const char *factor;                         /* NULL: variants are compared */
    double p_better, expected_loss, q025, q975; /* the last two of the log lift */
    double cost, base_cost;                     /* NaN: not named */
};

struct evaluation {
    const struct abp_experiment *experiment; /* borrowed */
    const struct abp_posts *posts;           /* borrowed */
    uint64_t seed;
    struct table table;
    enum abp_family family;
    struct abp_priors priors;
    struct abp_contrast *contrasts; /* owned; variants */
    struct abp_evidence *evidence;  /* owned; variants */
    struct level *levels;           /* owned; all levels, factor by factor; without factors: none */
    size_t level_count;
    struct abp_posterior posterior; /* owned; draws 0: there is none */
    struct guard_rows guard;        /* owned; posts 0: there is none */
    int lean; /* 1: what the verdicts need and no more: no checks of the family, no warnings, no
                 guardrails, no forecast, no diagnoses */
    struct abp_result *result; /* borrowed: being filled */
};

/* Of an evaluation whose experiment, posts, seed, result and lean are set, and all else 0: empties
 * the result and makes the table; computes; frees all but the result. After a failed open nothing
 * is to be closed; after a failed run the caller releases the result, too. */
int evaluation_open(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
int evaluation_run(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
void evaluation_close(struct evaluation *e);

/* Adds one plain sentence to the result's warnings. */
int evaluation_warn(struct evaluation *e, struct abp_error *err, const char *format, ...)
    ABP_PRINTF(3, 4);

/* evaluate.c: the family and the priors, by the experiment and its table. */
void evaluation_choose_model(struct evaluation *e);
/* fit.c: the posterior (or its conjugate form), contrasts and the fit's own numbers. */
int evaluation_fit(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
/* fitness.c: is the data plainly not of the chosen family, and which fits better? */
int evaluation_check_family(struct evaluation *e, double p_extreme, double p_zeros,
                            struct abp_error *err) ABP_MUST_CHECK;
/* The same for the conjugate families: do posts of one style differ more than individuals can? */
int evaluation_check_spread(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
/* guards.c: the guard's e-values, and the guardrails. */
int evaluation_guard(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
int evaluation_guardrails(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
/* outlook.c: when a decision is likely, of each variant that has none. */
int evaluation_forecast(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
/* diagnoses.c: whether each variant's effect fades, and what its posts leave to the next ones. */
int evaluation_diagnose(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
/* warnings.c: what a reader should know of the data. */
int evaluation_warnings(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
/* reason.c: a probability for people: never "100 %", which no finite data gives. Returns text. */
const char *evaluation_percent(double p, char text[16]);
/* Verdict and reason of variant v. */
int evaluation_verdict(struct evaluation *e, size_t v, struct abp_error *err) ABP_MUST_CHECK;
/* The same of any comparison; *reason is the caller's. */
int evaluation_compare(enum abp_verdict *verdict, char **reason, const struct comparison *c,
                       struct abp_error *err) ABP_MUST_CHECK;
/* levels.c: names and counts of the factors' levels; effects and guards, once there are a posterior
 * and the guard's rows; verdicts. */
int evaluation_describe_levels(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
int evaluation_fit_levels(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
int evaluation_guard_levels(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;
/* What the guards of levels take; of a table with factors. */
struct abp_level_guard_input evaluation_level_guard_input(const struct abp_experiment *experiment,
                                                          const struct table *table,
                                                          const struct abp_guard_input *posts);
int evaluation_level_verdicts(struct evaluation *e, struct abp_error *err) ABP_MUST_CHECK;

#endif
