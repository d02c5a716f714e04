/* The exact sampler: the same posterior as the weighted draws' where those are good, the truth by
 * quadrature where they are not, and its own doubts. */
#include "posterior_checks.h"
#include "posterior_simulation.h"
#include "stats/convergence.h"

#include "abpost/summary.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_randist.h>

static void near(double got, double want, double tolerance, const char *what)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s: got %.5f, want %.5f, off by %.5f > %.5f", what, got, want, got - want,
                 tolerance);
}

static void fit(struct abp_posterior *p, struct abp_contrast *contrasts,
                const struct abp_data *data, enum abp_family family, int chains)
{
    struct abp_error err;
    struct abp_priors priors = abp_default_priors(family);
    struct abp_posterior_options options = {.seed = 3, .chains = chains, .mean_outcomes = 1};
    struct abp_contrast_options asked = {.rope = 0.05, .value = NAN, .seed = 3};
    if (abp_posterior_fit(p, data, family, &priors, &options, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(abp_contrasts(contrasts, p, &asked, &err), 0);
    check_posterior(p, 0);
    check_contrasts(contrasts, data->variants, 0);
}

static struct abp_summary summary_of(const struct abp_posterior *p, const double *values)
{
    struct abp_summary s;
    struct abp_weighted *draws = calloc(p->draws, sizeof *draws);
    assert_non_null(draws);
    for (size_t i = 0; i < p->draws; i++)
        draws[i] = (struct abp_weighted){values[i], p->weight[i]};
    abp_summarise(&s, draws, p->draws);
    free(draws);
    return s;
}

/* Four standard errors of the chains' means, as they tell their effective draws; sds move by less.
 */
static void agree(const struct abp_summary *chains, const struct abp_summary *weights, double ess,
                  const char *what)
{
    double error = 4.0 * weights->sd / sqrt(ess);
    near(chains->mean, weights->mean, error, what);
    near(chains->q50, weights->q50, 1.3 * error, what);
    near(chains->sd, weights->sd, 1.5 * error, what);
}

static void same_as_weights(void **state)
{
    static const struct sim_setting settings[] = {{ABP_NEGBINOMIAL, 1, 5, 2},
                                                  {ABP_NEGBINOMIAL, 3, 1, 4},
                                                  {ABP_BETABINOMIAL, 1, 1, 8},
                                                  {ABP_LOGNORMAL, 3, 4, 1}};
    (void)state;
    for (size_t s = 0; s < sizeof settings / sizeof *settings; s++) {
        struct sim_posts posts;
        struct abp_posterior weighted, chains;
        struct abp_contrast a[SIM_VARIANTS], b[SIM_VARIANTS];
        sim_draw(&posts, &settings[s], 77 + s);
        fit(&weighted, a, &posts.data, settings[s].family, 0);
        fit(&chains, b, &posts.data, settings[s].family, 1);
        assert_true(isnan(weighted.rhat) && weighted.khat < ABP_KHAT_LIMIT);
        assert_true(abp_posterior_reliable(&chains));
        double ess = chains.ess;
        struct abp_summary x = summary_of(&chains, chains.kappa),
                           y = summary_of(&weighted, weighted.kappa);
        agree(&x, &y, ess, "kappa");
        x = summary_of(&chains, chains.tau_v);
        y = summary_of(&weighted, weighted.tau_v);
        agree(&x, &y, ess, "tau_v");
        for (size_t v = 1; v < SIM_VARIANTS; v++) {
            agree(&b[v].log_lift, &a[v].log_lift, ess, "log lift");
            near(b[v].p_better, a[v].p_better, 2.0 / sqrt(ess), "p_better");
            if (weighted.channel_log_lift)
                agree(&chains.channel_log_lift[v * chains.channels],
                      &weighted.channel_log_lift[v * chains.channels], ess, "channel");
        }
        abp_posterior_release(&weighted);
        abp_posterior_release(&chains);
    }
}

/* ---- an arm of zeros alone, beside the truth ----
 * One post of 5 in arm 0, none of 3 posts in arm 1 with anything. By brute force: the posterior on
 * a grid over mu, theta_0, theta_1, kappa and tau_v. */

#define ZEROS 3
static double log_nb(double y, double eta, double kappa)
{
    double r = 1.0 / (kappa * kappa), m = exp(eta);
    return lgamma(y + r) - lgamma(r) - lgamma(y + 1.0) + r * log(r / (r + m)) +
           (y > 0.0 ? y * log(m / (r + m)) : 0.0);
}

/* P(theta_1 > theta_0) and the mean of the difference. In (mu + theta_0, mu + theta_1) the prior is
 * a bivariate normal, so mu is out of the grid. */
static void by_grid(double *better, double *mean, double y0, double mu0)
{
    const size_t n = 120;
    double all = 0.0, above = 0.0, sum = 0.0, mu_variance = 2.5 * 2.5;
    for (size_t k = 0; k < 40; k++) {
        double kappa = ((double)k + 0.5) * 0.1;
        for (size_t t = 0; t < 40; t++) {
            double tau = ((double)t + 0.5) * 0.05, tau2 = tau * tau;
            double prior = exp(-0.5 * (kappa * kappa + tau2 / 0.25));
            double sum_sd = sqrt(2.0 * tau2 + 4.0 * mu_variance), gap_sd = sqrt(2.0) * tau;
            for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < n; j++) {
                    /* sum and difference of the two are independent; both in their own sds */
                    double s = -6.0 + 12.0 * ((double)i + 0.5) / (double)n;
                    double g = -6.0 + 12.0 * ((double)j + 0.5) / (double)n;
                    double a = 2.0 * mu0 + s * sum_sd, gap = g * gap_sd;
                    double w =
                        prior * exp(-0.5 * (s * s + g * g) + log_nb(y0, 0.5 * (a - gap), kappa) +
                                    ZEROS * log_nb(0.0, 0.5 * (a + gap), kappa));
                    all += w;
                    above += gap > 0.0 ? w : 0.0;
                    sum += w * gap;
                }
        }
    }
    *better = above / all;
    *mean = sum / all;
}

static void zeros_alone(void **state)
{
    double y[1 + ZEROS] = {5.0}, better, mean;
    uint32_t variant[1 + ZEROS] = {0, 1, 1, 1};
    struct abp_data data = {
        .posts = 1 + ZEROS, .y = y, .variant = variant, .variants = 2, .channels = 1, .slots = 1};
    struct abp_posterior p;
    struct abp_contrast contrasts[2];
    (void)state;
    by_grid(&better, &mean, 5.0, log(5.5 / 4.0));
    fit(&p, contrasts, &data, ABP_NEGBINOMIAL, 1);
    assert_true(abp_posterior_reliable(&p));
    double error = 4.0 / sqrt(p.ess);
    near(contrasts[1].p_better, better, 0.5 * error, "p_better beside the grid");
    near(contrasts[1].log_lift.mean, mean, error * contrasts[1].log_lift.sd, "log lift");
    abp_posterior_release(&p);
}

/* Amounts that are all alike leave kappa's posterior without a lower end: no number is right, and
 * none may be told as reliable. */
static void no_posterior(void **state)
{
    double y[20];
    uint32_t variant[20];
    struct abp_data data = {
        .posts = 20, .y = y, .variant = variant, .variants = 2, .channels = 1, .slots = 1};
    struct abp_posterior p;
    struct abp_contrast contrasts[2];
    (void)state;
    for (size_t i = 0; i < 20; i++) {
        y[i] = 17.0;
        variant[i] = (uint32_t)(i % 2);
    }
    fit(&p, contrasts, &data, ABP_LOGNORMAL, 1);
    assert_false(abp_posterior_reliable(&p));
    abp_posterior_release(&p);
}

/* ---- R-hat and effective draws ---- */

/* An autoregression of a known correlation is worth (1 - rho) / (1 + rho) of its draws. */
static void effective_draws(void **state)
{
    enum { CHAINS = 4, LENGTH = 4000 };
    static const double rhos[] = {0.0, 0.5, 0.9};
    double *x = calloc((size_t)CHAINS * LENGTH, sizeof *x), rhat, ess;
    struct abp_error err;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;
    assert_non_null(x);
    for (size_t r = 0; r < 3; r++) {
        for (size_t c = 0; c < CHAINS; c++) {
            double at = gsl_ran_gaussian(rng, 1.0);
            for (size_t i = 0; i < LENGTH; i++)
                x[c * LENGTH + i] = at =
                    rhos[r] * at + gsl_ran_gaussian(rng, sqrt(1.0 - rhos[r] * rhos[r]));
        }
        assert_int_equal(stats_convergence(&rhat, &ess, x, CHAINS, LENGTH, &err), 0);
        double want = CHAINS * LENGTH * (1.0 - rhos[r]) / (1.0 + rhos[r]);
        near(ess / want, 1.0, 0.2, "effective draws");
        near(rhat, 1.0, 0.01, "R-hat");
        for (size_t i = 0; i < LENGTH; i++) /* one chain elsewhere */
            x[i] += 1.0;
        assert_int_equal(stats_convergence(&rhat, &ess, x, CHAINS, LENGTH, &err), 0);
        assert_true(rhat > 1.05);
        assert_true(ess < 0.2 * want);
    }
    for (size_t i = 0; i < (size_t)CHAINS * LENGTH; i++)
        x[i] = 3.0;
    assert_int_equal(stats_convergence(&rhat, &ess, x, CHAINS, LENGTH, &err), 0);
    assert_true(isinf(rhat));
    gsl_rng_free(rng);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(effective_draws), cmocka_unit_test(zeros_alone),
        cmocka_unit_test(no_posterior), cmocka_unit_test(same_as_weights)};
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
