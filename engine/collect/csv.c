#include "abpost/csv.h"

#include "abpost/buffer.h"
#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t)65536)

enum { STOP_PLAIN = 1, STOP_QUOTED = 2 };
enum { END_OF_FILE = -1, FAILED = -2 };

struct place {
    size_t offset, len; /* in `text` */
    long line;
};

struct abp_csv {
    struct abp_csv_source source; /* its context borrowed */
    const char *name;             /* borrowed */
    char separator;
    unsigned char stops[256];   /* STOP_ bits: bytes that end a run inside a cell */
    unsigned char chunk[CHUNK]; /* bytes read and not yet taken: chunk[at..end) */
    size_t at, end;
    long line;              /* of the next byte */
    int after_cr;           /* 1: an LF that comes next belongs to the CR before it */
    unsigned char seen;     /* every byte of this record or'ed: >= 0x80 when it is not pure ASCII */
    struct abp_buffer text; /* the record's cells, a NUL after each */
    struct place *places;   /* owned; `count` cells of the record */
    struct abp_csv_cell *cells; /* owned; the same, handed out */
    size_t count, capacity;
    const char *problem; /* borrowed (literal) */
    long problem_line;
    size_t problem_column;
};

/* ---- bytes ---- */

/* The next byte without taking it, END_OF_FILE or FAILED. */
static int peek(struct abp_csv *csv, struct abp_error *err)
{
    if (csv->at == csv->end) {
        size_t got = 0;
        if (csv->source.read(&got, csv->source.context, (char *)csv->chunk, CHUNK, err) != 0)
            return FAILED;
        csv->at = 0;
        csv->end = got;
        if (got == 0)
            return END_OF_FILE;
    }
    return csv->chunk[csv->at];
}

static int fail_size(struct abp_csv *csv, long line, struct abp_error *err)
{
    if (csv->text.len + CHUNK < csv->text.max)
        return abp_fail_memory(err);
    return abp_fail_at(
        err, ABP_DATA, csv->name, line,
        "this record is longer than %zu bytes; look for a quote that is never closed",
        ABP_CSV_RECORD_MAX);
}

/* Appends the bytes up to the next stop of that kind. Returns the stop, not taken, or END_OF_FILE
 * or FAILED. `line` is where the cell began. */
static int take_run(struct abp_csv *csv, unsigned kind, long line, struct abp_error *err)
{
    for (;;) {
        int byte = peek(csv, err);
        if (byte < 0)
            return byte;
        size_t at = csv->at;
        unsigned char seen = csv->seen;
        while (at < csv->end && !(csv->stops[csv->chunk[at]] & kind))
            seen |= csv->chunk[at++];
        csv->seen = seen;
        if (abp_buffer_append(&csv->text, csv->chunk + csv->at, at - csv->at) != 0) {
            fail_size(csv, line, err);
            return FAILED;
        }
        csv->at = at;
        if (at < csv->end)
            return csv->chunk[at];
    }
}

/* Takes the CR or LF that comes next; the LF of a CRLF is taken when it is met. */
static void take_line_end(struct abp_csv *csv, int byte)
{
    csv->at++;
    csv->line++;
    csv->after_cr = byte == '\r';
}

/* Takes the LF of a CRLF whose CR is already gone. */
static int finish_line_end(struct abp_csv *csv, struct abp_error *err)
{
    if (!csv->after_cr)
        return 0;
    int byte = peek(csv, err);
    if (byte == FAILED)
        return -1;
    csv->after_cr = 0;
    if (byte == '\n')
        csv->at++;
    return 0;
}

/* ---- cells ---- */

static void note_problem(struct abp_csv *csv, const char *problem)
{
    if (csv->problem)
        return;
    csv->problem = problem;
    csv->problem_line = csv->line;
    csv->problem_column = csv->count + 1;
}

static int keep_byte(struct abp_csv *csv, char byte, long line, struct abp_error *err)
{
    return abp_buffer_byte(&csv->text, byte) != 0 ? fail_size(csv, line, err) : 0;
}

/* A NUL can not be kept in text: it is noted, and a blank stands for it. */
static int replace_nul(struct abp_csv *csv, long line, struct abp_error *err)
{
    note_problem(csv, "a NUL byte; this is not a text file, or it was damaged");
    csv->at++;
    return keep_byte(csv, ' ', line, err);
}

/* The rest of a cell that is not inside quotes. Returns the separator, the line end, END_OF_FILE or
 * FAILED; the stop is not taken. */
static int read_plain(struct abp_csv *csv, long line, struct abp_error *err)
{
    for (;;) {
        int stop = take_run(csv, STOP_PLAIN, line, err);
        if (stop != '\0')
            return stop;
        if (replace_nul(csv, line, err) != 0)
            return FAILED;
    }
}

/* A line end inside quotes is text, as it stands, and counts as one line. */
static int keep_line_end(struct abp_csv *csv, int byte, long line, struct abp_error *err)
{
    take_line_end(csv, byte);
    if (keep_byte(csv, (char)byte, line, err) != 0)
        return -1;
    if (!csv->after_cr)
        return 0;
    int next = peek(csv, err);
    csv->after_cr = 0;
    if (next == FAILED)
        return -1;
    if (next != '\n')
        return 0;
    csv->at++;
    return keep_byte(csv, '\n', line, err);
}

/* A cell whose opening quote is taken. Returns as read_plain() does. */
static int read_quoted(struct abp_csv *csv, long line, struct abp_error *err)
{
    for (;;) {
        int stop = take_run(csv, STOP_QUOTED, line, err);
        if (stop == END_OF_FILE)
            abp_fail_at(err, ABP_DATA, csv->name, line,
                        "the quote opened here in column %zu is never closed; the file was cut "
                        "short, or a quote is missing",
                        csv->count + 1);
        if (stop < 0)
            return FAILED;
        if (stop == '\0') {
            if (replace_nul(csv, line, err) != 0)
                return FAILED;
            continue;
        }
        if (stop != '"') {
            if (keep_line_end(csv, stop, line, err) != 0)
                return FAILED;
            continue;
        }
        csv->at++;
        int next = peek(csv, err);
        if (next != '"')
            break;
        csv->at++;
        if (keep_byte(csv, '"', line, err) != 0)
            return FAILED;
    }
    size_t len = csv->text.len;
    int stop = read_plain(csv, line, err);
    if (stop != FAILED && csv->text.len > len)
        note_problem(csv, "text after a closing quote; a quote inside quotes is written twice");
    return stop;
}

static int grow(struct abp_csv *csv, struct abp_error *err)
{
    if (csv->count == ABP_CSV_COLUMNS_MAX)
        return abp_fail_at(err, ABP_DATA, csv->name, csv->line, "more than %zu columns",
                           ABP_CSV_COLUMNS_MAX);
    size_t capacity = csv->capacity ? csv->capacity * 2 : 32;
    struct place *places = realloc(csv->places, capacity * sizeof *places);
    if (!places)
        return abp_fail_memory(err);
    csv->places = places;
    struct abp_csv_cell *cells = realloc(csv->cells, capacity * sizeof *cells);
    if (!cells)
        return abp_fail_memory(err);
    csv->cells = cells;
    csv->capacity = capacity;
    return 0;
}

/* One cell, its stop not taken. Returns as read_plain() does. */
static int read_cell(struct abp_csv *csv, struct abp_error *err)
{
    if (csv->count == csv->capacity && grow(csv, err) != 0)
        return FAILED;
    struct place *place = &csv->places[csv->count];
    place->offset = csv->text.len;
    place->line = csv->line;
    int stop = peek(csv, err);
    if (stop == '"') {
        csv->at++;
        stop = read_quoted(csv, place->line, err);
    } else if (stop >= 0) {
        stop = read_plain(csv, place->line, err);
    }
    if (stop == FAILED)
        return FAILED;
    place->len = csv->text.len - place->offset;
    if (keep_byte(csv, '\0', place->line, err) != 0)
        return FAILED;
    csv->count++;
    return stop;
}

/* ---- records ---- */

/* Skips lines without a byte. Returns the first byte of the next record, END_OF_FILE or FAILED. */
static int skip_empty_lines(struct abp_csv *csv, struct abp_error *err)
{
    for (;;) {
        if (finish_line_end(csv, err) != 0)
            return FAILED;
        int byte = peek(csv, err);
        if (byte != '\n' && byte != '\r')
            return byte;
        take_line_end(csv, byte);
    }
}

static void check_utf8(struct abp_csv *csv)
{
    for (size_t i = 0; i < csv->count; i++) {
        const struct place *place = &csv->places[i];
        const char *text = csv->text.data + place->offset;
        if (abp_utf8_invalid_at(text, place->len) == place->len)
            continue;
        if (csv->problem && csv->problem_column <= i + 1)
            return;
        csv->problem = "not valid UTF-8; save the file again as UTF-8";
        csv->problem_line = place->line;
        csv->problem_column = i + 1;
        return;
    }
}

static void hand_out(struct abp_csv *csv, struct abp_csv_record *record)
{
    for (size_t i = 0; i < csv->count; i++) {
        csv->cells[i].text = csv->text.data + csv->places[i].offset;
        csv->cells[i].len = csv->places[i].len;
        csv->cells[i].line = csv->places[i].line;
    }
    record->cells = csv->cells;
    record->count = csv->count;
    record->line = csv->places[0].line;
    record->problem = csv->problem;
    record->problem_line = csv->problem_line;
    record->problem_column = csv->problem_column;
}

int abp_csv_next(struct abp_csv *csv, struct abp_csv_record *record, struct abp_error *err)
{
    abp_buffer_reset(&csv->text);
    csv->count = 0;
    csv->seen = 0;
    csv->problem = NULL;
    int stop = skip_empty_lines(csv, err);
    if (stop < 0)
        return stop == END_OF_FILE ? 0 : -1;
    for (;;) {
        stop = read_cell(csv, err);
        if (stop == FAILED)
            return -1;
        if (stop != (unsigned char)csv->separator)
            break;
        csv->at++;
    }
    if (stop != END_OF_FILE)
        take_line_end(csv, stop);
    if (csv->seen >= 0x80)
        check_utf8(csv);
    hand_out(csv, record);
    return 1;
}

/* ---- the start of a file ---- */

/* Fills the chunk as far as the source goes, so that the first line can be looked at whole. */
static int fill_chunk(struct abp_csv *csv, struct abp_error *err)
{
    while (csv->end < CHUNK) {
        size_t got = 0;
        if (csv->source.read(&got, csv->source.context, (char *)csv->chunk + csv->end,
                             CHUNK - csv->end, err) != 0)
            return -1;
        if (got == 0)
            return 0;
        csv->end += got;
    }
    return 0;
}

static int skip_mark(struct abp_csv *csv, struct abp_error *err)
{
    const unsigned char *c = csv->chunk;
    if (csv->end >= 2 && ((c[0] == 0xFF && c[1] == 0xFE) || (c[0] == 0xFE && c[1] == 0xFF)))
        return abp_fail_at(err, ABP_DATA, csv->name, 1, "this is UTF-16; save it again as UTF-8");
    if (csv->end >= 3 && memcmp(c, "\xEF\xBB\xBF", 3) == 0)
        csv->at = 3;
    return 0;
}

/* Excel's hint "sep=;" as the whole first line. Returns the separator, or 0 when there is none. */
static char take_hint(struct abp_csv *csv)
{
    const unsigned char *c = csv->chunk + csv->at;
    if (csv->end - csv->at < 6 || memcmp(c, "sep=", 4) != 0 || (c[5] != '\n' && c[5] != '\r'))
        return 0;
    if (!strchr(",;\t|", c[4]) || c[4] == '\0')
        return 0;
    csv->at += 5;
    return (char)c[4];
}

static char find_separator(const struct abp_csv *csv)
{
    static const char candidates[] = ",;\t|";
    size_t counts[4] = {0};
    int quoted = 0;
    for (size_t i = csv->at; i < csv->end; i++) {
        char byte = (char)csv->chunk[i];
        if (byte == '"')
            quoted = !quoted;
        else if (!quoted && (byte == '\n' || byte == '\r'))
            break;
        else if (!quoted)
            for (size_t k = 0; k < 4; k++)
                counts[k] += byte == candidates[k];
    }
    size_t best = 0;
    for (size_t k = 1; k < 4; k++)
        if (counts[k] > counts[best])
            best = k;
    return candidates[best];
}

static int start(struct abp_csv *csv, char separator, struct abp_error *err)
{
    if (fill_chunk(csv, err) != 0 || skip_mark(csv, err) != 0)
        return -1;
    char hint = take_hint(csv);
    if (!separator)
        separator = hint ? hint : find_separator(csv);
    csv->separator = separator;
    csv->stops[(unsigned char)separator] |= STOP_PLAIN;
    csv->stops['\n'] = csv->stops['\r'] = csv->stops['\0'] = STOP_PLAIN | STOP_QUOTED;
    csv->stops['"'] = STOP_QUOTED;
    return 0;
}

int abp_csv_open(struct abp_csv **out, const struct abp_csv_source *source, const char *name,
                 char separator, struct abp_error *err)
{
    *out = NULL;
    if (separator == '"' || separator == '\n' || separator == '\r' || (separator & 0x80))
        return abp_fail(err, ABP_BUG, "separator %d of a CSV file", separator);
    struct abp_csv *csv = calloc(1, sizeof *csv);
    if (!csv)
        return abp_fail_memory(err);
    csv->source = *source;
    csv->name = name;
    csv->line = 1;
    abp_buffer_init(&csv->text, ABP_CSV_RECORD_MAX);
    if (start(csv, separator, err) != 0) {
        abp_csv_close(csv);
        return -1;
    }
    *out = csv;
    return 0;
}

void abp_csv_close(struct abp_csv *csv)
{
    if (!csv)
        return;
    abp_buffer_release(&csv->text);
    free(csv->places);
    free(csv->cells);
    free(csv);
}

char abp_csv_separator(const struct abp_csv *csv)
{
    return csv->separator;
}
