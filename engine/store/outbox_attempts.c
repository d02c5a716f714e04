/* The attempts of one planned post that came before another. */
#include "store/outbox.h"

#include <stdlib.h>
#include <string.h>

static int add_attempt(struct abp_attempt_list *list, struct abp_statement *s,
                       struct abp_error *err)
{
    struct abp_attempt *grown = realloc(list->list, (list->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    list->list = grown;
    struct abp_attempt *attempt = &grown[list->count++];
    memset(attempt, 0, sizeof *attempt);
    attempt->id = abp_column_int(s, 0);
    attempt->started_at = abp_column_int(s, 1);
    attempt->request = abp_column_bytes(&attempt->request_len, s, 2);
    return attempt->request ? abp_column_copy(&attempt->file, s, 3, err) : abp_fail_memory(err);
}

int abp_outbox_other_attempts(struct abp_attempt_list *list, struct abp_store *store,
                              int64_t attempt, struct abp_error *err)
{
    static const char sql[] =
        "SELECT o.id, o.started_at, o.request, o.file FROM attempt a"
        " JOIN attempt o ON o.planned_post_id = a.planned_post_id AND o.number < a.number"
        " AND o.idempotency_key = a.idempotency_key AND o.request <> a.request"
        " WHERE a.id = :attempt ORDER BY o.number DESC";
    struct abp_statement *s = NULL;
    int row;
    memset(list, 0, sizeof *list);
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_int(s, abp_param(s, ":attempt"), attempt);
    while ((row = abp_step(s, err)) > 0)
        if (add_attempt(list, s, err) != 0) {
            row = -1;
            break;
        }
    abp_db_finish(s);
    if (row < 0)
        abp_attempt_list_release(list);
    return row < 0 ? -1 : 0;
}

void abp_attempt_list_release(struct abp_attempt_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->list[i].request);
        free(list->list[i].file);
    }
    free(list->list);
    memset(list, 0, sizeof *list);
}
