/* A Bluesky server held in the hand: answers in the order they were laid out, requests as they
 * came. For one test at a time. */
#ifndef ABP_TEST_BLUESKY_FAKE_H
#define ABP_TEST_BLUESKY_FAKE_H

#include "abpost/channel.h"
#include "abpost/text.h"
#include "channels/keep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAKE_MAX      40
#define FAKE_NOW      INT64_C(1796000000) /* 2026-11-30T00:53:20Z */
#define FAKE_DID      "did:plc:aaaabbbbccccddddeeeeffff"
#define FAKE_KEY      "3mn5wz4c2222a"
#define FAKE_URI      "at://" FAKE_DID "/app.bsky.feed.post/" FAKE_KEY
#define FAKE_CID      "bafyreih6du4xo4pet5voprmtovjyqvydyceobi7ekk4dszxuuycxdn5j7q"
#define FAKE_PASSWORD "abcd-ef12-gh34-ij56"
#define FAKE_ACCESS   "access.token-one.aaaa"
#define FAKE_REFRESH  "refresh.token-one.rrrr"

#define FAKE_SESSION(access, refresh)                                                              \
    "{\"did\":\"" FAKE_DID "\",\"handle\":\"brand.example.com\",\"accessJwt\":\"" access           \
    "\",\"refreshJwt\":\"" refresh "\",\"active\":true}"

struct fake_answer {
    enum abp_http_fate fate;
    long status;
    const char *headers; /* borrowed */
    const char *body;    /* borrowed */
};

struct fake_request {
    char method[8];
    char *url, *authorization, *body, *content_type; /* owned; NULL: none */
    size_t body_len;
};

struct fake {
    struct abp_http http; /* first, so that one is the other */
    struct fake_answer answers[FAKE_MAX];
    size_t answer_count;
    struct fake_request requests[FAKE_MAX];
    size_t request_count;
    int64_t now;
    char root[64];
    char server[64], account[64], password[32], name[8];
    struct abp_channel channel;
    struct abp_connection connection;
};

static inline char *fake_copy(const char *text)
{
    return text ? abp_strdup(text) : NULL;
}

static inline int fake_exchange(struct abp_http *http, struct abp_http_answer *answer,
                                const struct abp_http_request *request, struct abp_error *err)
{
    struct fake *fake = (struct fake *)(void *)http;
    (void)err;
    if (fake->request_count >= fake->answer_count)
        fail_msg("one request too many: %s %s", request->method, request->url);
    const struct fake_answer *next = &fake->answers[fake->request_count];
    struct fake_request *seen = &fake->requests[fake->request_count++];
    snprintf(seen->method, sizeof seen->method, "%s", request->method);
    seen->url = fake_copy(request->url);
    seen->content_type = fake_copy(request->content_type);
    if (request->body)
        seen->body = abp_strndup(request->body, request->body_len);
    seen->body_len = request->body_len;
    for (size_t i = 0; i < request->header_count; i++)
        if (strncmp(request->headers[i], "Authorization: ", 15) == 0)
            seen->authorization = fake_copy(request->headers[i] + 15);
    answer->fate = next->fate;
    answer->status = next->status;
    if (next->headers)
        abp_buffer_add(&answer->headers, next->headers);
    if (next->body)
        abp_buffer_add(&answer->body, next->body);
    if (next->fate != ABP_HTTP_ANSWERED)
        snprintf(answer->why, sizeof answer->why, "the connection was cut");
    return 0;
}

static inline int64_t fake_clock(void *context)
{
    return ((const struct fake *)context)->now;
}

static inline void fake_reconnect(struct fake *fake)
{
    struct abp_error err = {0};
    if (fake->connection.ops)
        abp_connection_close(&fake->connection);
    if (abp_connection_open(&fake->connection, &fake->channel, &fake->http, fake->root, fake_clock,
                            fake, &err) != 0)
        fail_msg("%s", err.message);
}

/* A connection to https://bsky.example as brand.example.com that has never signed in. */
static inline struct fake *fake_start(void)
{
    struct fake *fake = calloc(1, sizeof *fake);
    assert_non_null(fake);
    fake->http.exchange = fake_exchange;
    fake->now = FAKE_NOW;
    const char *parent = getenv("TMPDIR");
    snprintf(fake->root, sizeof fake->root, "%.40s/abpost-XXXXXX", parent ? parent : P_tmpdir);
    assert_non_null(mkdtemp(fake->root));
    snprintf(fake->server, sizeof fake->server, "https://bsky.example");
    snprintf(fake->account, sizeof fake->account, "brand.example.com");
    snprintf(fake->password, sizeof fake->password, "ABPOST_TEST_PASSWORD");
    snprintf(fake->name, sizeof fake->name, "sky");
    assert_int_equal(setenv("ABPOST_TEST_PASSWORD", FAKE_PASSWORD, 1), 0);
    fake->channel = (struct abp_channel){.name = fake->name,
                                         .platform = ABP_BLUESKY,
                                         .account = fake->account,
                                         .server = fake->server};
    fake->channel.password.source = ABP_SECRET_ENV;
    fake->channel.password.value = fake->password;
    fake_reconnect(fake);
    return fake;
}

static inline void fake_lay(struct fake *fake, long status, const char *headers, const char *body)
{
    assert_true(fake->answer_count < FAKE_MAX);
    fake->answers[fake->answer_count++] =
        (struct fake_answer){ABP_HTTP_ANSWERED, status, headers, body};
}

static inline void fake_cut(struct fake *fake, enum abp_http_fate fate)
{
    assert_true(fake->answer_count < FAKE_MAX);
    fake->answers[fake->answer_count++] = (struct fake_answer){fate, 0, NULL, NULL};
}

static inline void fake_forget(struct fake *fake)
{
    for (size_t i = 0; i < fake->request_count; i++) {
        free(fake->requests[i].url);
        free(fake->requests[i].authorization);
        free(fake->requests[i].body);
        free(fake->requests[i].content_type);
    }
    memset(fake->requests, 0, sizeof fake->requests);
    fake->request_count = fake->answer_count = 0;
}

/* Every answer was asked for. */
static inline void fake_all_asked(const struct fake *fake)
{
    assert_int_equal(fake->request_count, fake->answer_count);
}

/* Signs in, so that what follows is about something else. */
static inline void fake_sign_in(struct fake *fake)
{
    struct abp_error err = {0};
    fake_lay(fake, 200, NULL, FAKE_SESSION(FAKE_ACCESS, FAKE_REFRESH));
    fake_lay(fake, 200, NULL, FAKE_SESSION("x", "x"));
    assert_int_equal(fake->connection.ops->check(&fake->connection, &err), 0);
    fake_all_asked(fake);
    fake_forget(fake);
}

/* The kept session's file; "" when there is none. */
static inline void fake_kept(const struct fake *fake, char *path, size_t size)
{
    char folder[128];
    struct dirent *entry;
    path[0] = '\0';
    snprintf(folder, sizeof folder, "%s/.abpost", fake->root);
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir)))
        if (strncmp(entry->d_name, "bluesky-", 8) == 0 && !strstr(entry->d_name, ".lock"))
            snprintf(path, size, "%s/%s", folder, entry->d_name);
    if (dir)
        closedir(dir);
}

static inline void fake_remove(const char *folder)
{
    char path[400];
    struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir))) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            assert_int_equal(unlink(path), 0);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static inline void fake_end(struct fake *fake)
{
    char kept[128];
    abp_connection_close(&fake->connection);
    fake_forget(fake);
    snprintf(kept, sizeof kept, "%s/.abpost", fake->root);
    fake_remove(kept);
    fake_remove(fake->root);
    free(fake);
}

/* What a person gets to see holds nothing that is secret. */
static inline void fake_no_secret(const char *text)
{
    static const char *const secrets[] = {FAKE_PASSWORD, FAKE_ACCESS, FAKE_REFRESH};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (strstr(text, secrets[i]))
            fail_msg("a secret is shown: %s", text);
}

#endif
