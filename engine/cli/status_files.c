/* The review queue: an experiment's post files, by what may happen to them. */
#include "status.h"

#include "abpost/post_file.h"

#include <stdlib.h>
#include <string.h>

/* 1: a post of the experiment took the file on the channel. */
static int is_taken(const struct abp_status *status, const struct abp_experiment *e,
                    const char *channel, const char *file)
{
    for (size_t i = 0; i < status->posts.count; i++) {
        const struct abp_planned *post = &status->posts.list[i];
        if (post->file && strcmp(post->channel, channel) == 0 && strcmp(post->file, file) == 0 &&
            strcmp(post->experiment, e->name) == 0)
            return 1;
    }
    return 0;
}

static int is_taken_everywhere(const struct abp_status *status, const struct abp_experiment *e,
                               const char *file)
{
    for (size_t i = 0; i < e->channels.count; i++)
        if (!is_taken(status, e, e->channels.list[i], file))
            return 0;
    return e->channels.count > 0;
}

/* The path from the workspace's folder on, as the store names it. */
static const char *below(const char *root, const char *path)
{
    size_t len = strlen(root);
    return strncmp(path, root, len) == 0 && path[len] == '/' ? path + len + 1 : path;
}

static int count_file(struct abp_status_variant *v, const struct abp_status *status,
                      const struct abp_experiment *e, const char *path, struct abp_error *err)
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
    if (rc != 0)
        v->unreadable++;
    else if (is_taken_everywhere(status, e, below(root, path)))
        v->used++;
    else if (content.approval == ABP_HELD)
        v->held++;
    else if (content.approval == ABP_APPROVED || !e->decision.review)
        v->ready++;
    else
        v->draft++;
    if (rc == 0)
        abp_content_release(&content);
    return 0;
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
            rc = count_file(&e->variants[v], status, e->file, paths.list[i], err);
        abp_names_free(&paths);
        if (rc != 0)
            return -1;
    }
    return 0;
}
