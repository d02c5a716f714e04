/* The review queue: an experiment's post files, by what may happen to them. */
#include "status.h"
#include "used.h"

#include "abpost/post_file.h"

#include <stdlib.h>
#include <string.h>

/* 1: a post of the experiment took the file on the channel. */
static int is_taken(const struct abp_status *status, const struct abp_experiment *e,
                    const char *channel, const char *file)
{
    for (size_t i = 0; i < status->posts.count; i++) {
        const struct abp_planned *post = &status->posts.list[i];
        if (abp_outbox_uses_file(post) && strcmp(post->channel, channel) == 0 &&
            strcmp(post->file, file) == 0 && strcmp(post->experiment, e->name) == 0)
            return 1;
    }
    return 0;
}

/* 1: the channel does not take the file as it is. */
static int is_refused(const struct abp_status_experiment *e, const char *channel,
                      const char *version)
{
    for (size_t i = 0; i < e->refused.count; i++)
        if (strcmp(e->refused.list[i].channel, channel) == 0 &&
            strcmp(e->refused.list[i].file_digest, version) == 0)
            return 1;
    return 0;
}

/* What becomes of a file on the experiment's channels. */
struct prospects {
    size_t open, taken, refused; /* channels */
    const char *as;              /* borrowed; taken under this other name; NULL: not so */
};

static struct prospects prospects_of(const struct abp_status *status,
                                     const struct abp_status_experiment *e, const char *variant,
                                     const char *file, const struct abp_content *content)
{
    char version[ABP_CONTENT_VERSION_SIZE];
    struct prospects p = {0};
    abp_content_version(version, content);
    for (size_t i = 0; i < e->file->channels.count; i++) {
        const char *channel = e->file->channels.list[i];
        struct abp_use use;
        int used = abp_used_as(&use, &status->posts, &status->loaded.inputs.ws, e->file->name,
                               variant, channel, file, content);
        if (used && strcmp(use.on, channel) == 0)
            p.as = use.as;
        if (used || is_taken(status, e->file, channel, file))
            p.taken++;
        else if (is_refused(e, channel, version))
            p.refused++;
        else
            p.open++;
    }
    return p;
}

/* A refusal of what the file says stands as long as that may go out otherwise. */
static int note_refusals(struct abp_status_experiment *e, const char *file,
                         const struct abp_content *content, struct abp_error *err)
{
    char version[ABP_CONTENT_VERSION_SIZE];
    abp_content_version(version, content);
    for (size_t i = 0; i < e->refused.count; i++) {
        struct abp_refused_file *refused = &e->refused.list[i];
        if (strcmp(refused->file_digest, version) != 0)
            continue;
        char *name = strdup(file); /* it may have another one by now */
        if (!name)
            return abp_fail_memory(err);
        free(refused->file);
        refused->file = name;
        e->stands[i] = 1;
    }
    return 0;
}

/* The path from the workspace's folder on, as the store names it. */
static const char *below(const char *root, const char *path)
{
    size_t len = strlen(root);
    return strncmp(path, root, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

static int note_moved(struct abp_status_variant *v, const char *file, const char *as,
                      struct abp_error *err)
{
    if (v->moved++)
        return 0;
    v->moved_file = strdup(file);
    v->moved_as = strdup(as);
    return v->moved_file && v->moved_as ? 0 : abp_fail_memory(err);
}

static void count_readable(struct abp_status_variant *v, const struct abp_content *content,
                           const struct prospects *prospects, int review)
{
    if (prospects->taken && !prospects->open && !prospects->refused)
        v->used++;
    else if (content->approval == ABP_HELD)
        v->held++;
    else if (prospects->refused && !prospects->open)
        v->refused++;
    else if (content->approval == ABP_APPROVED || !review)
        v->ready++;
    else
        v->draft++;
}

static int count_file(struct abp_status_variant *v, const struct abp_status *status,
                      struct abp_status_experiment *e, const char *path, struct abp_error *err)
{
    const char *root = status->loaded.inputs.ws.root;
    struct abp_content content;
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    int rc = abp_post_file_read(&content, path, root, &mistakes, &why);
    abp_mistakes_release(&mistakes);
    if (rc != 0 && why.code != ABP_DATA) {
        *err = why;
        return -1;
    }
    if (rc != 0) {
        v->unreadable++;
        return 0;
    }
    struct prospects prospects = prospects_of(status, e, v->name, below(root, path), &content);
    count_readable(v, &content, &prospects, e->file->decision.review);
    if (prospects.as)
        rc = note_moved(v, below(root, path), prospects.as, err);
    if (rc == 0 && prospects.refused && content.approval != ABP_HELD)
        rc = note_refusals(e, below(root, path), &content, err);
    abp_content_release(&content);
    return rc;
}

int abp_status_count_files(struct abp_status_experiment *e, const struct abp_status *status,
                           struct abp_error *err)
{
    for (size_t v = 0; v < e->file->variant_count; v++) {
        struct abp_names paths;
        if (!e->file->variants[v].posts)
            continue;
        if (abp_post_files_find(&paths, &e->file->variants[v], status->loaded.inputs.ws.root,
                                err) != 0)
            return -1;
        int rc = 0;
        for (size_t i = 0; i < paths.count && rc == 0; i++)
            rc = count_file(&e->variants[v], status, e, paths.list[i], err);
        abp_names_free(&paths);
        if (rc != 0)
            return -1;
    }
    return 0;
}
