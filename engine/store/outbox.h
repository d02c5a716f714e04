/* What the files of the outbox share. */
#ifndef ABP_STORE_OUTBOX_H
#define ABP_STORE_OUTBOX_H

#include "abpost/outbox.h"
#include "store/handle.h"

/* The experiment's id; it is added when it is new and `now` is not 0. 1; 0: there is none; -1. */
int abp_store_experiment_id(int64_t *id, struct abp_store *store, const char *name, int64_t now,
                            struct abp_error *err) ABP_MUST_CHECK;

#endif
