/* Whole experiments in generated worlds, for the statistical tests and the figures of
 * tests/bench/RESULTS.md: a design, worlds of many kinds, lives lived in them. */
#ifndef ABPOST_TESTS_TRIALS_H
#define ABPOST_TESTS_TRIALS_H

#include "abpost/evaluate.h"
#include "abpost/posterior.h"
#include "abpost/simulate.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL_POSTS    80
#define TRIAL_VARIANTS 8
#define TRIAL_DAY      INT64_C(86400)
#define TRIAL_MOST     160

struct trial_generator {
    const char *name;
    enum abp_family family;
    enum abp_tail tail;
    double kappa, level_sd, decay, trend;
};

/* model.md's six: two sizes of the negative binomial, two tails, and what no model here knows. */
static const struct trial_generator TRIAL_GENERATORS[] = {
    {"negative binomial, size 1.5", ABP_NEGBINOMIAL, ABP_TAIL_OWN, 0.8165, 0, 0, 0},
    {"negative binomial, size 0.7", ABP_NEGBINOMIAL, ABP_TAIL_OWN, 1.1952, 0, 0, 0},
    {"lognormal, sd 0.7", ABP_LOGNORMAL, ABP_TAIL_OWN, 0.7, 0, 0, 0},
    {"t3 on the log scale, scale 0.7", ABP_LOGNORMAL, ABP_TAIL_T3, 1.2124, 0, 0, 0},
    {"autocorrelated", ABP_NEGBINOMIAL, ABP_TAIL_OWN, 0.3162, 1.0, 0.9, 0},
    {"trend", ABP_NEGBINOMIAL, ABP_TAIL_OWN, 0.8165, 0, 0, 2.0},
};

#define TRIAL_GENERATOR_COUNT (sizeof TRIAL_GENERATORS / sizeof TRIAL_GENERATORS[0])

struct trial {
    struct abp_experiment experiment;
    struct abp_sim_slot slots[TRIAL_MOST];
    struct abp_sim_design design;
    struct abp_world world;
    double theta[TRIAL_VARIANTS];
    struct abp_sim_verdict verdicts[TRIAL_VARIANTS];
};

static char trial_name[] = "trial", trial_file[] = "trial.ini";

static inline struct abp_decision trial_decision(void)
{
    return (struct abp_decision){.confidence = 0.95,
                                 .alpha = 0.05,
                                 .rope = 0.05,
                                 .min_posts = 6,
                                 .value = NAN,
                                 .mu_sd = NAN,
                                 .lift_sd = NAN,
                                 .channel_sd = NAN,
                                 .interaction_sd = NAN,
                                 .slot_sd = NAN,
                                 .dispersion_sd = NAN,
                                 .prior_a = NAN,
                                 .prior_b = NAN};
}

/* `posts` posts, one a day, of `variants` styles on one channel. */
static inline void trial_open(struct trial *t, const struct trial_generator *g, size_t variants,
                              size_t posts)
{
    memset(t, 0, sizeof *t);
    t->experiment = (struct abp_experiment){.name = trial_name, .path = trial_file};
    t->experiment.decision = trial_decision();
    t->experiment.decision.family = g->family;
    t->experiment.horizon = 2 * TRIAL_DAY;
    t->experiment.schedule.present = 1;
    t->experiment.schedule.max_posts = (int64_t)posts;
    for (size_t i = 0; i < posts; i++)
        t->slots[i] = (struct abp_sim_slot){
            .at = (int64_t)i * TRIAL_DAY + 30000, .outcome = NAN, .exposure = 1.0};
    t->design = (struct abp_sim_design){.experiment = &t->experiment,
                                        .variants = variants,
                                        .slots = t->slots,
                                        .count = posts / variants * variants,
                                        .channels = 1,
                                        .slot_kinds = 1};
    t->world = (struct abp_world){.family = g->family,
                                  .tail = g->tail,
                                  .mu = log(20.0),
                                  .kappa = g->kappa,
                                  .variants = variants,
                                  .channels = 1,
                                  .slots = 1,
                                  .theta = t->theta,
                                  .level_sd = g->level_sd,
                                  .decay = g->decay,
                                  .trend = g->trend};
}

static inline struct abp_sim_outcome trial_live(struct trial *t, uint64_t seed)
{
    struct abp_sim_outcome out = {.variants = t->verdicts};
    struct abp_error err;
    if (abp_simulate(&out, &t->design, &t->world, seed, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return out;
}

/* 95 % interval of a share found k times in n (Wilson 1927). */
static inline void trial_interval(double interval[2], size_t k, size_t n)
{
    double z = 1.959964, p = (double)k / (double)n, m = (double)n;
    double centre = (p + z * z / (2 * m)) / (1 + z * z / m);
    double half = z / (1 + z * z / m) * sqrt(p * (1 - p) / m + z * z / (4 * m * m));
    interval[0] = centre - half;
    interval[1] = centre + half;
}

#endif
