#include "store/driver.h"

#include "abpost/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is asked again and again is parsed once: a statement that is done with stays with its
 * database, and serves whoever asks for the same text next. */
static struct abp_statement *take_idle(struct abp_db *db, const char *sql)
{
    for (size_t i = 0; i < db->idle_count; i++) {
        struct abp_statement *statement = db->idle[i];
        if (strcmp(sqlite3_sql(statement->handle), sql) != 0)
            continue;
        db->idle_count--;
        memmove(db->idle + i, db->idle + i + 1, (db->idle_count - i) * sizeof *db->idle);
        return statement;
    }
    return NULL;
}

static void drop(struct abp_statement *statement)
{
    sqlite3_finalize(statement->handle);
    free(statement);
}

void abp_statements_forget(struct abp_db *db)
{
    for (size_t i = 0; i < db->idle_count; i++)
        drop(db->idle[i]);
    db->idle_count = 0;
}

int abp_db_prepare(struct abp_statement **out, struct abp_db *db, const char *sql,
                   struct abp_error *err)
{
    *out = take_idle(db, sql);
    if (*out)
        return 0;
    struct abp_statement *statement = calloc(1, sizeof *statement);
    if (!statement)
        return abp_fail_memory(err);
    statement->db = db;
    errno = 0;
    int rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle,
                                NULL);
    if (rc != SQLITE_OK) {
        free(statement);
        return abp_db_fail(db, rc, err);
    }
    *out = statement;
    return 0;
}

void abp_db_finish(struct abp_statement *statement)
{
    if (!statement)
        return;
    struct abp_db *db = statement->db;
    sqlite3_reset(statement->handle);
    sqlite3_clear_bindings(statement->handle);
    statement->bind_rc = SQLITE_OK;
    if (db->idle_count == ABP_IDLE_MAX) { /* the one that was not asked for the longest */
        drop(db->idle[0]);
        db->idle_count--;
        memmove(db->idle, db->idle + 1, db->idle_count * sizeof *db->idle);
    }
    db->idle[db->idle_count++] = statement;
}

int abp_param(struct abp_statement *statement, const char *name)
{
    return sqlite3_bind_parameter_index(statement->handle, name);
}

static void note(struct abp_statement *statement, int rc)
{
    if (statement->bind_rc == SQLITE_OK)
        statement->bind_rc = rc;
}

void abp_bind_null(struct abp_statement *statement, int param)
{
    note(statement, sqlite3_bind_null(statement->handle, param));
}

void abp_bind_int(struct abp_statement *statement, int param, int64_t value)
{
    note(statement, sqlite3_bind_int64(statement->handle, param, value));
}

void abp_bind_real(struct abp_statement *statement, int param, double value)
{
    note(statement, sqlite3_bind_double(statement->handle, param, value));
}

void abp_bind_text(struct abp_statement *statement, int param, const char *text)
{
    note(statement, sqlite3_bind_text(statement->handle, param, text, -1, SQLITE_STATIC));
}

void abp_bind_bytes(struct abp_statement *statement, int param, const void *bytes, size_t len)
{
    note(statement,
         sqlite3_bind_blob64(statement->handle, param, len ? bytes : "", len, SQLITE_STATIC));
}

int abp_step(struct abp_statement *statement, struct abp_error *err)
{
    int rc = statement->bind_rc;
    statement->bind_rc = SQLITE_OK;
    errno = 0;
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement->handle);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc != SQLITE_DONE)
        abp_db_fail(statement->db, rc, err);
    sqlite3_reset(statement->handle);
    return rc == SQLITE_DONE ? 0 : -1;
}

int abp_run(struct abp_statement *statement, struct abp_error *err)
{
    int row = abp_step(statement, err);
    if (row <= 0)
        return row;
    abp_reset(statement);
    return abp_fail(err, ABP_BUG, "a row from a statement that gives none");
}

void abp_reset(struct abp_statement *statement)
{
    sqlite3_reset(statement->handle);
}

int abp_column_is_null(struct abp_statement *statement, int column)
{
    return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

int64_t abp_column_int(struct abp_statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

double abp_column_real(struct abp_statement *statement, int column)
{
    return sqlite3_column_double(statement->handle, column);
}

const char *abp_column_text(struct abp_statement *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement->handle, column);
    return text ? (const char *)text : "";
}

char *abp_column_bytes(size_t *len, struct abp_statement *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement->handle, column);
    int size = sqlite3_column_bytes(statement->handle, column);
    *len = size > 0 ? (size_t)size : 0;
    return abp_strndup(bytes ? bytes : "", *len);
}

int abp_column_copy(char **out, struct abp_statement *statement, int column, struct abp_error *err)
{
    *out = NULL;
    if (abp_column_is_null(statement, column))
        return 0;
    *out = abp_strdup(abp_column_text(statement, column));
    return *out ? 0 : abp_fail_memory(err);
}
