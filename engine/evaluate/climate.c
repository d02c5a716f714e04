#include "abpost/climate.h"

#include "evaluate/table.h"

#include "abpost/posterior.h"
#include "abpost/summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

static int is_rate(enum abp_family family)
{
    return family == ABP_BETABINOMIAL || family == ABP_BINOMIAL;
}

/* The family with a dispersion that stands for this one: real posts differ, whatever is said of
 * them. */
static enum abp_family spread_family(enum abp_family family)
{
    if (family == ABP_POISSON)
        return ABP_NEGBINOMIAL;
    return family == ABP_BINOMIAL ? ABP_BETABINOMIAL : family;
}

static int has_exposure(const struct abp_experiment *e)
{
    return e->schedule.present ? e->exposure.count > 0 : e->import.exposure.count > 0;
}

void abp_climate_default(struct abp_climate *climate, const struct abp_experiment *experiment)
{
    enum abp_family family = experiment->decision.family;
    int exposed = has_exposure(experiment);
    if (family == ABP_FAMILY_DEFAULT)
        family = exposed ? ABP_BETABINOMIAL : ABP_NEGBINOMIAL;
    family = spread_family(family);
    double lift = experiment->decision.lift_sd;
    *climate = (struct abp_climate){
        .family = family,
        .mu = is_rate(family) ? log(0.02 / 0.98) : log(exposed ? 0.02 : 20.0),
        .kappa = is_rate(family) ? 0.11 : 0.8, /* a rate of 2 %: the same spread of its log */
        .kappa_log_sd = 0.3,
        .exposure = exposed || is_rate(family) ? 1000.0 : 1.0,
        .exposure_log_sd = exposed || is_rate(family) ? 0.5 : 0.0,
        .channel_sd = 0.5,
        .interaction_sd = 0.1,
        .slot_sd = 0.2,
        .lift_sd = isnan(lift) ? abp_default_priors(family).lift : lift,
        .trend_sd = 0.5,
        .level_sd = 0.4,
        .decay = 0.8};
}

/* ---- learning ---- */

static double median_of(const struct abp_posterior *p, const double *values, double otherwise,
                        double *log_sd)
{
    struct abp_weighted *draws = values ? malloc(p->draws * sizeof *draws) : NULL;
    struct abp_summary s;
    if (!draws)
        return otherwise;
    for (size_t i = 0; i < p->draws; i++)
        draws[i] = (struct abp_weighted){values[i], p->weight[i]};
    abp_summarise(&s, draws, p->draws);
    free(draws);
    if (log_sd && s.q025 > 0.0)
        *log_sd = log(s.q975 / s.q025) / 3.92;
    return s.q50;
}

static void learn_exposures(struct abp_climate *climate, const struct table *t)
{
    double sum = 0.0, squares = 0.0, n = (double)t->posts;
    for (size_t i = 0; i < t->posts; i++) {
        sum += log(t->n[i]);
        squares += log(t->n[i]) * log(t->n[i]);
    }
    climate->exposure = exp(sum / n);
    climate->exposure_log_sd = sqrt(fmax(0.0, squares / n - sum / n * (sum / n)));
}

static void learn_from(struct abp_climate *climate, const struct abp_posterior *p,
                       const struct table *t)
{
    climate->mu = median_of(p, p->mu, climate->mu, NULL);
    climate->kappa = median_of(p, p->kappa, climate->kappa, &climate->kappa_log_sd);
    climate->channel_sd = median_of(p, p->tau_u, climate->channel_sd, NULL);
    climate->interaction_sd = median_of(p, p->tau_b, climate->interaction_sd, NULL);
    climate->slot_sd = median_of(p, p->tau_w, climate->slot_sd, NULL);
    learn_exposures(climate, t);
    climate->posts = t->posts;
}

int abp_climate_learn(struct abp_climate *climate, const struct abp_experiment *experiment,
                      const struct abp_posts *posts, struct abp_error *err)
{
    struct abp_priors priors = abp_default_priors(climate->family);
    struct abp_posterior_options ask = {.seed = 1};
    struct abp_posterior posterior;
    struct abp_experiment any = *experiment; /* its styles do not matter here */
    struct table table;
    struct abp_error own;
    any.variant_count = any.factor_count = 0;
    any.baseline = NULL;
    if (posts->count < ABP_CLIMATE_LEAST || table_init(&table, &any, posts, &own) != 0)
        return 0;
    struct abp_data data = table_data(&table);
    int rc = 0;
    if (table.posts >= ABP_CLIMATE_LEAST) {
        rc = abp_posterior_fit(&posterior, &data, climate->family, &priors, &ask, &own);
        if (rc == 0) {
            learn_from(climate, &posterior, &table);
            abp_posterior_release(&posterior);
        } else if (own.code == ABP_DATA) {
            rc = 0;
        } else {
            *err = own;
        }
    }
    table_release(&table);
    return rc;
}

/* ---- drawing ---- */

static double uniform(uint64_t *state)
{
    *state = abp_world_seed(*state, 0);
    return ((double)(*state >> 11) + 0.5) * 0x1p-53;
}

/* Box and Muller. */
static double normal(uint64_t *state)
{
    double radius = sqrt(-2.0 * log(uniform(state)));
    return radius * cos(2.0 * PI * uniform(state));
}

static void draw_all(double *values, size_t count, double sd, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        values[i] = sd * normal(state);
}

static void draw_effects(struct abp_climate_world *out, const struct abp_climate *climate,
                         size_t variants, double effect, uint64_t number, uint64_t *state)
{
    double tau = fabs(climate->lift_sd * normal(state));
    if (isnan(effect)) {
        draw_all(out->theta, variants, tau, state);
        for (size_t v = variants; v-- > 0;)
            out->theta[v] -= out->theta[0];
    } else if (effect > 1.0 || effect < 1.0) {
        out->better = 1 + (size_t)(number % (variants - 1));
        out->theta[out->better] = abp_world_theta(climate->family, out->world.mu, effect);
    }
}

int abp_climate_draw(struct abp_climate_world *out, const struct abp_climate *climate,
                     size_t variants, size_t channels, size_t slots, double effect, uint64_t seed,
                     uint64_t number, struct abp_error *err)
{
    uint64_t state = abp_world_seed(seed, number);
    *out = (struct abp_climate_world){.theta = calloc(variants, sizeof(double)),
                                      .channel = calloc(channels, sizeof(double)),
                                      .slot = calloc(slots, sizeof(double)),
                                      .interaction = calloc(variants * channels, sizeof(double))};
    if (!out->theta || !out->channel || !out->slot || !out->interaction) {
        abp_climate_world_release(out);
        return abp_fail_memory(err);
    }
    int restless = number / ABP_TAIL_COUNT % 2 == 1;
    out->world =
        (struct abp_world){.family = climate->family,
                           .tail = (enum abp_tail)(number % ABP_TAIL_COUNT),
                           .mu = climate->mu,
                           .kappa = climate->kappa * exp(climate->kappa_log_sd * normal(&state)),
                           .variants = variants,
                           .channels = channels,
                           .slots = slots,
                           .theta = out->theta,
                           .channel = channels > 1 ? out->channel : NULL,
                           .slot = slots > 1 ? out->slot : NULL,
                           .interaction = channels > 1 ? out->interaction : NULL,
                           .trend = restless ? climate->trend_sd * normal(&state) : 0.0,
                           .level_sd = restless ? climate->level_sd : 0.0,
                           .decay = climate->decay};
    draw_all(out->channel, channels, climate->channel_sd, &state);
    draw_all(out->slot, slots, climate->slot_sd, &state);
    draw_effects(out, climate, variants, effect, number, &state);
    /* Styles that are alike are alike on every channel. */
    for (size_t v = 0; v < variants; v++)
        if (isnan(effect) || (v && v == out->better))
            draw_all(out->interaction + v * channels, channels, climate->interaction_sd, &state);
    return 0;
}

/* The level of all but the factors' first ones whose turn it is, and its theta. */
static void give_effect(struct abp_climate_world *w, const struct abp_climate *climate,
                        const struct abp_factor *factors, size_t count, double effect,
                        uint64_t number)
{
    size_t free_levels = 0, at = 0, turn;
    for (size_t f = 0; f < count; f++)
        free_levels += factors[f].level_count - 1;
    turn = free_levels ? (size_t)(number % free_levels) : 0;
    for (size_t f = 0; f < count; f++)
        for (size_t l = 0; l < factors[f].level_count; l++, at++)
            if (l != factors[f].of_variant[0] && turn-- == 0) {
                w->level = at;
                w->level_theta[at] = abp_world_theta(climate->family, w->world.mu, effect);
            }
}

int abp_climate_draw_levels(struct abp_climate_world *w, const struct abp_climate *climate,
                            const struct abp_factor *factors, size_t count, double effect,
                            uint64_t seed, uint64_t number, struct abp_error *err)
{
    uint64_t state = abp_world_seed(abp_world_seed(seed, number), 1);
    size_t levels = 0, at = 0;
    for (size_t f = 0; f < count; f++)
        levels += factors[f].level_count;
    if (!(w->level_theta = calloc(levels + 1, sizeof *w->level_theta)))
        return abp_fail_memory(err);
    for (size_t v = 0; v < w->world.variants; v++)
        w->theta[v] *= isnan(effect) ? 0.25 : 0.0;
    w->better = 0;
    if (!isnan(effect) && (effect > 1.0 || effect < 1.0))
        give_effect(w, climate, factors, count, effect, number);
    for (size_t f = 0; f < count; at += factors[f++].level_count) {
        double *theta = w->level_theta + at, zero;
        if (isnan(effect))
            draw_all(theta, factors[f].level_count, fabs(climate->lift_sd * normal(&state)),
                     &state);
        zero = theta[factors[f].of_variant[0]];
        for (size_t l = 0; l < factors[f].level_count; l++)
            theta[l] -= zero;
        for (size_t v = 0; v < w->world.variants; v++)
            w->theta[v] += theta[factors[f].of_variant[v]];
    }
    return 0;
}

void abp_climate_world_release(struct abp_climate_world *world)
{
    free(world->theta);
    free(world->channel);
    free(world->slot);
    free(world->interaction);
    free(world->level_theta);
    memset(world, 0, sizeof *world);
}

double abp_climate_exposure(const struct abp_climate *climate, uint64_t seed)
{
    double exposure = climate->exposure * exp(climate->exposure_log_sd * normal(&seed));
    return is_rate(climate->family) ? fmax(1.0, floor(exposure + 0.5)) : exposure;
}
