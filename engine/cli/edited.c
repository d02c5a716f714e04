#include "edited.h"

#include "screen.h"

#include "abpost/outbox.h"

#include <stdio.h>
#include <string.h>

#define WHY_SIZE 200

static int has_variant(const struct abp_experiment *e, const char *name)
{
    for (size_t v = 0; v < e->variant_count; v++)
        if (strcmp(e->variants[v].name, name) == 0)
            return 1;
    return 0;
}

static int names_channel(const struct abp_experiment *e, const char *name)
{
    for (size_t c = 0; c < e->channels.count; c++)
        if (strcmp(e->channels.list[c], name) == 0)
            return 1;
    return 0;
}

/* 1: the file does not want the post any more, and why. */
static int is_unwanted(char why[WHY_SIZE], const struct abp_rounds *rounds,
                       const struct abp_experiment *e, const struct abp_planned *post)
{
    if (!e->schedule.present)
        snprintf(why, WHY_SIZE, "the experiment has no [schedule] any more");
    else if (!names_channel(e, post->channel) && abp_loaded_channel(&rounds->loaded, post->channel))
        snprintf(why, WHY_SIZE, "the experiment no longer names the channel %.100s", post->channel);
    else if (!has_variant(e, post->variant))
        snprintf(why, WHY_SIZE, "the experiment has no variant %.100s any more", post->variant);
    else
        return 0;
    return 1;
}

/* 1: a post of the same block is not wanted for that reason. */
static int is_of_such_a_block(const struct abp_rounds *rounds, const struct abp_experiment *e,
                              const struct abp_planned_list *list, int64_t block, const char *why)
{
    char own[WHY_SIZE];
    for (size_t i = 0; i < list->count; i++)
        if (list->list[i].block == block && is_unwanted(own, rounds, e, &list->list[i]) &&
            strcmp(own, why) == 0)
            return 1;
    return 0;
}

static void tell(const struct abp_rounds *rounds, const struct abp_experiment *e,
                 struct abp_journal *journal, size_t count, const char *why)
{
    char detail[WHY_SIZE + 64];
    struct abp_action action = {.action = "cancelled", .experiment = e->name, .detail = detail};
    snprintf(detail, sizeof detail, "%zu planned post%s: %s", count, count == 1 ? "" : "s", why);
    if (journal)
        abp_journal_add(journal, &action);
    else if (!rounds->args->quiet)
        abp_say(rounds->loaded.env, "%s: cancelled %s", e->name, detail);
}

/* Those that the first reason that is found takes out. 1: there were some; 0: none; -1. */
static int clear_some(const struct abp_rounds *rounds, const struct abp_experiment *e,
                      const struct abp_planned_list *list, struct abp_journal *journal,
                      struct abp_error *err)
{
    int64_t now = rounds->loaded.env->now(rounds->loaded.env->context);
    char why[WHY_SIZE];
    size_t first = 0, cancelled = 0;
    while (first < list->count && !is_unwanted(why, rounds, e, &list->list[first]))
        first++;
    for (size_t i = first; i < list->count; i++) {
        const struct abp_planned *post = &list->list[i];
        if (!is_of_such_a_block(rounds, e, list, post->block, why))
            continue;
        int rc = abp_outbox_drop(rounds->loaded.store, post->id, ABP_CANCELLED, why, now, err);
        if (rc < 0)
            return -1;
        cancelled += rc > 0;
    }
    if (cancelled)
        tell(rounds, e, journal, cancelled, why);
    return cancelled > 0;
}

int abp_edited_clear(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                     struct abp_journal *journal, struct abp_error *err)
{
    struct abp_planned_filter filter = {.experiment = experiment->name,
                                        .states = 1u << ABP_PLANNED};
    int rc = rounds->loaded.store != NULL;
    while (rc > 0) {
        struct abp_planned_list list;
        if (abp_outbox_list(&list, rounds->loaded.store, &filter, err) != 0)
            return -1;
        rc = clear_some(rounds, experiment, &list, journal, err);
        abp_planned_list_release(&list);
    }
    return rc;
}
