#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <utf8proc.h>

#include "cli/show.h"

#include "cli_canned.h"
#include "cli_capture.h"

/* Every byte a hostile file could hold: escape sequences, C1, bidi overrides, line ends, half a
 * character, combining marks, quotes, wide letters. */
static char hostile[] =
    "\033[31mred\033]0;title\007\r\n\t\x7f\xc2\x9b"
    "2J\xe2\x80\xae"
    "rtl\xe2\x80\xa8,\"q\" \xc3\x28 \xff e\xcc\x81\xcc\x81\xcc\x81 漢字 👩‍👧";

static char *show(struct capture *capture, enum abp_format format, int verbose, size_t expected,
                  const struct abp_shown *shown, size_t count, const char *trouble)
{
    struct abp_args args = {.format = format, .verbose = verbose};
    struct abp_show writer;
    struct abp_error err;
    abp_show_init(&writer, &capture->env, &args);
    assert_int_equal(abp_show_begin(&writer, expected, &err), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(abp_show_one(&writer, &shown[i], &err), 0);
    assert_int_equal(abp_show_end(&writer, trouble, &err), 0);
    abp_show_release(&writer);
    capture_end(capture);
    assert_non_null(capture->out);
    return capture->out;
}

/* Nothing in text may steer a terminal: no control character but newline (and, where colours are
 * on, the program's own SGR sequences), no bidi override, all of it UTF-8. */
static void assert_harmless(const char *text, int colours)
{
    for (const char *p = text; *p;) {
        utf8proc_int32_t code;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)p, -1, &code);
        assert_true(n > 0);
        if (colours && code == 033) {
            size_t len = strspn(p + 2, "0123456789");
            assert_int_equal(p[1], '[');
            assert_int_equal(p[2 + len], 'm');
            p += 3 + len;
            continue;
        }
        if (code != '\n') {
            assert_int_not_equal(utf8proc_category(code), UTF8PROC_CATEGORY_CC);
            assert_int_not_equal(utf8proc_category(code), UTF8PROC_CATEGORY_ZL);
            assert_true(code < 0x202a || code > 0x202e);
            assert_true(code < 0x2066 || code > 0x2069);
        }
        p += n;
    }
}

static void assert_fits(const char *text, int width)
{
    struct abp_screen screen = {1, 1, 0, width};
    struct abp_buffer line;
    abp_buffer_init(&line, 1 << 20);
    while (*text) {
        size_t len = strcspn(text, "\n");
        abp_buffer_reset(&line);
        abp_buffer_append(&line, text, len);
        int columns = abp_columns(&screen, abp_buffer_text(&line));
        if (columns > width)
            fail_msg("%d columns of %d: %s", columns, width, abp_buffer_text(&line));
        text += len + (text[len] == '\n');
    }
    abp_buffer_release(&line);
}

static json_t *parse(const char *text)
{
    json_error_t error;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("line %d: %s", error.line, error.text);
    return root;
}

static json_t *at(json_t *root, size_t experiment)
{
    json_t *value = json_array_get(json_object_get(root, "experiments"), experiment);
    assert_non_null(value);
    return value;
}

static json_t *variant_at(json_t *root, size_t variant)
{
    json_t *value = json_array_get(json_object_get(at(root, 0), "variants"), variant);
    assert_non_null(value);
    return value;
}

/* ---- JSON ---- */

static void json_has_every_member_of_the_interface(void **state)
{
    (void)state;
    struct abp_channel_result channel = {(char[]){"X1"}, 20, normal_summary(0.2, 0.3), 0.7};
    struct abp_variant_result v[2] = {unknown_variant((char[]){"control"}),
                                      usual_variant((char[]){"treatment"}, -0.16, 0.13)};
    v[0].p_best = 0.92;
    v[0].expected_loss = 0.01;
    v[1].reason = (char[]){"Not yet."};
    v[1].channels = &channel;
    v[1].channel_count = 1;
    struct abp_result r = usual_result(v, 2);
    struct abp_experiment asks = {.hypothesis = (char[]){"A question earns more"}};
    struct abp_shown shown = {.name = "question-2019", .result = &r, .experiment = &asks};
    struct capture capture;
    capture_begin(&capture);
    json_t *root = parse(show(&capture, ABP_JSON, 0, 1, &shown, 1, NULL));

    assert_string_equal(json_string_value(json_object_get(root, "schema")), "abpost.evaluation/1");
    assert_string_equal(json_string_value(json_object_get(root, "as_of")), "2026-12-20T03:00:00Z");
    assert_null(json_object_get(root, "error"));
    static const char *const of_experiment[] = {"name",     "baseline", "family",   "randomised",
                                                "posts",    "missing",  "channels", "fit",
                                                "variants", "warnings"};
    for (size_t i = 0; i < sizeof of_experiment / sizeof *of_experiment; i++)
        assert_non_null(json_object_get(at(root, 0), of_experiment[i]));
    static const char *const of_fit[] = {"method", "khat",  "ess",   "seconds", "seed",
                                         "kappa",  "tau_v", "tau_u", "tau_b",   "tau_w"};
    for (size_t i = 0; i < sizeof of_fit / sizeof *of_fit; i++)
        assert_non_null(json_object_get(json_object_get(at(root, 0), "fit"), of_fit[i]));
    static const char *const of_variant[] = {
        "name",          "posts",     "outcome_total", "log_lift", "lift",   "p_better", "p_best",
        "expected_loss", "net_value", "guard",         "verdict",  "reason", "forecast"};
    for (size_t i = 0; i < sizeof of_variant / sizeof *of_variant; i++) {
        assert_non_null(json_object_get(variant_at(root, 0), of_variant[i]));
        assert_non_null(json_object_get(variant_at(root, 1), of_variant[i]));
    }
    static const char *const null_of_baseline[] = {"log_lift",  "lift",     "p_better", "net_value",
                                                   "raw_ratio", "guard",    "verdict",  "reason",
                                                   "forecast",  "next_post"};
    for (size_t i = 0; i < sizeof null_of_baseline / sizeof *null_of_baseline; i++)
        assert_true(json_is_null(json_object_get(variant_at(root, 0), null_of_baseline[i])));
    assert_true(json_real_value(json_object_get(variant_at(root, 0), "p_best")) == 0.92);
    assert_true(json_is_null(json_object_get(variant_at(root, 0), "channels")));
    json_t *channels = json_object_get(variant_at(root, 1), "channels");
    assert_int_equal(json_array_size(channels), 1);
    assert_true(json_real_value(json_object_get(json_array_get(channels, 0), "p_better")) == 0.7);
    assert_string_equal(json_string_value(json_object_get(variant_at(root, 1), "verdict")),
                        "keep-testing");
    json_decref(root);
    capture_release(&capture);
}

static void json_numbers_are_exact_or_null(void **state)
{
    (void)state;
    struct abp_variant_result v[2] = {unknown_variant((char[]){"a"}),
                                      unknown_variant((char[]){"b"})};
    v[1].log_lift = normal_summary(0.1 + 0.2, 1.0 / 3);
    v[1].log_lift.q975 = INFINITY;
    v[1].guard.e_value = 1e300;
    struct abp_result r = usual_result(v, 2);
    r.fit.khat = r.fit.ess = NAN;
    struct abp_shown shown = {.name = "n", .result = &r};
    struct capture capture;
    capture_begin(&capture);
    json_t *root = parse(show(&capture, ABP_JSON, 0, 1, &shown, 1, NULL));
    json_t *log_lift = json_object_get(variant_at(root, 1), "log_lift");
    assert_true(json_real_value(json_object_get(log_lift, "mean")) == 0.1 + 0.2);
    assert_true(json_real_value(json_object_get(log_lift, "sd")) == 1.0 / 3);
    assert_true(json_is_null(json_object_get(log_lift, "q975")));
    json_t *guard = json_object_get(variant_at(root, 1), "guard");
    assert_true(json_real_value(json_object_get(guard, "e_value")) == 1e300);
    assert_true(json_is_null(json_object_get(guard, "threshold")));
    assert_true(json_is_null(json_object_get(json_object_get(at(root, 0), "fit"), "khat")));
    assert_true(json_is_null(json_object_get(json_object_get(at(root, 0), "fit"), "tau_w")));
    assert_true(json_is_null(json_object_get(variant_at(root, 1), "verdict")));
    json_decref(root);
    capture_release(&capture);
}

static void json_of_none_one_and_a_failed_experiment(void **state)
{
    (void)state;
    struct abp_result r = usual_result(NULL, 0);
    struct abp_shown shown[2] = {{.name = "empty", .result = &r},
                                 {.name = "broken", .error = "no such file"}};
    for (size_t count = 0; count <= 2; count++) {
        struct capture capture;
        capture_begin(&capture);
        json_t *root = parse(show(&capture, ABP_JSON, 0, count, shown, count,
                                  count == 2 ? "stopped after 2 of 3" : NULL));
        assert_int_equal(json_array_size(json_object_get(root, "experiments")), count);
        if (count == 2) {
            assert_string_equal(json_string_value(json_object_get(at(root, 1), "error")),
                                "no such file");
            assert_string_equal(json_string_value(json_object_get(root, "error")),
                                "stopped after 2 of 3");
        }
        if (count)
            assert_true(json_is_null(json_object_get(at(root, 0), "baseline")));
        json_decref(root);
        capture_release(&capture);
    }
}

static void json_keeps_names_and_stays_ascii(void **state)
{
    (void)state;
    char name[] = "caf\xc3\xa9 \033[2J \xc2\x9b\xe2\x80\xae";
    struct abp_variant_result v[2] = {unknown_variant(name), unknown_variant((char[]){"a\xff"})};
    struct abp_result r = usual_result(v, 2);
    struct abp_shown shown = {.name = "n", .result = &r};
    struct capture capture;
    capture_begin(&capture);
    char *text = show(&capture, ABP_JSON, 0, 1, &shown, 1, NULL);
    for (const char *p = text; *p; p++)
        assert_true((*p >= 0x20 && *p < 0x7f) || *p == '\n');
    json_t *root = parse(text);
    assert_string_equal(json_string_value(json_object_get(variant_at(root, 0), "name")), name);
    assert_string_equal(json_string_value(json_object_get(variant_at(root, 1), "name")),
                        "a\xef\xbf\xbd");
    json_decref(root);
    capture_release(&capture);
}

/* ---- CSV ---- */

/* Splits one record of RFC 4180 text in place; returns the number of fields, *next behind it. */
static size_t csv_record(char *text, char **fields, size_t max, char **next)
{
    size_t count = 0;
    for (;;) {
        char *to = text;
        assert_true(count < max);
        fields[count++] = to;
        int quoted = *text == '"';
        text += quoted;
        while (*text && (quoted || (*text != ',' && *text != '\n'))) {
            if (quoted && *text == '"') {
                if (text[1] != '"') {
                    text++;
                    break;
                }
                text++;
            }
            *to++ = *text++;
        }
        char end = *text;
        assert_true(end == ',' || end == '\n');
        *to = '\0';
        text++;
        if (end == '\n')
            break;
    }
    *next = text;
    return count;
}

static size_t column(char **header, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(header[i], name) == 0)
            return i;
    fail_msg("no column %s", name);
    return 0;
}

static void csv_rows_are_whole_and_read_back(void **state)
{
    (void)state;
    struct abp_variant_result v[2] = {unknown_variant((char[]){"control"}),
                                      usual_variant(hostile, 0.1 + 0.2, 1.0 / 3)};
    v[1].reason = (char[]){"It is \"better\", so far."};
    char *warnings[] = {(char[]){"One."}, (char[]){"Two."}};
    struct abp_result r = usual_result(v, 2), empty = usual_result(NULL, 0);
    r.warnings = warnings;
    r.warning_count = 2;
    struct abp_shown shown[3] = {{.name = "a, b", .result = &r},
                                 {.name = "gone", .error = "no file"},
                                 {.name = "empty", .result = &empty}};
    struct capture capture;
    capture_begin(&capture);
    char *text = show(&capture, ABP_CSV, 0, 3, shown, 3, NULL);

    char *header[64], *row[64], *next = text;
    size_t count = csv_record(next, header, 64, &next);
    assert_int_equal(csv_record(next, row, 64, &next), count);
    assert_string_equal(row[column(header, count, "experiment")], "a, b");
    assert_string_equal(row[column(header, count, "variant")], "control");
    assert_string_equal(row[column(header, count, "p_better")], "");
    assert_string_equal(row[column(header, count, "verdict")], "");
    assert_string_equal(row[column(header, count, "warnings")], "One. Two.");

    assert_int_equal(csv_record(next, row, 64, &next), count);
    assert_string_equal(row[column(header, count, "variant")], hostile);
    assert_string_equal(row[column(header, count, "reason")], "It is \"better\", so far.");
    assert_string_equal(row[column(header, count, "verdict")], "keep-testing");
    assert_string_equal(row[column(header, count, "randomised")], "yes");
    assert_string_equal(row[column(header, count, "posts")], "149");
    double sd = strtod(row[column(header, count, "log_lift_sd")], NULL);
    assert_true(sd == 1.0 / 3);
    assert_string_equal(row[column(header, count, "expected_loss")], "0.13");

    assert_int_equal(csv_record(next, row, 64, &next), count);
    assert_string_equal(row[column(header, count, "experiment")], "gone");
    assert_string_equal(row[column(header, count, "error")], "no file");
    assert_string_equal(row[column(header, count, "posts")], "");
    assert_int_equal(csv_record(next, row, 64, &next), count);
    assert_string_equal(row[column(header, count, "experiment")], "empty");
    assert_string_equal(next, "");
    capture_release(&capture);
}

static void csv_on_a_terminal_is_harmless(void **state)
{
    (void)state;
    struct abp_variant_result v[2] = {unknown_variant(hostile), unknown_variant(hostile)};
    struct abp_result r = usual_result(v, 2);
    struct abp_shown shown = {.name = hostile, .result = &r};
    struct capture capture;
    capture_begin(&capture);
    capture.env.out_is_terminal = 1;
    assert_harmless(show(&capture, ABP_CSV, 0, 1, &shown, 1, NULL), 0);
    capture_release(&capture);
}

static void csv_help_names_every_column(void **state)
{
    (void)state;
    struct capture capture;
    capture_begin(&capture);
    char *text = show(&capture, ABP_CSV, 0, 0, NULL, 0, NULL), *header[64], *next;
    struct abp_buffer help;
    abp_buffer_init(&help, 1 << 16);
    abp_csv_help(&help, &(struct abp_screen){1, 1, 0, 72});
    size_t count = csv_record(text, header, 64, &next);
    for (size_t i = 0; i < count; i++) {
        char line[80];
        snprintf(line, sizeof line, "  %s ", header[i]);
        assert_non_null(strstr(abp_buffer_text(&help), line));
    }
    assert_fits(abp_buffer_text(&help), 72);
    abp_buffer_release(&help);
    capture_release(&capture);
}

/* ---- text ---- */

static void text_says_what_matters(void **state)
{
    (void)state;
    struct abp_variant_result v[2] = {unknown_variant((char[]){"control"}),
                                      usual_variant((char[]){"treatment"}, -0.16, 0.13)};
    v[0].p_best = 0.92;
    v[1].reason = (char[]){"Nothing is decided yet."};
    v[1].net_value = normal_summary(1.25, 2);
    struct abp_result r = usual_result(v, 2);
    struct abp_experiment asks = {.hypothesis = (char[]){"A question earns more"}};
    struct abp_shown shown = {.name = "question-2019", .result = &r, .experiment = &asks};
    struct capture capture;
    capture_begin(&capture);
    char *text = show(&capture, ABP_TEXT, 0, 1, &shown, 1, NULL);
    static const char *const words[] = {"question-2019\n",
                                        "A question earns more\n",
                                        "290 posts on 14 channels",
                                        "18 more without a reading",
                                        "randomised",
                                        "x0.85, 0.66 to 1.10",
                                        "(0.89)",
                                        "●",
                                        "━",
                                        "│",
                                        "11 %",
                                        "best of all 92 %",
                                        "keep testing",
                                        "Nothing is decided yet.",
                                        "expected loss 13 %",
                                        "guard 0.4 of 20",
                                        "net value of a post 1.25"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (!strstr(text, words[i]))
            fail_msg("'%s' is not in:\n%s", words[i], text);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "k-hat"));
    assert_null(strstr(text, "\033"));
    capture_release(&capture);

    capture_begin(&capture);
    text = show(&capture, ABP_TEXT, 1, 1, &shown, 1, NULL);
    assert_non_null(strstr(text, "k-hat 0.21"));
    assert_non_null(strstr(text, "kappa"));
    assert_null(strstr(text, "tau_w"));
    capture_release(&capture);
}

/* Unknown numbers, no variants, 40 variants, hostile and endless names, on every width and kind of
 * screen: harmless, within the width, and no number is made up. */
static void text_survives_everything(void **state)
{
    (void)state;
    static char endless[5000];
    memset(endless, 'w', sizeof endless - 1);
    struct abp_variant_result v[40];
    struct abp_channel_result channels[2] = {{hostile, 3, nothing, NAN},
                                             {endless, 0, normal_summary(9, 30), 1}};
    for (size_t i = 0; i < 40; i++)
        v[i] = i % 2 ? usual_variant(i % 4 == 1 ? hostile : endless, (double)i - 20, (double)i)
                     : unknown_variant(hostile);
    v[3].channels = channels;
    v[3].channel_count = 2;
    v[3].reason = hostile;
    v[5].guard.e_value = INFINITY;
    v[7].verdict = ABP_DROP;
    char *warnings[] = {hostile};
    static const int widths[] = {1, 60, 71, 72, 80, 200, 1000};
    for (size_t count = 0; count <= 40; count += count < 2 ? 1 : 38) {
        struct abp_result r = usual_result(v, count);
        r.warnings = warnings;
        r.warning_count = 1;
        struct abp_experiment asks = {.hypothesis = hostile};
        struct abp_shown shown[3] = {{.name = hostile, .result = &r, .experiment = &asks},
                                     {.name = hostile, .error = hostile},
                                     {.name = "c", .result = &r}};
        for (int kind = 0; kind < 48; kind++) {
            struct capture capture;
            capture_begin(&capture);
            capture.env.unicode = kind & 1;
            capture.env.out_is_terminal = capture.env.colour = (kind >> 1) & 1;
            capture.env.width = widths[(size_t)kind % (sizeof widths / sizeof *widths)];
            char *text =
                show(&capture, ABP_TEXT, (kind >> 2) & 1, (kind & 8) ? 1 : 3, shown, 3, NULL);
            assert_harmless(text, capture.env.colour);
            assert_null(strstr(text, "nan"));
            assert_null(strstr(text, "inf"));
            capture_release(&capture);
        }
    }
}

static void text_fits_the_width(void **state)
{
    (void)state;
    static char longish[] = "a-rather-long-name-of-a-style-of-posting";
    static char sentence[] = "A sentence of some length that says why the verdict is what it is, "
                             "and what to do about it in the coming weeks.";
    struct abp_variant_result v[8];
    for (size_t i = 0; i < 8; i++) {
        v[i] = usual_variant(longish, (double)i / 4 - 1, 0.1 + (double)i / 4);
        v[i].reason = sentence;
    }
    struct abp_result r = usual_result(v, 8);
    struct abp_shown shown[2] = {{.name = longish, .result = &r},
                                 {.name = "broken", .error = "why"}};
    for (int width = 60; width < 140; width++) {
        for (size_t expected = 1; expected <= 2; expected++) {
            struct capture capture;
            capture_begin(&capture);
            capture.env.width = width;
            assert_fits(show(&capture, ABP_TEXT, expected == 1, expected, shown, 2, NULL), width);
            capture_release(&capture);
        }
    }
}

/* Two factors, one of them with hostile names and levels of which nothing is known. */
static void factors_in_every_format(void **state)
{
    (void)state;
    struct abp_variant_result v[2] = {unknown_variant((char[]){"control"}),
                                      usual_variant((char[]){"treatment"}, -0.16, 0.13)};
    struct abp_level_result media[2] = {unknown_level((char[]){"none"}),
                                        usual_level((char[]){"photo"}, 0.7, 0.1)},
                            other[3] = {unknown_level(hostile), unknown_level(hostile),
                                        usual_level(hostile, 1e300, INFINITY)};
    struct abp_factor_result factors[2] = {{(char[]){"media"}, media, 2, normal_summary(0.5, 0.1)},
                                           {hostile, other, 3, nothing}};
    struct abp_result r = usual_result(v, 2);
    struct abp_shown shown = {.name = "parts", .result = &r};
    struct capture capture;
    capture_begin(&capture);
    media[1].reason = (char[]){"It did well."};
    media[1].verdict = ABP_REPEAT;
    r.factors = factors;
    r.factor_count = 2;

    json_t *root = parse(show(&capture, ABP_JSON, 0, 1, &shown, 1, NULL));
    json_t *list = json_object_get(at(root, 0), "factors");
    assert_int_equal(json_array_size(list), 2);
    json_t *levels = json_object_get(json_array_get(list, 0), "levels");
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "reference")),
                        "none");
    json_t *photo = json_array_get(levels, 1);
    assert_string_equal(json_string_value(json_object_get(photo, "verdict")), "repeat");
    assert_true(json_number_value(json_object_get(json_object_get(photo, "guard"), "e_value")) > 6);
    assert_true(json_is_null(json_object_get(json_array_get(levels, 0), "guard")));
    levels = json_object_get(json_array_get(list, 1), "levels");
    assert_true(json_is_null(json_object_get(json_array_get(levels, 1), "log_lift")));
    assert_true(json_is_null(json_object_get(json_array_get(levels, 1), "p_better")));
    json_decref(root);
    capture_release(&capture);

    capture_begin(&capture);
    const char *text = show(&capture, ABP_TEXT, 1, 1, &shown, 1, NULL);
    assert_harmless(text, 0);
    assert_fits(text, 80);
    assert_non_null(strstr(text, "photo: repeat, 40 posts\n  It did well.\n"));
    assert_non_null(strstr(text, "guard 7 of 120 after 38 pairs"));
    capture_release(&capture);

    capture_begin(&capture);
    text = show(&capture, ABP_CSV, 0, 1, &shown, 1, NULL);
    assert_non_null(strstr(text, "\nparts,media,none,none,"));
    assert_non_null(strstr(text, "\nparts,media,photo,none,"));
    assert_non_null(strstr(text, "\nparts,,control,"));
    capture_release(&capture);
}

static void many_are_counted_by_verdict(void **state)
{
    (void)state;
    struct abp_variant_result v[3] = {unknown_variant((char[]){"a"}),
                                      usual_variant((char[]){"b"}, 1, 0.2),
                                      usual_variant((char[]){"c"}, -1, 0.2)};
    v[0].posts = 141;
    v[1].verdict = ABP_REPEAT;
    v[1].p_best = 0.99;
    v[2].verdict = ABP_DROP;
    struct abp_result r = usual_result(v, 3);
    struct abp_shown shown[3] = {{.name = "one", .result = &r},
                                 {.name = "two", .result = &r},
                                 {.name = "bad", .error = "why"}};
    struct capture capture;
    capture_begin(&capture);
    capture.env.width = 120;
    char *text = show(&capture, ABP_TEXT, 0, 3, shown, 3, NULL);
    assert_non_null(
        strstr(text, "3 experiments, 4 comparisons with a baseline: 2 repeat, 2 drop."));
    assert_non_null(strstr(text, "1 could not be evaluated."));
    assert_non_null(strstr(text, "x2.72"));
    assert_null(strstr(text, "x0.37"));
    capture_release(&capture);

    /* Without posts in it no style is the best, and without any of the baseline none is better. */
    for (size_t i = 0; i < 2; i++) {
        v[0].posts = i == 0 ? 141 : 0;
        v[1].posts = i == 0 ? 0 : 149;
        capture_begin(&capture);
        capture.env.width = 120;
        text = show(&capture, ABP_TEXT, 0, 2, shown, 2, NULL);
        assert_null(strstr(text, "x2.72"));
        assert_true((strstr(text, "x0.37") != NULL) == (i == 0));
        capture_release(&capture);
    }
}

static void a_full_disk_is_told(void **state)
{
    (void)state;
    struct capture capture;
    capture_begin(&capture);
    FILE *out = capture.env.out, *full = fopen("/dev/full", "w");
    if (!full)
        skip();
    setvbuf(full, NULL, _IONBF, 0);
    capture.env.out = full;
    struct abp_args args = {.format = ABP_CSV};
    struct abp_show writer;
    struct abp_error err;
    abp_show_init(&writer, &capture.env, &args);
    assert_int_equal(abp_show_begin(&writer, 1, &err), -1);
    assert_int_equal(err.code, ABP_FAILED);
    assert_non_null(strstr(err.message, "written"));
    abp_show_release(&writer);
    fclose(full);
    capture.env.out = out;
    capture_end(&capture);
    capture_release(&capture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_has_every_member_of_the_interface),
        cmocka_unit_test(json_numbers_are_exact_or_null),
        cmocka_unit_test(json_of_none_one_and_a_failed_experiment),
        cmocka_unit_test(json_keeps_names_and_stays_ascii),
        cmocka_unit_test(csv_rows_are_whole_and_read_back),
        cmocka_unit_test(csv_on_a_terminal_is_harmless),
        cmocka_unit_test(csv_help_names_every_column),
        cmocka_unit_test(text_says_what_matters),
        cmocka_unit_test(text_survives_everything),
        cmocka_unit_test(text_fits_the_width),
        cmocka_unit_test(factors_in_every_format),
        cmocka_unit_test(many_are_counted_by_verdict),
        cmocka_unit_test(a_full_disk_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
