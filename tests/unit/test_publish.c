/* A pass over the outbox: what goes out, what waits and why, and what becomes of an answer that
 * never came. */
#include "publish_world.h"

#include "abpost/sign_in.h"

#include "publish/owner.h"

#include <sys/wait.h>

#define MASTODON                                                                                   \
    "type = mastodon\nserver = https://example.social\ntoken = file:token\nvisibility = public\n"
#define OUTBOX "type = outbox\n"

static void files(struct world *w, int first, int last, const char *status)
{
    char name[32], text[100];
    for (int i = first; i <= last; i++)
        for (const char *v = "ab"; *v; v++) {
            char variant[2] = {*v, '\0'};
            snprintf(name, sizeof name, "%02d.txt", i);
            snprintf(text, sizeof text, "status: %s\n\nText %d of %s\n", status, i, variant);
            world_file(w, variant, name, text);
        }
}

static void test_goes_out(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    files(w, 1, 3, "approved");
    world_plan(w, 7);
    world_pass(w, 8, 59);
    assert_int_equal(w->statuses, 0);
    struct abp_publish_report report = world_pass(w, 9, 0);
    assert_int_equal(report.count[ABP_NOTE_POSTED], 1);
    world_pass(w, 9, 1);
    world_pass(w, 15, 5);
    assert_int_equal(w->statuses, 2);
    /* The same topic in both styles, in the order of the names. */
    assert_string_equal(w->files[0] + strlen("posts/a/"), "01.txt");
    assert_string_equal(w->files[1] + strlen("posts/a/"), "01.txt");
    assert_string_not_equal(w->files[0], w->files[1]);
    assert_int_equal(world_count(w, ABP_POSTED), 2);
    struct abp_analysis analysis;
    struct abp_error err = {0};
    must(abp_outbox_analysis(&analysis, w->store, "e", &err), &err);
    assert_string_equal(analysis.frozen, "hash");
    world_free(w);
}

static void test_review(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    world_file(w, "a", "1.txt", "status: approved\n\nHello\n");
    world_file(w, "b", "1.txt", "Not yet\n");
    world_file(w, "b", "2.txt", "status: held\n\nNever\n");
    world_plan(w, 7);
    /* One style has nothing to say: the other one waits too. */
    struct abp_publish_report report = world_pass(w, 9, 0);
    assert_int_equal(report.count[ABP_NOTE_WAITING], 1);
    assert_non_null(strstr(w->detail, "b has no approved post left"));
    assert_non_null(strstr(w->detail, "2 wait"));
    assert_int_equal(w->asked, 0);
    report = world_pass(w, 10, 1);
    assert_int_equal(report.count[ABP_NOTE_EMPTY], 1);
    assert_int_equal(world_count(w, ABP_EMPTY), 1);
    assert_int_equal(world_count(w, ABP_REDRAWN), 1);
    /* The block is drawn again; in the meantime the text was approved. */
    size_t planned = world_count(w, ABP_PLANNED);
    world_plan(w, 8);
    assert_true(world_count(w, ABP_PLANNED) >= planned);
    world_file(w, "b", "1.txt", "status: approved\n\nYet\n");
    world_pass(w, 33, 0);
    world_pass(w, 39, 0);
    assert_int_equal(w->statuses, 2);
    assert_int_equal(w->notes[ABP_NOTE_EMPTY], 0);
    world_free(w);
}

static void test_no_review(void **state)
{
    struct world *w = world_make(state, MASTODON, "[decision]\nreview = no\n");
    files(w, 1, 1, "draft");
    world_file(w, "a", "00.txt", "status: held\n\nHeld\n");
    world_plan(w, 7);
    world_pass(w, 9, 0);
    world_pass(w, 15, 0);
    assert_int_equal(w->statuses, 2);
    for (size_t i = 0; i < w->statuses; i++)
        assert_null(strstr(w->text[i], "Held"));
    world_free(w);
}

/* After a week off nothing overdue goes out, and whole blocks are lost, not styles. */
static void test_week_off(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    files(w, 1, 30, "approved");
    world_plan(w, 7);
    world_pass(w, 9, 0);
    assert_int_equal(w->statuses, 1);
    world_pass(w, 24 * 7 + 12, 0);
    assert_int_equal(w->statuses, 1);
    /* The first block lost its second post; the seven after it had theirs due, and the one of today
     * goes as a whole because its first post is three hours late. */
    assert_int_equal(world_count(w, ABP_POSTED), 1);
    assert_int_equal(world_count(w, ABP_MISSED), 8);
    assert_int_equal(world_count(w, ABP_REDRAWN), 7);
    world_plan(w, 8);
    world_pass(w, 24 * 8 + 9, 0);
    world_pass(w, 24 * 8 + 15, 0);
    assert_int_equal(w->statuses, 3);
    world_free(w);
}

static void test_lost_but_out(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    files(w, 1, 3, "approved");
    world_plan(w, 7);
    w->mode = FAKE_LOST_AFTER;
    struct abp_publish_report report = world_pass(w, 9, 0);
    assert_int_equal(report.count[ABP_NOTE_UNKNOWN], 1);
    assert_int_equal(report.unknown, 1);
    w->mode = FAKE_FINE;
    report = world_pass(w, 9, 5);
    assert_int_equal(report.count[ABP_NOTE_POSTED], 1);
    assert_int_equal(report.unknown, 0);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(world_count(w, ABP_POSTED), 1);
    world_free(w);
}

static void test_lost_and_gone(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    files(w, 1, 3, "approved");
    world_plan(w, 7);
    w->mode = FAKE_LOST_BEFORE;
    world_pass(w, 9, 0);
    w->mode = FAKE_FINE;
    /* Too early to believe that it is not there. */
    struct abp_publish_report report = world_pass(w, 9, 1);
    assert_int_equal(w->statuses, 0);
    assert_int_equal(report.unknown, 1);
    report = world_pass(w, 9, 10);
    /* Asked, not there: and the same pass may send it again, or the next one. */
    world_pass(w, 9, 11);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(world_count(w, ABP_POSTED), 1);
    assert_int_equal(world_count(w, ABP_UNKNOWN), 0);
    world_free(w);
}

static void test_nobody_answers(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    files(w, 1, 3, "approved");
    world_plan(w, 7);
    w->mode = FAKE_LOST_BEFORE;
    world_pass(w, 9, 0);
    w->mode = FAKE_DEAF;
    for (int hour = 9; hour < 14; hour++) {
        struct abp_publish_report report = world_pass(w, hour, 30);
        assert_int_equal(report.unknown, 1);
        assert_int_equal(report.unreachable, 1);
    }
    /* Known at last, and far too late to be sent. */
    w->mode = FAKE_FINE;
    struct abp_publish_report asked = world_pass(w, 14, 45);
    assert_int_equal(asked.count[ABP_NOTE_NOT_SENT], 1);
    assert_int_equal(asked.unreachable, 0); /* it answered: nothing is there */
    world_pass(w, 14, 50);
    assert_int_equal(w->statuses, 0);
    assert_int_equal(world_count(w, ABP_MISSED), 1);
    assert_int_equal(world_count(w, ABP_REDRAWN), 1);
    world_free(w);
}

/* How many accounts are kept as refusing us, for whoever asks when the pass is long over. */
static size_t refused(struct world *w)
{
    struct abp_refused_accounts accounts;
    struct abp_error err = {0};
    assert_int_equal(abp_sign_in_list(&accounts, w->store, &err), 0);
    size_t count = accounts.count;
    assert_true(count == 0 || accounts.list[0].reason[0] != '\0');
    abp_sign_in_release(&accounts);
    return count;
}

static void test_answers(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    files(w, 1, 9, "approved");
    world_plan(w, 7);
    w->mode = FAKE_SIGN_IN;
    struct abp_publish_report report = world_pass(w, 9, 0);
    assert_int_equal(report.sign_in, 1);
    assert_int_equal(refused(w), 1);
    assert_int_equal(world_count(w, ABP_UNKNOWN), 0);
    w->mode = FAKE_BUSY;
    report = world_pass(w, 9, 1);
    assert_int_equal(report.count[ABP_NOTE_NOT_SENT], 1);
    w->mode = FAKE_FINE;
    report = world_pass(w, 9, 2);
    assert_int_equal(report.count[ABP_NOTE_WAITING], 1); /* Retry-After */
    assert_int_equal(w->statuses, 0);
    assert_int_equal(refused(w), 1); /* nobody has let us in since */
    world_pass(w, 9, 12);
    assert_int_equal(w->statuses, 1);
    assert_int_equal(refused(w), 0);
    w->mode = FAKE_NOT_SENT;
    report = world_pass(w, 15, 0);
    assert_int_equal(report.unreachable, 1);
    assert_int_equal(world_count(w, ABP_UNKNOWN), 0);
    w->mode = FAKE_FINE;
    world_pass(w, 15, 1);
    assert_int_equal(w->statuses, 2);
    /* Refused for good: its block goes, and its text is not tried again. */
    w->mode = FAKE_INVALID;
    report = world_pass(w, 33, 0);
    assert_int_equal(report.count[ABP_NOTE_REFUSED], 1);
    assert_int_equal(world_count(w, ABP_REFUSED), 1);
    assert_int_equal(world_count(w, ABP_REDRAWN), 1);
    w->mode = FAKE_FINE;
    world_pass(w, 33, 1);
    assert_int_equal(w->statuses, 2);
    world_free(w);
}

/* That a post could be asked for says nothing of posting, and the other way round. */
static void test_refusals_of_each_kind(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    struct abp_error err = {0};
    files(w, 1, 9, "approved");
    world_plan(w, 7);
    w->mode = FAKE_LOST_AFTER;
    world_pass(w, 9, 0);
    must(abp_sign_in_note(w->store, "there", "it may not post", w->now, &err), &err);
    w->mode = FAKE_FINE;
    assert_int_equal(world_pass(w, 9, 3).count[ABP_NOTE_POSTED], 1); /* found */
    assert_int_equal(refused(w), 1);
    w->mode = FAKE_LOST_AFTER;
    world_pass(w, 15, 0);
    must(abp_sign_in_note_reading(w->store, "there", "nor read", w->now, &err), &err);
    w->mode = FAKE_FINE;
    assert_int_equal(world_pass(w, 15, 3).count[ABP_NOTE_POSTED], 1); /* the whole account was */
    assert_int_equal(refused(w), 0);
    must(abp_sign_in_note_reading(w->store, "there", "it may not read", w->now, &err), &err);
    assert_int_equal(world_pass(w, 33, 0).count[ABP_NOTE_POSTED], 1); /* sent */
    assert_int_equal(refused(w), 1);
    world_free(w);
}

static void test_by_hand(void **state)
{
    struct world *w = world_make(state, OUTBOX, "");
    struct abp_error err = {0};
    files(w, 1, 3, "approved");
    world_plan(w, 7);
    struct abp_publish_report report = world_pass(w, 9, 0);
    assert_int_equal(report.count[ABP_NOTE_HANDED], 1);
    assert_int_equal(report.unknown, 0);
    world_pass(w, 9, 1);
    assert_int_equal(world_count(w, ABP_HANDED), 1);
    struct abp_publish_input input = world_input(w);
    assert_int_equal(abp_publish_resolve(&input, 2, "https://x.example/1", 0, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    must(abp_publish_resolve(&input, 1, "https://x.example/1", 0, &err), &err);
    assert_int_equal(world_count(w, ABP_POSTED), 1);
    assert_int_equal(abp_publish_resolve(&input, 1, NULL, 0, &err), -1);
    assert_int_equal(abp_publish_resolve(&input, 999, NULL, 0, &err), -1);
    world_free(w);
}

/* A person finds what nobody could be asked about: it is kept under the server's own name for it,
 * by which its numbers are read, and no post is taken for two of ours. */
static void test_found_by_a_person(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    struct abp_error err = {0};
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.id = 1};
    files(w, 1, 3, "approved");
    world_plan(w, 7);
    w->mode = FAKE_LOST_AFTER;
    world_pass(w, 9, 0);
    assert_int_equal(w->statuses, 1);
    struct abp_publish_input input = world_input(w);
    static const char url[] = "https://example.social/@me/1000";
    w->mode = FAKE_DEAF;
    assert_int_equal(abp_publish_resolve(&input, 1, url, 0, &err), -1);
    assert_int_equal(err.code, ABP_UNREACHABLE);
    assert_int_equal(abp_publish_resolve(&input, 1, "https://example.social", 0, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    w->mode = FAKE_FINE;
    assert_int_equal(abp_publish_resolve(&input, 1, "https://elsewhere.example/@me/9", 0, &err),
                     -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_int_equal(world_count(w, ABP_UNKNOWN), 1);
    must(abp_publish_resolve(&input, 1, url, 0, &err), &err);
    must(abp_outbox_list(&list, w->store, &filter, &err), &err);
    assert_int_equal(list.list[0].state, ABP_POSTED);
    assert_string_equal(list.list[0].remote_id, "1000");
    assert_int_equal(list.list[0].posted_at, w->created[0]);
    abp_planned_list_release(&list);
    w->mode = FAKE_LOST_AFTER;
    world_pass(w, 15, 0);
    w->mode = FAKE_FINE;
    assert_int_equal(
        abp_publish_resolve(&input, 2, "https://example.social/web/@me/1000/", 0, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_non_null(strstr(err.message, "another post of ours"));
    must(abp_publish_resolve(&input, 2, "https://example.social/@me/1001", 0, &err), &err);
    assert_int_equal(world_count(w, ABP_POSTED), 2);
    world_free(w);
}

/* A text goes out once on a channel, however many passes there are. */
static void test_once(void **state)
{
    struct world *w = world_make(state, MASTODON, "");
    files(w, 1, 2, "approved");
    world_plan(w, 7);
    for (int day = 0; day < 6; day++)
        for (int hour = 9; hour <= 15; hour += 6)
            for (int again = 0; again < 3; again++)
                world_pass(w, 24 * day + hour, again);
    assert_int_equal(w->statuses, 4);
    for (size_t i = 0; i < w->statuses; i++)
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(w->text[i], w->text[k]);
    world_free(w);
}

/* A killed process leaves its attempt to the next pass at once; one that lives keeps it. */
static void test_owner(void **state)
{
    char own[ABP_OWNER_SIZE], other[ABP_OWNER_SIZE] = "";
    int pipes[2];
    (void)state;
    publish_owner_self(own);
    assert_int_equal(publish_owner_state(own), PUBLISH_OWNER_ALIVE);
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        char mine[ABP_OWNER_SIZE] = "";
        publish_owner_self(mine);
        _exit(write(pipes[1], mine, sizeof mine) == sizeof mine ? 0 : 1);
    }
    assert_int_equal(read(pipes[0], other, sizeof other), sizeof other);
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(publish_owner_state(other), PUBLISH_OWNER_GONE); /* a zombie */
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(publish_owner_state(other), PUBLISH_OWNER_GONE);
    assert_int_equal(publish_owner_state("elsewhere boot 1 2"), PUBLISH_OWNER_ELSEWHERE);
    assert_int_equal(publish_owner_state(""), PUBLISH_OWNER_ELSEWHERE);
    close(pipes[0]);
    close(pipes[1]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_goes_out),
        TEST(test_review),
        TEST(test_no_review),
        TEST(test_week_off),
        TEST(test_lost_but_out),
        TEST(test_lost_and_gone),
        TEST(test_nobody_answers),
        TEST(test_answers),
        TEST(test_refusals_of_each_kind),
        TEST(test_by_hand),
        TEST(test_found_by_a_person),
        TEST(test_once),
        cmocka_unit_test(test_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
