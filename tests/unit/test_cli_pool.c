#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/pool.h"

struct job {
    size_t number;
    uint64_t answer;
};

/* What one run saw. */
struct shop {
    size_t count, taken, delivered, discarded, most_waiting;
    size_t fail_at; /* deliver() refuses this one */
    size_t stop_at; /* deliver() raises stop here */
    long slow;      /* ns that next_job() takes over each */
    volatile sig_atomic_t stop;
    atomic_int inside_next;
    atomic_size_t waiting;
    int wrong;
};

static void *next_job(void *context)
{
    struct shop *shop = context;
    shop->wrong |= atomic_fetch_add(&shop->inside_next, 1) != 0;
    if (shop->slow)
        nanosleep(&(struct timespec){0, shop->slow}, NULL);
    struct job *job = shop->taken < shop->count ? calloc(1, sizeof *job) : NULL;
    if (job) {
        job->number = shop->taken++;
        size_t waiting = atomic_fetch_add(&shop->waiting, 1) + 1;
        if (waiting > shop->most_waiting)
            shop->most_waiting = waiting;
    }
    atomic_fetch_sub(&shop->inside_next, 1);
    return job;
}

/* Uneven work, so that later jobs overtake earlier ones. */
static void work(void *context, void *argument)
{
    (void)context;
    struct job *job = argument;
    uint64_t x = job->number;
    for (size_t i = 0; i < (job->number % 7 == 0 ? 200000u : 10u); i++)
        x = x * 6364136223846793005u + 1;
    job->answer = job->number % 7 == 0 ? x : job->number;
}

static int deliver(void *context, void *argument, struct abp_error *err)
{
    struct shop *shop = context;
    struct job *job = argument;
    shop->wrong |= job->number != shop->delivered;
    shop->wrong |= job->number % 7 != 0 && job->answer != job->number;
    if (job->number == shop->fail_at)
        return abp_fail(err, ABP_FAILED, "refused");
    shop->delivered++;
    if (shop->delivered == shop->stop_at)
        shop->stop = 1;
    return 0;
}

static void discard(void *context, void *job)
{
    struct shop *shop = context;
    shop->discarded++;
    atomic_fetch_sub(&shop->waiting, 1);
    free(job);
}

static int run(struct shop *shop, unsigned threads, struct abp_error *err)
{
    struct abp_pool pool = {threads, &shop->stop, shop, next_job, work, deliver, discard};
    return abp_pool_run(&pool, err);
}

static void every_job_comes_back_in_order(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 7, 1000};
    for (unsigned threads = 1; threads <= 8; threads++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            struct shop shop = {.count = counts[i], .fail_at = SIZE_MAX, .stop_at = SIZE_MAX};
            struct abp_error err;
            assert_int_equal(run(&shop, threads, &err), 0);
            assert_int_equal(shop.delivered, counts[i]);
            assert_int_equal(shop.discarded, counts[i]);
            assert_false(shop.wrong);
            assert_true(shop.most_waiting <= 4 * (size_t)threads);
        }
    }
}

static void a_refusal_ends_it_and_loses_no_memory(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct shop shop = {.count = 1000, .fail_at = 10, .stop_at = SIZE_MAX};
        struct abp_error err = {0};
        assert_int_equal(run(&shop, threads, &err), -1);
        assert_string_equal(err.message, "refused");
        assert_int_equal(shop.delivered, 10);
        assert_int_equal(shop.discarded, shop.taken);
        assert_true(shop.taken < 1000);
    }
}

/* The refusal comes while another thread is about to take a job: that one is handed back, too. */
static void what_is_taken_during_a_refusal_is_handed_back(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct shop shop = {.count = 1000, .fail_at = 2, .stop_at = SIZE_MAX, .slow = 2000000};
        struct abp_error err = {0};
        assert_int_equal(run(&shop, 2, &err), -1);
        assert_int_equal(shop.discarded, shop.taken);
    }
}

static void a_signal_ends_it_and_what_was_taken_is_handed_back(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 4; threads++) {
        struct shop shop = {.count = 1000, .fail_at = SIZE_MAX, .stop_at = 10};
        struct abp_error err;
        assert_int_equal(run(&shop, threads, &err), 0);
        assert_int_equal(shop.delivered, shop.taken);
        assert_int_equal(shop.discarded, shop.taken);
        assert_true(shop.taken >= 10 && shop.taken < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_job_comes_back_in_order),
        cmocka_unit_test(a_refusal_ends_it_and_loses_no_memory),
        cmocka_unit_test(what_is_taken_during_a_refusal_is_handed_back),
        cmocka_unit_test(a_signal_ends_it_and_what_was_taken_is_handed_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
