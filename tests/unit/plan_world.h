/* A workspace and an experiment from text in memory, to plan with. */
#ifndef PLAN_WORLD_H
#define PLAN_WORLD_H

#include "config_files.h"

#include "abpost/plan.h"

struct world {
    struct abp_workspace ws;
    struct abp_experiment experiment;
    struct abp_zone *zone;
};

static inline int64_t instant(const char *text)
{
    int64_t t;
    if (abp_time_parse(&t, text) != 0)
        fail_msg("'%s' is no time", text);
    return t;
}

/* channels: sections of the workspace file; file: the experiment's name; text: its file after
 * [experiment] with channels and outcome. */
static inline void world_open(struct world *w, const char *zone, const char *channels,
                              const char *file, const char *names, const char *text)
{
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    char ini[8000], path[200];
    snprintf(ini, sizeof ini, "[abpost]\ndatabase = abpost.db\ntimezone = %s\n%s", zone, channels);
    if (abp_workspace_parse(&w->ws, "abpost.ini", "/srv/abpost.ini", ini, strlen(ini), &mistakes,
                            &err) != 0)
        fail_msg("the workspace: %d", print_mistakes(&mistakes));
    snprintf(path, sizeof path, "/srv/experiments/%s.ini", file);
    snprintf(ini, sizeof ini, "[experiment]\nchannels = %s\noutcome = replies\n%s", names, text);
    if (abp_experiment_parse(&w->experiment, path, ini, strlen(ini), &w->ws, &mistakes, &err) != 0)
        fail_msg("the experiment: %d", print_mistakes(&mistakes));
    if (abp_zone_open(&w->zone, zone, &err) != 0)
        fail_msg("%s", err.message);
}

static inline void world_close(struct world *w)
{
    abp_zone_free(w->zone);
    abp_experiment_release(&w->experiment);
    abp_workspace_release(&w->ws);
}

#define ONE_CHANNEL  "[channel sky]\ntype = outbox\n"
#define TWO_STYLES   "[variant a]\nposts = a/*.txt\n[variant b]\nposts = b/*.txt\n"
#define THREE_STYLES TWO_STYLES "[variant c]\nposts = c/*.txt\n"

static inline struct abp_plan_input world_input(const struct world *w, int64_t now, uint64_t seed)
{
    return (struct abp_plan_input){.experiment = &w->experiment,
                                   .ws = &w->ws,
                                   .zone = w->zone,
                                   .now = now,
                                   .seed = seed,
                                   .winner = -1};
}

#endif
