/* Numbers of posts: read when they are due, kept as they came, and evaluated as they were at the
 * horizon. */
#include "publish_world.h"

#include "abpost/collect.h"
#include "abpost/sign_in.h"
#include "store/handle.h"

#include <math.h>

#define MASTODON "type = mastodon\nserver = https://example.social\ntoken = file:token\n"
#define HOUR     3600

static void files(struct world *w)
{
    char name[32], text[100];
    for (int i = 1; i <= 9; i++)
        for (const char *v = "ab"; *v; v++) {
            char variant[2] = {*v, '\0'};
            snprintf(name, sizeof name, "%02d.txt", i);
            snprintf(text, sizeof text, "status: approved\n\nText %d of %s\n", i, variant);
            world_file(w, variant, name, text);
        }
}

static void keep_detail(void *context, const struct abp_read_note *note)
{
    struct world *w = context;
    snprintf(w->detail, sizeof w->detail, "%s", note->detail);
}

static struct abp_collect_report collect(struct world *w, int hours, int minutes)
{
    const struct abp_experiment *experiments[] = {&w->experiment};
    struct abp_collect_report report;
    struct abp_error err = {0};
    struct abp_collect_input input = {.env = &w->env,
                                      .ws = &w->ws,
                                      .store = w->store,
                                      .experiments = experiments,
                                      .experiment_count = 1,
                                      .note = keep_detail,
                                      .context = w};
    assert_int_equal(abp_time_parse(&w->now, "2027-03-01T00:00:00Z"), 0);
    w->now += hours * HOUR + minutes * 60;
    must(abp_collect_run(&report, &input, &err), &err);
    return report;
}

static struct abp_posts made(struct world *w, struct abp_made_counts *counts)
{
    struct abp_posts posts;
    struct abp_error err = {0};
    must(abp_made_posts(&posts, counts, w->store, &w->experiment, w->now, &err), &err);
    return posts;
}

/* Two posts, at 9 and at 15 hours; the horizon is 48 hours. */
static struct world *two_posts(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    files(w);
    world_plan(w, 7);
    world_pass(w, 9, 0);
    world_pass(w, 15, 0);
    assert_int_equal(w->statuses, 2);
    return w;
}

static void test_horizon(void **state)
{
    struct world *w = two_posts(state);
    struct abp_made_counts counts;
    assert_int_equal(collect(w, 15, 1).read, 1); /* an eighth of the horizon for the first */
    w->likes[0] = 5;
    struct abp_posts posts = made(w, &counts);
    assert_int_equal(posts.count, 0);
    assert_int_equal(counts.counted[ABP_COUNTED_NOT_MATURE], 2);
    abp_posts_release(&posts);

    w->likes[0] = 12;
    assert_int_equal(collect(w, 57, 2).read, 2); /* 48:02 and 42:02 */
    assert_int_equal(collect(w, 57, 3).read, 0);
    w->likes[0] = 99; /* too late to count */
    w->likes[1] = 4;
    assert_int_equal(collect(w, 63, 1).read, 1);
    posts = made(w, &counts);
    assert_int_equal(posts.count, 2);
    assert_true(posts.rows[0].outcome == 12);
    assert_true(posts.rows[1].outcome == 4);
    assert_int_equal(posts.rows[0].block, posts.rows[1].block);
    assert_int_equal(posts.randomised, 1);
    assert_int_equal(posts.missing, 0);
    assert_int_equal(counts.counted[ABP_COUNTED_READ], 2);
    assert_true(posts.rows[0].variant != posts.rows[1].variant);
    abp_posts_release(&posts);
    world_free(w);
}

/* Read late and nothing to scale it by: missing, and said; never a number that is not of the
 * horizon. */
static void test_late(void **state)
{
    struct world *w = two_posts(state);
    struct abp_made_counts counts;
    w->likes[0] = w->likes[1] = 40;
    assert_int_equal(collect(w, 48 + 24, 0).read, 2);
    struct abp_posts posts = made(w, &counts);
    assert_int_equal(counts.counted[ABP_COUNTED_LATE], 2);
    assert_int_equal(posts.count, 2);
    assert_int_equal(posts.missing, 2);
    assert_true(isnan(posts.rows[0].outcome));
    assert_int_equal(posts.notes.count, 1);
    assert_non_null(strstr(posts.notes.list[0], "2 posts were read too late"));
    abp_posts_release(&posts);
    world_free(w);
}

static void test_deleted(void **state)
{
    struct world *w = two_posts(state);
    struct abp_made_counts counts;
    w->gone[0] = 1;
    w->likes[1] = 3;
    struct abp_collect_report report = collect(w, 63, 5);
    assert_int_equal(report.deleted, 1);
    assert_int_equal(report.read, 1);
    report = collect(w, 63 + 48, 5);
    assert_int_equal(report.deleted, 0); /* never asked for again */
    struct abp_posts posts = made(w, &counts);
    assert_int_equal(counts.counted[ABP_COUNTED_GONE], 1);
    assert_int_equal(posts.missing, 1);
    abp_posts_release(&posts);
    world_free(w);
}

/* A server that is away is asked again, ever less often, and nothing is made up. */
static void test_away(void **state)
{
    struct world *w = two_posts(state);
    struct abp_made_counts counts;
    size_t failed = 0, asked = w->asked;
    w->mode = FAKE_DEAF;
    for (int minute = 0; minute < 90; minute++) {
        struct abp_collect_report report = collect(w, 57, minute);
        failed += report.failed;
        assert_int_equal(report.read, 0);
    }
    assert_true(failed >= 2);
    assert_true(w->asked - asked < 90);
    w->mode = FAKE_FINE;
    w->likes[0] = 8;
    assert_true(collect(w, 59, 20).read >= 1); /* 50:20 of the 48 + 2:24 that are in time */
    struct abp_posts posts = made(w, &counts);
    assert_int_equal(counts.counted[ABP_COUNTED_READ], 1);
    assert_true(posts.rows[0].outcome == 8);
    abp_posts_release(&posts);
    world_free(w);
}

/* A winner's own block, in which nothing was drawn, is not compared; neither is what was drawn
 * before the decision that was withdrawn. max_posts counts both, and the counts do. */
static void test_apart(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    struct abp_made_counts counts;
    struct abp_error err = {0};
    struct abp_plan_report report;
    struct abp_plan_input input = {
        .experiment = &w->experiment, .ws = &w->ws, .zone = w->zone, .seed = 7, .winner = 1};
    files(w);
    input.now = w->now;
    w->experiment.schedule.max_posts = 8; /* three of four blocks are the winner's */
    must(abp_plan_extend(&report, w->store, &input, &err), &err);
    assert_int_equal(report.posts, 8);
    int64_t drawn = w->now;
    for (int day = 0; day < 4; day++) {
        world_pass(w, 24 * day + 9, 0);
        world_pass(w, 24 * day + 15, 0);
    }
    assert_int_equal(w->statuses, 8);
    for (int day = 2; day < 6; day++) {
        collect(w, 24 * day + 9, 2);
        collect(w, 24 * day + 15, 2);
    }
    struct abp_posts posts = made(w, &counts);
    assert_int_equal(posts.count, 2);
    assert_int_equal(posts.apart, 6);
    assert_int_equal(posts.anew, 0);
    assert_int_equal(counts.counted[ABP_COUNTED_READ], 8);
    assert_true(posts.rows[0].variant != posts.rows[1].variant);
    assert_int_equal(posts.notes.count, 1);
    assert_non_null(strstr(posts.notes.list[0], "6 posts of the winner's own slots"));
    abp_posts_release(&posts);
    must(abp_made_posts_since(&posts, w->store, &w->experiment, drawn - 1, w->now, &err), &err);
    assert_int_equal(posts.count, 2);
    assert_int_equal(posts.anew, 1);
    abp_posts_release(&posts);
    must(abp_made_posts_since(&posts, w->store, &w->experiment, drawn, w->now, &err), &err);
    assert_int_equal(posts.count, 0);
    assert_int_equal(posts.apart, 8);
    abp_posts_release(&posts);

    char a[] = "a", repeat[] = "repeat", why[] = "why";
    struct abp_decided decided = {a, repeat, why, drawn};
    assert_int_equal(abp_outbox_decide(w->store, w->experiment.name, &decided, &err), 1);
    posts = made(w, &counts);
    assert_int_equal(posts.count, 2); /* it stands */
    abp_posts_release(&posts);
    assert_int_equal(abp_outbox_withdraw(w->store, w->experiment.name, why, w->now, &err), 1);
    posts = made(w, &counts);
    assert_int_equal(posts.count, 0);
    assert_int_equal(posts.apart, 8);
    assert_int_equal(posts.anew, 1);
    assert_int_equal(counts.counted[ABP_COUNTED_READ], 8);
    assert_non_null(strstr(posts.notes.list[0], "the 8 posts drawn before that do not count"));
    abp_posts_release(&posts);
    world_free(w);
}

static size_t refused(struct world *w)
{
    struct abp_refused_accounts accounts;
    struct abp_error err = {0};
    must(abp_sign_in_list(&accounts, w->store, &err), &err);
    size_t count = accounts.count;
    abp_sign_in_release(&accounts);
    return count;
}

/* A token that may read and may not post: that its numbers are shown does not mean that the account
 * lets us in. Nor does a round that came to nothing, whoever was refused. */
static void test_refused_to_post(void **state)
{
    struct world *w = two_posts(state);
    struct abp_error err = {0};
    w->mode = FAKE_SIGN_IN;
    assert_int_equal(world_pass(w, 33, 0).sign_in, 1);
    assert_int_equal(collect(w, 33, 1).read, 2);
    assert_int_equal(refused(w), 1);
    w->mode = FAKE_FINE;
    world_pass(w, 33, 2);
    assert_int_equal(refused(w), 0);
    must(abp_sign_in_note_reading(w->store, "there", "the token may not read", w->now, &err), &err);
    w->mode = FAKE_DEAF;
    collect(w, 57, 2);
    assert_int_equal(refused(w), 1);
    must(abp_db_exec(w->store->db,
                     "DROP TRIGGER attempt_result_no_update; UPDATE attempt_result SET remote_id"
                     " = 'https://example.social/@me/' || remote_id",
                     &err),
         &err);
    w->mode = FAKE_FINE;
    assert_int_equal(collect(w, 60, 2).read, 0); /* ids that nobody can be asked by */
    assert_int_equal(refused(w), 1);
    world_free(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_horizon), TEST(test_late),
                                       TEST(test_deleted), TEST(test_away),
                                       TEST(test_apart),   TEST(test_refused_to_post)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
