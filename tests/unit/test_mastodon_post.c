/* Posting to Mastodon: the bytes of each request against docs.joinmastodon.org/methods, and what
 * each class of answer says about the post. */
#include "mastodon_fake.h"

#include <unistd.h>

#define V2    "GET /api/v2/instance"
#define V1    "GET /api/v1/instance"
#define POST  "POST /api/v1/statuses"
#define MEDIA "POST /api/v2/media"
#define WHO   "GET /api/v1/accounts/verify_credentials"

static const char plain_instance[] =
    "{\"configuration\":{\"statuses\":{\"max_characters\":500,\"max_media_attachments\":4,"
    "\"characters_reserved_per_url\":23},\"media_attachments\":{\"image_size_limit\":16777216,"
    "\"description_limit\":1500,\"supported_mime_types\":[\"image/jpeg\",\"image/png\"]}}}";

struct made {
    struct abp_buffer request;
    struct abp_outcome outcome;
    int rc;
};

static void make(struct fake *fake, struct made *made, const struct abp_content *content)
{
    abp_buffer_init(&made->request, 1 << 20);
    memset(&made->outcome, 0x55, sizeof made->outcome);
    made->rc = abp_mastodon.prepare(&fake->connection, &made->request, content, FAKE_KEY, FAKE_NOW,
                                    &made->outcome);
    if (made->rc != 0)
        must_not_tell(&made->outcome);
}

static struct abp_content content_of(char *text, char *link, char *lang)
{
    return (struct abp_content){.text = text, .link = link, .lang = lang};
}

static void expect_body(char *text, char *link, char *lang, const char *visibility,
                        const char *body)
{
    static const struct fake_step steps[] = {{V2, 200, plain_instance, NULL, 0}};
    struct fake fake;
    struct made made;
    struct abp_content content = content_of(text, link, lang);
    FAKE_START(&fake, steps, visibility);
    make(&fake, &made, &content);
    assert_int_equal(made.rc, 0);
    assert_string_equal(abp_buffer_text(&made.request), body);
    abp_buffer_release(&made.request);
    fake_end(&fake);
}

static void bodies(void **unused)
{
    (void)unused;
    static char text[] = "Why \"so\"?\nBecause…";
    static char link[] = "https://example.org/a", longer[] = "See https://example.org/ab.";
    static char whole[] = "See https://example.org/a.", en[] = "en", empty[] = "";
    expect_body(text, NULL, NULL, NULL, "{\"status\":\"Why \\\"so\\\"?\\nBecause…\"}");
    expect_body(text, NULL, en, "public",
                "{\"status\":\"Why \\\"so\\\"?\\nBecause…\",\"visibility\":\"public\","
                "\"language\":\"en\"}");
    /* "followers" is private in the API's words. */
    expect_body(text, NULL, NULL, "followers",
                "{\"status\":\"Why \\\"so\\\"?\\nBecause…\",\"visibility\":\"private\"}");
    /* A link stands after the text, unless the text holds it: whole. */
    expect_body(longer, link, NULL, "unlisted",
                "{\"status\":\"See https://example.org/ab.\\n\\nhttps://example.org/a\","
                "\"visibility\":\"unlisted\"}");
    expect_body(whole, link, NULL, NULL, "{\"status\":\"See https://example.org/a.\"}");
    expect_body(empty, link, NULL, NULL, "{\"status\":\"https://example.org/a\"}");
}

/* A picture on disk; its path lives as long as the program. */
static struct abp_media picture(void)
{
    static char path[] = "test_mastodon_post.png", alt[] = "A garden, in spring";
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite("PNG8bits", 1, 8, file), 8);
    fclose(file);
    return (struct abp_media){path, alt, "image/png", 8};
}

static void prepare_picture(const struct fake_step *steps, size_t count, struct made *made)
{
    static char text[] = "Look";
    struct fake fake;
    struct abp_content content = content_of(text, NULL, NULL);
    content.media[0] = picture();
    content.media_count = 1;
    fake_start(&fake, steps, count, NULL);
    make(&fake, made, &content);
    if (count > 1)
        assert_string_equal(fake.type, "");
    fake_end(&fake);
    unlink(content.media[0].path);
}
#define PREPARE_PICTURE(steps, made) prepare_picture(steps, sizeof(steps) / sizeof *(steps), made)

static void image_at_once(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        {V2, 200, plain_instance, NULL, 0},
        {MEDIA, 200, "{\"id\":\"22348641\",\"type\":\"image\",\"url\":\"https://f/x.png\"}", NULL,
         0}};
    struct fake fake;
    struct made made;
    static char text[] = "Look";
    struct abp_content content = content_of(text, NULL, NULL);
    content.media[0] = picture();
    content.media_count = 1;
    FAKE_START(&fake, steps, NULL);
    make(&fake, &made, &content);
    assert_int_equal(made.rc, 0);
    assert_string_equal(fake.sent, "file=" FAKE_KEY "-1.png;image/png;PNG8bits\n"
                                   "description=;;A garden, in spring\n");
    assert_string_equal(fake.key, "");
    assert_string_equal(abp_buffer_text(&made.request),
                        "{\"status\":\"Look\",\"media_ids\":[\"22348641\"]}");
    abp_buffer_release(&made.request);
    fake_end(&fake);
    unlink(content.media[0].path);
}

static void image_that_takes_time(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        {V2, 200, plain_instance, NULL, 0},
        {MEDIA, 202, "{\"id\":\"7\",\"type\":\"image\",\"url\":null}", NULL, 0},
        {"GET /api/v1/media/7", 206, "", NULL, 0},
        {"GET /api/v1/media/7", 200, "{\"id\":\"7\",\"url\":null}", NULL, 0},
        {"GET /api/v1/media/7", 200, "{\"id\":\"7\",\"url\":\"https://f/x.png\"}", NULL, 0}};
    struct made made;
    PREPARE_PICTURE(steps, &made);
    assert_int_equal(made.rc, 0);
    assert_int_equal(fake_paused, 250 + 500 + 1000);
    assert_string_equal(abp_buffer_text(&made.request),
                        "{\"status\":\"Look\",\"media_ids\":[\"7\"]}");
    abp_buffer_release(&made.request);
}

static void image_never_ready(void **unused)
{
    (void)unused;
    struct fake_step steps[10] = {
        {V2, 200, plain_instance, NULL, 0},
        {MEDIA, 202, "{\"id\":\"7\",\"type\":\"image\",\"url\":null}", NULL, 0}};
    for (size_t i = 2; i < 10; i++)
        steps[i] = (struct fake_step){"GET /api/v1/media/7", 206, "", NULL, 0};
    struct made made;
    PREPARE_PICTURE(steps, &made);
    assert_int_equal(made.rc, -1);
    assert_int_equal(made.outcome.fate, ABP_FATE_NOT_SENT);
    assert_int_equal(made.outcome.retry_at, FAKE_NOW + 120);
    assert_true(fake_paused < 20000);
}

static void older_upload(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        {V2, 404, "<html>", NULL, 0},
        {V1, 200, "{\"max_toot_chars\":5000}", NULL, 0},
        {MEDIA, 404, "", NULL, 0},
        {"POST /api/v1/media", 200, "{\"id\":\"5\",\"url\":\"https://f/x\"}", NULL, 0}};
    struct made made;
    PREPARE_PICTURE(steps, &made);
    assert_int_equal(made.rc, 0);
    assert_string_equal(abp_buffer_text(&made.request),
                        "{\"status\":\"Look\",\"media_ids\":[\"5\"]}");
    abp_buffer_release(&made.request);
}

/* Nothing that becomes of an upload can be UNKNOWN: nobody sees an image without a status. */
static void uploads_that_fail(void **unused)
{
    (void)unused;
    static const struct {
        struct fake_step answer;
        enum abp_fate fate;
        int sign_in;
        int64_t after; /* retry_at - now; -1: 0 */
    } cases[] = {
        {{MEDIA, 401, "{\"error\":\"The access token is invalid\"}", NULL, 0},
         ABP_FATE_NOT_SENT,
         1,
         -1},
        {{MEDIA, 403, "{\"error\":\"This action is outside the authorized scopes\"}", NULL, 0},
         ABP_FATE_NOT_SENT,
         1,
         -1},
        {{MEDIA, 422, "{\"error\":\"Validation failed: File content type is invalid\"}", NULL, 0},
         ABP_FATE_REFUSED,
         0,
         -1},
        {{MEDIA, 413, "", NULL, 0}, ABP_FATE_REFUSED, 0, -1},
        {{MEDIA, 422, "", NULL, 0}, ABP_FATE_NOT_SENT, 0, 120},
        {{MEDIA, 400, "<html>", NULL, 0}, ABP_FATE_NOT_SENT, 0, 120},
        {{MEDIA, 429, "{\"error\":\"Too many requests\"}", "Retry-After: 900\n", 0},
         ABP_FATE_NOT_SENT,
         0,
         900},
        {{MEDIA, 500, "{\"error\":\"Error processing thumbnail\"}", NULL, 0},
         ABP_FATE_NOT_SENT,
         0,
         120},
        {{MEDIA, 0, "timed out", NULL, ABP_HTTP_LOST}, ABP_FATE_NOT_SENT, 0, 120},
        {{MEDIA, 0, "refused", NULL, ABP_HTTP_NOT_SENT}, ABP_FATE_NOT_SENT, 0, 120},
        {{MEDIA, 200, "{\"id\":7,\"url\":\"https://f\"}", NULL, 0}, ABP_FATE_NOT_SENT, 0, 120},
        {{MEDIA, 200, "{\"id\":\"a/../b\",\"url\":\"https://f\"}", NULL, 0},
         ABP_FATE_NOT_SENT,
         0,
         120},
        {{MEDIA, 200, "{\"id\":\"7\",\"id\":\"8\",\"url\":\"https://f\"}", NULL, 0},
         ABP_FATE_NOT_SENT,
         0,
         120},
        {{MEDIA, 200, "not json", NULL, 0}, ABP_FATE_NOT_SENT, 0, 120},
        {{MEDIA, 200, "{\"id\":\"9\",\"type\":\"unknown\",\"url\":\"https://f/missing.png\"}", NULL,
          0},
         ABP_FATE_REFUSED,
         0,
         -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake_step steps[2] = {{V2, 200, plain_instance, NULL, 0}, cases[i].answer};
        struct made made;
        PREPARE_PICTURE(steps, &made);
        assert_int_equal(made.rc, -1);
        assert_int_equal(made.outcome.fate, cases[i].fate);
        assert_int_equal(made.outcome.sign_in, cases[i].sign_in);
        assert_int_equal(made.outcome.retry_at, cases[i].after < 0 ? 0 : FAKE_NOW + cases[i].after);
        assert_true(made.outcome.reason[0]);
        assert_int_equal(made.request.len, 0);
        abp_buffer_release(&made.request);
    }
}

static void refused_before_anything(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {{V2, 200, plain_instance, NULL, 0}};
    static char text[] = "Look", path[] = "there-is-no-such.png", alt[] = "x";
    struct fake fake;
    struct made made;
    struct abp_content content = content_of(text, NULL, NULL);
    content.media[0] = (struct abp_media){path, alt, "image/webp", 8};
    content.media_count = 1;
    FAKE_START(&fake, steps, NULL);
    make(&fake, &made, &content); /* this server takes no webp */
    assert_int_equal(made.rc, -1);
    assert_int_equal(made.outcome.fate, ABP_FATE_REFUSED);
    assert_non_null(strstr(made.outcome.reason, "image/webp"));
    content.media[0].type = "image/png";
    content.media[0].size = 16777217;
    make(&fake, &made, &content); /* asked for limits once only */
    assert_int_equal(made.outcome.fate, ABP_FATE_REFUSED);
    assert_non_null(strstr(made.outcome.reason, "too large"));
    content.media[0].size = 8;
    make(&fake, &made, &content);
    assert_int_equal(made.rc, -1);
    assert_int_equal(made.outcome.fate, ABP_FATE_NOT_SENT);
    assert_non_null(strstr(made.outcome.reason, path));
    fake_end(&fake);
}

/* No server behind the front: nothing is refused for good, and nothing is sent. */
static void nobody_at_home(void **unused)
{
    (void)unused;
    static const char page[] = "404 page not found";
    static const struct fake_step none[] = {
        {V2, 404, page, NULL, 0}, {V1, 404, page, NULL, 0}, {WHO, 404, page, NULL, 0}};
    static const struct fake_step before_images[] = {{V2, 200, plain_instance, NULL, 0},
                                                     {MEDIA, 404, page, NULL, 0},
                                                     {"POST /api/v1/media", 404, page, NULL, 0}};
    /* A server that says nothing of itself, and lets us in. */
    static const struct fake_step silent[] = {
        {V2, 404, "", NULL, 0}, {V1, 404, "", NULL, 0}, {WHO, 200, "{\"id\":\"42\"}", NULL, 0}};
    static char text[] = "Look";
    struct abp_content content = content_of(text, NULL, NULL);
    struct fake fake;
    struct made made;
    FAKE_START(&fake, none, NULL);
    make(&fake, &made, &content);
    assert_int_equal(made.rc, -1);
    assert_int_equal(made.outcome.fate, ABP_FATE_NOT_SENT);
    assert_int_equal(made.outcome.sign_in, 0);
    abp_buffer_release(&made.request);
    fake_end(&fake);
    PREPARE_PICTURE(before_images, &made);
    assert_int_equal(made.outcome.fate, ABP_FATE_NOT_SENT);
    assert_int_equal(made.outcome.retry_at, FAKE_NOW + 120);
    abp_buffer_release(&made.request);
    FAKE_START(&fake, silent, NULL);
    make(&fake, &made, &content);
    assert_int_equal(made.rc, 0);
    abp_buffer_release(&made.request);
    fake_end(&fake);
}

/* ---- send ---- */

static const char request[] = "{\"status\":\"Look\",\"visibility\":\"unlisted\"}";

static struct abp_outcome send_body(const struct fake_step *answer, const char *body)
{
    struct fake fake;
    struct abp_outcome outcome;
    memset(&outcome, 0x55, sizeof outcome);
    fake_start(&fake, answer, 1, "unlisted");
    abp_mastodon.send(&fake.connection, &outcome, body, strlen(body), FAKE_KEY);
    assert_string_equal(fake.sent, body); /* the same bytes */
    assert_string_equal(fake.type, "application/json");
    assert_string_equal(fake.key, "Idempotency-Key: " FAKE_KEY);
    must_not_tell(&outcome);
    fake_end(&fake);
    return outcome;
}

static void posted(void **unused)
{
    (void)unused;
    static const struct fake_step answer = {
        POST, 200,
        "{\"id\":\"103254962155278888\",\"created_at\":\"2026-11-24T15:00:02.196Z\","
        "\"visibility\":\"unlisted\",\"url\":\"https://example.social/@a/103254962155278888\"}",
        NULL, 0};
    struct abp_outcome outcome = send_body(&answer, request);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "103254962155278888");
    assert_string_equal(outcome.url, "https://example.social/@a/103254962155278888");
    assert_int_equal(outcome.posted_at, FAKE_NOW + 2);
    assert_string_equal(outcome.reason, "");
    assert_string_equal(outcome.version, "");
}

static void posted_wider_than_asked(void **unused)
{
    (void)unused;
    static const struct fake_step wide = {
        POST, 200,
        "{\"id\":\"1\",\"visibility\":\"public\",\"url\":\"javascript:alert(1)\",\"uri\":\"https://"
        "example.social/users/a/1\"}",
        NULL, 0};
    static const struct fake_step narrow = {POST, 200, "{\"id\":\"1\",\"visibility\":\"private\"}",
                                            NULL, 0};
    struct abp_outcome outcome = send_body(&wide, request);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_non_null(strstr(outcome.reason, "public"));
    assert_string_equal(outcome.url, "https://example.social/users/a/1"); /* the other is none */
    assert_int_equal(outcome.posted_at, 0);
    outcome = send_body(&narrow, request);
    assert_string_equal(outcome.reason, "");
}

static const struct {
    struct fake_step answer;
    enum abp_fate fate;
    int sign_in;
    int64_t after; /* retry_at - now; -1: 0 */
} answered[] = {
    {{POST, 0, "could not connect", NULL, ABP_HTTP_NOT_SENT}, ABP_FATE_NOT_SENT, 0, -1},
    {{POST, 0, "reset", NULL, ABP_HTTP_LOST}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 401, "{\"error\":\"The access token is invalid\"}", NULL, 0}, ABP_FATE_NOT_SENT, 1, -1},
    {{POST, 403, "{\"error\":\"" FAKE_TOKEN " may not\"}", NULL, 0}, ABP_FATE_NOT_SENT, 1, -1},
    {{POST, 422, "{\"error\":\"Validation failed: Text can't be blank\"}", NULL, 0},
     ABP_FATE_REFUSED,
     0,
     -1},
    {{POST, 404, "{\"error\":\"Record not found\"}", NULL, 0}, ABP_FATE_REFUSED, 0, -1},
    {{POST, 410, "{\"error\":\"Gone\"}", NULL, 0}, ABP_FATE_REFUSED, 0, -1},
    {{POST, 413, "<html>", NULL, 0}, ABP_FATE_REFUSED, 0, -1},
    /* What a front says that has no server behind it is not the server's word. */
    {{POST, 404, "404 page not found", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 404, "{\"error\":404}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 404, "{\"message\":\"no Route matched\"}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 404, "[]", "Retry-After: 600\n", 0}, ABP_FATE_UNKNOWN, 0, 600},
    {{POST, 400, "<html>", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 405, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 406, "<html>", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 410, "<html>", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 415, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 422, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 501, "<html>", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 429, "{\"error\":\"Too many requests\"}",
      "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-11-24T15:05:00.000Z\n", 0},
     ABP_FATE_NOT_SENT,
     0,
     300},
    {{POST, 429, "", "X-RateLimit-Reset: 1795532430\n", 0}, ABP_FATE_NOT_SENT, 0, 30},
    {{POST, 429, "", "X-RateLimit-Reset: 45\n", 0}, ABP_FATE_NOT_SENT, 0, 45},
    {{POST, 429, "", "Retry-After: Tue, 24 Nov 2026 15:10:00 GMT\n", 0}, ABP_FATE_NOT_SENT, 0, 600},
    /* A server whose clock is an hour ahead says it in its own time. */
    {{POST, 429, "",
      "Date: Tue, 24 Nov 2026 16:00:00 GMT\nX-RateLimit-Reset: 2026-11-24T16:05:00Z\n", 0},
     ABP_FATE_NOT_SENT,
     0,
     300},
    {{POST, 429, "", "Date: Tue, 24 Nov 2026 16:00:00 GMT\nX-RateLimit-Reset: 1795536030\n", 0},
     ABP_FATE_NOT_SENT,
     0,
     30},
    {{POST, 429, "", NULL, 0}, ABP_FATE_NOT_SENT, 0, 60},
    {{POST, 429, "", "Retry-After: 99999999\n", 0}, ABP_FATE_NOT_SENT, 0, 86400},
    {{POST, 429, "", "Retry-After: -5\n", 0}, ABP_FATE_NOT_SENT, 0, 60},
    {{POST, 500, "{\"error\":\"Internal\"}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 502, "<html>bad gateway", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 503, "", "Retry-After: 600\n", 0}, ABP_FATE_UNKNOWN, 0, 600},
    {{POST, 504, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 408, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 409, "{\"error\":\"Conflict\"}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 303, "", "Location: https://elsewhere\n", 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 302, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 308, "", "Location: https://elsewhere\n", 0}, ABP_FATE_NOT_SENT, 0, 60},
    {{POST, 599, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    /* Success without an id that can be used is none. */
    {{POST, 200, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 200, "{\"id\":\"1\"", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 200, "{\"id\":1}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 200, "{\"id\":99999999999999999999999}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 200, "{\"id\":\"\"}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 200, "{\"id\":\"..\"}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 200, "{\"id\":\"1?x=2\"}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 200, "{\"id\":\"1\",\"id\":\"2\"}", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 200, "[{\"id\":\"1\"}]", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
    {{POST, 204, "", NULL, 0}, ABP_FATE_UNKNOWN, 0, 120},
};

static void answers(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof answered / sizeof *answered; i++) {
        struct abp_outcome outcome = send_body(&answered[i].answer, request);
        if (outcome.fate != answered[i].fate)
            fail_msg("case %zu: fate %d, %s", i, (int)outcome.fate, outcome.reason);
        assert_int_equal(outcome.sign_in, answered[i].sign_in);
        assert_int_equal(outcome.retry_at,
                         answered[i].after < 0 ? 0 : FAKE_NOW + answered[i].after);
        assert_true(outcome.reason[0]);
        assert_string_equal(outcome.remote_id, "");
    }
}

static void words_are_harmless(void **unused)
{
    (void)unused;
    static const struct fake_step answer = {
        POST, 422, "{\"error\":\"bad\\n\\u001b[31mred \\u202e evil \\u2066 \\u0085 caf\\u00e9\"}",
        NULL, 0};
    struct abp_outcome outcome = send_body(&answer, request);
    assert_int_equal(outcome.fate, ABP_FATE_REFUSED);
    assert_string_equal(outcome.reason,
                        "the server refused it (422): bad [31mred evil caf\xc3\xa9");
    char long_words[4096] = "{\"error\":\"";
    for (int i = 0; i < 1000; i++)
        memcpy(long_words + 10 + i * 3, "\xe2\x82\xac", 4);
    memcpy(long_words + 10 + 3000, "\"}", 3);
    struct fake_step many = {POST, 422, long_words, NULL, 0};
    outcome = send_body(&many, request);
    assert_true(strlen(outcome.reason) < 300);
    assert_string_equal(outcome.reason + strlen(outcome.reason) - 3, "\xe2\x82\xac");
}

static void images_and_422(void **unused)
{
    (void)unused;
    static const char body[] = "{\"status\":\"x\",\"media_ids\":[\"5\"]}";
    static const struct fake_step not_ready = {
        POST, 422,
        "{\"error\":\"Cannot attach files that have not finished processing. Try again in a "
        "moment!\"}",
        NULL, 0};
    static const struct fake_step taken = {
        POST, 422,
        "{\"error\":\"Validation failed: Media 5 not found or already attached to another post\"}",
        NULL, 0};
    struct abp_outcome outcome = send_body(&not_ready, body);
    assert_int_equal(outcome.fate, ABP_FATE_NOT_SENT);
    assert_int_equal(outcome.retry_at, FAKE_NOW + 60);
    outcome = send_body(&taken, body);
    assert_int_equal(outcome.fate, ABP_FATE_UNKNOWN);
    outcome = send_body(&taken, request); /* no images: words of another matter */
    assert_int_equal(outcome.fate, ABP_FATE_REFUSED);
}

static void waits_when_told_to(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        {POST, 200, "{\"id\":\"1\"}",
         "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-11-24T15:05:00Z\n", 0},
        {POST, 200, "{\"id\":\"2\"}", "X-RateLimit-Remaining: 299\n", 0}};
    struct fake fake;
    struct abp_outcome outcome;
    FAKE_START(&fake, steps, NULL);
    abp_mastodon.send(&fake.connection, &outcome, request, sizeof request - 1, FAKE_KEY);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_int_equal(fake.connection.wait_until, FAKE_NOW + 300);
    abp_mastodon.send(&fake.connection, &outcome, request, sizeof request - 1, FAKE_KEY);
    assert_int_equal(outcome.fate, ABP_FATE_NOT_SENT);
    assert_int_equal(outcome.retry_at, FAKE_NOW + 300);
    abp_mastodon.find(&fake.connection, &outcome, request, sizeof request - 1, FAKE_KEY, FAKE_NOW);
    assert_int_equal(outcome.fate, ABP_FATE_UNKNOWN);
    assert_int_equal(outcome.retry_at, FAKE_NOW + 300);
    fake.now += 300;
    abp_mastodon.send(&fake.connection, &outcome, request, sizeof request - 1, FAKE_KEY);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    fake_end(&fake);
}

static void tokens_that_are_none(void **unused)
{
    (void)unused;
    static const char *const tokens[] = {"two words", "a\r\nX-Evil: 1", "caf\xc3\xa9", ""};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct fake fake;
        struct abp_outcome outcome;
        fake_start(&fake, NULL, 0, NULL);
        setenv("FAKE_MASTODON_TOKEN", tokens[i], 1);
        abp_mastodon.send(&fake.connection, &outcome, request, sizeof request - 1, FAKE_KEY);
        assert_int_equal(outcome.fate, ABP_FATE_NOT_SENT);
        assert_int_equal(outcome.sign_in, 1);
        if (*tokens[i])
            assert_null(strstr(outcome.reason, tokens[i]));
        fake_end(&fake);
    }
}

/* ---- under whose name ---- */

static const struct fake_step own = {WHO, 200, "{\"id\":\"42\",\"username\":\"gardener\"}", NULL,
                                     0};
static const struct fake_step others = {WHO, 200, "{\"id\":\"43\",\"username\":\"rival\"}", NULL,
                                        0};

/* Two tokens that were mixed up: nothing goes out, and the server is asked whose it is once. */
static void anothers_token(void **unused)
{
    (void)unused;
    static char account[] = "gardener@example.social", text[] = "Look";
    const struct fake_step steps[] = {others};
    struct fake fake;
    struct made made;
    struct abp_content content = content_of(text, NULL, NULL);
    FAKE_START(&fake, steps, NULL);
    fake.channel.account = account;
    make(&fake, &made, &content);
    assert_int_equal(made.rc, -1);
    for (int i = 0; i < 2; i++) { /* a retry is sent without being prepared */
        assert_int_equal(made.outcome.fate, ABP_FATE_NOT_SENT);
        assert_int_equal(made.outcome.sign_in, 1);
        assert_non_null(strstr(made.outcome.reason, "rival"));
        assert_non_null(strstr(made.outcome.reason, account));
        memset(&made.outcome, 0x55, sizeof made.outcome);
        abp_mastodon.send(&fake.connection, &made.outcome, request, sizeof request - 1, FAKE_KEY);
    }
    abp_mastodon.find(&fake.connection, &made.outcome, request, sizeof request - 1, FAKE_KEY,
                      FAKE_NOW - 600);
    assert_int_equal(made.outcome.fate, ABP_FATE_UNKNOWN);
    assert_int_equal(made.outcome.sign_in, 1);
    abp_buffer_release(&made.request);
    fake_end(&fake);
}

static void own_token(void **unused)
{
    (void)unused;
    static char account[] = "@Gardener";
    const struct fake_step steps[] = {
        own, {POST, 200, "{\"id\":\"1\"}", NULL, 0}, {POST, 200, "{\"id\":\"2\"}", NULL, 0}};
    struct fake fake;
    struct abp_outcome outcome;
    FAKE_START(&fake, steps, NULL);
    fake.channel.account = account;
    for (int i = 0; i < 2; i++) {
        abp_mastodon.send(&fake.connection, &outcome, request, sizeof request - 1, FAKE_KEY);
        assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    }
    fake_end(&fake);
}

/* Whoever can't be asked whose token it is gets no post. */
static void whose_is_not_said(void **unused)
{
    (void)unused;
    static char account[] = "gardener";
    static const struct {
        struct fake_step who;
        int sign_in;
        int64_t after; /* retry_at - now; -1: 0 */
    } cases[] = {
        {{WHO, 401, "{\"error\":\"The access token is invalid\"}", NULL, 0}, 1, -1},
        {{WHO, 404, "404 page not found", NULL, 0}, 0, -1},
        {{WHO, 200, "{\"id\":\"42\"}", NULL, 0}, 0, -1},
        {{WHO, 429, "", "Retry-After: 30\n", 0}, 0, 30},
        {{WHO, 0, "lost", NULL, ABP_HTTP_LOST}, 0, -1},
        {{WHO, 503, "", "Retry-After: 600\n", 0}, 0, 600},
        {{WHO, 503, "", "X-RateLimit-Reset: 2013-11-24T15:05:00Z\n", 0}, 0, -1},
        /* Its last request for a while: the post waits for the next. */
        {{WHO, 200, "{\"id\":\"42\",\"username\":\"gardener\"}",
          "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-11-24T15:05:00Z\n", 0},
         0,
         300},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake fake;
        struct abp_outcome outcome;
        fake_start(&fake, &cases[i].who, 1, NULL);
        fake.channel.account = account;
        abp_mastodon.send(&fake.connection, &outcome, request, sizeof request - 1, FAKE_KEY);
        assert_int_equal(outcome.fate, ABP_FATE_NOT_SENT);
        assert_int_equal(outcome.sign_in, cases[i].sign_in);
        assert_int_equal(outcome.retry_at, cases[i].after < 0 ? 0 : FAKE_NOW + cases[i].after);
        must_not_tell(&outcome);
        fake_end(&fake);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies),
        cmocka_unit_test(image_at_once),
        cmocka_unit_test(image_that_takes_time),
        cmocka_unit_test(image_never_ready),
        cmocka_unit_test(older_upload),
        cmocka_unit_test(uploads_that_fail),
        cmocka_unit_test(refused_before_anything),
        cmocka_unit_test(nobody_at_home),
        cmocka_unit_test(posted),
        cmocka_unit_test(posted_wider_than_asked),
        cmocka_unit_test(answers),
        cmocka_unit_test(words_are_harmless),
        cmocka_unit_test(images_and_422),
        cmocka_unit_test(waits_when_told_to),
        cmocka_unit_test(tokens_that_are_none),
        cmocka_unit_test(anothers_token),
        cmocka_unit_test(own_token),
        cmocka_unit_test(whose_is_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
