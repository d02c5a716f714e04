/* What bears on the result, in one spelling, hashed. */
#include "abpost/plan.h"

#include "abpost/digest.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fields one after another; the first failure stays. */
struct print {
    struct abp_digest *digest;
    struct abp_error *err; /* borrowed */
    int failed;
};

static void put_text(struct print *print, const char *text)
{
    if (!print->failed && abp_digest_text(print->digest, text, print->err) != 0)
        print->failed = 1;
}

static void ABP_PRINTF(2, 3) putf(struct print *print, const char *format, ...)
{
    char text[64];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_text(print, text);
}

/* Each name of a field precedes it, so that one that is added later can't be taken for another. */
static void put_number(struct print *print, const char *name, double value)
{
    put_text(print, name);
    if (isnan(value))
        put_text(print, NULL);
    else
        putf(print, "%.17g", value == 0 ? 0.0 : value); /* -0 is 0 */
}

static void put_integer(struct print *print, const char *name, int64_t value)
{
    put_text(print, name);
    putf(print, "%lld", (long long)value);
}

static void put_named(struct print *print, const char *name, const char *text)
{
    put_text(print, name);
    put_text(print, text);
}

/* ---- lists whose order says nothing ---- */

/* Pointers to the elements of an array of `count`, sorted. Caller frees; NULL: no memory. */
static const void **sorted(const void *array, size_t count, size_t size,
                           int (*compare)(const void *, const void *))
{
    const void **list = calloc(count + 1, sizeof *list);
    for (size_t i = 0; list && i < count; i++)
        list[i] = (const char *)array + i * size;
    if (list)
        qsort(list, count, sizeof *list, compare);
    return list;
}

static int compare_terms(const void *a, const void *b)
{
    const struct abp_term *x = *(const struct abp_term *const *)a;
    const struct abp_term *y = *(const struct abp_term *const *)b;
    return strcmp(x->name, y->name);
}

static void put_sum(struct print *print, const char *name, const struct abp_sum *sum)
{
    const void **terms = sorted(sum->terms, sum->count, sizeof *sum->terms, compare_terms);
    print->failed |= !terms && abp_fail_memory(print->err) != 0;
    put_integer(print, name, (int64_t)sum->count);
    for (size_t i = 0; terms && i < sum->count; i++) {
        const struct abp_term *term = terms[i];
        put_number(print, term->name, term->weight);
    }
    free(terms);
}

static int compare_strings(const void *a, const void *b)
{
    const char *const *x = *(const char *const *const *)a;
    const char *const *y = *(const char *const *const *)b;
    return strcmp(*x, *y);
}

static void put_names(struct print *print, const char *name, const struct abp_names *names)
{
    const void **list = sorted(names->list, names->count, sizeof *names->list, compare_strings);
    print->failed |= !list && abp_fail_memory(print->err) != 0;
    put_integer(print, name, (int64_t)names->count);
    for (size_t i = 0; list && i < names->count; i++)
        put_text(print, *(const char *const *)list[i]);
    free(list);
}

static int compare_variants(const void *a, const void *b)
{
    const struct abp_variant *x = *(const struct abp_variant *const *)a;
    const struct abp_variant *y = *(const struct abp_variant *const *)b;
    return strcmp(x->name, y->name);
}

static void put_variants(struct print *print, const struct abp_experiment *e)
{
    const void **list =
        sorted(e->variants, e->variant_count, sizeof *e->variants, compare_variants);
    print->failed |= !list && abp_fail_memory(print->err) != 0;
    put_integer(print, "variants", (int64_t)e->variant_count);
    for (size_t i = 0; list && i < e->variant_count; i++) {
        const struct abp_variant *variant = list[i];
        put_number(print, variant->name, variant->cost);
    }
    free(list);
}

/* ---- factors: by name; the levels of each variant, by the variants' names ---- */

static int compare_factors(const void *a, const void *b)
{
    const struct abp_factor *x = *(const struct abp_factor *const *)a;
    const struct abp_factor *y = *(const struct abp_factor *const *)b;
    return strcmp(x->name, y->name);
}

/* An experiment without factors has the fingerprint that it had before there were any. */
static void put_factors(struct print *print, const struct abp_experiment *e)
{
    if (e->factor_count == 0)
        return;
    const void **factors = sorted(e->factors, e->factor_count, sizeof *e->factors, compare_factors);
    const void **variants =
        sorted(e->variants, e->variant_count, sizeof *e->variants, compare_variants);
    print->failed |= (!factors || !variants) && abp_fail_memory(print->err) != 0;
    put_integer(print, "factors", (int64_t)e->factor_count);
    for (size_t f = 0; factors && variants && f < e->factor_count; f++) {
        const struct abp_factor *factor = factors[f];
        put_text(print, factor->name);
        for (size_t v = 0; v < e->variant_count; v++) {
            size_t at = (size_t)((const struct abp_variant *)variants[v] - e->variants);
            put_text(print, factor->levels[factor->of_variant[at]]);
        }
    }
    free(variants);
    free(factors);
}

/* ---- guardrails: sums in any order; each is hashed by itself, and the hashes are sorted ---- */

static int hash_guardrail(char *hash, const struct abp_guardrail *guardrail, struct abp_error *err)
{
    struct print print = {.err = err};
    if (abp_digest_open(&print.digest, err) != 0)
        return -1;
    put_sum(&print, "metric", &guardrail->metric);
    put_number(&print, "limit", guardrail->limit);
    int rc = print.failed ? -1 : abp_digest_end(hash, print.digest, err);
    abp_digest_close(print.digest);
    return rc;
}

static int compare_hashes(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void put_guardrails(struct print *print, const struct abp_decision *decision)
{
    size_t count = decision->guardrail_count;
    char(*hashes)[ABP_DIGEST_SIZE] = calloc(count + 1, sizeof *hashes);
    print->failed |= !hashes && abp_fail_memory(print->err) != 0;
    for (size_t i = 0; hashes && !print->failed && i < count; i++)
        print->failed |= hash_guardrail(hashes[i], &decision->guardrails[i], print->err) != 0;
    put_integer(print, "guardrails", (int64_t)count);
    if (hashes && !print->failed) {
        qsort(hashes, count, sizeof *hashes, compare_hashes);
        for (size_t i = 0; i < count; i++)
            put_text(print, hashes[i]);
    }
    free(hashes);
}

/* ---- the sections ---- */

static void put_date(struct print *print, const struct abp_date *date)
{
    putf(print, "%04d-%02d-%02d", date->year, date->month, date->day);
}

static void put_schedule(struct print *print, const struct abp_schedule *s)
{
    put_integer(print, "schedule", s->present);
    put_text(print, "start");
    put_date(print, &s->start);
    put_integer(print, "days", s->days);
    put_integer(print, "times", (int64_t)s->time_count);
    for (size_t i = 0; i < s->time_count; i++)
        putf(print, "%02d:%02d", s->times[i].hour, s->times[i].minute);
    put_integer(print, "blackout", (int64_t)s->blackout_count);
    for (size_t i = 0; i < s->blackout_count; i++)
        put_date(print, &s->blackout[i]);
    put_integer(print, "min_gap", s->min_gap);
    put_integer(print, "max_lateness", s->max_lateness);
    put_integer(print, "max_posts", s->max_posts);
}

static void put_decision(struct print *print, const struct abp_decision *d)
{
    put_integer(print, "family", d->family);
    put_number(print, "confidence", d->confidence);
    put_number(print, "alpha", d->alpha);
    put_number(print, "min_lift", d->min_lift);
    put_number(print, "rope", d->rope);
    put_integer(print, "min_posts", d->min_posts);
    put_number(print, "value", d->value);
    put_integer(print, "review", d->review);
    put_integer(print, "after", d->after);
    put_integer(print, "allocation", d->allocation);
    put_integer(print, "learn", d->learn);
    put_guardrails(print, d);
    put_number(print, "mu_sd", d->mu_sd);
    put_number(print, "lift_sd", d->lift_sd);
    put_number(print, "channel_sd", d->channel_sd);
    put_number(print, "interaction_sd", d->interaction_sd);
    put_number(print, "slot_sd", d->slot_sd);
    put_number(print, "dispersion_sd", d->dispersion_sd);
    put_number(print, "prior_a", d->prior_a);
    put_number(print, "prior_b", d->prior_b);
}

int abp_plan_fingerprint(char hash[ABP_DIGEST_SIZE], const struct abp_experiment *e,
                         struct abp_error *err)
{
    struct print print = {.err = err};
    if (abp_digest_open(&print.digest, err) != 0)
        return -1;
    const char *first = e->variant_count ? e->variants[0].name : NULL;
    put_text(&print, "abpost.analysis/1");
    put_named(&print, "hypothesis", e->hypothesis);
    put_names(&print, "channels", &e->channels);
    put_sum(&print, "outcome", &e->outcome);
    put_sum(&print, "exposure", &e->exposure);
    put_integer(&print, "horizon", e->horizon);
    put_named(&print, "baseline", e->baseline ? e->baseline : first);
    put_variants(&print, e);
    put_factors(&print, e);
    put_schedule(&print, &e->schedule);
    put_decision(&print, &e->decision);
    int rc = print.failed ? -1 : abp_digest_end(hash, print.digest, err);
    abp_digest_close(print.digest);
    return rc;
}
