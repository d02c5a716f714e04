#include "stats/proposal.h"

#include "stats/special.h"

#include <gsl/gsl_cdf.h>
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
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t a = 0; a < n; a++)
                covariance[i][j] += p->axes[i][a] * p->axes[j][a] * gsl_pow_2(wide_sd(p, a));
    for (size_t k = 1; k < n; k++) {
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
        size_t k = 1 + (size_t)((which - PRIOR_SHARE) / ALONG_SHARE * (double)(n - 1));
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
        sum -= 0.5 * gsl_pow_2(along / sd) + log(0.5 * STRETCH * (p->below[a] + p->above[a]));
    }
    return sum;
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

double stats_proposal_log_density(const struct stats_proposal *p, const double *z)
{
    size_t n = p->dimensions;
    double parts[STATS_MOST_SCALES + 1], prior = 0.0;
    for (size_t i = 0; i < n; i++)
        prior -= 0.5 * z[i] * z[i];
    parts[0] = log(PRIOR_SHARE) + prior;
    for (size_t k = 1; k < n; k++)
        parts[k] = log(ALONG_SHARE / (double)(n - 1)) + along_log_density(p, k, z);
    parts[n] = log(1.0 - PRIOR_SHARE - ALONG_SHARE) + split_log_density(p, z);
    return stats_logsumexp(parts, n + 1);
}
