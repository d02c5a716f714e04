/* Looking for a post after a crash. The lists are cut to what counts; created_at and the clock
 * decide as the comment of mastodon_find.c says. Sent at 15:00:00 unless a test says otherwise,
 * asked at 15:10:00. */
#include "mastodon_fake.h"

#define WHO  "GET /api/v1/accounts/verify_credentials"
#define LIST "GET /api/v1/accounts/42/statuses?exclude_reblogs=true&limit=40"
#define HOME "GET /api/v1/timelines/home?limit=40"

#define ACCOUNT(id) ",\"account\":{\"id\":\"" id "\"}"
#define STATUS(id, time, visibility, content)                                                      \
    "{\"id\":\"" id "\",\"created_at\":\"2026-11-" time ".000Z\",\"visibility\":\"" visibility     \
    "\",\"content\":\"" content "\",\"media_attachments\":[]" ACCOUNT("42") "}"
#define OLD STATUS("1", "20T00:00:00", "public", "<p>old</p>") /* where a list may stop */
#define ME                                                                                         \
    {                                                                                              \
        WHO, 200, "{\"id\":\"42\",\"username\":\"a\"}", NULL, 0                                    \
    }

static const char request[] = "{\"status\":\"Look *here*\",\"visibility\":\"public\"}";

static struct abp_outcome find_at(const struct fake_step *steps, size_t count, const char *body,
                                  int64_t sent_at, int64_t now)
{
    struct fake fake;
    struct abp_outcome outcome;
    memset(&outcome, 0x55, sizeof outcome);
    fake_start(&fake, steps, count, NULL);
    fake.now = now;
    abp_mastodon.find(&fake.connection, &outcome, body, strlen(body), FAKE_KEY, sent_at);
    must_not_tell(&outcome);
    fake_end(&fake);
    return outcome;
}

#define FIND(steps, body)                                                                          \
    find_at(steps, sizeof(steps) / sizeof *(steps), body, FAKE_NOW, FAKE_NOW + 600)

static void found_by_its_source(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200,
         "[" STATUS("9", "24T15:05:00", "public", "<p>Other</p>") "," STATUS(
             "8", "24T15:00:03", "public", "<p>Look <em>here</em></p>") "," OLD "]",
         NULL, 0},
        {"GET /api/v1/statuses/9/source", 200, "{\"id\":\"9\",\"text\":\"Other\"}", NULL, 0},
        {"GET /api/v1/statuses/8/source", 200, "{\"id\":\"8\",\"text\":\"Look *here*\"}", NULL, 0}};
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "8");
    assert_int_equal(outcome.posted_at, FAKE_NOW + 3);
}

static void found_by_its_html(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200,
         "[" STATUS("9", "24T15:05:00", "public", "<p>Other</p>") "," STATUS(
             "8", "24T15:00:03", "public", "<p>Look <em>here</em></p>") "," OLD "]",
         NULL, 0},
        {"GET /api/v1/statuses/9/source", 404, "<html>", NULL, 0}}; /* asked once only */
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "8");
}

static void one_source_that_is_gone(void **unused)
{
    (void)unused;
    /* "Record not found" is of that one status: the next one is asked for all the same. */
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200,
         "[" STATUS("9", "24T15:05:00", "public", "Other") "," STATUS(
             "8", "24T15:00:03", "public", "Nothing like it") "," OLD "]",
         NULL, 0},
        {"GET /api/v1/statuses/9/source", 404, "{\"error\":\"Record not found\"}", NULL, 0},
        {"GET /api/v1/statuses/8/source", 200, "{\"text\":\"Look *here*\"}", NULL, 0}};
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "8");
}

static void the_earliest_since_it_was_sent(void **unused)
{
    (void)unused;
    /* The same words: a week before, twice in one second at the time, and again later. */
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200,
         "[" STATUS("9", "24T15:08:00", "public", "Look *here*") "," STATUS(
             "8", "24T14:58:30", "public",
             "Look *here*") "," STATUS("7", "24T14:58:30", "public",
                                       "Look *here*") "," STATUS("2", "17T15:00:01", "public",
                                                                 "Look *here*") "]",
         NULL, 0},
        {"GET /api/v1/statuses/9/source", 404, "", NULL, 0}};
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "7");
}

static void weeks_before_is_another(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200, "[" STATUS("2", "10T15:00:01", "public", "<p>Look *here*</p>") "]", NULL, 0}};
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_NOT_SENT);
}

static void hours_before_is_a_doubt(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200, "[" STATUS("2", "24T10:00:00", "public", "<p>Look *here*</p>") "," OLD "]",
         NULL, 0}};
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_UNKNOWN);
    assert_non_null(strstr(outcome.reason, "2026-11-24T10:00:00Z"));
}

static void too_early_to_say(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {ME, {LIST, 200, "[" OLD "]", NULL, 0}};
    struct abp_outcome outcome = find_at(steps, 2, request, FAKE_NOW, FAKE_NOW + 119);
    assert_int_equal(outcome.fate, ABP_FATE_UNKNOWN);
    assert_int_equal(outcome.retry_at, FAKE_NOW + 120);
    outcome = find_at(steps, 2, request, FAKE_NOW, FAKE_NOW + 120);
    assert_int_equal(outcome.fate, ABP_FATE_NOT_SENT);
    /* Sent in the future: the clock was set back since. */
    outcome = find_at(steps, 2, request, FAKE_NOW, FAKE_NOW - 3600);
    assert_int_equal(outcome.fate, ABP_FATE_UNKNOWN);
}

static void by_the_servers_clock(void **unused)
{
    (void)unused;
    /* Its clock is an hour behind: what it dates 14:00:03 was made at 15:00:03. */
    static const struct fake_step steps[] = {
        {WHO, 200, "{\"id\":\"42\",\"username\":\"a\"}", "Date: Tue, 24 Nov 2026 14:10:00 GMT\n",
         0},
        {LIST, 200, "[" STATUS("8", "24T14:00:03", "public", "Look *here*") "," OLD "]", NULL, 0},
        {"GET /api/v1/statuses/8/source", 404, "", NULL, 0}};
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
}

static void the_clock_was_set_back(void **unused)
{
    (void)unused;
    /* It was a day ahead when this was sent, two minutes ago by its present word. */
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200, "[" STATUS("8", "24T15:09:00", "public", "Look *here*") "," OLD "]", NULL, 0},
        {"GET /api/v1/statuses/8/source", 404, "", NULL, 0}};
    struct abp_outcome outcome = find_at(steps, 3, request, FAKE_NOW + 86400 + 500, FAKE_NOW + 600);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
}

static void others_are_not_it(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200,
         /* an answer to somebody, a direct message, a boost of another's post, one's own post with
            other images long after */
         "[{\"id\":\"7\",\"created_at\":\"2026-11-24T15:00:01Z\",\"content\":\"Look *here*\","
         "\"in_reply_to_id\":\"3\"" ACCOUNT(
             "42") "},"
                   "{\"id\":\"6\",\"created_at\":\"2026-11-24T15:00:01Z\",\"content\":\"Look "
                   "*here*\","
                   "\"visibility\":\"direct\"" ACCOUNT(
                       "42") "},"
                             "{\"id\":\"5\",\"created_at\":\"2026-11-24T15:00:01Z\",\"content\":"
                             "\"Look *here*\"" ACCOUNT("42") ",\"reblog\":{\"id\":\"4\",\"created_"
                                                             "at\":\"2026-11-24T15:00:01Z\","
                                                             "\"content\":\"Look *here*\"" ACCOUNT(
                                                                 "43") "}}," OLD "]",
         NULL, 0}};
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_NOT_SENT);
}

static void its_own_boosted_post(void **unused)
{
    (void)unused;
    /* snac shows a post that somebody boosted inside that boost. */
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200,
         "[{\"id\":\"8\",\"created_at\":\"2026-11-24T15:00:03Z\",\"content\":\"\"" ACCOUNT(
             "43") ",\"reblog\":" STATUS("8", "24T15:00:03", "public", "Look *here*") "}," OLD "]",
         NULL, 0},
        {"GET /api/v1/statuses/8/source", 200, "{\"text\":\"Look *here*\"}", NULL, 0}};
    struct abp_outcome outcome = FIND(steps, request);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "8");
}

static void a_list_that_names_nobody(void **unused)
{
    (void)unused;
    static const struct fake_step steps[] = {
        ME,
        {LIST, 200,
         "[{\"id\":\"8\",\"created_at\":\"2026-11-24T15:00:03Z\",\"content\":\"Look *here*\"}," OLD
         "]",
         NULL, 0},
        {"GET /api/v1/statuses/8/source", 404, "", NULL, 0}};
    assert_int_equal(FIND(steps, request).fate, ABP_FATE_POSTED);
}

static void images_count(void **unused)
{
    (void)unused;
    static const char two[] = "{\"status\":\"Look\",\"media_ids\":[\"1\",\"2\"],"
                              "\"visibility\":\"public\"}";
    static const char with_two[] =
        "[{\"id\":\"8\",\"created_at\":\"2026-11-24T15:00:03Z\",\"content\":\"Look\","
        "\"media_attachments\":[{},{}]" ACCOUNT("42") "}," OLD "]";
    static const char with_one[] =
        "[{\"id\":\"8\",\"created_at\":\"2026-11-24T15:00:03Z\",\"content\":\"Look\","
        "\"media_attachments\":[{}]" ACCOUNT("42") "}," OLD "]";
    static const char later[] =
        "[{\"id\":\"8\",\"created_at\":\"2026-11-24T15:09:00Z\",\"content\":\"Look\","
        "\"media_attachments\":[{}]" ACCOUNT("42") "}," OLD "]";
    static const struct {
        const char *list;
        enum abp_fate fate;
    } cases[] = {{with_two, ABP_FATE_POSTED},
                 {with_one, ABP_FATE_UNKNOWN}, /* a person must look */
                 {later, ABP_FATE_NOT_SENT}};  /* another post of these words */
    for (size_t i = 0; i < 3; i++) {
        struct fake_step steps[] = {
            ME,
            {LIST, 200, cases[i].list, NULL, 0},
            {"GET /api/v1/statuses/8/source", 200, "{\"text\":\"Look\"}", NULL, 0}};
        assert_int_equal(FIND(steps, two).fate, cases[i].fate);
    }
}

static void visibility_prefers_and_warns(void **unused)
{
    (void)unused;
    static const char unlisted[] = "{\"status\":\"Look\",\"visibility\":\"unlisted\"}";
    static const struct fake_step both[] = {
        ME,
        {LIST, 200,
         "[" STATUS("9", "24T15:00:09", "unlisted", "Look") "," STATUS("8", "24T15:00:03", "public",
                                                                       "Look") "," OLD "]",
         NULL, 0},
        {"GET /api/v1/statuses/9/source", 404, "", NULL, 0}};
    static const struct fake_step other[] = {
        ME,
        {LIST, 200, "[" STATUS("8", "24T15:00:03", "public", "Look") "," OLD "]", NULL, 0},
        {"GET /api/v1/statuses/8/source", 404, "", NULL, 0}};
    struct abp_outcome outcome = FIND(both, unlisted);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "9");
    outcome = FIND(other, unlisted);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "8");
    assert_non_null(strstr(outcome.reason, "wider"));
}

static void what_a_list_hides(void **unused)
{
    (void)unused;
    static const char private[] = "{\"status\":\"Look\",\"visibility\":\"private\"}";
    /* A list without a private post may be one that shows none: the home timeline knows. */
    static const struct fake_step hidden[] = {
        ME,
        {LIST, 200, "[" OLD "]", NULL, 0},
        {HOME, 200,
         "[{\"id\":\"77\",\"created_at\":\"2026-11-24T15:09:00Z\",\"content\":\"Look\"" ACCOUNT(
             "43") "}," STATUS("8", "24T15:00:03", "private", "Look") "," OLD "]",
         NULL, 0},
        {"GET /api/v1/statuses/8/source", 200, "{\"text\":\"Look\"}", NULL, 0}};
    struct abp_outcome outcome = FIND(hidden, private);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "8");
    /* One that shows them is believed. */
    static const struct fake_step shown[] = {
        ME, {LIST, 200, "[" STATUS("3", "20T00:00:00", "private", "x") "]", NULL, 0}};
    assert_int_equal(FIND(shown, private).fate, ABP_FATE_NOT_SENT);
    static const struct fake_step neither[] = {
        ME, {LIST, 200, "[" OLD "]", NULL, 0}, {HOME, 500, "", NULL, 0}};
    assert_int_equal(FIND(neither, private).fate, ABP_FATE_UNKNOWN);
}

#define NEW(id) STATUS(id, "24T15:07:00", "public", "x")

/* A full page, of 49 down to 10. */
static const char *forty(char page[16384])
{
    size_t used = 0;
    for (int i = 49; i >= 10; i--)
        used += (size_t)snprintf(page + used, 16384 - used,
                                 "%s{\"id\":\"%d\",\"created_at\":\"2026-11-24T15:07:00.000Z\","
                                 "\"content\":\"x\",\"media_attachments\":[]" ACCOUNT("42") "}",
                                 i == 49 ? "[" : ",", i);
    snprintf(page + used, 16384 - used, "]");
    return page;
}

/* The sources of the page's forty, which are another text. */
static size_t add_sources(struct fake_step *steps, char paths[40][48])
{
    for (int i = 0; i < 40; i++) {
        snprintf(paths[i], 48, "GET /api/v1/statuses/%d%d/source", (49 - i) / 10, (49 - i) % 10);
        steps[i] = (struct fake_step){paths[i], 200, "{\"text\":\"x\"}", NULL, 0};
    }
    return 40;
}

static void pages_are_turned(void **unused)
{
    (void)unused;
    static char paths[40][48], page[16384];
    struct fake_step steps[50] = {ME, {LIST, 200, forty(page), NULL, 0}};
    size_t count = 2 + add_sources(steps + 2, paths);
    steps[count++] = (struct fake_step){
        LIST "&max_id=10", 200, "[" STATUS("8", "24T15:00:03", "public", "Look *here*") "," OLD "]",
        NULL, 0};
    steps[count++] = (struct fake_step){"GET /api/v1/statuses/8/source", 200,
                                        "{\"text\":\"Look *here*\"}", NULL, 0};
    struct abp_outcome outcome = find_at(steps, count, request, FAKE_NOW, FAKE_NOW + 600);
    assert_int_equal(outcome.fate, ABP_FATE_POSTED);
    assert_string_equal(outcome.remote_id, "8");
}

static void a_server_that_turns_no_pages(void **unused)
{
    (void)unused;
    static char paths[40][48], page[16384];
    struct fake_step steps[50] = {ME, {LIST, 200, forty(page), NULL, 0}};
    size_t count = 2 + add_sources(steps + 2, paths);
    steps[count++] = (struct fake_step){LIST "&max_id=10", 200, page, NULL, 0};
    assert_int_equal(find_at(steps, count, request, FAKE_NOW, FAKE_NOW + 600).fate,
                     ABP_FATE_UNKNOWN);
    /* ... but gave all of a few */
    static const struct fake_step few[] = {
        ME,
        {LIST, 200, "[" NEW("5") "]", NULL, 0},
        {"GET /api/v1/statuses/5/source", 200, "{\"text\":\"x\"}", NULL, 0},
        {LIST "&max_id=5", 200, "[" NEW("5") "]", NULL, 0}};
    assert_int_equal(FIND(few, request).fate, ABP_FATE_NOT_SENT);
    static const struct fake_step none[] = {ME, {LIST, 200, "[]", NULL, 0}};
    assert_int_equal(FIND(none, request).fate, ABP_FATE_NOT_SENT);
}

/* Whatever keeps the question from being answered in full, "not there" is never said. */
static void not_asked_is_unknown(void **unused)
{
    (void)unused;
    static const struct {
        struct fake_step answer;
        int sign_in;
    } whos[] = {
        {{WHO, 401, "{\"error\":\"The access token is invalid\"}", NULL, 0}, 1},
        {{WHO, 422, "", NULL, 0}, 1},
        {{WHO, 500, "", NULL, 0}, 0},
        {{WHO, 0, "down", NULL, ABP_HTTP_NOT_SENT}, 0},
        {{WHO, 0, "lost", NULL, ABP_HTTP_LOST}, 0},
        {{WHO, 429, "", "Retry-After: 777\n", 0}, 0},
        {{WHO, 200, "{\"id\":42}", NULL, 0}, 0},
        {{WHO, 200, "[]", NULL, 0}, 0},
        {{WHO, 404, "", NULL, 0}, 0},
        {{WHO, 301, "", NULL, 0}, 0},
    };
    for (size_t i = 0; i < sizeof whos / sizeof *whos; i++) {
        struct abp_outcome outcome = find_at(&whos[i].answer, 1, request, FAKE_NOW, FAKE_NOW + 600);
        assert_int_equal(outcome.fate, ABP_FATE_UNKNOWN);
        assert_int_equal(outcome.sign_in, whos[i].sign_in);
        assert_int_equal(outcome.retry_at, FAKE_NOW + 600 + (i == 5 ? 777 : 120));
    }
    static const struct fake_step lists[] = {
        {LIST, 500, "", NULL, 0},
        {LIST, 404, "", NULL, 0},
        {LIST, 429, "", NULL, 0},
        {LIST, 0, "lost", NULL, ABP_HTTP_LOST},
        {LIST, 200, "{}", NULL, 0},
        {LIST, 200, "[", NULL, 0},
        {LIST, 200, "[{\"id\":5}]", NULL, 0},
        {LIST, 200, "[7]", NULL, 0},
    };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct fake_step steps[] = {ME, lists[i]};
        assert_int_equal(FIND(steps, request).fate, ABP_FATE_UNKNOWN);
    }
    static const struct fake_step source[] = {
        ME,
        {LIST, 200, "[" STATUS("8", "24T15:00:03", "public", "Look") "," OLD "]", NULL, 0},
        {"GET /api/v1/statuses/8/source", 503, "", NULL, 0}};
    assert_int_equal(FIND(source, request).fate, ABP_FATE_UNKNOWN);
    /* The very words, without a date or an id. */
    static const struct fake_step dateless[] = {
        ME,
        {LIST, 200,
         "[{\"id\":\"8\",\"created_at\":7,\"content\":\"Look *here*\"" ACCOUNT("42") "}," OLD "]",
         NULL, 0}};
    assert_int_equal(FIND(dateless, request).fate, ABP_FATE_UNKNOWN);
    static const struct fake_step nameless[] = {
        ME,
        {LIST, 200,
         "[{\"id\":8,\"created_at\":\"2026-11-24T15:00:03Z\",\"content\":\"Look *here*\","
         "\"media_attachments\":[]" ACCOUNT("42") "}," OLD "]",
         NULL, 0}};
    assert_int_equal(FIND(nameless, request).fate, ABP_FATE_UNKNOWN);
}

static void a_request_that_is_none(void **unused)
{
    (void)unused;
    assert_int_equal(find_at(NULL, 0, "{", FAKE_NOW, FAKE_NOW + 600).fate, ABP_FATE_UNKNOWN);
    assert_int_equal(find_at(NULL, 0, "{\"status\":5}", FAKE_NOW, FAKE_NOW + 600).fate,
                     ABP_FATE_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found_by_its_source),
        cmocka_unit_test(found_by_its_html),
        cmocka_unit_test(one_source_that_is_gone),
        cmocka_unit_test(the_earliest_since_it_was_sent),
        cmocka_unit_test(weeks_before_is_another),
        cmocka_unit_test(hours_before_is_a_doubt),
        cmocka_unit_test(too_early_to_say),
        cmocka_unit_test(by_the_servers_clock),
        cmocka_unit_test(the_clock_was_set_back),
        cmocka_unit_test(others_are_not_it),
        cmocka_unit_test(its_own_boosted_post),
        cmocka_unit_test(a_list_that_names_nobody),
        cmocka_unit_test(images_count),
        cmocka_unit_test(visibility_prefers_and_warns),
        cmocka_unit_test(what_a_list_hides),
        cmocka_unit_test(pages_are_turned),
        cmocka_unit_test(a_server_that_turns_no_pages),
        cmocka_unit_test(not_asked_is_unknown),
        cmocka_unit_test(a_request_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
