/* The guard: fair at every sample size, whatever the outcomes. */
#include "guard_simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

#include "guard_posts.h"

#define SLOTS 4
#define WARM  12 /* posts that the guard sees before its first bet */

/* Outcomes of every kind: counts, ties, zeros, huge, tiny, log-normal. */
static double any_outcome(gsl_rng *rng, unsigned long kind)
{
    switch (kind % 6) {
    case 0:
        return gsl_ran_poisson(rng, 3.0);
    case 1:
        return gsl_ran_bernoulli(rng, 0.3);
    case 2:
        return gsl_ran_lognormal(rng, 3.0, 2.0);
    case 3:
        return gsl_ran_bernoulli(rng, 0.5) ? 1e9 : 0.0;
    case 4:
        return 1e-6 * gsl_rng_uniform(rng);
    default:
        return 7.0;
    }
}

static double any_exposure(gsl_rng *rng, unsigned long kind)
{
    return kind % 3 ? 1.0 : 100.0 * gsl_rng_uniform_pos(rng);
}

/* ---- fairness ---- */

/* Gives the k posts named by the bits of `chosen` among the last m the label 1, the others 0. */
static void label_last(struct posts *posts, size_t m, unsigned chosen)
{
    for (size_t i = 0; i < m; i++)
        posts->variant[posts->count - m + i] = chosen >> i & 1;
}

static size_t bits(unsigned x)
{
    size_t count = 0;

    for (; x; x &= x - 1)
        count++;
    return count;
}

static void add_random_block(struct posts *posts, gsl_rng *rng, unsigned long kind, size_t m)
{
    int64_t block = (int64_t)posts->count;
    size_t before = posts->count;

    for (size_t i = 0; i < m; i++) {
        add(posts, block, i % 2, any_outcome(rng, kind), any_exposure(rng, kind));
        posts->slot[before + i] = gsl_rng_uniform_int(rng, SLOTS);
    }
    for (size_t i = 0; i + 1 < m; i++) {
        size_t j = before + i + gsl_rng_uniform_int(rng, m - i), label = posts->variant[j];

        posts->variant[j] = posts->variant[before + i];
        posts->variant[before + i] = label;
    }
}

/* In most pairs the higher outcome becomes variant 1's. */
static void favour_one(struct posts *posts, gsl_rng *rng)
{
    for (size_t i = 0; i + 1 < posts->count; i += 2)
        if (gsl_rng_uniform_int(rng, 4)) {
            posts->variant[i] = posts->outcome[i] > posts->outcome[i + 1];
            posts->variant[i + 1] = 1 - posts->variant[i];
        }
}

/* Whatever has happened, the e-value after the next block, averaged over all draws of that block,
 * is the e-value before it. */
static void average_over_draws_is_the_past(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t stopped = 0;
    (void)state;

    for (unsigned long kind = 0; kind < 600; kind++) {
        struct posts *posts = posts_new(2);
        size_t past = gsl_rng_uniform_int(rng, kind % 4 == 1 ? 4 : 30),
               m = 2 + gsl_rng_uniform_int(rng, 7);
        size_t k = 1 + gsl_rng_uniform_int(rng, m - 1), draws = 0;
        struct abp_guard_output before;
        double sum = 0.0, open = 0.0;

        if (kind % 2)
            m = 2, k = 1;
        for (size_t t = 0; t < past || posts->count < WARM; t++)
            add_random_block(posts, rng, kind / 7,
                             kind % 4 == 1 || gsl_rng_uniform_int(rng, 4) ? 2 : 5);
        posts->planned = kind % 3 * (past + 6 + kind % 4);
        posts->slots = kind % 2 ? SLOTS : 0;
        if (kind % 4 == 1) { /* near enough for the threshold to cut the next block short */
            favour_one(posts, rng);
            posts->threshold = fmax(1.0, 1.1 * guard_of(posts, 1).e_value) + 0.01;
        }
        before = guard_of(posts, 1);
        for (size_t i = 0; i < m; i++)
            add(posts, -1, 0, any_outcome(rng, kind), any_exposure(rng, kind));
        for (unsigned chosen = 0; chosen < 1U << m; chosen++) {
            struct abp_guard_output after;

            if (bits(chosen) != k)
                continue;
            label_last(posts, m, chosen);
            after = guard_of(posts, 1);
            assert_true(after.e_value >= 0);
            stopped += after.e_value == posts->threshold;
            sum += after.e_value;
            open += after.open_e_value;
            draws++;
        }
        assert_near(sum / (double)draws, before.e_value, 1e-12);
        assert_near(open / (double)draws, before.open_e_value, 1e-12);
        free(posts);
    }
    assert_true(stopped > 20); /* the case that the threshold cuts short was among them */
    gsl_rng_free(rng);
}

/* The first blocks are bet on together: over all their draws the e-value averages to 1. */
static void average_over_the_first_draws_is_one(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    const size_t pairs = WARM / 2 + 1;
    size_t lively = 0;
    (void)state;

    for (unsigned long kind = 0; kind < 40; kind++) {
        struct posts *posts = posts_new(2);
        double sum = 0.0, moved = 0.0;

        for (size_t t = 0; t < pairs; t++)
            add_random_block(posts, rng, kind, 2);
        posts->planned = kind % 3 * pairs;
        posts->threshold = kind % 2 ? 20.0 : 3.0;
        for (unsigned chosen = 0; chosen < 1U << pairs; chosen++) {
            double e;

            for (size_t t = 0; t < pairs; t++) {
                posts->variant[2 * t] = chosen >> t & 1;
                posts->variant[2 * t + 1] = 1 - posts->variant[2 * t];
            }
            e = guard_of(posts, 1).e_value;
            sum += e;
            moved += fabs(e - 1.0);
        }
        assert_near(ldexp(sum, -(int)pairs), 1.0, 1e-12);
        lively += moved > 0;
        free(posts);
    }
    assert_true(lively > 25);
    gsl_rng_free(rng);
}

/* The same for three variants in one block: all orders of the block are drawn. */
static void average_over_orders_of_three(void **state)
{
    static const size_t order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (unsigned long kind = 0; kind < 60; kind++) {
        struct posts *posts = posts_new(3);
        double before[3], sum[3] = {0};

        for (int64_t t = 0; t < 12; t++) {
            const size_t *draw = order[gsl_rng_uniform_int(rng, 6)];

            for (size_t i = 0; i < 3; i++)
                add(posts, t, draw[i], any_outcome(rng, kind), any_exposure(rng, kind));
        }
        for (size_t v = 0; v < 3; v++)
            before[v] = guard_of(posts, v).e_value;
        for (size_t i = 0; i < 3; i++)
            add(posts, 99, 0, any_outcome(rng, kind), any_exposure(rng, kind));
        for (size_t d = 0; d < 6; d++) {
            for (size_t i = 0; i < 3; i++)
                posts->variant[posts->count - 3 + i] = order[d][i];
            for (size_t v = 0; v < 3; v++)
                sum[v] += guard_of(posts, v).e_value;
        }
        for (size_t v = 0; v < 3; v++)
            assert_near(sum[v] / 6.0, before[v], 1e-12);
        free(posts);
    }
    gsl_rng_free(rng);
}

/* P(ever reaches 20) <= 0.05 on data where nothing differs, a look after every block. */
static void false_alarms_stay_under_alpha(void **state)
{
    const size_t runs = 1000;
    const double alpha = 0.05, error = sqrt(alpha * (1 - alpha) / (double)runs);
    (void)state;

    for (size_t g = 0; g < SIM_COUNT; g++)
        for (size_t planned = 0; planned <= SIM_PAIRS; planned += SIM_PAIRS) {
            double rate =
                sim_alarms(&SIM_GENERATORS[g], 1.0, runs, 1 / alpha, planned, 20261123 + g);

            if (!(rate <= alpha + 3 * error))
                fail_msg("%s, %zu blocks planned: %.4f of the runs alarmed", SIM_GENERATORS[g].name,
                         planned, rate);
        }
}

/* ---- what must not matter ---- */

static void mirrored_when_the_roles_are_swapped(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (unsigned long kind = 0; kind < 100; kind++) {
        struct posts *posts = posts_new(2);
        struct abp_guard_output a, b;

        for (size_t t = 0; t < 25; t++)
            add_random_block(posts, rng, kind, t % 3 ? 2 : 7);
        posts->planned = kind % 3 * 13;
        a = guard_of(posts, 1);
        posts->baseline = 1;
        b = guard_of(posts, 0);
        assert_same_answer(a, b, 1);
        free(posts);
    }
    gsl_rng_free(rng);
}

static void other_units_of_exposure_change_nothing(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *posts = posts_new(2);
    struct abp_guard_output a;
    (void)state;

    for (size_t t = 0; t < 40; t++)
        add_random_block(posts, rng, 3 * t, t % 4 ? 2 : 6);
    a = guard_of(posts, 1);
    for (size_t i = 0; i < posts->count; i++)
        posts->exposure[i] *= 1024.0;
    assert_same_answer(a, guard_of(posts, 1), 0);
    free(posts);
    gsl_rng_free(rng);
}

/* Amounts in another currency: the same answer. Outcomes with zeros and without. */
static void other_units_of_outcome_change_nothing(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (int zeros = 0; zeros < 2; zeros++) {
        struct posts *posts = posts_new(2);
        struct abp_guard_output a;

        for (int64_t t = 0; t < 60; t++)
            for (size_t i = 0; i < 2; i++) {
                double y = gsl_ran_lognormal(rng, 0.02 * (double)t, 1.0);

                add(posts, t, i, zeros && gsl_ran_bernoulli(rng, 0.4) ? 0.0 : y, 1.0);
            }
        a = guard_of(posts, 1);
        for (size_t i = 0; i < posts->count; i++)
            posts->outcome[i] *= 1e-4;
        assert_same_answer(a, guard_of(posts, 1), 0);
        free(posts);
    }
    gsl_rng_free(rng);
}

/* In one long block nothing but the order of the posts counts: any increasing change of scale gives
 * the same answer. */
static void long_blocks_are_ranked(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *posts = posts_new(2);
    struct abp_guard_output a;
    (void)state;

    for (int64_t t = 0; t < 8; t++)
        for (size_t i = 0; i < 20; i++)
            add(posts, t, i % 2, gsl_ran_poisson(rng, i % 2 ? 12.0 : 10.0), 1.0);
    a = guard_of(posts, 1);
    for (size_t i = 0; i < posts->count; i++)
        posts->outcome[i] = exp(posts->outcome[i]) - 1.0;
    assert_same_answer(a, guard_of(posts, 1), 0);
    free(posts);
    gsl_rng_free(rng);
}

static void swap_rows(struct posts *posts, size_t i, size_t j)
{
    double outcome = posts->outcome[i], exposure = posts->exposure[i];
    size_t variant = posts->variant[i], slot = posts->slot[i];

    posts->slot[i] = posts->slot[j], posts->slot[j] = slot;
    posts->outcome[i] = posts->outcome[j], posts->outcome[j] = outcome;
    posts->exposure[i] = posts->exposure[j], posts->exposure[j] = exposure;
    posts->variant[i] = posts->variant[j], posts->variant[j] = variant;
}

static void rows_inside_a_block_may_come_in_any_order(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *posts = posts_new(2);
    struct abp_guard_output a;
    (void)state;

    for (size_t t = 0; t < 30; t++)
        add_random_block(posts, rng, t, 6);
    posts->slots = SLOTS;
    posts->planned = 30;
    a = guard_of(posts, 1);
    for (size_t t = 0; t < 30; t++)
        for (size_t i = 0; i < 5; i++)
            swap_rows(posts, 6 * t + i, 6 * t + i + 1 + gsl_rng_uniform_int(rng, 5 - i));
    assert_same_answer(a, guard_of(posts, 1), 0);
    free(posts);
    gsl_rng_free(rng);
}

static void names_of_blocks_mean_nothing(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *posts = posts_new(2);
    struct abp_guard_output a;
    (void)state;

    for (size_t t = 0; t < 50; t++)
        add_random_block(posts, rng, t, 2);
    a = guard_of(posts, 1);
    for (size_t i = 0; i < posts->count; i++)
        posts->block[i] = i / 2 % 2 ? INT64_MAX - posts->block[i] : INT64_MIN + posts->block[i];
    assert_same_answer(a, guard_of(posts, 1), 0);
    free(posts);
    gsl_rng_free(rng);
}

/* Two channels in turn, blocks overlapping: a look at any prefix is a point of the path of the
 * whole, so that max_e_value of the whole is the largest that any look ever saw. */
static void every_look_is_on_the_path(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *posts = posts_new(2);
    double largest = 1.0;
    size_t all = 120;
    (void)state;

    for (size_t i = 0; i < all; i++) {
        int64_t channel = (int64_t)(i % 2);

        add(posts, 2 * (int64_t)(i / 4) + channel, i / 2 % 2,
            gsl_ran_poisson(rng, i / 2 % 2 ? 25.0 : 20.0), 1.0);
    }
    posts->planned = 30;
    for (posts->count = 0; posts->count <= all; posts->count++)
        largest = fmax(largest, guard_of(posts, 1).e_value);
    posts->count = all;
    assert_true(largest > 1.5);
    assert_near(guard_of(posts, 1).max_e_value, largest, 1e-12);
    free(posts);
    gsl_rng_free(rng);
}

/* With three variants, what a fourth does or is called changes nothing for the other two. */
static void an_empty_variant_changes_nothing(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *posts = posts_new(2);
    struct abp_guard_output a, b;
    (void)state;

    for (size_t t = 0; t < 40; t++)
        add_random_block(posts, rng, t, 2);
    a = guard_of(posts, 1);
    posts->variants = 3;
    b = guard_of(posts, 1);
    assert_same_answer(a, b, 0);
    assert_int_equal(guard_of(posts, 2).blocks, 0);
    assert_true(guard_of(posts, 2).e_value == 1.0);
    free(posts);
    gsl_rng_free(rng);
}

/* ---- what it finds ---- */

/* The prototype's power, as model.md reports it, is the floor where the end is not known. Its
 * "100 %" of 300 runs is anything from 99.5 % on. Told how many blocks are planned, the guard finds
 * a good deal more. The generators are those of the simulation header; "autocorrelated" is one on
 * which the prototype finds 83 % and 100 % too. */
static void power_is_above_the_floor(void **state)
{
    static const struct {
        size_t generator;
        double ratio, floor, planned_floor;
    } cases[] = {
        {2, 1.6, 0.33, 0.55}, {2, 2.0, 0.69, 0.87},  {4, 1.6, 0.52, 0.75},
        {4, 2.0, 0.90, 0.97}, {7, 1.6, 0.83, 0.945}, {7, 2.0, 0.995, 0.995},
    };
    const size_t runs = 600;
    (void)state;

    for (size_t i = 0; i < 2 * (sizeof cases / sizeof cases[0]); i++) {
        size_t c = i / 2, planned = i % 2 * SIM_PAIRS;
        const struct sim_generator *g = &SIM_GENERATORS[cases[c].generator];
        double floor = planned ? cases[c].planned_floor : cases[c].floor;
        double error = sqrt(floor * (1 - floor) / (double)runs);
        double rate = sim_alarms(g, cases[c].ratio, runs, 20.0, planned, 7 + c);

        if (!(rate >= floor - 2 * error))
            fail_msg("%s x%.1f, %zu blocks planned: found in %.4f of the runs", g->name,
                     cases[c].ratio, planned, rate);
    }
}

static void says_which_side(void **state)
{
    struct posts *posts = posts_new(2);
    struct abp_guard_output out;
    (void)state;

    for (int64_t t = 0; t < 20; t++) {
        add(posts, t, 1, 30 + (double)(t % 5), 1.0);
        add(posts, t, 0, 10 + (double)(t % 3), 1.0);
    }
    out = guard_of(posts, 1);
    assert_true(out.max_e_value >= 20 && out.max_direction == 1 && out.direction == 1);
    assert_int_equal(out.blocks, 20);
    for (size_t i = 0; i < posts->count; i++)
        posts->variant[i] = 1 - posts->variant[i];
    out = guard_of(posts, 1);
    assert_true(out.max_e_value >= 20 && out.max_direction == -1 && out.direction == -1);
    free(posts);
}

/* An effect that turns round: what was once reached stays reached, with its sign. */
static void the_maximum_keeps_its_sign(void **state)
{
    struct posts *posts = posts_new(2);
    struct abp_guard_output out;
    (void)state;

    for (int64_t t = 0; t < 400; t++) {
        size_t high = t < 20;

        add(posts, t, 1, high ? 30 : 10, 1.0);
        add(posts, t, 0, high ? 10 : 30, 1.0);
    }
    out = guard_of(posts, 1);
    assert_int_equal(out.max_direction, out.max_e_value > 1e6 ? -1 : 1);
    assert_int_equal(out.direction, -1);
    posts->count = 60;
    out = guard_of(posts, 1);
    assert_int_equal(out.max_direction, 1);
    assert_true(out.max_e_value >= 20 && out.e_value < 20);
    free(posts);
}

/* ---- real data ---- */

static void read_question_2019(struct posts *posts)
{
    FILE *file = fopen(TEST_DATA "/question-2019-blocks.csv", "r");
    char line[256], variant[32], account[32];
    double y;

    assert_non_null(file);
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%lf,%31[^,],%31[^\n]", &y, variant, account) == 3)
            add(posts, account[0] * 256 + account[1], strcmp(variant, "control") != 0, y, 1.0);
    fclose(file);
}

/* Its blocks are long: each is ranked within itself, and the order of the accounts in the file,
 * which nobody drew and nobody looked along, does not bear on the e-value - only on its largest so
 * far. */
static void question_2019_is_not_decided(void **state)
{
    struct posts *posts = posts_new(2), *back = posts_new(2);
    struct abp_guard_output out;
    (void)state;

    read_question_2019(posts);
    assert_int_equal(posts->count, 280);
    out = guard_of(posts, 1);
    print_message("question-2019: e-value %.3f, largest %.3f\n", out.e_value, out.max_e_value);
    assert_int_equal(out.blocks, 14);
    assert_int_equal(out.direction, -1);
    assert_true(out.e_value > 0.1 && out.e_value < 20);
    for (size_t i = posts->count; i-- > 0;)
        add(back, posts->block[i], posts->variant[i], posts->outcome[i], 1.0);
    assert_near(guard_of(back, 1).e_value, out.e_value, 1e-9);
    free(posts);
    free(back);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(average_over_draws_is_the_past),
        cmocka_unit_test(average_over_the_first_draws_is_one),
        cmocka_unit_test(average_over_orders_of_three),
        cmocka_unit_test(false_alarms_stay_under_alpha),
        cmocka_unit_test(mirrored_when_the_roles_are_swapped),
        cmocka_unit_test(other_units_of_exposure_change_nothing),
        cmocka_unit_test(other_units_of_outcome_change_nothing),
        cmocka_unit_test(long_blocks_are_ranked),
        cmocka_unit_test(rows_inside_a_block_may_come_in_any_order),
        cmocka_unit_test(names_of_blocks_mean_nothing),
        cmocka_unit_test(every_look_is_on_the_path),
        cmocka_unit_test(an_empty_variant_changes_nothing),
        cmocka_unit_test(power_is_above_the_floor),
        cmocka_unit_test(says_which_side),
        cmocka_unit_test(the_maximum_keeps_its_sign),
        cmocka_unit_test(question_2019_is_not_decided),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
