/* What the parts of one pass share. */
#ifndef ABP_PUBLISH_RUN_H
#define ABP_PUBLISH_RUN_H

#include "abpost/publish.h"
#include "publish/owner.h"
#include "publish/shelf.h"

#include <pthread.h>

#define ABP_NO_EXPERIMENT "its experiment's file has mistakes or is gone"

/* An experiment, its shelf opened when the first of its posts needs it. */
struct pub_experiment {
    const struct abp_publish_experiment *in; /* borrowed */
    struct shelf shelf;
    int open;
};

struct pub_run {
    const struct abp_publish_input *in; /* borrowed */
    struct abp_publish_report *report;  /* borrowed */
    struct pub_experiment *experiments; /* owned; in->experiment_count */
    char owner[ABP_OWNER_SIZE];
    uint64_t salt;           /* of keys */
    pthread_mutex_t lock;    /* held for everything but talking to a server */
    struct abp_error failed; /* code ABP_OK: the store works */
};

/* One channel while it is served. */
struct pub_channel {
    struct pub_run *run; /* borrowed, like the rest */
    const struct abp_channel *channel;
    struct abp_connection *connection;
};

/* report is borrowed until the close. */
int pub_run_open(struct pub_run *run, const struct abp_publish_input *input,
                 struct abp_publish_report *report, struct abp_error *err);
void pub_run_close(struct pub_run *run);

int64_t pub_now(const struct pub_run *run);
/* Counts and tells. */
void pub_note(struct pub_run *run, const struct abp_note *note);
/* The channel's account refuses us for that reason, or (NULL) lets us in: kept, and in the report.
 * 0, or -1 when the store failed. */
int pub_sign_in(struct pub_run *run, const char *channel, const char *reason,
                struct abp_error *err);
/* Something kept a post from going out, or from being asked for: a platform, or this machine. */
void pub_in_the_way(struct pub_run *run, const struct abp_outcome *outcome);
/* The experiment of that name with its shelf; NULL when it is none of the pass (and err is clear),
 * or its files can't be read. */
struct pub_experiment *pub_experiment_of(struct pub_run *run, const char *name,
                                         struct abp_error *err);

/* Takes a post that was not sent out of the plan, MISSED or EMPTY, and tells; -1: the store failed.
 */
int pub_drop(struct pub_run *run, const struct abp_planned *post, enum abp_post_state state,
             const char *reason, struct abp_error *err);

/* Both with the lock held, which they let go of while they talk to a server. 0, or -1 when the
 * store failed. */
int pub_send(struct pub_channel *channel, const struct abp_planned *post, struct abp_error *err);
int pub_reconcile(struct pub_channel *channel, const struct abp_planned *post,
                  struct abp_error *err);

/* Of an attempt with that outcome: where its bytes did not go out since those of an earlier attempt
 * had after all, both are settled, and told. 1; 0: no, or it could not be asked, which
 * outcome says then; -1: the store failed. */
int pub_is_late(struct pub_channel *channel, const struct abp_planned *post, int64_t attempt,
                const char *key, struct abp_outcome *outcome, struct abp_error *err);

/* Puts what came of an attempt into the store, and tells. reconciled: it was asked for. */
int pub_settle(struct pub_channel *channel, const struct abp_planned *post, int64_t attempt,
               const char *file, const struct abp_outcome *outcome, int reconciled,
               struct abp_error *err);

#endif
