#include "edited.h"

#include "screen.h"

#include "abpost/outbox.h"

#include <stdio.h>
#include <stdlib.h>
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

struct clearing {
    const struct abp_rounds *rounds; /* borrowed, like the rest */
    const struct abp_experiment *experiment;
    struct abp_planned_list *list; /* every post of the experiment, by time */
    struct abp_journal *journal;   /* NULL: none */
    int64_t now;
};

/* 1: the file does not want the post any more, whatever became of the others of its block. */
static int is_unwanted(char why[WHY_SIZE], const struct clearing *c, const struct abp_planned *post)
{
    const struct abp_experiment *e = c->experiment;
    const struct abp_loaded *loaded = &c->rounds->loaded;
    if (!e->schedule.present)
        snprintf(why, WHY_SIZE, "the experiment has no [schedule] any more");
    else if (!names_channel(e, post->channel))
        snprintf(why, WHY_SIZE, "the experiment no longer names the channel %.100s", post->channel);
    else if (!has_variant(e, post->variant))
        snprintf(why, WHY_SIZE, "the experiment has no variant %.100s any more", post->variant);
    else if (abp_slot_standing(&e->schedule, loaded->zone, post) == ABP_SLOT_BLACKOUT)
        snprintf(why, WHY_SIZE, "their days are days of blackout now");
    else
        return 0;
    return 1;
}

/* 1: it would be at another time if it was drawn now. */
static int is_moved(char why[WHY_SIZE], const struct clearing *c, const struct abp_planned *post)
{
    const struct abp_loaded *loaded = &c->rounds->loaded;
    const char *zone = loaded->inputs.ws.timezone;
    if (strcmp(post->timezone, zone) != 0)
        snprintf(why, WHY_SIZE, "the workspace's time zone is %.60s now", zone);
    else if (abp_slot_standing(&c->experiment->schedule, loaded->zone, post) == ABP_SLOT_GONE)
        snprintf(why, WHY_SIZE, "the schedule no longer has their days and times");
    else
        return 0;
    return abp_block_is_untouched(c->list, post->block, c->now);
}

static int has_to_go(char why[WHY_SIZE], const struct clearing *c, const struct abp_planned *post)
{
    return post->state == ABP_PLANNED && (is_unwanted(why, c, post) || is_moved(why, c, post));
}

static void tell(const struct clearing *c, size_t count, const char *why)
{
    char detail[WHY_SIZE + 64];
    struct abp_action action = {
        .action = "cancelled", .experiment = c->experiment->name, .detail = detail};
    snprintf(detail, sizeof detail, "%zu planned post%s: %s", count, count == 1 ? "" : "s", why);
    if (c->journal)
        abp_journal_add(c->journal, &action);
    else if (!c->rounds->args->quiet)
        abp_say(c->rounds->loaded.env, "%s: cancelled %s", c->experiment->name, detail);
}

/* What is left of a block. Adds to *count; 0, or -1. */
static int cancel_block(size_t *count, const struct clearing *c, int64_t block, const char *why,
                        struct abp_error *err)
{
    for (size_t i = 0; i < c->list->count; i++) {
        struct abp_planned *post = &c->list->list[i];
        if (post->block != block || post->state != ABP_PLANNED)
            continue;
        int rc =
            abp_outbox_drop(c->rounds->loaded.store, post->id, ABP_CANCELLED, why, c->now, err);
        if (rc < 0)
            return -1;
        *count += rc > 0;
        post->state = ABP_CANCELLED; /* or another process has it by now */
    }
    return 0;
}

/* All that one reason takes out: that of post number `first`. */
static int clear_all_like(const struct clearing *c, size_t first, const char *why,
                          struct abp_error *err)
{
    char own[WHY_SIZE];
    size_t count = 0;
    for (size_t i = first; i < c->list->count; i++)
        if ((i == first || (has_to_go(own, c, &c->list->list[i]) && strcmp(own, why) == 0)) &&
            cancel_block(&count, c, c->list->list[i].block, why, err) != 0)
            return -1;
    if (count)
        tell(c, count, why);
    return 0;
}

/* What is beyond max_posts, the last blocks first. */
static int clear_beyond(const struct clearing *c, struct abp_error *err)
{
    size_t most = (size_t)c->experiment->schedule.max_posts, live = 0, count = 0;
    char why[WHY_SIZE];
    for (size_t i = 0; i < c->list->count; i++)
        live += (ABP_LIVE_STATES & 1u << c->list->list[i].state) != 0;
    snprintf(why, sizeof why, "max_posts is %zu now", most);
    for (size_t i = c->list->count; most && i > 0 && live - count > most; i--) {
        const struct abp_planned *post = &c->list->list[i - 1];
        if (post->state == ABP_PLANNED && abp_block_is_untouched(c->list, post->block, c->now) &&
            cancel_block(&count, c, post->block, why, err) != 0)
            return -1;
    }
    if (count)
        tell(c, count, why);
    return 0;
}

/* What is beyond a channel's target. Other experiments' blocks on it are theirs to take out. */
static int clear_above(const struct clearing *c, const struct abp_channel *channel,
                       struct abp_error *err)
{
    const struct abp_loaded *loaded = &c->rounds->loaded;
    int64_t *blocks;
    size_t count, posts = 0;
    char why[WHY_SIZE];
    if (abp_plan_beyond(&blocks, &count, loaded->store, channel, loaded->zone, c->now, err) != 0)
        return -1;
    snprintf(why, sizeof why, "the target of channel %.100s is %.4g per week now", channel->name,
             channel->target);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = cancel_block(&posts, c, blocks[i], why, err);
    free(blocks);
    if (rc == 0 && posts)
        tell(c, posts, why);
    return rc;
}

static int clear_all_above(const struct clearing *c, struct abp_error *err)
{
    const struct abp_experiment *e = c->experiment;
    for (size_t i = 0; i < e->channels.count; i++) {
        const struct abp_channel *channel =
            abp_loaded_channel(&c->rounds->loaded, e->channels.list[i]);
        if (channel && clear_above(c, channel, err) != 0)
            return -1;
    }
    return 0;
}

static int clear(const struct clearing *c, struct abp_error *err)
{
    char why[WHY_SIZE];
    for (size_t i = 0; i < c->list->count; i++)
        if (has_to_go(why, c, &c->list->list[i]) && clear_all_like(c, i, why, err) != 0)
            return -1;
    return clear_beyond(c, err) == 0 ? clear_all_above(c, err) : -1;
}

int abp_edited_clear(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                     struct abp_journal *journal, struct abp_error *err)
{
    const struct abp_env *env = rounds->loaded.env;
    struct abp_planned_filter filter = {.experiment = experiment->name};
    struct abp_planned_list list;
    if (!rounds->loaded.store)
        return 0;
    if (abp_outbox_list(&list, rounds->loaded.store, &filter, err) != 0)
        return -1;
    struct clearing c = {rounds, experiment, &list, journal, env->now(env->context)};
    int rc = clear(&c, err);
    abp_planned_list_release(&list);
    return rc;
}
