/* The driver's statements, which are kept when they are done with: whoever asks for the same text
 * next must not notice that it served before. */
#include "abpost/error.h"
#include "store/db.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct abp_db *open_private(void)
{
    struct abp_db *db = NULL;
    struct abp_error err = {0};
    assert_int_equal(abp_db_open(&db, NULL, ABP_DB_CREATE, 50, &err), 0);
    assert_int_equal(
        abp_db_exec(db, "CREATE TABLE t(x INTEGER UNIQUE); INSERT INTO t VALUES (1), (2), (3)",
                    &err),
        0);
    return db;
}

static struct abp_statement *prepare(struct abp_db *db, const char *sql)
{
    struct abp_statement *s = NULL;
    struct abp_error err = {0};
    if (abp_db_prepare(&s, db, sql, &err) != 0)
        fail_msg("%s: %s", sql, err.message);
    return s;
}

/* What the next row holds; -1: there is none. */
static int64_t next(struct abp_statement *s)
{
    struct abp_error err = {0};
    int row = abp_step(s, &err);
    assert_true(row >= 0);
    return row ? abp_column_int(s, 0) : -1;
}

/* Left in the middle of its rows with a value bound, it begins anew with none. */
static void test_begins_anew(void **state)
{
    (void)state;
    static const char sql[] = "SELECT x FROM t WHERE x >= COALESCE(:from, 0) ORDER BY x";
    struct abp_db *db = open_private();
    struct abp_statement *s = prepare(db, sql);
    abp_bind_int(s, abp_param(s, ":from"), 2);
    assert_int_equal(next(s), 2);
    abp_db_finish(s);
    struct abp_statement *again = prepare(db, sql);
    assert_ptr_equal(again, s); /* so that it is the kept one which is tested */
    for (int64_t x = 1; x <= 3; x++)
        assert_int_equal(next(again), x);
    assert_int_equal(next(again), -1);
    abp_db_finish(again);
    abp_db_close(db);
}

/* Two of one text at once are two. */
static void test_two_at_once(void **state)
{
    (void)state;
    static const char sql[] = "SELECT x FROM t ORDER BY x";
    struct abp_db *db = open_private();
    struct abp_statement *a = prepare(db, sql), *b = prepare(db, sql);
    assert_ptr_not_equal(a, b);
    assert_int_equal(next(a), 1);
    assert_int_equal(next(a), 2);
    assert_int_equal(next(b), 1);
    assert_int_equal(next(a), 3);
    abp_db_finish(a);
    assert_int_equal(next(b), 2);
    abp_db_finish(b);
    abp_db_close(db);
}

/* Neither a step that failed nor a bind to what is not there is held against the next one. */
static void test_after_a_failure(void **state)
{
    (void)state;
    static const char sql[] = "INSERT INTO t VALUES (:x)";
    struct abp_db *db = open_private();
    struct abp_error err = {0};
    struct abp_statement *s = prepare(db, sql);
    abp_bind_int(s, abp_param(s, ":x"), 3);
    assert_int_equal(abp_run(s, &err), -1); /* it is there already */
    abp_db_finish(s);
    s = prepare(db, sql);
    abp_bind_int(s, abp_param(s, ":y"), 9);
    abp_db_finish(s);
    s = prepare(db, sql);
    abp_bind_int(s, abp_param(s, ":x"), 4);
    assert_int_equal(abp_run(s, &err), 0);
    abp_db_finish(s);
    abp_db_close(db);
}

/* More texts than are kept, twice over, and a table that changes meanwhile. */
static void test_many(void **state)
{
    (void)state;
    struct abp_db *db = open_private();
    struct abp_error err = {0};
    for (int round = 0; round < 2; round++) {
        for (int n = 0; n < 300; n++) {
            int i = round ? 299 - n : n; /* those that are still kept first */
            char sql[60];
            snprintf(sql, sizeof sql, "SELECT t.*, %d FROM t ORDER BY x DESC", i);
            struct abp_statement *s = prepare(db, sql);
            assert_int_equal(next(s), 3 + 10 * round);
            assert_int_equal(abp_column_int(s, 1 + round), i);
            abp_db_finish(s);
        }
        assert_int_equal(
            abp_db_exec(db, "ALTER TABLE t ADD COLUMN y INTEGER; UPDATE t SET x = x + 10", &err),
            round ? -1 : 0); /* the second time there is such a column */
    }
    abp_db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_begins_anew),
        cmocka_unit_test(test_two_at_once),
        cmocka_unit_test(test_after_a_failure),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
