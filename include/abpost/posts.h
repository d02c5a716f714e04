/* One experiment's posts as an evaluation wants them: a row a post, names as numbers, sums done.
 *
 * Sums are those of the experiment file (struct abp_sum) over the readings: weight times value,
 * added up; a term that was not read makes the sum missing (NaN), never smaller. */
#ifndef ABPOST_POSTS_H
#define ABPOST_POSTS_H

#include "abpost/store.h"
#include "abpost/terms.h"

#include <stddef.h>
#include <stdint.h>

struct abp_post_row {
    double outcome;                  /* finite; NaN: missing */
    double exposure;                 /* finite; 1 when the experiment has none; NaN: missing */
    uint32_t variant, channel, slot; /* indices into the names of struct abp_posts */
    int64_t block;                   /* 0 to block_count - 1; -1: none */
    int64_t line;                    /* of the imported file; `made`: the post's number */
    int64_t posted_at;               /* UTC seconds since 1970; only with has_time */
    int has_time;
};

/* Names stand in the order of their first row, missing rows too. Where the data names no channel
 * (or slot), there is one, called "". */
struct abp_posts {
    char *name;                                 /* owned; of the experiment */
    struct abp_post_row *rows;                  /* owned; in the order of the file */
    size_t count;                               /* observed and missing */
    size_t missing;                             /* rows without outcome or exposure */
    struct abp_names variants, channels, slots; /* owned */
    size_t block_count; /* a block is one value of the block column, whatever its channel */
    int made;           /* 1: abpost made them: they have numbers, and no line of a file */
    int randomised;     /* 1: the rows carry the blocks they were randomised in; abp_posts_load
                           (fetch.h) makes that 0 where no block has posts of two styles */
    /* Posts of the experiment that abpost made and that are mature, but are no part of this
       comparison and no rows: a winner's own blocks, in which nothing was drawn, and what went
       before a test that began anew. max_posts counts them. */
    size_t apart;
    int anew; /* 1: this test began when a decision was withdrawn: nobody said before its first
                 post how many blocks it would have */
    double *guardrails; /* owned; count x guardrail_count, a post's values together: the guardrails'
                           sums, NaN missing; NULL when there are none */
    size_t guardrail_count;
    /* Where labels were drawn post by post (top-two): count x chances.count, a post's together, the
       probability that each style's label was drawn with; NaN: the post's block was shuffled. NULL:
       every block was. Owned. */
    double *chance;
    struct abp_names chances; /* owned; the styles */
    struct abp_names notes;   /* owned; sentences on how these posts came about that a reader of the
                                 result should know */
};

/* Adds a note. */
int abp_posts_note(struct abp_posts *posts, struct abp_error *err, const char *format, ...)
    ABP_PRINTF(3, 4);

/* Loads experiment number `position` of an import (store.h). sums: the outcome's, the exposure's
 * (no terms: there is none), then those of the guardrails; at least two, borrowed during the call.
 * Takes time and memory in proportion to that experiment's rows, however many others the store
 * holds. ABP_DATA when a sum is too large to be a number; otherwise fails as store.h says. On -1
 * posts is released. */
int abp_posts_read(struct abp_posts *posts, struct abp_store *store, int64_t import_id,
                   int64_t position, const struct abp_sum *const *sums, size_t sum_count,
                   struct abp_error *err) ABP_MUST_CHECK;
void abp_posts_release(struct abp_posts *posts);

#endif
