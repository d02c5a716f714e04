/* Fading and carry-over: what is there is found, with intervals that cover; what is not is claimed
 * as seldom as promised, whatever the outcomes. */
#include "abpost/fading.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

#define MOST 400

struct world {
    double effect, fading, carry_over; /* on the log scale */
    int heavy, trend;
    size_t pairs, channels;
};

struct data {
    double outcome[MOST], exposure[MOST];
    size_t variant[MOST], channel[MOST];
    int64_t block[MOST];
    size_t posts;
};

static void draw(struct data *d, const struct world *w, gsl_rng *rng)
{
    double repeated = 0.0;
    int before[4] = {0}; /* of each channel: 1 the style */

    memset(d, 0, sizeof *d);
    for (size_t t = 0; t < w->pairs; t++) {
        size_t first = gsl_rng_uniform_int(rng, 2);

        for (size_t i = 0; i < 2; i++) {
            size_t at = d->posts++, channel = t % w->channels, v = i == 0 ? first : 1 - first;
            double level = 3.0 + (w->trend ? 2.0 * (double)t / (double)w->pairs : 0.0);

            level += v ? w->effect + w->fading * repeated : 0.0;
            level += before[channel] ? w->carry_over : 0.0;
            level += w->heavy ? 0.7 * gsl_ran_tdist(rng, 3.0) : gsl_ran_gaussian(rng, 0.6);
            d->outcome[at] = exp(level);
            d->exposure[at] = 1.0;
            d->variant[at] = v;
            d->channel[at] = channel;
            d->block[at] = (int64_t)t;
            before[channel] = (int)v;
        }
        repeated += 1.0;
    }
}

static struct abp_fading_input input_of(const struct data *d)
{
    return (struct abp_fading_input){.outcome = d->outcome,
                                     .exposure = d->exposure,
                                     .variant = d->variant,
                                     .channel = d->channel,
                                     .block = d->block,
                                     .posts = d->posts,
                                     .style = 1,
                                     .baseline = 0,
                                     .seed = 7};
}

/* Rates over simulated experiments. */
struct rates {
    double claimed, covered, mean;
};

static struct rates rates_of(const struct world *w, int carry_over, size_t runs)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct rates rates = {0};
    double truth = carry_over ? w->carry_over : w->fading;

    for (size_t run = 0; run < runs; run++) {
        struct data d;
        struct abp_fading out;
        struct abp_fading_input in;

        draw(&d, w, rng);
        in = input_of(&d);
        assert_int_equal((carry_over ? abp_carry_over : abp_fading)(&out, &in, NULL), 0);
        assert_true(out.present && out.low <= out.estimate && out.estimate <= out.high);
        rates.claimed += (out.p_value <= 0.05) / (double)runs;
        rates.covered += (out.low <= truth && truth <= out.high) / (double)runs;
        rates.mean += out.estimate / (double)runs;
    }
    gsl_rng_free(rng);
    return rates;
}

static void nothing_there_is_seldom_claimed(void **state)
{
    const size_t runs = 400;
    (void)state;

    for (int carry_over = 0; carry_over < 2; carry_over++)
        for (int kind = 0; kind < 6; kind++) {
            struct world w = {.effect = kind % 2 ? 0.7 : 0.0,
                              .heavy = kind / 2 == 1,
                              .trend = kind / 2 == 2,
                              .pairs = 30,
                              .channels = 1 + (size_t)kind % 3};
            struct rates r = rates_of(&w, carry_over, runs);

            print_message("%s, world %d: claimed %.3f, covered %.3f\n",
                          carry_over ? "carry-over" : "fading", kind, r.claimed, r.covered);
            assert_true(r.claimed <= 0.05 + 3 * sqrt(0.05 * 0.95 / (double)runs));
            assert_true(r.covered >= 0.95 - 3.5 * sqrt(0.05 * 0.95 / (double)runs));
        }
}

static void what_is_there_is_found(void **state)
{
    struct world fading = {.effect = 0.7, .fading = -0.04, .pairs = 40, .channels = 2};
    struct world carry = {.effect = 0.4, .carry_over = 0.8, .pairs = 40, .channels = 2};
    struct rates r;
    (void)state;

    r = rates_of(&fading, 0, 200);
    print_message("fading found in %.3f, covered %.3f, mean %.4f\n", r.claimed, r.covered, r.mean);
    assert_true(r.claimed > 0.6 && r.covered > 0.9 && fabs(r.mean + 0.04) < 0.005);
    r = rates_of(&carry, 1, 200);
    print_message("carry-over found in %.3f, covered %.3f, mean %.3f\n", r.claimed, r.covered,
                  r.mean);
    assert_true(r.claimed > 0.5 && r.covered > 0.9 && fabs(r.mean - 0.8) < 0.1);
}

/* The roles swapped: an effect's sign turns, and so does what comes of it. A unit changes nothing.
 */
static void mirrored_and_free_of_units(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct world w = {
        .effect = 0.5, .fading = -0.03, .carry_over = 0.3, .pairs = 30, .channels = 2};
    (void)state;

    for (size_t run = 0; run < 20; run++) {
        struct data d;
        struct abp_fading a, b, c;
        struct abp_fading_input in, back;

        draw(&d, &w, rng);
        in = back = input_of(&d);
        back.style = 0, back.baseline = 1;
        assert_int_equal(abp_carry_over(&a, &in, NULL), 0);
        assert_int_equal(abp_carry_over(&b, &back, NULL), 0);
        assert_true(fabs(a.estimate + b.estimate) < 1e-9);
        assert_true(fabs(a.p_value - b.p_value) < 0.06);
        assert_int_equal(abp_fading(&a, &in, NULL), 0);
        for (size_t i = 0; i < d.posts; i++)
            d.outcome[i] *= 1e4;
        assert_int_equal(abp_fading(&c, &in, NULL), 0);
        assert_true(fabs(a.estimate - c.estimate) < 1e-9 && a.p_value == c.p_value);
    }
    gsl_rng_free(rng);
}

static void too_few_posts_say_nothing(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct world w = {.effect = 0.5, .pairs = 20, .channels = 1};
    struct data d;
    struct abp_fading out;
    struct abp_fading_input in;
    struct abp_error err = {0};
    (void)state;

    draw(&d, &w, rng);
    in = input_of(&d);
    in.posts = 2 * ABP_FADING_BLOCKS - 1;
    assert_int_equal(abp_fading(&out, &in, &err), 0);
    assert_true(!out.present && isnan(out.estimate) && isnan(out.p_value));
    in.posts++;
    assert_int_equal(abp_fading(&out, &in, &err), 0);
    assert_true(out.present && out.posts == 2 * ABP_FADING_BLOCKS);
    for (size_t i = 0; i < d.posts; i++)
        if (i % 4 < 2)
            d.outcome[i] = NAN;
    in.posts = d.posts;
    assert_int_equal(abp_fading(&out, &in, &err), 0);
    assert_false(out.present);
    in.posts = 0;
    assert_int_equal(abp_carry_over(&out, &in, &err), 0);
    assert_false(out.present);
    d.outcome[5] = -1.0, in.posts = d.posts;
    assert_int_equal(abp_fading(&out, &in, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    in.style = 0;
    assert_int_equal(abp_carry_over(&out, &in, &err), -1);
    gsl_rng_free(rng);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_there_is_seldom_claimed),
        cmocka_unit_test(what_is_there_is_found),
        cmocka_unit_test(mirrored_and_free_of_units),
        cmocka_unit_test(too_few_posts_say_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
