/* The numbers of posts that abpost made: read when they are due, and handed to an evaluation as
 * they were at the experiment's horizon. */
#ifndef ABPOST_COLLECT_H
#define ABPOST_COLLECT_H

#include "abpost/config.h"
#include "abpost/env.h"
#include "abpost/made.h"
#include "abpost/posts.h"
#include "abpost/reading.h"

/* ---- reading ---- */

enum abp_read_kind { ABP_READ_DONE, ABP_READ_DELETED, ABP_READ_EDITED, ABP_READ_FAILED };

/* What was seen at a post. Borrowed for the call. */
struct abp_read_note {
    enum abp_read_kind kind;
    const struct abp_made *post;
    const char *detail; /* the numbers, or why there are none */
};

struct abp_collect_input {
    const struct abp_env *env;                       /* borrowed */
    const struct abp_workspace *ws;                  /* borrowed */
    struct abp_store *store;                         /* borrowed; used by one thread at a time */
    const struct abp_experiment *const *experiments; /* borrowed */
    size_t experiment_count;
    void (*note)(void *context, const struct abp_read_note *note); /* one thread at a time */
    void *context;                                                 /* borrowed */
};

struct abp_collect_report {
    size_t read, failed, deleted, edited; /* posts */
    int sign_in;                          /* 1: an account needs a person to sign in anew */
    int unreachable;                      /* 1: a platform could not be reached */
    int local;                            /* 1: a file of this machine was in the way */
};

/* Reads every post that is due (due.h), the most urgent first, in batches; every number that came
 * is kept, with its time, whatever the experiment asks for. Posts of experiments that are not among
 * `experiments`, and of channels whose numbers a person takes, are left alone. 0 when the pass went
 * through, whatever it found; -1 with err when the store failed. */
int abp_collect_run(struct abp_collect_report *report, const struct abp_collect_input *input,
                    struct abp_error *err) ABP_MUST_CHECK;

/* ---- evaluating ---- */

/* How many posts of an experiment count as what. */
struct abp_made_counts {
    size_t counted[ABP_COUNTED_COUNT]; /* by the outcome */
    size_t edited;
};

/* The experiment's posts that abpost made and that are part of the test in force (outbox.h), as
 * they were at its horizon: a row for each post that is mature, by the time it was made; missing
 * where its number is late, absent or gone. Posts that are not mature or overdue are in counts
 * alone; so are those that are no part of it (posts.h, apart): a winner's own blocks were not
 * drawn, and were they compared with the others' older posts, whatever changed since would look
 * like the style's doing. 0, and the caller releases posts; -1. */
int abp_made_posts(struct abp_posts *posts, struct abp_made_counts *counts, struct abp_store *store,
                   const struct abp_experiment *experiment, int64_t now,
                   struct abp_error *err) ABP_MUST_CHECK;

/* The same of the posts drawn after `since` (UTC seconds) alone, whatever test they are part of;
 * without notes. */
int abp_made_posts_since(struct abp_posts *posts, struct abp_store *store,
                         const struct abp_experiment *experiment, int64_t since, int64_t now,
                         struct abp_error *err) ABP_MUST_CHECK;

/* What one post is to an evaluation. */
struct abp_made_outcome {
    int64_t planned;      /* its number */
    int64_t posted_at;    /* UTC seconds */
    enum abp_counted how; /* by the outcome */
    int64_t last_age;     /* greatest age at which it was read, seconds; -1: never */
};

/* That of every post of the experiment that is out, by the time it was made. 0 with *list, which
 * the caller frees; -1. */
int abp_made_outcomes(struct abp_made_outcome **list, size_t *count, struct abp_store *store,
                      const struct abp_experiment *experiment, int64_t now,
                      struct abp_error *err) ABP_MUST_CHECK;

#endif
