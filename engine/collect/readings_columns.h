/* What the columns of a file of readings mean. */
#ifndef ABP_COLLECT_READINGS_COLUMNS_H
#define ABP_COLLECT_READINGS_COLUMNS_H

#include "abpost/csv.h"
#include "abpost/made.h"
#include "abpost/readings_csv.h"

#define ABP_READINGS_NONE ((size_t)-1)

struct abp_readings_columns {
    char **names;             /* owned, trimmed; count */
    unsigned char *is_metric; /* owned; count */
    size_t count;
    size_t post, url, read_at; /* ABP_READINGS_NONE: no such column */
};

/* Reads the header. -1: every mistake of it is listed (ABP_DATA), or memory is out. Zeroed columns
 * are fine to release. */
int abp_readings_columns_find(struct abp_readings_columns *columns,
                              const struct abp_csv_record *header,
                              const struct abp_readings_input *input,
                              const struct abp_made_list *made, struct abp_mistakes *mistakes,
                              struct abp_error *err) ABP_MUST_CHECK;
void abp_readings_columns_release(struct abp_readings_columns *columns);

#endif
