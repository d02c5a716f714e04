/* What the files of the outbox share. */
#ifndef ABP_STORE_OUTBOX_H
#define ABP_STORE_OUTBOX_H

#include "abpost/outbox.h"
#include "store/handle.h"

/* The attempt of a planned post p that counts is the one that made a post, else the newest; of its
 * results, the one that says posted, else the newest. */
#define ATTEMPT_OF_PLANNED                                                                         \
    "(SELECT a.id FROM attempt a LEFT JOIN post ON post.attempt_id = a.id"                         \
    " WHERE a.planned_post_id = p.id ORDER BY post.id IS NULL, a.number DESC LIMIT 1)"

/* Of an attempt a, a post that may have left the plan as d, or null: as abp_outbox_uses_file(). */
#define USES_FILE                                                                                  \
    "(d.planned_post_id IS NULL OR COALESCE((SELECT r.state FROM attempt_result r"                 \
    " WHERE r.attempt_id = a.id ORDER BY r.state <> 'posted', r.id DESC LIMIT 1), 'sending')"      \
    " <> 'not-posted')"

/* The experiment's id; it is added when it is new and `now` is not 0. 1; 0: there is none; -1. */
int abp_store_experiment_id(int64_t *id, struct abp_store *store, const char *name, int64_t now,
                            struct abp_error *err) ABP_MUST_CHECK;

#endif
