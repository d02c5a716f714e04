/* The outbox: every path of a post's life, two who claim at once, and what can't be undone. */
#include "outbox_world.h"

#include <pthread.h>

static void test_life(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 1);
    assert_int_equal(state_of(store, 1), ABP_PLANNED);
    int64_t first = claim(store, 1);
    assert_int_equal(state_of(store, 1), ABP_SENDING);
    assert_int_equal(claim(store, 1), 0); /* in flight */
    settle(store, first, ABP_UNKNOWN);
    assert_int_equal(state_of(store, 1), ABP_UNKNOWN);
    assert_int_equal(claim(store, 1), 0); /* never resent blindly */
    settle(store, first, ABP_PLANNED);
    assert_int_equal(state_of(store, 1), ABP_PLANNED);
    int64_t second = claim(store, 1);
    assert_true(second > first);
    settle(store, second, ABP_POSTED);
    assert_int_equal(claim(store, 1), 0);
    settle(store, second, ABP_PLANNED); /* out stays out */
    assert_int_equal(state_of(store, 1), ABP_POSTED);
    assert_int_equal(abp_outbox_drop(store, 1, ABP_MISSED, "late", NOW, &err), 0);

    struct abp_planned_list list;
    struct abp_planned_filter filter = {.states = 1u << ABP_POSTED};
    OK(abp_outbox_list(&list, store, &filter, &err));
    assert_int_equal(list.count, 1);
    const struct abp_planned *p = list.list;
    assert_string_equal(p->experiment, "x");
    assert_string_equal(p->channel, "sky");
    assert_string_equal(p->remote_id, "at://2");
    assert_int_equal(p->attempts, 2);
    assert_int_equal(p->request_len, 3);
    assert_memory_equal(p->request, "a\0b", 4);
    assert_int_equal(p->posted_at, NOW + 4);
    assert_true(p->post > 0);
    assert_null(p->reason);
    abp_planned_list_release(&list);
    abp_store_close(store);
}

static void test_found_late(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 1);
    int64_t first = claim(store, 1);
    settle(store, first, ABP_PLANNED);
    int64_t second = claim(store, 1);
    settle(store, first, ABP_POSTED); /* the first was there after all */
    assert_int_equal(state_of(store, 1), ABP_POSTED);
    settle(store, second, ABP_PLANNED);
    assert_int_equal(state_of(store, 1), ABP_POSTED);
    abp_store_close(store);
}

/* What is open is found however it is asked for, and nothing else is. */
static void test_open(void **state)
{
    const unsigned open = 1u << ABP_PLANNED | 1u << ABP_SENDING | 1u << ABP_UNKNOWN;
    struct abp_store *store = scratch_store(*state);
    struct abp_planned_list all, found;
    plan(store, 6);
    settle(store, claim(store, 1), ABP_POSTED);
    assert_true(claim(store, 2) > 0);
    settle(store, claim(store, 3), ABP_UNKNOWN);
    assert_int_equal(abp_outbox_drop(store, 5, ABP_MISSED, "late", NOW, &err), 1);
    int64_t attempt = claim(store, 7);
    settle(store, attempt, ABP_PLANNED);
    assert_int_equal(abp_outbox_drop(store, 7, ABP_MISSED, "late", NOW, &err), 1);
    settle(store, attempt, ABP_UNKNOWN); /* somebody who had asked before */
    settle(store, claim(store, 9), ABP_REFUSED);
    OK(abp_outbox_list(&all, store, &(struct abp_planned_filter){0}, &err));
    assert_int_equal(all.count, 12);
    struct abp_planned_filter by[] = {
        {.states = open}, {.states = open, .experiment = "x"}, {.states = open, .channel = "sky"}};
    for (size_t k = 0; k < sizeof by / sizeof *by; k++) {
        size_t next = 0;
        OK(abp_outbox_list(&found, store, &by[k], &err));
        for (size_t i = 0; i < all.count; i++)
            if (open & 1u << all.list[i].state)
                assert_int_equal(found.list[next++].id, all.list[i].id);
        assert_int_equal(found.count, next);
        assert_int_equal(next, 6); /* 2, 3, 4, 7, 11, 12 */
        abp_planned_list_release(&found);
    }
    abp_planned_list_release(&all);
    struct abp_planned_filter block = {.block = 2, .channel = "sea"};
    OK(abp_outbox_list(&found, store, &block, &err));
    assert_int_equal(found.count, 0);
    abp_planned_list_release(&found);
    assert_int_equal(abp_outbox_has_begun(store, "x", &err), 1);
    assert_int_equal(abp_outbox_has_begun(store, "y", &err), 0);
    abp_store_close(store);
}

/* Two who asked at once, one of them before the second attempt and answered after it: the post is
 * out once, whichever attempt it is said of. */
static void test_out_once(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 3);
    for (int reversed = 0; reversed < 2; reversed++) {
        int64_t attempts[2], post = 1 + 2 * reversed;
        attempts[0] = claim(store, post);
        settle(store, attempts[0], ABP_PLANNED);
        attempts[1] = claim(store, post);
        settle(store, attempts[reversed], ABP_POSTED);
        settle_as(store, attempts[!reversed], ABP_POSTED, attempts[reversed]);
        assert_int_equal(state_of(store, post), ABP_POSTED);
        struct abp_made_list made;
        OK(abp_made_list_read(&made, store, NULL, NULL, 0, &err));
        assert_int_equal(made.count, 1 + reversed);
        abp_made_list_release(&made);
    }
    /* A refusal of an attempt whose post is out voids no block. */
    int64_t first = claim(store, 5);
    settle(store, first, ABP_PLANNED);
    int64_t second = claim(store, 5);
    settle(store, first, ABP_POSTED);
    settle(store, second, ABP_REFUSED);
    assert_int_equal(state_of(store, 5), ABP_POSTED);
    assert_int_equal(state_of(store, 6), ABP_PLANNED);
    abp_store_close(store);
}

/* The server's pause holds for another process too, which read the outbox before it was asked for;
 * not for longer than a server may ask. */
static void test_pause(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 1);
    settle(store, claim(store, 1), ABP_PLANNED); /* not before NOW + 60 */
    int64_t attempt;
    struct abp_claim early = {.planned = 1,
                              .key = "3k",
                              .request = "a\0b",
                              .request_len = 3,
                              .file = "posts/1.txt",
                              .file_digest = "d",
                              .owner = "me",
                              .now = NOW + 59,
                              .leased_until = NOW + 359};
    assert_int_equal(abp_outbox_claim(&attempt, store, &early, &err), 0);
    early.now = NOW - 90000; /* the clock was set back */
    assert_int_equal(abp_outbox_claim(&attempt, store, &early, &err), 1);
    abp_store_close(store);
}

/* One post there can't be two of ours. */
static void test_one_id(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 1);
    int64_t attempts[2] = {claim(store, 1), claim(store, 2)};
    for (int i = 0; i < 2; i++) {
        struct abp_settlement s = {
            .attempt = attempts[i], .state = ABP_POSTED, .now = NOW, .remote_id = "at://same"};
        assert_int_equal(abp_outbox_settle(store, &s, &err), i);
    }
    assert_int_equal(state_of(store, 1), ABP_POSTED);
    assert_int_equal(state_of(store, 2), ABP_UNKNOWN);
    abp_store_close(store);
}

static int64_t results_of(struct abp_store *store, int64_t attempt)
{
    char sql[100];
    int64_t count;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM attempt_result WHERE attempt_id = %d",
             (int)attempt);
    OK(abp_db_integer(&count, store->db, sql, &err));
    return count;
}

/* Who asks has seen the attempt open, and may come back after its own process was done. */
static void test_asked_meanwhile(void **state)
{
    static const enum abp_post_state ends[] = {ABP_POSTED, ABP_HANDED, ABP_REFUSED, ABP_PLANNED};
    static const enum abp_post_state late[] = {ABP_PLANNED, ABP_UNKNOWN, ABP_HANDED};
    struct abp_store *store = scratch_store(*state);
    plan(store, 4);
    for (int i = 0; i < 4; i++) {
        int64_t planned = 2 * i + 1, attempt = claim(store, planned);
        settle(store, attempt, ends[i]);
        for (int k = 0; k < (ends[i] == ABP_HANDED ? 3 : 2); k++) {
            struct abp_settlement s = {
                .attempt = attempt, .state = late[k], .now = NOW + 9, .reconciled = 1};
            assert_int_equal(abp_outbox_settle(store, &s, &err), ABP_SETTLED_KNOWN);
        }
        assert_int_equal(state_of(store, planned), ends[i]);
        assert_int_equal(results_of(store, attempt), 1);
        /* To have found it outweighs that it was not there before. */
        struct abp_settlement found = {.attempt = attempt,
                                       .state = ABP_POSTED,
                                       .now = NOW + 10,
                                       .remote_id = i ? "at://found" : "at://1",
                                       .reconciled = 1};
        if (ends[i] == ABP_PLANNED) {
            assert_int_equal(abp_outbox_settle(store, &found, &err), ABP_SETTLED);
            assert_int_equal(state_of(store, planned), ABP_POSTED);
        }
    }
    /* What a person says of a post that was handed over is another thing. */
    int64_t handed = claim(store, 8);
    settle(store, handed, ABP_HANDED);
    settle(store, handed, ABP_PLANNED);
    assert_int_equal(state_of(store, 8), ABP_PLANNED);
    abp_store_close(store);
}

/* Two attempts that both made a post, and one that both found: only the first is two posts. */
static void test_twice(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 2);
    for (int same = 0; same < 2; same++) {
        int64_t first = claim(store, same + 1), second;
        struct abp_settlement made = {
            .attempt = first, .state = ABP_PLANNED, .now = NOW, .reason = "not there"};
        assert_int_equal(abp_outbox_settle(store, &made, &err), ABP_SETTLED);
        second = claim(store, same + 1);
        made = (struct abp_settlement){.attempt = second,
                                       .state = ABP_POSTED,
                                       .now = NOW + 1,
                                       .posted_at = NOW + 1,
                                       .remote_id = same ? "id 1" : "id 2"};
        assert_int_equal(abp_outbox_settle(store, &made, &err), ABP_SETTLED);
        made.attempt = first;
        made.now = NOW + 2;
        made.reconciled = 1;
        if (!same)
            made.remote_id = "id 3";
        assert_int_equal(abp_outbox_settle(store, &made, &err),
                         same ? ABP_SETTLED : ABP_SETTLED_TWICE);
        assert_int_equal(state_of(store, same + 1), ABP_POSTED);
        assert_int_equal(results_of(store, first), 2);
    }
    abp_store_close(store);
}

static void test_drop(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 4);
    /* A missed post takes the rest of its block along, not what is out. */
    settle(store, claim(store, 1), ABP_POSTED);
    assert_int_equal(abp_outbox_drop(store, 2, ABP_MISSED, "late", NOW, &err), 1);
    assert_int_equal(state_of(store, 1), ABP_POSTED);
    assert_int_equal(state_of(store, 2), ABP_MISSED);
    assert_int_equal(abp_outbox_drop(store, 2, ABP_EMPTY, "again", NOW, &err), 0);
    assert_int_equal(claim(store, 2), 0);
    assert_int_equal(abp_outbox_drop(store, 3, ABP_EMPTY, "no text", NOW, &err), 1);
    assert_int_equal(state_of(store, 3), ABP_EMPTY);
    assert_int_equal(state_of(store, 4), ABP_REDRAWN);
    /* A refusal voids the block too. */
    settle(store, claim(store, 5), ABP_REFUSED);
    assert_int_equal(state_of(store, 5), ABP_REFUSED);
    assert_int_equal(state_of(store, 6), ABP_REDRAWN);
    /* What is in flight or unknown can't be dropped. */
    int64_t attempt = claim(store, 7);
    assert_int_equal(abp_outbox_drop(store, 7, ABP_MISSED, "late", NOW, &err), 0);
    settle(store, attempt, ABP_UNKNOWN);
    assert_int_equal(abp_outbox_drop(store, 7, ABP_MISSED, "late", NOW, &err), 0);
    assert_int_equal(abp_outbox_drop(store, 8, ABP_CANCELLED, "decided", NOW, &err), 1);
    assert_int_equal(state_of(store, 7), ABP_UNKNOWN);
    assert_int_equal(abp_outbox_drop(store, 99, ABP_MISSED, "none", NOW, &err), 0);
    abp_store_close(store);
}

static void test_same_bytes(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 1);
    settle(store, claim(store, 1), ABP_PLANNED);
    int64_t attempt;
    struct abp_claim other = {.planned = 1,
                              .key = "3k",
                              .request = "other",
                              .request_len = 5,
                              .file = "f",
                              .file_digest = "d",
                              .owner = "me",
                              .now = NOW + 60,
                              .leased_until = NOW + 360};
    /* Of a process that saw the post before its first attempt came and went. */
    assert_int_equal(abp_outbox_claim(&attempt, store, &other, &err), 0);
    assert_int_equal(state_of(store, 1), ABP_PLANNED); /* and the transaction is over */
    /* Of one that knows it, and whose file says something else since: once. */
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.id = 1};
    assert_int_equal(abp_outbox_list(&list, store, &filter, &err), 0);
    other.after = list.list[0].attempt;
    abp_planned_list_release(&list);
    assert_int_equal(abp_outbox_claim(&attempt, store, &other, &err), 1);
    settle(store, attempt, ABP_PLANNED);
    other.request = "third";
    assert_int_equal(abp_outbox_claim(&attempt, store, &other, &err), 0);
    assert_int_equal(claim(store, 1), 0); /* what the first one sent is the past */
    abp_store_close(store);
}

struct claimer {
    struct scratch *scratch;
    int64_t attempts[50];
    const char *problem;
};

static void *claim_all(void *context)
{
    struct claimer *c = context;
    struct abp_store *store = NULL;
    struct abp_error mine = {0};
    char path[300];
    snprintf(path, sizeof path, "%s/abpost.db", c->scratch->folder);
    if (abp_store_open(&store, path, ABP_STORE_EXISTING, 30000, &mine) != 0) {
        c->problem = "not opened";
        return NULL;
    }
    for (int64_t i = 0; i < 50 && !c->problem; i++) {
        struct abp_claim claim = {.planned = i + 1,
                                  .key = "k",
                                  .request = "r",
                                  .request_len = 1,
                                  .file = "f",
                                  .file_digest = "d",
                                  .owner = "o",
                                  .now = NOW,
                                  .leased_until = NOW + 1};
        char file[32];
        snprintf(file, sizeof file, "%d", (int)i);
        claim.file = file;
        if (abp_outbox_claim(&c->attempts[i], store, &claim, &mine) < 0)
            c->problem = "a claim failed";
    }
    abp_store_close(store);
    return NULL;
}

static void test_two_claim(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 25);
    struct claimer c[2] = {{.scratch = *state}, {.scratch = *state}};
    pthread_t threads[2];
    for (int t = 0; t < 2; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, claim_all, &c[t]), 0);
    for (int t = 0; t < 2; t++) {
        pthread_join(threads[t], NULL);
        if (c[t].problem)
            fail_msg("%s", c[t].problem);
    }
    for (int i = 0; i < 50; i++)
        assert_true((c[0].attempts[i] != 0) != (c[1].attempts[i] != 0));
    abp_store_close(store);
}

static void test_analysis_and_decisions(void **state)
{
    struct abp_store *store = scratch_store(*state);
    struct abp_analysis analysis;
    OK(abp_outbox_analysis(&analysis, store, "x", &err));
    assert_string_equal(analysis.frozen, "");
    OK(abp_outbox_freeze_analysis(store, "x", "h1", NOW, &err));
    OK(abp_outbox_freeze_analysis(store, "x", "h1", NOW + 1, &err));
    OK(abp_outbox_freeze_analysis(store, "x", "h2", NOW + 2, &err));
    OK(abp_outbox_freeze_analysis(store, "x", "h1", NOW + 3, &err));
    OK(abp_outbox_analysis(&analysis, store, "x", &err));
    assert_string_equal(analysis.frozen, "h1");
    assert_int_equal(analysis.frozen_at, NOW);
    assert_string_equal(analysis.changed, "h2"); /* changing it back does not undo it */
    assert_int_equal(analysis.changed_at, NOW + 2);

    char a[] = "a", repeat[] = "repeat", drop[] = "drop", why[] = "why";
    struct abp_decided first = {a, repeat, why, NOW}, later = {a, drop, why, NOW + 9};
    assert_int_equal(abp_outbox_decide(store, "x", &first, &err), 1);
    assert_int_equal(abp_outbox_decide(store, "x", &later, &err), 0);
    struct abp_decided_list list;
    OK(abp_outbox_decisions(&list, store, "x", &err));
    assert_int_equal(list.count, 1);
    assert_string_equal(list.list[0].verdict, "repeat");
    abp_decided_list_release(&list);
    abp_store_close(store);
}

/* All that stand are withdrawn at once, and only then can a variant be decided again. */
static void test_withdrawing(void **state)
{
    struct abp_store *store = scratch_store(*state);
    int64_t began = -1;
    char a[] = "a", b[] = "b", repeat[] = "repeat", drop[] = "drop", why[] = "why";
    struct abp_decided decided[] = {
        {a, repeat, why, NOW}, {b, drop, why, NOW + 5}, {a, drop, why, NOW + 40}};
    assert_int_equal(abp_outbox_withdraw(store, "x", "nothing stands", NOW, &err), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(abp_outbox_decide(store, "x", &decided[i], &err), 1);
    assert_int_equal(abp_outbox_decide(store, "y", &decided[0], &err), 1);
    OK(abp_outbox_test_began(&began, store, "x", &err));
    assert_int_equal(began, 0);

    assert_int_equal(abp_outbox_withdraw(store, "x", "it fades", NOW + 30, &err), 1);
    assert_int_equal(abp_outbox_withdraw(store, "x", "again", NOW + 31, &err), 0);
    OK(abp_outbox_test_began(&began, store, "x", &err));
    assert_int_equal(began, NOW + 5); /* the last decision, not the withdrawal */
    OK(abp_outbox_test_began(&began, store, "y", &err));
    assert_int_equal(began, 0);

    assert_int_equal(abp_outbox_decide(store, "x", &decided[2], &err), 1);
    assert_int_equal(abp_outbox_decide(store, "x", &decided[0], &err), 0);
    OK(abp_outbox_test_began(&began, store, "x", &err));
    assert_int_equal(began, NOW + 5); /* a decision that stands began no test */
    static const char *const expected[] = {"a repeat", "b drop", "a withdrawn", "b withdrawn",
                                           "a drop"};
    struct abp_decided_list list;
    OK(abp_outbox_decisions(&list, store, "x", &err));
    assert_int_equal(list.count, 5);
    for (size_t i = 0; i < list.count; i++) {
        char row[40];
        snprintf(row, sizeof row, "%s %s", list.list[i].variant, list.list[i].verdict);
        assert_string_equal(row, expected[i]);
    }
    assert_string_equal(list.list[2].reason, "it fades");
    assert_int_equal(list.list[3].decided_at, NOW + 30);
    abp_decided_list_release(&list);

    assert_int_equal(abp_outbox_withdraw(store, "x", "once more", NOW + 60, &err), 1);
    OK(abp_outbox_decisions(&list, store, "x", &err));
    assert_int_equal(list.count, 6); /* b stood withdrawn */
    abp_decided_list_release(&list);
    OK(abp_outbox_test_began(&began, store, "x", &err));
    assert_int_equal(began, NOW + 40);
    abp_store_close(store);
}

static void test_made(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 1);
    settle(store, claim(store, 1), ABP_POSTED);
    settle(store, claim(store, 2), ABP_POSTED);
    struct abp_made_fact facts[] = {
        {ABP_MADE_READING, 1, NOW + 100, 96, "likes", 3, 0},
        {ABP_MADE_READING, 1, NOW + 50, 46, "likes", 4, 0},
        {ABP_MADE_READING, 1, NOW + 50, 46, "replies", 0, 0},
        {ABP_MADE_DELETED, 2, NOW + 70, 0, NULL, 0, 0},
    };
    OK(abp_made_add(store, facts, 4, &err));
    facts[0].value = 99;
    facts[3].at = NOW + 80;
    OK(abp_made_add(store, facts, 4, &err)); /* facts stay */
    struct abp_made_list list;
    OK(abp_made_list_read(&list, store, "x", NULL, 0, &err));
    assert_int_equal(list.count, 2);
    assert_int_equal(list.list[0].reading_count, 3);
    assert_string_equal(list.list[0].readings[0].metric, "likes");
    assert_true(list.list[0].readings[0].value == 4);
    assert_true(list.list[0].readings[2].value == 3);
    assert_ptr_equal(list.list[0].readings[0].metric, list.list[0].readings[2].metric);
    assert_int_equal(list.list[1].deleted_at, NOW + 70);
    assert_int_equal(list.list[1].reading_count, 0);
    abp_made_list_release(&list);
    OK(abp_made_list_read(&list, store, "y", NULL, 0, &err));
    assert_int_equal(list.count, 0);
    abp_made_list_release(&list);
    /* Failures count until something is read. */
    struct abp_made_fact failures[] = {{ABP_MADE_UNREAD, 1, NOW + 90, 0, "before", 0, 0},
                                       {ABP_MADE_UNREAD, 1, NOW + 110, 0, "closed", 0, 0},
                                       {ABP_MADE_UNREAD, 1, NOW + 120, 0, "still closed", 0, 0}};
    OK(abp_made_add(store, failures, 3, &err));
    OK(abp_made_list_read(&list, store, NULL, NULL, 0, &err));
    assert_int_equal(list.list[0].failures, 2);
    assert_int_equal(list.list[0].tried_at, NOW + 120);
    assert_string_equal(list.list[0].trouble, "still closed");
    assert_int_equal(list.list[1].failures, 0);
    assert_null(list.list[1].trouble);
    abp_made_list_release(&list);
    /* One bad fact, and none of them is there. */
    facts[0] = (struct abp_made_fact){ABP_MADE_READING, 2, NOW, 1, "likes", 1, 0};
    facts[1] = (struct abp_made_fact){ABP_MADE_READING, 99, NOW, 1, "likes", 1, 0};
    assert_int_equal(abp_made_add(store, facts, 2, &err), -1);
    OK(abp_made_list_read(&list, store, "x", "sky", NOW, &err));
    assert_int_equal(list.list[1].reading_count, 0);
    abp_made_list_release(&list);
    abp_store_close(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_life),
        TEST(test_found_late),
        TEST(test_drop),
        TEST(test_same_bytes),
        TEST(test_two_claim),
        TEST(test_analysis_and_decisions),
        TEST(test_withdrawing),
        TEST(test_made),
        TEST(test_one_id),
        TEST(test_out_once),
        TEST(test_pause),
        TEST(test_open),
        TEST(test_asked_meanwhile),
        TEST(test_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
