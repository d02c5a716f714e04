/* abpost timer: what makes a workspace run by itself. */
#include "inputs.h"
#include "list.h"
#include "output.h"
#include "paths.h"
#include "screen.h"
#include "units.h"

#include "abpost/text.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_TEXT       ((size_t)1 << 20)
#define LETTERS_DIGITS "abcdefghijklmnopqrstuvwxyz0123456789"
#define NAME_MAX_BYTES 39
#define FILE_COUNT     ((size_t)2 * ABP_JOB_COUNT)

struct unit_file {
    char name[ABP_UNIT_NAME + 10];
    struct abp_buffer text; /* owned */
};

struct timing {
    const struct abp_args *args; /* borrowed, as is env */
    const struct abp_env *env;
    struct abp_units units;
    struct unit_file files[FILE_COUNT];
    size_t count;
    struct abp_buffer cron; /* owned; the lines */
};

/* ---- where it runs ---- */

static int find_binary(char path[PATH_MAX], struct abp_error *err)
{
    struct stat info;
    ssize_t n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0)
        return abp_fail(err, ABP_FAILED, "this machine does not say where abpost lies: %s",
                        n < 0 ? strerror(errno) : "");
    path[n] = '\0';
    if (stat(path, &info) != 0)
        return abp_fail(err, ABP_FAILED,
                        "this abpost was replaced or removed while it ran; try again");
    return 0;
}

/* Whose workspace it is, for system units. */
static int find_owner(char *user, size_t size, const struct abp_workspace *ws,
                      struct abp_error *err)
{
    struct stat info;
    if (stat(ws->root, &info) != 0)
        return abp_fail_at(err, ABP_FAILED, ws->root, 0, "can't be read: %s", strerror(errno));
    const struct passwd *owner = getpwuid(info.st_uid);
    if (owner)
        snprintf(user, size, "%s", owner->pw_name);
    else
        snprintf(user, size, "%lu", (unsigned long)info.st_uid);
    return 0;
}

/* ---- the files ---- */

static int is_wanted(const struct abp_args *args, enum abp_job job)
{
    if (args->only_tick == args->only_nightly)
        return 1;
    return job == ABP_JOB_TICK ? args->only_tick : args->only_nightly;
}

static void make_file(struct timing *t, enum abp_job job, const char *suffix,
                      void (*put)(struct abp_buffer *, const struct abp_units *, enum abp_job))
{
    char name[ABP_UNIT_NAME];
    struct unit_file *file = &t->files[t->count++];
    abp_unit_name(name, &t->units, job);
    snprintf(file->name, sizeof file->name, "%s.%s", name, suffix);
    abp_buffer_init(&file->text, MAX_TEXT);
    put(&file->text, &t->units, job);
}

static void make_files(struct timing *t)
{
    abp_buffer_init(&t->cron, MAX_TEXT);
    for (int j = 0; j < ABP_JOB_COUNT; j++) {
        enum abp_job job = (enum abp_job)j;
        if (!is_wanted(t->args, job))
            continue;
        make_file(t, job, "service", abp_put_service);
        make_file(t, job, "timer", abp_put_timer);
        abp_put_cron(&t->cron, &t->units, job);
    }
}

/* ---- as text ---- */

static void put_enable(struct abp_buffer *buf, const struct timing *t, const char *before)
{
    const char *user = t->args->for_system ? "" : " --user";
    abp_buffer_printf(buf, "%ssystemctl%s daemon-reload\n", before, user);
    abp_buffer_printf(buf, "%ssystemctl%s enable --now", before, user);
    for (size_t i = 1; i < t->count; i += 2)
        abp_buffer_printf(buf, " %s", t->files[i].name);
    abp_buffer_byte(buf, '\n');
    if (!t->args->for_system)
        abp_buffer_printf(buf, "%sloginctl enable-linger\n", before);
}

static void put_text(struct abp_buffer *buf, const struct timing *t)
{
    int system = t->args->for_system;
    const char *name = t->args->unit_name;
    abp_buffer_printf(buf,
                      "# For systemd. To put these files in place and start them:\n%s#   abpost "
                      "timer %s%s%s -o %s\n",
                      system ? "" : "#   mkdir -p ~/.config/systemd/user\n",
                      system ? "--system" : "--user", name ? " --name " : "", name ? name : "",
                      system ? "/etc/systemd/system" : "~/.config/systemd/user");
    put_enable(buf, t, "#   ");
    for (size_t i = 0; i < t->count; i++)
        abp_buffer_printf(buf, "\n# ---- %s ----\n%s", t->files[i].name,
                          abp_buffer_text(&t->files[i].text));
    abp_buffer_add(buf, "\n# ---- or for cron (crontab -e), by this machine's clock ----\n");
    if (abp_units_need_environment(t->units.ws))
        abp_buffer_add(buf, "# abpost.env in the workspace's folder holds the secrets, as lines "
                            "NAME='value'.\n");
    abp_buffer_add(buf, abp_buffer_text(&t->cron));
}

static int show_text(const struct timing *t, struct abp_error *err)
{
    struct abp_buffer buf;
    abp_buffer_init(&buf, 8 * MAX_TEXT);
    put_text(&buf, t);
    int rc = abp_emit(t->env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static int show_list(const struct timing *t, struct abp_error *err)
{
    static const char *const names[] = {"name", "text"};
    struct abp_list list;
    abp_list_begin(&list, t->env, t->args->format, "abpost.timer/1", "files", names, 2);
    for (size_t i = 0; i < t->count; i++) {
        struct abp_field fields[] = {{.text = t->files[i].name},
                                     {.text = abp_buffer_text(&t->files[i].text)}};
        abp_list_add(&list, fields);
    }
    struct abp_field cron[] = {{.text = "crontab"}, {.text = abp_buffer_text(&t->cron)}};
    abp_list_add(&list, cron);
    return abp_list_end(&list, err);
}

/* ---- into a folder ---- */

/* The text of a unit that is there already; none for what can't be read: writing will tell. */
static int read_unit(struct abp_buffer *text, const char *path)
{
    char chunk[4096];
    size_t n;
    FILE *file = fopen(path, "re");
    if (!file)
        return -1;
    while ((n = fread(chunk, 1, sizeof chunk, file)) > 0)
        if (abp_buffer_append(text, chunk, n) != 0)
            break;
    fclose(file);
    return 0;
}

/* A unit of another workspace must not be lost to this one: it would stop posting without a word.
 */
static int check_unit(const struct timing *t, const char *path, struct abp_error *err)
{
    const struct abp_workspace *ws = t->units.ws;
    struct abp_buffer text, folder, file;
    abp_buffer_init(&text, MAX_TEXT);
    abp_buffer_init(&folder, MAX_TEXT);
    abp_buffer_init(&file, MAX_TEXT);
    int rc = 0;
    if (read_unit(&text, path) == 0)
        rc = abp_units_owner(&folder, &file, abp_buffer_text(&text), err);
    const char *place = abp_buffer_text(&folder), *config = abp_buffer_text(&file);
    int elsewhere = strcmp(place, ws->root) != 0;
    if (rc == 0 && text.len &&
        (elsewhere || (*config && strcmp(config, ws->path) != 0 && access(config, F_OK) == 0)))
        rc = abp_fail_at(err, ABP_FAILED, path, 0,
                         "runs %s%s, and was left as it is; give these units a name of their own "
                         "(--name NAME), or remove that file first where the workspace has moved",
                         !*place     ? "something else"
                         : elsewhere ? "another workspace, "
                                     : "another workspace file, ",
                         elsewhere ? place : config);
    abp_buffer_release(&text);
    abp_buffer_release(&folder);
    abp_buffer_release(&file);
    return rc;
}

static int check_folder(const char *folder, const char *named, struct abp_error *err)
{
    struct stat info;
    if (stat(folder, &info) == 0 || errno != ENOENT)
        return 0; /* whatever is wrong with it is said when it is written to */
    char *word = abp_path_word(named);
    int rc = abp_fail(err, ABP_FAILED, "there is no folder %s; make it first: mkdir -p %s", folder,
                      word ? word : named);
    free(word);
    return rc;
}

static int write_files(const struct timing *t, struct abp_error *err)
{
    char *paths[FILE_COUNT] = {NULL};
    char *folder = abp_path_join(t->env->directory, t->args->output);
    int rc = folder ? check_folder(folder, t->args->output, err) : abp_fail_memory(err);
    for (size_t i = 0; i < t->count && rc == 0; i++) {
        paths[i] = abp_path_join(folder, t->files[i].name);
        rc = paths[i] ? check_unit(t, paths[i], err) : abp_fail_memory(err);
    }
    for (size_t i = 0; i < t->count && rc == 0; i++)
        rc = abp_output_write(paths[i], &t->files[i].text, err);
    for (size_t i = 0; i < t->count; i++)
        free(paths[i]);
    free(folder);
    return rc;
}

static int write_and_say(const struct timing *t, struct abp_error *err)
{
    if (write_files(t, err) != 0)
        return -1;
    if (t->args->quiet)
        return 0;
    struct abp_buffer buf;
    abp_buffer_init(&buf, MAX_TEXT);
    abp_buffer_printf(&buf, "%zu files written. To start them:\n", t->count);
    put_enable(&buf, t, "  ");
    int rc = abp_emit(t->env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

/* ---- the whole ---- */

static int show(struct timing *t, struct abp_error *err)
{
    if (abp_units_check(&t->units, err) != 0)
        return -1;
    make_files(t);
    int rc = t->cron.failed ? abp_fail_memory(err) : 0;
    for (size_t i = 0; i < t->count && rc == 0; i++)
        rc = t->files[i].text.failed ? abp_fail_memory(err) : 0;
    if (rc == 0 && t->args->output)
        rc = write_and_say(t, err);
    else if (rc == 0)
        rc = t->args->format == ABP_TEXT ? show_text(t, err) : show_list(t, err);
    for (size_t i = 0; i < t->count; i++)
        abp_buffer_release(&t->files[i].text);
    abp_buffer_release(&t->cron);
    return rc;
}

static int run_timer(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    char binary[PATH_MAX], user[256];
    struct abp_inputs inputs;
    struct timing t = {.args = args, .env = env};
    if (args->output && args->format != ABP_TEXT)
        return abp_fail(err, ABP_USAGE, "-o writes the files themselves; it goes without --format");
    if (args->for_system && args->for_user)
        return abp_fail(err, ABP_USAGE,
                        "--user and --system don't go together; accepted is one of them");
    if (find_binary(binary, err) != 0 || abp_inputs_need(&inputs, args, env, err) != 0)
        return -1;
    int rc = 0;
    t.units = (struct abp_units){.binary = binary, .ws = &inputs.ws, .name = args->unit_name};
    if (args->for_system) {
        rc = find_owner(user, sizeof user, &inputs.ws, err);
        t.units.user = user;
    }
    if (rc == 0)
        rc = show(&t, err);
    abp_inputs_release(&inputs);
    return rc;
}

static int set_user(struct abp_args *args, struct abp_env *env, const char *value,
                    struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->for_user = 1;
    return 0;
}

static int set_system(struct abp_args *args, struct abp_env *env, const char *value,
                      struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->for_system = 1;
    return 0;
}

static int set_tick(struct abp_args *args, struct abp_env *env, const char *value,
                    struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->only_tick = 1;
    return 0;
}

static int set_nightly(struct abp_args *args, struct abp_env *env, const char *value,
                       struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->only_nightly = 1;
    return 0;
}

static int set_name(struct abp_args *args, struct abp_env *env, const char *value,
                    struct abp_error *err)
{
    (void)env;
    size_t len = strlen(value);
    if (len == 0 || len > NAME_MAX_BYTES || !strchr(LETTERS_DIGITS, value[0]) ||
        value[strspn(value, LETTERS_DIGITS "-")] != '\0')
        return abp_fail(err, ABP_USAGE,
                        "--name: accepted are up to %d small letters, digits and dashes, as in "
                        "--name garden",
                        NAME_MAX_BYTES);
    args->unit_name = value;
    return 0;
}

static int set_folder(struct abp_args *args, struct abp_env *env, const char *value,
                      struct abp_error *err)
{
    (void)env;
    if (!*value)
        return abp_fail(err, ABP_USAGE, "-o needs the name of a folder");
    args->output = value;
    return 0;
}

static const struct abp_option options[] = {
    {0, "user", NULL, "units of the user who runs them (the default)", set_user},
    {0, "system", NULL, "units of the system, run as the user whose folder the workspace is",
     set_system},
    {0, "tick", NULL, "only those of the tick", set_tick},
    {0, "nightly", NULL, "only those of the night", set_nightly},
    {0, "name", "NAME",
     "what the units are called: abpost-NAME-tick (default: as the workspace's folder)", set_name},
    {'o', "output", "DIR", "write the units into the folder DIR, which must be there", set_folder},
};

static const char *const details[] = {
    "Prints what makes this workspace run by itself: two services and two timers for systemd, and "
    "the same as two lines for cron. 'abpost tick' runs every minute, 'abpost nightly' at 03:00 in "
    "the workspace's time zone, and after the machine was off as soon as it is on again (with "
    "cron: at 03:00 by the machine's clock, and not at all when it is off).",
    "They name this very program and this workspace by their absolute paths; after either has "
    "moved, print them again. Secrets that come from the environment (env:NAME) are read from the "
    "file abpost.env in the workspace's folder, lines NAME='value', which only its owner may read.",
    "The units are called as the workspace's folder is. Two workspaces whose folders share a name "
    "need "
    "two names: --name garden. With -o, a unit of another workspace is never replaced.",
    "A service whose exit status is not 0 is shown as failed by systemctl, and its timer goes on: "
    "3 means that a person is needed, and 'abpost status' says for what.",
    "With --format json (schema abpost.timer/1) or csv: name and text of each file, and of the "
    "crontab's lines.",
    NULL,
};

const struct abp_command abp_command_timer = {
    .name = "timer",
    .arguments = "",
    .at_most = 0,
    .summary = "units for systemd and lines for cron that run the workspace",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run_timer,
};
