#include "abpost/contrast.h"

#include "abpost/summary.h"
#include "stats/effect.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

static double log_rate(const struct abp_posterior *p, size_t i, size_t v)
{
    return stats_log_rate(p->family, p->mu[i], p->theta[i * p->variants + v]);
}

/* The rate of one post over the mean rate of its style, where that is the same for all styles. */
static double post_spread(const struct abp_posterior *p, size_t i, gsl_rng *rng)
{
    double kappa = p->kappa[i], size = 1.0 / (kappa * kappa);
    if (p->family == ABP_POISSON_LOGNORMAL || p->family == ABP_LOGNORMAL)
        return exp(kappa * gsl_ran_gaussian_ziggurat(rng, 1.0) - 0.5 * kappa * kappa);
    return size > 1e8 ? 1.0 /* posts as good as alike */ : gsl_ran_gamma(rng, size, 1.0 / size);
}

/* The same of a rate that is a share of the exposure. */
static double share_spread(const struct abp_posterior *p, size_t i, size_t v, gsl_rng *rng)
{
    double kappa = p->kappa[i], size = 1.0 / (kappa * kappa);
    if (size > 1e8)
        return 1.0;
    double pi = exp(log_rate(p, i, v)),
           rest = 1.0 / (1.0 + exp(p->mu[i] + p->theta[i * p->variants + v]));
    double hit = gsl_ran_gamma(rng, pi * size, 1.0), miss = gsl_ran_gamma(rng, rest * size, 1.0);
    return hit > 0.0 ? hit / (hit + miss) / pi : 0.0;
}

struct workspace {
    double *log_ratio;          /* draws x variants: log R_v */
    double *column;             /* draws: one variant's */
    double *ratio;              /* draws x variants: R_v */
    double *spread;             /* draws: of the next post, where all styles have it in common */
    struct abp_weighted *draws; /* draws */
    gsl_rng *rng;
};

static struct abp_summary summarise(struct workspace *work, const struct abp_posterior *p)
{
    struct abp_summary summary;
    for (size_t i = 0; i < p->draws; i++)
        work->draws[i].weight = p->weight[i];
    abp_summarise(&summary, work->draws, p->draws);
    return summary;
}

static double probability(double sum)
{
    return fmin(fmax(sum, 0.0), 1.0);
}

static void contrast_ratios(struct abp_contrast *c, const struct abp_posterior *p,
                            const struct abp_contrast_options *options, struct workspace *work,
                            size_t v)
{
    double *log_ratio = work->column;
    struct abp_effect effect;
    for (size_t i = 0; i < p->draws; i++)
        log_ratio[i] = work->log_ratio[i * p->variants + v];
    stats_effect(&effect, log_ratio, p->weight, p->draws, options->min_lift, options->rope,
                 work->draws);
    c->log_lift = effect.log_lift;
    c->lift = effect.lift;
    c->p_better = effect.p_better;
    c->p_above = effect.p_above;
    c->p_below = effect.p_below;
    c->p_same = effect.p_same;
    for (size_t i = 0; i < p->draws; i++)
        work->draws[i].value =
            work->ratio[i * p->variants + v] *
            (p->family == ABP_BETABINOMIAL ? share_spread(p, i, v, work->rng) : work->spread[i]);
    c->next_post = summarise(work, p);
}

/* p_best and expected_loss of every variant. */
static void contest(struct abp_contrast *contrasts, const struct abp_posterior *p,
                    const struct workspace *work)
{
    size_t K = p->variants;
    for (size_t v = 0; v < K; v++)
        contrasts[v].p_best = contrasts[v].expected_loss = 0.0;
    for (size_t i = 0; i < p->draws; i++) {
        const double *row = work->log_ratio + i * K;
        size_t best = 0;
        for (size_t v = 1; v < K; v++)
            if (row[v] > row[best])
                best = v;
        const double *ratio = work->ratio + i * K;
        contrasts[best].p_best += p->weight[i];
        for (size_t v = 0; v < K; v++)
            contrasts[v].expected_loss += p->weight[i] * (ratio[best] - ratio[v]);
    }
    for (size_t v = 0; v < K; v++) {
        contrasts[v].p_best = probability(contrasts[v].p_best);
        contrasts[v].expected_loss = fmax(contrasts[v].expected_loss, 0.0);
    }
}

static void worth(struct abp_contrast *contrasts, const struct abp_posterior *p,
                  const struct abp_contrast_options *options, struct workspace *work)
{
    size_t K = p->variants, base = options->baseline;
    for (size_t v = 0; v < K; v++) {
        struct abp_contrast *c = &contrasts[v];
        double cost = options->cost ? options->cost[v] : NAN, sum = 0.0;
        double base_cost = options->cost ? options->cost[base] : NAN;
        c->outcome = c->net = abp_summary_absent();
        c->p_net_better = NAN;
        if (!p->outcome)
            continue;
        for (size_t i = 0; i < p->draws; i++)
            work->draws[i].value = p->outcome[i * K + v];
        c->outcome = summarise(work, p);
        if (isnan(cost) || isnan(options->value))
            continue;
        for (size_t i = 0; i < p->draws; i++)
            work->draws[i].value = options->value * p->outcome[i * K + v] - cost;
        c->net = summarise(work, p);
        if (v == base || isnan(base_cost))
            continue;
        for (size_t i = 0; i < p->draws; i++) {
            double more = p->outcome[i * K + v] - p->outcome[i * K + base];
            sum += options->value * more > cost - base_cost ? p->weight[i] : 0.0;
        }
        c->p_net_better = probability(sum);
    }
}

/* Every draw's ratios to the base, and the spread of one post around its rate. */
static void work_out(struct workspace *work, const struct abp_posterior *p, size_t base)
{
    size_t K = p->variants;
    for (size_t i = 0; i < p->draws; i++) {
        double zero = log_rate(p, i, base);
        for (size_t v = 0; v < K; v++)
            work->log_ratio[i * K + v] = v == base ? 0.0 : log_rate(p, i, v) - zero;
        for (size_t v = 0; v < K; v++)
            work->ratio[i * K + v] = v == base ? 1.0 : exp(work->log_ratio[i * K + v]);
    }
    for (size_t i = 0; i < p->draws; i++)
        work->spread[i] = p->family == ABP_BETABINOMIAL ? 1.0 : post_spread(p, i, work->rng);
}

int abp_contrasts(struct abp_contrast *contrasts, const struct abp_posterior *posterior,
                  const struct abp_contrast_options *options, struct abp_error *err)
{
    const struct abp_posterior *p = posterior;
    size_t K = p->variants, base = options->baseline;
    struct workspace work = {
        malloc(p->draws * K * sizeof(double)), malloc(p->draws * sizeof(double)),
        malloc(p->draws * K * sizeof(double)), malloc(p->draws * sizeof(double)),
        malloc(p->draws * sizeof *work.draws), gsl_rng_alloc(gsl_rng_taus2)};
    int rc = -1;
    if (!work.log_ratio || !work.column || !work.ratio || !work.spread || !work.draws ||
        !work.rng) {
        abp_fail_memory(err);
        goto out;
    }
    gsl_rng_set(work.rng, (unsigned long)(options->seed & 0xFFFFFFFFu));
    work_out(&work, p, base);
    contest(contrasts, p, &work);
    worth(contrasts, p, options, &work);
    for (size_t v = 0; v < K; v++) {
        struct abp_contrast *c = &contrasts[v];
        c->log_lift = c->lift = c->next_post = abp_summary_absent();
        c->p_better = c->p_above = c->p_below = c->p_same = NAN;
        if (v == base)
            continue;
        contrast_ratios(c, p, options, &work, v);
    }
    rc = 0;
out:
    gsl_rng_free(work.rng);
    free(work.draws);
    free(work.spread);
    free(work.ratio);
    free(work.column);
    free(work.log_ratio);
    return rc;
}
