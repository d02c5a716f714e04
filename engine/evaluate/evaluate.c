#include "abpost/evaluate.h"

#include "abpost/summary.h"
#include "abpost/text.h"
#include "evaluate/evaluation.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int evaluation_warn(struct evaluation *e, struct abp_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = abp_result_vwarn(e->result, err, format, args);
    va_end(args);
    return rc;
}

static double or_default(double value, double otherwise)
{
    return isnan(value) ? otherwise : value;
}

void evaluation_choose_model(struct evaluation *e)
{
    const struct abp_decision *d = &e->experiment->decision;
    e->family = abp_experiment_family(e->experiment);
    struct abp_priors defaults = abp_default_priors(e->family);
    e->priors = (struct abp_priors){or_default(d->mu_sd, defaults.mu),
                                    or_default(d->lift_sd, defaults.lift),
                                    or_default(d->channel_sd, defaults.channel),
                                    or_default(d->interaction_sd, defaults.interaction),
                                    or_default(d->slot_sd, defaults.slot),
                                    or_default(d->dispersion_sd, defaults.dispersion)};
}

/* Everything absent: what a later step does not fill stays so. */
static void start_variant(struct abp_variant_result *variant)
{
    const struct abp_summary absent = abp_summary_absent();
    variant->raw_ratio = NAN;
    variant->log_lift = variant->lift = variant->next_post = variant->net_value = absent;
    variant->p_better = variant->p_best = variant->expected_loss = variant->p_net_better = NAN;
    variant->guard.e_value = variant->guard.threshold = variant->guard.open_e_value = NAN;
    variant->forecast = (struct abp_forecast_result){NAN, NAN, NAN, NAN};
    variant->without = (struct abp_without_result){absent, NAN, ABP_NO_VERDICT};
    variant->fading = variant->carry_over = (struct abp_diagnosis_result){NAN, NAN, NAN, NAN, 0, 0};
}

/* The same of what nothing was computed of. */
static struct abp_contrast absent_contrast(void)
{
    const struct abp_summary absent = abp_summary_absent();
    return (struct abp_contrast){.log_lift = absent,
                                 .lift = absent,
                                 .next_post = absent,
                                 .outcome = absent,
                                 .net = absent,
                                 .p_better = NAN,
                                 .p_above = NAN,
                                 .p_below = NAN,
                                 .p_same = NAN,
                                 .p_best = NAN,
                                 .expected_loss = NAN,
                                 .p_net_better = NAN};
}

static int describe(struct evaluation *e, struct abp_error *err)
{
    struct abp_result *r = e->result;
    const struct table *t = &e->table;
    const struct abp_summary absent = abp_summary_absent();
    r->family = e->family;
    r->randomised = e->posts->randomised;
    r->posts = t->posts;
    r->missing = t->missing;
    r->channel_count = t->channels;
    r->slot_count = t->slots;
    r->learned = (struct abp_learned_result){0, 0, NAN, NAN, NAN, NAN};
    r->fit.seed = e->seed;
    r->fit.khat = r->fit.ess = r->fit.seconds = NAN;
    r->fit.kappa = r->fit.tau_v = r->fit.tau_u = r->fit.tau_b = r->fit.tau_w = absent;
    r->name = abp_strdup(e->posts->name);
    r->baseline = abp_strdup(t->variants[0].name);
    r->variants = calloc(t->variant_count, sizeof *r->variants);
    e->contrasts = calloc(t->variant_count, sizeof *e->contrasts);
    e->evidence = calloc(t->variant_count, sizeof *e->evidence);
    if (!r->name || !r->baseline || !r->variants || !e->contrasts || !e->evidence)
        return abp_fail_memory(err);
    r->variant_count = t->variant_count;
    for (size_t v = 0; v < t->variant_count; v++)
        e->contrasts[v] = absent_contrast();
    for (size_t v = 0; v < t->variant_count; v++) {
        struct abp_variant_result *variant = &r->variants[v];
        start_variant(variant);
        variant->posts = t->variants[v].posts;
        variant->missing = t->variants[v].missing;
        variant->outcome_total = t->variants[v].outcome;
        variant->exposure_total = t->variants[v].exposure;
        if (v && t->variants[0].outcome > 0.0 && t->variants[v].exposure > 0.0)
            variant->raw_ratio = t->variants[v].outcome / t->variants[v].exposure /
                                 (t->variants[0].outcome / t->variants[0].exposure);
        if (!(variant->name = abp_strdup(t->variants[v].name)))
            return abp_fail_memory(err);
    }
    return evaluation_describe_levels(e, err);
}

/* 1: max_posts have been posted. */
static int is_exhausted(const struct evaluation *e)
{
    int64_t most = e->experiment->schedule.max_posts;
    return most > 0 && e->table.posts + e->table.missing + e->posts->apart >= (size_t)most;
}

static void gather_evidence(struct evaluation *e)
{
    const struct abp_decision *d = &e->experiment->decision;
    const struct table *t = &e->table;
    for (size_t l = 0; l < e->level_count; l++)
        e->levels[l].evidence.exhausted = is_exhausted(e);
    for (size_t v = 1; v < t->variant_count; v++) {
        struct abp_evidence *evidence = &e->evidence[v];
        const struct abp_contrast *c = &e->contrasts[v];
        evidence->p_above = c->p_above;
        evidence->p_below = c->p_below;
        evidence->p_same = c->p_same;
        evidence->confidence = d->confidence;
        evidence->randomised = t->variants[v].drawn;
        evidence->posts = t->variants[v].posts;
        evidence->baseline_posts = t->variants[0].posts;
        evidence->min_posts = (size_t)d->min_posts;
        evidence->net_worse = c->net.mean < e->contrasts[0].net.mean;
        evidence->reliable = e->result->fit.reliable;
        evidence->exhausted = is_exhausted(e);
    }
}

int evaluation_run(struct evaluation *e, struct abp_error *err)
{
    evaluation_choose_model(e);
    if (describe(e, err) != 0)
        return -1;
    if (e->table.posts > 0 && (evaluation_fit(e, err) != 0 || evaluation_guard(e, err) != 0 ||
                               evaluation_fit_levels(e, err) != 0))
        return -1;
    gather_evidence(e);
    if (!e->lean && (evaluation_guardrails(e, err) != 0 || evaluation_warnings(e, err) != 0))
        return -1;
    for (size_t v = 1; v < e->table.variant_count; v++)
        if (evaluation_verdict(e, v, err) != 0)
            return -1;
    if (evaluation_level_verdicts(e, err) != 0)
        return -1;
    if (e->lean)
        return 0;
    return evaluation_diagnose(e, err) != 0 ? -1 : evaluation_forecast(e, err);
}

int evaluation_open(struct evaluation *e, struct abp_error *err)
{
    memset(e->result, 0, sizeof *e->result);
    return table_init(&e->table, e->experiment, e->posts, err);
}

void evaluation_close(struct evaluation *e)
{
    if (e->posterior.draws)
        abp_posterior_release(&e->posterior);
    guard_rows_release(&e->guard);
    free(e->contrasts);
    free(e->evidence);
    free(e->levels);
    table_release(&e->table);
}

double abp_alpha_of_variants(const struct abp_experiment *experiment)
{
    return experiment->decision.alpha * (experiment->factor_count > 1 ? 0.5 : 1.0);
}

int abp_evaluate(struct abp_result *result, const struct abp_experiment *experiment,
                 const struct abp_posts *posts, uint64_t seed, struct abp_error *err)
{
    struct evaluation e = {
        .experiment = experiment, .posts = posts, .seed = seed, .result = result};
    if (evaluation_open(&e, err) != 0)
        return -1;
    int rc = evaluation_run(&e, err);
    evaluation_close(&e);
    if (rc != 0)
        abp_result_release(result);
    return rc;
}
