/* What an experiment is simulated on: the slots of its own schedule, what its account's posts are
 * like, and real posts to put into the slots where some are given. */
#ifndef ABPOST_CLI_SCENE_H
#define ABPOST_CLI_SCENE_H

#include "source.h"

#include "abpost/climate.h"
#include "abpost/simulate.h"

struct abp_scene {
    const struct abp_experiment *experiment; /* borrowed */
    struct abp_sim_slot *slots;              /* owned; in order of time */
    size_t count;
    size_t variants, channels, slot_kinds;
    double *cost;               /* owned; variants, the baseline first */
    char **styles;              /* owned; variants names, the baseline first */
    struct abp_factor *factors; /* owned, as their of_variant, which are of these styles; the rest
                                   is borrowed from the experiment; NULL: none */
    size_t factor_count, level_count; /* of all factors */
    int timed; /* 1: `at` is real time; 0: the data has none, and weeks mean nothing */
    struct abp_sim_slot *real; /* owned; real posts in order of time; NULL: none */
    size_t real_count;
    struct abp_climate climate;
    char *teacher; /* owned; name of the experiment that the climate was learned from; or NULL */
};

/* Reads it all: the schedule's slots from now (or its start) on, to max_posts, or for half a year
 * where there is no such limit; without a [schedule] the posts of the data as they stand. aa: a CSV
 * file of real posts, read with the experiment's [import]; NULL: none. inputs: of the workspace.
 * -1: ABP_DATA for an experiment that can't be simulated, mistakes said; nothing is to be closed.
 */
int abp_scene_open(struct abp_scene *scene, const struct abp_source *source,
                   const struct abp_sources *sources, const struct abp_args *args,
                   struct abp_error *err) ABP_MUST_CHECK;
void abp_scene_close(struct abp_scene *scene);

/* The design of world number `number`. slots: room for scene->count, filled; real posts stand from
 * a place in their order that chance picks, so that each has its turn. */
struct abp_sim_design abp_scene_design(const struct abp_scene *scene, struct abp_sim_slot *slots,
                                       uint64_t seed, uint64_t number);

#endif
