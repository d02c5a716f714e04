#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/chart.h"
#include "cli/screen.h"

static const struct abp_screen unicode = {1, 1, 0, 80};
static const struct abp_screen ascii = {0, 0, 0, 80};

static void shows(const struct abp_screen *screen, const char *text, int width,
                  const char *expected, int columns)
{
    struct abp_buffer buf;
    abp_buffer_init(&buf, 1 << 16);
    assert_int_equal(abp_put_text(&buf, screen, text, width), columns);
    assert_string_equal(abp_buffer_text(&buf), expected);
    abp_buffer_release(&buf);
}

static void text_is_cut_to_columns_and_harmless(void **state)
{
    (void)state;
    shows(&unicode, "plain", 0, "plain", 5);
    shows(&unicode, "plain", 5, "plain", 5);
    shows(&unicode, "plain", 4, "pla…", 4);
    shows(&ascii, "plain", 4, "p...", 4);
    shows(&ascii, "plain", 2, "..", 2);
    shows(&unicode, "漢字漢字", 8, "漢字漢字", 8);
    shows(&unicode, "漢字漢字", 7, "漢字漢…", 7);
    shows(&unicode, "漢字漢字", 6, "漢字…", 5);
    shows(&unicode, "e\xcc\x81t\xc3\xa9", 0, "e\xcc\x81t\xc3\xa9", 3);
    shows(&unicode, "e\xcc\x81toile", 3, "e\xcc\x81t…", 3);
    shows(&ascii, "\xc3\xa9", 0, "\\u{e9}", 6);
    shows(&unicode, "\033[2J\r\n", 0, "\\x1b[2J\\x0d\\x0a", 15);
    shows(&unicode, "a\x80z\xc3", 0, "a\\x80z\\xc3", 10);
    shows(&unicode, "\xc2\x9b\xe2\x80\xae\xe2\x80\xa8", 0, "\\u{9b}\\u{202e}\\u{2028}", 22);
    shows(&unicode, "", 5, "", 0);
}

static void marks_do_not_pile_up(void **state)
{
    (void)state;
    char tower[2001] = "a";
    struct abp_buffer buf;
    for (size_t i = 1; i < 1999; i += 2)
        memcpy(tower + i, "\xcc\x81", 2);
    abp_buffer_init(&buf, 1 << 16);
    assert_int_equal(abp_put_text(&buf, &unicode, tower, 10), 1);
    assert_true(buf.len < 20);
    abp_buffer_release(&buf);
}

static void cells_have_their_width(void **state)
{
    (void)state;
    static const char *const names[] = {"",    "a", "漢字漢字漢字", "e\xcc\x81", "\033\033\033",
                                        "\xff"};
    const struct abp_screen *screens[] = {&unicode, &ascii};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        for (int width = 3; width < 14; width++) {
            for (int s = 0; s < 2; s++) {
                struct abp_buffer left, right;
                abp_buffer_init(&left, 1 << 16);
                abp_buffer_init(&right, 1 << 16);
                abp_put_cell(&left, screens[s], names[i], width);
                abp_put_right(&right, screens[s], names[i], width);
                assert_int_equal(abp_columns(screens[s], abp_buffer_text(&left)), width);
                assert_true(abp_columns(screens[s], abp_buffer_text(&right)) <= width);
                abp_buffer_release(&left);
                abp_buffer_release(&right);
            }
        }
    }
}

static void numbers_read_well(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *ratio, *percent;
    } cases[] = {
        {0, "0", "0 %"},           {0.0004, "0.0004", "<1 %"},
        {0.0051, "0.005", "<1 %"}, {0.0995, "0.10", "10 %"},
        {0.846, "0.85", "85 %"},   {0.9951, "1.00", ">99 %"},
        {1, "1.00", ">99 %"},      {9.996, "10.0", "1000 %"},
        {12.34, "12.3", "1234 %"}, {99.96, "100", "9996 %"},
        {NAN, "-", "-"},           {INFINITY, "-", "-"},
        {1e9, "1e+09", "1e+11 %"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(abp_ratio_words(cases[i].value).text, cases[i].ratio);
        assert_string_equal(abp_percent_words(cases[i].value).text, cases[i].percent);
    }
    assert_string_equal(abp_count_words(0).text, "0");
    assert_string_equal(abp_count_words(999).text, "999");
    assert_string_equal(abp_count_words(2437).text, "2,437");
    assert_string_equal(abp_count_words(1000000).text, "1,000,000");
    assert_string_equal(abp_count_words(SIZE_MAX).text, "18,446,744,073,709,551,615");
}

/* ---- bars ---- */

static void bar_is(const struct abp_axis *axis, struct abp_summary ratio, const char *expected)
{
    struct abp_buffer buf;
    abp_buffer_init(&buf, 1 << 16);
    abp_put_bar(&buf, &ascii, axis, &ratio);
    assert_string_equal(abp_buffer_text(&buf), expected);
    abp_buffer_release(&buf);
}

static void bars_lie_where_their_numbers_are(void **state)
{
    (void)state;
    /* one cell for each factor of 2, from 2^-8 to 2^8; 1 lies in the middle of a cell */
    struct abp_axis axis = {exp2(-8.5), exp2(8.5), 17};
    struct abp_summary s = {NAN, NAN, 0.0625, 0.25, 0.5, 2, 8};
    bar_is(&axis, s, "    --=o+=--     ");
    s.q50 = 1;
    bar_is(&axis, s, "    --==o=--     ");
    struct abp_summary right = {NAN, NAN, 2, 4, 8, 16, 1e9};
    bar_is(&axis, right, "        |-=o=--->");
    struct abp_summary left = {NAN, NAN, 1e-9, 0.01, 0.02, 0.04, 0.5};
    bar_is(&axis, left, "<=o=----|        ");
    struct abp_summary beyond = {NAN, NAN, 1e6, 1e7, 1e8, 1e9, 1e10};
    bar_is(&axis, beyond, "        |       >");
    struct abp_summary unknown = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    bar_is(&axis, unknown, "        |        ");
    struct abp_summary half = {NAN, NAN, 0.25, NAN, 0.5, NAN, INFINITY};
    bar_is(&axis, half, "       o|        ");
}

static void bars_are_exactly_as_wide_as_asked(void **state)
{
    (void)state;
    for (int cells = 1; cells <= ABP_CHART_MAX; cells += 7) {
        for (int i = -40; i <= 40; i++) {
            struct abp_axis axis = {0};
            double low = exp(i / 2.0), high = low * exp(abs(i % 7));
            struct abp_summary s = {NAN, NAN, low, low, sqrt(low * high), high, high};
            struct abp_buffer bar, ticks;
            abp_axis_include(&axis, low, high);
            abp_axis_include(&axis, NAN, NAN);
            abp_axis_finish(&axis, cells);
            assert_true(axis.low < 1 && axis.high > 1);
            abp_buffer_init(&bar, 1 << 16);
            abp_buffer_init(&ticks, 1 << 16);
            abp_put_bar(&bar, &unicode, &axis, &s);
            abp_put_ticks(&ticks, &axis);
            assert_int_equal(abp_columns(&unicode, abp_buffer_text(&bar)), cells);
            assert_int_equal(ticks.len, cells);
            assert_non_null(strchr(abp_buffer_text(&ticks), '1'));
            abp_buffer_release(&bar);
            abp_buffer_release(&ticks);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_cut_to_columns_and_harmless),
        cmocka_unit_test(marks_do_not_pile_up),
        cmocka_unit_test(cells_have_their_width),
        cmocka_unit_test(numbers_read_well),
        cmocka_unit_test(bars_lie_where_their_numbers_are),
        cmocka_unit_test(bars_are_exactly_as_wide_as_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
