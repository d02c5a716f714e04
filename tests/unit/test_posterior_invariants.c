/* What must not matter: the order of rows, which number a style, channel or slot has, which style
 * is the baseline, an arm that no post belongs to, the unit of exposures and amounts, how often the
 * same seed is used. */
#include "posterior_checks.h"
#include "posterior_simulation.h"

#include <gsl/gsl_errno.h>

static const struct sim_setting settings[] = {{ABP_NEGBINOMIAL, 3, 4, 1},
                                              {ABP_POISSON_LOGNORMAL, 1, 1, 10},
                                              {ABP_BETABINOMIAL, 3, 1, 4},
                                              {ABP_LOGNORMAL, 1, 5, 2}};
#define SETTINGS (sizeof settings / sizeof *settings)

/* Two answers to the same question that sample differently may differ by what sampling leaves:
 * measured over seeds, a sd of 0.002 to 0.003 for probabilities and of 0.005 to 0.008 posterior sd
 * for means. Four of the larger. */
#define LOCATION    0.03
#define PROBABILITY 0.012

static void start(struct sim_posts *posts, size_t s)
{
    sim_draw(posts, &settings[s], 20 + 2 * s);
}

static void fit(struct checked *out, const struct sim_posts *posts, size_t s, uint32_t baseline)
{
    fit_checked(out, &posts->data, settings[s].family, baseline, "");
}

static void same_numbers(const double *a, const double *b, size_t count)
{
    assert_int_equal(a == NULL, b == NULL);
    if (a)
        assert_memory_equal(a, b, count * sizeof *a);
}

static void same_posterior(const struct checked *a, const struct checked *b)
{
    const struct abp_posterior *p = &a->posterior, *q = &b->posterior;
    assert_int_equal(p->draws, q->draws);
    same_numbers(p->weight, q->weight, p->draws);
    same_numbers(p->mu, q->mu, p->draws);
    same_numbers(p->theta, q->theta, p->draws * p->variants);
    same_numbers(p->kappa, q->kappa, p->draws);
    same_numbers(p->tau_v, q->tau_v, p->draws);
    same_numbers(p->tau_u, q->tau_u, p->draws);
    same_numbers(p->tau_b, q->tau_b, p->draws);
    same_numbers(p->tau_w, q->tau_w, p->draws);
    same_numbers(p->outcome, q->outcome, p->draws * p->variants);
    assert_memory_equal(a->contrasts, b->contrasts, p->variants * sizeof *a->contrasts);
}

static void near(double a, double b, double tolerance, const char *what)
{
    if (!(fabs(a - b) <= tolerance))
        fail_msg("%s: %.6g and %.6g, allowed %.2g apart", what, a, b, tolerance);
}

/* The log lift of b is `sign` times that of a, as far as sampling allows; or as far as `exact`. */
static void like(const struct abp_contrast *a, const struct abp_contrast *b, double sign,
                 double exact)
{
    double sd = a->log_lift.sd;
    near(b->log_lift.mean, sign * a->log_lift.mean, exact > 0.0 ? exact : LOCATION * sd, "mean");
    near(b->log_lift.sd, sd, exact > 0.0 ? exact : LOCATION * sd, "sd");
    near(b->p_better, sign > 0.0 ? a->p_better : 1.0 - a->p_better,
         exact > 0.0 ? exact : PROBABILITY, "p_better");
}

static void rows_permuted(void **state)
{
    (void)state;
    for (size_t s = 0; s < SETTINGS; s++) {
        struct sim_posts posts, other;
        struct checked a, b, again;
        start(&posts, s);
        start(&other, s);
        size_t n = posts.data.posts;
        for (size_t i = 0; i < n; i++) { /* 7 and n have no common divisor */
            size_t from = (7 * i + 3) % n;
            assert_int_not_equal(n % 7, 0);
            other.y[i] = posts.y[from];
            other.n[i] = posts.n[from];
            other.variant[i] = posts.variant[from];
            other.channel[i] = posts.channel[from];
            other.slot[i] = posts.slot[from];
        }
        fit(&a, &posts, s, 0);
        fit(&b, &other, s, 0);
        fit(&again, &posts, s, 0);
        same_posterior(&a, &again);
        same_posterior(&a, &b);
        release_checked(&a);
        release_checked(&b);
        release_checked(&again);
    }
}

static void labels_permuted(void **state)
{
    static const uint32_t turn[SIM_VARIANTS] = {1, 2, 0};
    (void)state;
    for (size_t s = 0; s < SETTINGS; s++) {
        struct sim_posts posts, other;
        struct checked a, b;
        start(&posts, s);
        start(&other, s);
        for (size_t i = 0; i < posts.data.posts; i++)
            other.variant[i] = turn[posts.variant[i]];
        fit(&a, &posts, s, 0);
        fit(&b, &other, s, turn[0]);
        for (size_t v = 0; v < SIM_VARIANTS; v++) {
            const struct abp_contrast *x = &a.contrasts[v], *y = &b.contrasts[turn[v]];
            if (v != 0)
                like(x, y, 1.0, 0.0);
            near(x->p_best, y->p_best, PROBABILITY, "p_best");
            near(x->outcome.q50, y->outcome.q50, 2.0 * LOCATION * x->outcome.sd, "outcome");
        }
        release_checked(&a);
        release_checked(&b);
    }
}

static void places_permuted(void **state)
{
    (void)state;
    for (size_t s = 0; s < SETTINGS; s++) {
        struct sim_posts posts, other;
        struct checked a, b;
        uint32_t C = (uint32_t)settings[s].channels, S = (uint32_t)settings[s].slots;
        start(&posts, s);
        start(&other, s);
        for (size_t i = 0; i < posts.data.posts; i++) {
            other.channel[i] = C - 1 - posts.channel[i];
            other.slot[i] = (posts.slot[i] + 1) % S;
        }
        fit(&a, &posts, s, 0);
        fit(&b, &other, s, 0);
        for (size_t v = 1; v < SIM_VARIANTS; v++) {
            like(&a.contrasts[v], &b.contrasts[v], 1.0, 0.0);
            for (size_t c = 0; c < C && a.posterior.channel_log_lift; c++) {
                const struct abp_summary *x = &a.posterior.channel_log_lift[v * C + c];
                const struct abp_summary *y = &b.posterior.channel_log_lift[v * C + C - 1 - c];
                near(x->mean, y->mean, LOCATION * x->sd, "channel's mean");
                near(x->sd, y->sd, LOCATION * x->sd, "channel's sd");
            }
        }
        release_checked(&a);
        release_checked(&b);
    }
}

/* The same draws are asked the question the other way round. */
static void baseline_changed(void **state)
{
    (void)state;
    for (size_t s = 0; s < SETTINGS; s++) {
        struct sim_posts posts;
        struct checked a, b;
        start(&posts, s);
        fit(&a, &posts, s, 0);
        fit(&b, &posts, s, 2);
        like(&a.contrasts[2], &b.contrasts[0], -1.0, 1e-9);
        for (size_t v = 0; v < SIM_VARIANTS; v++)
            near(a.contrasts[v].p_best, b.contrasts[v].p_best, 1e-9, "p_best");
        release_checked(&a);
        release_checked(&b);
    }
}

/* An arm without a post has its prior and says nothing of the others. */
static void empty_arm(void **state)
{
    (void)state;
    for (size_t s = 0; s < SETTINGS; s++) {
        struct sim_posts posts;
        struct checked a, b;
        start(&posts, s);
        fit(&a, &posts, s, 0);
        posts.data.variants++;
        fit(&b, &posts, s, 0);
        for (size_t v = 1; v < SIM_VARIANTS; v++)
            like(&a.contrasts[v], &b.contrasts[v], 1.0, 0.0);
        release_checked(&a);
        release_checked(&b);
    }
}

/* Exposures a thousand times as large move mu alone; for betabinomial they are no unit. */
static void exposures_scaled(void **state)
{
    (void)state;
    for (size_t s = 0; s < SETTINGS; s++) {
        struct sim_posts posts;
        struct checked a, b;
        if (settings[s].family == ABP_BETABINOMIAL)
            continue;
        start(&posts, s);
        fit(&a, &posts, s, 0);
        for (size_t i = 0; i < posts.data.posts; i++)
            posts.n[i] *= 1024.0;
        fit(&b, &posts, s, 0);
        for (size_t v = 1; v < SIM_VARIANTS; v++)
            like(&a.contrasts[v], &b.contrasts[v], 1.0, 1e-5);
        release_checked(&a);
        release_checked(&b);
    }
}

static void amounts_in_another_unit(void **state)
{
    struct sim_posts posts;
    struct checked a, b;
    (void)state;
    start(&posts, 3);
    fit(&a, &posts, 3, 0);
    for (size_t i = 0; i < posts.data.posts; i++)
        posts.y[i] *= 100.0;
    fit(&b, &posts, 3, 0);
    for (size_t v = 1; v < SIM_VARIANTS; v++)
        like(&a.contrasts[v], &b.contrasts[v], 1.0, 1e-5);
    for (size_t v = 0; v < SIM_VARIANTS; v++)
        near(b.contrasts[v].outcome.q50 / a.contrasts[v].outcome.q50, 100.0, 1e-2, "outcome");
    release_checked(&a);
    release_checked(&b);
}

/* Another seed is other noise, and no more of it than is aimed at. */
static void seeds(void **state)
{
    (void)state;
    for (size_t s = 0; s < SETTINGS; s++) {
        struct sim_posts posts;
        struct abp_error err;
        struct abp_priors priors = abp_default_priors(settings[s].family);
        double low[SIM_VARIANTS], high[SIM_VARIANTS];
        start(&posts, s);
        for (uint64_t seed = 0; seed < 6; seed++) {
            struct abp_posterior p;
            struct abp_contrast contrasts[SIM_VARIANTS];
            struct abp_posterior_options options = {.seed = seed};
            struct abp_contrast_options wanted = {.value = NAN};
            assert_int_equal(
                abp_posterior_fit(&p, &posts.data, settings[s].family, &priors, &options, &err), 0);
            assert_int_equal(abp_contrasts(contrasts, &p, &wanted, &err), 0);
            for (size_t v = 1; v < SIM_VARIANTS; v++) {
                low[v] = seed ? fmin(low[v], contrasts[v].p_better) : contrasts[v].p_better;
                high[v] = seed ? fmax(high[v], contrasts[v].p_better) : contrasts[v].p_better;
            }
            abp_posterior_release(&p);
        }
        for (size_t v = 1; v < SIM_VARIANTS; v++) {
            near(low[v], high[v], PROBABILITY, "p_better of six seeds");
            assert_true(low[v] < high[v]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_permuted),   cmocka_unit_test(labels_permuted),
        cmocka_unit_test(places_permuted), cmocka_unit_test(baseline_changed),
        cmocka_unit_test(empty_arm),       cmocka_unit_test(exposures_scaled),
        cmocka_unit_test(seeds),           cmocka_unit_test(amounts_in_another_unit)};
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
