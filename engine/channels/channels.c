/* The platforms that this version can post to, and how one is opened. */
#include "channels/platforms.h"

#include <stddef.h>
#include <string.h>

static const struct abp_channel_ops *const platforms[] = {
    &abp_bluesky,
    &abp_mastodon,
    &abp_outbox,
};

const struct abp_channel_ops *abp_channel_ops(enum abp_platform platform)
{
    for (size_t i = 0; i < sizeof platforms / sizeof *platforms; i++)
        if (platforms[i] && platforms[i]->platform == platform)
            return platforms[i];
    return NULL;
}

int abp_connection_open(struct abp_connection *connection, const struct abp_channel *channel,
                        struct abp_http *http, const char *root, int64_t (*now)(void *context),
                        void *now_context, struct abp_error *err)
{
    memset(connection, 0, sizeof *connection);
    const struct abp_channel_ops *ops = abp_channel_ops(channel->platform);
    if (!ops)
        return abp_fail(err, ABP_DATA, "channel %s: this version of abpost can't post to %s",
                        channel->name, abp_platform_name(channel->platform));
    connection->ops = ops;
    connection->channel = channel;
    connection->http = http;
    connection->root = root;
    connection->now = now;
    connection->now_context = now_context;
    connection->limits = ops->limits;
    return ops->open ? ops->open(connection, err) : 0;
}

void abp_connection_close(struct abp_connection *connection)
{
    if (connection->ops && connection->ops->close)
        connection->ops->close(connection);
    memset(connection, 0, sizeof *connection);
}
