/* What factors are worth: eight combinations of three factors with two levels each, evaluated as
 * eight variants and as what they are put together from. Posts are negative binomial (size 1.5,
 * mean 20).
 *
 *     bench_factors [WORLDS]     (200 of each line; about two minutes)
 *
 * Worlds: `levels` draws each factor's effect from N(0, 0.4^2); `and own` adds N(0, 0.2^2) of each
 * combination's own, `only own` has nothing but N(0, 0.5^2) of each combination's own: there
 * factors are the wrong thing to believe in. */
#include "abpost/contrast.h"
#include "abpost/factors.h"
#include "abpost/posterior.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define VARIANTS   8
#define FACTORS    3
#define MOST_POSTS 320

static const size_t levels[FACTORS] = {2, 2, 2}, zero[FACTORS] = {0, 0, 0};

struct posts {
    double y[MOST_POSTS], theta[VARIANTS], alpha[FACTORS];
    uint32_t variant[MOST_POSTS];
    size_t level[FACTORS * VARIANTS];
    struct abp_data data;
};

struct sums {
    double squares, width, inside, count;
};

static const struct world_kind {
    const char *name;
    double of_level, own;
} kinds[] = {{"levels", 0.4, 0.0}, {"and own", 0.4, 0.2}, {"only own", 0.0, 0.5}};

static void draw(struct posts *p, const struct world_kind *kind, size_t count, gsl_rng *rng)
{
    for (size_t f = 0; f < FACTORS; f++) {
        p->alpha[f] = gsl_ran_gaussian(rng, kind->of_level);
        for (size_t v = 0; v < VARIANTS; v++)
            p->level[f * VARIANTS + v] = v >> f & 1;
    }
    for (size_t v = 0; v < VARIANTS; v++) {
        p->theta[v] = gsl_ran_gaussian(rng, kind->own);
        for (size_t f = 0; f < FACTORS; f++)
            p->theta[v] += p->level[f * VARIANTS + v] ? p->alpha[f] : 0.0;
    }
    for (size_t i = 0; i < count; i++) {
        p->variant[i] = (uint32_t)(i % VARIANTS);
        p->y[i] = gsl_ran_poisson(rng, gsl_ran_gamma(rng, 1.5, 20.0 / 1.5) *
                                           exp(p->theta[p->variant[i]]));
    }
    p->data = (struct abp_data){.posts = count,
                                .y = p->y,
                                .variant = p->variant,
                                .variants = VARIANTS,
                                .channels = 1,
                                .slots = 1,
                                .levels = levels,
                                .level = p->level};
}

static void add(struct sums *sums, const struct abp_summary *log_lift, double truth)
{
    sums->squares += (log_lift->mean - truth) * (log_lift->mean - truth);
    sums->width += log_lift->q975 - log_lift->q025;
    sums->inside += log_lift->q025 < truth && truth < log_lift->q975 ? 1.0 : 0.0;
    sums->count += 1.0;
}

/* of_levels: NULL without factors. */
static void evaluate(struct sums *of_variants, struct sums *of_levels, struct posts *p)
{
    struct abp_priors priors = abp_default_priors(ABP_NEGBINOMIAL);
    struct abp_posterior_options ask = {.seed = 1};
    struct abp_contrast_options options = {.rope = 0.05, .value = NAN, .seed = 1};
    struct abp_factors_options of = {.levels = levels, .zero = zero, .rope = 0.05};
    struct abp_contrast contrasts[VARIANTS];
    struct abp_effect effects[2 * FACTORS];
    struct abp_posterior posterior;
    struct abp_error err;
    p->data.factors = of_levels ? FACTORS : 0;
    if (abp_posterior_fit(&posterior, &p->data, ABP_NEGBINOMIAL, &priors, &ask, &err) != 0 ||
        abp_contrasts(contrasts, &posterior, &options, &err) != 0 ||
        (of_levels && abp_factor_effects(effects, &posterior, &of, &err) != 0)) {
        fprintf(stderr, "bench_factors: %s\n", err.message);
        exit(1);
    }
    for (size_t v = 1; v < VARIANTS; v++)
        add(of_variants, &contrasts[v].log_lift, p->theta[v] - p->theta[0]);
    for (size_t f = 0; of_levels && f < FACTORS; f++)
        add(of_levels, &effects[2 * f + 1].log_lift, p->alpha[f]);
    abp_posterior_release(&posterior);
}

static void show(const char *what, const struct sums *s)
{
    printf("   %-22s rmse %.3f  width %.3f  holds %5.1f %%\n", what, sqrt(s->squares / s->count),
           s->width / s->count, 100.0 * s->inside / s->count);
}

int main(int argc, char **argv)
{
    static const size_t counts[] = {40, 80, 160};
    size_t worlds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 200;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    static struct posts posts;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            struct sums plain = {0}, shared = {0}, of_levels = {0};
            gsl_rng_set(rng, 20261124 + c);
            for (size_t w = 0; w < worlds; w++) {
                draw(&posts, &kinds[k], counts[c], rng);
                evaluate(&plain, NULL, &posts);
                evaluate(&shared, &of_levels, &posts);
            }
            printf("%s, %zu posts: log lifts of combinations\n", kinds[k].name, counts[c]);
            show("as eight variants", &plain);
            show("as three factors", &shared);
            show("of levels themselves", &of_levels);
            fflush(stdout);
        }
    gsl_rng_free(rng);
    return 0;
}
