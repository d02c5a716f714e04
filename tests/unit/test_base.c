/* Errors, buffers and text: what every folder stands on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abpost/buffer.h"
#include "abpost/error.h"
#include "abpost/family.h"
#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

static void messages_are_cut_between_characters(void **state)
{
    (void)state;
    char text[3000];
    struct abp_error err;
    for (size_t offset = 0; offset < 4; offset++) { /* every alignment of a 3-byte character */
        memset(text, 'a', offset);
        for (size_t i = offset; i + 3 < sizeof text; i += 3)
            memcpy(text + i, "\xE2\x82\xAC", 4);
        assert_int_equal(abp_fail(&err, ABP_DATA, "%s", text), -1);
        size_t len = strlen(err.message);
        assert_true(len < sizeof err.message && len > sizeof err.message - 8);
        assert_string_equal(err.message + len - 3, "...");
        assert_int_equal(abp_utf8_invalid_at(err.message, len), len);
    }
}

static void places_keep_their_end(void **state)
{
    (void)state;
    char path[600];
    struct abp_error err;
    memset(path, 'x', sizeof path - 1);
    memcpy(path + sizeof path - 8, "end.ini", 8);
    abp_fail_at(&err, ABP_DATA, path, 7, "no");
    assert_int_equal(err.line, 7);
    assert_string_equal(err.file + strlen(err.file) - 7, "end.ini");
    assert_int_equal(abp_fail_at(NULL, ABP_DATA, path, 7, "no"), -1);
}

static void exit_statuses(void **state)
{
    (void)state;
    const int wanted[] = {0, 1, 2, 3, 65, 69, 70};
    for (int code = ABP_OK; code <= ABP_BUG; code++)
        assert_int_equal(abp_exit_status((enum abp_code)code), wanted[code]);
}

static void buffers_stop_at_their_cap(void **state)
{
    (void)state;
    struct abp_buffer buf;
    abp_buffer_init(&buf, 10);
    assert_string_equal(abp_buffer_text(&buf), "");
    assert_int_equal(abp_buffer_add(&buf, "12345"), 0);
    assert_int_equal(abp_buffer_printf(&buf, "%d", 67890), 0);
    assert_int_equal(abp_buffer_byte(&buf, 'x'), -1);
    assert_int_equal(buf.failed, 1);
    assert_int_equal(abp_buffer_add(&buf, ""), -1); /* failures stick */
    assert_string_equal(abp_buffer_text(&buf), "1234567890");
    abp_buffer_reset(&buf);
    assert_int_equal(abp_buffer_append(&buf, "a\0b", 3), 0);
    assert_int_equal(buf.len, 3);
    abp_buffer_release(&buf);
}

static void utf8(void **state)
{
    (void)state;
    const struct {
        const char *text;
        size_t len, valid;
    } cases[] = {
        {"", 0, 0},
        {"plain", 5, 5},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x99\x82", 9, 9},
        {"a\xC3", 2, 1},            /* cut */
        {"a\xC0\x80", 3, 1},        /* overlong */
        {"\xED\xA0\x80", 3, 0},     /* surrogate */
        {"\xF4\x90\x80\x80", 4, 0}, /* beyond U+10FFFF */
        {"ab\0c", 4, 2},            /* NUL */
        {"ok\x80", 3, 2},           /* stray continuation */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(abp_utf8_invalid_at(cases[i].text, cases[i].len), cases[i].valid);
}

static void numbers_are_strict(void **state)
{
    (void)state;
    const char *const bad[] = {"",    " 1",  "1 ",    "0x10", "inf", "nan",   "1e",
                               "1,5", "--1", "1e999", ".",    "e5",  "1_000", "+"};
    double d;
    int64_t n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(abp_parse_double(bad[i], &d), -1);
        assert_int_equal(abp_parse_int64(bad[i], &n), -1);
    }
    assert_int_equal(abp_parse_double("-12.5e-1", &d), 0);
    assert_true(d > -1.2500001 && d < -1.2499999);
    assert_int_equal(abp_parse_double(".5", &d), 0);
    assert_int_equal(abp_parse_int64("9223372036854775807", &n), 0);
    assert_true(n == INT64_MAX);
    assert_int_equal(abp_parse_int64("9223372036854775808", &n), -1);
    assert_int_equal(abp_parse_int64("-9223372036854775808", &n), 0);
    assert_true(n == INT64_MIN);
}

static void near_names(void **state)
{
    (void)state;
    const char *const names[] = {"baseline", "hypothesis", "negbinomial", "betabinomial"};
    assert_string_equal(abp_suggest("baselin", names, 4), "baseline");
    assert_string_equal(abp_suggest("absEline", names, 4), "baseline");
    assert_string_equal(abp_suggest("negbinom", names, 4), "negbinomial"); /* cut short */
    assert_null(abp_suggest("b", names, 4));
    assert_null(abp_suggest("completely else", names, 4));
    assert_null(abp_suggest("", names, 4));
}

static void small_helpers(void **state)
{
    (void)state;
    char blanks[] = " \t a b \n", nothing[] = "  ";
    assert_string_equal(abp_trim(blanks), "a b");
    assert_string_equal(abp_trim(nothing), "");
    assert_true(abp_equal_nocase("Ab", "aB") && !abp_equal_nocase("ab", "abc"));
    char *copy = abp_strndup("abc", 2);
    assert_string_equal(copy, "ab");
    free(copy);
}

static void families_and_verdicts_have_names(void **state)
{
    (void)state;
    for (int f = ABP_NEGBINOMIAL; f < ABP_FAMILY_COUNT; f++)
        assert_int_equal(abp_family_from_name(abp_family_name((enum abp_family)f)), f);
    assert_null(abp_family_name(ABP_FAMILY_DEFAULT));
    assert_int_equal(abp_family_from_name("normal"), ABP_FAMILY_DEFAULT);
    for (int v = ABP_REPEAT; v < ABP_VERDICT_COUNT; v++)
        assert_non_null(abp_verdict_name((enum abp_verdict)v));
    assert_null(abp_verdict_name(ABP_NO_VERDICT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_cut_between_characters),
        cmocka_unit_test(places_keep_their_end),
        cmocka_unit_test(exit_statuses),
        cmocka_unit_test(buffers_stop_at_their_cap),
        cmocka_unit_test(utf8),
        cmocka_unit_test(numbers_are_strict),
        cmocka_unit_test(near_names),
        cmocka_unit_test(small_helpers),
        cmocka_unit_test(families_and_verdicts_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
