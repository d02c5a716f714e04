#include "stats/marginal.h"

#include <math.h>

/* ---- arithmetic that loses nothing ---- */

double abp_cross(double a, double b, double c, double d)
{
    double product = c * d;
    double error = fma(-c, d, product);
    return fma(a, b, -product) + error;
}

double abp_log_ratio(double a, double b, double c, double d)
{
    double excess = abp_cross(a, d, b, c) / (b * c);
    return fabs(excess) < 0.5 ? log1p(excess) : log(a / b) - log(c / d);
}

/* e^t - 1 - t. Below 1/2 by its series, whose 16th term is beneath the last bit. */
static double exp_excess(double t)
{
    if (fabs(t) >= 0.5)
        return expm1(t) - t;
    double sum = 1;
    for (int k = 16; k > 2; k--)
        sum = 1 + sum * t / k;
    return sum * t * t / 2;
}

/* u - log(1 + u) for |u| <= 1/3 or so: with r = u/(2 + u), log(1 + u) = 2 atanh(r). */
static double log_excess(double u)
{
    double r = u / (2 + u), square = r * r, sum = 0;
    for (int k = 25; k > 1; k -= 2)
        sum = sum * square + 1.0 / k;
    return r * (u - 2 * square * sum);
}

/* ---- densities ---- */

static double log_gamma_density(const void *context, double t)
{
    const struct abp_marginal *m = context;
    return -m->alpha * exp_excess(t);
}

/* alpha t - (alpha + beta) log(q + p e^t), which is symmetric under p <-> q, t <-> -t. */
static double log_beta_density(const void *context, double t)
{
    const struct abp_marginal *m = context;
    double size = m->alpha + m->beta;
    double p = m->p, q = m->q;
    if (p > q) {
        p = m->q;
        q = m->p;
        t = -t;
    }
    if (fabs(t) < 0.5)
        return size * (log_excess(p * expm1(t)) - p * exp_excess(t));
    if (t < 600)
        return size * (p * t - log1p(p * expm1(t)));
    return size * (-q * t - log(p + q * exp(-t)));
}

/* ---- places ---- */

double abp_marginal_gap(const struct abp_marginal *a, const struct abp_marginal *b)
{
    return abp_log_ratio(a->alpha, a->beta, b->alpha, b->beta);
}

double abp_marginal_log_gap(const struct abp_marginal *a, const struct abp_marginal *b)
{
    if (a->family == ABP_POISSON)
        return abp_marginal_gap(a, b);
    return abp_log_ratio(a->alpha, a->alpha + a->beta, b->alpha, b->alpha + b->beta);
}

double abp_marginal_rate(const struct abp_marginal *m, double t)
{
    if (m->family == ABP_POISSON)
        return m->alpha / m->beta * exp(t);
    return m->p / (m->p + m->q * exp(-t));
}

double abp_marginal_slope(const struct abp_marginal *m, double t)
{
    double rate = abp_marginal_rate(m, t);
    return m->family == ABP_POISSON ? rate : rate * (m->q / (m->q + m->p * exp(t)));
}

double abp_marginal_log_rate(const struct abp_marginal *m, double t)
{
    if (m->family == ABP_POISSON)
        return t;
    return t > -700 ? -log1p(m->q * expm1(-t)) : t - log(m->q);
}

/* ---- moments ---- */

double abp_marginal_mean(const struct abp_marginal *m)
{
    return m->family == ABP_POISSON ? m->alpha / m->beta : m->p;
}

double abp_marginal_variation(const struct abp_marginal *m)
{
    if (m->family == ABP_POISSON)
        return 1 / m->alpha;
    return m->beta / m->alpha / (m->alpha + m->beta + 1);
}

double abp_marginal_inverse_mean(const struct abp_marginal *m)
{
    if (!(m->alpha > 1))
        return NAN;
    if (m->family == ABP_POISSON)
        return m->beta / (m->alpha - 1);
    return 1 + m->beta / (m->alpha - 1);
}

double abp_marginal_inverse_variation(const struct abp_marginal *m)
{
    if (!(m->alpha > 2))
        return NAN;
    if (m->family == ABP_POISSON)
        return 1 / (m->alpha - 2);
    return m->beta / (m->alpha - 1 + m->beta) / (m->alpha - 2);
}

/* Mean and variance of the log rate, each panel by Gauss-Legendre. */
static void log_moments(struct abp_marginal *m)
{
    double sum[3] = {0};
    for (int pass = 1; pass <= 2; pass++) {
        for (size_t i = 0; i < m->table.count; i++) {
            double node[ABP_GAUSS_POINTS], weight[ABP_GAUSS_POINTS];
            abp_gauss(node, weight, m->table.edges[i], m->table.edges[i + 1]);
            for (size_t j = 0; j < ABP_GAUSS_POINTS; j++) {
                struct abp_point point;
                abp_table_at(&point, &m->table, node[j]);
                double off = abp_marginal_log_rate(m, node[j]) - m->log_mean;
                sum[pass] += weight[j] * point.density * (pass == 1 ? off : off * off);
            }
        }
        if (pass == 1)
            m->log_mean = sum[1];
    }
    m->log_variance = sum[2];
}

int abp_marginal_init(struct abp_marginal *m, enum abp_family family, double alpha, double beta,
                      struct abp_error *err)
{
    *m = (struct abp_marginal){.family = family, .alpha = alpha, .beta = beta};
    struct abp_log_density density = {.at = log_gamma_density, .context = m};
    double curvature = alpha;
    if (family == ABP_BINOMIAL) {
        m->p = alpha / (alpha + beta);
        m->q = beta / (alpha + beta);
        density.at = log_beta_density;
        curvature = alpha * m->q;
    }
    density.scale = fmin(1, 1 / sqrt(curvature));
    if (abp_table_build(&m->table, &density, err))
        return -1;
    log_moments(m);
    return 0;
}

void abp_marginal_release(struct abp_marginal *m)
{
    abp_table_release(&m->table);
}
