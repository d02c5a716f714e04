/* What an [import] asks of a file, and in which columns it stands. */
#ifndef ABP_COLLECT_LAYOUT_H
#define ABP_COLLECT_LAYOUT_H

#include "abpost/config.h"
#include "abpost/csv.h"

#include <stddef.h>

enum abp_role {
    ABP_ROLE_VARIANT,
    ABP_ROLE_CHANNEL,
    ABP_ROLE_SLOT,
    ABP_ROLE_BLOCK,
    ABP_ROLE_EXPERIMENT,
    ABP_ROLE_TIME,
    ABP_ROLE_COUNT
};

#define ABP_NO_COLUMN ((size_t)-1)

struct abp_layout {
    const struct abp_experiment *experiment; /* borrowed */
    const char *names[ABP_ROLE_COUNT];       /* borrowed; NULL: the file has no such column */
    size_t columns[ABP_ROLE_COUNT];          /* from 0; ABP_NO_COLUMN */
    const char *
        *metrics; /* owned list of borrowed, distinct names: outcome, exposure, guardrails */
    size_t *metric_columns; /* owned */
    size_t metric_count;
    size_t needed_count;   /* metrics[0..needed_count) are those of outcome and exposure */
    size_t *required;      /* owned; columns */
    const char **variants; /* owned list of borrowed names; the declared ones */
    char **header;         /* owned, with its names: the columns of the file, trimmed */
    size_t header_count;
};

/* The part that the experiment file alone decides. Zero-initialise before; release after either
 * way. */
int abp_layout_init(struct abp_layout *layout, const struct abp_experiment *experiment,
                    struct abp_error *err) ABP_MUST_CHECK;
/* Finds the columns in the header; every missing one is added to mistakes. */
int abp_layout_find(struct abp_layout *layout, const struct abp_csv_record *header,
                    const char *file, struct abp_mistakes *mistakes,
                    struct abp_error *err) ABP_MUST_CHECK;
/* SHA-256 of everything that decides which facts a file gives, into hex[65]. */
int abp_layout_hash(char *hex, const struct abp_layout *layout,
                    struct abp_error *err) ABP_MUST_CHECK;
void abp_layout_release(struct abp_layout *layout);

#endif
