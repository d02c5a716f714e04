#include "abpost/sign_in.h"

#include "store/handle.h"

#include <stdlib.h>
#include <string.h>

int abp_sign_in_note(struct abp_store *store, const char *channel, const char *reason, int64_t now,
                     struct abp_error *err)
{
    /* What was never refused is no news when it works. */
    static const char sql[] =
        "INSERT INTO sign_in (channel, seen_at, refused, reason)"
        " SELECT :channel, :now, :refused, :reason WHERE :refused <> COALESCE((SELECT refused"
        " FROM sign_in WHERE channel = :channel ORDER BY id DESC LIMIT 1), 0)";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":channel"), channel);
    abp_bind_int(s, abp_param(s, ":now"), now);
    abp_bind_int(s, abp_param(s, ":refused"), reason != NULL);
    abp_bind_text(s, abp_param(s, ":reason"), reason);
    int rc = abp_run(s, err);
    abp_db_finish(s);
    return rc;
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
        " (SELECT max(id) FROM sign_in WHERE channel = s.channel) ORDER BY channel";
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
