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

/* A day of one account, in letters: s and r: posting, reading was refused; S and R: it worked.
 * After each the account refuses us (x) or lets us in (.), and so many facts are kept in the end.
 */
static void test_two_kinds(void **state)
{
    static const struct {
        const char *what, *then;
        int64_t facts;
    } cases[] = {
        {"sRRSR", "xxx..", 2}, /* may read, may not post */
        {"rSSRS", "xxx..", 2}, /* may post, may not read */
        {"srRS", "xx..", 3},   /* the token was taken back, and renewed */
        {"srSR", "xx..", 3},   /* the same, and a post goes out first */
        {"rsrR", "xxx.", 4},   /* the same, met by reading first */
        {"rsRSR", "xxx..", 3}, /* posting was refused last */
        {"srsrsrsrsrR", "xxxxxxxxxx.", 3},
        {"rsrsrsrsrsS", "xxxxxxxxxx.", 4},
        {"sSsR", "x.xx", 3},
        {"RSRS", "....", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct abp_store *store = scratch_store(*state);
        int64_t before = rows(store), first = 0;
        struct abp_refused_accounts accounts;
        char channel[16];
        snprintf(channel, sizeof channel, "c%zu", i);
        for (size_t k = 0; cases[i].what[k]; k++) {
            int64_t at = NOW + (int64_t)k;
            char what = cases[i].what[k];
            const char *reason = what == 's' || what == 'r' ? "it does not accept the token" : NULL;
            if (reason && (k == 0 || cases[i].then[k - 1] == '.'))
                first = at;
            memset(&err, 0, sizeof err);
            if (what == 's' || what == 'S')
                note(store, channel, reason, at);
            else
                assert_int_equal(abp_sign_in_note_reading(store, channel, reason, at, &err), 0);
            assert_int_equal(abp_sign_in_list(&accounts, store, &err), 0);
            size_t n = 0;
            while (n < accounts.count && strcmp(accounts.list[n].channel, channel) != 0)
                n++;
            if ((n < accounts.count) != (cases[i].then[k] == 'x'))
                fail_msg("%s: %zu", cases[i].what, k);
            if (n < accounts.count) {
                assert_int_equal(accounts.list[n].since, first);
                assert_non_null(strstr(accounts.list[n].reason, "it does not accept the token"));
            }
            abp_sign_in_release(&accounts);
        }
        if (rows(store) - before != cases[i].facts)
            fail_msg("%s: %lld facts", cases[i].what, (long long)(rows(store) - before));
        abp_store_close(store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_news, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_two_kinds, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
