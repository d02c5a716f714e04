#include "collect/curve.h"

#include <math.h>
#include <stdlib.h>

#define SUPPORT_RANGE 4

/* One reading of a post whose number at the horizon is known. */
struct sample {
    int64_t age;
    size_t post;
    double value, at_horizon;
};

/* A stretch of ages with one share. */
struct knot {
    int64_t age;           /* where it begins */
    double value, horizon; /* sums over its samples; share = value / horizon */
    double share;
};

struct abp_curve {
    int64_t horizon;
    struct sample *samples; /* owned; by age, then post */
    size_t sample_count;
    struct knot *knots; /* owned; one an age, by age; the horizon's own has share 1 */
    size_t knot_count;
};

const struct abp_age_point *abp_point_at_horizon(const struct abp_series *series, int64_t horizon)
{
    int64_t last = horizon + abp_horizon_tolerance(horizon);
    for (size_t i = 0; i < series->count && series->points[i].age <= last; i++)
        if (series->points[i].age >= horizon && isfinite(series->points[i].value))
            return &series->points[i];
    return NULL;
}

/* ---- samples ---- */

static int by_age(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;
    if (x->age != y->age)
        return x->age < y->age ? -1 : 1;
    return (x->post > y->post) - (x->post < y->post);
}

/* A post with nothing at the horizon says nothing about shares of it. */
static void take_samples(struct abp_curve *curve, const struct abp_series *series, size_t post)
{
    const struct abp_age_point *at = abp_point_at_horizon(series, curve->horizon);
    if (!at || !(at->value > 0))
        return;
    for (size_t i = 0; i < series->count; i++) {
        const struct abp_age_point *p = &series->points[i];
        if (p == at || p->age <= 0 || p->age == curve->horizon || !isfinite(p->value))
            continue;
        curve->samples[curve->sample_count++] = (struct sample){p->age, post, p->value, at->value};
    }
}

/* ---- shares ---- */

static void add_knots(struct abp_curve *curve)
{
    struct knot *last = curve->knots, *end = curve->knots;
    for (const struct sample *s = curve->samples; s < curve->samples + curve->sample_count; s++) {
        if (end == curve->knots || last->age != s->age) {
            last = end++;
            *last = (struct knot){.age = s->age};
        }
        last->value += s->value;
        last->horizon += s->at_horizon;
    }
    curve->knot_count = (size_t)(end - curve->knots);
}

/* Pool adjacent violators over knots[from..to): each block's share is the ratio of its sums. blocks
 * is room for as many, and ends for the ends of the blocks. */
static void pool(struct knot *knots, size_t count, struct knot *blocks, size_t *ends)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        blocks[n] = knots[i];
        ends[n++] = i + 1;
        while (n > 1 && blocks[n - 2].value * blocks[n - 1].horizon >=
                            blocks[n - 1].value * blocks[n - 2].horizon) {
            blocks[n - 2].value += blocks[n - 1].value;
            blocks[n - 2].horizon += blocks[n - 1].horizon;
            ends[n - 2] = ends[n - 1];
            n--;
        }
    }
    for (size_t b = 0, i = 0; b < n; b++)
        for (; i < ends[b]; i++)
            knots[i].share = blocks[b].value / blocks[b].horizon;
}

static void fit_shares(struct abp_curve *curve, struct knot *blocks, size_t *ends)
{
    size_t before = 0;
    while (before < curve->knot_count && curve->knots[before].age < curve->horizon)
        before++;
    pool(curve->knots, before, blocks, ends);
    pool(curve->knots + before, curve->knot_count - before, blocks, ends);
    /* A bounded isotonic regression is the free one, cut at its bounds. */
    for (size_t i = 0; i < curve->knot_count; i++) {
        struct knot *knot = &curve->knots[i];
        knot->share = i < before ? fmin(knot->share, 1.0) : fmax(knot->share, 1.0);
    }
}

int abp_curve_fit(struct abp_curve **out, const struct abp_series *series, size_t count,
                  int64_t horizon, struct abp_error *err)
{
    size_t points = 1;
    *out = NULL;
    for (size_t i = 0; i < count; i++)
        points += series[i].count;
    struct abp_curve *curve = calloc(1, sizeof *curve);
    struct knot *blocks = calloc(points, sizeof *blocks);
    size_t *ends = calloc(points, sizeof *ends);
    int rc = -1;
    if (curve) {
        curve->samples = calloc(points, sizeof *curve->samples);
        curve->knots = calloc(points, sizeof *curve->knots);
    }
    if (!curve || !blocks || !ends || !curve->samples || !curve->knots) {
        abp_curve_free(curve);
        abp_fail_memory(err);
        goto out;
    }
    curve->horizon = horizon;
    for (size_t i = 0; i < count; i++)
        take_samples(curve, &series[i], i);
    qsort(curve->samples, curve->sample_count, sizeof *curve->samples, by_age);
    add_knots(curve);
    fit_shares(curve, blocks, ends);
    *out = curve;
    rc = 0;
out:
    free(blocks);
    free(ends);
    return rc;
}

void abp_curve_free(struct abp_curve *curve)
{
    if (!curve)
        return;
    free(curve->samples);
    free(curve->knots);
    free(curve);
}

/* ---- reading it ---- */

/* Index of the first sample of that age or more. */
static size_t first_sample(const struct abp_curve *curve, int64_t age)
{
    size_t low = 0, high = curve->sample_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (curve->samples[middle].age < age)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_supported(const struct abp_curve *curve, int64_t age)
{
    int64_t from = age < curve->horizon ? age / SUPPORT_RANGE + (age % SUPPORT_RANGE != 0) : age;
    int64_t to =
        age < curve->horizon || age > INT64_MAX / SUPPORT_RANGE ? age : age * SUPPORT_RANGE;
    size_t seen[ABP_CURVE_POSTS], count = 0;
    for (size_t i = first_sample(curve, from);
         i < curve->sample_count && curve->samples[i].age <= to; i++) {
        size_t k = 0;
        while (k < count && seen[k] != curve->samples[i].post)
            k++;
        if (k < count)
            continue;
        seen[count++] = curve->samples[i].post;
        if (count == ABP_CURVE_POSTS)
            return 1;
    }
    return 0;
}

/* Index of the first knot beyond that age. */
static size_t next_knot(const struct abp_curve *curve, int64_t age)
{
    size_t low = 0, high = curve->knot_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (curve->knots[middle].age <= age)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double abp_curve_share(const struct abp_curve *curve, int64_t age)
{
    if (age == curve->horizon)
        return 1.0;
    if (age <= 0 || !is_supported(curve, age))
        return NAN;
    /* Where support ends no knot follows: then the horizon, whose share is 1, stands for it. */
    struct knot low = {.age = curve->horizon, .share = 1.0}, high = low;
    size_t next = next_knot(curve, age);
    if (next > 0 && (age < curve->horizon || curve->knots[next - 1].age > curve->horizon))
        low = curve->knots[next - 1];
    if (next < curve->knot_count &&
        (age > curve->horizon || curve->knots[next].age < curve->horizon))
        high = curve->knots[next];
    if (low.age == age)
        return low.share;
    double t = log((double)age / (double)low.age) / log((double)high.age / (double)low.age);
    return low.share + t * (high.share - low.share);
}
