/* Rows of the store as arrays that the statistics read. */
#ifndef EVALUATE_TABLE_H
#define EVALUATE_TABLE_H

#include "abpost/config.h"
#include "abpost/error.h"
#include "abpost/posterior.h"
#include "abpost/posts.h"

#include <stddef.h>
#include <stdint.h>

struct table_variant {
    const char *name; /* borrowed */
    double cost;      /* NaN: none */
    size_t posts, missing;
    double outcome, exposure; /* totals */
    int drawn; /* 1: a lot decided between it and the baseline: some block has both */
};

struct table {
    struct table_variant *variants; /* owned; the baseline first, then as declared, then as found */
    size_t variant_count;
    /* the observed posts */
    size_t posts;
    double *y, *n;                      /* owned */
    uint32_t *variant, *channel, *slot; /* owned */
    size_t channels, slots;
    int has_exposure;
    size_t *row;        /* owned; of the observed posts: their place among the store's rows */
    uint32_t *of_name;  /* owned; variant number by the store's number */
    size_t no_exposure; /* posts left out because they had an exposure of 0 */
    size_t no_exposure_reacted; /* of them, with an outcome above 0 */
    size_t missing;
    /* factors of the variants; 0 also where the data has a variant that the experiment says no
       levels of: `unknown` is its name, else NULL */
    size_t factors;
    size_t *levels;      /* owned; factors: how many levels each has */
    size_t *level;       /* owned; factors x variants, row-major */
    size_t *zero;        /* owned; factors: the baseline's level */
    const char *unknown; /* borrowed */
};

/* ABP_DATA when the baseline is not a variant at all, or no variant is. */
int table_init(struct table *table, const struct abp_experiment *experiment,
               const struct abp_posts *posts, struct abp_error *err) ABP_MUST_CHECK;
void table_release(struct table *table);

/* The observed posts, borrowed from the table. */
struct abp_data table_data(const struct table *table);

#endif
