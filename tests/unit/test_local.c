/* Instants as people of one zone write and read them. */
#include "abpost/local.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct abp_zone *zone_of(const char *name)
{
    struct abp_zone *zone = NULL;
    struct abp_error err = {0};
    if (abp_zone_open(&zone, name, &err) != 0)
        fail_msg("%s", err.message);
    return zone;
}

static void check(const struct abp_zone *zone, const char *text, const char *utc)
{
    int64_t at = 0, expected = 0;
    assert_int_equal(abp_time_parse(&expected, utc), 0);
    if (abp_local_parse(&at, text, zone) != 0)
        fail_msg("'%s' was refused", text);
    if (at != expected)
        fail_msg("'%s' is %lld; expected %lld (%s)", text, (long long)at, (long long)expected, utc);
}

static void test_parse(void **state)
{
    struct abp_zone *paris = zone_of("Europe/Paris");
    (void)state;
    check(paris, "2026-12-01 10:00", "2026-12-01T09:00:00Z");
    check(paris, "2026-12-01T10:00", "2026-12-01T09:00:00Z");
    check(paris, "2026-12-01 10:00:59", "2026-12-01T09:00:59Z");
    check(paris, "2026-07-01 10:00", "2026-07-01T08:00:00Z");
    check(paris, "2026-12-01T10:00:00Z", "2026-12-01T10:00:00Z");
    check(paris, "2026-12-01T10:00:00-05:00", "2026-12-01T15:00:00Z");
    check(paris, "2027-03-28 02:30", "2027-03-28T01:30:00Z"); /* a gap */
    check(paris, "2026-10-25 02:30", "2026-10-25T00:30:00Z"); /* shown twice: the first */
    abp_zone_free(paris);
}

static void test_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "2026-12-01",
        "2026-12-01 ",
        "2026-12-01 9:00",
        "2026-12-01 24:00",
        "2026-12-01 10:60",
        "2026-12-01 10:00:60",
        "2026-12-01 10:00:5",
        "2026-12-01 10:00 x",
        "2026-12-01x10:00",
        "2026-02-30 10:00",
        "01.12.2026 10:00",
        "12/01/2026 10:00",
        "1764579600",
        " 2026-12-01 10:00",
        "2026-12-01T10:00:00Zz",
        "2026-12-01T10:00:00 PM",
    };
    struct abp_zone *utc = zone_of("UTC");
    int64_t at;
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (abp_local_parse(&at, texts[i], utc) == 0)
            fail_msg("'%s' was read as %lld", texts[i], (long long)at);
    abp_zone_free(utc);
}

/* What is shown is what would be written, to the minute, whatever the season. */
static void test_round_trip(void **state)
{
    static const char *const names[] = {"UTC", "Europe/Paris", "Asia/Kolkata", "America/St_Johns"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct abp_zone *zone = zone_of(names[i]);
        for (int64_t at = 1767225600; at < 1767225600 + 366 * 86400; at += 7 * 3600 + 60) {
            char text[ABP_LOCAL_SIZE];
            int64_t back = 0, again;
            abp_local_format(text, at, zone);
            assert_int_equal(abp_local_parse(&back, text + 4, zone), 0);
            /* an hour that is shown twice is read as the first */
            again = abp_zone_offset(zone, back) - abp_zone_offset(zone, at);
            assert_int_equal(back + again, at);
        }
        abp_zone_free(zone);
    }
}

static void check_week(const struct abp_zone *zone, const char *at, const char *monday)
{
    int64_t utc = 0, begins = 0, expected = 0;
    assert_int_equal(abp_time_parse(&utc, at), 0);
    assert_int_equal(abp_time_parse(&expected, monday), 0);
    assert_int_equal(abp_local_week(&begins, utc, zone), 0);
    if (begins != expected)
        fail_msg("the week of %s begins at %lld; expected %s", at, (long long)begins, monday);
}

static void test_week(void **state)
{
    struct abp_zone *paris = zone_of("Europe/Paris"), *utc = zone_of("UTC");
    (void)state;
    check_week(utc, "2026-12-02T12:00:00Z", "2026-11-30T00:00:00Z");
    check_week(utc, "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z");
    check_week(utc, "2026-12-06T23:59:59Z", "2026-11-30T00:00:00Z");
    check_week(paris, "2026-12-06T23:00:00Z", "2026-12-06T23:00:00Z"); /* Monday there already */
    check_week(paris, "2026-12-06T22:59:59Z", "2026-11-29T23:00:00Z");
    check_week(paris, "2026-03-29T12:00:00Z", "2026-03-22T23:00:00Z"); /* a week of 167 hours */
    check_week(paris, "2027-01-01T12:00:00Z", "2026-12-27T23:00:00Z"); /* over the year's end */
    abp_zone_free(utc);
    abp_zone_free(paris);
}

/* Told to the minute, and never a second too early. */
static void test_minutes(void **state)
{
    (void)state;
    assert_int_equal(abp_local_next_minute(0), 0);
    assert_int_equal(abp_local_next_minute(1), 60);
    assert_int_equal(abp_local_next_minute(60), 60);
    assert_int_equal(abp_local_next_minute(119), 120);
    assert_int_equal(abp_local_next_minute(-1), 0);
    assert_int_equal(abp_local_next_minute(-60), -60);
    assert_int_equal(abp_local_next_minute(-61), -60);
    assert_true(abp_local_is_minute("2026-12-20 04:00"));
    assert_true(abp_local_is_minute("2026-12-20T04:00"));
    assert_false(abp_local_is_minute("2026-12-20 04:00:00"));
    assert_false(abp_local_is_minute("2026-12-20T03:00:00Z"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_refused),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_week),
        cmocka_unit_test(test_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
