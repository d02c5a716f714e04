/* The numbers of Bluesky posts: batches, what is missing, what is gone, what is no number. */
#include "bluesky_fake.h"

#define POSTS(list) "{\"posts\":[" list "]}"
#define VIEW(rest)  "{\"uri\":\"" FAKE_URI "\",\"cid\":\"" FAKE_CID "\"" rest "}"
#define NOT_FOUND   "{\"error\":\"RecordNotFound\",\"message\":\"Could not locate record\"}"
#define THERE       "{\"uri\":\"" FAKE_URI "\",\"cid\":\"" FAKE_CID "\",\"value\":{}}"

static int read_all(struct fake *fake, struct abp_reading *readings, size_t count,
                    struct abp_error *err)
{
    memset(err, 0, sizeof *err);
    int rc = fake->connection.ops->read(&fake->connection, readings, count, err);
    fake_all_asked(fake);
    fake_no_secret(err->message);
    return rc;
}

struct reading_case {
    long status; /* of getPosts; 0: cut */
    const char *body;
    long confirm_status; /* of getRecord; 0: not asked */
    const char *confirm;
    int rc;
    enum abp_reading_state state;
    const char *values; /* name=value, with a blank between them */
};

static const struct reading_case cases[] = {
    {200, POSTS(VIEW(",\"likeCount\":3,\"repostCount\":0,\"replyCount\":12,\"quoteCount\":1")), 0,
     NULL, 0, ABP_READ, "likes=3 reposts=0 replies=12 quotes=1"},
    /* absent is not nought */
    {200, POSTS(VIEW(",\"likeCount\":3")), 0, NULL, 0, ABP_READ, "likes=3"},
    {200, POSTS(VIEW("")), 0, NULL, 0, ABP_READ_NOT, ""},
    /* the right one among others */
    {200,
     POSTS("7,{},{\"uri\":\"" FAKE_URI
           "x\",\"cid\":\"c\",\"likeCount\":9}," VIEW(",\"likeCount\":1")),
     0, NULL, 0, ABP_READ, "likes=1"},
    /* no numbers */
    {200, POSTS(VIEW(",\"likeCount\":-1")), 0, NULL, 0, ABP_READ_NOT, ""},
    {200, POSTS(VIEW(",\"likeCount\":1.5")), 0, NULL, 0, ABP_READ_NOT, ""},
    {200, POSTS(VIEW(",\"likeCount\":\"3\"")), 0, NULL, 0, ABP_READ_NOT, ""},
    {200, POSTS(VIEW(",\"likeCount\":3,\"replyCount\":null")), 0, NULL, 0, ABP_READ_NOT, ""},
    {200, POSTS(VIEW(",\"likeCount\":9007199254740993")), 0, NULL, 0, ABP_READ_NOT, ""},
    {200, POSTS(VIEW(",\"likeCount\":92233720368547758070")), 0, NULL, -1, ABP_READ_NOT, ""},
    {200, POSTS("{\"uri\":\"" FAKE_URI "\",\"likeCount\":1}"), 0, NULL, 0, ABP_READ_NOT, ""},
    /* of a version that is none: nobody could say whether it was edited */
    {200, POSTS("{\"uri\":\"" FAKE_URI "\",\"cid\":\"bafy]eih6\",\"likeCount\":1}"), 0, NULL, 0,
     ABP_READ_NOT, ""},
    /* left out: only the account's own server knows why */
    {200, POSTS(""), 400, NOT_FOUND, 0, ABP_READ_GONE, ""},
    {200, POSTS(""), 200, THERE, 0, ABP_READ_NOT, ""},
    {200, POSTS(""), 500, "", 0, ABP_READ_NOT, ""},
    {200, POSTS(""), 400, "{\"error\":\"InvalidRequest\"}", 0, ABP_READ_NOT, ""},
    {200, POSTS(""), 404, "<html>", 0, ABP_READ_NOT, ""},
    /* no app view */
    {502, "{\"error\":\"UpstreamFailure\"}", 200, THERE, 0, ABP_READ_NOT, ""},
    {501, "{\"error\":\"MethodNotImplemented\"}", 200, THERE, 0, ABP_READ_NOT, ""},
    {404, "{\"error\":\"XRPCNotSupported\"}", 400, NOT_FOUND, 0, ABP_READ_GONE, ""},
    /* not reached, or not understood */
    {500, "", 0, NULL, -1, ABP_READ_NOT, ""},
    {200, "{\"posts\":{}}", 0, NULL, -1, ABP_READ_NOT, ""},
    {200, "[]", 0, NULL, -1, ABP_READ_NOT, ""},
    {401, "{\"error\":\"AccountTakedown\"}", 0, NULL, -1, ABP_READ_NOT, ""},
    {429, "", 0, NULL, -1, ABP_READ_NOT, ""},
    {0, NULL, 0, NULL, -1, ABP_READ_NOT, ""},
};

static void show(char *out, size_t size, const struct abp_reading *reading)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < reading->value_count; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s=%.0f", i ? " " : "",
                                reading->values[i].name, reading->values[i].value);
}

static void test_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_start();
        struct abp_error err;
        struct abp_reading reading;
        char values[200];
        memset(&reading, 0xA5, sizeof reading);
        reading.remote_id = FAKE_URI;
        reading.version = FAKE_CID;
        fake_sign_in(fake);
        if (cases[i].status)
            fake_lay(fake, cases[i].status, NULL, cases[i].body);
        else
            fake_cut(fake, ABP_HTTP_LOST);
        if (cases[i].confirm_status)
            fake_lay(fake, cases[i].confirm_status, NULL, cases[i].confirm);
        int rc = read_all(fake, &reading, 1, &err);
        show(values, sizeof values, &reading);
        if (rc != cases[i].rc || reading.state != cases[i].state || reading.edited ||
            strcmp(values, cases[i].values) != 0)
            fail_msg("case %zu: rc %d, state %d, edited %d, %s, %s", i, rc, (int)reading.state,
                     reading.edited, values, reading.reason);
        assert_true((reading.reason[0] == '\0') == (reading.state != ABP_READ_NOT));
        fake_no_secret(reading.reason);
        fake_end(fake);
    }
}

/* The server of one account need not know what another one posted, when the channel was that one's:
 * it is no word on whether that is gone. */
static void test_anothers_post(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    struct abp_reading reading = {
        .remote_id = "at://did:plc:zzzzbbbbccccddddeeeeffff/app.bsky.feed.post/" FAKE_KEY,
        .version = FAKE_CID};
    fake_sign_in(fake);
    fake_lay(fake, 200, NULL, POSTS(""));
    fake_lay(fake, 400, NULL, NOT_FOUND);
    assert_int_equal(read_all(fake, &reading, 1, &err), 0);
    assert_int_equal(reading.state, ABP_READ_NOT);
    assert_true(reading.reason[0]);
    fake_end(fake);
}

static void test_edited(void **state)
{
    (void)state;
    static const struct {
        const char *version;
        int edited;
    } versions[] = {{FAKE_CID, 0}, {"", 0}, {"bafyold", 1}};
    for (size_t i = 0; i < 3; i++) {
        struct fake *fake = fake_start();
        struct abp_error err;
        struct abp_reading reading = {.remote_id = FAKE_URI, .version = versions[i].version};
        fake_sign_in(fake);
        fake_lay(fake, 200, NULL, POSTS(VIEW(",\"likeCount\":1")));
        assert_int_equal(read_all(fake, &reading, 1, &err), 0);
        assert_int_equal(reading.edited, versions[i].edited);
        fake_end(fake);
    }
}

#define MANY 57

struct many {
    struct abp_reading readings[MANY];
    char uris[MANY][100];
    char bodies[3][8000];
};

/* 57 posts, one of them with an id that is none: 25, 25 and 6, each answer in another order. */
static void lay_many(struct many *many, struct fake *fake, size_t batches)
{
    size_t len[3] = {0}, place = 0;
    for (size_t i = 0; i < MANY; i++) {
        snprintf(many->uris[i], sizeof many->uris[i], "at://did:web:x%%3A1/app.bsky.feed.post/k%zu",
                 i);
        many->readings[i].remote_id = i == 30 ? "https://bsky.app/profile/x/post/y" : many->uris[i];
        many->readings[i].version = "";
        if (i == 30)
            continue;
        char view[200], *body = many->bodies[place / 25];
        size_t *n = &len[place / 25];
        int size = snprintf(view, sizeof view, "%s{\"uri\":\"%s\",\"cid\":\"c\",\"likeCount\":%zu}",
                            *n ? "," : "", many->uris[i], i);
        memcpy(body + *n, view, (size_t)size + 1);
        *n += (size_t)size;
        place++;
    }
    for (size_t b = 0; b < batches; b++) {
        char all[8100];
        snprintf(all, sizeof all, "{\"posts\":[%s]}", many->bodies[b]);
        memcpy(many->bodies[b], all, sizeof many->bodies[b]);
        fake_lay(fake, 200, NULL, many->bodies[b]);
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        n++;
    return n;
}

static void test_batches(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct many *many = calloc(1, sizeof *many);
    struct abp_error err;
    assert_non_null(many);
    fake_sign_in(fake);
    lay_many(many, fake, 3);
    assert_int_equal(read_all(fake, many->readings, MANY, &err), 0);
    for (size_t i = 0; i < MANY; i++) {
        if (i == 30) {
            assert_int_equal(many->readings[i].state, ABP_READ_NOT);
            continue;
        }
        assert_int_equal(many->readings[i].state, ABP_READ);
        assert_true(many->readings[i].values[0].value == (double)i);
    }
    static const size_t wanted[] = {25, 25, 6};
    for (size_t b = 0; b < 3; b++)
        assert_int_equal(count_of(fake->requests[b].url, "uris=at%3A%2F%2Fdid%3Aweb%3Ax%253A1%2F"),
                         wanted[b]);
    free(many);
    fake_end(fake);
}

/* What came before the server gave up is kept; the rest is unread, each with a reason. */
static void test_cut_short(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct many *many = calloc(1, sizeof *many);
    struct abp_error err;
    assert_non_null(many);
    fake_sign_in(fake);
    lay_many(many, fake, 1);
    fake_cut(fake, ABP_HTTP_LOST);
    assert_int_equal(read_all(fake, many->readings, MANY, &err), 0);
    assert_int_equal(err.code, ABP_OK);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(many->readings[i].state, i < 25 ? ABP_READ : ABP_READ_NOT);
        assert_true(i < 25 || many->readings[i].reason[0]);
    }
    free(many);
    fake_end(fake);
}

static void test_nothing(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    struct abp_reading bad[] = {{.remote_id = ""},
                                {.remote_id = "at://"},
                                {.remote_id = "at://did:plc:x/app.bsky.feed.post/"},
                                {.remote_id = "at://did:plc:x/app.bsky.feed.post/a/b"},
                                {.remote_id = "at://did:plc:x/app.bsky.feed.like/a"},
                                {.remote_id = "at://did:plc:x/app.bsky.feed.post/a&uris=b"}};
    assert_int_equal(read_all(fake, NULL, 0, &err), 0);
    assert_int_equal(read_all(fake, bad, sizeof bad / sizeof *bad, &err), 0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_true(bad[i].state == ABP_READ_NOT && bad[i].reason[0]);
    fake_end(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),   cmocka_unit_test(test_anothers_post),
        cmocka_unit_test(test_edited),    cmocka_unit_test(test_batches),
        cmocka_unit_test(test_cut_short), cmocka_unit_test(test_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
