/* A Mastodon server that answers anything, to every call of the connector. An input is
 *
 *   CALL                     one letter: c check, p prepare, s send, f find, r read, l locate
 *   STATUS                   of the first answer: 100 to 599; 0 lost, 1 no connection
 *   Header: value            lines, as many as there are
 *                            a blank line
 *   body                     up to a line that is only "----"; then the next answer
 *
 * and when the answers run out, no connection is to be had. Beyond not crashing: every outcome is
 * filled with valid UTF-8 of one line, says nothing of the token, has an id exactly when it is
 * POSTED; "not there" is never said when an answer was missing or lost; numbers are whole and not
 * negative; and no server keeps the connector asking for ever. */
#include "abpost/text.h"
#include "channels/mastodon.h"
#include "channels/platforms.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN        "fuzz-token-0123456789"
#define NOW          INT64_C(1795532400) /* 2026-11-24T15:00:00Z */
#define REQUESTS_MAX 400

struct server {
    struct abp_http http;
    const char *at, *end;
    size_t requests;
    int failed;   /* 1: an answer was lost, or could not be had */
    int accepted; /* 1: the last answer was of 200 to 299 */
};

static void must(int condition)
{
    if (!condition)
        abort();
}

/* The line at server->at, without its end. NULL: none is left. */
static const char *next_line(struct server *server, size_t *len)
{
    const char *line = server->at;
    if (line >= server->end)
        return NULL;
    const char *stop = memchr(line, '\n', (size_t)(server->end - line));
    *len = (size_t)((stop ? stop : server->end) - line);
    server->at = stop ? stop + 1 : server->end;
    return line;
}

static long status_of(const char *line, size_t len)
{
    long status = 0;
    for (size_t i = 0; i < len && i < 3 && line[i] >= '0' && line[i] <= '9'; i++)
        status = status * 10 + line[i] - '0';
    return status < 100 ? status == 1 : status > 599 ? 599 : status;
}

static void take_answer(struct server *server, struct abp_http_answer *answer)
{
    size_t len;
    const char *line = next_line(server, &len);
    long status = line ? status_of(line, len) : 1;
    answer->fate = status == 0   ? ABP_HTTP_LOST
                   : status == 1 ? ABP_HTTP_NOT_SENT
                                 : ABP_HTTP_ANSWERED;
    answer->status = status < 100 ? 0 : status;
    memcpy(answer->why, "it broke", 9);
    while ((line = next_line(server, &len)) && len > 0) {
        if (status < 100)
            continue;
        abp_buffer_append(&answer->headers, line, len);
        abp_buffer_byte(&answer->headers, '\n');
    }
    while ((line = next_line(server, &len)) && !(len == 4 && memcmp(line, "----", 4) == 0)) {
        if (status < 100)
            continue;
        abp_buffer_append(&answer->body, line, len);
        abp_buffer_byte(&answer->body, '\n');
    }
    server->failed |= status < 100;
    server->accepted = status >= 200 && status < 300;
}

static int exchange(struct abp_http *http, struct abp_http_answer *answer,
                    const struct abp_http_request *request, struct abp_error *err)
{
    struct server *server = (struct server *)http;
    (void)err;
    must(++server->requests <= REQUESTS_MAX);
    must(strncmp(request->url, "https://fuzz.example/api/v", 26) == 0);
    must(!strstr(request->url, TOKEN) && !strpbrk(request->url, " \r\n\t"));
    take_answer(server, answer);
    return 0;
}

static void do_not_pause(long milliseconds)
{
    (void)milliseconds;
}

static int64_t now(void *context)
{
    (void)context;
    return NOW;
}

static void check_text(const char *text, size_t size)
{
    size_t len = strnlen(text, size);
    must(len < size && abp_utf8_invalid_at(text, len) == len && !strstr(text, TOKEN));
    for (size_t i = 0; i < len; i++)
        must((unsigned char)text[i] >= ' ' && text[i] != 0x7F);
}

static void check_outcome(const struct abp_outcome *outcome)
{
    check_text(outcome->reason, sizeof outcome->reason);
    check_text(outcome->url, sizeof outcome->url);
    check_text(outcome->version, sizeof outcome->version);
    must((outcome->fate == ABP_FATE_POSTED) ==
         abp_mastodon_is_id(outcome->remote_id, sizeof outcome->remote_id));
    must(outcome->fate == ABP_FATE_POSTED || outcome->reason[0]);
    must(outcome->retry_at == 0 || outcome->retry_at > NOW);
    must(outcome->retry_at <= NOW + 86400);
}

/* ---- the calls ---- */

static const char request[] = "{\"status\":\"Look *here*\",\"media_ids\":[\"1\"],"
                              "\"visibility\":\"unlisted\"}";

static void call_check(struct abp_connection *connection)
{
    struct abp_error err = {0};
    const struct abp_limits *limits = &connection->limits;
    if (abp_mastodon.check(connection, &err) != 0) {
        must(err.code == ABP_PERSON || err.code == ABP_UNREACHABLE || err.code == ABP_DATA);
        check_text(err.message, sizeof err.message);
    }
    must(limits->characters > 0 && limits->url_characters > 0 && limits->media > 0 &&
         limits->media_bytes > 0 && limits->alt_characters > 0);
}

static void call_prepare(struct abp_connection *connection)
{
    static char text[] = "Look", path[] = "/dev/null", alt[] = "nothing";
    struct abp_content content = {.text = text, .media_count = 1};
    struct abp_outcome outcome = {.fate = ABP_FATE_UNKNOWN};
    struct abp_buffer made;
    content.media[0] = (struct abp_media){path, alt, "image/png", 0};
    abp_buffer_init(&made, 1 << 20);
    if (abp_mastodon.prepare(connection, &made, &content, "key", NOW, &outcome) != 0) {
        must(outcome.fate == ABP_FATE_NOT_SENT || outcome.fate == ABP_FATE_REFUSED);
        check_outcome(&outcome);
    } else {
        json_t *body = json_loads(abp_buffer_text(&made), 0, NULL);
        must(json_array_size(json_object_get(body, "media_ids")) == 1);
        json_decref(body);
    }
    abp_buffer_release(&made);
}

static void call_send(struct abp_connection *connection, const struct server *server)
{
    struct abp_outcome outcome;
    memset(&outcome, 0xA5, sizeof outcome);
    abp_mastodon.send(connection, &outcome, request, sizeof request - 1, "key");
    check_outcome(&outcome);
    must(server->requests == 1); /* once, whatever came */
    must(outcome.fate != ABP_FATE_POSTED || server->accepted);
    must(!server->accepted || outcome.fate == ABP_FATE_POSTED || outcome.fate == ABP_FATE_UNKNOWN);
}

static void call_find(struct abp_connection *connection, const struct server *server)
{
    struct abp_outcome outcome;
    memset(&outcome, 0xA5, sizeof outcome);
    abp_mastodon.find(connection, &outcome, request, sizeof request - 1, "key", NOW - 600);
    check_outcome(&outcome);
    must(outcome.fate == ABP_FATE_POSTED || outcome.fate == ABP_FATE_NOT_SENT ||
         outcome.fate == ABP_FATE_UNKNOWN);
    must(!server->failed || outcome.fate == ABP_FATE_UNKNOWN);
}

static void call_read(struct abp_connection *connection)
{
    struct abp_reading readings[3] = {{.remote_id = "1"}, {.remote_id = "2"}, {.remote_id = "x/y"}};
    struct abp_error err = {0};
    int rc = abp_mastodon.read(connection, readings, 3, &err);
    must(rc == 0 || err.code == ABP_PERSON || err.code == ABP_UNREACHABLE);
    must(readings[2].state == ABP_READ_NOT);
    for (size_t i = 0; i < 3; i++) {
        const struct abp_reading *r = &readings[i];
        check_text(r->reason, sizeof r->reason);
        must(r->value_count <= 4 && (r->state == ABP_READ) == (r->value_count > 0));
        for (size_t v = 0; v < r->value_count; v++)
            must(r->values[v].value >= 0 && r->values[v].value <= 9007199254740992.0);
    }
}

/* An address that ends in an id, and one that does not. */
static void call_locate(struct abp_connection *connection)
{
    static const char *const urls[] = {"https://fuzz.example/@a/8", "https://fuzz.example/a/p/1.5"};
    for (size_t i = 0; i < 2; i++) {
        struct abp_outcome outcome = {.fate = ABP_FATE_UNKNOWN};
        struct abp_error err = {0};
        if (abp_mastodon.locate(connection, &outcome, urls[i], &err) == 0) {
            must(outcome.fate == ABP_FATE_POSTED);
            check_outcome(&outcome);
        } else {
            must(err.code == ABP_PERSON || err.code == ABP_UNREACHABLE || err.code == ABP_DATA);
            check_text(err.message, sizeof err.message);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char name[] = "fuzzed", address[] = "https://fuzz.example", variable[] = "FUZZ_TOKEN";
    static char unlisted[] = "unlisted";
    struct abp_channel channel = {.name = name,
                                  .platform = ABP_MASTODON,
                                  .server = address,
                                  .visibility = unlisted,
                                  .token = {ABP_SECRET_ENV, variable}};
    struct server server = {
        .http = {.exchange = exchange}, .at = (const char *)data, .end = (const char *)data + size};
    struct abp_connection connection;
    struct abp_error err = {0};
    size_t len;
    const char *call = next_line(&server, &len);
    if (!call || len != 1)
        return 0;
    setenv(variable, TOKEN, 1);
    /* Without a folder no pause is kept for the next input. */
    must(abp_connection_open(&connection, &channel, &server.http, NULL, now, NULL, &err) == 0);
    ((struct abp_mastodon *)connection.state)->pause = do_not_pause;
    if (*call == 'c')
        call_check(&connection);
    else if (*call == 'p')
        call_prepare(&connection);
    else if (*call == 's')
        call_send(&connection, &server);
    else if (*call == 'f')
        call_find(&connection, &server);
    else if (*call == 'r')
        call_read(&connection);
    else if (*call == 'l')
        call_locate(&connection);
    abp_connection_close(&connection);
    return 0;
}
