/* Whole evaluations of variants that are put together from levels: what is decided of each level,
 * and when nothing may be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abpost/climate.h"
#include "abpost/evaluate.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 800

static char names[5][8] = {"a", "b", "c", "d", "e"}, everywhere[] = "", test_name[] = "test",
            file_name[] = "test.ini", unfollows[] = "unfollows";
static char *variant_names[] = {names[0], names[1], names[2], names[3], names[4]};
static char *one_name[] = {everywhere};
static char style[] = "style", media[] = "media", tone[] = "tone", plain[] = "plain",
            question[] = "question", bare[] = "bare", photo[] = "photo", calm[] = "calm",
            loud[] = "loud";
static char *style_levels[] = {plain, question}, *media_levels[] = {bare, photo},
            *tone_levels[] = {calm, loud};

/* a plain bare, b question bare, c plain photo, d question photo. */
struct world {
    struct abp_post_row rows[MOST];
    double guardrails[MOST];
    struct abp_posts posts;
    struct abp_experiment experiment;
    struct abp_variant variants[5];
    struct abp_factor factors[3];
    size_t of_variant[3][4];
    struct abp_guardrail guardrail;
    struct abp_term term;
};

static struct world *make_world(size_t blocks)
{
    static struct world w;
    static const size_t of_variant[3][4] = {{0, 1, 0, 1}, {0, 0, 1, 1}, {0, 1, 1, 0}};
    memset(&w, 0, sizeof w);
    assert_true(4 * blocks <= MOST);
    for (size_t i = 0; i < 4 * blocks; i++)
        w.rows[i] = (struct abp_post_row){.exposure = 1,
                                          .variant = (uint32_t)((i + i / 4) % 4),
                                          .block = (int64_t)(i / 4),
                                          .line = (int64_t)i + 2};
    w.posts = (struct abp_posts){.name = test_name,
                                 .rows = w.rows,
                                 .count = 4 * blocks,
                                 .variants = {variant_names, 4},
                                 .channels = {one_name, 1},
                                 .slots = {one_name, 1},
                                 .block_count = blocks,
                                 .randomised = 1};
    w.experiment = (struct abp_experiment){.name = test_name,
                                           .path = file_name,
                                           .baseline = names[0],
                                           .variants = w.variants,
                                           .variant_count = 4,
                                           .factors = w.factors,
                                           .factor_count = 2};
    w.experiment.import.present = 1;
    for (size_t v = 0; v < 5; v++)
        w.variants[v] = (struct abp_variant){.name = names[v], .cost = NAN};
    memcpy(w.of_variant, of_variant, sizeof of_variant);
    w.factors[0] = (struct abp_factor){style, style_levels, 2, w.of_variant[0]};
    w.factors[1] = (struct abp_factor){media, media_levels, 2, w.of_variant[1]};
    w.factors[2] = (struct abp_factor){tone, tone_levels, 2, w.of_variant[2]};
    struct abp_decision *d = &w.experiment.decision;
    *d = (struct abp_decision){
        .confidence = 0.95, .alpha = 0.05, .rope = 0.05, .min_posts = 6, .value = NAN};
    d->mu_sd = d->lift_sd = d->channel_sd = d->interaction_sd = d->slot_sd = d->dispersion_sd = NAN;
    d->prior_a = d->prior_b = NAN;
    return &w;
}

/* Negative binomial posts; questions do `ratio` times as well, with a photo or without. */
static void fill(struct world *w, double ratio, unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    assert_non_null(rng);
    gsl_rng_set(rng, seed);
    for (size_t i = 0; i < w->posts.count; i++) {
        double m = 30.0 * (w->rows[i].variant % 2 ? ratio : 1.0);
        w->rows[i].outcome = gsl_ran_poisson(rng, m * gsl_ran_gamma(rng, 3.0, 1.0 / 3.0));
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

static void expect(const struct abp_level_result *level, enum abp_verdict verdict,
                   const char *reason)
{
    if (level->verdict != verdict)
        fail_msg("%s instead of %s: %s", abp_verdict_name(level->verdict),
                 abp_verdict_name(verdict), level->reason);
    if (!strstr(level->reason, reason))
        fail_msg("no \"%s\" in \"%s\"", reason, level->reason);
}

static int warned(const struct abp_result *r, const char *part)
{
    for (size_t i = 0; i < r->warning_count; i++)
        if (strstr(r->warnings[i], part))
            return 1;
    return 0;
}

static void assert_near(double a, double b, double off)
{
    if (!(fabs(a - b) <= off))
        fail_msg("%g is not %g", a, b);
}

static void levels_are_decided(void **state)
{
    (void)state;
    struct world *w = make_world(20);
    fill(w, 2.5, 1);
    struct abp_result r = evaluate(w);
    assert_int_equal(r.factor_count, 2);
    const struct abp_factor_result *f = &r.factors[0];
    assert_string_equal(f->name, "style");
    assert_int_equal(f->level_count, 2);
    assert_string_equal(f->levels[0].name, "plain");
    assert_null(f->levels[0].reason);
    assert_int_equal(f->levels[0].verdict, ABP_NO_VERDICT);
    assert_true(isnan(f->levels[0].p_better) && isnan(f->levels[0].guard.threshold));
    assert_int_equal(f->levels[1].posts, 40);
    assert_int_equal(f->levels[1].variants, 2);
    assert_int_equal(f->levels[1].guard.blocks, 40);
    expect(&f->levels[1], ABP_REPEAT, "sure to do better than plain, and the guard has reached");
    expect(&r.factors[1].levels[1], ABP_KEEP_TESTING, "likely to do better than bare");
    /* two levels in half of alpha, three variants in the other */
    assert_near(f->levels[1].guard.threshold, 2.0 / 0.025, 1e-9);
    assert_near(r.variants[1].guard.threshold, 3.0 / 0.025, 1e-9);
    assert_near(f->levels[0].p_best + f->levels[1].p_best, 1.0, 1e-6);
    assert_near(f->levels[0].expected_loss, f->levels[1].lift.mean, 0.02);
    assert_true(f->tau.q50 > r.factors[1].tau.q50);
    abp_result_release(&r);
    /* told the other way round: the reference is the baseline's level */
    w->experiment.baseline = names[1];
    r = evaluate(w);
    assert_string_equal(r.factors[0].levels[0].name, "question");
    expect(&r.factors[0].levels[1], ABP_DROP, "sure to do worse than question");
    assert_string_equal(r.factors[1].levels[0].name, "bare");
    abp_result_release(&r);
}

static void levels_lean_at_most(void **state)
{
    (void)state;
    struct world *w = make_world(20);
    fill(w, 2.5, 1);
    w->posts.randomised = 0;
    struct abp_result r = evaluate(w);
    expect(&r.factors[0].levels[1], ABP_LEANING_REPEAT, "was not drawn by lot");
    assert_true(isnan(r.factors[0].levels[1].guard.e_value));
    abp_result_release(&r);
    w = make_world(20); /* three factors, each two variants differ in two of them */
    fill(w, 2.5, 1);
    w->experiment.factor_count = 3;
    r = evaluate(w);
    assert_true(isnan(r.factors[0].levels[1].guard.threshold));
    expect(&r.factors[0].levels[1], ABP_LEANING_REPEAT,
           "but no two variants differ in nothing but question and plain");
    assert_int_equal(r.factors[0].levels[1].pairs, 0);
    abp_result_release(&r);
}

/* A single factor's levels are the variants: tested once, with all of alpha. */
static void one_factor_is_no_factor(void **state)
{
    (void)state;
    struct world *w = make_world(20);
    static char *four[] = {plain, question, bare, photo};
    for (size_t v = 0; v < 4; v++)
        w->of_variant[0][v] = v;
    w->factors[0] = (struct abp_factor){style, four, 4, w->of_variant[0]};
    w->experiment.factor_count = 1;
    fill(w, 1.6, 3);
    struct abp_result r = evaluate(w);
    for (size_t v = 1; v < 4; v++) {
        const struct abp_level_result *level = &r.factors[0].levels[v];
        assert_near(level->guard.threshold, 3.0 / 0.05, 1e-9);
        assert_near(r.variants[v].guard.threshold, 3.0 / 0.05, 1e-9);
        assert_near(level->guard.e_value, r.variants[v].guard.e_value, 1e-9);
        assert_int_equal(level->posts, r.variants[v].posts);
    }
    abp_result_release(&r);
}

/* Order of rows and of declarations: the same words and, but for sampling, the same numbers. */
static void order_does_not_matter(void **state)
{
    (void)state;
    struct world *w = make_world(20);
    fill(w, 1.5, 5);
    struct abp_result one = evaluate(w);
    for (size_t v = 0; v < 4; v++) { /* d c b a */
        w->variants[v].name = names[3 - v];
        w->of_variant[0][v] = (3 - v) % 2;
        w->of_variant[1][v] = (3 - v) / 2;
    }
    for (size_t i = 0; i < w->posts.count; i += 4) { /* rows within a block that came last first */
        struct abp_post_row kept = w->rows[i];
        w->rows[i] = w->rows[i + 1];
        w->rows[i + 1] = kept;
    }
    struct abp_result two = evaluate(w);
    for (size_t f = 0; f < 2; f++) {
        const struct abp_level_result *a = &one.factors[f].levels[1],
                                      *b = &two.factors[f].levels[1];
        assert_string_equal(a->name, b->name);
        assert_int_equal(a->posts, b->posts);
        assert_near(a->log_lift.mean, b->log_lift.mean, 0.05 * a->log_lift.sd);
        assert_near(a->log_lift.q025, b->log_lift.q025, 0.15 * a->log_lift.sd);
        assert_near(a->p_better, b->p_better, 0.02);
        assert_int_equal(a->guard.blocks, b->guard.blocks);
        assert_int_equal(a->verdict, b->verdict);
    }
    abp_result_release(&one);
    abp_result_release(&two);
}

static void a_variant_nobody_declared(void **state)
{
    (void)state;
    struct world *w = make_world(20);
    fill(w, 2.0, 1);
    w->posts.variants.count = 5;
    w->rows[3].variant = 4;
    struct abp_result r = evaluate(w);
    assert_int_equal(r.factor_count, 0);
    assert_int_equal(r.variant_count, 5);
    assert_true(warned(&r, "e has posts and no [variant] section any more"));
    abp_result_release(&r);
}

static void a_guardrail_of_a_level(void **state)
{
    (void)state;
    struct world *w = make_world(20);
    fill(w, 2.5, 1);
    w->term = (struct abp_term){1, unfollows};
    w->guardrail = (struct abp_guardrail){.metric = {&w->term, 1}, .limit = 0.05};
    w->experiment.decision.guardrails = &w->guardrail;
    w->experiment.decision.guardrail_count = 1;
    for (size_t i = 0; i < w->posts.count; i++) /* photos cost readers */
        w->guardrails[i] = (double)(i % 3) + (w->rows[i].variant / 2 ? 12.0 : 4.0);
    w->posts.guardrails = w->guardrails;
    w->posts.guardrail_count = 1;
    struct abp_result r = evaluate(w);
    assert_true(warned(&r, "photo breaks the guardrail unfollows: x2"));
    expect(&r.factors[1].levels[1], ABP_DROP, "A guardrail is broken");
    assert_int_equal(r.factors[0].levels[1].verdict, ABP_REPEAT);
    abp_result_release(&r);
}

static void nothing_yet(void **state)
{
    (void)state;
    struct world *w = make_world(1);
    for (size_t i = 0; i < 4; i++)
        w->rows[i].outcome = NAN;
    struct abp_result r = evaluate(w);
    assert_int_equal(r.factor_count, 2);
    expect(&r.factors[0].levels[1], ABP_KEEP_TESTING, "question has no post with a reading yet");
    assert_int_equal(r.factors[0].levels[1].missing, 2);
    assert_true(isnan(r.factors[0].levels[1].p_best));
    abp_result_release(&r);
    w->rows[1].outcome = 4; /* variant b */
    r = evaluate(w);
    expect(&r.factors[0].levels[1], ABP_KEEP_TESTING, "plain has no post with a reading yet");
    abp_result_release(&r);
}

static void pairs_are_counted(void **state)
{
    (void)state;
    struct world *w = make_world(1);
    double alpha = NAN;
    assert_int_equal(abp_level_pairs(&alpha, &w->experiment), 2);
    assert_near(alpha, 0.025 / 2.0, 1e-12);
    assert_near(abp_alpha_of_variants(&w->experiment), 0.025, 1e-12);
    w->experiment.variant_count = 3; /* d is gone: each level has one pair left, with a */
    assert_int_equal(abp_level_pairs(&alpha, &w->experiment), 1);
    w->experiment.baseline = names[1];
    assert_int_equal(abp_level_pairs(&alpha, &w->experiment), 1);
    w->experiment.variant_count = 4;
    w->experiment.factor_count = 3;
    assert_int_equal(abp_level_pairs(&alpha, &w->experiment), 0);
    w->experiment.factor_count = 1;
    assert_int_equal(abp_level_pairs(&alpha, &w->experiment), 0);
    assert_near(abp_alpha_of_variants(&w->experiment), 0.05, 1e-12);
}

/* The effect is one level's, in each variant that has it, whichever is the baseline; drawn effects
 * add up but for a quarter of their spread. */
static void worlds_of_levels(void **state)
{
    (void)state;
    struct world *w = make_world(1);
    struct abp_climate climate;
    struct abp_error err;
    double within = 0.0, between = 0.0;
    abp_climate_default(&climate, &w->experiment);
    for (uint64_t number = 0; number < 400; number++) {
        int drawn = number % 2;
        struct abp_climate_world c;
        w->of_variant[0][0] = w->of_variant[0][2] = number / 2 % 2; /* the baseline's level */
        w->of_variant[0][1] = w->of_variant[0][3] = 1 - number / 2 % 2;
        assert_int_equal(
            abp_climate_draw(&c, &climate, 4, 1, 1, drawn ? NAN : 2.0, 1, number, &err), 0);
        assert_int_equal(abp_climate_draw_levels(&c, &climate, w->factors, 2, drawn ? NAN : 2.0, 1,
                                                 number, &err),
                         0);
        assert_near(c.theta[0], 0.0, 1e-12);
        assert_near(c.level_theta[w->of_variant[0][0]], 0.0, 1e-12);
        double off = c.theta[3] - c.theta[1] - c.theta[2];
        if (drawn) {
            within += off * off;
            between += c.theta[3] * c.theta[3];
        } else {
            double most = fmax(c.theta[1], c.theta[2]);
            assert_near(most, log(2.0), 1e-9);
            assert_near(off, 0.0, 1e-12);
            assert_near(c.level_theta[c.level], log(2.0), 1e-9);
            assert_int_equal(c.level, c.theta[2] > 0.0 ? 3 : w->of_variant[0][1]);
            assert_int_equal(c.better, 0);
        }
        abp_climate_world_release(&c);
    }
    /* of variances: 4 tau_v^2 against twice two levels' and twice its own */
    assert_true(within < 0.3 * between && within > 0.01 * between);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_decided),
        cmocka_unit_test(levels_lean_at_most),
        cmocka_unit_test(one_factor_is_no_factor),
        cmocka_unit_test(order_does_not_matter),
        cmocka_unit_test(a_variant_nobody_declared),
        cmocka_unit_test(a_guardrail_of_a_level),
        cmocka_unit_test(nothing_yet),
        cmocka_unit_test(pairs_are_counted),
        cmocka_unit_test(worlds_of_levels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
