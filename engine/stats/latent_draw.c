#include "stats/latent.h"

#include "stats/elimination.h"

#include <math.h>
#include <string.h>

/* Half the sum of squares of count values, each over sd. */
static double half_squares(const double *x, size_t count, double sd)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return 0.5 * sum / (sd * sd);
}

static double product(const double *a, const double *b, size_t count)
{
    double sum = 0.0;
    for (size_t k = 0; k < count; k++)
        sum += a[k] * b[k];
    return sum;
}

double stats_field_draw_core(const struct stats_field *field, const struct stats_latent *latent,
                             const double *normals, double *globals)
{
    const struct stats_scales *s = &field->scales;
    const struct stats_design *d = latent->design;
    size_t mu = latent->at_mu, m = latent->globals;
    memcpy(globals + mu, normals, (m - mu) * sizeof *globals);
    stats_solve_last(field->global_factor, m, latent->diagonal, mu, globals);
    stats_add_differences(latent, globals);
    for (size_t k = mu; k < m; k++)
        globals[k] += field->global_mean[k];
    double off = globals[mu] - d->mu0, of_levels = 0.0;
    for (size_t f = 0, i = 0; f < d->factors; i = d->level_end[f++])
        of_levels += half_squares(globals + latent->at_alpha + i, d->level_end[f] - i, s->tau_f[f]);
    return field->global_log_ratio + half_squares(normals, m - mu, 1.0) -
           half_squares(&off, 1, s->mu) -
           half_squares(globals + latent->at_theta, d->variants, s->tau_v) - of_levels;
}

void stats_field_channel_lift(const struct stats_field *field, const struct stats_latent *latent,
                              size_t c, size_t v, size_t base, double *mean, double *sd)
{
    const struct stats_design *d = latent->design;
    size_t m = latent->globals, high = c * d->variants + v, low = c * d->variants + base;
    double *e = latent->vector; /* what the difference takes of the globals */
    double of_u = field->b_coupling[low] - field->b_coupling[high];
    const double *row = field->u_coupling + c * m;
    *mean = stats_core_sum(latent, field->global_mean, v) -
            stats_core_sum(latent, field->global_mean, base) + field->b_mean[high] -
            field->b_mean[low];
    double variance = field->b_sd[high] * field->b_sd[high] + field->b_sd[low] * field->b_sd[low] +
                      of_u * of_u * field->u_sd[c] * field->u_sd[c];
    for (size_t k = 0; k < m; k++)
        e[k] = -of_u * row[k];
    for (size_t k = 0; k < stats_core_terms(latent); k++) {
        e[stats_core_term(latent, v, k)] += 1.0 - field->b_coupling[high];
        e[stats_core_term(latent, base, k)] -= 1.0 - field->b_coupling[low];
    }
    if (d->has_slots)
        for (size_t p = d->place_start[c]; p < d->place_start[c + 1]; p++) {
            double coupling = field->place_coupling[p];
            if (d->places[p].variant == v || d->places[p].variant == base)
                e[d->places[p].slot] += d->places[p].variant == v ? -coupling : coupling;
        }
    stats_slopes_of_differences(latent, e);
    stats_solve_lower(field->global_factor, m, latent->diagonal, 0, e);
    *sd = sqrt(variance + product(e, e, m));
}

double stats_field_draw_slots(const struct stats_field *field, const struct stats_latent *latent,
                              const double *normals, double *globals)
{
    size_t mu = latent->at_mu, m = latent->globals;
    double *change = latent->vector;
    memcpy(change, normals, mu * sizeof *change);
    for (size_t k = mu; k < m; k++)
        change[k] = globals[k] - field->global_mean[k];
    stats_take_differences(latent, change);
    stats_solve_first(field->global_factor, m, latent->diagonal, mu, change);
    for (size_t k = 0; k < mu; k++)
        globals[k] = field->global_mean[k] + change[k];
    return half_squares(normals, mu, 1.0) - half_squares(globals, mu, field->scales.tau_w);
}

void stats_field_draw_channel(const struct stats_field *field, const struct stats_latent *latent,
                              size_t c, const double *change, const double *normals, double *u,
                              double *b)
{
    const struct stats_design *d = latent->design;
    size_t pair = c * d->variants;
    double u_change = stats_field_u_shift(field, latent, c, change) + normals[0] * field->u_sd[c];
    *u = field->u_mean[c] + u_change;
    stats_field_b_shifts(field, latent, c, change, u_change, b);
    for (size_t v = 0; v < d->variants; v++)
        b[v] += field->b_mean[pair + v] + normals[1 + v] * field->b_sd[pair + v];
}

double stats_field_channel_ratio(const struct stats_field *field, const struct stats_latent *latent,
                                 size_t c, const double *normals, double u, const double *b)
{
    size_t K = latent->design->variants;
    return field->channel_log_ratio[c] + half_squares(normals, 1 + K, 1.0) -
           half_squares(&u, 1, field->scales.tau_u) - half_squares(b, K, field->scales.tau_b);
}

/* Cells that are looked at together. */
#define TOGETHER 64

double stats_draw_likelihood(const struct stats_field *field, const struct stats_latent *latent,
                             const double *globals, const double *u, const double *b)
{
    const struct stats_design *d = latent->design;
    double sum = 0.0, eta[TOGETHER], *core = latent->vector;
    for (size_t v = 0; v < d->variants; v++)
        core[v] = stats_core_sum(latent, globals, v);
    for (size_t from = 0; from < d->cell_count; from += TOGETHER) {
        const struct stats_cell *cells = d->cells + from;
        size_t count = d->cell_count - from < TOGETHER ? d->cell_count - from : TOGETHER;
        for (size_t i = 0; i < count; i++)
            eta[i] = core[cells[i].variant];
        for (size_t i = 0; i < count && d->has_slots; i++)
            eta[i] += globals[cells[i].slot];
        for (size_t i = 0; i < count && u; i++)
            eta[i] += u[cells[i].channel] + b[cells[i].channel * d->variants + cells[i].variant];
        sum += latent->family->sum(&field->scales.dispersion, cells, count, eta);
    }
    return sum;
}
