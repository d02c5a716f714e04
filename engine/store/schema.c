#include "store/schema.h"

#include <stdint.h>

/* "abpo": what `PRAGMA application_id` says of a file that is ours. */
#define APPLICATION_ID 1633841263

/* Facts are added and never changed: the database itself refuses. */
#define FACTS(table)                                                                               \
    "CREATE TRIGGER " table "_no_update BEFORE UPDATE ON " table                                   \
    " BEGIN SELECT RAISE(ABORT, '" table " holds facts: rows are never changed'); END;"            \
    "CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table                                   \
    " BEGIN SELECT RAISE(ABORT, '" table " holds facts: rows are never deleted'); END;"

/* Times are UTC seconds since 1970. A post comes either from an import or from an attempt of ours.
 * Ids of the posts of one import ascend in the order of its file, and with them every index that
 * ends in the id. Readings lie beside each other by post, so that one experiment is read from a few
 * places. */
static const char *const version_1[] = {
    "CREATE TABLE experiment ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE," /* file's name, or file's name/value of the experiment column */
    " created_at INTEGER NOT NULL"
    ") STRICT;" FACTS("experiment"),

    /* What bears on the result, frozen before the first post; a later row is a later change. */
    "CREATE TABLE analysis ("
    " id INTEGER PRIMARY KEY,"
    " experiment_id INTEGER NOT NULL REFERENCES experiment (id),"
    " hash TEXT NOT NULL,"
    " frozen_at INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX analysis_of_experiment ON analysis (experiment_id);" FACTS("analysis"),

    /* One draw of blocks, and the posts it puts into slots. */
    "CREATE TABLE plan ("
    " id INTEGER PRIMARY KEY,"
    " experiment_id INTEGER NOT NULL REFERENCES experiment (id),"
    " drawn_at INTEGER NOT NULL,"
    " seed TEXT NOT NULL" /* 64 unsigned bits do not fit an INTEGER */
    ") STRICT;"
    "CREATE INDEX plan_of_experiment ON plan (experiment_id);" FACTS("plan"),

    "CREATE TABLE planned_post ("
    " id INTEGER PRIMARY KEY,"
    " plan_id INTEGER NOT NULL REFERENCES plan (id),"
    " block TEXT NOT NULL,"
    " position INTEGER NOT NULL," /* in its block, from 0 */
    " variant TEXT NOT NULL,"
    " probability REAL NOT NULL CHECK (probability > 0 AND probability <= 1),"
    " channel TEXT NOT NULL,"
    " slot TEXT NOT NULL," /* the named time of the week */
    " due_at INTEGER NOT NULL,"
    " UNIQUE (plan_id, block, position)"
    ") STRICT;"
    "CREATE INDEX planned_post_due ON planned_post (due_at);" FACTS("planned_post"),

    /* The intent, committed before the one irreversible call. Two workers that claim the same post
     * insert the same number, and one of them is refused. */
    "CREATE TABLE attempt ("
    " id INTEGER PRIMARY KEY,"
    " planned_post_id INTEGER NOT NULL REFERENCES planned_post (id),"
    " number INTEGER NOT NULL CHECK (number >= 1),"
    " idempotency_key TEXT NOT NULL UNIQUE,"
    " request BLOB NOT NULL," /* every byte that is sent, secrets left out */
    " started_at INTEGER NOT NULL,"
    " leased_until INTEGER NOT NULL,"
    " UNIQUE (planned_post_id, number)"
    ") STRICT;" FACTS("attempt"),

    /* What came of it; the newest row counts (unknown, then reconciled). */
    "CREATE TABLE attempt_result ("
    " id INTEGER PRIMARY KEY,"
    " attempt_id INTEGER NOT NULL REFERENCES attempt (id),"
    " settled_at INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('posted', 'refused', 'unknown', 'not-posted')),"
    " remote_id TEXT,"
    " url TEXT,"
    " reason TEXT,"
    " CHECK (state <> 'posted' OR remote_id IS NOT NULL OR url IS NOT NULL)"
    ") STRICT;"
    "CREATE INDEX result_of_attempt ON attempt_result (attempt_id);" FACTS("attempt_result"),

    /* One reading of one file. It is sealed (hashes and counts filled in) at the end of the
     * transaction that makes it, and from then on never changes. */
    "CREATE TABLE import ("
    " id INTEGER PRIMARY KEY,"
    " experiment_file TEXT NOT NULL," /* the INI's name: all imports of one file, the newest counts
                                       */
    " path TEXT NOT NULL,"
    " imported_at INTEGER NOT NULL,"
    " content_hash TEXT,"  /* SHA-256 of the file */
    " settings_hash TEXT," /* SHA-256 of how it was read */
    " posts INTEGER,"
    " observed INTEGER,"
    " experiments INTEGER"
    ") STRICT;"
    "CREATE INDEX import_of_file ON import (experiment_file);"
    "CREATE TRIGGER import_sealed BEFORE UPDATE ON import WHEN OLD.content_hash IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'import holds facts: rows are never changed'); END;"
    "CREATE TRIGGER import_no_delete BEFORE DELETE ON import"
    " BEGIN SELECT RAISE(ABORT, 'import holds facts: rows are never deleted'); END;",

    /* The experiments of an import, in the order in which they first stand in the file. */
    "CREATE TABLE import_experiment ("
    " import_id INTEGER NOT NULL REFERENCES import (id),"
    " position INTEGER NOT NULL," /* from 0 */
    " experiment_id INTEGER NOT NULL REFERENCES experiment (id),"
    " PRIMARY KEY (import_id, position),"
    " UNIQUE (import_id, experiment_id)"
    ") STRICT, WITHOUT ROWID;" FACTS("import_experiment"),

    "CREATE TABLE post ("
    " id INTEGER PRIMARY KEY,"
    " experiment_id INTEGER NOT NULL REFERENCES experiment (id),"
    " import_id INTEGER REFERENCES import (id),"
    " line INTEGER," /* of the imported file */
    " attempt_id INTEGER REFERENCES attempt (id),"
    " variant TEXT NOT NULL,"
    " channel TEXT,"
    " slot TEXT,"
    " block TEXT,"
    " posted_at INTEGER,"
    " CHECK ((import_id IS NULL) <> (attempt_id IS NULL)),"
    " CHECK ((import_id IS NULL) = (line IS NULL))"
    ") STRICT;"
    "CREATE INDEX post_of_experiment ON post (experiment_id, import_id);"
    "CREATE UNIQUE INDEX post_of_attempt ON post (attempt_id)"
    " WHERE attempt_id IS NOT NULL;" FACTS("post"),

    /* A metric of a post as it was read at a time. A missing reading is no row. */
    "CREATE TABLE reading ("
    " post_id INTEGER NOT NULL REFERENCES post (id),"
    " metric TEXT NOT NULL,"
    " read_at INTEGER NOT NULL,"
    " age INTEGER," /* seconds since the post was made; null: not known (imports) */
    " value REAL NOT NULL,"
    " PRIMARY KEY (post_id, metric, read_at)"
    ") STRICT, WITHOUT ROWID;" FACTS("reading"),
    "PRAGMA application_id = 1633841263; PRAGMA user_version = 1", NULL};

/* Posting. What version 1 had for it was never written to, so those tables are made anew. */
static const char *const version_2[] = {
    "DROP TABLE attempt_result; DROP TABLE attempt; DROP TABLE planned_post;",

    /* Posts drawn together: one of every variant over one channel's next slots. design: what the
     * labels were drawn from ("uniform": every order alike). */
    "CREATE TABLE block ("
    " id INTEGER PRIMARY KEY,"
    " plan_id INTEGER NOT NULL REFERENCES plan (id),"
    " channel TEXT NOT NULL,"
    " design TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX block_of_plan ON block (plan_id);"
    "CREATE INDEX block_of_channel ON block (channel);" FACTS("block"),

    /* The local wall time and its zone are what was planned; due_at is the instant that the zone's
     * rules made of it on the day it was drawn. */
    "CREATE TABLE planned_post ("
    " id INTEGER PRIMARY KEY,"
    " block_id INTEGER NOT NULL REFERENCES block (id),"
    " position INTEGER NOT NULL," /* in its block, from 0 */
    " variant TEXT NOT NULL,"
    " probability REAL NOT NULL CHECK (probability > 0 AND probability <= 1),"
    " slot TEXT NOT NULL," /* the named time of the week */
    " local_date TEXT NOT NULL,"
    " local_time TEXT NOT NULL,"
    " timezone TEXT NOT NULL,"
    " due_at INTEGER NOT NULL,"
    " UNIQUE (block_id, position)"
    ") STRICT;"
    "CREATE INDEX planned_post_due ON planned_post (due_at);" FACTS("planned_post"),

    /* A post that left the plan without going out. */
    "CREATE TABLE dropped ("
    " planned_post_id INTEGER PRIMARY KEY REFERENCES planned_post (id),"
    " dropped_at INTEGER NOT NULL,"
    " state TEXT NOT NULL CHECK (state IN ('missed', 'empty', 'refused', 'redrawn', 'cancelled')),"
    " reason TEXT"
    ") STRICT;" FACTS("dropped"),

    /* The intent, committed before the one irreversible call. Two workers that claim the same post
     * insert the same number, and one of them is refused. Key and request are the same in every
     * attempt of a post whose text was not changed meanwhile. */
    "CREATE TABLE attempt ("
    " id INTEGER PRIMARY KEY,"
    " planned_post_id INTEGER NOT NULL REFERENCES planned_post (id),"
    " number INTEGER NOT NULL CHECK (number >= 1),"
    " idempotency_key TEXT NOT NULL,"
    " request BLOB NOT NULL," /* every byte that is sent, secrets left out */
    " file TEXT NOT NULL,"    /* the post file it was made from */
    " file_hash TEXT NOT NULL,"
    " owner TEXT NOT NULL," /* the process that sends it */
    " started_at INTEGER NOT NULL,"
    " leased_until INTEGER NOT NULL,"
    " UNIQUE (planned_post_id, number)"
    ") STRICT;"
    "CREATE INDEX attempt_of_file ON attempt (file);" FACTS("attempt"),

    /* What came of it; the newest row counts (unknown, then reconciled). */
    "CREATE TABLE attempt_result ("
    " id INTEGER PRIMARY KEY,"
    " attempt_id INTEGER NOT NULL REFERENCES attempt (id),"
    " settled_at INTEGER NOT NULL,"
    " state TEXT NOT NULL"
    "  CHECK (state IN ('posted', 'handed', 'refused', 'unknown', 'not-posted')),"
    " remote_id TEXT,"
    " version TEXT," /* tag of the post as it was sent, to see edits by */
    " url TEXT,"
    " reason TEXT,"
    " retry_at INTEGER," /* not before */
    " CHECK (state NOT IN ('posted', 'handed') OR remote_id IS NOT NULL OR url IS NOT NULL)"
    ") STRICT;"
    "CREATE INDEX result_of_attempt ON attempt_result (attempt_id);"
    "CREATE INDEX result_of_remote ON attempt_result (remote_id);" FACTS("attempt_result"),

    /* A post that is out no longer reads as it was sent, or is gone. */
    "CREATE TABLE post_event ("
    " post_id INTEGER NOT NULL REFERENCES post (id),"
    " kind TEXT NOT NULL CHECK (kind IN ('edited', 'deleted')),"
    " seen_at INTEGER NOT NULL,"
    " PRIMARY KEY (post_id, kind)"
    ") STRICT, WITHOUT ROWID;" FACTS("post_event"),

    /* A time at which a post could not be read. */
    "CREATE TABLE reading_failure ("
    " post_id INTEGER NOT NULL REFERENCES post (id),"
    " failed_at INTEGER NOT NULL,"
    " reason TEXT NOT NULL,"
    " PRIMARY KEY (post_id, failed_at)"
    ") STRICT, WITHOUT ROWID;" FACTS("reading_failure"),

    /* A verdict that ended the test of a variant, on the night it was first reached. */
    "CREATE TABLE decision ("
    " id INTEGER PRIMARY KEY,"
    " experiment_id INTEGER NOT NULL REFERENCES experiment (id),"
    " variant TEXT NOT NULL,"
    " verdict TEXT NOT NULL,"
    " decided_at INTEGER NOT NULL,"
    " reason TEXT NOT NULL,"
    " UNIQUE (experiment_id, variant)"
    ") STRICT;" FACTS("decision"),

    /* An account began to refuse us, or to let us in again. */
    "CREATE TABLE sign_in ("
    " id INTEGER PRIMARY KEY,"
    " channel TEXT NOT NULL,"
    " seen_at INTEGER NOT NULL,"
    " refused INTEGER NOT NULL CHECK (refused IN (0, 1)),"
    " reason TEXT," /* of a refusal */
    " CHECK ((reason IS NULL) = (refused = 0))"
    ") STRICT;"
    "CREATE INDEX sign_in_of_channel ON sign_in (channel);" FACTS("sign_in"),
    "PRAGMA user_version = 2", NULL};

/* A decision can be withdrawn, and the test that begins then can come to another: a variant has any
 * number of rows, and the newest counts. A unique key goes only with its table. */
static const char *const version_3[] = {
    "ALTER TABLE decision RENAME TO old_decision",
    "CREATE TABLE decision ("
    " id INTEGER PRIMARY KEY,"
    " experiment_id INTEGER NOT NULL REFERENCES experiment (id),"
    " variant TEXT NOT NULL,"
    " verdict TEXT NOT NULL," /* or 'withdrawn' */
    " decided_at INTEGER NOT NULL,"
    " reason TEXT NOT NULL"
    ") STRICT;"
    "INSERT INTO decision (id, experiment_id, variant, verdict, decided_at, reason)"
    " SELECT id, experiment_id, variant, verdict, decided_at, reason FROM old_decision;"
    "DROP TABLE old_decision;"
    "CREATE INDEX decision_of_variant ON decision (experiment_id, variant);" FACTS("decision"),
    "PRAGMA user_version = 3", NULL};

/* How many decisions on the experiment whoever drew a plan knew of; null: an older abpost drew it.
 */
static const char *const version_4[] = {"ALTER TABLE plan ADD COLUMN decisions INTEGER",
                                        "PRAGMA user_version = 4", NULL};

/* A file that a platform does not take as it is, found out before anything was sent. */
static const char *const version_5[] = {
    "CREATE TABLE refused_file ("
    " id INTEGER PRIMARY KEY,"
    " experiment_id INTEGER NOT NULL REFERENCES experiment (id),"
    " channel TEXT NOT NULL,"
    " file TEXT NOT NULL,"
    " file_hash TEXT NOT NULL," /* as an attempt's */
    " refused_at INTEGER NOT NULL,"
    " reason TEXT NOT NULL"
    ") STRICT;"
    "CREATE INDEX refused_of_experiment ON refused_file (experiment_id);" FACTS("refused_file"),
    "PRAGMA user_version = 5", NULL};

/* A number that a person wrote down wrong, and what it should have been; the newest row counts. */
static const char *const version_6[] = {
    "CREATE TABLE reading_correction ("
    " id INTEGER PRIMARY KEY,"
    " post_id INTEGER NOT NULL,"
    " metric TEXT NOT NULL,"
    " read_at INTEGER NOT NULL,"
    " value REAL NOT NULL,"
    " corrected_at INTEGER NOT NULL,"
    " FOREIGN KEY (post_id, metric, read_at) REFERENCES reading (post_id, metric, read_at)"
    ") STRICT;"
    "CREATE INDEX correction_of_reading"
    " ON reading_correction (post_id, metric, read_at);" FACTS("reading_correction"),
    "PRAGMA user_version = 6", NULL};

/* migrations[i] leads from version i to i + 1; its last statement says so in the file. */
static const char *const *const migrations[ABP_SCHEMA_VERSION] = {version_1, version_2, version_3,
                                                                  version_4, version_5, version_6};

/* Inside a transaction, or another process may make the tables between two of the answers. */
static int check(struct abp_db *db, int read_only, struct abp_error *err)
{
    int64_t application = 0, version = 0, objects = 0;
    if (abp_db_integer(&application, db, "PRAGMA application_id", err) != 0 ||
        abp_db_integer(&version, db, "PRAGMA user_version", err) != 0 ||
        abp_db_integer(&objects, db, "SELECT count(*) FROM sqlite_master", err) != 0)
        return -1;
    const char *name = abp_db_name(db);
    int ours = application == APPLICATION_ID;
    if (!ours && (application != 0 || version != 0 || objects != 0))
        return abp_fail_at(err, ABP_DATA, name, 0,
                           "a database of another program; name another file in 'database ='");
    if (version > ABP_SCHEMA_VERSION)
        return abp_fail_at(err, ABP_DATA, name, 0,
                           "made by a newer abpost (store version %lld, this one knows up to %d); "
                           "update abpost",
                           (long long)version, ABP_SCHEMA_VERSION);
    if (read_only && version < ABP_SCHEMA_VERSION)
        return abp_fail_at(err, ABP_DATA, name, 0,
                           ours ? "made by an older abpost; open it once with a command that may "
                                  "write to it (abpost import)"
                                : "holds nothing yet; import or post something first");
    return 0;
}

int abp_schema_check(struct abp_db *db, int read_only, struct abp_error *err)
{
    if (abp_db_exec(db, "BEGIN", err) != 0)
        return -1;
    int rc = check(db, read_only, err);
    abp_db_rollback(db); /* nothing was written */
    return rc;
}

int abp_schema_migrate(struct abp_db *db, struct abp_error *err)
{
    int64_t version = 0;
    if (abp_db_integer(&version, db, "PRAGMA user_version", err) != 0)
        return -1;
    if (version == ABP_SCHEMA_VERSION)
        return 0;
    if (abp_db_begin(db, err) != 0)
        return -1;
    /* Again, now that nobody else can write: another process may have been faster. */
    if (check(db, 0, err) != 0 || abp_db_integer(&version, db, "PRAGMA user_version", err) != 0)
        goto fail;
    for (; version < ABP_SCHEMA_VERSION; version++)
        for (const char *const *sql = migrations[version]; *sql; sql++)
            if (abp_db_exec(db, *sql, err) != 0)
                goto fail;
    if (abp_db_commit(db, err) == 0)
        return 0;
fail:
    abp_db_rollback(db);
    return -1;
}
