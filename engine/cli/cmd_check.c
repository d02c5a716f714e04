/* abpost check: reads everything, changes nothing, says every mistake. */
#include "inputs.h"
#include "list.h"
#include "paths.h"
#include "screen.h"

#include "abpost/import.h"
#include "abpost/store.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_MESSAGE 8192

struct check {
    const struct abp_args *args; /* borrowed */
    const struct abp_env *env;   /* borrowed */
    struct abp_list list;        /* of the mistakes, where not as text */
    size_t files, mistakes;
};

static void report(struct check *check, const char *file, long line, const char *message)
{
    struct abp_field fields[3] = {
        {.text = file}, {.number = line, .is_number = line > 0}, {.text = message}};
    check->mistakes++;
    if (check->args->format == ABP_TEXT)
        abp_say_at(check->env, file, line, message);
    else
        abp_list_add(&check->list, fields);
}

static void ABP_PRINTF(4, 5)
    reportf(struct check *check, const char *file, long line, const char *format, ...)
{
    struct abp_buffer message;
    va_list args;
    abp_buffer_init(&message, MAX_MESSAGE);
    va_start(args, format);
    abp_buffer_vprintf(&message, format, args);
    va_end(args);
    report(check, file, line, abp_buffer_text(&message));
    abp_buffer_release(&message);
}

static void report_all(struct check *check, struct abp_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        report(check, mistakes->list[i].file, mistakes->list[i].line, mistakes->list[i].message);
    abp_mistakes_release(mistakes);
}

/* ---- secrets ---- */

static void check_secret_file(struct check *check, const char *file, long line, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || access(path, R_OK) != 0)
        reportf(check, file, line, "the secret's file %s can't be read: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        reportf(check, file, line, "the secret's file %s is not a file", path);
    else if (info.st_mode & (S_IRWXG | S_IRWXO))
        reportf(check, file, line,
                "others can read the secret in %s (mode %03o); make it yours alone: chmod 600 %s",
                path, (unsigned)(info.st_mode & 0777), path);
    else if (info.st_size == 0)
        reportf(check, file, line, "the secret's file %s is empty", path);
}

static void check_secret(struct check *check, const char *file, long line,
                         const struct abp_secret *secret)
{
    if (secret->source == ABP_SECRET_FILE)
        check_secret_file(check, file, line, secret->value);
    if (secret->source != ABP_SECRET_ENV)
        return;
    const char *value = getenv(secret->value);
    if (!value || !*value)
        reportf(check, file, line, "the secret's variable $%s is not set", secret->value);
}

static void check_channels(struct check *check, const struct abp_workspace *ws)
{
    char *file = abp_path_short(ws->path);
    for (size_t i = 0; i < ws->channel_count; i++) {
        const struct abp_channel *channel = &ws->channels[i];
        check_secret(check, file ? file : ws->path, channel->line, &channel->password);
        check_secret(check, file ? file : ws->path, channel->line, &channel->token);
    }
    free(file);
}

/* ---- experiments ---- */

/* The folder that an experiment's globs start from. Caller frees. */
static char *posts_folder(const char *root, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (root)
        return strdup(root);
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

static int check_posts(struct check *check, const struct abp_experiment *experiment,
                       const char *folder, struct abp_error *err)
{
    for (size_t i = 0; i < experiment->variant_count; i++) {
        const struct abp_variant *variant = &experiment->variants[i];
        if (!variant->posts)
            continue;
        glob_t found;
        char *pattern = abp_path_join(folder, variant->posts);
        if (!pattern)
            return abp_fail_memory(err);
        int rc = glob(pattern, GLOB_NOSORT, NULL, &found);
        if (rc == 0)
            globfree(&found);
        else if (rc == GLOB_NOMATCH)
            reportf(check, experiment->path, variant->line,
                    "no file matches posts = %s; one text file a post is needed", variant->posts);
        else
            reportf(check, experiment->path, variant->line, "posts = %s could not be searched: %s",
                    variant->posts, strerror(errno));
        free(pattern);
    }
    return 0;
}

/* Reads the imported file as 'abpost import' would, into a store that is gone afterwards. */
static int check_import(struct check *check, const struct abp_experiment *experiment,
                        struct abp_error *err)
{
    struct abp_store *store = NULL;
    struct abp_import_result result;
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    if (!experiment->import.present)
        return 0;
    if (abp_store_open_transient(&store, err) != 0)
        return -1;
    check->files++;
    int rc = abp_import_run(&result, store, experiment, check->env, NULL, &mistakes, &why);
    abp_store_close(store);
    if (rc != 0 && mistakes.count == 0 && why.code != ABP_DATA) {
        *err = why;
        return -1;
    }
    if (rc != 0 && mistakes.count == 0)
        report(check, why.file[0] ? why.file : experiment->import.file, why.line, why.message);
    report_all(check, &mistakes);
    return 0;
}

static int check_experiment(struct check *check, const struct abp_inputs *inputs, const char *path,
                            struct abp_error *err)
{
    const struct abp_workspace *ws = abp_inputs_workspace(inputs);
    struct abp_experiment experiment;
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    check->files++;
    if (abp_experiment_read(&experiment, path, ws, &mistakes, &why) != 0) {
        if (mistakes.count)
            report_all(check, &mistakes);
        else
            report(check, why.file[0] ? why.file : path, why.line, why.message);
        return 0;
    }
    char *folder = posts_folder(inputs->root, path);
    int rc = folder ? check_posts(check, &experiment, folder, err) : abp_fail_memory(err);
    if (rc == 0)
        rc = check_import(check, &experiment, err);
    free(folder);
    abp_experiment_release(&experiment);
    return rc;
}

/* ---- the whole ---- */

static int check_inputs(struct check *check, struct abp_error *err)
{
    struct abp_inputs inputs;
    struct abp_mistakes mistakes = {0};
    int rc = abp_inputs_find(&inputs, check->args, check->env, &mistakes, err);
    report_all(check, &mistakes);
    if (rc != 0)
        return -1;
    check->files += inputs.root != NULL;
    if (inputs.has_workspace)
        check_channels(check, &inputs.ws);
    for (size_t i = 0; i < inputs.count && rc == 0; i++)
        rc = check_experiment(check, &inputs, inputs.paths[i], err);
    abp_inputs_release(&inputs);
    return rc;
}

static int show_fine(const struct check *check, struct abp_error *err)
{
    struct abp_buffer buf;
    abp_buffer_init(&buf, 256);
    abp_buffer_printf(&buf, "%s file%s checked, nothing wrong.\n",
                      abp_count_words(check->files).text, check->files == 1 ? "" : "s");
    int rc = abp_emit(check->env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static int run_check(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    static const char *const names[] = {"file", "line", "message"};
    struct check check = {.args = args, .env = env};
    if (args->format != ABP_TEXT)
        abp_list_begin(&check.list, env, args->format, "abpost.check/1", "mistakes", names, 3);
    if (check_inputs(&check, err) != 0) {
        abp_buffer_release(&check.list.buf);
        return -1;
    }
    if (args->format != ABP_TEXT && abp_list_end(&check.list, err) != 0)
        return -1;
    if (check.mistakes)
        return abp_fail(err, ABP_DATA, "%s mistake%s; %s file%s checked",
                        abp_count_words(check.mistakes).text, check.mistakes == 1 ? "" : "s",
                        abp_count_words(check.files).text, check.files == 1 ? "" : "s");
    return args->format == ABP_TEXT && !args->quiet ? show_fine(&check, err) : 0;
}

static const char *const details[] = {
    "Reads the workspace and the experiments (all of them when none is named; NAME stands for "
    "experiments/NAME.ini, and a path to an .ini file works anywhere). It posts nothing and "
    "changes "
    "nothing.",
    "Every mistake is one line on standard error, file:line: what is wrong; what is accepted. "
    "Besides the files themselves it looks for post files that don't exist, secrets that are "
    "missing, can't be read or can be read by others, and rows of imported files that can't be "
    "read. "
    "The exit status is 65 when there are mistakes.",
    "With --format json (schema abpost.check/1) or csv the mistakes go to standard output, each "
    "with its file, line and message.",
    NULL,
};

const struct abp_command abp_command_check = {
    .name = "check",
    .arguments = "[EXPERIMENT...]",
    .at_most = ABP_ANY_NUMBER,
    .summary = "read every file and say what is wrong; nothing is changed",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .run = run_check,
};
