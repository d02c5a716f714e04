/* Leave-one-out scores: of the post that matters most too, where importance weights give up. */
#include "posterior_checks.h"

#include <gsl/gsl_errno.h>

#define POSTS 24

static double log_nb(double y, double eta, double kappa)
{
    double r = 1.0 / (kappa * kappa), m = exp(eta);
    return lgamma(y + r) - lgamma(r) - lgamma(y + 1.0) + r * log(r / (r + m)) +
           (y > 0.0 ? y * log(m / (r + m)) : 0.0);
}

/* Posts of 1 to 13, and a viral one at the end. */
static void make(double *y, double viral)
{
    static const double ordinary[] = {1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 4.0};
    for (size_t i = 0; i < POSTS; i++) {
        y[i] = ordinary[i % 7];
    }
    y[POSTS - 1] = viral;
}

/* The viral post's score by brute force: with one style, mu + theta is normal given tau, so that
 * three numbers are left to integrate over. */
static double by_grid(const double *y)
{
    double with = 0.0, without = 0.0, sum = 0.5;
    for (size_t i = 0; i < POSTS; i++)
        sum += y[i];
    double mu0 = log(sum / POSTS);
    for (double kappa = 0.0125; kappa < 5.0; kappa += 0.025)
        for (double eta = -2.0; eta < 8.0; eta += 0.025) {
            double likelihood = 0.0, prior = 0.0;
            for (double tau = 0.05; tau < 2.5; tau += 0.1) {
                double sd = sqrt(6.25 + tau * tau), z = (eta - mu0) / sd;
                prior += exp(-0.5 * (tau * tau / 0.25 + kappa * kappa + z * z)) / sd;
            }
            for (size_t i = 0; i + 1 < POSTS; i++)
                likelihood += log_nb(y[i], eta, kappa);
            without += prior * exp(likelihood);
            with += prior * exp(likelihood + log_nb(y[POSTS - 1], eta, kappa));
        }
    return log(with / without);
}

static void viral(void **state)
{
    double y[POSTS];
    uint32_t variant[POSTS] = {0};
    struct abp_data data = {
        .posts = POSTS, .y = y, .variant = variant, .variants = 1, .channels = 1, .slots = 1};
    struct abp_posterior p;
    struct abp_error err;
    struct abp_priors priors = abp_default_priors(ABP_NEGBINOMIAL);
    struct abp_posterior_options options = {.seed = 2, .log_scores = 1};
    (void)state;
    for (double most = 20.0; most < 700.0; most *= 2.0) {
        make(y, most);
        assert_int_equal(abp_posterior_fit(&p, &data, ABP_NEGBINOMIAL, &priors, &options, &err), 0);
        check_finite(p.post_scores, POSTS, "score");
        double want = by_grid(y), got = p.post_scores[POSTS - 1];
        printf("  a post of %.0f: score %.3f, by grid %.3f\n", most, got, want);
        /* by weights of a k-hat below 0.5 some hundredths off, by a fit to the others a few
           thousandths */
        if (!(fabs(got - want) < (most < 30.0 ? 0.08 : 0.02)))
            fail_msg("a post of %.0f: score %.3f, by grid %.3f", most, got, want);
        abp_posterior_release(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(viral)};
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
