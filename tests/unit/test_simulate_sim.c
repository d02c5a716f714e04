/* The promises of simulated experiments, in short: the long versions are tests/bench/RESULTS.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "prior_trials.h"

#include <gsl/gsl_errno.h>

static size_t ever_wrong(const struct trial_generator *g, size_t variants,
                         enum abp_allocation allocation, size_t runs)
{
    size_t wrong = 0;
    struct trial t;
    for (uint64_t seed = 5001; seed <= 5000 + runs; seed++) {
        trial_open(&t, g, variants, TRIAL_POSTS);
        t.experiment.decision.allocation = allocation;
        trial_live(&t, seed);
        int any = 0;
        for (size_t v = 1; v < variants; v++)
            any |= t.verdicts[v].verdict == ABP_REPEAT || t.verdicts[v].verdict == ABP_DROP;
        wrong += any ? 1 : 0;
    }
    return wrong;
}

/* At most 5 % whatever the posts are like; 250 runs may show 5 % and 3.5 standard errors of it. */
static void leaves_alone(enum abp_allocation allocation)
{
    static const size_t variants[] = {2, 3, 8};
    size_t all = 0, runs = 250;
    for (size_t g = 0; g < TRIAL_GENERATOR_COUNT; g++)
        for (size_t k = 0; k < 3; k++) {
            size_t wrong = ever_wrong(&TRIAL_GENERATORS[g], variants[k], allocation, runs);
            printf("%s, %zu styles: %zu of %zu\n", TRIAL_GENERATORS[g].name, variants[k], wrong,
                   runs);
            assert_true(wrong <= 24);
            all += wrong;
        }
    /* all of them together: nothing alarms never, nothing more than it may */
    assert_true(all > 0 && all <= (size_t)(0.05 * 18.0 * (double)runs));
}

static void styles_that_are_alike_are_left_alone(void **state)
{
    (void)state;
    leaves_alone(ABP_BALANCED);
}

/* Nor where what was read decides what is posted next. */
static void and_with_top_two(void **state)
{
    (void)state;
    leaves_alone(ABP_TOP_TWO);
}

static size_t found(const struct trial_generator *g, double ratio, size_t runs)
{
    size_t count = 0;
    struct trial t;
    for (uint64_t seed = 1; seed <= runs; seed++) {
        trial_open(&t, g, 2, TRIAL_POSTS);
        t.theta[1] = log(ratio);
        trial_live(&t, seed);
        count += t.verdicts[1].verdict == ABP_REPEAT ? 1 : 0;
    }
    return count;
}

/* The floor of what 80 posts must find, 3 standard errors of 150 runs below. */
static void what_is_there_is_found(void **state)
{
    static const struct {
        size_t generator;
        double ratio, floor;
    } floors[] = {{0, 1.6, 0.33}, {0, 2.0, 0.69}, {2, 1.6, 0.52}, {2, 2.0, 0.90}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        double runs = 150.0, p = floors[i].floor;
        size_t count = found(&TRIAL_GENERATORS[floors[i].generator], floors[i].ratio, (size_t)runs);
        printf("%s x%.1f: %zu of %.0f\n", TRIAL_GENERATORS[floors[i].generator].name,
               floors[i].ratio, count, runs);
        assert_true((double)count > runs * p - 3.0 * sqrt(runs * p * (1.0 - p)));
    }
}

/* Coverage, and the winner of eight styles, over worlds of the prior. */
static void what_is_said_of_the_winner_is_true(void **state)
{
    size_t inside = 0, all = 0, runs = 250;
    double sum = 0.0, squares = 0.0;
    (void)state;
    for (unsigned long seed = 1; seed <= runs; seed++) {
        struct prior_trial p;
        size_t best = 1;
        prior_draw(&p, ABP_NEGBINOMIAL, ABP_TAIL_OWN, 8, 80, seed);
        struct abp_result r = prior_evaluate(&p, 80);
        for (size_t v = 1; v < 8; v++) {
            double truth = p.t.theta[v] - p.t.theta[0];
            const struct abp_summary *s = &r.variants[v].log_lift;
            inside += truth >= s->q025 && truth <= s->q975 ? 1 : 0;
            all++;
            if (s->mean > r.variants[best].log_lift.mean)
                best = v;
        }
        double off = r.variants[best].log_lift.mean - (p.t.theta[best] - p.t.theta[0]);
        sum += off;
        squares += off * off;
        abp_result_release(&r);
    }
    double n = (double)runs, mean = sum / n, error = sqrt((squares / n - mean * mean) / n);
    double covered = (double)inside / (double)all;
    printf("winner off by %.3f, standard error %.3f; covered %.3f\n", mean, error, covered);
    assert_true(fabs(mean) < 3.5 * error);
    assert_true(covered > 0.93 && covered < 0.97);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(styles_that_are_alike_are_left_alone),
        cmocka_unit_test(and_with_top_two),
        cmocka_unit_test(what_is_there_is_found),
        cmocka_unit_test(what_is_said_of_the_winner_is_true),
    };
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
