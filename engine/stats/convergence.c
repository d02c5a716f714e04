#include "stats/convergence.h"

#include <math.h>
#include <stdlib.h>

/* Mean of x[i] x[i + lag] about the mean, over count. */
static double autocovariance(const double *x, size_t count, double mean, size_t lag)
{
    double sum = 0.0;
    for (size_t i = 0; i + lag < count; i++)
        sum += (x[i] - mean) * (x[i + lag] - mean);
    return sum / (double)count;
}

struct halves {
    const double *values; /* borrowed */
    size_t count, length; /* sequences, and how long each is */
    size_t chain_length;
    double *means;          /* owned; count */
    double within, overall; /* mean variance within, and the estimate of the variance of all */
};

static const double *half(const struct halves *h, size_t s)
{
    return h->values + s / 2 * h->chain_length + (s % 2 ? h->chain_length - h->length : 0);
}

/* The autocorrelation at a lag, from all sequences together. */
static double correlation(const struct halves *h, size_t lag)
{
    double sum = 0.0;
    for (size_t s = 0; s < h->count; s++)
        sum += autocovariance(half(h, s), h->length, h->means[s], lag);
    return 1.0 - (h->within - sum / (double)h->count) / h->overall;
}

int stats_convergence(double *rhat, double *ess, const double *values, size_t chains, size_t length,
                      struct abp_error *err)
{
    struct halves h = {values, 2 * chains, length / 2, length, NULL, 0.0, 0.0};
    double n = (double)h.length, m = (double)h.count, mean = 0.0, between = 0.0, rho = 0.0;
    h.means = calloc(h.count, sizeof *h.means);
    if (!h.means)
        return abp_fail_memory(err);
    for (size_t s = 0; s < h.count; s++) {
        for (size_t i = 0; i < h.length; i++)
            h.means[s] += half(&h, s)[i] / n;
        h.within += autocovariance(half(&h, s), h.length, h.means[s], 0) * n / (n - 1.0) / m;
        mean += h.means[s] / m;
    }
    for (size_t s = 0; s < h.count; s++)
        between += (h.means[s] - mean) * (h.means[s] - mean) / (m - 1.0);
    h.overall = (n - 1.0) / n * h.within + between;
    int moves = h.within > 1e-24 * (1.0 + mean * mean); /* more than rounding */
    *rhat = moves && isfinite(h.overall) ? sqrt(h.overall / h.within) : INFINITY;
    *ess = 1.0;
    if (isfinite(*rhat)) {
        /* sums of neighbouring pairs are positive and fall: noise begins where they do not */
        double last = INFINITY;
        for (size_t lag = 1; lag + 1 < h.length; lag += 2) {
            double pair = correlation(&h, lag) + correlation(&h, lag + 1);
            if (!(pair > 0.0))
                break;
            last = fmin(last, pair);
            rho += last;
        }
        *ess = fmin(m * n / (1.0 + 2.0 * rho), m * n);
    }
    free(h.means);
    return 0;
}
