/* What the guard is measured against: the prototype that it grew from, and tests that look once, at
 * the end. Each is given pairs, a post of the baseline and one of the style, in the order of their
 * blocks. */
#ifndef BENCH_RIVALS_H
#define BENCH_RIVALS_H

#include "stats/guard_score.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#define RIVAL_PAIRS 80

struct rival_pairs {
    double style[RIVAL_PAIRS], baseline[RIVAL_PAIRS]; /* outcomes */
    size_t count;
};

static inline double rival_difference(const struct rival_pairs *p, size_t t)
{
    return log(p->style[t] + 0.5) - log(p->baseline[t] + 0.5);
}

static inline int rival_by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The prototype: E = sum over g of w_g prod (1 + sign(d) tanh(g |d| / s)), s the median of all |d|
 * so far, |d| / s at most 2.5, g = +-0.1 to 2.5 weighted as N(0, 0.6^2); a look after every pair.
 * 1: E ever reached `threshold`, and the style was then ahead. */
static inline int rival_prototype(const struct rival_pairs *p, double threshold)
{
    enum { STAKES = 25 };
    double up[STAKES], down[STAKES], sizes[RIVAL_PAIRS], sorted[RIVAL_PAIRS], total = 0.0;
    for (size_t i = 0; i < STAKES; i++) {
        double g = 0.1 * (double)(i + 1);
        up[i] = exp(-0.5 * g * g / 0.36);
        total += 2.0 * up[i];
    }
    for (size_t i = 0; i < STAKES; i++)
        down[i] = up[i] /= total;
    for (size_t t = 0; t < p->count; t++) {
        double d = rival_difference(p, t), above = 0.0, below = 0.0;
        sizes[t] = fabs(d);
        for (size_t i = 0; i <= t; i++)
            sorted[i] = sizes[i];
        qsort(sorted, t + 1, sizeof *sorted, rival_by_size);
        double s = 0.5 * (sorted[t / 2] + sorted[(t + 1) / 2]);
        double x = s > 0.0 ? fmin(2.5, sizes[t] / s) : sizes[t] > 0.0 ? 2.5 : 0.0;
        for (size_t i = 0; i < STAKES; i++) {
            double f = tanh(0.1 * (double)(i + 1) * x) * (d < 0.0 ? -1.0 : 1.0);
            above += up[i] *= 1.0 + f;
            below += down[i] *= 1.0 - f;
        }
        if (above + below >= threshold)
            return above > below;
    }
    return 0;
}

/* A permutation test looked at once: the guard's scores, ranked among all posts, against 999 other
 * draws of the labels inside pairs; two-sided 5 %. 1: it rejects, and the style is ahead. */
static inline int rival_permutation(const struct rival_pairs *p, gsl_rng *rng)
{
    double d[RIVAL_PAIRS], all[2 * RIVAL_PAIRS], z[2 * RIVAL_PAIRS], sum = 0.0;
    size_t n = 2 * p->count, as_large = 1;
    for (size_t t = 0; t < p->count; t++) {
        all[2 * t] = p->style[t];
        all[2 * t + 1] = p->baseline[t];
    }
    for (size_t i = 0; i < n; i++) {
        double below = 0.25;
        for (size_t j = 0; j < n; j++)
            below += all[j] < all[i] ? 1.0 : all[j] > all[i] ? 0.0 : 0.5;
        z[i] = abp_guard_score(below / ((double)n + 0.5));
    }
    for (size_t t = 0; t < p->count; t++)
        sum += d[t] = z[2 * t] - z[2 * t + 1];
    for (size_t draw = 0; draw < 999; draw++) {
        double other = 0.0;
        for (size_t t = 0; t < p->count; t++)
            other += gsl_rng_uniform_int(rng, 2) ? d[t] : -d[t];
        as_large += fabs(other) >= fabs(sum) - 1e-9;
    }
    return as_large <= 50 && sum > 0.0;
}

/* A t-test of the pairs' differences of log outcomes, looked at once; two-sided 5 %. 1: it rejects,
 * and the style is ahead. */
static inline int rival_t_test(const struct rival_pairs *p)
{
    double sum = 0.0, squares = 0.0, n = (double)p->count;
    for (size_t t = 0; t < p->count; t++) {
        double d = rival_difference(p, t);
        sum += d;
        squares += d * d;
    }
    double error = sqrt((squares - sum * sum / n) / (n - 1.0) / n);
    return sum / n / error > gsl_cdf_tdist_Pinv(0.975, n - 1.0);
}

#endif
