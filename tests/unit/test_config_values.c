/* Every key's values: what is read, and what is refused with what is accepted. */
#include "config_files.h"

/* A whole experiment in which one line can be changed. */
static const char *const whole[] = {
    "[experiment]", "channels = a",    "outcome = likes", "exposure = views",
    "[schedule]",   "times = 09:00",   "[variant x]",     "posts = x/*.txt",
    "[variant y]",  "posts = y/*.txt", "[decision]",      "family = negbinomial",
    "[import]",     "file = x.csv",    "variant = v",     "outcome = o",
};
#define LINES (sizeof whole / sizeof whole[0])

/* Writes that file with `line` in its section: in place of the section's line of the same key, else
 * at the section's end. Returns the line's number. */
static long write_file(char *text, size_t size, const char *section, const char *line)
{
    size_t key = strcspn(line, " =");
    int inside = 0, done = 0;
    long number = 0, at = 0;
    text[0] = '\0';
    for (size_t i = 0; i <= LINES; i++) {
        const char *next = i < LINES ? whole[i] : "[";
        if (*next == '[' && inside && !done) {
            at = ++number;
            snprintf(text + strlen(text), size - strlen(text), "%s\n", line);
            done = 1;
        }
        if (*next == '[')
            inside = strcmp(next, section) == 0;
        if (i == LINES)
            break;
        int same = inside && strncmp(next, line, key) == 0 && next[key] == ' ';
        number++;
        if (same)
            at = number;
        done |= same;
        snprintf(text + strlen(text), size - strlen(text), "%s\n", same ? line : next);
    }
    assert_true(at > 0);
    return at;
}

static int read_with(struct abp_experiment *e, const char *section, const char *line, long *number,
                     struct abp_mistakes *mistakes)
{
    char text[2048];
    struct abp_error err;
    memset(mistakes, 0, sizeof *mistakes);
    *number = write_file(text, sizeof text, section, line);
    return abp_experiment_parse(e, "folder/x.ini", text, strlen(text), NULL, mistakes, &err);
}

/* The file is read; the caller looks at e and releases it. */
static void good(struct abp_experiment *e, const char *section, const char *line)
{
    struct abp_mistakes mistakes;
    long number;
    if (read_with(e, section, line, &number, &mistakes) != 0) {
        print_mistakes(&mistakes);
        fail_msg("'%s' was refused", line);
    }
}

/* The file has one mistake, in that line; its message holds part. */
static void bad(const char *section, const char *line, const char *part)
{
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    long number;
    if (read_with(&e, section, line, &number, &mistakes) == 0)
        fail_msg("'%s' was read", line);
    if (mistakes.count != 1 || !has_mistake(&mistakes, number, part)) {
        print_mistakes(&mistakes);
        fail_msg("'%s' should be refused in line %ld with '%s'", line, number, part);
    }
    if (!strstr(mistakes.list[0].message, "; accepted "))
        fail_msg("nothing is said of what is accepted: %s", mistakes.list[0].message);
    abp_mistakes_release(&mistakes);
}

/* ---- numbers ---- */

static void test_shares(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        double value;
    } cases[] = {{"confidence = 95%", 0.95},
                 {"confidence = 0.95", 0.95},
                 {"confidence = 95 %", 0.95},
                 {"confidence = 99.9%", 0.999},
                 {"confidence = 50.1%", 0.501}};
    struct abp_experiment e;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        good(&e, "[decision]", cases[i].line);
        assert_true(fabs(e.decision.confidence - cases[i].value) < 1e-15);
        abp_experiment_release(&e);
    }
    good(&e, "[decision]", "min_lift = 0");
    assert_true(e.decision.min_lift == 0);
    abp_experiment_release(&e);
    good(&e, "[decision]", "min_lift = 150%");
    assert_true(e.decision.min_lift == 1.5);
    abp_experiment_release(&e);
    bad("[decision]", "confidence = 95",
        "'95' is not a share; accepted is a share above 50% and "
        "below 100%, such as 95% or 0.95 (did you mean '95%'?)");
    static const char *const lines[] = {
        "confidence = 50%",   "confidence = 100%", "confidence = 1",    "confidence = -95%",
        "confidence = 0.95%", "confidence = 95%%", "confidence = nan",  "confidence = 0x1p-1",
        "confidence = inf",   "confidence = %",    "confidence = 9 5%", "confidence = high",
        "alpha = 0",          "alpha = 50%",       "alpha = 5",         "alpha = 1e-400%x",
        "min_lift = 5",       "min_lift = -5%",    "min_lift = 1001%",  "rope = 0%",
        "rope = 100%",        "rope = 5"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        bad("[decision]", lines[i], "share");
}

static void test_numbers(void **state)
{
    (void)state;
    struct abp_experiment e;
    good(&e, "[decision]", "min_posts = 12");
    assert_int_equal(e.decision.min_posts, 12);
    abp_experiment_release(&e);
    good(&e, "[decision]", "value = 0.40");
    assert_true(e.decision.value == 0.4);
    abp_experiment_release(&e);
    good(&e, "[decision]", "dispersion_sd = 0.5");
    assert_true(e.decision.dispersion_sd == 0.5);
    assert_true(isnan(e.decision.mu_sd));
    abp_experiment_release(&e);
    good(&e, "[variant x]", "cost = 0");
    assert_true(e.variants[0].cost == 0 && isnan(e.variants[1].cost));
    abp_experiment_release(&e);
    static const char *const lines[] = {
        "min_posts = 0",  "min_posts = 6.5", "min_posts = six", "min_posts = 99999999999999999999",
        "min_posts = -6", "min_posts = 1e2", "value = 0",       "value = -1",
        "value = nan",    "value = 1,5",     "value = 1e10",    "value = 0.4 EUR",
        "mu_sd = 0",      "lift_sd = -1",    "slot_sd = 101",   "channel_sd = inf",
        "learn = maybe",  "review = Yes",    "review = 2"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        bad("[decision]", lines[i], "accepted is ");
    bad("[variant x]", "cost = -1", "'-1' is out of range; accepted is a number from 0 to 1e9");
    bad("[schedule]", "max_posts = 0", "a whole number from 1 to 100000");
    bad("[schedule]", "max_posts = 100001", "out of range");
    bad("[schedule]", "max_posts = 1", "fewer than the 2 variants");
}

static void test_words(void **state)
{
    (void)state;
    struct abp_experiment e;
    static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false", "off"};
    char line[64];
    for (size_t i = 0; i < 3; i++) {
        snprintf(line, sizeof line, "learn = %s", yes[i]);
        good(&e, "[decision]", line);
        assert_int_equal(e.decision.learn, 1);
        abp_experiment_release(&e);
        snprintf(line, sizeof line, "review = %s", no[i]);
        good(&e, "[decision]", line);
        assert_int_equal(e.decision.review, 0);
        abp_experiment_release(&e);
    }
    good(&e, "[decision]", "after = repeat-winner");
    assert_int_equal(e.decision.after, ABP_AFTER_REPEAT_WINNER);
    assert_int_equal(e.decision.allocation, ABP_BALANCED);
    abp_experiment_release(&e);
    good(&e, "[decision]", "allocation = top-two");
    assert_int_equal(e.decision.allocation, ABP_TOP_TWO);
    assert_int_equal(e.decision.after, ABP_AFTER_STOP);
    abp_experiment_release(&e);
    bad("[decision]", "after = repeat_winner", "(did you mean 'repeat-winner'?)");
    bad("[decision]", "family = negbinomal", "(did you mean 'negbinomial'?)");
    bad("[decision]", "family = normal", "'normal' is unknown; accepted is negbinomial, ");
}

/* ---- calendar ---- */

static void test_durations(void **state)
{
    (void)state;
    struct abp_experiment e;
    good(&e, "[experiment]", "horizon = 90 min");
    assert_int_equal(e.horizon, 5400);
    abp_experiment_release(&e);
    good(&e, "[schedule]", "min_gap = 0m");
    assert_int_equal(e.schedule.min_gap, 0);
    abp_experiment_release(&e);
    good(&e, "[schedule]", "max_lateness = 7d");
    assert_int_equal(e.schedule.max_lateness, 604800);
    abp_experiment_release(&e);
    bad("[experiment]", "horizon = 48",
        "'48' is not a length of time; accepted is a length of "
        "time from 1m to 365d, such as 48h");
    bad("[experiment]", "horizon = 59s", "out of range");
    bad("[experiment]", "horizon = 366d", "out of range");
    bad("[experiment]", "horizon = -48h", "not a length of time");
    bad("[schedule]", "min_gap = 31d", "out of range");
    bad("[schedule]", "max_lateness = 0h", "out of range");
    bad("[schedule]", "max_lateness = 8d", "out of range");
}

static void test_days(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        unsigned days;
    } cases[] = {{"days = mon", 1},
                 {"days = sun mon", 65},
                 {"days = monday, sunday", 65},
                 {"days = mon,tue wed", 7},
                 {"days = thu , fri  sat", 56}};
    struct abp_experiment e;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        good(&e, "[schedule]", cases[i].line);
        assert_int_equal(e.schedule.days, cases[i].days);
        abp_experiment_release(&e);
    }
    good(&e, "[schedule]", "max_posts = 8");
    assert_int_equal(e.schedule.days, 127);
    assert_int_equal(e.schedule.start.year, 0);
    abp_experiment_release(&e);
    bad("[schedule]", "days = mon tues", "'tues' is not a day of the week");
    bad("[schedule]", "days = Mon", "(did you mean 'mon'?)");
    bad("[schedule]", "days = mon mon", "'mon' stands there twice");
    bad("[schedule]", "days = mon monday", "'monday' stands there twice");
    bad("[schedule]", "days = mon,,tue", "a comma without a day");
    bad("[schedule]", "days = mon,", "a comma without a day");
    bad("[schedule]", "days = ,mon", "a comma without a day");
    bad("[schedule]", "days = mon-fri", "'mon-fri' is not a day");
}

static void test_times(void **state)
{
    (void)state;
    struct abp_experiment e;
    good(&e, "[schedule]", "times = 18:30, 09:00 00:00 23:59");
    assert_int_equal(e.schedule.time_count, 4);
    for (size_t i = 1; i < 4; i++) {
        const struct abp_wall_time *a = &e.schedule.times[i - 1], *b = &e.schedule.times[i];
        assert_true(a->hour * 60 + a->minute < b->hour * 60 + b->minute);
    }
    abp_experiment_release(&e);
    bad("[schedule]", "times = 9:00", "'9:00' is not a time of day; accepted is times of day");
    bad("[schedule]", "times = 24:00", "'24:00' is not a time of day");
    bad("[schedule]", "times = 09:00 09:00", "'09:00' stands there twice");
    bad("[schedule]", "times = 09:00 - 18:30", "'-' is not a time of day");
    bad("[schedule]", "times = 09:00,", "a comma without a time");
}

static void test_dates(void **state)
{
    (void)state;
    struct abp_experiment e;
    good(&e, "[schedule]", "start = 2028-02-29");
    assert_int_equal(e.schedule.start.day, 29);
    abp_experiment_release(&e);
    static const char *const lines[] = {
        "start = 2026-02-30", "start = 0000-01-01", "start = 1999-12-31",
        "start = 2200-01-01", "start = 9999-12-31", "start = 01.12.2026",
        "start = 2026-12-1",  "start = tomorrow",   "start = 2026-12-01 09:00"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        bad("[schedule]", lines[i], "accepted is a day from 2000 to 2199, such as 2026-12-01");
    good(&e, "[schedule]", "blackout = 2027-01-01, 2026-12-30..2027-01-02 2026-05-01");
    assert_int_equal(e.schedule.blackout_count, 5);
    assert_int_equal(e.schedule.blackout[0].month, 5);
    for (size_t i = 1; i < 5; i++)
        assert_true(abp_date_compare(&e.schedule.blackout[i - 1], &e.schedule.blackout[i]) < 0);
    abp_experiment_release(&e);
    good(&e, "[schedule]", "blackout = 2020-01-01..2030-01-07");
    assert_int_equal(e.schedule.blackout_count, 3660);
    abp_experiment_release(&e);
    bad("[schedule]", "blackout = 2020-01-01..2030-01-08", "makes too many days");
    bad("[schedule]", "blackout = 2020-01-01..2030-01-07 2031-01-01", "makes too many days");
    bad("[schedule]", "blackout = 2026-12-02..2026-12-01", "days in order");
    bad("[schedule]", "blackout = 2026-12-01..", "days in order");
    bad("[schedule]", "blackout = 2026-02-29", "that exist");
    bad("[schedule]", "blackout = 1999-12-31..2000-01-01", "that exist");
    bad("[schedule]", "blackout = 2026-12-24,,2026-12-26", "a comma without a day");
}

/* ---- sums and names ---- */

static void check_sum(const struct abp_sum *sum, const char *expected)
{
    struct abp_buffer out;
    abp_buffer_init(&out, 1024);
    for (size_t i = 0; i < sum->count; i++)
        abp_buffer_printf(&out, "%g<%s>", sum->terms[i].weight, sum->terms[i].name);
    assert_string_equal(abp_buffer_text(&out), expected);
    abp_buffer_release(&out);
}

static void test_sums(void **state)
{
    (void)state;
    static const struct {
        const char *line, *sum;
    } cases[] = {{"outcome = likes", "1<likes>"},
                 {"outcome = 3*replies + likes", "3<replies>1<likes>"},
                 {"outcome = 3 * replies+likes", "3<replies>1<likes>"},
                 {"outcome = -unfollows + 5.0*likes - 2*hides", "-1<unfollows>5<likes>-2<hides>"},
                 {"outcome = +a.b_1 + 3.*c", "1<a.b_1>3<c>"},
                 {"outcome = \"post-clicks\" + \"a, \"\"b\"\"\"", "1<post-clicks>1<a, \"b\">"},
                 {"outcome = likes -hides", "1<likes>-1<hides>"},
                 {"outcome = \"a\"-\"b\"", "1<a>-1<b>"},
                 {"outcome = caf\xC3\xA9s", "1<caf\xC3\xA9s>"}};
    struct abp_experiment e;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        good(&e, "[experiment]", cases[i].line);
        check_sum(&e.outcome, cases[i].sum);
        abp_experiment_release(&e);
        good(&e, "[import]", cases[i].line);
        check_sum(&e.import.outcome, cases[i].sum);
        abp_experiment_release(&e);
    }
    good(&e, "[import]", "outcome = Total Interactions + 2*Total Reach - x");
    check_sum(&e.import.outcome, "1<Total Interactions>2<Total Reach>-1<x>");
    abp_experiment_release(&e);
    good(&e, "[import]", "exposure = Lifetime Post.Reach");
    check_sum(&e.import.exposure, "1<Lifetime Post.Reach>");
    abp_experiment_release(&e);
    good(&e, "[experiment]", "exposure = none");
    assert_int_equal(e.exposure.count, 0);
    abp_experiment_release(&e);
    bad("[experiment]", "outcome = likes replies", "that is no + or -");
    bad("[import]", "outcome = a  b", "that is no + or -");
    bad("[experiment]", "outcome = post-clicks", "a - that may belong to a name");
    static const char *const lines[] = {
        "outcome = 3 likes", "outcome = likes +",      "outcome = + ",   "outcome = 0*likes",
        "outcome = 3**a",    "outcome = 3*",           "outcome = a*3",  "outcome = a++b",
        "outcome = a + -b",  "outcome = a + a",        "outcome = \"a",  "outcome = \"\"",
        "outcome = 1e3*a",   "outcome = 1.2.3*a",      "outcome = (a)",  "outcome = a/b",
        "outcome = \"a\"b",  "outcome = 2000000000*a", "outcome = a, b", "outcome = 3"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        bad("[experiment]", lines[i], "accepted is a sum of metrics");
        bad("[import]", lines[i], "accepted is a column, or a sum of columns");
    }
}

/* Fractions are for families that do not count; a guardrail is of no family. */
static void test_halves(void **state)
{
    static const char amounts[] = "[decision]\nfamily = lognormal\n[import]\nfile = x.csv\n"
                                  "variant = v\noutcome = -o + .5*c\nexposure = 0.25*n\n";
    struct abp_mistakes mistakes = {0};
    struct abp_experiment e;
    struct abp_error err;
    (void)state;
    assert_int_equal(
        abp_experiment_parse(&e, "x.ini", amounts, strlen(amounts), NULL, &mistakes, &err), 0);
    check_sum(&e.import.outcome, "-1<o>0.5<c>");
    check_sum(&e.import.exposure, "0.25<n>");
    abp_experiment_release(&e);
    bad("[experiment]", "outcome = likes - 0.5*replies", "0.5*replies gives fractions, and family");
    bad("[import]", "outcome = 2*a + 2.5*b", "2.5*b gives fractions, and family negbinomial");
    good(&e, "[decision]", "guardrail = 0.5*a <= 5%");
    abp_experiment_release(&e);
    good(&e, "[experiment]", "exposure = 0.001*views"); /* a rate per thousand */
    abp_experiment_release(&e);
}

static void test_guardrails(void **state)
{
    (void)state;
    struct abp_experiment e;
    good(&e, "[decision]",
         "guardrail = unfollows <= 5%, 2*hides + reports<=0.01, \"a, b\" <= 150 %");
    assert_int_equal(e.decision.guardrail_count, 3);
    check_sum(&e.decision.guardrails[0].metric, "1<unfollows>");
    check_sum(&e.decision.guardrails[1].metric, "2<hides>1<reports>");
    check_sum(&e.decision.guardrails[2].metric, "1<a, b>");
    assert_true(e.decision.guardrails[0].limit == 0.05);
    assert_true(e.decision.guardrails[1].limit == 0.01);
    assert_true(e.decision.guardrails[2].limit == 1.5);
    abp_experiment_release(&e);
    static const char *const lines[] = {
        "guardrail = unfollows",       "guardrail = unfollows < 5%",
        "guardrail = unfollows >= 5%", "guardrail = unfollows <= 5",
        "guardrail = <= 5%",           "guardrail = a <= 5%,",
        "guardrail = a <= 5% b <= 5%", "guardrail = a <= -5%",
        "guardrail = a <= 1001%",      "guardrail = a <= 5%,, b <= 5%",
        "guardrail = a b <= 5%",       "guardrail = a <="};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        bad("[decision]", lines[i], "accepted is METRIC <= SHARE, such as unfollows <= 5%");
}

static void test_names(void **state)
{
    (void)state;
    struct abp_experiment e;
    good(&e, "[import]", "missing = NA, N/A , \"a, b\",\" \"");
    assert_int_equal(e.import.missing.count, 4);
    assert_string_equal(e.import.missing.list[1], "N/A");
    assert_string_equal(e.import.missing.list[2], "a, b");
    assert_string_equal(e.import.missing.list[3], " ");
    abp_experiment_release(&e);
    good(&e, "[import]", "required = Total Interactions,like");
    assert_string_equal(e.import.required.list[0], "Total Interactions");
    abp_experiment_release(&e);
    good(&e, "[import]", "channel = Page (total), 2014");
    assert_string_equal(e.import.channel, "Page (total), 2014");
    abp_experiment_release(&e);
    good(&e, "[import]", "slot = \"say \"\"hi\"\"\"");
    assert_string_equal(e.import.slot, "say \"hi\"");
    abp_experiment_release(&e);
    good(&e, "[import]", "file = /data/x.csv");
    assert_string_equal(e.import.file, "/data/x.csv");
    abp_experiment_release(&e);
    good(&e, "[import]", "file = ../x.csv");
    assert_string_equal(e.import.file, "folder/../x.csv");
    abp_experiment_release(&e);
    bad("[import]", "missing = NA,,x", "a comma without a name");
    bad("[import]", "missing = NA,", "a comma without a name");
    bad("[import]", "missing = NA, NA", "'NA' stands there twice");
    bad("[import]", "required = \"a\" b", "text after a closing quotation mark");
    bad("[import]", "slot = \"a", "a quotation mark that is not closed");
    bad("[import]", "file = ~/x.csv", "~ is not replaced by a folder");
    bad("[experiment]", "channels = a b", "holds something that is no channel's name");
    bad("[experiment]", "channels = a, a", "'a' stands there twice");
    bad("[experiment]", "channels = a,", "a comma without a name");
    bad("[variant x]", "posts = ~/x/*.txt", "~ is not replaced by a folder");
}

/* ---- across keys ---- */

static void test_families(void **state)
{
    (void)state;
    static const char *const scales[] = {"mu_sd = 1",          "lift_sd = 1", "channel_sd = 1",
                                         "interaction_sd = 1", "slot_sd = 1", "dispersion_sd = 1"};
    struct abp_experiment e;
    struct abp_mistakes mistakes;
    struct abp_error err;
    char text[512];
    for (size_t i = 0; i < 12; i++) {
        snprintf(text, sizeof text,
                 "[import]\nfile = x\nvariant = v\noutcome = o\nexposure = n\n[decision]\n"
                 "family = %s\n%s\n",
                 i % 2 ? "poisson" : "binomial", scales[i / 2]);
        memset(&mistakes, 0, sizeof mistakes);
        assert_int_equal(
            abp_experiment_parse(&e, "x.ini", text, strlen(text), NULL, &mistakes, &err), -1);
        assert_int_equal(mistakes.count, 1);
        assert_true(has_mistake(&mistakes, 8, "has no such term; accepted is prior = 0.5 0.5"));
        abp_mistakes_release(&mistakes);
    }
    good(&e, "[decision]", "family = poisson");
    assert_true(isnan(e.decision.prior_a) && isnan(e.decision.prior_b));
    abp_experiment_release(&e);
    bad("[decision]", "prior = 0.5 0.5", "only of binomial and poisson");
    bad("[decision]", "family = binomial", "needs an exposure; accepted is a column of it");
    bad("[decision]", "family = betabinomial", "needs an exposure; accepted is a column of it");
}

static void test_priors(void **state)
{
    (void)state;
    static const char *const values[] = {"0.5",    "0.5 0", "0 0.5", "a b",
                                         "0.5 -1", "1 2 3", "1, 2",  "1e7 1"};
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    char text[512];
    const char *head =
        "[import]\nfile = x\nvariant = v\noutcome = o\n[decision]\nfamily = poisson\n";
    snprintf(text, sizeof text, "%sprior = 2\t 0.25\n", head);
    assert_int_equal(abp_experiment_parse(&e, "x.ini", text, strlen(text), NULL, &mistakes, &err),
                     0);
    assert_true(e.decision.prior_a == 2 && e.decision.prior_b == 0.25);
    abp_experiment_release(&e);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(text, sizeof text, "%sprior = %s\n", head, values[i]);
        assert_int_equal(
            abp_experiment_parse(&e, "x.ini", text, strlen(text), NULL, &mistakes, &err), -1);
        assert_int_equal(mistakes.count, 1);
        assert_true(has_mistake(&mistakes, 7, "accepted is two numbers above 0"));
        abp_mistakes_release(&mistakes);
    }
}

static void test_baseline(void **state)
{
    (void)state;
    struct abp_experiment e;
    good(&e, "[experiment]", "baseline = y");
    assert_string_equal(e.baseline, "y");
    abp_experiment_release(&e);
    bad("[experiment]", "baseline = yy",
        "'yy' is no [variant ...] of this file; accepted is one "
        "of them");
    bad("[experiment]", "baseline = X", "(did you mean 'x'?)");
}

static void assert_mistakes(const char *text, size_t count, long line, const char *part)
{
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_error err;
    int rc = abp_experiment_parse(&e, "x.ini", text, strlen(text), NULL, &mistakes, &err);
    if (rc == 0 || mistakes.count != count || !has_mistake(&mistakes, line, part)) {
        print_mistakes(&mistakes);
        fail_msg("expected %zu mistakes and line %ld: %s", count, line, part);
    }
    abp_mistakes_release(&mistakes);
}

static void test_what_is_missing(void **state)
{
    (void)state;
    assert_mistakes("", 1, 0, "nothing to learn from; accepted is a [schedule] with two or more");
    assert_mistakes("[experiment]\noutcome = y\n", 1, 0, "nothing to learn from");
    assert_mistakes("[import]\n", 3, 1, "[import] has no file");
    assert_mistakes("[import]\n", 3, 1, "[import] has no variant");
    assert_mistakes("[import]\n", 3, 1, "[import] has no outcome");
    assert_mistakes("[schedule]\n", 4, 1, "[schedule] has no times");
    assert_mistakes("[schedule]\n", 4, 0, "[experiment] has no channels");
    assert_mistakes("[schedule]\n", 4, 0, "[experiment] has no outcome");
    assert_mistakes("[schedule]\n", 4, 1, "[schedule] without variants");
    const char *plan = "[experiment]\nchannels = c\noutcome = y\n[schedule]\ntimes = 09:00\n"
                       "[variant a]\nposts = p\n";
    char text[512];
    assert_mistakes(plan, 1, 6, "only one [variant ...]; accepted are two or more");
    snprintf(text, sizeof text, "%s[variant b]\ncost = 1\n", plan);
    assert_mistakes(text, 1, 8, "[variant b] has no posts, which [schedule] needs");
    snprintf(text, sizeof text, "%s[variant b]\nposts = q\n[decision]\nfamily = betabinomial\n",
             plan);
    assert_mistakes(text, 1, 11, "accepted is one in [experiment], such as exposure = impressions");
    snprintf(text, sizeof text, "%s[variant b]\nposts = q\n[decision]\nfamily = binomial\n%s", plan,
             "[import]\nfile = x\nvariant = v\noutcome = o\nexposure = none\n");
    assert_mistakes(text, 2, 11, "accepted is a column of it in [import]");
    /* a key that is there but wrong is not missing as well */
    assert_mistakes("[import]\nfile = ~\nvariant = \"\noutcome = +\n", 3, 4, "outcome: '+'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shares),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_days),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_halves),
        cmocka_unit_test(test_guardrails),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_families),
        cmocka_unit_test(test_priors),
        cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
