#include "abpost/reading.h"

#include "collect/curve.h"

#include <math.h>

const char *abp_counted_name(enum abp_counted how)
{
    static const char *const names[ABP_COUNTED_COUNT] = {
        [ABP_COUNTED_READ] = "read",         [ABP_COUNTED_INTERPOLATED] = "interpolated",
        [ABP_COUNTED_ADJUSTED] = "adjusted", [ABP_COUNTED_LATE] = "late",
        [ABP_COUNTED_ABSENT] = "absent",     [ABP_COUNTED_GONE] = "gone",
        [ABP_COUNTED_OVERDUE] = "overdue",   [ABP_COUNTED_NOT_MATURE] = "not mature",
    };
    return names[how];
}

int abp_counted_has_value(enum abp_counted how)
{
    return how <= ABP_COUNTED_ADJUSTED;
}

int64_t abp_horizon_tolerance(int64_t horizon)
{
    int64_t share = horizon / 20;
    return share > 900 ? share : 900;
}

/* ---- one series ---- */

/* The readings on either side of the window. */
struct neighbours {
    const struct abp_age_point *before, *after; /* NULL: none */
    int64_t last;                               /* greatest age at which it was read; -1: never */
};

static struct neighbours find_neighbours(const struct abp_series *series, int64_t horizon)
{
    struct neighbours n = {NULL, NULL, -1};
    for (size_t i = 0; i < series->count; i++) {
        const struct abp_age_point *p = &series->points[i];
        if (p->age < 0)
            continue;
        n.last = p->age > n.last ? p->age : n.last;
        if (!isfinite(p->value))
            continue;
        if (p->age < horizon)
            n.before = p;
        else if (!n.after)
            n.after = p;
    }
    return n;
}

static int is_whole(double x)
{
    return x >= floor(x) && x <= floor(x);
}

static double as_whole(double x, double from, double other)
{
    return is_whole(from) && is_whole(other) ? floor(x + 0.5) : x;
}

/* How far, from 0 to 1, a number has come at the horizon on its way between two ages. */
static double way(const struct abp_curve *curve, int64_t before, int64_t after, int64_t horizon)
{
    double low = abp_curve_share(curve, before), high = abp_curve_share(curve, after);
    if (high > low)
        return (1.0 - low) / (high - low);
    /* No curve, or one that is flat there. Age 0 has no logarithm; a second does as well. */
    double a = before > 1 ? (double)before : 1.0;
    return log((double)horizon / a) / log((double)after / a);
}

static struct abp_at_horizon interpolate(const struct neighbours *n, const struct abp_curve *curve,
                                         int64_t horizon)
{
    double from = n->before->value, to = n->after->value;
    double t = way(curve, n->before->age, n->after->age, horizon);
    return (struct abp_at_horizon){ABP_COUNTED_INTERPOLATED,
                                   as_whole(from + t * (to - from), from, to), n->after->age};
}

static struct abp_at_horizon scale_back(const struct neighbours *n, const struct abp_curve *curve)
{
    double share = abp_curve_share(curve, n->after->age), value = n->after->value;
    if (isnan(share))
        return (struct abp_at_horizon){ABP_COUNTED_LATE, NAN, n->after->age};
    return (struct abp_at_horizon){ABP_COUNTED_ADJUSTED, as_whole(value / share, value, value),
                                   n->after->age};
}

/* Why a series has no number at the horizon, nor later. */
static enum abp_counted reason(const struct abp_series *series, const struct neighbours *n,
                               int64_t horizon)
{
    if (series->gone_at >= 0 && series->gone_at > n->last)
        return ABP_COUNTED_GONE;
    if (series->now <= horizon + abp_horizon_tolerance(horizon))
        return ABP_COUNTED_NOT_MATURE;
    return n->last >= horizon ? ABP_COUNTED_ABSENT : ABP_COUNTED_OVERDUE;
}

static struct abp_at_horizon value_of(const struct abp_series *series,
                                      const struct abp_curve *curve, int64_t horizon)
{
    const struct abp_age_point *at = abp_point_at_horizon(series, horizon);
    struct neighbours n = find_neighbours(series, horizon);
    if (at)
        return (struct abp_at_horizon){ABP_COUNTED_READ, at->value, at->age};
    if (n.after)
        return n.before ? interpolate(&n, curve, horizon) : scale_back(&n, curve);
    return (struct abp_at_horizon){reason(series, &n, horizon), NAN, -1};
}

/* ---- all of them ---- */

int abp_horizon_values(struct abp_at_horizon *values, const struct abp_series *series, size_t count,
                       int64_t horizon, struct abp_error *err)
{
    struct abp_curve *curve;
    if (abp_curve_fit(&curve, series, count, horizon, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        values[i] = value_of(&series[i], curve, horizon);
    abp_curve_free(curve);
    return 0;
}

struct abp_at_horizon abp_horizon_sum(const struct abp_at_horizon *terms, const double *weights,
                                      size_t count)
{
    struct abp_at_horizon sum = {ABP_COUNTED_READ, 0.0, -1};
    for (size_t i = 0; i < count; i++) {
        sum.how = terms[i].how > sum.how ? terms[i].how : sum.how;
        sum.value += weights[i] * terms[i].value; /* NaN stays NaN */
        sum.age = terms[i].age > sum.age ? terms[i].age : sum.age;
    }
    return sum;
}
