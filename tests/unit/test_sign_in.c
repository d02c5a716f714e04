/* Accounts that refuse us: news is kept, and the newest counts. */
#include "store_scratch.h"

#include "abpost/sign_in.h"
#include "store/handle.h"

static struct abp_error err;

static void note(struct abp_store *store, const char *channel, const char *reason, int64_t at)
{
    memset(&err, 0, sizeof err);
    if (abp_sign_in_note(store, channel, reason, at, &err) != 0)
        fail_msg("%s", err.message);
}

static int64_t rows(struct abp_store *store)
{
    int64_t count = -1;
    assert_int_equal(abp_db_integer(&count, store->db, "SELECT count(*) FROM sign_in", &err), 0);
    return count;
}

static void test_news(void **state)
{
    struct abp_store *store = scratch_store(*state);
    struct abp_refused_accounts accounts;
    note(store, "sky", NULL, NOW); /* it works, as it always did */
    assert_int_equal(rows(store), 0);
    note(store, "sky", "the password is wrong", NOW + 1);
    note(store, "sky", "the password is still wrong", NOW + 2);
    note(store, "ant", "the token was taken back", NOW + 3);
    assert_int_equal(rows(store), 2);

    assert_int_equal(abp_sign_in_list(&accounts, store, &err), 0);
    assert_int_equal(accounts.count, 2);
    assert_string_equal(accounts.list[0].channel, "ant");
    assert_string_equal(accounts.list[1].channel, "sky");
    assert_string_equal(accounts.list[1].reason, "the password is wrong");
    assert_int_equal(accounts.list[1].since, NOW + 1);
    abp_sign_in_release(&accounts);

    note(store, "sky", NULL, NOW + 4);
    note(store, "sky", NULL, NOW + 5);
    assert_int_equal(rows(store), 3);
    assert_int_equal(abp_sign_in_list(&accounts, store, &err), 0);
    assert_int_equal(accounts.count, 1);
    assert_string_equal(accounts.list[0].channel, "ant");
    abp_sign_in_release(&accounts);

    note(store, "sky", "again", NOW + 6);
    assert_int_equal(abp_sign_in_list(&accounts, store, &err), 0);
    assert_int_equal(accounts.count, 2);
    assert_string_equal(accounts.list[1].reason, "again");
    abp_sign_in_release(&accounts);
    abp_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_news, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
