/* Marking a post file: one word changes, every other byte stays, and no moment leaves half a file.
 */
#include "abpost/post_file.h"
#include "store_scratch.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <signal.h>
#include <time.h>

static char *contents(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *bytes = calloc(1, ABP_POST_FILE_MAX + 1);
    assert_non_null(file);
    assert_non_null(bytes);
    *len = fread(bytes, 1, ABP_POST_FILE_MAX + 1, file);
    fclose(file);
    return bytes;
}

static void marks_bytes(struct scratch *s, const char *before, size_t before_len,
                        enum abp_approval approval, const char *after, size_t after_len)
{
    struct abp_error err = {0};
    size_t len;
    char path[300];
    snprintf(path, sizeof path, "%s/post.txt", s->folder);
    int changes = before_len != after_len || memcmp(before, after, after_len) != 0;
    scratch_write_bytes(s, "post.txt", before, before_len);
    int rc = abp_post_file_mark(path, approval, &err);
    if (rc != changes)
        fail_msg("%d for %s: %s", rc, before, err.message);
    char *bytes = contents(path, &len);
    if (len != after_len || memcmp(bytes, after, len) != 0)
        fail_msg("'%s' became '%s'; expected '%s'", before, bytes, after);
    free(bytes);
    assert_int_equal(abp_post_file_mark(path, approval, &err), 0);
}

static void marks(struct scratch *s, const char *before, enum abp_approval approval,
                  const char *after)
{
    marks_bytes(s, before, strlen(before), approval, after, strlen(after));
}

static void test_only_the_word_changes(void **state)
{
    struct scratch *s = *state;
    marks(s, "Hello", ABP_APPROVED, "status: approved\n\nHello");
    marks(s, "Hello\r\nyou\r\n", ABP_HELD, "status: held\r\n\r\nHello\r\nyou\r\n");
    marks(s, "\xef\xbb\xbfHello\n", ABP_APPROVED, "\xef\xbb\xbfstatus: approved\n\nHello\n");
    marks(s, "\nlink: in bio\n", ABP_APPROVED, "status: approved\n\nlink: in bio\n");
    marks(s, "lang: en\n\nx\n", ABP_APPROVED, "status: approved\nlang: en\n\nx\n");
    marks(s, "lang: en\nstatus: \theld \t\nlink: x\n\nstatus: held\n", ABP_APPROVED,
          "lang: en\nstatus: \tapproved \t\nlink: x\n\nstatus: held\n");
    marks(s, "status:held\n\nx", ABP_APPROVED, "status: approved\n\nx");
    marks(s, "status:\n\nx", ABP_APPROVED, "status: approved\n\nx");
    marks(s, "status: nonsense\n\nx", ABP_HELD, "status: held\n\nx");
    marks(s, "status: approved\r\n\r\nx", ABP_DRAFT, "status: draft\r\n\r\nx");
    marks(s, "status: approved\n\nx", ABP_APPROVED, "status: approved\n\nx");
    marks(s, "Hello", ABP_DRAFT, "Hello"); /* goes without saying */
    marks(s, "", ABP_HELD, "status: held\n\n");
    /* Bytes that are no text stay too: it can be held until somebody mends it. */
    marks_bytes(s, "a\0\xff\rb", 5, ABP_HELD, "status: held\n\na\0\xff\rb", 19);
}

static int mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (int)(st.st_mode & 07777);
}

static size_t files_in(const struct scratch *s)
{
    size_t count = 0;
    DIR *dir = opendir(s->folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        count += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static void test_mode_stays(void **state)
{
    struct scratch *s = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/post.txt", s->folder);
    struct abp_error err = {0};
    static const int modes[] = {0600, 0640, 0664, 0777, 0200 | 0400};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        scratch_write_bytes(s, "post.txt", "x", 1);
        assert_int_equal(chmod(path, (mode_t)modes[i]), 0);
        assert_int_equal(abp_post_file_mark(path, ABP_APPROVED, &err), 1);
        assert_int_equal(mode_of(path), modes[i]);
    }
    assert_int_equal(files_in(s), 1);
}

static void refuses(const char *path, const char *words)
{
    struct abp_error err = {0};
    assert_int_equal(abp_post_file_mark(path, ABP_APPROVED, &err), -1);
    if (!strstr(err.message, words))
        fail_msg("'%s' does not say '%s'", err.message, words);
    assert_int_equal(err.code, ABP_DATA);
}

static void test_what_is_refused(void **state)
{
    struct scratch *s = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/post.txt", s->folder);
    size_t len;
    scratch_write_bytes(s, "post.txt", "Hello", 5);
    assert_int_equal(chmod(path, 0444), 0);
    refuses(path, "is read-only");
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(symlink(path, scratch_path(s, "link.txt")), 0);
    refuses(scratch_path(s, "link.txt"), "is a link");
    assert_int_equal(link(path, scratch_path(s, "twin.txt")), 0);
    refuses(path, "has other names too");
    assert_int_equal(unlink(scratch_path(s, "twin.txt")), 0);
    refuses(scratch_path(s, "none.txt"), "No such file");
    refuses(s->folder, "is a folder");
    char *bytes = contents(path, &len);
    assert_string_equal(bytes, "Hello");
    free(bytes);
    static const char *const files[][2] = {
        {"meida: x\n\nx", "did you mean 'media'"},
        {"status: held\nstatus: held\n\nx", "stands in line 1 already"},
        {"lang: en\nHello\n", "a blank line must stand"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        scratch_write_bytes(s, "post.txt", files[i][0], strlen(files[i][0]));
        refuses(path, files[i][1]);
        bytes = contents(path, &len);
        assert_string_equal(bytes, files[i][0]);
        free(bytes);
    }
    assert_int_equal(files_in(s), 2);
}

/* ---- killed at any moment ---- */

#define TEXT_LEN 100000
#define KILLS    300

static void mark_for_ever(const char *path)
{
    struct abp_error err;
    for (unsigned i = 0;; i++)
        if (abp_post_file_mark(path, i % 2 ? ABP_HELD : ABP_APPROVED, &err) < 0)
            _exit(1);
}

static void check_old_or_new(const char *path, const char *text)
{
    size_t len;
    char *bytes = contents(path, &len);
    const char *head = len == TEXT_LEN + 18 ? "status: approved\n\n" : "status: held\n\n";
    size_t head_len = strlen(head);
    assert_int_equal(len, TEXT_LEN + head_len);
    assert_memory_equal(bytes, head, head_len);
    assert_memory_equal(bytes + head_len, text, TEXT_LEN);
    free(bytes);
}

/* Child processes that rewrite the file as fast as they can, killed after 0 to 2 ms. */
static void test_killed(void **state)
{
    struct scratch *s = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/post.txt", s->folder);
    char *text = malloc(TEXT_LEN);
    struct abp_error err;
    assert_non_null(text);
    memset(text, 'x', TEXT_LEN);
    scratch_write_bytes(s, "post.txt", text, TEXT_LEN);
    assert_int_equal(abp_post_file_mark(path, ABP_HELD, &err), 1);
    for (long i = 0; i < KILLS; i++) {
        int status;
        struct timespec pause = {0, 2000000 * i / KILLS};
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            mark_for_ever(path);
        nanosleep(&pause, NULL);
        assert_int_equal(kill(child, SIGKILL), 0);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        check_old_or_new(path, text);
        assert_int_equal(mode_of(path), 0666 & ~022);
    }
    free(text);
    /* What a kill may leave is hidden, and matches no glob for texts. */
    DIR *dir = opendir(s->folder);
    for (struct dirent *e; (e = readdir(dir));)
        assert_true(e->d_name[0] == '.' || strcmp(e->d_name, "post.txt") == 0);
    closedir(dir);
}

int main(void)
{
    umask(022);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_only_the_word_changes, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_mode_stays, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_refused, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_killed, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
