#include "stats/likelihood.h"

#include "stats/special.h"

#include <gsl/gsl_math.h>
#include <math.h>

void stats_dispersion_set(struct stats_dispersion *d, const struct stats_design *design,
                          const struct stats_family *family, double kappa)
{
    d->kappa = kappa;
    d->log_size = -2.0 * log(kappa);
    d->size = exp(d->log_size);
    d->constant = 0.0;
    if (design)
        d->constant = family->constant(design, d);
}

/* ---- negative binomial: mean m = n e^eta, size r ----
 * log p = [lgamma(y+r) - lgamma(r) - y log r] + y t - (y + r) log(1 + e^t) - lgamma(y+1),
 * t = log(m/r). Cells of one exposure sum over their posts. */

static double negbinomial_constant(const struct stats_design *design,
                                   const struct stats_dispersion *d)
{
    double sum = 0.0;
    for (size_t i = 0; i < design->tally_count; i++)
        sum += design->tallies[i].count * stats_log_rising(d->size, design->tallies[i].value);
    return sum;
}

static double negbinomial_value(const struct stats_dispersion *d, const struct stats_cell *cell,
                                double eta)
{
    double t = eta + cell->log_n - d->log_size;
    return cell->y * (t + d->log_size) - (cell->y + cell->count * d->size) * stats_log1pexp(t);
}

static double negbinomial_derivatives(const struct stats_dispersion *d,
                                      const struct stats_cell *cell, double eta, double *slope,
                                      double *curvature)
{
    double t = eta + cell->log_n - d->log_size;
    double e = exp(-fabs(t)), large = 1.0 / (1.0 + e), small = e * large;
    double p = t > 0.0 ? large : small, q = t > 0.0 ? small : large;
    double log_rest = (e > 0.03125 ? log(1.0 + e) : log1p(e)) + fmax(t, 0.0);
    double total = cell->y + cell->count * d->size;
    *slope = cell->y * q - cell->count * d->size * p;
    *curvature = total * p * q;
    return cell->y * (t + d->log_size) - total * log_rest;
}

static double negbinomial_post(const struct stats_dispersion *d, double y, double n, double eta)
{
    double t = eta + log(n) - d->log_size;
    return stats_log_rising(d->size, y) + y * (t + d->log_size) -
           (y + d->size) * stats_log1pexp(t) - stats_lgamma(y + 1.0);
}

static double log_link_mean(const struct stats_dispersion *d, double n, double eta)
{
    (void)d;
    return n * exp(eta);
}

/* ---- beta-binomial: pi = logistic(eta), Beta(pi M, (1-pi) M) ---- */

static double betabinomial_constant(const struct stats_design *design,
                                    const struct stats_dispersion *d)
{
    double sum = 0.0;
    for (size_t i = 0; i < design->tally_count; i++) {
        const struct stats_tally *tally = &design->tallies[i];
        sum -=
            tally->count * (stats_log_rising(d->size, tally->value) + tally->value * d->log_size);
    }
    return sum;
}

/* log pi and log(1 - pi) without cancellation. */
static void log_shares(double eta, double *log_pi, double *log_rest)
{
    *log_pi = -stats_log1pexp(-eta);
    *log_rest = -stats_log1pexp(eta);
}

/* The smallest first parameter that keeps 1/a finite: beyond it the probability is 0 anyway. */
static double shape(double log_share, double log_size)
{
    return fmax(exp(log_share + log_size), 1e-290);
}

static double betabinomial_value(const struct stats_dispersion *d, const struct stats_cell *cell,
                                 double eta)
{
    double log_pi, log_rest, fails = cell->n - cell->y;
    log_shares(eta, &log_pi, &log_rest);
    double a = shape(log_pi, d->log_size), b = shape(log_rest, d->log_size);
    return cell->count * (stats_log_rising(a, cell->y) + cell->y * (log_pi + d->log_size) +
                          stats_log_rising(b, fails) + fails * (log_rest + d->log_size));
}

static double betabinomial_derivatives(const struct stats_dispersion *d,
                                       const struct stats_cell *cell, double eta, double *slope,
                                       double *curvature)
{
    double pi = stats_logistic(eta), rest = stats_logistic(-eta), fails = cell->n - cell->y;
    double log_pi, log_rest;
    log_shares(eta, &log_pi, &log_rest);
    double a = shape(log_pi, d->log_size), b = shape(log_rest, d->log_size);
    double step = d->size * pi * rest; /* da/deta = -db/deta */
    double first = stats_digamma_step(a, cell->y) - stats_digamma_step(b, fails);
    double second = stats_trigamma_step(a, cell->y) + stats_trigamma_step(b, fails);
    double sure = -step * step * second; /* never negative, as the other part may be */
    double exact = sure - step * (rest - pi) * first;
    *slope = cell->count * step * first;
    *curvature = cell->count * fmax(exact, 0.1 * sure);
    return betabinomial_value(d, cell, eta);
}

static double betabinomial_post(const struct stats_dispersion *d, double y, double n, double eta)
{
    struct stats_cell cell = {.count = 1.0, .y = y, .n = n};
    return betabinomial_value(d, &cell, eta) - stats_log_rising(d->size, n) - n * d->log_size +
           stats_lgamma(n + 1.0) - stats_lgamma(y + 1.0) - stats_lgamma(n - y + 1.0);
}

static double logit_link_mean(const struct stats_dispersion *d, double n, double eta)
{
    (void)d;
    return n * stats_logistic(eta);
}

/* ---- lognormal: log y ~ N(eta + log n, kappa^2) ---- */

static double lognormal_constant(const struct stats_design *design,
                                 const struct stats_dispersion *d)
{
    double spread = 0.0;
    for (size_t i = 0; i < design->cell_count; i++)
        spread += design->cells[i].spread;
    return 0.5 * design->posts * d->log_size - 0.5 * d->size * spread;
}

static double lognormal_value(const struct stats_dispersion *d, const struct stats_cell *cell,
                              double eta)
{
    return -0.5 * d->size * cell->count * gsl_pow_2(cell->y - eta);
}

static double lognormal_derivatives(const struct stats_dispersion *d, const struct stats_cell *cell,
                                    double eta, double *slope, double *curvature)
{
    *curvature = d->size * cell->count;
    *slope = *curvature * (cell->y - eta);
    return lognormal_value(d, cell, eta);
}

static double lognormal_post(const struct stats_dispersion *d, double y, double n, double eta)
{
    double z = (log(y) - log(n) - eta) / d->kappa;
    return -0.5 * z * z - log(d->kappa) - 0.5 * log(2.0 * M_PI) - log(y);
}

static double lognormal_mean(const struct stats_dispersion *d, double n, double eta)
{
    return n * exp(eta + 0.5 * d->kappa * d->kappa);
}

/* ---- Poisson-lognormal: y ~ Poisson(n e^(eta + kappa z)), z ~ N(0,1) integrated out ----
 * By the trapezoidal rule around the integrand's mode: for an analytic integrand that falls to 0 on
 * both sides its error falls exponentially in 1/step (Trefethen & Weideman 2014). The step resolves
 * the mode's width and the doubly exponential cut-off, whose scale in z is 1/kappa. */

#define REACH 7.0

struct mixture {
    double log_sum;             /* log of the integral */
    double rate, rate_variance; /* mean and variance of the Poisson rate given y */
};

/* The mode in z of y (base + kappa z) - e^(base + kappa z) - z^2/2, by Newton on a convex slope. */
static double mixture_mode(double y, double base, double kappa, double *rate)
{
    double z = y > 0.0 ? (log(y) - base) / kappa : 0.0;
    double shrink = 1.0 / (1.0 + kappa * kappa * fmax(y, 1e-3));
    z = z * (1.0 - shrink); /* between the prior's 0 and the data's own z */
    for (int i = 0; i < 60; i++) {
        double lambda = exp(fmin(base + kappa * z, 700.0));
        double slope = kappa * (y - lambda) - z;
        double step = slope / (1.0 + kappa * kappa * lambda);
        step = fmax(fmin(step, 2.0), -2.0 - 2.0 / kappa);
        z += step;
        if (fabs(step) < 1e-3) /* the rule is as good around a place near the mode */
            break;
    }
    *rate = exp(fmin(base + kappa * z, 700.0));
    return z;
}

static struct mixture mixture_integrate(double y, double base, double kappa)
{
    double rate, z0 = mixture_mode(y, base, kappa, &rate);
    double width = 1.0 / sqrt(1.0 + kappa * kappa * rate);
    double step = fmin(0.75 * width, 0.6 / kappa);
    /* far from the mode the integrand may fall as slowly as the prior does */
    double top = y * (base + kappa * z0) - rate - 0.5 * z0 * z0;
    double sum = 0.0, first = 0.0, second = 0.0;
    for (int side = -1; side <= 1; side += 2) {
        double lambda = rate, grow = exp((double)side * kappa * step);
        for (int k = 0; k < 4000; k++, lambda *= grow) {
            double z = z0 + (double)side * step * (double)k;
            double height = y * (base + kappa * z) - lambda - 0.5 * z * z - top;
            if (height < -0.5 * REACH * REACH)
                break;
            if (k == 0 && side == 1)
                continue;
            double weight = exp(height);
            sum += weight;
            first += weight * (lambda - rate);
            second += weight * (lambda - rate) * (lambda - rate);
        }
    }
    double mean = first / sum;
    struct mixture m = {top + log(sum * step) - 0.5 * log(2.0 * M_PI), rate + mean,
                        fmax(second / sum - mean * mean, 0.0)};
    return m;
}

static double poisson_lognormal_constant(const struct stats_design *design,
                                         const struct stats_dispersion *d)
{
    (void)design;
    (void)d;
    return 0.0;
}

static double poisson_lognormal_value(const struct stats_dispersion *d,
                                      const struct stats_cell *cell, double eta)
{
    return cell->count * mixture_integrate(cell->y, eta + cell->log_n, d->kappa).log_sum;
}

static double poisson_lognormal_derivatives(const struct stats_dispersion *d,
                                            const struct stats_cell *cell, double eta,
                                            double *slope, double *curvature)
{
    struct mixture m = mixture_integrate(cell->y, eta + cell->log_n, d->kappa);
    *slope = cell->count * (cell->y - m.rate);
    *curvature = cell->count * fmax(m.rate - m.rate_variance, 1e-3 * m.rate);
    return cell->count * m.log_sum;
}

static double poisson_lognormal_post(const struct stats_dispersion *d, double y, double n,
                                     double eta)
{
    return mixture_integrate(y, eta + log(n), d->kappa).log_sum - stats_lgamma(y + 1.0);
}

const struct stats_family *stats_family(enum abp_family family)
{
    static const struct stats_family families[ABP_FAMILY_COUNT] = {
        [ABP_NEGBINOMIAL] = {negbinomial_constant, negbinomial_value, negbinomial_derivatives,
                             negbinomial_post, log_link_mean},
        [ABP_POISSON_LOGNORMAL] = {poisson_lognormal_constant, poisson_lognormal_value,
                                   poisson_lognormal_derivatives, poisson_lognormal_post,
                                   lognormal_mean},
        [ABP_BETABINOMIAL] = {betabinomial_constant, betabinomial_value, betabinomial_derivatives,
                              betabinomial_post, logit_link_mean},
        [ABP_LOGNORMAL] = {lognormal_constant, lognormal_value, lognormal_derivatives,
                           lognormal_post, lognormal_mean},
    };
    if ((unsigned)family >= ABP_FAMILY_COUNT || !families[family].value)
        return NULL;
    return &families[family];
}
