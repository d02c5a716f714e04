/* The Bluesky connector under a server that answers anything. The first byte of the input chooses
 * the call (L: locate); the rest is the answers, one after the other, with a byte 0x1E between
 * them: "STATUS\n", headers, an empty line, the body. STATUS 0 cuts the connection after sending, 1
 * before it. Beyond not crashing: POSTED only with the very address that was asked for, every
 * reason is short UTF-8 without secrets, nothing of a hostile session leads to another protocol,
 * and readings are counts. */
#include "abpost/channel.h"
#include "abpost/text.h"

#include <dirent.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY      "3mn5wz4c2222a"
#define DID      "did:plc:aaaabbbbccccddddeeeeffff"
#define PASSWORD "pass-word-of-mine"
#define REQUEST                                                                                    \
    "{\"repo\":\"" DID "\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"" KEY                  \
    "\",\"swapRecord\":null,\"record\":{\"$type\":\"app.bsky.feed.post\",\"text\":\"Hi\","         \
    "\"createdAt\":\"2026-11-30T00:53:20Z\"}}"

struct world {
    struct abp_http http; /* first */
    const char *rest;     /* of the answers */
    size_t left;
    size_t asked;
    char root[64];
};

static void must(int condition)
{
    if (!condition)
        abort();
}

static int64_t now_of(void *context)
{
    (void)context;
    return INT64_C(1796000000);
}

/* The next answer's bytes. 0 when there are no more. */
static int next(struct world *world, const char **text, size_t *len)
{
    if (world->left == 0)
        return 0;
    const char *end = memchr(world->rest, 0x1E, world->left);
    *text = world->rest;
    *len = end ? (size_t)(end - world->rest) : world->left;
    world->left -= *len + (end != NULL);
    world->rest += *len + (end != NULL);
    return 1;
}

static void take(struct abp_http_answer *answer, const char *text, size_t len)
{
    size_t at = 0, line;
    while (at < len && text[at] >= '0' && text[at] <= '9' && at < 3)
        answer->status = answer->status * 10 + (text[at++] - '0');
    while (at < len && text[at] != '\n')
        at++;
    for (at += at < len; at < len && text[at] != '\n'; at += line) {
        const char *end = memchr(text + at, '\n', len - at);
        line = end ? (size_t)(end - (text + at)) + 1 : len - at;
        abp_buffer_append(&answer->headers, text + at, line);
    }
    at += at < len;
    abp_buffer_append(&answer->body, text + at, len - at);
}

static int exchange(struct abp_http *http, struct abp_http_answer *answer,
                    const struct abp_http_request *request, struct abp_error *err)
{
    struct world *world = (struct world *)(void *)http;
    const char *text;
    size_t len;
    (void)err;
    must(strncmp(request->url, "https://", 8) == 0 && !strpbrk(request->url, " \r\n"));
    must(!strstr(request->url, PASSWORD) && ++world->asked < 200);
    for (size_t i = 0; i < request->header_count; i++)
        must(!strpbrk(request->headers[i], "\r\n"));
    answer->fate = ABP_HTTP_LOST;
    snprintf(answer->why, sizeof answer->why, "the connection was cut");
    if (!next(world, &text, &len))
        return 0;
    take(answer, text, len);
    if (answer->status == 1)
        answer->fate = ABP_HTTP_NOT_SENT;
    else if (answer->status >= 100 && answer->status <= 599)
        answer->fate = ABP_HTTP_ANSWERED;
    return 0;
}

static void check_text(const char *text, size_t size)
{
    size_t len = strlen(text);
    must(len < size && abp_utf8_invalid_at(text, len) == len);
    must(!strstr(text, PASSWORD) && !strpbrk(text, "\r\n"));
}

static void check_outcome(const struct abp_outcome *outcome)
{
    check_text(outcome->reason, sizeof outcome->reason);
    check_text(outcome->version, sizeof outcome->version);
    check_text(outcome->url, sizeof outcome->url);
    must(outcome->fate <= ABP_FATE_UNKNOWN && outcome->fate != ABP_FATE_HANDED);
    if (outcome->fate == ABP_FATE_POSTED) {
        must(strcmp(outcome->remote_id, "at://" DID "/app.bsky.feed.post/" KEY) == 0);
        must(outcome->version[0] && !outcome->reason[0] && !outcome->sign_in);
    } else {
        must(outcome->reason[0] && !outcome->remote_id[0]);
    }
}

static void run_check(struct abp_connection *connection)
{
    struct abp_error err = {0};
    if (connection->ops->check(connection, &err) != 0)
        check_text(err.message, sizeof err.message);
}

static void run_prepare(struct abp_connection *connection, int picture)
{
    char text[] = "Hi @brand.example.com (https://example.com)", alt[] = "it", lang[] = "en";
    char path[100];
    struct abp_content content = {.text = text, .lang = lang};
    struct abp_buffer request;
    struct abp_outcome outcome;
    snprintf(path, sizeof path, "%s/picture", connection->root);
    content.media[0] = (struct abp_media){.path = path, .alt = alt, .type = "image/png", .size = 1};
    content.media_count = picture ? 1 : 0;
    abp_buffer_init(&request, 65536);
    memset(&outcome, 0xA5, sizeof outcome);
    if (connection->ops->prepare(connection, &request, &content, KEY, 0, &outcome) != 0) {
        check_outcome(&outcome);
        must(outcome.fate == ABP_FATE_NOT_SENT || outcome.fate == ABP_FATE_REFUSED);
    } else {
        must(abp_utf8_invalid_at(request.data, request.len) == request.len);
        must(!strstr(request.data, PASSWORD));
    }
    abp_buffer_release(&request);
}

static void run_send(struct abp_connection *connection, int find)
{
    struct abp_outcome outcome;
    memset(&outcome, 0xA5, sizeof outcome);
    if (find)
        connection->ops->find(connection, &outcome, REQUEST, strlen(REQUEST), KEY, 0);
    else
        connection->ops->send(connection, &outcome, REQUEST, strlen(REQUEST), KEY);
    check_outcome(&outcome);
    must(!find || outcome.fate != ABP_FATE_REFUSED);
}

static void run_read(struct abp_connection *connection)
{
    struct abp_reading readings[] = {
        {.remote_id = "at://" DID "/app.bsky.feed.post/" KEY, .version = "cid"},
        {.remote_id = "at://" DID "/app.bsky.feed.post/3aaaaaaaaaaaa", .version = ""},
        {.remote_id = "nonsense", .version = ""}};
    struct abp_error err = {0};
    if (connection->ops->read(connection, readings, 3, &err) != 0)
        check_text(err.message, sizeof err.message);
    for (size_t i = 0; i < 3; i++) {
        check_text(readings[i].reason, sizeof readings[i].reason);
        must((readings[i].state == ABP_READ) == (readings[i].value_count > 0));
        must((readings[i].state == ABP_READ_NOT) == (readings[i].reason[0] != '\0'));
        for (size_t k = 0; k < readings[i].value_count; k++)
            must(readings[i].values[k].value >= 0 &&
                 floor(readings[i].values[k].value) == readings[i].values[k].value);
    }
}

/* Its own address, and one with a handle that has to be asked for. */
static void run_locate(struct abp_connection *connection)
{
    static const char *const urls[] = {"at://" DID "/app.bsky.feed.post/" KEY,
                                       "https://bsky.app/profile/old.example.com/post/" KEY};
    for (size_t i = 0; i < 2; i++) {
        struct abp_outcome outcome = {.fate = ABP_FATE_UNKNOWN};
        struct abp_error err = {0};
        if (connection->ops->locate(connection, &outcome, urls[i], &err) == 0)
            must(outcome.fate == ABP_FATE_POSTED);
        else
            check_text(err.message, sizeof err.message);
        check_text(outcome.url, sizeof outcome.url);
    }
}

/* A workspace for each input, in memory where there is such a place. */
static void make_root(struct world *world)
{
    char path[100];
    snprintf(world->root, sizeof world->root, "%s/abpost-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : ".");
    must(mkdtemp(world->root) != NULL && setenv("ABPOST_FUZZ_PASSWORD", PASSWORD, 1) == 0);
    snprintf(path, sizeof path, "%s/picture", world->root);
    FILE *file = fopen(path, "wb");
    must(file != NULL && fputc('x', file) == 'x' && fclose(file) == 0);
}

static void empty_folder(const char *folder)
{
    char path[600];
    struct dirent *entry;
    DIR *dir = opendir(folder);
    while (dir && (entry = readdir(dir)) != NULL) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            must(unlink(path) == 0);
    }
    if (dir)
        closedir(dir);
    rmdir(folder);
}

static void remove_root(const struct world *world)
{
    char kept[100];
    snprintf(kept, sizeof kept, "%s/.abpost", world->root);
    empty_folder(kept);
    empty_folder(world->root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[] = "sky", account[] = "brand.example.com", server[] = "https://bsky.example";
    char variable[] = "ABPOST_FUZZ_PASSWORD";
    struct world world = {.http = {.exchange = exchange}};
    struct abp_channel channel = {
        .name = name, .platform = ABP_BLUESKY, .account = account, .server = server};
    struct abp_connection connection;
    struct abp_error err = {0};
    if (size == 0)
        return 0;
    channel.password.source = ABP_SECRET_ENV;
    channel.password.value = variable;
    make_root(&world);
    world.rest = (const char *)data + 1;
    world.left = size - 1;
    must(abp_connection_open(&connection, &channel, &world.http, world.root, now_of, NULL, &err) ==
         0);
    if (data[0] == 'L') {
        run_locate(&connection);
        goto out;
    }
    switch (data[0] % 6) {
    case 0:
        run_check(&connection);
        break;
    case 1:
    case 5:
        run_prepare(&connection, data[0] % 6 == 5);
        break;
    case 2:
    case 3:
        run_send(&connection, data[0] % 6 == 3);
        break;
    default:
        run_read(&connection);
        break;
    }
out:
    abp_connection_close(&connection);
    remove_root(&world);
    return 0;
}
