#include "status.h"

#include "abpost/local.h"
#include "abpost/plan.h"

#include <stdlib.h>
#include <string.h>

/* ---- experiments ---- */

static int is_of(const struct abp_planned *post, const struct abp_status_experiment *e)
{
    return strcmp(post->experiment, e->file->name) == 0;
}

static void count_posts(struct abp_status_experiment *e, const struct abp_status *status)
{
    for (size_t i = 0; i < status->posts.count; i++) {
        const struct abp_planned *post = &status->posts.list[i];
        if (!is_of(post, e))
            continue;
        e->planned++;
        e->states[post->state]++;
        if (post->state == ABP_PLANNED && post->due_at > e->ends_at)
            e->ends_at = post->due_at;
        for (size_t v = 0; post->state == ABP_POSTED && v < e->file->variant_count; v++)
            e->variants[v].out += strcmp(post->variant, e->variants[v].name) == 0;
    }
}

static int fill_facts(struct abp_status_experiment *e, const struct abp_status *status,
                      struct abp_error *err)
{
    struct abp_posts posts;
    char fingerprint[65];
    struct abp_store *store = status->loaded.store;
    if (!store)
        return 0;
    if (abp_outbox_analysis(&e->analysis, store, e->file->name, err) != 0 ||
        abp_outbox_decisions(&e->decided, store, e->file->name, err) != 0 ||
        abp_outbox_refused_files(&e->refused, store, e->file->name, err) != 0 ||
        abp_plan_fingerprint(fingerprint, e->file, err) != 0)
        return -1;
    e->stands = calloc(e->refused.count + 1, 1);
    if (!e->stands)
        return abp_fail_memory(err);
    e->analysis_differs = e->analysis.frozen[0] && strcmp(fingerprint, e->analysis.frozen) != 0;
    if (e->states[ABP_POSTED] == 0)
        return 0;
    if (abp_made_posts(&posts, &e->made, store, e->file, status->now, err) != 0)
        return -1;
    abp_posts_release(&posts);
    return 0;
}

static int fill_experiment(struct abp_status_experiment *e, const struct abp_status *status,
                           struct abp_error *err)
{
    e->variants = calloc(e->file->variant_count + 1, sizeof *e->variants);
    if (!e->variants)
        return abp_fail_memory(err);
    for (size_t v = 0; v < e->file->variant_count; v++)
        e->variants[v].name = e->file->variants[v].name;
    count_posts(e, status);
    return fill_facts(e, status, err) == 0 ? abp_status_count_files(e, status, err) : -1;
}

static int fill_experiments(struct abp_status *status, struct abp_error *err)
{
    status->experiments = calloc(status->loaded.count + 1, sizeof *status->experiments);
    if (!status->experiments)
        return abp_fail_memory(err);
    for (size_t i = 0; i < status->loaded.count; i++)
        status->experiments[i].file = &status->loaded.experiments[i];
    for (size_t i = 0; i < status->loaded.count; i++)
        if (fill_experiment(&status->experiments[i], status, err) != 0)
            return -1;
    return 0;
}

/* ---- channels ---- */

/* When it went out, UTC seconds; 0: it did not. */
static int64_t went_out(const struct abp_planned *post)
{
    return post->state == ABP_POSTED   ? post->posted_at
           : post->state == ABP_HANDED ? post->state_at
                                       : 0;
}

static void fill_channel(struct abp_status_channel *c, const struct abp_status *status,
                         int64_t week)
{
    for (size_t i = 0; i < status->posts.count; i++) {
        const struct abp_planned *post = &status->posts.list[i];
        int64_t at = went_out(post);
        c->this_week +=
            strcmp(post->channel, c->channel->name) == 0 && at >= week && at <= status->now;
    }
    for (size_t i = 0; i < status->coming.count && !c->next; i++) {
        const struct abp_planned *post = &status->coming.list[i];
        if (strcmp(post->channel, c->channel->name) != 0 || post->due_at < status->now)
            continue;
        c->next = post;
        c->file = status->expected ? status->expected[i].file : NULL;
    }
}

static int fill_channels(struct abp_status *status, struct abp_error *err)
{
    const struct abp_workspace *ws = &status->loaded.inputs.ws;
    int64_t week = 0;
    status->channels = calloc(ws->channel_count + 1, sizeof *status->channels);
    if (!status->channels)
        return abp_fail_memory(err);
    if (abp_local_week(&week, status->now, status->loaded.zone) != 0)
        return abp_fail(err, ABP_USAGE, "the present is outside the years 1 to 9999");
    for (size_t i = 0; i < ws->channel_count; i++) {
        status->channels[i].channel = &ws->channels[i];
        fill_channel(&status->channels[i], status, week);
    }
    return 0;
}

/* ---- the whole ---- */

static int read_store(struct abp_status *status, struct abp_error *err)
{
    struct abp_store *store = status->loaded.store;
    struct abp_planned_filter every = {0}, planned = {.states = 1u << ABP_PLANNED};
    struct abp_publish_input input = abp_loaded_publish(&status->loaded);
    if (!store)
        return 0;
    if (abp_outbox_list(&status->posts, store, &every, err) != 0 ||
        abp_outbox_list(&status->coming, store, &planned, err) != 0 ||
        abp_made_list_read(&status->made, store, NULL, NULL, 0, err) != 0 ||
        abp_orphans_find(&status->orphans, status->loaded.inputs.root, store, err) != 0)
        return -1;
    return abp_publish_expect(&status->expected, &input, &status->coming, err);
}

int abp_status_open(struct abp_status *status, const struct abp_args *args,
                    const struct abp_env *env, struct abp_error *err)
{
    memset(status, 0, sizeof *status);
    if (abp_loaded_open(&status->loaded, args, env, ABP_STORE_READ_ONLY, err) != 0)
        return -1;
    status->now = env->now(env->context);
    if (read_store(status, err) == 0 && fill_experiments(status, err) == 0 &&
        fill_channels(status, err) == 0 && abp_status_find_stuck(status, err) == 0)
        return 0;
    abp_status_close(status);
    return -1;
}

static void release_variants(struct abp_status_experiment *e)
{
    for (size_t v = 0; e->variants && v < e->file->variant_count; v++) {
        free(e->variants[v].moved_file);
        free(e->variants[v].moved_as);
    }
    free(e->variants);
}

void abp_status_close(struct abp_status *status)
{
    for (size_t i = 0; i < status->stuck_count; i++) {
        free(status->stuck[i].what);
        free(status->stuck[i].todo);
        free(status->stuck[i].line);
        for (size_t k = 0; k < ABP_STUCK_COMMANDS; k++)
            free(status->stuck[i].commands[k]);
    }
    free(status->stuck);
    for (size_t i = 0; status->experiments && i < status->loaded.count; i++) {
        release_variants(&status->experiments[i]);
        free(status->experiments[i].stands);
        abp_refused_file_list_release(&status->experiments[i].refused);
        abp_decided_list_release(&status->experiments[i].decided);
    }
    free(status->experiments);
    free(status->channels);
    abp_expected_free(status->expected, status->coming.count);
    abp_planned_list_release(&status->posts);
    abp_planned_list_release(&status->coming);
    abp_made_list_release(&status->made);
    abp_orphans_release(&status->orphans);
    abp_loaded_close(&status->loaded);
    memset(status, 0, sizeof *status);
}

size_t abp_status_persons(const struct abp_status *status)
{
    size_t count = 0;
    for (size_t i = 0; i < status->stuck_count; i++)
        count += status->stuck[i].person != 0;
    return count;
}
