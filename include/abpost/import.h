/* CSV import: the rows that an experiment file's [import] describes, from its file into the store.
 *
 * - All or nothing. One row that can't be read refuses the file, and the store stays as it was:
 * every bad row is counted, and the first are listed with line and column. What is left after a
 * kill, a full disk or an error is what was there before.
 * - The same file, read the same way, as the newest import of that experiment file changes nothing.
 * Another content or another [import] makes a new import; the earlier one stays as a fact and
 * counts no more.
 * - Blanks around a cell do not count. A row whose cells are all empty is skipped and counted.
 * - Variant, channel, slot, block and experiment must stand in every row (empty, or one of the
 * `missing` words, is a bad row). With declared variants any other value is a bad row.
 * - A reading is a plain decimal that is not negative: no thousands separator, decimal comma,
 * percent or currency sign. Empty or one of the `missing` words: not read. A row where a `required`
 * column is not read has no reading at all, whatever its other cells say.
 * - A row is observed when every column of outcome and exposure was read, else missing.
 * - time: RFC 3339, or 2019-02-22, 2019/02/22, with 20:30 or 20:30:15 after a blank or T (UTC
 * unless an offset follows), or seconds since 1970 (ten digits). Empty or missing: not known.
 * Anything that could be read in two ways (3/4/19) is a bad row. */
#ifndef ABPOST_IMPORT_H
#define ABPOST_IMPORT_H

#include "abpost/config.h"
#include "abpost/env.h"
#include "abpost/store.h"

#include <stddef.h>
#include <stdint.h>

/* Bad cells listed at most; a last entry without a line says how many bad rows there are. */
#define ABP_IMPORT_LISTED 20
/* Bytes of a variant, channel, slot, block or experiment at most. */
#define ABP_IMPORT_NAME_MAX 1000

/* Told after every piece of the file that was read. */
struct abp_progress {
    void (*update)(void *context, int64_t done, int64_t total); /* bytes */
    void *context;                                              /* borrowed */
};

struct abp_import_result {
    int unchanged;               /* 1: it was in the store already; info is that import */
    struct abp_import_info info; /* the newest import; all 0 after a failure */
    size_t rows;                 /* good and bad ones; 0 when unchanged */
    size_t bad;                  /* rows */
    size_t empty;                /* rows skipped because all their cells were empty */
};

/* env: its clock. progress may be NULL. 0; -1 with err ABP_DATA after adding at least one mistake
 * (missing columns, all of them at once; bad rows; what ended the reading), or as store.h says.
 * result is filled either way. An experiment without [import] is ABP_BUG. */
int abp_import_run(struct abp_import_result *result, struct abp_store *store,
                   const struct abp_experiment *experiment, const struct abp_env *env,
                   const struct abp_progress *progress, struct abp_mistakes *mistakes,
                   struct abp_error *err) ABP_MUST_CHECK;

/* 1: the newest import of the experiment file read the file as it is now, the way [import] is now;
 * 0: it did not, or there is none; -1 as above (a file that is gone, say). Changes nothing, and
 * does not read the rows. */
int abp_import_is_current(struct abp_store *store, const struct abp_experiment *experiment,
                          struct abp_error *err) ABP_MUST_CHECK;

#endif
