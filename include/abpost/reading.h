/* Which number of a post counts: the one it had at the experiment's horizon. Pure functions of
 * readings; a series is one metric of one post, and the series given together are those of one
 * channel and one metric, which grow alike.
 *
 *   read          a reading with an age in [horizon, horizon + tolerance]; the earliest counts
 *   interpolated  readings before and after that: between them, by the channel's own curve where at
 *                 least ABP_CURVE_POSTS of its posts support it at both ages, else linear in the
 *                 logarithm of the age
 *   adjusted      only later ones: scaled back by the curve, where as many support it
 *   late          only later ones, and nothing to scale them by: missing
 *   gone          deleted before a number could be read: missing
 *   absent        read after the horizon, but the platform gave no such number: missing
 *   not mature    the horizon has not passed by more than the tolerance: still to come
 *   overdue       it has, and nothing has been read since: still to be read
 *
 * The curve g(age) is the share of the horizon's number that is there at an age: of posts that have
 * a reading at the horizon, the sum of the numbers at an age over the sum of those at the horizon,
 * made non-decreasing by weighted isotonic regression (pool adjacent violators, Robertson, Wright
 * and Dykstra 1988, 1.2), at most 1 before the horizon and at least 1 after it, linear in log age
 * between the ages that were read. A post supports it at an age before the horizon when it has a
 * reading between a quarter of that age and that age, after it between that age and four times it.
 * Posts whose own number is interpolated or adjusted have no reading at the horizon, so none of
 * them is ever measured by itself.
 *
 * Numbers may fall. An interpolated or adjusted number is rounded to a whole one where those it is
 * made from are whole: counts stay counts. */
#ifndef ABPOST_READING_H
#define ABPOST_READING_H

#include "abpost/error.h"

#include <stddef.h>
#include <stdint.h>

#define ABP_CURVE_POSTS 5

struct abp_age_point {
    int64_t age;  /* seconds since the post was made; those below 0 are passed over */
    double value; /* NaN: it was read then, but this metric was not given */
};

struct abp_series {
    const struct abp_age_point *points; /* borrowed; by age, ascending */
    size_t count;
    int64_t now;     /* the post's age now, seconds */
    int64_t gone_at; /* its age when it was found deleted, seconds; -1: it was not. A reading after
                        that says that it is there */
};

/* In the order in which a sum takes them over from its terms: the last one wins. */
enum abp_counted {
    ABP_COUNTED_READ,
    ABP_COUNTED_INTERPOLATED,
    ABP_COUNTED_ADJUSTED,
    ABP_COUNTED_LATE,
    ABP_COUNTED_ABSENT,
    ABP_COUNTED_GONE,
    ABP_COUNTED_OVERDUE,
    ABP_COUNTED_NOT_MATURE,
    ABP_COUNTED_COUNT
};

/* "read", "interpolated", ... as above. */
const char *abp_counted_name(enum abp_counted how);
/* 1: there is a value. */
int abp_counted_has_value(enum abp_counted how);

struct abp_at_horizon {
    enum abp_counted how;
    double value; /* NaN where there is none */
    int64_t age;  /* of the reading that counts, or of the one after the horizon that was used; -1:
                     none */
};

/* The larger of 15 minutes and 5 % of the horizon, in seconds. */
int64_t abp_horizon_tolerance(int64_t horizon);

/* The values of `count` series of one channel and metric: fits the curve and reads each by it.
 * horizon > 0. -1 with err ABP_FAILED without memory. */
int abp_horizon_values(struct abp_at_horizon *values, const struct abp_series *series, size_t count,
                       int64_t horizon, struct abp_error *err) ABP_MUST_CHECK;

/* weights[0] * terms[0] + ...: what an experiment's outcome is. A term without a value leaves the
 * sum without one, for the worst of their reasons. count > 0. */
struct abp_at_horizon abp_horizon_sum(const struct abp_at_horizon *terms, const double *weights,
                                      size_t count);

#endif
