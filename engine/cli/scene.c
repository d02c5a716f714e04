#include "scene.h"

#include "past.h"
#include "screen.h"

#include "abpost/import.h"
#include "abpost/plan.h"
#include "abpost/text.h"
#include "abpost/zone.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WEEK       INT64_C(604800)
#define DAY        INT64_C(86400)
#define HALF_YEAR  (22 * WEEK) /* beyond a plan's four weeks */
#define TEN_YEARS  (520 * WEEK)
#define MOST_SLOTS 2000

/* ---- styles ---- */

static size_t baseline_of(const char *const *names, size_t count, const char *baseline)
{
    for (size_t v = 0; v < count && baseline; v++)
        if (strcmp(names[v], baseline) == 0)
            return v;
    return 0;
}

/* names[i] costs costs[i]; NULL: none costs anything. */
static int set_styles(struct abp_scene *scene, const char *const *names, const double *costs,
                      size_t count, struct abp_error *err)
{
    size_t base = baseline_of(names, count, scene->experiment->baseline);
    if (count < 2)
        return abp_fail(err, ABP_DATA, "%s: it takes two styles to compare; there %s",
                        scene->experiment->name, count ? "is one" : "is none");
    scene->styles = calloc(count, sizeof *scene->styles);
    scene->cost = calloc(count, sizeof *scene->cost);
    if (!scene->styles || !scene->cost)
        return abp_fail_memory(err);
    scene->variants = count;
    for (size_t v = 0; v < count; v++) {
        size_t from = v == 0 ? base : v <= base ? v - 1 : v;
        scene->cost[v] = costs ? costs[from] : NAN;
        if (!(scene->styles[v] = abp_strdup(names[from])))
            return abp_fail_memory(err);
    }
    return 0;
}

static size_t declared(const struct abp_experiment *e, const char *name)
{
    size_t v = 0;
    while (v < e->variant_count && strcmp(e->variants[v].name, name) != 0)
        v++;
    return v;
}

/* The factors of the styles, in their order. Of a style that nobody declared nothing is known. */
static int set_factors(struct abp_scene *scene, struct abp_error *err)
{
    const struct abp_experiment *e = scene->experiment;
    for (size_t v = 0; v < scene->variants; v++)
        if (declared(e, scene->styles[v]) == e->variant_count)
            return 0;
    if (e->factor_count == 0)
        return 0;
    if (!(scene->factors = calloc(e->factor_count, sizeof *scene->factors)))
        return abp_fail_memory(err);
    for (size_t f = 0; f < e->factor_count; f++) {
        struct abp_factor *factor = &scene->factors[f];
        *factor = e->factors[f];
        factor->of_variant = calloc(scene->variants, sizeof *factor->of_variant);
        if (!factor->of_variant)
            return abp_fail_memory(err);
        scene->factor_count++;
        scene->level_count += factor->level_count;
        for (size_t v = 0; v < scene->variants; v++)
            factor->of_variant[v] = e->factors[f].of_variant[declared(e, scene->styles[v])];
    }
    return 0;
}

static int declared_styles(struct abp_scene *scene, struct abp_error *err)
{
    const struct abp_experiment *e = scene->experiment;
    const char **names = calloc(e->variant_count + 1, sizeof *names);
    double *costs = calloc(e->variant_count + 1, sizeof *costs);
    int rc = names && costs ? 0 : abp_fail_memory(err);
    for (size_t v = 0; rc == 0 && v < e->variant_count; v++) {
        names[v] = e->variants[v].name;
        costs[v] = e->variants[v].cost;
    }
    if (rc == 0)
        rc = set_styles(scene, names, costs, e->variant_count, err);
    free(costs);
    free(names);
    return rc;
}

/* ---- slots ---- */

static size_t channel_number(const struct abp_experiment *e, const char *name)
{
    size_t c = 0;
    while (c + 1 < e->channels.count && strcmp(e->channels.list[c], name) != 0)
        c++;
    return c;
}

/* The number of a slot's name among those of the posts before; `names` are borrowed from them. */
static size_t slot_number(const char **names, size_t *count, const char *name)
{
    size_t s = 0;
    while (s < *count && strcmp(names[s], name) != 0)
        s++;
    if (s == *count)
        names[(*count)++] = name;
    return s;
}

static int take_planned(struct abp_scene *scene, const struct abp_planned_list *list,
                        struct abp_error *err)
{
    size_t count = list->count < MOST_SLOTS ? list->count : MOST_SLOTS;
    const char **names = calloc(count + 1, sizeof *names);
    scene->slots = calloc(count + 1, sizeof *scene->slots);
    if (!names || !scene->slots) {
        free(names);
        return abp_fail_memory(err);
    }
    scene->slot_kinds = 0;
    for (size_t i = 0; i < count; i++)
        scene->slots[i] = (struct abp_sim_slot){
            .channel = channel_number(scene->experiment, list->list[i].channel),
            .slot = slot_number(names, &scene->slot_kinds, list->list[i].slot),
            .at = list->list[i].due_at,
            .outcome = NAN,
            .exposure = 1.0};
    free(names);
    scene->count = count;
    scene->channels = scene->experiment->channels.count ? scene->experiment->channels.count : 1;
    scene->slot_kinds = scene->slot_kinds ? scene->slot_kinds : 1;
    scene->timed = 1;
    return 0;
}

static int slots_of_schedule(struct abp_scene *scene, const struct abp_sources *sources,
                             struct abp_error *err)
{
    const struct abp_experiment *e = scene->experiment;
    struct abp_zone *zone = NULL;
    struct abp_planned_list list = {0};
    if (!sources->ws)
        return abp_fail(err, ABP_DATA,
                        "%s has a [schedule], which takes its workspace: no abpost.ini here or "
                        "above",
                        e->name);
    if (abp_zone_open(&zone, sources->ws->timezone, err) != 0)
        return -1;
    struct abp_plan_input input = {.experiment = e,
                                   .ws = sources->ws,
                                   .zone = zone,
                                   .now = sources->env->now(sources->env->context),
                                   .seed = sources->env->seed,
                                   .winner = -1};
    int rc = declared_styles(scene, err);
    if (rc == 0)
        rc = abp_plan_whole(&list, &input, e->schedule.max_posts ? TEN_YEARS : HALF_YEAR, err);
    if (rc == 0 && list.count == 0)
        rc = abp_fail_at(err, ABP_DATA, e->path, e->schedule.line,
                         "no block of this schedule can be planned; 'abpost plan %s' says why",
                         e->name);
    if (rc == 0)
        rc = take_planned(scene, &list, err);
    abp_planned_list_release(&list);
    abp_zone_free(zone);
    return rc;
}

/* ---- real posts ---- */

static int by_time(const void *a, const void *b)
{
    const struct abp_sim_slot *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* The posts of the data that were read, in order of time; without times one a day, as they stand.
 */
static struct abp_sim_slot *slots_of_posts(size_t *count, int *timed, const struct abp_posts *posts)
{
    struct abp_sim_slot *slots = calloc(posts->count + 1, sizeof *slots);
    *count = 0;
    *timed = 1;
    for (size_t i = 0; slots && i < posts->count; i++) {
        const struct abp_post_row *row = &posts->rows[i];
        if (isnan(row->outcome) || !(row->exposure > 0.0))
            continue;
        *timed = *timed && row->has_time;
        slots[(*count)++] = (struct abp_sim_slot){.channel = row->channel,
                                                  .slot = row->slot,
                                                  .at = row->posted_at,
                                                  .outcome = row->outcome,
                                                  .exposure = row->exposure};
    }
    if (!slots)
        return NULL;
    if (!*timed)
        for (size_t i = 0; i < *count; i++)
            slots[i].at = (int64_t)i * DAY;
    qsort(slots, *count, sizeof *slots, by_time);
    return slots;
}

/* Without a [schedule]: the data's own posts are the slots, in blocks of one post of each style. */
static int slots_of_data(struct abp_scene *scene, const struct abp_source *source,
                         struct abp_error *err)
{
    struct abp_posts posts;
    if (source->count != 1)
        return abp_fail(err, ABP_DATA,
                        "%s: this file holds %zu experiments; one at a time can be simulated",
                        scene->experiment->name, source->count);
    if (abp_source_load(&posts, source, 0, err) != 0)
        return -1;
    int rc = set_styles(scene, (const char *const *)posts.variants.list, NULL, posts.variants.count,
                        err);
    if (rc == 0) {
        scene->slots = slots_of_posts(&scene->count, &scene->timed, &posts);
        scene->channels = posts.channels.count ? posts.channels.count : 1;
        scene->slot_kinds = posts.slots.count ? posts.slots.count : 1;
        scene->count = scene->count < MOST_SLOTS ? scene->count : MOST_SLOTS;
        rc = scene->slots ? 0 : abp_fail_memory(err);
    }
    for (size_t i = 0; rc == 0 && i < scene->count; i++)
        scene->slots[i].outcome = NAN;
    abp_posts_release(&posts);
    return rc;
}

static int read_real(struct abp_scene *scene, const struct abp_source *source,
                     struct abp_error *err)
{
    struct abp_posts posts;
    int timed;
    if (source->count != 1)
        return abp_fail(err, ABP_DATA, "%s holds %zu experiments; one is what can be shuffled",
                        source->experiment.import.file, source->count);
    if (abp_source_load(&posts, source, 0, err) != 0)
        return -1;
    scene->real = slots_of_posts(&scene->real_count, &timed, &posts);
    scene->channels = posts.channels.count ? posts.channels.count : 1;
    scene->slot_kinds = posts.slots.count ? posts.slots.count : 1;
    int rc = scene->real ? abp_climate_learn(&scene->climate, scene->experiment, &posts, err)
                         : abp_fail_memory(err);
    abp_posts_release(&posts);
    if (rc == 0 && scene->real_count < 2 * scene->variants)
        rc = abp_fail(err, ABP_DATA, "%s has %zu posts with a reading; it takes %zu at least",
                      source->experiment.import.file, scene->real_count, 2 * scene->variants);
    /* A life has as many posts as there are slots for, and no more than there are real ones. */
    if (rc == 0 && scene->count > scene->real_count)
        scene->count = scene->real_count;
    return rc;
}

/* Reads the file as that [import] would, whatever styles stand in it. */
static int import_real(struct abp_scene *scene, const struct abp_sources *sources,
                       const struct abp_import *as, const char *file, struct abp_error *err)
{
    struct abp_source source = {.experiment = *scene->experiment};
    struct abp_mistakes mistakes = {0};
    struct abp_import_result result;
    char *path = abp_strdup(file);
    if (!path)
        return abp_fail_memory(err);
    source.experiment.import = *as;
    source.experiment.import.file = path;
    source.experiment.variant_count = 0;
    int rc = -1;
    if (access(file, R_OK) != 0)
        abp_fail(err, ABP_DATA, "--aa %s: %s", file, strerror(errno));
    else if (abp_store_open_transient(&source.own, err) == 0) {
        rc = abp_import_run(&result, source.own, &source.experiment, sources->env, NULL, &mistakes,
                            err);
        abp_say_mistakes(sources->env, &mistakes);
        if (rc != 0 && mistakes.count)
            abp_fail(err, err->code, "%s", ""); /* said already */
        source.store = source.own;
        source.import_id = result.info.id;
        source.count = (size_t)result.info.experiments;
    }
    if (rc == 0)
        rc = read_real(scene, &source, err);
    abp_mistakes_release(&mistakes);
    abp_store_close(source.own);
    free(path);
    return rc;
}

/* What the columns mean is said by the experiment's own [import], else by that of another one that
 * counts the same. */
static int open_real(struct abp_scene *scene, const struct abp_sources *sources, const char *file,
                     struct abp_error *err)
{
    const struct abp_import *as = &scene->experiment->import;
    struct abp_source *others = NULL;
    size_t count = 0, at = 0;
    if (!as->present && abp_past_open(&others, &count, scene->experiment, sources, err) != 0)
        return -1;
    while (at < count && !others[at].experiment.import.present)
        at++;
    if (at < count)
        as = &others[at].experiment.import;
    int rc = as->present
                 ? import_real(scene, sources, as, file, err)
                 : abp_fail(err, ABP_DATA,
                            "nothing says what the columns of %s mean: %s has no [import], nor has "
                            "another experiment with the same outcome",
                            file, scene->experiment->name);
    for (size_t i = 0; i < count; i++)
        abp_source_close(&others[i]);
    free(others);
    return rc;
}

/* ---- the whole ---- */

int abp_scene_open(struct abp_scene *scene, const struct abp_source *source,
                   const struct abp_sources *sources, const struct abp_args *args,
                   struct abp_error *err)
{
    *scene = (struct abp_scene){.experiment = &source->experiment};
    abp_climate_default(&scene->climate, scene->experiment);
    int rc = scene->experiment->schedule.present ? slots_of_schedule(scene, sources, err)
                                                 : slots_of_data(scene, source, err);
    if (rc == 0)
        rc = args->aa ? open_real(scene, sources, args->aa, err)
                      : abp_past_learn(&scene->climate, &scene->teacher, scene->experiment, sources,
                                       err);
    if (rc == 0)
        rc = set_factors(scene, err);
    if (rc == 0 && scene->count < 2 * scene->variants)
        rc = abp_fail(err, ABP_DATA, "%s: %zu posts are too few to simulate",
                      scene->experiment->name, scene->count);
    if (rc != 0)
        abp_scene_close(scene);
    return rc;
}

void abp_scene_close(struct abp_scene *scene)
{
    for (size_t v = 0; v < scene->variants && scene->styles; v++)
        free(scene->styles[v]);
    free(scene->styles);
    for (size_t f = 0; f < scene->factor_count; f++)
        free(scene->factors[f].of_variant);
    free(scene->factors);
    free(scene->cost);
    free(scene->slots);
    free(scene->real);
    free(scene->teacher);
    memset(scene, 0, sizeof *scene);
}

struct abp_sim_design abp_scene_design(const struct abp_scene *scene, struct abp_sim_slot *slots,
                                       uint64_t seed, uint64_t number)
{
    uint64_t chance = abp_world_seed(seed, number);
    size_t spare = scene->real ? scene->real_count - scene->count : 0;
    size_t first = (size_t)((chance >> 32) * (uint64_t)(spare + 1) >> 32);
    for (size_t i = 0; i < scene->count; i++) {
        slots[i] = scene->slots[i];
        if (scene->real) {
            slots[i] = scene->real[first + i];
            slots[i].at = scene->slots[i].at;
        } else {
            slots[i].exposure = abp_climate_exposure(&scene->climate, abp_world_seed(chance, i));
        }
    }
    return (struct abp_sim_design){.experiment = scene->experiment,
                                   .variants = scene->variants,
                                   .cost = scene->cost,
                                   .slots = slots,
                                   .count = scene->count,
                                   .channels = scene->channels,
                                   .slot_kinds = scene->slot_kinds,
                                   .factors = scene->factors,
                                   .factor_count = scene->factor_count};
}
