/* What is to be posted, and what became of it: plans, attempts and their results, as facts in the
 * store. A post's state is derived from them; nothing here is ever changed or deleted.
 *
 *   planned -> sending -> posted | handed | refused | unknown
 *   unknown, expired sending -> posted | planned again (not posted)
 *   planned -> missed | empty | redrawn | cancelled
 *
 * Claiming inserts attempt number n+1 of a post, if nobody else has and the post may still go out,
 * and is durable before it returns: of two processes that claim the same post one gets 0. */
#ifndef ABPOST_OUTBOX_H
#define ABPOST_OUTBOX_H

#include "abpost/store.h"
#include "abpost/time.h"

#include <stddef.h>
#include <stdint.h>

enum abp_post_state {
    ABP_PLANNED, /* drawn; due or not; earlier attempts, if any, are known to have left nothing */
    ABP_SENDING, /* an attempt without a result: in flight, or its process died */
    ABP_UNKNOWN, /* it may be out: to be reconciled */
    ABP_POSTED,
    ABP_HANDED,    /* a person has it, to publish by hand */
    ABP_REFUSED,   /* by the platform, for good */
    ABP_MISSED,    /* more than max_lateness late */
    ABP_EMPTY,     /* nothing approved was there to post */
    ABP_REDRAWN,   /* another post of its block was missed, empty or refused: the block is void */
    ABP_CANCELLED, /* the experiment was decided, or changed, before it was due */
    ABP_POST_STATE_COUNT
};

/* "planned", ..., "cancelled". */
const char *abp_post_state_name(enum abp_post_state state);

/* A post of a plan, and the newest of what happened to it. Strings are owned by the list. */
struct abp_planned {
    int64_t id, block, plan; /* of the store */
    int64_t decisions;       /* on the experiment that were known when it was drawn; -1: not said */
    char *experiment;
    int64_t position;               /* in its block, from 0, in order of time */
    char *variant, *channel, *slot; /* slot: "mon 09:00" */
    char *design;                   /* of its block */
    double probability;             /* of this variant at this place, as it was drawn */
    struct abp_date date;           /* local wall time in `timezone`: what was planned */
    struct abp_wall_time time;
    char *timezone;
    int64_t due_at; /* UTC seconds: that wall time, by the zone's rules when it was drawn */
    enum abp_post_state state;
    int64_t state_at; /* UTC seconds; when that was found out; drawn_at for PLANNED */
    char *reason;     /* NULL: none */
    /* of the newest attempt; 0 and NULL before there is one */
    int64_t attempt, attempts;
    char *key, *request, *file, *owner;
    char *file_digest; /* what abp_content_version said of it then */
    size_t request_len;
    int64_t started_at, leased_until, retry_at;
    char *remote_id, *version, *url;
    int64_t post;      /* POSTED: the post's id; else 0 */
    int64_t posted_at; /* POSTED */
};

struct abp_planned_list {
    struct abp_planned *list; /* owned; by due_at, then id */
    size_t count;
};

/* Which posts; NULL and 0 mean any. */
struct abp_planned_filter {
    const char *experiment, *channel;
    int64_t id, block;
    int64_t due_from, due_before; /* UTC seconds */
    unsigned states;              /* bits 1 << enum abp_post_state */
    int64_t limit;                /* at most so many rows */
};

int abp_outbox_list(struct abp_planned_list *list, struct abp_store *store,
                    const struct abp_planned_filter *filter, struct abp_error *err) ABP_MUST_CHECK;
void abp_planned_list_release(struct abp_planned_list *list);

/* 1: no other post may take its file on its channel: it is out, or may be, was
 * refused, or is to be tried again. 0: it has none, or what was tried left nothing and it left the
 * plan. */
int abp_outbox_uses_file(const struct abp_planned *post);

/* What posts of other experiments have taken: a file goes out once on a channel, whoever names it.
 */
struct abp_taken_file {
    char *channel, *file; /* owned by the list */
};

struct abp_taken_file_list {
    struct abp_taken_file *list; /* owned */
    size_t count;
};

int abp_outbox_taken_elsewhere(struct abp_taken_file_list *list, struct abp_store *store,
                               const char *experiment, struct abp_error *err) ABP_MUST_CHECK;
void abp_taken_file_list_release(struct abp_taken_file_list *list);

/* 1: posts were drawn for the experiment; 0: none; -1. */
int abp_outbox_has_begun(struct abp_store *store, const char *experiment,
                         struct abp_error *err) ABP_MUST_CHECK;

/* How far the clocks of machines over one store may differ, in seconds. What was noted further
 * ahead than that was noted by a clock that was wrong, and holds nothing up. */
#define ABP_CLOCK_SLACK 900

/* When a channel was last sent anything that is out or may be, but for the post `except`: UTC
 * seconds, at most now + ABP_CLOCK_SLACK; 0: never. */
int abp_outbox_last_post(int64_t *at, struct abp_store *store, const char *channel, int64_t except,
                         int64_t now, struct abp_error *err) ABP_MUST_CHECK;

/* 1: what its newest attempt came to asks for a pause that is not over. No server asks for more
 * than a day: then the clock was set back, and the pause is over. */
int abp_outbox_is_pausing(const struct abp_planned *post, int64_t now);

/* ---- a transaction around several calls, with the right to write from its begin on ---- */

int abp_outbox_begin(struct abp_store *store, struct abp_error *err) ABP_MUST_CHECK;
int abp_outbox_commit(struct abp_store *store, struct abp_error *err) ABP_MUST_CHECK;
void abp_outbox_rollback(struct abp_store *store);

/* ---- plan: inside a transaction ---- */

/* One draw. *plan: its id. The experiment is made when it is new. decisions: how many on the
 * experiment whoever draws knows of. */
int abp_outbox_add_plan(int64_t *plan, struct abp_store *store, const char *experiment,
                        uint64_t seed, size_t decisions, int64_t now,
                        struct abp_error *err) ABP_MUST_CHECK;
/* design: what the labels are drawn from, as the guard has to know it: "uniform" (every order of
 * the variants alike), "winner", or JSON of each variant's probability. */
int abp_outbox_add_block(int64_t *block, struct abp_store *store, int64_t plan, const char *channel,
                         const char *design, struct abp_error *err) ABP_MUST_CHECK;
/* Takes block, position, variant, probability, slot, date, time, timezone, due_at. */
int abp_outbox_add_post(struct abp_store *store, const struct abp_planned *post,
                        struct abp_error *err) ABP_MUST_CHECK;

/* ---- a post's life; each call is a transaction of its own ---- */

struct abp_claim {
    int64_t planned; /* the post */
    int64_t after;   /* its newest attempt, as far as the caller knows; 0: none */
    const char *key, *request, *file, *file_digest, *owner;
    size_t request_len;
    int64_t now, leased_until;
    int64_t quiet_since; /* nothing may have been sent on the channel after this; 0: never mind */
};

/* An attempt after the first sends the same bytes under the same key, or knows of the newest one
 * (`after`), which is known to have left nothing.
 * 1: *attempt is ours, durably; 0: somebody else has it, or has tried it since, or its server asked
 * for a pause, or it may not go out any more, or its file went out on this channel already, or what
 * it says did for its variant, or the channel is not quiet; -1. */
int abp_outbox_claim(int64_t *attempt, struct abp_store *store, const struct abp_claim *claim,
                     struct abp_error *err) ABP_MUST_CHECK;

/* What an attempt came to. POSTED and HANDED need remote_id. */
struct abp_settlement {
    int64_t attempt;
    enum abp_post_state state; /* POSTED, HANDED, REFUSED, UNKNOWN, or PLANNED: not posted */
    int64_t now, posted_at, retry_at;
    const char *remote_id, *version, *url, *reason; /* NULL: none */
    int reconciled; /* 1: somebody who asked says so, not the attempt itself and not a person */
};

enum abp_settled {
    ABP_SETTLED,       /* kept */
    ABP_SETTLED_DOUBT, /* POSTED under an id that another post of the channel has: kept as UNKNOWN
                        */
    ABP_SETTLED_KNOWN, /* it was settled meanwhile, by who knew: nothing was kept */
    ABP_SETTLED_TWICE, /* POSTED, and the post is known to be out under another id: kept, but it is
                          out twice */
};

/* A post that is out stays out, whoever says something else later, and is out once, whichever of
 * its attempts are said to have made it. Who asked and found
 * nothing saw an attempt that was open, maybe a while ago: that counts only while it still is,
 * where to find it counts always. REFUSED takes the posts of its block that were not sent out of
 * the plan too, as REDRAWN. One of enum abp_settled, or -1. */
int abp_outbox_settle(struct abp_store *store, const struct abp_settlement *settlement,
                      struct abp_error *err) ABP_MUST_CHECK;

/* Takes a post that was not sent out of the plan, as MISSED, EMPTY, REFUSED or CANCELLED, and those
 * of its block that were not sent either as REDRAWN (not for CANCELLED). 1; 0: too late, it is
 * being sent or has left the plan already; -1. */
int abp_outbox_drop(struct abp_store *store, int64_t planned, enum abp_post_state state,
                    const char *reason, int64_t now, struct abp_error *err) ABP_MUST_CHECK;

/* ---- attempts ---- */

/* What was sent once. */
struct abp_attempt {
    int64_t id, started_at; /* UTC seconds */
    char *request, *file;   /* owned by the list */
    size_t request_len;
};

struct abp_attempt_list {
    struct abp_attempt *list; /* owned; the newest first */
    size_t count;
};

/* The earlier attempts of the same post that sent other bytes under the same key. */
int abp_outbox_other_attempts(struct abp_attempt_list *list, struct abp_store *store,
                              int64_t attempt, struct abp_error *err) ABP_MUST_CHECK;
void abp_attempt_list_release(struct abp_attempt_list *list);

/* ---- files that a channel does not take ---- */

/* A file that can't go out on a channel as it is, found out before anything was sent. */
struct abp_refused_file {
    char *channel, *file, *reason; /* owned by the list */
    char *file_digest;             /* what abp_content_version said of it then */
    int64_t refused_at;            /* UTC seconds */
};

struct abp_refused_file_list {
    struct abp_refused_file *list; /* owned; in the order they were refused */
    size_t count;
};

/* Keeps it, unless it is known; the experiment has been planned. */
int abp_outbox_refuse_file(struct abp_store *store, const char *experiment, const char *channel,
                           const char *file, const char *file_digest, const char *reason,
                           int64_t now, struct abp_error *err) ABP_MUST_CHECK;
int abp_outbox_refused_files(struct abp_refused_file_list *list, struct abp_store *store,
                             const char *experiment, struct abp_error *err) ABP_MUST_CHECK;
void abp_refused_file_list_release(struct abp_refused_file_list *list);

/* ---- what the plan said would be analysed, and what was decided ---- */

struct abp_analysis {
    char frozen[65];    /* hash frozen with the experiment's first post; "" before it */
    int64_t frozen_at;  /* UTC seconds */
    char changed[65];   /* the first hash that was another one; "": none */
    int64_t changed_at; /* UTC seconds; when it was first seen */
};

int abp_outbox_analysis(struct abp_analysis *analysis, struct abp_store *store,
                        const char *experiment, struct abp_error *err) ABP_MUST_CHECK;
/* Adds the hash where it is not the newest one yet. */
int abp_outbox_freeze_analysis(struct abp_store *store, const char *experiment, const char *hash,
                               int64_t now, struct abp_error *err) ABP_MUST_CHECK;

/* A verdict that ended the test of a variant. It stands until the decisions on the experiment are
 * withdrawn: a later row of the variant then, whose verdict is ABP_WITHDRAWN. */
struct abp_decided {
    char *variant, *verdict, *reason; /* owned by the list */
    int64_t decided_at;
};

#define ABP_WITHDRAWN "withdrawn"

struct abp_decided_list {
    struct abp_decided *list; /* owned; in the order of decision */
    size_t count;
};

/* 1: it is kept; 0: one for that variant stood already; -1. */
int abp_outbox_decide(struct abp_store *store, const char *experiment,
                      const struct abp_decided *decided, struct abp_error *err) ABP_MUST_CHECK;
/* Withdraws every decision on the experiment that stands, all at once. 1; 0: none stood; -1. */
int abp_outbox_withdraw(struct abp_store *store, const char *experiment, const char *reason,
                        int64_t now, struct abp_error *err) ABP_MUST_CHECK;
/* When the test in force began, UTC seconds: the last of the decisions that were withdrawn; posts
 * drawn after it are the test's. 0: none was withdrawn, every post is. */
int abp_outbox_test_began(int64_t *at, struct abp_store *store, const char *experiment,
                          struct abp_error *err) ABP_MUST_CHECK;
int abp_outbox_decisions(struct abp_decided_list *list, struct abp_store *store,
                         const char *experiment, struct abp_error *err) ABP_MUST_CHECK;
void abp_decided_list_release(struct abp_decided_list *list);

#endif
