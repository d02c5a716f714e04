/* What was posted against what was drawn. */
#include "store_scratch.h"

#include "plan_world.h"

#include "abpost/made.h"

static struct abp_error err;

#define OK(call)                                                                                   \
    do {                                                                                           \
        memset(&err, 0, sizeof err);                                                               \
        if ((call) != 0)                                                                           \
            fail_msg("%s: %s", #call, err.message);                                                \
    } while (0)

static int64_t settle(struct abp_store *store, const struct abp_planned *post,
                      enum abp_post_state state, int64_t late)
{
    int64_t attempt;
    char file[32];
    snprintf(file, sizeof file, "%lld.txt", (long long)post->id);
    struct abp_claim claim = {.planned = post->id,
                              .key = "k",
                              .request = "r",
                              .request_len = 1,
                              .file = file,
                              .file_digest = "d",
                              .owner = "me",
                              .now = post->due_at + late,
                              .leased_until = post->due_at + late + 300};
    struct abp_settlement settled = {.state = state,
                                     .now = post->due_at + late,
                                     .posted_at = post->due_at + late,
                                     .remote_id = state == ABP_REFUSED ? NULL : file};
    assert_int_equal(abp_outbox_claim(&attempt, store, &claim, &err), 1);
    settled.attempt = attempt;
    if (state != ABP_SENDING)
        assert_int_equal(abp_outbox_settle(store, &settled, &err), 0);
    return attempt;
}

static void drop(struct abp_store *store, const struct abp_planned *post, enum abp_post_state state)
{
    assert_int_equal(abp_outbox_drop(store, post->id, state, "so", NOW, &err), 1);
}

static void start(struct scratch *s, struct world *w, struct abp_store **store,
                  struct abp_planned_list *list, const char *schedule)
{
    struct abp_plan_report report;
    struct abp_planned_filter filter = {.experiment = "x"};
    *store = scratch_store(s);
    world_open(w, "UTC", ONE_CHANNEL, "x", "sky", schedule);
    struct abp_plan_input input = world_input(w, NOW, 1);
    OK(abp_plan_extend(&report, *store, &input, &err));
    OK(abp_outbox_list(list, *store, &filter, &err));
}

/* Each state in its column; what other experiments do, and variants of old, in none. */
static void test_counts(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store;
    struct world w, other;
    struct abp_planned_list list;
    struct abp_audit_row rows[2], sum = {0};
    struct abp_plan_report report;
    int uneven;
    start(s, &w, &store, &list, "[schedule]\ntimes = 09:00\nmax_posts = 20\n" TWO_STYLES);
    world_open(&other, "UTC", ONE_CHANNEL, "y", "sky", "[schedule]\ntimes = 15:00\n" TWO_STYLES);
    struct abp_plan_input input = world_input(&other, NOW, 1);
    OK(abp_plan_extend(&report, store, &input, &err));
    const struct abp_planned *p = list.list;
    settle(store, &p[0], ABP_POSTED, 600);
    settle(store, &p[1], ABP_POSTED, 601); /* late */
    drop(store, &p[2], ABP_MISSED);        /* 3: redrawn */
    settle(store, &p[4], ABP_UNKNOWN, 0);
    settle(store, &p[5], ABP_SENDING, 0);
    settle(store, &p[6], ABP_HANDED, 0);
    drop(store, &p[7], ABP_EMPTY);
    settle(store, &p[8], ABP_REFUSED, 0);
    drop(store, &p[10], ABP_CANCELLED);
    struct abp_made_list made;
    OK(abp_made_list_read(&made, store, "x", NULL, 0, &err));
    assert_int_equal(made.count, 2);
    struct abp_made_fact facts[] = {{.kind = ABP_MADE_EDITED, .post = made.list[0].id, .at = NOW},
                                    {.kind = ABP_MADE_DELETED, .post = made.list[1].id, .at = NOW}};
    OK(abp_made_add(store, facts, 2, &err));
    abp_made_list_release(&made);
    OK(abp_plan_audit(rows, &uneven, store, &w.experiment, &err));
    assert_string_equal(rows[0].variant, "a");
    for (int v = 0; v < 2; v++) {
        assert_int_equal(rows[v].drawn, 10);
        assert_int_equal(rows[v].drawn, rows[v].planned + rows[v].posted + rows[v].handed +
                                            rows[v].missed + rows[v].empty + rows[v].refused +
                                            rows[v].redrawn + rows[v].cancelled + rows[v].unknown);
        assert_int_equal(rows[v].posted, 1);
        sum.planned += rows[v].planned;
        sum.handed += rows[v].handed;
        sum.missed += rows[v].missed;
        sum.empty += rows[v].empty;
        sum.refused += rows[v].refused;
        sum.redrawn += rows[v].redrawn;
        sum.cancelled += rows[v].cancelled;
        sum.unknown += rows[v].unknown;
        sum.edited += rows[v].edited;
        sum.deleted += rows[v].deleted;
    }
    assert_int_equal(rows[p[1].variant[0] - 'a'].late, 1);
    assert_int_equal(rows[p[0].variant[0] - 'a'].late, 0);
    assert_int_equal(rows[p[2].variant[0] - 'a'].missed, 1);
    assert_int_equal(rows[p[7].variant[0] - 'a'].empty, 1);
    assert_int_equal(sum.planned, 20 - 10);
    assert_int_equal(sum.handed + sum.missed + sum.empty + sum.refused + sum.cancelled, 5);
    assert_int_equal(sum.redrawn, 2); /* 3, and 9 with the refused 8 */
    assert_int_equal(sum.unknown, 1);
    assert_int_equal(sum.edited, 1);
    assert_int_equal(sum.deleted, 1);
    assert_int_equal(uneven, 0);
    w.experiment.variants[1].name[0] = 'z'; /* another file since */
    OK(abp_plan_audit(rows, &uneven, store, &w.experiment, &err));
    assert_int_equal(rows[0].drawn, 10);
    assert_int_equal(rows[1].drawn, 0);
    assert_true(rows[1].p == 1);
    abp_planned_list_release(&list);
    world_close(&w);
    world_close(&other);
    abp_store_close(store);
}

/* One style that is empty every other time: uneven; both alike: not. */
static void test_uneven(void **state)
{
    struct scratch *s = *state;
    for (int both = 0; both < 2; both++) {
        struct abp_store *store;
        struct world w;
        struct abp_planned_list list;
        struct abp_audit_row rows[2];
        int uneven, turn[2] = {0};
        start(s, &w, &store, &list, "[schedule]\ntimes = 09:00 13:00\n" TWO_STYLES);
        for (size_t i = 0; i + 1 < list.count; i += 2) {
            int lost = 0;
            for (size_t k = i; k < i + 2; k++) {
                int v = list.list[k].variant[0] - 'a';
                if (lost)
                    continue; /* redrawn */
                lost = v == (both ? (int)(i / 2 % 2) : 0) && turn[v]++ % 2 == 0;
                if (lost)
                    drop(store, &list.list[k], ABP_EMPTY);
                else
                    settle(store, &list.list[k], ABP_POSTED, 0);
            }
        }
        OK(abp_plan_audit(rows, &uneven, store, &w.experiment, &err));
        assert_true(rows[0].empty >= 6 && rows[0].posted >= 6);
        assert_int_equal(uneven, !both);
        if (!both) {
            assert_true(rows[0].p < 0.005 && rows[1].p < 0.005);
            assert_int_equal(rows[1].empty, 0);
            assert_true(rows[1].redrawn > 0); /* not held against it */
        }
        abp_planned_list_release(&list);
        world_close(&w);
        abp_store_close(store);
        unlink(scratch_path(s, "abpost.db"));
        unlink(scratch_path(s, "abpost.db-wal"));
        unlink(scratch_path(s, "abpost.db-shm"));
    }
}

static void test_nothing_drawn(void **state)
{
    struct scratch *s = *state;
    struct abp_store *store = scratch_store(s);
    struct world w;
    struct abp_audit_row rows[2];
    int uneven = 1;
    world_open(&w, "UTC", ONE_CHANNEL, "x", "sky", "[schedule]\ntimes = 09:00\n" TWO_STYLES);
    OK(abp_plan_audit(rows, &uneven, store, &w.experiment, &err));
    assert_int_equal(uneven, 0);
    assert_int_equal(rows[0].drawn + rows[1].drawn, 0);
    assert_true(rows[0].p == 1);
    world_close(&w);
    abp_store_close(store);
}

int main(void)
{
#define IN_SCRATCH(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)
    const struct CMUnitTest tests[] = {
        IN_SCRATCH(test_counts),
        IN_SCRATCH(test_uneven),
        IN_SCRATCH(test_nothing_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
