/* Talking to several accounts at once without crowding any server: the channels of one server are
 * served one after the other, over one HTTP client; different servers at the same time. */
#ifndef ABPOST_SERVERS_H
#define ABPOST_SERVERS_H

#include "abpost/channel.h"
#include "abpost/env.h"

#include <pthread.h>

struct abp_servers {
    const struct abp_env *env;          /* borrowed: clock, HTTP, stop */
    const char *root;                   /* borrowed; the workspace's folder */
    const struct abp_channel *channels; /* borrowed */
    const unsigned char *wanted;        /* borrowed; channel_count: 1: it is to be served */
    size_t channel_count;
    pthread_mutex_t *lock; /* borrowed; held whenever `serve` is called, which lets go of it while
                              it talks to its server */
    /* connection NULL: it could not be opened, and why says so. 0: go on; -1: serve no more. */
    int (*serve)(void *context, struct abp_connection *connection,
                 const struct abp_channel *channel, const struct abp_error *why);
    void *context; /* borrowed */
};

/* Serves every wanted channel once, unless env->stop or `serve` ends it. 0; -1 with err when no
 * HTTP client could be had, or memory is out. */
int abp_servers_each(const struct abp_servers *servers, struct abp_error *err) ABP_MUST_CHECK;

#endif
