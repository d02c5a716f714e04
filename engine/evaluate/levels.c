/* The levels of factors: what they are worth, and their verdicts. */
#include "evaluate/evaluation.h"

#include "abpost/evaluate.h"
#include "abpost/factors.h"
#include "abpost/summary.h"
#include "abpost/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- names and counts ---- */

static size_t level_of(const struct table *t, size_t f, size_t v)
{
    return t->level[f * t->variant_count + v];
}

static int describe_level(struct evaluation *e, struct abp_level_result *result, size_t f, size_t l,
                          struct abp_error *err)
{
    const struct table *t = &e->table;
    const struct abp_summary absent = abp_summary_absent();
    *result = (struct abp_level_result){.log_lift = absent,
                                        .lift = absent,
                                        .p_better = NAN,
                                        .p_best = NAN,
                                        .expected_loss = NAN,
                                        .guard = {NAN, NAN, NAN, 0}};
    for (size_t v = 0; v < t->variant_count; v++) {
        if (level_of(t, f, v) != l)
            continue;
        result->variants++;
        result->posts += t->variants[v].posts;
        result->missing += t->variants[v].missing;
    }
    result->name = abp_strdup(e->experiment->factors[f].levels[l]);
    return result->name ? 0 : abp_fail_memory(err);
}

/* The reference comes first, the others as they stand in the file. */
static int describe_factor(struct evaluation *e, size_t f, struct abp_error *err)
{
    const struct abp_factor *factor = &e->experiment->factors[f];
    struct abp_factor_result *result = &e->result->factors[f];
    size_t zero = e->table.zero[f];
    result->tau = abp_summary_absent();
    result->name = abp_strdup(factor->name);
    result->levels = calloc(factor->level_count, sizeof *result->levels);
    if (!result->name || !result->levels)
        return abp_fail_memory(err);
    result->level_count = factor->level_count;
    for (size_t l = 0; l < factor->level_count; l++) {
        size_t place = l == zero ? 0 : l < zero ? l + 1 : l;
        struct abp_level_result *level = &result->levels[place];
        e->levels[e->level_count++] = (struct level){.factor = f,
                                                     .number = l,
                                                     .result = level,
                                                     .factor_name = factor->name,
                                                     .zero_name = factor->levels[zero],
                                                     .is_zero = l == zero};
        if (describe_level(e, level, f, l, err) != 0)
            return -1;
    }
    return 0;
}

int evaluation_describe_levels(struct evaluation *e, struct abp_error *err)
{
    size_t levels = 0;
    for (size_t f = 0; f < e->table.factors; f++)
        levels += e->table.levels[f];
    if (levels == 0)
        return 0;
    e->levels = calloc(levels, sizeof *e->levels);
    e->result->factors = calloc(e->table.factors, sizeof *e->result->factors);
    if (!e->levels || !e->result->factors)
        return abp_fail_memory(err);
    e->result->factor_count = e->table.factors;
    for (size_t f = 0; f < e->table.factors; f++)
        if (describe_factor(e, f, err) != 0)
            return -1;
    return 0;
}

/* ---- what the posterior says ---- */

static struct abp_factors_options options_of(const struct evaluation *e)
{
    const struct abp_decision *d = &e->experiment->decision;
    return (struct abp_factors_options){
        .levels = e->table.levels, .zero = e->table.zero, .min_lift = d->min_lift, .rope = d->rope};
}

static void copy_level(struct level *level, const struct abp_effect *effect,
                       const struct abp_level_choice *choice)
{
    level->result->p_best = choice->p_best;
    level->result->expected_loss = choice->expected_loss;
    if (level->is_zero)
        return;
    level->result->log_lift = effect->log_lift;
    level->result->lift = effect->lift;
    level->result->p_better = effect->p_better;
    level->evidence.p_above = effect->p_above;
    level->evidence.p_below = effect->p_below;
    level->evidence.p_same = effect->p_same;
}

/* How much the levels of each factor differ. */
static int copy_spreads(struct evaluation *e, struct abp_error *err)
{
    const struct abp_posterior *p = &e->posterior;
    struct abp_weighted *draws = malloc((p->draws + 1) * sizeof *draws);
    if (!draws)
        return abp_fail_memory(err);
    for (size_t f = 0; f < p->factors; f++) {
        for (size_t i = 0; i < p->draws; i++)
            draws[i] = (struct abp_weighted){p->tau_f[i * p->factors + f], p->weight[i]};
        abp_summarise(&e->result->factors[f].tau, draws, p->draws);
    }
    free(draws);
    return 0;
}

int evaluation_fit_levels(struct evaluation *e, struct abp_error *err)
{
    if (e->level_count == 0 || e->posterior.draws == 0)
        return 0;
    struct abp_factors_options options = options_of(e);
    struct abp_effect *effects = calloc(e->level_count, sizeof *effects);
    struct abp_level_choice *choices = calloc(e->level_count, sizeof *choices);
    int rc = effects && choices ? 0 : abp_fail_memory(err);
    if (rc == 0)
        rc = abp_factor_effects(effects, &e->posterior, &options, err);
    if (rc == 0)
        rc = abp_factor_choices(choices, &e->posterior, &options, err);
    for (size_t l = 0; rc == 0 && l < e->level_count; l++)
        copy_level(&e->levels[l], &effects[l], &choices[l]);
    free(choices);
    free(effects);
    return rc == 0 ? copy_spreads(e, err) : -1;
}

/* ---- the guard ---- */

/* 1: v and w differ in factor f alone, w with the level of variant `base`. */
static int is_pair(const struct abp_experiment *x, size_t f, size_t v, size_t w, size_t base)
{
    for (size_t g = 0; g < x->factor_count; g++)
        if (g != f && x->factors[g].of_variant[v] != x->factors[g].of_variant[w])
            return 0;
    return x->factors[f].of_variant[w] == x->factors[f].of_variant[base];
}

static size_t count_pairs(const struct abp_experiment *x, size_t f, size_t level, size_t base)
{
    size_t count = 0;
    for (size_t v = 0; v < x->variant_count; v++)
        for (size_t w = 0; w < x->variant_count; w++)
            count += x->factors[f].of_variant[v] == level && is_pair(x, f, v, w, base) ? 1 : 0;
    return count;
}

size_t abp_level_pairs(double *alpha, const struct abp_experiment *x)
{
    size_t least = x->variant_count, tests = 0, base = 0;
    if (x->factor_count < 2)
        return 0;
    for (size_t v = 0; v < x->variant_count && x->baseline; v++)
        base = strcmp(x->variants[v].name, x->baseline) == 0 ? v : base;
    for (size_t f = 0; f < x->factor_count; f++)
        for (size_t l = 0; l < x->factors[f].level_count; l++) {
            if (l == x->factors[f].of_variant[base])
                continue;
            size_t count = count_pairs(x, f, l, base);
            least = count < least ? count : least;
            tests++;
        }
    *alpha = (x->decision.alpha - abp_alpha_of_variants(x)) / (double)tests;
    return least;
}

static void copy_guard(const struct evaluation *e, struct level *level,
                       const struct abp_level_guard *out, double threshold)
{
    level->result->pairs = out->pairs;
    level->evidence.e_value = level->evidence.threshold = NAN;
    if (out->pairs == 0)
        return;
    level->result->guard = (struct abp_guard_result){.e_value = out->guard.e_value,
                                                     .threshold = threshold,
                                                     .open_e_value = out->guard.open_e_value,
                                                     .blocks = out->guard.blocks};
    /* as of variants (guards.c) */
    level->evidence.e_value = e->guard.timed ? out->guard.max_e_value : out->guard.e_value;
    level->evidence.threshold = threshold;
    level->evidence.guard_direction =
        e->guard.timed ? out->guard.max_direction : out->guard.direction;
}

struct abp_level_guard_input evaluation_level_guard_input(const struct abp_experiment *experiment,
                                                          const struct table *table,
                                                          const struct abp_guard_input *posts)
{
    double alpha = experiment->decision.alpha;
    size_t tests = 0;
    if (table->factors > 1)
        alpha -= abp_alpha_of_variants(experiment);
    for (size_t f = 0; f < table->factors; f++)
        tests += table->levels[f] - 1;
    return (struct abp_level_guard_input){.posts = posts,
                                          .factors = table->factors,
                                          .levels = table->levels,
                                          .level = table->level,
                                          .zero = table->zero,
                                          .threshold = (double)tests / alpha};
}

int evaluation_guard_levels(struct evaluation *e, struct abp_error *err)
{
    if (e->level_count == 0)
        return 0;
    struct abp_level_guard *out = calloc(e->level_count, sizeof *out);
    if (!out)
        return abp_fail_memory(err);
    struct abp_level_guard_input in =
        evaluation_level_guard_input(e->experiment, &e->table, &e->guard.input);
    int rc = abp_level_guards(out, &in, err);
    for (size_t l = 0; rc == 0 && l < e->level_count; l++)
        if (!e->levels[l].is_zero)
            copy_guard(e, &e->levels[l], &out[l], in.threshold);
    free(out);
    return rc;
}

/* ---- verdicts ---- */

static void gather(const struct evaluation *e, struct level *level)
{
    const struct abp_decision *d = &e->experiment->decision;
    level->evidence.confidence = d->confidence;
    level->evidence.randomised = e->posts->randomised;
    level->evidence.posts = level->result->posts;
    level->evidence.baseline_posts = e->result->factors[level->factor].levels[0].posts;
    level->evidence.min_posts = (size_t)d->min_posts;
    level->evidence.reliable = e->result->fit.reliable;
}

int evaluation_level_verdicts(struct evaluation *e, struct abp_error *err)
{
    for (size_t l = 0; l < e->level_count; l++) {
        struct level *level = &e->levels[l];
        struct abp_level_result *r = level->result;
        if (level->is_zero)
            continue;
        gather(e, level);
        struct comparison c = {.e = e,
                               .evidence = &level->evidence,
                               .name = r->name,
                               .base = level->zero_name,
                               .factor = level->factor_name,
                               .p_better = r->p_better,
                               .expected_loss = r->expected_loss,
                               .q025 = r->log_lift.q025,
                               .q975 = r->log_lift.q975,
                               .cost = NAN,
                               .base_cost = NAN};
        if (evaluation_compare(&r->verdict, &r->reason, &c, err) != 0)
            return -1;
    }
    return 0;
}
