/* From a messy file to an experiment's rows: what is read, what is refused, what is left unchanged.
 */
#include "abpost/fetch.h"
#include "store_scratch.h"

#include <math.h>

#define QUESTION TEST_DATA "/../../experiments/question-2019/question-2019.ini"

struct outcome {
    int rc;
    struct abp_import_result result;
    struct abp_mistakes mistakes;
    struct abp_error err;
};

static void run(struct outcome *o, struct abp_store *store, const struct abp_experiment *e)
{
    memset(o, 0, sizeof *o);
    o->rc = abp_import_run(&o->result, store, e, &scratch_env, NULL, &o->mistakes, &o->err);
    assert_true(o->rc == 0 || o->err.code != ABP_DATA || o->mistakes.count > 0);
}

/* Imports csv, which must be refused with code ABP_DATA, `bad` rows and these mistakes (each
 * "line: start of message"), and leave the store without an import. */
static void refuse(struct scratch *s, const char *settings, const char *csv, size_t bad,
                   const char *const *expected)
{
    struct abp_experiment e;
    struct abp_import_info info;
    struct outcome o;
    struct abp_store *store = scratch_store(s);
    scratch_write(s, "x.csv", csv);
    scratch_experiment(s, &e, settings);
    run(&o, store, &e);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.code, ABP_DATA);
    assert_int_equal(o.result.bad, bad);
    for (size_t i = 0; expected[i]; i++) {
        char line[1200];
        assert_true(i < o.mistakes.count);
        snprintf(line, sizeof line, "%ld: %s", o.mistakes.list[i].line, o.mistakes.list[i].message);
        if (strncmp(line, expected[i], strlen(expected[i])) != 0)
            fail_msg("'%s' does not start with '%s'", line, expected[i]);
        assert_non_null(strstr(o.mistakes.list[i].file, "x.csv"));
        assert_true(expected[i + 1] || i + 1 == o.mistakes.count);
    }
    assert_int_equal(abp_store_latest_import(&info, store, "x", &o.err), 0);
    abp_mistakes_release(&o.mistakes);
    abp_experiment_release(&e);
    abp_store_close(store);
}

#define REFUSE(s, settings, csv, bad, ...)                                                         \
    refuse(s, settings, csv, bad, (const char *const[]){__VA_ARGS__, NULL})

/* ---- the real file ---- */

static void test_question_2019(void **state)
{
    struct abp_experiment e;
    struct abp_mistakes mistakes = {0};
    struct abp_posts posts;
    struct outcome o;
    struct abp_error err = {0};
    struct abp_store *store = scratch_store(*state);
    assert_int_equal(abp_experiment_read(&e, QUESTION, NULL, &mistakes, &err), 0);
    run(&o, store, &e);
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.result.rows, 308);
    assert_int_equal(o.result.info.posts, 308);
    assert_int_equal(o.result.info.observed, 280);
    assert_int_equal(o.result.info.experiments, 1);
    assert_int_equal(abp_posts_load(&posts, store, &e, o.result.info.id, 0, &err), 0);
    assert_string_equal(posts.name, "question-2019");
    assert_int_equal(posts.count, 308);
    assert_int_equal(posts.missing, 28);
    assert_int_equal(posts.variants.count, 2);
    assert_string_equal(posts.variants.list[0], "treatment");
    assert_string_equal(posts.variants.list[1], "control");
    assert_int_equal(posts.channels.count, 14);
    assert_int_equal(posts.slots.count, 1);
    assert_int_equal(posts.block_count, 14);
    assert_true(posts.randomised);
    size_t observed[2] = {0};
    double total[2] = {0};
    for (size_t i = 0; i < posts.count; i++) {
        assert_int_equal(posts.rows[i].line, i + 2);
        assert_int_equal(posts.rows[i].block, posts.rows[i].channel);
        if (isnan(posts.rows[i].outcome))
            continue;
        observed[posts.rows[i].variant]++;
        total[posts.rows[i].variant] += posts.rows[i].outcome;
    }
    assert_int_equal(observed[0], 145);
    assert_int_equal(observed[1], 135);
    assert_true(total[0] == 2067 && total[1] == 2110);
    abp_posts_release(&posts);
    abp_mistakes_release(&mistakes);
    abp_experiment_release(&e);
    abp_store_close(store);
}

/* ---- sums, missing readings, columns ---- */

static void test_sums(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct abp_posts posts;
    struct outcome o;
    struct abp_error err = {0};
    struct abp_store *store = scratch_store(s);
    scratch_write(s, "x.csv",
                  "\xEF\xBB\xBFstyle ; Likes;replies;\"shown; seen\";slot;left;when\r\n"
                  " a ;1;2;100;\"mon\nam\";0;2026-01-02 03:04\r\n"
                  "b;;2;100;tue;1;2026/01/02 03:04:05\r\n"
                  ";;;;;;\r\n"
                  "a;3;?;100;tue;;1800000000\r\n"
                  "b;0.5;1e1;?;tue;2;?\r\n"
                  "a; 4 ;-0;7;tue;3;2026-01-02T03:04:05+01:00\r\n");
    scratch_experiment(
        s, &e,
        "outcome = 3*replies + Likes\nexposure = \"shown; seen\"\nslot = slot\n"
        "missing = ?\ntime = when\n[decision]\nguardrail = left <= 5%\nfamily = lognormal\n");
    run(&o, store, &e);
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.result.rows, 5);
    assert_int_equal(o.result.empty, 1);
    assert_int_equal(o.result.info.observed, 2);
    assert_int_equal(abp_posts_load(&posts, store, &e, o.result.info.id, 0, &err), 0);
    assert_int_equal(posts.count, 5);
    assert_int_equal(posts.missing, 3);
    assert_false(posts.randomised);
    assert_int_equal(posts.guardrail_count, 1);
    static const struct {
        double outcome, exposure, left;
        int64_t line, time;
    } expected[5] = {{7, 100, 0, 2, 1767323040},
                     {NAN, 100, 1, 4, 1767323045},
                     {NAN, 100, NAN, 6, 1800000000},
                     {30.5, NAN, 2, 7, 0},
                     {4, 7, 3, 8, 1767319445}};
    for (size_t i = 0; i < 5; i++) {
        const struct abp_post_row *row = &posts.rows[i];
        double values[3] = {row->outcome, row->exposure, posts.guardrails[i]};
        double wanted[3] = {expected[i].outcome, expected[i].exposure, expected[i].left};
        for (int k = 0; k < 3; k++)
            assert_true(isnan(wanted[k]) ? isnan(values[k]) : values[k] == wanted[k]);
        assert_int_equal(row->line, expected[i].line);
        assert_int_equal(row->has_time, expected[i].time != 0);
        assert_int_equal(row->posted_at, expected[i].time);
        assert_int_equal(row->variant, i == 1 || i == 3);
        assert_int_equal(row->slot, i > 0);
        assert_int_equal(row->block, -1);
        assert_int_equal(row->channel, 0);
    }
    assert_string_equal(posts.slots.list[0], "mon\nam");
    assert_string_equal(posts.channels.list[0], "");
    abp_posts_release(&posts);
    abp_experiment_release(&e);
    abp_store_close(store);
}

/* A guardrail that was not read is not a missing post; `required` is, whatever else was read. */
static void test_required(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct abp_posts posts;
    struct outcome o;
    struct abp_error err = {0};
    struct abp_store *store = scratch_store(s);
    scratch_write(s, "x.csv",
                  "style,n,left,note,seen\na,0,1,,yes\nb,5,,x,yes\na,6,2,x,NA\nb,7,3,x,no\n");
    scratch_experiment(s, &e,
                       "outcome = n\nrequired = note, seen\nmissing = NA\n[decision]\n"
                       "guardrail = left <= 5%\n");
    run(&o, store, &e);
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.result.info.posts, 4);
    assert_int_equal(o.result.info.observed, 2);
    assert_int_equal(abp_posts_load(&posts, store, &e, o.result.info.id, 0, &err), 0);
    assert_int_equal(posts.missing, 2);
    assert_true(isnan(posts.rows[0].outcome) && isnan(posts.rows[2].outcome));
    assert_true(posts.rows[1].outcome == 5 && posts.rows[3].outcome == 7);
    assert_true(posts.rows[0].exposure == 1 && posts.rows[1].exposure == 1);
    assert_true(isnan(posts.guardrails[0]) && isnan(posts.guardrails[1]) &&
                isnan(posts.guardrails[2]) && posts.guardrails[3] == 3);
    abp_posts_release(&posts);
    abp_experiment_release(&e);
    abp_store_close(store);
}

/* ---- one experiment for each value ---- */

static void test_experiments(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct abp_posts posts;
    struct outcome o;
    struct abp_error err = {0};
    enum { COUNT = 3000, ROUNDS = 4 };
    struct abp_store *store = scratch_store(s);
    FILE *file = fopen(scratch_path(s, "x.csv"), "w");
    assert_non_null(file);
    fputs("style,n,test,pair\n", file);
    /* Interleaved, so that every experiment is met again after all the others. */
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < COUNT; i++)
            fprintf(file, "%s,%d,test %d,p%d\n", round % 2 ? "b" : "a", i * 10 + round,
                    (i * 7) % COUNT, round / 2);
    fclose(file);
    scratch_experiment(s, &e, "outcome = n\nexperiment = test\nblock = pair\n");
    run(&o, store, &e);
    assert_int_equal(o.rc, 0);
    assert_int_equal(o.result.info.experiments, COUNT);
    for (int i = 0; i < COUNT; i += 1) {
        char name[64];
        char *stored = NULL;
        snprintf(name, sizeof name, "x/test %d", (i * 7) % COUNT);
        assert_int_equal(abp_store_experiment_name(&stored, store, o.result.info.id, i, &err), 0);
        assert_string_equal(stored, name);
        free(stored);
        assert_int_equal(abp_posts_load(&posts, store, &e, o.result.info.id, i, &err), 0);
        assert_string_equal(posts.name, name);
        assert_int_equal(posts.count, ROUNDS);
        assert_int_equal(posts.block_count, 2);
        for (int r = 0; r < ROUNDS; r++) {
            assert_true(posts.rows[r].outcome == i * 10 + r);
            assert_int_equal(posts.rows[r].line, 2 + r * COUNT + i);
            assert_int_equal(posts.rows[r].block, r / 2);
        }
        abp_posts_release(&posts);
    }
    assert_int_equal(abp_posts_load(&posts, store, &e, o.result.info.id, COUNT, &err), -1);
    assert_int_equal(err.code, ABP_BUG);
    abp_experiment_release(&e);
    abp_store_close(store);
}

/* ---- again, and another version ---- */

static void test_unchanged(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct abp_posts posts;
    struct outcome o;
    struct abp_error err = {0};
    struct abp_store *store = scratch_store(s);
    scratch_write(s, "x.csv", "style,n,m\na,1,5\nb,2,6\n");
    scratch_experiment(s, &e, "outcome = n\n");
    run(&o, store, &e);
    assert_int_equal(o.rc, 0);
    assert_false(o.result.unchanged);
    int64_t first = o.result.info.id;
    run(&o, store, &e);
    assert_int_equal(o.rc, 0);
    assert_true(o.result.unchanged);
    assert_int_equal(o.result.info.id, first);
    assert_int_equal(o.result.info.posts, 2);

    /* A weight is no fact of the file; the sum follows it all the same. */
    abp_experiment_release(&e);
    scratch_experiment(s, &e, "outcome = 10*n\n");
    run(&o, store, &e);
    assert_true(o.rc == 0 && o.result.unchanged);
    assert_int_equal(abp_posts_load(&posts, store, &e, first, 0, &err), 0);
    assert_true(posts.rows[1].outcome == 20);
    abp_posts_release(&posts);

    /* Another way of reading, another content: a new import each, the old one stays. */
    abp_experiment_release(&e);
    scratch_experiment(s, &e, "outcome = n + m\n");
    run(&o, store, &e);
    assert_true(o.rc == 0 && !o.result.unchanged && o.result.info.id > first);
    scratch_write(s, "x.csv", "style,n,m\na,1,5\nb,2,6\nb,3,7\n");
    run(&o, store, &e);
    assert_true(o.rc == 0 && !o.result.unchanged && o.result.info.id > first + 1);
    assert_int_equal(o.result.info.posts, 3);
    assert_int_equal(abp_posts_load(&posts, store, &e, o.result.info.id, 0, &err), 0);
    assert_int_equal(posts.count, 3);
    abp_posts_release(&posts);
    assert_int_equal(abp_posts_load(&posts, store, &e, first + 1, 0, &err), 0);
    assert_int_equal(posts.count, 2);
    abp_posts_release(&posts);

    /* A bad version changes nothing: the last good one is still the newest. */
    scratch_write(s, "x.csv", "style,n,m\na,1,5\nb,many,6\n");
    run(&o, store, &e);
    assert_int_equal(o.rc, -1);
    struct abp_import_info info;
    assert_int_equal(abp_store_latest_import(&info, store, "x", &err), 1);
    assert_int_equal(info.posts, 3);
    abp_mistakes_release(&o.mistakes);

    /* Back to an earlier content: that is a new version too. */
    scratch_write(s, "x.csv", "style,n,m\na,1,5\nb,2,6\n");
    run(&o, store, &e);
    assert_true(o.rc == 0 && !o.result.unchanged && o.result.info.id > info.id);
    assert_int_equal(o.result.info.posts, 2);
    abp_experiment_release(&e);
    abp_store_close(store);
}

/* ---- what is refused ---- */

static void test_columns(void **state)
{
    REFUSE(*state, "outcome = lieks + replies\nchannel = acount\n",
           "style,likes,account,extra\na,1,x,2\n", 0,
           "1: no column 'acount', which 'channel' names (did you mean 'account'?)",
           "1: no column 'lieks', which 'outcome' names (did you mean 'likes'?)",
           "1: no column 'replies', which 'outcome' names",
           "1: its columns are: style, likes, account, extra");
    REFUSE(*state, "outcome = n\nexposure = e\nrequired = r\n",
           "n,style,n,e,r,x,x\n1,a,2,3,4,5,6\n", 0,
           "1: columns 1 and 3 are both called 'n', which 'outcome' names; rename one");
    REFUSE(*state, "outcome = n\n", "", 0, "0: an empty file");
    REFUSE(*state, "outcome = n\n", "\n\n", 0, "0: an empty file");
    REFUSE(*state, "outcome = n\n", "style,n\n", 0, "0: a header and no rows");
    REFUSE(*state, "outcome = n\n", "style,n\n,\n,\n", 0, "0: a header and no rows");
    REFUSE(*state, "outcome = n\n", "style,n\xE9\n", 0, "1: column 2: not valid UTF-8");
}

static void test_bad_cells(void **state)
{
    REFUSE(*state, "outcome = n\nmissing = NA\n",
           "style,n\na,\"1,204\"\na,12%\nb,n/a\nb,inf\na,0x10\nb,-3\na,NA\n"
           ",4\nNA,5\nb,1e999\n\"b\n\",1 2\n",
           10, "2: column 2 (n): '1,204' is not a number; thousands separators",
           "3: column 2 (n): '12%' is not a number",
           "4: column 2 (n): 'n/a' is not a number; if it",
           "5: column 2 (n): 'inf' is not a number", "6: column 2 (n): '0x10' is not a number",
           "7: column 2 (n): -3 is negative", "9: column 1 (style): empty; every row needs",
           "10: column 1 (style): 'NA' is one of the 'missing =' words",
           "11: column 2 (n): '1e999' is not a number", "13: column 2 (n): '1 2' is not a number",
           "0: 10 of 11 rows are bad");
    REFUSE(*state, "outcome = n\ntime = t\n",
           "style,n,t\na,1,3/4/19\na,1,2026-02-30\na,1,2026-01-01 25:00\na,1,soon\n"
           "a,1,\na,1,2026-01-01\na,1,2026-01-01 10:00\na,1,2026-01-01T10:00+02:00\n",
           4, "2: column 3 (t): '3/4/19' is no time", "3: column 3", "4: column 3", "5: column 3",
           "0: 4 of 8 rows are bad");
    REFUSE(*state, "outcome = n\nblock = b\nchannel = c\nslot = s\nexperiment = e\n",
           "style,n,b,c,s,e\na,1,1,1,1,1\na,1,,,,\na,x,1,1,1,\n", 2, "3: column 4 (c): empty",
           "3: column 5 (s): empty", "3: column 3 (b): empty", "3: column 6 (e): empty",
           "4: column 6 (e): empty", "4: column 2 (n): 'x' is not a number",
           "0: 2 of 3 rows are bad");
}

static void test_bad_rows(void **state)
{
    REFUSE(*state, "outcome = n\n", "style,n,m\na,1\nb,2,3,4\na,\"1\"2,3\nb,caf\xE9,1\nc,\"4\n", 4,
           "2: 2 columns where the header has 3", "3: 4 columns where the header has 3",
           "4: column 2 (n): text after a closing quote", "5: column 2 (n): not valid UTF-8",
           "6: the quote opened here in column 2 is never closed");
    REFUSE(*state, "outcome = n\n[variant story]\n[variant a]\n",
           "style,n\na,1\nstroy,2\nb,3\nstory,4\nstroy,5\n", 3,
           "3: column 1 (style): 'stroy' is no variant of this experiment (did you mean 'story'?)",
           "4: column 1 (style): 'b' is no variant of this experiment",
           "6: column 1 (style): 'stroy'", "0: 3 of 5 rows are bad");
}

/* Twenty bad cells are listed, all bad rows are counted, and the first is in the error. */
static void test_many_bad_rows(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct outcome o;
    struct abp_store *store = scratch_store(s);
    FILE *file = fopen(scratch_path(s, "x.csv"), "w");
    assert_non_null(file);
    fputs("style,n\n", file);
    for (int i = 0; i < 5000; i++)
        fprintf(file, "a,%s\n", i % 2 ? "1" : "x");
    fclose(file);
    scratch_experiment(s, &e, "outcome = n\n");
    run(&o, store, &e);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.result.rows, 5000);
    assert_int_equal(o.result.bad, 2500);
    assert_int_equal(o.mistakes.count, ABP_IMPORT_LISTED + 1);
    assert_int_equal(o.mistakes.list[ABP_IMPORT_LISTED].line, 0);
    assert_non_null(
        strstr(o.mistakes.list[ABP_IMPORT_LISTED].message, "2500 of 5000 rows are bad"));
    assert_int_equal(o.err.line, 2);
    assert_non_null(strstr(o.err.message, "column 2 (n): 'x' is not a number"));
    assert_non_null(strstr(o.err.message, "(2500 of 5000 rows are bad; nothing was imported)"));
    abp_mistakes_release(&o.mistakes);
    abp_experiment_release(&e);
    abp_store_close(store);
}

static void test_file(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct outcome o;
    struct abp_store *store = scratch_store(s);
    scratch_experiment(s, &e, "outcome = n\n");
    run(&o, store, &e);
    assert_int_equal(o.rc, -1);
    assert_int_equal(o.err.code, ABP_DATA);
    assert_non_null(strstr(o.err.message, "No such file"));
    assert_non_null(strstr(o.err.message, "x.ini"));
    abp_mistakes_release(&o.mistakes);
    free(e.import.file);
    e.import.file = strdup(s->folder);
    run(&o, store, &e);
    assert_int_equal(o.err.code, ABP_DATA);
    assert_non_null(strstr(o.err.message, "not an ordinary file"));
    abp_mistakes_release(&o.mistakes);
    abp_experiment_release(&e);
    abp_store_close(store);
}

/* A sum can be too large although every reading is fine. */
static void test_overflow(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct abp_posts posts;
    struct outcome o;
    struct abp_store *store = scratch_store(s);
    scratch_write(s, "x.csv", "style,n\na,1\nb,1e300\n");
    scratch_experiment(s, &e, "outcome = 1000000000*n\n");
    run(&o, store, &e);
    assert_int_equal(o.rc, 0);
    assert_int_equal(abp_posts_load(&posts, store, &e, o.result.info.id, 0, &o.err), -1);
    assert_int_equal(o.err.code, ABP_DATA);
    assert_non_null(strstr(o.err.message, "the outcome in line 3 is too large"));
    abp_experiment_release(&e);
    abp_store_close(store);
}

/* ---- progress ---- */

struct seen {
    int64_t done, total;
    int calls, ascending;
};

static void see(void *context, int64_t done, int64_t total)
{
    struct seen *seen = context;
    seen->ascending &= done > seen->done;
    seen->done = done;
    seen->total = total;
    seen->calls++;
}

static void test_progress(void **state)
{
    struct scratch *s = *state;
    struct abp_experiment e;
    struct outcome o = {0};
    struct seen seen = {.ascending = 1};
    struct abp_progress progress = {see, &seen};
    struct abp_store *store = NULL;
    FILE *file = fopen(scratch_path(s, "x.csv"), "w");
    assert_non_null(file);
    fputs("style,n\n", file);
    for (int i = 0; i < 50000; i++)
        fputs("a,1\n", file);
    fclose(file);
    scratch_experiment(s, &e, "outcome = n\n");
    assert_int_equal(abp_store_open_transient(&store, &o.err), 0);
    assert_int_equal(
        abp_import_run(&o.result, store, &e, &scratch_env, &progress, &o.mistakes, &o.err), 0);
    assert_true(seen.ascending && seen.calls >= 3);
    assert_int_equal(seen.done, 8 + 4 * 50000);
    assert_int_equal(seen.total, seen.done);
    assert_int_equal(o.result.info.posts, 50000);
    abp_experiment_release(&e);
    abp_store_close(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_question_2019), TEST(test_sums),    TEST(test_required),  TEST(test_experiments),
        TEST(test_unchanged),     TEST(test_columns), TEST(test_bad_cells), TEST(test_bad_rows),
        TEST(test_many_bad_rows), TEST(test_file),    TEST(test_overflow),  TEST(test_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
