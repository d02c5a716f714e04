/* Functions of one or two numbers that the families need, written as differences so that nothing
 * cancels: the dispersion runs from "all posts alike" (arguments of 1e18) to "every post its own
 * world" (arguments of 1e-10), and lgamma(x + y) - lgamma(x) loses every digit at the first end. */
#ifndef STATS_SPECIAL_H
#define STATS_SPECIAL_H

#include <stddef.h>

/* log(1 + e^t) for any t. */
double stats_log1pexp(double t);
/* 1 / (1 + e^-t). */
double stats_logistic(double t);

/* log(1 + e^-a) for a in [0, STATS_SOFTPLUS_END), where it is needed by the million: Taylor's
 * polynomial of degree 6 around the nearest node, to 1e-14 of itself and its slope to 1e-11. */
#define STATS_SOFTPLUS_END 32
#define STATS_SOFTPLUS_PER 16 /* nodes in a unit */
struct stats_softplus {
    double term[8]; /* coefficients of (a - node)^k; the last is padding to a cache line */
};
/* The nodes 0, 1/16, ... 32, made once in a process. */
const struct stats_softplus *stats_softplus_nodes(void);

/* The node nearest to a, and how far a is from it. */
static inline const double *stats_softplus_near(const struct stats_softplus *nodes, double a,
                                                double *off)
{
    int node = (int)(a * STATS_SOFTPLUS_PER + 0.5);
    *off = a - (double)node / STATS_SOFTPLUS_PER;
    return nodes[node].term;
}

static inline double stats_softplus_value(const double *c, double h)
{
    return c[0] + h * (c[1] + h * (c[2] + h * (c[3] + h * (c[4] + h * (c[5] + h * c[6])))));
}

/* Minus its slope, 1 / (1 + e^a). */
static inline double stats_softplus_fall(const double *c, double h)
{
    return -(c[1] +
             h * (2 * c[2] + h * (3 * c[3] + h * (4 * c[4] + h * (5 * c[5] + h * 6 * c[6])))));
}
/* log sum exp of count values; -inf for none. */
double stats_logsumexp(const double *values, size_t count);

/* lgamma(x) for x > 0, without signgam: safe in threads. */
double stats_lgamma(double x);
/* lgamma(y + 1) - (y log y - y), y >= 0: minus the log Poisson probability of y at the rate y. */
double stats_log_factorial_rest(double y);
/* lgamma(x + y) - lgamma(x) - y log x, for x > 0, y >= 0. Goes to 0 as x grows. */
double stats_log_rising(double x, double y);

/* The same for one x and many y. */
struct stats_rising {
    double x, log_x;
    double lower; /* log Gamma(x), of large x what Stirling's formula leaves of it */
};
struct stats_rising stats_rising_from(double x);
double stats_rising_by(const struct stats_rising *from, double y);
/* digamma(x + y) - digamma(x), for x > 0, y >= 0. */
double stats_digamma_step(double x, double y);
/* trigamma(x + y) - trigamma(x), for x > 0, y >= 0: never positive. */
double stats_trigamma_step(double x, double y);

/* The scale parameter whose place in its half-normal prior N+(0, scale) has the normal score z:
 * scale * Phi^-1((1 + Phi(z)) / 2), accurate in both tails. */
double stats_half_normal(double scale, double z);

/* Logarithms of the above at scale 1 between nodes, filled where they are asked for: to 1e-7 by
 * cubics that meet in value and slope. */
#define STATS_HALF_NODES 577 /* z from -6 to 30 in steps of 1/16 */
struct stats_half_normals {
    double value[STATS_HALF_NODES], slope[STATS_HALF_NODES]; /* value NaN: not yet known */
};
void stats_half_normals_init(struct stats_half_normals *table);
double stats_log_half_normal(struct stats_half_normals *table, double z);

/* The standard normal's quantile at u in (0, 1) to 1e-6 of itself (Wichura 1988, algorithm AS 241,
 * the routine PPND7): for draws by the million, where the exact ones' digits are of no use. */
double stats_normal_quantile(double u);

#endif
