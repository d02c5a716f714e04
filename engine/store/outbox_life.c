/* What happens to a planned post: claimed, settled, dropped. Each is one transaction. */
#include "store/outbox.h"

#include "abpost/text.h"

#include <string.h>

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

static int claim_inside(int64_t *attempt, struct abp_store *store, const struct abp_claim *claim,
                        struct abp_error *err)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.id = claim->planned};
    if (abp_outbox_list(&list, store, &filter, err) != 0)
        return -1;
    int free_to_go = list.count == 1 && list.list[0].state == ABP_PLANNED;
    int64_t number = free_to_go ? list.list[0].attempts + 1 : 0;
    /* A later attempt sends what the first one sent, under the same key, or nothing. */
    int same = !free_to_go || !list.list[0].attempt ||
               (strcmp(list.list[0].key, claim->key) == 0 &&
                list.list[0].request_len == claim->request_len &&
                memcmp(list.list[0].request, claim->request, claim->request_len) == 0);
    abp_planned_list_release(&list);
    if (!same)
        return abp_fail(err, ABP_BUG, "a second attempt that differs from the first");
    if (!free_to_go)
        return 0;
    return insert_attempt(attempt, store, claim, number, err) == 0 ? 1 : -1;
}

int abp_outbox_claim(int64_t *attempt, struct abp_store *store, const struct abp_claim *claim,
                     struct abp_error *err)
{
    if (abp_db_begin(store->db, err) != 0)
        return -1;
    return end(store, claim_inside(attempt, store, claim, err), err);
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

/* 1: a post of this attempt is in the store. */
static int is_out(struct abp_store *store, int64_t attempt, struct abp_error *err)
{
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, "SELECT 1 FROM post WHERE attempt_id = :attempt", err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":attempt"), attempt);
    int row = abp_step(s, err);
    abp_db_finish(s);
    return row;
}

static int settle_inside(struct abp_store *store, const struct abp_settlement *settlement,
                         struct abp_error *err)
{
    int out = is_out(store, settlement->attempt, err);
    if (out != 0)
        return out < 0 ? -1 : 0;
    if (insert_result(store, settlement, err) != 0)
        return -1;
    return settlement->state == ABP_POSTED ? insert_post(store, settlement, err) : 0;
}

int abp_outbox_settle(struct abp_store *store, const struct abp_settlement *settlement,
                      struct abp_error *err)
{
    if (abp_db_begin(store->db, err) != 0)
        return -1;
    return end(store, settle_inside(store, settlement, err), err);
}

/* ---- dropping ---- */

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

/* The post itself first; a platform's refusal of it is a fact already. */
static int drop_one(struct abp_store *store, const struct abp_planned_list *block, int64_t planned,
                    enum abp_post_state state, const char *reason, int64_t now,
                    struct abp_error *err)
{
    for (size_t i = 0; i < block->count; i++) {
        if (block->list[i].id != planned)
            continue;
        if (block->list[i].state == ABP_REFUSED && state == ABP_REFUSED)
            return 1;
        if (block->list[i].state != ABP_PLANNED)
            return 0;
        return insert_dropped(store, planned, state, reason, now, err) == 0 ? 1 : -1;
    }
    return 0;
}

static int drop_inside(struct abp_store *store, int64_t planned, enum abp_post_state state,
                       const char *reason, int64_t now, struct abp_error *err)
{
    struct abp_planned_list one, block = {0};
    struct abp_planned_filter filter = {.id = planned};
    if (abp_outbox_list(&one, store, &filter, err) != 0)
        return -1;
    filter = (struct abp_planned_filter){.block = one.count ? one.list[0].block : -1};
    abp_planned_list_release(&one);
    if (abp_outbox_list(&block, store, &filter, err) != 0)
        return -1;
    int dropped = drop_one(store, &block, planned, state, reason, now, err);
    for (size_t i = 0; dropped > 0 && state != ABP_CANCELLED && i < block.count; i++)
        if (block.list[i].id != planned && block.list[i].state == ABP_PLANNED &&
            insert_dropped(store, block.list[i].id, ABP_REDRAWN, reason, now, err) != 0)
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
