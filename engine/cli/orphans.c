#include "orphans.h"

#include "paths.h"

#include "abpost/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER   "experiments"
#define PATH_CAP ((size_t)8192)
#define WHY      "its experiment was ended (abpost plan --end)"

/* 1: the experiment's file is not there; -1. */
static int is_gone(const char *experiment, const char *root, struct abp_error *err)
{
    struct abp_buffer path;
    struct stat info;
    abp_buffer_init(&path, PATH_CAP);
    abp_buffer_printf(&path, "%s/" FOLDER "/%s.ini", root, experiment);
    int rc = path.failed ? abp_fail_memory(err)
                         : stat(path.data, &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
    abp_buffer_release(&path);
    return rc;
}

static int list_planned(struct abp_planned_list *list, struct abp_store *store,
                        const char *experiment, struct abp_error *err)
{
    struct abp_planned_filter filter = {.experiment = experiment, .states = 1u << ABP_PLANNED};
    return abp_outbox_list(list, store, &filter, err);
}

/* ---- finding them ---- */

static struct abp_orphan *find(const struct abp_orphans *orphans, const char *experiment)
{
    for (size_t i = 0; i < orphans->count; i++)
        if (strcmp(orphans->list[i].experiment, experiment) == 0)
            return &orphans->list[i];
    return NULL;
}

int abp_is_orphan(const struct abp_orphans *orphans, const char *experiment)
{
    return find(orphans, experiment) != NULL;
}

static int add(struct abp_orphans *orphans, const struct abp_planned *post, struct abp_error *err)
{
    struct abp_orphan *list = realloc(orphans->list, (orphans->count + 1) * sizeof *list);
    char *name = abp_strdup(post->experiment);
    if (list)
        orphans->list = list;
    if (!list || !name) {
        free(name);
        return abp_fail_memory(err);
    }
    list[orphans->count++] =
        (struct abp_orphan){.experiment = name, .planned = 1, .since = post->due_at};
    return 0;
}

int abp_orphans_find(struct abp_orphans *orphans, const char *root, struct abp_store *store,
                     struct abp_error *err)
{
    struct abp_planned_list posts;
    const char *there = NULL; /* the experiment of the post before, whose file is there */
    memset(orphans, 0, sizeof *orphans);
    if (!store)
        return 0;
    if (list_planned(&posts, store, NULL, err) != 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; i < posts.count && rc == 0; i++) {
        const struct abp_planned *post = &posts.list[i];
        struct abp_orphan *orphan = find(orphans, post->experiment);
        if (orphan)
            orphan->planned++;
        if (orphan || (there && strcmp(there, post->experiment) == 0))
            continue;
        rc = is_gone(post->experiment, root, err);
        if (rc == 0)
            there = post->experiment;
        else if (rc > 0)
            rc = add(orphans, post, err);
    }
    abp_planned_list_release(&posts);
    if (rc != 0)
        abp_orphans_release(orphans);
    return rc;
}

void abp_orphans_release(struct abp_orphans *orphans)
{
    for (size_t i = 0; i < orphans->count; i++)
        free(orphans->list[i].experiment);
    free(orphans->list);
    memset(orphans, 0, sizeof *orphans);
}

/* ---- saying it ---- */

void abp_orphan_put_command(struct abp_buffer *buf, const struct abp_orphan *orphan)
{
    char *word = abp_path_word(orphan->experiment);
    abp_buffer_printf(buf, "abpost plan %s --end", word ? word : orphan->experiment);
    free(word);
}

void abp_orphan_put(struct abp_buffer *buf, const struct abp_orphan *orphan)
{
    abp_buffer_printf(buf,
                      "is gone, and %zu post%s of it %s planned, none of which goes out: put the "
                      "file back under that name, or take them out of the plan: ",
                      orphan->planned, orphan->planned == 1 ? "" : "s",
                      orphan->planned == 1 ? "is" : "are");
    abp_orphan_put_command(buf, orphan);
}

/* ---- ending one ---- */

int abp_orphan_end(size_t *count, const char *experiment, const char *root, struct abp_store *store,
                   int64_t now, struct abp_error *err)
{
    struct abp_planned_list posts;
    int gone = is_gone(experiment, root, err);
    int begun = store && gone > 0 ? abp_outbox_has_begun(store, experiment, err) : 0;
    *count = 0;
    if (gone < 0 || begun < 0)
        return -1;
    if (!gone)
        return abp_fail(err, ABP_DATA,
                        FOLDER "/%s.ini is there, and the next tick would plan on; move it out of "
                               "the folder first",
                        experiment);
    if (!begun)
        return abp_fail(err, ABP_DATA, "nothing was ever planned for an experiment '%s'",
                        experiment);
    if (list_planned(&posts, store, experiment, err) != 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; i < posts.count && rc >= 0; i++) {
        rc = abp_outbox_drop(store, posts.list[i].id, ABP_CANCELLED, WHY, now, err);
        *count += rc > 0;
    }
    abp_planned_list_release(&posts);
    return rc < 0 ? -1 : 0;
}
