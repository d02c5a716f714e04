#include "past.h"

#include "screen.h"

#include "abpost/evaluate.h"
#include "abpost/forecast.h"
#include "abpost/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POWER 0.8

/* ---- learning ---- */

/* Learns from an experiment's posts; of a file with many experiments from the first. */
static int learn_from(struct abp_climate *climate, char **teacher,
                      const struct abp_experiment *experiment, const struct abp_source *source,
                      struct abp_error *err)
{
    struct abp_posts posts;
    if (!source->store || source->count == 0)
        return 0;
    if (abp_source_load(&posts, source, 0, err) != 0)
        return -1;
    int rc = abp_climate_learn(climate, experiment, &posts, err);
    abp_posts_release(&posts);
    if (rc == 0 && climate->posts) {
        *teacher = abp_strdup(source->experiment.name);
        rc = *teacher ? 0 : abp_fail_memory(err);
    }
    return rc;
}

static int same_sum(const struct abp_sum *a, const struct abp_sum *b)
{
    if (a->count != b->count)
        return 0;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->terms[i].name, b->terms[i].name) != 0 ||
            fabs(a->terms[i].weight - b->terms[i].weight) > 0.0)
            return 0;
    return 1;
}

/* Both count the same: what abpost reads of its own posts, or, where one has data alone, columns of
 * the same names. */
static int same_outcome(const struct abp_experiment *a, const struct abp_experiment *b)
{
    const struct abp_sum *x = a->outcome.count ? &a->outcome : &a->import.outcome;
    const struct abp_sum *y = b->outcome.count ? &b->outcome : &b->import.outcome;
    const struct abp_sum *n = a->outcome.count ? &a->exposure : &a->import.exposure;
    const struct abp_sum *m = b->outcome.count ? &b->exposure : &b->import.exposure;
    return x->count && same_sum(x, y) && same_sum(n, m);
}

static int find_files(struct abp_inputs *inputs, const struct abp_sources *sources,
                      struct abp_error *err)
{
    struct abp_args all = {0};
    struct abp_mistakes mistakes = {0};
    int rc = abp_inputs_find(inputs, &all, sources->env, &mistakes, err);
    abp_mistakes_release(&mistakes);
    return rc;
}

/* 1: opened. A file with mistakes, or without its data, is not what this is about. */
static int open_quietly(struct abp_source *source, const struct abp_sources *sources,
                        const char *path)
{
    struct abp_mistakes mistakes = {0};
    struct abp_error unused;
    int opened = abp_source_open(source, sources, path, &mistakes, &unused) == 0;
    abp_mistakes_release(&mistakes);
    return opened;
}

int abp_past_open(struct abp_source **others, size_t *count,
                  const struct abp_experiment *experiment, const struct abp_sources *sources,
                  struct abp_error *err)
{
    struct abp_inputs inputs;
    *count = 0;
    *others = NULL;
    if (!sources->ws)
        return 0;
    if (find_files(&inputs, sources, err) != 0)
        return -1;
    int rc = (*others = calloc(inputs.count + 1, sizeof **others)) ? 0 : abp_fail_memory(err);
    for (size_t i = 0; rc == 0 && i < inputs.count; i++) {
        struct abp_source *source = &(*others)[*count];
        if (!open_quietly(source, sources, inputs.paths[i]))
            continue;
        if (source->store && strcmp(source->experiment.name, experiment->name) != 0 &&
            same_outcome(&source->experiment, experiment))
            (*count)++;
        else
            abp_source_close(source);
    }
    abp_inputs_release(&inputs);
    return rc;
}

int abp_past_learn(struct abp_climate *climate, char **teacher,
                   const struct abp_experiment *experiment, const struct abp_sources *sources,
                   struct abp_error *err)
{
    struct abp_source own, *others;
    size_t count;
    int rc = 0;
    *teacher = NULL;
    if (open_quietly(&own, sources, experiment->path)) {
        rc = learn_from(climate, teacher, experiment, &own, err);
        abp_source_close(&own);
    }
    if (rc != 0 || climate->posts)
        return rc;
    if (abp_past_open(&others, &count, experiment, sources, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (rc == 0 && climate->posts == 0)
            rc = learn_from(climate, teacher, experiment, &others[i], err);
        abp_source_close(&others[i]);
    }
    free(others);
    return rc;
}

/* ---- what can be found ---- */

int abp_floor_find(struct abp_floor *floor, const struct abp_experiment *experiment,
                   const struct abp_sources *sources, struct abp_error *err)
{
    const struct abp_decision *d = &experiment->decision;
    struct abp_climate climate;
    char *teacher;
    size_t K = experiment->variant_count;
    memset(floor, 0, sizeof *floor);
    floor->ratio = NAN;
    floor->power = POWER;
    if (!experiment->schedule.present || K < 2 || experiment->schedule.max_posts < (int64_t)K)
        return 0;
    abp_climate_default(&climate, experiment);
    if (abp_past_learn(&climate, &teacher, experiment, sources, err) != 0)
        return -1;
    size_t blocks = (size_t)experiment->schedule.max_posts / K;
    struct abp_floor_input input = {.family = climate.family,
                                    .mu = climate.mu,
                                    .kappa = climate.kappa,
                                    .exposure = climate.exposure,
                                    .variants = K,
                                    .channels = 1,
                                    .slots = 1,
                                    .blocks = blocks,
                                    .planned_blocks = blocks,
                                    .alpha = abp_alpha_of_variants(experiment),
                                    .confidence = d->confidence,
                                    .min_lift = d->min_lift,
                                    .min_posts = (size_t)d->min_posts,
                                    .power = POWER,
                                    .seed = 1};
    if (climate.family == ABP_BETABINOMIAL)
        input.exposure = fmax(1.0, rint(climate.exposure));
    int rc = abp_forecast_floor(&floor->ratio, &input, err);
    double alpha;
    floor->pairs = abp_level_pairs(&alpha, experiment);
    floor->level = NAN;
    if (rc == 0 && floor->pairs) { /* each pair is a draw of its own in every block */
        input.variants = 2;
        input.blocks = input.planned_blocks = blocks * floor->pairs;
        input.alpha = alpha;
        rc = abp_forecast_floor(&floor->level, &input, err);
    }
    floor->posts = blocks * K;
    floor->past = climate.posts;
    snprintf(floor->teacher, sizeof floor->teacher, "%s", teacher ? teacher : "");
    free(teacher);
    return rc;
}

void abp_floor_say(struct abp_buffer *buf, const struct abp_floor *floor, double weeks)
{
    if (floor->posts == 0)
        return;
    abp_buffer_printf(buf, "%zu posts", floor->posts);
    if (weeks >= 1.0)
        abp_buffer_printf(buf, " in %.0f week%s", ceil(weeks), weeks > 1.0 ? "s" : "");
    if (isnan(floor->ratio))
        abp_buffer_add(buf, " can't be relied on to find even a style ten times as good");
    else
        abp_buffer_printf(buf, " can't be relied on to find a difference under x%s",
                          abp_rough_words(floor->ratio).text);
    abp_buffer_printf(buf, " (%s of them would be found)", abp_percent_words(floor->power).text);
    abp_buffer_add(buf, ": post more often, try fewer styles, or accept it. ");
    if (floor->pairs && !isnan(floor->level))
        abp_buffer_printf(buf,
                          "A level, which %zu pair%s of styles speak%s for, is found from x%s on. ",
                          floor->pairs, floor->pairs == 1 ? "" : "s", floor->pairs == 1 ? "s" : "",
                          abp_rough_words(floor->level).text);
    if (floor->past)
        abp_buffer_printf(buf, "How far posts differ is learned from %zu posts of %s.", floor->past,
                          floor->teacher);
    else
        abp_buffer_add(buf, "How far posts differ is a default, as there are no past posts to "
                            "learn from.");
}
