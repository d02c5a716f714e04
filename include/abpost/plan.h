/* Which style is posted when: the slots of a calendar, and blocks of variants drawn over them.
 *
 * A channel's slots are the experiment's days and times in the workspace's zone from its start on,
 * less blackout days, less what is taken: posts of any experiment on that channel keep min_gap
 * between them, and a channel's target is a ceiling for each ISO week. A block is one post of every
 * variant, in an order drawn uniformly from all, over one channel's next free slots. Which slots
 * are taken never depends on the labels: where a target leaves a choice, the slots of the week used
 * least so far, ties by chance.
 *
 * Local wall time and zone are what is planned. A time that clocks skip (spring) is posted after
 * the gap, as many minutes as it is after the gap's start; a time that they show twice (autumn), at
 * the first (zone.h). */
#ifndef ABPOST_PLAN_H
#define ABPOST_PLAN_H

#include "abpost/config.h"
#include "abpost/outbox.h"
#include "abpost/zone.h"

#include <stdint.h>

#define ABP_PLAN_DAYS 28 /* how far ahead a plan reaches */

struct abp_plan_input {
    const struct abp_experiment *experiment; /* borrowed; with a [schedule] */
    const struct abp_workspace *ws;          /* borrowed */
    const struct abp_zone *zone;             /* borrowed; the workspace's */
    int64_t now;                             /* UTC seconds; no slot before it */
    uint64_t seed;                           /* of this draw; stored with it */
    /* NULL: every order equally likely (balanced). Else the chance of each variant at each place
       of the next block (top-two), drawn independently; sum to 1; one block a channel is drawn
       ahead. Borrowed; variant_count. */
    const double *probabilities;
    /* -1: no winner. Else the variant that keeps the slots (after = repeat-winner), with every
       fourth block drawn as before. */
    int winner;
};

struct abp_plan_report {
    size_t blocks, posts; /* added */
    int64_t ends_at;      /* UTC seconds: the last planned post's time; 0: none */
    size_t left;          /* posts until max_posts; SIZE_MAX: no limit */
};

/* Extends the experiment's plan to ABP_PLAN_DAYS ahead or to max_posts, whichever is first: whole
 * blocks only; posts that left the plan without going out do not count, so what was missed is drawn
 * again. In one transaction: two processes do not plan twice. What is planned already stays. */
int abp_plan_extend(struct abp_plan_report *report, struct abp_store *store,
                    const struct abp_plan_input *input, struct abp_error *err) ABP_MUST_CHECK;

/* The same without storing: what it would draw. Caller releases the list. */
int abp_plan_preview(struct abp_planned_list *list, struct abp_store *store,
                     const struct abp_plan_input *input, struct abp_error *err) ABP_MUST_CHECK;

/* SHA-256, in hex, of everything in the experiment file that bears on the result: hypothesis,
 * channels, outcome, exposure, horizon, baseline, the variants' names and costs, the schedule, the
 * whole of [decision]. Comments, order of sections and spelling of values do not count. */
int abp_plan_fingerprint(char hash[65], const struct abp_experiment *experiment,
                         struct abp_error *err) ABP_MUST_CHECK;

/* Posts as an iCalendar file (RFC 5545): one event a post, UTC times, a UID that stays the same. */
int abp_plan_ics(struct abp_buffer *out, const struct abp_planned_list *list, int64_t now,
                 struct abp_error *err) ABP_MUST_CHECK;

/* What was posted against what was drawn, by variant. */
struct abp_audit_row {
    const char *variant; /* borrowed from the experiment */
    size_t posted, late, missed, empty, refused, redrawn, unknown, edited, deleted;
};

/* rows: one for each variant of the experiment, filled by the call. late: more than ten minutes
 * after due_at. uneven: 1 when the share of drawn posts that went out differs between variants more
 * than chance explains (Fisher's exact test of each against the rest, p < 0.01 / variants). */
int abp_plan_audit(struct abp_audit_row *rows, int *uneven, struct abp_store *store,
                   const struct abp_experiment *experiment, struct abp_error *err) ABP_MUST_CHECK;

#endif
