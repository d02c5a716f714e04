#include "abpost/sign_in.h"

#include "abpost/buffer.h"
#include "abpost/text.h"
#include "store/handle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the reason of a refusal begins with that reading met: the facts are of both kinds, and a
 * fact is told by its words. No reason of posting begins so: they begin with what the server or the
 * channel is said to do. */
#define READING "reading was refused: "

/* Refusals of posting, or of reading, since the account last let us in. */
#define REFUSALS                                                                                   \
    "FROM sign_in s WHERE s.channel = :channel AND s.refused = 1 AND s.id > COALESCE((SELECT"      \
    " max(id) FROM sign_in WHERE channel = :channel AND refused = 0), 0)"
#define OF_READING "substr(s.reason, 1, length('" READING "')) = '" READING "'"

/* Inserts a fact where condition, which may name :channel, holds. */
static int insert_where(struct abp_store *store, const char *condition, const char *channel,
                        const char *reason, int64_t now, struct abp_error *err)
{
    struct abp_statement *s = NULL;
    struct abp_buffer sql;
    abp_buffer_init(&sql, 4096);
    abp_buffer_printf(&sql,
                      "INSERT INTO sign_in (channel, seen_at, refused, reason)"
                      " SELECT :channel, :now, :refused, :reason WHERE %s",
                      condition);
    int rc = sql.failed ? abp_fail_memory(err) : abp_db_prepare(&s, store->db, sql.data, err);
    if (rc == 0) {
        abp_bind_text(s, abp_param(s, ":channel"), channel);
        abp_bind_int(s, abp_param(s, ":now"), now);
        abp_bind_int(s, abp_param(s, ":refused"), reason != NULL);
        abp_bind_text(s, abp_param(s, ":reason"), reason);
        rc = abp_run(s, err);
        abp_db_finish(s);
    }
    abp_buffer_release(&sql);
    return rc;
}

/* What was never refused is no news when it works; neither is a second refusal. */
int abp_sign_in_note(struct abp_store *store, const char *channel, const char *reason, int64_t now,
                     struct abp_error *err)
{
    static const char known[] = "EXISTS (SELECT 1 " REFUSALS " AND NOT " OF_READING ")";
    static const char unknown[] = "NOT EXISTS (SELECT 1 " REFUSALS " AND NOT " OF_READING ")";
    return insert_where(store, reason ? unknown : known, channel, reason, now, err);
}

int abp_sign_in_note_reading(struct abp_store *store, const char *channel, const char *reason,
                             int64_t now, struct abp_error *err)
{
    /* Whether the newest refusal, of any kind, is of reading; NULL without one. */
    static const char last[] =
        "COALESCE((SELECT " OF_READING " " REFUSALS " ORDER BY s.id DESC LIMIT 1), 0) = 1";
    static const char not_last[] =
        "COALESCE((SELECT " OF_READING " " REFUSALS " ORDER BY s.id DESC LIMIT 1), 0) = 0";
    char why[600];
    snprintf(why, sizeof why, READING "%.500s", reason ? reason : "");
    why[abp_utf8_invalid_at(why, strlen(why))] = '\0';
    return insert_where(store, reason ? not_last : last, channel, reason ? why : NULL, now, err);
}

static int add_account(struct abp_refused_accounts *accounts, struct abp_statement *s,
                       struct abp_error *err)
{
    struct abp_refused_account *grown =
        realloc(accounts->list, (accounts->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    accounts->list = grown;
    struct abp_refused_account *account = &grown[accounts->count++];
    memset(account, 0, sizeof *account);
    account->since = abp_column_int(s, 2);
    return abp_column_copy(&account->channel, s, 0, err) != 0 ||
                   abp_column_copy(&account->reason, s, 1, err) != 0
               ? -1
               : 0;
}

int abp_sign_in_list(struct abp_refused_accounts *accounts, struct abp_store *store,
                     struct abp_error *err)
{
    static const char sql[] =
        "SELECT channel, reason, seen_at FROM sign_in s WHERE refused = 1 AND id ="
        " (SELECT min(id) FROM sign_in r WHERE r.channel = s.channel AND r.id > COALESCE((SELECT"
        " max(id) FROM sign_in w WHERE w.channel = s.channel AND w.refused = 0), 0))"
        " ORDER BY channel";
    struct abp_statement *s = NULL;
    int row;
    memset(accounts, 0, sizeof *accounts);
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    while ((row = abp_step(s, err)) > 0)
        if (add_account(accounts, s, err) != 0) {
            row = -1;
            break;
        }
    abp_db_finish(s);
    if (row < 0)
        abp_sign_in_release(accounts);
    return row < 0 ? -1 : 0;
}

void abp_sign_in_release(struct abp_refused_accounts *accounts)
{
    for (size_t i = 0; i < accounts->count; i++) {
        free(accounts->list[i].channel);
        free(accounts->list[i].reason);
    }
    free(accounts->list);
    memset(accounts, 0, sizeof *accounts);
}
