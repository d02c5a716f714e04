/* The slots of one channel: when it may say something, and when it has said enough. Pure functions:
 * no store, no clock, no labels.
 *
 * Weeks are ISO weeks (Monday to Sunday) of the workspace's zone, by the local date of the instant
 * at which a post is due. */
#ifndef ABP_PLAN_SLOTS_H
#define ABP_PLAN_SLOTS_H

#include "plan/random.h"

#include "abpost/config.h"
#include "abpost/zone.h"

struct abp_slot {
    struct abp_date date; /* as the schedule names it */
    struct abp_wall_time time;
    int64_t at;  /* UTC seconds; not what clocks show at `time` where they skip it */
    size_t kind; /* weekday * time_count + number of the time */
};

struct abp_slots {
    struct abp_slot *list; /* owned; by `at` */
    size_t count, capacity;
};

/* A post the channel has already, of any experiment: out, in flight, or planned. */
struct abp_taken {
    int64_t at;   /* UTC seconds */
    int64_t week; /* filled by abp_channel_take */
};

/* What stood in the way of slots, counted over the weeks that were looked at. */
struct abp_slot_tally {
    size_t blackout; /* on a day of blackout */
    size_t full;     /* in a week that has its target */
    size_t near;     /* nearer than min_gap to something taken */
    size_t free;     /* chosen */
};

struct abp_channel_slots {
    const struct abp_schedule *schedule; /* borrowed */
    const struct abp_zone *zone;         /* borrowed */
    double target;                       /* posts a week; NaN: any number */
    int64_t now;                         /* no slot before it */
    struct abp_taken *taken;             /* owned; by `at` */
    size_t taken_count, taken_capacity;
    unsigned *used; /* owned; posts of the experiment, by kind of slot */
};

int abp_channel_slots_init(struct abp_channel_slots *channel, const struct abp_schedule *schedule,
                           const struct abp_zone *zone, double target, int64_t now,
                           struct abp_error *err) ABP_MUST_CHECK;
void abp_channel_slots_release(struct abp_channel_slots *channel);
void abp_slots_release(struct abp_slots *slots);

/* Weeks since the one that began on 1969-12-29. -1 where the date is outside the years 1 to 9999.
 */
int abp_week_of(int64_t *week, const struct abp_zone *zone, int64_t at) ABP_MUST_CHECK;

/* From here on the channel has a post at that instant. */
int abp_channel_take(struct abp_channel_slots *channel, int64_t at,
                     struct abp_error *err) ABP_MUST_CHECK;
/* Takes one such post back. */
void abp_channel_give_back(struct abp_channel_slots *channel, int64_t at);
/* Counts a post of the experiment at that (weekday, time), or with -1 takes it back; a time the
 * schedule does not name any more is not counted. */
void abp_channel_count_use(struct abp_channel_slots *channel, const struct abp_date *date,
                           const struct abp_wall_time *time, int by);

/* What a target allows: `most` posts in any `weeks` weeks in a row. A target is rounded down; one
 * below 1 is one post in any ceil(1 / target) weeks in a row; NaN: SIZE_MAX in any week. */
struct abp_ceiling {
    size_t most;
    int64_t weeks; /* >= 1 */
};

struct abp_ceiling abp_ceiling_of(double target);

/* Posts that the channel may still take in that week: its target, a ceiling, less what it has
 * (SIZE_MAX without a target). */
size_t abp_channel_room(const struct abp_channel_slots *channel, int64_t week);

/* All slots of a week, by time, not before `now`, not on a blackout day (neither by name nor, where
 * clocks skip the time, on the day that it moves to). A skipped time that moves onto another slot
 * is that slot. tally: NULL, or blackout is counted. */
int abp_slots_of_week(struct abp_slots *slots, const struct abp_channel_slots *channel,
                      int64_t week, struct abp_slot_tally *tally,
                      struct abp_error *err) ABP_MUST_CHECK;

/* Reduces the slots of a week to those to be used: those after `after` and before `before` that
 * keep min_gap to all that is taken and to each other; as many of them as there can be and as there
 * is room for; of these the kinds used least so far, ties by chance. */
int abp_slots_choose(struct abp_slots *slots, const struct abp_channel_slots *channel, int64_t week,
                     int64_t after, int64_t before, struct abp_random *random,
                     struct abp_slot_tally *tally, struct abp_error *err) ABP_MUST_CHECK;

#endif
