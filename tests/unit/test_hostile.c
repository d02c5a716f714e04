/* The server that the posting tests lean on: it keeps the platforms' rules, it commits exactly when
 * its script says so, and its journal is what was committed. */
#include "hostile_server.h"

#define NOW      "1800000000"
#define PUT_URL  "/xrpc/com.atproto.repo.putRecord"
#define POST_URL "/api/v1/statuses"
#define KEY      "3l2abcdefgh2k"

static const char *const still[] = {"--now", NOW, NULL};

/* One exchange whose answer is JSON; NULL when none came. *status: 0 then. The caller ends it. */
static json_t *talk(long *status, const struct hostile_server *s, const char *method,
                    const char *path, const char *token, const char *body)
{
    char header[400];
    const char *const headers[] = {header, NULL};
    struct abp_http_answer answer;
    snprintf(header, sizeof header, "Authorization: Bearer %s", token ? token : "none");
    hostile_ask(&answer, s, s->http, method, path, token ? headers : NULL, body);
    json_t *json =
        json_loadb(abp_buffer_text(&answer.body), answer.body.len, JSON_DECODE_ANY, NULL);
    *status = answer.status;
    abp_http_answer_release(&answer);
    return json;
}

/* The value at "a/b/0/c" as text; "" when it is not there. Good until the fourth call after it. */
static const char *at(const json_t *json, const char *path)
{
    static char values[4][2000];
    static unsigned next;
    char *out = values[next++ % 4], step[100];
    while (*path) {
        size_t len = strcspn(path, "/");
        snprintf(step, sizeof step, "%.*s", (int)len, path);
        json = json_is_array(json) ? json_array_get(json, strtoul(step, NULL, 10))
                                   : json_object_get(json, step);
        path += len + (path[len] == '/');
    }
    if (json_is_string(json))
        snprintf(out, sizeof values[0], "%s", json_string_value(json));
    else if (json_is_number(json))
        snprintf(out, sizeof values[0], "%.0f", json_number_value(json));
    else
        *out = '\0';
    return out;
}

/* Asks, and expects a status and, where path is named, a value. */
static void expect(const struct hostile_server *s, const char *method, const char *url,
                   const char *token, const char *body, long status, const char *path,
                   const char *value)
{
    long got;
    json_t *json = talk(&got, s, method, url, token, body);
    char *text = json_dumps(json, JSON_ENCODE_ANY);
    if (got != status || (path && strcmp(at(json, path), value) != 0))
        fail_msg("%s %s %s: %ld %s", method, url, body ? body : "", got, text ? text : "");
    free(text);
    json_decref(json);
}

static void sign_in(char access[200], char refresh[200], char did[40],
                    const struct hostile_server *s)
{
    long status;
    json_t *json = talk(&status, s, "POST", "/xrpc/com.atproto.server.createSession", NULL,
                        "{\"identifier\":\"a.test\",\"password\":\"app-password\"}");
    assert_int_equal(status, 200);
    snprintf(access, 200, "%s", at(json, "accessJwt"));
    snprintf(refresh, 200, "%s", at(json, "refreshJwt"));
    snprintf(did, 40, "%s", at(json, "did"));
    json_decref(json);
}

/* A putRecord; swap: "" or ",\"swapRecord\":null". */
static const char *put_body(const char *key, const char *text, const char *more, const char *swap)
{
    static char body[4000];
    snprintf(
        body, sizeof body,
        "{\"repo\":\"a.test\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"%s\",\"record\":"
        "{\"$type\":\"app.bsky.feed.post\",\"text\":\"%s\","
        "\"createdAt\":\"2027-01-15T08:00:00.000Z\"%s}%s}",
        key, text, more, swap);
    return body;
}

#define NULL_SWAP ",\"swapRecord\":null"

static void test_bluesky_records(void **state)
{
    (void)state;
    struct hostile_server s;
    char access[200], refresh[200], did[40], uri[200], url[300];
    hostile_start(&s, still);
    expect(&s, "POST", "/xrpc/com.atproto.server.createSession", NULL,
           "{\"identifier\":\"a.test\",\"password\":\"wrong\"}", 401, "error",
           "AuthenticationRequired");
    sign_in(access, refresh, did, &s);
    snprintf(uri, sizeof uri, "at://%s/app.bsky.feed.post/" KEY, did);
    expect(&s, "POST", PUT_URL, NULL, put_body(KEY, "one", "", NULL_SWAP), 401, "error",
           "AuthMissing");
    expect(&s, "POST", PUT_URL, refresh, put_body(KEY, "one", "", NULL_SWAP), 400, "error",
           "InvalidToken");
    for (int i = 0; i < 3; i++)
        expect(&s, "POST", PUT_URL, access, put_body(KEY, "one", "", NULL_SWAP), 200, "uri", uri);
    expect(&s, "POST", PUT_URL, access, put_body(KEY, "two", "", NULL_SWAP), 400, "error",
           "InvalidSwap");
    assert_int_equal(hostile_posts(&s), 1);
    snprintf(url, sizeof url,
             "/xrpc/com.atproto.repo.getRecord?repo=%s&collection=app.bsky.feed.post&rkey=" KEY,
             did);
    expect(&s, "GET", url, NULL, NULL, 200, "value/text", "one");
    /* Without swapRecord the post is written over, which the journal must show. */
    expect(&s, "POST", PUT_URL, access, put_body(KEY, "two", "", ""), 200, "uri", uri);
    expect(&s, "GET", url, NULL, NULL, 200, "value/text", "two");
    url[strlen(url) - 1] = 'a';
    expect(&s, "GET", url, NULL, NULL, 400, "error", "RecordNotFound");
    expect(&s, "POST", "/xrpc/com.atproto.repo.createRecord", access, put_body(KEY, "3", "", ""),
           500, NULL, NULL);
    expect(&s, "POST", PUT_URL, access, put_body("self", "one", "", NULL_SWAP), 400, "error",
           "InvalidRequest");
    json_t *seen = hostile_state(&s);
    assert_true(
        json_is_true(json_object_get(json_array_get(json_object_get(seen, "posts"), 0), "edited")));
    json_decref(seen);
    hostile_stop(&s);
}

static void test_bluesky_contract(void **state)
{
    (void)state;
    struct hostile_server s;
    char access[200], refresh[200], did[40], image[600];
    static const char *const bad[] = {
        ",\"facets\":[{\"index\":{\"byteStart\":0,\"byteEnd\":9},\"features\":[{\"$type\":"
        "\"app.bsky.richtext.facet#link\",\"uri\":\"https://a.test\"}]}]",
        ",\"facets\":[{\"index\":{\"byteStart\":0,\"byteEnd\":1},\"features\":[{\"$type\":"
        "\"app.bsky.richtext.facet#link\",\"uri\":\"https://a.test\"}]}]", /* inside the é */
        ",\"facets\":[{\"index\":{\"byteStart\":0,\"byteEnd\":2},\"features\":[{\"$type\":"
        "\"app.bsky.richtext.facet#mention\",\"uri\":\"https://a.test\"}]}]",
        ",\"embed\":{\"$type\":\"app.bsky.embed.images\",\"images\":[]}",
        ",\"embed\":{\"$type\":\"app.bsky.embed.images\",\"images\":[{\"alt\":\"\",\"image\":"
        "{\"$type\":\"blob\",\"ref\":{\"$link\":\"bafkreinone\"},\"mimeType\":\"image/png\","
        "\"size\":3}}]}",
        ",\"langs\":[\"en\",\"de\",\"fr\",\"it\"]",
        ",\"createdAt\":\"yesterday\"",
    };
    long status;
    hostile_start(&s, still);
    sign_in(access, refresh, did, &s);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect(&s, "POST", PUT_URL, access, put_body(KEY, "\xC3\xA9t\xC3\xA9", bad[i], NULL_SWAP),
               400, NULL, NULL);
    assert_int_equal(hostile_posts(&s), 0);
    expect(&s, "POST", PUT_URL, access,
           put_body(KEY, "\xC3\xA9t\xC3\xA9",
                    ",\"facets\":[{\"index\":{\"byteStart\":0,\"byteEnd\":5},\"features\":["
                    "{\"$type\":\"app.bsky.richtext.facet#tag\",\"tag\":\"t\"}]}]",
                    NULL_SWAP),
           200, NULL, NULL);
    json_t *blob = talk(&status, &s, "POST", "/xrpc/com.atproto.repo.uploadBlob", access, "PNG");
    assert_int_equal(status, 200);
    char *as_text = json_dumps(json_object_get(blob, "blob"), JSON_COMPACT);
    snprintf(image, sizeof image,
             ",\"embed\":{\"$type\":\"app.bsky.embed.images\",\"images\":[{\"alt\":\"x\",\"image\":"
             "%s}]}",
             as_text);
    expect(&s, "POST", PUT_URL, access, put_body("3l2abcdefgh2m", "an image", image, NULL_SWAP),
           200, NULL, NULL);
    assert_int_equal(hostile_posts(&s), 2);
    free(as_text);
    json_decref(blob);
    hostile_stop(&s);
}

static void test_bluesky_sessions(void **state)
{
    (void)state;
    struct hostile_server s;
    char access[200], refresh[200], did[40];
    hostile_start(&s, still);
    sign_in(access, refresh, did, &s);
    expect(&s, "POST", "/xrpc/com.atproto.server.refreshSession", refresh, NULL, 200, "did", did);
    /* spent */
    expect(&s, "POST", "/xrpc/com.atproto.server.refreshSession", refresh, NULL, 400, "error",
           "ExpiredToken");
    expect(&s, "GET", "/xrpc/com.atproto.server.getSession", access, NULL, 200, "did", did);
    hostile_tell(&s, "/_clock", "+7199");
    expect(&s, "GET", "/xrpc/com.atproto.server.getSession", access, NULL, 200, "did", did);
    hostile_tell(&s, "/_clock", "+1");
    expect(&s, "GET", "/xrpc/com.atproto.server.getSession", access, NULL, 400, "error",
           "ExpiredToken");
    hostile_tell(&s, "/_clock", "+301");
    for (int i = 0; i < 30; i++)
        sign_in(access, refresh, did, &s);
    expect(&s, "POST", "/xrpc/com.atproto.server.createSession", NULL,
           "{\"identifier\":\"a.test\",\"password\":\"app-password\"}", 429, NULL, NULL);
    expect(&s, "GET", "/xrpc/com.atproto.server.getSession", access, NULL, 200, "did", did);
    hostile_tell(&s, "/_expire", "access");
    expect(&s, "GET", "/xrpc/com.atproto.server.getSession", access, NULL, 400, "error",
           "ExpiredToken");
    expect(&s, "GET", "/_state", NULL, NULL, 200, "logins", "31");
    expect(&s, "GET", "/_state", NULL, NULL, 200, "refreshes", "1");
    hostile_stop(&s);
}

/* Posts 5 records; reads them back in pages and in a batch that names one that is not there. */
static void test_bluesky_reading(void **state)
{
    (void)state;
    struct hostile_server s;
    char access[200], refresh[200], did[40], key[20], url[6000], many[6000];
    hostile_start(&s, still);
    sign_in(access, refresh, did, &s);
    size_t len = (size_t)snprintf(url, sizeof url, "/xrpc/app.bsky.feed.getPosts?");
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "3l2abcdefgh%c2", "acegi"[i]);
        expect(&s, "POST", PUT_URL, access, put_body(key, key, "", NULL_SWAP), 200, NULL, NULL);
        len += (size_t)snprintf(url + len, sizeof url - len, "&uris=at%%3A%%2F%%2F%s/%s/%s", did,
                                "app.bsky.feed.post", i == 2 ? "3l2zzzzzzzz22" : key);
    }
    expect(&s, "GET", url, NULL, NULL, 401, NULL, NULL);
    expect(&s, "GET", url, access, NULL, 200, "posts/3/record/text", "3l2abcdefghi2");
    expect(&s, "GET", url, access, NULL, 200, "posts/4/uri", "");
    size_t more = (size_t)snprintf(many, sizeof many, "/xrpc/app.bsky.feed.getPosts?");
    for (int i = 0; i < 26; i++)
        more += (size_t)snprintf(many + more, sizeof many - more, "&uris=at://x/y/z%d", i);
    expect(&s, "GET", many, access, NULL, 400, "error", "InvalidRequest");
    snprintf(url, sizeof url,
             "/xrpc/com.atproto.repo.listRecords?repo=%s&collection=app.bsky.feed.post&limit=2",
             did);
    expect(&s, "GET", url, NULL, NULL, 200, "records/1/value/text", "3l2abcdefghg2");
    expect(&s, "GET", url, NULL, NULL, 200, "cursor", "3l2abcdefghg2");
    strcat(url, "&cursor=3l2abcdefghc2");
    expect(&s, "GET", url, NULL, NULL, 200, "records/0/value/text", "3l2abcdefgha2");
    expect(&s, "GET", url, NULL, NULL, 200, "records/1/value/text", "");
    hostile_stop(&s);
}

/* ---- Mastodon ---- */

static void post_keyed(const struct hostile_server *s, const char *key, const char *text, char *id,
                       size_t size)
{
    char body[2000], header[100];
    const char *const headers[] = {"Authorization: Bearer token-ann", header, NULL};
    struct abp_http_answer answer;
    snprintf(header, sizeof header, "Idempotency-Key: %s", key);
    snprintf(body, sizeof body, "{\"status\":\"%s\"}", text);
    hostile_ask(&answer, s, s->http, "POST", POST_URL, headers, body);
    assert_int_equal(answer.status, 200);
    json_t *json = json_loads(abp_buffer_text(&answer.body), 0, NULL);
    snprintf(id, size, "%s", at(json, "id"));
    json_decref(json);
    abp_http_answer_release(&answer);
}

static void test_mastodon_keys(void **state)
{
    (void)state;
    struct hostile_server s;
    char first[40], again[40];
    static const char *const careless[] = {"--now", NOW, "--careless", NULL};
    hostile_start(&s, still);
    post_keyed(&s, "k1", "one", first, sizeof first);
    post_keyed(&s, "k1", "one", again, sizeof again);
    assert_string_equal(first, again);
    hostile_tell(&s, "/_clock", "+3599");
    post_keyed(&s, "k1", "one", again, sizeof again);
    assert_string_equal(first, again);
    assert_int_equal(hostile_posts(&s), 1);
    hostile_tell(&s, "/_clock", "+1");
    post_keyed(&s, "k1", "one", again, sizeof again);
    assert_string_not_equal(first, again);
    expect(&s, "GET", "/_state", NULL, NULL, 200, "doubled", "1");
    hostile_stop(&s);
    hostile_start(&s, careless);
    post_keyed(&s, "k1", "one", first, sizeof first);
    post_keyed(&s, "k1", "one", again, sizeof again);
    assert_string_not_equal(first, again);
    expect(&s, "GET", "/api/v2/instance", NULL, NULL, 401, NULL, NULL);
    expect(&s, "GET", "/api/v2/instance", "token-ann", NULL, 404, NULL, NULL);
    expect(&s, "GET", "/api/v1/instance", NULL, NULL, 200, "max_toot_chars", "500");
    hostile_stop(&s);
}

static void test_mastodon_statuses(void **state)
{
    (void)state;
    struct hostile_server s;
    char first[40], url[200], long_text[600];
    hostile_start(&s, still);
    expect(&s, "GET", "/api/v1/accounts/verify_credentials", "wrong", NULL, 401, NULL, NULL);
    expect(&s, "GET", "/api/v1/accounts/verify_credentials", "token-ann", NULL, 200, "username",
           "ann");
    post_keyed(&s, "k", "<b> & https://a.test/x?y", first, sizeof first);
    snprintf(url, sizeof url, "/api/v1/statuses/%s", first);
    expect(&s, "GET", url, "token-ann", NULL, 200, "content",
           "<p>&lt;b&gt; &amp; <a href=\"https://a.test/x?y\" rel=\"nofollow\">"
           "https://a.test/x?y</a></p>");
    strcat(url, "/source");
    expect(&s, "GET", url, "token-ann", NULL, 200, "text", "<b> & https://a.test/x?y");
    snprintf(long_text, sizeof long_text, "{\"status\":\"%0501d\"}", 0);
    expect(&s, "POST", POST_URL, "token-ann", long_text, 422, NULL, NULL);
    snprintf(long_text, sizeof long_text, "{\"status\":\"%0500d\"}", 0);
    expect(&s, "POST", POST_URL, "token-ann", long_text, 200, NULL, NULL);
    expect(&s, "POST", POST_URL, "token-ann", "{\"status\":\"\"}", 422, NULL, NULL);
    expect(&s, "POST", POST_URL, "token-ann", "{\"status\":\"x\",\"visibility\":\"followers\"}",
           422, NULL, NULL);
    expect(&s, "POST", POST_URL, "token-ann", "{\"status\":\"x\",\"media_ids\":[\"7\"]}", 422, NULL,
           NULL);
    expect(&s, "POST", POST_URL, "token-ann", "{\"status\":\"x\",\"visibility\":\"private\"}", 200,
           "visibility", "private");
    url[strlen(url) - strlen("/source")] = '\0';
    hostile_tell(&s, "/_delete", first);
    expect(&s, "GET", url, "token-ann", NULL, 404, NULL, NULL);
    hostile_stop(&s);
}

/* Own posts in pages, newest first, nobody else's. */
static void test_mastodon_listing(void **state)
{
    (void)state;
    struct hostile_server s;
    char ids[5][40], url[200], me[40];
    long status;
    hostile_start(&s, still);
    for (int i = 0; i < 5; i++) {
        char text[20];
        snprintf(text, sizeof text, "number %d", i);
        post_keyed(&s, text, text, ids[i], sizeof ids[i]);
        expect(&s, "POST", POST_URL, "token-bob", "{\"status\":\"bob's\"}", 200, NULL, NULL);
    }
    json_t *account =
        talk(&status, &s, "GET", "/api/v1/accounts/verify_credentials", "token-ann", NULL);
    snprintf(me, sizeof me, "%s", at(account, "id"));
    json_decref(account);
    snprintf(url, sizeof url, "/api/v1/accounts/%s/statuses?limit=2", me);
    expect(&s, "GET", url, "token-ann", NULL, 200, "1/id", ids[3]);
    expect(&s, "GET", url, "token-ann", NULL, 200, "2/id", "");
    snprintf(url, sizeof url, "/api/v1/accounts/%s/statuses?limit=2&max_id=%s", me, ids[3]);
    expect(&s, "GET", url, "token-ann", NULL, 200, "0/id", ids[2]);
    snprintf(url, sizeof url, "/api/v1/accounts/%s/statuses?since_id=%s", me, ids[3]);
    expect(&s, "GET", url, "token-ann", NULL, 200, "0/id", ids[4]);
    expect(&s, "GET", url, "token-ann", NULL, 200, "1/id", "");
    snprintf(url, sizeof url, "/api/v1/accounts/%s/statuses?limit=2&min_id=%s", me, ids[0]);
    expect(&s, "GET", url, "token-ann", NULL, 200, "0/id", ids[2]);
    hostile_stop(&s);
}

static void test_mastodon_media(void **state)
{
    (void)state;
    struct hostile_server s;
    struct abp_http_answer answer;
    struct abp_error err = {0};
    char url[100], id[40], body[200];
    static const char *const headers[] = {"Authorization: Bearer token-ann"};
    const struct abp_http_part parts[] = {
        {"description", NULL, NULL, "A \"harbour\"\r\nat dawn", 20},
        {"file", "dawn.png", "image/png", "\x89PNG\r\n\r\n--x\r\n\0\xFF", 15}};
    hostile_start(&s, still);
    hostile_tell(&s, "/_fault", "path=/media method=POST do=processing polls=2");
    snprintf(url, sizeof url, "%s/api/v2/media", s.url);
    struct abp_http_request request = {.method = "POST",
                                       .url = url,
                                       .headers = headers,
                                       .header_count = 1,
                                       .parts = parts,
                                       .part_count = 2};
    abp_http_answer_init(&answer);
    assert_int_equal(s.http->exchange(s.http, &answer, &request, &err), 0);
    assert_int_equal(answer.status, 202);
    json_t *json = json_loads(abp_buffer_text(&answer.body), 0, NULL);
    snprintf(id, sizeof id, "%s", at(json, "id"));
    assert_string_equal(at(json, "description"), "A \"harbour\"\r\nat dawn");
    assert_true(json_is_null(json_object_get(json, "url")));
    json_decref(json);
    abp_http_answer_release(&answer);
    snprintf(body, sizeof body, "{\"status\":\"x\",\"media_ids\":[\"%s\"]}", id);
    snprintf(url, sizeof url, "/api/v1/media/%s", id);
    expect(&s, "POST", POST_URL, "token-ann", body, 422, NULL, NULL);
    expect(&s, "GET", url, "token-ann", NULL, 206, NULL, NULL);
    expect(&s, "POST", POST_URL, "token-ann", body, 422, NULL, NULL);
    expect(&s, "GET", url, "token-ann", NULL, 200, NULL, NULL);
    expect(&s, "POST", POST_URL, "token-bob", body, 422, NULL, NULL);
    expect(&s, "POST", POST_URL, "token-ann", body, 200, "media_attachments/0/description",
           "A \"harbour\"\r\nat dawn");
    hostile_stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bluesky_records),  cmocka_unit_test(test_bluesky_contract),
        cmocka_unit_test(test_bluesky_sessions), cmocka_unit_test(test_bluesky_reading),
        cmocka_unit_test(test_mastodon_keys),    cmocka_unit_test(test_mastodon_statuses),
        cmocka_unit_test(test_mastodon_listing), cmocka_unit_test(test_mastodon_media),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
