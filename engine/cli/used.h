/* Post files that say what is out already under another name (or may be): they don't go out again,
 * and a person should not wait for it. */
#ifndef ABPOST_CLI_USED_H
#define ABPOST_CLI_USED_H

#include "abpost/config.h"
#include "abpost/content.h"
#include "abpost/outbox.h"

struct abp_used {
    struct abp_planned_list posts;
    const char *root; /* borrowed; the workspace's folder */
};

/* What the workspace's posts have used up; nothing where it has no store, or one that can't be read
 * (which others say). Closed with abp_used_close. */
void abp_used_open(struct abp_used *used, const struct abp_workspace *ws);
void abp_used_close(struct abp_used *used);

/* The name of the file that a post of the experiment took on the channel, and which said the same
 * as this one of another name does, or this one's own where a post of another experiment took it.
 * NULL: there is none, or it was another variant's, which still has it. Borrowed from posts. As
 * engine/publish/shelf.c has it. */
const char *abp_used_as(const struct abp_planned_list *posts, const char *root,
                        const char *experiment, const char *variant, const char *channel,
                        const char *file, const struct abp_content *content);

/* Says to found, for each of the experiment's channels, where the content is out already. variant:
 * number of the experiment's. Returns how many. */
size_t abp_used_faults(const struct abp_used *used, const struct abp_experiment *experiment,
                       size_t variant, const struct abp_content *content,
                       void (*found)(void *context, const char *message), void *context);

#endif
