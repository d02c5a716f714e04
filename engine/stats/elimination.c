#include "stats/elimination.h"

#include <math.h>
#include <string.h>

size_t stats_pair_end(const struct stats_design *d, size_t from, size_t end)
{
    size_t to = from;
    while (to < end && d->cells[to].variant == d->cells[from].variant)
        to++;
    return to;
}

double stats_prior_sd(const struct stats_latent *latent, const struct stats_scales *s, size_t i)
{
    size_t f = 0;
    if (i < latent->at_alpha)
        return i < latent->at_mu ? s->tau_w : i == latent->at_mu ? s->mu : s->tau_v;
    while (i - latent->at_alpha >= latent->design->level_end[f])
        f++;
    return s->tau_f[f];
}

void stats_slopes_of_differences(const struct stats_latent *latent, double *slopes)
{
    double *theta = slopes + latent->at_theta;
    for (size_t v = 1; v < latent->design->variants; v++)
        theta[0] += theta[v];
}

void stats_add_differences(const struct stats_latent *latent, double *globals)
{
    double *theta = globals + latent->at_theta;
    for (size_t v = 1; v < latent->design->variants; v++)
        theta[v] += theta[0];
}

void stats_take_differences(const struct stats_latent *latent, double *globals)
{
    double *theta = globals + latent->at_theta;
    for (size_t v = 1; v < latent->design->variants; v++)
        theta[v] -= theta[0];
}

/* One (channel, variant) pair's part in the rows of the slots. Its cells are in the order of their
 * slots, so that the work is linear in cells, however many of them share a slot. left: what
 * eliminating b leaves of a curvature; shrink: b's variance given the rest. */
static void add_slots(struct stats_field *field, const struct stats_latent *latent, size_t from,
                      size_t to, double left, double shrink, double *u_row)
{
    const struct stats_design *d = latent->design;
    size_t terms = stats_core_terms(latent);
    double *sums = latent->vector; /* of the curvatures of each slot */
    double *rows[2 + ABP_POSTERIOR_FACTORS];
    for (size_t k = 0; k < terms; k++)
        rows[k] = stats_row_of(field, latent, stats_core_term(latent, d->cells[from].variant, k));
    memset(sums, 0, d->slots * sizeof *sums);
    for (size_t i = from; i < to; i++) {
        sums[d->cells[i].slot] += latent->curvature[i];
        if (d->has_channels)
            field->place_coupling[d->cells[i].place] += latent->curvature[i] * shrink;
    }
    for (size_t s = 0; s < d->slots; s++) {
        double *of_slot = stats_row_of(field, latent, s);
        if (!(sums[s] > 0.0))
            continue;
        for (size_t k = 0; k < terms; k++)
            rows[k][s] += sums[s] * left;
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
        double *row = stats_row_of(field, latent, stats_core_term(latent, v, k));
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
        size_t to = stats_pair_end(d, from, end);
        add_pair(field, latent, from, to, row, &precision);
        from = to;
    }
    if (!d->has_channels)
        return;
    field->u_precision[c] = precision;
    double by = 1.0 / precision;
    for (size_t i = 0; i < m; i++) {
        double scaled = row[i] * by, *of = stats_row_of(field, latent, i);
        if (scaled > 0.0 || scaled < 0.0)
            for (size_t j = 0; j <= i; j++)
                of[j] -= scaled * row[j];
    }
    for (size_t i = 0; i < m; i++)
        row[i] *= by;
}

/* The globals' precision in terms of theta_0 and the other styles' differences from it: what
 * belongs to theta_0 is then the sum of what belongs to all styles. */
static void take_differences(struct stats_field *field, const struct stats_latent *latent)
{
    size_t zero = latent->at_theta, K = latent->design->variants;
    double *sum = stats_row_of(field, latent, zero), all = sum[zero];
    for (size_t v = 1; v < K; v++) {
        double *row = stats_row_of(field, latent, zero + v);
        for (size_t j = 0; j < zero; j++)
            sum[j] += row[j];
        all += 2.0 * row[zero] + row[zero + v];
        for (size_t w = 1; w < v; w++) { /* each of two of the others' */
            row[zero] += row[zero + w];
            stats_row_of(field, latent, zero + w)[zero] += row[zero + w];
            all += 2.0 * row[zero + w];
        }
        row[zero] += row[zero + v];
    }
    sum[zero] = all;
    for (size_t i = latent->at_alpha; i < latent->globals; i++) {
        double *row = stats_row_of(field, latent, i);
        for (size_t v = 1; v < K; v++)
            row[zero] += row[zero + v];
    }
}

int stats_field_factor(struct stats_field *field, const struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    const struct stats_scales *s = &field->scales;
    size_t m = latent->globals;
    double *A = field->global_factor;
    memset(A, 0, stats_triangle_numbers(m, latent->diagonal) * sizeof *A);
    for (size_t i = 0; i < m; i++) {
        double sd = stats_prior_sd(latent, s, i);
        stats_row_of(field, latent, i)[i] = 1.0 / (sd * sd);
    }
    for (size_t c = 0; c < d->channels; c++)
        eliminate_channel(field, latent, c);
    take_differences(field, latent);
    return stats_cholesky(A, m, latent->diagonal);
}

/* Eliminates b and u from latent->right. */
static void eliminate_right(const struct stats_field *field, struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    double *r = latent->right;
    for (size_t c = 0; c < d->channels; c++) {
        double *ru = &r[stats_at_u(latent, c)];
        for (size_t v = 0; v < d->variants; v++) {
            double pull = field->b_coupling[c * d->variants + v] * r[stats_at_b(latent, c, v)];
            *ru -= pull;
            for (size_t k = 0; k < stats_core_terms(latent); k++)
                r[stats_core_term(latent, v, k)] -= pull;
        }
        if (d->has_slots)
            for (size_t p = d->place_start[c]; p < d->place_start[c + 1]; p++)
                r[d->places[p].slot] -=
                    field->place_coupling[p] * r[stats_at_b(latent, c, d->places[p].variant)];
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

void stats_field_solve(const struct stats_field *field, struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    size_t m = latent->globals;
    if (d->has_channels)
        eliminate_right(field, latent);
    memcpy(latent->step, latent->right, m * sizeof *latent->step);
    stats_slopes_of_differences(latent, latent->step);
    stats_solve_lower(field->global_factor, m, latent->diagonal, 0, latent->step);
    stats_solve_upper(field->global_factor, m, latent->diagonal, latent->step);
    stats_add_differences(latent, latent->step);
    if (!d->has_channels)
        return;
    for (size_t c = 0; c < d->channels; c++) {
        double *u = &latent->step[stats_at_u(latent, c)],
               *b = &latent->step[stats_at_b(latent, c, 0)];
        *u = latent->right[stats_at_u(latent, c)] / field->u_precision[c] +
             stats_field_u_shift(field, latent, c, latent->step);
        stats_field_b_shifts(field, latent, c, latent->step, *u, b);
        for (size_t v = 0; v < d->variants; v++)
            b[v] +=
                latent->right[stats_at_b(latent, c, v)] / field->b_precision[c * d->variants + v];
    }
}
