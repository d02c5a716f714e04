/* What db.c and statement.c share: the driver behind db.h, for SQLite. */
#ifndef ABP_STORE_DRIVER_H
#define ABP_STORE_DRIVER_H

#include "store/db.h"

#include <sqlite3.h>

#define ABP_IDLE_MAX 64 /* statements; the store has about 70, and no command asks them all */

struct abp_db {
    sqlite3 *handle; /* owned */
    char *path;      /* owned; NULL: private */
    int busy_ms;
    struct abp_statement *idle[ABP_IDLE_MAX]; /* owned; reset, nothing bound; the last used last */
    size_t idle_count;
};

struct abp_statement {
    struct abp_db *db;    /* borrowed */
    sqlite3_stmt *handle; /* owned */
    int bind_rc;          /* the first failed bind since the last step; SQLITE_OK: none */
};

/* The one place that turns SQLite's codes into sentences; -1. */
int abp_db_fail(struct abp_db *db, int rc, struct abp_error *err);
void abp_statements_forget(struct abp_db *db);

#endif
