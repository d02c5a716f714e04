/* Writing the rows of an import into the store, in one transaction: killed or failing at any moment
 * it leaves all or nothing. Memory does not grow with the rows or with the experiments.
 *
 *     abp_rows_begin -> (abp_rows_add) x n -> abp_rows_commit -> abp_rows_end
 *
 * Ended without a commit it leaves no trace. */
#ifndef ABPOST_ROWS_H
#define ABPOST_ROWS_H

#include "abpost/store.h"

struct abp_rows;

/* One row of an imported file. Strings are borrowed for the call. */
struct abp_row {
    int64_t line;           /* of the file, from 1; ascends from row to row */
    const char *experiment; /* value of the experiment column; NULL: there is none */
    const char *variant;
    const char *channel, *slot, *block; /* NULL: no such column */
    int has_time;
    int64_t posted_at; /* UTC seconds since 1970; only with has_time */
    /* One value for each metric given to abp_rows_begin; NaN: not read. */
    const double *values;
    int observed; /* 1: counts as observed */
};

/* Takes the store's lock for writing. experiment_file: the INI's name; path: of the imported file;
 * now: UTC seconds; metrics: what the values of every row are, in their order, distinct. All
 * borrowed until abp_rows_end(). */
int abp_rows_begin(struct abp_rows **rows, struct abp_store *store, const char *experiment_file,
                   const char *path, const char *const *metrics, size_t metric_count, int64_t now,
                   struct abp_error *err) ABP_MUST_CHECK;

/* After a failure, only abp_rows_end(). */
int abp_rows_add(struct abp_rows *rows, const struct abp_row *row,
                 struct abp_error *err) ABP_MUST_CHECK;

/* From here on it is the newest import of its experiment file. Fills info. */
int abp_rows_commit(struct abp_rows *rows, struct abp_import_info *info, const char *content_hash,
                    const char *settings_hash, struct abp_error *err) ABP_MUST_CHECK;

/* Frees; takes everything back when it was not committed. NULL is fine. */
void abp_rows_end(struct abp_rows *rows);

#endif
