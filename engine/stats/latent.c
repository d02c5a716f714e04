#include "stats/latent.h"

#include "stats/elimination.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOG_SQRT_2PI 0.91893853320467274178

int stats_latent_init(struct stats_latent *latent, const struct stats_design *design,
                      const struct stats_family *family, struct abp_error *err)
{
    memset(latent, 0, sizeof *latent);
    latent->design = design;
    latent->family = family;
    latent->at_mu = design->has_slots ? design->slots : 0;
    latent->at_theta = latent->at_mu + 1;
    latent->at_alpha = latent->at_theta + design->variants;
    latent->globals = latent->at_alpha + design->levels;
    latent->diagonal = design->has_channels ? 0 : latent->at_mu;
    latent->size = latent->globals;
    if (design->has_channels)
        latent->size += design->channels * (1 + design->variants);
    latent->near_enough = STATS_NEAR_TIGHT;
    size_t n = 4 * latent->size + 4 * design->cell_count + latent->globals;
    latent->memory = calloc(n, sizeof *latent->memory);
    if (!latent->memory)
        return abp_fail_memory(err);
    latent->x = latent->memory;
    latent->trial = latent->x + latent->size;
    latent->step = latent->trial + latent->size;
    latent->right = latent->step + latent->size;
    latent->slope = latent->right + latent->size;
    latent->curvature = latent->slope + design->cell_count;
    latent->bend = latent->curvature + design->cell_count;
    latent->eta = latent->bend + design->cell_count;
    latent->vector = latent->eta + design->cell_count;
    latent->x[latent->at_mu] = design->mu0;
    return 0;
}

void stats_latent_release(struct stats_latent *latent)
{
    free(latent->memory);
    memset(latent, 0, sizeof *latent);
}

size_t stats_field_numbers(const struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    size_t n = latent->globals + stats_triangle_numbers(latent->globals, latent->diagonal);
    if (d->has_channels)
        n += d->channels * (4 + latent->globals + 4 * d->variants);
    if (d->has_channels && d->has_slots)
        n += d->place_count;
    return n;
}

size_t stats_field_bytes(const struct stats_latent *latent)
{
    return sizeof(struct stats_field) + stats_field_numbers(latent) * sizeof(double);
}

void stats_field_place(struct stats_field *field, const struct stats_latent *latent, double *memory)
{
    const struct stats_design *d = latent->design;
    size_t pairs = d->channels * d->variants;
    double *p = memory;
    memset(field, 0, sizeof *field);
    field->global_mean = p;
    field->global_factor = p += latent->globals;
    p += stats_triangle_numbers(latent->globals, latent->diagonal);
    if (d->has_channels) {
        field->u_mean = p;
        field->u_precision = p += d->channels;
        field->u_coupling = p += d->channels;
        field->b_mean = p += d->channels * latent->globals;
        field->b_precision = p += pairs;
        field->b_coupling = p += pairs;
        field->u_sd = p += pairs;
        field->channel_log_ratio = p += d->channels;
        field->b_sd = p += d->channels;
        field->place_coupling = p + pairs;
    }
}

int stats_field_init(struct stats_field *field, const struct stats_latent *latent,
                     struct abp_error *err)
{
    double *memory = calloc(stats_field_numbers(latent), sizeof *memory);
    if (!memory)
        return abp_fail_memory(err);
    stats_field_place(field, latent, memory);
    field->memory = memory;
    return 0;
}

void stats_field_release(struct stats_field *field)
{
    free(field->memory);
    memset(field, 0, sizeof *field);
}

static double predictor(const struct stats_latent *latent, const struct stats_cell *cell,
                        const double *x)
{
    double eta = stats_core_sum(latent, x, cell->variant);
    if (latent->design->has_slots)
        eta += x[cell->slot];
    if (latent->design->has_channels)
        eta += x[stats_at_u(latent, cell->channel)] +
               x[stats_at_b(latent, cell->channel, cell->variant)];
    return eta;
}

/* ---- the prior ---- */

/* Sum of the log densities of count values from N(0, sd^2). */
static double normals_log_density(const double *x, size_t count, double sd, double log_sd)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return -0.5 * sum / (sd * sd) - (double)count * (log_sd + LOG_SQRT_2PI);
}

static double globals_log_prior(const struct stats_latent *latent, const struct stats_scales *s,
                                const double *g)
{
    const struct stats_design *d = latent->design;
    double off = g[latent->at_mu] - d->mu0;
    double sum = normals_log_density(&off, 1, s->mu, s->log_mu);
    sum += normals_log_density(g + latent->at_theta, d->variants, s->tau_v, s->log_v);
    for (size_t f = 0; f < d->factors; f++)
        sum += normals_log_density(g + latent->at_alpha + stats_first_level(d, f),
                                   d->level_end[f] - stats_first_level(d, f), s->tau_f[f],
                                   s->log_f[f]);
    if (d->has_slots)
        sum += normals_log_density(g, d->slots, s->tau_w, s->log_w);
    return sum;
}

static double log_prior(const struct stats_latent *latent, const struct stats_scales *s,
                        const double *x)
{
    const struct stats_design *d = latent->design;
    double sum = globals_log_prior(latent, s, x);
    if (d->has_channels) {
        sum += normals_log_density(x + latent->globals, d->channels, s->tau_u, s->log_u);
        sum += normals_log_density(x + stats_at_b(latent, 0, 0), d->channels * d->variants,
                                   s->tau_b, s->log_b);
    }
    return sum;
}

/* latent->eta: every cell's predictor at x. */
static void predictors(struct stats_latent *latent, const double *x)
{
    const struct stats_design *d = latent->design;
    const double *u = x + latent->globals, *b = u + d->channels;
    double *core = latent->vector;
    for (size_t v = 0; v < d->variants; v++)
        core[v] = stats_core_sum(latent, x, v);
    for (size_t i = 0; i < d->cell_count; i++) {
        const struct stats_cell *cell = &d->cells[i];
        double eta = core[cell->variant];
        if (d->has_slots)
            eta += x[cell->slot];
        if (d->has_channels)
            eta += u[cell->channel] + b[cell->channel * d->variants + cell->variant];
        latent->eta[i] = eta;
    }
}

double stats_latent_density(struct stats_latent *latent, const struct stats_scales *s,
                            const double *x)
{
    const struct stats_design *d = latent->design;
    predictors(latent, x);
    return log_prior(latent, s, x) + s->dispersion.constant +
           latent->family->sum(&s->dispersion, d->cells, d->cell_count, latent->eta);
}

/* What a normal prior of `count` terms adds to their slopes. */
static void pull(double *slope, const double *x, size_t count, double mean, double sd)
{
    double precision = 1.0 / (sd * sd);
    for (size_t i = 0; i < count; i++)
        slope[i] -= precision * (x[i] - mean);
}

/* latent->right = the gradient: the cells' slopes and, where x is given, the prior's pull on x. */
static void gradient(const struct stats_field *field, struct stats_latent *latent, const double *x)
{
    const struct stats_design *d = latent->design;
    const struct stats_scales *s = &field->scales;
    double *r = latent->right;
    memset(r, 0, latent->size * sizeof *r);
    for (size_t i = 0; i < d->cell_count; i++) {
        const struct stats_cell *cell = &d->cells[i];
        double slope = latent->slope[i];
        r[latent->at_theta + cell->variant] += slope;
        if (d->has_slots)
            r[cell->slot] += slope;
        if (d->has_channels) {
            r[stats_at_u(latent, cell->channel)] += slope;
            r[stats_at_b(latent, cell->channel, cell->variant)] += slope;
        }
    }
    for (size_t v = 0; v < d->variants; v++) { /* what a style's slope is also that of */
        double slope = r[latent->at_theta + v];
        r[latent->at_mu] += slope;
        for (size_t k = 2; k < stats_core_terms(latent); k++)
            r[stats_core_term(latent, v, k)] += slope;
    }
    if (!x)
        return;
    pull(r, x, latent->at_mu, 0.0, s->tau_w);
    pull(r + latent->at_mu, x + latent->at_mu, 1, d->mu0, s->mu);
    pull(r + latent->at_theta, x + latent->at_theta, d->variants, 0.0, s->tau_v);
    for (size_t i = latent->at_alpha; i < latent->globals; i++)
        pull(r + i, x + i, 1, 0.0, stats_prior_sd(latent, s, i));
    if (!d->has_channels)
        return;
    pull(r + latent->globals, x + latent->globals, d->channels, 0.0, s->tau_u);
    size_t b = stats_at_b(latent, 0, 0);
    pull(r + b, x + b, latent->size - b, 0.0, s->tau_b);
}

/* ---- the mode ---- */

/* Slopes and curvatures of all cells at x; returns the log posterior density there. */
static double expand(struct stats_latent *latent, const struct stats_scales *s, const double *x)
{
    const struct stats_design *d = latent->design;
    predictors(latent, x);
    return log_prior(latent, s, x) + s->dispersion.constant +
           latent->family->expand(&s->dispersion, d->cells, d->cell_count, latent->eta,
                                  latent->slope, latent->curvature,
                                  latent->family->exact_bends ? latent->bend : NULL);
}

/* Walks along latent->step from latent->x until the density is no smaller there, and expands at the
 * place it found. Returns 0, or -1 when no step helped; latent->x stays then. */
static int walk(struct stats_latent *latent, const struct stats_scales *s, double *density)
{
    double share = 1.0;
    for (int i = 0; i < 40; i++, share *= 0.5) {
        for (size_t k = 0; k < latent->size; k++)
            latent->trial[k] = latent->x[k] + share * latent->step[k];
        double after = expand(latent, s, latent->trial);
        if (after >= *density - 1e-10 * (1.0 + fabs(*density))) {
            memcpy(latent->x, latent->trial, latent->size * sizeof *latent->x);
            *density = after;
            return 0;
        }
    }
    return -1;
}

/* A product of positive numbers whose logarithm is wanted: one logarithm for most. */
struct product {
    double factors, log_rest;
};

static void multiply(struct product *p, double by)
{
    p->factors *= by;
    if (!(p->factors > 1e-100 && p->factors < 1e100)) {
        p->log_rest += log(p->factors);
        p->factors = 1.0;
    }
}

static double log_product(const struct product *p)
{
    return p->log_rest + log(p->factors);
}

/* What draws need and Newton's steps do not: sds, and normalisations of the prior over those of the
 * Gaussian. Returns half the log determinant of the precision matrix. */
static double prepare_draws(struct stats_field *field, const struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    const struct stats_scales *s = &field->scales;
    double prior = s->log_mu + (double)d->variants * s->log_v, half_log_det;
    if (d->has_slots)
        prior += (double)d->slots * s->log_w;
    for (size_t i = latent->at_alpha; i < latent->globals; i++)
        prior += log(stats_prior_sd(latent, s, i));
    struct product diagonal = {1.0, 0.0};
    for (size_t i = 0; i < latent->globals; i++)
        multiply(&diagonal, stats_row_of(field, latent, i)[i]);
    half_log_det = log_product(&diagonal);
    field->global_log_ratio = -prior - half_log_det;
    if (!d->has_channels)
        return half_log_det;
    prior = s->log_u + (double)d->variants * s->log_b;
    for (size_t c = 0; c < d->channels; c++) {
        struct product sds = {1.0, 0.0};
        multiply(&sds, field->u_sd[c] = 1.0 / sqrt(field->u_precision[c]));
        for (size_t i = c * d->variants; i < (c + 1) * d->variants; i++)
            multiply(&sds, field->b_sd[i] = 1.0 / sqrt(field->b_precision[i]));
        double of_channel = -log_product(&sds);
        field->channel_log_ratio[c] = -prior - of_channel;
        half_log_det += of_channel;
    }
    return half_log_det;
}

static void keep_centre(struct stats_field *field, const struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    memcpy(field->global_mean, latent->x, latent->globals * sizeof *latent->x);
    if (!d->has_channels)
        return;
    memcpy(field->u_mean, latent->x + latent->globals, d->channels * sizeof *latent->x);
    memcpy(field->b_mean, latent->x + stats_at_b(latent, 0, 0),
           d->channels * d->variants * sizeof *latent->x);
}

int stats_field_fit(struct stats_field *field, struct stats_latent *latent,
                    const struct stats_scales *scales)
{
    field->scales = *scales;
    double density = expand(latent, scales, latent->x);
    for (int i = 0; i < 100; i++) {
        if (!isfinite(density) || stats_field_factor(field, latent) != 0)
            return -1;
        gradient(field, latent, latent->x);
        double decrement = 0.0;
        memcpy(latent->trial, latent->right, latent->size * sizeof *latent->trial);
        stats_field_solve(field, latent);
        for (size_t k = 0; k < latent->size; k++)
            decrement += latent->trial[k] * latent->step[k];
        int there = decrement < latent->near_enough;
        if (there) { /* the rest of the way, where the density is as good as quadratic */
            for (size_t k = 0; k < latent->size; k++)
                latent->x[k] += latent->step[k];
            density += 0.5 * decrement;
        }
        if (there || walk(latent, scales, &density) != 0) {
            field->log_normal = prepare_draws(field, latent) - (double)latent->size * LOG_SQRT_2PI;
            field->log_marginal = density - field->log_normal;
            keep_centre(field, latent);
            return isfinite(field->log_marginal) ? 0 : -1;
        }
    }
    return -1;
}

/* Variance of a cell's predictor under the Gaussian, without channels. */
static double plain_variance(const struct stats_field *field, struct stats_latent *latent, size_t i)
{
    const struct stats_design *d = latent->design;
    size_t first = latent->diagonal, m = latent->globals, slot = d->cells[i].slot;
    double *e = latent->vector,
           at_slot = d->has_slots ? 1.0 / stats_row_of(field, latent, slot)[slot] : 0;
    double variance = at_slot * at_slot;
    memset(e + first, 0, (m - first) * sizeof *e);
    for (size_t k = 0; k < stats_core_terms(latent); k++)
        e[stats_core_term(latent, d->cells[i].variant, k)] = 1.0;
    stats_slopes_of_differences(latent, e);
    for (size_t k = first; k < m; k++) {
        const double *row = stats_row_of(field, latent, k);
        double sum = e[k];
        if (d->has_slots)
            sum -= row[slot] * at_slot;
        for (size_t j = first; j < k; j++)
            sum -= row[j] * e[j];
        e[k] = sum / row[k];
        variance += e[k] * e[k];
    }
    return variance;
}

/* The same with channels; the cells of its pair are from `pair_from` to before `pair_to`. */
static double predictor_variance(const struct stats_field *field, struct stats_latent *latent,
                                 size_t i, size_t pair_from, size_t pair_to)
{
    const struct stats_design *d = latent->design;
    const struct stats_cell *cell = &d->cells[i];
    size_t m = latent->globals, pair = cell->channel * d->variants + cell->variant, first = 0;
    double *e = latent->vector, left = 1.0 - field->b_coupling[pair];
    double variance =
        1.0 / field->b_precision[pair] + left * left / field->u_precision[cell->channel];
    memset(e, 0, m * sizeof *e);
    if (d->has_slots) {
        e[cell->slot] = 1.0;
        for (size_t p = d->cells[pair_from].place; p <= d->cells[pair_to - 1].place; p++)
            e[d->places[p].slot] -= field->place_coupling[p];
    }
    for (size_t k = 0; k < m; k++)
        e[k] -= left * field->u_coupling[cell->channel * m + k];
    for (size_t k = 0; k < stats_core_terms(latent); k++)
        e[stats_core_term(latent, cell->variant, k)] += left;
    stats_slopes_of_differences(latent, e);
    while (first < latent->at_mu && !(fabs(e[first]) > 0.0))
        first++;
    stats_solve_lower(field->global_factor, m, latent->diagonal, first, e);
    for (size_t k = 0; k < m; k++)
        variance += e[k] * e[k];
    return variance;
}

/* How much the curvature of a cell bends, as the mean over half an sd of its predictor where the
 * family does not tell. */
static double bend_of(const struct stats_latent *latent, const struct stats_dispersion *dispersion,
                      size_t i, double variance)
{
    const struct stats_cell *cell = &latent->design->cells[i];
    double reach = 0.5 * sqrt(variance) + 1e-4, low, high, slope, eta;
    if (latent->family->exact_bends)
        return latent->bend[i];
    eta = predictor(latent, cell, latent->x);
    latent->family->derivatives(dispersion, cell, eta - reach, &slope, &low);
    latent->family->derivatives(dispersion, cell, eta + reach, &slope, &high);
    return (high - low) / (2.0 * reach);
}

void stats_field_centre(struct stats_field *field, struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    const struct stats_dispersion *dispersion = &field->scales.dispersion;
    for (size_t c = 0; c < d->channels; c++) {
        size_t from = d->channel_start[c], end = d->channel_start[c + 1];
        while (from < end) {
            size_t to = stats_pair_end(d, from, end);
            double variance = 0.0; /* cells of one slot have it in common */
            for (size_t i = from; i < to; i++) {
                if (i == from || d->cells[i].slot != d->cells[i - 1].slot)
                    variance = d->has_channels ? predictor_variance(field, latent, i, from, to)
                                               : plain_variance(field, latent, i);
                latent->slope[i] = -0.5 * variance * bend_of(latent, dispersion, i, variance);
            }
            from = to;
        }
    }
    gradient(field, latent, NULL);
    stats_field_solve(field, latent);
    for (size_t k = 0; k < latent->size; k++)
        latent->trial[k] = latent->x[k] + latent->step[k];
    /* never past a point where the density has all but gone: then the series means nothing */
    double fall = stats_latent_density(latent, &field->scales, latent->x) -
                  stats_latent_density(latent, &field->scales, latent->trial);
    if (fall < 0.5 + 0.25 * (double)latent->size)
        stats_field_move(field, latent, latent->step);
    else
        memset(latent->step, 0, latent->size * sizeof *latent->step);
}

void stats_field_move(struct stats_field *field, const struct stats_latent *latent,
                      const double *by)
{
    const struct stats_design *d = latent->design;
    for (size_t i = 0; i < latent->globals; i++)
        field->global_mean[i] += by[i];
    if (!d->has_channels)
        return;
    for (size_t i = 0; i < d->channels; i++)
        field->u_mean[i] += by[stats_at_u(latent, i)];
    for (size_t i = 0; i < d->channels * d->variants; i++)
        field->b_mean[i] += by[stats_at_b(latent, 0, 0) + i];
}
