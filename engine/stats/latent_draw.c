#include "stats/latent.h"

#include "stats/triangle.h"

#include <string.h>

/* Half the sum of squares of count values, each over sd. */
static double half_squares(const double *x, size_t count, double sd)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return 0.5 * sum / (sd * sd);
}

double stats_field_draw_core(const struct stats_field *field, const struct stats_latent *latent,
                             const double *normals, double *globals)
{
    const struct stats_scales *s = &field->scales;
    const struct stats_design *d = latent->design;
    size_t mu = latent->at_mu, m = latent->globals;
    memcpy(globals + mu, normals, (m - mu) * sizeof *globals);
    stats_solve_last(field->global_factor, m, latent->diagonal, mu, globals);
    for (size_t k = mu; k < m; k++)
        globals[k] += field->global_mean[k];
    double off = globals[mu] - d->mu0, of_levels = 0.0;
    for (size_t f = 0, i = 0; f < d->factors; i = d->level_end[f++])
        of_levels += half_squares(globals + latent->at_alpha + i, d->level_end[f] - i, s->tau_f[f]);
    return field->global_log_ratio + half_squares(normals, m - mu, 1.0) -
           half_squares(&off, 1, s->mu) -
           half_squares(globals + latent->at_theta, d->variants, s->tau_v) - of_levels;
}

double stats_field_draw_slots(const struct stats_field *field, const struct stats_latent *latent,
                              const double *normals, double *globals)
{
    size_t mu = latent->at_mu, m = latent->globals;
    double *change = latent->vector;
    memcpy(change, normals, mu * sizeof *change);
    for (size_t k = mu; k < m; k++)
        change[k] = globals[k] - field->global_mean[k];
    stats_solve_first(field->global_factor, m, latent->diagonal, mu, change);
    for (size_t k = 0; k < mu; k++)
        globals[k] = field->global_mean[k] + change[k];
    return half_squares(normals, mu, 1.0) - half_squares(globals, mu, field->scales.tau_w);
}

double stats_field_draw_channel(const struct stats_field *field, const struct stats_latent *latent,
                                size_t c, const double *globals, const double *normals, double *u,
                                double *b)
{
    const struct stats_design *d = latent->design;
    size_t pair = c * d->variants;
    double *change = latent->vector;
    for (size_t k = 0; k < latent->globals; k++)
        change[k] = globals[k] - field->global_mean[k];
    double u_change = stats_field_u_shift(field, latent, c, change) + normals[0] * field->u_sd[c];
    *u = field->u_mean[c] + u_change;
    stats_field_b_shifts(field, latent, c, change, u_change, b);
    for (size_t v = 0; v < d->variants; v++)
        b[v] += field->b_mean[pair + v] + normals[1 + v] * field->b_sd[pair + v];
    return field->channel_log_ratio[c] + half_squares(normals, 1 + d->variants, 1.0) -
           half_squares(u, 1, field->scales.tau_u) -
           half_squares(b, d->variants, field->scales.tau_b);
}

/* Cells that are looked at together. */
#define TOGETHER 64

double stats_channel_likelihood(const struct stats_field *field, const struct stats_latent *latent,
                                size_t c, const double *globals, double u, const double *b)
{
    const struct stats_design *d = latent->design;
    double sum = 0.0, eta[TOGETHER], base = b ? u : 0.0;
    size_t end = d->channel_start[c + 1];
    for (size_t from = d->channel_start[c]; from < end; from += TOGETHER) {
        const struct stats_cell *cells = d->cells + from;
        size_t count = end - from < TOGETHER ? end - from : TOGETHER;
        for (size_t i = 0; i < count; i++)
            eta[i] = base + stats_core_sum(latent, globals, cells[i].variant);
        for (size_t i = 0; i < count && d->has_slots; i++)
            eta[i] += globals[cells[i].slot];
        for (size_t i = 0; i < count && b; i++)
            eta[i] += b[cells[i].variant];
        sum += latent->family->sum(&field->scales.dispersion, cells, count, eta);
    }
    return sum;
}
