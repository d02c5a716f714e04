/* Reading numbers, signing in and a server's limits. */
#include "mastodon_fake.h"

#define WHO  "GET /api/v1/accounts/verify_credentials"
#define ONE  "GET /api/v1/statuses/1"
#define TWO  "GET /api/v1/statuses/2"
#define BOTH "GET /api/v1/statuses?id%5B%5D=1&id%5B%5D=2"
#define ME                                                                                         \
    {                                                                                              \
        WHO, 200, "{\"id\":\"42\",\"username\":\"gardener\"}", NULL, 0                             \
    }
#define GONE "{\"error\":\"Record not found\"}"
#define S1   "{\"id\":\"1\",\"favourites_count\":3,\"reblogs_count\":2,\"replies_count\":1}"
#define S2   "{\"id\":\"2\",\"favourites_count\":0,\"reblogs_count\":0,\"replies_count\":0}"

static void ask_for(struct abp_reading *readings, size_t count)
{
    static const char *const ids[] = {"1", "2", "3", "4", "5", "6"};
    memset(readings, 0x55, count * sizeof *readings);
    for (size_t i = 0; i < count; i++) {
        readings[i].remote_id = ids[i];
        readings[i].version = "";
        readings[i].url = NULL;
        readings[i].edited = 0;
    }
}

static int read_all(const struct fake_step *steps, size_t step_count, struct abp_reading *readings,
                    size_t count, struct abp_error *err)
{
    struct fake fake;
    fake_start(&fake, steps, step_count, NULL);
    int rc = abp_mastodon.read(&fake.connection, readings, count, err);
    for (size_t i = 0; i < count; i++)
        assert_null(strstr(readings[i].reason, FAKE_TOKEN));
    fake_end(&fake);
    return rc;
}

static double value_of(const struct abp_reading *reading, const char *name)
{
    for (size_t i = 0; i < reading->value_count; i++)
        if (strcmp(reading->values[i].name, name) == 0)
            return reading->values[i].value;
    return -1;
}

static void one_post(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        {ONE, 200,
         "{\"id\":\"1\",\"favourites_count\":112,\"reblogs_count\":98,\"replies_count\":7,"
         "\"quotes_count\":4,\"edited_at\":null}",
         NULL, 0}};
    struct abp_reading r;
    ask_for(&r, 1);
    assert_int_equal(read_all(steps, 1, &r, 1, NULL), 0);
    assert_int_equal(r.state, ABP_READ);
    assert_int_equal(r.value_count, 4);
    assert_true(value_of(&r, "likes") == 112 && value_of(&r, "reposts") == 98);
    assert_true(value_of(&r, "replies") == 7 && value_of(&r, "quotes") == 4);
    assert_int_equal(r.edited, 0);
    for (size_t i = 0; i < r.value_count; i++) {
        size_t known = 0;
        for (const char *const *name = abp_mastodon.metrics; *name; name++)
            known += strcmp(*name, r.values[i].name) == 0;
        assert_int_equal(known, 1);
    }
}

static void absent_is_not_zero(void **unused)
{
    (void)unused;
    static const struct {
        const char *body;
        enum abp_reading_state state;
        size_t values;
        int edited;
    } cases[] = {
        {"{\"favourites_count\":0}", ABP_READ, 1, 0},
        {"{\"favourites_count\":-1,\"replies_count\":5}", ABP_READ, 1, 0},
        {"{\"favourites_count\":\"3\",\"reblogs_count\":null,\"replies_count\":1.5,"
         "\"quotes_count\":[]}",
         ABP_READ_NOT, 0, 0},
        {"{\"favourites_count\":9223372036854775807,\"replies_count\":9007199254740992}", ABP_READ,
         1, 0},
        {"{\"favourites_count\":18446744073709551616}", ABP_READ_NOT, 0, 0}, /* no JSON of ours */
        {"{}", ABP_READ_NOT, 0, 0},
        {"{\"favourites_count\":1,\"edited_at\":\"2026-11-24T15:00:00.000Z\"}", ABP_READ, 1, 1},
        {"{\"favourites_count\":1,\"favourites_count\":2}", ABP_READ_NOT, 0, 0},
        /* snac shows a boosted post inside the boost */
        {"{\"content\":\"\",\"reblog\":{\"favourites_count\":4}}", ABP_READ, 1, 0},
        {"[]", ABP_READ_NOT, 0, 0},
        {"\xff\xfe", ABP_READ_NOT, 0, 0},
        {"", ABP_READ_NOT, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake_step step = {ONE, 200, cases[i].body, NULL, 0};
        struct abp_reading r;
        struct abp_error err = {0};
        ask_for(&r, 1);
        read_all(&step, 1, &r, 1, &err);
        if (r.state != cases[i].state || r.value_count != cases[i].values ||
            r.edited != cases[i].edited)
            fail_msg("case %zu: %d, %zu values, %s", i, (int)r.state, r.value_count, r.reason);
    }
}

static void a_batch(void **unused)
{
    (void)unused;
    /* The second is left out: it is asked for by itself before it counts as gone. */
    static const struct fake_step steps[] = {{BOTH, 200, "[" S1 "]", NULL, 0},
                                             {TWO, 404, GONE, NULL, 0}};
    struct abp_reading r[2];
    ask_for(r, 2);
    assert_int_equal(read_all(steps, 2, r, 2, NULL), 0);
    assert_int_equal(r[0].state, ABP_READ);
    assert_true(value_of(&r[0], "likes") == 3);
    assert_int_equal(r[1].state, ABP_READ_GONE);
    assert_int_equal(r[1].value_count, 0);
}

static void no_batches_here(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {{BOTH, 404, "<html>", NULL, 0},
                                             {ONE, 200, S1, NULL, 0},
                                             {TWO, 200, S2, NULL, 0},
                                             /* the second round does not try again */
                                             {ONE, 200, S1, NULL, 0},
                                             {TWO, 200, S2, NULL, 0}};
    struct fake fake;
    struct abp_reading r[2];
    FAKE_START(&fake, steps, NULL);
    for (int round = 0; round < 2; round++) {
        ask_for(r, 2);
        assert_int_equal(abp_mastodon.read(&fake.connection, r, 2, NULL), 0);
        assert_int_equal(r[0].state, ABP_READ);
        assert_int_equal(r[1].state, ABP_READ);
        assert_true(value_of(&r[1], "likes") == 0);
    }
    fake_end(&fake);
}

/* A server that answers a batch with whatever it likes is not believed. */
static void a_batch_of_others(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        {BOTH, 200, "[{\"id\":\"7\",\"favourites_count\":9},5,null]", NULL, 0},
        {ONE, 200, S1, NULL, 0},
        {TWO, 200, S2, NULL, 0}};
    struct abp_reading r[2];
    ask_for(r, 2);
    assert_int_equal(read_all(steps, 3, r, 2, NULL), 0);
    assert_true(value_of(&r[0], "likes") == 3 && value_of(&r[1], "likes") == 0);
}

static void gone_by_whose_word(void **unused)
{
    (void)unused;
    struct abp_reading r;
    struct abp_error err = {0};
    /* An error page says nothing of a post, until the account is known here. */
    static const struct fake_step snac[] = {{ONE, 404, "<html>", NULL, 0}, ME};
    ask_for(&r, 1);
    assert_int_equal(read_all(snac, 2, &r, 1, NULL), 0);
    assert_int_equal(r.state, ABP_READ_GONE);
    static const struct fake_step parked[] = {{ONE, 404, "<html>", NULL, 0},
                                              {WHO, 404, "<html>", NULL, 0}};
    ask_for(&r, 1);
    assert_int_equal(read_all(parked, 2, &r, 1, &err), -1);
    assert_int_equal(r.state, ABP_READ_NOT);
    static const struct fake_step gone[] = {{ONE, 410, GONE, NULL, 0}};
    ask_for(&r, 1);
    assert_int_equal(read_all(gone, 1, &r, 1, NULL), 0);
    assert_int_equal(r.state, ABP_READ_GONE);
}

/* To a stranger a post for followers is not there: that is no deletion. */
static void gone_to_whose_eyes(void **unused)
{
    (void)unused;
    static char account[] = "gardener", other[] = "rival";
    static const struct fake_step own[] = {
        ME, {ONE, 404, GONE, NULL, 0}, {ONE, 404, GONE, NULL, 0}}; /* asked whose it is once */
    static const struct fake_step swapped[] = {ME};
    struct abp_reading r[2];
    struct abp_error err = {0};
    struct fake fake;
    FAKE_START(&fake, own, NULL);
    fake.channel.account = account;
    for (int i = 0; i < 2; i++) {
        ask_for(r, 1);
        assert_int_equal(abp_mastodon.read(&fake.connection, r, 1, &err), 0);
        assert_int_equal(r[0].state, ABP_READ_GONE);
    }
    fake_end(&fake);
    FAKE_START(&fake, swapped, NULL);
    fake.channel.account = other;
    ask_for(r, 2);
    assert_int_equal(abp_mastodon.read(&fake.connection, r, 2, &err), -1);
    assert_int_equal(err.code, ABP_PERSON);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(r[i].state, ABP_READ_NOT);
        assert_non_null(strstr(r[i].reason, "gardener"));
    }
    fake_end(&fake);
    /* Whose it is could not be asked, or was the last answer for a while. */
    static const struct fake_step down = {WHO, 502, "", NULL, 0},
                                  elsewhere = {WHO, 404, "", NULL, 0};
    static const struct fake_step last = {
        WHO, 200, "{\"id\":\"42\",\"username\":\"gardener\"}",
        "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-11-24T15:05:00Z\n", 0};
    const struct fake_step *const cases[] = {&down, &elsewhere, &last};
    for (size_t i = 0; i < 3; i++) {
        fake_start(&fake, cases[i], 1, NULL);
        fake.channel.account = account;
        ask_for(r, 1);
        assert_int_equal(abp_mastodon.read(&fake.connection, r, 1, &err), i < 2 ? -1 : 0);
        assert_int_equal(r[0].state, ABP_READ_NOT);
        if (i < 2)
            assert_int_equal(err.code, ABP_UNREACHABLE);
        fake_end(&fake);
    }
}

static void what_stops_a_round(void **unused)
{
    (void)unused;
    struct abp_reading r[6];
    struct abp_error err = {0};
    static const struct fake_step token[] = {{BOTH, 401, "{\"error\":\"invalid\"}", NULL, 0},
                                             {ONE, 401, "{\"error\":\"invalid\"}", NULL, 0}};
    ask_for(r, 2);
    assert_int_equal(read_all(token, 2, r, 2, &err), -1);
    assert_int_equal(err.code, ABP_PERSON);
    assert_int_equal(r[1].state, ABP_READ_NOT);
    static const struct fake_step down[] = {{ONE, 0, "no route", NULL, ABP_HTTP_NOT_SENT}};
    ask_for(r, 1);
    assert_int_equal(read_all(down, 1, r, 1, &err), -1);
    assert_int_equal(err.code, ABP_UNREACHABLE);
    /* Some were read: what follows a refusal for the moment is not asked for. */
    static const struct fake_step busy[] = {
        {BOTH, 404, "", NULL, 0}, {ONE, 200, S1, NULL, 0}, {TWO, 429, "", "Retry-After: 30\n", 0}};
    ask_for(r, 2);
    assert_int_equal(read_all(busy, 3, r, 2, &err), 0);
    assert_int_equal(r[0].state, ABP_READ);
    assert_int_equal(r[1].state, ABP_READ_NOT);
    /* Three failures in a row are enough. */
    static const struct fake_step broken[] = {
        {"GET /api/v1/statuses?id%5B%5D=1&id%5B%5D=2&id%5B%5D=3&id%5B%5D=4&id%5B%5D=5", 500, "",
         NULL, 0},
        {ONE, 500, "", NULL, 0},
        {TWO, 502, "", NULL, 0},
        {"GET /api/v1/statuses/3", 0, "lost", NULL, ABP_HTTP_LOST}};
    ask_for(r, 5);
    assert_int_equal(read_all(broken, 4, r, 5, &err), -1);
    for (int i = 0; i < 5; i++)
        assert_int_equal(r[i].state, ABP_READ_NOT);
}

static void the_allowance_is_kept(void **unused)
{
    (void)unused;
    struct abp_reading r[2];
    static const struct fake_step steps[] = {
        {BOTH, 404, "", NULL, 0},
        {ONE, 200, S1, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2026-11-24T15:04:00Z\n", 0}};
    ask_for(r, 2);
    assert_int_equal(read_all(steps, 2, r, 2, NULL), 0);
    assert_int_equal(r[0].state, ABP_READ);
    assert_int_equal(r[1].state, ABP_READ_NOT);
}

static void ids_that_are_none(void **unused)
{
    (void)unused;
    static const char *const ids[] = {"", "1/../2", "1?x", "a b", "..", "%31", "caf\xc3\xa9"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct abp_reading r;
        ask_for(&r, 1);
        r.remote_id = ids[i];
        assert_int_equal(read_all(NULL, 0, &r, 1, NULL), 0);
        assert_int_equal(r.state, ABP_READ_NOT);
    }
}

static void twenty_at_a_time(void **unused)
{
    (void)unused;
    static const char id[] = "9";
    char paths[2][512];
    struct abp_reading r[21];
    struct fake_step steps[2];
    size_t used = (size_t)snprintf(paths[0], sizeof paths[0], "GET /api/v1/statuses");
    for (int i = 0; i < 20; i++)
        used += (size_t)snprintf(paths[0] + used, sizeof paths[0] - used, "%cid%%5B%%5D=9",
                                 i ? '&' : '?');
    steps[0] =
        (struct fake_step){paths[0], 200, "[{\"id\":\"9\",\"favourites_count\":1}]", NULL, 0};
    steps[1] = (struct fake_step){"GET /api/v1/statuses/9", 200, S1, NULL, 0};
    memset(r, 0, sizeof r);
    for (int i = 0; i < 21; i++)
        r[i].remote_id = id;
    assert_int_equal(read_all(steps, 2, r, 21, NULL), 0);
    for (int i = 0; i < 21; i++)
        assert_int_equal(r[i].state, ABP_READ);
}

/* ---- a channel that was moved to another server ---- */

#define ME_AT(url)                                                                                 \
    {                                                                                              \
        WHO, 200, "{\"id\":\"42\",\"username\":\"gardener\",\"url\":\"" url "\"}", NULL, 0         \
    }

/* Nothing is asked for under an id of another server: it is nobody's there, or another's. */
static void of_another_server(void **unused)
{
    (void)unused;
    static const struct fake_step moved[] = {ME_AT("https://example.social/@gardener"),
                                             {TWO, 200, S2, NULL, 0}};
    static const struct fake_step all_moved[] = {ME_AT("https://www.example.social/@gardener")};
    struct abp_reading r[3];
    ask_for(r, 3);
    r[0].url = "https://old.social/@gardener/1";
    r[1].url = "https://example.social/@gardener/2";
    r[2].url = "https://example.social.old.social/@gardener/3";
    assert_int_equal(read_all(moved, 2, r, 3, NULL), 0);
    assert_int_equal(r[1].state, ABP_READ);
    for (int i = 0; i < 3; i += 2) {
        assert_int_equal(r[i].state, ABP_READ_NOT);
        assert_int_equal(strncmp(r[i].reason, ABP_READ_ELSEWHERE, strlen(ABP_READ_ELSEWHERE)), 0);
        assert_int_equal(r[i].value_count, 0);
    }
    assert_non_null(strstr(r[0].reason, ": on old.social; put that back"));
    ask_for(r, 3);
    r[0].url = r[1].url = r[2].url = "http://old.social/@gardener/1";
    assert_int_equal(read_all(all_moved, 1, r, 3, NULL), 0);
    assert_non_null(strstr(r[2].reason, "old.social"));
}

/* The pages may be on another host than the API: then the account's is there, too. */
static void pages_elsewhere(void **unused)
{
    (void)unused;
    static const struct {
        const char *url;
        struct fake_step steps[3];
        size_t count;
        int read;
    } cases[] = {
        /* as the API's own: the account need not be asked for */
        {"https://EXAMPLE.social/@gardener/1", {{ONE, 200, S1, NULL, 0}}, 1, 1},
        {"https://web.social/@gardener/1",
         {ME_AT("https://WEB.social/users/gardener"), {ONE, 200, S1, NULL, 0}},
         2,
         1},
        {"https://web.social/@gardener/1", {ME_AT("https://web.social:444/@gardener")}, 1, 0},
        {"https://web.social:444/@gardener/1", {ME_AT("https://web.social/@gardener")}, 1, 0},
        /* it is not said where they are, or no address was kept: as it was */
        {"https://web.social/@gardener/1", {ME, {ONE, 200, S1, NULL, 0}}, 2, 1},
        {"https://web.social/@gardener/1", {ME_AT("gardener"), {ONE, 200, S1, NULL, 0}}, 2, 1},
        {"", {{ONE, 200, S1, NULL, 0}}, 1, 1},
        {"tag:1", {{ONE, 200, S1, NULL, 0}}, 1, 1},
        /* it could not be asked: nothing is read */
        {"https://web.social/@gardener/1", {{WHO, 502, "", NULL, 0}}, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct abp_reading r;
        ask_for(&r, 1);
        r.url = cases[i].url;
        int last = i + 1 == sizeof cases / sizeof *cases;
        assert_int_equal(read_all(cases[i].steps, cases[i].count, &r, 1, NULL), last ? -1 : 0);
        assert_int_equal(r.state, cases[i].read ? ABP_READ : ABP_READ_NOT);
        assert_int_equal(strstr(r.reason, "another server") != NULL, !cases[i].read && !last);
    }
}

/* ---- check ---- */

static int check(const struct fake_step *steps, size_t count, struct fake *fake, char *account,
                 struct abp_error *err)
{
    fake_start(fake, steps, count, NULL);
    fake->channel.account = account;
    int rc = abp_mastodon.check(&fake->connection, err);
    if (rc != 0)
        assert_null(strstr(err->message, FAKE_TOKEN));
    return rc;
}

static void limits_in_each_shape(void **unused)
{
    (void)unused;
    static const struct {
        struct fake_step v2, v1;
        struct abp_limits limits;
    } cases[] = {
        {{"GET /api/v2/instance", 200,
          "{\"configuration\":{\"statuses\":{\"max_characters\":1000,\"max_media_attachments\":6,"
          "\"characters_reserved_per_url\":30},\"media_attachments\":{\"image_size_limit\":"
          "10485760,"
          "\"description_limit\":420}}}",
          NULL, 0},
         {0},
         {1000, -1, 30, 6, 10485760, 420}},
        /* Pleroma */
        {{"GET /api/v2/instance", 404, "", NULL, 0},
         {"GET /api/v1/instance", 200,
          "{\"max_toot_chars\":5000,\"description_limit\":5000,\"upload_limit\":16000000,"
          "\"max_media_attachments\":1000}",
          NULL, 0},
         {5000, -1, 23, 1000, 16000000, 5000}},
        /* nothing said, or nothing that can be */
        {{"GET /api/v2/instance", 200,
          "{\"configuration\":{\"statuses\":{\"max_characters\":\"many\",\"max_media_attachments\":"
          "-4,\"characters_reserved_per_url\":0},\"media_attachments\":[]},\"max_toot_chars\":"
          "9000000000000000000}",
          NULL, 0},
         {0},
         {500, -1, 23, 4, 16777216, 1500}},
        {{"GET /api/v2/instance", 200, "[]", NULL, 0},
         {"GET /api/v1/instance", 403, "", NULL, 0},
         {500, -1, 23, 4, 16777216, 1500}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake_step steps[] = {ME, cases[i].v2, cases[i].v1};
        struct fake fake;
        struct abp_error err = {0};
        assert_int_equal(check(steps, cases[i].v1.asked ? 3 : 2, &fake, NULL, &err), 0);
        assert_memory_equal(&fake.connection.limits, &cases[i].limits, sizeof cases[i].limits);
        fake_end(&fake);
    }
}

static void signing_in(void **unused)
{
    (void)unused;
    static char same[] = "@Gardener@example.social", other[] = "gardene";
    static const struct {
        struct fake_step who;
        enum abp_code code;
    } cases[] = {
        {{WHO, 401, "{\"error\":\"The access token is invalid\"}", NULL, 0}, ABP_PERSON},
        {{WHO, 403, "{\"error\":\"Your login is disabled\"}", NULL, 0}, ABP_PERSON},
        {{WHO, 422, "", NULL, 0}, ABP_PERSON}, /* as snac says it */
        {{WHO, 404, "<html>", NULL, 0}, ABP_DATA},
        {{WHO, 200, "<html>", NULL, 0}, ABP_DATA},
        {{WHO, 200, "{\"id\":\"4/2\"}", NULL, 0}, ABP_DATA},
        {{WHO, 302, "", NULL, 0}, ABP_DATA},
        {{WHO, 500, "", NULL, 0}, ABP_UNREACHABLE},
        {{WHO, 429, "", NULL, 0}, ABP_UNREACHABLE},
        {{WHO, 0, "no such host", NULL, ABP_HTTP_NOT_SENT}, ABP_UNREACHABLE},
    };
    struct fake fake;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct abp_error err = {0};
        assert_int_equal(check(&cases[i].who, 1, &fake, NULL, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.message, "loud"));
        fake_end(&fake);
    }
    static const struct fake_step fine[] = {ME, {"GET /api/v2/instance", 200, "{}", NULL, 0}};
    struct abp_error err = {0};
    assert_int_equal(check(fine, 2, &fake, same, &err), 0);
    fake_end(&fake);
    assert_int_equal(check(fine, 1, &fake, other, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    fake_end(&fake);
    static const struct fake_step late[] = {ME, {"GET /api/v2/instance", 503, "", NULL, 0}};
    assert_int_equal(check(late, 2, &fake, NULL, &err), -1);
    assert_int_equal(err.code, ABP_UNREACHABLE);
    fake_end(&fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_post),
        cmocka_unit_test(absent_is_not_zero),
        cmocka_unit_test(a_batch),
        cmocka_unit_test(no_batches_here),
        cmocka_unit_test(a_batch_of_others),
        cmocka_unit_test(gone_by_whose_word),
        cmocka_unit_test(gone_to_whose_eyes),
        cmocka_unit_test(what_stops_a_round),
        cmocka_unit_test(the_allowance_is_kept),
        cmocka_unit_test(ids_that_are_none),
        cmocka_unit_test(twenty_at_a_time),
        cmocka_unit_test(of_another_server),
        cmocka_unit_test(pages_elsewhere),
        cmocka_unit_test(limits_in_each_shape),
        cmocka_unit_test(signing_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
