/* Forecasts against what comes: of experiments drawn from the prior, those that are given a chance
 * p are decided in a share p. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "prior_trials.h"

#include "abpost/forecast.h"

#include <gsl/gsl_errno.h>

#define EXPERIMENTS 260

/* Of the experiments with a forecast in [low, high): by how many standard errors more were decided
 * than was said. */
struct bin {
    double low, high, said, variance;
    size_t count, decided;
};

static void chances_come_true(void **state)
{
    struct bin bins[] = {{.low = 0.0, .high = 1.01},
                         {.low = 0.0, .high = 0.2},
                         {.low = 0.2, .high = 0.6},
                         {.low = 0.6, .high = 1.01}};
    size_t halves = 0, decided_by_median = 0;
    (void)state;
    for (unsigned long seed = 1; seed <= EXPERIMENTS; seed++) {
        struct prior_trial p;
        prior_draw(&p, ABP_NEGBINOMIAL, ABP_TAIL_OWN, 2, 80, seed);
        struct abp_result r = prior_evaluate(&p, 30);
        struct abp_forecast_result f = r.variants[1].forecast;
        abp_result_release(&r);
        if (isnan(f.p_decided))
            continue;
        size_t decided = prior_decided(&p, 1, 32);
        assert_true(f.by > 79.5 && f.by < 80.5);
        for (size_t b = 0; b < 4; b++) {
            if (f.p_decided < bins[b].low || f.p_decided >= bins[b].high)
                continue;
            bins[b].count++;
            bins[b].decided += decided > 0;
            bins[b].said += f.p_decided;
            bins[b].variance += f.p_decided * (1.0 - f.p_decided) + 0.25 / ABP_FORECAST_WORLDS;
        }
        if (isnan(f.posts))
            continue;
        halves++;
        decided_by_median += decided > 0 && (double)decided <= 30.0 + f.posts;
    }
    for (size_t b = 0; b < 4; b++) {
        double off = ((double)bins[b].decided - bins[b].said) / sqrt(bins[b].variance);
        printf("%.1f to %.1f: %zu experiments, %.1f said, %zu decided, off by %.1f\n", bins[b].low,
               bins[b].high, bins[b].count, bins[b].said, bins[b].decided, off);
        assert_true(bins[b].count >= 10);
        assert_true(fabs(off) < 3.0);
    }
    double n = (double)halves;
    printf("by the median: %zu of %zu\n", decided_by_median, halves);
    assert_true(fabs((double)decided_by_median - 0.5 * n) < 3.0 * sqrt(0.25 * n) + 1.0);
}

/* The floor is what a simulation of the same size finds: 80 % of it at that ratio. */
static void the_floor_is_found(void **state)
{
    struct abp_floor_input in = {.family = ABP_NEGBINOMIAL,
                                 .mu = log(20.0),
                                 .kappa = 0.8165,
                                 .exposure = 1.0,
                                 .variants = 2,
                                 .channels = 1,
                                 .slots = 1,
                                 .blocks = 40,
                                 .planned_blocks = 40,
                                 .alpha = 0.05,
                                 .confidence = 0.95,
                                 .min_posts = 6,
                                 .power = 0.8,
                                 .seed = 1};
    double ratio, fewer;
    struct abp_error err;
    struct trial t;
    size_t found = 0;
    (void)state;
    assert_int_equal(abp_forecast_floor(&ratio, &in, &err), 0);
    trial_open(&t, &TRIAL_GENERATORS[0], 2, 80);
    t.theta[1] = log(ratio);
    for (uint64_t seed = 0; seed < 200; seed++) {
        trial_live(&t, seed);
        found += t.verdicts[1].verdict == ABP_REPEAT;
    }
    printf("x%.2f is found in %zu of 200\n", ratio, found);
    assert_true(found > 140 && found < 180); /* 160, 3.5 standard errors either way */
    in.blocks = in.planned_blocks = 15;
    assert_int_equal(abp_forecast_floor(&fewer, &in, &err), 0);
    assert_true(fewer > ratio);
    in.blocks = 4; /* fewer than min_posts */
    assert_int_equal(abp_forecast_floor(&fewer, &in, &err), 0);
    assert_true(isnan(fewer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_floor_is_found),
        cmocka_unit_test(chances_come_true),
    };
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
