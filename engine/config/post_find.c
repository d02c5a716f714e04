#include "abpost/post_file.h"

#include "config/value.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

static int is_serious(const char *folder, int code)
{
    (void)folder;
    return code != ENOENT && code != ENOTDIR;
}

/* root as a pattern that matches only itself, then the glob. */
static int make_pattern(struct abp_buffer *pattern, const char *root, const char *posts)
{
    if (posts[0] != '/') {
        for (const char *p = root; *p; p++) {
            if (strchr("*?[]\\", *p))
                abp_buffer_byte(pattern, '\\');
            abp_buffer_byte(pattern, *p);
        }
        if (strcmp(root, "/") != 0)
            abp_buffer_byte(pattern, '/');
    }
    return abp_buffer_add(pattern, posts);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int keep_paths(struct abp_names *paths, const glob_t *found)
{
    paths->list = calloc(found->gl_pathc, sizeof *paths->list);
    if (!paths->list)
        return -1;
    for (size_t i = 0; i < found->gl_pathc; i++) {
        paths->list[i] = abp_strdup(found->gl_pathv[i]);
        if (!paths->list[i])
            return -1;
        paths->count++;
    }
    qsort(paths->list, paths->count, sizeof *paths->list, by_bytes);
    return 0;
}

int abp_post_files_find(struct abp_names *paths, const struct abp_variant *variant,
                        const char *root, struct abp_error *err)
{
    struct abp_buffer pattern;
    glob_t found;
    memset(paths, 0, sizeof *paths);
    if (!variant->posts)
        return 0;
    abp_buffer_init(&pattern, 1 << 16);
    if (make_pattern(&pattern, root, variant->posts) != 0) {
        abp_buffer_release(&pattern);
        return abp_fail_memory(err);
    }
    errno = 0;
    int rc = glob(abp_buffer_text(&pattern), GLOB_NOSORT, is_serious, &found);
    int code = errno;
    abp_buffer_release(&pattern);
    if (rc == GLOB_NOMATCH)
        return 0;
    if (rc == GLOB_NOSPACE)
        return abp_fail_memory(err);
    if (rc != 0)
        return abp_fail(err, ABP_DATA, "posts = %s: a folder on the way can't be read%s%s",
                        variant->posts, code ? ": " : "", code ? strerror(code) : "");
    rc = keep_paths(paths, &found);
    globfree(&found);
    if (rc != 0) {
        abp_names_release(paths);
        return abp_fail_memory(err);
    }
    return 0;
}

void abp_names_free(struct abp_names *names)
{
    abp_names_release(names);
}
