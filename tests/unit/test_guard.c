/* The guard: fair at every sample size, whatever the outcomes. */
#include "guard_simulation.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs the four above first */
#include <cmocka.h>

#define MAX_POSTS 4096

/* Posts in the making. */
struct posts {
    double outcome[MAX_POSTS], exposure[MAX_POSTS];
    size_t variant[MAX_POSTS];
    int64_t block[MAX_POSTS];
    size_t count, variants, baseline;
    double threshold;
};

static struct posts *posts_new(size_t variants)
{
    struct posts *posts = calloc(1, sizeof *posts);

    assert_non_null(posts);
    posts->variants = variants;
    posts->threshold = (double)(variants - 1) / 0.05;
    return posts;
}

static void add(struct posts *posts, int64_t block, size_t variant, double outcome, double exposure)
{
    size_t i = posts->count++;

    assert_true(i < MAX_POSTS);
    posts->block[i] = block;
    posts->variant[i] = variant;
    posts->outcome[i] = outcome;
    posts->exposure[i] = exposure;
}

static int run(struct abp_guard_output *out, const struct posts *posts, struct abp_error *err)
{
    struct abp_guard_input in = {.outcome = posts->outcome,
                                 .exposure = posts->exposure,
                                 .variant = posts->variant,
                                 .block = posts->block,
                                 .posts = posts->count,
                                 .variants = posts->variants,
                                 .baseline = posts->baseline,
                                 .threshold = posts->threshold};

    return abp_guard(out, &in, err);
}

static struct abp_guard_output guard_of(const struct posts *posts, size_t variant)
{
    struct abp_guard_output out[64];
    struct abp_error err = {0};

    assert_true(posts->variants <= 64);
    if (run(out, posts, &err))
        fail_msg("%s", err.message);
    return out[variant];
}

static void assert_near(double a, double b, double relative)
{
    if (!(fabs(a - b) <= relative * fmax(1.0, fmax(fabs(a), fabs(b)))))
        fail_msg("%.17g is not %.17g", a, b);
}

static void assert_same_answer(struct abp_guard_output a, struct abp_guard_output b, int mirrored)
{
    assert_near(a.e_value, b.e_value, 1e-9);
    assert_near(a.max_e_value, b.max_e_value, 1e-9);
    assert_int_equal(a.blocks, b.blocks);
    assert_int_equal(a.direction, mirrored ? -b.direction : b.direction);
    assert_int_equal(a.max_direction, mirrored ? -b.max_direction : b.max_direction);
}

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

    for (size_t i = 0; i < m; i++)
        add(posts, block, i % 2, any_outcome(rng, kind), any_exposure(rng, kind));
    for (size_t i = 0; i + 1 < m; i++) {
        size_t j = before + i + gsl_rng_uniform_int(rng, m - i), label = posts->variant[j];

        posts->variant[j] = posts->variant[before + i];
        posts->variant[before + i] = label;
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
        double before, sum = 0.0;

        if (kind % 2)
            m = 2, k = 1;
        for (size_t t = 0; t < past; t++)
            add_random_block(posts, rng, kind / 7, gsl_rng_uniform_int(rng, 4) ? 2 : 5);
        if (kind % 4 == 1) /* near enough for the threshold to cut the next block short */
            posts->threshold = fmax(1.0, guard_of(posts, 1).e_value) + 0.01;
        before = guard_of(posts, 1).e_value;
        for (size_t i = 0; i < m; i++)
            add(posts, -1, 0, any_outcome(rng, kind), any_exposure(rng, kind));
        for (unsigned chosen = 0; chosen < 1U << m; chosen++) {
            double e;

            if (bits(chosen) != k)
                continue;
            label_last(posts, m, chosen);
            e = guard_of(posts, 1).e_value;
            assert_true(e >= 0);
            stopped += e == posts->threshold;
            sum += e;
            draws++;
        }
        assert_near(sum / (double)draws, before, 1e-12);
        free(posts);
    }
    assert_true(stopped > 20); /* the case that the threshold cuts short was among them */
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
    const size_t runs = 2000;
    const double alpha = 0.05, error = sqrt(alpha * (1 - alpha) / (double)runs);
    (void)state;

    for (size_t g = 0; g < SIM_COUNT; g++) {
        double rate = sim_alarms(&SIM_GENERATORS[g], 1.0, runs, 1 / alpha, 20261123 + g);

        if (!(rate <= alpha + 3 * error))
            fail_msg("%s: %.4f of the runs alarmed", SIM_GENERATORS[g].name, rate);
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

static void swap_rows(struct posts *posts, size_t i, size_t j)
{
    double outcome = posts->outcome[i], exposure = posts->exposure[i];
    size_t variant = posts->variant[i];

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

static void question_2019_is_not_decided(void **state)
{
    struct posts *posts = posts_new(2);
    struct abp_guard_output out;
    (void)state;

    read_question_2019(posts);
    assert_int_equal(posts->count, 280);
    out = guard_of(posts, 1);
    print_message("question-2019: e-value %.3f, largest %.3f\n", out.e_value, out.max_e_value);
    assert_int_equal(out.blocks, 14);
    assert_int_equal(out.direction, -1);
    assert_true(out.max_e_value < 20 && out.e_value > 0);
    free(posts);
}

/* ---- hard inputs ---- */

static void blocks_with_one_side_pay_nothing(void **state)
{
    struct posts *posts = posts_new(3);
    (void)state;

    for (int64_t t = 0; t < 30; t++) {
        add(posts, t, (size_t)(t % 3), 100.0 * (double)(t % 3), 1.0);
        add(posts, t, (size_t)(t % 3), 5.0, 1.0);
        add(posts, t, (size_t)((t + 1) % 3), NAN, 1.0);
    }
    for (size_t v = 0; v < 3; v++) {
        assert_true(guard_of(posts, v).e_value == 1.0);
        assert_true(guard_of(posts, v).max_e_value == 1.0);
        assert_int_equal(guard_of(posts, v).blocks, 0);
        assert_int_equal(guard_of(posts, v).direction, 0);
    }
    free(posts);
}

static void no_posts_at_all(void **state)
{
    struct posts *posts = posts_new(2);
    struct abp_guard_output out;
    (void)state;

    out = guard_of(posts, 1);
    assert_true(out.e_value == 1.0 && out.max_e_value == 1.0);
    assert_true(out.blocks == 0 && out.direction == 0 && out.max_direction == 0);
    free(posts);
}

static void identical_outcomes_say_nothing(void **state)
{
    static const double outcomes[] = {0.0, 7.0, 1e9, DBL_MAX, 1e-300};
    (void)state;

    for (size_t o = 0; o < sizeof outcomes / sizeof outcomes[0]; o++) {
        struct posts *posts = posts_new(2);
        struct abp_guard_output out;

        for (int64_t t = 0; t < 50; t++)
            for (size_t i = 0; i < (t % 2 ? 2 : 9); i++)
                add(posts, t, i % 2, outcomes[o], 1.0);
        out = guard_of(posts, 1);
        assert_near(out.e_value, 1.0, 1e-12);
        assert_int_equal(out.direction, 0);
        assert_int_equal(out.blocks, 50);
        free(posts);
    }
}

/* One viral post is one post: it cannot decide alone. */
static void one_viral_post_decides_nothing(void **state)
{
    struct posts *posts = posts_new(2);
    (void)state;

    for (int64_t t = 0; t < 10; t++) {
        add(posts, t, 1, t == 9 ? 1e9 : 10.0 + (double)(t % 2), 1.0);
        add(posts, t, 0, 10.0 + (double)((t + 1) % 2), 1.0);
    }
    assert_true(guard_of(posts, 1).max_e_value <= 3.0);
    free(posts);
}

static void extreme_numbers_stay_finite(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (size_t m = 2; m <= 2000; m *= 10) {
        struct posts *posts = posts_new(2);
        struct abp_guard_output out;

        while (posts->count + m <= MAX_POSTS) {
            int64_t block = (int64_t)posts->count;

            for (size_t i = 0; i < m; i++)
                add(posts, block, i % 2, i % 2 ? DBL_MAX : 0.0, i % 2 ? 1e-300 : DBL_MAX);
        }
        out = guard_of(posts, 1);
        assert_true(isfinite(out.e_value) && out.e_value >= out.max_e_value * (1 - 1e-12));
        assert_true(out.e_value > 1e100 && out.direction == 1);
        free(posts);
    }
    gsl_rng_free(rng);
}

/* A block of 2,000 posts with 1,000 of each: a plain effect is found, none is not. */
static void huge_blocks(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;

    for (int effect = 0; effect < 2; effect++) {
        struct posts *posts = posts_new(2);
        struct abp_guard_output out;

        for (size_t i = 0; i < 2000; i++)
            add(posts, 1, i % 2, gsl_ran_lognormal(rng, effect && i % 2 ? 3.4 : 3.0, 1.0), 1.0);
        out = guard_of(posts, 1);
        assert_int_equal(out.blocks, 1);
        assert_true(effect ? out.e_value > 1e6 : out.e_value < 20);
        assert_true(isfinite(out.e_value));
        free(posts);
    }
    gsl_rng_free(rng);
}

/* Forty variants: each sees its own pairs, and the one that differs is found. */
static void forty_variants(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *posts = posts_new(40);
    (void)state;

    posts->baseline = 39;
    for (int64_t t = 0; t < 60; t++)
        for (size_t v = 0; v < 40; v++)
            add(posts, t, v, gsl_ran_poisson(rng, v == 7 ? 60.0 : 30.0), 1.0);
    for (size_t v = 0; v < 40; v++) {
        struct abp_guard_output out = guard_of(posts, v);

        assert_int_equal(out.blocks, v == 39 ? 0 : 60);
        assert_true((out.max_e_value >= posts->threshold) == (v == 7));
    }
    free(posts);
    gsl_rng_free(rng);
}

/* A reading that is missing is left out: the block is that of the posts that remain. */
static void missing_readings_are_left_out(void **state)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct posts *whole = posts_new(2), *part = posts_new(2);
    (void)state;

    for (int64_t t = 0; t < 20; t++)
        for (size_t i = 0; i < 8; i++) {
            double y = gsl_ran_poisson(rng, 8.0);
            int missing = gsl_ran_bernoulli(rng, 0.2) == 1;

            add(whole, t, i % 2, missing ? NAN : y, missing ? NAN : 1.0);
            if (!missing)
                add(part, t, i % 2, y, 1.0);
        }
    assert_true(part->count < whole->count);
    assert_same_answer(guard_of(whole, 1), guard_of(part, 1), 0);
    free(whole);
    free(part);
    gsl_rng_free(rng);
}

static void refuses(struct posts *posts, const char *word)
{
    struct abp_guard_output out[8];
    struct abp_error err = {0};

    assert_int_equal(run(out, posts, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    if (!strstr(err.message, word))
        fail_msg("\"%s\" does not speak of \"%s\"", err.message, word);
}

static void bad_input_is_refused(void **state)
{
    static const double bad_exposure[] = {0.0, -1.0, NAN, INFINITY};
    static const double bad_outcome[] = {-1.0, INFINITY, -INFINITY};
    static const double bad_threshold[] = {1.0, 0.0, -20.0, NAN, INFINITY};
    struct posts *posts = posts_new(2);
    (void)state;

    add(posts, 1, 0, 3.0, 1.0);
    add(posts, 1, 1, 4.0, 1.0);
    for (size_t i = 0; i < sizeof bad_exposure / sizeof bad_exposure[0]; i++) {
        posts->exposure[1] = bad_exposure[i];
        refuses(posts, "exposure");
    }
    posts->exposure[1] = 1.0;
    for (size_t i = 0; i < sizeof bad_outcome / sizeof bad_outcome[0]; i++) {
        posts->outcome[1] = bad_outcome[i];
        refuses(posts, "outcome");
    }
    posts->outcome[1] = 4.0;
    for (size_t i = 0; i < sizeof bad_threshold / sizeof bad_threshold[0]; i++) {
        posts->threshold = bad_threshold[i];
        refuses(posts, "threshold");
    }
    posts->threshold = 20.0;
    posts->variant[1] = 2;
    refuses(posts, "variant");
    posts->variant[1] = 1;
    posts->baseline = 2;
    refuses(posts, "baseline");
    posts->baseline = 0;
    posts->variants = 1;
    refuses(posts, "variants");
    posts->variants = 2;
    assert_int_equal(guard_of(posts, 1).blocks, 1);
    free(posts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(average_over_draws_is_the_past),
        cmocka_unit_test(average_over_orders_of_three),
        cmocka_unit_test(false_alarms_stay_under_alpha),
        cmocka_unit_test(mirrored_when_the_roles_are_swapped),
        cmocka_unit_test(other_units_of_exposure_change_nothing),
        cmocka_unit_test(rows_inside_a_block_may_come_in_any_order),
        cmocka_unit_test(names_of_blocks_mean_nothing),
        cmocka_unit_test(every_look_is_on_the_path),
        cmocka_unit_test(an_empty_variant_changes_nothing),
        cmocka_unit_test(says_which_side),
        cmocka_unit_test(the_maximum_keeps_its_sign),
        cmocka_unit_test(question_2019_is_not_decided),
        cmocka_unit_test(blocks_with_one_side_pay_nothing),
        cmocka_unit_test(no_posts_at_all),
        cmocka_unit_test(identical_outcomes_say_nothing),
        cmocka_unit_test(one_viral_post_decides_nothing),
        cmocka_unit_test(extreme_numbers_stay_finite),
        cmocka_unit_test(huge_blocks),
        cmocka_unit_test(forty_variants),
        cmocka_unit_test(missing_readings_are_left_out),
        cmocka_unit_test(bad_input_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
