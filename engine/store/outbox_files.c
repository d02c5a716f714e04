/* Files that a platform does not take, known before anything was sent, and those that other
 * experiments have taken. */
#include "store/outbox.h"

#include <stdlib.h>
#include <string.h>

int abp_outbox_refuse_file(struct abp_store *store, const char *experiment, const char *channel,
                           const char *file, const char *file_digest, const char *reason,
                           int64_t now, struct abp_error *err)
{
    static const char sql[] =
        "INSERT INTO refused_file (experiment_id, channel, file, file_hash, refused_at, reason)"
        " SELECT e.id, :channel, :file, :hash, :now, :reason FROM experiment e"
        " WHERE e.name = :experiment AND NOT EXISTS (SELECT 1 FROM refused_file r"
        "  WHERE r.experiment_id = e.id AND r.channel = :channel AND r.file = :file"
        "  AND r.file_hash = :hash)";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":experiment"), experiment);
    abp_bind_text(s, abp_param(s, ":channel"), channel);
    abp_bind_text(s, abp_param(s, ":file"), file);
    abp_bind_text(s, abp_param(s, ":hash"), file_digest);
    abp_bind_int(s, abp_param(s, ":now"), now);
    abp_bind_text(s, abp_param(s, ":reason"), reason);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    return rc;
}

static int add_refused(void *to, struct abp_statement *s, struct abp_error *err)
{
    struct abp_refused_file_list *list = to;
    struct abp_refused_file *grown = realloc(list->list, (list->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    list->list = grown;
    struct abp_refused_file *file = &grown[list->count++];
    memset(file, 0, sizeof *file);
    file->refused_at = abp_column_int(s, 4);
    return abp_column_copy(&file->channel, s, 0, err) != 0 ||
                   abp_column_copy(&file->file, s, 1, err) != 0 ||
                   abp_column_copy(&file->file_digest, s, 2, err) != 0 ||
                   abp_column_copy(&file->reason, s, 3, err) != 0
               ? -1
               : 0;
}

/* Adds every row of a statement on an experiment to a list. 0, or -1; what was added stays. */
static int each_row(struct abp_store *store, const char *sql, const char *experiment,
                    int (*add)(void *list, struct abp_statement *s, struct abp_error *err),
                    void *list, struct abp_error *err)
{
    struct abp_statement *s = NULL;
    int row;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":experiment"), experiment);
    while ((row = abp_step(s, err)) > 0)
        if (add(list, s, err) != 0) {
            row = -1;
            break;
        }
    abp_db_finish(s);
    return row;
}

int abp_outbox_refused_files(struct abp_refused_file_list *list, struct abp_store *store,
                             const char *experiment, struct abp_error *err)
{
    static const char sql[] =
        "SELECT r.channel, r.file, r.file_hash, r.reason, r.refused_at FROM refused_file r"
        " JOIN experiment e ON e.id = r.experiment_id WHERE e.name = :experiment ORDER BY r.id";
    memset(list, 0, sizeof *list);
    if (each_row(store, sql, experiment, add_refused, list, err) == 0)
        return 0;
    abp_refused_file_list_release(list);
    return -1;
}

void abp_refused_file_list_release(struct abp_refused_file_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->list[i].channel);
        free(list->list[i].file);
        free(list->list[i].file_digest);
        free(list->list[i].reason);
    }
    free(list->list);
    memset(list, 0, sizeof *list);
}

static int add_taken(void *to, struct abp_statement *s, struct abp_error *err)
{
    struct abp_taken_file_list *list = to;
    struct abp_taken_file *grown = realloc(list->list, (list->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    list->list = grown;
    struct abp_taken_file *file = &grown[list->count++];
    memset(file, 0, sizeof *file);
    return abp_column_copy(&file->channel, s, 0, err) != 0 ||
                   abp_column_copy(&file->file, s, 1, err) != 0
               ? -1
               : 0;
}

int abp_outbox_taken_elsewhere(struct abp_taken_file_list *list, struct abp_store *store,
                               const char *experiment, struct abp_error *err)
{
    static const char sql[] =
        "SELECT DISTINCT b.channel, a.file FROM attempt a"
        " JOIN planned_post p ON p.id = a.planned_post_id"
        " JOIN block b ON b.id = p.block_id JOIN plan ON plan.id = b.plan_id"
        " JOIN experiment e ON e.id = plan.experiment_id"
        " LEFT JOIN dropped d ON d.planned_post_id = p.id"
        " WHERE e.name <> :experiment AND a.id = " ATTEMPT_OF_PLANNED " AND " USES_FILE;
    memset(list, 0, sizeof *list);
    if (each_row(store, sql, experiment, add_taken, list, err) == 0)
        return 0;
    abp_taken_file_list_release(list);
    return -1;
}

void abp_taken_file_list_release(struct abp_taken_file_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->list[i].channel);
        free(list->list[i].file);
    }
    free(list->list);
    memset(list, 0, sizeof *list);
}
