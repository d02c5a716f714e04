#include "channels/bluesky.h"

#include "abpost/text.h"
#include "abpost/time.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define URL_MAX       16384
#define WAIT_UNKNOWN  300   /* seconds to wait when a 429 does not say how long */
#define WAIT_MOST     86400 /* the longest window that is known: a day */
#define WAIT_LEAST    1
#define BLOT_FROM     32 /* letters and digits in a row: tokens are longer, words and DIDs are not */
#define HEADERS_MAX   4
#define AGAIN_SECONDS 60 /* when something is out of order at the other end */

static int64_t now_of(const struct abp_connection *connection)
{
    return connection->now(connection->now_context);
}

/* ---- words for people ---- */

static int is_token_byte(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '+' || c == '=';
}

/* xxxx-xxxx-xxxx-xxxx, as app passwords look. */
static int is_app_password(const char *text, size_t len)
{
    if (len != 19)
        return 0;
    for (size_t i = 0; i < len; i++)
        if (i % 5 == 4 ? text[i] != '-' : !isalnum((unsigned char)text[i]))
            return 0;
    return 1;
}

/* Appends the character at text (n bytes), when it fits beside a NUL. */
static int put(char *out, size_t size, size_t *len, const char *bytes, size_t n)
{
    if (*len + n >= size)
        return -1;
    memcpy(out + *len, bytes, n);
    *len += n;
    out[*len] = '\0';
    return 0;
}

/* One character that is not part of a token: its length; what can't be shown becomes a blank. */
static size_t put_character(char *out, size_t size, size_t *len, const char *text, size_t left,
                            int *full)
{
    utf8proc_int32_t code;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)left, &code);
    int shown = 0;
    if (n > 0) {
        utf8proc_category_t category = utf8proc_category(code);
        shown = category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_CF &&
                category != UTF8PROC_CATEGORY_ZL && category != UTF8PROC_CATEGORY_ZP;
    }
    *full = put(out, size, len, shown ? text : " ", shown ? (size_t)n : 1) != 0;
    return n > 0 ? (size_t)n : 1;
}

void abp_xrpc_blot(char *out, size_t size, const char *text)
{
    size_t left = strlen(text), len = 0;
    int full = 0;
    out[0] = '\0';
    while (left > 0 && !full) {
        size_t run = 0;
        while (run < left && is_token_byte(text[run]))
            run++;
        if (run > BLOT_FROM || is_app_password(text, run))
            full = put(out, size, &len, "...", 3) != 0;
        else
            for (size_t i = 0; i < run && !full; i++)
                full = put(out, size, &len, text + i, 1) != 0;
        if (run == 0)
            run = put_character(out, size, &len, text, left, &full);
        text += run;
        left -= run;
    }
}

int abp_xrpc_encode(struct abp_buffer *out, const char *text)
{
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) || strchr("-._~", c))
            abp_buffer_byte(out, *text);
        else
            abp_buffer_printf(out, "%%%02X", c);
    }
    return out->failed ? -1 : 0;
}

int abp_xrpc_string(char *out, size_t size, const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    out[0] = '\0';
    if (!text || len == 0 || len >= size)
        return -1;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20u || text[i] == 0x7F)
            return -1;
    memcpy(out, text, len + 1);
    return 0;
}

/* ---- the answer ---- */

void abp_xrpc_release(struct abp_xrpc_answer *answer)
{
    json_decref(answer->body);
    answer->body = NULL;
}

static json_t *object_of(const struct abp_http_answer *http)
{
    json_error_t at;
    json_t *body =
        json_loadb(abp_buffer_text(&http->body), http->body.len, JSON_REJECT_DUPLICATES, &at);
    if (body && !json_is_object(body)) {
        json_decref(body);
        body = NULL;
    }
    return body;
}

/* The error's name: letters and digits, at most 63; else "". */
static void name_error(struct abp_xrpc_answer *answer)
{
    char name[sizeof answer->error];
    if (abp_xrpc_string(name, sizeof name, answer->body, "error") != 0)
        return;
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p))
            return;
    if (strlen(name) <= BLOT_FROM)
        memcpy(answer->error, name, sizeof name);
}

/* What the server says about it, unless it repeats a secret. */
static void reason_of_error(struct abp_xrpc_answer *answer, const struct abp_xrpc *call)
{
    const char *message = json_string_value(json_object_get(answer->body, "message"));
    char said[200] = "";
    if (message && !(call->token && strstr(message, call->token)) &&
        !(call->secret && strstr(message, call->secret)))
        abp_xrpc_blot(said, sizeof said, message);
    if (answer->error[0] && said[0])
        snprintf(answer->reason, sizeof answer->reason, "the server says: %s (%s)", said,
                 answer->error);
    else if (answer->error[0])
        snprintf(answer->reason, sizeof answer->reason, "the server says: %s", answer->error);
    else
        snprintf(answer->reason, sizeof answer->reason,
                 "the server answered %ld, which is no answer of a Bluesky server", answer->status);
}

static int is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return 1;
    return 0;
}

static enum abp_xrpc_kind kind_of_error(const struct abp_xrpc_answer *answer)
{
    static const char *const expired[] = {"ExpiredToken", "InvalidToken", NULL};
    static const char *const account[] = {
        "AccountTakedown", "AccountDeactivated",      "AccountSuspended", "AuthenticationRequired",
        "AuthMissing",     "AuthFactorTokenRequired", "AccountNotFound",  NULL};
    if (answer->status == 408 || answer->status == 425 || answer->status > 499)
        return ABP_XRPC_UNCLEAR;
    if (answer->status == 413)
        return ABP_XRPC_ERROR;
    if (!answer->error[0])
        return ABP_XRPC_UNCLEAR;
    if (is_one_of(answer->error, expired))
        return ABP_XRPC_EXPIRED;
    if (answer->status == 401 || answer->status == 403 || is_one_of(answer->error, account))
        return ABP_XRPC_ACCOUNT;
    return ABP_XRPC_ERROR;
}

/* Until when a 429 asks to wait: RateLimit-Reset is a Unix time here, Retry-After seconds. Neither
 * is believed beyond a day. */
static int64_t wait_of(const struct abp_http_answer *http, int64_t now)
{
    char value[32];
    int64_t number, until = now + WAIT_UNKNOWN;
    if (abp_http_header(value, sizeof value, http, "RateLimit-Reset") &&
        abp_parse_int64(value, &number) == 0 && number >= 0)
        until = number;
    else if (abp_http_header(value, sizeof value, http, "Retry-After") &&
             abp_parse_int64(value, &number) == 0 && number >= 0 && number <= WAIT_MOST)
        until = now + number;
    if (until < now + WAIT_LEAST)
        until = now + WAIT_LEAST;
    return until > now + WAIT_MOST ? now + WAIT_MOST : until;
}

static void say_wait(const struct abp_connection *connection, struct abp_xrpc_answer *answer)
{
    char until[ABP_TIME_SIZE];
    abp_time_format(until, connection->wait_until);
    answer->kind = ABP_XRPC_WAIT;
    snprintf(answer->reason, sizeof answer->reason,
             "the server has had enough requests; it wants none before %s", until);
}

static void judge(struct abp_connection *connection, struct abp_xrpc_answer *answer,
                  const struct abp_http_answer *http, const struct abp_xrpc *call)
{
    answer->status = http->status;
    answer->body = object_of(http);
    if (http->status == 200 && answer->body) {
        answer->kind = ABP_XRPC_OK;
        return;
    }
    if (http->status == 429) {
        int64_t until = wait_of(http, now_of(connection));
        if (until > connection->wait_until)
            connection->wait_until = until;
        say_wait(connection, answer);
        return;
    }
    if (http->status < 400) {
        answer->kind = ABP_XRPC_UNCLEAR;
        snprintf(answer->reason, sizeof answer->reason,
                 "the server answered %ld with something that is no answer of a Bluesky server",
                 http->status);
        return;
    }
    name_error(answer);
    answer->kind = kind_of_error(answer);
    reason_of_error(answer, call);
}

/* ---- the call ---- */

static int64_t next_minute(const struct abp_connection *connection)
{
    return now_of(connection) + AGAIN_SECONDS;
}

static void exchange(struct abp_connection *connection, struct abp_xrpc_answer *answer,
                     const struct abp_xrpc *call, const char *url, const char *authorization)
{
    const char *headers[HEADERS_MAX];
    struct abp_http_request request = {.method = call->method,
                                       .url = url,
                                       .headers = headers,
                                       .body = call->body,
                                       .body_len = call->body_len,
                                       .content_type = call->content_type,
                                       .timeout_ms = call->timeout_ms};
    struct abp_http_answer http;
    struct abp_error err = {0};
    headers[request.header_count++] = "Accept: application/json";
    if (authorization)
        headers[request.header_count++] = authorization;
    abp_http_answer_init(&http);
    if (connection->http->exchange(connection->http, &http, &request, &err) != 0) {
        answer->kind = ABP_XRPC_NOT_SENT;
        abp_xrpc_blot(answer->reason, sizeof answer->reason, err.message);
    } else if (http.fate != ABP_HTTP_ANSWERED) {
        answer->kind = http.fate == ABP_HTTP_NOT_SENT ? ABP_XRPC_NOT_SENT : ABP_XRPC_UNCLEAR;
        abp_xrpc_blot(answer->reason, sizeof answer->reason, http.why);
    } else {
        judge(connection, answer, &http, call);
    }
    abp_secret_wipe(&http.body); /* it may hold tokens */
    abp_http_answer_release(&http);
}

void abp_xrpc_call(struct abp_connection *connection, struct abp_xrpc_answer *answer,
                   const struct abp_xrpc *call)
{
    struct abp_buffer url, authorization;
    memset(answer, 0, sizeof *answer);
    if (now_of(connection) < connection->wait_until) {
        say_wait(connection, answer);
        return;
    }
    abp_buffer_init(&url, URL_MAX);
    abp_buffer_init(&authorization, ABP_BLUESKY_TOKEN_MAX + 64);
    abp_buffer_printf(&url, "%s/xrpc/%s", call->service, call->path);
    if (call->token)
        abp_buffer_printf(&authorization, "Authorization: Bearer %s", call->token);
    if (url.failed || authorization.failed) {
        answer->kind = ABP_XRPC_NOT_SENT;
        snprintf(answer->reason, sizeof answer->reason,
                 "the request is too long, or memory is out");
    } else {
        exchange(connection, answer, call, url.data, call->token ? authorization.data : NULL);
    }
    abp_secret_wipe(&authorization);
    abp_buffer_release(&url);
}

void abp_bluesky_call(struct abp_connection *connection, struct abp_xrpc_answer *answer,
                      struct abp_xrpc *call)
{
    struct abp_bluesky *state = connection->state;
    if (abp_bluesky_sign_in(connection, answer) != 0)
        return;
    for (int renewed = 0;; renewed = 1) {
        abp_xrpc_release(answer);
        call->service = state->session.service;
        call->token = state->session.access;
        abp_xrpc_call(connection, answer, call);
        if (answer->kind != ABP_XRPC_EXPIRED)
            return;
        if (renewed) {
            answer->kind = ABP_XRPC_ACCOUNT; /* it refuses what it has just given */
            return;
        }
        abp_xrpc_release(answer);
        call->token = NULL;
        if (abp_bluesky_renew(connection, answer) != 0)
            return;
    }
}

int abp_xrpc_fail(const struct abp_connection *connection, const struct abp_xrpc_answer *answer,
                  struct abp_error *err)
{
    enum abp_code code = ABP_UNREACHABLE;
    if (answer->kind == ABP_XRPC_ACCOUNT || answer->kind == ABP_XRPC_EXPIRED)
        code = ABP_PERSON;
    else if (answer->kind == ABP_XRPC_ERROR)
        code = ABP_DATA;
    else if (answer->kind == ABP_XRPC_LOCAL)
        code = ABP_FAILED;
    abp_fail(err, code, "channel %s: %s", connection->channel->name, answer->reason);
    if (err)
        err->http_status = answer->status;
    return -1;
}

int abp_xrpc_is_refusal(const struct abp_xrpc_answer *answer)
{
    return answer->kind == ABP_XRPC_ERROR && (answer->status == 400 || answer->status == 413);
}

void abp_xrpc_outcome(const struct abp_connection *connection, struct abp_outcome *outcome,
                      const struct abp_xrpc_answer *answer)
{
    int refused = abp_xrpc_is_refusal(answer);
    memset(outcome, 0, sizeof *outcome);
    outcome->fate = refused ? ABP_FATE_REFUSED : ABP_FATE_NOT_SENT;
    outcome->sign_in = answer->kind == ABP_XRPC_ACCOUNT || answer->kind == ABP_XRPC_EXPIRED;
    outcome->local = answer->kind == ABP_XRPC_LOCAL;
    if (answer->kind == ABP_XRPC_WAIT)
        outcome->retry_at = connection->wait_until;
    else if (!refused && !outcome->sign_in)
        outcome->retry_at = next_minute(connection);
    snprintf(outcome->reason, sizeof outcome->reason, "%s", answer->reason);
}
