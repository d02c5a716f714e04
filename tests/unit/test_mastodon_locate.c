/* A person says where a post is. What the server has there, under which id, and whose it is. */
#include "mastodon_fake.h"

#define WHO  "GET /api/v1/accounts/verify_credentials"
#define BY   "GET /api/v1/statuses/"
#define LIST "GET /api/v1/accounts/42/statuses?exclude_reblogs=true&limit=40"
#define HOME "GET /api/v1/timelines/home?limit=40"
#define ME                                                                                         \
    {                                                                                              \
        WHO, 200, "{\"id\":\"42\",\"username\":\"gardener\"}", NULL, 0                             \
    }
#define LACKS "{\"error\":\"Record not found\"}"

#define STATUS(id, author, url)                                                                    \
    "{\"id\":\"" id "\",\"created_at\":\"2026-11-24T14:00:07.000Z\",\"url\":\"" url                \
    "\",\"uri\":\"https://example.social/ap/" id "\",\"account\":{\"id\":\"" author "\"}}"
#define AT "https://example.social/@gardener/115"

static int locate(const struct fake_step *steps, size_t count, const char *url,
                  struct abp_outcome *outcome, struct abp_error *err)
{
    struct fake fake;
    memset(err, 0, sizeof *err);
    memset(outcome, 0, sizeof *outcome);
    fake_start(&fake, steps, count, NULL);
    int rc = abp_mastodon.locate(&fake.connection, outcome, url, err);
    assert_int_equal(rc == 0, err->code == ABP_OK);
    assert_null(strstr(err->message, FAKE_TOKEN));
    must_not_tell(outcome);
    fake_end(&fake);
    return rc;
}
#define LOCATE(steps, url, outcome, err)                                                           \
    locate(steps, sizeof(steps) / sizeof *(steps), url, outcome, err)

static void an_address_that_holds_its_id(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {ME, {BY "115", 200, STATUS("115", "42", AT), NULL, 0}};
    static const char *const urls[] = {
        AT,
        AT "/?x=1#y",
        "https://EXAMPLE.social/users/gardener/statuses/115",
        "https://example.social/@gardener/statuses/115/",
        "https://example.social/notice/115",
        "https://example.social/web/@gardener/115",
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct abp_outcome outcome;
        struct abp_error err;
        if (LOCATE(steps, urls[i], &outcome, &err) != 0)
            fail_msg("%s: %s", urls[i], err.message);
        assert_int_equal(outcome.fate, ABP_FATE_POSTED);
        assert_string_equal(outcome.remote_id, "115");
        assert_string_equal(outcome.url, AT);
        assert_int_equal(outcome.posted_at, FAKE_NOW - 3600 + 7);
    }
}

/* snac: what the address ends in can stand in a path, and is no id. */
static void an_address_that_does_not(void **unused)
{
    (void)unused;
#define P "https://example.social/gardener/p/1795528800.123"
    static const struct fake_step public[] = {
        ME,
        {BY "1795528800.123", 404, "", NULL, 0},
        {LIST, 200, "[" STATUS("17955289990f", "42", P "4") "," STATUS("17955288007e", "42", P) "]",
         NULL, 0}};
    static const struct fake_step second_page[] = {
        ME,
        {BY "1795528800.123", 404, "", NULL, 0},
        {LIST, 200, "[" STATUS("17955289990f", "42", P "4") "]", NULL, 0},
        {LIST "&max_id=17955289990f", 200, "[" STATUS("17955288007e", "42", P) "]", NULL, 0}};
    /* Its own list leaves out what is for followers; its home does not. */
    static const struct fake_step followers[] = {
        ME,
        {BY "1795528800.123", 404, "", NULL, 0},
        {LIST, 200, "[" STATUS("17955289990f", "42", P "4") "]", NULL, 0},
        {LIST "&max_id=17955289990f", 200, "[" STATUS("17955289990f", "42", P "4") "]", NULL, 0},
        {HOME, 200,
         "[" STATUS("1795528811aa", "7", "https://b.example/1") "," STATUS("17955288007e", "42",
                                                                           P) "]",
         NULL, 0}};
    struct abp_outcome outcome;
    struct abp_error err;
    assert_int_equal(LOCATE(public, P, &outcome, &err), 0);
    assert_string_equal(outcome.remote_id, "17955288007e");
    assert_int_equal(LOCATE(second_page, P, &outcome, &err), 0);
    assert_string_equal(outcome.remote_id, "17955288007e");
    assert_int_equal(LOCATE(followers, P, &outcome, &err), 0);
    assert_string_equal(outcome.remote_id, "17955288007e");
    /* The name that it has among servers will do as well. */
    static const struct fake_step uri[] = {
        ME,
        {BY "9f3", 404, LACKS, NULL, 0},
        {LIST, 200,
         "[" STATUS("9", "42", AT) ",{\"id\":\"8\",\"uri\":\"https://x.example/o/9f3\"}]", NULL,
         0}};
    assert_int_equal(LOCATE(uri, "https://x.example/o/9f3", &outcome, &err), 0);
    assert_string_equal(outcome.remote_id, "8");
}

static void addresses_of_others(void **unused)
{
    (void)unused;
    struct abp_outcome outcome;
    struct abp_error err;
    static const struct fake_step theirs[] = {
        ME, {BY "115", 200, STATUS("115", "7", "https://example.social/@rival/115"), NULL, 0}};
    assert_int_equal(LOCATE(theirs, "https://example.social/@rival/115", &outcome, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_non_null(strstr(err.message, "another account"));
    /* Another server's, whose number is one of ours here, too. */
    static const struct fake_step elsewhere[] = {
        ME,
        {BY "115", 200, STATUS("115", "42", AT), NULL, 0},
        {LIST, 200, "[" STATUS("115", "42", AT) "]", NULL, 0},
        {LIST "&max_id=115", 200, "[]", NULL, 0},
        {HOME, 200, "[]", NULL, 0}};
    assert_int_equal(LOCATE(elsewhere, "https://other.example/@gardener/115", &outcome, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_non_null(strstr(err.message, "is not on " FAKE_SERVER));
    /* Of this server, and not there. */
    static const struct fake_step gone[] = {ME,
                                            {BY "115", 404, LACKS, NULL, 0},
                                            {LIST, 200, "[]", NULL, 0},
                                            {HOME, 200, "[]", NULL, 0}};
    assert_int_equal(LOCATE(gone, AT, &outcome, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_non_null(strstr(err.message, "has no post"));
    /* A boost of somebody else's. */
    static const struct fake_step boost[] = {
        ME,
        {BY "115", 200,
         "{\"id\":\"115\",\"account\":{\"id\":\"42\"},\"reblog\":" STATUS(
             "77", "7", "https://example.social/@rival/77") "}",
         NULL, 0}};
    assert_int_equal(LOCATE(boost, AT, &outcome, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    static const char *const none[] = {"https://example.social", "https://example.social/?a=b",
                                       "example.social/@a/1", "https:///x", ""};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        assert_int_equal(locate(NULL, 0, none[i], &outcome, &err), -1);
        assert_int_equal(err.code, ABP_DATA);
    }
}

static void when_it_can_not_be_asked(void **unused)
{
    (void)unused;
    static const struct {
        struct fake_step steps[4];
        size_t count;
        enum abp_code code;
    } cases[] = {
        {{{WHO, 401, LACKS, NULL, 0}}, 1, ABP_PERSON},
        {{{WHO, 404, "404 page not found", NULL, 0}}, 1, ABP_UNREACHABLE},
        {{{WHO, 0, "no route", NULL, ABP_HTTP_NOT_SENT}}, 1, ABP_UNREACHABLE},
        {{ME, {BY "115", 500, "", NULL, 0}}, 2, ABP_UNREACHABLE},
        {{ME, {BY "115", 403, "{\"error\":\"outside the authorized scopes\"}", NULL, 0}},
         2,
         ABP_PERSON},
        {{ME, {BY "115", 0, "lost", NULL, ABP_HTTP_LOST}}, 2, ABP_UNREACHABLE},
        {{ME, {BY "115", 404, LACKS, NULL, 0}, {LIST, 429, "", NULL, 0}}, 3, ABP_UNREACHABLE},
        {{ME, {BY "115", 404, LACKS, NULL, 0}, {LIST, 200, "{}", NULL, 0}}, 3, ABP_UNREACHABLE},
        {{ME,
          {BY "115", 404, LACKS, NULL, 0},
          {LIST, 200, "[]", NULL, 0},
          {HOME, 502, "<html>", NULL, 0}},
         4,
         ABP_UNREACHABLE},
        {{{WHO, 200, "{\"id\":\"42\",\"username\":\"gardener\"}",
           "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-11-24T15:05:00Z\n", 0}},
         1,
         ABP_UNREACHABLE},
        /* an answer that is no status, or one without an id */
        {{ME, {BY "115", 200, "[]", NULL, 0}}, 2, ABP_UNREACHABLE},
        {{ME, {BY "115", 200, "{\"id\":7,\"account\":{\"id\":\"42\"}}", NULL, 0}}, 2, ABP_DATA},
        {{ME, {BY "115", 200, "{\"id\":\"115\"}", NULL, 0}}, 2, ABP_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct abp_outcome outcome;
        struct abp_error err;
        assert_int_equal(locate(cases[i].steps, cases[i].count, AT, &outcome, &err), -1);
        if (err.code != cases[i].code)
            fail_msg("case %zu: %d, %s", i, (int)err.code, err.message);
        assert_string_equal(outcome.remote_id, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_that_holds_its_id),
        cmocka_unit_test(an_address_that_does_not),
        cmocka_unit_test(addresses_of_others),
        cmocka_unit_test(when_it_can_not_be_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
