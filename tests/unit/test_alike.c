/* Names that look alike, and names that don't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abpost/alike.h"

static size_t pairs_of(const char *a, const char *b)
{
    const char *names[] = {"another", a, "", b};
    size_t pairs, first, second;
    struct abp_error err;
    assert_int_equal(abp_find_alike(&pairs, &first, &second, names, 4, &err), 0);
    if (pairs) {
        assert_int_equal(first, 1);
        assert_int_equal(second, 3);
    }
    return pairs;
}

static void what_looks_alike(void **state)
{
    (void)state;
    static const char *const alike[][2] = {
        {"Story", "story"},         {"caf\u00e9", "cafe\u0301"}, {"story", "\u00a0story"},
        {"a  story", "a story"},    {"story", "st\u200bory"},    {"story", "\ufeffstory"},
        {"stra\u00dfe", "STRASSE"}, {"a story", "a\u2009story"},
    };
    for (size_t i = 0; i < sizeof alike / sizeof *alike; i++)
        if (pairs_of(alike[i][0], alike[i][1]) != 1)
            fail_msg("%s and %s are not alike", alike[i][0], alike[i][1]);
}

static void what_differs(void **state)
{
    (void)state;
    static const char *const apart[][2] = {
        {"story", "stories"},      {"cafe", "caf\u00e9"},        {"a1", "a 1"},
        {"question", "question?"}, {"\U0001F600", "\U0001F601"}, {"1", "2"},
    };
    for (size_t i = 0; i < sizeof apart / sizeof *apart; i++)
        if (pairs_of(apart[i][0], apart[i][1]) != 0)
            fail_msg("%s and %s are alike", apart[i][0], apart[i][1]);
}

static void all_are_counted(void **state)
{
    (void)state;
    const char *names[] = {"b", "A", "B", "a", " a"};
    size_t pairs, first, second;
    struct abp_error err;
    assert_int_equal(abp_find_alike(&pairs, &first, &second, names, 5, &err), 0);
    assert_int_equal(pairs, 3);
    assert_int_equal(abp_find_alike(&pairs, &first, &second, names, 0, &err), 0);
    assert_int_equal(pairs, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_looks_alike),
        cmocka_unit_test(what_differs),
        cmocka_unit_test(all_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
