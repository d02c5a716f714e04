#include "stats/chains.h"

#include "stats/convergence.h"
#include "stats/special.h"
#include "stats/triangle.h"

#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHAINS 4
/* Steps of each chain that are kept, and of each of two rounds of warming up; fewer of large data,
 * so that a run looks at some 10^8 cells at most. Runs that do not suffice are made longer. */
#define STEPS_MOST  2048
#define STEPS_LEAST 512
#define CELLS_MOST  ((size_t)1 << 19)
#define ROUNDS      2
#define THIN_MOST   16 /* of a run that did not suffice, every so many-th step is kept */
/* How much better than its length says a longer run may be, whose t is learned from more. Seen on
 * simulated posts: 0.6 to 4.6 times. In 37 dimensions 35 effective draws became 1,800 so; in 67 to
 * 157 it was 7 to 14 first and never 1,000 at last. */
#define BETTER_MOST 6.0
/* Effective draws that runs are made longer for. */
#define ESS_AIM 4000.0
/* Counts (of exposures: betabinomial) in all, beyond which a double leaves noise of 0.01 in the log
 * likelihood: chains would walk over that. */
#define COUNTS_MOST 1e14
/* Degrees of freedom of the t. */
#define FREEDOM 5.0
/* Streams of the generator, far from those of the draws. */
#define STREAM_FROM ((uint64_t)1 << 40)

struct chains {
    struct stats_latent *latent;     /* borrowed */
    const struct abp_priors *priors; /* borrowed */
    struct stats_constants constants;
    size_t scales, size, steps; /* size: of a place, the scales' scores and then the field */
    double *mean, *factor;      /* owned; of the t: size; size x size, lower */
    double *places;             /* owned; CHAINS x steps x size */
    double *starts;             /* owned; CHAINS x size: where the chains go on */
    gsl_rng *rngs[CHAINS];      /* owned */
    double *at, *trial, *other; /* owned; size: where a chain is, where it may go, the ellipse */
    double *white, *x;          /* owned; size */
    struct stats_scales scale;  /* at the place looked at last */
};

int stats_chains_possible(const struct stats_latent *latent)
{
    const struct stats_design *d = latent->design;
    double largest = 0.0; /* of the numbers that the log likelihood is the difference of */
    for (size_t i = 0; i < d->cell_count && d->family != ABP_LOGNORMAL; i++)
        largest +=
            d->family == ABP_BETABINOMIAL ? d->cells[i].count * d->cells[i].n : d->cells[i].y;
    return stats_scale_count(d) + latent->size <= STATS_CHAINS_MOST && largest < COUNTS_MOST;
}

static void release(struct chains *c)
{
    free(c->mean);
    free(c->factor);
    free(c->places);
    free(c->starts);
    free(c->at);
    for (size_t k = 0; k < CHAINS; k++)
        gsl_rng_free(c->rngs[k]);
    memset(c, 0, sizeof *c);
}

static int allocate(struct chains *c, struct abp_error *err)
{
    size_t n = c->size;
    c->mean = calloc(n, sizeof *c->mean);
    c->factor = calloc(n * n, sizeof *c->factor);
    c->places = calloc(CHAINS * c->steps * n, sizeof *c->places);
    c->starts = calloc(CHAINS * n, sizeof *c->starts);
    c->at = calloc(5 * n, sizeof *c->at);
    if (!c->mean || !c->starts || !c->factor || !c->places || !c->at)
        return abp_fail_memory(err);
    c->trial = c->at + n;
    c->other = c->trial + n;
    c->white = c->other + n;
    c->x = c->white + n;
    return 0;
}

/* Log posterior density of a place. */
static double density(struct chains *c, const double *place)
{
    double squares = 0.0;
    for (size_t k = 0; k < c->scales; k++) {
        if (!(place[k] > STATS_LOWEST_Z && place[k] < STATS_HIGHEST_Z))
            return -INFINITY;
        squares += place[k] * place[k];
    }
    stats_scales_at(&c->scale, c->latent, c->priors, &c->constants, place);
    memcpy(c->x, place + c->scales, c->latent->size * sizeof *c->x);
    stats_latent_rescale(c->latent, &c->scale, c->x, 1, 1);
    double sum = stats_latent_density(c->latent, &c->scale, c->x) +
                 stats_latent_log_stretch(c->latent, &c->scale) - 0.5 * squares;
    return isnan(sum) ? -INFINITY : sum;
}

/* ---- the t ---- */

/* Squared distance of a place from the t's centre. */
static double distance(struct chains *c, const double *place)
{
    double sum = 0.0;
    for (size_t k = 0; k < c->size; k++)
        c->white[k] = place[k] - c->mean[k];
    stats_solve_lower(c->factor, c->size, 0, 0, c->white);
    for (size_t k = 0; k < c->size; k++)
        sum += c->white[k] * c->white[k];
    return sum;
}

static double log_t(const struct chains *c, double squares)
{
    return -0.5 * (FREEDOM + (double)c->size) * log1p(squares / FREEDOM);
}

/* Fits the t to `count` places in c->places, every one of them counted alike. */
static int fit_t(struct chains *c, size_t count, struct abp_error *err)
{
    size_t n = c->size;
    double each = 1.0 / (double)count;
    memset(c->mean, 0, n * sizeof *c->mean);
    memset(c->factor, 0, n * n * sizeof *c->factor);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < n; k++)
            c->mean[k] += each * c->places[i * n + k];
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < n; k++)
            c->white[k] = c->places[i * n + k] - c->mean[k];
        for (size_t k = 0; k < n; k++)
            for (size_t j = 0; j <= k; j++)
                c->factor[k * n + j] += each * c->white[k] * c->white[j];
    }
    /* towards independence, the more the fewer places there are for so many numbers */
    double shrink = (double)n / ((double)n + (double)count);
    for (size_t k = 0; k < n; k++) {
        for (size_t j = 0; j < k; j++)
            c->factor[k * n + j] *= 1.0 - shrink;
        c->factor[k * n + k] += 1e-12;
    }
    if (stats_cholesky(c->factor, n, 0) != 0)
        return abp_fail(err, ABP_BUG, "the chains' covariance is not that of a cloud");
    return 0;
}

/* ---- a step ---- */

/* One step from c->at, whose log density is *here. */
static void step(struct chains *c, gsl_rng *rng, double *here)
{
    size_t n = c->size;
    double squares = distance(c, c->at);
    /* the t is a mixture of Gaussians: which of them, given where the chain is */
    double scale =
        sqrt((FREEDOM + squares) / (2.0 * gsl_ran_gamma(rng, 0.5 * (FREEDOM + (double)n), 1.0)));
    for (size_t k = 0; k < n; k++)
        c->white[k] = scale * gsl_ran_gaussian_ziggurat(rng, 1.0);
    for (size_t k = 0; k < n; k++) {
        c->other[k] = 0.0;
        for (size_t j = 0; j <= k; j++)
            c->other[k] += c->factor[k * n + j] * c->white[j];
    }
    double floor = *here - log_t(c, squares) + log(gsl_rng_uniform_pos(rng));
    double angle = 2.0 * M_PI * gsl_rng_uniform(rng), low = angle - 2.0 * M_PI, high = angle;
    for (int tries = 0; tries < 200; tries++) {
        for (size_t k = 0; k < n; k++)
            c->trial[k] =
                c->mean[k] + (c->at[k] - c->mean[k]) * cos(angle) + c->other[k] * sin(angle);
        double there = density(c, c->trial);
        if (there - log_t(c, distance(c, c->trial)) > floor) {
            memcpy(c->at, c->trial, n * sizeof *c->at);
            *here = there;
            return;
        }
        *(angle < 0.0 ? &low : &high) = angle;
        angle = low + (high - low) * gsl_rng_uniform(rng);
    }
}

/* ---- scales alone ---- */

/* What a scale's score is updated against while the terms stay where they are: `count` terms of
 * this sum of squares, or, with no terms, the posts. */
struct terms_of {
    size_t scale; /* which score */
    double prior; /* sd of its half-normal */
    double count, squares;
};

static double scale_density(struct chains *c, const struct terms_of *of, double z)
{
    if (!(z > STATS_LOWEST_Z && z < STATS_HIGHEST_Z))
        return -INFINITY;
    double sd = stats_half_normal(of->prior, z);
    if (of->count > 0.0)
        return -of->count * log(sd) - 0.5 * of->squares / (sd * sd);
    stats_dispersion_set(&c->scale.dispersion, c->latent->design, c->latent->family, &c->constants,
                         sd);
    double sum = stats_latent_density(c->latent, &c->scale, c->x);
    return isnan(sum) ? -INFINITY : sum;
}

/* A step of one score by an elliptical slice of its own, given everything else. */
static void step_scale(struct chains *c, const struct terms_of *of, gsl_rng *rng)
{
    double z = c->at[of->scale], other = gsl_ran_gaussian_ziggurat(rng, 1.0);
    double floor = scale_density(c, of, z) + log(gsl_rng_uniform_pos(rng));
    double angle = 2.0 * M_PI * gsl_rng_uniform(rng), low = angle - 2.0 * M_PI, high = angle;
    for (int tries = 0; tries < 200; tries++) {
        double trial = z * cos(angle) + other * sin(angle);
        if (scale_density(c, of, trial) > floor) {
            c->at[of->scale] = trial;
            return;
        }
        *(angle < 0.0 ? &low : &high) = angle;
        angle = low + (high - low) * gsl_rng_uniform(rng);
    }
    scale_density(c, of, z);
}

static double sum_of_squares(const double *x, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += x[i] * x[i];
    return sum;
}

/* Every scale given the terms, which stay where they are in their own units: the other way to look
 * at a funnel (Yu & Meng 2011, "To center or not to center: that is not the question", by
 * interweaving both). Returns the log density afterwards. */
static double step_scales(struct chains *c, gsl_rng *rng)
{
    const struct stats_latent *latent = c->latent;
    const struct stats_design *d = latent->design;
    const struct abp_priors *p = c->priors;
    double here = density(c, c->at); /* c->x and c->scale are those of c->at */
    const double *x = c->x, *u = x + latent->globals, *b = u + d->channels;
    size_t K = d->variants, pairs = d->channels * K, k = 2;
    struct terms_of of[STATS_MOST_SCALES] = {
        {.scale = 0, .prior = p->dispersion},
        {1, stats_lift_prior(d, p), (double)K, sum_of_squares(x + latent->at_theta, K)}};
    if (!isfinite(here))
        return here;
    if (d->has_channels) {
        of[k] =
            (struct terms_of){k, p->channel, (double)d->channels, sum_of_squares(u, d->channels)};
        k++;
        of[k] = (struct terms_of){k, p->interaction, (double)pairs, sum_of_squares(b, pairs)};
        k++;
    }
    if (d->has_slots) {
        of[k] = (struct terms_of){k, p->slot, (double)d->slots, sum_of_squares(x, d->slots)};
        k++;
    }
    for (size_t f = 0, from = 0; f < d->factors; from = d->level_end[f++], k++) {
        size_t levels = d->level_end[f] - from;
        of[k] = (struct terms_of){k, p->lift, (double)levels,
                                  sum_of_squares(x + latent->at_alpha + from, levels)};
    }
    for (size_t i = 0; i < k; i++)
        step_scale(c, &of[i], rng);
    stats_scales_at(&c->scale, latent, p, &c->constants, c->at);
    memcpy(c->at + c->scales, c->x, latent->size * sizeof *c->x);
    stats_latent_rescale(latent, &c->scale, c->at + c->scales, 1, 0);
    return density(c, c->at);
}

/* Runs every chain on by so many steps from c->starts, where it leaves the last places; every
 * `thin`-th is kept in c->places, chain after chain. */
static void run(struct chains *c, size_t steps, size_t thin)
{
    size_t n = c->size;
    for (size_t k = 0; k < CHAINS; k++) {
        memcpy(c->at, c->starts + k * n, n * sizeof *c->at);
        double here = density(c, c->at);
        for (size_t i = 0; i < steps; i++) {
            for (size_t t = 0; t < thin; t++) {
                step(c, c->rngs[k], &here);
                here = step_scales(c, c->rngs[k]);
            }
            memcpy(c->places + (k * steps + i) * n, c->at, n * sizeof *c->at);
        }
        memcpy(c->starts + k * n, c->at, n * sizeof *c->at);
    }
}

/* ---- from the mixture's draws and back to draws ---- */

/* Puts up to `most` of the weighed draws, spread over all, into c->places; *taken is how many. */
static int take_draws(struct chains *c, struct stats_draws *draws, size_t most, size_t *taken,
                      struct abp_error *err)
{
    const struct stats_latent *latent = c->latent;
    const struct stats_design *d = latent->design;
    size_t count = draws->weighed < most ? draws->weighed : most, K = d->variants;
    struct stats_terms terms;
    if (stats_terms_init(&terms, draws, draws->weighed, err) != 0)
        return -1;
    for (size_t p = 0; p < terms.passes; p++) {
        if (stats_terms_load(&terms, draws, p, err) != 0) {
            stats_terms_release(&terms);
            return -1;
        }
        for (size_t i = 0; i < count; i++) {
            double *x = c->places + i * c->size + c->scales;
            size_t from = i * draws->weighed / count;
            if (p == 0)
                memcpy(x, draws->globals + from * latent->globals, latent->globals * sizeof *x);
            if (!terms.u)
                continue;
            x[latent->globals + p] = terms.u[from];
            memcpy(x + latent->globals + d->channels + p * K, terms.b + from * K, K * sizeof *x);
        }
    }
    stats_terms_release(&terms);
    for (size_t i = 0; i < count; i++) {
        size_t from = i * draws->weighed / count;
        const struct stats_point *point = &draws->points->list[draws->point[from]];
        double *place = c->places + i * c->size;
        memcpy(place, point->z, c->scales * sizeof *place);
        stats_latent_rescale(latent, &point->field.scales, place + c->scales, 1, 0);
    }
    *taken = count;
    return 0;
}

/* Of which other number of a place it is the difference that counts: of styles, and of the levels
 * of a factor, from the first of them. `at` itself: none. */
static size_t reference_of(const struct chains *c, size_t at)
{
    const struct stats_latent *latent = c->latent;
    const struct stats_design *d = latent->design;
    size_t theta = c->scales + latent->at_theta, alpha = c->scales + latent->at_alpha, f = 0;
    if (at < theta)
        return at;
    if (at < alpha)
        return theta;
    while (at - alpha >= d->level_end[f])
        f++;
    return alpha + (f ? d->level_end[f - 1] : 0);
}

/* The worst R-hat and the least effective number of draws over what is reported of. */
static int judge(const struct chains *c, size_t steps, double *rhat, double *ess,
                 struct abp_error *err)
{
    const struct stats_latent *latent = c->latent;
    size_t all = CHAINS * steps, mu = c->scales + latent->at_mu;
    size_t asked = c->scales + latent->globals - latent->at_mu;
    double *values = malloc(all * sizeof *values);
    int rc = values ? 0 : abp_fail_memory(err);
    *rhat = 1.0;
    *ess = (double)all;
    for (size_t q = 0; rc == 0 && q < asked; q++) {
        double r, e, low = 0.0;
        size_t at = q < c->scales ? q : mu + q - c->scales, from = reference_of(c, at);
        if (from == at && at > mu && latent->design->variants > 1)
            continue; /* the others are told by their difference from it */
        for (size_t i = 0; i < all; i++) {
            const double *place = c->places + i * c->size;
            values[i] = place[at] - (from < at ? place[from] : 0.0);
            low += q < c->scales && values[i] < STATS_LOWEST_Z + 1.0 ? 1.0 : 0.0;
        }
        rc = stats_convergence(&r, &e, values, CHAINS, steps, err);
        if (low > 0.01 * (double)all)
            r = INFINITY;
        *rhat = fmax(*rhat, r);
        *ess = fmin(*ess, e);
    }
    free(values);
    return rc;
}

/* Turns what the chains have seen into draws. */
static int give_draws(struct chains *c, struct stats_draws *draws, size_t steps,
                      struct abp_error *err)
{
    const struct stats_latent *latent = c->latent;
    const struct stats_design *d = latent->design;
    size_t all = CHAINS * steps, m = latent->globals, K = d->variants;
    struct stats_scales *scales = malloc(all * sizeof *scales);
    double *globals = malloc(all * m * sizeof *globals), *weight = malloc(all * sizeof *weight);
    double *log_ratio = calloc(all, sizeof *log_ratio);
    size_t numbers = d->has_channels ? d->channels * (1 + K) : 0;
    double *terms = numbers ? malloc(all * numbers * sizeof *terms) : NULL;
    if (!scales || !globals || !weight || !log_ratio || (numbers && !terms)) {
        free(scales);
        free(globals);
        free(weight);
        free(log_ratio);
        free(terms);
        return abp_fail_memory(err);
    }
    for (size_t i = 0; i < all; i++) {
        /* chains in turn, so that the first so many draws are of all of them */
        const double *place = c->places + (i % CHAINS * steps + i / CHAINS) * c->size;
        stats_scales_at(&scales[i], latent, c->priors, &c->constants, place);
        memcpy(c->x, place + c->scales, latent->size * sizeof *c->x);
        stats_latent_rescale(latent, &scales[i], c->x, 1, 1);
        memcpy(globals + i * m, c->x, m * sizeof *globals);
        weight[i] = 1.0 / (double)all;
        if (numbers) /* all u, then all b, as they stand in the field */
            memcpy(terms + i * numbers, c->x + m, numbers * sizeof *terms);
    }
    stats_draws_replace(draws, all, scales, globals, weight, log_ratio, terms);
    return 0;
}

/* Everything but the t and the places to start from. */
static int prepare(struct chains *c, struct stats_latent *latent, const struct abp_priors *priors,
                   uint64_t seed, struct abp_error *err)
{
    *c = (struct chains){.latent = latent, .priors = priors, .steps = STEPS_MOST};
    stats_constants_init(&c->constants, latent->design);
    c->scales = stats_scale_count(latent->design);
    c->size = c->scales + latent->size;
    while (c->steps > STEPS_LEAST && c->steps * latent->design->cell_count > CELLS_MOST)
        c->steps /= 2;
    for (size_t k = 0; k < CHAINS; k++)
        if (!(c->rngs[k] = stats_stream(seed, STREAM_FROM + k)))
            return abp_fail_memory(err);
    return allocate(c, err);
}

/* Fits the t to the draws and starts every chain at a wide one, far from the others' starts. */
static int begin(struct chains *c, struct stats_draws *draws, struct abp_error *err)
{
    size_t taken = 0;
    if (take_draws(c, draws, CHAINS * c->steps, &taken, err) != 0)
        return -1;
    for (size_t k = 0; k < CHAINS; k++) {
        size_t i = (k * taken / CHAINS / STATS_WIDE_EVERY + 1) * STATS_WIDE_EVERY - 1;
        memcpy(c->starts + k * c->size, c->places + (i < taken ? i : 0) * c->size,
               c->size * sizeof *c->starts);
    }
    return fit_t(c, taken, err);
}

/* Warms up and runs, longer and longer until the chains agree or it is no use. */
static int sample(struct chains *c, double *rhat, double *ess, struct abp_error *err)
{
    for (size_t round = 0; round < ROUNDS; round++) {
        run(c, c->steps / 2, 1);
        if (fit_t(c, CHAINS * (c->steps / 2), err) != 0)
            return -1;
    }
    for (size_t thin = 1;; thin *= 2) {
        run(c, c->steps, thin);
        if (judge(c, c->steps, rhat, ess, err) != 0)
            return -1;
        /* what the longest run would come to; as a rule it is less */
        double hope = BETTER_MOST * *ess * THIN_MOST / (double)thin;
        if ((*rhat <= ABP_RHAT_LIMIT && *ess >= ESS_AIM) || isinf(*rhat) || thin >= THIN_MOST ||
            hope < ABP_ESS_CHAINS)
            return 0;
        if (fit_t(c, CHAINS * c->steps, err) != 0)
            return -1;
    }
}

int stats_chains_run(struct stats_draws *draws, struct stats_latent *latent,
                     const struct abp_priors *priors, struct abp_error *err)
{
    struct chains c;
    double rhat, ess;
    int rc = -1;
    if (prepare(&c, latent, priors, draws->seed, err) == 0 && begin(&c, draws, err) == 0 &&
        sample(&c, &rhat, &ess, err) == 0 && give_draws(&c, draws, c.steps, err) == 0) {
        draws->rhat = rhat;
        draws->ess = ess;
        rc = 0;
    }
    release(&c);
    return rc;
}
