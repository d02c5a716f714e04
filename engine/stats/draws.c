#include "stats/draws.h"

#include "abpost/psis.h"
#include "stats/special.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_qrng.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS_LEAST 16384
#define DRAWS_MOST  65536
#define PILOT       4096

/* The Monte Carlo error of a probability near 1/2 that is aimed at, in absolute terms. */
#define AIM 0.002

/* A share of the draws comes from the same Gaussian made wider in every direction: it lies above
 * the narrow one where a posterior's skewed tail does, and so keeps the weights bounded there
 * (Hesterberg 1995, "Weighted average importance sampling and defensive mixture distributions"). */
#define WIDE_SHARE 0.1

/* How many times as wide: twice in 4 dimensions, less in more, where the two would no longer
 * overlap. */
static double wide_sd(double dimensions)
{
    return 1.0 + 2.0 / sqrt(dimensions);
}

/* Most coordinates that are quasi-random: gsl_qrng_sobol has 40. */
#define QUASI_MOST 40

/* Streams of the generator: 0 the globals, 1 + c channel c. */
static gsl_rng *stream(uint64_t seed, uint64_t number)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    uint64_t x = seed * 0x9E3779B97F4A7C15u + number * 0xD1B54A32D192ED03u + 1;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    if (rng)
        gsl_rng_set(rng, (unsigned long)((x ^ (x >> 31)) & 0xFFFFFFFFu));
    return rng;
}

const struct stats_field *stats_draw_field(const struct stats_draws *draws, size_t i)
{
    return &draws->points->list[draws->point[i]].field;
}

/* The point whose share of [0, 1) holds u; `ends` are the cumulated shares. */
static size_t point_at(const double *ends, size_t count, double u)
{
    size_t low = 0, high = count - 1;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ends[middle] > u)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static double fraction(double x)
{
    x -= floor(x);
    return fmin(fmax(x, 1e-12), 1.0 - 1e-12);
}

/* Draws the globals of every draw; the first quasi-random coordinate chooses the point, the second
 * the wide Gaussian or the narrow one, the others serve mu and theta. log_ratio holds log prior -
 * log q of the narrow Gaussian afterwards, radius the squared distance from its centre. */
static int draw_globals(struct stats_draws *draws, struct abp_error *err)
{
    const struct stats_latent *latent = draws->latent;
    size_t m = latent->globals, quasi = m - latent->at_mu + 2;
    double wide = wide_sd((double)latent->size);
    if (quasi > QUASI_MOST)
        quasi = QUASI_MOST;
    gsl_qrng *sobol = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)quasi);
    gsl_rng *rng = stream(draws->seed, 0);
    double *normals = malloc(m * sizeof *normals),
           *ends = malloc(draws->points->count * sizeof *ends);
    double u[QUASI_MOST] = {0}, shift[QUASI_MOST] = {0}, sum = 0.0;
    int rc = -1;
    if (!sobol || !rng || !normals || !ends) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t p = 0; p < draws->points->count; p++)
        ends[p] = sum += draws->points->list[p].share;
    for (size_t k = 0; k < quasi; k++)
        shift[k] = gsl_rng_uniform(rng);
    for (size_t i = 0; i < draws->count; i++) {
        gsl_qrng_get(sobol, u);
        draws->width[i] = fraction(u[1] + shift[1]) < WIDE_SHARE ? wide : 1.0;
        draws->radius[i] = 0.0;
        for (size_t k = 0; k < m; k++) {
            size_t q = k >= latent->at_mu ? 2 + k - latent->at_mu : QUASI_MOST;
            normals[k] = q < quasi ? gsl_cdf_ugaussian_Pinv(fraction(u[q] + shift[q]))
                                   : gsl_ran_gaussian_ziggurat(rng, 1.0);
            normals[k] *= draws->width[i];
            draws->radius[i] += normals[k] * normals[k];
        }
        size_t p = point_at(ends, draws->points->count, fraction(u[0] + shift[0]) * sum);
        draws->point[i] = (uint32_t)p;
        draws->log_ratio[i] = stats_field_draw_globals(&draws->points->list[p].field, latent,
                                                       normals, draws->globals + i * m);
    }
    rc = 0;
out:
    free(ends);
    free(normals);
    gsl_rng_free(rng);
    gsl_qrng_free(sobol);
    return rc;
}

/* Draws u and b of channel c for draw i. Returns log prior - log q of the narrow Gaussian; the
 * normals are 1 + variants. */
static double draw_channel(const struct stats_draws *draws, size_t c, size_t i, gsl_rng *rng,
                           double *normals, double *u, double *b)
{
    size_t m = draws->latent->globals;
    for (size_t v = 0; v <= draws->latent->design->variants; v++)
        normals[v] = draws->width[i] * gsl_ran_gaussian_ziggurat(rng, 1.0);
    return stats_field_draw_channel(stats_draw_field(draws, i), draws->latent, c,
                                    draws->globals + i * m, normals, u, b);
}

/* log of the mixture's density over the narrow Gaussian's, at a squared distance from the centre in
 * a field of so many dimensions. */
static double mixture_log_ratio(double radius, double dimensions)
{
    double sd = wide_sd(dimensions);
    double wide = 0.5 * radius * (1.0 - 1.0 / (sd * sd)) - dimensions * log(sd);
    double both[2] = {log(1.0 - WIDE_SHARE), log(WIDE_SHARE) + wide};
    return stats_logsumexp(both, 2);
}

/* Adds the likelihood (and, with channels, their prior less their proposal) to the log ratios of
 * draws from..to. rngs[c] stands where channel c's stream stands. */
static int weigh(struct stats_draws *draws, gsl_rng **rngs, size_t from, size_t to,
                 struct abp_error *err)
{
    const struct stats_latent *latent = draws->latent;
    const struct stats_design *d = latent->design;
    double *normals = malloc((2 * d->variants + 1) * sizeof *normals), *b, u = 0.0;
    if (!normals)
        return abp_fail_memory(err);
    b = normals + d->variants + 1;
    for (size_t c = 0; c < d->channels; c++)
        for (size_t i = from; i < to; i++) {
            const struct stats_field *field = stats_draw_field(draws, i);
            if (d->has_channels) {
                draws->log_ratio[i] += draw_channel(draws, c, i, rngs[c], normals, &u, b);
                for (size_t v = 0; v <= d->variants; v++)
                    draws->radius[i] += normals[v] * normals[v];
            }
            draws->log_ratio[i] +=
                stats_channel_likelihood(field, latent, c, draws->globals + i * latent->globals, u,
                                         d->has_channels ? b : NULL);
        }
    for (size_t i = from; i < to; i++) {
        const struct stats_field *field = stats_draw_field(draws, i);
        draws->log_ratio[i] += field->scales.dispersion.constant - field->log_marginal;
        draws->log_ratio[i] -= mixture_log_ratio(draws->radius[i], (double)latent->size);
        if (isnan(draws->log_ratio[i]))
            draws->log_ratio[i] = -INFINITY;
    }
    draws->weighed = to;
    free(normals);
    return 0;
}

/* Draws needed for AIM, from the coefficient of variation of the weights so far. */
static size_t draws_needed(const struct stats_draws *draws, double *scratch)
{
    double sum = 0.0, squares = 0.0;
    size_t n = draws->weighed, need = PILOT;
    memcpy(scratch, draws->log_ratio, n * sizeof *scratch);
    double top = stats_logsumexp(scratch, n);
    for (size_t i = 0; i < n; i++) {
        double w = exp(scratch[i] - top);
        sum += w;
        squares += w * w;
    }
    double variation = (double)n * squares / (sum * sum) - 1.0;
    while (need < DRAWS_MOST && (double)need < variation * 0.25 / (AIM * AIM))
        need *= 2;
    return need;
}

/* Smooths the ratios and turns them into one weight a draw. */
static int set_weights(struct stats_draws *draws, struct abp_error *err)
{
    double each = 1.0 / (double)draws->count, apart = 1.0 / (double)draws->weighed;
    memcpy(draws->weight, draws->log_ratio, draws->weighed * sizeof *draws->weight);
    if (abp_psis(draws->weight, draws->weighed, &draws->khat, &draws->ess, err) != 0)
        return -1;
    for (size_t i = 0; i < draws->count; i++)
        draws->weight[i] = i < draws->weighed ? each + exp(draws->weight[i]) - apart : each;
    return 0;
}

static int resize(struct stats_draws *draws, size_t count, struct abp_error *err)
{
    draws->count = count;
    draws->point = malloc(count * sizeof *draws->point);
    draws->globals = malloc(count * draws->latent->globals * sizeof *draws->globals);
    draws->log_ratio = malloc(count * sizeof *draws->log_ratio);
    draws->weight = malloc(count * sizeof *draws->weight);
    draws->width = malloc(count * sizeof *draws->width);
    draws->radius = malloc(count * sizeof *draws->radius);
    if (!draws->width || !draws->radius || !draws->point || !draws->globals || !draws->log_ratio ||
        !draws->weight)
        return abp_fail_memory(err);
    return draw_globals(draws, err);
}

static void free_streams(gsl_rng **rngs, size_t count)
{
    for (size_t c = 0; rngs && c < count; c++)
        gsl_rng_free(rngs[c]);
    free(rngs);
}

static gsl_rng **open_streams(const struct stats_draws *draws, struct abp_error *err)
{
    size_t channels = draws->latent->design->channels;
    gsl_rng **rngs = calloc(channels, sizeof *rngs);
    for (size_t c = 0; rngs && c < channels; c++)
        if (!(rngs[c] = stream(draws->seed, 1 + c))) {
            free_streams(rngs, channels);
            rngs = NULL;
        }
    if (!rngs)
        abp_fail_memory(err);
    return rngs;
}

int stats_draws_init(struct stats_draws *draws, const struct stats_latent *latent,
                     const struct stats_points *points, uint64_t seed, size_t least,
                     struct abp_error *err)
{
    gsl_rng **rngs = NULL;
    int rc = -1;
    memset(draws, 0, sizeof *draws);
    draws->latent = latent;
    draws->points = points;
    draws->seed = seed;
    size_t pilot = least > PILOT ? least : PILOT;
    if (resize(draws, pilot > DRAWS_LEAST ? pilot : DRAWS_LEAST, err) != 0 ||
        !(rngs = open_streams(draws, err)) || weigh(draws, rngs, 0, pilot, err) != 0)
        goto out;
    size_t need = draws_needed(draws, draws->weight);
    if (need > draws->count) { /* start over with more of everything */
        size_t channels = latent->design->channels;
        free_streams(rngs, channels);
        rngs = NULL;
        stats_draws_release(draws);
        draws->latent = latent;
        draws->points = points;
        draws->seed = seed;
        if (resize(draws, need, err) != 0 || !(rngs = open_streams(draws, err)) ||
            weigh(draws, rngs, 0, need, err) != 0)
            goto out;
    } else if (need > draws->weighed && weigh(draws, rngs, draws->weighed, need, err) != 0) {
        goto out;
    }
    rc = set_weights(draws, err);
out:
    free_streams(rngs, latent->design->channels);
    if (rc != 0)
        stats_draws_release(draws);
    return rc;
}

void stats_draws_release(struct stats_draws *draws)
{
    free(draws->point);
    free(draws->globals);
    free(draws->log_ratio);
    free(draws->weight);
    free(draws->width);
    free(draws->radius);
    memset(draws, 0, sizeof *draws);
}

int stats_terms_init(struct stats_terms *terms, const struct stats_draws *draws,
                     struct abp_error *err)
{
    const struct stats_design *d = draws->latent->design;
    *terms = (struct stats_terms){.passes = d->has_channels ? d->channels : 1};
    if (!d->has_channels)
        return 0;
    terms->u = malloc(draws->count * sizeof *terms->u);
    terms->b = malloc(draws->count * d->variants * sizeof *terms->b);
    if (terms->u && terms->b)
        return 0;
    stats_terms_release(terms);
    return abp_fail_memory(err);
}

int stats_terms_load(struct stats_terms *terms, const struct stats_draws *draws, size_t c,
                     struct abp_error *err)
{
    size_t K = draws->latent->design->variants;
    if (!terms->u)
        return 0;
    gsl_rng *rng = stream(draws->seed, 1 + c);
    double *normals = malloc((1 + K) * sizeof *normals);
    int rc = rng && normals ? 0 : abp_fail_memory(err);
    for (size_t i = 0; rc == 0 && i < draws->count; i++)
        draw_channel(draws, c, i, rng, normals, &terms->u[i], terms->b + i * K);
    free(normals);
    gsl_rng_free(rng);
    return rc;
}

void stats_terms_release(struct stats_terms *terms)
{
    free(terms->u);
    free(terms->b);
    memset(terms, 0, sizeof *terms);
}

/* ---- leave-one-out ---- */

static int score_post(const struct stats_draws *draws, const struct abp_data *data, size_t row,
                      const struct stats_terms *terms, double *scratch, double *score,
                      struct abp_error *err)
{
    const struct stats_latent *latent = draws->latent;
    size_t n = draws->weighed, K = latent->design->variants, v = data->variant[row];
    double *density = scratch, *ratio = scratch + n, khat;
    for (size_t i = 0; i < n; i++) {
        const double *g = draws->globals + i * latent->globals;
        double eta = g[latent->at_mu] + g[latent->at_theta + v];
        if (latent->design->has_slots)
            eta += g[data->slot[row]];
        if (terms->u)
            eta += terms->u[i] + terms->b[i * K + v];
        density[i] = latent->family->post(&stats_draw_field(draws, i)->scales.dispersion,
                                          data->y[row], data->n ? data->n[row] : 1.0, eta);
        ratio[i] = draws->log_ratio[i] - density[i];
    }
    if (abp_psis(ratio, n, &khat, NULL, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        density[i] += ratio[i];
    *score = khat <= ABP_KHAT_LIMIT ? stats_logsumexp(density, n) : NAN;
    return 0;
}

int stats_draws_scores(const struct stats_draws *draws, const struct abp_data *data, double *scores,
                       struct abp_error *err)
{
    size_t stride = (data->posts + ABP_SCORES_MOST - 1) / ABP_SCORES_MOST;
    struct stats_terms terms;
    int rc = -1;
    if (stats_terms_init(&terms, draws, err) != 0)
        return -1;
    double *scratch = malloc(2 * draws->weighed * sizeof *scratch);
    if (!scratch) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t row = 0; row < data->posts; row++)
        scores[row] = NAN;
    for (size_t c = 0; c < terms.passes; c++) {
        if (stats_terms_load(&terms, draws, c, err) != 0)
            goto out;
        for (size_t row = 0; row < data->posts; row += stride)
            if ((!terms.u || data->channel[row] == c) &&
                score_post(draws, data, row, &terms, scratch, &scores[row], err) != 0)
                goto out;
    }
    rc = 0;
out:
    free(scratch);
    stats_terms_release(&terms);
    return rc;
}
