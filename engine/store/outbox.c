/* Reading the outbox: each planned post with what became of it, derived from the facts. */
#include "store/outbox.h"

#include "abpost/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *abp_post_state_name(enum abp_post_state state)
{
    static const char *const names[ABP_POST_STATE_COUNT] = {
        [ABP_PLANNED] = "planned",     [ABP_SENDING] = "sending", [ABP_UNKNOWN] = "unknown",
        [ABP_POSTED] = "posted",       [ABP_HANDED] = "handed",   [ABP_REFUSED] = "refused",
        [ABP_MISSED] = "missed",       [ABP_EMPTY] = "empty",     [ABP_REDRAWN] = "redrawn",
        [ABP_CANCELLED] = "cancelled",
    };
    return (unsigned)state < ABP_POST_STATE_COUNT ? names[state] : NULL;
}

/* The attempt that counts is the one that made a post, else the newest; of its results, the one
 * that says posted, else the newest. */
#define ATTEMPT_OF_PLANNED                                                                         \
    "(SELECT a.id FROM attempt a LEFT JOIN post ON post.attempt_id = a.id"                         \
    " WHERE a.planned_post_id = p.id ORDER BY post.id IS NULL, a.number DESC LIMIT 1)"

/* Posts that may still be in one of OPEN_STATES: not out, and not dropped before the first attempt.
 * Most posts of a long past are neither, and need not be looked at any further. */
#define MAY_BE_OPEN                                                                                \
    "NOT EXISTS (SELECT 1 FROM attempt a JOIN post ON post.attempt_id = a.id"                      \
    "  WHERE a.planned_post_id = p.id)"                                                            \
    " AND (NOT EXISTS (SELECT 1 FROM dropped WHERE dropped.planned_post_id = p.id)"                \
    "  OR EXISTS (SELECT 1 FROM attempt a WHERE a.planned_post_id = p.id))"
#define OPEN_STATES (1u << ABP_PLANNED | 1u << ABP_SENDING | 1u << ABP_UNKNOWN)

/* which: the condition to look the posts up by, first. A + keeps an index from being used, where
 * another one leads to fewer rows. */
#define SELECT_PLANNED(which)                                                                      \
    "WITH planned AS ("                                                                            \
    " SELECT p.id AS id, p.block_id AS block, b.plan_id AS plan, e.name AS experiment,"            \
    "  p.position AS position, p.variant AS variant, b.channel AS channel, p.slot AS slot,"        \
    "  b.design AS design, p.probability AS probability, p.local_date AS local_date,"              \
    "  p.local_time AS local_time, p.timezone AS timezone, p.due_at AS due_at,"                    \
    "  plan.drawn_at AS drawn_at, plan.decisions AS decisions, " ATTEMPT_OF_PLANNED " AS attempt"  \
    " FROM planned_post p JOIN block b ON b.id = p.block_id"                                       \
    " JOIN plan ON plan.id = b.plan_id JOIN experiment e ON e.id = plan.experiment_id"             \
    " WHERE " which " AND (:block = 0 OR p.block_id = :block)"                                     \
    " AND (:experiment IS NULL OR e.name = :experiment)"                                           \
    " AND (:channel IS NULL OR b.channel = :channel)"                                              \
    " AND (:open = 0 OR (" MAY_BE_OPEN "))),"                                                      \
    "settled AS ("                                                                                 \
    " SELECT planned.*, (SELECT r.id FROM attempt_result r WHERE r.attempt_id = planned.attempt"   \
    "  ORDER BY r.state <> 'posted', r.id DESC LIMIT 1) AS result FROM planned) "                  \
    "SELECT s.id, s.block, s.plan, s.experiment, s.position, s.variant, s.channel, s.slot,"        \
    " s.design, s.probability, s.local_date, s.local_time, s.timezone, s.due_at, s.drawn_at,"      \
    " s.decisions, d.state, d.dropped_at, d.reason, s.attempt,"                                    \
    " a.number, a.idempotency_key, a.request, a.file, a.owner, a.started_at, a.leased_until,"      \
    " r.state, r.settled_at, r.reason, r.retry_at, r.remote_id, r.version, r.url,"                 \
    " post.id, post.posted_at "                                                                    \
    "FROM settled s LEFT JOIN dropped d ON d.planned_post_id = s.id"                               \
    " LEFT JOIN attempt a ON a.id = s.attempt"                                                     \
    " LEFT JOIN attempt_result r ON r.id = s.result"                                               \
    " LEFT JOIN post ON post.attempt_id = s.attempt "                                              \
    "ORDER BY s.due_at, s.id"

#define WHEN_DUE "p.due_at >= :from AND p.due_at < :before"
#define ANY_DUE  "+p.due_at >= :from AND +p.due_at < :before"

static const char select_one[] = SELECT_PLANNED("p.id = :id AND " ANY_DUE);
static const char select_block[] = SELECT_PLANNED("p.block_id = :block AND " ANY_DUE);
static const char select_experiment[] = SELECT_PLANNED("e.name = :experiment AND " ANY_DUE);
static const char select_channel[] = SELECT_PLANNED("b.channel = :channel AND " ANY_DUE);
static const char select_due[] = SELECT_PLANNED(WHEN_DUE);

enum {
    C_ID,
    C_BLOCK,
    C_PLAN,
    C_EXPERIMENT,
    C_POSITION,
    C_VARIANT,
    C_CHANNEL,
    C_SLOT,
    C_DESIGN,
    C_PROBABILITY,
    C_DATE,
    C_TIME,
    C_ZONE,
    C_DUE,
    C_DRAWN,
    C_DECISIONS,
    C_DROPPED,
    C_DROPPED_AT,
    C_DROPPED_WHY,
    C_ATTEMPT,
    C_NUMBER,
    C_KEY,
    C_REQUEST,
    C_FILE,
    C_OWNER,
    C_STARTED,
    C_LEASED,
    C_RESULT,
    C_SETTLED,
    C_RESULT_WHY,
    C_RETRY,
    C_REMOTE,
    C_VERSION,
    C_URL,
    C_POST,
    C_POSTED_AT
};

static void release_planned(struct abp_planned *p)
{
    char *owned[] = {p->experiment, p->variant, p->channel, p->slot,     p->design,
                     p->timezone,   p->reason,  p->key,     p->request,  p->file,
                     p->owner,      p->url,     p->version, p->remote_id};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    memset(p, 0, sizeof *p);
}

void abp_planned_list_release(struct abp_planned_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        release_planned(&list->list[i]);
    free(list->list);
    memset(list, 0, sizeof *list);
}

static enum abp_post_state state_from(const char *name)
{
    if (strcmp(name, "not-posted") == 0)
        return ABP_PLANNED;
    for (int s = 0; s < ABP_POST_STATE_COUNT; s++)
        if (strcmp(abp_post_state_name((enum abp_post_state)s), name) == 0)
            return (enum abp_post_state)s;
    return ABP_UNKNOWN;
}

/* A post that is out is out, whatever else was said; one that left the plan is settled by that. */
static void derive_state(struct abp_planned *p, struct abp_statement *s, int *reason_column)
{
    *reason_column = C_RESULT_WHY;
    p->state_at = abp_column_int(s, C_DRAWN);
    if (!abp_column_is_null(s, C_RESULT)) {
        p->state = state_from(abp_column_text(s, C_RESULT));
        p->state_at = abp_column_int(s, C_SETTLED);
    } else if (p->attempt) {
        p->state = ABP_SENDING;
        p->state_at = p->started_at;
    }
    if (p->state == ABP_PLANNED && !abp_column_is_null(s, C_DROPPED)) {
        p->state = state_from(abp_column_text(s, C_DROPPED));
        p->state_at = abp_column_int(s, C_DROPPED_AT);
        *reason_column = C_DROPPED_WHY;
    }
}

static int read_attempt(struct abp_planned *p, struct abp_statement *s, struct abp_error *err)
{
    p->attempt = abp_column_int(s, C_ATTEMPT);
    if (!p->attempt)
        return 0;
    p->attempts = abp_column_int(s, C_NUMBER);
    p->started_at = abp_column_int(s, C_STARTED);
    p->leased_until = abp_column_int(s, C_LEASED);
    p->retry_at = abp_column_int(s, C_RETRY);
    p->post = abp_column_int(s, C_POST);
    p->posted_at = abp_column_int(s, C_POSTED_AT);
    if (!(p->request = abp_column_bytes(&p->request_len, s, C_REQUEST)))
        return abp_fail_memory(err);
    return abp_column_copy(&p->key, s, C_KEY, err) != 0 ||
                   abp_column_copy(&p->file, s, C_FILE, err) != 0 ||
                   abp_column_copy(&p->owner, s, C_OWNER, err) != 0 ||
                   abp_column_copy(&p->remote_id, s, C_REMOTE, err) != 0 ||
                   abp_column_copy(&p->version, s, C_VERSION, err) != 0 ||
                   abp_column_copy(&p->url, s, C_URL, err) != 0
               ? -1
               : 0;
}

static int read_planned(struct abp_planned *p, struct abp_statement *s, struct abp_error *err)
{
    p->id = abp_column_int(s, C_ID);
    p->block = abp_column_int(s, C_BLOCK);
    p->plan = abp_column_int(s, C_PLAN);
    p->decisions = abp_column_is_null(s, C_DECISIONS) ? -1 : abp_column_int(s, C_DECISIONS);
    p->position = abp_column_int(s, C_POSITION);
    p->probability = abp_column_real(s, C_PROBABILITY);
    p->due_at = abp_column_int(s, C_DUE);
    if (abp_date_parse(&p->date, abp_column_text(s, C_DATE)) != 0 ||
        abp_wall_time_parse(&p->time, abp_column_text(s, C_TIME)) != 0)
        return abp_fail(err, ABP_DATA, "planned post %lld has no day or time that exists",
                        (long long)p->id);
    int why;
    if (abp_column_copy(&p->experiment, s, C_EXPERIMENT, err) != 0 ||
        abp_column_copy(&p->variant, s, C_VARIANT, err) != 0 ||
        abp_column_copy(&p->channel, s, C_CHANNEL, err) != 0 ||
        abp_column_copy(&p->slot, s, C_SLOT, err) != 0 ||
        abp_column_copy(&p->design, s, C_DESIGN, err) != 0 ||
        abp_column_copy(&p->timezone, s, C_ZONE, err) != 0 || read_attempt(p, s, err) != 0)
        return -1;
    derive_state(p, s, &why);
    return abp_column_copy(&p->reason, s, why, err);
}

static const char *statement_for(const struct abp_planned_filter *filter)
{
    if (filter->id)
        return select_one;
    if (filter->block)
        return select_block;
    if (filter->experiment)
        return select_experiment;
    return filter->channel ? select_channel : select_due;
}

static void bind_filter(struct abp_statement *s, const struct abp_planned_filter *filter)
{
    int open = filter->states && !(filter->states & ~OPEN_STATES);
    if (filter->id)
        abp_bind_int(s, abp_param(s, ":id"), filter->id);
    abp_bind_int(s, abp_param(s, ":open"), open);
    abp_bind_int(s, abp_param(s, ":block"), filter->block);
    abp_bind_text(s, abp_param(s, ":experiment"), filter->experiment);
    abp_bind_text(s, abp_param(s, ":channel"), filter->channel);
    abp_bind_int(s, abp_param(s, ":from"), filter->due_from ? filter->due_from : INT64_MIN);
    abp_bind_int(s, abp_param(s, ":before"), filter->due_before ? filter->due_before : INT64_MAX);
}

static int add_row(struct abp_planned_list *list, size_t *capacity, struct abp_statement *s,
                   unsigned states, struct abp_error *err)
{
    if (list->count == *capacity) {
        size_t grown = *capacity ? 2 * *capacity : 64;
        struct abp_planned *rows = realloc(list->list, grown * sizeof *rows);
        if (!rows)
            return abp_fail_memory(err);
        list->list = rows;
        *capacity = grown;
    }
    struct abp_planned *p = &list->list[list->count++];
    memset(p, 0, sizeof *p);
    if (read_planned(p, s, err) != 0)
        return -1;
    if (states && !(states & 1u << p->state)) {
        release_planned(p);
        list->count--;
    }
    return 0;
}

int abp_outbox_list(struct abp_planned_list *list, struct abp_store *store,
                    const struct abp_planned_filter *filter, struct abp_error *err)
{
    struct abp_statement *s = NULL;
    size_t capacity = 0;
    int row = -1;
    memset(list, 0, sizeof *list);
    if (abp_db_prepare(&s, store->db, statement_for(filter), err) != 0)
        return -1;
    bind_filter(s, filter);
    while ((filter->limit == 0 || list->count < (size_t)filter->limit) &&
           (row = abp_step(s, err)) > 0)
        if (add_row(list, &capacity, s, filter->states, err) != 0) {
            row = -1;
            break;
        }
    abp_db_finish(s);
    if (row < 0)
        abp_planned_list_release(list);
    return row < 0 ? -1 : 0;
}

int abp_outbox_has_begun(struct abp_store *store, const char *experiment, struct abp_error *err)
{
    static const char sql[] =
        "SELECT 1 FROM experiment e JOIN plan ON plan.experiment_id = e.id"
        " JOIN block b ON b.plan_id = plan.id JOIN planned_post p ON p.block_id = b.id"
        " WHERE e.name = :experiment LIMIT 1";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":experiment"), experiment);
    int row = abp_step(s, err);
    abp_db_finish(s);
    return row;
}

int abp_outbox_last_post(int64_t *at, struct abp_store *store, const char *channel, int64_t except,
                         int64_t now, struct abp_error *err)
{
    static const char sql[] =
        "SELECT max(a.started_at) FROM block b JOIN planned_post p ON p.block_id = b.id"
        " JOIN attempt a ON a.planned_post_id = p.id"
        " WHERE b.channel = :channel AND p.id <> :except AND a.started_at <= :until"
        " AND COALESCE((SELECT state FROM attempt_result r WHERE r.attempt_id = a.id"
        "  ORDER BY r.id DESC LIMIT 1), 'sending') NOT IN ('not-posted', 'refused')";
    struct abp_statement *s = NULL;
    *at = 0;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":channel"), channel);
    abp_bind_int(s, abp_param(s, ":except"), except);
    abp_bind_int(s, abp_param(s, ":until"), now + ABP_CLOCK_SLACK);
    int row = abp_step(s, err);
    if (row > 0)
        *at = abp_column_int(s, 0);
    abp_db_finish(s);
    return row < 0 ? -1 : 0;
}

/* ---- transactions ---- */

int abp_outbox_begin(struct abp_store *store, struct abp_error *err)
{
    return abp_db_begin(store->db, err);
}

int abp_outbox_commit(struct abp_store *store, struct abp_error *err)
{
    return abp_db_commit(store->db, err);
}

void abp_outbox_rollback(struct abp_store *store)
{
    abp_db_rollback(store->db);
}
