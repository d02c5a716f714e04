/* The workspace's store, and whether it is still there: a store that is lost must not be taken for
 * one that never was, or nothing would ever go out again, or everything once more. */
#ifndef ABPOST_CLI_STORED_H
#define ABPOST_CLI_STORED_H

#include "abpost/config.h"
#include "abpost/store.h"

/* Opens the workspace's store. Where it is not there and mode would not make it, 0 with *store
 * NULL: nothing was ever stored. -1 with ABP_DATA also when a plan was drawn in this workspace
 * (abp_stored_mark), and its store is missing or empty now. */
int abp_stored_open(struct abp_store **store, const struct abp_workspace *ws,
                    enum abp_store_mode mode, struct abp_error *err) ABP_MUST_CHECK;

/* From now on the store must be there: kept in ROOT/.abpost/stored. */
int abp_stored_mark(const struct abp_workspace *ws, struct abp_error *err) ABP_MUST_CHECK;

#endif
