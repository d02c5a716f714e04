/* Schema abpost.evaluation/1. The envelope is written by hand so that experiments can stream; each
 * experiment is one jansson value. */
#include "encode.h"
#include "show.h"

#include "abpost/time.h"

#include <math.h>

static json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *json_count(size_t value)
{
    return json_integer((json_int_t)value);
}

/* NULL where nothing of it exists; "s" members that are NaN become null. */
static json_t *json_summary(const struct abp_summary *s)
{
    if (isnan(s->mean) && isnan(s->q50))
        return json_null();
    return json_pack("{so so so so so so so}", "mean", json_number(s->mean), "sd",
                     json_number(s->sd), "q025", json_number(s->q025), "q25", json_number(s->q25),
                     "q50", json_number(s->q50), "q75", json_number(s->q75), "q975",
                     json_number(s->q975));
}

static json_t *json_fit(const struct abp_fit_result *fit)
{
    return json_pack("{so sb so so so sI so so so so so}", "method", abp_json_text(fit->method),
                     "reliable", fit->reliable != 0, "khat", json_number(fit->khat), "ess",
                     json_number(fit->ess), "seconds", json_number(fit->seconds), "seed",
                     (json_int_t)fit->seed, "kappa", json_summary(&fit->kappa), "tau_v",
                     json_summary(&fit->tau_v), "tau_u", json_summary(&fit->tau_u), "tau_b",
                     json_summary(&fit->tau_b), "tau_w", json_summary(&fit->tau_w));
}

static json_t *json_guard(const struct abp_guard_result *guard)
{
    return json_pack("{so so so so}", "e_value", json_number(guard->e_value), "threshold",
                     json_number(guard->threshold), "open_e_value",
                     json_number(guard->open_e_value), "blocks", json_count(guard->blocks));
}

json_t *abp_json_forecast(const struct abp_forecast_result *forecast)
{
    if (isnan(forecast->p_decided))
        return json_null();
    return json_pack("{so so so so}", "posts", json_number(forecast->posts), "weeks",
                     json_number(forecast->weeks), "p_decided", json_number(forecast->p_decided),
                     "by", json_number(forecast->by));
}

static json_t *json_learned(const struct abp_learned_result *learned)
{
    if (learned->experiments == 0)
        return json_null();
    return json_pack("{so so so so so so}", "experiments", json_count(learned->experiments),
                     "left_out", json_count(learned->left_out), "scale",
                     json_number(learned->scale), "low", json_number(learned->low), "high",
                     json_number(learned->high), "without", json_number(learned->without));
}

static json_t *json_without(const struct abp_without_result *without)
{
    if (isnan(without->p_better))
        return json_null();
    return json_pack("{so so so}", "log_lift", json_summary(&without->log_lift), "p_better",
                     json_number(without->p_better), "verdict",
                     abp_json_text(abp_verdict_name(without->verdict)));
}

static json_t *json_diagnosis(const struct abp_diagnosis_result *d)
{
    if (isnan(d->estimate))
        return json_null();
    return json_pack("{so so so so so sb}", "estimate", json_number(d->estimate), "low",
                     json_number(d->low), "high", json_number(d->high), "p_value",
                     json_number(d->p_value), "posts", json_count(d->posts), "notable", d->notable);
}

static json_t *json_channels(const struct abp_variant_result *variant)
{
    json_t *list = json_array();
    for (size_t i = 0; i < variant->channel_count; i++) {
        const struct abp_channel_result *channel = &variant->channels[i];
        json_array_append_new(list, json_pack("{so so so so}", "name", abp_json_text(channel->name),
                                              "posts", json_count(channel->posts), "log_lift",
                                              json_summary(&channel->log_lift), "p_better",
                                              json_number(channel->p_better)));
    }
    return list;
}

static json_t *json_variant(const struct abp_variant_result *v, int is_baseline)
{
    json_t *object =
        json_pack("{so so so so so so so so so so so so so so}", "name", abp_json_text(v->name),
                  "posts", json_count(v->posts), "missing", json_count(v->missing), "outcome_total",
                  json_number(v->outcome_total), "exposure_total", json_number(v->exposure_total),
                  "raw_ratio", json_number(v->raw_ratio), "log_lift", json_summary(&v->log_lift),
                  "lift", json_summary(&v->lift), "next_post", json_summary(&v->next_post),
                  "p_better", json_number(v->p_better), "p_best", json_number(v->p_best),
                  "expected_loss", json_number(v->expected_loss), "net_value",
                  json_summary(&v->net_value), "p_net_better", json_number(v->p_net_better));
    if (!object)
        return NULL;
    json_object_set_new(object, "guard", is_baseline ? json_null() : json_guard(&v->guard));
    json_object_set_new(object, "verdict", abp_json_text(abp_verdict_name(v->verdict)));
    json_object_set_new(object, "reason", abp_json_text(v->reason));
    json_object_set_new(object, "forecast", abp_json_forecast(&v->forecast));
    json_object_set_new(object, "without", json_without(&v->without));
    json_object_set_new(object, "fading", json_diagnosis(&v->fading));
    json_object_set_new(object, "carry_over", json_diagnosis(&v->carry_over));
    json_object_set_new(object, "channels", is_baseline ? json_null() : json_channels(v));
    return object;
}

static json_t *json_level(const struct abp_level_result *level, int is_reference)
{
    return json_pack(
        "{so so so so so so so so so so so so}", "name", abp_json_text(level->name), "variants",
        json_count(level->variants), "posts", json_count(level->posts), "missing",
        json_count(level->missing), "log_lift", json_summary(&level->log_lift), "lift",
        json_summary(&level->lift), "p_better", json_number(level->p_better), "p_best",
        json_number(level->p_best), "expected_loss", json_number(level->expected_loss), "guard",
        is_reference || isnan(level->guard.threshold) ? json_null() : json_guard(&level->guard),
        "verdict", abp_json_text(abp_verdict_name(level->verdict)), "reason",
        abp_json_text(level->reason));
}

static json_t *json_factors(const struct abp_result *r)
{
    json_t *list = json_array();
    for (size_t f = 0; f < r->factor_count; f++) {
        const struct abp_factor_result *factor = &r->factors[f];
        json_t *levels = json_array();
        for (size_t l = 0; l < factor->level_count; l++)
            json_array_append_new(levels, json_level(&factor->levels[l], l == 0));
        json_array_append_new(list, json_pack("{so so so so}", "name", abp_json_text(factor->name),
                                              "reference", abp_json_text(factor->levels[0].name),
                                              "tau", json_summary(&factor->tau), "levels", levels));
    }
    return list;
}

static json_t *json_experiment(const struct abp_shown *shown)
{
    const struct abp_result *r = shown->result;
    json_t *variants = json_array(), *warnings = json_array();
    for (size_t i = 0; i < r->variant_count; i++)
        json_array_append_new(variants, json_variant(&r->variants[i], i == 0));
    for (size_t i = 0; i < r->warning_count; i++)
        json_array_append_new(warnings, abp_json_text(r->warnings[i]));
    return json_pack(
        "{so so so so sb so so so so so so so so so}", "name", abp_json_text(shown->name),
        "hypothesis", abp_json_text(abp_shown_question(shown)), "baseline",
        abp_json_text(r->baseline), "family", abp_json_text(abp_family_name(r->family)),
        "randomised", r->randomised != 0, "posts", json_count(r->posts), "missing",
        json_count(r->missing), "channels", json_count(r->channel_count), "slots",
        json_count(r->slot_count), "learned", json_learned(&r->learned), "fit", json_fit(&r->fit),
        "variants", variants, "factors", json_factors(r), "warnings", warnings);
}

void abp_json_begin(struct abp_show *show)
{
    char when[ABP_TIME_SIZE];
    abp_time_format(when, show->env->now(show->env->context));
    abp_buffer_printf(
        &show->buf, "{\"schema\":\"abpost.evaluation/1\",\"as_of\":\"%s\",\"experiments\":[", when);
}

void abp_json_one(struct abp_show *show, const struct abp_shown *shown)
{
    abp_buffer_add(&show->buf, show->shown ? ",\n" : "\n");
    if (shown->result)
        abp_put_json(&show->buf, json_experiment(shown));
    else
        abp_put_json(&show->buf,
                     json_pack("{so so s[] s[]}", "name", abp_json_text(shown->name), "error",
                               abp_json_text(shown->error), "variants", "warnings"));
}

static json_t *json_portfolio(const struct abp_portfolio *p)
{
    json_t *list = json_array();
    for (size_t i = 0; i < p->count; i++) {
        const struct abp_portfolio_test *test = &p->tests[i];
        if (!p->findings[i].discovered)
            continue;
        json_array_append_new(
            list, json_pack("{so so ss so so}", "experiment", abp_json_text(test->experiment),
                            "variant", abp_json_text(test->variant), "direction",
                            test->up ? "better" : "worse", "e_value", json_number(test->e_value),
                            "level", json_number(p->findings[i].level)));
    }
    return json_pack("{so so so so}", "tests", json_count(p->count), "alpha",
                     p->count ? json_number(p->alpha) : json_null(), "survivors",
                     json_count(p->survivors), "findings", list);
}

void abp_json_end(struct abp_show *show, const char *trouble)
{
    abp_buffer_add(&show->buf, "\n],\"portfolio\":");
    abp_put_json(&show->buf, json_portfolio(&show->portfolio));
    if (trouble) {
        abp_buffer_add(&show->buf, ",\"error\":");
        abp_put_json(&show->buf, abp_json_text(trouble));
    }
    abp_buffer_add(&show->buf, "}\n");
}
