/* The channels of a workspace as a command sees them before anything is posted: can this version
 * post there, what is allowed, and, where it may ask, does the server let us in. */
#ifndef ABPOST_CLI_REACH_H
#define ABPOST_CLI_REACH_H

#include "abpost/channel.h"
#include "abpost/config.h"
#include "abpost/env.h"

struct abp_reach {
    const struct abp_channel *channel; /* borrowed */
    const struct abp_channel_ops *ops; /* literal; NULL: this version can't post there */
    struct abp_limits limits; /* where ops is not NULL; the server's own once it was asked */
};

struct abp_reaches {
    struct abp_reach *list; /* owned; the workspace's channels, in its order */
    size_t count;
};

/* All of ws (NULL: none), with the limits that their platforms have when nobody asks. */
int abp_reaches_open(struct abp_reaches *reaches, const struct abp_workspace *ws,
                     struct abp_error *err) ABP_MUST_CHECK;
void abp_reaches_close(struct abp_reaches *reaches);
/* The channel of that name, or NULL. */
struct abp_reach *abp_reach_find(const struct abp_reaches *reaches, const char *name);

/* Signs in and takes over the server's limits; ops must not be NULL. 0 too where there is nothing
 * to sign in to. -1: ABP_PERSON (refused), ABP_UNREACHABLE, ABP_DATA, ABP_FAILED. */
int abp_reach_ask(struct abp_reach *reach, const struct abp_workspace *ws,
                  const struct abp_env *env, struct abp_error *err) ABP_MUST_CHECK;

#endif
