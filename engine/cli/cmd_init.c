/* abpost init: a workspace that runs at once. */
#include "command.h"
#include "list.h"
#include "paths.h"
#include "sample.h"
#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TEXT ((size_t)1 << 16)

/* What was made so far, so that a failure leaves nothing behind. */
struct made {
    char **files, **folders; /* owned, as are the paths in them */
    size_t file_count, folder_count;
};

static int remember(char ***list, size_t *count, char *path)
{
    char **grown = realloc(*list, (*count + 1) * sizeof **list);
    if (!grown)
        return -1;
    *list = grown;
    grown[(*count)++] = path;
    return 0;
}

static void forget(struct made *made, int undo)
{
    for (size_t i = made->file_count; i-- > 0; free(made->files[i]))
        if (undo)
            unlink(made->files[i]);
    for (size_t i = made->folder_count; i-- > 0; free(made->folders[i]))
        if (undo)
            rmdir(made->folders[i]);
    free(made->files);
    free(made->folders);
}

static int make_folder(struct made *made, const char *path, size_t len, struct abp_error *err)
{
    char *copy = strndup(path, len);
    if (!copy)
        return abp_fail_memory(err);
    if (mkdir(copy, 0777) == 0) {
        if (remember(&made->folders, &made->folder_count, copy) == 0)
            return 0;
        rmdir(copy);
        free(copy);
        return abp_fail_memory(err);
    }
    int failed = errno != EEXIST;
    if (failed)
        abp_fail_at(err, ABP_FAILED, copy, 0, "the folder could not be made: %s; %s",
                    strerror(errno), abp_remedy(errno));
    free(copy);
    return failed ? -1 : 0;
}

/* Every folder on the way to path. */
static int make_folders(struct made *made, const char *path, struct abp_error *err)
{
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/'))
        if (slash != path && make_folder(made, path, (size_t)(slash - path), err) != 0)
            return -1;
    return 0;
}

static int write_all(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

static int make_file(struct made *made, const char *path, const char *text, struct abp_error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return abp_fail_at(err, ABP_FAILED, path, 0, "could not be made: %s; %s", strerror(errno),
                           abp_remedy(errno));
    char *copy = strdup(path);
    if (!copy || remember(&made->files, &made->file_count, copy) != 0) {
        free(copy);
        close(fd);
        unlink(path);
        return abp_fail_memory(err);
    }
    int failed = write_all(fd, text) != 0;
    failed = (close(fd) != 0) || failed;
    if (failed)
        return abp_fail_at(err, ABP_FAILED, path, 0, "could not be written: %s; %s",
                           strerror(errno), abp_remedy(errno));
    return 0;
}

static int exists(const char *path)
{
    struct stat info;
    return lstat(path, &info) == 0;
}

/* Refuses when one of the files is there already, after naming each. */
static int check_free(const struct abp_env *env, char *const *paths, struct abp_error *err)
{
    size_t found = 0;
    for (size_t i = 0; i < ABP_SAMPLE_COUNT; i++) {
        if (abp_sample_files[i].may_exist || !exists(paths[i]))
            continue;
        abp_say(env, "%s exists already", paths[i]);
        found++;
    }
    if (!found)
        return 0;
    return abp_fail(err, ABP_FAILED,
                    "nothing was made, so that nothing is overwritten; name another folder");
}

static int make_all(struct made *made, char **paths, int *skipped, struct abp_error *err)
{
    for (size_t i = 0; i < ABP_SAMPLE_COUNT; i++) {
        if (abp_sample_files[i].may_exist && exists(paths[i])) {
            skipped[i] = 1;
            continue;
        }
        if (make_folders(made, paths[i], err) != 0 ||
            make_file(made, paths[i], abp_sample_files[i].text, err) != 0)
            return -1;
    }
    return 0;
}

/* ---- what it says afterwards ---- */

static int show_list(const struct abp_args *args, const struct abp_env *env, char *const *paths,
                     const int *skipped, struct abp_error *err)
{
    static const char *const names[] = {"file", "purpose"};
    struct abp_list list;
    abp_list_begin(&list, env, args->format, "abpost.init/1", "files", names, 2);
    for (size_t i = 0; i < ABP_SAMPLE_COUNT; i++) {
        struct abp_field fields[2] = {{.text = paths[i]}, {.text = abp_sample_files[i].purpose}};
        if (!skipped[i])
            abp_list_add(&list, fields);
    }
    return abp_list_end(&list, err);
}

static int show_text(const struct abp_env *env, const char *folder, const int *skipped,
                     struct abp_error *err)
{
    struct abp_screen screen = abp_screen_of_output(env);
    struct abp_buffer buf;
    abp_buffer_init(&buf, MAX_TEXT);
    abp_buffer_add(&buf, "A workspace is made");
    if (folder) {
        abp_buffer_add(&buf, " in ");
        abp_put_text(&buf, &screen, folder, 0);
    }
    abp_buffer_add(&buf, ":\n");
    for (size_t i = 0; i < ABP_SAMPLE_COUNT; i++) {
        if (skipped[i])
            continue;
        abp_put_blanks(&buf, 2);
        abp_put_cell(&buf, &screen, abp_sample_files[i].path, 26);
        abp_put_paragraph(&buf, &screen, abp_sample_files[i].purpose, 28, 28);
    }
    abp_buffer_add(&buf, "\nNext:\n");
    if (folder) {
        char *word = abp_path_word(folder);
        abp_buffer_add(&buf, "  cd ");
        abp_put_text(&buf, &screen, word ? word : folder, 0);
        abp_buffer_byte(&buf, '\n');
        free(word);
    }
    abp_buffer_add(&buf, "  abpost check             reads every file and says what is wrong\n"
                         "  abpost evaluate sample   what the sample's posts say\n"
                         "  abpost plan next         draws the order of posts still to be made\n");
    int rc = abp_emit(env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static void say_skipped(const struct abp_env *env, const struct abp_args *args, char *const *paths,
                        const int *skipped)
{
    for (size_t i = 0; i < ABP_SAMPLE_COUNT && !args->quiet; i++)
        if (skipped[i])
            abp_say(env, "%s was there and is left as it is; %s", paths[i],
                    abp_sample_files[i].advice);
}

static int run_init(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    char *paths[ABP_SAMPLE_COUNT] = {0};
    int skipped[ABP_SAMPLE_COUNT] = {0};
    struct made made = {0};
    int rc = -1, finished = 0;
    char *folder =
        args->name_count ? abp_path_join(env->directory, args->names[0]) : strdup(env->directory);
    for (size_t i = 0; folder && i < ABP_SAMPLE_COUNT; i++)
        paths[i] = abp_path_join(folder, abp_sample_files[i].path);
    if (!paths[ABP_SAMPLE_COUNT - 1]) {
        abp_fail_memory(err);
        goto out;
    }
    if (check_free(env, paths, err) != 0 || make_all(&made, paths, skipped, err) != 0)
        goto out;
    finished = 1;
    say_skipped(env, args, paths, skipped);
    if (args->format == ABP_TEXT)
        rc = show_text(env, strcmp(folder, ".") == 0 ? NULL : folder, skipped, err);
    else
        rc = show_list(args, env, paths, skipped, err);
out:
    forget(&made, !finished);
    for (size_t i = 0; i < ABP_SAMPLE_COUNT; i++)
        free(paths[i]);
    free(folder);
    return rc;
}

static const char *const details[] = {
    "Makes a workspace in DIR (or here): abpost.ini with a channel that only writes to a folder, "
    "an "
    "experiment that was made already (with generated data), one that is still to be made (with "
    "two posts of each style), and a .gitignore that keeps the database and secrets out of git. "
    "'abpost check', 'abpost evaluate', 'abpost plan next' and 'abpost tick' work in it at once.",
    "Nothing is ever overwritten: when one of its files is there already, all of them are listed "
    "and nothing is made (exit status 1). Only a .gitignore may be there; it is left as it is.",
    "With --format json (schema abpost.init/1) or csv: the files that were made, each with its "
    "purpose.",
    NULL,
};

const struct abp_command abp_command_init = {
    .name = "init",
    .arguments = "[DIR]",
    .at_most = 1,
    .summary = "make a workspace that runs at once, with two sample experiments",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .run = run_init,
};
