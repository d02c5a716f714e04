/* The outbox and the files that posts are made from: what may go out, and what has. */
#include "outbox_world.h"

/* A text goes out once on a channel, and a channel keeps its pauses, whoever else is at it. */
static void test_file_and_gap(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 2);
    int64_t first = claim_file(store, 1, "posts/a.txt", NOW - 60);
    assert_true(first > 0);
    assert_int_equal(claim_file(store, 3, "posts/a.txt", 0), 0);
    assert_int_equal(claim_file(store, 3, "posts/b.txt", NOW - 60), 0);
    settle(store, first, ABP_PLANNED); /* it was not sent after all, and will be with that file */
    assert_int_equal(claim_file(store, 3, "posts/a.txt", 0), 0);
    assert_true(claim_file(store, 3, "posts/b.txt", NOW - 60) > 0);
    assert_true(claim_file(store, 1, "posts/a.txt", 0) > 0);
    abp_store_close(store);
}

/* A file is free again when what was tried left nothing and its time passed; only then. */
static void test_file_is_free(void **state)
{
    struct abp_store *store = scratch_store(*state);
    plan(store, 5);
    settle(store, claim_file(store, 1, "posts/a.txt", 0), ABP_PLANNED);
    settle(store, claim_file(store, 2, "posts/b.txt", 0), ABP_UNKNOWN);
    settle(store, claim_file(store, 3, "posts/c.txt", 0), ABP_REFUSED);
    assert_int_equal(claim_file(store, 5, "posts/a.txt", 0), 0);
    assert_int_equal(abp_outbox_drop(store, 1, ABP_MISSED, "late", NOW, &err), 1);
    assert_int_equal(claim_file(store, 5, "posts/b.txt", 0), 0);
    assert_int_equal(claim_file(store, 5, "posts/c.txt", 0), 0);
    int64_t attempt = claim_file(store, 5, "posts/a.txt", 0);
    assert_true(attempt > 0);
    assert_int_equal(claim_file(store, 7, "posts/a.txt", 0), 0); /* 5 has it now */
    settle(store, attempt, ABP_POSTED);
    assert_int_equal(claim_file(store, 7, "posts/a.txt", 0), 0);
    /* The list and the claim agree. */
    static const int uses[] = {0, 1, 1, 0, 1, 0};
    struct abp_planned_list list;
    struct abp_planned_filter filter = {0};
    assert_int_equal(abp_outbox_list(&list, store, &filter, &err), 0);
    for (size_t i = 0; i < list.count; i++)
        if (list.list[i].id <= 6)
            assert_int_equal(abp_outbox_uses_file(&list.list[i]), uses[list.list[i].id - 1]);
    abp_planned_list_release(&list);
    abp_store_close(store);
}

/* What a file says goes out once for a variant, under whatever name. */
static void test_same_text(void **state)
{
    static const char same[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    struct abp_store *store = scratch_store(*state);
    struct abp_planned_list list;
    struct abp_planned_filter filter = {0};
    plan(store, 3);
    OK(abp_outbox_list(&list, store, &filter, &err));
    int64_t attempt, own = 0, others = 0;
    for (size_t i = 1; i < list.count; i++)
        *(strcmp(list.list[i].variant, list.list[0].variant) == 0 ? &own : &others) =
            list.list[i].id;
    struct abp_claim claim = {.planned = list.list[0].id,
                              .key = "k1",
                              .request = "r",
                              .request_len = 1,
                              .file = "posts/a.txt",
                              .file_digest = same,
                              .owner = "o",
                              .now = NOW,
                              .leased_until = NOW + 1};
    abp_planned_list_release(&list);
    assert_int_equal(abp_outbox_claim(&attempt, store, &claim, &err), 1);
    settle(store, attempt, ABP_POSTED);
    claim.planned = own;
    claim.key = "k2";
    claim.file = "posts/b.txt";
    claim.file_digest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef 77";
    assert_int_equal(abp_outbox_claim(&attempt, store, &claim, &err), 0);
    claim.planned = others;
    assert_int_equal(abp_outbox_claim(&attempt, store, &claim, &err), 1);
    claim.planned = own;
    claim.file = "posts/c.txt";
    claim.file_digest = "1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    assert_int_equal(abp_outbox_claim(&attempt, store, &claim, &err), 1);
    abp_store_close(store);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_file_and_gap), TEST(test_file_is_free),
                                       TEST(test_same_text)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
