/* The CSV reader over any bytes. Beyond not crashing: cells of a record without a problem are UTF-8
 * without NUL, lines ascend and lie in the file, and the pieces in which bytes arrive change
 * nothing. */
#include "abpost/csv.h"
#include "abpost/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    const uint8_t *data;
    size_t len, at, piece;
};

struct reading {
    uint64_t hash;
    size_t records;
    int end; /* 0 or -1 */
    long error_line;
};

static void must(int condition)
{
    if (!condition)
        abort();
}

static int read_bytes(size_t *got, void *context, char *data, size_t size, struct abp_error *err)
{
    struct bytes *b = context;
    size_t n = b->len - b->at;
    (void)err;
    n = n < size ? n : size;
    n = n < b->piece ? n : b->piece;
    if (n)
        memcpy(data, b->data + b->at, n);
    b->at += n;
    *got = n;
    return 0;
}

static void add(uint64_t *hash, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < len; i++)
        *hash = (*hash ^ p[i]) * UINT64_C(1099511628211);
}

static void check_record(const struct abp_csv_record *record, long lines, uint64_t *hash)
{
    must(record->count >= 1 && record->count <= ABP_CSV_COLUMNS_MAX);
    must(record->line >= 1 && record->line <= lines);
    if (record->problem)
        must(record->problem_line >= record->line && record->problem_line <= lines &&
             record->problem_column >= 1 && record->problem_column <= record->count);
    long line = record->line;
    for (size_t i = 0; i < record->count; i++) {
        const struct abp_csv_cell *cell = &record->cells[i];
        must(strlen(cell->text) == cell->len && cell->line >= line && cell->line <= lines);
        must(record->problem || abp_utf8_invalid_at(cell->text, cell->len) == cell->len);
        line = cell->line;
        add(hash, cell->text, cell->len + 1);
        add(hash, &cell->line, sizeof cell->line);
    }
    add(hash, &record->problem_column, record->problem ? sizeof record->problem_column : 0);
}

static struct reading read_all(const uint8_t *data, size_t size, size_t piece, char separator)
{
    struct bytes bytes = {data, size, 0, piece};
    struct abp_csv_source source = {&bytes, read_bytes};
    struct reading reading = {.hash = 1, .end = -1};
    struct abp_csv_record record;
    struct abp_csv *csv = NULL;
    struct abp_error err = {0};
    long lines = 1, last = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || data[i] == '\r';
    if (abp_csv_open(&csv, &source, "x.csv", separator, &err) == 0) {
        while ((reading.end = abp_csv_next(csv, &record, &err)) > 0) {
            must(record.line > last);
            last = record.line;
            check_record(&record, lines, &reading.hash);
            reading.records++;
        }
        abp_csv_close(csv);
    }
    must(reading.end == 0 ||
         (err.code == ABP_DATA && err.line >= 1 && err.line <= lines && err.message[0] != '\0'));
    reading.error_line = err.line;
    return reading;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char separators[] = {0, ',', ';', '\t', '|', ' ', 'a'};
    char separator = size ? separators[data[size - 1] % 7] : 0;
    struct reading whole = read_all(data, size, SIZE_MAX, separator);
    struct reading pieces = read_all(data, size, 1 + size % 7, separator);
    must(whole.hash == pieces.hash && whole.records == pieces.records && whole.end == pieces.end &&
         whole.error_line == pieces.error_line);
    return 0;
}
