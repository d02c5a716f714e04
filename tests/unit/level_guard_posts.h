/* Factorial experiments for the level guard's tests: combinations of three factors, a block one
 * post of each in random order (or posts drawn one by one), outcomes from the generators of
 * guard_simulation.h. Include after cmocka.h. */
#ifndef ABPOST_TESTS_LEVEL_GUARD_POSTS_H
#define ABPOST_TESTS_LEVEL_GUARD_POSTS_H

#include "abpost/level_guard.h"
#include "guard_simulation.h"

#include <stdlib.h>
#include <string.h>

#define CUBE_POSTS    480
#define CUBE_VARIANTS 12
#define CUBE_FACTORS  3
#define CUBE_LEVELS   8 /* of all factors together, at most */

struct cube {
    size_t levels[CUBE_FACTORS], zero[CUBE_FACTORS], level[CUBE_FACTORS * CUBE_VARIANTS];
    size_t variants, posts, blocks;
    double outcome[CUBE_POSTS], exposure[CUBE_POSTS], probability[CUBE_POSTS * CUBE_VARIANTS];
    size_t variant[CUBE_POSTS];
    int64_t block[CUBE_POSTS];
};

/* a x b x c combinations, all of them. */
static inline void cube_init(struct cube *cube, size_t a, size_t b, size_t c)
{
    memset(cube, 0, sizeof *cube);
    size_t levels[CUBE_FACTORS] = {a, b, c}, period = 1;
    memcpy(cube->levels, levels, sizeof levels);
    cube->variants = a * b * c;
    assert_true(cube->variants <= CUBE_VARIANTS);
    for (size_t f = 0; f < CUBE_FACTORS; period *= levels[f++])
        for (size_t v = 0; v < cube->variants; v++)
            cube->level[f * cube->variants + v] = v / period % levels[f];
}

static inline void cube_shuffle(size_t *order, size_t count, gsl_rng *rng)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    gsl_ran_shuffle(rng, order, count, sizeof *order);
}

/* worth: of each variant, log ratio. Whole blocks, each shuffled; autocorrelation and trend as the
 * generator has them. */
static inline void cube_draw(struct cube *cube, const struct sim_generator *g, const double *worth,
                             size_t blocks, gsl_rng *rng)
{
    size_t order[CUBE_VARIANTS], K = cube->variants;
    double level = gsl_ran_gaussian(rng, g->level);
    cube->posts = K * blocks;
    cube->blocks = blocks;
    assert_true(cube->posts <= CUBE_POSTS);
    for (size_t i = 0; i < cube->posts; i++) {
        if (i % K == 0)
            cube_shuffle(order, K, rng);
        cube->block[i] = (int64_t)(i / K) - 3;
        cube->variant[i] = order[i % K];
        cube->exposure[i] = 1.0;
        level = g->decay * level + gsl_ran_gaussian(rng, g->level * sqrt(1 - g->decay * g->decay));
        double mean = SIM_MEAN * exp(level + g->trend * (double)i / (double)cube->posts +
                                     worth[cube->variant[i]]);
        cube->outcome[i] = gsl_ran_bernoulli(rng, g->zeros) ? 0.0 : sim_outcome(g, rng, mean);
    }
}

static inline struct abp_guard_input cube_input(const struct cube *cube, int planned, int drawn)
{
    return (struct abp_guard_input){.outcome = cube->outcome,
                                    .exposure = cube->exposure,
                                    .variant = cube->variant,
                                    .block = cube->block,
                                    .probability = drawn ? cube->probability : NULL,
                                    .posts = cube->posts,
                                    .variants = cube->variants,
                                    .threshold = 20.0,
                                    .planned_blocks = planned ? cube->blocks : 0};
}

static inline void cube_guards(struct abp_level_guard *out, const struct cube *cube,
                               double threshold, int planned, int drawn)
{
    struct abp_error err = {0};
    struct abp_guard_input posts = cube_input(cube, planned, drawn);
    struct abp_level_guard_input in = {.posts = &posts,
                                       .factors = CUBE_FACTORS,
                                       .levels = cube->levels,
                                       .level = cube->level,
                                       .zero = cube->zero,
                                       .threshold = threshold};
    if (abp_level_guards(out, &in, &err) != 0)
        fail_msg("%s", err.message);
}

#endif
