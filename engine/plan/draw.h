/* Blocks of labels over the slots of an experiment's channels. Pure: what is planned already comes
 * as numbers, what is drawn goes out as numbers. */
#ifndef ABP_PLAN_DRAW_H
#define ABP_PLAN_DRAW_H

#include "plan/slots.h"

#define ABP_DRAW_REACH 104 /* weeks in which a block must find its slots */

/* What a block's labels were drawn from. */
enum abp_draw_design { ABP_DRAW_UNIFORM, ABP_DRAW_PROBABILITIES, ABP_DRAW_WINNER };

struct abp_draw_channel {
    struct abp_channel_slots slots; /* owned; with all that is taken */
    /* owned; when the experiment's planned posts are due, from now on, ascending. No block reaches
     * over one of them: it would be a comparison between one week and another. */
    int64_t *ahead;
    size_t ahead_count, ahead_capacity;
    size_t pending; /* planned posts of the experiment, overdue ones too */
    size_t live;    /* posts of the experiment: out, in flight or planned */
    size_t winners; /* blocks of the winner since the last other block */
    /* where the search stands */
    size_t run; /* before ahead[run], after what precedes it */
    int64_t week, last_week;
    struct abp_slots of_week; /* owned; chosen */
    size_t next;              /* of of_week */
    size_t drawn;             /* blocks */
    int searching, done;
    struct abp_slot_tally tally; /* of the search after the last planned post */
};

struct abp_draw_rules {
    size_t variants;             /* K >= 2: posts of a block */
    const size_t *labels;        /* borrowed; K: the variants of a block; NULL: 0 to K - 1 */
    const double *probabilities; /* borrowed; `all`: of each variant; NULL: every order alike */
    size_t all;                  /* variants that there are; at least K */
    int sparing; /* 1: a channel gets one block, and only where nothing is pending on it: the labels
                    of the next one are to follow from what this one brings */
    int winner;  /* -1: none */
    int64_t horizon; /* UTC seconds; blocks begin before it, but a channel without any pending post
                        may always have one */
    size_t room;     /* posts at most; SIZE_MAX: any number */
};

struct abp_drawn_post {
    struct abp_slot slot;
    size_t variant;
    double probability;
};

struct abp_drawn_block {
    size_t channel;
    enum abp_draw_design design;
};

struct abp_drawn {
    struct abp_drawn_block *blocks; /* owned */
    struct abp_drawn_post *posts;   /* owned; K of the first block, by time, then of the next */
    size_t count, capacity;         /* blocks */
};

void abp_draw_channel_release(struct abp_draw_channel *channel);
/* A planned post of the experiment that is still to come; any order. */
int abp_draw_channel_ahead(struct abp_draw_channel *channel, int64_t at,
                           struct abp_error *err) ABP_MUST_CHECK;

/* Draws block after block, each time for the channel that has the fewest posts, until no channel
 * has room for another. channels: as many as `count`, changed by it. -1: drawn is empty. */
int abp_draw(struct abp_drawn *drawn, struct abp_draw_channel *channels, size_t count,
             const struct abp_draw_rules *rules, struct abp_random *random,
             struct abp_error *err) ABP_MUST_CHECK;
void abp_drawn_release(struct abp_drawn *drawn);

#endif
