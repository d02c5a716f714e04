/* One experiment: its question, the verdicts in words, then what they rest on. */
#include "report/section.h"

#include "report/html.h"
#include "report/plots.h"

#include "abpost/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_WORDS ((size_t)1 << 14) /* bytes of one value beside a plot */
#define MOST_OPEN  20                /* channels that are shown without asking */

const char *section_verdict_class(enum abp_verdict verdict)
{
    switch (verdict) {
    case ABP_REPEAT:
    case ABP_LEANING_REPEAT:
        return "good";
    case ABP_DROP:
    case ABP_LEANING_DROP:
        return "bad";
    case ABP_SAME:
        return "calm";
    default:
        return "open";
    }
}

int section_compares(const struct abp_result *result)
{
    return result->posts > 0 && result->variant_count > 1;
}

void section_say_comparison(struct abp_buffer *buf, enum abp_verdict verdict, const char *name,
                            const char *base)
{
    static const char *const before[ABP_VERDICT_COUNT] = {
        [ABP_REPEAT] = "Repeat ",
        [ABP_DROP] = "Drop ",
        [ABP_SAME] = "No difference that matters: ",
        [ABP_LEANING_REPEAT] = "Leaning towards ",
        [ABP_LEANING_DROP] = "Leaning away from ",
        [ABP_KEEP_TESTING] = "Can’t tell yet: keep testing ",
        [ABP_EXHAUSTED] = "All posts are made, and it is still open: ",
    };
    if ((unsigned)verdict < ABP_VERDICT_COUNT && before[verdict])
        abp_buffer_add(buf, before[verdict]);
    html_name(buf, name);
    if (verdict != ABP_SAME && verdict != ABP_EXHAUSTED)
        return;
    abp_buffer_add(buf, verdict == ABP_SAME ? " and " : " against ");
    html_name(buf, base);
}

void section_say_verdict(struct abp_buffer *buf, const struct abp_result *result, size_t v)
{
    section_say_comparison(buf, result->variants[v].verdict, result->variants[v].name,
                           result->variants[0].name);
}

void section_ratio_words(struct abp_buffer *buf, const struct abp_summary *lift)
{
    if (!isfinite(lift->q50)) {
        abp_buffer_add(buf, "–");
        return;
    }
    abp_buffer_printf(buf, "×%s, ", abp_ratio_words(1 + lift->q50).text);
    abp_buffer_printf(buf, "%s to ", abp_ratio_words(1 + lift->q025).text);
    abp_buffer_add(buf, abp_ratio_words(1 + lift->q975).text);
}

/* ---- what was evaluated ---- */

static void put_sum(struct abp_buffer *buf, const struct abp_sum *sum)
{
    for (size_t i = 0; i < sum->count; i++) {
        double weight = sum->terms[i].weight;
        if (i || weight < 0)
            abp_buffer_add(buf, weight < 0 ? (i ? " − " : "−") : " + ");
        if (fabs(weight) < 1 || fabs(weight) > 1)
            abp_buffer_printf(buf, "%s × ", abp_amount_words(fabs(weight)).text);
        html_name(buf, sum->terms[i].name);
    }
}

static void put_outcome(struct abp_buffer *buf, const struct abp_report_item *item)
{
    const struct abp_experiment *e = item->experiment;
    char horizon[ABP_DURATION_SIZE];
    if (!e)
        return;
    const struct abp_sum *outcome = item->made ? &e->outcome : &e->import.outcome;
    const struct abp_sum *exposure = item->made ? &e->exposure : &e->import.exposure;
    if (outcome->count == 0)
        return;
    abp_buffer_add(buf, " What counts: ");
    put_sum(buf, outcome);
    if (exposure->count) {
        abp_buffer_add(buf, ", per ");
        put_sum(buf, exposure);
    }
    if (item->made && abp_duration_format(horizon, e->horizon) == 0)
        abp_buffer_printf(buf, ", read at an age of %s", horizon);
    abp_buffer_add(buf, ".");
}

static void put_head(struct abp_buffer *buf, const struct abp_report_item *item, size_t number)
{
    const struct abp_result *result = item->result;
    abp_buffer_printf(buf, "<article id=\"e%zu\" aria-labelledby=\"h%zu\">\n<h2 id=\"h%zu\">",
                      number, number, number);
    html_name(buf, item->name);
    abp_buffer_add(buf, "</h2>\n");
    if (item->experiment && item->experiment->hypothesis) {
        abp_buffer_add(buf, "<p class=\"question\">");
        html_sentence(buf, item->experiment->hypothesis);
        abp_buffer_add(buf, "</p>\n");
    }
    if (!result || result->posts == 0)
        return;
    abp_buffer_add(buf, "<p class=\"soft\">");
    html_plural(buf, result->posts, "post");
    if (result->channel_count > 1) {
        abp_buffer_add(buf, " on ");
        html_plural(buf, result->channel_count, "channel");
    }
    if (result->slot_count > 1) {
        abp_buffer_add(buf, " in ");
        html_plural(buf, result->slot_count, "slot");
    }
    if (result->missing)
        abp_buffer_printf(buf, ", %s more without a reading",
                          abp_count_words(result->missing).text);
    abp_buffer_add(buf,
                   result->randomised ? "; their order was drawn by lot." : "; observational.");
    put_outcome(buf, item);
    abp_buffer_add(buf, "</p>\n");
}

/* ---- the answer ---- */

/* What the same posts say under the prior that was not learned. */
static void put_without(struct abp_buffer *buf, const struct abp_without_result *without)
{
    const struct abp_summary *l = &without->log_lift;
    if (isnan(without->p_better))
        return;
    abp_buffer_printf(buf,
                      "<p class=\"soft\">Without what was learned from other experiments: ×%s, ",
                      abp_ratio_words(exp(l->q50)).text);
    abp_buffer_printf(buf, "%s to ", abp_ratio_words(exp(l->q025)).text);
    abp_buffer_printf(buf, "%s, ", abp_ratio_words(exp(l->q975)).text);
    html_text(buf, abp_percent_words(without->p_better).text);
    abp_buffer_printf(buf, " better, %s.</p>", abp_verdict_words(without->verdict));
}

static void put_diagnoses(struct abp_buffer *buf, const struct abp_variant_result *variant,
                          const char *baseline)
{
    struct abp_buffer words;
    abp_buffer_init(&words, MOST_WORDS);
    abp_put_diagnoses(&words, variant, baseline);
    if (words.len) {
        abp_buffer_add(buf, "<p class=\"soft\">");
        html_text(buf, abp_buffer_text(&words));
        abp_buffer_add(buf, "</p>");
    }
    buf->failed = buf->failed || words.failed;
    abp_buffer_release(&words);
}

static void put_answer(struct abp_buffer *buf, const struct abp_result *result, size_t v)
{
    const struct abp_variant_result *variant = &result->variants[v];
    abp_buffer_printf(buf, "<li class=\"%s\"><p class=\"say\">",
                      section_verdict_class(variant->verdict));
    section_say_verdict(buf, result, v);
    abp_buffer_add(buf, ".</p>");
    if (variant->reason) {
        abp_buffer_add(buf, "<p>");
        html_sentence(buf, variant->reason);
        abp_buffer_add(buf, "</p>");
    }
    if (!isnan(variant->forecast.p_decided)) {
        struct abp_buffer words;
        abp_buffer_init(&words, MOST_WORDS);
        abp_put_forecast(&words, &variant->forecast);
        abp_buffer_add(buf, "<p class=\"soft\">");
        html_text(buf, abp_buffer_text(&words));
        abp_buffer_add(buf, "</p>");
        abp_buffer_release(&words);
    }
    put_without(buf, &variant->without);
    put_diagnoses(buf, variant, result->variants[0].name);
    abp_buffer_add(buf, "</li>\n");
}

static void put_note(struct abp_buffer *buf, const char *text)
{
    abp_buffer_add(buf, "<p class=\"note\"><b>Mind:</b> ");
    html_sentence(buf, text);
    abp_buffer_add(buf, "</p>\n");
}

static void put_answers(struct abp_buffer *buf, const struct abp_result *result)
{
    if (section_compares(result)) {
        abp_buffer_add(buf, "<ul class=\"answers\">\n");
        for (size_t v = 1; v < result->variant_count; v++)
            put_answer(buf, result, v);
        abp_buffer_add(buf, "</ul>\n");
    } else {
        abp_buffer_add(buf, "<p>Nothing to compare yet.</p>\n");
    }
    for (size_t i = 0; i < result->warning_count; i++)
        put_note(buf, result->warnings[i]);
    if (!result->fit.reliable && result->warning_count == 0 && section_compares(result))
        put_note(buf, "these numbers could not be computed well enough to rely on");
}

static void put_decisions(struct abp_buffer *buf, const struct abp_report_item *item)
{
    char when[ABP_TIME_SIZE];
    if (!item->decisions || item->decisions->count == 0)
        return;
    abp_buffer_add(buf, "<h3>Decided</h3><ul>\n");
    for (size_t i = 0; i < item->decisions->count; i++) {
        const struct abp_decided *decided = &item->decisions->list[i];
        abp_buffer_add(buf, "<li>");
        if (abp_time_format(when, decided->decided_at) == 0)
            abp_buffer_printf(buf, "<time datetime=\"%s\">%.10s</time>: ", when, when);
        html_name(buf, decided->variant);
        abp_buffer_add(buf, ", ");
        html_text(buf, decided->verdict);
        if (decided->reason && *decided->reason) {
            abp_buffer_add(buf, ". <span class=\"soft\">");
            html_sentence(buf, decided->reason);
            abp_buffer_add(buf, "</span>");
        }
        abp_buffer_add(buf, "</li>\n");
    }
    abp_buffer_add(buf, "</ul><p class=\"soft\">A decision stands from the day on which it was "
                        "reached, whatever the numbers say later. Only a winner that keeps the "
                        "slots is watched on, by the posts that are still drawn, and withdrawn "
                        "when they say that it does worse now.</p>\n");
}

/* ---- ratios ---- */

struct row_words {
    char value[160], raw[64];
};

static void fill_row(struct ratio_row *row, struct row_words *words,
                     const struct abp_variant_result *v, int is_baseline)
{
    struct abp_buffer value;
    abp_buffer_init(&value, sizeof words->value - 1);
    if (is_baseline)
        abp_buffer_add(&value, "baseline");
    else
        section_ratio_words(&value, &v->lift);
    snprintf(words->value, sizeof words->value, "%s", abp_buffer_text(&value));
    abp_buffer_release(&value);
    snprintf(words->raw, sizeof words->raw, "raw ×%s", abp_ratio_words(v->raw_ratio).text);
    *row = (struct ratio_row){.name = v->name,
                              .log = v->log_lift,
                              .raw = is_baseline ? NAN : v->raw_ratio,
                              .value = words->value,
                              .extra = !is_baseline && isfinite(v->raw_ratio) ? words->raw : NULL,
                              .is_baseline = is_baseline};
}

static void put_ratios(struct abp_buffer *buf, const struct abp_result *result)
{
    struct ratio_row *rows = calloc(result->variant_count, sizeof *rows);
    struct row_words *words = calloc(result->variant_count, sizeof *words);
    if (rows && words) {
        for (size_t v = 0; v < result->variant_count; v++)
            fill_row(&rows[v], &words[v], &result->variants[v], v == 0);
        abp_buffer_add(buf, "<h3>How much better or worse</h3><figure>\n<figcaption>Ratio to ");
        html_name(buf, result->variants[0].name);
        abp_buffer_add(buf,
                       ", shrunk towards 1 as far as the data is thin. Dot: median. Line: 95 % "
                       "interval, its middle half thick. Ring: the raw ratio. The axis is "
                       "logarithmic.</figcaption>\n");
        plot_ratios(buf, rows, result->variant_count);
        abp_buffer_add(buf, "</figure>\n");
    } else {
        buf->failed = 1;
    }
    free(rows);
    free(words);
}

static void put_channels_of(struct abp_buffer *buf, const struct abp_variant_result *v,
                            struct ratio_row *rows, struct row_words *words)
{
    for (size_t c = 0; c < v->channel_count; c++) {
        const struct abp_channel_result *channel = &v->channels[c];
        const struct abp_summary *l = &channel->log_lift;
        snprintf(words[c].value, sizeof words[c].value, "×%s, %s to %s",
                 abp_ratio_words(exp(l->q50)).text, abp_ratio_words(exp(l->q025)).text,
                 abp_ratio_words(exp(l->q975)).text);
        snprintf(words[c].raw, sizeof words[c].raw, "%s %s", abp_count_words(channel->posts).text,
                 channel->posts == 1 ? "post" : "posts");
        rows[c] = (struct ratio_row){.name = channel->name,
                                     .log = *l,
                                     .raw = NAN,
                                     .value = isfinite(l->q50) ? words[c].value : "–",
                                     .extra = words[c].raw};
    }
    abp_buffer_printf(buf, "<details%s><summary><h3>",
                      v->channel_count <= MOST_OPEN ? " open" : "");
    html_name(buf, v->name);
    abp_buffer_add(buf, " by channel</h3></summary><figure>\n<figcaption>The same ratio on each "
                        "channel; where it has few posts, the others speak for it.</figcaption>\n");
    plot_ratios(buf, rows, v->channel_count);
    abp_buffer_add(buf, "</figure></details>\n");
}

static void put_channels(struct abp_buffer *buf, const struct abp_variant_result *v)
{
    if (v->channel_count == 0)
        return;
    struct ratio_row *rows = calloc(v->channel_count, sizeof *rows);
    struct row_words *words = calloc(v->channel_count, sizeof *words);
    if (rows && words)
        put_channels_of(buf, v, rows, words);
    else
        buf->failed = 1;
    free(rows);
    free(words);
}

/* ---- the guard ---- */

static void put_guards(struct abp_buffer *buf, const struct abp_result *result)
{
    double last = NAN;
    for (size_t v = 1; v < result->variant_count; v++)
        if (!isnan(result->variants[v].guard.e_value))
            last = result->variants[v].guard.threshold;
    if (!(last > 1 && isfinite(last)))
        return;
    abp_buffer_add(buf, "<h3>The guard</h3><figure>\n<figcaption>A second judge that knows nothing "
                        "but the random order of the posts. It starts at 1; a style that changes "
                        "nothing will hardly ever take it to the dashed line, however often one "
                        "looks. The axis is logarithmic.</figcaption>\n");
    for (size_t v = 1; v < result->variant_count; v++)
        if (!isnan(result->variants[v].guard.e_value))
            plot_guard(buf, result->variants[v].name, &result->variants[v].guard, "block");
    plot_guard_axis(buf, last);
    abp_buffer_add(buf, "</figure>\n");
}

void section_put(struct abp_buffer *buf, const struct abp_report_item *item, size_t number)
{
    const struct abp_result *result = item->result;
    put_head(buf, item, number);
    if (!result) {
        abp_buffer_add(buf, "<p class=\"note\"><b>Not evaluated:</b> ");
        html_sentence(buf, item->error ? item->error : "nothing says why");
        abp_buffer_add(buf, "</p>\n</article>\n");
        return;
    }
    put_answers(buf, result);
    put_decisions(buf, item);
    if (section_compares(result)) {
        put_ratios(buf, result);
        section_factors(buf, result);
    }
    if (result->posts > 0)
        section_measures(buf, result);
    section_posts(buf, item);
    put_guards(buf, result);
    for (size_t v = 1; v < result->variant_count; v++)
        put_channels(buf, &result->variants[v]);
    section_computed(buf, result);
    abp_buffer_add(buf, "</article>\n");
}
