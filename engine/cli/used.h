/* Post files that say what is out already under another name (or may be): they don't go out again,
 * and a person should not wait for it. */
#ifndef ABPOST_CLI_USED_H
#define ABPOST_CLI_USED_H

#include "abpost/config.h"
#include "abpost/content.h"
#include "abpost/outbox.h"

struct abp_used {
    struct abp_planned_list posts;
    const struct abp_workspace *ws; /* borrowed */
};

/* What the workspace's posts have used up; nothing where it has no store, or one that can't be read
 * (which others say). Closed with abp_used_close. */
void abp_used_open(struct abp_used *used, const struct abp_workspace *ws);
void abp_used_close(struct abp_used *used);

/* What took a file: the name that it went by then, and the channel. Borrowed from the posts. */
struct abp_use {
    const char *as, *on;
    int gone; /* 1: the workspace no longer has that channel */
};

/* 1: a post of the experiment took a file on the channel that said the same as this one of another
 * name does, or a post of another experiment this one itself; or either of them on a channel of
 * the same account, which one that the workspace no longer has may be. 0: none did, or it was
 * another variant's, which still has it. As engine/publish/shelf.c has it. */
int abp_used_as(struct abp_use *use, const struct abp_planned_list *posts,
                const struct abp_workspace *ws, const char *experiment, const char *variant,
                const char *channel, const char *file, const struct abp_content *content);

/* "was posted already as posts/a/01.txt", into out. */
void abp_used_say(char *out, size_t size, const struct abp_use *use, const char *channel,
                  const char *file);

/* Says to found, for each of the experiment's channels, where the content is out already. variant:
 * number of the experiment's. Returns how many. */
size_t abp_used_faults(const struct abp_used *used, const struct abp_experiment *experiment,
                       size_t variant, const struct abp_content *content,
                       void (*found)(void *context, const char *message), void *context);

#endif
