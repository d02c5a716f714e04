#include "abpost/store.h"

#include "abpost/text.h"
#include "store/handle.h"
#include "store/schema.h"

#include <stdio.h>
#include <stdlib.h>

static int prepare_file(struct abp_db *db, enum abp_db_mode mode, struct abp_error *err)
{
    int read_only = mode == ABP_DB_READ_ONLY;
    /* Checked first: the settings are written into the file. */
    if (abp_schema_check(db, read_only, err) != 0 || abp_db_configure(db, mode, err) != 0)
        return -1;
    return read_only ? 0 : abp_schema_migrate(db, err);
}

static int open_store(struct abp_store **out, const char *path, enum abp_db_mode mode, int busy_ms,
                      struct abp_error *err)
{
    *out = NULL;
    struct abp_store *store = calloc(1, sizeof *store);
    if (!store)
        return abp_fail_memory(err);
    if (abp_db_open(&store->db, path, mode, busy_ms, err) != 0 ||
        prepare_file(store->db, mode, err) != 0) {
        abp_store_close(store);
        return -1;
    }
    *out = store;
    return 0;
}

int abp_store_open(struct abp_store **store, const char *path, enum abp_store_mode mode,
                   int busy_ms, struct abp_error *err)
{
    static const enum abp_db_mode modes[] = {[ABP_STORE_CREATE] = ABP_DB_CREATE,
                                             [ABP_STORE_EXISTING] = ABP_DB_EXISTING,
                                             [ABP_STORE_READ_ONLY] = ABP_DB_READ_ONLY};
    return open_store(store, path, modes[mode], busy_ms, err);
}

int abp_store_open_transient(struct abp_store **store, struct abp_error *err)
{
    return open_store(store, NULL, ABP_DB_CREATE, 0, err);
}

void abp_store_close(struct abp_store *store)
{
    if (!store)
        return;
    abp_db_finish(store->experiment_at);
    abp_db_finish(store->posts_of);
    abp_db_close(store->db);
    free(store);
}

static void read_info(struct abp_import_info *info, struct abp_statement *s)
{
    info->id = abp_column_int(s, 0);
    info->imported_at = abp_column_int(s, 1);
    info->posts = abp_column_int(s, 2);
    info->observed = abp_column_int(s, 3);
    info->experiments = abp_column_int(s, 4);
    snprintf(info->content_hash, sizeof info->content_hash, "%s", abp_column_text(s, 5));
    snprintf(info->settings_hash, sizeof info->settings_hash, "%s", abp_column_text(s, 6));
}

int abp_store_latest_import(struct abp_import_info *info, struct abp_store *store,
                            const char *experiment_file, struct abp_error *err)
{
    static const char sql[] =
        "SELECT id, imported_at, posts, observed, experiments, content_hash, settings_hash"
        " FROM import WHERE experiment_file = :file AND content_hash IS NOT NULL"
        " ORDER BY id DESC LIMIT 1";
    struct abp_statement *s = NULL;
    if (abp_db_prepare(&s, store->db, sql, err) != 0)
        return -1;
    abp_bind_text(s, abp_param(s, ":file"), experiment_file);
    int row = abp_step(s, err);
    if (row > 0)
        read_info(info, s);
    abp_db_finish(s);
    return row;
}

int abp_store_experiment_at(int64_t *id, char **name, struct abp_store *store, int64_t import_id,
                            int64_t position, struct abp_error *err)
{
    static const char sql[] =
        "SELECT experiment.id, experiment.name FROM import_experiment"
        " JOIN experiment ON experiment.id = import_experiment.experiment_id"
        " WHERE import_experiment.import_id = :import AND import_experiment.position = :position";
    *name = NULL;
    if (!store->experiment_at && abp_db_prepare(&store->experiment_at, store->db, sql, err) != 0)
        return -1;
    struct abp_statement *s = store->experiment_at;
    abp_bind_int(s, abp_param(s, ":import"), import_id);
    abp_bind_int(s, abp_param(s, ":position"), position);
    int row = abp_step(s, err);
    if (row < 0)
        return -1;
    if (row == 0)
        return abp_fail(err, ABP_BUG, "no experiment at position %lld of import %lld",
                        (long long)position, (long long)import_id);
    *id = abp_column_int(s, 0);
    *name = abp_strdup(abp_column_text(s, 1));
    abp_reset(s);
    return *name ? 0 : abp_fail_memory(err);
}

int abp_store_experiment_name(char **name, struct abp_store *store, int64_t import_id,
                              int64_t position, struct abp_error *err)
{
    int64_t id = 0;
    return abp_store_experiment_at(&id, name, store, import_id, position, err);
}
