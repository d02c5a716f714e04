#include "reach.h"

#include <stdlib.h>
#include <string.h>

int abp_reaches_open(struct abp_reaches *reaches, const struct abp_workspace *ws,
                     struct abp_error *err)
{
    memset(reaches, 0, sizeof *reaches);
    if (!ws || ws->channel_count == 0)
        return 0;
    reaches->list = calloc(ws->channel_count, sizeof *reaches->list);
    if (!reaches->list)
        return abp_fail_memory(err);
    reaches->count = ws->channel_count;
    for (size_t i = 0; i < reaches->count; i++) {
        struct abp_reach *reach = &reaches->list[i];
        reach->channel = &ws->channels[i];
        reach->ops = abp_channel_ops(reach->channel->platform);
        if (reach->ops)
            reach->limits = reach->ops->limits;
    }
    return 0;
}

void abp_reaches_close(struct abp_reaches *reaches)
{
    free(reaches->list);
    memset(reaches, 0, sizeof *reaches);
}

struct abp_reach *abp_reach_find(const struct abp_reaches *reaches, const char *name)
{
    for (size_t i = 0; i < reaches->count; i++)
        if (strcmp(reaches->list[i].channel->name, name) == 0)
            return &reaches->list[i];
    return NULL;
}

int abp_reach_ask(struct abp_reach *reach, const struct abp_workspace *ws,
                  const struct abp_env *env, struct abp_error *err)
{
    struct abp_connection connection;
    struct abp_http *http = NULL;
    if (!reach->ops->check)
        return 0;
    if (env->http && env->http->open(&http, env->http->context, err) != 0)
        return -1;
    int rc = abp_connection_open(&connection, reach->channel, http, ws->root, env->now,
                                 env->context, err);
    if (rc == 0) {
        rc = reach->ops->check(&connection, err);
        if (rc == 0)
            reach->limits = connection.limits;
        abp_connection_close(&connection);
    }
    if (http)
        http->close(http);
    return rc;
}
