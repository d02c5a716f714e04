/* Who the token belongs to, and what the server allows. */
#include "abpost/text.h"
#include "channels/mastodon.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LIMIT_MAX INT64_C(1000000000000) /* a limit beyond this is none */

static const char *const image_types[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};

unsigned abp_mastodon_type_bit(const char *type)
{
    for (unsigned i = 0; type && i < sizeof image_types / sizeof *image_types; i++)
        if (strcmp(type, image_types[i]) == 0)
            return 1u << i;
    return 0;
}

/* A limit that is a number above 0; anything else leaves what was there. */
static void take(int64_t *limit, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    json_int_t number = json_integer_value(value);
    if (json_is_integer(value) && number > 0 && number <= LIMIT_MAX)
        *limit = number;
}

static unsigned types_of(const json_t *media)
{
    const json_t *list = json_object_get(media, "supported_mime_types"), *type;
    unsigned types = 0;
    size_t i;
    json_array_foreach(list, i, type) types |= abp_mastodon_type_bit(json_string_value(type));
    return types;
}

/* Both shapes: configuration (Mastodon 4, and 3.4.2 in v1), and the members that Pleroma and its
 * kin put at the top. */
static void take_limits(struct abp_connection *connection, const json_t *instance)
{
    struct abp_mastodon *state = connection->state;
    struct abp_limits *limits = &connection->limits;
    const json_t *configuration = json_object_get(instance, "configuration");
    const json_t *statuses = json_object_get(configuration, "statuses");
    const json_t *media = json_object_get(configuration, "media_attachments");
    take(&limits->characters, instance, "max_toot_chars");
    take(&limits->media, instance, "max_media_attachments");
    take(&limits->media_bytes, instance, "upload_limit");
    take(&limits->alt_characters, instance, "description_limit");
    take(&limits->characters, statuses, "max_characters");
    take(&limits->url_characters, statuses, "characters_reserved_per_url");
    take(&limits->media, statuses, "max_media_attachments");
    take(&limits->media_bytes, media, "image_size_limit");
    take(&limits->alt_characters, media, "description_limit");
    state->types = types_of(media);
}

/* -1: can't be reached; err says why. */
static int unreachable(const struct abp_connection *connection,
                       const struct abp_mastodon_reply *reply, struct abp_error *err)
{
    abp_fail(err, ABP_UNREACHABLE, "channel %s: %s can't be asked just now: %s",
             connection->channel->name, connection->channel->server, reply->words);
    if (err)
        err->http_status = reply->status;
    return -1;
}

/* 1: this answer may be another one in a while. */
static int for_a_while(const struct abp_mastodon_reply *reply)
{
    return reply->fate != ABP_HTTP_ANSWERED || reply->status == 429 ||
           (reply->status >= 500 && reply->status != 501);
}

int abp_mastodon_limits(struct abp_connection *connection, int64_t *retry_at, struct abp_error *err)
{
    static const char *const paths[] = {"/api/v2/instance", "/api/v1/instance"};
    struct abp_mastodon *state = connection->state;
    for (size_t i = 0; i < 2 && !state->limits_asked; i++) {
        struct abp_mastodon_reply reply;
        if (abp_mastodon_get(connection, &reply, paths[i], err) != 0)
            return -1;
        int rc = 0;
        if (abp_mastodon_accepted(&reply) && json_is_object(reply.json)) {
            take_limits(connection, reply.json);
            state->limits_asked = 1;
        } else if (for_a_while(&reply)) {
            rc = unreachable(connection, &reply, err);
            if (retry_at)
                *retry_at = reply.retry_at;
        }
        abp_mastodon_reply_release(&reply);
        if (rc != 0)
            return -1;
    }
    /* Neither path is there. That is so with some servers, and with every server that is gone. */
    if (!state->limits_asked && abp_mastodon_who(connection, retry_at, err) != 0)
        return -1;
    state->limits_asked = 1;
    return 0;
}

/* 1: account, as it is written in the workspace (name, @name, name@server), is this user. */
static int same_account(const char *account, const char *username)
{
    if (*account == '@')
        account++;
    size_t len = strcspn(account, "@");
    return len == strlen(username) && strncasecmp(account, username, len) == 0;
}

static int names_account(const struct abp_channel *channel)
{
    return channel->account && *channel->account;
}

static int fail_other(const struct abp_connection *connection, struct abp_error *err)
{
    const struct abp_mastodon *state = connection->state;
    const struct abp_channel *channel = connection->channel;
    return abp_fail(err, ABP_PERSON,
                    "channel %s: its token belongs to %s, not to %s; put the token of %s where the "
                    "channel's token points",
                    channel->name, state->other, channel->account, channel->account);
}

static void take_web_host(struct abp_mastodon *state, const char *url)
{
    const char *host;
    size_t len = abp_mastodon_host(&host, url);
    state->web_host[0] = '\0';
    if (len < sizeof state->web_host)
        snprintf(state->web_host, sizeof state->web_host, "%.*s", (int)len, len ? host : "");
}

/* The answer of verify_credentials. */
static int take_account(struct abp_connection *connection, const struct abp_mastodon_reply *reply,
                        struct abp_error *err)
{
    struct abp_mastodon *state = connection->state;
    const struct abp_channel *channel = connection->channel;
    if (for_a_while(reply))
        return unreachable(connection, reply, err);
    /* 422 is what snac says to a token that it does not know. */
    if (reply->status == 401 || reply->status == 403 || reply->status == 422)
        return abp_fail(err, ABP_PERSON,
                        "channel %s: %s does not accept the token: %s; make a new access token "
                        "there (read and write:statuses, write:media) and put it where the "
                        "channel's token points",
                        channel->name, channel->server, reply->words);
    const char *id = abp_mastodon_id(reply->json, "id", sizeof state->account_id);
    if (!abp_mastodon_accepted(reply) || !id)
        return abp_fail(err, ABP_DATA,
                        "channel %s: %s does not answer as a Mastodon server does: %s",
                        channel->name, channel->server, reply->words);
    const char *username = abp_mastodon_string(reply->json, "username");
    if (names_account(channel) && (!username || !*username))
        return abp_fail(err, ABP_DATA, "channel %s: %s does not say whose the token is",
                        channel->name, channel->server);
    if (names_account(channel) && !same_account(channel->account, username)) {
        abp_shown(state->other, username);
        return fail_other(connection, err);
    }
    snprintf(state->account_id, sizeof state->account_id, "%s", id);
    take_web_host(state, abp_mastodon_string(reply->json, "url"));
    return 0;
}

int abp_mastodon_who(struct abp_connection *connection, int64_t *retry_at, struct abp_error *err)
{
    struct abp_mastodon *state = connection->state;
    struct abp_mastodon_reply reply;
    if (state->account_id[0])
        return 0;
    if (state->other[0])
        return fail_other(connection, err);
    if (abp_mastodon_get(connection, &reply, "/api/v1/accounts/verify_credentials", err) != 0)
        return -1;
    int rc = take_account(connection, &reply, err);
    if (rc != 0 && retry_at)
        *retry_at = reply.retry_at;
    abp_mastodon_reply_release(&reply);
    return rc;
}

int abp_mastodon_confirm(struct abp_connection *connection, int64_t *retry_at,
                         struct abp_error *err)
{
    return names_account(connection->channel) ? abp_mastodon_who(connection, retry_at, err) : 0;
}
