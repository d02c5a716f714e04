/* The platforms that this version can post to, and how one is opened. */
#include "channels/keep.h"
#include "channels/platforms.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_PAUSE 86400         /* seconds that a server may ask for */
#define CLOCK_SLACK   900           /* seconds that clocks may differ by */
#define PAUSE_MAX     ((size_t)100) /* bytes of one that is kept */

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

/* ---- pauses outlive the process that was asked for them ---- */

static void name_pause(char name[64], const struct abp_channel *channel)
{
    snprintf(name, 64, "pause-%.50s", channel->name);
}

/* What can't be read is no pause: at worst the server says it once more. Nor is one that a clock
 * noted which was ahead. */
static int64_t kept_pause(const struct abp_connection *connection)
{
    struct abp_buffer text;
    struct abp_error ignored = {0};
    char name[64];
    int64_t noted_at = 0, until = 0, now = connection->now(connection->now_context);
    name_pause(name, connection->channel);
    abp_buffer_init(&text, PAUSE_MAX);
    int found = abp_keep_look(&text, connection->root, name, &ignored) == 0;
    if (found) { /* what is no number is 0, which is long past */
        char *end;
        noted_at = strtoll(abp_buffer_text(&text), &end, 10);
        until = strtoll(end, NULL, 10);
    }
    abp_buffer_release(&text);
    return found && noted_at <= now + CLOCK_SLACK && until > now && until <= now + LONGEST_PAUSE
               ? until
               : 0;
}

static void keep_pause(const struct abp_connection *connection)
{
    struct abp_error ignored = {0};
    char name[64], text[PAUSE_MAX];
    int64_t now = connection->now(connection->now_context);
    if (!connection->root || connection->wait_until <= now ||
        connection->wait_until == connection->paused_until)
        return;
    name_pause(name, connection->channel);
    int len = snprintf(text, sizeof text, "%" PRId64 " %" PRId64 "\n", now, connection->wait_until);
    if (abp_keep_write(connection->root, name, text, (size_t)len, &ignored) != 0)
        return; /* as above */
}

/* ---- one account ---- */

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
    if (http && root)
        connection->wait_until = connection->paused_until = kept_pause(connection);
    return ops->open ? ops->open(connection, err) : 0;
}

void abp_connection_close(struct abp_connection *connection)
{
    if (connection->http)
        keep_pause(connection);
    if (connection->ops && connection->ops->close)
        connection->ops->close(connection);
    memset(connection, 0, sizeof *connection);
}
