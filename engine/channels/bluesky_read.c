/* The numbers of posts, from the app view that the account's server speaks to. It leaves out what
 * it does not have; whether such a post is gone, only the account's own server knows. */
#include "channels/bluesky.h"

#include <stdio.h>
#include <string.h>

#define COUNT_MAX INT64_C(9007199254740992) /* 2^53: exact as a double */

const char *const abp_bluesky_metrics[] = {"likes", "reposts", "replies", "quotes", NULL};

static const char *const counters[] = {"likeCount", "repostCount", "replyCount", "quoteCount"};

/* at://did/collection/key, in its parts. */
struct place {
    char did[256];
    char key[64];
};

static int read_place(struct place *place, const char *uri)
{
    static const char collection[] = "/" ABP_BLUESKY_POSTS "/";
    if (strncmp(uri, "at://", 5) != 0)
        return -1;
    size_t len = strcspn(uri + 5, "/");
    const char *rest = uri + 5 + len;
    if (len == 0 || len >= sizeof place->did ||
        strncmp(rest, collection, sizeof collection - 1) != 0)
        return -1;
    memcpy(place->did, uri + 5, len);
    place->did[len] = '\0';
    rest += sizeof collection - 1;
    if (!abp_bluesky_is_key(rest))
        return -1;
    memcpy(place->key, rest, strlen(rest) + 1);
    return abp_bluesky_is_did(place->did) ? 0 : -1;
}

static void not_read(struct abp_reading *reading, const char *reason)
{
    reading->state = ABP_READ_NOT;
    reading->value_count = 0;
    snprintf(reading->reason, sizeof reading->reason, "%.255s", reason);
}

static void clear(struct abp_reading *reading)
{
    reading->edited = 0;
    not_read(reading, "not asked for");
}

/* A counter that is there but no count makes the whole post unread. */
static void take_counts(struct abp_reading *reading, const json_t *view)
{
    char cid[128];
    if (abp_bluesky_cid(cid, sizeof cid, view) != 0) {
        not_read(reading, "the server's numbers do not say of which version they are");
        return;
    }
    reading->value_count = 0;
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
        const json_t *count = json_object_get(view, counters[i]);
        if (!count)
            continue;
        if (!json_is_integer(count) || json_integer_value(count) < 0 ||
            json_integer_value(count) > COUNT_MAX) {
            not_read(reading, "the server's numbers are no counts");
            return;
        }
        reading->values[reading->value_count++] =
            (struct abp_metric_value){abp_bluesky_metrics[i], (double)json_integer_value(count)};
    }
    if (reading->value_count == 0) {
        not_read(reading, "the server shows the post without any numbers");
        return;
    }
    reading->state = ABP_READ;
    reading->reason[0] = '\0';
    reading->edited = reading->version && reading->version[0] && strcmp(cid, reading->version) != 0;
}

static const json_t *view_of(const json_t *posts, const char *uri)
{
    const json_t *view;
    size_t i;
    json_array_foreach(posts, i, view)
    {
        const char *theirs = json_string_value(json_object_get(view, "uri"));
        if (theirs && strcmp(theirs, uri) == 0)
            return view;
    }
    return NULL;
}

/* Asks the account's server whether the post is there at all: GONE, or unread for the reason given.
 */
static void confirm(struct abp_connection *connection, struct abp_reading *reading,
                    const char *reason)
{
    struct place place;
    struct abp_xrpc_answer answer;
    struct abp_buffer path;
    if (read_place(&place, reading->remote_id) != 0)
        return;
    abp_buffer_init(&path, 2048);
    abp_bluesky_record_path(&path, place.did, place.key);
    struct abp_xrpc call = {.method = "GET", .path = abp_buffer_text(&path)};
    abp_bluesky_call(connection, &answer, &call);
    const struct abp_bluesky *state = connection->state;
    int own = strcmp(place.did, state->session.did) == 0;
    not_read(reading, answer.kind == ABP_XRPC_OK ? reason : answer.reason);
    /* Of another account's posts (the channel had another one once) this server need not know. */
    if (own && answer.kind == ABP_XRPC_ERROR && strcmp(answer.error, "RecordNotFound") == 0) {
        reading->state = ABP_READ_GONE;
        reading->reason[0] = '\0';
    }
    abp_xrpc_release(&answer);
    abp_buffer_release(&path);
}

/* The indices of up to ABP_BLUESKY_BATCH readings from *from on that can be asked for. */
static size_t next_batch(size_t *batch, size_t *from, struct abp_reading *readings, size_t count)
{
    struct place place;
    size_t n = 0;
    for (; *from < count && n < ABP_BLUESKY_BATCH; ++*from) {
        if (read_place(&place, readings[*from].remote_id) == 0)
            batch[n++] = *from;
        else
            not_read(&readings[*from], "its id is no address of a Bluesky post");
    }
    return n;
}

/* 1: the account's server answered, and said that it can't get at the numbers: it has no app view,
 * or the app view is down. */
static int has_no_view(const struct abp_xrpc_answer *answer)
{
    return answer->kind == ABP_XRPC_ERROR ||
           (answer->kind == ABP_XRPC_UNCLEAR && answer->status >= 500 && answer->error[0]);
}

static void take_posts(struct abp_connection *connection, struct abp_reading *readings,
                       const size_t *batch, size_t n, const json_t *posts)
{
    for (size_t i = 0; i < n; i++) {
        struct abp_reading *reading = &readings[batch[i]];
        const json_t *view = view_of(posts, reading->remote_id);
        if (view)
            take_counts(reading, view);
        else
            confirm(connection, reading, "the app view does not show the post, though it is there");
    }
}

/* 0, or -1 with err when the server could not be reached. */
static int read_batch(struct abp_connection *connection, struct abp_reading *readings,
                      const size_t *batch, size_t n, struct abp_error *err)
{
    struct abp_xrpc_answer answer;
    struct abp_buffer path;
    int rc = 0;
    abp_buffer_init(&path, (size_t)16 << 10);
    abp_buffer_add(&path, "app.bsky.feed.getPosts");
    for (size_t i = 0; i < n; i++) {
        abp_buffer_add(&path, i == 0 ? "?uris=" : "&uris=");
        abp_xrpc_encode(&path, readings[batch[i]].remote_id);
    }
    struct abp_xrpc call = {.method = "GET", .path = abp_buffer_text(&path)};
    abp_bluesky_call(connection, &answer, &call);
    const json_t *posts = json_object_get(answer.body, "posts");
    if (answer.kind == ABP_XRPC_OK && json_is_array(posts)) {
        take_posts(connection, readings, batch, n, posts);
    } else if (has_no_view(&answer)) {
        for (size_t i = 0; i < n; i++)
            confirm(connection, &readings[batch[i]], answer.reason);
    } else {
        if (answer.kind == ABP_XRPC_OK) {
            answer.kind = ABP_XRPC_UNCLEAR;
            snprintf(answer.reason, sizeof answer.reason,
                     "the server's answer is no list of posts");
        }
        for (size_t i = 0; i < n; i++)
            not_read(&readings[batch[i]], answer.reason);
        rc = abp_xrpc_fail(connection, &answer, err);
    }
    abp_xrpc_release(&answer);
    abp_buffer_release(&path);
    return rc;
}

int abp_bluesky_read(struct abp_connection *connection, struct abp_reading *readings, size_t count,
                     struct abp_error *err)
{
    size_t batch[ABP_BLUESKY_BATCH], n, from = 0, reached = 0;
    struct abp_error failure = {0};
    int rc = 0;
    for (size_t i = 0; i < count; i++)
        clear(&readings[i]);
    while (rc == 0 && (n = next_batch(batch, &from, readings, count)) > 0) {
        rc = read_batch(connection, readings, batch, n, &failure);
        reached += rc == 0;
    }
    for (size_t i = from; i < count; i++)
        not_read(&readings[i], "the server could not be reached for the posts before it");
    if (rc == 0 || reached > 0)
        return 0;
    if (err)
        *err = failure;
    return -1;
}
