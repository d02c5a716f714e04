/* The slots of a week: at the hours where clocks change, against an oracle that walks through every
 * minute, and at the edges of weeks, targets and gaps. */
#include "plan_world.h"

#include "plan/slots.h"

static struct abp_error err;

static void open_channel(struct abp_channel_slots *channel, const struct world *w, double target,
                         int64_t now)
{
    assert_int_equal(
        abp_channel_slots_init(channel, &w->experiment.schedule, w->zone, target, now, &err), 0);
}

static int64_t week_at(const struct world *w, int64_t at)
{
    int64_t week;
    assert_int_equal(abp_week_of(&week, w->zone, at), 0);
    return week;
}

/* The slots of the ISO week in which `day` lies, as "2027-03-28T01:30:00Z=02:30 ...". */
static void expect_slots(const char *zone, const char *schedule, const char *day, const char *what)
{
    struct world w;
    struct abp_channel_slots channel;
    struct abp_slots slots = {0};
    struct abp_buffer text;
    abp_buffer_init(&text, 8000);
    world_open(&w, zone, ONE_CHANNEL, "x", "sky", schedule);
    open_channel(&channel, &w, NAN, instant("2000-01-01"));
    struct abp_date date;
    assert_int_equal(abp_date_parse(&date, day), 0);
    int64_t week = (abp_date_to_days(&date) + 3) / 7; /* 1970-01-01 was a Thursday */
    assert_int_equal(abp_slots_of_week(&slots, &channel, week, NULL, &err), 0);
    for (size_t i = 0; i < slots.count; i++) {
        char at[ABP_TIME_SIZE];
        assert_int_equal(abp_time_format(at, slots.list[i].at), 0);
        abp_buffer_printf(&text, "%s%s=%02d:%02d", i ? " " : "", at, slots.list[i].time.hour,
                          slots.list[i].time.minute);
    }
    if (strcmp(abp_buffer_text(&text), what) != 0)
        fail_msg("%s %s:\n%s\nexpected\n%s", zone, day, abp_buffer_text(&text), what);
    abp_buffer_release(&text);
    abp_slots_release(&slots);
    abp_channel_slots_release(&channel);
    world_close(&w);
}

#define ON(days, times) "[schedule]\ndays = " days "\ntimes = " times "\n" TWO_STYLES

static void test_changes(void **state)
{
    (void)state;
    expect_slots("Europe/Paris", ON("sun", "02:30"), "2027-03-28", "2027-03-28T01:30:00Z=02:30");
    /* 02:30 moves onto 03:30: one slot, by the name that clocks show */
    expect_slots("Europe/Paris", ON("sun", "02:30 03:30"), "2027-03-28",
                 "2027-03-28T01:30:00Z=03:30");
    /* ... and past 03:15: the order is that of the instants */
    expect_slots("Europe/Paris", ON("sun", "02:30 03:15"), "2027-03-28",
                 "2027-03-28T01:15:00Z=03:15 2027-03-28T01:30:00Z=02:30");
    expect_slots("Europe/Paris", ON("sun", "02:30 03:00"), "2027-10-31",
                 "2027-10-31T00:30:00Z=02:30 2027-10-31T02:00:00Z=03:00");
    expect_slots("America/New_York", ON("sun", "02:30 03:30"), "2027-03-14",
                 "2027-03-14T07:30:00Z=03:30");
    expect_slots("America/New_York", ON("sun", "01:30"), "2026-11-01",
                 "2026-11-01T05:30:00Z=01:30");
    expect_slots("Australia/Lord_Howe", ON("sun", "02:15 02:45"), "2026-10-04",
                 "2026-10-03T15:45:00Z=02:45");
    expect_slots("Africa/Cairo", ON("fri", "00:30 01:30"), "2023-04-28",
                 "2023-04-27T22:30:00Z=01:30");
    expect_slots("America/Sao_Paulo", ON("sun", "00:00 01:00"), "2018-11-04",
                 "2018-11-04T03:00:00Z=01:00");
    /* far beyond the database's last change, by its rule */
    expect_slots("Europe/Paris", ON("sun", "02:30 03:30"), "2199-03-31",
                 "2199-03-31T01:30:00Z=03:30");
}

static void test_days_that_clocks_skip(void **state)
{
    (void)state;
    /* Samoa had no 30th of December 2011: its noon is the next day's. */
    expect_slots("Pacific/Apia", ON("fri sat", "12:00"), "2011-12-31",
                 "2011-12-30T22:00:00Z=12:00");
    expect_slots("Pacific/Apia", ON("fri", "12:00"), "2011-12-31", "2011-12-30T22:00:00Z=12:00");
    expect_slots("Pacific/Apia",
                 "[schedule]\ndays = fri\ntimes = 12:00\nblackout = 2011-12-31\n" TWO_STYLES,
                 "2011-12-31", "");
    expect_slots("Pacific/Apia",
                 "[schedule]\ndays = fri\ntimes = 12:00\nblackout = 2011-12-30\n" TWO_STYLES,
                 "2011-12-31", "");
    /* Half an hour before a midnight: 23:45 of Friday is 00:15 of Saturday. */
    expect_slots("Asia/Pyongyang", ON("fri", "23:15 23:45"), "2018-05-04",
                 "2018-05-04T14:45:00Z=23:15 2018-05-04T15:15:00Z=23:45");
    expect_slots("Asia/Pyongyang",
                 "[schedule]\ndays = fri\ntimes = 23:15 23:45\nblackout = 2018-05-05\n" TWO_STYLES,
                 "2018-05-04", "2018-05-04T14:45:00Z=23:15");
}

/* Sunday 23:50 and Monday 00:10 lie in two weeks, wherever UTC is. */
static void test_edges_of_weeks(void **state)
{
    (void)state;
    expect_slots("Asia/Kathmandu", ON("sun mon", "00:10 23:50"), "2026-06-14",
                 "2026-06-07T18:25:00Z=00:10 2026-06-08T18:05:00Z=23:50 "
                 "2026-06-13T18:25:00Z=00:10 2026-06-14T18:05:00Z=23:50");
    expect_slots("Pacific/Kiritimati", ON("sun mon", "00:10 23:50"), "2026-06-14",
                 "2026-06-07T10:10:00Z=00:10 2026-06-08T09:50:00Z=23:50 "
                 "2026-06-13T10:10:00Z=00:10 2026-06-14T09:50:00Z=23:50");
}

/* ---- against every minute ---- */

#define DAYS_SEEN 11
#define MINUTES   (DAYS_SEEN * 1440)

struct minute {
    int64_t at;
    int64_t local; /* minutes since 1970 by the clock there */
};

static int64_t local_minute(const struct abp_zone *zone, int64_t at)
{
    struct abp_date date;
    struct abp_wall_time time;
    assert_int_equal(abp_zone_to_local(&date, &time, zone, at), 0);
    return abp_date_to_days(&date) * 1440 + time.hour * 60 + time.minute;
}

/* When a clock that runs through these minutes shows `local`, or would have: -1: never near it. */
static int64_t when_shown(const struct minute *minutes, int64_t local)
{
    for (size_t i = 1; i < MINUTES; i++) {
        if (minutes[i].local == local)
            return minutes[i].at;
        if (minutes[i - 1].local < local && local < minutes[i].local)
            return minutes[i].at + (local - minutes[i - 1].local - 1) * 60;
    }
    return -1;
}

static int compare_instants(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int is_black(const struct abp_schedule *s, int64_t day)
{
    for (size_t i = 0; i < s->blackout_count; i++)
        if (abp_date_to_days(&s->blackout[i]) == day)
            return 1;
    return 0;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* Every instant of the week at which the schedule has a slot, each once. */
static size_t oracle(int64_t *out, const struct minute *minutes, const struct world *w,
                     int64_t monday)
{
    const struct abp_schedule *s = &w->experiment.schedule;
    size_t count = 0, distinct = 0;
    for (int64_t day = monday - 2; day < monday + 7; day++) {
        unsigned weekday = (unsigned)((day + 3) % 7);
        for (size_t t = 0; t < s->time_count; t++) {
            int64_t at =
                when_shown(minutes, day * 1440 + s->times[t].hour * 60 + s->times[t].minute);
            int64_t real = floor_div(local_minute(w->zone, at), 1440);
            if (s->days & 1u << weekday && at >= 0 && real >= monday && real < monday + 7 &&
                !is_black(s, day) && !is_black(s, real))
                out[count++] = at;
        }
    }
    qsort(out, count, sizeof *out, compare_instants);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || out[i] != out[i - 1])
            out[distinct++] = out[i];
    return distinct;
}

static void compare_week(const struct world *w, int64_t week)
{
    static struct minute minutes[MINUTES];
    int64_t expected[2000], monday = week * 7 - 3;
    struct abp_channel_slots channel;
    struct abp_slots slots = {0};
    for (size_t i = 0; i < MINUTES; i++) {
        minutes[i].at = (monday - 2) * 86400 + (int64_t)i * 60 - 86400;
        minutes[i].local = local_minute(w->zone, minutes[i].at);
    }
    size_t count = oracle(expected, minutes, w, monday);
    open_channel(&channel, w, NAN, INT64_MIN / 2);
    assert_int_equal(abp_slots_of_week(&slots, &channel, week, NULL, &err), 0);
    int same = slots.count == count;
    for (size_t i = 0; same && i < count; i++)
        same = slots.list[i].at == expected[i];
    if (!same)
        fail_msg("%s, week %lld: %zu slots, by the minute %zu", w->ws.timezone, (long long)week,
                 slots.count, count);
    abp_slots_release(&slots);
    abp_channel_slots_release(&channel);
}

/* Every week of these years in which clocks change, and every tenth other one. */
static void test_every_minute(void **state)
{
    (void)state;
    static const char *const zones[] = {
        "Europe/Paris",      "America/New_York",  "Australia/Lord_Howe", "Asia/Kathmandu",
        "America/Sao_Paulo", "Africa/Cairo",      "Pacific/Apia",        "Asia/Pyongyang",
        "Asia/Gaza",         "Africa/Casablanca", "America/Nuuk",        "Pacific/Chatham"};
    static const char *const years[] = {"2005-01-01", "2011-01-01", "2018-01-01", "2023-01-01",
                                        "2026-01-01", "2060-01-01", "2199-01-01"};
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        struct world w;
        world_open(&w, zones[z], ONE_CHANNEL, "x", "sky",
                   "[schedule]\ndays = mon thu fri sat sun\n"
                   "times = 00:00 00:05 00:30 01:00 01:30 01:59 02:00 02:15 02:30 02:45 02:59 "
                   "03:00 03:15 03:30 12:00 23:15 23:45 23:59\n"
                   "blackout = 2011-12-31 2018-05-05 2026-10-25 2060-03-28\n" TWO_STYLES);
        size_t changes = 0;
        for (size_t y = 0; y < sizeof years / sizeof *years; y++) {
            int64_t first = week_at(&w, instant(years[y])) + 1;
            for (int64_t week = first; week < first + 52; week++) {
                int64_t at = (week * 7 - 3) * 86400;
                int change =
                    abp_zone_offset(w.zone, at - 86400) != abp_zone_offset(w.zone, at + 8 * 86400);
                changes += (size_t)change;
                if (change || week % 10 == 0)
                    compare_week(&w, week);
            }
        }
        if (strcmp(zones[z], "Asia/Kathmandu") != 0)
            assert_true(changes > 0);
        world_close(&w);
    }
}

/* ---- targets and gaps ---- */

static void test_room(void **state)
{
    (void)state;
    static const struct {
        double target;
        size_t empty, with_one; /* posts that a week has room for */
    } cases[] = {{3, 3, 2},
                 {3.5, 3, 2},
                 {1, 1, 0},
                 {0.7000000000000001 * 10, 7, 6},
                 {NAN, SIZE_MAX, SIZE_MAX}};
    struct world w;
    world_open(&w, "Europe/Paris", ONE_CHANNEL, "x", "sky", ON("mon", "09:00"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct abp_channel_slots channel;
        open_channel(&channel, &w, cases[i].target, 0);
        int64_t sunday = instant("2026-06-14T21:59:00Z"), week = week_at(&w, sunday);
        assert_true(abp_channel_room(&channel, week) == cases[i].empty);
        assert_int_equal(abp_channel_take(&channel, sunday, &err), 0);
        assert_true(abp_channel_room(&channel, week) == cases[i].with_one);
        assert_true(abp_channel_room(&channel, week + 1) == cases[i].empty);
        assert_true(abp_channel_room(&channel, week - 1) == cases[i].empty);
        abp_channel_give_back(&channel, sunday);
        assert_true(abp_channel_room(&channel, week) == cases[i].empty);
        abp_channel_slots_release(&channel);
    }
    world_close(&w);
}

/* Less than one a week: one in so many weeks in a row, to both sides. */
static void test_room_of_less_than_one(void **state)
{
    (void)state;
    static const struct {
        double target;
        int64_t weeks;
    } cases[] = {{0.5, 2}, {0.25, 4}, {0.3, 4}, {1.0 / 3, 3}, {0.01, 100}};
    struct world w;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", ON("mon", "09:00"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct abp_channel_slots channel;
        open_channel(&channel, &w, cases[i].target, 0);
        int64_t at = instant("2026-06-15T09:00:00Z"), week = week_at(&w, at);
        assert_int_equal(abp_channel_room(&channel, week), 1);
        assert_int_equal(abp_channel_take(&channel, at, &err), 0);
        assert_int_equal(abp_channel_room(&channel, week + cases[i].weeks - 1), 0);
        assert_int_equal(abp_channel_room(&channel, week + cases[i].weeks), 1);
        assert_int_equal(abp_channel_room(&channel, week - cases[i].weeks + 1), 0);
        assert_int_equal(abp_channel_room(&channel, week - cases[i].weeks), 1);
        abp_channel_slots_release(&channel);
    }
    world_close(&w);
}

/* Chooses from one week and returns how many; kinds[] counts what was chosen. */
static size_t choose(const struct world *w, double target, const int64_t *taken, size_t taken_count,
                     uint64_t seed, unsigned *kinds)
{
    struct abp_channel_slots channel;
    struct abp_slots slots = {0};
    struct abp_slot_tally tally = {0};
    struct abp_random random;
    abp_random_init(&random, seed, "x", 0);
    open_channel(&channel, w, target, 0);
    for (size_t i = 0; i < taken_count; i++)
        assert_int_equal(abp_channel_take(&channel, taken[i], &err), 0);
    int64_t week = week_at(w, instant("2026-06-17"));
    assert_int_equal(abp_slots_of_week(&slots, &channel, week, &tally, &err), 0);
    size_t all = slots.count;
    assert_int_equal(
        abp_slots_choose(&slots, &channel, week, INT64_MIN, INT64_MAX, &random, &tally, &err), 0);
    assert_int_equal(tally.free, slots.count);
    assert_int_equal(tally.free + tally.full + tally.near, all);
    for (size_t i = 0; i < slots.count; i++) {
        kinds[slots.list[i].kind]++;
        if (i)
            assert_true(slots.list[i].at - slots.list[i - 1].at >= w->experiment.schedule.min_gap);
    }
    size_t count = slots.count;
    abp_slots_release(&slots);
    abp_channel_slots_release(&channel);
    return count;
}

/* A week is filled as far as it goes, whatever chance prefers: 11:00 alone would leave room for
 * nothing else. */
static void test_choice_is_as_large_as_can_be(void **state)
{
    (void)state;
    struct world w;
    unsigned kinds[7 * 3] = {0};
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky",
               "[schedule]\ndays = mon\ntimes = 09:00 11:00 13:00\nmin_gap = 4h\n" TWO_STYLES);
    for (uint64_t seed = 0; seed < 50; seed++) {
        assert_int_equal(choose(&w, NAN, NULL, 0, seed, kinds), 2);
        assert_int_equal(choose(&w, 2, NULL, 0, seed, kinds), 2);
    }
    assert_int_equal(kinds[1], 0);
    memset(kinds, 0, sizeof kinds);
    for (uint64_t seed = 0; seed < 3000; seed++)
        assert_int_equal(choose(&w, 1, NULL, 0, seed, kinds), 1);
    for (size_t i = 0; i < 3; i++) /* 1000 each, sd 26 */
        assert_in_range(kinds[i], 870, 1130);
    world_close(&w);
}

static void test_gap_to_what_is_taken(void **state)
{
    (void)state;
    struct world w;
    unsigned kinds[7 * 3] = {0};
    int64_t at = instant("2026-06-15T13:00:00Z");
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky",
               "[schedule]\ndays = mon\ntimes = 09:00 11:00 17:00\nmin_gap = 4h\n" TWO_STYLES);
    assert_int_equal(choose(&w, NAN, &at, 1, 1, kinds), 2); /* exactly 4 h is far enough */
    assert_int_equal(kinds[1], 0);
    at--;
    assert_int_equal(choose(&w, NAN, &at, 1, 1, kinds), 1);
    at += 2;
    assert_int_equal(choose(&w, NAN, &at, 1, 1, kinds), 1);
    assert_int_equal(kinds[0], 2);
    assert_int_equal(kinds[2], 2);
    world_close(&w);
    /* Without min_gap one instant still holds one post. */
    memset(kinds, 0, sizeof kinds);
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", ON("mon", "09:00 11:00"));
    at = instant("2026-06-15T11:00:00Z");
    assert_int_equal(choose(&w, NAN, &at, 1, 1, kinds), 1);
    assert_int_equal(kinds[0], 1);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_days_that_clocks_skip),
        cmocka_unit_test(test_edges_of_weeks),
        cmocka_unit_test(test_every_minute),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_room_of_less_than_one),
        cmocka_unit_test(test_choice_is_as_large_as_can_be),
        cmocka_unit_test(test_gap_to_what_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
