#include "stats/latent.h"

#include "stats/triangle.h"

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

/* Where u_c and b_vc stand in a vector over the whole field. */
static size_t at_u(const struct stats_latent *latent, size_t c)
{
    return latent->globals + c;
}

static size_t at_b(const struct stats_latent *latent, size_t c, size_t v)
{
    const struct stats_design *d = latent->design;
    return latent->globals + d->channels + c * d->variants + v;
}

static double predictor(const struct stats_latent *latent, const struct stats_cell *cell,
                        const double *x)
{
    double eta = stats_core_sum(latent, x, cell->variant);
    if (latent->design->has_slots)
        eta += x[cell->slot];
    if (latent->design->has_channels)
        eta += x[at_u(latent, cell->channel)] + x[at_b(latent, cell->channel, cell->variant)];
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
        sum += normals_log_density(x + at_b(latent, 0, 0), d->channels * d->variants, s->tau_b,
                                   s->log_b);
    }
    return sum;
}

/* latent->eta: every cell's predictor at x. */
static void predictors(struct stats_latent *latent, const double *x)
{
    const struct stats_design *d = latent->design;
    for (size_t i = 0; i < d->cell_count; i++)
        latent->eta[i] = predictor(latent, &d->cells[i], x);
}

double stats_latent_density(struct stats_latent *latent, const struct stats_scales *s,
                            const double *x)
{
    const struct stats_design *d = latent->design;
    predictors(latent, x);
    return log_prior(latent, s, x) + s->dispersion.constant +
           latent->family->sum(&s->dispersion, d->cells, d->cell_count, latent->eta);
}

/* ---- the elimination ---- */

/* Row i of the globals' precision or its factor. */
static double *row_of(const struct stats_field *field, const struct stats_latent *latent, size_t i)
{
    return field->global_factor + stats_triangle_row(latent->globals, latent->diagonal, i);
}

/* The cells of one channel and one variant, from `from` to before the returned one. */
static size_t pair_end(const struct stats_design *d, size_t from, size_t end)
{
    size_t to = from;
    while (to < end && d->cells[to].variant == d->cells[from].variant)
        to++;
    return to;
}

/* The same pair's part in the rows of the slots. Its cells are in the order of their slots, so that
 * the work is linear in cells, however many of them share a slot. left: what eliminating b leaves
 * of a curvature; shrink: b's variance given the rest. */
static void add_slots(struct stats_field *field, const struct stats_latent *latent, size_t from,
                      size_t to, double left, double shrink, double *u_row)
{
    const struct stats_design *d = latent->design;
    size_t v = d->cells[from].variant;
    double *sums = latent->vector; /* of the curvatures of each slot */
    memset(sums, 0, d->slots * sizeof *sums);
    for (size_t i = from; i < to; i++) {
        sums[d->cells[i].slot] += latent->curvature[i];
        if (d->has_channels)
            field->place_coupling[d->cells[i].place] += latent->curvature[i] * shrink;
    }
    for (size_t s = 0; s < d->slots; s++) {
        double *of_slot = row_of(field, latent, s);
        if (!(sums[s] > 0.0))
            continue;
        for (size_t k = 0; k < stats_core_terms(latent); k++)
            row_of(field, latent, stats_core_term(latent, v, k))[s] += sums[s] * left;
        of_slot[s] += sums[s];
        if (!d->has_channels)
            continue;
        u_row[s] += sums[s] * left;
        for (size_t other = 0; other <= s; other++)
            of_slot[other] -= sums[s] * sums[other] * shrink;
    }
}

/* Adds the precision that one (channel, variant) pair's cells give to the globals once b_vc is
 * eliminated, and, where there are channels, to u_c (precision and coupling row). */
static void add_pair(struct stats_field *field, const struct stats_latent *latent, size_t from,
                     size_t to, double *u_row, double *u_precision)
{
    const struct stats_design *d = latent->design;
    const double *h = latent->curvature;
    size_t v = d->cells[from].variant, terms = stats_core_terms(latent);
    double total = 0.0, left = 1.0, shrink = 0.0;
    for (size_t i = from; i < to; i++)
        total += h[i];
    if (d->has_channels) {
        size_t pair = d->cells[from].channel * d->variants + v;
        double precision = total + field->scales.precision_b;
        field->b_precision[pair] = precision;
        shrink = 1.0 / precision;
        field->b_coupling[pair] = total * shrink;
        left = 1.0 / (1.0 + total * field->scales.square_b);
        *u_precision += total * left;
        for (size_t k = 0; k < terms; k++)
            u_row[stats_core_term(latent, v, k)] += total * left;
    }
    for (size_t k = 0; k < terms; k++) {
        double *row = row_of(field, latent, stats_core_term(latent, v, k));
        for (size_t j = 0; j <= k; j++)
            row[stats_core_term(latent, v, j)] += total * left;
    }
    if (d->has_slots)
        add_slots(field, latent, from, to, left, d->has_channels ? shrink : 0.0, u_row);
}

static void eliminate_channel(struct stats_field *field, const struct stats_latent *latent,
                              size_t c)
{
    const struct stats_design *d = latent->design;
    size_t m = latent->globals, from = d->channel_start[c], end = d->channel_start[c + 1];
    double *row = d->has_channels ? field->u_coupling + c * m : NULL;
    double precision = d->has_channels ? field->scales.precision_u : 0.0;
    if (d->has_channels) {
        double alone = field->scales.precision_b;
        memset(row, 0, m * sizeof *row);
        for (size_t p = d->place_start[c]; d->has_slots && p < d->place_start[c + 1]; p++)
            field->place_coupling[p] = 0.0;
        for (size_t v = 0; v < d->variants; v++) { /* pairs without a post: the prior */
            field->b_precision[c * d->variants + v] = alone;
            field->b_coupling[c * d->variants + v] = 0.0;
        }
    }
    while (from < end) {
        size_t to = pair_end(d, from, end);
        add_pair(field, latent, from, to, row, &precision);
        from = to;
    }
    if (!d->has_channels)
        return;
    field->u_precision[c] = precision;
    double by = 1.0 / precision;
    for (size_t i = 0; i < m; i++) {
        double scaled = row[i] * by, *of = row_of(field, latent, i);
        if (scaled > 0.0 || scaled < 0.0)
            for (size_t j = 0; j <= i; j++)
                of[j] -= scaled * row[j];
    }
    for (size_t i = 0; i < m; i++)
        row[i] *= by;
}

/* The prior's sd of global i. */
static double prior_sd(const struct stats_latent *latent, const struct stats_scales *s, size_t i)
{
    size_t f = 0;
    if (i < latent->at_alpha)
        return i < latent->at_mu ? s->tau_w : i == latent->at_mu ? s->mu : s->tau_v;
    while (i - latent->at_alpha >= latent->design->level_end[f])
        f++;
    return s->tau_f[f];
}

/* Factors the precision matrix at latent->curvature; 0, or -1 when it is not positive definite. */
static int factor(struct stats_field *field, const struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    const struct stats_scales *s = &field->scales;
    size_t m = latent->globals;
    double *A = field->global_factor;
    memset(A, 0, stats_triangle_numbers(m, latent->diagonal) * sizeof *A);
    for (size_t i = 0; i < m; i++) {
        double sd = prior_sd(latent, s, i);
        row_of(field, latent, i)[i] = 1.0 / (sd * sd);
    }
    for (size_t c = 0; c < d->channels; c++)
        eliminate_channel(field, latent, c);
    return stats_cholesky(A, m, latent->diagonal);
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
        for (size_t k = 0; k < stats_core_terms(latent); k++)
            r[stats_core_term(latent, cell->variant, k)] += slope;
        if (d->has_slots)
            r[cell->slot] += slope;
        if (d->has_channels) {
            r[at_u(latent, cell->channel)] += slope;
            r[at_b(latent, cell->channel, cell->variant)] += slope;
        }
    }
    if (!x)
        return;
    pull(r, x, latent->at_mu, 0.0, s->tau_w);
    pull(r + latent->at_mu, x + latent->at_mu, 1, d->mu0, s->mu);
    pull(r + latent->at_theta, x + latent->at_theta, d->variants, 0.0, s->tau_v);
    for (size_t i = latent->at_alpha; i < latent->globals; i++)
        pull(r + i, x + i, 1, 0.0, prior_sd(latent, s, i));
    if (!d->has_channels)
        return;
    pull(r + latent->globals, x + latent->globals, d->channels, 0.0, s->tau_u);
    size_t b = at_b(latent, 0, 0);
    pull(r + b, x + b, latent->size - b, 0.0, s->tau_b);
}

/* Eliminates b and u from latent->right. */
static void eliminate_right(const struct stats_field *field, struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    double *r = latent->right;
    for (size_t c = 0; c < d->channels; c++) {
        double *ru = &r[at_u(latent, c)];
        for (size_t v = 0; v < d->variants; v++) {
            double pull = field->b_coupling[c * d->variants + v] * r[at_b(latent, c, v)];
            *ru -= pull;
            for (size_t k = 0; k < stats_core_terms(latent); k++)
                r[stats_core_term(latent, v, k)] -= pull;
        }
        if (d->has_slots)
            for (size_t p = d->place_start[c]; p < d->place_start[c + 1]; p++)
                r[d->places[p].slot] -=
                    field->place_coupling[p] * r[at_b(latent, c, d->places[p].variant)];
        for (size_t i = 0; i < latent->globals; i++)
            r[i] -= field->u_coupling[c * latent->globals + i] * *ru;
    }
}

double stats_field_u_shift(const struct stats_field *field, const struct stats_latent *latent,
                           size_t c, const double *change)
{
    const double *row = field->u_coupling + c * latent->globals;
    double sum = 0.0;
    for (size_t i = 0; i < latent->globals; i++)
        sum -= row[i] * change[i];
    return sum;
}

void stats_field_b_shifts(const struct stats_field *field, const struct stats_latent *latent,
                          size_t c, const double *change, double u_change, double *shift)
{
    const struct stats_design *d = latent->design;
    for (size_t v = 0; v < d->variants; v++)
        shift[v] = -field->b_coupling[c * d->variants + v] *
                   (u_change + stats_core_sum(latent, change, v));
    if (d->has_slots)
        for (size_t p = d->place_start[c]; p < d->place_start[c + 1]; p++)
            shift[d->places[p].variant] -= field->place_coupling[p] * change[d->places[p].slot];
}

/* latent->step = precision^-1 latent->right. */
static void solve(const struct stats_field *field, struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    size_t m = latent->globals;
    if (d->has_channels)
        eliminate_right(field, latent);
    memcpy(latent->step, latent->right, m * sizeof *latent->step);
    stats_solve_lower(field->global_factor, m, latent->diagonal, 0, latent->step);
    stats_solve_upper(field->global_factor, m, latent->diagonal, latent->step);
    if (!d->has_channels)
        return;
    for (size_t c = 0; c < d->channels; c++) {
        double *u = &latent->step[at_u(latent, c)], *b = &latent->step[at_b(latent, c, 0)];
        *u = latent->right[at_u(latent, c)] / field->u_precision[c] +
             stats_field_u_shift(field, latent, c, latent->step);
        stats_field_b_shifts(field, latent, c, latent->step, *u, b);
        for (size_t v = 0; v < d->variants; v++)
            b[v] += latent->right[at_b(latent, c, v)] / field->b_precision[c * d->variants + v];
    }
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

/* What draws need and Newton's steps do not: sds, and normalisations of the prior over those of the
 * Gaussian. Returns half the log determinant of the precision matrix. */
static double prepare_draws(struct stats_field *field, const struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    const struct stats_scales *s = &field->scales;
    double prior = s->log_mu + (double)d->variants * s->log_v, half_log_det = 0.0;
    if (d->has_slots)
        prior += (double)d->slots * s->log_w;
    for (size_t i = latent->at_alpha; i < latent->globals; i++)
        prior += log(prior_sd(latent, s, i));
    for (size_t i = 0; i < latent->globals; i++)
        half_log_det += log(row_of(field, latent, i)[i]);
    field->global_log_ratio = -prior - half_log_det;
    if (!d->has_channels)
        return half_log_det;
    prior = s->log_u + (double)d->variants * s->log_b;
    for (size_t c = 0; c < d->channels; c++) {
        double sds = field->u_sd[c] = 1.0 / sqrt(field->u_precision[c]), of_channel = 0.0;
        for (size_t i = c * d->variants; i < (c + 1) * d->variants; i++) {
            sds *= field->b_sd[i] = 1.0 / sqrt(field->b_precision[i]);
            if (!(sds > 1e-200 && sds < 1e200)) { /* one logarithm for most channels */
                of_channel -= log(sds);
                sds = 1.0;
            }
        }
        of_channel -= log(sds);
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
    memcpy(field->b_mean, latent->x + at_b(latent, 0, 0),
           d->channels * d->variants * sizeof *latent->x);
}

int stats_field_fit(struct stats_field *field, struct stats_latent *latent,
                    const struct stats_scales *scales)
{
    field->scales = *scales;
    double density = expand(latent, scales, latent->x);
    for (int i = 0; i < 100; i++) {
        if (!isfinite(density) || factor(field, latent) != 0)
            return -1;
        gradient(field, latent, latent->x);
        double decrement = 0.0;
        memcpy(latent->trial, latent->right, latent->size * sizeof *latent->trial);
        solve(field, latent);
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
    size_t terms = stats_core_terms(latent), term = 0;
    double *e = latent->vector,
           at_slot = d->has_slots ? 1.0 / row_of(field, latent, slot)[slot] : 0;
    double variance = at_slot * at_slot;
    for (size_t k = first; k < m; k++) {
        const double *row = row_of(field, latent, k);
        int its = term < terms && k == stats_core_term(latent, d->cells[i].variant, term);
        double sum = its ? 1.0 : 0.0;
        term += its ? 1 : 0;
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
            size_t to = pair_end(d, from, end);
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
    solve(field, latent);
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
        field->u_mean[i] += by[at_u(latent, i)];
    for (size_t i = 0; i < d->channels * d->variants; i++)
        field->b_mean[i] += by[at_b(latent, 0, 0) + i];
}
