/* Integrals of smooth densities in one dimension, to about 1e-14. A density is tabulated once, on
 * panels fine enough that a polynomial holds it; its distribution function, quantiles and products
 * with other tables follow from the panels. Private to stats. */
#ifndef ABPOST_STATS_QUADRATURE_H
#define ABPOST_STATS_QUADRATURE_H

#include "abpost/error.h"

#include <stddef.h>

enum { ABP_PANEL_ORDER = 24, ABP_GAUSS_POINTS = 16 };

struct abp_panel {
    double mass;                     /* probability inside */
    double below, above;             /* to the left of its start, to the right of its end */
    double density[ABP_PANEL_ORDER]; /* Chebyshev coefficients over the panel */
    double
        integral[ABP_PANEL_ORDER + 2]; /* the same of the integral from its start; the last is 0 */
};

/* A normalised density. Outside edges[0], edges[count] it is below e^-46 of its largest value and
 * taken as none. Zero-initialise; release when done. */
struct abp_table {
    struct abp_panel *panels; /* owned; count of them, left to right */
    double *edges;            /* owned; count + 1, ascending */
    size_t count;
    size_t capacity;
};

/* The log of a density but for a constant: 0 at its only mode, t = 0, and falling without bound on
 * both sides; analytic near the line. `scale`: about the size of its finest feature. */
struct abp_log_density {
    double (*at)(const void *context, double t);
    const void *context; /* borrowed */
    double scale;        /* > 0 */
};

/* A distribution at one point of its line. */
struct abp_point {
    double below, above; /* P(T <= t), P(T > t); each accurate in its own tail */
    double density;
};

/* -1 with ABP_BUG when the two sides do not sum to 1 within 1e-9: the integration's own check. */
int abp_point_check(const struct abp_point *point, struct abp_error *err) ABP_MUST_CHECK;

/* -1 with ABP_FAILED when memory is out; ABP_BUG when the density is not of the kind above. */
int abp_table_build(struct abp_table *table, const struct abp_log_density *density,
                    struct abp_error *err) ABP_MUST_CHECK;
void abp_table_release(struct abp_table *table);
void abp_table_at(struct abp_point *point, const struct abp_table *table, double t);

/* The t with P(T <= t) = p, 0 < p < 1; failures as in abp_quantile. */
int abp_table_quantile(double *t, const struct abp_table *table, double p,
                       struct abp_error *err) ABP_MUST_CHECK;

/* A continuous distribution that can be asked at any point. */
struct abp_distribution {
    void (*at)(struct abp_point *point, const void *context, double t);
    const void *context; /* borrowed */
    double low, high;    /* nothing worth counting lies outside */
};

/* The t with P(T <= t) = p, 0 < p < 1, to about 1e-13 of the spread: Newton's method on the
 * normal-score scale inside a bracket that bisection shrinks. -1 with ABP_BUG when it does not end.
 */
int abp_quantile(double *t, const struct abp_distribution *distribution, double p, double guess,
                 struct abp_error *err) ABP_MUST_CHECK;

/* Gauss-Legendre nodes and weights of [start, end]. */
void abp_gauss(double node[ABP_GAUSS_POINTS], double weight[ABP_GAUSS_POINTS], double start,
               double end);

/* ---- common panels for the product of several functions ---- */

/* Where one factor needs panels how wide: none that overlaps its panel j may be wider than it. */
struct abp_grid {
    const double *edges; /* borrowed; count + 1, ascending */
    size_t count;        /* panels; 0: no demand */
    double shift;        /* added to the edges */
};

/* A factor whose singularities lie about `centre`: no panel at x wider than the larger of width and
 * slope |x - centre|. */
struct abp_cap {
    double centre, width, slope;
};

/* The end of the widest panel from x that every grid and the cap allow, at most `end`. */
double abp_next_edge(const struct abp_grid *grids, size_t grid_count, const struct abp_cap *cap,
                     double x, double end);

#endif
