#include "learning.h"

#include "past.h"
#include "pool.h"

#include "abpost/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 2 /* experiments that teach */
#define FITS  2 /* of each at most: the second under what the first taught */

struct lesson {
    struct abp_posts posts;
    struct abp_learned_draws draws;
    struct abp_error err;
    const struct abp_experiment *experiment; /* borrowed */
    int loaded, failed;
};

struct school {
    const struct abp_env *env;        /* borrowed */
    const struct abp_source *sources; /* borrowed; whose experiments are fitted */
    size_t source_count, at_source, at_experiment;
    int randomised; /* 1: only randomised ones teach */
    size_t left_out;
    double scale;                    /* to fit under; NaN: each one's own */
    struct abp_learned_draws *drawn; /* owned */
    size_t count, capacity;
    struct abp_error first;
    int failed;
};

/* ---- fitting them, on several threads ---- */

static void *next_lesson(void *context)
{
    struct school *s = context;
    while (s->at_source < s->source_count && s->at_experiment >= s->sources[s->at_source].count) {
        s->at_source++;
        s->at_experiment = 0;
    }
    if (s->at_source == s->source_count || s->failed)
        return NULL;
    struct lesson *lesson = calloc(1, sizeof *lesson);
    if (!lesson)
        return NULL;
    const struct abp_source *source = &s->sources[s->at_source];
    lesson->experiment = &source->experiment;
    lesson->failed = abp_source_load(&lesson->posts, source, s->at_experiment++, &lesson->err) != 0;
    lesson->loaded = !lesson->failed;
    return lesson;
}

static void work(void *context, void *argument)
{
    const struct school *s = context;
    struct lesson *lesson = argument;
    if (lesson->failed || (s->randomised && !lesson->posts.randomised))
        return;
    lesson->failed = abp_learned_draw(&lesson->draws, lesson->experiment, &lesson->posts, s->scale,
                                      s->env->seed, &lesson->err) != 0;
}

static int keep(struct school *s, struct lesson *lesson, struct abp_error *err)
{
    if (s->count == s->capacity) {
        size_t capacity = s->capacity ? 2 * s->capacity : 64;
        struct abp_learned_draws *grown = realloc(s->drawn, capacity * sizeof *grown);
        if (!grown)
            return abp_fail_memory(err);
        s->drawn = grown;
        s->capacity = capacity;
    }
    s->drawn[s->count++] = lesson->draws;
    lesson->draws.tau = NULL;
    return 0;
}

static int deliver(void *context, void *argument, struct abp_error *err)
{
    struct school *s = context;
    struct lesson *lesson = argument;
    if (lesson->failed) {
        *err = lesson->err;
        return -1;
    }
    if (lesson->draws.tau)
        return keep(s, lesson, err);
    s->left_out++;
    return 0;
}

static void discard(void *context, void *argument)
{
    struct lesson *lesson = argument;
    (void)context;
    if (lesson->loaded)
        abp_posts_release(&lesson->posts);
    abp_learned_draws_release(&lesson->draws);
    free(lesson);
}

static void forget(struct school *s)
{
    for (size_t i = 0; i < s->count; i++)
        abp_learned_draws_release(&s->drawn[i]);
    s->count = s->left_out = 0;
    s->at_source = s->at_experiment = 0;
}

/* ---- what they say together ---- */

static int conclude(struct abp_learned *learned, const struct school *s, struct abp_error *err)
{
    struct abp_learn_draws *draws = calloc(s->count + 1, sizeof *draws);
    if (!draws)
        return abp_fail_memory(err);
    for (size_t i = 0; i < s->count; i++)
        draws[i] = (struct abp_learn_draws){
            .tau = s->drawn[i].tau, .draws = s->drawn[i].draws, .scale = s->drawn[i].scale};
    int rc = abp_learn(learned, draws, s->count, err);
    free(draws);
    return rc;
}

static int learn(struct abp_learning *learning, struct school *s, struct abp_error *err)
{
    struct abp_pool pool = {s->env->threads, s->env->stop, s, next_lesson, work, deliver, discard};
    int rc = 0;
    s->scale = NAN;
    for (int fit = 0; fit < FITS; fit++) {
        forget(s);
        rc = abp_pool_run(&pool, err);
        learning->left_out = s->left_out;
        if (rc != 0 || s->count < LEAST)
            break;
        rc = conclude(&learning->learned, s, err);
        if (rc != 0)
            break;
        learning->experiments = s->count;
        if (!learning->learned.refit)
            break;
        s->scale = learning->learned.scale;
    }
    forget(s);
    free(s->drawn);
    return rc;
}

int abp_learning_find(struct abp_learning *learning, const struct abp_source *source,
                      const struct abp_sources *sources, struct abp_error *err)
{
    memset(learning, 0, sizeof *learning);
    const struct abp_experiment *e = &source->experiment;
    if (!e->decision.learn)
        return 0;
    learning->asked = 1;
    struct school s = {.env = sources->env,
                       .sources = source,
                       .source_count = 1,
                       .randomised = e->schedule.present || e->import.block != NULL};
    if (source->count > 1)
        return learn(learning, &s, err);
    struct abp_source *others;
    size_t count;
    if (abp_past_open(&others, &count, e, sources, err) != 0)
        return -1;
    s.sources = others;
    s.source_count = count;
    int rc = learn(learning, &s, err);
    for (size_t i = 0; i < count; i++)
        abp_source_close(&others[i]);
    free(others);
    return rc;
}

static int warn_in_vain(struct abp_result *result, const struct abp_learning *learning,
                        struct abp_error *err)
{
    return abp_result_warn(
        result, err,
        "learn = yes, but there is too little to learn from, so lift_sd stays as it is: it takes "
        "%d experiments with the same outcome that have %d posts or more of two styles%s; %zu %s "
        "left out",
        LEAST, ABP_LEARNED_POSTS, result->randomised ? ", in random blocks" : "",
        learning->left_out, learning->left_out == 1 ? "was" : "were");
}

int abp_learning_evaluate(struct abp_result *result, const struct abp_learning *learning,
                          const struct abp_experiment *experiment, const struct abp_posts *posts,
                          uint64_t seed, struct abp_error *err)
{
    if (learning->experiments == 0) {
        if (abp_evaluate(result, experiment, posts, seed, err) != 0)
            return -1;
        if (!learning->asked || warn_in_vain(result, learning, err) == 0)
            return 0;
        abp_result_release(result);
        return -1;
    }
    int rc = abp_evaluate_learned(result, experiment, posts, &learning->learned,
                                  learning->experiments, seed, err);
    if (rc == 0)
        result->learned.left_out = learning->left_out;
    return rc;
}
