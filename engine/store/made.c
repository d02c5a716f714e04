#include "abpost/made.h"

#include "store/handle.h"
#include "store/intern.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

enum {
    C_ID,
    C_PLANNED,
    C_BLOCK,
    C_EXPERIMENT,
    C_VARIANT,
    C_CHANNEL,
    C_SLOT,
    C_FILE,
    C_REMOTE,
    C_VERSION,
    C_URL,
    C_PROBABILITY,
    C_DESIGN,
    C_DRAWN,
    C_DUE,
    C_POSTED,
    C_DELETED,
    C_EDITED,
    C_TRIED,
    C_FAILURES,
    C_TROUBLE,
    C_METRIC,
    C_READ_AT,
    C_AGE,
    C_VALUE
};

/* When a post was last read; failures before that are over. */
#define LAST_READ "COALESCE((SELECT max(read_at) FROM reading WHERE post_id = post.id), 0)"

static const char select_made[] =
    "SELECT post.id, p.id, b.id, e.name, post.variant, post.channel, post.slot, a.file,"
    " r.remote_id, r.version, r.url, p.probability, b.design, plan.drawn_at, p.due_at, "
    "post.posted_at,"
    " (SELECT seen_at FROM post_event v WHERE v.post_id = post.id AND v.kind = 'deleted'),"
    " (SELECT seen_at FROM post_event v WHERE v.post_id = post.id AND v.kind = 'edited'),"
    " (SELECT max(failed_at) FROM reading_failure f WHERE f.post_id = post.id"
    "  AND f.failed_at >= " LAST_READ "),"
    " (SELECT count(*) FROM reading_failure f WHERE f.post_id = post.id"
    "  AND f.failed_at >= " LAST_READ "),"
    " (SELECT reason FROM reading_failure f WHERE f.post_id = post.id"
    "  AND f.failed_at >= " LAST_READ " ORDER BY f.failed_at DESC LIMIT 1),"
    " reading.metric, reading.read_at, reading.age,"
    " COALESCE((SELECT c.value FROM reading_correction c WHERE c.post_id = reading.post_id"
    "  AND c.metric = reading.metric AND c.read_at = reading.read_at"
    "  ORDER BY c.id DESC LIMIT 1), reading.value) "
    "FROM post JOIN experiment e ON e.id = post.experiment_id"
    " JOIN attempt a ON a.id = post.attempt_id"
    " JOIN planned_post p ON p.id = a.planned_post_id JOIN block b ON b.id = p.block_id"
    " JOIN plan ON plan.id = b.plan_id"
    " JOIN attempt_result r ON r.id = (SELECT id FROM attempt_result"
    "  WHERE attempt_id = a.id AND state = 'posted' ORDER BY id LIMIT 1)"
    " LEFT JOIN reading ON reading.post_id = post.id "
    "WHERE (:experiment IS NULL OR e.name = :experiment)"
    " AND (:channel IS NULL OR post.channel = :channel) AND post.posted_at >= :from "
    "ORDER BY post.posted_at, post.id, reading.read_at, reading.metric";

struct loading {
    struct abp_made_list *list; /* borrowed */
    size_t capacity;            /* of list->list */
    size_t readings;            /* room for readings of the last post */
    struct abp_intern metrics;
};

static int copy_post(struct abp_made *m, struct abp_statement *s, struct abp_error *err)
{
    m->id = abp_column_int(s, C_ID);
    m->planned = abp_column_int(s, C_PLANNED);
    m->block = abp_column_int(s, C_BLOCK);
    m->probability = abp_column_real(s, C_PROBABILITY);
    m->drawn_at = abp_column_int(s, C_DRAWN);
    m->due_at = abp_column_int(s, C_DUE);
    m->posted_at = abp_column_int(s, C_POSTED);
    m->deleted_at = abp_column_int(s, C_DELETED);
    m->edited_at = abp_column_int(s, C_EDITED);
    m->tried_at = abp_column_int(s, C_TRIED);
    m->failures = (int)abp_column_int(s, C_FAILURES);
    struct {
        char **to;
        int column;
    } texts[] = {{&m->experiment, C_EXPERIMENT},
                 {&m->variant, C_VARIANT},
                 {&m->channel, C_CHANNEL},
                 {&m->slot, C_SLOT},
                 {&m->file, C_FILE},
                 {&m->remote_id, C_REMOTE},
                 {&m->version, C_VERSION},
                 {&m->url, C_URL},
                 {&m->design, C_DESIGN},
                 {&m->trouble, C_TROUBLE}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (abp_column_copy(texts[i].to, s, texts[i].column, err) != 0)
            return -1;
    return 0;
}

/* The post of this row: the last one, or a new one. NULL without memory. */
static struct abp_made *post_of(struct loading *l, struct abp_statement *s, struct abp_error *err)
{
    struct abp_made_list *list = l->list;
    if (list->count && list->list[list->count - 1].id == abp_column_int(s, C_ID))
        return &list->list[list->count - 1];
    if (list->count == l->capacity) {
        size_t grown = l->capacity ? 2 * l->capacity : 64;
        struct abp_made *rows = realloc(list->list, grown * sizeof *rows);
        if (!rows) {
            abp_fail_memory(err);
            return NULL;
        }
        list->list = rows;
        l->capacity = grown;
    }
    struct abp_made *m = &list->list[list->count++];
    memset(m, 0, sizeof *m);
    l->readings = 0;
    return copy_post(m, s, err) == 0 ? m : NULL;
}

/* The name of a metric, the same pointer for the same name. */
static const char *metric_name(struct loading *l, const char *name, struct abp_error *err)
{
    uint32_t index;
    return abp_intern(&index, &l->metrics, name, err) == 0 ? l->metrics.names.list[index] : NULL;
}

static int add_reading(struct loading *l, struct abp_made *m, struct abp_statement *s,
                       struct abp_error *err)
{
    if (abp_column_is_null(s, C_METRIC))
        return 0;
    if (m->reading_count == l->readings) {
        size_t grown = l->readings ? 2 * l->readings : 8;
        struct abp_made_reading *rows = realloc(m->readings, grown * sizeof *rows);
        if (!rows)
            return abp_fail_memory(err);
        m->readings = rows;
        l->readings = grown;
    }
    struct abp_made_reading *r = &m->readings[m->reading_count];
    r->metric = metric_name(l, abp_column_text(s, C_METRIC), err);
    r->read_at = abp_column_int(s, C_READ_AT);
    r->age = abp_column_int(s, C_AGE);
    r->value = abp_column_real(s, C_VALUE);
    if (!r->metric)
        return -1;
    m->reading_count++;
    return 0;
}

static int read_rows(struct loading *l, struct abp_statement *s, struct abp_error *err)
{
    int row;
    while ((row = abp_step(s, err)) > 0) {
        struct abp_made *m = post_of(l, s, err);
        if (!m || add_reading(l, m, s, err) != 0)
            return -1;
    }
    return row;
}

int abp_made_list_read(struct abp_made_list *list, struct abp_store *store, const char *experiment,
                       const char *channel, int64_t from, struct abp_error *err)
{
    struct loading l = {.list = list};
    struct abp_statement *s = NULL;
    memset(list, 0, sizeof *list);
    if (abp_db_prepare(&s, store->db, select_made, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":experiment"), experiment);
    abp_bind_text(s, abp_param(s, ":channel"), channel);
    abp_bind_int(s, abp_param(s, ":from"), from);
    int rc = read_rows(&l, s, err);
    abp_db_finish(s);
    list->metrics = l.metrics.names.list;
    list->metric_count = l.metrics.names.count;
    memset(&l.metrics.names, 0, sizeof l.metrics.names);
    abp_intern_release(&l.metrics);
    if (rc != 0)
        abp_made_list_release(list);
    return rc;
}

void abp_made_list_release(struct abp_made_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        struct abp_made *m = &list->list[i];
        char *owned[] = {m->experiment, m->variant, m->channel, m->slot,   m->file,
                         m->remote_id,  m->version, m->url,     m->design, m->trouble};
        for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
            free(owned[k]);
        free(m->readings);
    }
    free(list->list);
    for (size_t i = 0; i < list->metric_count; i++)
        free(list->metrics[i]);
    free(list->metrics);
    memset(list, 0, sizeof *list);
}

/* ---- writing ---- */

/* The statements of one batch. */
struct adding {
    struct abp_statement *reading, *correction, *event, *failure; /* owned */
};

static int prepare(struct adding *a, struct abp_store *store, struct abp_error *err)
{
    return abp_db_prepare(&a->reading, store->db,
                          "INSERT INTO reading (post_id, metric, read_at, age, value)"
                          " VALUES (:post, :metric, :at, :age, :value)"
                          " ON CONFLICT (post_id, metric, read_at) DO NOTHING",
                          err) != 0 ||
                   abp_db_prepare(&a->correction, store->db,
                                  "INSERT INTO reading_correction"
                                  " (post_id, metric, read_at, value, corrected_at)"
                                  " VALUES (:post, :metric, :at, :value, :noted)",
                                  err) != 0 ||
                   abp_db_prepare(&a->event, store->db,
                                  "INSERT INTO post_event (post_id, kind, seen_at)"
                                  " VALUES (:post, :kind, :at)"
                                  " ON CONFLICT (post_id, kind) DO NOTHING",
                                  err) != 0 ||
                   abp_db_prepare(&a->failure, store->db,
                                  "INSERT INTO reading_failure (post_id, failed_at, reason)"
                                  " VALUES (:post, :at, :reason)"
                                  " ON CONFLICT (post_id, failed_at) DO NOTHING",
                                  err) != 0
               ? -1
               : 0;
}

static int add_fact(const struct adding *a, const struct abp_made_fact *f, struct abp_error *err)
{
    struct abp_statement *s = a->event;
    if (f->kind == ABP_MADE_READING || f->kind == ABP_MADE_CORRECTION) {
        int first = f->kind == ABP_MADE_READING;
        s = first ? a->reading : a->correction;
        if (!isfinite(f->value))
            return abp_fail(err, ABP_BUG, "a reading that is no number");
        abp_bind_text(s, abp_param(s, ":metric"), f->metric);
        abp_bind_int(s, abp_param(s, first ? ":age" : ":noted"), first ? f->age : f->noted_at);
        abp_bind_real(s, abp_param(s, ":value"), f->value);
    } else if (f->kind == ABP_MADE_UNREAD) {
        s = a->failure;
        abp_bind_text(s, abp_param(s, ":reason"), f->metric ? f->metric : "");
    } else {
        abp_bind_text(s, abp_param(s, ":kind"), f->kind == ABP_MADE_EDITED ? "edited" : "deleted");
    }
    abp_bind_int(s, abp_param(s, ":post"), f->post);
    abp_bind_int(s, abp_param(s, ":at"), f->at);
    return abp_run(s, err);
}

static int has_correction(const struct abp_made_fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (facts[i].kind == ABP_MADE_CORRECTION)
            return 1;
    return 0;
}

/* Lightly: numbers that a power cut takes are read again. Nobody would correct one again. */
int abp_made_add(struct abp_store *store, const struct abp_made_fact *facts, size_t count,
                 struct abp_error *err)
{
    struct adding a = {0};
    if (count == 0)
        return 0;
    if ((has_correction(facts, count) ? abp_db_begin(store->db, err)
                                      : abp_db_begin_lightly(store->db, err)) != 0)
        return -1;
    int rc = prepare(&a, store, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = add_fact(&a, &facts[i], err);
    abp_db_finish(a.reading);
    abp_db_finish(a.correction);
    abp_db_finish(a.event);
    abp_db_finish(a.failure);
    if (rc == 0)
        rc = abp_db_commit(store->db, err);
    if (rc != 0)
        abp_db_rollback(store->db);
    return rc;
}
