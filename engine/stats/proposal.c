#include "stats/proposal.h"

#include "stats/special.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <math.h>
#include <string.h>

/* Shares of the mixture; the split-normal has the rest. */
#define PRIOR_SHARE 0.05
#define ALONG_SHARE 0.35

/* A proposal should be wider than its target. */
#define STRETCH 1.15
#define WIDEN   1.4

/* The sd of the widened normal along an axis. */
static double wide_sd(const struct stats_proposal *p, size_t axis)
{
    return WIDEN * 0.5 * (p->below[axis] + p->above[axis]);
}

int stats_proposal_prepare(struct stats_proposal *p, struct abp_error *err)
{
    size_t n = p->dimensions, m = n - 1;
    double covariance[STATS_MOST_SCALES][STATS_MOST_SCALES] = {{0}};
    p->log_split = 0.0;
    p->along_log_share = log(ALONG_SHARE / (double)n);
    for (size_t a = 0; a < n; a++)
        p->log_split -= log(0.5 * STRETCH * (p->below[a] + p->above[a]));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t a = 0; a < n; a++)
                covariance[i][j] += p->axes[i][a] * p->axes[j][a] * gsl_pow_2(wide_sd(p, a));
    for (size_t k = 0; k < n; k++) {
        gsl_matrix_view others =
            gsl_matrix_view_array_with_tda(p->precision[k][0], m, m, STATS_MOST_SCALES);
        for (size_t i = 0; i < m; i++)
            for (size_t j = 0; j < m; j++)
                p->precision[k][i][j] = covariance[i + (i >= k)][j + (j >= k)];
        if (gsl_linalg_cholesky_decomp1(&others.matrix) != GSL_SUCCESS)
            return abp_fail(err, ABP_BUG, "the curvature of the scales is not that of a hill");
        p->log_normal[k] = 0.0;
        for (size_t i = 0; i < m; i++)
            p->log_normal[k] -= log(p->precision[k][i][i]);
        if (gsl_linalg_cholesky_invert(&others.matrix) != GSL_SUCCESS)
            return abp_fail(err, ABP_BUG, "the curvature of the scales can't be inverted");
    }
    return 0;
}

/* A split-normal variate from a uniform (Wallis 2014). */
static double split_normal(double u, double below, double above)
{
    double share = below / (below + above);
    if (u < share)
        return STRETCH * below * gsl_cdf_ugaussian_Pinv(0.5 * u / share);
    return STRETCH * above * gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - u) / (1.0 - share));
}

void stats_proposal_place(const struct stats_proposal *p, const double *uniform, double *z)
{
    size_t n = p->dimensions;
    double which = uniform[n];
    if (which < PRIOR_SHARE) {
        for (size_t i = 0; i < n; i++)
            z[i] = gsl_cdf_ugaussian_Pinv(uniform[i]);
        return;
    }
    int split = which >= PRIOR_SHARE + ALONG_SHARE;
    memcpy(z, p->centre, n * sizeof *z);
    for (size_t a = 0; a < n; a++) {
        double along = split ? split_normal(uniform[a], p->below[a], p->above[a])
                             : wide_sd(p, a) * gsl_cdf_ugaussian_Pinv(uniform[a]);
        for (size_t i = 0; i < n; i++)
            z[i] += p->axes[i][a] * along;
    }
    if (!split) {
        size_t k = (size_t)((which - PRIOR_SHARE) / ALONG_SHARE * (double)n);
        z[k < n ? k : n - 1] = gsl_cdf_ugaussian_Pinv(uniform[n + 1]);
    }
}

static double split_log_density(const struct stats_proposal *p, const double *z)
{
    double sum = 0.0;
    for (size_t a = 0; a < p->dimensions; a++) {
        double along = 0.0;
        for (size_t i = 0; i < p->dimensions; i++)
            along += p->axes[i][a] * (z[i] - p->centre[i]);
        double sd = STRETCH * (along < 0.0 ? p->below[a] : p->above[a]);
        sum -= 0.5 * gsl_pow_2(along / sd);
    }
    return p->log_split + sum;
}

/* Scale k from its prior, the others from their widened normal. */
static double along_log_density(const struct stats_proposal *p, size_t k, const double *z)
{
    size_t m = p->dimensions - 1;
    double off[STATS_MOST_SCALES] = {0}, squares = z[k] * z[k];
    for (size_t i = 0; i < m; i++)
        off[i] = z[i + (i >= k)] - p->centre[i + (i >= k)];
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++)
            squares += off[i] * p->precision[k][i][j] * off[j];
    return p->log_normal[k] - 0.5 * squares;
}

static double first_log_density(const struct stats_proposal *p, const double *z)
{
    size_t n = p->dimensions;
    double parts[STATS_MOST_SCALES + 2], prior = 0.0;
    for (size_t i = 0; i < n; i++)
        prior -= 0.5 * z[i] * z[i];
    parts[0] = log(PRIOR_SHARE) + prior;
    for (size_t k = 0; k < n; k++)
        parts[1 + k] = p->along_log_share + along_log_density(p, k, z);
    parts[n + 1] = log(1.0 - PRIOR_SHARE - ALONG_SHARE) + split_log_density(p, z);
    return stats_logsumexp(parts, n + 2);
}

/* ---- the refined part ---- */

/* Weighed points must be worth so many even ones. */
#define WORTH_LEAST 30.0

/* Mean and axes of weighed points. */
static int find_turn(struct stats_proposal *p, const double *z, const double *shares, size_t count,
                     struct abp_error *err)
{
    size_t n = p->dimensions;
    gsl_matrix *C = gsl_matrix_calloc(n, n), *vectors = gsl_matrix_alloc(n, n);
    gsl_vector *values = gsl_vector_alloc(n);
    gsl_eigen_symmv_workspace *work = gsl_eigen_symmv_alloc(n);
    int rc = C && vectors && values && work ? 0 : abp_fail_memory(err);
    memset(p->mean, 0, sizeof p->mean);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < n; k++)
            p->mean[k] += shares[i] * z[i * STATS_MOST_SCALES + k];
    for (size_t i = 0; rc == 0 && i < count; i++)
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j < n; j++)
                *gsl_matrix_ptr(C, k, j) += shares[i] *
                                            (z[i * STATS_MOST_SCALES + k] - p->mean[k]) *
                                            (z[i * STATS_MOST_SCALES + j] - p->mean[j]);
    if (rc == 0)
        gsl_eigen_symmv(C, values, vectors, work);
    for (size_t k = 0; rc == 0 && k < n; k++) {
        p->sds[k] = sqrt(fmax(gsl_vector_get(values, k), 1e-4));
        for (size_t i = 0; i < n; i++)
            p->turn[i][k] = gsl_matrix_get(vectors, i, k);
    }
    gsl_eigen_symmv_free(work);
    gsl_vector_free(values);
    gsl_matrix_free(vectors);
    gsl_matrix_free(C);
    return rc;
}

/* How far beyond the points seen the refined part reaches, in sds, and what every bin has at least:
 * a thousandth of the mass may lie where none of the first points came (the dispersion of rates
 * that are seldom above 0 has such a tail). */
#define BEYOND 2.5
#define FLOOR  5e-4

/* Where z stands along axis k, in sds of it. */
static double along(const struct stats_proposal *p, const double *z, size_t k)
{
    double sum = 0.0;
    for (size_t i = 0; i < p->dimensions; i++)
        sum += p->turn[i][k] * (z[i] - p->mean[i]);
    return sum / p->sds[k];
}

/* The smoothed density of weighed points along one axis: binned, then every bin spread over its
 * neighbours by a Gaussian of sd `reach`. */
static void find_marginal(struct stats_proposal *p, size_t k, const double *z, const double *shares,
                          size_t count, double reach)
{
    struct stats_marginal *m = &p->marginals[k];
    double low = INFINITY, high = -INFINITY, sum = 0.0;
    double bins[STATS_BINS] = {0}, smooth[STATS_BINS] = {0};
    for (size_t i = 0; i < count; i++) {
        double a = along(p, z + i * STATS_MOST_SCALES, k);
        if (shares[i] * (double)count > 1e-3) {
            low = fmin(low, a);
            high = fmax(high, a);
        }
    }
    m->low = low - BEYOND;
    m->width = (high + BEYOND - m->low) / STATS_BINS;
    for (size_t i = 0; i < count; i++) {
        double at = (along(p, z + i * STATS_MOST_SCALES, k) - m->low) / m->width;
        if (at >= 0.0 && at < STATS_BINS)
            bins[(size_t)at] += shares[i];
    }
    for (size_t i = 0; i < STATS_BINS; i++)
        for (size_t j = 0; j < STATS_BINS; j++)
            smooth[j] +=
                bins[i] * exp(-0.5 * gsl_pow_2(((double)i - (double)j) * m->width / reach));
    for (size_t j = 0; j < STATS_BINS; j++)
        sum += smooth[j];
    m->ends[0] = 0.0;
    for (size_t j = 0; j < STATS_BINS; j++)
        m->ends[j + 1] = m->ends[j] + (smooth[j] / sum + FLOOR) / (1.0 + FLOOR * STATS_BINS);
}

int stats_proposal_refine(struct stats_proposal *p, const double *z, const double *shares,
                          size_t count, double refined, struct abp_error *err)
{
    double squares = 0.0;
    for (size_t i = 0; i < count; i++)
        squares += shares[i] * shares[i];
    if (squares * WORTH_LEAST > 1.0)
        return 0;
    if (find_turn(p, z, shares, count, err) != 0)
        return -1;
    for (size_t k = 0; k < p->dimensions; k++)
        find_marginal(p, k, z, shares, count, pow(squares, 0.2));
    p->refined = refined;
    return 0;
}

void stats_proposal_place_refined(const struct stats_proposal *p, const double *uniform, double *z)
{
    memcpy(z, p->mean, p->dimensions * sizeof *z);
    for (size_t k = 0; k < p->dimensions; k++) {
        const struct stats_marginal *m = &p->marginals[k];
        size_t low = 0, high = STATS_BINS;
        double u = uniform[k] * m->ends[STATS_BINS];
        while (high - low > 1) {
            size_t middle = (low + high) / 2;
            *(m->ends[middle] > u ? &high : &low) = middle;
        }
        double part = (u - m->ends[low]) / (m->ends[low + 1] - m->ends[low]);
        double a = p->sds[k] * (m->low + m->width * ((double)low + part));
        for (size_t i = 0; i < p->dimensions; i++)
            z[i] += p->turn[i][k] * a;
    }
}

static double refined_log_density(const struct stats_proposal *p, const double *z)
{
    double product = 1.0;
    for (size_t k = 0; k < p->dimensions; k++) {
        const struct stats_marginal *m = &p->marginals[k];
        double at = (along(p, z, k) - m->low) / m->width;
        if (!(at >= 0.0 && at < STATS_BINS))
            return -INFINITY;
        size_t bin = (size_t)at;
        product *= (m->ends[bin + 1] - m->ends[bin]) / (m->width * p->sds[k]) * sqrt(2.0 * M_PI);
    }
    return log(product);
}

double stats_proposal_log_density(const struct stats_proposal *p, const double *z)
{
    double first = first_log_density(p, z);
    if (!(p->refined > 0.0))
        return first;
    double both[2] = {log1p(-p->refined) + first, log(p->refined) + refined_log_density(p, z)};
    return stats_logsumexp(both, 2);
}
