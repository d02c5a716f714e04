#include "abpost/posterior.h"

#include "abpost/psis.h"
#include "abpost/summary.h"
#include "stats/replicate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct abp_priors abp_default_priors(enum abp_family family)
{
    struct abp_priors priors = {2.5, 0.5, 1.0, 0.25, 0.5, family == ABP_BETABINOMIAL ? 0.5 : 1.0};
    return priors;
}

static int allocate(struct abp_posterior *p, const struct stats_draws *draws, int outcomes,
                    struct abp_error *err)
{
    const struct stats_design *d = draws->latent->design;
    size_t n = draws->count;
    p->draws = n;
    p->variants = d->variants;
    p->channels = d->channels;
    p->weight = calloc(n, sizeof(double));
    p->mu = calloc(n, sizeof(double));
    p->theta = calloc(n * d->variants, sizeof(double));
    p->kappa = calloc(n, sizeof(double));
    p->tau_v = calloc(n, sizeof(double));
    int failed = !p->weight || !p->mu || !p->theta || !p->kappa || !p->tau_v;
    if (d->has_channels) {
        p->tau_u = calloc(n, sizeof(double));
        p->tau_b = calloc(n, sizeof(double));
        p->channel_log_lift = calloc(d->variants * d->channels, sizeof *p->channel_log_lift);
        p->channel_p_better = calloc(d->variants * d->channels, sizeof(double));
        failed |= !p->tau_u || !p->tau_b || !p->channel_log_lift || !p->channel_p_better;
    }
    if (d->has_slots)
        failed |= !(p->tau_w = calloc(n, sizeof(double)));
    if (outcomes)
        failed |= !(p->outcome = calloc(n * d->variants, sizeof(double)));
    return failed ? abp_fail_memory(err) : 0;
}

static void copy_draws(struct abp_posterior *p, const struct stats_draws *draws)
{
    const struct stats_latent *latent = draws->latent;
    for (size_t i = 0; i < draws->count; i++) {
        const struct stats_scales *s = &stats_draw_field(draws, i)->scales;
        const double *g = draws->globals + i * latent->globals;
        p->weight[i] = draws->weight[i];
        p->mu[i] = g[latent->at_mu];
        memcpy(p->theta + i * p->variants, g + latent->at_theta, p->variants * sizeof *g);
        p->kappa[i] = s->dispersion.kappa;
        p->tau_v[i] = s->tau_v;
        if (p->tau_u) {
            p->tau_u[i] = s->tau_u;
            p->tau_b[i] = s->tau_b;
        }
        if (p->tau_w)
            p->tau_w[i] = s->tau_w;
    }
}

/* log pi(high) - log pi(low) or high - low: the log of the ratio of two rates. */
static double log_ratio(enum abp_family family, double high, double low)
{
    if (family != ABP_BETABINOMIAL)
        return high - low;
    double from_high = high > 0.0 ? log1p(exp(-high)) : log1p(exp(high)) - high;
    double from_low = low > 0.0 ? log1p(exp(-low)) : log1p(exp(low)) - low;
    return from_low - from_high;
}

/* The lift of every variant on one channel. */
static void summarise_channel(struct abp_posterior *p, const struct stats_draws *draws, size_t c,
                              uint32_t baseline, const struct stats_terms *terms,
                              struct abp_weighted *scratch)
{
    size_t K = p->variants;
    for (size_t v = 0; v < K; v++) {
        struct abp_summary *lift = &p->channel_log_lift[v * p->channels + c];
        double *better = &p->channel_p_better[v * p->channels + c], sum = 0.0;
        *lift = abp_summary_absent();
        *better = NAN;
        if (v == baseline)
            continue;
        for (size_t i = 0; i < draws->count; i++) {
            double base = p->mu[i] + terms->u[i];
            double high = base + p->theta[i * K + v] + terms->b[i * K + v];
            double low = base + p->theta[i * K + baseline] + terms->b[i * K + baseline];
            scratch[i].value = log_ratio(p->family, high, low);
            scratch[i].weight = draws->weight[i];
            if (scratch[i].value > 0.0)
                sum += scratch[i].weight;
        }
        *better = fmin(fmax(sum, 0.0), 1.0);
        abp_summarise(lift, scratch, draws->count);
    }
}

/* Adds to every draw the mean outcomes of the posts of channel c, had each been of style v. */
static void add_outcomes(struct abp_posterior *p, const struct stats_draws *draws, size_t c,
                         const double *u)
{
    const struct stats_latent *latent = draws->latent;
    const struct stats_design *d = latent->design;
    for (size_t i = 0; i < draws->count; i++) {
        const double *g = draws->globals + i * latent->globals;
        const struct stats_dispersion *dispersion = &stats_draw_field(draws, i)->scales.dispersion;
        for (size_t j = d->channel_start[c]; j < d->channel_start[c + 1]; j++) {
            const struct stats_cell *cell = &d->cells[j];
            double eta = p->mu[i] + (u ? u[i] : 0.0) + (d->has_slots ? g[cell->slot] : 0.0);
            for (size_t v = 0; v < p->variants; v++)
                p->outcome[i * p->variants + v] +=
                    cell->count / d->posts *
                    latent->family->mean(dispersion, cell->n, eta + p->theta[i * p->variants + v]);
        }
    }
}

/* Goes through the channels once more, with the same draws, now that their weights are known. */
static int look_at_channels(struct abp_posterior *p, struct stats_draws *draws, uint32_t baseline,
                            struct abp_error *err)
{
    struct stats_terms terms;
    int rc = -1;
    if (p->outcome && stats_draws_complete(draws, err) != 0)
        return -1;
    if (stats_terms_init(&terms, draws, draws->count, err) != 0)
        return -1;
    struct abp_weighted *scratch = malloc(draws->count * sizeof *scratch);
    if (!scratch) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t c = 0; c < terms.passes; c++) {
        if (stats_terms_load(&terms, draws, c, err) != 0)
            goto out;
        if (terms.u)
            summarise_channel(p, draws, c, baseline, &terms, scratch);
        if (p->outcome)
            add_outcomes(p, draws, c, terms.u);
    }
    rc = 0;
out:
    free(scratch);
    stats_terms_release(&terms);
    return rc;
}

/* Fills the posterior from the draws, with what was asked beyond them. */
static int answer(struct abp_posterior *p, struct stats_draws *draws, const struct abp_data *data,
                  const struct abp_posterior_options *options, struct abp_error *err)
{
    p->khat = draws->khat;
    p->ess = draws->ess;
    p->p_extreme = p->p_zeros = NAN;
    if (allocate(p, draws, options->mean_outcomes, err) != 0)
        return -1;
    copy_draws(p, draws);
    if ((p->tau_u || p->outcome) && look_at_channels(p, draws, options->baseline, err) != 0)
        return -1;
    if (options->check && stats_draws_check(draws, data, &p->p_extreme, &p->p_zeros, err) != 0)
        return -1;
    if (!options->log_scores)
        return 0;
    p->post_scores = calloc(data->posts, sizeof *p->post_scores);
    if (!p->post_scores)
        return abp_fail_memory(err);
    return stats_draws_scores(draws, data, p->post_scores, err);
}

int abp_posterior_fit(struct abp_posterior *posterior, const struct abp_data *data,
                      enum abp_family family, const struct abp_priors *priors,
                      const struct abp_posterior_options *options, struct abp_error *err)
{
    struct stats_design design = {0};
    struct stats_latent latent = {0};
    struct stats_points points = {0};
    struct stats_draws draws = {0};
    const struct stats_family *functions = stats_family(family);
    int rc = -1;
    memset(posterior, 0, sizeof *posterior);
    if (!functions)
        return abp_fail(err, ABP_BUG, "family %d has no latent field", (int)family);
    posterior->family = family;
    if (stats_design_init(&design, data, family, err) != 0 ||
        stats_latent_init(&latent, &design, functions, err) != 0 ||
        stats_points_init(&points, &latent, priors, options->seed, err) != 0 ||
        stats_draws_init(&draws, &latent, &points, options->seed, options->draws_least, err) != 0 ||
        answer(posterior, &draws, data, options, err) != 0)
        goto out;
    rc = 0;
out:
    stats_draws_release(&draws);
    stats_points_release(&points);
    stats_latent_release(&latent);
    stats_design_release(&design);
    if (rc != 0)
        abp_posterior_release(posterior);
    return rc;
}

void abp_posterior_release(struct abp_posterior *posterior)
{
    double *const arrays[] = {posterior->weight,     posterior->mu,
                              posterior->theta,      posterior->kappa,
                              posterior->tau_v,      posterior->tau_u,
                              posterior->tau_b,      posterior->tau_w,
                              posterior->outcome,    posterior->channel_p_better,
                              posterior->post_scores};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    free(posterior->channel_log_lift);
    memset(posterior, 0, sizeof *posterior);
}
