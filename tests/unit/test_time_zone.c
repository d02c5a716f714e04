/* Zones against glibc, which reads the same database with other code, and at the hours where clocks
 * change. */
#include "abpost/zone.h"
#include "base/zone_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct abp_zone *open_zone(const char *name)
{
    struct abp_zone *zone;
    struct abp_error err = {0};
    if (abp_zone_open(&zone, name, &err) != 0)
        fail_msg("%s: %s", name, err.message);
    return zone;
}

/* The offset that glibc sees, from its local time. The TZ variable is the test's alone. */
static int64_t glibc_offset(int64_t utc)
{
    time_t clock = (time_t)utc;
    struct tm tm;
    assert_non_null(localtime_r(&clock, &tm));
    struct abp_date d = {tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday};
    return abp_date_to_days(&d) * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec - utc;
}

/* From 1900 to 2130: fixed zones, both hemispheres, half hours, odd rules, negative summer time. */
static void test_like_glibc(void **state)
{
    (void)state;
    static const char *const names[] = {"UTC",
                                        "Europe/Paris",
                                        "Europe/Dublin",
                                        "America/New_York",
                                        "America/Nuuk",
                                        "America/Santiago",
                                        "Australia/Lord_Howe",
                                        "Asia/Kolkata",
                                        "Asia/Gaza",
                                        "Africa/Casablanca",
                                        "Pacific/Apia",
                                        "Pacific/Chatham",
                                        "Asia/Kathmandu",
                                        "America/Sao_Paulo",
                                        "Etc/GMT+5",
                                        "US/Eastern"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct abp_zone *zone = open_zone(names[i]);
        assert_int_equal(setenv("TZ", names[i], 1), 0);
        tzset();
        for (int64_t t = INT64_C(-2208988800); t < INT64_C(5049129600); t += 43207)
            if (abp_zone_offset(zone, t) != glibc_offset(t))
                fail_msg("%s at %lld: %lld, glibc %lld", names[i], (long long)t,
                         (long long)abp_zone_offset(zone, t), (long long)glibc_offset(t));
        abp_zone_free(zone);
    }
    unsetenv("TZ");
}

static int64_t instant(const char *text)
{
    int64_t t;
    assert_int_equal(abp_time_parse(&t, text), 0);
    return t;
}

static void test_changes(void **state)
{
    (void)state;
    static const struct {
        const char *zone;
        struct abp_date date;
        struct abp_wall_time time;
        const char *utc;
    } cases[] = {
        {"Europe/Paris", {2026, 12, 1}, {9, 0}, "2026-12-01T08:00:00Z"},
        {"Europe/Paris", {2026, 7, 1}, {9, 0}, "2026-07-01T07:00:00Z"},
        {"Europe/Paris", {2027, 3, 28}, {1, 59}, "2027-03-28T00:59:00Z"},
        {"Europe/Paris", {2027, 3, 28}, {2, 30}, "2027-03-28T01:30:00Z"}, /* the gap: 03:30 */
        {"Europe/Paris", {2027, 3, 28}, {3, 0}, "2027-03-28T01:00:00Z"},
        {"Europe/Paris", {2027, 10, 31}, {2, 30}, "2027-10-31T00:30:00Z"}, /* twice: the first */
        {"Europe/Paris", {2027, 10, 31}, {3, 0}, "2027-10-31T02:00:00Z"},
        {"Europe/Paris", {2060, 7, 1}, {9, 0}, "2060-07-01T07:00:00Z"}, /* by the rule */
        {"America/New_York", {2026, 11, 1}, {1, 30}, "2026-11-01T05:30:00Z"},
        {"Australia/Lord_Howe", {2026, 10, 4}, {2, 15}, "2026-10-03T15:45:00Z"}, /* half an hour */
        {"Pacific/Apia", {2011, 12, 30}, {12, 0}, "2011-12-30T22:00:00Z"},       /* a whole day */
        {"Asia/Kathmandu", {2026, 1, 1}, {0, 0}, "2025-12-31T18:15:00Z"},
        {"UTC", {1, 1, 1}, {0, 0}, "0001-01-01T00:00:00Z"},
        {"UTC", {9999, 12, 31}, {23, 59}, "9999-12-31T23:59:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct abp_zone *zone = open_zone(cases[i].zone);
        char text[ABP_TIME_SIZE];
        int64_t t = abp_zone_to_utc(zone, &cases[i].date, &cases[i].time);
        assert_int_equal(abp_time_format(text, t), 0);
        assert_string_equal(text, cases[i].utc);
        abp_zone_free(zone);
    }
}

/* Every quarter of an hour of 40 years: what clocks show leads back to when they first showed it.
 */
static void test_there_and_back(void **state)
{
    (void)state;
    static const char *const names[] = {"Europe/Paris", "America/New_York", "Australia/Lord_Howe"};
    for (size_t i = 0; i < 3; i++) {
        struct abp_zone *zone = open_zone(names[i]);
        for (int64_t t = instant("2010-01-01"); t < instant("2050-01-01"); t += 900) {
            struct abp_date date;
            struct abp_wall_time time;
            assert_int_equal(abp_zone_to_local(&date, &time, zone, t), 0);
            int64_t back = abp_zone_to_utc(zone, &date, &time);
            if (back != t) { /* the second of two */
                struct abp_date d;
                struct abp_wall_time w;
                assert_true(back < t && t - back <= 3600);
                assert_int_equal(abp_zone_to_local(&d, &w, zone, back), 0);
                assert_int_equal(abp_date_compare(&d, &date), 0);
                assert_int_equal(w.hour * 60 + w.minute, time.hour * 60 + time.minute);
            }
        }
        abp_zone_free(zone);
    }
}

static void test_extremes(void **state)
{
    (void)state;
    struct abp_zone *zone = open_zone("Europe/Paris");
    struct abp_date date, last = {9999, 12, 31}, first = {1, 1, 1};
    struct abp_wall_time time, evening = {23, 59}, midnight = {0, 0};
    assert_int_equal(abp_zone_to_local(&date, &time, zone, instant("9999-12-31T23:30:00Z")), -1);
    assert_int_equal(abp_zone_to_local(&date, &time, zone, instant("9999-12-31T22:30:00Z")), 0);
    assert_true(abp_zone_to_utc(zone, &last, &evening) > abp_zone_to_utc(zone, &first, &midnight));
    abp_zone_offset(zone, INT64_C(-300000000000));
    abp_zone_free(zone);
}

static void test_unknown_zones(void **state)
{
    (void)state;
    static const char *const names[] = {"",
                                        "Nowhere/Nothing",
                                        "Europe",
                                        "Europe/",
                                        "../etc/passwd",
                                        "/usr/share/zoneinfo/UTC",
                                        "zone.tab",
                                        "europe/paris\n",
                                        "Europe/../Europe/Paris",
                                        "tzdata.zi",
                                        "localtime",
                                        "posixrules",
                                        "right/Europe/Paris",
                                        "posix/Europe/Paris",
                                        "CET-1CEST",
                                        ":UTC"};
    struct abp_zone *zone;
    struct abp_error err;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (abp_zone_open(&zone, names[i], &err) == 0)
            fail_msg("'%s' was opened", names[i]);
        assert_null(zone);
        assert_int_equal(err.code, ABP_DATA);
    }
    assert_int_equal(abp_zone_open(&zone, "Europe/Pariss", &err), -1);
    assert_non_null(strstr(err.message, "(did you mean 'Europe/Paris'?)"));
    assert_int_equal(abp_zone_open(&zone, "utc", &err), -1);
    assert_non_null(strstr(err.message, "(did you mean 'UTC'?)"));
    static const char *const cities[][2] = {{"Berlin", "Europe/Berlin"},
                                            {"berlin", "Europe/Berlin"},
                                            {"New York", "America/New_York"},
                                            {"buenos_aires", "America/Argentina/Buenos_Aires"}};
    for (size_t i = 0; i < sizeof cities / sizeof cities[0]; i++) {
        char hint[80];
        snprintf(hint, sizeof hint, "(did you mean '%s'?)", cities[i][1]);
        assert_int_equal(abp_zone_open(&zone, cities[i][0], &err), -1);
        assert_non_null(strstr(err.message, hint));
    }
    char longer[5000];
    memset(longer, 'A', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(abp_zone_open(&zone, longer, &err), -1);
    abp_zone_free(NULL);
}

static void test_rules(void **state)
{
    (void)state;
    static const char *const good[] = {"CET-1CEST,M3.5.0,M10.5.0/3",
                                       "<+0530>-5:30",
                                       "EST5EDT,M3.2.0,M11.1.0",
                                       "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
                                       "EET-2EEST,M4.5.4/24,M10.5.4/50",
                                       "ABC-3DEF-4,J60/0,J300",
                                       "ABC0DEF,0/0,J365/25",
                                       "IST-1GMT0,M10.5.0,M3.5.0/1",
                                       "LMT-0:09:21"};
    static const char *const bad[] = {"",
                                      "CET",
                                      "C-1",
                                      "CET-25",
                                      "CET-1:60",
                                      "CET-1:00:60",
                                      "CET-1CEST",
                                      "CET-1CEST,M3.5.0",
                                      "<+05-5",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,M3.5.7,M10.5.0",
                                      "CET-1CEST,J0,J366",
                                      "CET-1CEST,M3.5.0,M10.5.0x",
                                      "CET-1CEST,M3.5.0/168,M10.5.0"};
    struct abp_zone_rule rule;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (abp_zone_rule_parse(&rule, good[i]) != 0)
            fail_msg("'%s' was refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (abp_zone_rule_parse(&rule, bad[i]) == 0)
            fail_msg("'%s' was read", bad[i]);
    /* J60 is the 1st of March in every year, 59 (from 0) only in common ones */
    assert_int_equal(abp_zone_rule_parse(&rule, "ABC0DEF,J60/0,J300/0"), 0);
    assert_int_equal(abp_zone_rule_offset(&rule, instant("2028-02-29T23:59:59Z")), 0);
    assert_int_equal(abp_zone_rule_offset(&rule, instant("2028-03-01T00:00:00Z")), 3600);
    assert_int_equal(abp_zone_rule_offset(&rule, instant("2027-03-01T00:00:00Z")), 3600);
    assert_int_equal(abp_zone_rule_parse(&rule, "ABC0DEF,59/0,J300/0"), 0);
    assert_int_equal(abp_zone_rule_offset(&rule, instant("2028-02-29T00:00:00Z")), 3600);
    assert_int_equal(abp_zone_rule_offset(&rule, instant("2027-02-28T23:59:59Z")), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_glibc),     cmocka_unit_test(test_changes),
        cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_unknown_zones),  cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
