/* Corrections of numbers that a person wrote down wrong: facts beside the facts. */
#include "store_scratch.h"

#include "abpost/made.h"
#include "store/db.h"
#include "store/handle.h"

#include <math.h>

static const char fill[] =
    "INSERT INTO experiment VALUES (1, 'x', 0);"
    "INSERT INTO plan VALUES (1, 1, 0, '1', 0);"
    "INSERT INTO block VALUES (1, 1, 'paper', 'uniform');"
    "INSERT INTO planned_post VALUES (1, 1, 0, 'a', 0.5, 's', '2026-12-01', '09:00', 'UTC', 0);"
    "INSERT INTO attempt VALUES (1, 1, 1, 'k', x'00', 'f', 'h', 'o', 0, 60);"
    "INSERT INTO attempt_result VALUES (1, 1, 0, 'posted', '1', NULL, NULL, NULL, NULL);"
    "INSERT INTO post VALUES (1, 1, NULL, NULL, 1, 'a', 'paper', 's', '1', 100);"
    "INSERT INTO reading_failure VALUES (1, 170, 'closed')";

static double value_of(struct abp_store *store, size_t reading, size_t readings)
{
    struct abp_made_list list;
    struct abp_error err;
    assert_int_equal(abp_made_list_read(&list, store, NULL, NULL, 0, &err), 0);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.list[0].reading_count, readings);
    assert_int_equal(list.list[0].failures, 1); /* a correction reads nothing */
    double value = list.list[0].readings[reading].value;
    abp_made_list_release(&list);
    return value;
}

static void test_newest_counts(void **state)
{
    struct abp_store *store = scratch_store(*state);
    struct abp_error err = {0};
    struct abp_made_fact readings[] = {{ABP_MADE_READING, 1, 150, 50, "likes", 44, 0},
                                       {ABP_MADE_READING, 1, 150, 50, "replies", 0, 0},
                                       {ABP_MADE_READING, 1, 160, 60, "likes", 9, 0}};
    struct abp_made_fact corrections[] = {
        {ABP_MADE_CORRECTION, 1, 150, 0, "likes", 7, 300},
        {ABP_MADE_CORRECTION, 1, 150, 0, "likes", 4, 250}, /* a clock was set back */
    };
    assert_int_equal(abp_db_exec(store->db, fill, &err), 0);
    assert_int_equal(abp_made_add(store, readings, 3, &err), 0);
    assert_int_equal(abp_made_add(store, corrections, 1, &err), 0);
    assert_true(value_of(store, 0, 3) == 7);
    assert_int_equal(abp_made_add(store, &corrections[1], 1, &err), 0);
    assert_true(value_of(store, 0, 3) == 4);
    assert_true(value_of(store, 1, 3) == 0);
    assert_true(value_of(store, 2, 3) == 9);
    /* The fact is there, and what is read again of that time changes nothing. */
    assert_int_equal(abp_made_add(store, readings, 3, &err), 0);
    assert_true(value_of(store, 0, 3) == 4);
    abp_store_close(store);
}

static void test_needs_a_reading(void **state)
{
    struct abp_store *store = scratch_store(*state);
    struct abp_error err = {0};
    struct abp_made_fact facts[] = {{ABP_MADE_READING, 1, 150, 50, "likes", 44, 0},
                                    {ABP_MADE_CORRECTION, 1, 150, 0, "likes", 7, 300},
                                    {ABP_MADE_CORRECTION, 1, 151, 0, "likes", 8, 300}};
    assert_int_equal(abp_db_exec(store->db, fill, &err), 0);
    assert_int_equal(abp_made_add(store, facts, 3, &err), -1); /* all of them or none */
    assert_int_equal(abp_made_add(store, facts, 1, &err), 0);
    assert_true(value_of(store, 0, 1) == 44);
    facts[1].metric = "replies";
    assert_int_equal(abp_made_add(store, &facts[1], 1, &err), -1);
    facts[1].metric = "likes";
    facts[1].value = NAN;
    assert_int_equal(abp_made_add(store, &facts[1], 1, &err), -1);
    assert_true(value_of(store, 0, 1) == 44);
    abp_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_newest_counts, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_needs_a_reading, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
