/* A Mastodon server that says what a test wrote down for it, and checks what it is asked: method
 * and address exactly, the token in its header and nowhere else. Sourced by test_mastodon_*.c. */
#ifndef MASTODON_FAKE_H
#define MASTODON_FAKE_H

#include "abpost/http.h"
#include "channels/mastodon.h"
#include "channels/platforms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FAKE_SERVER "https://example.social"
#define FAKE_TOKEN  "sEcReT-toKen_0123"
#define FAKE_NOW    INT64_C(1795532400) /* 2026-11-24T15:00:00Z */
#define FAKE_KEY    "3mkabcdefgh22"
#define FAKE_STEPS  64

struct fake_step {
    const char *asked;  /* "GET /api/..." */
    long status;        /* 0: see fate */
    const char *body;   /* of the answer */
    const char *header; /* lines of the answer; NULL: none */
    enum abp_http_fate fate;
};

struct fake {
    struct abp_http http;
    const struct fake_step *steps;
    size_t count, next;
    char sent[16384]; /* the last request's body; of parts "name=filename;type;bytes" lines */
    char type[64];    /* its content type */
    char key[64];     /* its Idempotency-Key header's line; "" none */
    int64_t now;
    struct abp_connection connection;
    struct abp_channel channel;
    char root[64]; /* a folder of its own: a pause that was asked for is kept there */
};

static void fake_write_parts(struct fake *fake, const struct abp_http_request *request)
{
    size_t used = 0;
    fake->sent[0] = '\0';
    for (size_t i = 0; i < request->part_count; i++) {
        const struct abp_http_part *part = &request->parts[i];
        used += (size_t)snprintf(fake->sent + used, sizeof fake->sent - used, "%s=%s;%s;%.*s\n",
                                 part->name, part->filename ? part->filename : "",
                                 part->content_type ? part->content_type : "", (int)part->len,
                                 (const char *)part->data);
        assert_true(used < sizeof fake->sent);
    }
}

static void fake_check(struct fake *fake, const struct abp_http_request *request)
{
    int signed_in = 0;
    fake->key[0] = '\0';
    for (size_t i = 0; i < request->header_count; i++) {
        const char *line = request->headers[i];
        assert_null(strpbrk(line, "\r\n"));
        if (strcmp(line, "Authorization: Bearer " FAKE_TOKEN) == 0)
            signed_in++;
        else
            assert_null(strstr(line, FAKE_TOKEN));
        if (strncmp(line, "Idempotency-Key: ", 17) == 0)
            snprintf(fake->key, sizeof fake->key, "%s", line);
    }
    assert_int_equal(signed_in, 1);
    assert_null(strstr(request->url, FAKE_TOKEN));
    snprintf(fake->type, sizeof fake->type, "%s",
             request->content_type ? request->content_type : "");
    fake_write_parts(fake, request);
    if (request->body) {
        assert_true(request->body_len < sizeof fake->sent);
        memcpy(fake->sent, request->body, request->body_len);
        fake->sent[request->body_len] = '\0';
    }
    assert_null(strstr(fake->sent, FAKE_TOKEN));
}

static int fake_exchange(struct abp_http *http, struct abp_http_answer *answer,
                         const struct abp_http_request *request, struct abp_error *err)
{
    struct fake *fake = (struct fake *)http;
    char asked[4096];
    (void)err;
    assert_int_equal(strncmp(request->url, FAKE_SERVER, strlen(FAKE_SERVER)), 0);
    snprintf(asked, sizeof asked, "%s %s", request->method, request->url + strlen(FAKE_SERVER));
    if (fake->next >= fake->count)
        fail_msg("one request too many: %s", asked);
    const struct fake_step *step = &fake->steps[fake->next++];
    assert_string_equal(asked, step->asked);
    fake_check(fake, request);
    answer->fate = step->status ? ABP_HTTP_ANSWERED : step->fate;
    answer->status = step->status;
    if (step->status) {
        abp_buffer_add(&answer->headers, step->header ? step->header : "");
        abp_buffer_add(&answer->body, step->body ? step->body : "");
    } else {
        snprintf(answer->why, sizeof answer->why, "%s", step->body ? step->body : "it broke");
    }
    return 0;
}

static int64_t fake_now(void *context)
{
    return ((struct fake *)context)->now;
}

static long fake_paused; /* milliseconds in all */

static void fake_pause(long milliseconds)
{
    fake_paused += milliseconds;
}

/* Opens a connection to a server that will say steps. visibility: of the channel, or NULL. */
static void fake_start(struct fake *fake, const struct fake_step *steps, size_t count,
                       const char *visibility)
{
    struct abp_error err = {0};
    static char name[] = "loud", server[] = FAKE_SERVER, variable[] = "FAKE_MASTODON_TOKEN";
    static char widths[3][16] = {"public", "unlisted", "followers"};
    memset(fake, 0, sizeof *fake);
    fake->http.exchange = fake_exchange;
    fake->steps = steps;
    fake->count = count;
    fake->now = FAKE_NOW;
    fake->channel = (struct abp_channel){.name = name,
                                         .platform = ABP_MASTODON,
                                         .server = server,
                                         .token = {ABP_SECRET_ENV, variable}};
    for (size_t i = 0; visibility && i < 3; i++)
        if (strcmp(widths[i], visibility) == 0)
            fake->channel.visibility = widths[i];
    setenv("FAKE_MASTODON_TOKEN", FAKE_TOKEN "\n", 1);
    snprintf(fake->root, sizeof fake->root, "%s/abpost-fake-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(fake->root));
    assert_int_equal(abp_connection_open(&fake->connection, &fake->channel, &fake->http, fake->root,
                                         fake_now, fake, &err),
                     0);
    struct abp_mastodon *state = fake->connection.state;
    state->pause = fake_pause;
    fake_paused = 0;
}

#define FAKE_START(fake, steps, visibility)                                                        \
    fake_start(fake, steps, sizeof(steps) / sizeof *(steps), visibility)

/* Every step was asked for. */
static void fake_end(struct fake *fake)
{
    assert_int_equal(fake->next, fake->count);
    abp_connection_close(&fake->connection);
    static const char *const kept[] = {"/.abpost/pause-loud", "/.abpost", ""};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        char path[100];
        snprintf(path, sizeof path, "%s%s", fake->root, kept[i]);
        remove(path);
    }
}

static inline void must_not_tell(const struct abp_outcome *outcome)
{
    assert_null(strstr(outcome->reason, FAKE_TOKEN));
    assert_null(strstr(outcome->url, FAKE_TOKEN));
    for (const char *p = outcome->reason; *p; p++)
        assert_true((unsigned char)*p >= ' ' && *p != 0x7F);
}

#endif
