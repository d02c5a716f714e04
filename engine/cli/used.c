#include "used.h"

#include "stored.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void abp_used_open(struct abp_used *used, const struct abp_workspace *ws)
{
    struct abp_store *store = NULL;
    struct abp_planned_filter every = {0};
    struct abp_error ignored = {0};
    memset(used, 0, sizeof *used);
    used->root = ws->root;
    if (abp_stored_open(&store, ws, ABP_STORE_READ_ONLY, &ignored) != 0 || !store)
        return;
    if (abp_outbox_list(&used->posts, store, &every, &ignored) != 0)
        memset(&used->posts, 0, sizeof used->posts);
    abp_store_close(store);
}

void abp_used_close(struct abp_used *used)
{
    abp_planned_list_release(&used->posts);
}

static int is_there(const char *root, const char *file)
{
    struct abp_buffer path;
    abp_buffer_init(&path, 1 << 16);
    abp_buffer_printf(&path, "%s%s%s", *file == '/' ? "" : root, *file == '/' ? "" : "/", file);
    int there = !path.failed && access(path.data, F_OK) == 0;
    abp_buffer_release(&path);
    return there;
}

const char *abp_used_as(const struct abp_planned_list *posts, const char *root,
                        const char *experiment, const char *variant, const char *channel,
                        const char *file, const struct abp_content *content)
{
    for (size_t i = 0; i < posts->count; i++) {
        const struct abp_planned *post = &posts->list[i];
        int is_own = strcmp(post->experiment, experiment) == 0;
        if (!abp_outbox_uses_file(post) || strcmp(post->channel, channel) != 0)
            continue;
        if (!is_own && strcmp(post->file, file) == 0)
            return post->file;
        if (!is_own || strcmp(post->file, file) == 0 ||
            !abp_content_says_the_same(post->file_digest, content->digest))
            continue;
        if (strcmp(post->variant, variant) == 0 || !is_there(root, post->file))
            return post->file;
    }
    return NULL;
}

size_t abp_used_faults(const struct abp_used *used, const struct abp_experiment *experiment,
                       size_t variant, const struct abp_content *content,
                       void (*found)(void *context, const char *message), void *context)
{
    size_t count = 0;
    for (size_t i = 0; i < experiment->channels.count; i++) {
        const char *channel = experiment->channels.list[i];
        const char *as =
            abp_used_as(&used->posts, used->root, experiment->name,
                        experiment->variants[variant].name, channel, content->path, content);
        char message[700];
        if (!as)
            continue;
        snprintf(message, sizeof message,
                 "was posted already %s%.400s on %.100s; it does not go out there again",
                 strcmp(as, content->path) == 0 ? "by another experiment, as " : "as ", as,
                 channel);
        found(context, message);
        count++;
    }
    return count;
}
