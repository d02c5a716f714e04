/* Bluesky: the part of a PDS and of its app view that a poster needs. */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS_LIFE  7200
#define REFRESH_LIFE (90 * 86400)
#define POSTS        "app.bsky.feed.post"

/* ---- accounts and sessions ---- */

/* "did:plc:" and 24 characters that the handle decides. */
static void did_of(char did[40], const char *handle)
{
    char digest[80];
    hostile_digest(digest, "did:plc:", handle, strlen(handle));
    snprintf(did, 40, "%.32s", digest);
}

/* A token of three parts, as JWTs are. */
static json_t *new_token(struct hostile *h, const char *did, const char *handle, int64_t life,
                         int refresh)
{
    char digest[80], seed[300], token[200];
    snprintf(seed, sizeof seed, "%s %s %ld", did, handle, h->next_id++);
    hostile_digest(digest, "", seed, strlen(seed));
    snprintf(token, sizeof token, "eyJhbGciOiJIUzI1NiJ9.%s.%s", refresh ? "cmVm" : "YWNj", digest);
    json_object_set_new(h->sessions, token,
                        json_pack("{s:s, s:s, s:I, s:b}", "did", did, "handle", handle, "expires",
                                  (json_int_t)hostile_now(h) + (json_int_t)life, "refresh",
                                  refresh));
    return json_string(token);
}

static void give_session(struct answer *a, struct hostile *h, const char *did, const char *handle)
{
    json_t *access = new_token(h, did, handle, ACCESS_LIFE, 0);
    json_t *refresh = new_token(h, did, handle, REFRESH_LIFE, 1);
    a->status = 200;
    a->json = json_pack("{s:o, s:o, s:s, s:s, s:b}", "accessJwt", access, "refreshJwt", refresh,
                        "did", did, "handle", handle, "active", 1);
}

static int64_t too_many(const json_t *times, int64_t now, int64_t span, size_t most)
{
    size_t count = json_array_size(times);
    int64_t first = count >= most ? json_integer_value(json_array_get(times, count - most)) : 0;
    return count >= most && first > now - span ? first + span : 0;
}

/* 30 in 5 minutes, 300 a day. 1: it may. */
static int may_sign_in(struct answer *a, struct hostile *h, const char *handle)
{
    int64_t now = hostile_now(h);
    json_t *times = json_object_get(h->logins, handle);
    if (!times)
        json_object_set_new(h->logins, handle, times = json_array());
    int64_t until = too_many(times, now, 300, 30), day = too_many(times, now, 86400, 300);
    until = day > until ? day : until;
    if (until) {
        answer_error(a, 429, "RateLimitExceeded", "Rate Limit Exceeded");
        abp_buffer_printf(&a->headers, "RateLimit-Remaining: 0\r\nRateLimit-Reset: %lld\r\n",
                          (long long)until);
        return 0;
    }
    json_array_append_new(times, json_integer(now));
    h->logins_made++;
    return 1;
}

static void create_session(struct answer *a, struct hostile *h, const struct request *q)
{
    char did[40];
    json_t *fields = wire_fields(q);
    const char *handle = json_string_value(json_object_get(fields, "identifier"));
    const char *password = json_string_value(json_object_get(fields, "password"));
    if (!handle || !password) {
        answer_error(a, 400, "InvalidRequest", "Input must have identifier and password");
    } else if (may_sign_in(a, h, handle)) {
        did_of(did, handle);
        if (strcmp(password, h->password) == 0)
            give_session(a, h, did, handle);
        else
            answer_error(a, 401, "AuthenticationRequired", "Invalid identifier or password");
    }
    json_decref(fields);
}

/* The session of the request's token: borrowed, or NULL with an answer. */
static json_t *session_of(struct answer *a, struct hostile *h, const struct request *q, int refresh)
{
    char value[400];
    wire_header(value, sizeof value, q, "Authorization");
    if (strncmp(value, "Bearer ", 7) != 0) {
        answer_error(a, 401, "AuthMissing", "Authentication Required");
        return NULL;
    }
    json_t *session = json_object_get(h->sessions, value + 7);
    if (!session || json_is_true(json_object_get(session, "refresh")) != refresh) {
        answer_error(a, 400, "InvalidToken", "Token could not be verified");
        return NULL;
    }
    if (json_integer_value(json_object_get(session, "expires")) <= hostile_now(h)) {
        answer_error(a, 400, "ExpiredToken", "Token has expired");
        return NULL;
    }
    const char *did = json_string_value(json_object_get(session, "did"));
    if (account_may(h, did))
        return session;
    answer_error(a, 429, "RateLimitExceeded", "Rate Limit Exceeded");
    abp_buffer_printf(&a->headers, "RateLimit-Remaining: 0\r\nRateLimit-Reset: %lld\r\n",
                      (long long)hostile_now(h) + 300);
    return NULL;
}

/* A refresh token is good once: its second use is what loses an account its session. */
static void refresh_session(struct answer *a, struct hostile *h, const struct request *q)
{
    json_t *session = session_of(a, h, q, 1);
    if (!session)
        return;
    h->refreshes_made++;
    json_object_set_new(session, "expires", json_integer(0));
    give_session(a, h, json_string_value(json_object_get(session, "did")),
                 json_string_value(json_object_get(session, "handle")));
}

/* ---- records ---- */

static int is_tid(const char *key)
{
    return strlen(key) == 13 && strspn(key, "234567abcdefghijklmnopqrstuvwxyz") == 13 &&
           strchr("234567abcdefghij", *key);
}

/* 1: from and to are places between characters of text. */
static int is_range(const char *text, json_int_t from, json_int_t to)
{
    json_int_t len = (json_int_t)strlen(text);
    return from >= 0 && from < to && to <= len && ((unsigned char)text[from] & 0xC0u) != 0x80u &&
           ((unsigned char)text[to] & 0xC0u) != 0x80u;
}

static const char *fault_of_facets(const json_t *facets, const char *text)
{
    size_t i;
    json_t *facet;
    if (facets && !json_is_array(facets))
        return "facets must be an array";
    json_array_foreach(facets, i, facet)
    {
        json_t *index = json_object_get(facet, "index"),
               *from = json_object_get(index, "byteStart"), *to = json_object_get(index, "byteEnd"),
               *feature;
        if (!json_is_integer(from) || !json_is_integer(to) ||
            !is_range(text, json_integer_value(from), json_integer_value(to)))
            return "a facet's index is no range of the text";
        feature = json_array_get(json_object_get(facet, "features"), 0);
        const char *type = json_string_value(json_object_get(feature, "$type"));
        const char *need = !type                                                  ? NULL
                           : strcmp(type, "app.bsky.richtext.facet#link") == 0    ? "uri"
                           : strcmp(type, "app.bsky.richtext.facet#mention") == 0 ? "did"
                           : strcmp(type, "app.bsky.richtext.facet#tag") == 0     ? "tag"
                                                                                  : NULL;
        if (!need || !json_is_string(json_object_get(feature, need)))
            return "a facet's feature is none";
    }
    return "";
}

static const char *fault_of_blob(const struct hostile *h, const json_t *blob)
{
    const char *cid = json_string_value(json_object_get(json_object_get(blob, "ref"), "$link"));
    const char *type = json_string_value(json_object_get(blob, "$type"));
    json_t *known = cid ? json_object_get(h->blobs, cid) : NULL;
    if (!known || !type || strcmp(type, "blob") != 0)
        return "Could not find blob";
    if (json_integer_value(json_object_get(known, "size")) > 2000000)
        return "This file is too large";
    if (!json_equal(json_object_get(known, "mimeType"), json_object_get(blob, "mimeType")))
        return "Mimetype does not match";
    return json_equal(json_object_get(known, "size"), json_object_get(blob, "size"))
               ? ""
               : "Size does not match";
}

static const char *fault_of_images(const struct hostile *h, const json_t *embed)
{
    json_t *images = json_object_get(embed, "images"), *image;
    size_t i;
    if (!json_is_array(images) || json_array_size(images) < 1 || json_array_size(images) > 4)
        return "embed.images must have 1 to 4 items";
    json_array_foreach(images, i, image)
    {
        const char *fault = fault_of_blob(h, json_object_get(image, "image"));
        if (!json_is_string(json_object_get(image, "alt")))
            return "an image must have an alt";
        if (*fault)
            return fault;
    }
    return "";
}

static const char *fault_of_embed(const struct hostile *h, const json_t *embed)
{
    const char *type = json_string_value(json_object_get(embed, "$type"));
    if (!embed)
        return "";
    if (type && strcmp(type, "app.bsky.embed.images") == 0)
        return fault_of_images(h, embed);
    json_t *external = json_object_get(embed, "external");
    if (!type || strcmp(type, "app.bsky.embed.external") != 0)
        return "embed is of no known type";
    return json_is_string(json_object_get(external, "uri")) &&
                   json_is_string(json_object_get(external, "title")) &&
                   json_is_string(json_object_get(external, "description"))
               ? ""
               : "external must have uri, title and description";
}

/* "2026-12-01T09:00:00Z", a fraction allowed. */
static int is_time(const char *text)
{
    static const char shape[] = "0000-00-00T00:00:00";
    for (size_t i = 0; i < sizeof shape - 1; i++)
        if (shape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
            return 0;
    text += sizeof shape - 1;
    if (*text == '.')
        text += 1 + strspn(text + 1, "0123456789");
    return strcmp(text, "Z") == 0 || strcmp(text, "+00:00") == 0;
}

const char *bluesky_fault_of(const struct hostile *h, const json_t *record)
{
    const char *type = json_string_value(json_object_get(record, "$type"));
    const char *text = json_string_value(json_object_get(record, "text"));
    const char *made = json_string_value(json_object_get(record, "createdAt"));
    json_t *langs = json_object_get(record, "langs");
    if (!type || strcmp(type, POSTS) != 0)
        return "Invalid $type: expected app.bsky.feed.post";
    if (!text)
        return "Record must have the property \"text\"";
    if (strlen(text) > 3000)
        return "Record/text must not be longer than 3000 bytes";
    if (!made || !is_time(made))
        return "Record/createdAt must be a valid atproto datetime";
    if (langs && (!json_is_array(langs) || json_array_size(langs) > 3))
        return "Record/langs must be an array of at most 3";
    const char *fault = fault_of_facets(json_object_get(record, "facets"), text);
    return *fault ? fault : fault_of_embed(h, json_object_get(record, "embed"));
}

static void give_record(struct answer *a, const struct post *post)
{
    a->status = 200;
    a->json = json_pack("{s:s, s:s, s:{s:s, s:s}, s:s}", "uri", post->id, "cid", post->cid,
                        "commit", "cid", post->cid, "rev", post->key, "validationStatus", "valid");
}

struct put {
    const char *did, *key;
    json_t *record, *swap; /* borrowed */
    int create;
};

static void put_record(struct answer *a, struct hostile *h, const struct put *put)
{
    char uri[300];
    struct post *post;
    const char *text = json_string_value(json_object_get(put->record, "text"));
    snprintf(uri, sizeof uri, "at://%s/" POSTS "/%s", put->did, put->key);
    post = post_find(h, uri);
    if (!post && json_is_string(put->swap)) {
        answer_error(a, 400, "InvalidSwap", "Record was at null");
    } else if (!post) {
        give_record(a, post_add(h, 1, put->did, uri, put->key, text, put->record));
    } else if (put->create) {
        answer_error(a, 500, "InternalServerError", "Internal Server Error");
    } else if (json_equal(post->record, put->record)) {
        give_record(a, post); /* nothing to change: no commit, whatever was to be swapped */
    } else if (put->swap && (!json_is_string(put->swap) ||
                             strcmp(json_string_value(put->swap), post->cid) != 0)) {
        answer_error(a, 400, "InvalidSwap", "Record was at another cid");
    } else {
        post_change(h, post, text, put->record);
        give_record(a, post);
    }
}

static void write_record(struct answer *a, struct hostile *h, const struct request *q, int create)
{
    json_t *session = session_of(a, h, q, 0), *fields = session ? wire_fields(q) : NULL;
    const char *did = json_string_value(json_object_get(session, "did"));
    const char *repo = json_string_value(json_object_get(fields, "repo"));
    const char *collection = json_string_value(json_object_get(fields, "collection"));
    struct put put = {.did = did,
                      .key = json_string_value(json_object_get(fields, "rkey")),
                      .record = json_object_get(fields, "record"),
                      .swap = json_object_get(fields, "swapRecord"),
                      .create = create};
    if (!session)
        return;
    if (!repo || !collection || strcmp(collection, POSTS) != 0 || !put.key || !is_tid(put.key))
        answer_error(a, 400, "InvalidRequest", "repo, collection or rkey is missing or not valid");
    else if (strcmp(repo, did) != 0 &&
             strcmp(repo, json_string_value(json_object_get(session, "handle"))) != 0)
        answer_error(a, 400, "InvalidRequest", "Not your repo");
    else if (*bluesky_fault_of(h, put.record))
        answer_error(a, 400, "InvalidRequest", bluesky_fault_of(h, put.record));
    else
        put_record(a, h, &put);
    json_decref(fields);
}

static void get_record(struct answer *a, struct hostile *h, const struct request *q)
{
    char uri[300];
    char *repo = wire_query(q, "repo", 0), *key = wire_query(q, "rkey", 0),
         *collection = wire_query(q, "collection", 0);
    snprintf(uri, sizeof uri, "at://%s/%s/%s", repo ? repo : "", collection ? collection : "",
             key ? key : "");
    struct post *post = post_find(h, uri);
    if (!repo || !key || !collection) {
        answer_error(a, 400, "InvalidRequest", "Params must have repo, collection and rkey");
    } else if (!post) {
        answer_error(a, 400, "RecordNotFound", "Could not locate record");
    } else {
        a->status = 200;
        a->json = json_pack("{s:s, s:s, s:O}", "uri", uri, "cid", post->cid, "value", post->record);
    }
    free(repo);
    free(key);
    free(collection);
}

/* The record of that repository with the highest key below `before`; NULL: none. */
static const struct post *next_record(const struct hostile *h, const char *repo, const char *before)
{
    const struct post *next = NULL;
    for (size_t i = 0; i < h->post_count; i++) {
        const struct post *p = &h->posts[i];
        if (p->bluesky && !p->deleted && strcmp(p->account, repo) == 0 &&
            strcmp(p->key, before) < 0 && (!next || strcmp(p->key, next->key) > 0))
            next = p;
    }
    return next;
}

static void give_records(struct answer *a, const struct hostile *h, const char *repo,
                         const char *before, long limit)
{
    const struct post *next = NULL;
    json_t *records = json_array();
    for (; limit > 0 && (next = next_record(h, repo, before)) != NULL; limit--) {
        json_array_append_new(records, json_pack("{s:s, s:s, s:O}", "uri", next->id, "cid",
                                                 next->cid, "value", next->record));
        before = next->key;
    }
    a->status = 200;
    a->json = json_pack("{s:o}", "records", records);
    if (limit == 0)
        json_object_set_new(a->json, "cursor", json_string(before));
}

/* Newest key first, as many as limit says, those before cursor. */
static void list_records(struct answer *a, struct hostile *h, const struct request *q)
{
    char *repo = wire_query(q, "repo", 0), *count = wire_query(q, "limit", 0),
         *cursor = wire_query(q, "cursor", 0);
    long limit = count ? strtol(count, NULL, 10) : 50;
    if (!repo || limit < 1 || limit > 100)
        answer_error(a, 400, "InvalidRequest", "Params must have repo, and a limit of 1 to 100");
    else
        give_records(a, h, repo, cursor ? cursor : "zzzzzzzzzzzzzz", limit);
    free(repo);
    free(count);
    free(cursor);
}

static void upload_blob(struct answer *a, struct hostile *h, const struct request *q)
{
    char cid[80], type[200];
    if (!session_of(a, h, q, 0))
        return;
    wire_header(type, sizeof type, q, "Content-Type");
    if (!*type || q->body.len == 0) {
        answer_error(a, 400, "InvalidRequest", "Request has no content type, or no body");
        return;
    }
    hostile_digest(cid, "bafkrei", q->body.data, q->body.len);
    json_t *known = json_pack("{s:s, s:I}", "mimeType", type, "size", (json_int_t)q->body.len);
    json_object_set_new(h->blobs, cid, known);
    a->status = 200;
    a->json = json_pack("{s:{s:s, s:{s:s}, s:s, s:I}}", "blob", "$type", "blob", "ref", "$link",
                        cid, "mimeType", type, "size", (json_int_t)q->body.len);
}

/* ---- the app view ---- */

static json_t *view_of(struct post *post, const struct fault *fault)
{
    char iso[32];
    for (int m = 0; m < METRICS && fault->kind == FAULT_FALL; m++)
        post->counts[m] -= post->counts[m] > 0;
    return json_pack("{s:s, s:s, s:{s:s, s:s}, s:O, s:I, s:I, s:I, s:I, s:s}", "uri", post->id,
                     "cid", post->cid, "author", "did", post->account, "handle", "handle.invalid",
                     "record", post->record, "likeCount", (json_int_t)post->counts[LIKES],
                     "repostCount", (json_int_t)post->counts[REPOSTS], "replyCount",
                     (json_int_t)post->counts[REPLIES], "quoteCount",
                     (json_int_t)post->counts[QUOTES], "indexedAt", hostile_iso(iso, post->at));
}

static void get_posts(struct answer *a, struct hostile *h, const struct request *q,
                      const struct fault *fault)
{
    size_t asked = 0;
    char *uri;
    if (!session_of(a, h, q, 0))
        return;
    json_t *posts = json_array();
    for (; (uri = wire_query(q, "uris", asked)) != NULL; asked++) {
        struct post *post = post_find(h, uri);
        if (post && post->bluesky)
            json_array_append_new(posts, view_of(post, fault));
        free(uri);
    }
    a->status = 200;
    a->json = json_pack("{s:o}", "posts", posts);
    if (asked < 1 || asked > 25)
        answer_error(a, 400, "InvalidRequest", "uris must have 1 to 25 items");
}

/* Handles of *.test are people; nobody else is. */
static void resolve_handle(struct answer *a, const struct request *q)
{
    char did[40];
    char *handle = wire_query(q, "handle", 0);
    size_t len = handle ? strlen(handle) : 0;
    if (len > 5 && strcmp(handle + len - 5, ".test") == 0) {
        did_of(did, handle);
        a->status = 200;
        a->json = json_pack("{s:s}", "did", did);
    } else {
        answer_error(a, 400, "InvalidRequest", "Unable to resolve handle");
    }
    free(handle);
}

static void describe(struct answer *a)
{
    a->status = 200;
    a->json = json_pack("{s:s, s:[s], s:b}", "did", "did:web:localhost", "availableUserDomains",
                        ".test", "inviteCodeRequired", 0);
}

static void get_session(struct answer *a, struct hostile *h, const struct request *q)
{
    json_t *session = session_of(a, h, q, 0);
    if (!session)
        return;
    a->status = 200;
    a->json = json_pack("{s:O, s:O, s:b}", "did", json_object_get(session, "did"), "handle",
                        json_object_get(session, "handle"), "active", 1);
}

static void delete_record(struct answer *a, struct hostile *h, const struct request *q)
{
    char uri[300];
    json_t *session = session_of(a, h, q, 0), *fields = session ? wire_fields(q) : NULL;
    const char *key = json_string_value(json_object_get(fields, "rkey"));
    if (session) {
        snprintf(uri, sizeof uri, "at://%s/" POSTS "/%s",
                 json_string_value(json_object_get(session, "did")), key ? key : "");
        struct post *post = post_find(h, uri);
        if (post)
            post_delete(h, post);
        a->status = 200;
        a->json = json_object();
    }
    json_decref(fields);
}

static void read_only(struct answer *a, struct hostile *h, const struct request *q,
                      const struct fault *fault, const char *name)
{
    if (strcmp(name, "com.atproto.repo.getRecord") == 0)
        get_record(a, h, q);
    else if (strcmp(name, "com.atproto.repo.listRecords") == 0)
        list_records(a, h, q);
    else if (strcmp(name, "app.bsky.feed.getPosts") == 0)
        get_posts(a, h, q, fault);
    else if (strcmp(name, "com.atproto.server.describeServer") == 0)
        describe(a);
    else if (strcmp(name, "com.atproto.server.getSession") == 0)
        get_session(a, h, q);
    else if (strcmp(name, "com.atproto.identity.resolveHandle") == 0)
        resolve_handle(a, q);
}

void bluesky_serve(struct answer *a, struct hostile *h, const struct request *q,
                   const struct fault *fault)
{
    const char *name = q->path + 6;
    int post = strcmp(q->method, "POST") == 0;
    if (!post)
        read_only(a, h, q, fault, name);
    else if (strcmp(name, "com.atproto.server.createSession") == 0)
        create_session(a, h, q);
    else if (strcmp(name, "com.atproto.server.refreshSession") == 0)
        refresh_session(a, h, q);
    else if (strcmp(name, "com.atproto.repo.putRecord") == 0)
        write_record(a, h, q, 0);
    else if (strcmp(name, "com.atproto.repo.createRecord") == 0)
        write_record(a, h, q, 1);
    else if (strcmp(name, "com.atproto.repo.deleteRecord") == 0)
        delete_record(a, h, q);
    else if (strcmp(name, "com.atproto.repo.uploadBlob") == 0)
        upload_blob(a, h, q);
    if (!a->status)
        answer_error(a, 501, "MethodNotImplemented", "Method Not Implemented");
}
