/* Fisher's exact test against tables that were worked out by hand and by other programs. */
#include "abpost/fisher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

static void test_known(void **state)
{
    (void)state;
    static const struct {
        size_t a, b, c, d;
        double p;
    } cases[] = {
        {3, 1, 1, 3, 34.0 / 70},          /* the lady tasting tea: two-sided 0.4857 */
        {4, 0, 0, 4, 2.0 / 70},           /* all cups right */
        {10, 0, 5, 5, 2 * 252.0 / 15504}, /* C(10,5) of C(20,5), both sides: 0.0325 */
        {1, 9, 11, 3, 0.002759456185220}, /* Wikipedia's students */
        {0, 0, 5, 5, 1},                  /* nothing to compare */
        {7, 0, 9, 0, 1},
        {50, 50, 50, 50, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double p = abp_fisher_p(cases[i].a, cases[i].b, cases[i].c, cases[i].d);
        if (!(fabs(p - cases[i].p) < 1e-9))
            fail_msg("case %zu: %.15g, expected %.15g", i, p, cases[i].p);
        /* rows, columns and both may change places */
        assert_true(fabs(abp_fisher_p(cases[i].c, cases[i].d, cases[i].a, cases[i].b) - p) < 1e-9);
        assert_true(fabs(abp_fisher_p(cases[i].b, cases[i].a, cases[i].d, cases[i].c) - p) < 1e-9);
    }
}

/* Valid: under the null, over all tables of the margins, P(p <= x) <= x. */
static void test_is_valid(void **state)
{
    (void)state;
    for (size_t row = 1; row < 12; row++)
        for (size_t yes = 1; yes < 24; yes++) {
            double total = 0, weights[24], ps[24];
            size_t count = 0;
            for (size_t a = yes > 12 ? yes - 12 : 0; a <= yes && a <= row; a++, count++) {
                /* of row + 12 posts `yes` are out; a of them in the first row */
                weights[count] =
                    exp(lgamma((double)row + 1) - lgamma((double)a + 1) -
                        lgamma((double)(row - a) + 1) + lgamma(13) - lgamma((double)(yes - a) + 1) -
                        lgamma((double)(12 + a - yes) + 1));
                ps[count] = abp_fisher_p(a, row - a, yes - a, 12 + a - yes);
                total += weights[count];
            }
            for (size_t i = 0; i < count; i++) {
                double below = 0;
                for (size_t j = 0; j < count; j++)
                    below += ps[j] <= ps[i] ? weights[j] / total : 0;
                assert_true(below <= ps[i] + 1e-9);
            }
        }
}

static void test_large(void **state)
{
    (void)state;
    assert_true(abp_fisher_p(100000, 0, 99000, 1000) < 1e-200);
    assert_true(abp_fisher_p(50000, 500, 50000, 500) > 0.99);
    double p = abp_fisher_p(50000, 560, 50000, 480); /* chi-square: 6.2, p 0.013 */
    assert_true(p > 0.010 && p < 0.017);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_is_valid),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
