/* Which style is posted when: the slots of a calendar, and blocks of variants drawn over them.
 *
 * SLOTS. A channel's slots are the experiment's days and times in the workspace's zone from its
 * start on, less blackout days, less what is taken: posts of any experiment on that channel keep
 * this experiment's min_gap between them, and a channel's target is a ceiling for each ISO week
 * (rounded down; below 1, one post in any ceil(1 / target) weeks in a row). Where target or min_gap
 * leave a choice, a week gets as many slots as it can hold, and of all (weekday, time) those that
 * this experiment has used least on the channel so far; ties by chance. Which slots are taken never
 * depends on labels.
 *
 * Local wall time and zone are what is planned. A time that clocks skip (spring) is posted after
 * the gap, as many minutes as it is after the gap's start; a time that they show twice (autumn), at
 * the first (zone.h). A skipped time that moves onto another slot is one slot with it; one that
 * moves onto a blackout day is none.
 *
 * BLOCKS. A block is one post of every variant, in an order drawn uniformly from all, over one
 * channel's next free slots; it never reaches over a post of the experiment that is planned there
 * already, so that it stays a comparison within one time. The channel with the fewest posts has the
 * next turn. Posts that left the plan without going out do not count, for max_posts neither: what
 * was missed is drawn again, as a whole block.
 *
 * CHANCE. The seed, the experiment's name and the number of its plans so far start a splitmix64;
 * bounded numbers by rejection, orders by Fisher and Yates. The same seed, file and store give the
 * same plan on any machine. */
#ifndef ABPOST_PLAN_H
#define ABPOST_PLAN_H

#include "abpost/config.h"
#include "abpost/digest.h"
#include "abpost/outbox.h"
#include "abpost/zone.h"

#include <stdint.h>

/* How far ahead a plan reaches: blocks begin up to the end of the ISO week that many days after
 * now, or after the experiment's start where that is later. A channel for which nothing is planned
 * gets one block wherever its next slots are, within two years. */
#define ABP_PLAN_DAYS 28

/* Designs of blocks, as they are stored (outbox.h). The third is a JSON object of each variant's
 * probability, by name, in the order of the experiment file: {"question":0.75,"story":0.25}. */
#define ABP_DESIGN_UNIFORM "uniform"
#define ABP_DESIGN_WINNER  "winner"

/* States of a post that is out, in flight or still planned: what takes a slot and counts. */
#define ABP_LIVE_STATES                                                                            \
    (1u << ABP_PLANNED | 1u << ABP_SENDING | 1u << ABP_UNKNOWN | 1u << ABP_POSTED |                \
     1u << ABP_HANDED)

struct abp_plan_input {
    const struct abp_experiment *experiment; /* borrowed; with a [schedule] */
    const struct abp_workspace *ws;          /* borrowed */
    const struct abp_zone *zone;             /* borrowed; the workspace's */
    int64_t now;                             /* UTC seconds; no slot before it */
    uint64_t seed;                           /* of this draw; stored with it */
    /* NULL: every order equally likely. Else the chance of each variant at each place of the next
       block (top-two), drawn independently; sum to 1. Where the experiment's allocation is top-two
       a channel gets one block either way, and only where nothing of the experiment is planned on
       it any more. Borrowed; variant_count. */
    const double *probabilities;
    /* NULL: every variant gets posts. Else 1 for each that does, at least two; the others' slots go
       to them: a block is one post of each of these. Borrowed; variant_count. */
    const unsigned char *active;
    /* -1: no winner. Else the variant that keeps the slots (after = repeat-winner): of four blocks
       in a row on a channel three are the winner's alone, the fourth is drawn as before. max_posts
       counts both. What was planned before stays; whoever decides cancels it first. */
    int winner;
    size_t
        decisions; /* on the experiment, that active and winner follow from; kept with the draw */
};

#define ABP_PLAN_OBSTACLE_SIZE 512

struct abp_plan_report {
    size_t blocks, posts; /* added */
    int64_t ends_at;      /* UTC seconds: the last planned post's time, added or not; 0: none */
    size_t live;          /* posts out, in flight or planned, the added ones too */
    size_t left;          /* posts until max_posts; SIZE_MAX: no limit */
    size_t ahead;         /* posts planned and still to come, the added ones too */
    /* Why a channel has nothing planned and no block could be drawn for it although max_posts would
       allow one: a sentence on the first such channel; "": there is none. The other channels'
       blocks are planned all the same. */
    char obstacle[ABP_PLAN_OBSTACLE_SIZE];
};

/* What a schedule, as it is by now, has of a slot that was planned. */
enum abp_slot_standing {
    ABP_SLOT_THERE,
    ABP_SLOT_BLACKOUT, /* its day is one of blackout */
    ABP_SLOT_GONE      /* it has no slot at that day and time */
};

/* Whatever is drawn by this schedule in this zone is THERE. */
enum abp_slot_standing abp_slot_standing(const struct abp_schedule *schedule,
                                         const struct abp_zone *zone,
                                         const struct abp_planned *post);

/* 1: nothing of the block was tried, nor is due. posts: those of the block among others. */
int abp_block_is_untouched(const struct abp_planned_list *posts, int64_t block, int64_t now);

/* *blocks: the untouched blocks, of any experiment, that the channel's target as it is now has no
 * room for in their weeks, the last ones taken first; *count of them. Where a target was not
 * lowered, and nobody planned without it, there is none: whatever is drawn under a target stays
 * within it. 0, and the caller frees *blocks; -1. */
int abp_plan_beyond(int64_t **blocks, size_t *count, struct abp_store *store,
                    const struct abp_channel *channel, const struct abp_zone *zone, int64_t now,
                    struct abp_error *err) ABP_MUST_CHECK;

/* Extends the experiment's plan to ABP_PLAN_DAYS ahead or to max_posts, whichever is first: whole
 * blocks only. In one transaction: two processes do not plan twice, and a killed one leaves
 * nothing. What is planned already stays; where nothing is to be added, nothing is written.
 * ABP_DATA: the experiment has no [schedule], or a channel of it is not in the workspace. */
int abp_plan_extend(struct abp_plan_report *report, struct abp_store *store,
                    const struct abp_plan_input *input, struct abp_error *err) ABP_MUST_CHECK;

/* The same without storing: what it would draw, in `list`, with ids 0 and blocks numbered from 1.
 * store NULL: there is none yet. Caller releases the list. */
int abp_plan_preview(struct abp_plan_report *report, struct abp_planned_list *list,
                     struct abp_store *store, const struct abp_plan_input *input,
                     struct abp_error *err) ABP_MUST_CHECK;

/* The experiment as if it were still to be made, from now or its start on: to max_posts or so many
 * seconds beyond ABP_PLAN_DAYS, whichever is first, as abp_plan_preview without a store. Caller
 * releases the list. */
int abp_plan_whole(struct abp_planned_list *list, const struct abp_plan_input *input, int64_t ahead,
                   struct abp_error *err) ABP_MUST_CHECK;

/* *done_at: UTC seconds of the last post before max_posts is reached, if from now on every slot is
 * used and nothing else is planned on the channels; 0: there is no limit, it is reached already, or
 * it would take more than ten years. Stores nothing; store may be NULL. */
int abp_plan_forecast(int64_t *done_at, struct abp_store *store, const struct abp_plan_input *input,
                      struct abp_error *err) ABP_MUST_CHECK;

/* SHA-256, in hex, of everything in the experiment file that bears on the result: hypothesis,
 * channels, outcome, exposure, horizon, baseline (the one in force: the first variant where none is
 * named), the variants' names and costs, the schedule, the whole of [decision]. Comments, order of
 * sections, keys and lists, and spelling of values do not count; nor do the files of the posts. */
int abp_plan_fingerprint(char hash[ABP_DIGEST_SIZE], const struct abp_experiment *experiment,
                         struct abp_error *err) ABP_MUST_CHECK;

/* Posts as an iCalendar file (RFC 5545): one event a post that is out, in flight or planned; UTC
 * times; a UID of experiment, channel and time, so that a calendar program that reads a later file
 * brings its events up to date. now: UTC seconds, for DTSTAMP. -1: ABP_FAILED, out is full or a
 * time lies outside the years 1 to 9999. */
int abp_plan_ics(struct abp_buffer *out, const struct abp_planned_list *list, int64_t now,
                 struct abp_error *err) ABP_MUST_CHECK;

/* What was posted against what was drawn, by variant. */
struct abp_audit_row {
    const char *variant; /* borrowed from the experiment */
    size_t drawn;        /* all that follows and `planned`, sending included */
    size_t planned, posted, handed, missed, empty, refused, redrawn, cancelled, unknown;
    /* of the posted: */
    size_t late; /* more than ten minutes after due_at */
    size_t edited, deleted;
    double
        p; /* of its share against the others' (see uneven); 1 where there is nothing to compare */
};

/* rows: one for each variant of the experiment, filled by the call; posts of variants that the file
 * does not name any more are left out. uneven: 1 when the share of posts that went out (posted,
 * handed) among those that had their turn (the same, missed, empty, refused) differs between
 * variants more than chance explains: Fisher's exact test of each against the rest, p < 0.01 /
 * variants. A redrawn post never had its turn: it went with another one of its block. */
int abp_plan_audit(struct abp_audit_row *rows, int *uneven, struct abp_store *store,
                   const struct abp_experiment *experiment, struct abp_error *err) ABP_MUST_CHECK;

#endif
