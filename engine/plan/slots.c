#include "plan/slots.h"

#include "abpost/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SECONDS  INT64_C(86400)
#define WEEK_SECONDS (7 * DAY_SECONDS)
#define FIRST_MONDAY INT64_C(-3) /* 1969-12-29, in days since 1970 */
#define ROUNDING     1e-9        /* "0.1 per day" is 0.7000000000000001 a week */
#define LONGEST_GAP  2           /* days: no clock was ever put forward by more than one */

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/* ---- the channel ---- */

int abp_channel_slots_init(struct abp_channel_slots *channel, const struct abp_schedule *schedule,
                           const struct abp_zone *zone, double target, int64_t now,
                           struct abp_error *err)
{
    *channel = (struct abp_channel_slots){
        .schedule = schedule, .zone = zone, .target = target, .now = now};
    channel->used = calloc(7 * schedule->time_count + 1, sizeof *channel->used);
    return channel->used ? 0 : abp_fail_memory(err);
}

void abp_channel_slots_release(struct abp_channel_slots *channel)
{
    free(channel->taken);
    free(channel->used);
    memset(channel, 0, sizeof *channel);
}

void abp_slots_release(struct abp_slots *slots)
{
    free(slots->list);
    memset(slots, 0, sizeof *slots);
}

int abp_week_of(int64_t *week, const struct abp_zone *zone, int64_t at)
{
    struct abp_date date;
    struct abp_wall_time time;
    if (abp_zone_to_local(&date, &time, zone, at) != 0)
        return -1;
    *week = floor_divide(abp_date_to_days(&date) - FIRST_MONDAY, 7);
    return 0;
}

/* The number of the first post at or after an instant. */
static size_t first_from(const struct abp_channel_slots *channel, int64_t at)
{
    size_t low = 0, high = channel->taken_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (channel->taken[middle].at < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int abp_channel_take(struct abp_channel_slots *channel, int64_t at, struct abp_error *err)
{
    struct abp_taken taken = {.at = at};
    if (abp_week_of(&taken.week, channel->zone, at) != 0)
        return abp_fail(err, ABP_DATA, "a post is due outside the years 1 to 9999");
    if (channel->taken_count == channel->taken_capacity) {
        size_t capacity = channel->taken_capacity ? 2 * channel->taken_capacity : 64;
        struct abp_taken *grown = realloc(channel->taken, capacity * sizeof *grown);
        if (!grown)
            return abp_fail_memory(err);
        channel->taken = grown;
        channel->taken_capacity = capacity;
    }
    size_t i = first_from(channel, at);
    memmove(&channel->taken[i + 1], &channel->taken[i],
            (channel->taken_count - i) * sizeof *channel->taken);
    channel->taken[i] = taken;
    channel->taken_count++;
    return 0;
}

void abp_channel_give_back(struct abp_channel_slots *channel, int64_t at)
{
    size_t i = first_from(channel, at);
    if (i == channel->taken_count || channel->taken[i].at != at)
        return;
    channel->taken_count--;
    memmove(&channel->taken[i], &channel->taken[i + 1],
            (channel->taken_count - i) * sizeof *channel->taken);
}

/* The number of a time in the schedule, or time_count. */
static size_t number_of_time(const struct abp_schedule *schedule, const struct abp_wall_time *time)
{
    size_t i = 0;
    while (i < schedule->time_count &&
           (schedule->times[i].hour != time->hour || schedule->times[i].minute != time->minute))
        i++;
    return i;
}

void abp_channel_count_use(struct abp_channel_slots *channel, const struct abp_date *date,
                           const struct abp_wall_time *time, int by)
{
    size_t n = number_of_time(channel->schedule, time);
    if (n == channel->schedule->time_count)
        return;
    unsigned *used =
        &channel->used[(size_t)abp_date_weekday(date) * channel->schedule->time_count + n];
    *used = by < 0 ? *used - 1 : *used + 1;
}

/* ---- the target ---- */

/* Posts taken in the weeks from first to last. */
static size_t taken_in(const struct abp_channel_slots *channel, int64_t first, int64_t last)
{
    /* A day to either side of the weeks' days: zones lie that far from UTC. */
    int64_t from = (7 * first + FIRST_MONDAY - LONGEST_GAP) * DAY_SECONDS;
    int64_t until = (7 * (last + 1) + FIRST_MONDAY + LONGEST_GAP) * DAY_SECONDS;
    size_t count = 0;
    for (size_t i = first_from(channel, from);
         i < channel->taken_count && channel->taken[i].at < until; i++)
        count += channel->taken[i].week >= first && channel->taken[i].week <= last;
    return count;
}

struct abp_ceiling abp_ceiling_of(double target)
{
    struct abp_ceiling ceiling = {SIZE_MAX, 1};
    if (isnan(target))
        return ceiling;
    if (target + ROUNDING >= 1) {
        ceiling.most = (size_t)(target + ROUNDING);
        return ceiling;
    }
    double span = ceil(1 / target - ROUNDING);
    ceiling.most = 1;
    ceiling.weeks = span < 1e6 ? (int64_t)span : 1000000;
    return ceiling;
}

size_t abp_channel_room(const struct abp_channel_slots *channel, int64_t week)
{
    struct abp_ceiling ceiling = abp_ceiling_of(channel->target);
    if (ceiling.most == SIZE_MAX)
        return SIZE_MAX;
    size_t has = taken_in(channel, week - (ceiling.weeks - 1), week + (ceiling.weeks - 1));
    return has < ceiling.most ? ceiling.most - has : 0;
}

/* ---- the slots of a week ---- */

static int compare_dates(const void *a, const void *b)
{
    return abp_date_compare(a, b);
}

static int is_blackout(const struct abp_schedule *schedule, const struct abp_date *date)
{
    return schedule->blackout_count != 0 &&
           bsearch(date, schedule->blackout, schedule->blackout_count, sizeof *date,
                   compare_dates) != NULL;
}

/* 1: the schedule has slots on that day. */
static int is_open(const struct abp_schedule *schedule, const struct abp_date *date)
{
    return schedule->days & 1u << abp_date_weekday(date) &&
           (schedule->start.year == 0 || abp_date_compare(date, &schedule->start) >= 0);
}

enum abp_slot_standing abp_slot_standing(const struct abp_schedule *schedule,
                                         const struct abp_zone *zone,
                                         const struct abp_planned *post)
{
    struct abp_date date;
    struct abp_wall_time time;
    int is_placed =
        abp_zone_to_local(&date, &time, zone, abp_zone_to_utc(zone, &post->date, &post->time)) == 0;
    if (is_blackout(schedule, &post->date) || (is_placed && is_blackout(schedule, &date)))
        return ABP_SLOT_BLACKOUT;
    return is_open(schedule, &post->date) &&
                   number_of_time(schedule, &post->time) < schedule->time_count
               ? ABP_SLOT_THERE
               : ABP_SLOT_GONE;
}

static int add_slot(struct abp_slots *slots, const struct abp_slot *slot, struct abp_error *err)
{
    if (slots->count == slots->capacity) {
        size_t capacity = slots->capacity ? 2 * slots->capacity : 32;
        struct abp_slot *grown = realloc(slots->list, capacity * sizeof *grown);
        if (!grown)
            return abp_fail_memory(err);
        slots->list = grown;
        slots->capacity = capacity;
    }
    size_t i = slots->count++;
    for (; i > 0 && slots->list[i - 1].at > slot->at; i--)
        slots->list[i] = slots->list[i - 1];
    slots->list[i] = *slot;
    return 0;
}

/* Where clocks skip the slot's time: 1 when the time it moves to is no slot of its own. */
static int stands_alone(const struct abp_schedule *schedule, const struct abp_slot *slot,
                        const struct abp_date *date, const struct abp_wall_time *time)
{
    if (abp_date_compare(date, &slot->date) == 0 && time->hour == slot->time.hour &&
        time->minute == slot->time.minute)
        return 1; /* not skipped */
    return !is_open(schedule, date) || number_of_time(schedule, time) == schedule->time_count;
}

/* The slots that the schedule names on a day, as far as they fall into that week. */
static int add_day(struct abp_slots *slots, const struct abp_channel_slots *channel, int64_t day,
                   int64_t week, struct abp_slot_tally *tally, struct abp_error *err)
{
    const struct abp_schedule *schedule = channel->schedule;
    struct abp_slot slot;
    if (abp_date_from_days(&slot.date, day) != 0 || !is_open(schedule, &slot.date))
        return 0;
    for (size_t i = 0; i < schedule->time_count; i++) {
        struct abp_date date;
        struct abp_wall_time time;
        slot.time = schedule->times[i];
        slot.at = abp_zone_to_utc(channel->zone, &slot.date, &slot.time);
        slot.kind = (size_t)abp_date_weekday(&slot.date) * schedule->time_count + i;
        if (slot.at < channel->now ||
            abp_zone_to_local(&date, &time, channel->zone, slot.at) != 0 ||
            floor_divide(abp_date_to_days(&date) - FIRST_MONDAY, 7) != week ||
            !stands_alone(schedule, &slot, &date, &time))
            continue;
        if (is_blackout(schedule, &slot.date) || is_blackout(schedule, &date)) {
            if (tally)
                tally->blackout++;
            continue;
        }
        if (add_slot(slots, &slot, err) != 0)
            return -1;
    }
    return 0;
}

int abp_slots_of_week(struct abp_slots *slots, const struct abp_channel_slots *channel,
                      int64_t week, struct abp_slot_tally *tally, struct abp_error *err)
{
    int64_t monday = 7 * week + FIRST_MONDAY;
    slots->count = 0;
    for (int64_t day = monday - LONGEST_GAP; day < monday + 7; day++)
        if (add_day(slots, channel, day, week, tally, err) != 0)
            return -1;
    return 0;
}

/* ---- which of them ---- */

/* Two posts at one instant are too near even where min_gap is 0. */
static int64_t gap_of(const struct abp_channel_slots *channel)
{
    return channel->schedule->min_gap > 0 ? channel->schedule->min_gap : 1;
}

static int keeps_gap(const struct abp_channel_slots *channel, int64_t at)
{
    int64_t gap = gap_of(channel);
    size_t i = first_from(channel, at - gap + 1);
    return i == channel->taken_count || channel->taken[i].at >= at + gap;
}

struct choice {
    const struct abp_slots *slots;
    int64_t gap;
    uint64_t *chance;                /* owned; breaks ties */
    unsigned char *picked, *blocked; /* owned; blocked: picked, or too near to one that is */
};

/* How many slots can be had if `extra` (or none: count) is picked besides what is: the earliest
 * that keeps the gap, again and again, makes the most of it. */
static size_t most_with(const struct choice *choice, size_t extra)
{
    const struct abp_slot *list = choice->slots->list;
    size_t n = choice->slots->count, count = 0;
    int64_t last = INT64_MIN / 2;
    for (size_t i = 0; i < n; i++) {
        if (choice->picked[i] || i == extra) {
            count++;
            continue;
        }
        if (choice->blocked[i] || list[i].at - last < choice->gap ||
            (extra < n && llabs(list[i].at - list[extra].at) < choice->gap))
            continue;
        count++;
        last = list[i].at;
    }
    return count;
}

static void pick(struct choice *choice, size_t which)
{
    const struct abp_slot *list = choice->slots->list;
    choice->picked[which] = 1;
    for (size_t i = 0; i < choice->slots->count; i++)
        if (llabs(list[i].at - list[which].at) < choice->gap)
            choice->blocked[i] = 1;
}

/* 1: slot a is to be preferred to b. */
static int is_before(const struct choice *choice, const unsigned *used, size_t a, size_t b)
{
    unsigned used_a = used[choice->slots->list[a].kind], used_b = used[choice->slots->list[b].kind];
    if (used_a != used_b)
        return used_a < used_b;
    return choice->chance[a] != choice->chance[b] ? choice->chance[a] < choice->chance[b] : a < b;
}

/* The best slot after which `want` in all can still be had; there is one. tried: scratch. */
static size_t best_slot(const struct choice *choice, const unsigned *used, size_t want,
                        unsigned char *tried)
{
    size_t n = choice->slots->count;
    memcpy(tried, choice->blocked, n);
    for (;;) {
        size_t best = n;
        for (size_t i = 0; i < n; i++)
            if (!tried[i] && (best == n || is_before(choice, used, i, best)))
                best = i;
        if (best == n || most_with(choice, best) >= want)
            return best;
        tried[best] = 1;
    }
}

static int choose(struct abp_slots *slots, const struct abp_channel_slots *channel, size_t room,
                  struct abp_random *random, struct abp_slot_tally *tally, struct abp_error *err)
{
    size_t n = slots->count;
    struct choice choice = {.slots = slots, .gap = gap_of(channel)};
    unsigned char *marks = calloc(3 * n + 1, 1);
    choice.chance = calloc(n + 1, sizeof *choice.chance);
    if (!marks || !choice.chance) {
        free(marks);
        free(choice.chance);
        return abp_fail_memory(err);
    }
    choice.picked = marks;
    choice.blocked = marks + n;
    for (size_t i = 0; i < n; i++)
        choice.chance[i] = abp_random_next(random);
    size_t most = most_with(&choice, n), want = most < room ? most : room;
    for (size_t count = 0; count < want; count++) {
        size_t best = best_slot(&choice, channel->used, want, marks + 2 * n);
        if (best == n)
            break;
        pick(&choice, best);
    }
    slots->count = 0;
    for (size_t i = 0; i < n; i++)
        if (choice.picked[i])
            slots->list[slots->count++] = slots->list[i];
    tally->free += slots->count;
    *(want < most ? &tally->full : &tally->near) += n - slots->count;
    free(marks);
    free(choice.chance);
    return 0;
}

int abp_slots_choose(struct abp_slots *slots, const struct abp_channel_slots *channel, int64_t week,
                     int64_t after, int64_t before, struct abp_random *random,
                     struct abp_slot_tally *tally, struct abp_error *err)
{
    size_t room = abp_channel_room(channel, week), kept = 0;
    for (size_t i = 0; i < slots->count; i++) {
        const struct abp_slot *slot = &slots->list[i];
        if (slot->at <= after || slot->at >= before)
            continue;
        if (room == 0)
            tally->full++;
        else if (!keeps_gap(channel, slot->at))
            tally->near++;
        else
            slots->list[kept++] = *slot;
    }
    slots->count = kept;
    return kept ? choose(slots, channel, room, random, tally, err) : 0;
}
