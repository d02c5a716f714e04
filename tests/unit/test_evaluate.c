/* Whole evaluations of posts made here: what is decided, what is said, what is warned of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abpost/evaluate.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 4000

static char plain[] = "plain", question[] = "question", everywhere[] = "", test_name[] = "test",
            file_name[] = "test.ini", unfollows[] = "unfollows", hides[] = "hides";
static char *variant_names[] = {plain, question}, *one_name[] = {everywhere};

struct world {
    struct abp_post_row rows[MOST];
    double guardrails[MOST];
    struct abp_posts posts;
    struct abp_experiment experiment;
    struct abp_variant variants[2];
    struct abp_guardrail guardrail;
    struct abp_term term;
};

/* `pairs` blocks of one post of each variant, no outcomes yet. */
static struct world *make_world(size_t pairs)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    assert_true(2 * pairs <= MOST);
    for (size_t i = 0; i < 2 * pairs; i++)
        w.rows[i] = (struct abp_post_row){
            .exposure = 1, .variant = i % 2, .block = (int64_t)(i / 2), .line = (int64_t)i + 2};
    w.posts = (struct abp_posts){.name = test_name,
                                 .rows = w.rows,
                                 .count = 2 * pairs,
                                 .variants = {variant_names, 2},
                                 .channels = {one_name, 1},
                                 .slots = {one_name, 1},
                                 .block_count = pairs,
                                 .randomised = 1};
    w.experiment = (struct abp_experiment){.name = test_name, .path = file_name, .baseline = plain};
    w.experiment.import.present = 1;
    struct abp_decision *d = &w.experiment.decision;
    *d = (struct abp_decision){
        .confidence = 0.95, .alpha = 0.05, .rope = 0.05, .min_posts = 6, .value = NAN};
    d->mu_sd = d->lift_sd = d->channel_sd = d->interaction_sd = d->slot_sd = d->dispersion_sd = NAN;
    d->prior_a = d->prior_b = NAN;
    return &w;
}

/* Negative binomial posts of this size, with `lift` for the second variant. */
static void fill(struct world *w, double mean, double size, double ratio, unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    assert_non_null(rng);
    gsl_rng_set(rng, seed);
    for (size_t i = 0; i < w->posts.count; i++) {
        double m = mean * (w->rows[i].variant ? ratio : 1.0);
        w->rows[i].outcome = gsl_ran_poisson(rng, m * gsl_ran_gamma(rng, size, 1.0 / size));
    }
    gsl_rng_free(rng);
}

static struct abp_result evaluate(const struct world *w)
{
    struct abp_result result;
    struct abp_error err;
    if (abp_evaluate(&result, &w->experiment, &w->posts, 1, &err) != 0)
        fail_msg("%s", err.message);
    return result;
}

static int warned(const struct abp_result *r, const char *part)
{
    for (size_t i = 0; i < r->warning_count; i++)
        if (strstr(r->warnings[i], part))
            return 1;
    return 0;
}

static void expect_verdict(const struct world *w, enum abp_verdict verdict, const char *reason)
{
    struct abp_result r = evaluate(w);
    if (r.variants[1].verdict != verdict)
        fail_msg("%s instead of %s: %s (k-hat %.2f, ess %.0f)",
                 abp_verdict_name(r.variants[1].verdict), abp_verdict_name(verdict),
                 r.variants[1].reason, r.fit.khat, r.fit.ess);
    if (!strstr(r.variants[1].reason, reason))
        fail_msg("no \"%s\" in \"%s\"", reason, r.variants[1].reason);
    assert_int_equal(r.variants[0].verdict, ABP_NO_VERDICT);
    assert_null(r.variants[0].reason);
    abp_result_release(&r);
}

static void large_lifts_are_decided(void **state)
{
    (void)state;
    struct world *w = make_world(40);
    fill(w, 30, 3, 2.5, 1);
    expect_verdict(w, ABP_REPEAT, "sure to do better than plain, and the guard has reached");
    fill(w, 30, 3, 0.4, 1);
    expect_verdict(w, ABP_DROP, "sure to do worse than plain");
    w->experiment.baseline = question; /* the other way round, the other verdict */
    expect_verdict(w, ABP_REPEAT, "sure to do better than question");
}

static void what_is_not_randomised_leans_at_most(void **state)
{
    (void)state;
    struct world *w = make_world(40);
    fill(w, 30, 3, 2.5, 1);
    w->posts.randomised = 0;
    for (size_t i = 0; i < w->posts.count; i++)
        w->rows[i].block = -1;
    expect_verdict(w, ABP_LEANING_REPEAT, "not drawn by lot");
    struct abp_result r = evaluate(w);
    assert_true(warned(&r, "observational"));
    assert_true(isnan(r.variants[1].guard.e_value) && isnan(r.variants[1].guard.threshold));
    abp_result_release(&r);
}

static void few_posts_keep_testing(void **state)
{
    (void)state;
    struct world *w = make_world(3);
    fill(w, 30, 3, 1.0, 2);
    expect_verdict(w, ABP_KEEP_TESTING, "either way");
    w->experiment.schedule.max_posts = 6;
    expect_verdict(w, ABP_EXHAUSTED, "used up");
}

static void equal_styles_are_the_same(void **state)
{
    (void)state;
    struct world *w = make_world(1500);
    fill(w, 300, 12, 1.0, 3);
    w->experiment.variant_count = 2;
    w->experiment.variants = w->variants;
    w->variants[0] = (struct abp_variant){.name = plain, .cost = 5};
    w->variants[1] = (struct abp_variant){.name = question, .cost = 20};
    expect_verdict(w, ABP_SAME, "question is the dearer");
}

static void cost_counts(void **state)
{
    (void)state;
    struct world *w = make_world(40);
    fill(w, 30, 3, 2.5, 1);
    w->experiment.variant_count = 2;
    w->experiment.variants = w->variants;
    w->experiment.decision.value = 0.1;
    w->variants[0] = (struct abp_variant){.name = plain, .cost = 1};
    w->variants[1] = (struct abp_variant){.name = question, .cost = 50};
    expect_verdict(w, ABP_LEANING_REPEAT, "after its cost");
    struct abp_result r = evaluate(w);
    /* value x mean outcome - cost, with the mean of a good 30 x 2.5 per post */
    assert_true(fabs(r.variants[1].net_value.mean - (0.1 * 75 - 50)) < 2.0);
    assert_true(r.variants[1].p_net_better < 0.01);
    abp_result_release(&r);
    w->variants[1].cost = 2;
    expect_verdict(w, ABP_REPEAT, "sure to do better");
}

/* A style that does well on one channel and badly on the other is worth what this mix of the two
 * makes of it. */
static void net_value_is_of_the_channels_seen(void **state)
{
    static char here[] = "here", there[] = "there";
    static char *channels[] = {here, there};
    (void)state;
    struct world *w = make_world(120);
    fill(w, 20, 30, 1, 4);
    w->posts.channels = (struct abp_names){channels, 2};
    for (size_t i = 0; i < w->posts.count; i++) {
        w->rows[i].channel = (uint32_t)(i / 2 % 2);
        if (w->rows[i].variant) /* 40 here, 10 there: 25 on average */
            w->rows[i].outcome = floor(w->rows[i].outcome * (w->rows[i].channel ? 0.5 : 2.0));
    }
    w->variants[0] = (struct abp_variant){.name = plain, .cost = 0.0};
    w->variants[1] = (struct abp_variant){.name = question, .cost = 2.0};
    w->experiment.variants = w->variants;
    w->experiment.variant_count = 2;
    w->experiment.decision.value = 1.0;
    double sum[2] = {0.0, 0.0};
    for (size_t i = 0; i < w->posts.count; i++)
        sum[w->rows[i].variant] += w->rows[i].outcome / 120.0;
    struct abp_result r = evaluate(w);
    assert_true(fabs(r.variants[0].net_value.mean - sum[0]) < 1.0);
    assert_true(fabs(r.variants[1].net_value.mean - (sum[1] - 2.0)) < 1.0);
    assert_true(r.variants[1].p_net_better > 0.7);
    abp_result_release(&r);
}

/* What can never be decided is not forecast as decided soon. */
static void what_is_too_dear_is_not_forecast(void **state)
{
    (void)state;
    struct world *w = make_world(40);
    fill(w, 10, 3, 2.5, 1);
    w->variants[0] = (struct abp_variant){.name = plain, .cost = 0.0};
    w->variants[1] = (struct abp_variant){.name = question, .cost = 100.0};
    w->experiment.variants = w->variants;
    w->experiment.variant_count = 2;
    w->experiment.decision.value = 1.0;
    struct abp_result r = evaluate(w);
    assert_int_equal(r.variants[1].verdict, ABP_LEANING_REPEAT);
    assert_true(r.variants[1].forecast.p_decided < 0.1);
    abp_result_release(&r);
}

/* A reason never quotes numbers that there are none of. */
static void exhausted_without_numbers(void **state)
{
    (void)state;
    struct world *w = make_world(10);
    for (size_t i = 0; i < w->posts.count; i++)
        w->rows[i].outcome = i == 1 ? 1.0 : 0.0;
    w->experiment.decision.family = ABP_POISSON;
    w->experiment.schedule.present = 1;
    w->experiment.schedule.max_posts = 20;
    struct abp_result r = evaluate(w);
    if (r.variants[1].verdict != ABP_EXHAUSTED)
        fail_msg("%s", r.variants[1].reason);
    assert_null(strstr(r.variants[1].reason, "nan"));
    abp_result_release(&r);
}

static void guardrails_drop(void **state)
{
    (void)state;
    struct world *w = make_world(40);
    fill(w, 30, 3, 2.5, 1);
    w->term = (struct abp_term){1, unfollows};
    w->guardrail = (struct abp_guardrail){.metric = {&w->term, 1}, .limit = 0.05};
    w->experiment.decision.guardrails = &w->guardrail;
    w->experiment.decision.guardrail_count = 1;
    w->posts.guardrails = w->guardrails;
    w->posts.guardrail_count = 1;
    for (size_t i = 0; i < w->posts.count; i++)
        w->guardrails[i] = w->rows[i].variant ? 12 + (double)(i % 5) : 2 + (double)(i % 3);
    expect_verdict(w, ABP_DROP, "guardrail");
    struct abp_result r = evaluate(w);
    assert_true(warned(&r, "question breaks the guardrail unfollows"));
    abp_result_release(&r);
    for (size_t i = 0; i < w->posts.count; i++)
        w->guardrails[i] = 5 + (double)((i / 2) % 3); /* alike on both sides */
    expect_verdict(w, ABP_REPEAT, "sure to do better");

    /* Posts that nobody shuffled lean at most: what broke may be what else differed. */
    for (size_t i = 0; i < w->posts.count; i++)
        w->guardrails[i] = w->rows[i].variant ? 12 + (double)(i % 5) : 2 + (double)(i % 3);
    w->posts.randomised = 0;
    expect_verdict(w, ABP_LEANING_DROP,
                   "A guardrail is broken, see the warnings, but the order of the posts was not "
                   "drawn by lot.");

    /* A sum is named as one, and nothing is 100 % sure. */
    struct abp_term both[] = {{2, hides}, {1, unfollows}};
    w->guardrail.metric = (struct abp_sum){both, 2};
    r = evaluate(w);
    assert_true(warned(&r, "question breaks the guardrail 2*hides + unfollows: x"));
    assert_true(warned(&r, ", over 99.9 % sure to be more than 5 % above plain"));
    abp_result_release(&r);
}

static void missing_readings_are_counted_and_left_out(void **state)
{
    (void)state;
    struct world *w = make_world(40);
    fill(w, 30, 3, 1.0, 4);
    for (size_t i = 1; i < 40; i += 2)
        w->rows[i].outcome = NAN; /* 20 of the second variant, none of the first */
    w->rows[0].exposure = 0;
    struct abp_result r = evaluate(w);
    assert_int_equal(r.posts, 59);
    assert_int_equal(r.missing, 21);
    assert_int_equal(r.variants[1].missing, 20);
    assert_int_equal(r.variants[1].guard.blocks, 20);
    assert_true(warned(&r, "missing unevenly"));
    assert_true(warned(&r, "exposure of 0"));
    abp_result_release(&r);
}

/* A third of the posts at 0 and the rest at a few hundred, give or take a little: no negative
 * binomial; the other way round, log-scale spread with a far tail, which the lognormal mixture has.
 */
static void the_wrong_family_is_noticed(void **state)
{
    (void)state;
    struct world *w = make_world(150);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, 5);
    for (size_t i = 0; i < w->posts.count; i++)
        w->rows[i].outcome = floor(exp(4.0 + 1.5 * gsl_ran_gaussian(rng, 1.0)));
    gsl_rng_free(rng);
    struct abp_result r = evaluate(w);
    assert_true(warned(&r, "poisson-lognormal fits better"));
    abp_result_release(&r);
    w->experiment.decision.family = ABP_POISSON_LOGNORMAL;
    r = evaluate(w);
    assert_false(warned(&r, "does not look like"));
    abp_result_release(&r);
    w->experiment.decision.family = ABP_POISSON;
    r = evaluate(w);
    assert_true(warned(&r, "set family = negbinomial"));
    abp_result_release(&r);
}

/* The check must stay silent where the family is right: at most a few in 40 (each p-value is below
 * 1 % in at most 1 % of data sets, and there are two). */
static void the_right_family_is_left_alone(void **state)
{
    (void)state;
    int alarms = 0;
    for (unsigned long seed = 1; seed <= 40; seed++) {
        struct world *w = make_world(30);
        fill(w, 20, 1.5, 1.3, seed);
        struct abp_result r = evaluate(w);
        alarms += warned(&r, "does not look like");
        abp_result_release(&r);
    }
    assert_true(alarms <= 4); /* 2 % of 40 expected; above 4 with probability 1e-3 */
}

/* A style that wears off, posted at known times in shuffled blocks. */
static struct world *make_fading(size_t pairs)
{
    struct world *w = make_world(pairs);
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    assert_non_null(rng);
    for (size_t i = 0; i < 2 * pairs; i++) {
        if (i % 2 == 0 && gsl_rng_uniform_int(rng, 2)) {
            w->rows[i].variant = 1;
            w->rows[i + 1].variant = 0;
        }
        size_t pair = i / 2;
        double fading = w->rows[i].variant ? 1.0 - 0.05 * (double)pair : 0.0;
        w->rows[i].outcome = floor(exp(3.0 + fading + gsl_ran_gaussian(rng, 0.4)));
        w->rows[i].posted_at = 86400 * (int64_t)i;
        w->rows[i].has_time = 1;
    }
    gsl_rng_free(rng);
    return w;
}

static void fading_is_an_estimate_beside_the_verdict(void **state)
{
    (void)state;
    struct world *w = make_fading(40);
    struct abp_result r = evaluate(w), other;
    const struct abp_diagnosis_result *fading = &r.variants[1].fading;
    assert_true(fading->notable && fading->posts == 80);
    assert_true(fading->low < -0.05 && fading->high > -0.05 && fading->high < 0.0);
    assert_true(isnan(r.variants[0].fading.estimate) && !r.variants[0].fading.notable);

    /* The order of the rows in the file is not that of posting. */
    for (size_t i = 0, j = w->posts.count - 1; i < j; i++, j--) {
        struct abp_post_row row = w->rows[i];
        w->rows[i] = w->rows[j];
        w->rows[j] = row;
    }
    other = evaluate(w);
    assert_true(fabs(other.variants[1].fading.estimate - fading->estimate) < 1e-9);
    abp_result_release(&other);
    abp_result_release(&r);
}

/* Labels that were drawn post by post can't be shuffled again; without times nothing says what came
 * before; eleven blocks are too few. */
static void fading_is_not_guessed(void **state)
{
    static double chance[2 * MOST];
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct world *w = make_fading(kind == 0 ? 11 : 40);
        for (size_t i = 0; i < 2 * w->posts.count; i++)
            chance[i] = 0.5;
        if (kind == 1) {
            w->posts.chance = chance;
            w->posts.chances = (struct abp_names){variant_names, 2};
        }
        w->rows[5].has_time = kind != 2;
        w->posts.randomised = kind != 3;
        struct abp_result r = evaluate(w);
        assert_true(isnan(r.variants[1].fading.estimate) && !r.variants[1].fading.notable);
        assert_true(isnan(r.variants[1].carry_over.p_value) && !r.variants[1].carry_over.notable);
        abp_result_release(&r);
    }
}

static void nothing_yet(void **state)
{
    (void)state;
    struct world *w = make_world(10);
    for (size_t i = 0; i < w->posts.count; i++)
        w->rows[i].outcome = NAN;
    expect_verdict(w, ABP_KEEP_TESTING, "no post with a reading yet");
    w->posts.count = 0;
    w->experiment.variant_count = 2;
    w->experiment.variants = w->variants;
    w->variants[0] = (struct abp_variant){.name = plain, .cost = NAN};
    w->variants[1] = (struct abp_variant){.name = question, .cost = NAN};
    w->posts.variants.count = 0;
    expect_verdict(w, ABP_KEEP_TESTING, "no post with a reading yet");
}

static void a_baseline_that_is_nowhere(void **state)
{
    (void)state;
    static char typo[] = "plian";
    struct world *w = make_world(10);
    struct abp_result r;
    struct abp_error err;
    fill(w, 20, 2, 1, 1);
    w->experiment.baseline = typo;
    assert_int_equal(abp_evaluate(&r, &w->experiment, &w->posts, 1, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_non_null(strstr(err.message, "did you mean \"plain\"?"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_lifts_are_decided),
        cmocka_unit_test(what_is_not_randomised_leans_at_most),
        cmocka_unit_test(few_posts_keep_testing),
        cmocka_unit_test(equal_styles_are_the_same),
        cmocka_unit_test(cost_counts),
        cmocka_unit_test(net_value_is_of_the_channels_seen),
        cmocka_unit_test(what_is_too_dear_is_not_forecast),
        cmocka_unit_test(exhausted_without_numbers),
        cmocka_unit_test(guardrails_drop),
        cmocka_unit_test(missing_readings_are_counted_and_left_out),
        cmocka_unit_test(the_wrong_family_is_noticed),
        cmocka_unit_test(the_right_family_is_left_alone),
        cmocka_unit_test(fading_is_an_estimate_beside_the_verdict),
        cmocka_unit_test(fading_is_not_guessed),
        cmocka_unit_test(nothing_yet),
        cmocka_unit_test(a_baseline_that_is_nowhere),
    };
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
