#include "abpost/learned.h"

#include "evaluate/evaluation.h"

#include "abpost/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS 600 /* of tau_v, kept of each experiment: several times what learning asks for */

/* Every so many-th of the posterior's mass; single negative weights count as none. */
static int keep_draws(struct abp_learned_draws *out, const struct abp_posterior *p,
                      struct abp_error *err)
{
    double total = 0.0, sum = 0.0;
    size_t at = 0;
    if (!(out->tau = calloc(DRAWS, sizeof *out->tau)))
        return abp_fail_memory(err);
    out->draws = DRAWS;
    for (size_t i = 0; i < p->draws; i++)
        total += fmax(0.0, p->weight[i]);
    for (size_t k = 0; k < DRAWS; k++) {
        double goal = total * ((double)k + 0.5) / DRAWS;
        while (at + 1 < p->draws && sum + fmax(0.0, p->weight[at]) < goal)
            sum += fmax(0.0, p->weight[at++]);
        out->tau[k] = p->tau_v[at];
    }
    return 0;
}

/* 1: two styles have posts enough. */
static int can_teach(const struct table *t)
{
    size_t styles = 0;
    for (size_t v = 0; v < t->variant_count; v++)
        styles += t->variants[v].posts >= ABP_LEARNED_POSTS ? 1u : 0u;
    return styles >= 2;
}

int abp_learned_draw(struct abp_learned_draws *out, const struct abp_experiment *experiment,
                     const struct abp_posts *posts, double scale, uint64_t seed,
                     struct abp_error *err)
{
    struct abp_result result;
    struct abp_experiment under = *experiment;
    struct abp_error own;
    memset(out, 0, sizeof *out);
    under.factor_count = 0; /* what is learned is the spread between styles as they are */
    if (!isnan(scale))
        under.decision.lift_sd = scale;
    struct evaluation e = {
        .experiment = &under, .posts = posts, .seed = seed, .result = &result, .lean = 1};
    if (evaluation_open(&e, &own) != 0)
        return own.code == ABP_DATA ? 0 : (*err = own, -1);
    if (!can_teach(&e.table)) {
        evaluation_close(&e);
        return 0;
    }
    int rc = evaluation_run(&e, &own);
    out->scale = e.priors.lift;
    if (rc == 0 && e.posterior.draws && result.fit.reliable)
        rc = keep_draws(out, &e.posterior, &own);
    evaluation_close(&e);
    abp_result_release(&result);
    if (rc == 0 || own.code == ABP_DATA)
        return 0;
    *err = own;
    return -1;
}

void abp_learned_draws_release(struct abp_learned_draws *draws)
{
    free(draws->tau);
    memset(draws, 0, sizeof *draws);
}

/* The plain evaluation's numbers, beside those under what was learned. */
static void set_beside(struct abp_result *result, const struct abp_result *plain)
{
    for (size_t v = 0; v < result->variant_count && v < plain->variant_count; v++)
        result->variants[v].without = (struct abp_without_result){
            plain->variants[v].log_lift, plain->variants[v].p_better, plain->variants[v].verdict};
}

int abp_evaluate_learned(struct abp_result *result, const struct abp_experiment *experiment,
                         const struct abp_posts *posts, const struct abp_learned *learned,
                         size_t experiments, uint64_t seed, struct abp_error *err)
{
    struct abp_experiment under = *experiment;
    struct abp_result plain;
    under.decision.lift_sd = learned->scale;
    if (abp_evaluate(&plain, experiment, posts, seed, err) != 0)
        return -1;
    if (abp_evaluate(result, &under, posts, seed, err) != 0) {
        abp_result_release(&plain);
        return -1;
    }
    double before = experiment->decision.lift_sd;
    result->learned = (struct abp_learned_result){
        .experiments = experiments,
        .scale = learned->scale,
        .low = learned->low,
        .high = learned->high,
        .without = isnan(before) ? abp_default_priors(result->family).lift : before};
    set_beside(result, &plain);
    abp_result_release(&plain);
    return 0;
}
