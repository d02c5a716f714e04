/* A folder of its own for each test, an experiment file and its CSV in it, and a clock that stands
 * still. */
#ifndef STORE_SCRATCH_H
#define STORE_SCRATCH_H

#include "abpost/config.h"
#include "abpost/env.h"
#include "abpost/import.h"
#include "abpost/store.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW INT64_C(1800000000)

struct scratch {
    char folder[200];
};

static inline int64_t scratch_now(void *context)
{
    (void)context;
    return NOW;
}

static const struct abp_env scratch_env = {.now = scratch_now, .seed = 1, .threads = 1};

static inline int scratch_setup(void **state)
{
    struct scratch *s = calloc(1, sizeof *s);
    const char *base = getenv("TMPDIR");
    if (!s)
        return -1;
    snprintf(s->folder, sizeof s->folder, "%s/abpost-store-XXXXXX", base ? base : P_tmpdir);
    *state = s;
    return mkdtemp(s->folder) ? 0 : -1;
}

static inline int scratch_teardown(void **state)
{
    struct scratch *s = *state;
    char path[600];
    DIR *folder = opendir(s->folder);
    for (struct dirent *e; folder && (e = readdir(folder));) {
        snprintf(path, sizeof path, "%s/%s", s->folder, e->d_name);
        unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(s->folder);
    free(s);
    return 0;
}

/* Good until the fourth call after it. */
static inline const char *scratch_path(struct scratch *s, const char *name)
{
    static char paths[4][1000];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", s->folder, name);
    return path;
}

static inline void scratch_write_bytes(struct scratch *s, const char *name, const char *bytes,
                                       size_t len)
{
    FILE *file = fopen(scratch_path(s, name), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static inline void scratch_write(struct scratch *s, const char *name, const char *text)
{
    scratch_write_bytes(s, name, text, strlen(text));
}

/* Reads folder/x.ini, written here with this text after "[import]\nfile = x.csv\n". */
static inline void scratch_experiment(struct scratch *s, struct abp_experiment *e, const char *rest)
{
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    char text[4000];
    snprintf(text, sizeof text,
             "[experiment]\nbaseline = a\n[import]\nfile = x.csv\nvariant = style\n%s", rest);
    scratch_write(s, "x.ini", text);
    int rc = abp_experiment_read(e, scratch_path(s, "x.ini"), NULL, &mistakes, &err);
    if (rc != 0)
        print_message("%s\n", err.message);
    assert_int_equal(rc, 0);
    abp_mistakes_release(&mistakes);
}

static inline struct abp_store *scratch_store(struct scratch *s)
{
    struct abp_store *store = NULL;
    struct abp_error err = {0};
    int rc = abp_store_open(&store, scratch_path(s, "abpost.db"), ABP_STORE_CREATE, 1000, &err);
    if (rc != 0)
        print_message("%s\n", err.message);
    assert_int_equal(rc, 0);
    return store;
}

#endif
