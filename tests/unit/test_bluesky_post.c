/* Posting to Bluesky: every byte that goes out, and what each answer is taken for. */
#include "bluesky_fake.h"

static int prepare(struct fake *fake, struct abp_buffer *request, struct abp_content *content,
                   struct abp_outcome *outcome)
{
    abp_buffer_init(request, 65536);
    memset(outcome, 0xA5, sizeof *outcome);
    return fake->connection.ops->prepare(&fake->connection, request, content, FAKE_KEY, FAKE_NOW,
                                         outcome);
}

static void is_prepared(struct fake *fake, struct abp_content *content, const char *record)
{
    struct abp_buffer request;
    struct abp_outcome outcome;
    char wanted[4096];
    snprintf(wanted, sizeof wanted,
             "{\"repo\":\"" FAKE_DID "\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"" FAKE_KEY
             "\",\"swapRecord\":null,\"record\":{\"$type\":\"app.bsky.feed.post\",%s,"
             "\"createdAt\":\"2026-11-30T00:53:20Z\"}}",
             record);
    assert_int_equal(prepare(fake, &request, content, &outcome), 0);
    assert_string_equal(request.data, wanted);
    fake_all_asked(fake);
    fake_no_secret(request.data);
    abp_buffer_release(&request);
}

static void test_plain(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    char text[] = "Caf\xC3\xA9 \"to go\"\n#now", lang[] = "pt-BR";
    struct abp_content content = {.text = text, .lang = lang};
    fake_sign_in(fake);
    is_prepared(
        fake, &content,
        "\"text\":\"Caf\xC3\xA9 \\\"to go\\\"\\n#now\",\"facets\":[{\"index\":{\"byteStart\":14,"
        "\"byteEnd\":18},\"features\":[{\"$type\":\"app.bsky.richtext.facet#tag\",\"tag\":"
        "\"now\"}]}],\"langs\":[\"pt-BR\"]");
    fake_end(fake);
}

static void test_mentions(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    char text[] = "@a.com @b.com @c.com";
    struct abp_content content = {.text = text};
    struct abp_buffer request;
    struct abp_outcome outcome;
    fake_sign_in(fake);
    fake_lay(fake, 200, NULL, "{\"did\":\"did:web:a.com\"}");
    fake_lay(fake, 400, NULL, "{\"error\":\"InvalidRequest\",\"message\":\"Unable to resolve\"}");
    fake_lay(fake, 200, NULL, "{\"did\":\"not a did\"}");
    is_prepared(
        fake, &content,
        "\"text\":\"@a.com @b.com @c.com\",\"facets\":[{\"index\":{\"byteStart\":0,\"byteEnd\":"
        "6},\"features\":[{\"$type\":\"app.bsky.richtext.facet#mention\",\"did\":"
        "\"did:web:a.com\"}]}]");
    assert_string_equal(
        fake->requests[1].url,
        "https://bsky.example/xrpc/com.atproto.identity.resolveHandle?handle=b.com");
    fake_forget(fake);
    /* Not being able to ask is not the same as nobody's: the post waits. */
    fake_lay(fake, 502, NULL, "");
    assert_int_equal(prepare(fake, &request, &content, &outcome), -1);
    assert_int_equal(outcome.fate, ABP_FATE_NOT_SENT);
    assert_int_equal(outcome.retry_at, FAKE_NOW + 60);
    abp_buffer_release(&request);
    fake_end(fake);
}

static void test_links(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    char text[] = "Look", inside[] = "See \"https://x.example/a\"";
    char link[] = "https://x.example/a";
    struct abp_content content = {.text = text, .link = link};
    fake_sign_in(fake);
    is_prepared(fake, &content,
                "\"text\":\"Look\",\"embed\":{\"$type\":\"app.bsky.embed.external\",\"external\":{"
                "\"uri\":\"https://x.example/a\",\"title\":\"x.example\",\"description\":\"\"}}");
    content.text = inside; /* there already, though only the author knows that it is a link */
    is_prepared(
        fake, &content,
        "\"text\":\"See \\\"https://x.example/a\\\"\",\"facets\":[{\"index\":{\"byteStart\":5,"
        "\"byteEnd\":24},\"features\":[{\"$type\":\"app.bsky.richtext.facet#link\",\"uri\":"
        "\"https://x.example/a\"}]}]");
    fake_end(fake);
}

static void test_too_long(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    char text[302];
    struct abp_content content = {.text = text};
    struct abp_buffer request;
    struct abp_outcome outcome;
    memset(text, 'a', 301);
    text[301] = '\0';
    assert_int_equal(prepare(fake, &request, &content, &outcome), -1); /* and nobody was asked */
    assert_int_equal(outcome.fate, ABP_FATE_REFUSED);
    assert_non_null(strstr(outcome.reason, "301"));
    abp_buffer_release(&request);
    fake_end(fake);
}

/* ---- pictures ---- */

#define BLOB                                                                                       \
    "{\"blob\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"bafkpic\"},\"mimeType\":\"image/png\","    \
    "\"size\":5,\"more\":1}}"

static void write_picture(struct fake *fake, struct abp_content *content, char *path, size_t size)
{
    snprintf(path, size, "%s/p.png", fake->root);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite("\x89PNG\0", 1, 5, file), 5);
    assert_int_equal(fclose(file), 0);
    content->media_count = 1;
    content->media[0].path = path;
    content->media[0].type = "image/png";
    content->media[0].size = 5;
}

static void test_pictures(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    char text[] = "Pic", path[128], alt[] = "a dot", link[] = "https://x.example";
    struct abp_content content = {.text = text, .link = link};
    fake_sign_in(fake);
    write_picture(fake, &content, path, sizeof path);
    content.media[0].alt = alt;
    fake_lay(fake, 200, NULL, BLOB);
    is_prepared(
        fake, &content,
        "\"text\":\"Pic\\n\\nhttps://x.example\",\"facets\":[{\"index\":{\"byteStart\":5,"
        "\"byteEnd\":22},\"features\":[{\"$type\":\"app.bsky.richtext.facet#link\",\"uri\":"
        "\"https://x.example\"}]}],\"embed\":{\"$type\":\"app.bsky.embed.images\",\"images\":[{"
        "\"alt\":\"a dot\",\"image\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"bafkpic\"},"
        "\"mimeType\":\"image/png\",\"size\":5}}]}");
    const struct fake_request *seen = &fake->requests[0];
    assert_string_equal(seen->url, "https://bsky.example/xrpc/com.atproto.repo.uploadBlob");
    assert_string_equal(seen->content_type, "image/png");
    assert_true(seen->body_len == 5 && memcmp(seen->body, "\x89PNG\0", 5) == 0);
    fake_end(fake);
}

static void test_bad_pictures(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
        enum abp_fate fate;
        size_t size; /* as it was said to have */
    } cases[] = {
        {0, NULL, ABP_FATE_NOT_SENT, 6},      /* has changed */
        {0, NULL, ABP_FATE_NOT_SENT, 4},      /* has changed */
        {-1, NULL, ABP_FATE_NOT_SENT, 5},     /* is gone */
        {0, NULL, ABP_FATE_REFUSED, 2000001}, /* too large */
        {413, "<html>", ABP_FATE_REFUSED, 5},
        {400, "{\"error\":\"InvalidMimeType\"}", ABP_FATE_REFUSED, 5},
        {404, "{\"error\":\"NotFound\"}", ABP_FATE_NOT_SENT, 5},
        {500, "", ABP_FATE_NOT_SENT, 5},
        {200, "{}", ABP_FATE_NOT_SENT, 5},
        {200,
         "{\"blob\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"b\"},\"mimeType\":\"image/"
         "png\",\"size\":6}}",
         ABP_FATE_NOT_SENT, 5},
        {200,
         "{\"blob\":{\"$type\":\"blob\",\"ref\":{\"$link\":7},\"mimeType\":\"image/"
         "png\",\"size\":5}}",
         ABP_FATE_NOT_SENT, 5},
        {200,
         "{\"blob\":{\"$type\":\"blob\",\"ref\":{\"$link\":\"b\"},\"mimeType\":\"text/"
         "html\",\"size\":5}}",
         ABP_FATE_NOT_SENT, 5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_start();
        char text[] = "Pic", path[128], alt[] = "a dot";
        struct abp_content content = {.text = text};
        struct abp_buffer request;
        struct abp_outcome outcome;
        fake_sign_in(fake);
        write_picture(fake, &content, path, sizeof path);
        content.media[0].alt = alt;
        content.media[0].size = cases[i].size;
        if (cases[i].status < 0)
            assert_int_equal(unlink(path), 0);
        if (cases[i].status > 0)
            fake_lay(fake, cases[i].status, NULL, cases[i].body);
        assert_int_equal(prepare(fake, &request, &content, &outcome), -1);
        fake_all_asked(fake);
        if (outcome.fate != cases[i].fate || !outcome.reason[0])
            fail_msg("case %zu: fate %d, %s", i, (int)outcome.fate, outcome.reason);
        /* What is not as it was here is no fault of the server's, and passes. */
        int local = outcome.fate == ABP_FATE_NOT_SENT && cases[i].status <= 0;
        assert_int_equal(outcome.local, local);
        assert_true(!local || outcome.retry_at > 0);
        abp_buffer_release(&request);
        fake_end(fake);
    }
}

/* A link goes below the text where there are pictures: counted before it is built. */
static void test_picture_and_link(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    char text[300], path[128], alt[] = "a dot", link[] = "https://x.example/a";
    struct abp_content content = {.text = text, .link = link};
    const struct abp_channel_ops *ops = fake->connection.ops;
    struct abp_buffer request;
    struct abp_outcome outcome;
    struct abp_error err = {0};
    memset(text, 'x', sizeof text);
    text[280] = '\0';
    assert_int_equal(abp_content_lengths(&content, ops, &ops->limits).characters, 280);
    fake_sign_in(fake);
    write_picture(fake, &content, path, sizeof path);
    content.media[0].alt = alt;
    assert_int_equal(abp_content_lengths(&content, ops, &ops->limits).characters, 301);
    assert_int_equal(abp_content_fits(&content, ops, &ops->limits, &err), -1);
    assert_non_null(strstr(err.message, "with its link is too long"));
    assert_int_equal(prepare(fake, &request, &content, &outcome), -1);
    assert_int_equal(outcome.fate, ABP_FATE_REFUSED);
    abp_buffer_release(&request);
    /* What stands there as a link by this platform's rules does not go below it again. */
    snprintf(text, sizeof text, "(see %s)\xE2\x80\x9D", link);
    assert_int_equal(abp_content_lengths(&content, ops, &ops->limits).characters, 26);
    snprintf(text, sizeof text, "%s\xE2\x80\x9D", link);
    assert_int_equal(abp_content_lengths(&content, ops, &ops->limits).characters, 20);
    text[279] = 'x';
    memset(text, 'x', 279);
    text[279] = '\0';
    assert_int_equal(abp_content_fits(&content, ops, &ops->limits, &err), 0);
    fake_lay(fake, 200, NULL, BLOB);
    assert_int_equal(prepare(fake, &request, &content, &outcome), 0);
    abp_buffer_release(&request);
    fake_end(fake);
}

/* ---- sending and asking ---- */

#define REQUEST                                                                                    \
    "{\"repo\":\"" FAKE_DID "\",\"collection\":\"app.bsky.feed.post\",\"rkey\":\"" FAKE_KEY        \
    "\",\"swapRecord\":null,\"record\":{\"$type\":\"app.bsky.feed.post\",\"text\":\"Hi\","         \
    "\"createdAt\":\"2026-11-30T00:53:20Z\"}}"
#define DONE "{\"uri\":\"" FAKE_URI "\",\"cid\":\"" FAKE_CID "\",\"validationStatus\":\"valid\"}"
#define RECORD(text, made)                                                                         \
    "{\"uri\":\"" FAKE_URI "\",\"cid\":\"" FAKE_CID "\",\"value\":{\"text\":\"" text               \
    "\",\"createdAt\":\"" made "\"}}"
#define OURS        RECORD("Hi", "2026-11-30T00:53:20Z")
#define OTHER       RECORD("Ho", "2026-11-30T00:53:20Z")
#define OLDER       RECORD("Hi", "2026-11-30T00:53:19Z")
#define ERROR(name) "{\"error\":\"" name "\",\"message\":\"Said so\"}"

struct answer_case {
    long status; /* 0: cut after sending; -1: no connection */
    const char *headers, *body;
    const char *asked; /* the answer to getRecord that follows; NULL: nothing more is asked */
    enum abp_fate fate;
    int sign_in;
    int64_t wait; /* seconds until retry_at; -1: 0 */
};

static const struct answer_case sent[] = {
    {200, NULL, DONE, NULL, ABP_FATE_POSTED, 0, -1},
    /* 200 without saying that it is this post */
    {200, NULL, "", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "{}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "[]", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "<html>Welcome", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "{\"uri\":\"" FAKE_URI "x\",\"cid\":\"" FAKE_CID "\"}", NULL, ABP_FATE_UNKNOWN, 0,
     60},
    {200, NULL, "{\"uri\":\"" FAKE_URI "\"}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "{\"uri\":\"" FAKE_URI "\",\"cid\":17}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "{\"uri\":\"" FAKE_URI "\",\"cid\":\"\"}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "{\"uri\":\"" FAKE_URI "\",\"cid\":\"bafy,eih6\"}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "{\"uri\":\"" FAKE_URI "\",\"cid\":\"bafy\\u00e9\"}", NULL, ABP_FATE_UNKNOWN, 0,
     60},
    {200, NULL, "{\"uri\":\"a\",\"uri\":\"" FAKE_URI "\",\"cid\":\"c\"}", NULL, ABP_FATE_UNKNOWN, 0,
     60},
    {200, NULL, "{\"uri\":\"" FAKE_URI "\",\"cid\":\"c\"} trailing", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {201, NULL, DONE, NULL, ABP_FATE_UNKNOWN, 0, 60},
    {302, "Location: https://elsewhere.example/\n", "", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {0, NULL, NULL, NULL, ABP_FATE_UNKNOWN, 0, 60},
    {-1, NULL, NULL, NULL, ABP_FATE_NOT_SENT, 0, 60},
    {500, NULL, ERROR("InternalServerError"), NULL, ABP_FATE_UNKNOWN, 0, 60},
    {502, NULL, "<html>", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {408, NULL, ERROR("Timeout"), NULL, ABP_FATE_UNKNOWN, 0, 60},
    {400, NULL, "Bad Request", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {404, NULL, "<html>", NULL, ABP_FATE_UNKNOWN, 0, 60},
    /* in the words of XRPC, or of some other front that has no server behind it */
    {404, NULL, "{\"error\":\"NotFound\"}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {405, NULL, "{\"error\":\"MethodNotAllowed\"}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {410, NULL, "{\"error\":\"Gone\"}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    /* refused */
    {400, NULL, ERROR("InvalidRequest"), NULL, ABP_FATE_REFUSED, 0, -1},
    {400, NULL, ERROR("BlobNotFound"), NULL, ABP_FATE_REFUSED, 0, -1},
    {413, NULL, "too large", NULL, ABP_FATE_REFUSED, 0, -1},
    /* a person is needed */
    {401, NULL, ERROR("AuthenticationRequired"), NULL, ABP_FATE_NOT_SENT, 1, -1},
    {401, NULL, ERROR("AccountTakedown"), NULL, ABP_FATE_NOT_SENT, 1, -1},
    {401, NULL, ERROR("AccountDeactivated"), NULL, ABP_FATE_NOT_SENT, 1, -1},
    {400, NULL, ERROR("AccountSuspended"), NULL, ABP_FATE_NOT_SENT, 1, -1},
    {403, NULL, ERROR("Forbidden"), NULL, ABP_FATE_NOT_SENT, 1, -1},
    /* to wait */
    {429, "RateLimit-Reset: 1796000123\n", ERROR("RateLimitExceeded"), NULL, ABP_FATE_NOT_SENT, 0,
     123},
    {429, "ratelimit-reset: 1796000123\nRetry-After: 5\n", "", NULL, ABP_FATE_NOT_SENT, 0, 123},
    {429, "Retry-After: 5\n", "", NULL, ABP_FATE_NOT_SENT, 0, 5},
    {429, NULL, "", NULL, ABP_FATE_NOT_SENT, 0, 300},
    {429, "RateLimit-Reset: soon\n", "", NULL, ABP_FATE_NOT_SENT, 0, 300},
    {429, "RateLimit-Reset: 5\n", "", NULL, ABP_FATE_NOT_SENT, 0, 1},
    {429, "RateLimit-Reset: 9223372036854775807\n", "", NULL, ABP_FATE_NOT_SENT, 0, 86400},
    {429, "RateLimit-Reset: -1\n", "", NULL, ABP_FATE_NOT_SENT, 0, 300},
    /* something stands under the key */
    {400, NULL, ERROR("InvalidSwap"), OURS, ABP_FATE_POSTED, 0, -1},
    {400, NULL, ERROR("InvalidSwap"), OTHER, ABP_FATE_REFUSED, 0, -1},
    {400, NULL, ERROR("InvalidSwap"), OLDER, ABP_FATE_REFUSED, 0, -1},
    {400, NULL, ERROR("InvalidSwap"), "[]", ABP_FATE_UNKNOWN, 0, 60},
};

static void lay_case(struct fake *fake, const struct answer_case *given)
{
    if (given->status > 0)
        fake_lay(fake, given->status, given->headers, given->body);
    else
        fake_cut(fake, given->status == 0 ? ABP_HTTP_LOST : ABP_HTTP_NOT_SENT);
    if (given->asked)
        fake_lay(fake, 200, NULL, given->asked);
}

static void is_outcome(const struct fake *fake, const struct abp_outcome *outcome,
                       const struct answer_case *given, size_t i)
{
    int64_t retry_at = given->wait < 0 ? 0 : FAKE_NOW + given->wait;
    if (outcome->fate != given->fate || outcome->sign_in != given->sign_in ||
        outcome->retry_at != retry_at)
        fail_msg("case %zu: fate %d, sign_in %d, retry_at %lld: %s", i, (int)outcome->fate,
                 outcome->sign_in, (long long)outcome->retry_at, outcome->reason);
    int posted = outcome->fate == ABP_FATE_POSTED;
    assert_string_equal(outcome->remote_id, posted ? FAKE_URI : "");
    assert_string_equal(outcome->version, posted ? FAKE_CID : "");
    assert_string_equal(outcome->url,
                        posted ? "https://bsky.app/profile/brand.example.com/post/" FAKE_KEY : "");
    assert_true((outcome->reason[0] == '\0') == posted);
    fake_no_secret(outcome->reason);
    if (given->status == 429)
        assert_int_equal(fake->connection.wait_until, retry_at);
}

static void test_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sent / sizeof *sent; i++) {
        struct fake *fake = fake_start();
        struct abp_outcome outcome;
        fake_sign_in(fake);
        lay_case(fake, &sent[i]);
        memset(&outcome, 0xA5, sizeof outcome);
        fake->connection.ops->send(&fake->connection, &outcome, REQUEST, strlen(REQUEST), FAKE_KEY);
        fake_all_asked(fake);
        is_outcome(fake, &outcome, &sent[i], i);
        const struct fake_request *seen = &fake->requests[0];
        assert_string_equal(seen->method, "POST");
        assert_string_equal(seen->url, "https://bsky.example/xrpc/com.atproto.repo.putRecord");
        assert_string_equal(seen->content_type, "application/json");
        assert_string_equal(seen->body, REQUEST); /* byte for byte what was committed */
        assert_string_equal(seen->authorization, "Bearer " FAKE_ACCESS);
        fake_end(fake);
    }
}

static const struct answer_case asked[] = {
    {200, NULL, OURS, NULL, ABP_FATE_POSTED, 0, -1},
    {200, NULL, OTHER, NULL, ABP_FATE_NOT_SENT, 0, -1},
    {200, NULL, OLDER, NULL, ABP_FATE_NOT_SENT, 0, -1},
    {400, NULL, ERROR("RecordNotFound"), NULL, ABP_FATE_NOT_SENT, 0, -1},
    /* anything else is not a word about the post */
    {404, NULL, "<html>", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {400, NULL, ERROR("InvalidRequest"), NULL, ABP_FATE_UNKNOWN, 0, 60},
    {500, NULL, ERROR("RecordNotFound"), NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, DONE "x", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {200, NULL, "{}", NULL, ABP_FATE_UNKNOWN, 0, 60},
    {0, NULL, NULL, NULL, ABP_FATE_UNKNOWN, 0, 60},
    {-1, NULL, NULL, NULL, ABP_FATE_UNKNOWN, 0, 60},
    {429, "RateLimit-Reset: 1796000123\n", "", NULL, ABP_FATE_UNKNOWN, 0, 123},
};

static void test_find(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct fake *fake = fake_start();
        struct abp_outcome outcome;
        fake_sign_in(fake);
        lay_case(fake, &asked[i]);
        memset(&outcome, 0xA5, sizeof outcome);
        fake->connection.ops->find(&fake->connection, &outcome, REQUEST, strlen(REQUEST), FAKE_KEY,
                                   FAKE_NOW - 60);
        fake_all_asked(fake);
        is_outcome(fake, &outcome, &asked[i], i);
        assert_string_equal(
            fake->requests[0].url,
            "https://bsky.example/xrpc/com.atproto.repo.getRecord?repo=did%3Aplc%"
            "3Aaaaabbbbccccddddeeeeffff&collection=app.bsky.feed.post&rkey=" FAKE_KEY);
        fake_end(fake);
    }
}

/* Bytes that are no request of this key are neither sent nor looked for. */
static void test_not_ours(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "nonsense",
        "{\"repo\":\"" FAKE_DID "\",\"rkey\":\"" FAKE_KEY "\",\"record\":{}}",
        "{\"repo\":\"x\",\"rkey\":\"" FAKE_KEY "\",\"swapRecord\":null,\"record\":{}}",
        "{\"repo\":\"" FAKE_DID "\",\"rkey\":\"3aaaaaaaaaaaa\",\"swapRecord\":null,\"record\":{}}"};
    struct fake *fake = fake_start();
    struct abp_outcome outcome;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        fake->connection.ops->send(&fake->connection, &outcome, bad[i], strlen(bad[i]), FAKE_KEY);
        assert_int_equal(outcome.fate, ABP_FATE_REFUSED);
        fake->connection.ops->find(&fake->connection, &outcome, bad[i], strlen(bad[i]), FAKE_KEY,
                                   0);
        assert_int_equal(outcome.fate, ABP_FATE_UNKNOWN);
    }
    assert_int_equal(fake->request_count, 0);
    fake_end(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),        cmocka_unit_test(test_mentions),
        cmocka_unit_test(test_links),        cmocka_unit_test(test_picture_and_link),
        cmocka_unit_test(test_too_long),     cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_bad_pictures), cmocka_unit_test(test_sent),
        cmocka_unit_test(test_find),         cmocka_unit_test(test_not_ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
