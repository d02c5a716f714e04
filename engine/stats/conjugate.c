#include "abpost/conjugate.h"

#include "stats/contest.h"
#include "stats/marginal.h"
#include "stats/ratio.h"

#include <math.h>
#include <stdlib.h>

static const double LARGEST = 1e15, SMALLEST_SHAPE = 1e-6, SMALLEST_EXPOSURE = 1e-15;

static const struct abp_summary no_summary = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};

/* ---- the input ---- */

static int in_range(double value, double low, double high)
{
    return value >= low && value <= high;
}

static int check_arm(const struct abp_conjugate_input *in, size_t v, struct abp_error *err)
{
    double total = in->arms[v].total, exposure = in->arms[v].exposure;
    if (!in_range(total, 0, LARGEST))
        return abp_fail(err, ABP_DATA, "variant %zu: the total %g is not between 0 and %g", v + 1,
                        total, LARGEST);
    if (in->family == ABP_BINOMIAL && !in_range(exposure, total, LARGEST))
        return abp_fail(err, ABP_DATA,
                        "variant %zu: %.17g successes of %.17g; family binomial needs an exposure "
                        "of at least the outcome, at most %g",
                        v + 1, total, exposure, LARGEST);
    if (in->family == ABP_POISSON && !in_range(exposure, SMALLEST_EXPOSURE, LARGEST))
        return abp_fail(err, ABP_DATA, "variant %zu: the exposure %g is not between %g and %g",
                        v + 1, exposure, SMALLEST_EXPOSURE, LARGEST);
    return 0;
}

/* Gives the prior with its defaults filled in. */
static int check_prior(double *a, double *b, const struct abp_conjugate_input *in,
                       struct abp_error *err)
{
    int binomial = in->family == ABP_BINOMIAL;
    double least_b = binomial ? SMALLEST_SHAPE : 0;
    *a = isnan(in->prior_a) ? 0.5 : in->prior_a;
    *b = isnan(in->prior_b) ? (binomial ? 0.5 : 0) : in->prior_b;
    if (!in_range(*a, SMALLEST_SHAPE, LARGEST))
        return abp_fail(err, ABP_DATA, "the prior's first number %g is not between %g and %g", *a,
                        SMALLEST_SHAPE, LARGEST);
    if (!in_range(*b, least_b, LARGEST))
        return abp_fail(err, ABP_DATA, "the prior's second number %g is not between %g and %g", *b,
                        least_b, LARGEST);
    return 0;
}

static int check(const struct abp_conjugate_input *in, struct abp_error *err)
{
    if (in->family != ABP_BINOMIAL && in->family != ABP_POISSON)
        return abp_fail(err, ABP_BUG, "the family is not a conjugate one");
    if (in->arm_count == 0 || in->baseline >= in->arm_count)
        return abp_fail(err, ABP_BUG, "variant %zu of %zu cannot be the baseline", in->baseline + 1,
                        in->arm_count);
    if (!(in->min_lift >= 0) || !(in->rope > 0))
        return abp_fail(err, ABP_DATA, "min_lift %g must be at least 0 and rope %g above 0",
                        in->min_lift, in->rope);
    for (size_t v = 0; v < in->arm_count; v++)
        if (check_arm(in, v, err))
            return -1;
    return 0;
}

/* ---- summaries ---- */

static const double probabilities[] = {0.025, 0.25, 0.5, 0.75, 0.975};

static void set_quantiles(struct abp_summary *s, const double q[5])
{
    s->q025 = q[0];
    s->q25 = q[1];
    s->q50 = q[2];
    s->q75 = q[3];
    s->q975 = q[4];
}

static int summarise_rate(struct abp_summary *s, const struct abp_marginal *m,
                          struct abp_error *err)
{
    double q[5];
    for (size_t i = 0; i < 5; i++) {
        if (abp_table_quantile(&q[i], &m->table, probabilities[i], err))
            return -1;
        q[i] = abp_marginal_rate(m, q[i]);
    }
    s->mean = abp_marginal_mean(m);
    s->sd = s->mean * sqrt(abp_marginal_variation(m));
    set_quantiles(s, q);
    return 0;
}

/* E[rate_v] E[1/rate_0] - 1, as one fraction so that near 0 it keeps its digits. */
static double lift_mean(const struct abp_marginal *v, const struct abp_marginal *base)
{
    if (!(base->alpha > 1))
        return NAN;
    double top = v->beta, bottom = base->beta;
    if (v->family == ABP_BINOMIAL) {
        top += v->alpha;
        bottom += base->alpha - 1;
    }
    return abp_cross(v->alpha, bottom, top, base->alpha - 1) / (top * (base->alpha - 1));
}

static int summarise_lift(struct abp_conjugate_result *r, const struct abp_ratio *ratio,
                          struct abp_error *err)
{
    double q[5], variation = abp_marginal_variation(ratio->top);
    double inverse = abp_marginal_inverse_variation(ratio->bottom);
    for (size_t i = 0; i < 5; i++) {
        if (abp_ratio_quantile(&q[i], ratio, probabilities[i], err))
            return -1;
        if (i > 0) /* two that agree but for rounding stay in order */
            q[i] = fmax(q[i], q[i - 1]);
    }
    r->log_lift.mean = abp_ratio_log_mean(ratio);
    r->log_lift.sd = abp_ratio_log_sd(ratio);
    set_quantiles(&r->log_lift, q);
    for (size_t i = 0; i < 5; i++) {
        q[i] = expm1(q[i]);
        if (!isfinite(q[i]))
            q[i] = NAN;
    }
    r->lift.mean = lift_mean(ratio->top, ratio->bottom);
    r->lift.sd = (1 + r->lift.mean) * sqrt(variation + inverse + variation * inverse);
    set_quantiles(&r->lift, q);
    return 0;
}

static int lift_at(struct abp_point *point, const struct abp_ratio *ratio, double lift,
                   struct abp_error *err)
{
    *point = (struct abp_point){.below = 0, .above = 1};
    if (lift > -1)
        abp_ratio_at(point, ratio, log1p(lift));
    return abp_point_check(point, err);
}

static int set_probabilities(struct abp_conjugate_result *r, const struct abp_ratio *ratio,
                             const struct abp_conjugate_input *in, struct abp_error *err)
{
    struct abp_point zero, low, high, drop, rise;
    if (lift_at(&zero, ratio, 0, err) || lift_at(&low, ratio, -in->rope, err) ||
        lift_at(&high, ratio, in->rope, err))
        return -1;
    drop = rise = zero;
    if (in->min_lift > 0 &&
        (lift_at(&drop, ratio, -in->min_lift, err) || lift_at(&rise, ratio, in->min_lift, err)))
        return -1;
    r->p_better = zero.above;
    r->p_above = rise.above;
    r->p_below = drop.below;
    r->p_same = low.below < 0.5 ? high.below - low.below : low.above - high.above;
    return 0;
}

static int compare_to_baseline(struct abp_conjugate_result *r, const struct abp_marginal *v,
                               const struct abp_marginal *base,
                               const struct abp_conjugate_input *in, struct abp_error *err)
{
    struct abp_ratio ratio;
    int rc = -1;
    if (abp_ratio_init(&ratio, v, base, err))
        goto out;
    if (summarise_lift(r, &ratio, err) || set_probabilities(r, &ratio, in, err))
        goto out;
    rc = 0;
out:
    abp_ratio_release(&ratio);
    return rc;
}

/* ---- the contest ---- */

/* E[(max - rate_v)/rate_0] = E[1/rate_0] E*[max - rate_v], where under E* the baseline's density is
 * the one proportional to density/rate: the same family with its first shape one less. */
static int ratio_losses(double *losses, const struct abp_marginal **rates,
                        const struct abp_conjugate_input *in, struct abp_error *err)
{
    const struct abp_marginal *base = rates[in->baseline];
    struct abp_marginal tilted;
    double inverse = abp_marginal_inverse_mean(base);
    if (in->arm_count > 1 && isnan(inverse)) {
        for (size_t v = 0; v < in->arm_count; v++)
            losses[v] = NAN;
        return 0;
    }
    if (in->arm_count == 1) {
        losses[0] = 0;
        return 0;
    }
    int rc = abp_marginal_init(&tilted, in->family, base->alpha - 1, base->beta, err);
    if (!rc) {
        rates[in->baseline] = &tilted;
        rc = abp_contest(NULL, losses, rates, in->arm_count, err);
        rates[in->baseline] = base;
    }
    for (size_t v = 0; v < in->arm_count; v++)
        losses[v] *= inverse;
    abp_marginal_release(&tilted);
    return rc;
}

static int hold_contests(struct abp_conjugate_result *results, const struct abp_marginal *marginals,
                         const struct abp_conjugate_input *in, struct abp_error *err)
{
    size_t count = in->arm_count;
    int rc = -1;
    const struct abp_marginal **rates = calloc(count, sizeof *rates);
    double *numbers = calloc(3 * count, sizeof *numbers);
    if (!rates || !numbers) {
        abp_fail_memory(err);
        goto out;
    }
    double *p_best = numbers, *loss = numbers + count, *ratio_loss = loss + count;
    for (size_t v = 0; v < count; v++)
        rates[v] = &marginals[v];
    if (abp_contest(p_best, loss, rates, count, err) || ratio_losses(ratio_loss, rates, in, err))
        goto out;
    for (size_t v = 0; v < count; v++) {
        results[v].p_best = p_best[v];
        results[v].rate_loss = loss[v];
        results[v].expected_loss = ratio_loss[v];
    }
    rc = 0;
out:
    free(rates);
    free(numbers);
    return rc;
}

int abp_conjugate(struct abp_conjugate_result *results, const struct abp_conjugate_input *input,
                  struct abp_error *err)
{
    double a, b;
    int rc = -1;
    if (check(input, err) || check_prior(&a, &b, input, err))
        return -1;
    struct abp_marginal *marginals = calloc(input->arm_count, sizeof *marginals);
    if (!marginals)
        return abp_fail_memory(err);
    for (size_t v = 0; v < input->arm_count; v++) {
        double y = input->arms[v].total, n = input->arms[v].exposure;
        double rest = input->family == ABP_BINOMIAL ? n - y : n;
        if (abp_marginal_init(&marginals[v], input->family, y + a, rest + b, err) ||
            summarise_rate(&results[v].rate, &marginals[v], err))
            goto out;
    }
    for (size_t v = 0; v < input->arm_count; v++) {
        struct abp_conjugate_result *r = &results[v];
        r->lift = r->log_lift = no_summary;
        r->p_better = r->p_above = r->p_below = r->p_same = NAN;
        if (v != input->baseline &&
            compare_to_baseline(r, &marginals[v], &marginals[input->baseline], input, err))
            goto out;
    }
    rc = hold_contests(results, marginals, input, err);
out:
    for (size_t v = 0; v < input->arm_count; v++)
        abp_marginal_release(&marginals[v]);
    free(marginals);
    return rc;
}
