/* Factors of variants: what is taken, and which mistakes are named, each at its line. */
#include "config_files.h"

/* ---- 6 lines, and variants by their further lines ---- */
#define HEAD "[import]\nfile = x.csv\nvariant = v\noutcome = y\n[experiment]\nbaseline = a\n"

static struct abp_error err;

static int parse(struct abp_experiment *e, const char *rest, struct abp_mistakes *mistakes)
{
    char text[4000];
    snprintf(text, sizeof text, HEAD "%s", rest);
    memset(mistakes, 0, sizeof *mistakes);
    return abp_experiment_parse(e, "x.ini", text, strlen(text), NULL, mistakes, &err);
}

/* Exactly that mistake and no other. */
static void assert_mistake(const char *rest, long line, const char *part)
{
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    int rc = parse(&e, rest, &mistakes);
    if (rc == 0 || mistakes.count != 1 || !has_mistake(&mistakes, line, part)) {
        print_message("expected line %ld: %s, of:\n%s", line, part, rest);
        print_mistakes(&mistakes);
        fail();
    }
    abp_mistakes_release(&mistakes);
}

static void test_levels(void **state)
{
    (void)state;
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    int rc = parse(&e,
                   "[variant a]\nstyle = statement\nmedia = none ; a remark\n"
                   "[variant b]\nmedia = photo\nstyle = statement\ncost = 2\n"
                   "[variant c]\nstyle = question-2\nmedia = none\n"
                   "[variant d]\nstyle = question-2\nmedia = \xC3\xA9t\xC3\xA9\n",
                   &mistakes);
    if (rc != 0)
        print_mistakes(&mistakes);
    assert_int_equal(rc, 0);
    assert_int_equal(e.factor_count, 2);
    assert_string_equal(e.factors[0].name, "style");
    assert_int_equal(e.factors[0].level_count, 2);
    assert_string_equal(e.factors[0].levels[1], "question-2");
    assert_int_equal(e.factors[1].level_count, 3);
    assert_string_equal(e.factors[1].levels[0], "none");
    static const size_t levels[2][4] = {{0, 0, 1, 1}, {0, 1, 0, 2}};
    for (size_t f = 0; f < 2; f++)
        for (size_t v = 0; v < 4; v++)
            assert_int_equal(e.factors[f].of_variant[v], levels[f][v]);
    assert_true(fabs(e.variants[1].cost - 2) < 1e-12);
    abp_experiment_release(&e);
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        long line;
        const char *part;
    } cases[] = {
        /* what is nearly a key is never a factor */
        {"[variant a]\ncots = 3\n[variant b]\ncost = 2\n", 8,
         "unknown key 'cots' in [variant]; accepted are posts, cost and a factor that every "
         "[variant] has, such as media = photo (did you mean 'cost'?)"},
        {"[variant a]\npost = x\n[variant b]\n", 8, "(did you mean 'posts'?)"},
        {"[variant a]\nthe style = x\n[variant b]\n", 8, "unknown key 'the style'"},
        {"[variant a]\n2nd = x\n[variant b]\n", 8, "unknown key '2nd'"},
        {"[decision]\nstyle = x\n", 8, "unknown key 'style' in [decision]"},
        {"[variant a]\nstyle = x\n[variant b]\n", 8, "style: is in no other [variant]"},
        {"[variant a]\nstyle = x\n[variant b]\nstyle = y\n[variant c]\n", 11,
         "[variant c] has no style"},
        {"[variant a]\nstyle = x\nstyle = z\n[variant b]\nstyle = y\n", 9, "a second 'style'"},
        {"[variant a]\nstyle = x\n[variant b]\nstyle =\n", 10, "style has no value"},
        {"[variant a]\nstyle = x\n[variant b]\nstyle = y z\n", 10, "'y z' is no level"},
        {"[variant a]\nstyle = x\n[variant b]\n style = y\n", 10, "begins with a blank"},
        {"[variant a]\nstyle = x\nm = 1\n[variant b]\nstyle = x\nm = 2\n", 8,
         "style: is x in every [variant]"},
        {"[variant a]\nstyle = x\nm = 1\n[variant b]\nstyle = y\nm = 2\n", 9,
         "m: changes exactly where style does"},
        {"[variant a]\nstyle = x\n[variant b]\nstyle = y\n[variant c]\nstyle = x\n", 11,
         "[variant c] has every level of [variant a]"},
        {"[variant a]\nstyle = x\n[variant b]\nstyle = y\n[decision]\nfamily = poisson\n", 8,
         "style: poisson knows no factors"},
        {"[variant a]\nf = 0\ng = 0\nh = 0\ni = 0\nj = 0\n[variant b]\nf = 1\ng = 0\nh = 0\n"
         "i = 0\n",
         12, "j: a factor too many; accepted are at most 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_mistake(cases[i].rest, cases[i].line, cases[i].part);
}

/* While a section is not understood nobody knows what it lacks. */
static void test_lost_section(void **state)
{
    (void)state;
    assert_mistake("[variant a]\nstyle = x\n[variatn b]\nstyle = y\n", 9, "unknown section");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_lost_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
