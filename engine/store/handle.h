/* What stands behind struct abp_store, for the files of this folder. */
#ifndef ABP_STORE_HANDLE_H
#define ABP_STORE_HANDLE_H

#include "abpost/store.h"
#include "store/db.h"

struct abp_store {
    struct abp_db *db; /* owned */
    /* owned; prepared at first use and kept, since 10,000 experiments are read with the same ones
     */
    struct abp_statement *experiment_at, *posts_of;
};

/* id of the experiment at that position, and its name (owned by the caller). */
int abp_store_experiment_at(int64_t *id, char **name, struct abp_store *store, int64_t import_id,
                            int64_t position, struct abp_error *err) ABP_MUST_CHECK;

#endif
