#include "stats/scales.h"

#include "stats/special.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_MOST  2048
#define POINTS_LEAST 64
#define MEMORY_MOST  ((size_t)64 << 20)

/* Scales are kept where their prior has all but the last 1e-9 of its mass below them, and at most
 * where a double still tells their score. */
#define LOWEST_Z  (-6.0)
#define HIGHEST_Z 30.0

struct search {
    struct stats_latent *latent; /* borrowed */
    const struct abp_priors *priors;
    size_t dimensions;
    struct stats_field scratch;
    double *start; /* owned: where Newton starts, the mode at the best point so far */
    double best;
    struct stats_proposal proposal; /* its centre is that best point */
};

static void scales_at(const struct search *search, const double *z, struct stats_scales *scales)
{
    const struct stats_design *d = search->latent->design;
    const struct abp_priors *p = search->priors;
    size_t k = 2;
    memset(scales, 0, sizeof *scales);
    scales->mu = p->mu;
    scales->tau_v = stats_half_normal(p->lift, z[1]);
    if (d->has_channels) {
        scales->tau_u = stats_half_normal(p->channel, z[k++]);
        scales->tau_b = stats_half_normal(p->interaction, z[k++]);
    }
    if (d->has_slots)
        scales->tau_w = stats_half_normal(p->slot, z[k]);
    stats_dispersion_set(&scales->dispersion, d, search->latent->family,
                         stats_half_normal(p->dispersion, z[0]));
}

/* Fits field at z; returns the log posterior density of z but for a constant, -inf when it can't be
 * had. */
static double density_at(struct search *search, const double *z, struct stats_field *field)
{
    struct stats_scales scales;
    double squares = 0.0;
    for (size_t k = 0; k < search->dimensions; k++) {
        if (!(z[k] > LOWEST_Z && z[k] < HIGHEST_Z))
            return -INFINITY;
        squares += z[k] * z[k];
    }
    scales_at(search, z, &scales);
    memcpy(search->latent->x, search->start, search->latent->size * sizeof *search->start);
    if (stats_field_fit(field, search->latent, &scales) != 0)
        return -INFINITY;
    return field->log_marginal - 0.5 * squares;
}

static double minus_density(const gsl_vector *z, void *context)
{
    struct search *search = context;
    double f = density_at(search, z->data, &search->scratch);
    if (!isfinite(f))
        return 1e300;
    if (f > search->best) {
        search->best = f;
        memcpy(search->start, search->latent->x, search->latent->size * sizeof *search->start);
        memcpy(search->proposal.centre, z->data,
               search->dimensions * sizeof *search->proposal.centre);
    }
    return -f;
}

/* The posterior's mode in z, near enough to lay points around it (Nelder & Mead's simplex). */
static int find_mode(struct search *search, struct abp_error *err)
{
    size_t n = search->dimensions;
    gsl_vector *z = gsl_vector_calloc(n), *size = gsl_vector_alloc(n);
    gsl_multimin_fminimizer *simplex =
        gsl_multimin_fminimizer_alloc(gsl_multimin_fminimizer_nmsimplex2, n);
    int rc = -1;
    if (!z || !size || !simplex) {
        abp_fail_memory(err);
        goto out;
    }
    gsl_multimin_function f = {minus_density, n, search};
    gsl_vector_set_all(z, -0.3);
    gsl_vector_set_all(size, 0.7);
    search->best = -INFINITY;
    gsl_multimin_fminimizer_set(simplex, &f, z, size);
    for (int i = 0; i < 400; i++) {
        if (gsl_multimin_fminimizer_iterate(simplex) != GSL_SUCCESS)
            break;
        if (gsl_multimin_fminimizer_size(simplex) < 0.05)
            break;
    }
    if (!isfinite(search->best)) {
        abp_fail(err, ABP_DATA, "the model could not be fitted to this data at all");
        goto out;
    }
    rc = 0;
out:
    gsl_multimin_fminimizer_free(simplex);
    gsl_vector_free(size);
    gsl_vector_free(z);
    return rc;
}

static double probe(struct search *search, size_t i, double step_i, size_t j, double step_j)
{
    double z[STATS_MOST_SCALES] = {0};
    memcpy(z, search->proposal.centre, sizeof z);
    z[i] += step_i;
    z[j] += step_j;
    double f = density_at(search, z, &search->scratch);
    return isfinite(f) ? f : search->best - 50.0;
}

/* Minus the second derivatives of the log density at the centre. */
static void curvatures(struct search *search, gsl_matrix *H)
{
    const double step = 0.15;
    size_t n = search->dimensions;
    double up[STATS_MOST_SCALES], down[STATS_MOST_SCALES];
    for (size_t i = 0; i < n; i++) {
        up[i] = probe(search, i, step, i, 0.0);
        down[i] = probe(search, i, -step, i, 0.0);
        gsl_matrix_set(H, i, i, (2.0 * search->best - up[i] - down[i]) / (step * step));
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double both = probe(search, i, step, j, step) + probe(search, i, -step, j, -step);
            double h = 0.5 * (up[i] + down[i] + up[j] + down[j] - both - 2.0 * search->best) /
                       (step * step);
            gsl_matrix_set(H, i, j, h);
            gsl_matrix_set(H, j, i, h);
        }
}

/* The sd that makes a normal fall as the density does on the way to `distance` along an axis. */
static double side_sd(struct search *search, size_t axis, double sd, double sign)
{
    double z[STATS_MOST_SCALES] = {0};
    for (size_t i = 0; i < search->dimensions; i++)
        z[i] = search->proposal.centre[i] + sign * 1.5 * sd * search->proposal.axes[i][axis];
    double f = density_at(search, z, &search->scratch);
    double fall = isfinite(f) ? search->best - f : 1e3;
    return sd * fmin(fmax(1.5 / sqrt(2.0 * fmax(fall, 1e-3)), 0.4), 3.0);
}

static int find_axes(struct search *search, struct abp_error *err)
{
    size_t n = search->dimensions;
    gsl_matrix *H = gsl_matrix_alloc(n, n), *vectors = gsl_matrix_alloc(n, n);
    gsl_vector *values = gsl_vector_alloc(n);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(n);
    int rc = -1;
    if (!H || !vectors || !values || !work) {
        abp_fail_memory(err);
        goto out;
    }
    curvatures(search, H);
    gsl_eigen_symmv(H, values, vectors, work);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < n; i++)
            search->proposal.axes[i][k] = gsl_matrix_get(vectors, i, k);
        double sd = 1.0 / sqrt(fmax(gsl_vector_get(values, k), 0.5));
        search->proposal.below[k] = side_sd(search, k, sd, -1.0);
        search->proposal.above[k] = side_sd(search, k, sd, 1.0);
    }
    rc = 0;
out:
    gsl_eigen_symmv_free(work);
    gsl_vector_free(values);
    gsl_matrix_free(vectors);
    gsl_matrix_free(H);
    return rc;
}

/* A seed's shift of a quasi-random coordinate (Cranley & Patterson 1976), kept off 0 and 1. */
static double shifted(double u, double shift)
{
    double x = u + shift;
    x -= floor(x);
    return fmin(fmax(x, 1e-12), 1.0 - 1e-12);
}

static double hash_uniform(uint64_t seed, uint64_t k)
{
    uint64_t x = seed + 0x9E3779B97F4A7C15u * (k + 1); /* splitmix64 */
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return (double)((x ^ (x >> 31)) >> 11) * 0x1p-53;
}

static int lay_points(struct stats_points *points, struct search *search, uint64_t seed,
                      struct abp_error *err)
{
    size_t n = search->dimensions;
    gsl_qrng *sobol = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)n + 2);
    double *log_weight = calloc(points->count, sizeof *log_weight);
    int rc = -1;
    if (!sobol || !log_weight) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t p = 0; p < points->count; p++) {
        struct stats_point *point = &points->list[p];
        double uniform[STATS_MOST_SCALES + 2];
        if (stats_field_init(&point->field, search->latent, err) != 0)
            goto out;
        gsl_qrng_get(sobol, uniform);
        for (size_t k = 0; k < n + 2; k++)
            uniform[k] = shifted(uniform[k], hash_uniform(seed, k));
        stats_proposal_place(&search->proposal, uniform, point->z);
        log_weight[p] = density_at(search, point->z, &point->field);
        if (!isfinite(log_weight[p])) {
            log_weight[p] = -INFINITY;
            continue;
        }
        log_weight[p] -= stats_proposal_log_density(&search->proposal, point->z);
        stats_field_centre(&point->field, search->latent);
    }
    double total = stats_logsumexp(log_weight, points->count);
    if (!isfinite(total)) {
        abp_fail(err, ABP_DATA, "the model could not be fitted to this data at all");
        goto out;
    }
    for (size_t p = 0; p < points->count; p++)
        points->list[p].share = exp(log_weight[p] - total);
    rc = 0;
out:
    free(log_weight);
    gsl_qrng_free(sobol);
    return rc;
}

static size_t points_wanted(const struct stats_latent *latent)
{
    size_t fit = MEMORY_MOST / stats_field_bytes(latent), count = POINTS_MOST;
    while (count > POINTS_LEAST && count > fit)
        count /= 2;
    return count;
}

int stats_points_init(struct stats_points *points, struct stats_latent *latent,
                      const struct abp_priors *priors, uint64_t seed, struct abp_error *err)
{
    const struct stats_design *d = latent->design;
    struct search search = {.latent = latent, .priors = priors};
    int rc = -1;
    search.dimensions = 2u + (d->has_channels ? 2u : 0u) + (d->has_slots ? 1u : 0u);
    search.proposal.dimensions = search.dimensions;
    memset(points, 0, sizeof *points);
    points->dimensions = search.dimensions;
    points->count = points_wanted(latent);
    points->list = calloc(points->count, sizeof *points->list);
    search.start = malloc(latent->size * sizeof *search.start);
    if (!points->list || !search.start) {
        abp_fail_memory(err);
        goto out;
    }
    memcpy(search.start, latent->x, latent->size * sizeof *search.start);
    if (stats_field_init(&search.scratch, latent, err) != 0)
        goto out;
    if (find_mode(&search, err) != 0 || find_axes(&search, err) != 0 ||
        stats_proposal_prepare(&search.proposal, err) != 0 ||
        lay_points(points, &search, seed, err) != 0)
        goto out;
    rc = 0;
out:
    stats_field_release(&search.scratch);
    free(search.start);
    if (rc != 0)
        stats_points_release(points);
    return rc;
}

void stats_points_release(struct stats_points *points)
{
    for (size_t p = 0; points->list && p < points->count; p++)
        stats_field_release(&points->list[p].field);
    free(points->list);
    memset(points, 0, sizeof *points);
}
