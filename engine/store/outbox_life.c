/* What happens to a planned post: claimed, settled, dropped. Each is one transaction. */
#include "store/outbox.h"

#include "abpost/text.h"

#include <string.h>

#define LONGEST_PAUSE 86400 /* seconds that a server may ask for */

/* Ends a transaction whose body returned rc (>= 0: keep it). */
static int end(struct abp_store *store, int rc, struct abp_error *err)
{
    if (rc >= 0 && abp_db_commit(store->db, err) == 0)
        return rc;
    abp_db_rollback(store->db);
    return -1;
}

/* ---- claiming ---- */

static int insert_attempt(int64_t *attempt, struct abp_store *store, const struct abp_claim *claim,
                          int64_t number, struct abp_error *err)
{
    static const char sql[] =
        "INSERT INTO attempt (planned_post_id, number, idempotency_key, request, file, file_hash,"
        " owner, started_at, leased_until) VALUES (:planned, :number, :key, :request, :file,"
        " :hash, :owner, :now, :until)";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":planned"), claim->planned);
    abp_bind_int(s, abp_param(s, ":number"), number);
    abp_bind_text(s, abp_param(s, ":key"), claim->key);
    abp_bind_bytes(s, abp_param(s, ":request"), claim->request, claim->request_len);
    abp_bind_text(s, abp_param(s, ":file"), claim->file);
    abp_bind_text(s, abp_param(s, ":hash"), claim->file_digest);
    abp_bind_text(s, abp_param(s, ":owner"), claim->owner);
    abp_bind_int(s, abp_param(s, ":now"), claim->now);
    abp_bind_int(s, abp_param(s, ":until"), claim->leased_until);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    *attempt = abp_db_last_id(store->db);
    return rc;
}

/* 1: another post uses up the file on that channel (abp_outbox_uses_file), of whatever experiment,
 * or one of the same experiment and variant a file that says the same. */
static int is_file_used(struct abp_store *store, const struct abp_planned *post,
                        const struct abp_claim *claim, struct abp_error *err)
{
    static const char sql[] =
        "SELECT 1 FROM attempt a JOIN planned_post p ON p.id = a.planned_post_id"
        " JOIN block b ON b.id = p.block_id JOIN plan ON plan.id = b.plan_id"
        " JOIN experiment e ON e.id = plan.experiment_id"
        " LEFT JOIN dropped d ON d.planned_post_id = p.id"
        " WHERE (a.file = :file OR (e.name = :experiment AND p.variant = :variant"
        "  AND length(a.file_hash) >= 64"
        "  AND substr(a.file_hash, 1, 64) = substr(:hash, 1, 64)))"
        " AND b.channel = :channel AND p.id <> :planned AND a.id = " ATTEMPT_OF_PLANNED
        " AND " USES_FILE " LIMIT 1";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":file"), claim->file);
    abp_bind_text(s, abp_param(s, ":hash"), claim->file_digest);
    abp_bind_text(s, abp_param(s, ":variant"), post->variant);
    abp_bind_text(s, abp_param(s, ":channel"), post->channel);
    abp_bind_text(s, abp_param(s, ":experiment"), post->experiment);
    abp_bind_int(s, abp_param(s, ":planned"), post->id);
    int row = abp_step(s, err);
    abp_db_finish(s);
    return row;
}

/* 1: nothing was sent on the channel since. */
static int is_quiet(struct abp_store *store, const struct abp_planned *post,
                    const struct abp_claim *claim, struct abp_error *err)
{
    int64_t last;
    if (claim->quiet_since == 0)
        return 1;
    if (abp_outbox_last_post(&last, store, post->channel, post->id, claim->now, err) != 0)
        return -1;
    return last <= claim->quiet_since;
}

int abp_outbox_is_pausing(const struct abp_planned *post, int64_t now)
{
    return post->retry_at > now && post->retry_at - now <= LONGEST_PAUSE;
}

/* 1: the same bytes under the same key. */
static int is_repeat(const struct abp_claim *claim, const struct abp_planned *post)
{
    return strcmp(post->key, claim->key) == 0 && post->request_len == claim->request_len &&
           memcmp(post->request, claim->request, claim->request_len) == 0;
}

static int claim_post(int64_t *attempt, struct abp_store *store, const struct abp_claim *claim,
                      const struct abp_planned *post, struct abp_error *err)
{
    if (post->state != ABP_PLANNED || abp_outbox_is_pausing(post, claim->now))
        return 0;
    /* A later attempt sends what the one before sent, under the same key, or other bytes in full
     * knowledge of it. Without, they are those of a process that has not seen it come and go. */
    if (post->attempt && post->attempt != claim->after && !is_repeat(claim, post))
        return 0;
    int used = is_file_used(store, post, claim, err);
    if (used != 0)
        return used < 0 ? -1 : 0;
    int quiet = is_quiet(store, post, claim, err);
    if (quiet <= 0)
        return quiet;
    return insert_attempt(attempt, store, claim, post->attempts + 1, err) == 0 ? 1 : -1;
}

static int claim_inside(int64_t *attempt, struct abp_store *store, const struct abp_claim *claim,
                        struct abp_error *err)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.id = claim->planned};
    if (abp_outbox_list(&list, store, &filter, err) != 0)
        return -1;
    int rc = list.count == 1 ? claim_post(attempt, store, claim, list.list, err) : 0;
    abp_planned_list_release(&list);
    return rc;
}

int abp_outbox_claim(int64_t *attempt, struct abp_store *store, const struct abp_claim *claim,
                     struct abp_error *err)
{
    if (abp_db_begin(store->db, err) != 0)
        return -1;
    return end(store, claim_inside(attempt, store, claim, err), err);
}

/* ---- leaving the plan ---- */

static int insert_dropped(struct abp_store *store, int64_t planned, enum abp_post_state state,
                          const char *reason, int64_t now, struct abp_error *err)
{
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db,
                       "INSERT INTO dropped (planned_post_id, dropped_at, state, reason)"
                       " VALUES (:planned, :now, :state, :reason)",
                       err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":planned"), planned);
    abp_bind_int(s, abp_param(s, ":now"), now);
    abp_bind_text(s, abp_param(s, ":state"), abp_post_state_name(state));
    abp_bind_text(s, abp_param(s, ":reason"), reason);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    return rc;
}

/* The rest of a block that was not sent leaves the plan: its labels were drawn together. */
static int redraw_mates(struct abp_store *store, const struct abp_planned_list *block,
                        int64_t planned, const char *reason, int64_t now, struct abp_error *err)
{
    for (size_t i = 0; i < block->count; i++)
        if (block->list[i].id != planned && block->list[i].state == ABP_PLANNED &&
            insert_dropped(store, block->list[i].id, ABP_REDRAWN, reason, now, err) != 0)
            return -1;
    return 0;
}

/* The posts of the block that a post stands in; none for a post that is not there. */
static int list_block(struct abp_planned_list *block, struct abp_store *store, int64_t planned,
                      struct abp_error *err)
{
    struct abp_planned_list one;
    struct abp_planned_filter filter = {.id = planned ? planned : -1};
    if (abp_outbox_list(&one, store, &filter, err) != 0)
        return -1;
    filter = (struct abp_planned_filter){.block = one.count ? one.list[0].block : -1};
    abp_planned_list_release(&one);
    return abp_outbox_list(block, store, &filter, err);
}

/* ---- settling ---- */

static int insert_result(struct abp_store *store, const struct abp_settlement *settlement,
                         struct abp_error *err)
{
    static const char sql[] =
        "INSERT INTO attempt_result (attempt_id, settled_at, state, remote_id, version, url,"
        " reason, retry_at) VALUES (:attempt, :now, :state, :remote, :version, :url, :reason,"
        " :retry)";
    struct abp_statement *s = NULL;
    const char *state =
        settlement->state == ABP_PLANNED ? "not-posted" : abp_post_state_name(settlement->state);
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":attempt"), settlement->attempt);
    abp_bind_int(s, abp_param(s, ":now"), settlement->now);
    abp_bind_text(s, abp_param(s, ":state"), state);
    abp_bind_text(s, abp_param(s, ":remote"), settlement->remote_id);
    abp_bind_text(s, abp_param(s, ":version"), settlement->version);
    abp_bind_text(s, abp_param(s, ":url"), settlement->url);
    abp_bind_text(s, abp_param(s, ":reason"), settlement->reason);
    if (settlement->retry_at)
        abp_bind_int(s, abp_param(s, ":retry"), settlement->retry_at);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    return rc;
}

static int insert_post(struct abp_store *store, const struct abp_settlement *settlement,
                       struct abp_error *err)
{
    static const char sql[] =
        "INSERT INTO post (experiment_id, attempt_id, variant, channel, slot, block, posted_at)"
        " SELECT plan.experiment_id, a.id, p.variant, b.channel, p.slot, CAST(b.id AS TEXT), :at"
        " FROM attempt a JOIN planned_post p ON p.id = a.planned_post_id"
        " JOIN block b ON b.id = p.block_id JOIN plan ON plan.id = b.plan_id"
        " WHERE a.id = :attempt";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":attempt"), settlement->attempt);
    abp_bind_int(s, abp_param(s, ":at"),
                 settlement->posted_at ? settlement->posted_at : settlement->now);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    return rc;
}

/* Which attempt made the post that is in the store, of all of this one's planned post: 0: none. */
static int out_by(int64_t *by, struct abp_store *store, int64_t attempt, struct abp_error *err)
{
    static const char sql[] =
        "SELECT post.attempt_id FROM attempt a JOIN attempt other"
        " ON other.planned_post_id = a.planned_post_id JOIN post ON post.attempt_id = other.id"
        " WHERE a.id = :attempt LIMIT 1";
    struct abp_statement *s = NULL;
    *by = 0;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":attempt"), attempt);
    int row = abp_step(s, err);
    if (row > 0)
        *by = abp_column_int(s, 0);
    abp_db_finish(s);
    return row < 0 ? -1 : 0;
}

/* 1: the settlement comes too late to tell anything. */
static int is_late(struct abp_store *store, const struct abp_settlement *settlement,
                   struct abp_error *err)
{
    static const char sql[] = "SELECT state FROM attempt_result WHERE attempt_id = :attempt"
                              " ORDER BY state <> 'posted', id DESC LIMIT 1";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":attempt"), settlement->attempt);
    int row = abp_step(s, err), late = row < 0 ? -1 : 0;
    const char *known = row > 0 ? abp_column_text(s, 0) : "";
    if (row > 0 && settlement->state == ABP_HANDED)
        late = strcmp(known, abp_post_state_name(ABP_HANDED)) == 0;
    else if (row > 0 && settlement->state != ABP_POSTED && settlement->reconciled)
        late = strcmp(known, abp_post_state_name(ABP_UNKNOWN)) != 0;
    abp_db_finish(s);
    return late;
}

static int planned_of(int64_t *planned, struct abp_store *store, int64_t attempt,
                      struct abp_error *err)
{
    struct abp_statement *s = NULL;
    *planned = 0;
    if (abp_db_prepare(&s, store->db, "SELECT planned_post_id FROM attempt WHERE id = :attempt",
                       err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":attempt"), attempt);
    int row = abp_step(s, err);
    if (row > 0)
        *planned = abp_column_int(s, 0);
    abp_db_finish(s);
    return row < 0 ? -1 : 0;
}

/* A refusal is for good, and voids the block. */
static int refuse(struct abp_store *store, const struct abp_settlement *settlement,
                  struct abp_error *err)
{
    struct abp_planned_list block;
    int64_t planned;
    if (planned_of(&planned, store, settlement->attempt, err) != 0 ||
        list_block(&block, store, planned, err) != 0)
        return -1;
    int rc = redraw_mates(store, &block, planned, settlement->reason, settlement->now, err);
    abp_planned_list_release(&block);
    return rc;
}

/* 1: another post of the channel is known under that id already. */
static int is_anothers(struct abp_store *store, const struct abp_settlement *settlement,
                       struct abp_error *err)
{
    static const char sql[] =
        "SELECT 1 FROM attempt_result r JOIN attempt a ON a.id = r.attempt_id"
        " JOIN planned_post p ON p.id = a.planned_post_id JOIN block b ON b.id = p.block_id"
        " WHERE r.remote_id = :remote AND r.state IN ('posted', 'handed')"
        " AND p.id <> (SELECT planned_post_id FROM attempt WHERE id = :attempt)"
        " AND b.channel = (SELECT b2.channel FROM attempt a2"
        "  JOIN planned_post p2 ON p2.id = a2.planned_post_id JOIN block b2 ON b2.id = p2.block_id"
        "  WHERE a2.id = :attempt) LIMIT 1";
    struct abp_statement *s = NULL;
    if (settlement->state != ABP_POSTED || !settlement->remote_id)
        return 0;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":remote"), settlement->remote_id);
    abp_bind_int(s, abp_param(s, ":attempt"), settlement->attempt);
    int row = abp_step(s, err);
    abp_db_finish(s);
    return row;
}

/* Of a post that is out, by attempt `by`. */
static int settle_again(struct abp_store *store, const struct abp_settlement *settlement,
                        int64_t by, struct abp_error *err)
{
    static const char sql[] = "SELECT 1 FROM attempt_result WHERE attempt_id = :by"
                              " AND state = 'posted' AND remote_id <> :remote LIMIT 1";
    struct abp_statement *s = NULL;
    int twice = 0;
    if (settlement->state == ABP_POSTED && settlement->remote_id) {
        if (abp_db_prepare(&s, store->db, sql, err) != 0)
            return -1;
        abp_bind_int(s, abp_param(s, ":by"), by);
        abp_bind_text(s, abp_param(s, ":remote"), settlement->remote_id);
        twice = abp_step(s, err);
        abp_db_finish(s);
    }
    if (twice < 0)
        return -1;
    if ((twice || by != settlement->attempt) && insert_result(store, settlement, err) != 0)
        return -1;
    return twice ? ABP_SETTLED_TWICE : ABP_SETTLED;
}

static int settle_inside(struct abp_store *store, const struct abp_settlement *settlement,
                         struct abp_error *err)
{
    int64_t by;
    int late = is_late(store, settlement, err);
    if (late != 0)
        return late < 0 ? -1 : ABP_SETTLED_KNOWN;
    if (out_by(&by, store, settlement->attempt, err) != 0)
        return -1;
    /* It is out, once: what another attempt of it came to is kept, and changes nothing. */
    if (by)
        return settle_again(store, settlement, by, err);
    int anothers = is_anothers(store, settlement, err);
    if (anothers < 0)
        return -1;
    if (anothers) {
        struct abp_settlement doubt = *settlement;
        doubt.state = ABP_UNKNOWN;
        doubt.reason = "what was found there is another post of ours; a person must say whether "
                       "this one is out";
        return insert_result(store, &doubt, err) == 0 ? ABP_SETTLED_DOUBT : -1;
    }
    if (insert_result(store, settlement, err) != 0)
        return -1;
    if (settlement->state == ABP_REFUSED)
        return refuse(store, settlement, err);
    return settlement->state == ABP_POSTED ? insert_post(store, settlement, err) : 0;
}

/* Lightly: an attempt whose result a power cut took is one more that the platform is asked about.
 * The disk is waited for before each post, and not after it as well. */
int abp_outbox_settle(struct abp_store *store, const struct abp_settlement *settlement,
                      struct abp_error *err)
{
    if (abp_db_begin_lightly(store->db, err) != 0)
        return -1;
    return end(store, settle_inside(store, settlement, err), err);
}

/* ---- dropping ---- */

static int drop_one(struct abp_store *store, const struct abp_planned_list *block, int64_t planned,
                    enum abp_post_state state, const char *reason, int64_t now,
                    struct abp_error *err)
{
    for (size_t i = 0; i < block->count; i++) {
        if (block->list[i].id != planned)
            continue;
        if (block->list[i].state != ABP_PLANNED)
            return 0;
        return insert_dropped(store, planned, state, reason, now, err) == 0 ? 1 : -1;
    }
    return 0;
}

static int drop_inside(struct abp_store *store, int64_t planned, enum abp_post_state state,
                       const char *reason, int64_t now, struct abp_error *err)
{
    struct abp_planned_list block;
    if (list_block(&block, store, planned, err) != 0)
        return -1;
    int dropped = drop_one(store, &block, planned, state, reason, now, err);
    if (dropped > 0 && state != ABP_CANCELLED &&
        redraw_mates(store, &block, planned, reason, now, err) != 0)
        dropped = -1;
    abp_planned_list_release(&block);
    return dropped;
}

int abp_outbox_drop(struct abp_store *store, int64_t planned, enum abp_post_state state,
                    const char *reason, int64_t now, struct abp_error *err)
{
    if (abp_db_begin(store->db, err) != 0)
        return -1;
    return end(store, drop_inside(store, planned, state, reason, now, err), err);
}
