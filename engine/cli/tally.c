#include "tally.h"

#include <math.h>
#include <stdlib.h>

#define WEEK INT64_C(604800)
#define Z95  1.959963984540054

int abp_tally_init(struct abp_tally *tally, double effect, struct abp_error *err)
{
    *tally = (struct abp_tally){.effect = effect,
                                .found_in = calloc(ABP_TALLY_WEEKS, sizeof(size_t)),
                                .finished_in = calloc(ABP_TALLY_WEEKS, sizeof(size_t))};
    return tally->found_in && tally->finished_in ? 0 : abp_fail_memory(err);
}

void abp_tally_release(struct abp_tally *tally)
{
    free(tally->found_in);
    free(tally->finished_in);
    tally->found_in = tally->finished_in = NULL;
}

static size_t week_of(const struct abp_sim_design *design, int64_t at)
{
    int64_t week = (at - design->slots[0].at) / WEEK;
    if (week < 0)
        return 0;
    return week < ABP_TALLY_WEEKS ? (size_t)week : ABP_TALLY_WEEKS - 1;
}

/* Where the verdict is the one that the effect deserves: counts it in its week. */
static void count_found(struct abp_tally *tally, const struct abp_sim_design *design,
                        const struct abp_sim_verdict *verdict, double theta)
{
    if (verdict->verdict != (theta > 0.0 ? ABP_REPEAT : ABP_DROP))
        return;
    tally->found++;
    tally->found_in[week_of(design, verdict->at)]++;
}

static int is_wrong(enum abp_verdict verdict, double theta)
{
    return (verdict == ABP_REPEAT && theta <= 0.0) || (verdict == ABP_DROP && theta >= 0.0);
}

/* The style that `after = repeat-winner` would go on with: the first that earned a repeat. */
static size_t chosen_style(const struct abp_sim_outcome *out, size_t variants)
{
    size_t chosen = 0;
    for (size_t v = 1; v < variants; v++)
        if (out->variants[v].verdict == ABP_REPEAT &&
            (!chosen || out->variants[v].at < out->variants[chosen].at))
            chosen = v;
    return chosen;
}

static void add_choice(struct abp_tally *tally, const struct abp_sim_outcome *out,
                       const struct abp_world *world)
{
    size_t chosen = chosen_style(out, world->variants);
    int best = 1;
    if (!chosen)
        return;
    for (size_t v = 0; v < world->variants; v++)
        best = best && world->theta[chosen] >= world->theta[v];
    tally->chosen++;
    tally->chosen_better += world->theta[chosen] > world->theta[0];
    tally->chosen_best += best ? 1 : 0;
}

/* 1: a level has a verdict that it does not deserve. */
static int add_levels(struct abp_tally *tally, const struct abp_sim_outcome *out,
                      const struct abp_sim_design *design, const struct abp_climate_world *drawn)
{
    size_t levels = 0;
    int wrong = 0;
    for (size_t f = 0; f < design->factor_count; f++)
        levels += design->factors[f].level_count;
    for (size_t l = 0; l < levels; l++) {
        double theta = drawn->level_theta[l];
        wrong = wrong || is_wrong(out->levels[l].verdict, theta);
        if (l == drawn->level && (theta > 0.0 || theta < 0.0))
            count_found(tally, design, &out->levels[l], theta);
    }
    return wrong;
}

void abp_tally_add(struct abp_tally *tally, const struct abp_sim_outcome *out,
                   const struct abp_sim_design *design, const struct abp_climate_world *drawn)
{
    const struct abp_world *world = &drawn->world;
    int wrong = 0;
    for (size_t v = 1; v < design->variants; v++) {
        const struct abp_sim_verdict *verdict = &out->variants[v];
        wrong = wrong || is_wrong(verdict->verdict, world->theta[v]);
        if (v == drawn->better)
            count_found(tally, design, verdict, world->theta[v]);
    }
    wrong = add_levels(tally, out, design, drawn) || wrong;
    tally->worlds++;
    tally->wrong += wrong ? 1 : 0;
    tally->worlds_of_tail[world->tail]++;
    tally->wrong_of_tail[world->tail] += wrong ? 1 : 0;
    tally->regret += out->regret;
    tally->fits += out->fits;
    if (out->finished_at) {
        tally->finished++;
        tally->finished_in[week_of(design, out->finished_at)]++;
    }
    add_choice(tally, out, world);
}

size_t abp_tally_week(const struct abp_tally *tally, double share)
{
    size_t sum = 0;
    for (size_t w = 0; w < ABP_TALLY_WEEKS && tally->finished; w++) {
        sum += tally->finished_in[w];
        if ((double)sum >= share * (double)tally->finished)
            return w + 1;
    }
    return 0;
}

struct abp_share abp_share_of(size_t k, size_t n)
{
    if (n == 0)
        return (struct abp_share){NAN, NAN, NAN};
    double p = (double)k / (double)n, m = (double)n, square = Z95 * Z95;
    double centre = (p + square / (2.0 * m)) / (1.0 + square / m);
    double half = Z95 / (1.0 + square / m) * sqrt(p * (1.0 - p) / m + square / (4.0 * m * m));
    return (struct abp_share){p, fmax(0.0, centre - half), fmin(1.0, centre + half)};
}
