#include "evaluate/evaluation.h"

#include "abpost/conjugate.h"
#include "abpost/summary.h"
#include "abpost/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- families with a dispersion ---- */

static int summarise(struct abp_summary *summary, const struct abp_posterior *p,
                     const double *values, struct abp_error *err)
{
    size_t count = 0;
    *summary = abp_summary_absent();
    if (!values)
        return 0;
    struct abp_weighted *draws = malloc(p->draws * sizeof *draws);
    if (!draws)
        return abp_fail_memory(err);
    for (size_t i = 0; i < p->draws; i++) /* draws of one point follow one another */
        if (count && values[i] <= draws[count - 1].value && values[i] >= draws[count - 1].value)
            draws[count - 1].weight += p->weight[i];
        else
            draws[count++] = (struct abp_weighted){values[i], p->weight[i]};
    abp_summarise(summary, draws, count);
    free(draws);
    return 0;
}

static int copy_channels(struct evaluation *e, const struct abp_posterior *p, size_t v,
                         struct abp_error *err)
{
    struct abp_variant_result *variant = &e->result->variants[v];
    const struct table *t = &e->table;
    variant->channels = calloc(t->channels, sizeof *variant->channels);
    if (!variant->channels)
        return abp_fail_memory(err);
    for (size_t c = 0; c < t->channels; c++) {
        struct abp_channel_result *channel = &variant->channels[c];
        if (!(channel->name = abp_strdup(e->posts->channels.list[c])))
            return abp_fail_memory(err);
        variant->channel_count++;
        channel->log_lift = p->channel_log_lift[v * t->channels + c];
        channel->p_better = p->channel_p_better[v * t->channels + c];
    }
    for (size_t i = 0; i < t->posts; i++)
        if (t->variant[i] == v)
            variant->channels[t->channel[i]].posts++;
    return 0;
}

static void copy_contrast(struct evaluation *e, size_t v)
{
    struct abp_variant_result *variant = &e->result->variants[v];
    const struct abp_contrast *c = &e->contrasts[v];
    variant->log_lift = c->log_lift;
    variant->lift = c->lift;
    variant->next_post = c->next_post;
    variant->p_better = c->p_better;
    variant->p_best = c->p_best;
    variant->expected_loss = c->expected_loss;
    variant->net_value = c->net;
    variant->p_net_better = c->p_net_better;
}

static int report_fit(struct evaluation *e, const struct abp_posterior *p, struct abp_error *err)
{
    struct abp_fit_result *fit = &e->result->fit;
    if (isnan(p->rhat))
        snprintf(fit->method, sizeof fit->method, "laplace mixture, importance sampling (psis)");
    else
        snprintf(fit->method, sizeof fit->method, "elliptical slice sampling, 4 chains, R-hat %.3f",
                 p->rhat);
    fit->khat = p->khat;
    fit->ess = p->ess;
    fit->reliable = abp_posterior_reliable(p);
    if (summarise(&fit->kappa, p, p->kappa, err) != 0 ||
        summarise(&fit->tau_v, p, p->tau_v, err) != 0 ||
        summarise(&fit->tau_u, p, p->tau_u, err) != 0 ||
        summarise(&fit->tau_b, p, p->tau_b, err) != 0 ||
        summarise(&fit->tau_w, p, p->tau_w, err) != 0)
        return -1;
    for (size_t v = 0; v < p->variants; v++) {
        copy_contrast(e, v);
        if (p->channel_log_lift && v > 0 && copy_channels(e, p, v, err) != 0)
            return -1;
    }
    return 0;
}

/* Names the post as its owner knows it: by its number, or by its line of the file. */
static int check_posts(const struct evaluation *e, struct abp_error *err)
{
    const struct abp_import *import = &e->experiment->import;
    struct abp_error why;
    for (size_t i = 0; i < e->table.posts; i++) {
        const struct abp_post_row *row = &e->posts->rows[e->table.row[i]];
        if (abp_posterior_accepts(e->family, e->table.y[i], e->table.n[i], &why) == 0)
            continue;
        if (e->posts->made)
            return abp_fail(err, why.code, "post %lld: %s", (long long)row->line, why.message);
        if (row->line > 0 && import->file)
            return abp_fail_at(err, why.code, import->file, (long)row->line, "%s", why.message);
        return 0; /* of no file: the fit says which of them it is */
    }
    return 0;
}

static int fit_posterior(struct evaluation *e, const double *cost, struct abp_error *err)
{
    const struct abp_decision *d = &e->experiment->decision;
    struct abp_data data = table_data(&e->table);
    struct abp_posterior *posterior = &e->posterior;
    struct abp_posterior_options ask = {
        .seed = e->seed, .mean_outcomes = !isnan(d->value), .check = !e->lean};
    struct abp_contrast_options options = {
        .min_lift = d->min_lift, .rope = d->rope, .value = d->value, .cost = cost, .seed = e->seed};
    if (check_posts(e, err) != 0)
        return -1;
    if (abp_posterior_fit(posterior, &data, e->family, &e->priors, &ask, err) != 0) {
        posterior->draws = 0;
        return -1;
    }
    if (abp_contrasts(e->contrasts, posterior, &options, err) != 0 ||
        report_fit(e, posterior, err) != 0)
        return -1;
    return e->lean ? 0 : evaluation_check_family(e, posterior->p_extreme, posterior->p_zeros, err);
}

/* ---- conjugate families ---- */

/* The net value is a line in the rate: value x rate x mean exposure of a post - cost. */
static struct abp_summary net_of(const struct abp_summary *rate, double scale, double cost)
{
    return (struct abp_summary){scale * rate->mean - cost, scale * rate->sd,
                                scale * rate->q025 - cost, scale * rate->q25 - cost,
                                scale * rate->q50 - cost,  scale * rate->q75 - cost,
                                scale * rate->q975 - cost};
}

static void copy_conjugate(struct evaluation *e, const struct abp_conjugate_result *results,
                           const double *cost)
{
    const struct table *t = &e->table;
    double value = e->experiment->decision.value, exposure = 0.0;
    for (size_t v = 0; v < t->variant_count; v++)
        exposure += t->variants[v].exposure / (double)t->posts;
    for (size_t v = 0; v < t->variant_count; v++) {
        const struct abp_conjugate_result *r = &results[v];
        e->contrasts[v] = (struct abp_contrast){.log_lift = r->log_lift,
                                                .lift = r->lift,
                                                .next_post = abp_summary_absent(),
                                                .p_better = r->p_better,
                                                .p_above = r->p_above,
                                                .p_below = r->p_below,
                                                .p_same = r->p_same,
                                                .p_best = r->p_best,
                                                .expected_loss = r->expected_loss,
                                                .p_net_better = NAN,
                                                .outcome = abp_summary_absent(),
                                                .net = abp_summary_absent()};
        if (!isnan(value) && !isnan(cost[v]))
            e->contrasts[v].net = net_of(&r->rate, value * exposure, cost[v]);
        copy_contrast(e, v);
    }
}

/* Arms without exposure yet have no conjugate posterior under an improper prior: they are reported
 * as absent, and the others compared without them. */
static int fit_conjugate(struct evaluation *e, const double *cost, struct abp_error *err)
{
    const struct table *t = &e->table;
    const struct abp_decision *d = &e->experiment->decision;
    struct abp_conjugate_arm *arms = calloc(t->variant_count, sizeof *arms);
    struct abp_conjugate_result *results = calloc(t->variant_count, sizeof *results);
    int rc = -1;
    if (!arms || !results) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t v = 0; v < t->variant_count; v++) {
        arms[v].total = t->variants[v].outcome;
        arms[v].exposure = t->variants[v].exposure;
        if (t->variants[v].posts == 0) {
            rc = evaluation_warn(e, err,
                                 "%s has no post with a reading yet, so %s is not computed for "
                                 "this experiment",
                                 t->variants[v].name, abp_family_name(e->family));
            goto out;
        }
    }
    struct abp_conjugate_input input = {.family = e->family,
                                        .arms = arms,
                                        .arm_count = t->variant_count,
                                        .prior_a = d->prior_a,
                                        .prior_b = d->prior_b,
                                        .min_lift = d->min_lift,
                                        .rope = d->rope};
    if (abp_conjugate(results, &input, err) != 0)
        goto out;
    copy_conjugate(e, results, cost);
    snprintf(e->result->fit.method, sizeof e->result->fit.method, "conjugate, quadrature");
    e->result->fit.reliable = 1;
    rc = e->lean ? 0 : evaluation_check_spread(e, err);
out:
    free(results);
    free(arms);
    return rc;
}

int evaluation_fit(struct evaluation *e, struct abp_error *err)
{
    const struct table *t = &e->table;
    double *cost = calloc(t->variant_count, sizeof *cost);
    if (!cost)
        return abp_fail_memory(err);
    for (size_t v = 0; v < t->variant_count; v++)
        cost[v] = t->variants[v].cost;
    int conjugate = e->family == ABP_POISSON || e->family == ABP_BINOMIAL;
    int rc = conjugate ? fit_conjugate(e, cost, err) : fit_posterior(e, cost, err);
    free(cost);
    return rc;
}
