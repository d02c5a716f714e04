/* The driver: the few things the store asks of a database, with SQLite behind them. Statements are
 * literal SQL with named parameters. What is particular to SQLite (PRAGMAs, STRICT, file modes)
 * stays in db.c and schema.c.
 *
 * Errors name the file and what to do: ABP_FAILED when the machine is in the way (locked,
 * read-only, disk full, no memory), ABP_DATA when the file is no database or is damaged, ABP_BUG
 * when a statement breaks a constraint. */
#ifndef ABP_STORE_DB_H
#define ABP_STORE_DB_H

#include "abpost/error.h"

#include <stddef.h>
#include <stdint.h>

struct abp_db;
struct abp_statement;

enum abp_db_mode {
    ABP_DB_CREATE,   /* made with mode 0600 when it is not there */
    ABP_DB_EXISTING, /* -1 when it is not there */
    ABP_DB_READ_ONLY
};

/* path NULL: a private database on disk that is gone when it is closed. busy_ms: how long to wait
 * for a lock that another process holds. */
int abp_db_open(struct abp_db **db, const char *path, enum abp_db_mode mode, int busy_ms,
                struct abp_error *err) ABP_MUST_CHECK;
/* Statements must be finished before. */
void abp_db_close(struct abp_db *db);
/* The path as given, or a phrase for the private one; borrowed. For messages. */
const char *abp_db_name(const struct abp_db *db);

/* Statements without rows and parameters, several separated by semicolons. */
int abp_db_exec(struct abp_db *db, const char *sql, struct abp_error *err) ABP_MUST_CHECK;
/* The first column of the first row of a statement without parameters. */
int abp_db_integer(int64_t *value, struct abp_db *db, const char *sql,
                   struct abp_error *err) ABP_MUST_CHECK;

/* begin takes the right to write at once (and waits for it), so that no later step can find it
 * taken. rollback can't fail in a way a caller could mend; it is a no-op outside a transaction. */
int abp_db_begin(struct abp_db *db, struct abp_error *err) ABP_MUST_CHECK;
/* The same for what can be found out again: after its commit it outlives this process, but a power
 * cut before the next other commit, or the close, may take it away whole. */
int abp_db_begin_lightly(struct abp_db *db, struct abp_error *err) ABP_MUST_CHECK;
int abp_db_commit(struct abp_db *db, struct abp_error *err) ABP_MUST_CHECK;
void abp_db_rollback(struct abp_db *db);

/* Write-ahead logging, durable at every commit, foreign keys; a private database has no log. */
int abp_db_configure(struct abp_db *db, enum abp_db_mode mode,
                     struct abp_error *err) ABP_MUST_CHECK;

/* A statement that was finished is kept and handed out again for the same text: to prepare one that
 * was asked before costs next to nothing. */
int abp_db_prepare(struct abp_statement **statement, struct abp_db *db, const char *sql,
                   struct abp_error *err) ABP_MUST_CHECK;
void abp_db_finish(struct abp_statement *statement);

/* The number of a named parameter (":line"), to bind it with. A name that is not in the statement
 * is a bug, which the next step reports. */
int abp_param(struct abp_statement *statement, const char *name);
/* Values stay bound until they are bound again. Text is borrowed until the statement is reset. */
void abp_bind_null(struct abp_statement *statement, int param);
void abp_bind_int(struct abp_statement *statement, int param, int64_t value);
void abp_bind_real(struct abp_statement *statement, int param, double value);
/* NULL binds null. */
void abp_bind_text(struct abp_statement *statement, int param, const char *text);
/* Bytes, borrowed as text is; never null. */
void abp_bind_bytes(struct abp_statement *statement, int param, const void *bytes, size_t len);

/* 1: a row stands in the columns; 0: no more rows, and the statement is reset; -1 with err, reset.
 */
int abp_step(struct abp_statement *statement, struct abp_error *err) ABP_MUST_CHECK;
/* For a statement that gives no rows: one step, 0 or -1. */
int abp_run(struct abp_statement *statement, struct abp_error *err) ABP_MUST_CHECK;
/* Before the end of the rows: lets go of them. */
void abp_reset(struct abp_statement *statement);

/* Columns from 0, in the order of the SELECT. Text is borrowed until the next step, and "" for
 * null. */
int abp_column_is_null(struct abp_statement *statement, int column);
int64_t abp_column_int(struct abp_statement *statement, int column);
double abp_column_real(struct abp_statement *statement, int column);
const char *abp_column_text(struct abp_statement *statement, int column);
/* A copy that the caller frees, with a NUL behind its *len bytes; NULL when memory is out. */
char *abp_column_bytes(size_t *len, struct abp_statement *statement, int column);
/* A copy that the caller frees in *out, NULL for null. 0, or -1 when memory is out. */
int abp_column_copy(char **out, struct abp_statement *statement, int column, struct abp_error *err);

int64_t abp_db_last_id(struct abp_db *db);

#endif
