/* An import that is killed at any moment leaves all or nothing, in a store that opens as if nothing
 * had been. */
#include "abpost/fetch.h"
#include "store/handle.h"
#include "store_scratch.h"

#include <sys/wait.h>

#include <math.h>
#include <signal.h>
#include <time.h>

#define ROWS   3000
#define ROUNDS 60

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void wait_seconds(double wait)
{
    struct timespec pause = {(time_t)wait, (long)((wait - floor(wait)) * 1e9)};
    nanosleep(&pause, NULL);
}

/* Version v of the file: ROWS + v rows of value v. */
static void write_version(struct scratch *s, int v)
{
    FILE *file = fopen(scratch_path(s, "x.csv"), "w");
    assert_non_null(file);
    fputs("style,n,test\n", file);
    for (int i = 0; i < ROWS + v; i++)
        fprintf(file, "%s,%d,%d\n", i % 2 ? "a" : "b", v, i % 50);
    assert_int_equal(fclose(file), 0);
}

static int import_version(struct scratch *s, const struct abp_experiment *e)
{
    struct abp_store *store = NULL;
    struct abp_import_result result;
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    int rc = abp_store_open(&store, scratch_path(s, "abpost.db"), ABP_STORE_CREATE, 5000, &err);
    if (rc == 0)
        rc = abp_import_run(&result, store, e, &scratch_env, NULL, &mistakes, &err);
    if (rc != 0)
        fprintf(stderr, "%s %s\n", err.file, err.message);
    abp_store_close(store);
    return rc;
}

static int64_t ask(struct abp_store *store, const char *sql)
{
    int64_t value = -1;
    struct abp_error err = {0};
    if (abp_db_integer(&value, store->db, sql, &err) != 0)
        fail_msg("%s: %s", sql, err.message);
    return value;
}

/* Everything in the store is whole; returns the version that counts, -1 for none. */
static int check_store(struct scratch *s, const struct abp_experiment *e)
{
    struct abp_error err = {0};
    struct abp_import_info info;
    struct abp_store *store = scratch_store(s);
    assert_int_equal(ask(store, "SELECT count(*) FROM pragma_integrity_check"
                                " WHERE integrity_check <> 'ok'"),
                     0);
    assert_int_equal(ask(store, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(ask(store, "SELECT count(*) FROM import WHERE content_hash IS NULL"), 0);
    int64_t posts = ask(store, "SELECT coalesce(sum(posts), 0) FROM import");
    assert_int_equal(ask(store, "SELECT count(*) FROM post"), posts);
    assert_int_equal(ask(store, "SELECT count(*) FROM reading"), posts);
    assert_int_equal(ask(store, "SELECT count(*) FROM import_experiment"),
                     50 * ask(store, "SELECT count(*) FROM import"));
    int version = -1;
    int found = abp_store_latest_import(&info, store, e->name, &err);
    assert_true(found >= 0);
    if (found) {
        version = (int)info.posts - ROWS;
        size_t total = 0;
        assert_int_equal(info.experiments, 50);
        for (int64_t i = 0; i < 50; i++) {
            struct abp_posts loaded;
            assert_int_equal(abp_posts_load(&loaded, store, e, info.id, i, &err), 0);
            for (size_t k = 0; k < loaded.count; k++)
                assert_true(loaded.rows[k].outcome == version);
            total += loaded.count;
            abp_posts_release(&loaded);
        }
        assert_int_equal(total, info.posts);
    }
    abp_store_close(store);
    return version;
}

static void test_killed(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    int version = -1, kept = 0, taken = 0;
    scratch_experiment(s, &e, "outcome = n\nexperiment = test\n");

    /* How long an undisturbed one takes, so that the kills spread over all of it. */
    write_version(s, 0);
    double start = seconds();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(import_version(s, &e) != 0);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    double whole = seconds() - start;
    unlink(scratch_path(s, "abpost.db"));

    for (int round = 1; round <= ROUNDS; round++) {
        write_version(s, round);
        child = fork();
        assert_true(child >= 0);
        if (child == 0)
            _exit(import_version(s, &e) != 0);
        wait_seconds(whole * 1.15 * round / ROUNDS);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        int now = check_store(s, &e);
        assert_true(now == version || now == round);
        kept += now != round;
        taken += now == round;
        if (!WIFSIGNALED(status))
            assert_int_equal(now, round);
        version = now;
    }
    print_message("%d left nothing, %d left all\n", kept, taken);
    assert_true(kept > 5);
    /* And it still works. */
    write_version(s, ROUNDS + 1);
    assert_int_equal(import_version(s, &e), 0);
    assert_int_equal(check_store(s, &e), ROUNDS + 1);
    abp_experiment_release(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
