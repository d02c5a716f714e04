#include "abpost/publish.h"

#include "abpost/servers.h"
#include "abpost/sign_in.h"
#include "abpost/zone.h"
#include "publish/run.h"

#include <stdlib.h>
#include <string.h>

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
        [ABP_NOTE_TWICE] = "twice",
    };
    return (unsigned)kind < ABP_NOTE_COUNT ? names[kind] : NULL;
}

void pub_note(struct pub_run *run, const struct abp_note *note)
{
    run->report->count[note->kind]++;
    if (run->in->note)
        run->in->note(run->in->context, note);
}

int pub_sign_in(struct pub_run *run, const char *channel, const char *reason, struct abp_error *err)
{
    run->report->sign_in |= reason != NULL;
    return abp_sign_in_note(run->in->store, channel, reason, pub_now(run), err);
}

void pub_in_the_way(struct pub_run *run, const struct abp_outcome *outcome)
{
    run->report->local |= outcome->local;
    run->report->unreachable |= !outcome->local;
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
            shelf_open(&e->shelf, e->in->experiment, run->in->store, run->in->ws, err) != 0)
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

/* ---- one channel ---- */

struct pass {
    struct pub_run *run;                 /* borrowed */
    const struct abp_planned_list *list; /* borrowed */
};

/* Asked to, or the store has failed: on another thread's turn it would fail again, after as long a
 * wait for a lock. */
static int is_stopped(const struct pub_run *run)
{
    return run->failed.code != ABP_OK || (run->in->env->stop && *run->in->env->stop);
}

/* What may be out is asked for before anything new is said. */
static int serve_posts(struct pub_channel *c, const struct abp_planned_list *list,
                       struct abp_error *err)
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

static int serve(void *context, struct abp_connection *connection,
                 const struct abp_channel *channel, const struct abp_error *why)
{
    struct pass *pass = context;
    struct pub_run *run = pass->run;
    struct pub_channel c = {.run = run, .channel = channel, .connection = connection};
    struct abp_error err = {0};
    if (!connection) {
        tell_channel(run, channel, pass->list, why->message);
        run->report->unopened |= why->code == ABP_DATA;
        if (why->code != ABP_PERSON || pub_sign_in(run, channel->name, why->message, &err) == 0)
            return 0;
    } else if (serve_posts(&c, pass->list, &err) == 0) {
        return 0;
    }
    if (run->failed.code == ABP_OK)
        run->failed = err;
    return -1;
}

/* ---- all channels ---- */

/* 1: there is something to do there. */
static unsigned char has_work(const struct pub_run *run, const struct abp_channel *channel,
                              const struct abp_planned_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->list[i].channel, channel->name) == 0 &&
            (list->list[i].state != ABP_PLANNED || list->list[i].due_at <= pub_now(run)))
            return 1;
    return 0;
}

static int serve_all(struct pub_run *run, const struct abp_planned_list *list,
                     struct abp_error *err)
{
    const struct abp_workspace *ws = run->in->ws;
    struct pass pass = {run, list};
    unsigned char *wanted = calloc(ws->channel_count + 1, 1);
    if (!wanted)
        return abp_fail_memory(err);
    for (size_t i = 0; i < ws->channel_count; i++)
        wanted[i] = has_work(run, &ws->channels[i], list);
    struct abp_servers servers = {.env = run->in->env,
                                  .root = ws->root,
                                  .channels = ws->channels,
                                  .wanted = wanted,
                                  .channel_count = ws->channel_count,
                                  .lock = &run->lock,
                                  .serve = serve,
                                  .context = &pass};
    int rc = abp_servers_each(&servers, err);
    free(wanted);
    if (rc == 0 && run->failed.code != ABP_OK) {
        *err = run->failed;
        rc = -1;
    }
    return rc;
}

static int is_orphan(const struct pub_run *run, const struct abp_planned *post)
{
    return abp_workspace_channel(run->in->ws, post->channel) == NULL;
}

#define NO_CHANNEL "its channel is no longer in abpost.ini"

static int is_due_orphan(const struct pub_run *run, const struct abp_planned *post)
{
    return is_orphan(run, post) && post->due_at <= pub_now(run);
}

/* Posts on channels that the workspace no longer has leave the plan when it is too late for them,
 * like any other: nobody else would take them out. 1: some did, others of their blocks with them;
 * 0: none; -1. */
static int drop_late_orphans(struct pub_run *run, const struct abp_planned_list *list,
                             struct abp_error *err)
{
    int dropped = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct abp_planned *post = &list->list[i];
        if (post->state != ABP_PLANNED || !is_due_orphan(run, post))
            continue;
        const struct pub_experiment *e = pub_experiment_of(run, post->experiment, err);
        if (!e && err->code)
            return -1;
        if (!e || pub_now(run) - post->due_at <= e->in->experiment->schedule.max_lateness)
            continue;
        if (pub_drop(run, post, ABP_MISSED, NO_CHANNEL, err) != 0)
            return -1;
        dropped = 1;
    }
    return dropped;
}

static void tell_orphans(struct pub_run *run, const struct abp_planned_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct abp_note note = {.kind = list->list[i].state == ABP_PLANNED ? ABP_NOTE_WAITING
                                                                           : ABP_NOTE_UNKNOWN,
                                .post = &list->list[i],
                                .detail = NO_CHANNEL};
        if (!is_due_orphan(run, &list->list[i]))
            continue;
        pub_note(run, &note);
        run->report->unopened = 1;
    }
}

/* Of those that were being sent the ones count that nobody will ask about. */
static int count_unknown(struct pub_run *run, struct abp_error *err)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.states = 1u << ABP_UNKNOWN | 1u << ABP_SENDING};
    if (abp_outbox_list(&list, run->in->store, &filter, err) != 0)
        return -1;
    run->report->unknown = 0;
    for (size_t i = 0; i < list.count; i++)
        if (list.list[i].state == ABP_UNKNOWN || is_orphan(run, &list.list[i]))
            run->report->unknown++;
    abp_planned_list_release(&list);
    return 0;
}

static int pass_over(struct pub_run *run, struct abp_error *err)
{
    struct abp_planned_list list;
    if (gather(&list, run, err) != 0)
        return -1;
    int dropped = drop_late_orphans(run, &list, err);
    if (dropped) {
        abp_planned_list_release(&list);
        if (dropped < 0 || gather(&list, run, err) != 0)
            return -1;
    }
    place_in_time(&list);
    tell_orphans(run, &list);
    int rc = serve_all(run, &list, err);
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
    int rc = pass_over(&run, err);
    pub_run_close(&run);
    return rc;
}
