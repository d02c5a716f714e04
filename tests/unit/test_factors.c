/* Variants that are put together from levels: what the posterior makes of them. */
#include "abpost/factors.h"
#include "abpost/posterior.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_POSTS    800
#define MOST_VARIANTS 8

static struct abp_error err;

/* Two by two by two, and posts of negative binomials about effects that add up. */
struct posts {
    double y[MOST_POSTS];
    uint32_t variant[MOST_POSTS];
    size_t levels[3], level[3 * MOST_VARIANTS];
    struct abp_data data;
};

static void cube(struct posts *posts)
{
    memset(posts, 0, sizeof *posts);
    for (size_t f = 0; f < 3; f++) {
        posts->levels[f] = 2;
        for (size_t v = 0; v < MOST_VARIANTS; v++)
            posts->level[f * MOST_VARIANTS + v] = v >> f & 1;
    }
    posts->data = (struct abp_data){.y = posts->y,
                                    .variant = posts->variant,
                                    .variants = MOST_VARIANTS,
                                    .channels = 1,
                                    .slots = 1,
                                    .factors = 3,
                                    .levels = posts->levels,
                                    .level = posts->level};
}

/* effect: log ratio of the second level of each factor to the first. */
static void draw_posts(struct posts *posts, const double *effect, double mean, double kappa,
                       size_t count, unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    double size = 1.0 / (kappa * kappa);
    gsl_rng_set(rng, seed);
    cube(posts);
    for (size_t i = 0; i < count; i++) {
        double eta = log(mean);
        posts->variant[i] = (uint32_t)(i % MOST_VARIANTS);
        for (size_t f = 0; f < 3; f++)
            eta += posts->level[f * MOST_VARIANTS + posts->variant[i]] ? effect[f] : 0.0;
        posts->y[i] = gsl_ran_poisson(rng, exp(eta) * gsl_ran_gamma(rng, size, 1.0 / size));
    }
    posts->data.posts = count;
    gsl_rng_free(rng);
}

static void fit(struct abp_posterior *p, const struct abp_data *data, enum abp_family family,
                int chains)
{
    struct abp_priors priors = abp_default_priors(family);
    struct abp_posterior_options ask = {.seed = 1, .chains = chains};
    if (abp_posterior_fit(p, data, family, &priors, &ask, &err) != 0)
        fail_msg("%s", err.message);
}

static void effects_of(struct abp_effect *effects, const struct abp_posterior *p,
                       const size_t *levels, const size_t *zero)
{
    struct abp_factors_options options = {.levels = levels, .zero = zero, .rope = 0.05};
    if (abp_factor_effects(effects, p, &options, &err) != 0)
        fail_msg("%s", err.message);
}

static void assert_near(double a, double b, double off)
{
    if (!(fabs(a - b) <= off))
        fail_msg("%.6f is not %.6f to within %g", a, b, off);
}

/* Within `share` of the posterior's own sd. */
static void assert_alike(const struct abp_effect *a, const struct abp_effect *b, double share)
{
    double sd = a->log_lift.sd;
    assert_near(a->log_lift.mean, b->log_lift.mean, share * sd);
    assert_near(a->log_lift.sd, b->log_lift.sd, 1.5 * share * sd);
    assert_near(a->log_lift.q025, b->log_lift.q025, 4.0 * share * sd);
    assert_near(a->log_lift.q975, b->log_lift.q975, 4.0 * share * sd);
    assert_near(a->p_better, b->p_better, share);
}

static const size_t no_zero[4] = {0, 0, 0, 0};

/* What eight variants say together of a level is known better than any of the eight by itself, and
 * true: 8 x 12 posts. */
static void test_shared_knowledge(void **state)
{
    (void)state;
    static const double truth[3] = {0.6, -0.4, 0.0};
    size_t inside = 0, narrower = 0;
    for (unsigned long seed = 1; seed <= 6; seed++) {
        struct posts posts;
        struct abp_posterior with, without;
        struct abp_effect effects[6];
        struct abp_contrast alone[MOST_VARIANTS];
        struct abp_contrast_options options = {.rope = 0.05, .value = NAN, .seed = 1};
        draw_posts(&posts, truth, 25.0, 0.7, 96, seed);
        fit(&with, &posts.data, ABP_NEGBINOMIAL, 0);
        assert_true(abp_posterior_reliable(&with));
        posts.data.factors = 0;
        fit(&without, &posts.data, ABP_NEGBINOMIAL, 0);
        effects_of(effects, &with, posts.levels, no_zero);
        assert_int_equal(abp_contrasts(alone, &without, &options, &err), 0);
        for (size_t f = 0; f < 3; f++) {
            const struct abp_effect *e = &effects[2 * f + 1];
            assert_true(isnan(effects[2 * f].p_better));
            inside += e->log_lift.q025 < truth[f] && truth[f] < e->log_lift.q975;
            /* variant 1 << f differs from the baseline in that level alone */
            narrower += e->log_lift.sd < 0.75 * alone[(size_t)1 << f].log_lift.sd;
        }
        abp_posterior_release(&with);
        abp_posterior_release(&without);
    }
    assert_in_range(inside, 16, 18);   /* of 18 at 95 % */
    assert_in_range(narrower, 15, 18); /* sd of a mean over four pairs beside that of one, shrunk */
}

/* Chains, which look at the density alone, come to the same numbers as the weighted draws. */
static void test_chains_agree(void **state)
{
    (void)state;
    static const double truth[3] = {0.7, 0.2, -0.3};
    static const enum abp_family families[] = {ABP_NEGBINOMIAL, ABP_LOGNORMAL};
    for (size_t k = 0; k < 2; k++) {
        struct posts posts;
        struct abp_posterior weighted, chains;
        struct abp_effect one[6], other[6];
        draw_posts(&posts, truth, 40.0, 0.8, 48, 7);
        for (size_t i = 0; i < 48; i++)
            posts.y[i] += families[k] == ABP_LOGNORMAL ? 0.5 : 0.0;
        fit(&weighted, &posts.data, families[k], 0);
        fit(&chains, &posts.data, families[k], 1);
        assert_true(isnan(weighted.rhat) && chains.rhat <= ABP_RHAT_LIMIT);
        effects_of(one, &weighted, posts.levels, no_zero);
        effects_of(other, &chains, posts.levels, no_zero);
        for (size_t f = 0; f < 3; f++)
            assert_alike(&one[2 * f + 1], &other[2 * f + 1], 0.06);
        abp_posterior_release(&weighted);
        abp_posterior_release(&chains);
    }
}

/* The order of factors, the names of levels and the order of variants say nothing. */
static void test_relabelled(void **state)
{
    (void)state;
    static const double truth[3] = {0.5, -0.5, 0.2};
    static const size_t order[3] = {2, 0, 1};
    struct posts posts, other;
    struct abp_posterior p, q;
    struct abp_effect one[6], two[6];
    size_t zero[3];
    draw_posts(&posts, truth, 30.0, 0.7, 64, 3);
    draw_posts(&other, truth, 30.0, 0.7, 64, 3);
    for (size_t f = 0; f < 3; f++)
        for (size_t v = 0; v < MOST_VARIANTS; v++) /* variant v is now number 7 - v */
            other.level[f * MOST_VARIANTS + 7 - v] =
                order[f] == 1 ? 1 - posts.level[order[f] * MOST_VARIANTS + v]
                              : posts.level[order[f] * MOST_VARIANTS + v];
    for (size_t i = 0; i < 64; i++)
        other.variant[i] = 7 - posts.variant[i];
    for (size_t f = 0; f < 3; f++)
        zero[f] = order[f] == 1 ? 1 : 0;
    fit(&p, &posts.data, ABP_NEGBINOMIAL, 0);
    fit(&q, &other.data, ABP_NEGBINOMIAL, 0);
    effects_of(one, &p, posts.levels, no_zero);
    effects_of(two, &q, other.levels, zero);
    for (size_t f = 0; f < 3; f++)
        assert_alike(&one[2 * order[f] + 1], &two[2 * f + 1 - zero[f]], 0.05);
    for (size_t v = 0; v < MOST_VARIANTS; v++) { /* and what they are together */
        double a = 0.0, b = 0.0;
        for (size_t i = 0; i < p.draws; i++)
            a += p.weight[i] * (p.theta[i * 8 + v] - p.theta[i * 8]);
        for (size_t i = 0; i < q.draws; i++)
            b += q.weight[i] * (q.theta[i * 8 + 7 - v] - q.theta[i * 8 + 7]);
        assert_near(a, b, 0.02);
    }
    abp_posterior_release(&p);
    abp_posterior_release(&q);
}

/* One factor with a level for each variant is the model without factors, but for rho: the shared
 * effects lie between what that says with the lift's prior and with one wider by rho's. */
static void test_one_factor(void **state)
{
    (void)state;
    static const double truth[3] = {0.6, 0.3, 0.0};
    struct posts posts;
    struct abp_posterior p, plain;
    struct abp_contrast_options options = {.rope = 0.05, .value = NAN, .seed = 1};
    struct abp_contrast with[MOST_VARIANTS], without[MOST_VARIANTS];
    draw_posts(&posts, truth, 30.0, 0.7, 80, 5);
    posts.data.factors = 0;
    fit(&plain, &posts.data, ABP_NEGBINOMIAL, 0);
    posts.data.factors = 1;
    posts.levels[0] = MOST_VARIANTS;
    for (size_t v = 0; v < MOST_VARIANTS; v++)
        posts.level[v] = v;
    fit(&p, &posts.data, ABP_NEGBINOMIAL, 0);
    assert_int_equal(abp_contrasts(with, &p, &options, &err), 0);
    assert_int_equal(abp_contrasts(without, &plain, &options, &err), 0);
    for (size_t v = 1; v < MOST_VARIANTS; v++) {
        double sd = without[v].log_lift.sd;
        assert_near(with[v].log_lift.mean, without[v].log_lift.mean, 0.25 * sd);
        assert_near(with[v].log_lift.sd / sd, 1.05, 0.1);
    }
    abp_posterior_release(&p);
    abp_posterior_release(&plain);
}

/* ---- by hand: posts without spread to speak of, so that theta is known, and one factor ---- */

/* The posterior mean and sd of alpha_1 - alpha_0 of two levels, two variants each, from averages
 * that are as good as exact but for a common mu: the scales on a fine grid, all else normal. */
static void by_grid(double *mean, double *sd, const double *average, double noise, double lift)
{
    enum { STEPS = 400 };
    double all = 0.0, first = 0.0, second = 0.0;
    for (int i = 0; i < STEPS; i++)
        for (int j = 0; j < STEPS; j++) {
            double a = 5.0 * lift * (i + 0.5) / STEPS, r = 1.25 * lift * (j + 0.5) / STEPS;
            double own = r * r + noise; /* of a variant about its level */
            double prior = exp(-0.5 * (a * a / (lift * lift) + r * r / (lift * lift / 16.0)));
            double within = 0.0, between = average[2] + average[3] - average[0] - average[1];
            for (int k = 0; k < 4; k += 2)
                within += 0.5 * (average[k] - average[k + 1]) * (average[k] - average[k + 1]);
            /* half the difference of sums: mean difference of levels ~ N(0, 2 a^2 + own) */
            double d = 0.5 * between, v = 2.0 * a * a + own;
            double w = prior * exp(-0.5 * within / own) / own * exp(-0.5 * d * d / v) / sqrt(v);
            double m = d * 2.0 * a * a / v, var = 2.0 * a * a * own / v;
            all += w;
            first += w * m;
            second += w * (var + m * m);
        }
    *mean = first / all;
    *sd = sqrt(second / all - *mean * *mean);
}

/* Lognormal posts of which only the averages differ: kappa is pinned by the many that are alike
 * within a variant. mu is all but flat, and the sum of both levels is independent of their
 * difference. */
static void test_by_quadrature(void **state)
{
    (void)state;
    static const double cases[][4] = {{0.0, 0.1, 0.5, 0.6}, {0.2, -0.2, 0.5, 0.1}, {0, 0, 0, 0}};
    enum { EACH = 200 };
    const double spread = 1.0;
    static const size_t levels[1] = {2}, level[4] = {0, 0, 1, 1};
    for (size_t k = 0; k < 3; k++) {
        static double y[4 * EACH];
        static uint32_t variant[4 * EACH];
        double mean, sd;
        for (size_t i = 0; i < 4 * EACH; i++) {
            variant[i] = (uint32_t)(i % 4);
            y[i] = exp(3.0 + cases[k][i % 4] + (i / 4 % 2 ? spread : -spread));
        }
        struct abp_data data = {.posts = 4 * EACH,
                                .y = y,
                                .variant = variant,
                                .variants = 4,
                                .channels = 1,
                                .slots = 1,
                                .factors = 1,
                                .levels = levels,
                                .level = level};
        struct abp_posterior p;
        struct abp_effect effects[2];
        fit(&p, &data, ABP_LOGNORMAL, 0);
        effects_of(effects, &p, levels, no_zero);
        by_grid(&mean, &sd, cases[k], spread * spread / EACH, 0.5);
        assert_near(effects[1].log_lift.mean, mean, 0.05 * sd);
        assert_near(effects[1].log_lift.sd, sd, 0.05 * sd);
        abp_posterior_release(&p);
    }
}

static void test_bugs_are_told(void **state)
{
    (void)state;
    static const double truth[3] = {0, 0, 0};
    struct posts posts;
    struct abp_posterior p;
    struct abp_priors priors = abp_default_priors(ABP_NEGBINOMIAL);
    struct abp_posterior_options ask = {.seed = 1};
    draw_posts(&posts, truth, 30.0, 0.7, 16, 1);
    posts.level[5] = 2;
    assert_int_equal(abp_posterior_fit(&p, &posts.data, ABP_NEGBINOMIAL, &priors, &ask, &err), -1);
    assert_int_equal(err.code, ABP_BUG);
    cube(&posts);
    posts.data.factors = ABP_POSTERIOR_FACTORS + 1;
    posts.data.posts = 16;
    assert_int_equal(abp_posterior_fit(&p, &posts.data, ABP_NEGBINOMIAL, &priors, &ask, &err), -1);
    assert_int_equal(err.code, ABP_BUG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shared_knowledge), cmocka_unit_test(test_chains_agree),
        cmocka_unit_test(test_relabelled),       cmocka_unit_test(test_one_factor),
        cmocka_unit_test(test_by_quadrature),    cmocka_unit_test(test_bugs_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
