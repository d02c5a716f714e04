/* The text of one cell, understood or refused in words. Texts are trimmed. Functions that refuse
 * put what is wrong into why, which goes behind "column 3 (likes): ". */
#ifndef ABP_COLLECT_CELL_H
#define ABP_COLLECT_CELL_H

#include "abpost/config.h"

#include <stdint.h>

#define ABP_WHY_SIZE 320

/* 1: empty, or one of the missing words. */
int abp_cell_is_missing(const char *text, const struct abp_names *missing);

/* A reading: finite, not negative; NaN when the cell is missing. 0 or -1. */
int abp_cell_reading(double *value, const char *text, const struct abp_names *missing, char *why);

/* The same of what is counted in whole numbers: "12" and "12.0". "1.000" is refused, which may be a
 * thousand. Whether it is whole is asked when it is known what it is multiplied with. */
int abp_cell_count(double *value, const char *text, const struct abp_names *missing, char *why);
/* weight times the value of the text is a whole number, as the family asks. 0 or -1. */
int abp_cell_whole(double value, double weight, const char *text, enum abp_family family,
                   char *why);

/* UTC seconds since 1970; *known 0 when the cell is missing. 0 or -1. */
int abp_cell_time(int64_t *utc, int *known, const char *text, const struct abp_names *missing,
                  char *why);

/* A variant, channel, ... : not missing, not too long, and one of `allowed` when there are any. 0
 * or -1. */
int abp_cell_name(const char *text, const struct abp_names *missing, const char *const *allowed,
                  size_t allowed_count, char *why);

#endif
