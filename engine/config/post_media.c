#include "config/post_media.h"

#include "config/files.h"

#include "abpost/post_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 1000 /* of a folder, looked through for the one that was meant */

const char *abp_media_type(const unsigned char *bytes, size_t len)
{
    static const struct {
        const char *type, *magic;
        size_t len, at;
    } types[] = {
        {"image/png", "\x89PNG\r\n\x1a\n", 8, 0},
        {"image/jpeg", "\xff\xd8\xff", 3, 0},
        {"image/gif", "GIF87a", 6, 0},
        {"image/gif", "GIF89a", 6, 0},
        {"image/webp", "WEBP", 4, 8},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (len < types[i].at + types[i].len ||
            memcmp(bytes + types[i].at, types[i].magic, types[i].len) != 0)
            continue;
        if (types[i].at == 0 || memcmp(bytes, "RIFF", 4) == 0)
            return types[i].type;
    }
    return NULL;
}

/* ---- where it lies ---- */

/* 1: a relative path whose ".." lead above where it starts. */
static int climbs_out(const char *path)
{
    int depth = 0;
    while (*path) {
        size_t len = strcspn(path, "/");
        if (len == 2 && memcmp(path, "..", 2) == 0)
            depth--;
        else if (len > 1 || (len == 1 && *path != '.'))
            depth++;
        if (depth < 0)
            return 1;
        path += len + (path[len] == '/');
    }
    return 0;
}

static int lies_below(const char *path, const char *root)
{
    size_t len = strlen(root);
    if (strcmp(root, "/") == 0)
        return 1;
    return strncmp(path, root, len) == 0 && path[len] == '/';
}

/* The entry of path's folder that is nearest to path's name, in a copy the caller frees; NULL: none
 * is near. */
static char *nearest(const char *path)
{
    char *folder = abp_folder_of(path), *found = NULL, **names = NULL;
    const char *slash = strrchr(path, '/');
    DIR *dir = folder ? opendir(folder) : NULL;
    size_t count = 0;
    if (dir)
        names = calloc(NAMES_MAX, sizeof *names);
    for (struct dirent *entry; names && count < NAMES_MAX && (entry = readdir(dir));) {
        char *name = entry->d_name[0] == '.' ? NULL : abp_strdup(entry->d_name);
        if (name)
            names[count++] = name;
    }
    const char *near =
        names ? abp_suggest(slash ? slash + 1 : path, (const char *const *)names, count) : NULL;
    if (near)
        found = abp_strdup(near);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    if (dir)
        closedir(dir);
    free(folder);
    return found;
}

static void log_unreadable(const char *named, const char *path, int code, long line,
                           struct abp_mistake_log *log)
{
    char shown[ABP_SHOWN_SIZE], hint[ABP_SHOWN_SIZE];
    char *near = code == ENOENT ? nearest(path) : NULL;
    abp_log_add(log, line,
                "media: '%s' can't be read: %s; accepted is an image below the workspace%s%s%s",
                abp_shown(shown, named), strerror(code), near ? " (did you mean '" : "",
                near ? abp_shown(hint, near) : "", near ? "'?)" : "");
    free(near);
}

static void log_outside(const char *named, const char *why, long line, struct abp_mistake_log *log)
{
    char shown[ABP_SHOWN_SIZE];
    abp_log_add(log, line, "media: '%s' %s; accepted is an image below the workspace's folder",
                abp_shown(shown, named), why);
}

/* The real path of what is named, in a copy the caller frees; NULL with a mistake, or with err. */
static char *resolve(const char *named, const char *root, long line, struct abp_mistake_log *log,
                     struct abp_error *err)
{
    if (named[0] == '~') {
        log_outside(named, "begins with ~, which is not replaced by a folder", line, log);
        return NULL;
    }
    if (named[0] != '/' && climbs_out(named)) {
        log_outside(named, "leads out of the workspace", line, log);
        return NULL;
    }
    char *real_root = realpath(root, NULL);
    if (!real_root) {
        abp_fail_at(err, ABP_FAILED, root, 0, "can't be entered: %s", strerror(errno));
        return NULL;
    }
    char *path = named[0] == '/' ? abp_strdup(named) : abp_join(real_root, named);
    char *real = path ? realpath(path, NULL) : NULL;
    if (!path || (!real && errno == ENOMEM))
        abp_fail_memory(err);
    else if (!real)
        log_unreadable(named, path, errno, line, log);
    else if (!lies_below(real, real_root)) {
        log_outside(named, "lies outside of the workspace", line, log);
        free(real);
        real = NULL;
    }
    free(path);
    free(real_root);
    return real;
}

/* ---- what it is ---- */

static void inspect(struct abp_media *media, int fd, const char *named, long line,
                    struct abp_mistake_log *log)
{
    char shown[ABP_SHOWN_SIZE];
    unsigned char head[16];
    struct stat st;
    ssize_t n = fstat(fd, &st) == 0 ? 0 : -1;
    abp_shown(shown, named);
    if (n == 0 && !S_ISREG(st.st_mode)) {
        abp_log_add(log, line, "media: '%s' is %s; accepted is an image", shown,
                    S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
        return;
    }
    if (n == 0)
        n = read(fd, head, sizeof head);
    if (n < 0) {
        log_unreadable(named, "", errno, line, log);
        return;
    }
    if ((uintmax_t)st.st_size > ABP_MEDIA_FILE_MAX) {
        abp_log_add(log, line,
                    "media: '%s' is larger than %zu bytes; accepted are images of up to "
                    "that size",
                    shown, ABP_MEDIA_FILE_MAX);
        return;
    }
    media->size = (size_t)st.st_size;
    media->type = abp_media_type(head, (size_t)n);
    if (!media->type)
        abp_log_add(log, line, "media: '%s' is %s; accepted are PNG, JPEG, GIF and WebP", shown,
                    n == 0 ? "empty" : "no image that is known, by its first bytes");
}

int abp_post_media_find(struct abp_media *media, const char *named, const char *root, long line,
                        struct abp_mistake_log *log, struct abp_error *err)
{
    size_t found = log->found;
    char *path = resolve(named, root, line, log, err);
    if (!path)
        return log->found > found ? 0 : -1;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        log_unreadable(named, path, errno, line, log);
    } else {
        inspect(media, fd, named, line, log);
        close(fd);
    }
    if (log->found == found)
        media->path = path;
    else
        free(path);
    return 0;
}
