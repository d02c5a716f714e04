/* How a workspace is doing: what is stuck, how far each experiment is, what each channel says next.
 * Everything is read, nothing is changed and nobody is asked. */
#ifndef ABPOST_CLI_STATUS_H
#define ABPOST_CLI_STATUS_H

#include "loaded.h"
#include "orphans.h"

#include "abpost/collect.h"
#include "abpost/outbox.h"

#include <stddef.h>
#include <stdint.h>

/* What can be stuck, the worst first. */
enum abp_stuck_kind {
    ABP_STUCK_UNKNOWN,  /* it may be out, and nobody but a person can tell or ask just now */
    ABP_STUCK_SIGN_IN,  /* an account refuses us */
    ABP_STUCK_FILE,     /* planned posts of an experiment whose file is gone */
    ABP_STUCK_MISTAKES, /* an experiment file can't be read */
    ABP_STUCK_CHANNEL,  /* posts on a channel that abpost.ini no longer has */
    ABP_STUCK_SENDING,  /* an attempt without a result, for too long */
    ABP_STUCK_DUE,      /* due, and not out */
    ABP_STUCK_HANDED,   /* a person has it, to publish by hand */
    ABP_STUCK_READING,  /* a number that is to be read, or taken by hand */
    ABP_STUCK_REFUSED,  /* by the platform, lately */
    ABP_STUCK_MISSED,   /* lately */
    ABP_STUCK_EMPTY,    /* no approved post was there, lately */
    ABP_STUCK_COUNT
};

/* "unknown", ..., "empty". */
const char *abp_stuck_name(enum abp_stuck_kind kind);

#define ABP_STUCK_COMMANDS 2

struct abp_stuck {
    enum abp_stuck_kind kind;
    int person;                         /* 1: nothing goes on there without a person */
    int64_t post;                       /* planned post; 0: not of one post */
    size_t count;                       /* posts */
    int64_t since;                      /* UTC seconds; 0: not known */
    const char *experiment, *channel;   /* borrowed; NULL: not of one */
    char *what, *todo;                  /* owned; sentences */
    char *line;                         /* owned; to be copied, behind todo; NULL: none */
    char *commands[ABP_STUCK_COMMANDS]; /* owned; NULL: no more */
};

/* A variant's post files. */
struct abp_status_variant {
    const char *name; /* borrowed */
    size_t out;       /* posts that went out */
    size_t ready;     /* files that may go out on at least one more channel */
    size_t used;      /* that were used on every channel */
    size_t moved;     /* what they say was used under another name, on a channel at least */
    char *moved_file, *moved_as; /* owned; the first of those; NULL: none */
    size_t draft;                /* that wait for approval */
    size_t held;
    size_t unreadable; /* with mistakes */
    size_t refused;    /* that no channel takes as they are, or not again */
};

struct abp_status_experiment {
    const struct abp_experiment *file; /* borrowed */
    size_t states[ABP_POST_STATE_COUNT];
    size_t planned;                      /* posts ever drawn */
    int64_t ends_at;                     /* UTC seconds; the last post still planned; 0: none */
    struct abp_made_counts made;         /* by the outcome */
    struct abp_status_variant *variants; /* owned; file->variant_count */
    struct abp_decided_list decided;
    /* What channels did not take; stands (owned): 1: it still is there as it was. */
    struct abp_refused_file_list refused;
    unsigned char *stands;
    struct abp_analysis analysis;
    int analysis_differs; /* 1: the file now says another analysis than the frozen one */
};

struct abp_status_channel {
    const struct abp_channel *channel; /* borrowed */
    size_t this_week;                  /* posts that went out (or were handed over) this ISO week */
    const struct abp_planned *next;    /* borrowed; NULL: nothing is planned */
    const char *file;                  /* borrowed; that it would take; NULL: none yet */
};

struct abp_status {
    struct abp_loaded loaded;
    int64_t now;
    struct abp_planned_list posts;  /* every one */
    struct abp_planned_list coming; /* planned ones, by time */
    struct abp_expected *expected;  /* owned; coming.count */
    struct abp_made_list made;
    struct abp_orphans orphans;                /* owned */
    struct abp_status_experiment *experiments; /* owned; loaded.count */
    struct abp_status_channel *channels;       /* owned; of the workspace, in its order */
    struct abp_stuck *stuck;                   /* owned; the worst first, then the oldest */
    size_t stuck_count;
};

/* Fails as abp_loaded_open() and store.h do; then nothing is to be closed. */
int abp_status_open(struct abp_status *status, const struct abp_args *args,
                    const struct abp_env *env, struct abp_error *err) ABP_MUST_CHECK;
void abp_status_close(struct abp_status *status);

/* How many of the stuck things need a person. */
size_t abp_status_persons(const struct abp_status *status);

/* ---- in pieces ---- */

/* Fills status->stuck; the rest is there. */
int abp_status_find_stuck(struct abp_status *status, struct abp_error *err) ABP_MUST_CHECK;
/* Fills the counts of files of an experiment's variants. */
int abp_status_count_files(struct abp_status_experiment *e, const struct abp_status *status,
                           struct abp_error *err) ABP_MUST_CHECK;

void abp_status_put_text(struct abp_buffer *buf, const struct abp_status *status);
void abp_status_put_json(struct abp_buffer *buf, const struct abp_status *status);

#endif
