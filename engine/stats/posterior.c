#include "abpost/posterior.h"

#include "abpost/psis.h"
#include "abpost/summary.h"
#include "stats/chains.h"
#include "stats/replicate.h"
#include "stats/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct abp_priors abp_default_priors(enum abp_family family)
{
    struct abp_priors priors = {2.5, 0.5, 1.0, 0.25, 0.5, family == ABP_BETABINOMIAL ? 0.5 : 1.0};
    return priors;
}

#define GOLDEN_SECTION 0.61803398874989485

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
    p->factors = d->factors;
    p->levels = d->levels;
    if (d->factors) {
        p->alpha = calloc(n * d->levels, sizeof(double));
        p->tau_f = calloc(n * d->factors, sizeof(double));
        failed |= !p->alpha || !p->tau_f;
    }
    if (outcomes)
        failed |= !(p->outcome = calloc(n * d->variants, sizeof(double)));
    return failed ? abp_fail_memory(err) : 0;
}

static void copy_draws(struct abp_posterior *p, const struct stats_draws *draws)
{
    const struct stats_latent *latent = draws->latent;
    for (size_t i = 0; i < draws->count; i++) {
        const struct stats_scales *s = stats_draw_scales(draws, i);
        const double *g = draws->globals + i * latent->globals;
        p->weight[i] = draws->weight[i];
        p->mu[i] = g[latent->at_mu];
        for (size_t v = 0; v < p->variants; v++)
            p->theta[i * p->variants + v] = latent->design->factors
                                                ? stats_core_sum(latent, g, v) - g[latent->at_mu]
                                                : g[latent->at_theta + v];
        p->kappa[i] = s->dispersion.kappa;
        p->tau_v[i] = s->tau_v;
        if (p->tau_u) {
            p->tau_u[i] = s->tau_u;
            p->tau_b[i] = s->tau_b;
        }
        if (p->tau_w)
            p->tau_w[i] = s->tau_w;
        if (!p->alpha)
            continue;
        memcpy(p->alpha + i * p->levels, g + latent->at_alpha, p->levels * sizeof *g);
        memcpy(p->tau_f + i * p->factors, s->tau_f, p->factors * sizeof *s->tau_f);
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

/* The log lift of v on channel c of those draws that have the channel's terms. */
static void lifts_of_terms(struct abp_weighted *lifts, const struct abp_posterior *p, size_t v,
                           uint32_t baseline, const struct stats_terms *terms)
{
    size_t K = p->variants;
    for (size_t i = 0; i < terms->count; i++) {
        double base = p->mu[i] + terms->u[i];
        double high = base + p->theta[i * K + v] + terms->b[i * K + v];
        double low = base + p->theta[i * K + baseline] + terms->b[i * K + baseline];
        lifts[i].value = log_ratio(p->family, high, low);
    }
}

/* Of the others: each from its Gaussian, where a log lift is itself normal. normals: theirs. */
static void lifts_of_points(struct abp_weighted *lifts, const struct stats_draws *draws, size_t c,
                            size_t v, uint32_t baseline, size_t from, const double *normals)
{
    double mean = 0.0, sd = 0.0;
    for (size_t i = from; i < draws->count; i++) {
        if (i == from || draws->point[i] != draws->point[i - 1])
            stats_field_channel_lift(stats_draw_field(draws, i), draws->latent, c, v, baseline,
                                     &mean, &sd);
        lifts[i].value = mean + sd * normals[i - from];
    }
}

/* The lift of every variant on one channel. */
static void summarise_channel(struct abp_posterior *p, const struct stats_draws *draws, size_t c,
                              uint32_t baseline, const struct stats_terms *terms,
                              const double *normals, struct abp_weighted *scratch)
{
    size_t K = p->variants;
    for (size_t v = 0; v < K; v++) {
        struct abp_summary *lift = &p->channel_log_lift[v * p->channels + c];
        double *better = &p->channel_p_better[v * p->channels + c], sum = 0.0;
        *lift = abp_summary_absent();
        *better = NAN;
        if (v == baseline)
            continue;
        lifts_of_terms(scratch, p, v, baseline, terms);
        lifts_of_points(scratch, draws, c, v, baseline, terms->count, normals);
        for (size_t i = 0; i < draws->count; i++) {
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
                         const double *u, const double *b)
{
    const struct stats_latent *latent = draws->latent;
    const struct stats_design *d = latent->design;
    for (size_t i = 0; i < draws->count; i++) {
        const double *g = draws->globals + i * latent->globals;
        const struct stats_dispersion *dispersion = &stats_draw_scales(draws, i)->dispersion;
        for (size_t j = d->channel_start[c]; j < d->channel_start[c + 1]; j++) {
            const struct stats_cell *cell = &d->cells[j];
            double eta = p->mu[i] + (u ? u[i] : 0.0) + (d->has_slots ? g[cell->slot] : 0.0);
            for (size_t v = 0; v < p->variants; v++)
                p->outcome[i * p->variants + v] +=
                    cell->count / d->posts *
                    latent->family->mean(dispersion, cell->n,
                                         eta + p->theta[i * p->variants + v] +
                                             (b ? b[i * p->variants + v] : 0.0));
        }
    }
}

/* Goes through the channels once more, with the same draws, now that their weights are known. */
static int look_at_channels(struct abp_posterior *p, const struct stats_draws *draws,
                            struct stats_terms *terms, uint32_t baseline, struct abp_error *err)
{
    int rc = -1;
    struct abp_weighted *scratch = malloc(draws->count * sizeof *scratch);
    double *normals = malloc((1 + draws->count - terms->count) * sizeof *normals), place = 0.5;
    if (!scratch || !normals) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t i = terms->count; i < draws->count; i++) { /* beside the points' own even steps */
        place += GOLDEN_SECTION;
        place -= floor(place);
        normals[i - terms->count] = stats_normal_quantile(fmax(place, 1e-12));
    }
    for (size_t c = 0; c < terms->passes; c++) {
        if (stats_terms_load(terms, draws, c, err) != 0)
            goto out;
        if (terms->u)
            summarise_channel(p, draws, c, baseline, terms, normals, scratch);
        if (p->outcome)
            add_outcomes(p, draws, c, terms->u, terms->b);
    }
    rc = 0;
out:
    free(normals);
    free(scratch);
    return rc;
}

/* What takes the channels' terms. */
static int look_again(struct abp_posterior *p, struct stats_draws *draws,
                      const struct abp_data *data, const struct abp_posterior_options *options,
                      struct abp_error *err)
{
    struct stats_terms terms;
    int all = p->outcome || (p->tau_u && p->family == ABP_BETABINOMIAL), rc = 0;
    if (p->outcome && stats_draws_complete(draws, err) != 0)
        return -1;
    if (stats_terms_init(&terms, draws, all ? draws->count : draws->weighed, err) != 0)
        return -1;
    if (p->tau_u || p->outcome)
        rc = look_at_channels(p, draws, &terms, options->baseline, err);
    if (rc == 0 && options->check)
        rc = stats_draws_check(draws, data, &terms, &p->p_extreme, &p->p_zeros, err);
    stats_terms_release(&terms);
    return rc;
}

/* Fills the posterior from the draws, with what was asked beyond them. */
static int answer(struct abp_posterior *p, struct stats_draws *draws, const struct abp_data *data,
                  const struct abp_posterior_options *options, struct abp_error *err)
{
    p->khat = draws->khat;
    p->rhat = draws->rhat;
    p->ess = draws->ess;
    p->p_extreme = p->p_zeros = NAN;
    if (allocate(p, draws, options->mean_outcomes, err) != 0)
        return -1;
    copy_draws(p, draws);
    return look_again(p, draws, data, options, err);
}

int abp_posterior_reliable(const struct abp_posterior *p)
{
    if (isnan(p->rhat))
        return p->khat <= ABP_KHAT_LIMIT && p->ess >= ABP_ESS_LIMIT;
    return p->rhat <= ABP_RHAT_LIMIT && p->ess >= ABP_ESS_CHAINS;
}

/* What a fit is made of, from the posts to the draws. */
struct parts {
    struct stats_design design;
    struct stats_latent latent;
    struct stats_points points;
    struct stats_draws draws;
};

static void parts_release(struct parts *parts)
{
    stats_draws_release(&parts->draws);
    stats_points_release(&parts->points);
    stats_latent_release(&parts->latent);
    stats_design_release(&parts->design);
}

/* Chains where the weights can't be trusted. */
static int make_sure(struct stats_draws *draws, struct stats_latent *latent,
                     const struct abp_priors *priors, const struct abp_posterior_options *options,
                     struct abp_error *err)
{
    int sure = draws->khat <= ABP_KHAT_LIMIT && draws->ess >= ABP_ESS_LIMIT;
    if ((sure && !options->chains) || !stats_chains_possible(latent))
        return 0;
    return stats_chains_run(draws, latent, priors, err);
}

/* mu0: the centre of mu's prior; NaN: the data's. To be released whatever comes back. */
static int parts_init(struct parts *parts, const struct abp_data *data, enum abp_family family,
                      double mu0, const struct abp_priors *priors,
                      const struct abp_posterior_options *options, struct abp_error *err)
{
    memset(parts, 0, sizeof *parts);
    if (stats_design_init(&parts->design, data, family, err) != 0)
        return -1;
    if (!isnan(mu0))
        parts->design.mu0 = mu0;
    if (stats_latent_init(&parts->latent, &parts->design, stats_family(family), err) != 0 ||
        stats_points_init(&parts->points, &parts->latent, priors, options->seed, err) != 0 ||
        stats_draws_init(&parts->draws, &parts->latent, &parts->points, options->seed,
                         options->draws_least, options->draws_most, err) != 0)
        return -1;
    return make_sure(&parts->draws, &parts->latent, priors, options, err);
}

/* ---- posts that importance weights can't leave out ---- */

/* So many of them at most are left out in earnest, the first ones; fewer of large data, so that all
 * refits together look at so many cells and terms for each draw at most. */
#define REFITS_MOST 12
#define REFIT_WORK  1536
/* A k-hat from which they may be half a unit off already: such posts come after those that weights
 * can't tell of at all. */
#define DOUBTFUL 0.5

/* Rows of data without one of them. */
struct without {
    struct abp_data data;
    double *numbers;  /* owned */
    uint32_t *levels; /* owned */
};

static int without_init(struct without *w, const struct abp_data *data, size_t row,
                        struct abp_error *err)
{
    size_t n = data->posts - 1, to = 0;
    w->numbers = malloc(2 * (n + 1) * sizeof *w->numbers);
    w->levels = calloc(3 * (n + 1), sizeof *w->levels);
    if (!w->numbers || !w->levels)
        return abp_fail_memory(err);
    for (size_t i = 0; i < data->posts; i++) {
        if (i == row)
            continue;
        w->numbers[to] = data->y[i];
        w->numbers[n + 1 + to] = data->n ? data->n[i] : 1.0;
        w->levels[to] = data->variant[i];
        w->levels[n + 1 + to] = data->channel ? data->channel[i] : 0;
        w->levels[2 * (n + 1) + to] = data->slot ? data->slot[i] : 0;
        to++;
    }
    w->data = *data;
    w->data.posts = n;
    w->data.y = w->numbers;
    w->data.n = w->numbers + n + 1;
    w->data.variant = w->levels;
    w->data.channel = data->channel ? w->levels + n + 1 : NULL;
    w->data.slot = data->slot ? w->levels + 2 * (n + 1) : NULL;
    return 0;
}

/* Log likelihood of a design at one eta everywhere, as its cells have it. */
static double flat_likelihood(const struct stats_design *design, double kappa, double eta)
{
    const struct stats_family *family = stats_family(design->family);
    struct stats_dispersion d;
    stats_dispersion_set(&d, design, family, NULL, kappa);
    double sum = d.constant;
    for (size_t i = 0; i < design->cell_count; i++)
        sum += family->value(&d, &design->cells[i], eta);
    return sum;
}

/* What the log probability of a post has beyond its part in the cells: constants of its data. */
static double own_constants(const struct stats_design *all, const struct stats_design *others,
                            const struct abp_data *data, size_t row)
{
    const double kappa = 0.5, eta = all->mu0;
    struct stats_dispersion d;
    stats_dispersion_set(&d, NULL, stats_family(all->family), NULL, kappa);
    double n = data->n ? data->n[row] : 1.0;
    return stats_family(all->family)->post(&d, data->y[row], n, eta) -
           (flat_likelihood(all, kappa, eta) - flat_likelihood(others, kappa, eta));
}

/* The score of one post from a fit to all others: p(y) over p(y without it), or, where the weights
 * of either are not to be trusted, what the others' draws expect of it. NaN where neither can be
 * had. */
static int refit(double *score, const struct parts *all, const struct abp_data *data, size_t row,
                 const struct abp_priors *priors, const struct abp_posterior_options *options,
                 struct abp_error *err)
{
    const struct stats_design *design = &all->design;
    struct without without = {.numbers = NULL};
    struct parts parts = {0};
    struct abp_error own;
    *score = NAN;
    int rc = without_init(&without, data, row, err);
    if (rc == 0 && parts_init(&parts, &without.data, design->family, design->mu0, priors, options,
                              &own) != 0) {
        rc = own.code == ABP_DATA ? 0 : -1;
        if (rc != 0)
            *err = own;
    } else if (rc == 0) {
        *score = all->draws.log_evidence - parts.draws.log_evidence;
        *score += own_constants(design, &parts.design, data, row);
        if (isnan(*score))
            rc = stats_draws_predict(&parts.draws, data, row, score, err);
    }
    parts_release(&parts);
    free(without.numbers);
    free(without.levels);
    return rc;
}

/* Fits without those posts of which importance weights tell less than `limit` asks of k-hat, while
 * there are refits left. */
static int refit_above(double *scores, double *khats, double limit, size_t *left,
                       const struct parts *all, const struct abp_data *data,
                       const struct abp_priors *priors, const struct abp_posterior_options *options,
                       struct abp_error *err)
{
    for (size_t row = 0; row < data->posts && data->posts > 1; row++) {
        double score;
        if (!(khats[row] > limit) || *left == 0)
            continue;
        if (refit(&score, all, data, row, priors, options, err) != 0)
            return -1;
        if (!isnan(score))
            scores[row] = score;
        khats[row] = NAN;
        --*left;
    }
    return 0;
}

static size_t refits_most(const struct stats_latent *latent)
{
    size_t most = REFIT_WORK / (latent->size + latent->design->cell_count);
    return most < REFITS_MOST ? most : REFITS_MOST;
}

static int score_posts(struct abp_posterior *p, const struct parts *all,
                       const struct abp_data *data, const struct abp_priors *priors,
                       const struct abp_posterior_options *options, struct abp_error *err)
{
    size_t left = refits_most(&all->latent);
    double *khats = calloc(data->posts, sizeof *khats);
    p->post_scores = calloc(data->posts, sizeof *p->post_scores);
    int rc = khats && p->post_scores ? 0 : abp_fail_memory(err);
    if (rc == 0)
        rc = stats_draws_scores(&all->draws, data, p->post_scores, khats, err);
    if (rc == 0)
        rc = refit_above(p->post_scores, khats, ABP_KHAT_LIMIT, &left, all, data, priors, options,
                         err);
    if (rc == 0)
        rc = refit_above(p->post_scores, khats, DOUBTFUL, &left, all, data, priors, options, err);
    free(khats);
    return rc;
}

int abp_posterior_fit(struct abp_posterior *posterior, const struct abp_data *data,
                      enum abp_family family, const struct abp_priors *priors,
                      const struct abp_posterior_options *options, struct abp_error *err)
{
    struct parts parts = {0};
    int rc = -1;
    memset(posterior, 0, sizeof *posterior);
    if (!stats_family(family))
        return abp_fail(err, ABP_BUG, "family %d has no latent field", (int)family);
    posterior->family = family;
    if (parts_init(&parts, data, family, NAN, priors, options, err) != 0 ||
        answer(posterior, &parts.draws, data, options, err) != 0)
        goto out;
    if (options->log_scores && score_posts(posterior, &parts, data, priors, options, err) != 0)
        goto out;
    rc = 0;
out:
    parts_release(&parts);
    if (rc != 0)
        abp_posterior_release(posterior);
    return rc;
}

void abp_posterior_release(struct abp_posterior *posterior)
{
    double *const arrays[] = {posterior->weight,      posterior->mu,
                              posterior->theta,       posterior->kappa,
                              posterior->tau_v,       posterior->tau_u,
                              posterior->tau_b,       posterior->tau_w,
                              posterior->outcome,     posterior->channel_p_better,
                              posterior->post_scores, posterior->alpha,
                              posterior->tau_f};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        free(arrays[i]);
    free(posterior->channel_log_lift);
    memset(posterior, 0, sizeof *posterior);
}
