#include "abpost/forecast.h"

#include "future.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PARTICLES    1000         /* draws of the posterior that are reweighted */
#define WORK_LIMIT   (400 * 1000) /* posts times worlds */
#define LEAST_WORLDS 50
#define NEVER        SIZE_MAX

struct forecast {
    const struct abp_forecast_input *in; /* borrowed */
    size_t variants, channels, slots, worlds;
    struct stats_future future;
    struct abp_world world;
    double *theta, *channel, *interaction, *slot; /* owned; of the world at hand */
    size_t *particle;                             /* owned; PARTICLES: draws, equally weighted */
    double *lift;                                 /* owned; variants x PARTICLES: their log lifts */
    double *certainty;             /* owned; variants: inverse variance of their log lifts now */
    double *estimate, *precision;  /* owned; blocks: of the world and variant at hand */
    size_t *decided;               /* owned; variants x blocks: worlds decided after that block */
    size_t *posts;                 /* owned; variants: mature ones */
    struct abp_guard_output *last; /* owned; variants: the guard after all blocks to come */
    double mu;                     /* posterior mean */
};

/* ---- the posterior as it is now ---- */

/* Draws with the posterior's weights, by systematic resampling; negative ones, which all but cancel
 * with their neighbours', count as 0: that moves a location by less than a hundredth sd. */
static void resample(size_t *particle, const struct abp_posterior *p)
{
    double total = 0.0, sum = 0.0;
    size_t at = 0;
    for (size_t j = 0; j < p->draws; j++)
        total += fmax(p->weight[j], 0.0);
    for (size_t i = 0; i < PARTICLES; i++) {
        double goal = total * ((double)i + 0.5) / PARTICLES;
        while (at + 1 < p->draws && sum + fmax(p->weight[at], 0.0) < goal)
            sum += fmax(p->weight[at++], 0.0);
        particle[i] = at;
    }
}

static double log_rate(enum abp_family family, double mu, double theta)
{
    return family == ABP_BETABINOMIAL ? -log1p(exp(-mu - theta)) : theta;
}

static void read_particles(struct forecast *f)
{
    const struct abp_posterior *p = f->in->posterior;
    size_t K = f->variants, base = f->in->guard->baseline;
    resample(f->particle, p);
    f->mu = 0.0;
    for (size_t i = 0; i < PARTICLES; i++)
        f->mu += p->mu[f->particle[i]] / PARTICLES;
    for (size_t i = 0; i < PARTICLES; i++) {
        const double *theta = p->theta + f->particle[i] * K;
        for (size_t v = 0; v < K; v++)
            f->lift[v * PARTICLES + i] =
                log_rate(p->family, f->mu, theta[v]) - log_rate(p->family, f->mu, theta[base]);
    }
}

static void read_certainty(struct forecast *f)
{
    for (size_t v = 0; v < f->variants; v++) {
        const double *lift = f->lift + v * PARTICLES;
        double sum = 0.0, squares = 0.0;
        for (size_t i = 0; i < PARTICLES; i++) {
            sum += lift[i] / PARTICLES;
            squares += lift[i] * lift[i] / PARTICLES;
        }
        f->certainty[v] = 1.0 / fmax(squares - sum * sum, 1e-12);
    }
}

/* How far each channel lies from the posterior's mean: its observed rate to what the styles make
 * one expect. Only the counts' own noise hangs on it, as blocks are compared within a channel. */
static void read_channels(struct forecast *f)
{
    const struct abp_guard_input *g = f->in->guard;
    enum abp_family family = f->in->posterior->family;
    for (size_t c = 0; c < f->channels && f->channels > 1; c++) {
        double total = 0.5, expected = 0.5;
        for (size_t i = 0; i < g->posts; i++) {
            if (f->in->channel[i] != c || isnan(g->outcome[i]))
                continue;
            total += g->outcome[i];
            expected += g->exposure[i] *
                        (family == ABP_BETABINOMIAL ? 1.0 / (1.0 + exp(-f->mu)) : exp(f->mu));
        }
        f->channel[c] = log(total / expected);
    }
}

static int make_room(struct forecast *f, struct abp_error *err)
{
    size_t K = f->variants, blocks = f->in->blocks;
    f->theta = calloc(K, sizeof *f->theta);
    f->channel = calloc(f->channels, sizeof *f->channel);
    f->interaction = calloc(K * f->channels, sizeof *f->interaction);
    f->slot = calloc(f->slots, sizeof *f->slot);
    f->particle = calloc(PARTICLES, sizeof *f->particle);
    f->lift = calloc(K * PARTICLES, sizeof *f->lift);
    f->certainty = calloc(K, sizeof *f->certainty);
    f->estimate = calloc(blocks, sizeof *f->estimate);
    f->precision = calloc(blocks, sizeof *f->precision);
    f->decided = calloc(K * blocks, sizeof *f->decided);
    f->posts = calloc(K, sizeof *f->posts);
    f->last = calloc(K, sizeof *f->last);
    if (!f->theta || !f->channel || !f->interaction || !f->slot || !f->particle || !f->lift ||
        !f->certainty || !f->estimate || !f->precision || !f->decided || !f->posts || !f->last)
        return abp_fail_memory(err);
    return stats_future_open(&f->future, f->in->guard, f->channels, blocks, err);
}

static int open_forecast(struct forecast *f, struct abp_error *err)
{
    const struct abp_forecast_input *in = f->in;
    size_t all = in->guard->posts + in->blocks * f->variants;
    if (make_room(f, err) != 0)
        return -1;
    f->worlds = in->worlds ? in->worlds : ABP_FORECAST_WORLDS;
    if (!in->worlds && f->worlds * all > WORK_LIMIT)
        f->worlds = WORK_LIMIT / all > LEAST_WORLDS ? WORK_LIMIT / all : LEAST_WORLDS;
    for (size_t i = 0; i < in->guard->posts; i++)
        f->posts[in->guard->variant[i]] += isnan(in->guard->outcome[i]) ? 0 : 1;
    read_particles(f);
    read_certainty(f);
    read_channels(f);
    return 0;
}

static void close_forecast(struct forecast *f)
{
    free(f->theta);
    free(f->channel);
    free(f->interaction);
    free(f->slot);
    free(f->particle);
    free(f->lift);
    free(f->certainty);
    free(f->estimate);
    free(f->precision);
    free(f->decided);
    free(f->posts);
    free(f->last);
    stats_future_release(&f->future);
}

/* ---- one world ---- */

static double scale(const double *draws, size_t draw)
{
    return draws ? draws[draw] : 0.0;
}

/* The world of one particle: its styles and scales; what differs by channel and slot drawn from
 * them. */
static int draw_world(struct forecast *f, size_t number, struct abp_error *err)
{
    const struct abp_posterior *p = f->in->posterior;
    uint64_t seed = abp_world_seed(f->in->seed, number);
    size_t draw = f->particle[seed % PARTICLES];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    if (!rng)
        return abp_fail_memory(err);
    gsl_rng_set(rng, (unsigned long)(seed >> 33) | 1u);
    double tau_b = scale(p->tau_b, draw), tau_w = scale(p->tau_w, draw);
    memcpy(f->theta, p->theta + draw * f->variants, f->variants * sizeof *f->theta);
    for (size_t i = 0; i < f->variants * f->channels; i++)
        f->interaction[i] = gsl_ran_gaussian(rng, tau_b);
    for (size_t s = 0; s < f->slots; s++)
        f->slot[s] = gsl_ran_gaussian(rng, tau_w);
    gsl_rng_free(rng);
    f->world = (struct abp_world){.family = p->family,
                                  .mu = f->mu,
                                  .kappa = p->kappa[draw],
                                  .variants = f->variants,
                                  .channels = f->channels,
                                  .slots = f->slots,
                                  .theta = f->theta,
                                  .channel = f->channels > 1 ? f->channel : NULL,
                                  .interaction = f->channels > 1 ? f->interaction : NULL,
                                  .slot = p->tau_w ? f->slot : NULL};
    if (f->channels > 1) /* both sides of a comparison have one in each channel */
        tau_b *= sqrt(2.0 / (double)f->channels);
    size_t base = f->in->guard->baseline;
    for (size_t v = 0; v < f->variants; v++)
        f->future.truth[v] =
            log_rate(p->family, f->mu, f->theta[v]) - log_rate(p->family, f->mu, f->theta[base]);
    f->future.interaction_variance = f->channels > 1 ? tau_b * tau_b : 0.0;
    return stats_future_draw(&f->future, &f->world, abp_world_seed(seed, 1), err);
}

struct beliefs {
    double above, below, same;
};

/* Today's draws, reweighted by what the posts of the first blocks to come say. */
static struct beliefs beliefs(const struct forecast *f, size_t v, size_t block)
{
    const struct abp_forecast_input *in = f->in;
    const double *lift = f->lift + v * PARTICLES;
    double variance = 1.0 / f->precision[block] + f->future.interaction_variance;
    double seen = f->future.truth[v] + f->estimate[block], most = INFINITY;
    double total = 0.0, up = log1p(in->min_lift), down = log1p(-fmin(in->min_lift, 0.999));
    double low = log1p(-fmin(in->rope, 0.999)), high = log1p(in->rope);
    struct beliefs b = {0};
    for (size_t i = 0; i < PARTICLES; i++)
        most = fmin(most, (lift[i] - seen) * (lift[i] - seen));
    for (size_t i = 0; i < PARTICLES; i++) {
        double square = (lift[i] - seen) * (lift[i] - seen);
        double weight = exp(-0.5 * (square - most) / variance);
        total += weight;
        b.above += lift[i] > up ? weight : 0.0;
        b.below += lift[i] < down ? weight : 0.0;
        b.same += lift[i] > low && lift[i] < high ? weight : 0.0;
    }
    return (struct beliefs){b.above / total, b.below / total, b.same / total};
}

/* 1: reached, and *direction says for which side. */
static int reached(const struct forecast *f, const struct abp_guard_output *out, int *direction)
{
    *direction = f->in->timed ? out->max_direction : out->direction;
    return (f->in->timed ? out->max_e_value : out->e_value) >= f->in->guard->threshold;
}

/* The first block to come after which the guard has reached its threshold; NEVER. What it reached
 * stays reached, so halving finds it. */
static int first_reached(size_t *block, int *direction, struct forecast *f, size_t v,
                         struct abp_error *err)
{
    size_t low = 0, high = f->in->blocks;
    *block = NEVER;
    if (!reached(f, &f->last[v], direction))
        return 0;
    while (high - low > 1) { /* not reached, as far as is known, after low; reached after high */
        size_t middle = low + (high - low) / 2;
        int side;
        if (stats_future_guard(&f->future, middle, err) != 0)
            return -1;
        if (reached(f, &f->future.out[v], &side)) {
            high = middle;
            *direction = side;
        } else {
            low = middle;
        }
    }
    *block = high - 1;
    return 0;
}

static int enough_posts(const struct forecast *f, size_t v, size_t block)
{
    size_t least = f->posts[v] < f->posts[f->in->guard->baseline]
                       ? f->posts[v]
                       : f->posts[f->in->guard->baseline];
    return least + block + 1 >= f->in->min_posts;
}

static int agrees(const struct forecast *f, size_t v, const struct beliefs *b, int direction)
{
    int too_dear = f->in->too_dear && f->in->too_dear[v];
    return direction > 0 ? !too_dear && b->above >= f->in->confidence
                         : direction < 0 && b->below >= f->in->confidence;
}

/* The first look at which v is decided, where blocks followed one another in time. */
static int decided_in_time(size_t *at, struct forecast *f, size_t v, struct abp_error *err)
{
    size_t block;
    int direction;
    *at = NEVER;
    if (first_reached(&block, &direction, f, v, err) != 0)
        return -1;
    for (size_t t = 0; t < f->in->blocks && *at == NEVER; t++) {
        int narrow = f->in->rope * f->in->rope * (f->precision[t] + f->certainty[v]) > 1.0;
        if (!enough_posts(f, v, t) || (t < block && !narrow))
            continue; /* with an sd above the rope, `same` is out of reach */
        struct beliefs b = beliefs(f, v, t);
        if ((t >= block && agrees(f, v, &b, direction)) || b.same >= f->in->confidence)
            *at = t;
    }
    return 0;
}

/* The same at a few looks, each with the e-value that it finds: asked for only where the rest is
 * there. */
static int decided_at_looks(size_t *at, struct forecast *f, size_t v, struct abp_error *err)
{
    size_t looks = f->in->blocks < ABP_FORECAST_LOOKS ? f->in->blocks : ABP_FORECAST_LOOKS;
    *at = NEVER;
    for (size_t k = 1; k <= looks && *at == NEVER; k++) {
        size_t blocks = f->in->blocks * k / looks;
        struct beliefs b = beliefs(f, v, blocks - 1);
        int direction, sure = b.above >= f->in->confidence || b.below >= f->in->confidence;
        if (!enough_posts(f, v, blocks - 1))
            continue;
        if (sure && stats_future_guard(&f->future, blocks, err) != 0)
            return -1;
        if (b.same >= f->in->confidence ||
            (sure && reached(f, &f->future.out[v], &direction) && agrees(f, v, &b, direction)))
            *at = blocks - 1;
    }
    return 0;
}

static int is_wanted(const struct forecast *f, size_t v)
{
    return v != f->in->guard->baseline && (!f->in->wanted || f->in->wanted[v]);
}

static int run_worlds(struct forecast *f, struct abp_error *err)
{
    for (size_t world = 0; world < f->worlds; world++) {
        if (draw_world(f, world, err) != 0 ||
            (f->in->timed && stats_future_guard(&f->future, f->in->blocks, err) != 0))
            return -1;
        memcpy(f->last, f->future.out, f->variants * sizeof *f->last);
        for (size_t v = 0; v < f->variants; v++) {
            size_t at;
            if (!is_wanted(f, v))
                continue;
            stats_future_sums(f->estimate, f->precision, &f->future, &f->world, v);
            if ((f->in->timed ? decided_in_time(&at, f, v, err)
                              : decided_at_looks(&at, f, v, err)) != 0)
                return -1;
            if (at != NEVER)
                f->decided[v * f->in->blocks + at]++;
        }
    }
    return 0;
}

static void summarise(struct abp_forecast *out, double *chances, const struct forecast *f, size_t v)
{
    size_t sum = 0;
    *out = (struct abp_forecast){NAN, NAN};
    for (size_t t = 0; t < f->in->blocks; t++) {
        sum += f->decided[v * f->in->blocks + t];
        if (isnan(out->posts) && 2 * sum >= f->worlds)
            out->posts = (double)((t + 1) * f->variants);
        if (chances)
            chances[v * f->in->blocks + t] = (double)sum / (double)f->worlds;
    }
    if (is_wanted(f, v))
        out->p_decided = (double)sum / (double)f->worlds;
}

int abp_forecast(struct abp_forecast *out, double *chances, const struct abp_forecast_input *in,
                 struct abp_error *err)
{
    struct forecast f = {.in = in,
                         .variants = in->guard->variants,
                         .channels = in->channels ? in->channels : 1,
                         .slots = in->guard->slot ? in->guard->slots : 1};
    int rc = open_forecast(&f, err);
    if (rc == 0)
        rc = run_worlds(&f, err);
    for (size_t v = 0; rc == 0 && v < f.variants; v++)
        summarise(&out[v], chances, &f, v);
    close_forecast(&f);
    return rc;
}
