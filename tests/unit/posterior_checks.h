/* What must hold of every posterior, whatever the data. For the tests of the posterior. */
#ifndef ABPOST_TESTS_POSTERIOR_CHECKS_H
#define ABPOST_TESTS_POSTERIOR_CHECKS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abpost/contrast.h"
#include "abpost/posterior.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline void check_finite(const double *values, size_t count, const char *what)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            fail_msg("%s: number %zu of %zu is %g", what, i, count, values[i]);
}

static inline void check_summary(const struct abp_summary *s, const char *what)
{
    const double all[] = {s->mean, s->sd, s->q025, s->q25, s->q50, s->q75, s->q975};
    check_finite(all, 7, what);
    if (!(s->sd >= 0.0 && s->q025 <= s->q25 && s->q25 <= s->q50 && s->q50 <= s->q75 &&
          s->q75 <= s->q975))
        fail_msg("%s: quantiles %g %g %g %g %g, sd %g", what, s->q025, s->q25, s->q50, s->q75,
                 s->q975, s->sd);
}

static inline void check_probability(double p, const char *what)
{
    if (!(p >= 0.0 && p <= 1.0))
        fail_msg("%s: the probability is %g", what, p);
}

/* Draws and weights are numbers, weights sum to 1, scales are above 0. */
static inline void check_posterior(const struct abp_posterior *p, uint32_t baseline)
{
    double sum = 0.0;
    const double *const scales[] = {p->kappa, p->tau_v, p->tau_u, p->tau_b, p->tau_w};
    check_finite(p->weight, p->draws, "weight");
    check_finite(p->mu, p->draws, "mu");
    check_finite(p->theta, p->draws * p->variants, "theta");
    for (size_t k = 0; k < 5; k++) {
        if (!scales[k])
            continue;
        check_finite(scales[k], p->draws, "scale");
        for (size_t i = 0; i < p->draws; i++)
            assert_true(scales[k][i] > 0.0);
    }
    for (size_t i = 0; i < p->draws; i++)
        sum += p->weight[i];
    assert_true(fabs(sum - 1.0) < 1e-9);
    assert_true(p->khat > -INFINITY);
    assert_true(p->ess >= 1.0 - 1e-9);
    for (size_t v = 0; v < p->variants && p->channel_log_lift; v++)
        for (size_t c = 0; c < p->channels; c++) {
            const struct abp_summary *s = &p->channel_log_lift[v * p->channels + c];
            if (v == baseline) {
                assert_true(isnan(s->mean) != 0);
                continue;
            }
            check_summary(s, "channel");
            check_probability(p->channel_p_better[v * p->channels + c], "channel");
        }
}

/* p_best sums to 1, what is told of each variant is in its range and only the baseline has gaps. */
static inline void check_contrasts(const struct abp_contrast *contrasts, size_t variants,
                                   uint32_t baseline)
{
    double best = 0.0;
    for (size_t v = 0; v < variants; v++) {
        const struct abp_contrast *c = &contrasts[v];
        check_probability(c->p_best, "p_best");
        best += c->p_best;
        assert_true(c->expected_loss >= 0.0 && c->expected_loss < INFINITY);
        if (v == baseline) {
            assert_true(isnan(c->p_better) != 0);
            continue;
        }
        check_summary(&c->log_lift, "log lift");
        check_summary(&c->lift, "lift");
        check_summary(&c->next_post, "next post");
        check_probability(c->p_better, "p_better");
        check_probability(c->p_above, "p_above");
        check_probability(c->p_below, "p_below");
        check_probability(c->p_same, "p_same");
        assert_true(fabs(c->lift.q50 - expm1(c->log_lift.q50)) <=
                    1e-12 * (1.0 + fabs(c->lift.q50)));
    }
    assert_true(fabs(best - 1.0) < 1e-6);
}

/* A posterior with its contrasts, both checked. */
struct checked {
    struct abp_posterior posterior;
    struct abp_contrast *contrasts; /* owned; variants */
    double seconds;                 /* of this thread */
};

static inline void fit_checked(struct checked *fit, const struct abp_data *data,
                               enum abp_family family, uint32_t baseline, const char *name)
{
    struct abp_error err;
    struct abp_priors priors = abp_default_priors(family);
    struct abp_posterior_options options = {.seed = 7, .baseline = baseline, .mean_outcomes = 1};
    struct abp_contrast_options wanted = {
        .baseline = baseline, .rope = 0.05, .value = NAN, .seed = 7};
    clock_t start = clock();
    if (abp_posterior_fit(&fit->posterior, data, family, &priors, &options, &err) != 0)
        fail_msg("%s, %s: %s", name, abp_family_name(family), err.message);
    fit->contrasts = calloc(data->variants, sizeof *fit->contrasts);
    assert_non_null(fit->contrasts);
    assert_int_equal(abp_contrasts(fit->contrasts, &fit->posterior, &wanted, &err), 0);
    fit->seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("  %-34s %-18s k-hat %5.2f, R-hat %5.3f, ess %6.0f of %5zu draws, %6.2f s%s\n", name,
           abp_family_name(family), fit->posterior.khat, fit->posterior.rhat, fit->posterior.ess,
           fit->posterior.draws, fit->seconds,
           abp_posterior_reliable(&fit->posterior) ? "" : "  <-- not reliable");
    fflush(stdout);
    check_posterior(&fit->posterior, baseline);
    check_contrasts(fit->contrasts, data->variants, baseline);
}

static inline void release_checked(struct checked *fit)
{
    abp_posterior_release(&fit->posterior);
    free(fit->contrasts);
}

#endif
