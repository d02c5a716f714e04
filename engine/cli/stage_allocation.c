/* allocation = top-two: which style the next posts should be, from those that are mature. */
#include "decide.h"
#include "source.h"

#include "abpost/allocation.h"
#include "abpost/collect.h"
#include "abpost/outbox.h"

#include <stdlib.h>
#include <string.h>

/* 1: a channel of the experiment has nothing planned any more. */
static int is_dry(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                  struct abp_error *err)
{
    for (size_t c = 0; c < experiment->channels.count; c++) {
        struct abp_planned_list list;
        struct abp_planned_filter filter = {.experiment = experiment->name,
                                            .channel = experiment->channels.list[c],
                                            .states = 1u << ABP_PLANNED,
                                            .limit = 1};
        if (abp_outbox_list(&list, rounds->loaded.store, &filter, err) != 0)
            return -1;
        int dry = list.count == 0;
        abp_planned_list_release(&list);
        if (dry)
            return 1;
    }
    return 0;
}

static int compute(double *probabilities, const struct abp_stage *stage,
                   const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                   struct abp_error *err)
{
    struct abp_posts posts;
    struct abp_made_counts counts;
    if (abp_made_posts(&posts, &counts, rounds->loaded.store, experiment,
                       rounds->loaded.env->now(rounds->loaded.env->context), err) != 0)
        return -1;
    int rc = posts.count == 0
                 ? 0
                 : abp_allocation(probabilities, experiment, &posts, stage->active,
                                  abp_source_seed(rounds->loaded.env->seed, experiment->name), err);
    abp_posts_release(&posts);
    return rc;
}

int abp_stage_probabilities(double **probabilities, const struct abp_stage *stage,
                            const struct abp_rounds *rounds,
                            const struct abp_experiment *experiment, struct abp_error *err)
{
    *probabilities = NULL;
    if (experiment->decision.allocation != ABP_TOP_TWO || stage->finished)
        return 1;
    int dry = is_dry(rounds, experiment, err);
    if (dry <= 0)
        return dry;
    double *list = calloc(experiment->variant_count, sizeof *list);
    if (!list)
        return abp_fail_memory(err);
    int rc = compute(list, stage, rounds, experiment, err);
    if (rc > 0)
        *probabilities = list;
    else
        free(list);
    return rc < 0 ? -1 : 1;
}
