/* The store as a file: who may read it, what it refuses to be, and what it says when the machine or
 * another process is in the way. */
#include "abpost/fetch.h"
#include "store/db.h"
#include "store/handle.h"
#include "store/schema.h"
#include "store_scratch.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <sqlite3.h>
#include <unistd.h>

static int64_t ask(struct abp_store *store, const char *sql)
{
    int64_t value = -1;
    struct abp_error err = {0};
    if (abp_db_integer(&value, store->db, sql, &err) != 0)
        fail_msg("%s: %s", sql, err.message);
    return value;
}

static int try_open(struct scratch *s, enum abp_store_mode mode, struct abp_error *err)
{
    struct abp_store *store = NULL;
    abp_error_clear(err);
    int rc = abp_store_open(&store, scratch_path(s, "abpost.db"), mode, 50, err);
    assert_true((rc == 0) == (store != NULL));
    abp_store_close(store);
    return rc;
}

/* Opening must fail so, and leave every byte of the file as it was. */
static void refuse_open(struct scratch *s, enum abp_store_mode mode, enum abp_code code,
                        const char *part)
{
    struct abp_error err;
    static char before[200000], after[sizeof before];
    FILE *file = fopen(scratch_path(s, "abpost.db"), "rb");
    size_t len = file ? fread(before, 1, sizeof before, file) : 0;
    if (file)
        fclose(file);
    assert_int_equal(try_open(s, mode, &err), -1);
    assert_int_equal(err.code, code);
    if (!strstr(err.message, part))
        fail_msg("'%s' does not say '%s'", err.message, part);
    assert_string_equal(err.file, scratch_path(s, "abpost.db"));
    assert_true((file != NULL) == (access(scratch_path(s, "abpost.db"), F_OK) == 0));
    if (!file)
        return;
    file = fopen(scratch_path(s, "abpost.db"), "rb");
    assert_non_null(file);
    assert_int_equal(fread(after, 1, sizeof after, file), len);
    fclose(file);
    assert_memory_equal(before, after, len);
}

static void import_or_fail(struct scratch *s, const char *csv, struct abp_import_result *result)
{
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    struct abp_store *store = scratch_store(s);
    scratch_write(s, "x.csv", csv);
    scratch_experiment(s, &e, "outcome = n\n");
    int rc = abp_import_run(result, store, &e, &scratch_env, NULL, &mistakes, &err);
    if (rc != 0)
        fail_msg("%s", err.message);
    abp_experiment_release(&e);
    abp_store_close(store);
}

/* ---- the file ---- */

static void test_create(void **state)
{
    static const char *const names[] = {"abpost.db", "abpost.db-wal", "abpost.db-shm"};
    struct scratch *s = *state;
    struct stat st;
    mode_t before = umask(0);
    struct abp_store *store = scratch_store(s);
    umask(before);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(stat(scratch_path(s, names[i]), &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
    assert_int_equal(ask(store, "PRAGMA user_version"), ABP_SCHEMA_VERSION);
    assert_int_equal(ask(store, "PRAGMA foreign_keys"), 1);
    assert_int_equal(ask(store, "PRAGMA synchronous"), 2);
    assert_int_equal(
        ask(store, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    assert_int_equal(ask(store, "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND"
                                " name NOT LIKE 'sqlite_%' AND NOT strict"),
                     0);
    abp_store_close(store);
    store = scratch_store(s);
    assert_int_equal(ask(store, "SELECT count(*) FROM experiment"), 0);
    abp_store_close(store);
}

static const char *const tables[] = {
    "experiment",
    "analysis",
    "plan",
    "block",
    "planned_post",
    "dropped",
    "attempt",
    "import",
    "post",
    "import_experiment",
    "attempt_result",
    "reading",
    "post_event",
    "decision",
    "reading_failure",
    "sign_in",
    "refused_file",
    "reading_correction",
};

/* Every table of facts refuses a change and a deletion, also from behind the store's back. */
static void test_facts(void **state)
{
    struct scratch *s = *state;
    struct abp_error err = {0};
    struct abp_import_result result;
    import_or_fail(s, "style,n\na,1\nb,2\n", &result);
    struct abp_store *store = scratch_store(s);
    static const char fill[] =
        "INSERT INTO analysis VALUES (1, 1, 'h', 0);"
        "INSERT INTO plan VALUES (1, 1, 0, '1', 0);"
        "INSERT INTO block VALUES (1, 1, 'c', 'uniform');"
        "INSERT INTO planned_post VALUES (1, 1, 0, 'a', 0.5, 's', '2026-12-01', '09:00', 'UTC', 0);"
        "INSERT INTO dropped VALUES (1, 0, 'missed', NULL);"
        "INSERT INTO attempt VALUES (1, 1, 1, 'k', x'00', 'f', 'h', 'o', 0, 60);"
        "INSERT INTO attempt_result VALUES (1, 1, 0, 'posted', '1', NULL, NULL, NULL, NULL);"
        "INSERT INTO post_event VALUES (1, 'edited', 0);"
        "INSERT INTO reading_failure VALUES (1, 0, 'r');"
        "INSERT INTO reading_correction SELECT 1, post_id, metric, read_at, 7, 0 FROM reading "
        "LIMIT 1;"
        "INSERT INTO sign_in VALUES (1, 'c', 0, 1, 'r');"
        "INSERT INTO refused_file VALUES (1, 1, 'c', 'f', 'h', 0, 'r');"
        "INSERT INTO decision VALUES (1, 1, 'a', 'repeat', 0, 'r')";
    assert_int_equal(abp_db_exec(store->db, fill, &err), 0);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT count(*) > 0 FROM %s", tables[i]);
        assert_int_equal(ask(store, sql), 1);
        snprintf(sql, sizeof sql, "DELETE FROM %s", tables[i]);
        assert_int_equal(abp_db_exec(store->db, sql, &err), -1);
        assert_int_equal(err.code, ABP_BUG);
        assert_non_null(strstr(err.message, "facts"));
        snprintf(sql, sizeof sql, "SELECT name FROM pragma_table_info('%s') ORDER BY cid LIMIT 1",
                 tables[i]);
        struct abp_statement *st = NULL;
        assert_int_equal(abp_db_prepare(&st, store->db, sql, &err), 0);
        assert_int_equal(abp_step(st, &err), 1);
        snprintf(sql, sizeof sql, "UPDATE %s SET %s = %s", tables[i], abp_column_text(st, 0),
                 abp_column_text(st, 0));
        abp_db_finish(st);
        assert_int_equal(abp_db_exec(store->db, sql, &err), -1);
        assert_non_null(strstr(err.message, "facts"));
    }
    /* One claim of a post wins; a post comes from an import or an attempt, and counts once. */
    assert_int_equal(
        abp_db_exec(store->db,
                    "INSERT INTO attempt VALUES (2, 1, 1, 'k', x'00', '', '', '', 0, 60)", &err),
        -1);
    assert_non_null(strstr(err.message, "UNIQUE"));
    assert_int_equal(abp_db_exec(store->db,
                                 "INSERT INTO post VALUES (9, 1, NULL, NULL, NULL, 'a',"
                                 " NULL, NULL, NULL, NULL)",
                                 &err),
                     -1);
    assert_int_equal(abp_db_exec(store->db,
                                 "INSERT INTO post VALUES (9, 1, 77, 1, NULL, 'a',"
                                 " NULL, NULL, NULL, NULL)",
                                 &err),
                     -1);
    assert_non_null(strstr(err.message, "FOREIGN KEY"));
    abp_store_close(store);
}

static void test_missing(void **state)
{
    struct scratch *s = *state;
    struct abp_error err;
    struct abp_store *store = NULL;
    refuse_open(s, ABP_STORE_EXISTING, ABP_FAILED, "No such file");
    refuse_open(s, ABP_STORE_READ_ONLY, ABP_FAILED, "No such file");
    char path[400];
    snprintf(path, sizeof path, "%s/none/abpost.db", s->folder);
    assert_int_equal(abp_store_open(&store, path, ABP_STORE_CREATE, 50, &err), -1);
    assert_int_equal(err.code, ABP_FAILED);
    assert_non_null(strstr(err.message, "can't be created: No such file"));
    assert_int_equal(abp_store_open(&store, s->folder, ABP_STORE_CREATE, 50, &err), -1);
    assert_int_equal(err.code, ABP_FAILED);
}

static void test_strangers(void **state)
{
    struct scratch *s = *state;
    char text[3000];
    memset(text, 'x', sizeof text);
    scratch_write_bytes(s, "abpost.db", text, sizeof text);
    refuse_open(s, ABP_STORE_CREATE, ABP_DATA, "not an SQLite database");
    refuse_open(s, ABP_STORE_READ_ONLY, ABP_DATA, "not an SQLite database");
    unlink(scratch_path(s, "abpost.db"));

    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(scratch_path(s, "abpost.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE bookmarks (url)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    refuse_open(s, ABP_STORE_CREATE, ABP_DATA, "another program");
    unlink(scratch_path(s, "abpost.db"));

    scratch_write(s, "abpost.db", "");
    refuse_open(s, ABP_STORE_READ_ONLY, ABP_DATA, "holds nothing yet");
    struct abp_error err;
    assert_int_equal(try_open(s, ABP_STORE_EXISTING, &err), 0);
    assert_int_equal(try_open(s, ABP_STORE_READ_ONLY, &err), 0);
}

/* A store of the version before keeps its decisions, and takes more than one of a variant. */
static void test_older_decisions(void **state)
{
    struct scratch *s = *state;
    struct abp_error err = {0};
    struct abp_store *store = scratch_store(s);
    static const char before[] =
        "DROP TABLE reading_correction;"          /* version 6 */
        "DROP TABLE refused_file;"                /* version 5 */
        "ALTER TABLE plan DROP COLUMN decisions;" /* version 4 */
        "DROP TABLE decision;"
        "CREATE TABLE decision (id INTEGER PRIMARY KEY,"
        " experiment_id INTEGER NOT NULL REFERENCES experiment (id), variant TEXT NOT NULL,"
        " verdict TEXT NOT NULL, decided_at INTEGER NOT NULL, reason TEXT NOT NULL,"
        " UNIQUE (experiment_id, variant)) STRICT;"
        "CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision"
        " BEGIN SELECT RAISE(ABORT, 'decision holds facts'); END;"
        "CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision"
        " BEGIN SELECT RAISE(ABORT, 'decision holds facts'); END;"
        "INSERT INTO experiment VALUES (1, 'x', 0);"
        "INSERT INTO decision VALUES (7, 1, 'a', 'repeat', 1800000000, 'r');"
        "PRAGMA user_version = 2";
    assert_int_equal(abp_db_exec(store->db, before, &err), 0);
    abp_store_close(store);
    refuse_open(s, ABP_STORE_READ_ONLY, ABP_DATA, "made by an older abpost");
    store = scratch_store(s);
    assert_int_equal(ask(store, "PRAGMA user_version"), ABP_SCHEMA_VERSION);
    assert_int_equal(ask(store, "SELECT count(*) FROM refused_file"), 0);
    assert_int_equal(ask(store, "SELECT count(*) FROM decision WHERE id = 7 AND variant = 'a' AND"
                                " decided_at = 1800000000 AND reason = 'r'"),
                     1);
    static const char again[] = "INSERT INTO decision VALUES (8, 1, 'a', 'withdrawn', 1, 'r')";
    assert_int_equal(abp_db_exec(store->db, again, &err), 0);
    assert_int_equal(abp_db_exec(store->db, "DELETE FROM decision", &err), -1);
    assert_int_equal(abp_db_exec(store->db, "UPDATE decision SET reason = ''", &err), -1);
    abp_store_close(store);
}

/* A store of before corrections keeps its readings, and takes corrections of them alone. */
static void test_older_readings(void **state)
{
    struct scratch *s = *state;
    struct abp_error err = {0};
    struct abp_import_result result;
    import_or_fail(s, "style,n\na,1\nb,2\n", &result);
    struct abp_store *store = scratch_store(s);
    static const char before[] = "DROP TABLE reading_correction; PRAGMA user_version = 5";
    static const char wrong[] = "INSERT INTO reading_correction VALUES (NULL, 1, 'm', 0, 7, 0)";
    static const char right[] = "INSERT INTO reading_correction SELECT NULL, post_id, metric, "
                                "read_at, 7, 0 FROM reading LIMIT 1";
    assert_int_equal(abp_db_exec(store->db, before, &err), 0);
    abp_store_close(store);
    refuse_open(s, ABP_STORE_READ_ONLY, ABP_DATA, "made by an older abpost");
    store = scratch_store(s);
    assert_int_equal(ask(store, "PRAGMA user_version"), ABP_SCHEMA_VERSION);
    assert_int_equal(ask(store, "SELECT count(*) FROM reading"), 2);
    assert_int_equal(abp_db_exec(store->db, right, &err), 0);
    assert_int_equal(abp_db_exec(store->db, right, &err), 0); /* corrected again */
    assert_int_equal(abp_db_exec(store->db, wrong, &err), -1);
    assert_int_equal(abp_db_exec(store->db, "DELETE FROM reading_correction", &err), -1);
    assert_int_equal(abp_db_exec(store->db, "UPDATE reading_correction SET value = 1", &err), -1);
    abp_store_close(store);
}

static void test_newer(void **state)
{
    struct scratch *s = *state;
    struct abp_error err = {0};
    struct abp_store *store = scratch_store(s);
    assert_int_equal(abp_db_exec(store->db, "PRAGMA user_version = 70", &err), 0);
    abp_store_close(store);
    refuse_open(s, ABP_STORE_CREATE, ABP_DATA, "made by a newer abpost (store version 70");
    refuse_open(s, ABP_STORE_READ_ONLY, ABP_DATA, "update abpost");
}

/* Damage is said, whatever page it hits: never a crash, never rows that are not there. */
static void test_damage(void **state)
{
    struct scratch *s = *state;
    struct abp_import_result result;
    static char csv[60000], whole[400000];
    size_t n = (size_t)snprintf(csv, sizeof csv, "style,n\n");
    for (int i = 0; i < 3000; i++)
        n += (size_t)snprintf(csv + n, sizeof csv - n, "%s,%d\n", i % 2 ? "a" : "b", i);
    import_or_fail(s, csv, &result);
    FILE *file = fopen(scratch_path(s, "abpost.db"), "rb");
    assert_non_null(file);
    size_t len = fread(whole, 1, sizeof whole, file);
    fclose(file);
    assert_true(len > 100000 && len < sizeof whole);
    struct abp_experiment e;
    scratch_experiment(s, &e, "outcome = n\n");
    size_t refused = 0, pages = len / 4096;
    for (size_t page = 0; page < pages; page++) {
        static char bad[sizeof whole];
        struct abp_store *store = NULL;
        struct abp_posts posts;
        struct abp_error err = {0};
        memcpy(bad, whole, len);
        memset(bad + page * 4096 + (page ? 0 : 100), 0x5A, page ? 4096 : 3996);
        scratch_write_bytes(s, "abpost.db", bad, len);
        int rc = abp_store_open(&store, scratch_path(s, "abpost.db"), ABP_STORE_EXISTING, 50, &err);
        if (rc == 0)
            rc = abp_posts_load(&posts, store, &e, result.info.id, 0, &err);
        if (rc == 0) {
            assert_int_equal(posts.count, 3000);
            assert_int_equal(posts.missing, 0);
            abp_posts_release(&posts);
        } else {
            assert_int_equal(err.code, ABP_DATA);
            assert_non_null(strstr(err.message, "damaged"));
            refused++;
        }
        abp_store_close(store);
    }
    assert_true(refused > pages / 2);
    abp_experiment_release(&e);
}

/* ---- other processes ---- */

static void test_locked(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct abp_import_result result;
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    struct abp_store *store = NULL;
    sqlite3 *other = NULL;
    import_or_fail(s, "style,n\na,1\n", &result);
    scratch_write(s, "x.csv", "style,n\na,1\nb,2\n");
    scratch_experiment(s, &e, "outcome = n\n");
    assert_int_equal(sqlite3_open(scratch_path(s, "abpost.db"), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        abp_store_open(&store, scratch_path(s, "abpost.db"), ABP_STORE_CREATE, 50, &err), 0);
    assert_int_equal(abp_import_run(&result, store, &e, &scratch_env, NULL, &mistakes, &err), -1);
    assert_int_equal(err.code, ABP_FAILED);
    assert_non_null(strstr(err.message, "locked by another process"));
    assert_string_equal(err.file, scratch_path(s, "abpost.db"));
    assert_int_equal(mistakes.count, 0);
    /* What is there can be read meanwhile. */
    struct abp_import_info info;
    assert_int_equal(abp_store_latest_import(&info, store, "x", &err), 1);
    assert_int_equal(info.posts, 1);
    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(abp_import_run(&result, store, &e, &scratch_env, NULL, &mistakes, &err), 0);
    assert_int_equal(result.info.posts, 2);
    sqlite3_close(other);
    abp_store_close(store);
    abp_experiment_release(&e);
}

/* Many processes make the store and import the same file at the same moment: one does, all are
 * content. */
static void test_all_at_once(void **state)
{
    struct scratch *s = *state;
    enum { PROCESSES = 8 };
    struct abp_experiment e;
    pid_t children[PROCESSES];
    scratch_write(s, "x.csv", "style,n\na,1\nb,2\na,3\n");
    scratch_experiment(s, &e, "outcome = n\n");
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct abp_store *store = NULL;
            struct abp_import_result result;
            struct abp_mistakes mistakes = {0};
            struct abp_error err = {0};
            int rc =
                abp_store_open(&store, scratch_path(s, "abpost.db"), ABP_STORE_CREATE, 20000, &err);
            if (rc == 0)
                rc = abp_import_run(&result, store, &e, &scratch_env, NULL, &mistakes, &err);
            if (rc != 0)
                fprintf(stderr, "%s\n", err.message);
            abp_store_close(store);
            _exit(rc != 0 ? 1 : result.unchanged ? 10 : 11);
        }
    }
    int imported = 0, unchanged = 0;
    for (int i = 0; i < PROCESSES; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        imported += WEXITSTATUS(status) == 11;
        unchanged += WEXITSTATUS(status) == 10;
    }
    assert_int_equal(imported, 1);
    assert_int_equal(unchanged, PROCESSES - 1);
    struct abp_store *store = scratch_store(s);
    assert_int_equal(ask(store, "SELECT count(*) FROM import"), 1);
    assert_int_equal(ask(store, "SELECT count(*) FROM post"), 3);
    abp_store_close(store);
    abp_experiment_release(&e);
}

/* ---- the machine ---- */

/* What a child under some restriction got for importing a file of 40,000 rows: its exit status is
 * the code, its message goes through a pipe. */
static enum abp_code import_restricted(struct scratch *s, void (*restrict_child)(void),
                                       char *message)
{
    struct abp_experiment e;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    FILE *file = fopen(scratch_path(s, "x.csv"), "w");
    assert_non_null(file);
    fputs("style,n\n", file);
    for (int i = 0; i < 40000; i++)
        fprintf(file, "%s,%d\n", i % 2 ? "a" : "b", i);
    fclose(file);
    scratch_experiment(s, &e, "outcome = n\n");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct abp_store *store = NULL;
        struct abp_import_result result;
        struct abp_mistakes mistakes = {0};
        struct abp_error err = {0};
        restrict_child();
        int rc = abp_store_open(&store, scratch_path(s, "abpost.db"), ABP_STORE_EXISTING, 50, &err);
        if (rc == 0)
            rc = abp_import_run(&result, store, &e, &scratch_env, NULL, &mistakes, &err);
        abp_store_close(store);
        if (write(ends[1], err.message, sizeof err.message) < 0)
            _exit(99);
        _exit(rc == 0 ? 0 : (int)err.code);
    }
    int status = 0;
    close(ends[1]);
    assert_int_equal(read(ends[0], message, 1024), 1024);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    abp_experiment_release(&e);
    return (enum abp_code)WEXITSTATUS(status);
}

static void small_files_only(void)
{
    struct rlimit limit = {300000, 300000};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
}

static void test_full(void **state)
{
    struct scratch *s = *state;
    struct abp_import_result result;
    struct abp_import_info info;
    struct abp_error err = {0};
    char message[1024];
    import_or_fail(s, "style,n\na,1\n", &result);
    assert_int_equal(import_restricted(s, small_files_only, message), ABP_FAILED);
    if (!strstr(message, "is full; make room and try again"))
        fail_msg("%s", message);
    struct abp_store *store = scratch_store(s);
    assert_int_equal(abp_store_latest_import(&info, store, "x", &err), 1);
    assert_int_equal(info.id, result.info.id);
    assert_int_equal(ask(store, "SELECT count(*) FROM post"), 1);
    assert_int_equal(ask(store, "SELECT count(*) FROM import"), 1);
    assert_int_equal(ask(store, "SELECT count(*) FROM pragma_integrity_check WHERE"
                                " integrity_check = 'ok'"),
                     1);
    abp_store_close(store);
}

/* Root may write everything, so that the child becomes nobody. */
static void become_nobody(void)
{
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
        _exit(98);
}

static void test_no_rights(void **state)
{
    struct scratch *s = *state;
    struct abp_import_result result;
    char message[1024];
    import_or_fail(s, "style,n\na,1\n", &result);
    /* A file that may only be read. */
    assert_int_equal(chmod(s->folder, 0755), 0);
    assert_int_equal(chmod(scratch_path(s, "abpost.db"), 0444), 0);
    assert_int_equal(import_restricted(s, become_nobody, message), ABP_FAILED);
    assert_true(strstr(message, "can't be written to") || strstr(message, "can't be opened"));
    /* A file that may not even be read. */
    assert_int_equal(chmod(scratch_path(s, "abpost.db"), 0000), 0);
    assert_int_equal(import_restricted(s, become_nobody, message), ABP_FAILED);
    assert_non_null(strstr(message, "Permission denied"));
    assert_int_equal(chmod(scratch_path(s, "abpost.db"), 0600), 0);
    struct abp_store *store = scratch_store(s);
    assert_int_equal(ask(store, "SELECT count(*) FROM post"), 1);
    abp_store_close(store);
}

/* ---- several connections, none at all ---- */

static void test_readers(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct abp_import_result result, later;
    struct abp_posts posts;
    struct abp_error err = {0};
    struct abp_store *reader = NULL;
    import_or_fail(s, "style,n\na,1\nb,2\n", &result);
    assert_int_equal(
        abp_store_open(&reader, scratch_path(s, "abpost.db"), ABP_STORE_READ_ONLY, 50, &err), 0);
    assert_int_equal(abp_db_exec(reader->db, "INSERT INTO experiment VALUES (9, 'y', 0)", &err),
                     -1);
    assert_int_equal(err.code, ABP_FAILED);
    assert_non_null(strstr(err.message, "can't be written to"));
    /* A newer import does not disturb who reads the older one. */
    import_or_fail(s, "style,n\na,1\nb,2\na,3\n", &later);
    scratch_experiment(s, &e, "outcome = n\n");
    assert_int_equal(abp_posts_load(&posts, reader, &e, result.info.id, 0, &err), 0);
    assert_int_equal(posts.count, 2);
    abp_posts_release(&posts);
    assert_int_equal(abp_posts_load(&posts, reader, &e, later.info.id, 0, &err), 0);
    assert_int_equal(posts.count, 3);
    abp_posts_release(&posts);
    abp_store_close(reader);
    abp_experiment_release(&e);
}

static void test_transient(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct abp_import_result result;
    struct abp_mistakes mistakes = {0};
    struct abp_posts posts;
    struct abp_error err = {0};
    struct abp_store *stores[2] = {NULL, NULL};
    scratch_write(s, "x.csv", "style,n\na,1\nb,2\n");
    scratch_experiment(s, &e, "outcome = n\n");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(abp_store_open_transient(&stores[i], &err), 0);
        assert_int_equal(ask(stores[i], "PRAGMA foreign_keys"), 1);
    }
    assert_int_equal(abp_import_run(&result, stores[0], &e, &scratch_env, NULL, &mistakes, &err),
                     0);
    assert_int_equal(abp_posts_load(&posts, stores[0], &e, result.info.id, 0, &err), 0);
    assert_int_equal(posts.count, 2);
    assert_true(posts.rows[1].outcome == 2);
    abp_posts_release(&posts);
    assert_int_equal(ask(stores[1], "SELECT count(*) FROM post"), 0);
    for (int i = 0; i < 2; i++)
        abp_store_close(stores[i]);
    assert_int_not_equal(access(scratch_path(s, "abpost.db"), F_OK), 0);
    abp_experiment_release(&e);
}

/* The reading of one experiment goes by the index, whatever else the store holds. */
static void test_plan_of_reading(void **state)
{
    struct abp_error err = {0};
    struct abp_store *store = scratch_store(*state);
    struct abp_statement *st = NULL;
    assert_int_equal(
        abp_db_prepare(&st, store->db,
                       "EXPLAIN QUERY PLAN SELECT post.id, reading.value FROM post"
                       " LEFT JOIN reading ON reading.post_id = post.id"
                       " WHERE post.experiment_id = 1 AND post.import_id = 1 ORDER BY post.id",
                       &err),
        0);
    int steps = 0;
    while (abp_step(st, &err) > 0) {
        const char *detail = abp_column_text(st, 3);
        assert_non_null(strstr(detail, "SEARCH"));
        assert_true(strstr(detail, "post_of_experiment") || strstr(detail, "PRIMARY KEY"));
        steps++;
    }
    assert_int_equal(steps, 2);
    abp_db_finish(st);
    abp_store_close(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_create),          TEST(test_facts),
        TEST(test_missing),         TEST(test_older_decisions),
        TEST(test_older_readings),  TEST(test_newer),
        TEST(test_strangers),       TEST(test_damage),
        TEST(test_locked),          TEST(test_full),
        TEST(test_all_at_once),     TEST(test_readers),
        TEST(test_no_rights),       TEST(test_transient),
        TEST(test_plan_of_reading),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
