/* Which style the next posts should be given: from posts that are mature, in blocks that are whole.
 */
#include "abpost/allocation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BLOCKS 12

static char a[] = "a", b[] = "b", c[] = "c", name[] = "e", empty[] = "";
static char *variants[] = {a, b, c}, *once[] = {empty};

static struct abp_experiment experiment(void)
{
    static struct abp_variant list[3];
    for (int v = 0; v < 3; v++)
        list[v] = (struct abp_variant){.name = variants[v], .cost = NAN};
    struct abp_experiment e = {.name = name, .path = name, .variants = list, .variant_count = 3};
    struct abp_decision *d = &e.decision;
    d->confidence = 0.95;
    d->alpha = 0.05;
    d->rope = 0.05;
    d->value = d->mu_sd = d->lift_sd = d->channel_sd = d->interaction_sd = d->slot_sd = NAN;
    d->dispersion_sd = d->prior_a = d->prior_b = NAN;
    return e;
}

/* Blocks of one post of each style; style v earns about means[v]. */
static struct abp_posts posts_of(struct abp_post_row *rows, const double *means)
{
    static const double spread[] = {0.6, 1.0, 1.5, 0.8, 1.2};
    for (size_t i = 0; i < 3 * BLOCKS; i++)
        rows[i] = (struct abp_post_row){.outcome = floor(means[i % 3] * spread[(i * 7) % 5]),
                                        .exposure = 1,
                                        .variant = (uint32_t)(i % 3),
                                        .block = (int64_t)(i / 3),
                                        .posted_at = (int64_t)(1000 * i),
                                        .has_time = 1};
    return (struct abp_posts){.name = name,
                              .rows = rows,
                              .count = 3 * BLOCKS,
                              .variants = {variants, 3},
                              .channels = {once, 1},
                              .slots = {once, 1},
                              .block_count = BLOCKS,
                              .randomised = 1};
}

static int allocate(double *p, const struct abp_posts *posts, const unsigned char *active)
{
    struct abp_error err = {0};
    struct abp_experiment e = experiment();
    int rc = abp_allocation(p, &e, posts, active, 1, &err);
    if (rc < 0)
        fail_msg("%s", err.message);
    return rc;
}

static void test_prefers(void **state)
{
    struct abp_post_row rows[3 * BLOCKS];
    double p[3];
    (void)state;
    struct abp_posts posts = posts_of(rows, (double[]){20, 60, 18});
    assert_int_equal(allocate(p, &posts, NULL), 1);
    assert_true(fabs(p[0] + p[1] + p[2] - 1) < 1e-9);
    assert_true(p[1] > p[0] && p[1] > p[2]);
    for (int v = 0; v < 3; v++)
        assert_true(p[v] >= 0.2 / 3 - 1e-12);
    /* Relabelled styles only relabel the chances. */
    double q[3];
    for (size_t i = 0; i < posts.count; i++)
        rows[i].variant = (rows[i].variant + 1) % 3;
    assert_int_equal(allocate(q, &posts, NULL), 1);
    for (int v = 0; v < 3; v++)
        assert_true(fabs(q[(v + 1) % 3] - p[v]) < 0.02);
}

static void test_inactive(void **state)
{
    struct abp_post_row rows[3 * BLOCKS];
    double p[3];
    (void)state;
    struct abp_posts posts = posts_of(rows, (double[]){20, 60, 40});
    const unsigned char active[] = {1, 0, 1};
    assert_int_equal(allocate(p, &posts, active), 1);
    assert_true(p[1] == 0);
    assert_true(fabs(p[0] + p[2] - 1) < 1e-9);
    /* With two styles top-two has no favourite: one leads, the other one challenges. */
    assert_true(fabs(p[0] - 0.5) < 1e-9);
}

static void test_too_early(void **state)
{
    struct abp_post_row rows[3 * BLOCKS];
    double p[3];
    (void)state;
    struct abp_posts posts = posts_of(rows, (double[]){20, 60, 40});
    posts.count = 3 * (ABP_ALLOCATION_POSTS - 1);
    assert_int_equal(allocate(p, &posts, NULL), 0);
    posts.count = 3 * ABP_ALLOCATION_POSTS;
    assert_int_equal(allocate(p, &posts, NULL), 1);
    posts.count = 0;
    assert_int_equal(allocate(p, &posts, NULL), 0);
}

/* What a block that is not whole brings must not move the chances: they would tell of its labels.
 */
static void test_whole_blocks(void **state)
{
    struct abp_post_row rows[3 * BLOCKS];
    double p[3], q[3];
    (void)state;
    struct abp_posts posts = posts_of(rows, (double[]){20, 30, 25});
    posts.count = 3 * BLOCKS - 3;
    assert_int_equal(allocate(p, &posts, NULL), 1);
    posts.count = 3 * BLOCKS - 1; /* two of the last block's three */
    rows[3 * BLOCKS - 2].outcome = 100000;
    assert_int_equal(allocate(q, &posts, NULL), 1);
    assert_memory_equal(p, q, sizeof p);
    posts.count = 3 * BLOCKS;
    assert_int_equal(allocate(q, &posts, NULL), 1);
    assert_memory_not_equal(p, q, sizeof p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefers),
        cmocka_unit_test(test_inactive),
        cmocka_unit_test(test_too_early),
        cmocka_unit_test(test_whole_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
