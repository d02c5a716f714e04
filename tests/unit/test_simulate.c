/* Lives of experiments in generated worlds: what the night loop must do, whatever it spares. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "evaluate/evaluation.h"
#include "trials.h"

#include <gsl/gsl_errno.h>

static void lives_are_repeatable(void **state)
{
    struct trial t;
    (void)state;
    trial_open(&t, &TRIAL_GENERATORS[0], 2, 60);
    t.theta[1] = log(2.5);
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct abp_sim_outcome a = trial_live(&t, seed);
        struct abp_sim_verdict first = t.verdicts[1];
        struct abp_sim_outcome b = trial_live(&t, seed);
        assert_int_equal(first.verdict, t.verdicts[1].verdict);
        assert_int_equal(first.at, t.verdicts[1].at);
        assert_int_equal(a.finished_at, b.finished_at);
        assert_true(a.regret >= b.regret && a.regret <= b.regret);
    }
}

static void a_huge_effect_is_found_and_early(void **state)
{
    struct trial t;
    (void)state;
    trial_open(&t, &TRIAL_GENERATORS[0], 2, 80);
    t.theta[1] = log(12.0);
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct abp_sim_outcome out = trial_live(&t, seed);
        assert_int_equal(t.verdicts[1].verdict, ABP_REPEAT);
        assert_true(out.finished_at < 60 * TRIAL_DAY);
        assert_true(out.posts < 80);
        /* half the posts are the baseline, which gives up 11 twelfths */
        assert_true(fabs(out.regret - 11.0 / 24.0) < 0.05);
    }
    t.theta[1] = -log(12.0);
    trial_live(&t, 1);
    assert_int_equal(t.verdicts[1].verdict, ABP_DROP);
}

/* A style that is dropped gets no more posts, so that the others are found with what it leaves. */
static void dropped_styles_leave_their_slots(void **state)
{
    struct trial t;
    (void)state;
    trial_open(&t, &TRIAL_GENERATORS[2], 3, 90);
    t.theta[1] = -log(30.0);
    size_t dropped = 0;
    for (uint64_t seed = 1; seed < 6; seed++) {
        struct abp_sim_outcome out = trial_live(&t, seed);
        if (t.verdicts[1].verdict != ABP_DROP)
            continue;
        dropped++;
        /* a third of the posts until then were the bad style's, and none after */
        double bad = 29.0 / 30.0 * (double)t.verdicts[1].posts / 3.0;
        assert_true(out.regret * (double)out.posts < bad + 4.0);
        assert_true(out.posts >= 88);
    }
    assert_true(dropped >= 4);
}

/* The nights that are spared would have said nothing: the same life with a full look every night.
 */
static void every_night_says_the_same(void **state)
{
    size_t found = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct trial t;
        trial_open(&t, &TRIAL_GENERATORS[2], 2, 40);
        t.theta[1] = log(3.0);
        trial_live(&t, seed);
        struct abp_sim_verdict spared = t.verdicts[1];
        struct trial shorter;
        /* Cut off before that night nothing is decided; at it, it is. The guard is told of the same
         * end either way. */
        trial_open(&shorter, &TRIAL_GENERATORS[2], 2, 40);
        shorter.theta[1] = log(3.0);
        if (spared.verdict != ABP_REPEAT)
            continue;
        for (size_t count = 2; count <= spared.posts; count += 2) {
            shorter.design.count = count;
            trial_live(&shorter, seed);
            assert_int_equal(shorter.verdicts[1].verdict == ABP_REPEAT, count == spared.posts);
        }
        assert_int_equal(shorter.verdicts[1].at, spared.at);
        found++;
    }
    assert_true(found >= 3);
}

/* Mean regret of lives in which the third of three styles is the best. */
static double mean_regret(enum abp_allocation allocation, size_t *found)
{
    double sum = 0.0;
    *found = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct trial t;
        trial_open(&t, &TRIAL_GENERATORS[2], 3, 90);
        t.experiment.decision.allocation = allocation;
        t.theta[1] = -log(2.0);
        t.theta[2] = log(2.0);
        sum += trial_live(&t, seed).regret / 20.0;
        *found += t.verdicts[2].verdict == ABP_REPEAT;
        assert_true(t.verdicts[2].verdict != ABP_DROP);
    }
    return sum;
}

/* Better styles get more of the posts, and are found as well. */
static void top_two_gives_the_best_more(void **state)
{
    size_t even, by_probability;
    (void)state;
    double balanced = mean_regret(ABP_BALANCED, &even);
    double top_two = mean_regret(ABP_TOP_TWO, &by_probability);
    assert_true(top_two < 0.85 * balanced);
    assert_true(even >= 10 && by_probability >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lives_are_repeatable),
        cmocka_unit_test(a_huge_effect_is_found_and_early),
        cmocka_unit_test(dropped_styles_leave_their_slots),
        cmocka_unit_test(every_night_says_the_same),
        cmocka_unit_test(top_two_gives_the_best_more),
    };
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
