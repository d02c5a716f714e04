#include "abpost/psis.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

enum { SHORTEST_TAIL = 5 };

struct draw {
    double log_weight; /* less the largest: at most 0 */
    size_t index;
};

static int by_weight(const void *a, const void *b)
{
    const struct draw *x = a, *y = b;
    if (x->log_weight != y->log_weight)
        return x->log_weight < y->log_weight ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts the last `most` of the draws into their places; the others are somewhere before them
 * (Hoare's quickselect, then a sort of what is left). */
static void sort_last(struct draw *draws, size_t count, size_t most)
{
    size_t low = 0, high = count, first = count - most;
    while (high - low > 16 && low < first) {
        struct draw pivot = draws[low + (high - low) / 2];
        size_t i = low, j = high - 1;
        while (i <= j) {
            while (by_weight(&draws[i], &pivot) < 0)
                i++;
            while (by_weight(&draws[j], &pivot) > 0)
                j--;
            if (i <= j) {
                struct draw keep = draws[i];
                draws[i++] = draws[j];
                draws[j] = keep;
                if (j-- == 0)
                    break;
            }
        }
        if (first < i)
            high = i < high ? i : high - 1;
        else
            low = i;
    }
    qsort(draws + low, count - low, sizeof *draws, by_weight);
}

double abp_psis_threshold(size_t count)
{
    if (count < 2)
        return -INFINITY;
    return fmin(1 - 1 / log10((double)count), 0.7);
}

/* The largest log weight, or an error when the weights cannot be normalised. */
static int largest(double *max, const double *log_weights, size_t count, struct abp_error *err)
{
    *max = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        if (isnan(log_weights[i]) || log_weights[i] == INFINITY)
            return abp_fail(err, ABP_BUG, "importance weight %zu of %zu is not a number", i + 1,
                            count);
        *max = fmax(*max, log_weights[i]);
    }
    if (*max == -INFINITY)
        return abp_fail(err, ABP_BUG, "all %zu importance weights are zero", count);
    return 0;
}

/* ---- the generalised Pareto ---- */

struct pareto {
    double shape, scale;
};

/* k that maximises the likelihood at theta = -k/scale (the sign of the PSIS paper, the reverse of
 * Zhang & Stephens's). */
static double profile_shape(double theta, const double *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += log1p(-theta * x[i]);
    return sum / (double)n;
}

static double profile_log_likelihood(double theta, const double *x, size_t n)
{
    double k = profile_shape(theta, x, n);
    return (double)n * (log(-theta / k) - k - 1);
}

/* Fits n >= 5 ascending positive excesses. The posterior mean of theta over the grid of Zhang &
 * Stephens; then k is pulled towards 1/2 by the PSIS paper's prior, worth 10 draws. */
static struct pareto fit(const double *x, size_t n)
{
    size_t grid = 30 + (size_t)floor(sqrt((double)n));
    double quartile = x[(size_t)floor((double)n / 4 + 0.5) - 1];
    /* a running log-sum-exp of the likelihoods, and of theta weighted by them */
    double top = -INFINITY, mass = 0, moment = 0;
    for (size_t j = 1; j <= grid; j++) {
        double theta = 1 / x[n - 1] + (1 - sqrt((double)grid / ((double)j - 0.5))) / (3 * quartile);
        double log_likelihood = profile_log_likelihood(theta, x, n);
        if (!(log_likelihood > -INFINITY))
            continue; /* theta on the edge, where k is 0/0 */
        if (log_likelihood > top) {
            double scale = exp(top - log_likelihood);
            mass *= scale;
            moment *= scale;
            top = log_likelihood;
        }
        double weight = exp(log_likelihood - top);
        mass += weight;
        moment += weight * theta;
    }
    double theta = moment / mass;
    double k = profile_shape(theta, x, n);
    double size = (double)n;
    return (struct pareto){.shape = (k * size + 0.5 * 10) / (size + 10), .scale = -k / theta};
}

static double pareto_quantile(struct pareto p, double probability)
{
    double rise = -log1p(-probability);
    return p.shape == 0 ? p.scale * rise : p.scale * expm1(p.shape * rise) / p.shape;
}

/* ---- the tail ---- */

/* Replaces each run of equal raw weights among tail[0..n) by the log of its mean new weight. */
static void share_ties(const struct draw *tail, double *smoothed, size_t n)
{
    for (size_t start = 0, end; start < n; start = end) {
        double sum = 0;
        for (end = start; end < n && tail[end].log_weight == tail[start].log_weight; end++)
            sum += smoothed[end];
        for (size_t i = start; i < end; i++)
            smoothed[i] = sum / (double)(end - start);
    }
}

/* Fits and smooths the n draws above the log weight `cutoff`; gives k-hat. scratch holds n. */
static double smooth(double *log_weights, const struct draw *tail, size_t n, double cutoff,
                     double *scratch)
{
    for (size_t i = 0; i < n; i++) /* e^x - e^cutoff, in units of the largest weight */
        scratch[i] = exp(tail[i].log_weight) * -expm1(cutoff - tail[i].log_weight);
    struct pareto p = fit(scratch, n);
    if (!isfinite(p.shape) || !isfinite(p.scale))
        return INFINITY;
    for (size_t i = 0; i < n; i++)
        scratch[i] = pareto_quantile(p, ((double)i + 0.5) / (double)n) + exp(cutoff);
    share_ties(tail, scratch, n);
    for (size_t i = 0; i < n; i++)
        log_weights[tail[i].index] = fmin(log(scratch[i]), 0);
    return p.shape;
}

/* Finds the tail of the draws, which it sorts, and smooths it; gives k-hat. `noise`: differences of
 * log weights up to this are rounding. */
static double treat_tail(double *log_weights, struct draw *draws, size_t count, double noise,
                         double *scratch)
{
    size_t most = (size_t)ceil(fmin((double)count / 5, 3 * sqrt((double)count))), even = 0;
    while (even < count && draws[even].log_weight >= -noise)
        even++;
    if (even == count)
        return 0;
    if (most < SHORTEST_TAIL)
        return INFINITY;
    sort_last(draws, count, most + 1);
    /* a weight that underflows beside the largest is no part of its tail */
    double cutoff = fmax(draws[count - most - 1].log_weight, log(DBL_MIN));
    if (cutoff >= -noise)
        return 0;
    size_t first = count - most;
    while (draws[first].log_weight <= cutoff)
        first++;
    if (count - first < SHORTEST_TAIL)
        return INFINITY;
    return smooth(log_weights, draws + first, count - first, cutoff, scratch);
}

static void normalise(double *log_weights, size_t count, double *ess)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        double w = exp(log_weights[i]);
        sum += w;
        squares += w * w;
    }
    double log_sum = log(sum);
    for (size_t i = 0; i < count; i++)
        log_weights[i] -= log_sum;
    if (ess)
        *ess = fmin(fmax(sum * sum / squares, 1), (double)count);
}

int abp_psis(double *log_weights, size_t count, double *khat, double *ess, struct abp_error *err)
{
    double max;
    int rc = -1;
    if (count == 0)
        return abp_fail(err, ABP_BUG, "there are no importance weights");
    if (largest(&max, log_weights, count, err))
        return -1;
    struct draw *draws = calloc(count, sizeof *draws);
    double *scratch = calloc(count / 5 + 1, sizeof *scratch);
    if (!draws || !scratch) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        log_weights[i] -= max;
        draws[i] = (struct draw){.log_weight = log_weights[i], .index = i};
    }
    double shape =
        treat_tail(log_weights, draws, count, 100 * DBL_EPSILON * (1 + fabs(max)), scratch);
    if (khat)
        *khat = shape;
    normalise(log_weights, count, ess);
    rc = 0;
out:
    free(draws);
    free(scratch);
    return rc;
}
