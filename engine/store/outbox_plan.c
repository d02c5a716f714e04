/* Writing plans, and what goes with an experiment as a whole: its analysis, its decisions. */
#include "store/outbox.h"

#include "abpost/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int abp_store_experiment_id(int64_t *id, struct abp_store *store, const char *name, int64_t now,
                            struct abp_error *err)
{
    struct abp_statement *s = NULL;
    *id = 0;
    if (now) {
        if (abp_db_prepare(&s, store->db,
                           "INSERT INTO experiment (name, created_at) VALUES (:name, :now)"
                           " ON CONFLICT (name) DO NOTHING",
                           err) != 0)
            return -1;
        abp_bind_text(s, abp_param(s, ":name"), name);
        abp_bind_int(s, abp_param(s, ":now"), now);
        int rc = abp_run(s, err);
        abp_db_finish(s);
        if (rc != 0)
            return -1;
    }
    if (abp_db_prepare(&s, store->db, "SELECT id FROM experiment WHERE name = :name", err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":name"), name);
    int row = abp_step(s, err);
    if (row > 0)
        *id = abp_column_int(s, 0);
    abp_db_finish(s);
    return row;
}

int abp_outbox_add_plan(int64_t *plan, struct abp_store *store, const char *experiment,
                        uint64_t seed, size_t decisions, int64_t now, struct abp_error *err)
{
    struct abp_statement *s = NULL;
    char text[24];
    int64_t id;
    if (abp_store_experiment_id(&id, store, experiment, now ? now : 1, err) < 0 ||
        abp_db_prepare(&s, store->db,
                       "INSERT INTO plan (experiment_id, drawn_at, seed, decisions)"
                       " VALUES (:experiment, :now, :seed, :decisions)",
                       err) != 0)
        return -1;
    snprintf(text, sizeof text, "%llu", (unsigned long long)seed);
    abp_bind_int(s, abp_param(s, ":experiment"), id);
    abp_bind_int(s, abp_param(s, ":now"), now);
    abp_bind_text(s, abp_param(s, ":seed"), text);
    abp_bind_int(s, abp_param(s, ":decisions"), (int64_t)decisions);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    *plan = abp_db_last_id(store->db);
    return rc;
}

int abp_outbox_add_block(int64_t *block, struct abp_store *store, int64_t plan, const char *channel,
                         const char *design, struct abp_error *err)
{
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db,
                       "INSERT INTO block (plan_id, channel, design)"
                       " VALUES (:plan, :channel, :design)",
                       err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":plan"), plan);
    abp_bind_text(s, abp_param(s, ":channel"), channel);
    abp_bind_text(s, abp_param(s, ":design"), design);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    *block = abp_db_last_id(store->db);
    return rc;
}

int abp_outbox_add_post(struct abp_store *store, const struct abp_planned *post,
                        struct abp_error *err)
{
    static const char sql[] =
        "INSERT INTO planned_post (block_id, position, variant, probability, slot, local_date,"
        " local_time, timezone, due_at) VALUES (:block, :position, :variant, :probability, :slot,"
        " :date, :time, :zone, :due)";
    struct abp_statement *s = NULL;
    char date[40], time[40];
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    snprintf(date, sizeof date, "%04d-%02d-%02d", post->date.year, post->date.month,
             post->date.day);
    snprintf(time, sizeof time, "%02d:%02d", post->time.hour, post->time.minute);
    abp_bind_int(s, abp_param(s, ":block"), post->block);
    abp_bind_int(s, abp_param(s, ":position"), post->position);
    abp_bind_text(s, abp_param(s, ":variant"), post->variant);
    abp_bind_real(s, abp_param(s, ":probability"), post->probability);
    abp_bind_text(s, abp_param(s, ":slot"), post->slot);
    abp_bind_text(s, abp_param(s, ":date"), date);
    abp_bind_text(s, abp_param(s, ":time"), time);
    abp_bind_text(s, abp_param(s, ":zone"), post->timezone);
    abp_bind_int(s, abp_param(s, ":due"), post->due_at);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    return rc;
}

/* ---- the analysis ---- */

int abp_outbox_analysis(struct abp_analysis *analysis, struct abp_store *store,
                        const char *experiment, struct abp_error *err)
{
    static const char sql[] = "SELECT analysis.hash, analysis.frozen_at FROM analysis"
                              " JOIN experiment ON experiment.id = analysis.experiment_id"
                              " WHERE experiment.name = :name ORDER BY analysis.id";
    struct abp_statement *s = NULL;
    int row;
    memset(analysis, 0, sizeof *analysis);
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":name"), experiment);
    while ((row = abp_step(s, err)) > 0) {
        const char *hash = abp_column_text(s, 0);
        int64_t at = abp_column_int(s, 1);
        if (!analysis->frozen[0]) {
            snprintf(analysis->frozen, sizeof analysis->frozen, "%s", hash);
            analysis->frozen_at = at;
        } else if (!analysis->changed[0] && strcmp(hash, analysis->frozen) != 0) {
            snprintf(analysis->changed, sizeof analysis->changed, "%s", hash);
            analysis->changed_at = at;
        }
    }
    abp_db_finish(s);
    return row;
}

int abp_outbox_freeze_analysis(struct abp_store *store, const char *experiment, const char *hash,
                               int64_t now, struct abp_error *err)
{
    static const char sql[] =
        "INSERT INTO analysis (experiment_id, hash, frozen_at) SELECT :experiment, :hash, :now"
        " WHERE :hash <> COALESCE((SELECT hash FROM analysis WHERE experiment_id = :experiment"
        " ORDER BY id DESC LIMIT 1), '')";
    struct abp_statement *s = NULL;
    int64_t id;
    if (abp_store_experiment_id(&id, store, experiment, now ? now : 1, err) < 0 ||
        abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":experiment"), id);
    abp_bind_text(s, abp_param(s, ":hash"), hash);
    abp_bind_int(s, abp_param(s, ":now"), now);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    return rc;
}

/* ---- decisions ---- */

/* Rows that are returned come before the statement is done, and it is done when there is no other.
 * 1: there was a row. */
static int run_returning(struct abp_statement *s, struct abp_error *err)
{
    int rows = 0, row;
    while ((row = abp_step(s, err)) > 0)
        rows = 1;
    return row < 0 ? -1 : rows;
}

int abp_outbox_decide(struct abp_store *store, const char *experiment,
                      const struct abp_decided *decided, struct abp_error *err)
{
    static const char sql[] =
        "INSERT INTO decision (experiment_id, variant, verdict, decided_at, reason)"
        " SELECT :experiment, :variant, :verdict, :now, :reason"
        " WHERE COALESCE((SELECT verdict FROM decision WHERE experiment_id = :experiment"
        "  AND variant = :variant ORDER BY id DESC LIMIT 1), 'withdrawn') = 'withdrawn'"
        " RETURNING id";
    struct abp_statement *s = NULL;
    int64_t id;
    if (abp_store_experiment_id(&id, store, experiment, decided->decided_at, err) < 0 ||
        abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":experiment"), id);
    abp_bind_text(s, abp_param(s, ":variant"), decided->variant);
    abp_bind_text(s, abp_param(s, ":verdict"), decided->verdict);
    abp_bind_int(s, abp_param(s, ":now"), decided->decided_at);
    abp_bind_text(s, abp_param(s, ":reason"), decided->reason);
    int rc = run_returning(s, err);
    abp_db_finish(s);
    return rc;
}

int abp_outbox_withdraw(struct abp_store *store, const char *experiment, const char *reason,
                        int64_t now, struct abp_error *err)
{
    static const char sql[] =
        "INSERT INTO decision (experiment_id, variant, verdict, decided_at, reason)"
        " SELECT d.experiment_id, d.variant, 'withdrawn', :now, :reason FROM decision d"
        "  JOIN experiment e ON e.id = d.experiment_id"
        "  WHERE e.name = :name AND d.verdict <> 'withdrawn' AND NOT EXISTS"
        "   (SELECT 1 FROM decision l WHERE l.experiment_id = d.experiment_id"
        "    AND l.variant = d.variant AND l.id > d.id) ORDER BY d.id"
        " RETURNING id";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":name"), experiment);
    abp_bind_text(s, abp_param(s, ":reason"), reason);
    abp_bind_int(s, abp_param(s, ":now"), now);
    int rc = run_returning(s, err);
    abp_db_finish(s);
    return rc;
}

int abp_outbox_test_began(int64_t *at, struct abp_store *store, const char *experiment,
                          struct abp_error *err)
{
    static const char sql[] =
        "SELECT COALESCE(max(d.decided_at), 0) FROM decision d"
        " JOIN experiment e ON e.id = d.experiment_id"
        " WHERE e.name = :name AND d.verdict <> 'withdrawn' AND d.id <"
        "  (SELECT max(id) FROM decision WHERE experiment_id = d.experiment_id"
        "   AND verdict = 'withdrawn')";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":name"), experiment);
    int row = abp_step(s, err);
    *at = row > 0 ? abp_column_int(s, 0) : 0;
    abp_db_finish(s);
    return row < 0 ? -1 : 0;
}

static int add_decided(struct abp_decided_list *list, struct abp_statement *s,
                       struct abp_error *err)
{
    struct abp_decided *grown = realloc(list->list, (list->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    list->list = grown;
    struct abp_decided *d = &grown[list->count++];
    memset(d, 0, sizeof *d);
    d->decided_at = abp_column_int(s, 2);
    return abp_column_copy(&d->variant, s, 0, err) != 0 ||
                   abp_column_copy(&d->verdict, s, 1, err) != 0 ||
                   abp_column_copy(&d->reason, s, 3, err) != 0
               ? -1
               : 0;
}

int abp_outbox_decisions(struct abp_decided_list *list, struct abp_store *store,
                         const char *experiment, struct abp_error *err)
{
    static const char sql[] =
        "SELECT decision.variant, decision.verdict, decision.decided_at, decision.reason"
        " FROM decision JOIN experiment ON experiment.id = decision.experiment_id"
        " WHERE experiment.name = :name ORDER BY decision.id";
    struct abp_statement *s = NULL;
    int row;
    memset(list, 0, sizeof *list);
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":name"), experiment);
    while ((row = abp_step(s, err)) > 0)
        if (add_decided(list, s, err) != 0) {
            row = -1;
            break;
        }
    abp_db_finish(s);
    if (row < 0)
        abp_decided_list_release(list);
    return row < 0 ? -1 : 0;
}

void abp_decided_list_release(struct abp_decided_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->list[i].variant);
        free(list->list[i].verdict);
        free(list->list[i].reason);
    }
    free(list->list);
    memset(list, 0, sizeof *list);
}
