#include "stats/scales.h"

#include "stats/guess.h"
#include "stats/special.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_multimin.h>
#include <gsl/gsl_qrng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Points of the refined proposal: powers of 2, which quasi-random sequences are even at. */
#define POINTS_MOST  2048
#define POINTS_LEAST 64
/* Points that it is learned from: a share of those, at least so many. */
#define FIRST_SHARE 8
#define FIRST_LEAST 64
#define MEMORY_MOST ((size_t)64 << 20)
/* Cells that all points together look at, more or less. */
#define CELLS_MOST ((size_t)1 << 24)

struct search {
    struct stats_latent *latent; /* borrowed */
    const struct abp_priors *priors;
    size_t dimensions;
    struct stats_field scratch;
    struct stats_constants *constants; /* borrowed */
    double *start; /* owned: where Newton starts, the mode at the best point so far */
    double best;
    struct stats_proposal proposal; /* its centre is that best point */
};

size_t stats_scale_count(const struct stats_design *design)
{
    return 2u + (design->has_channels ? 2u : 0u) + (design->has_slots ? 1u : 0u) + design->factors;
}

double stats_lift_prior(const struct stats_design *design, const struct abp_priors *priors)
{
    return design->factors ? 0.25 * priors->lift : priors->lift;
}

/* The scale at score z, and its logarithm. */
static double scale_at(double *log_scale, double prior, struct stats_constants *constants, double z)
{
    double exact = constants ? NAN : stats_half_normal(1.0, z);
    double log_one = constants ? stats_log_half_normal(&constants->half, z) : log(exact);
    *log_scale = log(prior) + log_one;
    return prior * (constants ? exp(log_one) : exact);
}

void stats_scales_at(struct stats_scales *scales, const struct stats_latent *latent,
                     const struct abp_priors *priors, struct stats_constants *constants,
                     const double *z)
{
    const struct stats_design *d = latent->design;
    double log_kappa;
    size_t k = 2;
    memset(scales, 0, sizeof *scales);
    scales->mu = priors->mu;
    scales->log_mu = log(priors->mu);
    scales->tau_v = scale_at(&scales->log_v, stats_lift_prior(d, priors), constants, z[1]);
    if (d->has_channels) {
        scales->tau_u = scale_at(&scales->log_u, priors->channel, constants, z[k++]);
        scales->tau_b = scale_at(&scales->log_b, priors->interaction, constants, z[k++]);
        scales->square_b = gsl_pow_2(scales->tau_b);
        scales->precision_b = 1.0 / scales->square_b;
        scales->precision_u = 1.0 / gsl_pow_2(scales->tau_u);
    }
    if (d->has_slots)
        scales->tau_w = scale_at(&scales->log_w, priors->slot, constants, z[k++]);
    for (size_t f = 0; f < d->factors; f++)
        scales->tau_f[f] = scale_at(&scales->log_f[f], priors->lift, constants, z[k + f]);
    stats_dispersion_set(&scales->dispersion, d, latent->family, constants,
                         scale_at(&log_kappa, priors->dispersion, constants, z[0]));
}

/* Fits field at scales of scores z, Newton from `start`; returns the log posterior density of z but
 * for a constant, -inf when it can't be had. */
static double density_from(struct search *search, const double *z,
                           const struct stats_scales *scales, const double *start,
                           struct stats_field *field)
{
    double squares = 0.0;
    for (size_t k = 0; k < search->dimensions; k++) {
        if (!(z[k] > STATS_LOWEST_Z && z[k] < STATS_HIGHEST_Z))
            return -INFINITY;
        squares += z[k] * z[k];
    }
    memcpy(search->latent->x, start, search->latent->size * sizeof *start);
    if (stats_field_fit(field, search->latent, scales) != 0)
        return -INFINITY;
    return field->log_marginal - 0.5 * squares;
}

static double density_at(struct search *search, const double *z, struct stats_field *field)
{
    struct stats_scales scales;
    stats_scales_at(&scales, search->latent, search->priors, search->constants, z);
    return density_from(search, z, &scales, search->start, field);
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

/* One of the quasi-random sequences that points are placed by. */
struct places {
    gsl_qrng *sobol; /* owned */
    size_t dimensions;
    double shift[STATS_MOST_SCALES + 2];
};

static int places_init(struct places *places, size_t dimensions, uint64_t seed,
                       struct abp_error *err)
{
    places->dimensions = dimensions;
    places->sobol = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)dimensions);
    for (size_t k = 0; k < dimensions; k++)
        places->shift[k] = hash_uniform(seed, k);
    return places->sobol ? 0 : abp_fail_memory(err);
}

static void places_next(struct places *places, double *uniform)
{
    gsl_qrng_get(places->sobol, uniform);
    for (size_t k = 0; k < places->dimensions; k++)
        uniform[k] = shifted(uniform[k], places->shift[k]);
}

/* Fits the field of a point whose z is set; guess NULL: with the correction for skewness, which is
 * then taught to `teach`, with the mode. Returns the log posterior density, -inf when it can't be
 * had. */
static double fit_point(struct search *search, struct stats_point *point,
                        const struct stats_guess *guess, struct stats_guess *teach, double *both)
{
    struct stats_latent *latent = search->latent;
    struct stats_scales scales;
    size_t size = latent->size;
    double log_density;
    stats_scales_at(&scales, latent, search->priors, search->constants, point->z);
    if (guess) {
        stats_guess_at(guess, point->z, both);
        stats_latent_rescale(latent, &scales, both, 1, 1);
        stats_latent_rescale(latent, &scales, both + size, 0, 1);
        log_density = density_from(search, point->z, &scales, both, &point->field);
        if (isfinite(log_density)) {
            stats_field_move(&point->field, latent, both + size);
            return log_density;
        }
    }
    log_density = density_from(search, point->z, &scales, search->start, &point->field);
    if (!isfinite(log_density))
        return -INFINITY;
    memcpy(both, latent->x, size * sizeof *both);
    stats_field_centre(&point->field, latent);
    memcpy(both + size, latent->step, size * sizeof *both);
    stats_latent_rescale(latent, &point->field.scales, both, 1, 0);
    stats_latent_rescale(latent, &point->field.scales, both + size, 0, 0);
    if (teach)
        stats_guess_add(teach, point->z, 0.01 + exp(0.5 * fmin(log_density - search->best, 0.0)),
                        both);
    return log_density;
}

/* Sets the shares of the first `count` points from their log posterior densities. */
static int share_out(struct stats_points *points, const struct search *search,
                     const double *log_density, size_t count, struct abp_error *err)
{
    double top = -INFINITY, sum = 0.0;
    for (size_t p = 0; p < count; p++) {
        double *share = &points->list[p].share;
        *share = log_density[p];
        if (isfinite(*share))
            *share -= stats_proposal_log_density(&search->proposal, points->list[p].z);
        top = fmax(top, *share);
    }
    if (!isfinite(top))
        return abp_fail(err, ABP_DATA, "the model could not be fitted to this data at all");
    for (size_t p = 0; p < count; p++)
        sum += points->list[p].share = exp(points->list[p].share - top);
    for (size_t p = 0; p < count; p++)
        points->list[p].share /= sum;
    points->log_total = top + log(sum / (double)count);
    return 0;
}

/* Learns from the first points where the others belong. */
static int refine(struct stats_points *points, struct search *search, size_t first,
                  struct abp_error *err)
{
    double *z = malloc(first * (STATS_MOST_SCALES + 1) * sizeof *z);
    if (!z)
        return abp_fail_memory(err);
    double *shares = z + first * STATS_MOST_SCALES;
    for (size_t p = 0; p < first; p++) {
        memcpy(z + p * STATS_MOST_SCALES, points->list[p].z, sizeof points->list[p].z);
        shares[p] = points->list[p].share;
    }
    double rest = 1.0 - (double)first / (double)points->count;
    int rc = stats_proposal_refine(&search->proposal, z, shares, first, rest, err);
    free(z);
    return rc;
}

/* Neighbours are neighbours in tau_v, which decides most about the styles: a draw's point and what
 * the draw says of them then move together. */
static int by_lift(const void *left, const void *right)
{
    const double *a = left, *b = right;
    return (a[1] > b[1]) - (a[1] < b[1]);
}

/* Places points from..to before their fields are fitted, so that they can be fitted in their order,
 * which is that of memory. */
static int place_points(struct stats_points *points, const struct search *search, size_t from,
                        size_t to, struct places *places, struct abp_error *err)
{
    const size_t size = STATS_MOST_SCALES;
    double *z = calloc((to - from) * size, sizeof *z);
    if (!z)
        return abp_fail_memory(err);
    for (size_t p = 0; p < to - from; p++) {
        double uniform[STATS_MOST_SCALES + 2];
        places_next(places, uniform);
        if (from > 0 && search->proposal.refined > 0.0)
            stats_proposal_place_refined(&search->proposal, uniform, z + p * size);
        else
            stats_proposal_place(&search->proposal, uniform, z + p * size);
    }
    qsort(z, to - from, size * sizeof *z, by_lift);
    for (size_t p = from; p < to; p++)
        memcpy(points->list[p].z, z + (p - from) * size, size * sizeof *z);
    free(z);
    return 0;
}

/* Points of the refined proposal that memory allows, and work: each looks at all cells. */
static size_t refined_points(const struct stats_latent *latent)
{
    size_t fit = MEMORY_MOST / stats_field_bytes(latent), count = POINTS_MOST;
    if (fit > CELLS_MOST / latent->design->cell_count)
        fit = CELLS_MOST / latent->design->cell_count;
    while (count > POINTS_LEAST && count > fit)
        count /= 2;
    return count;
}

static size_t first_points(size_t refined)
{
    size_t first = refined / FIRST_SHARE;
    return first > FIRST_LEAST ? first : FIRST_LEAST;
}

/* Fits points from..to. guess NULL: they teach it instead. */
static void fit_points(struct stats_points *points, struct search *search, size_t from, size_t to,
                       const struct stats_guess *guess, struct stats_guess *teach,
                       double *log_density, double *both)
{
    size_t numbers = stats_field_numbers(search->latent);
    for (size_t p = from; p < to; p++) {
        struct stats_point *point = &points->list[p];
        stats_field_place(&point->field, search->latent, points->memory + p * numbers);
        log_density[p] = fit_point(search, point, guess, teach, both);
    }
}

static int lay_points(struct stats_points *points, struct search *search, uint64_t seed,
                      struct abp_error *err)
{
    size_t n = search->dimensions, size = search->latent->size, first = points->first;
    struct places before = {0}, after = {0}, *then = &before;
    struct stats_guess guess = {0};
    double *log_density = malloc((points->count + 2 * size) * sizeof *log_density);
    int rc = -1;
    if (!log_density) {
        abp_fail_memory(err);
        goto out;
    }
    double *both = log_density + points->count;
    if (places_init(&before, n + 2, seed, err) != 0 ||
        places_init(&after, n, seed + 0x5851F42D4C957F2Du, err) != 0 ||
        stats_guess_init(&guess, n, 2 * size, err) != 0)
        goto out;
    search->latent->near_enough = STATS_NEAR_LOOSE;
    if (place_points(points, search, 0, first, &before, err) != 0)
        goto out;
    fit_points(points, search, 0, first, NULL, &guess, log_density, both);
    if (share_out(points, search, log_density, first, err) != 0 ||
        refine(points, search, first, err) != 0)
        goto out;
    if (search->proposal.refined > 0.0)
        then = &after;
    if (place_points(points, search, first, points->count, then, err) != 0)
        goto out;
    int known = stats_guess_solve(&guess) == 0;
    fit_points(points, search, first, points->count, known ? &guess : NULL, NULL, log_density,
               both);
    rc = share_out(points, search, log_density, points->count, err);
out:
    stats_guess_release(&guess);
    gsl_qrng_free(before.sobol);
    gsl_qrng_free(after.sobol);
    free(log_density);
    return rc;
}

int stats_points_init(struct stats_points *points, struct stats_latent *latent,
                      const struct abp_priors *priors, uint64_t seed, struct abp_error *err)
{
    const struct stats_design *d = latent->design;
    struct stats_constants constants;
    struct search search = {.latent = latent, .priors = priors, .constants = &constants};
    int rc = -1;
    search.dimensions = stats_scale_count(d);
    search.proposal.dimensions = search.dimensions;
    stats_constants_init(&constants, d);
    memset(points, 0, sizeof *points);
    points->dimensions = search.dimensions;
    points->first = first_points(refined_points(latent));
    points->count = points->first + refined_points(latent);
    points->list = calloc(points->count, sizeof *points->list);
    points->memory = malloc(points->count * stats_field_numbers(latent) * sizeof *points->memory);
    search.start = malloc(latent->size * sizeof *search.start);
    if (!points->list || !points->memory || !search.start) {
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
    free(points->list);
    free(points->memory);
    memset(points, 0, sizeof *points);
}
