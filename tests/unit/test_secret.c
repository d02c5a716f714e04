/* Secrets: where they may come from, and that no message ever holds a byte of one. */
#include "abpost/channel.h"
#include "channels/secret.h"
#include "store_scratch.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define SECRET "xyzzy-plugh-42"

static struct abp_buffer got;

static int read_secret(struct scratch *s, int source, const char *value, struct abp_error *err)
{
    char copy[500];
    snprintf(copy, sizeof copy, "%s", value);
    struct abp_secret secret = {.value = copy};
    secret.source = (__typeof__(secret.source))source;
    memset(err, 0, sizeof *err);
    return abp_secret_read(&got, &secret, s->folder, err);
}

static void gives(struct scratch *s, int source, const char *value, const char *expected)
{
    struct abp_error err;
    int rc = read_secret(s, source, value, &err);
    if (rc != 0)
        print_message("%s\n", err.message);
    assert_int_equal(rc, 0);
    assert_string_equal(abp_buffer_text(&got), expected);
    assert_int_equal(got.len, strlen(expected));
    abp_secret_wipe(&got);
}

static void refuses(struct scratch *s, int source, const char *value, const char *why)
{
    struct abp_error err;
    assert_int_equal(read_secret(s, source, value, &err), -1);
    assert_int_equal(err.code, ABP_PERSON);
    if (!strstr(err.message, why))
        fail_msg("'%s' does not say '%s'", err.message, why);
    assert_null(strstr(err.message, "xyzzy"));
    assert_null(strstr(err.message, "plugh"));
    assert_null(got.data);
}

static void test_environment(void **state)
{
    struct scratch *s = *state;
    static char longest[ABP_SECRET_MAX + 2];
    memset(longest, 'x', ABP_SECRET_MAX);
    setenv("ABPOST_TEST_SECRET", SECRET, 1);
    gives(s, ABP_SECRET_ENV, "ABPOST_TEST_SECRET", SECRET);
    setenv("ABPOST_TEST_SECRET", SECRET "\n", 1);
    gives(s, ABP_SECRET_ENV, "ABPOST_TEST_SECRET", SECRET);
    setenv("ABPOST_TEST_SECRET", longest, 1);
    gives(s, ABP_SECRET_ENV, "ABPOST_TEST_SECRET", longest);
    longest[ABP_SECRET_MAX] = 'x';
    setenv("ABPOST_TEST_SECRET", longest, 1);
    refuses(s, ABP_SECRET_ENV, "ABPOST_TEST_SECRET", "longer than 4096 bytes");
    setenv("ABPOST_TEST_SECRET", SECRET "\nX-Injected: 1", 1);
    refuses(s, ABP_SECRET_ENV, "ABPOST_TEST_SECRET", "more than one line");
    setenv("ABPOST_TEST_SECRET", "\n", 1);
    refuses(s, ABP_SECRET_ENV, "ABPOST_TEST_SECRET", "empty");
    setenv("ABPOST_TEST_SECRET", "", 1);
    refuses(s, ABP_SECRET_ENV, "ABPOST_TEST_SECRET", "$ABPOST_TEST_SECRET is not set");
    unsetenv("ABPOST_TEST_SECRET");
    refuses(s, ABP_SECRET_ENV, "ABPOST_TEST_SECRET", "$ABPOST_TEST_SECRET is not set");
    refuses(s, ABP_SECRET_NONE, "", "names no secret");
}

static void test_file(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "token");
    static char longest[ABP_SECRET_MAX + 2];
    scratch_write(s, "token", SECRET "\r\n");
    for (unsigned mode = 0400; mode <= 0777; mode++) {
        assert_int_equal(chmod(path, mode), 0);
        if (mode & 077u)
            refuses(s, ABP_SECRET_FILE, path, "others can read the secret");
        else
            gives(s, ABP_SECRET_FILE, path, SECRET);
    }
    assert_int_equal(chmod(path, 0600), 0);
    scratch_write(s, "token", SECRET "\n\n");
    refuses(s, ABP_SECRET_FILE, path, "more than one line");
    scratch_write_bytes(s, "token", "xyzzy\0plugh", 11);
    refuses(s, ABP_SECRET_FILE, path, "control characters");
    scratch_write(s, "token", "");
    refuses(s, ABP_SECRET_FILE, path, "is empty");
    memset(longest, 'x', ABP_SECRET_MAX + 1);
    scratch_write(s, "token", longest);
    refuses(s, ABP_SECRET_FILE, path, "longer than 4096 bytes");
    refuses(s, ABP_SECRET_FILE, scratch_path(s, "none"), "can't be read");
    refuses(s, ABP_SECRET_FILE, s->folder, "is not a file");
    assert_int_equal(mkfifo(scratch_path(s, "pipe"), 0600), 0);
    refuses(s, ABP_SECRET_FILE, scratch_path(s, "pipe"), "is not a file");
}

static void test_file_of_another(void **state)
{
    struct scratch *s = *state;
    const char *path = scratch_path(s, "token");
    scratch_write(s, "token", SECRET);
    assert_int_equal(chmod(path, 0600), 0);
    if (geteuid() != 0 || chown(path, 12345, 12345) != 0)
        skip(); /* only root can give a file away */
    refuses(s, ABP_SECRET_FILE, path, "belongs to another user");
}

static void test_command(void **state)
{
    struct scratch *s = *state;
    gives(s, ABP_SECRET_COMMAND, "echo " SECRET, SECRET);
    gives(s, ABP_SECRET_COMMAND, "echo plugh >&2; printf %s " SECRET, SECRET);
    gives(s, ABP_SECRET_COMMAND, "pwd", s->folder);
    gives(s, ABP_SECRET_COMMAND, "cat; echo nothing to read", "nothing to read");
    gives(s, ABP_SECRET_COMMAND, "printf ab; sleep 0.1; printf cd; exec >&-; sleep 0.1", "abcd");
    refuses(s, ABP_SECRET_COMMAND, "echo xyzzy; echo plugh >&2; exit 3", "failed with status 3");
    refuses(s, ABP_SECRET_COMMAND, "xyzzy-is-no-command", "failed with status 127");
    refuses(s, ABP_SECRET_COMMAND, "echo xyzzy; kill -9 $$", "ended by signal 9");
    refuses(s, ABP_SECRET_COMMAND, "true", "empty");
    refuses(s, ABP_SECRET_COMMAND, "echo xyzzy; echo plugh", "more than one line");
    refuses(s, ABP_SECRET_COMMAND, "yes xyzzy", "more than 4096 bytes");
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* What a command leaves behind in its group is ended with it, however it hangs. */
static void test_command_that_hangs(void **state)
{
    struct scratch *s = *state;
    static const char *const lines[] = {
        "echo $$ >pid; sleep 600 & wait", "echo $$ >pid; exec >&-; sleep 600",
        "trap '' TERM INT HUP; echo $$ >pid; while :; do sleep 1; done"};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        struct abp_error err = {0};
        struct abp_buffer out;
        double start = seconds();
        long group = 0;
        abp_buffer_init(&out, ABP_SECRET_MAX);
        assert_int_equal(abp_secret_run(&out, lines[i], s->folder, 1000, &err), -1);
        assert_int_equal(err.code, ABP_PERSON);
        assert_non_null(strstr(err.message, "took over 1 s"));
        assert_true(seconds() - start < 10);
        abp_secret_wipe(&out);
        FILE *file = fopen(scratch_path(s, "pid"), "r");
        assert_non_null(file);
        assert_int_equal(fscanf(file, "%ld", &group), 1); /* NOLINT(cert-err34-c) */
        fclose(file);
        for (int waits = 0; kill((pid_t)-group, 0) == 0; waits++) {
            assert_true(waits < 1000);
            waitpid((pid_t)-group, NULL, WNOHANG);
            nanosleep(&(struct timespec){0, 10000000}, NULL);
        }
    }
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1); /* orphans of a command come to us, to be counted */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_environment, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_file, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_file_of_another, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_command, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_command_that_hangs, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
