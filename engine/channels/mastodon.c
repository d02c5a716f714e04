/* Mastodon and servers that speak its API. */
#include "channels/mastodon.h"

#include "channels/platforms.h"

#include <stdlib.h>
#include <time.h>

static const char *const metrics[] = {"likes", "reposts", "replies", "quotes", NULL};

static void pause_for(long milliseconds)
{
    struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&left, NULL);
}

static int open_mastodon(struct abp_connection *connection, struct abp_error *err)
{
    struct abp_mastodon *state = calloc(1, sizeof *state);
    if (!state)
        return abp_fail_memory(err);
    abp_buffer_init(&state->authorization, 8192);
    state->pause = pause_for;
    connection->state = state;
    return 0;
}

static void close_mastodon(struct abp_connection *connection)
{
    struct abp_mastodon *state = connection->state;
    if (state)
        abp_secret_wipe(&state->authorization);
    free(state);
    connection->state = NULL;
}

static int check_mastodon(struct abp_connection *connection, struct abp_error *err)
{
    struct abp_mastodon *state = connection->state;
    state->account_id[0] = state->other[0] = '\0'; /* a check asks, whatever was known */
    state->limits_asked = 0;
    if (abp_mastodon_who(connection, NULL, err) != 0) {
        if (err && state->other[0])
            err->code = ABP_DATA; /* the server lets us in: it is the workspace that mixes up two */
        return -1;
    }
    return abp_mastodon_limits(connection, NULL, err);
}

/* The limits are those of Mastodon 4.4 as it comes. Keys are kept for an hour (redis.setex in its
 * PostStatusService) and only by servers that care: abp_mastodon_find is what can be relied on. */
const struct abp_channel_ops abp_mastodon = {
    .platform = ABP_MASTODON,
    .abilities =
        ABP_CAN_KEY_WINDOW | ABP_CAN_FIND | ABP_CAN_READ | ABP_CAN_MEDIA | ABP_CAN_VISIBILITY,
    .key_window = 3600,
    .settle = ABP_MASTODON_SETTLE,
    .limits = {.characters = 500,
               .bytes = -1,
               .url_characters = 23,
               .media = 4,
               .media_bytes = 16777216,
               .alt_characters = 1500},
    .counting = ABP_COUNT_MENTIONS,
    .link_joint = "\n\n",
    .metrics = metrics,
    .open = open_mastodon,
    .close = close_mastodon,
    .check = check_mastodon,
    .prepare = abp_mastodon_prepare,
    .is_own = abp_mastodon_is_own,
    .send = abp_mastodon_send,
    .find = abp_mastodon_find,
    .locate = abp_mastodon_locate,
    .read = abp_mastodon_read,
};
