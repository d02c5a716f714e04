/* The number of a post at the horizon: hand-made curves, and properties of random ones. */
#include "abpost/reading.h"

#include "collect/curve.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define H    INT64_C(172800) /* 48 h */
#define HOUR INT64_C(3600)
#define LATE (10 * H)

static struct abp_series series_of(const struct abp_age_point *points, size_t count)
{
    return (struct abp_series){points, count, LATE, -1};
}

static struct abp_at_horizon alone(const struct abp_series *series)
{
    struct abp_at_horizon value;
    struct abp_error err;
    assert_int_equal(abp_horizon_values(&value, series, 1, H, &err), 0);
    return value;
}

static void counts(struct abp_at_horizon got, enum abp_counted how, double value, int64_t age)
{
    int same = isnan(value) ? isnan(got.value) : fabs(got.value - value) <= 1e-9 * fabs(value);
    if (got.how != how || !same || got.age != age)
        fail_msg("%s %g at %ld; expected %s %g at %ld", abp_counted_name(got.how), got.value,
                 (long)got.age, abp_counted_name(how), value, (long)age);
}

static void test_at_the_horizon(void **state)
{
    int64_t last = H + abp_horizon_tolerance(H);
    struct abp_age_point p[] = {{HOUR, 1}, {H - 1, 5}, {H, 6}, {H + 60, 9}, {2 * H, 20}};
    struct abp_series s = series_of(p, 5);
    (void)state;
    assert_int_equal(abp_horizon_tolerance(H), 8640); /* 5 % */
    assert_int_equal(abp_horizon_tolerance(HOUR), 900);
    counts(alone(&s), ABP_COUNTED_READ, 6, H);
    p[2].age = last;
    p[3].age = last + 1;
    counts(alone(&s), ABP_COUNTED_READ, 6, last);
    /* Not even there where the number is 0, or falls later. */
    p[2].value = 0;
    p[3].value = 0;
    counts(alone(&s), ABP_COUNTED_READ, 0, last);
    /* A reading that lacks the metric does not count; the next one in the window does. */
    p[2] = (struct abp_age_point){H, NAN};
    p[3] = (struct abp_age_point){last, 7};
    counts(alone(&s), ABP_COUNTED_READ, 7, last);
    /* Deleted after that: it counts all the same. */
    s.gone_at = 3 * H;
    counts(alone(&s), ABP_COUNTED_READ, 7, last);
}

static void test_without_a_curve(void **state)
{
    struct abp_age_point p[] = {{H / 4, 100}, {4 * H, 300}};
    struct abp_series s = series_of(p, 2);
    (void)state;
    /* Half way in log age. */
    counts(alone(&s), ABP_COUNTED_INTERPOLATED, 200, 4 * H);
    p[1].value = 60; /* falling numbers too */
    counts(alone(&s), ABP_COUNTED_INTERPOLATED, 80, 4 * H);
    p[1].value = 61; /* counts stay counts: 80.5 */
    counts(alone(&s), ABP_COUNTED_INTERPOLATED, 81, 4 * H);
    p[1].value = 60.5; /* and what is none stays none */
    counts(alone(&s), ABP_COUNTED_INTERPOLATED, 80.25, 4 * H);
    p[0] = (struct abp_age_point){0, 0};
    p[1] = (struct abp_age_point){4 * H, 100};
    struct abp_at_horizon from_zero = alone(&s);
    assert_int_equal(from_zero.how, ABP_COUNTED_INTERPOLATED);
    assert_true(from_zero.value > 0 && from_zero.value < 100);
    s = series_of(p + 1, 1);
    counts(alone(&s), ABP_COUNTED_LATE, NAN, 4 * H);
}

static void test_missing(void **state)
{
    struct abp_age_point p[] = {{HOUR, 3}, {H, NAN}};
    struct abp_series s = series_of(p, 1);
    int64_t last = H + abp_horizon_tolerance(H);
    (void)state;
    counts(alone(&s), ABP_COUNTED_OVERDUE, NAN, -1);
    s.now = last;
    counts(alone(&s), ABP_COUNTED_NOT_MATURE, NAN, -1);
    s.now = last + 1;
    counts(alone(&s), ABP_COUNTED_OVERDUE, NAN, -1);
    s.gone_at = 2 * HOUR;
    counts(alone(&s), ABP_COUNTED_GONE, NAN, -1);
    s.gone_at = HOUR / 2; /* it was seen after that */
    counts(alone(&s), ABP_COUNTED_OVERDUE, NAN, -1);
    s = series_of(p, 2);
    counts(alone(&s), ABP_COUNTED_ABSENT, NAN, -1);
    s = series_of(p, 0);
    counts(alone(&s), ABP_COUNTED_OVERDUE, NAN, -1);
    s.gone_at = H + 5;
    counts(alone(&s), ABP_COUNTED_GONE, NAN, -1);
    struct abp_age_point before[] = {{-5, 9}, {-1, 8}};
    s = series_of(before, 2);
    counts(alone(&s), ABP_COUNTED_OVERDUE, NAN, -1);
}

/* ---- a channel ---- */

#define POSTS 6 /* five that were read in time, and the one in question */

static const int64_t ages[] = {H / 4, H / 2, H, 3 * H / 2, 2 * H};
#define AGES (sizeof ages / sizeof *ages)

struct channel {
    struct abp_age_point points[POSTS][AGES];
    struct abp_series series[POSTS];
};

/* Each post grows like `shape`; post p reaches scale[p] at the horizon. */
static void grow(struct channel *c, const double *shape, const double *scale)
{
    for (size_t p = 0; p < POSTS; p++) {
        for (size_t i = 0; i < AGES; i++)
            c->points[p][i] = (struct abp_age_point){ages[i], shape[i] * scale[p]};
        c->series[p] = series_of(c->points[p], AGES);
    }
}

/* The last post keeps only two readings, or one (the second). */
static struct abp_at_horizon without(struct channel *c, size_t first, size_t second, size_t posts)
{
    struct abp_at_horizon values[POSTS];
    struct abp_age_point kept[] = {c->points[POSTS - 1][first], c->points[POSTS - 1][second]};
    struct abp_error err;
    size_t skip = first == second;
    c->series[POSTS - 1] = series_of(kept + skip, 2 - skip);
    assert_int_equal(abp_horizon_values(values, c->series + POSTS - posts, posts, H, &err), 0);
    for (size_t p = 0; p + 1 < posts; p++)
        assert_int_equal(values[p].how, ABP_COUNTED_READ);
    return values[posts - 1];
}

static const double shape[AGES] = {0.4, 0.7, 1.0, 1.1, 1.2};
static const double scale[POSTS] = {10, 200, 30, 1000, 500, 70};

/* Where every post grows alike, what was not read is found exactly. */
static void test_identical_curves(void **state)
{
    struct channel c;
    (void)state;
    grow(&c, shape, scale);
    counts(without(&c, 0, 3, POSTS), ABP_COUNTED_INTERPOLATED, 70, ages[3]);
    grow(&c, shape, scale);
    counts(without(&c, 1, 4, POSTS), ABP_COUNTED_INTERPOLATED, 70, ages[4]);
    grow(&c, shape, scale);
    counts(without(&c, 4, 4, POSTS), ABP_COUNTED_ADJUSTED, 70, ages[4]);
    grow(&c, shape, scale);
    counts(without(&c, 3, 3, POSTS), ABP_COUNTED_ADJUSTED, 70, ages[3]);
    /* Four posts are too few: the logarithm of the age, and late. */
    grow(&c, shape, scale);
    counts(without(&c, 0, 4, POSTS - 1), ABP_COUNTED_INTERPOLATED, 65, ages[4]);
    grow(&c, shape, scale);
    counts(without(&c, 4, 4, POSTS - 1), ABP_COUNTED_LATE, NAN, ages[4]);
}

/* A post that has nothing at the horizon, or was read late itself, is no support. */
static void test_support(void **state)
{
    struct channel c;
    double zero[POSTS];
    (void)state;
    memcpy(zero, scale, sizeof zero);
    zero[2] = 0;
    grow(&c, shape, zero);
    counts(without(&c, 4, 4, POSTS), ABP_COUNTED_LATE, NAN, ages[4]);
    /* Nor one whose readings are far from the age in question: at 2 H, for 10 minutes after the
     * window of the horizon, they are near enough; for 9 H nothing is known. */
    grow(&c, shape, scale);
    c.points[POSTS - 1][4].age = 9 * H;
    counts(without(&c, 4, 4, POSTS), ABP_COUNTED_LATE, NAN, 9 * H);
}

/* Between knots the curve is linear in log age, and it never falls, whatever the posts do. */
static void test_noise(void **state)
{
    struct channel c;
    struct abp_curve *curve;
    struct abp_error err;
    static const double odd[AGES] = {0.9, 0.3, 1.0, 1.4, 0.8};
    (void)state;
    grow(&c, odd, scale);
    assert_int_equal(abp_curve_fit(&curve, c.series, POSTS, H, &err), 0);
    double before = 0;
    for (int64_t age = H / 4; age <= 2 * H; age += 600) {
        double share = abp_curve_share(curve, age);
        assert_true(isfinite(share));
        assert_true(share >= before);
        assert_true(age <= H ? share <= 1 : share >= 1);
        before = share;
    }
    assert_true(fabs(abp_curve_share(curve, H / 4) - 0.6) < 1e-12); /* 0.9 and 0.3, pooled */
    assert_true(fabs(abp_curve_share(curve, H / 2) - 0.6) < 1e-12);
    assert_true(fabs(abp_curve_share(curve, 2 * H) - 1.1) < 1e-12); /* 1.4 and 0.8 */
    assert_true(abp_curve_share(curve, H) >= 1 && abp_curve_share(curve, H) <= 1);
    assert_true(isnan(abp_curve_share(curve, H / 4 - 1)));
    assert_true(isnan(abp_curve_share(curve, 2 * H + 1)));
    assert_true(isnan(abp_curve_share(curve, 0)));
    double middle = abp_curve_share(curve, (int64_t)lround((double)H * sqrt(0.5)));
    assert_true(fabs(middle - 0.8) < 1e-5); /* half way from 0.6 to 1 in log age */
    abp_curve_free(curve);
}

/* The share at an age is the sum over the sum, so a large post weighs more than a small one. */
static void test_ratio_of_sums(void **state)
{
    struct channel c;
    struct abp_curve *curve;
    struct abp_error err;
    double value = 0, at_horizon = 0;
    (void)state;
    grow(&c, shape, scale);
    for (size_t p = 0; p < POSTS; p++) {
        c.points[p][1].value = 0.1 * (double)(p + 1) * scale[p];
        value += c.points[p][1].value;
        at_horizon += scale[p];
        c.points[p][0].value = 0;
    }
    assert_int_equal(abp_curve_fit(&curve, c.series, POSTS, H, &err), 0);
    assert_true(fabs(abp_curve_share(curve, ages[1]) - value / at_horizon) < 1e-12);
    abp_curve_free(curve);
}

/* Random rising series with random readings: a number that is made up lies between its neighbours,
 * whatever the curve, and nothing is made of nothing. */
static void test_between_neighbours(void **state)
{
    enum { MANY = 30, MOST = 12 };
    static struct abp_age_point points[MANY][MOST];
    struct abp_series series[MANY];
    struct abp_at_horizon values[MANY];
    struct abp_error err;
    size_t seen[ABP_COUNTED_COUNT] = {0};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    (void)state;
    assert_non_null(rng);
    for (int round = 0; round < 400; round++) {
        for (size_t p = 0; p < MANY; p++) {
            size_t n = gsl_rng_uniform_int(rng, MOST + 1);
            int64_t age = 0;
            double value = 0;
            for (size_t i = 0; i < n; i++) {
                age += (int64_t)gsl_rng_uniform_int(rng, (unsigned long)H / 3);
                value += (double)gsl_rng_uniform_int(rng, 20);
                points[p][i] = (struct abp_age_point){age, value};
            }
            series[p] = series_of(points[p], n);
        }
        assert_int_equal(abp_horizon_values(values, series, MANY, H, &err), 0);
        for (size_t p = 0; p < MANY; p++) {
            double low = 0, high = INFINITY;
            for (size_t i = 0; i < series[p].count; i++) {
                if (points[p][i].age < H)
                    low = points[p][i].value;
                else if (isinf(high))
                    high = points[p][i].value;
            }
            seen[values[p].how]++;
            assert_int_equal(isfinite(values[p].value), abp_counted_has_value(values[p].how));
            if (isfinite(values[p].value))
                assert_true(values[p].value >= low && values[p].value <= high);
            else
                assert_true(isinf(high) || values[p].how == ABP_COUNTED_LATE);
        }
    }
    gsl_rng_free(rng);
    assert_true(seen[ABP_COUNTED_READ] > 100 && seen[ABP_COUNTED_INTERPOLATED] > 100);
    assert_true(seen[ABP_COUNTED_OVERDUE] > 100);
}

static void test_sum(void **state)
{
    static const double weights[] = {3, -1, 0.5};
    struct abp_at_horizon terms[] = {
        {ABP_COUNTED_READ, 4, H}, {ABP_COUNTED_INTERPOLATED, 2, 2 * H}, {ABP_COUNTED_READ, 1, H}};
    (void)state;
    counts(abp_horizon_sum(terms, weights, 3), ABP_COUNTED_INTERPOLATED, 10.5, 2 * H);
    terms[2] = (struct abp_at_horizon){ABP_COUNTED_ABSENT, NAN, -1};
    counts(abp_horizon_sum(terms, weights, 3), ABP_COUNTED_ABSENT, NAN, 2 * H);
    terms[0] = (struct abp_at_horizon){ABP_COUNTED_NOT_MATURE, NAN, -1};
    counts(abp_horizon_sum(terms, weights, 3), ABP_COUNTED_NOT_MATURE, NAN, 2 * H);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_the_horizon),
        cmocka_unit_test(test_without_a_curve),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_identical_curves),
        cmocka_unit_test(test_support),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_ratio_of_sums),
        cmocka_unit_test(test_between_neighbours),
        cmocka_unit_test(test_sum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
