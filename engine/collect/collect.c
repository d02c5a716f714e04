#include "abpost/collect.h"

#include "abpost/due.h"
#include "abpost/outbox.h"
#include "abpost/servers.h"
#include "abpost/sign_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Posts older than this many of the longest horizons, and a month, are done with: even what was
 * never read is no longer asked for. */
#define DONE_WITH_HORIZONS 8
#define MONTH              INT64_C(2592000)

struct pass {
    const struct abp_collect_input *in; /* borrowed */
    struct abp_collect_report *report;  /* borrowed */
    struct abp_made_list made;
    struct abp_due_post *due;    /* owned; made.count */
    struct abp_due_entry *order; /* owned; what is due, most urgent first */
    size_t due_count;
    pthread_mutex_t lock;
    struct abp_error failed; /* code ABP_OK: the store works */
};

static int64_t now_of(const struct pass *pass)
{
    return pass->in->env->now(pass->in->env->context);
}

static const struct abp_experiment *experiment_of(const struct pass *pass, const char *name)
{
    for (size_t i = 0; i < pass->in->experiment_count; i++)
        if (strcmp(pass->in->experiments[i]->name, name) == 0)
            return pass->in->experiments[i];
    return NULL;
}

/* ---- what is due ---- */

static int can_read(const struct pass *pass, const char *channel)
{
    const struct abp_workspace *ws = pass->in->ws;
    for (size_t i = 0; i < ws->channel_count; i++) {
        const struct abp_channel_ops *ops = abp_channel_ops(ws->channels[i].platform);
        if (strcmp(ws->channels[i].name, channel) == 0)
            return ops && ops->read;
    }
    return 0;
}

static void set_due(struct pass *pass, size_t i)
{
    const struct abp_made *m = &pass->made.list[i];
    const struct abp_experiment *e = experiment_of(pass, m->experiment);
    int reads = e && m->remote_id && can_read(pass, m->channel);
    pass->due[i] = (struct abp_due_post){.posted_at = m->posted_at,
                                         .horizon = e ? e->horizon : 1,
                                         .last_age = -1,
                                         .tried_at = m->tried_at,
                                         .failures = m->failures,
                                         .gone = m->deleted_at != 0 || !reads};
    /* A reading that is still to come was made by a clock that was wrong, at another age than it
     * says: the right one is still to be read. */
    for (size_t r = 0; r < m->reading_count; r++)
        if (m->readings[r].age > pass->due[i].last_age &&
            m->readings[r].read_at <= now_of(pass) + ABP_CLOCK_SLACK)
            pass->due[i].last_age = m->readings[r].age;
}

static int gather(struct pass *pass, struct abp_error *err)
{
    int64_t longest = 0, now = now_of(pass);
    for (size_t i = 0; i < pass->in->experiment_count; i++)
        if (pass->in->experiments[i]->horizon > longest)
            longest = pass->in->experiments[i]->horizon;
    int64_t from = now - DONE_WITH_HORIZONS * longest - MONTH;
    if (abp_made_list_read(&pass->made, pass->in->store, NULL, NULL, from > 0 ? from : 0, err) != 0)
        return -1;
    pass->due = calloc(pass->made.count + 1, sizeof *pass->due);
    pass->order = calloc(pass->made.count + 1, sizeof *pass->order);
    if (!pass->due || !pass->order)
        return abp_fail_memory(err);
    for (size_t i = 0; i < pass->made.count; i++)
        set_due(pass, i);
    pass->due_count = abp_due_list(pass->order, pass->due, pass->made.count, now);
    return 0;
}

/* ---- what came ---- */

/* The facts of one batch. */
struct batch {
    struct pass *pass;          /* borrowed */
    const size_t *posts;        /* borrowed; indices into made */
    struct abp_reading *values; /* borrowed; count */
    size_t count;
    struct abp_made_fact *facts; /* owned */
    size_t fact_count;
    int64_t now;
};

static struct abp_made_fact *add_fact(struct batch *b, enum abp_made_event kind, size_t i)
{
    struct abp_made_fact *fact = &b->facts[b->fact_count++];
    const struct abp_made *m = &b->pass->made.list[b->posts[i]];
    *fact = (struct abp_made_fact){
        .kind = kind, .post = m->id, .at = b->now, .age = b->now - m->posted_at};
    return fact;
}

static void note(struct batch *b, size_t i, enum abp_read_kind kind, const char *detail)
{
    struct abp_collect_report *report = b->pass->report;
    struct abp_read_note n = {kind, &b->pass->made.list[b->posts[i]], detail};
    size_t *counts[] = {[ABP_READ_DONE] = &report->read,
                        [ABP_READ_DELETED] = &report->deleted,
                        [ABP_READ_EDITED] = &report->edited,
                        [ABP_READ_FAILED] = &report->failed};
    ++*counts[kind];
    if (b->pass->in->note)
        b->pass->in->note(b->pass->in->context, &n);
}

/* "likes 3, replies 0" */
static void describe(char *out, size_t size, const struct abp_reading *reading)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < reading->value_count && used < size; i++) {
        int n = snprintf(out + used, size - used, "%s%s %.17g", i ? ", " : "",
                         reading->values[i].name, reading->values[i].value);
        used += n > 0 ? (size_t)n : 0;
    }
}

static void take_values(struct batch *b, size_t i)
{
    const struct abp_reading *r = &b->values[i];
    char detail[512];
    for (size_t v = 0; v < r->value_count; v++) {
        struct abp_made_fact *fact = add_fact(b, ABP_MADE_READING, i);
        fact->metric = r->values[v].name;
        fact->value = r->values[v].value;
    }
    describe(detail, sizeof detail, r);
    note(b, i, ABP_READ_DONE, detail);
    if (r->edited && b->pass->made.list[b->posts[i]].edited_at == 0) {
        add_fact(b, ABP_MADE_EDITED, i);
        note(b, i, ABP_READ_EDITED, "it no longer reads as it was sent");
    }
}

static void take(struct batch *b, size_t i)
{
    const struct abp_reading *r = &b->values[i];
    if (r->state == ABP_READ && r->value_count > 0) {
        take_values(b, i);
    } else if (r->state == ABP_READ_GONE) {
        add_fact(b, ABP_MADE_DELETED, i);
        note(b, i, ABP_READ_DELETED, "the platform no longer has it");
    } else {
        const char *why = r->reason[0] ? r->reason : "the answer holds no number";
        add_fact(b, ABP_MADE_UNREAD, i)->metric = why;
        note(b, i, ABP_READ_FAILED, why);
    }
}

static int take_all(struct batch *b, struct abp_error *err)
{
    b->facts = calloc(b->count * (ABP_METRICS_MAX + 2), sizeof *b->facts);
    if (!b->facts)
        return abp_fail_memory(err);
    b->now = now_of(b->pass);
    for (size_t i = 0; i < b->count; i++)
        take(b, i);
    int rc = abp_made_add(b->pass->in->store, b->facts, b->fact_count, err);
    free(b->facts);
    return rc;
}

/* ---- one channel ---- */

/* The due posts of a channel, most urgent first. Returns how many. */
static size_t posts_of_channel(size_t *posts, const struct pass *pass, const char *channel)
{
    size_t count = 0;
    for (size_t i = 0; i < pass->due_count; i++)
        if (strcmp(pass->made.list[pass->order[i].index].channel, channel) == 0)
            posts[count++] = pass->order[i].index;
    return count;
}

static void fail_all(struct abp_reading *readings, size_t count, const char *why)
{
    for (size_t i = 0; i < count; i++) {
        if (readings[i].state != ABP_READ_NOT || readings[i].reason[0])
            continue;
        snprintf(readings[i].reason, sizeof readings[i].reason, "%.200s", why);
    }
}

/* What the answers say of the account: nothing when none came to a post's numbers, or to its being
 * gone. */
static int note_account(const struct batch *b, const struct abp_channel *channel,
                        const struct abp_error *why, struct abp_error *err)
{
    struct abp_store *store = b->pass->in->store;
    int64_t now = now_of(b->pass);
    if (why->code == ABP_PERSON)
        return abp_sign_in_note_reading(store, channel->name, why->message, now, err);
    for (size_t i = 0; i < b->count; i++)
        if (b->values[i].state != ABP_READ_NOT)
            return abp_sign_in_note_reading(store, channel->name, NULL, now, err);
    return 0;
}

/* -1 with err: the store failed. */
static int read_batch(struct pass *pass, struct abp_connection *connection,
                      const struct abp_channel *channel, const struct abp_error *closed,
                      struct batch *b, struct abp_error *err)
{
    struct abp_error why = {0};
    int rc = -1;
    if (!connection) {
        why = *closed;
    } else if (connection->wait_until > now_of(pass)) {
        abp_fail(&why, ABP_UNREACHABLE, "the server asked for a pause");
    } else {
        pthread_mutex_unlock(&pass->lock);
        rc = connection->ops->read(connection, b->values, b->count, &why);
        pthread_mutex_lock(&pass->lock);
    }
    if (rc == 0) {
        abp_error_clear(&why);
    } else {
        fail_all(b->values, b->count, why.message);
        pass->report->sign_in |= why.code == ABP_PERSON;
        pass->report->unreachable |= why.code == ABP_UNREACHABLE;
        pass->report->local |= why.code == ABP_FAILED;
    }
    return note_account(b, channel, &why, err);
}

static int serve_posts(struct pass *pass, struct abp_connection *connection,
                       const struct abp_channel *channel, const struct abp_error *closed,
                       struct abp_error *err)
{
    size_t *posts = calloc(pass->due_count + 1, sizeof *posts);
    struct abp_reading *readings = calloc(pass->due_count + 1, sizeof *readings);
    int rc = posts && readings ? 0 : abp_fail_memory(err);
    size_t count = rc == 0 ? posts_of_channel(posts, pass, channel->name) : 0;
    for (size_t i = 0; i < count; i++) {
        const struct abp_made *m = &pass->made.list[posts[i]];
        readings[i].remote_id = m->remote_id;
        readings[i].url = m->url;
        readings[i].version = m->version ? m->version : "";
        readings[i].state = ABP_READ_NOT;
    }
    if (count) {
        struct batch b = {.pass = pass, .posts = posts, .values = readings, .count = count};
        rc = read_batch(pass, connection, channel, closed, &b, err);
        if (rc == 0)
            rc = take_all(&b, err);
    }
    free(readings);
    free(posts);
    return rc;
}

static int serve(void *context, struct abp_connection *connection,
                 const struct abp_channel *channel, const struct abp_error *why)
{
    struct pass *pass = context;
    struct abp_error err = {0};
    if (serve_posts(pass, connection, channel, why, &err) == 0)
        return 0;
    if (pass->failed.code == ABP_OK)
        pass->failed = err;
    return -1;
}

/* ---- the whole ---- */

static int serve_all(struct pass *pass, struct abp_error *err)
{
    const struct abp_workspace *ws = pass->in->ws;
    unsigned char *wanted = calloc(ws->channel_count + 1, 1);
    if (!wanted)
        return abp_fail_memory(err);
    for (size_t i = 0; i < pass->due_count; i++)
        for (size_t c = 0; c < ws->channel_count; c++)
            wanted[c] |=
                strcmp(pass->made.list[pass->order[i].index].channel, ws->channels[c].name) == 0;
    struct abp_servers servers = {.env = pass->in->env,
                                  .root = ws->root,
                                  .channels = ws->channels,
                                  .wanted = wanted,
                                  .channel_count = ws->channel_count,
                                  .lock = &pass->lock,
                                  .serve = serve,
                                  .context = pass};
    int rc = abp_servers_each(&servers, err);
    free(wanted);
    if (rc == 0 && pass->failed.code != ABP_OK) {
        *err = pass->failed;
        rc = -1;
    }
    return rc;
}

int abp_collect_run(struct abp_collect_report *report, const struct abp_collect_input *input,
                    struct abp_error *err)
{
    struct pass pass = {.in = input, .report = report};
    memset(report, 0, sizeof *report);
    if (pthread_mutex_init(&pass.lock, NULL) != 0)
        return abp_fail_memory(err);
    int rc = gather(&pass, err);
    if (rc == 0 && pass.due_count)
        rc = serve_all(&pass, err);
    free(pass.order);
    free(pass.due);
    abp_made_list_release(&pass.made);
    pthread_mutex_destroy(&pass.lock);
    return rc;
}
