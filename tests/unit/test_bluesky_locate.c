/* A person says where a post is: whose it is, and its record. */
#include "bluesky_fake.h"

#define RECORD                                                                                     \
    "{\"uri\":\"" FAKE_URI "\",\"cid\":\"" FAKE_CID                                                \
    "\",\"value\":{\"createdAt\":\"2026-11-30T00:50:00.000Z\"}}"
#define OTHER "did:plc:zzzzbbbbccccddddeeeeffff"

static int locate(struct fake *fake, const char *url, struct abp_outcome *outcome,
                  struct abp_error *err)
{
    memset(err, 0, sizeof *err);
    memset(outcome, 0, sizeof *outcome);
    int rc = fake->connection.ops->locate(&fake->connection, outcome, url, err);
    assert_int_equal(rc == 0, err->code == ABP_OK);
    fake_all_asked(fake);
    fake_no_secret(err->message);
    return rc;
}

static void test_its_addresses(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "https://bsky.app/profile/brand.example.com/post/" FAKE_KEY,
        "https://bsky.app/profile/Brand.Example.com/post/" FAKE_KEY "?ref=x#y",
        "https://bsky.app/profile/" FAKE_DID "/post/" FAKE_KEY "/",
        "https://deck.example/profile/brand.example.com/post/" FAKE_KEY,
        FAKE_URI,
        "at://brand.example.com/app.bsky.feed.post/" FAKE_KEY,
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct fake *fake = fake_start();
        struct abp_outcome outcome;
        struct abp_error err;
        fake_sign_in(fake);
        fake_lay(fake, 200, NULL, RECORD);
        if (locate(fake, urls[i], &outcome, &err) != 0)
            fail_msg("%s: %s", urls[i], err.message);
        assert_int_equal(outcome.fate, ABP_FATE_POSTED);
        assert_string_equal(outcome.remote_id, FAKE_URI);
        assert_string_equal(outcome.version, FAKE_CID);
        assert_string_equal(outcome.url,
                            "https://bsky.app/profile/brand.example.com/post/" FAKE_KEY);
        assert_int_equal(outcome.posted_at, FAKE_NOW - 200);
        fake_end(fake);
    }
}

/* A handle that the session does not know may still be the account's: the server says whose. */
static void test_other_handles(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
        enum abp_code code;
    } cases[] = {
        {200, "{\"did\":\"" FAKE_DID "\"}", ABP_OK},
        {200, "{\"did\":\"" OTHER "\"}", ABP_DATA},
        {200, "{}", ABP_DATA},
        {400, "{\"error\":\"InvalidRequest\",\"message\":\"Unable to resolve handle\"}", ABP_DATA},
        {500, "", ABP_UNREACHABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_start();
        struct abp_outcome outcome;
        struct abp_error err;
        fake_sign_in(fake);
        fake_lay(fake, cases[i].status, NULL, cases[i].body);
        if (cases[i].code == ABP_OK)
            fake_lay(fake, 200, NULL, RECORD);
        locate(fake, "https://bsky.app/profile/old.example.com/post/" FAKE_KEY, &outcome, &err);
        if (err.code != cases[i].code)
            fail_msg("case %zu: %d, %s", i, (int)err.code, err.message);
        assert_string_equal(outcome.remote_id, cases[i].code == ABP_OK ? FAKE_URI : "");
        fake_end(fake);
    }
}

static void test_no_address(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "https://bsky.app/profile/brand.example.com",
        "https://bsky.app/profile/brand.example.com/post/",
        "https://bsky.app/profile//post/" FAKE_KEY,
        "https://bsky.app/profile/two words.com/post/" FAKE_KEY,
        "https://bsky.app/profile/brand.example.com/post/a%2Fb",
        "https://bsky.app/profile/brand.example.com/feed/" FAKE_KEY,
        "http://bsky.app/profile/brand.example.com/post/" FAKE_KEY,
        "at://" FAKE_DID "/app.bsky.feed.like/" FAKE_KEY,
        "https://example.social/@brand/115",
        "",
    };
    struct fake *fake = fake_start();
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct abp_outcome outcome;
        struct abp_error err;
        if (locate(fake, urls[i], &outcome, &err) != -1)
            fail_msg("%s was taken", urls[i]);
        assert_int_equal(err.code, ABP_DATA);
    }
    fake_end(fake);
}

static void test_answers(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body, *words;
        enum abp_code code;
    } cases[] = {
        {400, "{\"error\":\"RecordNotFound\",\"message\":\"Could not locate\"}", "no post at",
         ABP_DATA},
        {200, "{\"uri\":\"" FAKE_URI "x\",\"cid\":\"" FAKE_CID "\"}", "not the post",
         ABP_UNREACHABLE},
        {200, "{\"uri\":\"" FAKE_URI "\"}", "not the post", ABP_UNREACHABLE},
        {404, "404 page not found", "404", ABP_UNREACHABLE},
        {502, "", "502", ABP_UNREACHABLE},
        {429, "", "enough requests", ABP_UNREACHABLE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_start();
        struct abp_outcome outcome;
        struct abp_error err;
        fake_sign_in(fake);
        fake_lay(fake, cases[i].status, NULL, cases[i].body);
        assert_int_equal(locate(fake, FAKE_URI, &outcome, &err), -1);
        if (err.code != cases[i].code || !strstr(err.message, cases[i].words))
            fail_msg("case %zu: %d, %s", i, (int)err.code, err.message);
        fake_end(fake);
    }
    /* Another account's: nobody needs to be asked. And without a session there is no asking. */
    struct fake *fake = fake_start();
    struct abp_outcome outcome;
    struct abp_error err;
    fake_sign_in(fake);
    assert_int_equal(locate(fake, "at://" OTHER "/app.bsky.feed.post/" FAKE_KEY, &outcome, &err),
                     -1);
    assert_int_equal(err.code, ABP_DATA);
    fake_end(fake);
    fake = fake_start();
    fake_lay(fake, 401, NULL, "{\"error\":\"AuthenticationRequired\",\"message\":\"Invalid\"}");
    assert_int_equal(locate(fake, FAKE_URI, &outcome, &err), -1);
    assert_int_equal(err.code, ABP_PERSON);
    fake_end(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_its_addresses),
        cmocka_unit_test(test_other_handles),
        cmocka_unit_test(test_no_address),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
