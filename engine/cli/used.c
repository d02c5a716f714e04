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
    used->ws = ws;
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

/* 1: it may be out on the same account, by another name. */
static int is_out_there(const struct abp_planned *post, const struct abp_workspace *ws,
                        const struct abp_channel *channel)
{
    static const unsigned out =
        1u << ABP_SENDING | 1u << ABP_UNKNOWN | 1u << ABP_POSTED | 1u << ABP_HANDED;
    const struct abp_channel *there = abp_workspace_channel(ws, post->channel);
    return (out & 1u << post->state) != 0 &&
           (!there || (channel && abp_same_account(there, channel)));
}

int abp_used_as(struct abp_use *use, const struct abp_planned_list *posts,
                const struct abp_workspace *ws, const char *experiment, const char *variant,
                const char *channel, const char *file, const struct abp_content *content)
{
    if (posts->count == 0)
        return 0; /* also where abpost.ini has mistakes, and there is no workspace */
    const struct abp_channel *own = abp_workspace_channel(ws, channel);
    for (size_t i = 0; i < posts->count; i++) {
        const struct abp_planned *post = &posts->list[i];
        int is_here = strcmp(post->channel, channel) == 0;
        if (!abp_outbox_uses_file(post) || (!is_here && !is_out_there(post, ws, own)))
            continue;
        int is_own = strcmp(post->experiment, experiment) == 0;
        int is_same = strcmp(post->file, file) == 0;
        *use =
            (struct abp_use){post->file, post->channel, !abp_workspace_channel(ws, post->channel)};
        if (is_same && (!is_own || !is_here))
            return 1;
        if (!is_own || is_same || !abp_content_says_the_same(post->file_digest, content->digest))
            continue;
        if (strcmp(post->variant, variant) == 0 || !is_there(ws->root, post->file))
            return 1;
    }
    return 0;
}

void abp_used_say(char *out, size_t size, const struct abp_use *use, const char *channel,
                  const char *file)
{
    if (strcmp(use->on, channel) != 0 && !use->gone)
        snprintf(out, size, "went out on %.100s, which is the same account as %.100s", use->on,
                 channel);
    else if (use->gone)
        snprintf(out, size,
                 "went out on %.100s, which abpost.ini no longer has, and goes out on %.100s only "
                 "when [channel %.100s] is put back: it may be the same account",
                 use->on, channel, use->on);
    else
        snprintf(out, size, "was posted already %s%.400s",
                 strcmp(use->as, file) == 0 ? "by another experiment, as " : "as ", use->as);
}

size_t abp_used_faults(const struct abp_used *used, const struct abp_experiment *experiment,
                       size_t variant, const struct abp_content *content,
                       void (*found)(void *context, const char *message), void *context)
{
    size_t count = 0;
    for (size_t i = 0; i < experiment->channels.count; i++) {
        const char *channel = experiment->channels.list[i];
        char said[560], message[700];
        struct abp_use use;
        if (!abp_used_as(&use, &used->posts, used->ws, experiment->name,
                         experiment->variants[variant].name, channel, content->path, content))
            continue;
        abp_used_say(said, sizeof said, &use, channel, content->path);
        if (strcmp(use.on, channel) == 0)
            snprintf(message, sizeof message, "%s on %.100s; it does not go out there again", said,
                     channel);
        else
            snprintf(message, sizeof message, "%s", said);
        found(context, message);
        count++;
    }
    return count;
}
