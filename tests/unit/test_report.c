/* Pages: whatever a result and its names hold, the page is one well-formed tree whose plots have
 * numbers for coordinates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "abpost/report.h"

#include "cli_canned.h"
#include "html_tree.h"

#define MOST ((size_t)1 << 28)
/* A literal where a result owns its names. */
#define TEXT(literal) ((char[]){literal})

static char hostile[] =
    "<script>alert(1)</script>\"' onload=\"x\" &amp; ]]> --> </title></svg>\033[31m\r\n\x7f\xc2\x9b"
    "\xe2\x80\xae"
    "rtl\xe2\x80\xa8 \xc3\x28 \xff e\xcc\x81 \xf0\x9f\x91\xa9";

static char *page_of(const struct abp_report_item *items, size_t count)
{
    struct abp_report report;
    struct abp_buffer page;
    struct abp_error err;
    abp_report_init(&report);
    abp_buffer_init(&page, MOST);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(abp_report_add(&report, &items[i], &err), 0);
    assert_int_equal(abp_report_finish(&page, &report, 1797735600, &err), 0);
    abp_report_release(&report);
    assert_true(abp_report_is_one(page.data, page.len));
    html_tree_check(page.data, page.len);
    return page.data;
}

static char *page_of_result(const struct abp_result *result)
{
    struct abp_report_item item = {.name = "garden", .result = result};
    return page_of(&item, 1);
}

static size_t count_of(const char *page, const char *what)
{
    size_t count = 0;
    for (const char *p = page; (p = strstr(p, what)); p += strlen(what))
        count++;
    return count;
}

#define assert_says(page, what)                                                                    \
    do {                                                                                           \
        if (!strstr(page, what))                                                                   \
            fail_msg("not on the page: %s", what);                                                 \
    } while (0)

/* ---- what it says ---- */

static void test_says_the_verdict(void **state)
{
    (void)state;
    char *warnings[] = {TEXT("the moon was full")};
    struct abp_variant_result v[] = {unknown_variant(TEXT("story")),
                                     usual_variant(TEXT("question"), 0.3, 0.1)};
    struct abp_result r = usual_result(v, 2);
    struct abp_decided decided = {TEXT("question"), TEXT("repeat"), TEXT("it was so"), 1797735600};
    struct abp_decided_list decisions = {&decided, 1};
    struct abp_experiment experiment = {.hypothesis = TEXT("Do questions help")};
    struct abp_report_item item = {
        .name = "garden", .result = &r, .experiment = &experiment, .decisions = &decisions};
    v[1].verdict = ABP_LEANING_REPEAT;
    v[1].reason = TEXT("99 % sure");
    v[1].forecast = (struct abp_forecast_result){60, 8, 0.72, 80};
    r.warnings = warnings;
    r.warning_count = 1;
    char *page = page_of(&item, 1);
    assert_says(page, "<bdi>garden</bdi></h2>");
    assert_says(page, "Do questions help.");
    assert_says(page, "Leaning towards <bdi>question</bdi>.");
    assert_says(page, "99\u00a0% sure.");
    assert_says(page, "Likely decided after about 60 more posts (8 weeks); 72\u00a0% by 80 posts.");
    assert_says(page, "the moon was full.");
    assert_says(page, "×1.35, 1.11 to 1.64");
    assert_says(page, "0.4 of 20");
    assert_says(page, "2026-12-20");
    assert_says(page, "seed 1.");
    assert_true(strstr(page, "Leaning towards") < strstr(page, "<svg"));
    free(page);
}

/* The line, the bar and the dot stand where the numbers say: a ratio of 1 left of one of 2, and
 * both ends of an interval as far from its middle on a log axis. */
static void test_places_are_logs(void **state)
{
    (void)state;
    struct abp_variant_result v[] = {unknown_variant(TEXT("a")),
                                     usual_variant(TEXT("b"), log(2), 0.3)};
    struct abp_result r = usual_result(v, 2);
    v[1].raw_ratio = NAN;
    char *page = page_of_result(&r);
    double left, right, one, middle;
    const char *row = strstr(page, "<bdi>b</bdi></span><div class=\"plot\">");
    assert_non_null(row);
    assert_int_equal(sscanf(strstr(row, "\"one\" x1="), "\"one\" x1=\"%lf%%", &one), 1);
    assert_int_equal(
        sscanf(strstr(row, "\"thin\" x1="), "\"thin\" x1=\"%lf%%\" x2=\"%lf%%", &left, &right), 2);
    assert_int_equal(sscanf(strstr(row, "\"dot\" cx="), "\"dot\" cx=\"%lf%%", &middle), 1);
    assert_true(fabs((middle - left) - (right - middle)) < 0.03);
    assert_true(fabs((middle - one) / (right - middle) - log(2) / (1.96 * 0.3)) < 0.01);
    free(page);
}

static void test_posts_are_dots(void **state)
{
    (void)state;
    char *styles[] = {TEXT("question"), TEXT("story")};
    char *nothing_named[] = {TEXT("")};
    struct abp_variant_result v[] = {usual_variant(TEXT("story"), 0, 1),
                                     usual_variant(TEXT("question"), 0.3, 0.1)};
    struct abp_result r = usual_result(v, 2);
    struct abp_post_row rows[2000];
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; i < 2000; i++) {
        rows[i].outcome = i % 10 == 9 ? NAN : (double)(i * i);
        rows[i].exposure = 1;
        rows[i].variant = i < 20 ? 0 : 1;
    }
    struct abp_posts posts = {.rows = rows,
                              .count = 2000,
                              .variants = {styles, 2},
                              .channels = {nothing_named, 1},
                              .slots = {nothing_named, 1}};
    struct abp_report_item item = {.name = "", .result = &r, .posts = &posts};
    char *page = page_of(&item, 1);
    /* 18 of the question; of the story's 1782 as many as can be told apart */
    assert_int_equal(count_of(page, "class=\"post\""), 18 + 600);
    assert_says(page, "(2 missing)");
    assert_says(page, "(198 missing)");
    free(page);
}

static void test_index_of_several(void **state)
{
    (void)state;
    struct abp_variant_result v[] = {unknown_variant(TEXT("story")),
                                     usual_variant(TEXT("question"), 0.3, 0.1)};
    struct abp_result good = usual_result(v, 2);
    v[1].guard.open_e_value = 1e4;
    struct abp_report_item items[] = {{.name = "one", .result = &good},
                                      {.name = "two", .error = "its file is gone"},
                                      {.name = "three", .result = &good}};
    char *page = page_of(items, 3);
    assert_says(page, "3 experiments, 2 comparisons with a baseline: 2 keep testing. 1 could not");
    assert_says(page, "Looked at side by side, 2 of 2 randomised comparisons stand");
    assert_says(page, "<bdi>three</bdi>, <bdi>question</bdi> better");
    assert_says(page, "href=\"#e2\"");
    assert_says(page, "id=\"e2\"");
    assert_says(page, "its file is gone.");
    assert_true(strstr(page, "<table class=\"index\">") < strstr(page, "<article"));
    free(page);
    page = page_of(items, 1);
    assert_null(strstr(page, "<table class=\"index\">"));
    free(page);
}

/* ---- what comes from outside ---- */

static void test_factors(void **state)
{
    (void)state;
    struct abp_variant_result v[] = {unknown_variant(TEXT("story")),
                                     usual_variant(TEXT("question"), 0.3, 0.1)};
    struct abp_result r = usual_result(v, 2);
    struct abp_level_result levels[] = {unknown_level(TEXT("none")),
                                        usual_level(TEXT("photo"), 0.7, 0.1),
                                        usual_level(TEXT("video"), 0.0, 0.1)};
    struct abp_factor_result factors[] = {
        {TEXT("media"), levels, 3, normal_summary(0.5, 0.1)},
        {TEXT("mood"), levels + 1, 2, nothing}, /* its first is the reference, whatever it holds */
    };
    char *before = page_of_result(&r);
    assert_null(strstr(before, "whatever else"));
    free(before);
    levels[1].verdict = ABP_REPEAT;
    levels[1].reason = TEXT("it did well");
    r.factors = factors;
    r.factor_count = 2;
    char *page = page_of_result(&r);
    assert_says(page, "<h3><bdi>media</bdi></h3>");
    assert_says(page, "Repeat <bdi>photo</bdi>.</p><p>it did well.");
    assert_says(page, "keep testing <bdi>video</bdi>");
    assert_says(page, "×2.01, ");
    assert_says(page, "7 of 120");
    assert_says(page, "(38 pairs)");
    assert_says(page, "between levels of <bdi>media</bdi>");
    assert_null(strstr(page, "between levels of <bdi>mood</bdi>"));
    assert_says(page, "beyond their levels");
    free(page);
    levels[0] = unknown_level(hostile);
    levels[1] = unknown_level(hostile);
    factors[0] = (struct abp_factor_result){hostile, levels, 2, nothing};
    page = page_of_result(&r);
    assert_null(strstr(page, "<script"));
    free(page);
    levels[1] = usual_level(hostile, 1e300, INFINITY);
    levels[1].guard.e_value = INFINITY;
    free(page_of_result(&r));
}

static void test_hostile_names_stay_text(void **state)
{
    (void)state;
    struct abp_variant_result v[] = {usual_variant(hostile, 0, 1),
                                     usual_variant(hostile, 0.3, 0.1)};
    struct abp_result r = usual_result(v, 2);
    struct abp_channel_result channels[] = {{hostile, 3, normal_summary(0, 1), 0.5},
                                            {hostile, 3, normal_summary(0, 1), 0.5}};
    char *warnings[] = {hostile};
    char *names[] = {hostile, TEXT("<b>")};
    struct abp_post_row rows[2] = {{.outcome = 1, .exposure = 2}, {.outcome = 3, .exposure = 4}};
    struct abp_posts posts = {.rows = rows,
                              .count = 2,
                              .variants = {names, 1},
                              .channels = {names, 1},
                              .slots = {names, 2}};
    struct abp_term term = {-2, hostile};
    struct abp_experiment experiment = {.hypothesis = hostile,
                                        .import = {.outcome = {&term, 1}, .exposure = {&term, 1}}};
    struct abp_decided decided = {hostile, hostile, hostile, INT64_MAX};
    struct abp_decided_list decisions = {&decided, 1};
    struct abp_report_item items[] = {
        {hostile, &r, NULL, &experiment, &posts, 0, &decisions},
        {hostile, NULL, hostile, &experiment, NULL, 1, NULL},
    };
    v[1].channels = channels;
    v[1].channel_count = 2;
    v[1].reason = hostile;
    v[1].guard.open_e_value = 1e9;
    r.slot_count = 2;
    r.warnings = warnings;
    r.warning_count = 1;
    memcpy(r.fit.method, hostile, 50);
    char *page = page_of(items, 2);
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<b>\""));
    assert_says(page, "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;");
    assert_says(page, "\\u{202e}rtl\\u{2028}");
    assert_says(page, "\\x1b[31m\\x0d\\x0a\\x7f\\u{9b}");
    assert_says(page, "\\xc3( \\xff");
    for (const char *p = page; *p;) {
        utf8proc_int32_t code;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)p, -1, &code);
        assert_true(n > 0);
        assert_true(code == '\n' || (code >= 0x20 && (code < 0x7f || code > 0x9f)));
        assert_false((code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
                     code == 0x2028);
        p += n;
    }
    free(page);
}

static void test_page_needs_nothing_else(void **state)
{
    (void)state;
    struct abp_variant_result v[] = {unknown_variant(TEXT("story")),
                                     usual_variant(TEXT("question"), 0.3, 0.1)};
    struct abp_result r = usual_result(v, 2);
    char *page = page_of_result(&r);
    static const char *const foreign[] = {"http:",   "https:",      "src=",    "url(",
                                          "@import", "<link",       "<script", "<img",
                                          "<iframe", "javascript:", " on"};
    for (size_t i = 0; i + 1 < sizeof foreign / sizeof *foreign; i++)
        if (strstr(page, foreign[i]))
            fail_msg("the page holds %s", foreign[i]);
    assert_says(page, "default-src 'none'");
    free(page);
}

/* ---- numbers that are none, and many of everything ---- */

static void test_nothing_known(void **state)
{
    (void)state;
    struct abp_result empty;
    memset(&empty, 0, sizeof empty);
    free(page_of_result(&empty));
    struct abp_variant_result v[] = {unknown_variant(TEXT("a")), unknown_variant(TEXT("b"))};
    struct abp_result r = usual_result(v, 2);
    r.fit.khat = r.fit.ess = NAN;
    r.fit.kappa = r.fit.tau_v = r.fit.tau_u = r.fit.tau_b = nothing;
    char *page = page_of_result(&r);
    assert_null(strstr(page, "\"thin\""));
    free(page);
    r = usual_result(v, 1);
    page = page_of_result(&r);
    assert_says(page, "Nothing to compare yet");
    free(page);
    r.posts = 0;
    free(page_of_result(&r));
    free(page_of(NULL, 0));
}

static void set_all(struct abp_variant_result *v, double value)
{
    struct abp_summary s = {value, value, value, value, value, value, value};
    v->log_lift = v->lift = v->next_post = v->net_value = s;
    v->p_better = v->p_best = v->expected_loss = v->p_net_better = value;
    v->raw_ratio = v->outcome_total = v->exposure_total = value;
    v->guard.e_value = v->guard.threshold = v->guard.open_e_value = value < 0 ? 0 : value;
}

static void test_wild_numbers(void **state)
{
    (void)state;
    static const double wild[] = {1e300, -1e300, 1e-300, 0, -1, INFINITY, -INFINITY, 709, -745};
    for (size_t i = 0; i < sizeof wild / sizeof *wild; i++) {
        struct abp_variant_result v[] = {usual_variant(TEXT("a"), 0, 1),
                                         usual_variant(TEXT("b"), 0, 1)};
        struct abp_result r = usual_result(v, 2);
        struct abp_channel_result channel = {TEXT("c"), 1, nothing, wild[i]};
        char *none[] = {TEXT("a")};
        struct abp_post_row rows[3] = {{.outcome = wild[i], .exposure = 1},
                                       {.outcome = 1, .exposure = wild[i]},
                                       {.outcome = NAN, .exposure = NAN}};
        struct abp_posts posts = {
            .rows = rows, .count = 3, .variants = {none, 1}, .slots = {none, 1}};
        struct abp_report_item item = {.name = "w", .result = &r, .posts = &posts};
        set_all(&v[0], wild[i]);
        set_all(&v[1], wild[i]);
        v[0].guard.open_e_value = NAN;
        v[1].guard.open_e_value = NAN;
        channel.log_lift = v[1].log_lift;
        v[1].channels = &channel;
        v[1].channel_count = 1;
        r.slot_count = 2;
        r.fit.kappa = v[1].lift;
        r.fit.ess = wild[i];
        free(page_of(&item, 1));
    }
}

/* An interval that reaches beyond every axis is cut there, with an arrow, and the others still have
 * room. */
static void test_intervals_beyond_the_axis(void **state)
{
    (void)state;
    struct abp_variant_result v[] = {unknown_variant(TEXT("a")), usual_variant(TEXT("b"), 0.1, 0.1),
                                     usual_variant(TEXT("c"), 50, 30)};
    struct abp_result r = usual_result(v, 3);
    char *page = page_of_result(&r);
    assert_int_equal(count_of(page, "class=\"end\""), 2);
    assert_says(page, "×1000");
    free(page);
}

static void test_many(void **state)
{
    (void)state;
    enum { STYLES = 40, CHANNELS = 200 };
    static struct abp_variant_result v[STYLES];
    static struct abp_channel_result channels[CHANNELS];
    static char names[CHANNELS][16];
    for (size_t c = 0; c < CHANNELS; c++) {
        snprintf(names[c], sizeof names[c], "channel %zu", c);
        channels[c] =
            (struct abp_channel_result){names[c], c, normal_summary(0.01 * (double)c, 1), 0.5};
    }
    for (size_t i = 0; i < STYLES; i++) {
        v[i] = i ? usual_variant(names[i], 0.1 * (double)i - 2, 0.3) : unknown_variant(names[0]);
        v[i].channels = channels;
        v[i].channel_count = CHANNELS;
    }
    struct abp_result r = usual_result(v, STYLES);
    char *page = page_of_result(&r);
    assert_int_equal(count_of(page, "<details>"), STYLES - 1);
    assert_int_equal(count_of(page, "<details open>"), 0);
    assert_int_equal(count_of(page, "class=\"thin\""), (STYLES - 1) * (CHANNELS + 1));
    free(page);
}

static void test_same_bytes(void **state)
{
    (void)state;
    struct abp_variant_result v[] = {unknown_variant(TEXT("story")),
                                     usual_variant(TEXT("question"), 0.3, 0.1)};
    struct abp_result r = usual_result(v, 2);
    char *first = page_of_result(&r);
    r.fit.seconds = 7;
    char *second = page_of_result(&r);
    assert_string_equal(first, second);
    free(first);
    free(second);
}

static void test_marks(void **state)
{
    (void)state;
    assert_true(abp_report_is_one("", 0));
    assert_true(abp_report_is_one(ABP_REPORT_MARK "x", sizeof ABP_REPORT_MARK));
    assert_false(abp_report_is_one(ABP_REPORT_MARK, 10));
    assert_false(abp_report_is_one("[experiment]\n", 13));
    assert_false(abp_report_is_one("<!DOCTYPE html>\n<html>my own page, as long as the mark", 54));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_the_verdict),
        cmocka_unit_test(test_places_are_logs),
        cmocka_unit_test(test_posts_are_dots),
        cmocka_unit_test(test_index_of_several),
        cmocka_unit_test(test_factors),
        cmocka_unit_test(test_hostile_names_stay_text),
        cmocka_unit_test(test_page_needs_nothing_else),
        cmocka_unit_test(test_nothing_known),
        cmocka_unit_test(test_wild_numbers),
        cmocka_unit_test(test_intervals_beyond_the_axis),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_same_bytes),
        cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
