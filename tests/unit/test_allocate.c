/* Top-two Thompson sampling as probabilities: against the procedure played out, what must hold of
 * any allocation, and what it does as the posterior grows sure. */
#include "abpost/allocate.h"

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

#define DRAWS 200
#define MOST  8

struct posterior {
    double value[DRAWS * MOST], weight[DRAWS];
};

/* Draws in which style v is better by `step` than style v - 1, with unlike weights. */
static void draw_posterior(struct posterior *p, size_t variants, double step, gsl_rng *rng)
{
    double total = 0.0;

    for (size_t i = 0; i < DRAWS; i++) {
        p->weight[i] = gsl_ran_exponential(rng, 1.0);
        total += p->weight[i];
        for (size_t v = 0; v < variants; v++)
            p->value[i * variants + v] = step * (double)v + gsl_ran_gaussian(rng, 1.0);
    }
    for (size_t i = 0; i < DRAWS; i++)
        p->weight[i] /= total;
}

static struct abp_allocation_input input_of(const struct posterior *p, size_t variants)
{
    return (struct abp_allocation_input){.value = p->value,
                                         .weight = p->weight,
                                         .draws = DRAWS,
                                         .variants = variants,
                                         .leader = 0.5,
                                         .floor = 0.0};
}

static void allocate(double *probability, const struct abp_allocation_input *in)
{
    struct abp_error err = {0};
    double sum = 0.0;

    if (abp_allocate(probability, in, &err))
        fail_msg("%s", err.message);
    for (size_t v = 0; v < in->variants; v++) {
        assert_true(probability[v] >= in->floor && probability[v] <= 1 + 1e-12);
        sum += probability[v];
    }
    assert_true(fabs(sum - 1) < 1e-12);
}

static void assert_close(double a, double b, double within)
{
    if (!(fabs(a - b) <= within))
        fail_msg("%.12g is not %.12g", a, b);
}

/* ---- the procedure itself ---- */

static size_t best_of_a_draw(const struct abp_allocation_input *in, gsl_rng *rng,
                             const gsl_ran_discrete_t *by_weight)
{
    const double *value = in->value + gsl_ran_discrete(rng, by_weight) * in->variants;
    size_t best = 0;

    for (size_t v = 1; v < in->variants; v++)
        best = value[v] > value[best] ? v : best;
    return best;
}

/* Russo's algorithm as he wrote it down: sample, flip the coin, sample again until another style is
 * the best. */
static void the_procedure_played_out(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    const size_t plays = 200000;
    (void)state;

    for (size_t variants = 2; variants <= 5; variants++) {
        struct posterior p;
        struct abp_allocation_input in = input_of(&p, variants);
        double probability[MOST], played[MOST] = {0};
        gsl_ran_discrete_t *by_weight;

        draw_posterior(&p, variants, 0.4, rng);
        in.leader = variants == 3 ? 0.8 : 0.5;
        allocate(probability, &in);
        by_weight = gsl_ran_discrete_preproc(DRAWS, p.weight);
        for (size_t i = 0; i < plays; i++) {
            size_t leader = best_of_a_draw(&in, rng, by_weight), other = leader;

            if (gsl_rng_uniform(rng) >= in.leader)
                while (other == leader)
                    other = best_of_a_draw(&in, rng, by_weight);
            played[other] += 1.0 / (double)plays;
        }
        gsl_ran_discrete_free(by_weight);
        for (size_t v = 0; v < variants; v++)
            assert_close(played[v], probability[v], 4 * sqrt(0.25 / (double)plays));
    }
    gsl_rng_free(rng);
}

/* ---- what must hold ---- */

static void the_floor_is_kept(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (size_t run = 0; run < 200; run++) {
        size_t variants = 1 + run % MOST;
        struct posterior p;
        struct abp_allocation_input in = input_of(&p, variants);
        double without[MOST], with[MOST];

        draw_posterior(&p, variants, 3.0 * gsl_rng_uniform(rng), rng);
        allocate(without, &in);
        in.floor = gsl_rng_uniform(rng) / (double)variants;
        allocate(with, &in);
        for (size_t v = 0; v < variants; v++) /* the order of the styles stays */
            for (size_t w = 0; w < variants; w++)
                assert_true(without[v] <= without[w] || with[v] >= with[w]);
        in.floor = 1.0 / (double)variants;
        allocate(with, &in);
        for (size_t v = 0; v < variants; v++)
            assert_close(with[v], 1.0 / (double)variants, 1e-12);
    }
    gsl_rng_free(rng);
}

static void relabelled_styles_relabel_the_shares(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (size_t run = 0; run < 100; run++) {
        size_t variants = 2 + run % (MOST - 1), to[MOST] = {0, 1, 2, 3, 4, 5, 6, 7};
        struct posterior p, moved;
        struct abp_allocation_input in = input_of(&p, variants);
        double a[MOST], b[MOST];

        draw_posterior(&p, variants, 0.5, rng);
        moved = p;
        gsl_ran_shuffle(rng, to, variants, sizeof *to);
        for (size_t i = 0; i < DRAWS; i++)
            for (size_t v = 0; v < variants; v++)
                moved.value[i * variants + to[v]] = p.value[i * variants + v];
        allocate(a, &in);
        in = input_of(&moved, variants);
        allocate(b, &in);
        for (size_t v = 0; v < variants; v++)
            assert_close(a[v], b[to[v]], 1e-12);
    }
    gsl_rng_free(rng);
}

/* All alike: the same share for each, also where they tie in every draw. */
static void like_styles_get_like_shares(void **state)
{
    double value[4 * 4], probability[4];
    struct abp_allocation_input in = {
        .value = value, .draws = 4, .variants = 4, .leader = 0.5, .floor = 0.05};
    (void)state;

    for (size_t i = 0; i < 16; i++)
        value[i] = (i / 4 + i % 4) % 4 == 0; /* each is the best once */
    allocate(probability, &in);
    for (size_t v = 0; v < 4; v++)
        assert_close(probability[v], 0.25, 1e-12);
    for (size_t i = 0; i < 16; i++)
        value[i] = -3.0;
    allocate(probability, &in);
    for (size_t v = 0; v < 4; v++)
        assert_close(probability[v], 0.25, 1e-12);
}

/* The share of the best style goes to `leader` as the posterior grows sure, and the rest to the
 * style that is likeliest to overtake it. */
static void the_best_gets_half(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posterior p;
    struct abp_allocation_input in = input_of(&p, 4);
    double probability[4];
    (void)state;

    draw_posterior(&p, 4, 50.0, rng); /* 3 is always the best, 2 always the second */
    allocate(probability, &in);
    assert_close(probability[3], 0.5, 1e-12);
    assert_close(probability[2], 0.5, 1e-12);
    in.floor = 0.05;
    allocate(probability, &in);
    assert_close(probability[3], 0.05 + 0.8 * 0.5, 1e-12);
    assert_close(probability[0], 0.05, 1e-12);
    in.leader = 1.0, in.floor = 0.0;
    allocate(probability, &in);
    assert_close(probability[3], 1.0, 1e-12);
    gsl_rng_free(rng);
}

/* A control variate leaves some weights slightly below 0: no share may follow them there. */
static void slightly_negative_weights(void **state)
{
    static const double value[] = {1, 0, 0, 1, 0, 2};
    static const double weight[] = {1.02, -0.01, -0.01};
    struct abp_allocation_input in = {
        .value = value, .weight = weight, .draws = 3, .variants = 2, .leader = 0.5, .floor = 0.0};
    double probability[2];
    (void)state;

    allocate(probability, &in);
    assert_close(probability[0], 0.5, 1e-12);
}

static void draws_fall_by_their_share(void **state)
{
    static const double probability[] = {0.0, 0.2, 0.0, 0.5, 0.3, 0.0};
    double share[6] = {0};
    (void)state;

    for (size_t i = 0; i < 10000; i++)
        share[abp_allocation_draw(probability, 6, ((double)i + 0.5) / 10000.0)] += 1e-4;
    for (size_t v = 0; v < 6; v++)
        assert_close(share[v], probability[v], 1e-9);
    assert_int_equal(abp_allocation_draw(probability, 6, 0.0), 1);
    assert_int_equal(abp_allocation_draw(probability, 6, nextafter(1.0, 0.0)), 4);
}

static void bad_input_is_refused(void **state)
{
    static const double value[] = {0, 1}, weight[] = {0.0}, bad[] = {0, NAN};
    const struct abp_allocation_input good = {
        .value = value, .draws = 1, .variants = 2, .leader = 0.5, .floor = 0.1};
    struct abp_allocation_input in[7];
    double probability[2];
    (void)state;

    for (size_t i = 0; i < 7; i++)
        in[i] = good;
    in[0].leader = 0.0;
    in[1].leader = NAN;
    in[2].floor = 0.6;
    in[3].floor = -0.1;
    in[4].value = bad;
    in[5].weight = weight;
    in[6].draws = 0;
    for (size_t i = 0; i < 7; i++) {
        struct abp_error err = {0};

        assert_int_equal(abp_allocate(probability, &in[i], &err), -1);
        assert_int_equal(err.code, ABP_DATA);
    }
    allocate(probability, &good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_procedure_played_out),
        cmocka_unit_test(the_floor_is_kept),
        cmocka_unit_test(relabelled_styles_relabel_the_shares),
        cmocka_unit_test(like_styles_get_like_shares),
        cmocka_unit_test(the_best_gets_half),
        cmocka_unit_test(slightly_negative_weights),
        cmocka_unit_test(draws_fall_by_their_share),
        cmocka_unit_test(bad_input_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
