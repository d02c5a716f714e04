/* A streaming reader of separated text (RFC 4180 and what spreadsheets really write), one record at
 * a time, in memory that does not grow with the file.
 *
 * - Separator: given, or found from the first line among , ; tab | (the one that stands there most
 *   often outside quotes; , when none does). Excel's first line "sep=;" is obeyed and skipped.
 * - A UTF-8 byte order mark at the start is skipped. UTF-16 is refused by name.
 * - Records end with LF, CRLF or CR; the last one needs no end. Lines without a byte are skipped.
 * - A cell that starts with a quote runs to the closing quote, separators and line ends included;
 * "" inside is one quote. A quote inside a cell that does not start with one is an ordinary byte.
 * - Blanks around cells are kept. Cells hold valid UTF-8 without NUL, or the record has a problem.
 *
 * A record with a problem (a byte that is no UTF-8, text after a closing quote) is still delivered,
 * so that a caller can list every bad row of a file in one pass. What leaves no way to go on (a
 * quote that never closes, a record or a row of columns over the caps) is an error and ends the
 * reading. */
#ifndef ABPOST_CSV_H
#define ABPOST_CSV_H

#include "abpost/error.h"

#include <stddef.h>

#define ABP_CSV_RECORD_MAX  ((size_t)1 << 20) /* bytes of one record's cells */
#define ABP_CSV_COLUMNS_MAX ((size_t)4096)

/* Where the bytes come from. */
struct abp_csv_source {
    void *context; /* borrowed */
    /* Puts up to `size` bytes into data and their number into *got; *got = 0 is the end. */
    int (*read)(size_t *got, void *context, char *data, size_t size, struct abp_error *err);
};

struct abp_csv_cell {
    char *
        text; /* borrowed, NUL-terminated, until the next abp_csv_next(); may be changed in place */
    size_t len; /* bytes */
    long line;  /* of its first byte, from 1 */
};

struct abp_csv_record {
    const struct abp_csv_cell *cells; /* borrowed, until the next abp_csv_next() */
    size_t count;                     /* at least 1 */
    long line;                        /* where the record starts, from 1 */
    const char
        *problem; /* borrowed; NULL, or the first thing wrong with it: its text is not to be used */
    long problem_line;
    size_t problem_column; /* the cell, from 1 */
};

struct abp_csv;

/* name (borrowed while the reader lives) stands in errors. separator 0: found from the first line;
 * a quote, a line end or a byte over 127 is ABP_BUG. Reads the first bytes, so fails as
 * abp_csv_next() does. The caller closes. */
int abp_csv_open(struct abp_csv **csv, const struct abp_csv_source *source, const char *name,
                 char separator, struct abp_error *err) ABP_MUST_CHECK;
void abp_csv_close(struct abp_csv *csv);

char abp_csv_separator(const struct abp_csv *csv);

/* The next record: 1; 0 at the end; -1 with err: ABP_DATA with file and line (a quote still open at
 * the end of the file names the line where it was opened), or whatever the source said. */
int abp_csv_next(struct abp_csv *csv, struct abp_csv_record *record,
                 struct abp_error *err) ABP_MUST_CHECK;

#endif
