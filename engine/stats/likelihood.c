#include "stats/likelihood.h"

#include "stats/special.h"

#include <gsl/gsl_math.h>
#include <math.h>

/* Where the nodes of the constants lie, in log_size. */
#define NODES_FROM (-8.0)
#define NODES_STEP 0.1
#define SMOOTH_SUM 1e5

void stats_constants_init(struct stats_constants *constants, const struct stats_design *design)
{
    double sum = 0.0;
    stats_half_normals_init(&constants->half);
    for (size_t i = 0; i < design->tally_count; i++)
        sum += design->tallies[i].count * design->tallies[i].value;
    constants->used = design->tally_count > 1 && sum <= SMOOTH_SUM;
    for (size_t i = 0; i < STATS_CONSTANT_NODES; i++)
        constants->node[i] = NAN;
}

static double constant_at(const struct stats_design *design, const struct stats_family *family,
                          double log_size)
{
    struct stats_dispersion d = {
        .kappa = exp(-0.5 * log_size), .log_size = log_size, .size = exp(log_size)};
    return family->constant(design, &d);
}

/* By the polynomial through the six nodes around. */
static double interpolated(struct stats_constants *constants, const struct stats_design *design,
                           const struct stats_family *family, double log_size)
{
    static const double part[6] = {-1.0 / 120, 1.0 / 24, -1.0 / 12, 1.0 / 12, -1.0 / 24, 1.0 / 120};
    double at = (log_size - NODES_FROM) / NODES_STEP, sum = 0.0, below = 1.0, above[6];
    size_t first = (size_t)at - 2;
    above[5] = 1.0;
    for (size_t i = 5; i > 0; i--)
        above[i - 1] = above[i] * (at - (double)(first + i));
    for (size_t i = 0; i < 6; i++) {
        double *node = &constants->node[first + i];
        if (isnan(*node))
            *node = constant_at(design, family, NODES_FROM + NODES_STEP * (double)(first + i));
        sum += part[i] * below * above[i] * *node;
        below *= at - (double)(first + i);
    }
    return sum;
}

void stats_dispersion_set(struct stats_dispersion *d, const struct stats_design *design,
                          const struct stats_family *family, struct stats_constants *constants,
                          double kappa)
{
    d->kappa = kappa;
    d->log_size = -2.0 * log(kappa);
    d->size = exp(d->log_size);
    d->constant = 0.0;
    double at = (d->log_size - NODES_FROM) / NODES_STEP;
    if (design && constants && constants->used && at >= 3.0 && at < STATS_CONSTANT_NODES - 4)
        d->constant = interpolated(constants, design, family, d->log_size);
    else if (design)
        d->constant = family->constant(design, d);
}

/* log(1 + e) for e in [0, 1]; log1p() keeps the digits of a small e, which log() loses, but is
 * slow. */
static double log_one_plus(double e)
{
    return e > 0.03125 ? log(1.0 + e) : log1p(e);
}

/* ---- negative binomial: mean m = n e^eta, size r ----
 * log p = [lgamma(y+r) - lgamma(r) - y log r] + y t - (y + r) log(1 + e^t) - lgamma(y+1),
 * t = log(m/r). Cells of one exposure sum over their posts. */

static double negbinomial_constant(const struct stats_design *design,
                                   const struct stats_dispersion *d)
{
    struct stats_rising from = stats_rising_from(d->size);
    double sum = 0.0;
    for (size_t i = 0; i < design->tally_count; i++)
        sum += design->tallies[i].count * stats_rising_by(&from, design->tallies[i].value);
    return sum;
}

static double negbinomial_value(const struct stats_dispersion *d, const struct stats_cell *cell,
                                double eta)
{
    double t = eta + cell->log_n - d->log_size;
    return cell->y * (t + d->log_size) - (cell->y + cell->count * d->size) * stats_log1pexp(t);
}

static double negbinomial_sum(const struct stats_dispersion *d, const struct stats_cell *cells,
                              size_t count, const double *eta)
{
    const struct stats_softplus *nodes = stats_softplus_nodes();
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        const struct stats_cell *cell = &cells[i];
        double t = eta[i] + cell->log_n - d->log_size, a = fabs(t), off, fall;
        if (a < STATS_SOFTPLUS_END) {
            const double *near = stats_softplus_near(nodes, a, &off);
            fall = stats_softplus_value(near, off);
        } else {
            fall = exp(-a);
        }
        sum += cell->y * (t + d->log_size) -
               (cell->y + cell->count * d->size) * (fall + 0.5 * (t + a));
    }
    return sum;
}

static double negbinomial_expand(const struct stats_dispersion *d, const struct stats_cell *cells,
                                 size_t count, const double *eta, double *slope, double *curvature,
                                 double *bend)
{
    const struct stats_softplus *nodes = stats_softplus_nodes();
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        const struct stats_cell *cell = &cells[i];
        double t = eta[i] + cell->log_n - d->log_size, a = fabs(t), off, fall, small;
        if (a < STATS_SOFTPLUS_END) {
            const double *near = stats_softplus_near(nodes, a, &off);
            fall = stats_softplus_value(near, off);
            small = stats_softplus_fall(near, off);
        } else {
            fall = small = exp(-a);
        }
        double p = t > 0.0 ? 1.0 - small : small, q = t > 0.0 ? small : 1.0 - small;
        double failures = cell->count * d->size, total = cell->y + failures;
        slope[i] = cell->y * q - failures * p;
        curvature[i] = total * p * q;
        if (bend)
            bend[i] = curvature[i] * (q - p);
        sum += cell->y * (t + d->log_size) - total * (fall + 0.5 * (t + a));
    }
    return sum;
}

static double negbinomial_derivatives(const struct stats_dispersion *d,
                                      const struct stats_cell *cell, double eta, double *slope,
                                      double *curvature)
{
    return negbinomial_expand(d, cell, 1, &eta, slope, curvature, NULL);
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
    struct stats_rising from = stats_rising_from(d->size);
    double sum = 0.0;
    for (size_t i = 0; i < design->tally_count; i++) {
        const struct stats_tally *tally = &design->tallies[i];
        sum -= tally->count * (stats_rising_by(&from, tally->value) + tally->value * d->log_size);
    }
    return sum;
}

/* What both the value and its derivatives need, from one exponential and one logarithm. */
struct shares {
    double pi, rest, log_pi, log_rest; /* rest: 1 - pi, without cancellation */
    double a, b;                       /* Beta's parameters */
};

/* The smallest parameter that keeps 1/a finite: beyond it the probability is 0 anyway. */
#define LEAST_SHAPE 1e-290

static struct shares shares_at(const struct stats_dispersion *d, double eta)
{
    double e = exp(-fabs(eta)), large = 1.0 / (1.0 + e), small = e * large;
    double log_large = -log_one_plus(e), log_small = log_large - fabs(eta);
    int more = eta > 0.0;
    struct shares s = {.pi = more ? large : small,
                       .rest = more ? small : large,
                       .log_pi = more ? log_large : log_small,
                       .log_rest = more ? log_small : log_large};
    s.a = fmax(s.pi * d->size, LEAST_SHAPE);
    s.b = fmax(s.rest * d->size, LEAST_SHAPE);
    return s;
}

static double betabinomial_log(const struct stats_dispersion *d, const struct stats_cell *cell,
                               const struct shares *s)
{
    double fails = cell->n - cell->y;
    return cell->count * (stats_log_rising(s->a, cell->y) + cell->y * (s->log_pi + d->log_size) +
                          stats_log_rising(s->b, fails) + fails * (s->log_rest + d->log_size));
}

static double betabinomial_value(const struct stats_dispersion *d, const struct stats_cell *cell,
                                 double eta)
{
    struct shares s = shares_at(d, eta);
    return betabinomial_log(d, cell, &s);
}

static double betabinomial_derivatives(const struct stats_dispersion *d,
                                       const struct stats_cell *cell, double eta, double *slope,
                                       double *curvature)
{
    struct shares s = shares_at(d, eta);
    double fails = cell->n - cell->y;
    double step = d->size * s.pi * s.rest; /* da/deta = -db/deta */
    double first = stats_digamma_step(s.a, cell->y) - stats_digamma_step(s.b, fails);
    double second = stats_trigamma_step(s.a, cell->y) + stats_trigamma_step(s.b, fails);
    double sure = -step * step * second; /* never negative, as the other part may be */
    double exact = sure - step * (s.rest - s.pi) * first;
    *slope = cell->count * step * first;
    *curvature = cell->count * fmax(exact, 0.1 * sure);
    return betabinomial_log(d, cell, &s);
}

static double betabinomial_sum(const struct stats_dispersion *d, const struct stats_cell *cells,
                               size_t count, const double *eta)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += betabinomial_value(d, &cells[i], eta[i]);
    return sum;
}

static double betabinomial_expand(const struct stats_dispersion *d, const struct stats_cell *cells,
                                  size_t count, const double *eta, double *slope, double *curvature,
                                  double *bend)
{
    double sum = 0.0;
    for (size_t i = 0; bend && i < count; i++)
        bend[i] = NAN;
    for (size_t i = 0; i < count; i++)
        sum += betabinomial_derivatives(d, &cells[i], eta[i], &slope[i], &curvature[i]);
    return sum;
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

static double lognormal_sum(const struct stats_dispersion *d, const struct stats_cell *cells,
                            size_t count, const double *eta)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += lognormal_value(d, &cells[i], eta[i]);
    return sum;
}

static double lognormal_expand(const struct stats_dispersion *d, const struct stats_cell *cells,
                               size_t count, const double *eta, double *slope, double *curvature,
                               double *bend)
{
    double sum = 0.0;
    for (size_t i = 0; bend && i < count; i++)
        bend[i] = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += lognormal_derivatives(d, &cells[i], eta[i], &slope[i], &curvature[i]);
    return sum;
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
 * the mode's width and the doubly exponential cut-off, whose scale in z is 1/kappa. Its
 * logarithm is concave in eta. */

#define REACH 7.0

struct mixture {
    double log_sum;          /* log of the integral of e^(y log(rate/y) - (rate - y)) over z */
    double slope, curvature; /* its first derivative in eta and minus its second */
};

/* Where a count of 0 has the mode, from its right: z = -W(x) / kappa with x = kappa^2 e^base, and
 * Lambert's W(x) >= log(1 + x) / 2. */
static double right_of_mode(double base, double kappa)
{
    return -0.5 * log1p(exp(fmin(base, 600.0)) * kappa * kappa) / kappa;
}

/* The mode in z of y (base + kappa z) - e^(base + kappa z) - z^2/2, closely enough to centre a sum
 * on. Newton from the right of it, where neither of the two equations lets it overshoot: for a mode
 * above 0, y - e^(base + kappa z) = z / kappa, concave; below 0 its logarithm, convex, which also
 * comes back from rates of e^700. */
static double mixture_mode(double y, double base, double kappa)
{
    double own = y > 0.0 ? (log(y) - base) / kappa : -1.0; /* where the rate is y */
    double z = own > 0.0 ? fmin(own, kappa * y) : y > 0.0 ? 0.0 : right_of_mode(base, kappa);
    for (int i = 0; i < 60; i++) {
        double rate, step, gap = 0.0; /* of the rate's logarithm from what it must be */
        if (own > 0.0) {
            rate = exp(base + kappa * z);
            step = (kappa * (y - rate) - z) / (1.0 + kappa * kappa * rate);
        } else {
            rate = y - z / kappa;
            gap = log(rate) - base - kappa * z;
            step = gap / (kappa + 1.0 / (kappa * rate));
        }
        z += step;
        if (step * step * (1.0 + kappa * kappa * rate) < 1e-6 && fabs(gap) < 1e-3)
            break;
    }
    return z;
}

/* Every difference of large numbers is taken before they are made: heights are relative to the
 * mode, where the slope is all but 0, rates relative to the rate there. */
static struct mixture mixture_integrate(double y, double base, double kappa)
{
    double z0 = mixture_mode(y, base, kappa), excess = base + kappa * z0;
    if (y > 0.0)
        excess -= log(y);
    double rate = (y > 0.0 ? y : 1.0) * exp(excess), more = y > 0.0 ? y * expm1(excess) : rate;
    double left = -kappa * more - z0; /* of the slope at z0 */
    double width = 1.0 / sqrt(1.0 + kappa * kappa * rate);
    double step = fmin(0.75 * width, 0.6 / kappa);
    double sum = 0.0, rates = 0.0, rates2 = 0.0, places = 0.0, places2 = 0.0;
    for (int side = -1; side <= 1; side += 2) {
        double grow = expm1((double)side * kappa * step), growth = 0.0; /* e^(kappa (z - z0)) - 1 */
        /* far from the mode the integrand may fall as slowly as the prior does */
        for (int k = 0; k < 4000; k++, growth += grow * (1.0 + growth)) {
            double t = (double)side * step * (double)k;
            double height = rate * (kappa * t - growth) - 0.5 * t * t + left * t;
            if (height < -0.5 * REACH * REACH)
                break;
            if (k == 0 && side == 1)
                continue;
            double weight = exp(height);
            sum += weight;
            rates += weight * growth;
            rates2 += weight * growth * growth;
            places += weight * t;
            places2 += weight * t * t;
        }
    }
    struct mixture m;
    m.log_sum = (y > 0.0 ? y * excess - more : -rate) - 0.5 * z0 * z0 + log(sum * step) -
                0.5 * log(2.0 * M_PI);
    rates /= sum;
    places /= sum;
    /* the derivatives are moments of the rate or, by Stein's identity, of z: the smaller ones */
    if (kappa * kappa * rate < 1.0) {
        m.slope = -more - rate * rates;
        m.curvature = rate * (1.0 + rates) - rate * rate * (rates2 / sum - rates * rates);
    } else {
        m.slope = (z0 + places) / kappa;
        m.curvature = (1.0 - (places2 / sum - places * places)) / (kappa * kappa);
    }
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
    *slope = cell->count * m.slope;
    *curvature = cell->count * fmax(m.curvature, 0.0); /* never below but by rounding */
    return cell->count * m.log_sum;
}

static double poisson_lognormal_sum(const struct stats_dispersion *d,
                                    const struct stats_cell *cells, size_t count, const double *eta)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += poisson_lognormal_value(d, &cells[i], eta[i]);
    return sum;
}

static double poisson_lognormal_expand(const struct stats_dispersion *d,
                                       const struct stats_cell *cells, size_t count,
                                       const double *eta, double *slope, double *curvature,
                                       double *bend)
{
    double sum = 0.0;
    for (size_t i = 0; bend && i < count; i++)
        bend[i] = NAN;
    for (size_t i = 0; i < count; i++)
        sum += poisson_lognormal_derivatives(d, &cells[i], eta[i], &slope[i], &curvature[i]);
    return sum;
}

static double poisson_lognormal_post(const struct stats_dispersion *d, double y, double n,
                                     double eta)
{
    return mixture_integrate(y, eta + log(n), d->kappa).log_sum - stats_log_factorial_rest(y);
}

const struct stats_family *stats_family(enum abp_family family)
{
    static const struct stats_family families[ABP_FAMILY_COUNT] = {
        [ABP_NEGBINOMIAL] = {negbinomial_constant, negbinomial_value, negbinomial_derivatives,
                             negbinomial_sum, negbinomial_expand, 1, negbinomial_post,
                             log_link_mean},
        [ABP_POISSON_LOGNORMAL] = {poisson_lognormal_constant, poisson_lognormal_value,
                                   poisson_lognormal_derivatives, poisson_lognormal_sum,
                                   poisson_lognormal_expand, 0, poisson_lognormal_post,
                                   lognormal_mean},
        [ABP_BETABINOMIAL] = {betabinomial_constant, betabinomial_value, betabinomial_derivatives,
                              betabinomial_sum, betabinomial_expand, 0, betabinomial_post,
                              logit_link_mean},
        [ABP_LOGNORMAL] = {lognormal_constant, lognormal_value, lognormal_derivatives,
                           lognormal_sum, lognormal_expand, 1, lognormal_post, lognormal_mean},
    };
    if ((unsigned)family >= ABP_FAMILY_COUNT || !families[family].value)
        return NULL;
    return &families[family];
}
