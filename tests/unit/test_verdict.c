/* Verdicts: model.md's table row by row, and what each obstacle does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abpost/verdict.h"

#include <math.h>

/* Evidence that is good for `repeat` in every respect. */
static struct abp_evidence good(void)
{
    return (struct abp_evidence){.p_above = 0.97,
                                 .p_below = 0.01,
                                 .p_same = 0.2,
                                 .confidence = 0.95,
                                 .randomised = 1,
                                 .e_value = 25,
                                 .threshold = 20,
                                 .guard_direction = 1,
                                 .posts = 20,
                                 .baseline_posts = 20,
                                 .min_posts = 6,
                                 .reliable = 1};
}

static struct abp_evidence mirrored(void)
{
    struct abp_evidence e = good();
    e.p_above = 0.01;
    e.p_below = 0.97;
    e.guard_direction = -1;
    return e;
}

static void expect(const struct abp_evidence *e, enum abp_verdict verdict, unsigned obstacles)
{
    unsigned found = 99;
    assert_int_equal(abp_decide(e, &found), verdict);
    assert_int_equal(found, obstacles);
}

static void decisions(void **state)
{
    (void)state;
    struct abp_evidence up = good(), down = mirrored(), same = good();
    expect(&up, ABP_REPEAT, 0);
    expect(&down, ABP_DROP, 0);
    same.p_above = 0.1;
    same.p_same = 0.96;
    same.e_value = 0.3; /* "same" needs no guard: it claims no winner */
    expect(&same, ABP_SAME, 0);
}

/* Sure of a difference and sure that it does not matter: it does not matter, unless the guard has
 * decided. */
static void sure_and_too_small(void **state)
{
    (void)state;
    struct abp_evidence e = good();
    e.p_same = 0.96;
    expect(&e, ABP_REPEAT, 0);
    e.e_value = 0.3;
    expect(&e, ABP_SAME, 0);
    e.posts = 5;
    expect(&e, ABP_LEANING_REPEAT, ABP_OBSTACLE_GUARD | ABP_OBSTACLE_MIN_POSTS);
}

static void each_obstacle_makes_it_lean(void **state)
{
    (void)state;
    struct abp_evidence e = good();
    e.e_value = 19.99;
    expect(&e, ABP_LEANING_REPEAT, ABP_OBSTACLE_GUARD);
    e = good();
    e.e_value = NAN;
    expect(&e, ABP_LEANING_REPEAT, ABP_OBSTACLE_GUARD);
    e = good();
    e.guard_direction = -1; /* the guard speaks for the other side */
    expect(&e, ABP_LEANING_REPEAT, ABP_OBSTACLE_GUARD);
    e = good();
    e.randomised = 0;
    expect(&e, ABP_LEANING_REPEAT, ABP_OBSTACLE_OBSERVATIONAL);
    e = good();
    e.posts = 5;
    expect(&e, ABP_LEANING_REPEAT, ABP_OBSTACLE_MIN_POSTS);
    e = good();
    e.baseline_posts = 5;
    expect(&e, ABP_LEANING_REPEAT, ABP_OBSTACLE_MIN_POSTS);
    e = good();
    e.net_worse = 1;
    expect(&e, ABP_LEANING_REPEAT, ABP_OBSTACLE_NET_VALUE);
    e = mirrored();
    e.net_worse = 1; /* no reason to keep what does worse */
    expect(&e, ABP_DROP, 0);
    e = mirrored();
    e.e_value = 1;
    e.posts = 2;
    expect(&e, ABP_LEANING_DROP, ABP_OBSTACLE_GUARD | ABP_OBSTACLE_MIN_POSTS);
}

static void observational_data_never_decides(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct abp_evidence e = i ? mirrored() : good();
        unsigned obstacles;
        e.randomised = 0;
        e.p_above = i ? 0.0 : 1.0;
        e.p_below = i ? 1.0 : 0.0;
        e.e_value = 1e9;
        assert_int_equal(abp_decide(&e, &obstacles), i ? ABP_LEANING_DROP : ABP_LEANING_REPEAT);
        e.p_above = e.p_below = 0.0;
        e.p_same = 1.0;
        assert_int_equal(abp_decide(&e, &obstacles), ABP_KEEP_TESTING);
        e.guardrail_broken = 1;
        expect(&e, ABP_LEANING_DROP, ABP_OBSTACLE_OBSERVATIONAL);
    }
}

static void unreliable_numbers_decide_nothing(void **state)
{
    (void)state;
    struct abp_evidence e = good();
    e.reliable = 0;
    expect(&e, ABP_KEEP_TESTING, ABP_OBSTACLE_UNRELIABLE);
    e.guardrail_broken = 1; /* judged by a fit of its own */
    expect(&e, ABP_DROP, 0);
}

static void undecided(void **state)
{
    (void)state;
    struct abp_evidence e = good();
    e.p_above = 0.9499;
    expect(&e, ABP_KEEP_TESTING, 0);
    e.exhausted = 1;
    expect(&e, ABP_EXHAUSTED, 0);
    e = good();
    e.e_value = 2;
    e.exhausted = 1;
    expect(&e, ABP_EXHAUSTED, ABP_OBSTACLE_GUARD);
    e = good();
    e.exhausted = 1; /* decided with the last post: still decided */
    expect(&e, ABP_REPEAT, 0);
    e = good();
    e.p_above = e.p_below = e.p_same = NAN;
    expect(&e, ABP_KEEP_TESTING, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions),
        cmocka_unit_test(sure_and_too_small),
        cmocka_unit_test(each_obstacle_makes_it_lean),
        cmocka_unit_test(observational_data_never_decides),
        cmocka_unit_test(unreliable_numbers_decide_nothing),
        cmocka_unit_test(undecided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
