/* What inih would cut, join or skip without a word either works exactly as written or is a mistake
 * with its line. */
#include "config_files.h"

#include <ini.h>

/* An experiment that is complete but for what a test adds below [decision]. */
#define HEAD                                                                                       \
    "[import]\nfile = x.csv\nvariant = v\noutcome = y\n[experiment]\nbaseline = a\n" /* 6 lines */

static int parse_bytes(struct abp_experiment *e, const char *text, size_t len,
                       struct abp_mistakes *mistakes)
{
    struct abp_error err;
    memset(mistakes, 0, sizeof *mistakes);
    int rc = abp_experiment_parse(e, "x.ini", text, len, NULL, mistakes, &err);
    if (rc != 0) {
        assert_int_equal(err.code, ABP_DATA);
        assert_true(mistakes->count > 0);
        assert_null(e->name);
    }
    return rc;
}

static int parse(struct abp_experiment *e, const char *text, struct abp_mistakes *mistakes)
{
    return parse_bytes(e, text, strlen(text), mistakes);
}

/* The hypothesis of a file with that line; asserts that the file is accepted. Caller frees. */
static char *hypothesis_of(const char *line)
{
    char text[1024];
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    snprintf(text, sizeof text, HEAD "hypothesis%s\n", line);
    int rc = parse(&e, text, &mistakes);
    if (rc != 0)
        print_mistakes(&mistakes);
    assert_int_equal(rc, 0);
    char *copy = strdup(e.hypothesis);
    abp_experiment_release(&e);
    return copy;
}

/* Asserts exactly one mistake in the file: that one. */
static void assert_only(const char *text, size_t len, long line, const char *part)
{
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    int rc = parse_bytes(&e, text, len, &mistakes);
    if (rc == 0 || mistakes.count != 1 || !has_mistake(&mistakes, line, part)) {
        print_message("expected line %ld: %s\n", line, part);
        print_mistakes(&mistakes);
    }
    assert_int_equal(rc, -1);
    assert_int_equal(mistakes.count, 1);
    assert_true(has_mistake(&mistakes, line, part));
    abp_mistakes_release(&mistakes);
}

/* The same for HEAD and what follows, whose first line is line 7. */
static void assert_mistake(const char *rest, long line, const char *part)
{
    char text[2048];
    snprintf(text, sizeof text, HEAD "%s", rest);
    assert_only(text, strlen(text), line, part);
}

/* ---- the traps ---- */

static int count_value(void *user, const char *section, const char *name, const char *value)
{
    (void)section;
    (void)name;
    *(size_t *)user = strlen(value);
    return 1;
}

/* The traps exist: else these tests would test nothing. */
static void test_inih_cuts(void **state)
{
    (void)state;
    size_t len = 0;
    ini_parse_string("k = a ;b\n", count_value, &len);
    assert_int_equal(len, 1);
    ini_parse_string("s = ;\n", count_value, &len);
    assert_int_equal(len, 0);
    char line[400] = "k=";
    memset(line + 2, 'x', 300);
    ini_parse_string(line, count_value, &len);
    assert_true(len < 300);
}

/* Every length of a value up to the limit arrives whole; one more is a mistake; nothing is cut. */
static void test_long_lines(void **state)
{
    (void)state;
    for (size_t n = 1; n < 420; n++) {
        char line[512] = " = ", text[1024];
        memset(line + 3, 'x', n);
        line[3 + n] = '\0';
        size_t len = strlen("hypothesis") + 3 + n;
        if (len <= 197) {
            char *got = hypothesis_of(line);
            assert_int_equal(strlen(got), n);
            free(got);
        } else {
            char part[128];
            snprintf(text, sizeof text, "hypothesis%s\n", line);
            snprintf(part, sizeof part,
                     "a line of %zu bytes; accepted are at most 197, so say it in fewer words",
                     len);
            assert_mistake(text, 7, part);
            snprintf(text, sizeof text, "; %s\n", line);
            snprintf(part, sizeof part, "bytes; accepted are at most 197, so break the remark");
            if (strlen(text) > 198)
                assert_mistake(text, 7, part);
        }
    }
}

/* The limit is of bytes, CR and LF apart, and holds for comments, sections and the last line too.
 */
static void test_long_lines_of_other_kinds(void **state)
{
    (void)state;
    char text[512];
    char x[300];
    memset(x, 'x', sizeof x);
    snprintf(text, sizeof text, "; %.195s\r\nhypothesis = a", x);
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    char whole[1024];
    snprintf(whole, sizeof whole, HEAD "%s", text);
    assert_int_equal(parse(&e, whole, &mistakes), 0);
    abp_experiment_release(&e);
    snprintf(text, sizeof text, "; %.196s\n", x);
    assert_mistake(text, 7, "a line of 198 bytes");
    snprintf(text, sizeof text, "horizon = 48h   ; %.196s", x);
    assert_mistake(text, 7, "a line of 214 bytes");
    /* 93 letters of two bytes: 199 with the key */
    snprintf(text, sizeof text, "hypothesis = ");
    for (int i = 0; i < 93; i++)
        memcpy(text + 13 + 2 * i, "\xC3\xA9", 3);
    assert_mistake(text, 7, "a line of 199 bytes");
}

static void test_section_names(void **state)
{
    (void)state;
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    char text[512];
    /* 49 bytes arrive whole, in names that differ in the last byte only */
    const char *name = "0123456789012345678901234567890123456789";
    snprintf(text, sizeof text,
             "[import]\nfile = x\nvariant = v\noutcome = y\n[variant %sa]\n[variant %sb]\n", name,
             name);
    assert_int_equal(parse(&e, text, &mistakes), 0);
    assert_int_equal(e.variant_count, 2);
    assert_int_equal(strlen(e.variants[1].name), 41);
    assert_int_equal(e.variants[1].name[40], 'b');
    abp_experiment_release(&e);
    snprintf(text, sizeof text, "[variant %sab]\n", name);
    assert_mistake(text, 7, "at most 49 bytes");
    assert_mistake("[variant a ;b]\n[variant b]\n", 7, "bad section name");
    assert_mistake("[variant a\n[variant b]\n", 7, "without its ]");
    assert_mistake("[decision] alpha = 1%\n", 7, "text after the ]");
    assert_mistake("[decision];x\n", 7, "text after the ]");
    assert_mistake("[variant a]b]\n[variant b]\n", 7, "text after the ]");
    assert_mistake("[variant]\n", 7, "[variant] has no name; accepted is [variant NAME]");
    assert_mistake("[decision x]\n", 7, "[decision] takes no name");
    assert_mistake("[]\n", 7, "unknown section []");
    assert_mistake("[Decision]\n", 7, "(did you mean 'decision'?)");
    assert_mistake("[shedule]\ntimes = 09:00\n", 7,
                   "accepted are [experiment], [schedule], [variant NAME], [decision], [import] "
                   "(did you mean 'schedule'?)");
    assert_mistake("[decision]   ; fine\nalpha = 5%\n[decision]\n", 9,
                   "a second [decision]; accepted is one, the first is in line 7");
    assert_mistake("[variant b]\n[variant a]\n[variant b]\n", 9, "a second [variant b]");
}

static void test_semicolons(void **state)
{
    (void)state;
    static const struct {
        const char *line, *value;
    } kept[] = {
        {" = a;b", "a;b"},     {"=a;", "a;"},         {" = a;;b ", "a;;b"},
        {" = # a", "# a"},     {" = a #b", "a #b"},   {" = \"a\"", "\"a\""},
        {" = a = b", "a = b"}, {" = a: b", "a: b"},   {"=a", "a"},
        {"\t=\ta\t", "a"},     {" = [a]", "[a]"},     {" = caf\xC3\xA9", "caf\xC3\xA9"},
        {" = a  b", "a  b"},   {" = \\n a", "\\n a"},
    };
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        char *got = hypothesis_of(kept[i].line);
        assert_string_equal(got, kept[i].value);
        free(got);
    }
    /* free text: no comment at all */
    assert_mistake("hypothesis = a ; or b\n", 7, "hypothesis: a ; after a blank");
    assert_mistake("hypothesis = a   ; or b\n", 7, "hypothesis: a ; after a blank");
    assert_mistake("hypothesis = a\t;b\n", 7, "hypothesis: a ; after a blank");
    assert_mistake("hypothesis = ;b\n", 7, "hypothesis: a ; after a blank");
    /* open values: only a comment that stands clear */
    assert_mistake("[variant a]\nposts = p/a ; b/*.txt\n[variant b]\n", 8,
                   "posts: a ; after a blank, where the value would be cut");
    assert_mistake("[variant a]\nposts = p/a  ;b/*.txt\n[variant b]\n", 8, "posts: a ;");
    assert_mistake("[variant a]\nposts = ; none\n[variant b]\n", 8, "posts has no value");
    /* closed values: a comment as users know it, which can't be part of the value */
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    assert_int_equal(parse(&e,
                           HEAD "horizon = 2d ; days\noutcome = a ;b\n[decision]\nalpha = 1%\t;\n"
                                "[variant a] ; x\nposts = p/*;*.txt\t; y\n[variant b]\n"
                                "posts = q;r  ;\n",
                           &mistakes),
                     0);
    assert_int_equal(e.horizon, 172800);
    assert_string_equal(e.outcome.terms[0].name, "a");
    assert_true(e.decision.alpha == 0.01);
    assert_string_equal(e.variants[0].posts, "p/*;*.txt");
    assert_string_equal(e.variants[1].posts, "q;r");
    abp_experiment_release(&e);
}

static void test_separators(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        char separator;
    } good[] = {{" = ;", ';'}, {"=;", ';'},       {" = ;   ; the semicolon", ';'},
                {" = ,", ','}, {" = , ; x", ','}, {"=tab", '\t'},
                {" = |", '|'}, {" = : ", ':'}};
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    char text[256];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        snprintf(text, sizeof text, "[import]\nfile = x\nvariant = v\noutcome = y\nseparator%s\n",
                 good[i].line);
        assert_int_equal(parse(&e, text, &mistakes), 0);
        assert_int_equal(e.import.separator, good[i].separator);
        abp_experiment_release(&e);
    }
    static const char *const bad[] = {" = ;;", " = ,,", " = a", " = comma", " = \"", " = ;x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(text, sizeof text, "[import]\nfile = x\nvariant = v\noutcome = y\nseparator%s\n",
                 bad[i]);
        assert_only(text, strlen(text), 5, "is no separator; accepted is , or ; or | or : or tab");
    }
}

static void test_lines_that_are_none(void **state)
{
    (void)state;
    assert_mistake("hypothesis\n", 7, "neither a [section] nor key = value");
    assert_mistake("hypothesis: a\n", 7, "(did you mean = instead of : ?)");
    assert_mistake("hypothesis: a = b\n", 7, "(did you mean = instead of : ?)");
    assert_mistake("hypothesis =\n", 7, "hypothesis has no value; accepted is a sentence");
    assert_mistake("horizon = ; none\n", 7, "horizon has no value");
    assert_mistake("= a\n", 7, "unknown key ''");
    assert_mistake("hypothesis = a\n  and more\n", 8, "a line that begins with a blank");
    assert_mistake("\thypothesis = a\n", 7, "a line that begins with a blank");
    assert_mistake("hypothesis = a\n  [decision]\nalpha = x\n", 8, "begins with a blank");
    assert_mistake("Horizon = 2d\n", 7, "unknown key 'Horizon' in [experiment]; accepted are");
    assert_mistake("horizn = 2d\n", 7, "(did you mean 'horizon'?)");
    assert_mistake("horizon = 2d\nhorizon = 3d\n", 8,
                   "a second 'horizon' in [experiment]; accepted is one, the first is in line 7");
    const char *early = "file = x\n# fine\n" HEAD;
    assert_only(early, strlen(early), 1, "a line before the first section");
}

static void test_bytes(void **state)
{
    (void)state;
#define BYTES(text) HEAD text, sizeof(HEAD text) - 1
    assert_only(BYTES("hypothesis = a\0b\n"), 7, "byte 15 of the line is not UTF-8 text");
    assert_only(BYTES("hypothesis = caf\xE9\n"), 7, "byte 17 of the line is not UTF-8 text");
    assert_only(BYTES("hypothesis = \xC0\xAF\n"), 7, "not UTF-8");
    assert_only(BYTES("hypothesis = \xED\xA0\x80\n"), 7, "not UTF-8");
    assert_only(BYTES("hypothesis = a\x1B[1m\n"), 7, "byte 15 of the line is a control character");
    assert_only(BYTES("hypothesis = a\rb\n"), 7, "control character");
    assert_only(BYTES("hypothesis = a\x7F\n"), 7, "control character");
    assert_only(BYTES("hypothesis = a\xC2\x9B"), 7, "byte 15 of the line is a control character");
    assert_only(BYTES("; comments too \x01\n"), 7, "control character");
#undef BYTES
    static const char utf16[] = "\xFF\xFE[\0i\0m\0";
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    assert_int_equal(parse_bytes(&e, utf16, sizeof utf16 - 1, &mistakes), -1);
    assert_true(has_mistake(&mistakes, 1, "accepted are files saved as UTF-8"));
    abp_mistakes_release(&mistakes);
}

/* BOM, CRLF, blank lines and a missing last newline change nothing. */
static void test_dialects(void **state)
{
    (void)state;
    static const char *const texts[] = {
        HEAD "hypothesis = a b",
        "\xEF\xBB\xBF" HEAD "hypothesis = a b",
        "\xEF\xBB\xBF\r\n  \r\n\t; x\r\n" HEAD "hypothesis = a b\r\n",
        HEAD "\n\n  # y\n;\nhypothesis=a b  \t \r\n\n\n",
    };
    for (size_t i = 0; i < 4; i++) {
        struct abp_experiment e;
        struct abp_mistakes mistakes;
        assert_int_equal(parse(&e, texts[i], &mistakes), 0);
        assert_string_equal(e.hypothesis, "a b");
        assert_string_equal(e.baseline, "a");
        abp_experiment_release(&e);
    }
}

/* ---- many mistakes ---- */

static void test_every_mistake_in_one_pass(void **state)
{
    (void)state;
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    const char *text = "[experiment]\nhorizon = soon\n[decision]\nfamily = normal\nx = 1\n"
                       "alpha = 2\nalpha = 3\n[nonsense]\ny = 2\n[schedule]\ndays = mon fry\n";
    assert_int_equal(parse(&e, text, &mistakes), -1);
    static const long lines[] = {1, 1, 2, 4, 5, 6, 7, 7, 8, 10, 11};
    assert_int_equal(mistakes.count, sizeof lines / sizeof lines[0]);
    for (size_t i = 0; i < mistakes.count; i++)
        assert_int_equal(mistakes.list[i].line, lines[i]);
    struct abp_buffer out;
    abp_buffer_init(&out, 4096);
    assert_int_equal(abp_mistake_print(&out, &mistakes.list[10]), 0);
    assert_string_equal(abp_buffer_text(&out),
                        "x.ini:11: days: 'fry' is not a day of the week; accepted is days of the "
                        "week, each once: mon tue wed thu fri sat sun (did you mean 'fri'?)");
    abp_buffer_release(&out);
    abp_mistakes_release(&mistakes);
}

/* What a message quotes is cut at a character, and says so. */
static void test_long_names_in_messages(void **state)
{
    (void)state;
    for (int shift = 0; shift < 2; shift++) {
        char line[256] = "x";
        for (int i = 0; i < 60; i++)
            memcpy(line + shift + 2 * i, "\xC3\xA9", 3);
        size_t len = strlen(line);
        memcpy(line + len, " = 1\n", 6);
        char part[128] = "unknown key 'x";
        for (int i = 0; i < 32 - shift; i++)
            memcpy(part + 13 + shift + 2 * i, "\xC3\xA9", 3);
        assert_mistake(line, 7, strcat(part, "...' in [experiment]"));
    }
}

/* As many mistakes as a file can hold: a list that can be read, in no time. */
static void test_many_mistakes(void **state)
{
    (void)state;
    static const char *const lines[] = {"x=\n",
                                        "alpha=9\n",
                                        "[variant a]\n",
                                        "[q]\n",
                                        "guardrail = a < 5%, b < 5%\n",
                                        "\x01\n",
                                        "nonsense that is rather long and near to nothing=1\n"};
    const size_t size = (size_t)1 << 20;
    char *text = malloc(size);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        size_t n = strlen(lines[i]), len = 11;
        memcpy(text, "[decision]\n", len);
        for (; len + n <= size; len += n)
            memcpy(text + len, lines[i], n);
        struct abp_experiment e;
        struct abp_mistakes mistakes;
        assert_int_equal(parse_bytes(&e, text, len, &mistakes), -1);
        assert_int_equal(mistakes.count, ABP_MISTAKES_MAX + 1);
        const struct abp_mistake *last = &mistakes.list[ABP_MISTAKES_MAX];
        assert_int_equal(last->line, 0);
        assert_non_null(strstr(last->message, "more mistakes, not listed"));
        abp_mistakes_release(&mistakes);
    }
    free(text);
}

/* Reading a second file leaves the first one's mistakes alone. */
static void test_mistakes_of_two_files(void **state)
{
    (void)state;
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    for (int i = 0; i < 2; i++)
        assert_int_equal(abp_experiment_parse(&e, i ? "b.ini" : "a.ini", "[import]\nx=1\ny=1\n", 17,
                                              NULL, &mistakes, &err),
                         -1);
    assert_int_equal(mistakes.count, 10);
    for (size_t i = 0; i < 10; i++) {
        assert_string_equal(mistakes.list[i].file, i < 5 ? "a.ini" : "b.ini");
        assert_true(i % 5 == 0 || mistakes.list[i].line >= mistakes.list[i - 1].line);
    }
    assert_string_equal(err.file, "b.ini");
    assert_int_equal(err.line, 1);
    assert_non_null(strstr(err.message, "(the first of 5 mistakes)"));
    abp_mistakes_release(&mistakes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_inih_cuts),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_long_lines_of_other_kinds),
        cmocka_unit_test(test_section_names),
        cmocka_unit_test(test_semicolons),
        cmocka_unit_test(test_separators),
        cmocka_unit_test(test_lines_that_are_none),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_dialects),
        cmocka_unit_test(test_every_mistake_in_one_pass),
        cmocka_unit_test(test_long_names_in_messages),
        cmocka_unit_test(test_many_mistakes),
        cmocka_unit_test(test_mistakes_of_two_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
