/* Dates, instants and durations: against each other, against gmtime_r, and against hard texts. */
#include "abpost/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#define DAY INT64_C(86400)

/* SplitMix64: the tests' own random numbers, the same every time. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9E3779B97F4A7C15));
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Every day of the years 1 to 9999, one after the other. */
static void test_every_day(void **state)
{
    (void)state;
    struct abp_date d = {1, 1, 1}, before = {0, 0, 0};
    int64_t first = abp_date_to_days(&d);
    struct abp_date last = {9999, 12, 31};
    int weekday = abp_date_weekday(&d);
    assert_int_equal(abp_date_to_days(&last) - first + 1, 3652059);
    for (int64_t day = first; day <= abp_date_to_days(&last); day++) {
        assert_int_equal(abp_date_from_days(&d, day), 0);
        assert_true(abp_date_valid(&d));
        assert_int_equal(abp_date_to_days(&d), day);
        assert_int_equal(abp_date_weekday(&d), weekday);
        assert_true(abp_date_compare(&before, &d) < 0 && abp_date_compare(&d, &before) > 0);
        weekday = (weekday + 1) % 7;
        before = d;
    }
    assert_int_equal(abp_date_compare(&d, &last), 0);
    assert_int_equal(abp_date_from_days(&d, first - 1), -1);
    assert_int_equal(abp_date_from_days(&d, abp_date_to_days(&last) + 1), -1);
    assert_int_equal(abp_date_from_days(&d, INT64_MAX), -1);
    assert_int_equal(abp_date_from_days(&d, INT64_MIN), -1);
}

static void test_dates(void **state)
{
    (void)state;
    static const char *const good[] = {"0001-01-01", "1970-01-01", "2000-02-29",
                                       "2024-02-29", "2026-12-01", "9999-12-31"};
    static const char *const bad[] = {
        "",           "2026-02-30", "2025-02-29", "1900-02-29",  "2100-02-29",  "2026-13-01",
        "2026-00-01", "2026-01-00", "2026-04-31", "2026-01-32",  "0000-01-01",  "10000-01-01",
        "2026-1-01",  "2026-01-1",  "2026/01/01", " 2026-01-01", "2026-01-01 ", "2026-01-01T",
        "-001-01-01", "+026-01-01", "2026-01--1", "20260101",    "2026-01",     "2026-0x-01"};
    struct abp_date d = {7, 7, 7};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        char text[16];
        assert_int_equal(abp_date_parse(&d, good[i]), 0);
        snprintf(text, sizeof text, "%04d-%02d-%02d", d.year % 10000, d.month % 100, d.day % 100);
        assert_string_equal(text, good[i]);
    }
    d = (struct abp_date){7, 7, 7};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (abp_date_parse(&d, bad[i]) == 0)
            fail_msg("'%s' was read", bad[i]);
        assert_int_equal(d.year, 7);
    }
    struct abp_date thursday = {1970, 1, 1}, monday = {2026, 11, 23};
    assert_int_equal(abp_date_weekday(&thursday), 3);
    assert_int_equal(abp_date_weekday(&monday), 0);
}

static void test_wall_times(void **state)
{
    (void)state;
    struct abp_wall_time t;
    for (int minute = 0; minute < 24 * 60; minute++) {
        char text[16];
        snprintf(text, sizeof text, "%02d:%02d", minute / 60, minute % 60);
        assert_int_equal(abp_wall_time_parse(&t, text), 0);
        assert_int_equal(t.hour * 60 + t.minute, minute);
    }
    static const char *const bad[] = {"",      "9:00",   "24:00", "09:60", "09:0",     "0900",
                                      "09.00", "09:000", " 9:00", "-1:00", "09:00:00", "9am"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(abp_wall_time_parse(&t, bad[i]), -1);
}

/* Random instants of all the years come back, and read as gmtime_r reads them. */
static void test_instants_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 1;
    struct abp_date first = {1, 1, 1}, last = {9999, 12, 31};
    int64_t low = abp_date_to_days(&first) * DAY, high = (abp_date_to_days(&last) + 1) * DAY;
    for (int i = 0; i < 200000; i++) {
        int64_t t = low + (int64_t)(next_random(&seed) % (uint64_t)(high - low)), back;
        if (i < 4) /* the ends, and both sides of 1970 */
            t = i == 0 ? low : i == 1 ? high - 1 : i - 3;
        char text[ABP_TIME_SIZE], theirs[40];
        struct tm tm;
        time_t clock = (time_t)t;
        assert_int_equal(abp_time_format(text, t), 0);
        assert_non_null(gmtime_r(&clock, &tm));
        snprintf(theirs, sizeof theirs, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
        assert_string_equal(text, theirs);
        assert_int_equal(abp_time_parse(&back, text), 0);
        assert_true(back == t);
    }
    char text[ABP_TIME_SIZE];
    static const int64_t out[] = {INT64_MIN, INT64_MAX, INT64_C(253402300800),
                                  INT64_C(-62135596801)};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(abp_time_format(text, out[i]), -1);
        assert_string_equal(text, "");
    }
}

static void test_instants(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t utc;
    } good[] = {{"1970-01-01T00:00:00Z", 0},
                {"1970-01-01", 0},
                {"1969-12-31T23:59:59Z", -1},
                {"2026-12-20T03:00:00Z", 1797735600},
                {"2026-12-20t03:00:00z", 1797735600},
                {"2026-12-20T04:00:00+01:00", 1797735600},
                {"2026-12-19T22:30:00-04:30", 1797735600},
                {"2026-12-20T03:00:00-00:00", 1797735600},
                {"2026-12-20T03:00:00.999999999Z", 1797735600},
                {"2026-12-20T03:00:00.000+00:00", 1797735600},
                {"2026-12-20", 1797724800},
                {"2000-02-29T23:59:59Z", 951868799}};
    static const char *const bad[] = {"",
                                      "2026-12-20T",
                                      "2026-12-20T03:00Z",
                                      "2026-12-20T03:00:00",
                                      "2026-12-20 03:00:00Z",
                                      "2026-12-20T03:00:60Z",
                                      "2026-12-20T24:00:00Z",
                                      "2026-12-20T03:60:00Z",
                                      "2026-12-20T03:00:00.Z",
                                      "2026-12-20T03:00:00,5Z",
                                      "2026-12-20T03:00:00+1:00",
                                      "2026-12-20T03:00:00+0100",
                                      "2026-12-20T03:00:00+24:00",
                                      "2026-12-20T03:00:00Z ",
                                      " 2026-12-20T03:00:00Z",
                                      "2026-02-30T03:00:00Z",
                                      "0000-12-31T23:59:59Z",
                                      "0001-01-01T00:00:00+00:01",
                                      "9999-12-31T23:59:59-00:01",
                                      "tomorrow",
                                      "1797735600"};
    int64_t t = 7;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (abp_time_parse(&t, good[i].text) != 0)
            fail_msg("'%s' was refused", good[i].text);
        assert_int_equal(t, good[i].utc);
    }
    t = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (abp_time_parse(&t, bad[i]) == 0)
            fail_msg("'%s' was read", bad[i]);
        assert_int_equal(t, 7);
    }
}

static void test_durations(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"0s", 0},
                {"48h", 172800},
                {"4h", 14400},
                {"30m", 1800},
                {"2d", 172800},
                {"90 min", 5400},
                {"1h30m", 5400},
                {"1 h 30 min", 5400},
                {"1 day 12 hours", 129600},
                {"1w", 604800},
                {"2 weeks", 1209600},
                {"1week1day1hour1minute1second", 694861},
                {"007s", 7},
                {"315576000000s", ABP_DURATION_MAX}};
    static const char *const bad[] = {
        "",           "48",   "h",      "-1h",           "+1h",
        "1.5h",       "1h ",  " 1h",    "30m1h",         "1h1h",
        "1x",         "1H",   "1month", "1h30",          "1,5h",
        "1h,30m",     "1hh",  "1e3s",   "315576000001s", "99999999999999999999s",
        "521786000w", "1s1s", "never"};
    int64_t s = 7;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (abp_duration_parse(&s, good[i].text) != 0)
            fail_msg("'%s' was refused", good[i].text);
        assert_int_equal(s, good[i].seconds);
    }
    s = 7;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (abp_duration_parse(&s, bad[i]) == 0)
            fail_msg("'%s' was read", bad[i]);
        assert_int_equal(s, 7);
    }
}

static void test_durations_round_trip(void **state)
{
    (void)state;
    uint64_t seed = 2;
    static const int64_t scales[] = {1, 60, 3600, 86400, 604800};
    char text[ABP_DURATION_SIZE];
    int64_t back;
    for (int i = 0; i < 100000; i++) {
        int64_t scale = scales[i % 5];
        int64_t s = (int64_t)(next_random(&seed) % (uint64_t)(ABP_DURATION_MAX / scale)) * scale;
        assert_int_equal(abp_duration_format(text, s), 0);
        assert_int_equal(abp_duration_parse(&back, text), 0);
        assert_true(back == s);
    }
    assert_int_equal(abp_duration_format(text, 172800), 0);
    assert_string_equal(text, "2d");
    assert_int_equal(abp_duration_format(text, 5400), 0);
    assert_string_equal(text, "90m");
    assert_int_equal(abp_duration_format(text, ABP_DURATION_MAX), 0);
    assert_int_equal(abp_duration_format(text, ABP_DURATION_MAX + 1), -1);
    assert_int_equal(abp_duration_format(text, -1), -1);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_wall_times),
        cmocka_unit_test(test_instants_round_trip),
        cmocka_unit_test(test_instants),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_durations_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
