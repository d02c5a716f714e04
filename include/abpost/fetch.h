/* The posts of an experiment file, out of a store. */
#ifndef ABPOST_FETCH_H
#define ABPOST_FETCH_H

#include "abpost/config.h"
#include "abpost/posts.h"

/* Loads experiment number `position` of an import (store.h) with the sums that the experiment file
 * names: [import]'s outcome and exposure, and the guardrails. Blocks none of which has posts of two
 * styles don't count as randomised, and a note says so, as of names that differ too little to be
 * seen. Fails as abp_posts_read; on -1 posts is released. */
int abp_posts_load(struct abp_posts *posts, struct abp_store *store,
                   const struct abp_experiment *file, int64_t import_id, int64_t position,
                   struct abp_error *err) ABP_MUST_CHECK;

#endif
