/* One pass over the outbox: what is due goes out, once; what may have gone out is asked for; what
 * is too late leaves the plan.
 *
 * A post is sent by one irreversible call, and only after its whole intent is durable in the store:
 * key, every byte of the request, when, and by which process. Whatever happens then (a kill, a
 * power cut, a lost answer), the next pass finds an attempt without a result and asks the platform;
 * nothing is ever sent again unless the platform has answered that the first one is not there.
 * Where nobody can be asked, the post waits for a person (abp_publish_resolve).
 *
 * An attempt belongs to its process while that lives, and on other machines while its lease lasts;
 * so a clock that jumps takes no attempt away from a process that is still at it.
 *
 * Requests to one server go one after the other, within the limits it names; different servers are
 * talked to at the same time. */
#ifndef ABPOST_PUBLISH_H
#define ABPOST_PUBLISH_H

#include "abpost/channel.h"
#include "abpost/config.h"
#include "abpost/env.h"
#include "abpost/outbox.h"

/* How long an attempt may take before another machine may ask what became of it, in seconds. */
#define ABP_PUBLISH_LEASE 300

enum abp_note_kind {
    ABP_NOTE_POSTED,
    ABP_NOTE_HANDED,
    ABP_NOTE_REFUSED,
    ABP_NOTE_UNKNOWN,  /* it may be out */
    ABP_NOTE_NOT_SENT, /* definitely not out; it will be tried again */
    ABP_NOTE_MISSED,
    ABP_NOTE_EMPTY,   /* its time has passed, and nothing approved was there */
    ABP_NOTE_TWICE,   /* it is out once more, under another address */
    ABP_NOTE_WAITING, /* due, but something has to happen first: detail says what */
    ABP_NOTE_COUNT
};

/* "posted", ... "waiting". */
const char *abp_note_name(enum abp_note_kind kind);

/* Something that was done, or could not be. Borrowed for the call. */
struct abp_note {
    enum abp_note_kind kind;
    const struct abp_planned *post;
    int reconciled;     /* 1: it was found out by asking, not by sending */
    const char *file;   /* the post file; NULL: none was chosen */
    const char *url;    /* POSTED; NULL: none */
    const char *detail; /* one sentence; NULL: nothing to add */
};

struct abp_publish_experiment {
    const struct abp_experiment *experiment; /* borrowed */
    const char *fingerprint; /* borrowed; hash of what bears on the result (plan.h), frozen with the
                                first post */
};

struct abp_publish_input {
    const struct abp_env *env;                        /* borrowed */
    const struct abp_workspace *ws;                   /* borrowed */
    struct abp_store *store;                          /* borrowed; used by one thread at a time */
    const struct abp_publish_experiment *experiments; /* borrowed */
    size_t experiment_count;
    void (*note)(void *context, const struct abp_note *note); /* one thread at a time */
    void *context;                                            /* borrowed */
};

struct abp_publish_report {
    size_t count[ABP_NOTE_COUNT]; /* notes of each kind */
    int sign_in;                  /* 1: an account needs a person to sign in anew */
    int unreachable;              /* 1: a platform could not be reached */
    int local;                    /* 1: a file or folder of this machine was in the way */
    size_t unknown;               /* posts whose fate is unknown when the pass is over */
    int unopened; /* 1: a channel with something to do can't be opened, or is no longer there */
};

/* 0 when the pass went through, whatever it found; -1 with err when the store failed: what was sent
 * by then is in it, or will be asked for by the next pass. report is filled either way. */
int abp_publish_run(struct abp_publish_report *report, const struct abp_publish_input *input,
                    struct abp_error *err) ABP_MUST_CHECK;

/* What only a person can know of a post that is unknown, handed over, or was being sent by a
 * process that is gone: it is out at url (not NULL) since posted_at (0: since it was sent), or it
 * is not. The channel's server is asked for what is at url. 0; -1, and nothing is changed:
 * ABP_DATA when the post is in no such state or the url is no post of its channel's account (or is
 * another one of ours: then it counts as unknown); ABP_UNREACHABLE when the server can't be asked
 * just now, ABP_PERSON when it refuses the account, ABP_FAILED when this machine is in the way. */
int abp_publish_resolve(const struct abp_publish_input *input, int64_t planned, const char *url,
                        int64_t posted_at, struct abp_error *err) ABP_MUST_CHECK;

/* Of each planned post of a list which file it would take if all goes as planned, and what keeps
 * it from going out as things are. */
struct abp_expected {
    char *file; /* owned; NULL: there is none yet */
    char *why;  /* owned; one sentence; NULL: nothing does */
};

/* In the list's order; abp_expected_free() takes them with its count. */
int abp_publish_expect(struct abp_expected **expected, const struct abp_publish_input *input,
                       const struct abp_planned_list *list, struct abp_error *err) ABP_MUST_CHECK;
/* NULL is fine. */
void abp_expected_free(struct abp_expected *expected, size_t count);

#endif
