/* learn = yes: the spread of true lifts, learned from an account's other experiments. */
#ifndef ABPOST_CLI_LEARNING_H
#define ABPOST_CLI_LEARNING_H

#include "source.h"

#include "abpost/learned.h"
#include "abpost/result.h"

struct abp_learning {
    int asked;          /* 1: learn = yes */
    size_t experiments; /* that taught; 0: nothing was asked for or learned */
    size_t left_out;    /* that teach nothing (abp_learned_draw), or were not randomised */
    struct abp_learned learned;
};

/* Where the experiment file says learn = yes, fits its past experiments: of a file that holds many,
 * all of them; else the workspace's other experiments with the same outcome. Takes a fit of each,
 * on env->threads. Fewer than two teach nothing. An experiment
 * with random blocks learns only from such: differences that nobody drew may be those of whatever
 * else differed. */
int abp_learning_find(struct abp_learning *learning, const struct abp_source *source,
                      const struct abp_sources *sources, struct abp_error *err) ABP_MUST_CHECK;

/* abp_evaluate, or abp_evaluate_learned where something was learned; warns where it was asked for
 * in vain. */
int abp_learning_evaluate(struct abp_result *result, const struct abp_learning *learning,
                          const struct abp_experiment *experiment, const struct abp_posts *posts,
                          uint64_t seed, struct abp_error *err) ABP_MUST_CHECK;

#endif
