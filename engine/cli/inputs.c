#include "inputs.h"

#include "paths.h"
#include "screen.h"

#include "abpost/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX ".ini"

static int has_suffix(const char *name)
{
    size_t len = strlen(name);
    return len > strlen(SUFFIX) && strcmp(name + len - strlen(SUFFIX), SUFFIX) == 0;
}

/* The file's name without its folder: that is what an experiment is called. */
static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* 1: the same file under the same name. Under two names it is two experiments. */
static int is_same(const char *a, const char *b)
{
    struct stat x, y;
    if (strcmp(last_part(a), last_part(b)) != 0)
        return 0;
    return strcmp(a, b) == 0 ||
           (stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* One that is named twice, by its name and by its path, is meant once. */
static int add_path(struct abp_inputs *inputs, char *path, struct abp_error *err)
{
    for (size_t i = 0; path && i < inputs->count; i++)
        if (is_same(inputs->paths[i], path)) {
            free(path);
            return 0;
        }
    char **grown = path ? realloc(inputs->paths, (inputs->count + 1) * sizeof *grown) : NULL;
    if (!grown) {
        free(path);
        return abp_fail_memory(err);
    }
    inputs->paths = grown;
    grown[inputs->count++] = path;
    return 0;
}

/* ---- the experiments of a workspace ---- */

static int is_experiment(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && has_suffix(entry->d_name);
}

/* By bytes, not by locale: the order must be the same everywhere. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

static char *experiments_folder(const struct abp_inputs *inputs)
{
    char *folder = abp_path_join(inputs->root, "experiments");
    char *shown = folder ? abp_path_short(folder) : NULL;
    free(folder);
    return shown;
}

/* 0 with *count entries, which may be none; the folder need not exist. */
static int list_experiments(const char *folder, struct dirent ***entries, int *count,
                            struct abp_error *err)
{
    *entries = NULL;
    *count = scandir(folder, entries, is_experiment, by_name);
    if (*count >= 0)
        return 0;
    *count = 0;
    if (errno == ENOENT)
        return 0;
    return abp_fail_at(err, ABP_FAILED, folder, 0, "the folder could not be read: %s",
                       strerror(errno));
}

static int add_all(struct abp_inputs *inputs, struct abp_error *err)
{
    struct dirent **entries = NULL;
    int count = 0, rc = -1;
    char *folder = experiments_folder(inputs);
    if (!folder)
        abp_fail_memory(err);
    else
        rc = list_experiments(folder, &entries, &count, err);
    for (int i = 0; i < count && rc == 0; i++)
        rc = add_path(inputs, abp_path_join(folder, entries[i]->d_name), err);
    free_entries(entries, count);
    free(folder);
    return rc;
}

/* ---- experiments that were named ---- */

#define MOST_NAMED 8 /* experiments that an error names */

/* "next and sample", "a, b and 7 more", "none". */
static void put_names(struct abp_buffer *buf, const char *const *names, size_t count)
{
    size_t named = count > MOST_NAMED + 1 ? MOST_NAMED : count;
    for (size_t i = 0; i < named; i++)
        abp_buffer_printf(buf, "%s%s",
                          i == 0                             ? ""
                          : i + 1 == named && named == count ? " and "
                                                             : ", ",
                          names[i]);
    if (named < count)
        abp_buffer_printf(buf, " and %zu more", count - named);
    if (count == 0)
        abp_buffer_add(buf, "none");
}

static int no_such_experiment(const char *folder, const char *name, struct abp_error *err)
{
    struct dirent **entries;
    int count;
    if (list_experiments(folder, &entries, &count, err) != 0)
        return -1;
    const char *near = NULL;
    const char **names = calloc((size_t)count + 1, sizeof *names);
    for (int i = 0; names && i < count; i++) {
        entries[i]->d_name[strlen(entries[i]->d_name) - strlen(SUFFIX)] = '\0';
        names[i] = entries[i]->d_name;
    }
    if (names)
        near = abp_suggest(name, names, (size_t)count);
    if (near)
        abp_fail(err, ABP_DATA, "there is no experiment '%s' in %s; did you mean '%s'?", name,
                 folder, near);
    else {
        struct abp_buffer held;
        abp_buffer_init(&held, 4096);
        put_names(&held, names, names ? (size_t)count : 0);
        abp_fail(err, ABP_DATA, "there is no experiment '%s' in %s, which holds %s", name, folder,
                 abp_buffer_text(&held));
        abp_buffer_release(&held);
    }
    free(names);
    free_entries(entries, count);
    return -1;
}

/* NAME of a workspace. */
static int add_name(struct abp_inputs *inputs, const char *name, struct abp_error *err)
{
    struct abp_buffer file;
    struct stat info;
    int rc;
    if (!inputs->root)
        return abp_fail(err, ABP_DATA,
                        "'%s' would be an experiment of a workspace, but there is no abpost.ini "
                        "here or above; a file is named as in path/to/%s.ini",
                        name, name);
    char *folder = experiments_folder(inputs), *path = NULL;
    abp_buffer_init(&file, 4096);
    abp_buffer_printf(&file, "%s" SUFFIX, name);
    if (folder && !file.failed)
        path = abp_path_join(folder, abp_buffer_text(&file));
    if (path && stat(path, &info) != 0) {
        rc = no_such_experiment(folder, name, err);
        free(path);
    } else {
        rc = add_path(inputs, path, err);
    }
    abp_buffer_release(&file);
    free(folder);
    return rc;
}

static int add_named(struct abp_inputs *inputs, const struct abp_env *env, const char *name,
                     struct abp_error *err)
{
    if (!strchr(name, '/') && !has_suffix(name))
        return add_name(inputs, name, err);
    return add_path(inputs, abp_path_join(env->directory, name), err);
}

/* ---- the whole ---- */

/* The folder of abpost.ini, absolute. */
static int set_root(struct abp_inputs *inputs, const char *path, struct abp_error *err)
{
    char *whole = realpath(path, NULL);
    if (!whole)
        return abp_fail_at(err, ABP_DATA, path, 0, "can't be read: %s", strerror(errno));
    char *slash = strrchr(whole, '/');
    slash[slash == whole] = '\0';
    inputs->root = whole;
    return 0;
}

static int read_workspace(struct abp_inputs *inputs, const char *path,
                          struct abp_mistakes *mistakes, struct abp_error *err)
{
    char *shown = abp_path_short(path);
    int rc = shown ? abp_workspace_read(&inputs->ws, shown, mistakes, err) : abp_fail_memory(err);
    free(shown);
    inputs->has_workspace = rc == 0;
    if (rc == 0)
        inputs->root = strdup(inputs->ws.root);
    if (rc == 0 && !inputs->root)
        return abp_fail_memory(err);
    return rc != 0 && mistakes->count ? set_root(inputs, path, err) : rc;
}

static int find_workspace(struct abp_inputs *inputs, const struct abp_args *args,
                          const struct abp_env *env, struct abp_mistakes *mistakes,
                          struct abp_error *err)
{
    struct abp_error why = {0};
    char *path = abp_workspace_find(env->directory, env->config, &why);
    if (!path) {
        if (why.code == ABP_DATA && !env->config && args->name_count)
            return 0;
        *err = why;
        return -1;
    }
    int rc = read_workspace(inputs, path, mistakes, err);
    free(path);
    return rc;
}

int abp_inputs_find(struct abp_inputs *inputs, const struct abp_args *args,
                    const struct abp_env *env, struct abp_mistakes *mistakes, struct abp_error *err)
{
    memset(inputs, 0, sizeof *inputs);
    int rc = find_workspace(inputs, args, env, mistakes, err);
    if (rc == 0 && args->name_count == 0)
        rc = add_all(inputs, err);
    for (size_t i = 0; i < args->name_count && rc == 0; i++)
        rc = add_named(inputs, env, args->names[i], err);
    if (rc != 0)
        abp_inputs_release(inputs);
    return rc;
}

int abp_inputs_need(struct abp_inputs *inputs, const struct abp_args *args,
                    const struct abp_env *env, struct abp_error *err)
{
    struct abp_mistakes mistakes = {0};
    int rc = abp_inputs_find(inputs, args, env, &mistakes, err);
    abp_say_mistakes(env, &mistakes);
    if (rc == 0 && mistakes.count) {
        abp_inputs_release(inputs);
        rc = abp_fail(err, ABP_DATA, "nothing was done, because of the mistakes in abpost.ini");
    }
    abp_mistakes_release(&mistakes);
    return rc;
}

void abp_inputs_release(struct abp_inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        free(inputs->paths[i]);
    free(inputs->paths);
    free(inputs->root);
    if (inputs->has_workspace)
        abp_workspace_release(&inputs->ws);
    memset(inputs, 0, sizeof *inputs);
}

const struct abp_workspace *abp_inputs_workspace(const struct abp_inputs *inputs)
{
    return inputs->has_workspace ? &inputs->ws : NULL;
}

void abp_say_mistakes(const struct abp_env *env, const struct abp_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        abp_say_at(env, mistakes->list[i].file, mistakes->list[i].line, mistakes->list[i].message);
}
