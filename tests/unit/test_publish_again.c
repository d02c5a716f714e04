/* A post that was tried and is not out: what its file says by the time it is tried again. */
#include "publish_world.h"

#define MASTODON                                                                                   \
    "type = mastodon\nserver = https://example.social\ntoken = file:token\nvisibility = public\n"

/* 1.txt and 2.txt in each of a and b, approved, a plan, and the first post not sent at 9:00. */
static struct world *not_sent(void **state, const char *channel)
{
    struct world *w = world_make(state, channel, "");
    world_file(w, "a", "1.txt", "status: approved\n\nThe frist of a\n");
    world_file(w, "a", "2.txt", "status: approved\n\nThe second of a\n");
    world_file(w, "b", "1.txt", "status: approved\n\nThe frist of b\n");
    world_file(w, "b", "2.txt", "status: approved\n\nThe second of b\n");
    world_plan(w, 7);
    w->mode = FAKE_NOT_SENT;
    struct abp_publish_report report = world_pass(w, 9, 0);
    assert_int_equal(report.count[ABP_NOTE_NOT_SENT], 1);
    w->mode = FAKE_FINE;
    return w;
}

/* The post that was tried. The caller releases the list. */
static const struct abp_planned *tried(struct world *w, struct abp_planned_list *list)
{
    struct abp_planned_filter filter = {.limit = 1};
    struct abp_error err = {0};
    must(abp_outbox_list(list, w->store, &filter, &err), &err);
    assert_int_equal(list->count, 1);
    assert_true(list->list[0].attempt != 0);
    return list->list;
}

/* Its file is 1.txt of its variant: what it says from now on; NULL: it is gone. */
static void rewrite(struct world *w, const char *text)
{
    struct abp_planned_list list;
    const struct abp_planned *post = tried(w, &list);
    assert_non_null(strstr(post->file, "/1.txt"));
    world_file(w, post->variant, "1.txt", text);
    abp_planned_list_release(&list);
}

static void waits(struct world *w, int minute, const char *why)
{
    struct abp_publish_report report = world_pass(w, 9, minute);
    assert_int_equal(report.count[ABP_NOTE_WAITING], 1);
    if (!strstr(w->detail, why) || !strstr(w->detail, "/1.txt"))
        fail_msg("'%s' does not say '%s'", w->detail, why);
    assert_int_equal(w->statuses, 0);
    assert_int_equal(world_count(w, ABP_EMPTY) + world_count(w, ABP_MISSED), 0);
}

static void test_held(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    rewrite(w, "status: held\n\nThe frist\n");
    waits(w, 1, "is held");
    rewrite(w, "The frist\n");
    waits(w, 2, "is not approved any more");
    rewrite(w, NULL);
    waits(w, 3, "is gone");
    rewrite(w, "status: approved\nlink: http://no\n\nThe first\n");
    waits(w, 4, "can't be read any more");
    /* As with a slot that nothing was approved for. */
    world_pass(w, 10, 1);
    assert_int_equal(w->notes[ABP_NOTE_EMPTY], 1);
    assert_non_null(strstr(w->detail, "can't be read any more"));
    assert_int_equal(world_count(w, ABP_EMPTY), 1);
    assert_int_equal(world_count(w, ABP_REDRAWN), 1);
    assert_int_equal(w->statuses, 0);
    world_free(w);
}

static void test_approved_again(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    struct abp_planned_list before, after;
    const char *key = tried(w, &before)->key, *variant = before.list[0].variant;
    char text[80];
    snprintf(text, sizeof text, "status: held\n\nThe frist of %s\n", variant);
    rewrite(w, text);
    waits(w, 1, "is held");
    snprintf(text, sizeof text, "status: approved\n\nThe frist of %s\n", variant);
    rewrite(w, text);
    world_pass(w, 9, 2);
    const struct abp_planned *post = tried(w, &after);
    assert_int_equal(post->state, ABP_POSTED);
    assert_string_equal(post->key, key);
    assert_int_equal(post->request_len, before.list[0].request_len);
    assert_memory_equal(post->request, before.list[0].request, post->request_len);
    assert_string_equal(post->file_digest, before.list[0].file_digest);
    abp_planned_list_release(&before);
    abp_planned_list_release(&after);
    world_free(w);
}

/* The new text goes out, under the key of the post. */
static void test_edited(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    struct abp_planned_list before, after;
    const char *key = tried(w, &before)->key;
    rewrite(w, "status: approved\n\nThe first\n");
    /* A try that fails keeps what it had. */
    w->mode = FAKE_BUSY;
    world_pass(w, 9, 1);
    rewrite(w, "status: approved\n\nThe very first\n");
    w->mode = FAKE_FINE;
    world_pass(w, 9, 20);
    assert_int_equal(w->statuses, 1);
    assert_string_equal(w->text[0], "The very first");
    const struct abp_planned *post = tried(w, &after);
    assert_int_equal(post->state, ABP_POSTED);
    assert_int_equal(post->attempts, 3);
    assert_string_equal(post->key, key);
    assert_string_not_equal(post->file_digest, before.list[0].file_digest);
    abp_planned_list_release(&before);
    abp_planned_list_release(&after);
    world_free(w);
}

/* What was asked for and is not there may change as well. */
static void test_edited_not_there(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    w->mode = FAKE_LOST_BEFORE;
    world_pass(w, 9, 1);
    rewrite(w, "status: approved\n\nThe first\n");
    w->mode = FAKE_FINE;
    world_pass(w, 9, 2);
    assert_int_equal(w->statuses, 0); /* too early to believe it */
    world_pass(w, 9, 10);
    world_pass(w, 9, 11);
    assert_int_equal(w->statuses, 1);
    assert_string_equal(w->text[0], "The first");
    world_free(w);
}

static void test_edited_but_out(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    w->mode = FAKE_LOST_AFTER;
    world_pass(w, 9, 1);
    rewrite(w, "status: approved\n\nThe first\n");
    w->mode = FAKE_FINE;
    world_pass(w, 9, 10);
    world_pass(w, 9, 11);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(strncmp(w->text[0], "The frist", 9), 0);
    assert_int_equal(world_count(w, ABP_POSTED), 1);
    world_free(w);
}

static void test_too_long_now(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    char text[700] = "status: approved\n\n";
    memset(text + strlen(text), 'x', 501);
    rewrite(w, text);
    waits(w, 1, "can't go out as it is now");
    rewrite(w, "status: approved\n\nThe first\n");
    world_pass(w, 9, 2);
    assert_int_equal(w->statuses, 1);
    world_free(w);
}

/* Under another name it is the same post. */
static void test_renamed(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    struct abp_planned_list list;
    const char *variant = tried(w, &list)->variant;
    char text[80];
    snprintf(text, sizeof text, "status: approved\n\nThe frist of %s\n", variant);
    world_file(w, variant, "1.txt", NULL);
    world_file(w, variant, "9.txt", text);
    abp_planned_list_release(&list);
    world_pass(w, 9, 1);
    assert_int_equal(w->statuses, 1);
    tried(w, &list);
    assert_int_equal(list.list[0].state, ABP_POSTED);
    assert_non_null(strstr(list.list[0].file, "/9.txt"));
    abp_planned_list_release(&list);
    world_free(w);
}

/* By hand the new text is a file of its own: the old one may still lie there. */
static void test_by_hand(void **state)
{
    struct world *w = world_make(state, "type = outbox\n", "");
    struct abp_publish_input input = world_input(w);
    struct abp_planned_list before, after;
    struct abp_error err = {0};
    world_file(w, "a", "1.txt", "status: approved\n\nThe frist\n");
    world_file(w, "b", "1.txt", "status: approved\n\nThe frist too\n");
    world_plan(w, 7);
    world_pass(w, 9, 0);
    const struct abp_planned *post = tried(w, &before);
    assert_int_equal(post->state, ABP_HANDED);
    must(abp_publish_resolve(&input, post->id, NULL, 0, &err), &err);
    rewrite(w, "status: held\n\nThe first\n");
    waits(w, 1, "is held");
    rewrite(w, "status: approved\n\nThe first\n");
    world_pass(w, 9, 2);
    post = tried(w, &after);
    assert_int_equal(post->state, ABP_HANDED);
    assert_string_not_equal(post->key, before.list[0].key);
    assert_non_null(strstr(post->request, "The first"));
    assert_string_not_equal(post->remote_id, before.list[0].remote_id);
    abp_planned_list_release(&before);
    abp_planned_list_release(&after);
    world_free(w);
}

/* A text that only the server finds too long is passed over from then on: what is next goes out. */
static void test_passed_over(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    struct abp_refused_file_list refused;
    struct abp_error err = {0};
    char text[200] = "status: approved\n\n";
    memset(text + strlen(text), 'x', 101);
    for (const char *v = "ab"; *v; v++) {
        char variant[2] = {*v, '\0'};
        world_file(w, variant, "1.txt", text);
        text[150] = 'y'; /* the two differ */
        world_file(w, variant, "2.txt",
                   *v == 'a' ? "status: approved\n\nTwo of a\n" : "status: approved\n\nTwo of b\n");
        world_file(w, variant, "3.txt",
                   *v == 'a' ? "status: approved\n\nThree of a\n"
                             : "status: approved\n\nThree of b\n");
    }
    world_plan(w, 7);
    w->limit = 100;
    struct abp_publish_report report = world_pass(w, 9, 0);
    assert_int_equal(report.count[ABP_NOTE_POSTED], 1);
    assert_int_equal(report.count[ABP_NOTE_NOT_SENT], 1);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(strncmp(w->text[0], "Two of ", 7), 0);
    for (int day = 0; day < 3; day++)
        for (int hour = 9; hour <= 15; hour += 6)
            world_pass(w, 24 * day + hour, 5);
    assert_int_equal(w->statuses, 4);
    assert_int_equal(world_count(w, ABP_REFUSED), 0);
    assert_int_equal(world_count(w, ABP_POSTED), 4);
    /* Nothing else is there: it waits, and says which file to mend. */
    report = world_pass(w, 24 * 3 + 9, 0);
    assert_int_equal(report.count[ABP_NOTE_WAITING], 1);
    assert_non_null(strstr(w->detail, "/1.txt"));
    assert_non_null(strstr(w->detail, "mend it or hold it"));
    must(abp_outbox_refused_files(&refused, w->store, "e", &err), &err);
    assert_int_equal(refused.count, 1);
    assert_string_equal(refused.list[0].channel, "there");
    assert_non_null(strstr(refused.list[0].reason, "100 are allowed"));
    abp_refused_file_list_release(&refused);
    /* Mended: it goes out. */
    world_file(w, "a", "1.txt", "status: approved\n\nShorter\n");
    world_file(w, "b", "1.txt", "status: approved\n\nShort\n");
    world_pass(w, 24 * 3 + 9, 1);
    world_pass(w, 24 * 3 + 15, 1);
    assert_int_equal(w->statuses, 6);
    world_free(w);
}

/* A text that was tried, and then changed into one that the server does not take, waits. */
static void test_changed_and_refused(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    char text[200] = "status: approved\n\n";
    memset(text + strlen(text), 'x', 101);
    rewrite(w, text);
    w->limit = 100;
    struct abp_publish_report report = world_pass(w, 9, 1);
    assert_int_equal(report.count[ABP_NOTE_NOT_SENT], 1);
    assert_int_equal(report.count[ABP_NOTE_WAITING], 1);
    waits(w, 2, "was refused as it is now");
    rewrite(w, "status: approved\n\nThe first\n");
    world_pass(w, 9, 3);
    assert_int_equal(w->statuses, 1);
    world_free(w);
}

/* What did not go out in its time goes out in another post's: it is not used up. */
static void test_missed_is_free(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    world_file(w, "a", "2.txt", NULL);
    world_file(w, "b", "2.txt", NULL);
    world_pass(w, 11, 0);
    assert_int_equal(world_count(w, ABP_MISSED), 1);
    world_pass(w, 24 + 9, 0);
    world_pass(w, 24 + 15, 0);
    assert_int_equal(w->statuses, 2);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(strncmp(w->text[i], "The frist of ", 13), 0);
    assert_string_not_equal(w->text[0], w->text[1]);
    /* And then they are. */
    world_pass(w, 48 + 9, 0);
    world_pass(w, 48 + 15, 0);
    assert_int_equal(w->statuses, 2);
    world_free(w);
}

/* What may be out is used up, whatever time it missed. */
static void test_doubt_is_not_free(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    world_file(w, "a", "2.txt", NULL);
    world_file(w, "b", "2.txt", NULL);
    w->mode = FAKE_LOST_BEFORE;
    world_pass(w, 9, 1);
    w->mode = FAKE_DEAF;
    world_pass(w, 11, 0);
    world_pass(w, 24 + 9, 0);
    assert_int_equal(world_count(w, ABP_UNKNOWN), 1);
    assert_int_equal(w->notes[ABP_NOTE_WAITING], 1);
    assert_non_null(strstr(w->detail, "has no post left"));
    world_free(w);
}

/* Both of a block, on that day. */
static void day(struct world *w, int days)
{
    world_pass(w, 24 * days + 9, 0);
    world_pass(w, 24 * days + 15, 0);
}

static void rename_posts(struct world *w, const char *from, const char *to)
{
    char old[700];
    snprintf(old, sizeof old, "%s", scratch_path(w->scratch, from));
    assert_int_equal(rename(old, scratch_path(w->scratch, to)), 0);
}

/* What is out does not go out again under another name, approved anew or not. */
static void test_other_name(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    world_file(w, "a", "1.txt", "status: approved\n\nHello of a\n");
    world_file(w, "b", "1.txt", "status: approved\n\nHello of b\n");
    world_plan(w, 7);
    day(w, 0);
    assert_int_equal(w->statuses, 2);
    rename_posts(w, "posts/a/1.txt", "posts/a/hello.txt");
    rename_posts(w, "posts/b/1.txt", "posts/b/hello.txt");
    day(w, 1);
    assert_int_equal(w->statuses, 2);
    assert_non_null(strstr(w->detail, "/hello.txt was posted already as posts/"));
    assert_non_null(strstr(w->detail, "/1.txt"));
    /* Nor from the other variant's folder, in another spelling of the status. */
    rename_posts(w, "posts/a/hello.txt", "posts/a/other.txt");
    rename_posts(w, "posts/b/hello.txt", "posts/a/hello.txt");
    rename_posts(w, "posts/a/other.txt", "posts/b/hello.txt");
    world_file(w, "a", "hello.txt", "status:   approved\n\nHello of b\n");
    day(w, 2);
    assert_int_equal(w->statuses, 2);
    /* Other words are another post. */
    world_file(w, "a", "hello.txt", "status: approved\n\nHello again of a\n");
    world_file(w, "b", "hello.txt", "status: approved\n\nHello again of b\n");
    world_plan(w, 8);
    day(w, 3);
    assert_int_equal(w->statuses, 4);
    world_free(w);
}

/* Two variants that say the same (which only differ in their hours, or in nothing) say it once
 * each. */
static void test_twins(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    for (const char *v = "ab"; *v; v++) {
        char variant[2] = {*v, '\0'};
        world_file(w, variant, "1.txt", "status: approved\n\nHello\n");
        world_file(w, variant, "2.txt", "status: approved\n\nAnd again\n");
    }
    world_plan(w, 7);
    for (int d = 0; d < 4; d++)
        day(w, d);
    assert_int_equal(w->statuses, 4);
    assert_string_equal(w->text[0], w->text[1]);
    assert_string_equal(w->text[2], w->text[3]);
    world_free(w);
}

/* Changed into what is out already. */
static void test_changed_into_another(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.states = 1u << ABP_PLANNED, .limit = 1};
    struct abp_error err = {0};
    char text[80];
    world_pass(w, 9, 1);
    world_pass(w, 15, 0);
    assert_int_equal(w->statuses, 2);
    w->mode = FAKE_NOT_SENT;
    world_pass(w, 33, 0);
    w->mode = FAKE_FINE;
    must(abp_outbox_list(&list, w->store, &filter, &err), &err);
    assert_non_null(strstr(list.list[0].file, "/2.txt"));
    snprintf(text, sizeof text, "status: approved\n\nThe frist of %s\n", list.list[0].variant);
    world_file(w, list.list[0].variant, "2.txt", text);
    world_pass(w, 33, 1);
    assert_int_equal(w->statuses, 2);
    assert_int_equal(w->notes[ABP_NOTE_WAITING], 1);
    assert_non_null(strstr(w->detail, "/2.txt was posted already as posts/"));
    abp_planned_list_release(&list);
    world_free(w);
}

/* A clock that jumps by 100 s as soon as a post is claimed. */
static int64_t jumping_now(void *context)
{
    struct world *w = context;
    return w->now + (world_count(w, ABP_SENDING) ? 100 : 0);
}

/* A machine that slept between the claim and the request leaves it to whoever asks by then. */
static void test_slept(void **state)
{
    struct world *w = not_sent(state, MASTODON);
    w->env.now = jumping_now;
    struct abp_publish_report report = world_pass(w, 9, 1);
    assert_int_equal(report.count[ABP_NOTE_NOT_SENT], 1);
    assert_int_equal(report.local, 1);
    assert_string_equal(w->detail, "claiming it took too long");
    assert_int_equal(w->statuses, 0);
    w->env.now = world_now;
    world_pass(w, 9, 5);
    assert_int_equal(w->statuses, 1);
    world_free(w);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_held),
        TEST(test_approved_again),
        TEST(test_edited),
        TEST(test_edited_not_there),
        TEST(test_edited_but_out),
        TEST(test_too_long_now),
        TEST(test_renamed),
        TEST(test_by_hand),
        TEST(test_passed_over),
        TEST(test_missed_is_free),
        TEST(test_slept),
        TEST(test_other_name),
        TEST(test_twins),
        TEST(test_changed_into_another),
        TEST(test_doubt_is_not_free),
        TEST(test_changed_and_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
