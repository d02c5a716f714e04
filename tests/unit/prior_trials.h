/* Experiments drawn from the prior of the negative binomial model, evaluated part of the way and
 * then followed to their end: is what was said of them then true? */
#ifndef ABPOST_TESTS_PRIOR_TRIALS_H
#define ABPOST_TESTS_PRIOR_TRIALS_H

#include "trials.h"

#include "abpost/guard.h"
#include "evaluate/evaluation.h"

struct prior_trial {
    struct trial t;
    double kappa;
    struct abp_post_row rows[TRIAL_MOST];
    struct abp_posts posts;
    char names[TRIAL_VARIANTS][4];
    char *variant_list[TRIAL_VARIANTS], *one_list[1];
};

/* `variants` styles in blocks; everything drawn from the default priors, but for the mean, which
 * the model centres on the data: 20 times e^N(0, 1). tail: what the posts' spread is like in truth.
 */
static inline void prior_draw(struct prior_trial *p, enum abp_family family, enum abp_tail tail,
                              size_t variants, size_t posts, unsigned long seed)
{
    static char nowhere[] = "";
    struct trial_generator g = {"prior", family, tail, 0, 0, 0, 0};
    struct abp_priors priors = abp_default_priors(family);
    struct abp_world_post coming[TRIAL_MOST];
    double outcomes[TRIAL_MOST], tau;
    size_t order[TRIAL_VARIANTS], used = posts / variants * variants;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);
    memset(p, 0, sizeof *p);
    trial_open(&p->t, &g, variants, posts);
    p->kappa = p->t.world.kappa = fabs(gsl_ran_gaussian(rng, priors.dispersion));
    p->t.world.mu = log(20.0) + gsl_ran_gaussian(rng, 1.0);
    tau = fabs(gsl_ran_gaussian(rng, priors.lift));
    for (size_t v = 0; v < variants; v++) {
        p->t.theta[v] = gsl_ran_gaussian(rng, tau);
        snprintf(p->names[v], sizeof p->names[v], "v%u", (unsigned)v % 10u);
        p->variant_list[v] = p->names[v];
        order[v] = v;
    }
    p->one_list[0] = nowhere;
    for (size_t i = 0; i < used; i++) {
        if (i % variants == 0)
            gsl_ran_shuffle(rng, order, variants, sizeof *order);
        coming[i] = (struct abp_world_post){.variant = order[i % variants], .exposure = 1.0};
    }
    struct abp_error err;
    if (abp_world_outcomes(outcomes, coming, used, &p->t.world, seed, &err) != 0)
        abort();
    for (size_t i = 0; i < used; i++)
        p->rows[i] = (struct abp_post_row){.outcome = outcomes[i],
                                           .exposure = 1.0,
                                           .variant = (uint32_t)coming[i].variant,
                                           .block = (int64_t)(i / variants),
                                           .posted_at = p->t.slots[i].at,
                                           .has_time = 1};
    p->posts = (struct abp_posts){.name = trial_name,
                                  .rows = p->rows,
                                  .count = used,
                                  .variants = {p->variant_list, variants},
                                  .channels = {p->one_list, 1},
                                  .slots = {p->one_list, 1},
                                  .block_count = used / variants,
                                  .randomised = 1};
    p->t.experiment.baseline = p->names[0];
    gsl_rng_free(rng);
}

/* What abpost evaluate says after the first `count` posts. The caller releases. */
static inline struct abp_result prior_evaluate(const struct prior_trial *p, size_t count)
{
    struct abp_posts seen = p->posts;
    struct abp_result result;
    struct abp_error err;
    seen.count = count;
    if (abp_evaluate(&result, &p->t.experiment, &seen, 1, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    return result;
}

/* The same without checks of the family, warnings and forecasts: much quicker. */
static inline struct abp_result prior_evaluate_lean(const struct prior_trial *p, size_t count)
{
    struct abp_posts seen = p->posts;
    struct abp_result result;
    struct abp_error err;
    struct evaluation e = {
        .experiment = &p->t.experiment, .posts = &seen, .seed = 1, .result = &result, .lean = 1};
    seen.count = count;
    if (evaluation_open(&e, &err) != 0 || evaluation_run(&e, &err) != 0) {
        fprintf(stderr, "%s\n", err.message);
        abort();
    }
    evaluation_close(&e);
    return result;
}

/* The verdict on style v after the first `count` posts. */
static inline enum abp_verdict prior_verdict(const struct prior_trial *p, size_t v, size_t count)
{
    struct abp_result result = prior_evaluate_lean(p, count);
    enum abp_verdict verdict = result.variants[v].verdict;
    abp_result_release(&result);
    return verdict;
}

/* What the guard says after the first `count` posts; a variant each. */
static inline void prior_guard(struct abp_guard_output *out, const struct prior_trial *p,
                               size_t count)
{
    size_t K = p->posts.variants.count, variant[TRIAL_MOST];
    double outcome[TRIAL_MOST], exposure[TRIAL_MOST];
    int64_t block[TRIAL_MOST];
    struct abp_guard_input in = {.outcome = outcome,
                                 .exposure = exposure,
                                 .variant = variant,
                                 .block = block,
                                 .probability = p->posts.chance,
                                 .posts = count,
                                 .variants = K,
                                 .threshold = (double)(K - 1) / 0.05,
                                 .planned_blocks = p->posts.count / K};
    for (size_t i = 0; i < count; i++) {
        outcome[i] = p->rows[i].outcome;
        exposure[i] = 1.0;
        variant[i] = p->rows[i].variant;
        block[i] = p->rows[i].block;
    }
    if (abp_guard(out, &in, NULL) != 0)
        abort();
}

/* The posts after which style v has its verdict, looking after every block from `from` posts on;
 * 0: never. The guard is asked first, since no repeat or drop comes without it. */
static inline size_t prior_decided(const struct prior_trial *p, size_t v, size_t from)
{
    size_t K = p->posts.variants.count;
    struct abp_guard_output out[TRIAL_VARIANTS];
    for (size_t count = from; count <= p->posts.count; count += K) {
        prior_guard(out, p, count);
        if (out[v].max_e_value < (double)(K - 1) / 0.05)
            continue;
        enum abp_verdict verdict = prior_verdict(p, v, count);
        if (verdict == ABP_REPEAT || verdict == ABP_DROP)
            return count;
    }
    return 0;
}

#endif
