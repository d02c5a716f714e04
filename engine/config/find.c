/* Where the workspace is, and other questions about paths. */
#include "config/files.h"

#include "abpost/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WORKSPACE_FILE "abpost.ini"

char *abp_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return abp_strdup(".");
    return slash == path ? abp_strdup("/") : abp_strndup(path, (size_t)(slash - path));
}

char *abp_join(const char *folder, const char *name)
{
    struct abp_buffer path;
    abp_buffer_init(&path, 1 << 16);
    abp_buffer_printf(&path, "%s%s%s", folder, strcmp(folder, "/") == 0 ? "" : "/", name);
    char *copy = path.failed ? NULL : abp_strdup(path.data);
    abp_buffer_release(&path);
    return copy;
}

char *abp_absolute(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = abp_folder_of(path);
    char *real = folder ? realpath(folder, NULL) : NULL;
    char *result = real ? abp_join(real, slash ? slash + 1 : path) : NULL;
    free(folder);
    free(real);
    return result;
}

/* 1: there is something at path; 0: nothing; -1: it can't be known. */
static int exists(const char *path, struct abp_error *err)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return 1;
    if (errno == ENOENT || errno == ENOTDIR)
        return 0;
    return abp_fail_at(err, ABP_DATA, path, 0, "can't be looked at: %s", strerror(errno));
}

static char *named(const char *config, struct abp_error *err)
{
    int there = exists(config, err);
    if (there == 0)
        abp_fail_at(err, ABP_DATA, config, 0,
                    "there is no such file; accepted in $ABPOST_CONFIG is the path of an "
                    "abpost.ini");
    if (there <= 0)
        return NULL;
    char *copy = abp_strdup(config);
    if (!copy)
        abp_fail_memory(err);
    return copy;
}

char *abp_workspace_find(const char *directory, const char *config, struct abp_error *err)
{
    if (config && *config)
        return named(config, err);
    char *folder = realpath(directory, NULL);
    if (!folder) {
        abp_fail_at(err, ABP_DATA, directory, 0, "can't be entered: %s", strerror(errno));
        return NULL;
    }
    for (;;) {
        char *path = abp_join(folder, WORKSPACE_FILE);
        int there = path ? exists(path, err) : abp_fail_memory(err);
        if (there != 0 || strcmp(folder, "/") == 0) {
            free(folder);
            if (there == 1)
                return path;
            free(path);
            if (there == 0)
                abp_fail(err, ABP_DATA,
                         "there is no " WORKSPACE_FILE " in %s or any folder above it; "
                         "`abpost init` makes one",
                         directory);
            return NULL;
        }
        free(path);
        char *slash = strrchr(folder, '/');
        slash[slash == folder] = '\0'; /* the folder above; "/" above "/x" */
    }
}
