#include "store/driver.h"

#include "abpost/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const char *abp_db_name(const struct abp_db *db)
{
    return db->path ? db->path : "the temporary store";
}

/* ---- errors ---- */

static int is_full(int system_errno)
{
    return system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG;
}

/* SQLite keeps the errno of some failures only; the calls that may fail clear errno before. */
static int system_errno(struct abp_db *db, int left)
{
    int kept = sqlite3_system_errno(db->handle);
    return kept ? kept : left;
}

static int fail_io(struct abp_db *db, int why, struct abp_error *err)
{
    if (is_full(why))
        return abp_fail_at(err, ABP_FAILED, abp_db_name(db), 0,
                           "the disk (or a limit on file sizes) is full; make room and try again");
    return abp_fail_at(err, ABP_FAILED, abp_db_name(db), 0,
                       "can't be read or written: %s; check the disk",
                       why ? strerror(why) : sqlite3_errmsg(db->handle));
}

static int fail_open(struct abp_db *db, int why, struct abp_error *err)
{
    /* What can't be opened to be written SQLite tries to open to be read, and that failure is the
     * one it keeps: the file is there, but one that belongs beside it (-wal, -shm) is not. */
    if (why == ENOENT && db->path && access(db->path, F_OK) == 0)
        return abp_fail_at(err, ABP_FAILED, db->path, 0,
                           "can't be opened: no file can be made beside it; make room if the disk "
                           "is full, and check that its folder may be written to");
    return abp_fail_at(err, ABP_FAILED, abp_db_name(db), 0,
                       "can't be opened: %s; check that its folder exists and may be written to",
                       why ? strerror(why) : "not a file that can be opened");
}

int abp_db_fail(struct abp_db *db, int rc, struct abp_error *err)
{
    int why = system_errno(db, errno);
    switch (rc & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return abp_fail_at(err, ABP_FAILED, abp_db_name(db), 0,
                           "locked by another process; wait until it is done (is another abpost "
                           "running?) and try again");
    case SQLITE_READONLY:
        return abp_fail_at(err, ABP_FAILED, abp_db_name(db), 0,
                           "can't be written to; check who owns the file, its folder, and the -wal "
                           "and -shm beside it");
    case SQLITE_FULL:
        return abp_fail_at(err, ABP_FAILED, abp_db_name(db), 0,
                           "the disk is full; make room and try again");
    case SQLITE_CORRUPT:
        return abp_fail_at(
            err, ABP_DATA, abp_db_name(db), 0,
            "the database is damaged (%s); put a backup in its place, and hold the posts that went "
            "out since (abpost hold)",
            sqlite3_errmsg(db->handle));
    case SQLITE_NOTADB:
        return abp_fail_at(
            err, ABP_DATA, db->path, 0,
            "not an SQLite database; check 'database =', or put a backup in its place and hold the "
            "posts that went out since (abpost hold)");
    case SQLITE_CANTOPEN:
        return fail_open(db, why, err);
    case SQLITE_IOERR:
        return fail_io(db, why, err);
    case SQLITE_NOMEM:
        return abp_fail_memory(err);
    default:
        return abp_fail_at(err, ABP_BUG, abp_db_name(db), 0, "the database refused a statement: %s",
                           sqlite3_errmsg(db->handle));
    }
}

/* ---- open and close ---- */

/* SQLite would make the file with the umask's mode; its -wal and -shm then take the file's. */
static int make_file(const char *path, struct abp_error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST)
        return abp_fail_at(err, ABP_FAILED, path, 0,
                           "can't be created: %s; check that its folder exists and may be written "
                           "to",
                           strerror(errno));
    if (fd >= 0)
        close(fd);
    return 0;
}

/* SQLite would open what may not be written to for reading, and leave a -wal and a -shm beside it
 * that may not be written to either, for the day when the file may be again. */
static int check_writable(const char *path, struct abp_error *err)
{
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 || (errno != EACCES && errno != EROFS))
        return 0;
    return abp_fail_at(err, ABP_FAILED, path, 0, "can't be written to: %s; %s", strerror(errno),
                       abp_remedy(errno));
}

int abp_db_open(struct abp_db **out, const char *path, enum abp_db_mode mode, int busy_ms,
                struct abp_error *err)
{
    *out = NULL;
    struct abp_db *db = calloc(1, sizeof *db);
    if (!db)
        return abp_fail_memory(err);
    db->busy_ms = busy_ms;
    if (path && !(db->path = abp_strdup(path))) {
        free(db);
        return abp_fail_memory(err);
    }
    int flags = mode == ABP_DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (!path)
        flags |= SQLITE_OPEN_CREATE;
    if (path && mode == ABP_DB_CREATE && make_file(path, err) != 0)
        goto fail;
    if (path && mode != ABP_DB_READ_ONLY && check_writable(path, err) != 0)
        goto fail;
    errno = 0;
    int rc = sqlite3_open_v2(path ? path : "", &db->handle, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        if (db->handle)
            abp_db_fail(db, rc, err);
        else
            abp_fail_memory(err);
        goto fail;
    }
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_busy_timeout(db->handle, busy_ms);
    *out = db;
    return 0;
fail:
    abp_db_close(db);
    return -1;
}

void abp_db_close(struct abp_db *db)
{
    if (!db)
        return;
    abp_statements_forget(db);
    sqlite3_close(db->handle);
    free(db->path);
    free(db);
}

/* ---- whole statements ---- */

int abp_db_exec(struct abp_db *db, const char *sql, struct abp_error *err)
{
    errno = 0;
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : abp_db_fail(db, rc, err);
}

int abp_db_integer(int64_t *value, struct abp_db *db, const char *sql, struct abp_error *err)
{
    struct abp_statement *statement = NULL;
    if (abp_db_prepare(&statement, db, sql, err) != 0)
        return -1;
    int row = abp_step(statement, err);
    if (row > 0)
        *value = abp_column_int(statement, 0);
    else if (row == 0)
        abp_fail(err, ABP_BUG, "no row from: %s", sql);
    abp_db_finish(statement);
    return row > 0 ? 0 : -1;
}

int abp_db_begin(struct abp_db *db, struct abp_error *err)
{
    return abp_db_exec(
        db, db->path ? "PRAGMA synchronous = FULL; BEGIN IMMEDIATE" : "BEGIN IMMEDIATE", err);
}

int abp_db_begin_lightly(struct abp_db *db, struct abp_error *err)
{
    return abp_db_exec(
        db, db->path ? "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE" : "BEGIN IMMEDIATE", err);
}

int abp_db_commit(struct abp_db *db, struct abp_error *err)
{
    return abp_db_exec(db, "COMMIT", err);
}

void abp_db_rollback(struct abp_db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
}

/* ---- settings ---- */

static int is_wal(struct abp_statement *statement)
{
    return strcmp(abp_column_text(statement, 0), "wal") == 0;
}

/* The change to WAL does not wait for locks by itself: two processes that make the same store at
 * once meet here. So wait in small steps. */
static int set_wal(struct abp_db *db, struct abp_error *err)
{
    const struct timespec pause = {0, 10 * 1000 * 1000};
    for (int waited = 0;; waited += 10) {
        struct abp_error failed = {0};
        struct abp_statement *statement = NULL;
        if (abp_db_prepare(&statement, db, "PRAGMA journal_mode = WAL", err) != 0)
            return -1;
        int row = abp_step(statement, &failed);
        int done = row > 0 && is_wal(statement);
        int busy = row < 0 && (sqlite3_errcode(db->handle) & 0xFF) == SQLITE_BUSY;
        abp_db_finish(statement);
        if (done)
            return 0;
        if (row >= 0)
            return abp_fail_at(err, ABP_FAILED, abp_db_name(db), 0,
                               "its file system can't keep a write-ahead log (a network drive?); "
                               "put the database on a local disk");
        if (!busy || waited >= db->busy_ms) {
            if (err)
                *err = failed;
            return -1;
        }
        nanosleep(&pause, NULL);
    }
}

int abp_db_configure(struct abp_db *db, enum abp_db_mode mode, struct abp_error *err)
{
    /* 32 MB of pages: enough that the indices of a million rows are not read from disk again and
     * again while they are written. */
    if (abp_db_exec(db, "PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768", err) != 0)
        return -1;
    if (!db->path)
        return abp_db_exec(db, "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF", err);
    if (mode == ABP_DB_READ_ONLY)
        return 0;
    if (set_wal(db, err) != 0)
        return -1;
    return abp_db_exec(db, "PRAGMA synchronous = FULL", err);
}

int64_t abp_db_last_id(struct abp_db *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}
