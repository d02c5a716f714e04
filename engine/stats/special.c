#include "stats/special.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <pthread.h>

/* From here on the asymptotic series below are good to the last digits (Abramowitz & Stegun
 * 6.1.41, 6.3.18, 6.4.12). */
#define ASYMPTOTIC 12.0

double stats_log1pexp(double t)
{
    if (t > 35.0)
        return t;
    double e = exp(t); /* log1p() keeps the digits of a small e, which log() loses, but is slow */
    return e > 0.03125 ? log(1.0 + e) : log1p(e);
}

double stats_logistic(double t)
{
    if (t >= 0.0)
        return 1.0 / (1.0 + exp(-t));
    double e = exp(t);
    return e / (1.0 + e);
}

static struct stats_softplus softplus_nodes[STATS_SOFTPLUS_END * STATS_SOFTPLUS_PER + 1];

/* Derivatives of log(1 + e^-a): with p = 1 / (1 + e^a) and s = p (1 - p) they are -p, s,
 * -s (1 - 2p), s (1 - 6s), -s (1 - 2p) (1 - 12s), s (1 - 30s + 120s^2). */
static void make_softplus_nodes(void)
{
    for (size_t i = 0; i <= STATS_SOFTPLUS_END * STATS_SOFTPLUS_PER; i++) {
        double *c = softplus_nodes[i].term, e = exp(-(double)i / STATS_SOFTPLUS_PER);
        double p = e / (1.0 + e), s = p / (1.0 + e), odd = 1.0 - 2.0 * p;
        c[0] = log1p(e);
        c[1] = -p;
        c[2] = s / 2;
        c[3] = -s * odd / 6;
        c[4] = s * (1.0 - 6.0 * s) / 24;
        c[5] = -s * odd * (1.0 - 12.0 * s) / 120;
        c[6] = s * (1.0 - 30.0 * s + 120.0 * s * s) / 720;
    }
}

const struct stats_softplus *stats_softplus_nodes(void)
{
    static pthread_once_t made = PTHREAD_ONCE_INIT;
    pthread_once(&made, make_softplus_nodes);
    return softplus_nodes;
}

double stats_logsumexp(const double *values, size_t count)
{
    double top = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < count; i++)
        if (values[i] > top)
            top = values[i];
    if (!isfinite(top))
        return top;
    for (size_t i = 0; i < count; i++)
        sum += exp(values[i] - top);
    return top + log(sum);
}

/* lgamma(x) - ((x - 1/2) log x - x + log(2 pi)/2), x >= ASYMPTOTIC. */
static double stirling_rest(double x)
{
    double r = 1.0 / (x * x);
    double inner = 1.0 / 1680 - r * (1.0 / 1188 - r * 691.0 / 360360);
    return (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r * inner))) / x;
}

double stats_lgamma(double x)
{
    double product = 1.0;
    for (; x < ASYMPTOTIC; x += 1.0)
        product *= x;
    double above = (x - 0.5) * log(x) - x + 0.91893853320467274178 + stirling_rest(x);
    return product > 1.0 || product < 1.0 ? above - log(product) : above;
}

double stats_log_factorial_rest(double y)
{
    if (y < ASYMPTOTIC)
        return stats_lgamma(y + 1.0) - (y > 0.0 ? y * log(y) - y : 0.0);
    return 0.5 * log(y) + 0.91893853320467274178 + stirling_rest(y);
}

struct stats_rising stats_rising_from(double x)
{
    return (struct stats_rising){x, log(x), x < ASYMPTOTIC ? stats_lgamma(x) : stirling_rest(x)};
}

double stats_rising_by(const struct stats_rising *from, double y)
{
    double x = from->x;
    if (x < ASYMPTOTIC)
        return stats_lgamma(x + y) - from->lower - y * from->log_x;
    return (x + y - 0.5) * log1p(y / x) - y + stirling_rest(x + y) - from->lower;
}

double stats_log_rising(double x, double y)
{
    struct stats_rising from = stats_rising_from(x);
    return stats_rising_by(&from, y);
}

/* digamma(x) - log x, x >= ASYMPTOTIC. */
static double digamma_rest(double x)
{
    double r = 1.0 / (x * x);
    double inner = 1.0 / 240 - r * (1.0 / 132 - r * 691.0 / 32760);
    return -0.5 / x - r * (1.0 / 12 - r * (1.0 / 120 - r * (1.0 / 252 - r * inner)));
}

double stats_digamma_step(double x, double y)
{
    double low = 0.0, high = 0.0, top = x + y;
    for (; x < ASYMPTOTIC; x += 1.0)
        low += 1.0 / x;
    for (; top < ASYMPTOTIC; top += 1.0)
        high += 1.0 / top;
    return log1p((top - x) / x) + digamma_rest(top) - digamma_rest(x) + low - high;
}

static double trigamma(double x)
{
    double sum = 0.0;
    for (; x < ASYMPTOTIC; x += 1.0)
        sum += 1.0 / (x * x);
    double r = 1.0 / (x * x);
    double inner = r * (1.0 / 42 - r * (1.0 / 30 - r * 5.0 / 66));
    return sum + (1.0 + 0.5 / x + r * (1.0 / 6 - r * (1.0 / 30 - inner))) / x;
}

double stats_trigamma_step(double x, double y)
{
    if (x > 1e6) /* two nearly equal numbers: the leading terms of their difference */
        return -(y / x) / (x + y) * (1.0 + 0.5 * (1.0 / x + 1.0 / (x + y)));
    return trigamma(x + y) - trigamma(x);
}

static double tail_quantile(double r)
{
    r = sqrt(-log(r));
    if (r <= 5.0) {
        r -= 1.6;
        return (((1.7023821103e-1 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) /
               ((1.2021132975e-1 * r + 7.3700164250e-1) * r + 1.0);
    }
    r -= 5.0;
    return (((1.7337203997e-2 * r + 4.2868294337e-1) * r + 3.0812263860) * r + 6.6579051150) /
           ((1.2258202635e-2 * r + 2.4197894225e-1) * r + 1.0);
}

double stats_normal_quantile(double u)
{
    double q = u - 0.5;
    if (fabs(q) <= 0.425) {
        double r = 0.180625 - q * q;
        return q *
               (((5.9109374720e1 * r + 1.5929113202e2) * r + 5.0434271938e1) * r + 3.3871327179) /
               (((6.7187563600e1 * r + 7.8757757664e1) * r + 1.7895169469e1) * r + 1.0);
    }
    return q < 0.0 ? -tail_quantile(u) : tail_quantile(1.0 - u);
}

double stats_half_normal(double scale, double z)
{
    return scale * gsl_cdf_ugaussian_Qinv(0.5 * gsl_cdf_ugaussian_Q(z));
}

#define HALF_FROM     (-6.0)
#define HALF_PER_UNIT 16.0

void stats_half_normals_init(struct stats_half_normals *table)
{
    for (size_t i = 0; i < STATS_HALF_NODES; i++)
        table->value[i] = NAN;
}

static void fill_half_node(struct stats_half_normals *table, size_t i)
{
    double z = HALF_FROM + (double)i / HALF_PER_UNIT, x = stats_half_normal(1.0, z);
    table->value[i] = log(x);
    table->slope[i] = 0.5 * gsl_ran_ugaussian_pdf(z) / gsl_ran_ugaussian_pdf(x) / x / HALF_PER_UNIT;
}

double stats_log_half_normal(struct stats_half_normals *table, double z)
{
    double at = (z - HALF_FROM) * HALF_PER_UNIT;
    if (!(at >= 0.0 && at < STATS_HALF_NODES - 1))
        return log(stats_half_normal(1.0, z));
    size_t i = (size_t)at;
    double t = at - (double)i, s = 1.0 - t;
    for (size_t k = i; k < i + 2; k++)
        if (isnan(table->value[k]))
            fill_half_node(table, k);
    return s * s * ((1.0 + 2.0 * t) * table->value[i] + t * table->slope[i]) +
           t * t * ((1.0 + 2.0 * s) * table->value[i + 1] - s * table->slope[i + 1]);
}
