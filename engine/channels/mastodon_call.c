/* One call of the API: the token goes in as a header and nowhere else; what comes back is made
 * harmless before anything else sees it. */
#include "abpost/text.h"
#include "channels/mastodon.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define TOKEN_MAX 4096 /* bytes of a token */

/* Only what a header can hold: a line end in it would start another header. */
static int is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > '~')
            return 0;
    return len > 0;
}

/* The header that signs every request, made once. */
static int authorize(struct abp_connection *connection, struct abp_error *err)
{
    struct abp_mastodon *state = connection->state;
    struct abp_buffer token;
    int rc = -1;
    if (state->authorization.len)
        return 0;
    abp_buffer_init(&token, TOKEN_MAX);
    if (abp_secret_read(&token, &connection->channel->token, connection->root, err) != 0)
        goto out;
    if (!is_token(abp_buffer_text(&token), token.len)) {
        abp_fail(err, ABP_PERSON,
                 "channel %s: its token holds blanks or characters that no token has; write the "
                 "access token alone there",
                 connection->channel->name);
        goto out;
    }
    abp_buffer_add(&state->authorization, "Authorization: Bearer ");
    state->token_at = state->authorization.len;
    abp_buffer_append(&state->authorization, token.data, token.len);
    rc = state->authorization.failed ? abp_fail_memory(err) : 0;
out:
    abp_secret_wipe(&token);
    return rc;
}

/* 1: U+200B to 200F, 202A to 202E, 2060 to 206F: they turn the direction of what follows, or can't
 * be seen. */
static int unseen(unsigned char a, unsigned char b, unsigned char c)
{
    if (a != 0xE2u)
        return 0;
    if (b == 0x80u)
        return (c >= 0x8Bu && c <= 0x8Fu) || (c >= 0xAAu && c <= 0xAEu);
    return b == 0x81u && c >= 0xA0u && c <= 0xAFu;
}

/* The length of a character of valid UTF-8 that a person may be shown; 0: a blank, a control, or
 * one that is not to be shown. */
static size_t showable(const char *text)
{
    unsigned char a = (unsigned char)text[0], b = a ? (unsigned char)text[1] : 0;
    if (a <= ' ' || a == 0x7Fu || (a == 0xC2u && b < 0xA0u))
        return 0;
    if (a < 0xE0u)
        return a < 0x80u ? 1 : 2;
    return unseen(a, b, (unsigned char)text[2]) ? 0 : a >= 0xF0u ? 4 : 3;
}

/* text (valid UTF-8) into out, on one line, without what is not to be shown. */
static void make_harmless(char *out, size_t size, const char *text)
{
    size_t used = 0;
    while (*text) {
        size_t len = showable(text);
        if (len == 0) {
            /* A character that is left out leaves a blank, of which one is enough. */
            text++;
            while (((unsigned char)*text & 0xC0u) == 0x80u)
                text++;
            if (used == 0 || out[used - 1] == ' ' || used + 1 >= size)
                continue;
            out[used++] = ' ';
            continue;
        }
        if (used + len >= size)
            break;
        memcpy(out + used, text, len);
        used += len;
        text += len;
    }
    while (used && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

/* What went wrong, in the server's words or the network's. A server that sends the token back must
 * not bring it into a log that way. */
static void set_words(const struct abp_mastodon *state, struct abp_mastodon_reply *reply,
                      const struct abp_http_answer *answer)
{
    const char *token = abp_buffer_text(&state->authorization) + state->token_at;
    const char *said = answer->why;
    if (answer->fate == ABP_HTTP_ANSWERED) {
        said = abp_mastodon_string(reply->json, "error");
        if (!said)
            said = abp_mastodon_string(reply->json, "error_description");
    }
    if (!said || !*said)
        snprintf(reply->words, sizeof reply->words, "HTTP status %ld", reply->status);
    else if (strstr(said, token))
        snprintf(reply->words, sizeof reply->words, "(words that repeat the token)");
    else if (abp_utf8_invalid_at(said, strlen(said)) != strlen(said))
        snprintf(reply->words, sizeof reply->words, "(words that are no UTF-8)");
    else
        make_harmless(reply->words, sizeof reply->words, said);
}

/* What the server's headers ask for. */
static void heed_headers(struct abp_connection *connection, struct abp_mastodon_reply *reply,
                         const struct abp_http_answer *answer)
{
    struct abp_mastodon *state = connection->state;
    int64_t now = connection->now(connection->now_context), date, left;
    char value[64];
    if (abp_http_header(value, sizeof value, answer, "Date") &&
        abp_mastodon_http_date(&date, value) == 0)
        state->ahead = date - now;
    reply->retry_at = abp_mastodon_retry_at(answer, now, state->ahead);
    int spent = abp_http_header(value, sizeof value, answer, "X-RateLimit-Remaining") &&
                abp_parse_int64(value, &left) == 0 && left <= 0;
    if (answer->status == 429 && reply->retry_at <= now)
        reply->retry_at = now + 60;
    if ((answer->status == 429 || spent) && reply->retry_at > connection->wait_until)
        connection->wait_until = reply->retry_at;
    if (answer->status < 300) /* all is well: the reset that it always names is no wish */
        reply->retry_at = 0;
}

static void take_answer(struct abp_connection *connection, struct abp_mastodon_reply *reply,
                        const struct abp_http_answer *answer)
{
    reply->fate = answer->fate;
    if (answer->fate == ABP_HTTP_ANSWERED) {
        reply->status = answer->status;
        /* Two members of one name mean two things to two readers. */
        reply->json = json_loadb(abp_buffer_text(&answer->body), answer->body.len,
                                 JSON_REJECT_DUPLICATES, NULL);
        heed_headers(connection, reply, answer);
    }
    set_words(connection->state, reply, answer);
}

int abp_mastodon_call(struct abp_connection *connection, struct abp_mastodon_reply *reply,
                      const struct abp_mastodon_call *call, struct abp_error *err)
{
    struct abp_mastodon *state = connection->state;
    struct abp_http_answer answer;
    struct abp_buffer url;
    char key[64];
    int rc = -1;
    memset(reply, 0, sizeof *reply);
    if (authorize(connection, err) != 0)
        return -1;
    abp_buffer_init(&url, 4096);
    abp_http_answer_init(&answer);
    abp_buffer_add(&url, connection->channel->server);
    if (abp_buffer_add(&url, call->path) != 0) {
        abp_fail_memory(err);
        goto out;
    }
    snprintf(key, sizeof key, "Idempotency-Key: %s", call->key ? call->key : "");
    /* In English, since one of its refusals is told by its words. */
    const char *headers[] = {state->authorization.data, "Accept: application/json",
                             "Accept-Language: en", key};
    struct abp_http_request request = {
        .method = call->method,
        .url = url.data,
        .headers = headers,
        .header_count = call->key ? 4 : 3,
        .body = call->body,
        .body_len = call->body_len,
        .content_type = call->body ? "application/json" : NULL,
        .parts = call->parts,
        .part_count = call->part_count,
        .timeout_ms = call->timeout_ms,
    };
    rc = connection->http->exchange(connection->http, &answer, &request, err);
    if (rc == 0)
        take_answer(connection, reply, &answer);
out:
    abp_http_answer_release(&answer);
    abp_buffer_release(&url);
    return rc;
}

int abp_mastodon_get(struct abp_connection *connection, struct abp_mastodon_reply *reply,
                     const char *path, struct abp_error *err)
{
    struct abp_mastodon_call call = {.method = "GET", .path = path};
    return abp_mastodon_call(connection, reply, &call, err);
}

void abp_mastodon_reply_release(struct abp_mastodon_reply *reply)
{
    json_decref(reply->json);
    memset(reply, 0, sizeof *reply);
}

int abp_mastodon_answered(const struct abp_mastodon_reply *reply, long status)
{
    return reply->fate == ABP_HTTP_ANSWERED && reply->status == status;
}

int abp_mastodon_accepted(const struct abp_mastodon_reply *reply)
{
    return reply->fate == ABP_HTTP_ANSWERED && reply->status >= 200 && reply->status < 300;
}

int abp_mastodon_explained(const struct abp_mastodon_reply *reply)
{
    return reply->fate == ABP_HTTP_ANSWERED && abp_mastodon_string(reply->json, "error") != NULL;
}

int abp_mastodon_lacks(const struct abp_mastodon_reply *reply)
{
    return abp_mastodon_answered(reply, 404) || abp_mastodon_answered(reply, 405) ||
           abp_mastodon_answered(reply, 410) || abp_mastodon_answered(reply, 501);
}

const char *abp_mastodon_string(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    /* json_string_value is NULL for everything else; a NUL inside can't be: jansson refuses it. */
    return json_string_value(value);
}

int abp_mastodon_is_id(const char *id, size_t size)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t len = id ? strlen(id) : 0;
    return len > 0 && len < size && strspn(id, plain) == len && strcmp(id, ".") != 0 &&
           strcmp(id, "..") != 0;
}

const char *abp_mastodon_id(const json_t *object, const char *name, size_t size)
{
    const char *id = abp_mastodon_string(object, name);
    return abp_mastodon_is_id(id, size) ? id : NULL;
}

size_t abp_mastodon_host(const char **host, const char *url)
{
    size_t scheme = url && strncmp(url, "https://", 8) == 0 ? 8 : 7;
    *host = NULL;
    if (!url || (scheme == 7 && strncmp(url, "http://", 7) != 0))
        return 0;
    *host = url + scheme;
    return strcspn(*host, "/?#");
}

int abp_mastodon_same_host(const char *url, const char *other)
{
    const char *a, *b;
    size_t len = abp_mastodon_host(&a, url);
    return len && len == abp_mastodon_host(&b, other) && strncasecmp(a, b, len) == 0;
}

const json_t *abp_mastodon_unwrapped(const json_t *status)
{
    const json_t *inner = json_object_get(status, "reblog");
    return json_is_object(inner) ? inner : status;
}
