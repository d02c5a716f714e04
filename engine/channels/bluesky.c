#include "channels/bluesky.h"
#include "channels/bluesky_facets.h"
#include "channels/platforms.h"

#include "abpost/digest.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTLE_SECONDS 30

/* Of server and account, so that an account that changes in the workspace file does not inherit the
 * other's session. */
static int name_session(struct abp_bluesky *state, const struct abp_channel *channel,
                        struct abp_error *err)
{
    struct abp_digest *digest = NULL;
    char hex[ABP_DIGEST_SIZE];
    int rc = -1;
    if (abp_digest_open(&digest, err) == 0 && abp_digest_text(digest, channel->server, err) == 0 &&
        abp_digest_text(digest, channel->account, err) == 0 &&
        abp_digest_end(hex, digest, err) == 0)
        rc = 0;
    abp_digest_close(digest);
    if (rc == 0)
        snprintf(state->keep, sizeof state->keep, "bluesky-%.32s", hex);
    return rc;
}

static int open_bluesky(struct abp_connection *connection, struct abp_error *err)
{
    const struct abp_channel *channel = connection->channel;
    if (!channel->account || !channel->account[0] || !channel->server ||
        !abp_bluesky_is_service(channel->server, 1))
        return abp_fail(err, ABP_DATA,
                        "channel %s: type bluesky needs account, and as server an https:// address "
                        "without a path",
                        channel->name);
    struct abp_bluesky *state = calloc(1, sizeof *state);
    if (!state)
        return abp_fail_memory(err);
    if (name_session(state, channel, err) != 0) {
        free(state);
        return -1;
    }
    connection->state = state;
    return 0;
}

static void close_bluesky(struct abp_connection *connection)
{
    struct abp_bluesky *state = connection->state;
    if (!state)
        return;
    OPENSSL_cleanse(state, sizeof *state);
    free(state);
    connection->state = NULL;
}

/* Limits are the same everywhere: they are part of the lexicon. */
static int check(struct abp_connection *connection, struct abp_error *err)
{
    struct abp_xrpc_answer answer;
    struct abp_xrpc call = {.method = "GET", .path = "com.atproto.server.getSession"};
    struct abp_bluesky *state = connection->state;
    state->insist = 1; /* it is a person who asks */
    abp_bluesky_call(connection, &answer, &call);
    int rc = answer.kind == ABP_XRPC_OK ? abp_bluesky_take_account(connection, &answer) : -1;
    if (rc != 0)
        abp_xrpc_fail(connection, &answer, err);
    abp_xrpc_release(&answer);
    return rc;
}

const struct abp_channel_ops abp_bluesky = {
    .platform = ABP_BLUESKY,
    .abilities = ABP_CAN_KEY | ABP_CAN_FIND | ABP_CAN_READ | ABP_CAN_MEDIA,
    .settle = SETTLE_SECONDS,
    .limits = {.characters = ABP_BLUESKY_GRAPHEMES,
               .bytes = ABP_BLUESKY_TEXT_BYTES,
               .url_characters = -1,
               .media = ABP_CONTENT_MEDIA_MAX,
               .media_bytes = ABP_BLUESKY_IMAGE,
               .alt_characters = -1},
    .media_joint = "\n\n",
    .link_in = abp_bluesky_link_in,
    .metrics = abp_bluesky_metrics,
    .open = open_bluesky,
    .close = close_bluesky,
    .check = check,
    .prepare = abp_bluesky_prepare,
    .is_own = abp_bluesky_is_own,
    .send = abp_bluesky_send,
    .find = abp_bluesky_find,
    .locate = abp_bluesky_locate,
    .read = abp_bluesky_read,
};
