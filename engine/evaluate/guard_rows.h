/* The posts of an experiment as the guard wants them: in the order in which they matured. */
#ifndef EVALUATE_GUARD_ROWS_H
#define EVALUATE_GUARD_ROWS_H

#include "abpost/config.h"
#include "abpost/guard.h"
#include "abpost/posts.h"
#include "evaluate/table.h"

struct guard_rows {
    struct abp_guard_input input; /* of the arrays below */
    double *outcome, *exposure;   /* owned, as is the rest */
    size_t *variant, *slot;
    int64_t *block;
    uint32_t *channel;
    double *probability; /* NULL: every block was shuffled */
    int timed;           /* 1: the rows carry times, so their order is that of the looks */
};

/* The rows that stand in a block. -1: memory is out; nothing is to be released. */
int guard_rows_init(struct guard_rows *rows, const struct abp_experiment *experiment,
                    const struct abp_posts *posts, const struct table *table,
                    struct abp_error *err) ABP_MUST_CHECK;
void guard_rows_release(struct guard_rows *rows);

#endif
