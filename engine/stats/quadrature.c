#include "stats/quadrature.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#define PI 3.14159265358979323846

enum {
    ORDER = ABP_PANEL_ORDER,
    CUT = 46,         /* e^-46 = 1e-20 */
    MOST_SPLITS = 100 /* halvings of one panel, and doublings to find an end */
};

/* A last coefficient this small beside the panel's first, or beside the mode's density, is noise.
 */
static const double PANEL_NOISE = 1e-13, MODE_NOISE = 1e-18;

/* ---- building a table ---- */

static double value(const struct abp_log_density *density, double t)
{
    return exp(density->at(density->context, t));
}

/* Where the log density has fallen to -CUT on the side of `step`, within a quarter of the last
 * step beyond it. */
static int find_end(double *end, const struct abp_log_density *density, double step,
                    struct abp_error *err)
{
    double inside = 0, outside = step;
    for (int i = 0; !(density->at(density->context, outside) < -CUT); i++) {
        if (i == MOST_SPLITS)
            return abp_fail(err, ABP_BUG, "a density does not fall off towards %g", outside);
        inside = outside;
        outside *= 2;
    }
    for (int i = 0; i < 3; i++) {
        double middle = inside + (outside - inside) / 2;
        if (density->at(density->context, middle) < -CUT)
            outside = middle;
        else
            inside = middle;
    }
    *end = outside;
    return 0;
}

/* Chebyshev coefficients of the density and its integral over [start, end]. */
static void fit_panel(struct abp_panel *panel, const struct abp_log_density *density,
                      const double cosine[4 * ORDER], double start, double end)
{
    double middle = start + (end - start) / 2, half = (end - start) / 2, at[ORDER];
    double *c = panel->density, *b = panel->integral;
    for (size_t j = 0; j < ORDER; j++)
        at[j] = value(density, middle + half * cosine[2 * j + 1]);
    for (size_t k = 0; k < ORDER; k++) {
        c[k] = 0;
        for (size_t j = 0; j < ORDER; j++)
            c[k] += at[j] * cosine[k * (2 * j + 1) % (4 * ORDER)];
        c[k] *= 2.0 / ORDER;
    }
    b[0] = b[ORDER + 1] = 0;
    panel->mass = 0;
    for (size_t k = 1; k <= ORDER; k++) {
        double after = k + 1 < ORDER ? c[k + 1] : 0;
        b[k] = half * (c[k - 1] - after) / (2 * (double)k);
        b[0] += k % 2 ? b[k] : -b[k];
        panel->mass += k % 2 ? 2 * b[k] : 0;
    }
    c[0] /= 2;
}

static int resolved(const struct abp_panel *panel)
{
    const double *c = panel->density;
    double rest = fabs(c[ORDER - 1]) + fabs(c[ORDER - 2]);
    return rest <= PANEL_NOISE * fabs(c[0]) || rest <= MODE_NOISE;
}

static int append(struct abp_table *table, const struct abp_panel *panel, double start, double end,
                  struct abp_error *err)
{
    if (table->count == table->capacity) {
        size_t capacity = table->capacity ? 2 * table->capacity : 16;
        struct abp_panel *panels = realloc(table->panels, capacity * sizeof *panels);
        if (!panels)
            return abp_fail_memory(err);
        table->panels = panels;
        double *edges = realloc(table->edges, (capacity + 1) * sizeof *edges);
        if (!edges)
            return abp_fail_memory(err);
        table->edges = edges;
        table->capacity = capacity;
    }
    table->panels[table->count] = *panel;
    table->edges[table->count] = start;
    table->edges[++table->count] = end;
    return 0;
}

/* Appends panels from `start` to `end`, halving until each is resolved or too narrow for anything
 * but rounding to be left. */
static int cover(struct abp_table *table, const struct abp_log_density *density,
                 const double cosine[4 * ORDER], double start, double end, struct abp_error *err)
{
    double ends[MOST_SPLITS + 1]; /* of the panels still to do, nearest last */
    size_t waiting = 0;
    ends[0] = end;
    for (double from = start;;) {
        struct abp_panel panel;
        double to = ends[waiting];
        fit_panel(&panel, density, cosine, from, to);
        if (waiting < MOST_SPLITS && to - from > density->scale / 8 && !resolved(&panel)) {
            ends[++waiting] = from + (to - from) / 2;
            continue;
        }
        if (append(table, &panel, from, to, err))
            return -1;
        if (waiting-- == 0)
            return 0;
        from = to;
    }
}

/* Covers one side of the mode by panels that double outwards. What is left of a feature near the
 * mode dies out exponentially, so each panel is short enough for its nodes to see what lies inside:
 * a single panel over a long tail would step over it and seem resolved. */
static int cover_side(struct abp_table *table, const struct abp_log_density *density,
                      const double cosine[4 * ORDER], double end, struct abp_error *err)
{
    double distance[MOST_SPLITS + 2] = {0}, far = fabs(end);
    size_t count = 0;
    for (double d = 2.5 * density->scale; d < 0.75 * far; d *= 2)
        distance[++count] = d;
    distance[++count] = far;
    for (size_t i = 0; i < count; i++) {
        size_t out = count - 1 - i; /* from the left end inwards */
        double from = end > 0 ? distance[i] : -distance[out + 1];
        double to = end > 0 ? distance[i + 1] : -distance[out];
        if (cover(table, density, cosine, from, to, err))
            return -1;
    }
    return 0;
}

static int normalise(struct abp_table *table, struct abp_error *err)
{
    double total = 0, sum = 0;
    for (size_t i = 0; i < table->count; i++)
        total += table->panels[i].mass;
    if (!isfinite(total) || !(total > 0))
        return abp_fail(err, ABP_BUG, "a density integrates to %g", total);
    for (size_t i = 0; i < table->count; i++) {
        struct abp_panel *panel = &table->panels[i];
        for (size_t k = 0; k < ORDER; k++)
            panel->density[k] /= total;
        for (size_t k = 0; k < ORDER + 2; k++)
            panel->integral[k] /= total;
        panel->mass /= total;
        panel->below = sum;
        sum += panel->mass;
    }
    sum = 0;
    for (size_t i = table->count; i-- > 0; sum += table->panels[i].mass)
        table->panels[i].above = sum;
    return 0;
}

int abp_table_build(struct abp_table *table, const struct abp_log_density *density,
                    struct abp_error *err)
{
    double low = 0, high = 0, cosine[4 * ORDER];
    for (size_t i = 0; i < 4 * ORDER; i++)
        cosine[i] = cos(PI * (double)i / (2 * ORDER));
    table->count = 0;
    if (find_end(&low, density, -density->scale, err) ||
        find_end(&high, density, density->scale, err))
        return -1;
    if (cover_side(table, density, cosine, low, err) ||
        cover_side(table, density, cosine, high, err))
        return -1;
    return normalise(table, err);
}

void abp_table_release(struct abp_table *table)
{
    free(table->panels);
    free(table->edges);
    *table = (struct abp_table){0};
}

/* ---- reading a table ---- */

/* The last i with edges[i] <= t; edges[0] <= t is known. */
static size_t last_at_most(const double *edges, size_t count, double t)
{
    size_t low = 0, high = count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (edges[middle] <= t)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Clenshaw's sum of 2 `pairs` coefficients, the even and the odd ones by themselves (in T_k(2x^2 -
 * 1)) so that the processor can do both at once: most of the time goes here. */
static double chebyshev(const double *c, size_t pairs, double x)
{
    double y = 4 * x * x - 2;
    double even = 0, even_before = 0, odd = 0, odd_before = 0;
    for (size_t k = pairs; --k > 0;) {
        double even_next = c[2 * k] - even_before + y * even;
        double odd_next = c[2 * k + 1] - odd_before + y * odd;
        even_before = even;
        odd_before = odd;
        even = even_next;
        odd = odd_next;
    }
    return (c[0] - even_before + y / 2 * even) + x * (c[1] - odd_before + (y - 1) * odd);
}

static double within(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

void abp_table_at(struct abp_point *point, const struct abp_table *table, double t)
{
    if (t <= table->edges[0]) {
        *point = (struct abp_point){.below = 0, .above = 1, .density = 0};
        return;
    }
    if (t >= table->edges[table->count]) {
        *point = (struct abp_point){.below = 1, .above = 0, .density = 0};
        return;
    }
    size_t i = last_at_most(table->edges, table->count, t);
    const struct abp_panel *panel = &table->panels[i];
    double start = table->edges[i], end = table->edges[i + 1];
    double x = ((t - start) - (end - t)) / (end - start);
    double part = within(chebyshev(panel->integral, ORDER / 2 + 1, x), 0, panel->mass);
    point->below = fmin(panel->below + part, 1);
    point->above = fmin(panel->above + (panel->mass - part), 1);
    point->density = fmax(chebyshev(panel->density, ORDER / 2, x), 0);
}

/* ---- quantiles ---- */

int abp_point_check(const struct abp_point *point, struct abp_error *err)
{
    double total = point->below + point->above;
    if (!(fabs(total - 1) <= 1e-9))
        return abp_fail(err, ABP_BUG, "a distribution's two sides sum to %.12g", total);
    return 0;
}

static double normal_score(const struct abp_point *point)
{
    return point->below < 0.5 ? gsl_cdf_ugaussian_Pinv(point->below)
                              : gsl_cdf_ugaussian_Qinv(point->above);
}

int abp_quantile(double *t, const struct abp_distribution *distribution, double p, double guess,
                 struct abp_error *err)
{
    double low = distribution->low, high = distribution->high;
    double least = 1e-18 * (high - low);
    double target = gsl_cdf_ugaussian_Pinv(p);
    double at = guess > low && guess < high ? guess : low + (high - low) / 2;
    for (int i = 0; i < 500; i++) {
        struct abp_point point;
        distribution->at(&point, distribution->context, at);
        if (abp_point_check(&point, err))
            return -1;
        double score = normal_score(&point);
        double unit = exp(-score * score / 2) / sqrt(2 * PI) / point.density;
        double next = at + (target - score) * unit;
        if (score < target)
            low = at;
        else
            high = at;
        if (fabs(target - score) <= 1e-8 && isfinite(next)) {
            *t = within(next, distribution->low, distribution->high);
            return 0;
        }
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high || high - low <= least) {
            *t = middle;
            return 0;
        }
        /* Newton may crawl where the density has a spike: every other step halves the bracket */
        at = next > low && next < high && (i < 8 || i % 2) ? next : middle;
    }
    return abp_fail(err, ABP_BUG, "no quantile %g between %g and %g", p, low, high);
}

static void table_distribution(struct abp_point *point, const void *context, double t)
{
    abp_table_at(point, context, t);
}

int abp_table_quantile(double *t, const struct abp_table *table, double p, struct abp_error *err)
{
    size_t i = table->count - 1;
    while (i > 0 && table->panels[i].below > p)
        i--;
    struct abp_distribution inside = {.at = table_distribution,
                                      .context = table,
                                      .low = table->edges[i],
                                      .high = table->edges[i + 1]};
    double share = (p - table->panels[i].below) / table->panels[i].mass;
    return abp_quantile(t, &inside, p, inside.low + share * (inside.high - inside.low), err);
}

/* ---- Gauss-Legendre ---- */

/* Positive nodes of the 16-point rule on [-1, 1] and their weights: Abramowitz & Stegun, table
 * 25.4, recomputed to 20 digits. */
static const double gauss[ABP_GAUSS_POINTS / 2][2] = {
    {0.98940093499164993260, 0.02715245941175409485},
    {0.94457502307323257608, 0.06225352393864789286},
    {0.86563120238783174388, 0.09515851168249278481},
    {0.75540440835500303390, 0.12462897125553387205},
    {0.61787624440264374845, 0.14959598881657673208},
    {0.45801677765722738634, 0.16915651939500253819},
    {0.28160355077925891323, 0.18260341504492358887},
    {0.09501250983763744019, 0.18945061045506849629},
};

void abp_gauss(double node[ABP_GAUSS_POINTS], double weight[ABP_GAUSS_POINTS], double start,
               double end)
{
    double middle = start + (end - start) / 2, half = (end - start) / 2;
    for (size_t i = 0; i < ABP_GAUSS_POINTS / 2; i++) {
        size_t mirror = ABP_GAUSS_POINTS - 1 - i;
        node[i] = middle - half * gauss[i][0];
        node[mirror] = middle + half * gauss[i][0];
        weight[i] = weight[mirror] = half * gauss[i][1];
    }
}

/* ---- common panels ---- */

static double reach(const struct abp_grid *grid, double x)
{
    double far = INFINITY, local = x - grid->shift;
    if (grid->count == 0 || local >= grid->edges[grid->count])
        return far;
    size_t j = local > grid->edges[0] ? last_at_most(grid->edges, grid->count, local) : 0;
    for (; j < grid->count && grid->edges[j] + grid->shift < far; j++) {
        double width = grid->edges[j + 1] - grid->edges[j];
        far = fmin(far, fmax(grid->edges[j] + grid->shift, x + width));
    }
    return far;
}

double abp_next_edge(const struct abp_grid *grids, size_t grid_count, const struct abp_cap *cap,
                     double x, double end)
{
    double next = fmin(end, x + fmax(cap->width, cap->slope * fabs(x - cap->centre)));
    for (size_t i = 0; i < grid_count; i++)
        next = fmin(next, reach(&grids[i], x));
    return next > x ? next : end;
}
