/* Posts for the guard's tests, added one by one. Include after cmocka.h. */
#ifndef ABPOST_TESTS_GUARD_POSTS_H
#define ABPOST_TESTS_GUARD_POSTS_H

#include "abpost/guard.h"

#include <math.h>
#include <stdlib.h>

#define MAX_POSTS 4096

/* Posts in the making. */
struct posts {
    double outcome[MAX_POSTS], exposure[MAX_POSTS];
    size_t variant[MAX_POSTS];
    int64_t block[MAX_POSTS];
    size_t slot[MAX_POSTS];
    double *probability; /* borrowed; NULL: every block was shuffled */
    size_t count, variants, baseline, slots, planned;
    double threshold;
};

static inline struct posts *posts_new(size_t variants)
{
    struct posts *posts = calloc(1, sizeof *posts);

    assert_non_null(posts);
    posts->variants = variants;
    posts->threshold = (double)(variants - 1) / 0.05;
    return posts;
}

static inline void add(struct posts *posts, int64_t block, size_t variant, double outcome,
                       double exposure)
{
    size_t i = posts->count++;

    assert_true(i < MAX_POSTS);
    posts->block[i] = block;
    posts->variant[i] = variant;
    posts->outcome[i] = outcome;
    posts->exposure[i] = exposure;
}

static inline int run(struct abp_guard_output *out, const struct posts *posts,
                      struct abp_error *err)
{
    struct abp_guard_input in = {.outcome = posts->outcome,
                                 .exposure = posts->exposure,
                                 .variant = posts->variant,
                                 .block = posts->block,
                                 .probability = posts->probability,
                                 .slot = posts->slots ? posts->slot : NULL,
                                 .slots = posts->slots,
                                 .planned_blocks = posts->planned,
                                 .posts = posts->count,
                                 .variants = posts->variants,
                                 .baseline = posts->baseline,
                                 .threshold = posts->threshold};

    return abp_guard(out, &in, err);
}

static inline struct abp_guard_output guard_of(const struct posts *posts, size_t variant)
{
    struct abp_guard_output out[64];
    struct abp_error err = {0};

    assert_true(posts->variants <= 64);
    if (run(out, posts, &err))
        fail_msg("%s", err.message);
    return out[variant];
}

static inline void assert_near(double a, double b, double relative)
{
    if (!(fabs(a - b) <= relative * fmax(1.0, fmax(fabs(a), fabs(b)))))
        fail_msg("%.17g is not %.17g", a, b);
}

static inline void assert_same_answer(struct abp_guard_output a, struct abp_guard_output b,
                                      int mirrored)
{
    assert_near(a.e_value, b.e_value, 1e-9);
    assert_near(a.max_e_value, b.max_e_value, 1e-9);
    assert_near(a.open_e_value, b.open_e_value, 1e-9);
    assert_int_equal(a.blocks, b.blocks);
    assert_int_equal(a.direction, mirrored ? -b.direction : b.direction);
    assert_int_equal(a.max_direction, mirrored ? -b.max_direction : b.max_direction);
}

#endif
