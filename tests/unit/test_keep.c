/* What is kept between runs: whole after any kill, ours alone, and refreshed by one at a time. */
#include "channels/keep.h"
#include "store_scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <time.h>

static char *in(struct scratch *s, const char *path)
{
    static char full[400];
    snprintf(full, sizeof full, "%s/.abpost%s%s", s->folder, *path ? "/" : "", path);
    return full;
}

static int teardown(void **state)
{
    struct scratch *s = *state;
    char path[900];
    DIR *folder = opendir(in(s, ""));
    for (struct dirent *e; folder && (e = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", in(s, ""), e->d_name);
        unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(in(s, ""));
    return scratch_teardown(state);
}

static void write_kept(struct scratch *s, const char *name, const char *text)
{
    struct abp_error err = {0};
    int rc = abp_keep_write(s->folder, name, text, strlen(text), &err);
    if (rc != 0)
        print_message("%s\n", err.message);
    assert_int_equal(rc, 0);
}

/* Good until the next call. */
static const char *kept(struct scratch *s, const char *name)
{
    static char text[70000];
    struct abp_error err = {0};
    struct abp_buffer out;
    abp_buffer_init(&out, sizeof text - 1);
    int rc = abp_keep_read(&out, s->folder, name, &err);
    if (rc != 0)
        print_message("%s\n", err.message);
    assert_int_equal(rc, 0);
    memcpy(text, abp_buffer_text(&out), out.len + 1);
    abp_buffer_release(&out);
    return text;
}

static unsigned mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    return info.st_mode & 07777u;
}

static void test_there_and_back(void **state)
{
    struct scratch *s = *state;
    umask(0);
    assert_string_equal(kept(s, "bluesky-main"), "");
    write_kept(s, "bluesky-main", "{\"refresh\":\"one\"}");
    write_kept(s, "../x/..", "another");
    assert_string_equal(kept(s, "bluesky-main"), "{\"refresh\":\"one\"}");
    write_kept(s, "bluesky-main", "2");
    assert_string_equal(kept(s, "bluesky-main"), "2");
    assert_string_equal(kept(s, "../x/.."), "another");
    assert_int_equal(mode_of(in(s, "")), 0700);
    assert_int_equal(mode_of(in(s, "bluesky-main")), 0600);
    assert_int_equal(access(in(s, "%2E%2E%2Fx%2F%2E%2E"), F_OK), 0);
    assert_int_equal(access(in(s, "bluesky-main.new"), F_OK), -1);
    umask(022);
}

static void refused(struct scratch *s, const char *name, enum abp_code code)
{
    struct abp_error err = {0};
    struct abp_buffer out;
    abp_buffer_init(&out, 100);
    assert_int_equal(abp_keep_read(&out, s->folder, name, &err), -1);
    assert_int_equal(err.code, code);
    assert_null(strstr(err.message, "s3cr3t"));
    assert_int_equal(out.len, 0);
    abp_buffer_release(&out);
}

static void test_not_ours_alone(void **state)
{
    struct scratch *s = *state;
    struct abp_error err = {0};
    write_kept(s, "a", "s3cr3t");
    chmod(in(s, "a"), 0640);
    refused(s, "a", ABP_PERSON);
    chmod(in(s, "a"), 0600);
    chmod(in(s, ""), 0750);
    refused(s, "a", ABP_PERSON);
    assert_int_equal(abp_keep_write(s->folder, "a", "x", 1, &err), -1);
    assert_int_equal(err.code, ABP_PERSON);
    chmod(in(s, ""), 0700);
    assert_string_equal(kept(s, "a"), "s3cr3t");
    assert_int_equal(symlink("a", in(s, "b")), 0); /* somebody wants us to write elsewhere */
    refused(s, "b", ABP_FAILED);
    write_kept(s, "b", "mine"); /* takes the link's place, does not follow it */
    assert_string_equal(kept(s, "a"), "s3cr3t");
    assert_int_equal(mkfifo(in(s, "c"), 0600), 0); /* does not hang */
    refused(s, "c", ABP_PERSON);
}

static void test_impossible(void **state)
{
    struct scratch *s = *state;
    struct abp_error err = {0};
    char longest[61], longer[62];
    memset(longest, '/', 60);
    memset(longer, 'x', 61);
    longest[60] = longer[61] = '\0';
    write_kept(s, longest, "60 bytes, each encoded");
    assert_string_equal(kept(s, longest), "60 bytes, each encoded");
    refused(s, longer, ABP_DATA);
    refused(s, "", ABP_DATA);
    write_kept(s, "long",
               "s3cr3t, and longer than the hundred bytes that there is room for in the "
               "buffer of the one who reads it");
    struct abp_buffer out;
    abp_buffer_init(&out, 100);
    assert_int_equal(abp_keep_read(&out, s->folder, "long", &err), -1);
    assert_int_equal(err.code, ABP_FAILED);
    abp_buffer_release(&out);
    assert_int_equal(abp_keep_write("/nowhere/at/all", "a", "x", 1, &err), -1);
    assert_int_equal(err.code, ABP_FAILED);
}

/* Version v: its number, and that many more bytes of its letter. */
static void fill(char *text, unsigned v)
{
    size_t len = (size_t)snprintf(text, 20, "%u ", v), more = 1 + v * 2741u % 60000u;
    memset(text + len, 'a' + (int)(v % 26), more);
    text[len + more] = '\0';
}

static void write_for_ever(struct scratch *s, unsigned from)
{
    static char text[70000];
    struct abp_error err = {0};
    for (unsigned v = from;; v++) {
        fill(text, v);
        if (abp_keep_write(s->folder, "a", text, strlen(text), &err) != 0)
            _exit(1);
    }
}

static void check_whole(const char *text)
{
    static char expected[70000];
    fill(expected, (unsigned)strtoul(text, NULL, 10));
    assert_string_equal(text, expected);
}

static void test_kill(void **state)
{
    struct scratch *s = *state;
    int changed = 0;
    unsigned long before = 0;
    write_kept(s, "a", "0 a");
    /* As often as it takes on a busy machine, until some of them wrote something before the end. */
    for (unsigned round = 0; round < 150 || (round < 3000 && changed <= 10); round++) {
        pid_t writers[2];
        for (unsigned i = 0; i < 2; i++) {
            writers[i] = fork();
            if (writers[i] == 0)
                write_for_ever(s, round * 1000 + i * 500 + 1);
        }
        struct timespec pause = {0, (long)(1 + round * 7919 % 9000) * 1000};
        nanosleep(&pause, NULL);
        for (unsigned i = 0; i < 2; i++) {
            int status;
            kill(writers[i], SIGKILL);
            assert_int_equal(waitpid(writers[i], &status, 0), writers[i]);
            assert_true(WIFSIGNALED(status)); /* no write of theirs failed */
        }
        const char *text = kept(s, "a");
        check_whole(text);
        changed += strtoul(text, NULL, 10) != before;
        before = strtoul(text, NULL, 10);
    }
    assert_true(changed > 10);
}

/* Four processes count to 400 in one file; without the lock counts would be lost. */
static void test_one_at_a_time(void **state)
{
    struct scratch *s = *state;
    write_kept(s, "count", "0");
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        for (int n = 0; children[i] == 0 && n < 100; n++) {
            struct abp_keep_lock lock;
            struct abp_error err = {0};
            char text[24];
            if (abp_keep_lock(&lock, s->folder, "count", &err) != 0)
                _exit(1);
            snprintf(text, sizeof text, "%ld", strtol(kept(s, "count"), NULL, 10) + 1);
            if (abp_keep_write(s->folder, "count", text, strlen(text), &err) != 0)
                _exit(1);
            abp_keep_unlock(&lock);
            abp_keep_unlock(&lock); /* harmless */
        }
        if (children[i] == 0)
            _exit(0);
    }
    for (int i = 0; i < 4; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_string_equal(kept(s, "count"), "400");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_there_and_back, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_ours_alone, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_impossible, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_kill, scratch_setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_at_a_time, scratch_setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
