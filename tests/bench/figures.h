/* Figures of RESULTS.md: how many runs, and shares with their intervals. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "../unit/trials.h"

/* So many runs at a scale; 1 is what RESULTS.md has. At least 4. */
static inline size_t figure_runs(double scale, double full)
{
    double count = full * scale;
    return count < 4.0 ? 4 : (size_t)count;
}

/* "3.7 (3.0 to 4.6)": in %, with a 95 % interval. */
static inline void figure_share(size_t k, size_t n)
{
    double interval[2];
    trial_interval(interval, k, n);
    printf("%.1f (%.1f to %.1f)", 100.0 * (double)k / (double)n, 100.0 * fmax(0.0, interval[0]),
           100.0 * interval[1]);
}

struct figure_mean {
    double sum, squares;
    size_t count;
};

static inline void figure_add(struct figure_mean *m, double x)
{
    m->sum += x;
    m->squares += x * x;
    m->count++;
}

static inline double figure_of(const struct figure_mean *m)
{
    return m->count ? m->sum / (double)m->count : NAN;
}

/* Half of its 95 % interval. */
static inline double figure_half(const struct figure_mean *m)
{
    double n = (double)m->count, mean = figure_of(m);
    return 1.96 * sqrt(fmax(0.0, m->squares / n - mean * mean) / n);
}

#endif
