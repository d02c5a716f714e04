/* What the misbehaving server does when it misbehaves: what the client sees of it, and whether it
 * was committed, which is what every test of posting counts on. */
#include "hostile_server.h"

#include <math.h>
#include <pthread.h>
#include <time.h>

#define NOW      "1800000000"
#define POST_URL "/api/v1/statuses"

static const char *const bearer[] = {"Authorization: Bearer token-ann", NULL};

struct fault_case {
    const char *rule;
    enum abp_http_fate fate;
    long status;
    size_t committed; /* of one attempt to post */
    const char *header, *value;
};

static const struct fault_case cases[] = {
    {"do=pass", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=drop-unread", ABP_HTTP_LOST, 0, 0, NULL, NULL},
    {"do=drop", ABP_HTTP_LOST, 0, 0, NULL, NULL},
    {"do=drop commit=yes", ABP_HTTP_LOST, 0, 1, NULL, NULL},
    {"do=reset", ABP_HTTP_LOST, 0, 0, NULL, NULL},
    {"do=reset commit=yes", ABP_HTTP_LOST, 0, 1, NULL, NULL},
    {"do=half", ABP_HTTP_LOST, 0, 1, NULL, NULL},
    {"do=half commit=no status=500", ABP_HTTP_LOST, 0, 0, NULL, NULL},
    {"do=status status=500", ABP_HTTP_ANSWERED, 500, 0, NULL, NULL},
    {"do=status status=500 commit=yes", ABP_HTTP_ANSWERED, 500, 1, NULL, NULL},
    {"do=status status=502 commit=yes", ABP_HTTP_ANSWERED, 502, 1, NULL, NULL},
    {"do=status status=504", ABP_HTTP_ANSWERED, 504, 0, NULL, NULL},
    {"do=hang seconds=0.2", ABP_HTTP_LOST, 0, 0, NULL, NULL},
    {"do=hang seconds=0.2 commit=yes", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=hang seconds=9 commit=yes", ABP_HTTP_LOST, 0, 1, NULL, NULL},
    {"do=slow seconds=0.3", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=limit seconds=60", ABP_HTTP_ANSWERED, 429, 0, "RateLimit-Reset", "1800000060"},
    {"do=limit seconds=60 dialect=unix", ABP_HTTP_ANSWERED, 429, 0, "Retry-After", NULL},
    {"do=limit seconds=60 dialect=iso", ABP_HTTP_ANSWERED, 429, 0, "X-RateLimit-Reset",
     "2027-01-15T08:01:00.000Z"},
    {"do=limit seconds=60 dialect=seconds", ABP_HTTP_ANSWERED, 429, 0, "Retry-After", "60"},
    {"do=limit seconds=60 dialect=date", ABP_HTTP_ANSWERED, 429, 0, "Retry-After",
     "Fri, 15 Jan 2027 08:01:00 GMT"},
    {"do=limit seconds=60 commit=yes", ABP_HTTP_ANSWERED, 429, 1, NULL, NULL},
    {"do=expired", ABP_HTTP_ANSWERED, 401, 0, NULL, NULL},
    {"do=duplicate", ABP_HTTP_ANSWERED, 422, 0, NULL, NULL},
    {"do=gone", ABP_HTTP_ANSWERED, 404, 0, NULL, NULL},
    {"do=garbage of=cut", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=garbage of=empty", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=garbage of=html commit=no", ABP_HTTP_ANSWERED, 500, 0, NULL, NULL},
    {"do=garbage of=utf8", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=garbage of=types", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=garbage of=bigid", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=garbage of=twice", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=garbage of=deep", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"do=garbage of=redirect", ABP_HTTP_ANSWERED, 302, 1, "Location", "/_again"},
    {"do=garbage of=huge", ABP_HTTP_LOST, 0, 1, NULL, NULL},
    {"do=garbage of=headers", ABP_HTTP_LOST, 0, 1, NULL, NULL},
    {"path=/api/v2 do=drop", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"method=GET do=drop", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"skip=1 do=drop", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"times=0 do=drop", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
    {"p=0 do=drop", ABP_HTTP_ANSWERED, 200, 1, NULL, NULL},
};

static size_t ever_posted(const char *journal)
{
    char line[4000];
    size_t count = 0;
    FILE *file = fopen(journal, "r");
    while (file && fgets(line, sizeof line, file))
        count += strstr(line, "\"what\":\"post\"") != NULL;
    if (file)
        fclose(file);
    return count;
}

static void run_case(const struct fault_case *one, const char *journal)
{
    char value[100], faults[200];
    struct hostile_server s;
    struct abp_http_answer answer;
    snprintf(faults, sizeof faults, "%s.faults", journal);
    FILE *file = fopen(faults, "w");
    assert_non_null(file);
    fprintf(file, "# one rule\n\n%s\n", one->rule);
    fclose(file);
    const char *const options[] = {"--now", NOW, "--journal", journal, "--faults", faults, NULL};
    hostile_start(&s, options);
    hostile_ask(&answer, &s, s.http, "POST", POST_URL, bearer, "{\"status\":\"once\"}");
    size_t committed = ever_posted(journal);
    if (answer.fate != one->fate || answer.status != one->status || committed != one->committed)
        fail_msg("%s: fate %d, status %ld, %zu committed; %s", one->rule, (int)answer.fate,
                 answer.status, committed, answer.why);
    if (one->header) {
        const char *got = abp_http_header(value, sizeof value, &answer, one->header);
        assert_true(one->value ? got && strcmp(got, one->value) == 0 : !got);
    }
    abp_http_answer_release(&answer);
    hostile_stop(&s);
    unlink(journal);
    unlink(faults);
}

static void scratch_name(char journal[100], const char *what)
{
    const char *base = getenv("TMPDIR");
    snprintf(journal, 100, "%.60s/abpost-%s-%ld", base ? base : P_tmpdir, what, (long)getpid());
    unlink(journal);
}

static void test_every_fault(void **state)
{
    (void)state;
    char journal[100];
    scratch_name(journal, "journal");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(&cases[i], journal);
}

static void post_once(const struct hostile_server *s, struct abp_http *http, const char *text,
                      int64_t *status)
{
    char body[200];
    struct abp_http_answer answer;
    snprintf(body, sizeof body, "{\"status\":\"%s\"}", text);
    hostile_ask(&answer, s, http, "POST", POST_URL, bearer, body);
    *status = answer.status;
    abp_http_answer_release(&answer);
}

/* The server goes on with a post long after its client has given up. */
static void test_late(void **state)
{
    (void)state;
    struct hostile_server s;
    int64_t status;
    hostile_start(&s, NULL);
    hostile_tell(&s, "/_fault", "path=/statuses do=late seconds=6");
    post_once(&s, s.http, "late", &status);
    assert_int_equal(status, 0);
    assert_int_equal(hostile_posts(&s), 0);
    for (int waits = 0; hostile_posts(&s) == 0; waits++) {
        assert_true(waits < 600);
        nanosleep(&(struct timespec){0, 50000000}, NULL);
    }
    assert_int_equal(hostile_posts(&s), 1);
    hostile_stop(&s);
}

/* Half of the posts are dropped, and which ones is the seed's to say. */
static void draw(char *pattern, const char *seed)
{
    struct hostile_server s;
    int64_t status;
    const char *const options[] = {"--seed", seed, NULL};
    hostile_start(&s, options);
    hostile_tell(&s, "/_fault", "p=0.5 do=drop commit=yes");
    for (int i = 0; i < 100; i++) {
        post_once(&s, s.http, "x", &status);
        pattern[i] = status == 200 ? '.' : 'x';
    }
    pattern[100] = '\0';
    assert_int_equal(hostile_posts(&s), 100);
    hostile_stop(&s);
}

static void test_chance(void **state)
{
    (void)state;
    char first[101], again[101], other[101];
    int dropped = 0;
    draw(first, "7");
    draw(again, "7");
    draw(other, "8");
    for (int i = 0; i < 100; i++)
        dropped += first[i] == 'x';
    assert_string_equal(first, again);
    assert_string_not_equal(first, other);
    assert_in_range(dropped, 25, 75); /* 5 standard deviations */
}

static void test_rules_in_order(void **state)
{
    (void)state;
    struct hostile_server s;
    struct abp_http_answer answer;
    int64_t status[6];
    static const int64_t expected[6] = {200, 503, 503, 504, 504, 504};
    hostile_start(&s, NULL);
    hostile_tell(&s, "/_fault",
                 "method=POST skip=1 times=2 do=status status=503\n"
                 "method=POST skip=1 do=status status=504");
    for (int i = 0; i < 6; i++)
        post_once(&s, s.http, "x", &status[i]);
    for (int i = 0; i < 6; i++)
        assert_int_equal(status[i], expected[i]);
    hostile_tell(&s, "/_fault", NULL);
    post_once(&s, s.http, "x", &status[0]);
    assert_int_equal(status[0], 200);
    hostile_ask(&answer, &s, s.http, "POST", "/_fault", NULL, "do=nothing-known");
    assert_int_equal(answer.status, 400);
    abp_http_answer_release(&answer);
    hostile_stop(&s);
}

/* ---- fans ---- */

static long long total(const json_t *state, const char *marker, const char *metric)
{
    long long sum = 0;
    size_t i;
    json_t *post;
    json_array_foreach(json_object_get(state, "posts"), i,
                       post) if (strstr(json_string_value(json_object_get(post, "text")), marker))
        sum += json_integer_value(json_object_get(post, metric));
    return sum;
}

static void near_mean(long long got, double mean)
{
    if (fabs((double)got - mean) > 5 * sqrt(mean))
        fail_msg("%lld, expected %.0f", got, mean);
}

static void test_fans(void **state)
{
    (void)state;
    struct hostile_server s;
    int64_t status;
    static const char *const options[] = {"--now", NOW, NULL};
    hostile_start(&s, options);
    hostile_tell(&s, "/_fans",
                 "likes=0.5 replies=0.1 marker=Who ? is\n\nlikes=0.25 marker=a story");
    for (int i = 0; i < 150; i++) {
        char text[40];
        snprintf(text, sizeof text, "%s %d",
                 i % 3 == 0   ? "Who ? is"
                 : i % 3 == 1 ? "a story"
                              : "z",
                 i);
        post_once(&s, s.http, text, &status);
        assert_int_equal(status, 200);
    }
    hostile_tell(&s, "/_clock", "+86400");
    hostile_tell(&s, "/_clock", "1800172800");
    json_t *seen = hostile_state(&s);
    near_mean(total(seen, "Who ? is", "likes"), 50 * 48 * 0.5);
    near_mean(total(seen, "Who ? is", "replies"), 50 * 48 * 0.1);
    near_mean(total(seen, "a story", "likes"), 50 * 48 * 0.25);
    assert_int_equal(total(seen, "a story", "replies"), 0);
    assert_int_equal(total(seen, "z", "likes"), 0);
    assert_int_equal(json_integer_value(json_object_get(seen, "now")), 1800172800);
    json_decref(seen);
    hostile_stop(&s);
}

static long long likes_read(const struct hostile_server *s, const char *path)
{
    struct abp_http_answer answer;
    hostile_ask(&answer, s, s->http, "GET", path, bearer, NULL);
    json_t *json = json_loads(abp_buffer_text(&answer.body), 0, NULL);
    long long likes = json_integer_value(json_object_get(json, "favourites_count"));
    json_decref(json);
    abp_http_answer_release(&answer);
    return likes;
}

static void test_counters(void **state)
{
    (void)state;
    struct hostile_server s;
    int64_t status;
    char line[100], path[100];
    hostile_start(&s, NULL);
    post_once(&s, s.http, "x", &status);
    json_t *seen = hostile_state(&s);
    const char *id =
        json_string_value(json_object_get(json_array_get(json_object_get(seen, "posts"), 0), "id"));
    snprintf(line, sizeof line, "%s 2 1 0 0", id);
    snprintf(path, sizeof path, POST_URL "/%s", id);
    hostile_tell(&s, "/_counts", line);
    assert_int_equal(likes_read(&s, path), 2);
    hostile_tell(&s, "/_fault", "method=GET do=fall");
    assert_int_equal(likes_read(&s, path), 1);
    assert_int_equal(likes_read(&s, path), 0);
    assert_int_equal(likes_read(&s, path), 0);
    json_decref(seen);
    hostile_stop(&s);
}

/* ---- limits, and many at once ---- */

static void test_limit(void **state)
{
    (void)state;
    struct hostile_server s;
    int64_t status;
    static const char *const options[] = {"--now", NOW, "--limit", "5", NULL};
    hostile_start(&s, options);
    for (int i = 0; i < 7; i++) {
        post_once(&s, s.http, "x", &status);
        assert_int_equal(status, i < 5 ? 200 : 429);
    }
    hostile_tell(&s, "/_clock", "+300");
    post_once(&s, s.http, "x", &status);
    assert_int_equal(status, 200);
    hostile_stop(&s);
}

struct poster {
    const struct hostile_server *server;
    int number, failed;
};

static void *post_many(void *context)
{
    struct poster *poster = context;
    struct abp_http *http = NULL;
    struct abp_error err = {0};
    const struct abp_http_factory *factory = abp_http_curl();
    if (factory->open(&http, factory->context, &err) != 0)
        return NULL;
    for (int i = 0; i < 50; i++) {
        char text[40];
        int64_t status;
        snprintf(text, sizeof text, "%d of thread %d", i, poster->number);
        post_once(poster->server, http, text, &status);
        poster->failed += status != 200;
    }
    http->close(http);
    return NULL;
}

static void test_many_at_once(void **state)
{
    (void)state;
    struct hostile_server s;
    char journal[100];
    struct poster posters[8];
    pthread_t threads[8];
    scratch_name(journal, "many");
    const char *const options[] = {"--journal", journal, NULL};
    hostile_start(&s, options);
    for (int i = 0; i < 8; i++) {
        posters[i] = (struct poster){&s, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(posters[i].failed, 0);
    }
    json_t *seen = hostile_state(&s);
    assert_int_equal(json_array_size(json_object_get(seen, "posts")), 400);
    assert_int_equal(json_integer_value(json_object_get(seen, "doubled")), 0);
    assert_int_equal(ever_posted(journal), 400);
    json_decref(seen);
    hostile_stop(&s);
    unlink(journal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_fault), cmocka_unit_test(test_late),
        cmocka_unit_test(test_chance),      cmocka_unit_test(test_rules_in_order),
        cmocka_unit_test(test_fans),        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_limit),       cmocka_unit_test(test_many_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
