#include "abpost/publish.h"

#include "abpost/zone.h"
#include "publish/run.h"

#include <stdlib.h>
#include <string.h>

#define MOST_THREADS 16 /* they wait for servers, not for processors */

int64_t pub_now(const struct pub_run *run)
{
    return run->in->env->now(run->in->env->context);
}

const char *abp_note_name(enum abp_note_kind kind)
{
    static const char *const names[ABP_NOTE_COUNT] = {
        [ABP_NOTE_POSTED] = "posted",     [ABP_NOTE_HANDED] = "handed",
        [ABP_NOTE_REFUSED] = "refused",   [ABP_NOTE_UNKNOWN] = "unknown",
        [ABP_NOTE_NOT_SENT] = "not-sent", [ABP_NOTE_MISSED] = "missed",
        [ABP_NOTE_EMPTY] = "empty",       [ABP_NOTE_WAITING] = "waiting",
    };
    return (unsigned)kind < ABP_NOTE_COUNT ? names[kind] : NULL;
}

void pub_note(struct pub_run *run, const struct abp_note *note)
{
    run->report->count[note->kind]++;
    if (run->in->note)
        run->in->note(run->in->context, note);
}

struct pub_experiment *pub_experiment_of(struct pub_run *run, const char *name,
                                         struct abp_error *err)
{
    abp_error_clear(err);
    for (size_t i = 0; i < run->in->experiment_count; i++) {
        struct pub_experiment *e = &run->experiments[i];
        if (strcmp(run->in->experiments[i].experiment->name, name) != 0)
            continue;
        if (!e->open &&
            shelf_open(&e->shelf, e->in->experiment, run->in->store, run->in->ws->root, err) != 0)
            return NULL;
        e->open = 1;
        return e;
    }
    return NULL;
}

/* ---- what there is to do ---- */

/* Posts that nobody is done with: due within a day (a zone's rules may have moved them), or under
 * way. */
static int gather(struct abp_planned_list *list, const struct pub_run *run, struct abp_error *err)
{
    struct abp_planned_filter filter = {
        .due_before = pub_now(run) + 86400,
        .states = 1u << ABP_PLANNED | 1u << ABP_SENDING | 1u << ABP_UNKNOWN,
    };
    return abp_outbox_list(list, run->in->store, &filter, err);
}

/* What was planned is a time on the clocks of a zone: where its rules have changed since, the
 * instant moves. A zone that this machine does not know leaves it where it is. */
static void place_in_time(struct abp_planned_list *list)
{
    struct abp_zone *zone = NULL;
    const char *name = NULL;
    struct abp_error ignored;
    for (size_t i = 0; i < list->count; i++) {
        struct abp_planned *p = &list->list[i];
        if (!name || strcmp(name, p->timezone) != 0) {
            abp_zone_free(zone);
            zone = NULL;
            if (abp_zone_open(&zone, p->timezone, &ignored) != 0)
                zone = NULL;
            name = p->timezone;
        }
        if (zone)
            p->due_at = abp_zone_to_utc(zone, &p->date, &p->time);
    }
    abp_zone_free(zone);
}

/* ---- one server ---- */

/* The channels of one server, which are served one after the other. */
struct group {
    const struct abp_channel **channels; /* owned; borrowed pointers */
    size_t count;
};

struct groups {
    struct pub_run *run;                 /* borrowed */
    const struct abp_planned_list *list; /* borrowed */
    struct group *groups;                /* owned */
    size_t count, next;                  /* next: the first that nobody has begun */
};

static int same_server(const struct abp_channel *a, const struct abp_channel *b)
{
    return a->platform == b->platform &&
           strcmp(a->server ? a->server : "", b->server ? b->server : "") == 0;
}

static int is_stopped(const struct pub_run *run)
{
    return run->failed.code != ABP_OK || (run->in->env->stop && *run->in->env->stop);
}

static int serve(struct pub_channel *c, const struct abp_planned_list *list, struct abp_error *err)
{
    for (int reconciling = 1; reconciling >= 0; reconciling--)
        for (size_t i = 0; i < list->count && !is_stopped(c->run); i++) {
            const struct abp_planned *post = &list->list[i];
            int planned = post->state == ABP_PLANNED;
            if (strcmp(post->channel, c->channel->name) != 0 || planned == reconciling ||
                (planned && post->due_at > pub_now(c->run)))
                continue;
            int rc = planned ? pub_send(c, post, err) : pub_reconcile(c, post, err);
            if (rc != 0)
                return -1;
        }
    return 0;
}

static void tell_channel(struct pub_run *run, const struct abp_channel *channel,
                         const struct abp_planned_list *list, const char *why)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct abp_planned *post = &list->list[i];
        struct abp_note note = {.kind = ABP_NOTE_WAITING, .post = post, .detail = why};
        if (strcmp(post->channel, channel->name) == 0 && post->due_at <= pub_now(run))
            pub_note(run, &note);
    }
}

/* 1: there is something to do there. */
static int has_work(const struct pub_run *run, const struct abp_channel *channel,
                    const struct abp_planned_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->list[i].channel, channel->name) == 0 &&
            (list->list[i].state != ABP_PLANNED || list->list[i].due_at <= pub_now(run)))
            return 1;
    return 0;
}

static void serve_channel(struct groups *g, const struct abp_channel *channel,
                          struct abp_http *http)
{
    struct pub_run *run = g->run;
    struct pub_channel c = {.run = run, .channel = channel};
    struct abp_error err = {0};
    if (abp_connection_open(&c.connection, channel, http, run->in->ws->root, run->in->env->now,
                            run->in->env->context, &err) != 0) {
        tell_channel(run, channel, g->list, err.message);
        run->report->sign_in |= err.code == ABP_PERSON;
        return;
    }
    if (serve(&c, g->list, &err) != 0 && run->failed.code == ABP_OK)
        run->failed = err;
    abp_connection_close(&c.connection);
}

static void serve_group(struct groups *g, const struct group *group)
{
    const struct abp_http_factory *factory = g->run->in->env->http;
    struct abp_http *http = NULL;
    struct abp_error err = {0};
    if (factory && factory->open(&http, factory->context, &err) != 0) {
        g->run->failed = err;
        return;
    }
    for (size_t i = 0; i < group->count && !is_stopped(g->run); i++)
        serve_channel(g, group->channels[i], http);
    if (http)
        http->close(http);
}

static void *work(void *context)
{
    struct groups *g = context;
    pthread_mutex_lock(&g->run->lock);
    while (g->next < g->count && !is_stopped(g->run)) {
        const struct group *group = &g->groups[g->next++];
        serve_group(g, group);
    }
    pthread_mutex_unlock(&g->run->lock);
    return NULL;
}

/* ---- all servers ---- */

static int add_channel(struct groups *g, const struct abp_channel *channel, struct abp_error *err)
{
    size_t at = 0;
    while (at < g->count && !same_server(g->groups[at].channels[0], channel))
        at++;
    struct group *group = &g->groups[at];
    const struct abp_channel **grown = realloc(group->channels, (group->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    group->channels = grown;
    grown[group->count++] = channel;
    g->count = at == g->count ? g->count + 1 : g->count;
    return 0;
}

static int make_groups(struct groups *g, struct abp_error *err)
{
    const struct abp_workspace *ws = g->run->in->ws;
    g->groups = calloc(ws->channel_count + 1, sizeof *g->groups);
    if (!g->groups)
        return abp_fail_memory(err);
    for (size_t i = 0; i < ws->channel_count; i++)
        if (has_work(g->run, &ws->channels[i], g->list) &&
            add_channel(g, &ws->channels[i], err) != 0)
            return -1;
    return 0;
}

static int serve_all(struct groups *g, struct abp_error *err)
{
    pthread_t threads[MOST_THREADS];
    size_t started = 0, wanted = g->count < MOST_THREADS ? g->count : MOST_THREADS;
    /* The last one is this thread. */
    while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, g) == 0)
        started++;
    work(g);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (g->run->failed.code == ABP_OK)
        return 0;
    *err = g->run->failed;
    return -1;
}

/* Posts on channels that the workspace no longer has. */
static void tell_orphans(struct pub_run *run, const struct abp_planned_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        size_t c = 0;
        while (c < run->in->ws->channel_count &&
               strcmp(run->in->ws->channels[c].name, list->list[i].channel) != 0)
            c++;
        struct abp_note note = {.kind = list->list[i].state == ABP_PLANNED ? ABP_NOTE_WAITING
                                                                           : ABP_NOTE_UNKNOWN,
                                .post = &list->list[i],
                                .detail = "its channel is no longer in abpost.ini"};
        if (c == run->in->ws->channel_count && list->list[i].due_at <= pub_now(run))
            pub_note(run, &note);
    }
}

static int count_unknown(struct pub_run *run, struct abp_error *err)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.states = 1u << ABP_UNKNOWN};
    if (abp_outbox_list(&list, run->in->store, &filter, err) != 0)
        return -1;
    run->report->unknown = list.count;
    abp_planned_list_release(&list);
    return 0;
}

static void free_groups(struct groups *g)
{
    for (size_t i = 0; g->groups && i < g->count; i++)
        free(g->groups[i].channels);
    free(g->groups);
}

static int pass(struct pub_run *run, struct abp_error *err)
{
    struct abp_planned_list list;
    if (gather(&list, run, err) != 0)
        return -1;
    place_in_time(&list);
    tell_orphans(run, &list);
    struct groups g = {.run = run, .list = &list};
    int rc = make_groups(&g, err);
    if (rc == 0 && g.count)
        rc = serve_all(&g, err);
    free_groups(&g);
    abp_planned_list_release(&list);
    return rc == 0 ? count_unknown(run, err) : rc;
}

/* ---- begin and end ---- */

int pub_run_open(struct pub_run *run, const struct abp_publish_input *input,
                 struct abp_publish_report *report, struct abp_error *err)
{
    memset(run, 0, sizeof *run);
    run->in = input;
    run->report = report;
    run->experiments = calloc(input->experiment_count + 1, sizeof *run->experiments);
    if (!run->experiments)
        return abp_fail_memory(err);
    for (size_t i = 0; i < input->experiment_count; i++)
        run->experiments[i].in = &input->experiments[i];
    publish_owner_self(run->owner);
    run->salt = input->env->seed;
    int rc = input->env->entropy ? input->env->entropy(&run->salt, err) : 0;
    if (rc == 0 && pthread_mutex_init(&run->lock, NULL) != 0)
        rc = abp_fail_memory(err);
    if (rc == 0)
        return 0;
    free(run->experiments);
    memset(run, 0, sizeof *run);
    return -1;
}

void pub_run_close(struct pub_run *run)
{
    for (size_t i = 0; i < run->in->experiment_count; i++)
        if (run->experiments[i].open)
            shelf_close(&run->experiments[i].shelf);
    free(run->experiments);
    pthread_mutex_destroy(&run->lock);
}

int abp_publish_run(struct abp_publish_report *report, const struct abp_publish_input *input,
                    struct abp_error *err)
{
    struct pub_run run;
    memset(report, 0, sizeof *report);
    if (pub_run_open(&run, input, report, err) != 0)
        return -1;
    int rc = pass(&run, err);
    pub_run_close(&run);
    return rc;
}
