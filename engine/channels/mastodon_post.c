/* The one request that publishes, and what its answer means. Its bytes are a JSON body:
 *
 *   {"status": text, "media_ids": [...], "visibility": ..., "language": ...}
 *
 * without members that have nothing to say. A link that the text does not hold yet stands after it,
 * below a blank line. */
#include "abpost/text.h"
#include "abpost/time.h"
#include "channels/mastodon.h"
#include "channels/mastodon_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_TIMEOUT 60000             /* ms: patience is cheaper than not knowing */
#define TEXT_MAX     ((size_t)1 << 20) /* bytes of a status */
#define LATER        60 /* seconds until something refused for the moment is tried anew */

void abp_mastodon_outcome(struct abp_outcome *outcome, enum abp_fate fate, int64_t retry_at,
                          const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memset(outcome, 0, sizeof *outcome);
    outcome->fate = fate;
    outcome->retry_at = retry_at;
    if (n < 0)
        return;
    size_t len = strlen(text), most = sizeof outcome->reason - 1;
    if (len > most) {
        len = most;
        while (len > 0 && ((unsigned char)text[len] & 0xC0u) == 0x80u)
            len--;
    }
    memcpy(outcome->reason, text, len);
    outcome->reason[len] = '\0';
}

/* The API's name of a visibility; NULL: the account's own. */
static const char *visibility_of(const struct abp_channel *channel)
{
    if (!channel->visibility || !*channel->visibility)
        return NULL;
    return strcmp(channel->visibility, "followers") == 0 ? "private" : channel->visibility;
}

/* From fewest to most readers; -1: a name that this API does not have. */
static int width(const char *visibility)
{
    static const char *const names[] = {"direct", "private", "unlisted", "public"};
    for (int i = 0; visibility && i < 4; i++)
        if (strcmp(visibility, names[i]) == 0)
            return i;
    return -1;
}

/* Builds the body. 0 or -1. */
static int write_request(struct abp_buffer *request, const struct abp_connection *connection,
                         const struct abp_content *content, json_t *media_ids)
{
    const char *visibility = visibility_of(connection->channel);
    json_t *body = json_object();
    char *bytes = NULL;
    struct abp_buffer text;
    abp_buffer_init(&text, TEXT_MAX);
    int rc = abp_content_text(&text, content, connection->ops);
    rc |= json_object_set_new(body, "status", json_string(abp_buffer_text(&text)));
    if (json_array_size(media_ids))
        rc |= json_object_set(body, "media_ids", media_ids);
    if (visibility)
        rc |= json_object_set_new(body, "visibility", json_string(visibility));
    if (content->lang && *content->lang)
        rc |= json_object_set_new(body, "language", json_string(content->lang));
    if (rc == 0)
        bytes = json_dumps(body, JSON_COMPACT);
    rc = bytes ? abp_buffer_add(request, bytes) : -1;
    free(bytes);
    json_decref(body);
    abp_buffer_release(&text);
    return rc;
}

/* 0: the server may be asked now; -1 with outcome filled: it wants a pause. */
static int may_ask(const struct abp_connection *connection, struct abp_outcome *outcome)
{
    if (connection->wait_until <= connection->now(connection->now_context))
        return 0;
    abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, connection->wait_until,
                         "the server asked for fewer requests");
    return -1;
}

/* Fills outcome from an error before anything was sent. A wish that has passed is none. -1. */
static int not_sent(const struct abp_connection *connection, struct abp_outcome *outcome,
                    const struct abp_error *err, int64_t retry_at)
{
    int64_t now = connection->now(connection->now_context);
    abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, retry_at > now ? retry_at : 0, "%s",
                         err->message);
    outcome->sign_in = err->code == ABP_PERSON;
    outcome->local = err->code == ABP_FAILED;
    return -1;
}

/* Nothing goes out under another's name. 0, or -1 with outcome filled. */
static int confirm(struct abp_connection *connection, struct abp_outcome *outcome)
{
    struct abp_error err = {0};
    int64_t retry_at = 0;
    if (may_ask(connection, outcome) != 0)
        return -1;
    if (abp_mastodon_confirm(connection, &retry_at, &err) != 0)
        return not_sent(connection, outcome, &err, retry_at);
    return may_ask(connection, outcome); /* that request may have been the last for a while */
}

/* What can be known before anything is uploaded. 0, or -1 with outcome filled. */
static int examine(struct abp_connection *connection, const struct abp_content *content,
                   struct abp_outcome *outcome)
{
    const struct abp_mastodon *state = connection->state;
    struct abp_error err = {0};
    int64_t retry_at = 0;
    if (confirm(connection, outcome) != 0)
        return -1;
    if (abp_mastodon_limits(connection, &retry_at, &err) != 0)
        return not_sent(connection, outcome, &err, retry_at);
    if (abp_content_fits(content, connection->ops, &connection->limits, &err) != 0) {
        abp_mastodon_outcome(outcome, ABP_FATE_REFUSED, 0, "%s", err.message);
        return -1;
    }
    const char *visibility = visibility_of(connection->channel);
    if (visibility && width(visibility) < 1) {
        abp_mastodon_outcome(outcome, ABP_FATE_REFUSED, 0,
                             "'%s' is no visibility of a post; accepted: public, unlisted, "
                             "followers",
                             connection->channel->visibility);
        return -1;
    }
    for (size_t i = 0; i < content->media_count && state->types; i++) {
        if (state->types & abp_mastodon_type_bit(content->media[i].type))
            continue;
        abp_mastodon_outcome(outcome, ABP_FATE_REFUSED, 0, "the server takes no %s, which %s is",
                             content->media[i].type, content->media[i].path);
        return -1;
    }
    return 0;
}

int abp_mastodon_prepare(struct abp_connection *connection, struct abp_buffer *request,
                         const struct abp_content *content, const char *key, int64_t made_at,
                         struct abp_outcome *outcome)
{
    (void)made_at; /* the server dates its posts itself */
    char id[ABP_MASTODON_ID_SIZE];
    memset(outcome, 0, sizeof *outcome);
    if (examine(connection, content, outcome) != 0)
        return -1;
    json_t *media_ids = json_array();
    int rc = -1;
    for (size_t i = 0; i < content->media_count; i++) {
        if (abp_mastodon_upload(connection, id, &content->media[i], key, i, outcome) != 0)
            goto out;
        if (json_array_append_new(media_ids, json_string(id)) != 0)
            break;
    }
    if (json_array_size(media_ids) == content->media_count)
        rc = write_request(request, connection, content, media_ids);
    if (rc != 0)
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, 0, "the request could not be built");
out:
    json_decref(media_ids);
    return rc;
}

/* An address that a person can open; anything else (javascript:, blanks) is none. */
static int is_address(const char *text, size_t size)
{
    if (!text || strlen(text) >= size ||
        (strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0))
        return 0;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == '"' || *text == '<' || *text == '>' ||
            *text == 0x7F)
            return 0;
    return 1;
}

int abp_mastodon_posted(struct abp_outcome *outcome, const json_t *status, const char *wanted)
{
    const char *id = abp_mastodon_id(status, "id", sizeof outcome->remote_id);
    const char *url = abp_mastodon_string(status, "url");
    const char *created = abp_mastodon_string(status, "created_at");
    const char *visibility = abp_mastodon_string(status, "visibility");
    if (!id)
        return -1;
    memset(outcome, 0, sizeof *outcome);
    outcome->fate = ABP_FATE_POSTED;
    snprintf(outcome->remote_id, sizeof outcome->remote_id, "%s", id);
    if (!is_address(url, sizeof outcome->url))
        url = abp_mastodon_string(status, "uri");
    if (is_address(url, sizeof outcome->url))
        snprintf(outcome->url, sizeof outcome->url, "%s", url);
    if (!created || abp_time_parse(&outcome->posted_at, created) != 0)
        outcome->posted_at = 0;
    if (wanted && width(visibility) > width(wanted))
        snprintf(outcome->reason, sizeof outcome->reason,
                 "it is out, but the server calls it %s, which is wider than %s; look at it",
                 visibility, wanted);
    return 0;
}

/* 1: the words of a 422 that is about images which are not ready: en.yml of Mastodon, "Cannot
 * attach files that have not finished processing. Try again in a moment!". */
static int not_ready(const char *words)
{
    return strstr(words, "finished processing") || strstr(words, "Try again in a moment") ||
           strstr(words, "not yet processed");
}

/* 1: ... about images that are not there, or not free: as after a post that took them. "Media
 * 12345 not found or already attached to another post". */
static int media_taken(const char *words)
{
    return (strstr(words, "Media") || strstr(words, "media") || strstr(words, "attachment")) &&
           (strstr(words, "not found") || strstr(words, "already"));
}

/* A 422: almost always for good. */
static void refused(struct abp_outcome *outcome, const struct abp_mastodon_reply *reply,
                    int has_media, int64_t now)
{
    if (has_media && not_ready(reply->words))
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, now + LATER,
                             "the images are not ready yet: %s", reply->words);
    else if (has_media && media_taken(reply->words))
        abp_mastodon_outcome(outcome, ABP_FATE_UNKNOWN, now + ABP_MASTODON_SETTLE,
                             "the images are gone, as they are after a post that took them: %s",
                             reply->words);
    else
        abp_mastodon_outcome(outcome, ABP_FATE_REFUSED, 0, "the server refused it (%ld): %s",
                             reply->status, reply->words);
}

/* Whether an answer that is no success says for sure that nothing was posted. A refusal is for good
 * and voids a block, so it has to be the server's own. What stands in front of a server answers 404
 * and its like, too, when there is no server behind it for a while; mostly it has passed nothing on
 * then, but it may have tried one server after the other, or have put its own page in place of an
 * answer: that leaves it open, as its 502 would, and the account's list tells later. What it says
 * of the request's size it says before it passes anything on, and will say again. */
static enum abp_fate fate_of(const struct abp_mastodon_reply *reply)
{
    switch (reply->status) {
    case 401: /* the token */
    case 403:
    case 425: /* nothing was looked at */
    case 429:
    case 301: /* the server is elsewhere; what was sent here was not taken */
    case 307:
    case 308:
        return ABP_FATE_NOT_SENT;
    case 411: /* the request's size */
    case 413:
    case 414:
    case 431:
        return ABP_FATE_REFUSED;
    case 400:
    case 404:
    case 405:
    case 406:
    case 410:
    case 415:
    case 422:
    case 501:
        return abp_mastodon_explained(reply) ? ABP_FATE_REFUSED : ABP_FATE_UNKNOWN;
    default: /* 5xx: Mastodon has answered 500 to posts that it made (a resend of a key); 408, 409
                and 303 leave it open as well */
        return ABP_FATE_UNKNOWN;
    }
}

static void judge(struct abp_outcome *outcome, const struct abp_mastodon_reply *reply,
                  int has_media, int64_t now)
{
    enum abp_fate fate = fate_of(reply);
    int64_t retry_at = reply->retry_at > now ? reply->retry_at : 0;
    if (fate == ABP_FATE_REFUSED) {
        refused(outcome, reply, has_media, now);
    } else if (fate == ABP_FATE_UNKNOWN) {
        int64_t settled = now + ABP_MASTODON_SETTLE;
        abp_mastodon_outcome(outcome, fate, retry_at > settled ? retry_at : settled,
                             "the server answered %ld, which leaves open whether it is out: %s",
                             reply->status, reply->words);
    } else if (reply->status == 401 || reply->status == 403) {
        abp_mastodon_outcome(outcome, fate, 0, "the server does not accept the token (%ld): %s",
                             reply->status, reply->words);
        outcome->sign_in = 1;
    } else if (reply->status < 400) {
        abp_mastodon_outcome(outcome, fate, now + LATER,
                             "the server has moved (%ld); write its new address into the "
                             "channel's section",
                             reply->status);
    } else {
        abp_mastodon_outcome(outcome, fate, retry_at ? retry_at : now + LATER,
                             "the server wants fewer requests (%ld): %s", reply->status,
                             reply->words);
    }
}

/* 1: a server that heeds the key answers with what it made under it before: an earlier text. */
static int is_other_text(const json_t *asked, const json_t *status)
{
    const char *text = abp_mastodon_string(asked, "status");
    const char *content = abp_mastodon_string(status, "content");
    return text && content && abp_mastodon_content_likeness(text, content) == ABP_UNLIKE;
}

static void take_answer(struct abp_outcome *outcome, const struct abp_mastodon_reply *reply,
                        const json_t *asked, int64_t now)
{
    int has_media = json_array_size(json_object_get(asked, "media_ids")) > 0;
    if (reply->fate == ABP_HTTP_NOT_SENT)
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, 0, "no connection: %s", reply->words);
    else if (reply->fate == ABP_HTTP_LOST)
        abp_mastodon_outcome(outcome, ABP_FATE_UNKNOWN, now + ABP_MASTODON_SETTLE,
                             "the answer was lost: %s", reply->words);
    else if (!abp_mastodon_accepted(reply))
        judge(outcome, reply, has_media, now);
    else if (abp_mastodon_posted(outcome, reply->json, abp_mastodon_string(asked, "visibility")) !=
             0)
        abp_mastodon_outcome(outcome, ABP_FATE_UNKNOWN, now + ABP_MASTODON_SETTLE,
                             "the server answered %ld without a usable id", reply->status);
    else
        outcome->other_text = is_other_text(asked, reply->json);
}

int abp_mastodon_is_own(const char *request, size_t len)
{
    json_t *asked = json_loadb(request, len, JSON_REJECT_DUPLICATES, NULL);
    int own = abp_mastodon_string(asked, "status") != NULL;
    json_decref(asked);
    return own;
}

void abp_mastodon_send(struct abp_connection *connection, struct abp_outcome *outcome,
                       const char *request, size_t len, const char *key)
{
    struct abp_mastodon_reply reply;
    struct abp_error err = {0};
    struct abp_mastodon_call call = {.method = "POST",
                                     .path = "/api/v1/statuses",
                                     .key = key,
                                     .body = request,
                                     .body_len = len,
                                     .timeout_ms = SEND_TIMEOUT};
    /* Here as well as in prepare: a retry sends the bytes that it has. */
    if (confirm(connection, outcome) != 0)
        return;
    if (abp_mastodon_call(connection, &reply, &call, &err) != 0) {
        not_sent(connection, outcome, &err, 0);
        return;
    }
    json_t *asked = json_loadb(request, len, JSON_REJECT_DUPLICATES, NULL);
    take_answer(outcome, &reply, asked, connection->now(connection->now_context));
    json_decref(asked);
    abp_mastodon_reply_release(&reply);
}
