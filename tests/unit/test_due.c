/* Which posts are read when. */
#include "abpost/due.h"

#include "abpost/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define AT   INT64_C(1800000000)
#define H    INT64_C(172800)
#define HOUR INT64_C(3600)

static void due(const struct abp_due_post *post, int64_t age, enum abp_due_kind kind, int64_t at)
{
    struct abp_due got = abp_due_now(post, AT + age);
    int64_t expected = at == INT64_MAX ? at : AT + at;
    if (got.kind != kind || got.at != expected)
        fail_msg("at age %ld: %d at %ld; expected %d at %ld", (long)age, (int)got.kind,
                 (long)(got.at - AT), (int)kind, (long)at);
}

static void test_checkpoints(void **state)
{
    struct abp_due_post post = {.posted_at = AT, .horizon = H, .last_age = -1};
    int64_t window = abp_horizon_tolerance(H);
    (void)state;
    due(&post, -86400, ABP_DUE_NOT, H / 8); /* the clock went back a day */
    due(&post, 0, ABP_DUE_NOT, H / 8);
    due(&post, H / 8 - 1, ABP_DUE_NOT, H / 8);
    due(&post, H / 8, ABP_DUE_CURVE, H / 8);
    post.last_age = H / 8;
    due(&post, H / 8 + 1, ABP_DUE_NOT, H / 4);
    due(&post, H / 2, ABP_DUE_CURVE, H / 2); /* one reading for a quarter and a half */
    post.last_age = H / 2 + 7;
    due(&post, H / 2 + 8, ABP_DUE_NOT, H);
    due(&post, H - 1, ABP_DUE_NOT, H);
    due(&post, H, ABP_DUE_HORIZON, H);
    post.last_age = H - 1; /* just before is not at */
    due(&post, H, ABP_DUE_HORIZON, H);
    due(&post, H + window, ABP_DUE_HORIZON, H);
    due(&post, H + window + 1, ABP_DUE_OVERDUE, H);
    due(&post, 50 * H, ABP_DUE_OVERDUE, 2 * H);
    post.last_age = H;
    due(&post, H + 1, ABP_DUE_NOT, 2 * H);
    due(&post, 2 * H, ABP_DUE_CURVE, 2 * H);
    due(&post, 4 * H + 1, ABP_DUE_CURVE, 2 * H);
    due(&post, 4 * H + 2, ABP_DUE_NOT, INT64_MAX); /* too late to be of use */
    post.last_age = 2 * H;
    due(&post, 3 * H, ABP_DUE_NOT, INT64_MAX);
    post.last_age = -1;
    post.gone = 1;
    due(&post, H, ABP_DUE_NOT, INT64_MAX);
}

static void test_failures(void **state)
{
    struct abp_due_post post = {
        .posted_at = AT, .horizon = H, .last_age = -1, .tried_at = AT + H / 8, .failures = 1};
    (void)state;
    due(&post, H / 8 + 59, ABP_DUE_NOT, H / 8 + 60);
    due(&post, H / 8 + 60, ABP_DUE_CURVE, H / 8);
    post.failures = 4;
    due(&post, H / 8 + 479, ABP_DUE_NOT, H / 8 + 480);
    due(&post, H / 8 + 480, ABP_DUE_CURVE, H / 8);
    post.failures = 1000; /* an hour at most */
    due(&post, H / 8 + 3599, ABP_DUE_NOT, H / 8 + 3600);
    due(&post, H / 8 + 3600, ABP_DUE_CURVE, H / 8);
    due(&post, H / 8 - 1, ABP_DUE_NOT, H / 8);
    /* Its clock ran ahead: no waiting for a time that may be years away. */
    post.tried_at = AT + 100 * H;
    due(&post, H / 8, ABP_DUE_CURVE, H / 8);
    /* While the number that counts can be had, a fifth of the time there is for it at most. */
    int64_t fifth = abp_horizon_tolerance(H) / 5;
    post.tried_at = AT + H;
    due(&post, H + fifth - 1, ABP_DUE_NOT, H + fifth);
    due(&post, H + fifth, ABP_DUE_HORIZON, H);
}

static void test_order(void **state)
{
    struct abp_due_entry entries[8];
    int64_t now = AT + 2 * H;
    struct abp_due_post posts[] = {
        {.posted_at = now - H / 8, .horizon = H, .last_age = -1},     /* curve */
        {.posted_at = now, .horizon = H, .last_age = -1},             /* nothing yet */
        {.posted_at = now - 2 * H, .horizon = H, .last_age = -1},     /* overdue */
        {.posted_at = now - H, .horizon = H, .last_age = -1},         /* in time */
        {.posted_at = now - H - 60, .horizon = H, .last_age = -1},    /* in time, for less long */
        {.posted_at = now - H - 60, .horizon = H, .last_age = H / 2}, /* the same */
        {.posted_at = now - H / 2, .horizon = H, .last_age = 0, .gone = 1},
        {.posted_at = now - 3 * H, .horizon = H, .last_age = -1}, /* overdue for longer */
    };
    static const size_t expected[] = {4, 5, 3, 7, 2, 0};
    (void)state;
    assert_int_equal(abp_due_list(entries, posts, 8, now), 6);
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(entries[i].index, expected[i]);
    assert_int_equal(entries[0].deadline, now - 60 + abp_horizon_tolerance(H));
    assert_int_equal(entries[5].deadline, now + H / 8);
}

/* Ticks at any pace, gaps of any length: each post is read at most five times, once at the horizon
 * if a tick comes within its window, and never twice in a row without time passing. */
static void test_whole_life(void **state)
{
    (void)state;
    for (int64_t pace = 60; pace < 3 * H; pace = pace * 3 / 2 + 1) {
        struct abp_due_post post = {.posted_at = AT, .horizon = H, .last_age = -1};
        int readings = 0, in_window = 0, window_seen = 0;
        for (int64_t age = 0; age < 12 * H; age += pace) {
            int inside = age >= H && age <= H + abp_horizon_tolerance(H);
            window_seen |= inside;
            if (abp_due_now(&post, AT + age).kind == ABP_DUE_NOT)
                continue;
            in_window |= inside;
            readings++;
            post.last_age = age;
            assert_int_equal(abp_due_now(&post, AT + age).kind, ABP_DUE_NOT);
        }
        assert_int_equal(in_window, window_seen);
        assert_true(readings <= 5 && readings >= 1);
        assert_true(post.last_age >= H);
        if (pace < H / 8)
            assert_int_equal(readings, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_checkpoints),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_whole_life),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
