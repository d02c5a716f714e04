/* The CSV reader: every cell of hard files, the same whatever the pieces in which the bytes arrive.
 */
#include "abpost/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
    const char *data;
    size_t len, at, piece;
};

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

/* All of a file as one text: cells in [], a line number before each record, a problem after it. */
static void show(char *out, size_t size, const char *data, size_t len, size_t piece, char separator)
{
    struct bytes bytes = {data, len, 0, piece};
    struct abp_csv_source source = {&bytes, read_bytes};
    struct abp_csv_record record;
    struct abp_csv *csv = NULL;
    struct abp_error err = {0};
    size_t n = 0;
    int more = -1;
    out[0] = '\0';
    if (abp_csv_open(&csv, &source, "x.csv", separator, &err) == 0)
        while ((more = abp_csv_next(csv, &record, &err)) > 0) {
            n += (size_t)snprintf(out + n, size - n, "%ld", record.line);
            for (size_t i = 0; i < record.count; i++) {
                assert_int_equal(strlen(record.cells[i].text), record.cells[i].len);
                n += (size_t)snprintf(out + n, size - n, "[%s]", record.cells[i].text);
            }
            if (record.problem)
                n += (size_t)snprintf(out + n, size - n, "!%ld:%zu", record.problem_line,
                                      record.problem_column);
            n += (size_t)snprintf(out + n, size - n, " ");
        }
    if (more < 0)
        snprintf(out + n, size - n, "ERROR %d line %ld", (int)err.code, err.line);
    abp_csv_close(csv);
}

static void check_bytes(const char *data, size_t len, char separator, const char *expected)
{
    char shown[2000];
    for (size_t piece = 1; piece <= len + 1; piece++) {
        show(shown, sizeof shown, data, len, piece, separator);
        assert_string_equal(shown, expected);
    }
}

static void check(const char *text, const char *expected)
{
    check_bytes(text, strlen(text), 0, expected);
}

static void test_plain(void **state)
{
    (void)state;
    check("a,b\n1,2\n", "1[a][b] 2[1][2] ");
    check("a,b\n1,2", "1[a][b] 2[1][2] ");
    check("a,b\r\n1,2\r\n", "1[a][b] 2[1][2] ");
    check("a,b\r1,2\r", "1[a][b] 2[1][2] ");
    check("a,b\n,\n1,\n,2", "1[a][b] 2[][] 3[1][] 4[][2] ");
    check("a\n1", "1[a] 2[1] ");
    check(" a , b \n", "1[ a ][ b ] ");
    check("", "");
    check("\n\r\n\r", "");
    check("\n\na,b\n\n\r\n1,2\n\n", "3[a][b] 6[1][2] ");
}

static void test_quotes(void **state)
{
    (void)state;
    check("a,b\n\"1,2\",3\n", "1[a][b] 2[1,2][3] ");
    check("a,b\n\"say \"\"hi\"\"\",\"\"\n", "1[a][b] 2[say \"hi\"][] ");
    check("a,b\n\"\"\"\",\"\"\"\"\"\"\n", "1[a][b] 2[\"][\"\"] ");
    check("a,b\n\"1\n2\r\n3\r4\",5\n6,7\n", "1[a][b] 2[1\n2\r\n3\r4][5] 6[6][7] ");
    check("a,b\n5\" screen,x\"y\"z\n", "1[a][b] 2[5\" screen][x\"y\"z] ");
    check("a,b\n\"1\"x,2\n3,4\n", "1[a][b] 2[1x][2]!2:1 3[3][4] ");
    check("a,b\n1,\"2\"\"\n3,4\n", "1[a][b] ERROR 4 line 2");
    check("a,b\n1,\"x\n\ny", "1[a][b] ERROR 4 line 2");
    check("a,b\n1,\"", "1[a][b] ERROR 4 line 2");
    check("\"a;x\";b\n1;2\n", "1[a;x][b] 2[1][2] ");
}

/* The message says where the quote was opened, the code is the one for bad data. */
static void test_cut_file(void **state)
{
    (void)state;
    static const char text[] = "a,b\n1,2\n3,\"four\nfive\nsix";
    struct bytes bytes = {text, sizeof text - 1, 0, 100};
    struct abp_csv_source source = {&bytes, read_bytes};
    struct abp_csv_record record;
    struct abp_csv *csv = NULL;
    struct abp_error err = {0};
    assert_int_equal(abp_csv_open(&csv, &source, "posts.csv", 0, &err), 0);
    assert_int_equal(abp_csv_next(csv, &record, &err), 1);
    assert_int_equal(abp_csv_next(csv, &record, &err), 1);
    assert_int_equal(abp_csv_next(csv, &record, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_int_equal(err.line, 3);
    assert_string_equal(err.file, "posts.csv");
    assert_non_null(strstr(err.message, "opened here in column 2 is never closed"));
    abp_csv_close(csv);
}

static void test_separators(void **state)
{
    (void)state;
    check("a;b;c\n1;2;3\n", "1[a][b][c] 2[1][2][3] ");
    check("a\tb\n1\t2\n", "1[a][b] 2[1][2] ");
    check("a|b\n1|2\n", "1[a][b] 2[1][2] ");
    check("a;b,c;d\n1;2;3\n", "1[a][b,c][d] 2[1][2][3] ");
    check("sep=;\na;b\n1,5;2\n", "2[a][b] 3[1,5][2] ");
    check("sep=;\r\na,x;b\r\n", "2[a,x][b] ");
    check("sep=x\na,b\n", "1[sep=x] 2[a][b] ");
    check_bytes("a:b\n1:2,3\n", 10, ':', "1[a][b] 2[1][2,3] ");
    check_bytes("sep=;\na,b\n", 10, ',', "2[a][b] ");
}

static void test_encodings(void **state)
{
    (void)state;
    check("\xEF\xBB\xBF"
          "a,b\n1,2\n",
          "1[a][b] 2[1][2] ");
    check("\xEF\xBB\xBFsep=|\na|b\n", "2[a][b] ");
    check("caf\xC3\xA9,\xF0\x9F\x98\x80\n", "1[caf\xC3\xA9][\xF0\x9F\x98\x80] ");
    /* Latin-1, a surrogate, an overlong slash: the record has a problem and the file goes on. */
    check("a,b\n1,caf\xE9\n2,x\n", "1[a][b] 2[1][caf\xE9]!2:2 3[2][x] ");
    check("a\n\xED\xA0\x80\n", "1[a] 2[\xED\xA0\x80]!2:1 ");
    check("a\n\xC0\xAF\n", "1[a] 2[\xC0\xAF]!2:1 ");
    check("a,b\n\"x\n\xFF\",\"y\"z\n", "1[a][b] 2[x\n\xFF][yz]!2:1 ");
    check_bytes("a,b\n1,x\0y\n", 10, 0, "1[a][b] 2[1][x y]!2:2 ");
    check_bytes("a,b\n1,\"x\0y\"\n", 12, 0, "1[a][b] 2[1][x y]!2:2 ");
    check_bytes("\xFF\xFE"
                "a\0,\0",
                6, 0, "ERROR 4 line 1");
    check_bytes("\xFE\xFF\0a", 4, 0, "ERROR 4 line 1");
}

/* A file of one cell of `len` bytes, quoted or not. */
static int read_long(size_t len, int quoted, struct abp_error *err)
{
    char *text = malloc(len + 8);
    assert_non_null(text);
    memset(text, 'x', len + 8);
    memcpy(text, quoted ? "a\n\"" : "a\nx", 3);
    struct bytes bytes = {text, len + 3, 0, 50000};
    struct abp_csv_source source = {&bytes, read_bytes};
    struct abp_csv_record record;
    struct abp_csv *csv = NULL;
    assert_int_equal(abp_csv_open(&csv, &source, "x.csv", 0, err), 0);
    assert_int_equal(abp_csv_next(csv, &record, err), 1);
    int rc = abp_csv_next(csv, &record, err);
    abp_csv_close(csv);
    free(text);
    return rc;
}

static void test_caps(void **state)
{
    (void)state;
    struct abp_error err = {0};
    assert_int_equal(read_long(ABP_CSV_RECORD_MAX - 2, 0, &err), 1);
    assert_int_equal(read_long(ABP_CSV_RECORD_MAX, 0, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_int_equal(err.line, 2);
    assert_int_equal(read_long(ABP_CSV_RECORD_MAX * 2, 1, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_int_equal(err.line, 2);
    assert_non_null(strstr(err.message, "quote that is never closed"));
}

static void test_columns_cap(void **state)
{
    (void)state;
    static char text[ABP_CSV_COLUMNS_MAX + 2];
    struct abp_csv_record record;
    struct abp_error err = {0};
    for (size_t columns = ABP_CSV_COLUMNS_MAX; columns <= ABP_CSV_COLUMNS_MAX + 1; columns++) {
        memset(text, ',', columns - 1);
        struct bytes bytes = {text, columns - 1, 0, 1000};
        struct abp_csv_source source = {&bytes, read_bytes};
        struct abp_csv *csv = NULL;
        assert_int_equal(abp_csv_open(&csv, &source, "x.csv", 0, &err), 0);
        int more = abp_csv_next(csv, &record, &err);
        if (columns == ABP_CSV_COLUMNS_MAX) {
            assert_int_equal(more, 1);
            assert_int_equal(record.count, columns);
        } else {
            assert_int_equal(more, -1);
            assert_int_equal(err.code, ABP_DATA);
        }
        abp_csv_close(csv);
    }
}

static int fail_third(size_t *got, void *context, char *data, size_t size, struct abp_error *err)
{
    int *calls = context;
    (void)size;
    if (++*calls > 2)
        return abp_fail(err, ABP_FAILED, "the disk is gone");
    memcpy(data, "a,b\n1,", 6);
    *got = 6;
    return 0;
}

static void test_failing_source(void **state)
{
    (void)state;
    int calls = 0;
    struct abp_csv_source source = {&calls, fail_third};
    struct abp_csv *csv = NULL;
    struct abp_error err = {0};
    assert_int_equal(abp_csv_open(&csv, &source, "x.csv", 0, &err), -1);
    assert_null(csv);
    assert_int_equal(err.code, ABP_FAILED);
    assert_string_equal(err.message, "the disk is gone");
}

/* ---- whatever is written, the same comes back ---- */

static uint32_t next_random(uint32_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 17;
    *x ^= *x << 5;
    return *x;
}

#define ROWS    40
#define COLUMNS 5

static void write_cell(FILE *out, const char *cell, int force)
{
    if (!force && !strpbrk(cell, ",;\t|\"\r\n")) {
        fputs(cell, out);
        return;
    }
    fputc('"', out);
    for (; *cell; cell++) {
        if (*cell == '"')
            fputc('"', out);
        fputc(*cell, out);
    }
    fputc('"', out);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const bits[] = {"a",  "\"", ",", "\n",       "\r\n",
                                       "\r", ";",  " ", "\xC3\xA9", "7"};
    static const char *const ends[] = {"\n", "\r\n", "\r"};
    static char cells[ROWS][COLUMNS][32];
    uint32_t x = 2463534242u;
    for (int run = 0; run < 300; run++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        assert_non_null(out);
        fputs("one,two,three,four,five\n", out);
        for (size_t r = 0; r < ROWS; r++)
            for (size_t c = 0; c < COLUMNS; c++) {
                char *cell = cells[r][c];
                cell[0] = '\0';
                for (uint32_t n = next_random(&x) % 6; n > 0; n--)
                    strcat(cell, bits[next_random(&x) % 10]);
                write_cell(out, cell, next_random(&x) % 4 == 0);
                fputs(c + 1 < COLUMNS ? "," : ends[run % 3], out);
            }
        assert_int_equal(fclose(out), 0);
        struct bytes bytes = {text, len, 0, 1 + next_random(&x) % 50};
        struct abp_csv_source source = {&bytes, read_bytes};
        struct abp_csv_record record;
        struct abp_csv *csv = NULL;
        struct abp_error err = {0};
        assert_int_equal(abp_csv_open(&csv, &source, "x.csv", 0, &err), 0);
        assert_int_equal(abp_csv_separator(csv), ',');
        assert_int_equal(abp_csv_next(csv, &record, &err), 1);
        for (size_t r = 0; r < ROWS; r++) {
            assert_int_equal(abp_csv_next(csv, &record, &err), 1);
            assert_null(record.problem);
            assert_int_equal(record.count, COLUMNS);
            for (size_t c = 0; c < COLUMNS; c++)
                assert_string_equal(record.cells[c].text, cells[r][c]);
        }
        assert_int_equal(abp_csv_next(csv, &record, &err), 0);
        assert_int_equal(abp_csv_next(csv, &record, &err), 0);
        abp_csv_close(csv);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),       cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_cut_file),    cmocka_unit_test(test_separators),
        cmocka_unit_test(test_encodings),   cmocka_unit_test(test_caps),
        cmocka_unit_test(test_columns_cap), cmocka_unit_test(test_failing_source),
        cmocka_unit_test(test_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
