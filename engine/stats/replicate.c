#include "stats/replicate.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

/* Beyond this a Poisson or binomial is its normal limit to every digit that counts here, and GSL's
 * generators, which return unsigned int, would overflow. */
#define NORMAL_FROM 1e7

static double whole_normal(double mean, double variance, gsl_rng *rng)
{
    return fmax(0.0, floor(mean + sqrt(variance) * gsl_ran_gaussian_ziggurat(rng, 1.0) + 0.5));
}

static double poisson(double mean, gsl_rng *rng)
{
    return mean < NORMAL_FROM ? (double)gsl_ran_poisson(rng, mean) : whole_normal(mean, mean, rng);
}

static double binomial(double p, double n, gsl_rng *rng)
{
    return n < NORMAL_FROM ? (double)gsl_ran_binomial(rng, p, (unsigned)n)
                           : fmin(n, whole_normal(n * p, n * p * (1.0 - p), rng));
}

/* A Beta(share size, (1 - share) size) variate; the share itself where posts are as good as alike.
 */
static double spread_share(double share, double size, gsl_rng *rng)
{
    if (size > 1e8)
        return share;
    double hit = gsl_ran_gamma(rng, share * size, 1.0);
    double miss = gsl_ran_gamma(rng, (1.0 - share) * size, 1.0);
    if (!(hit + miss > 0.0)) /* both below the smallest double: all or nothing */
        return gsl_rng_uniform(rng) < share ? 1.0 : 0.0;
    return hit / (hit + miss);
}

double stats_replicate(enum abp_family family, const struct stats_dispersion *d, double n,
                       double eta, gsl_rng *rng)
{
    double mean = n * exp(fmin(eta, 600.0)), z;
    switch (family) {
    case ABP_NEGBINOMIAL:
        if (d->size < 1e8)
            mean *= gsl_ran_gamma(rng, d->size, 1.0 / d->size);
        return poisson(mean, rng);
    case ABP_BETABINOMIAL:
        return binomial(spread_share(1.0 / (1.0 + exp(-eta)), d->size, rng), n, rng);
    default:
        z = gsl_ran_gaussian_ziggurat(rng, 1.0);
        mean *= exp(fmin(d->kappa * z, 600.0));
        return family == ABP_LOGNORMAL ? mean : poisson(mean, rng);
    }
}

/* ---- the check ---- */

#define REPLICAS      200
#define REPLICAS_SOON 20     /* looked at first, and enough when both p-values are ordinary */
#define REPLICAS_MOST 1000   /* where 200 leave open on which side of 0.01 a p-value is */
#define ORDINARY      0.2    /* of 20, 4: a p-value below 0.01 shows so many once in 20,000 */
#define RARE          0.03   /* of 200, 6: above it no p-value below 0.01 shows so many */
#define POSTS_MOST    200000 /* replicated, all replicas together */

struct look {
    double extreme; /* largest log((y + 1/2) / expected) */
    double zeros;
};

struct check {
    size_t made_so_far, replicas, weighed;
    struct look *real, *made; /* owned; replicas */
};

/* Replica r's draw: the first so many replicas are spread over all draws as well as all of them (by
 * the golden section). */
static size_t draw_of(const struct check *check, size_t r)
{
    double place = 0.618033988749895 * ((double)r + 0.5);
    return (size_t)((place - floor(place)) * (double)check->weighed);
}

static void see(struct look *look, double y, double expected)
{
    double ratio = log((y + 0.5) / expected);
    if (ratio > look->extreme)
        look->extreme = ratio;
    if (y <= 0.0)
        look->zeros += 1.0;
}

/* Lets replicas `from` to before `to` see the posts of channel c. */
static void check_channel(const struct stats_draws *draws, const struct abp_data *data, size_t c,
                          const struct stats_terms *terms, struct check *check, size_t from,
                          size_t to, gsl_rng *rng)
{
    const struct stats_latent *latent = draws->latent;
    const struct stats_design *d = latent->design;
    for (size_t row = 0; row < data->posts; row++) {
        if (terms->u && data->channel[row] != c)
            continue;
        double n = data->n ? data->n[row] : 1.0;
        for (size_t r = from; r < to; r++) {
            size_t i = draw_of(check, r);
            const double *g = draws->globals + i * latent->globals;
            double eta = stats_core_sum(latent, g, data->variant[row]);
            const struct stats_dispersion *dispersion = &stats_draw_scales(draws, i)->dispersion;
            if (d->has_slots)
                eta += g[data->slot[row]];
            if (terms->u)
                eta += terms->u[i] + terms->b[i * d->variants + data->variant[row]];
            double expected = latent->family->mean(dispersion, n, eta);
            see(&check->real[r], data->y[row], expected);
            see(&check->made[r], stats_replicate(d->family, dispersion, n, eta, rng), expected);
        }
    }
}

/* The share of replicas, each with its draw's importance weight, in which what was made looks at
 * least as extreme as what was real. */
static void p_values(const struct stats_draws *draws, const struct check *check, double *p_extreme,
                     double *p_zeros)
{
    double all = 0.0, extreme = 0.0, more = 0.0, fewer = 0.0, top = -INFINITY;
    for (size_t r = 0; r < check->made_so_far; r++)
        top = fmax(top, draws->log_ratio[draw_of(check, r)]);
    for (size_t r = 0; r < check->made_so_far; r++) {
        const struct look *real = &check->real[r], *made = &check->made[r];
        double weight = exp(draws->log_ratio[draw_of(check, r)] - top);
        all += weight;
        extreme += made->extreme >= real->extreme ? weight : 0.0;
        more += made->zeros >= real->zeros ? weight : 0.0;
        fewer += made->zeros <= real->zeros ? weight : 0.0;
    }
    *p_extreme = extreme / all;
    *p_zeros = fmin(1.0, 2.0 * fmin(more, fewer) / all);
}

/* Makes replicas on to `to`, and the p-values of all so far. */
static int make_replicas(const struct stats_draws *draws, const struct abp_data *data,
                         struct stats_terms *terms, struct check *check, size_t to, gsl_rng *rng,
                         double *p_extreme, double *p_zeros, struct abp_error *err)
{
    for (size_t c = 0; c < terms->passes; c++) {
        if (stats_terms_load(terms, draws, c, err) != 0)
            return -1;
        check_channel(draws, data, c, terms, check, check->made_so_far, to, rng);
    }
    check->made_so_far = to;
    p_values(draws, check, p_extreme, p_zeros);
    return 0;
}

static int is_open(double p_value)
{
    return p_value > 0.0 && p_value < RARE;
}

/* Replicas at most: fewer of many posts. */
static size_t replicas_most(size_t posts)
{
    size_t most = REPLICAS_MOST;
    while (most > REPLICAS_SOON && most * posts > POSTS_MOST)
        most /= 2;
    return most < REPLICAS_SOON ? REPLICAS_SOON : most;
}

int stats_draws_check(const struct stats_draws *draws, const struct abp_data *data,
                      struct stats_terms *terms, double *p_extreme, double *p_zeros,
                      struct abp_error *err)
{
    struct check check = {.replicas = replicas_most(data->posts), .weighed = draws->weighed};
    int rc = -1;
    check.real = calloc(check.replicas, sizeof *check.real);
    check.made = calloc(check.replicas, sizeof *check.made);
    size_t soon = check.replicas < REPLICAS ? check.replicas : REPLICAS;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    if (!rng || !check.real || !check.made) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t r = 0; r < check.replicas; r++)
        check.real[r].extreme = check.made[r].extreme = -INFINITY;
    gsl_rng_set(rng, (unsigned long)(draws->seed & 0xFFFFFFFFu) ^ 0x5bd1e995u);
    rc = make_replicas(draws, data, terms, &check, REPLICAS_SOON, rng, p_extreme, p_zeros, err);
    if (rc == 0 && check.replicas > REPLICAS_SOON &&
        !(*p_extreme > ORDINARY && *p_zeros > ORDINARY))
        rc = make_replicas(draws, data, terms, &check, soon, rng, p_extreme, p_zeros, err);
    if (rc == 0 && check.replicas > soon && (is_open(*p_extreme) || is_open(*p_zeros)))
        rc =
            make_replicas(draws, data, terms, &check, check.replicas, rng, p_extreme, p_zeros, err);
out:
    gsl_rng_free(rng);
    free(check.made);
    free(check.real);
    return rc;
}
