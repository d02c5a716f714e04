/* One experiment in full: the picture first (a bar for each style on one scale), then each style's
 * verdict with its reason and its numbers. */
#include "bars.h"
#include "show.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NOTE ((size_t)1 << 16) /* bytes of one sentence */

enum { INDENT = 2, VERDICT = 40, ROOM = 16 };

struct abp_summary abp_ratio_of_lift(const struct abp_summary *lift)
{
    struct abp_summary ratio = *lift;
    ratio.mean += 1;
    ratio.q025 += 1;
    ratio.q25 += 1;
    ratio.q50 += 1;
    ratio.q75 += 1;
    ratio.q975 += 1;
    return ratio;
}

static struct abp_summary ratio_of_log(const struct abp_summary *log_lift)
{
    struct abp_summary ratio;
    ratio.mean = ratio.sd = NAN;
    ratio.q025 = exp(log_lift->q025);
    ratio.q25 = exp(log_lift->q25);
    ratio.q50 = exp(log_lift->q50);
    ratio.q75 = exp(log_lift->q75);
    ratio.q975 = exp(log_lift->q975);
    return ratio;
}

static void put_styled(struct abp_buffer *buf, const struct abp_screen *screen,
                       enum abp_style style, const char *text)
{
    abp_put_style(buf, screen, style);
    abp_put_text(buf, screen, text, 0);
    abp_put_style(buf, screen, ABP_PLAIN);
}

/* Ends a note with a full stop and writes it as an indented paragraph. */
static void put_note(struct abp_buffer *buf, const struct abp_screen *screen,
                     struct abp_buffer *note)
{
    if (note->len) {
        abp_put_blanks(buf, INDENT);
        abp_put_paragraph(buf, screen, abp_buffer_text(note), INDENT, INDENT);
    }
    abp_buffer_reset(note);
}

/* ---- what was evaluated ---- */

static void put_plural(struct abp_buffer *buf, size_t count, const char *what)
{
    abp_buffer_printf(buf, "%s %s%s", abp_count_words(count).text, what, count == 1 ? "" : "s");
}

static void put_head(struct abp_show *show, const struct abp_screen *screen,
                     const struct abp_shown *shown, struct abp_buffer *note)
{
    const struct abp_result *result = shown->result;
    struct abp_buffer *buf = &show->buf;
    put_styled(buf, screen, ABP_BOLD, shown->name);
    abp_buffer_byte(buf, '\n');
    if (abp_shown_question(shown))
        abp_put_paragraph(buf, screen, abp_shown_question(shown), 0, 0);
    put_plural(note, result->posts, "post");
    if (result->channel_count > 1) {
        abp_buffer_add(note, " on ");
        put_plural(note, result->channel_count, "channel");
    }
    if (result->slot_count > 1) {
        abp_buffer_add(note, " in ");
        put_plural(note, result->slot_count, "slot");
    }
    if (result->missing)
        abp_buffer_printf(note, ", %s more without a reading",
                          abp_count_words(result->missing).text);
    abp_buffer_add(note, result->randomised ? "; randomised" : "; observational");
    if (abp_family_name(result->family))
        abp_buffer_printf(note, "; %s", abp_family_name(result->family));
    if (result->learned.experiments) {
        abp_buffer_printf(note, "; lifts spread by %s",
                          abp_ratio_words(result->learned.scale).text);
        abp_buffer_printf(note, ", learned from %s experiments",
                          abp_count_words(result->learned.experiments).text);
        abp_buffer_printf(note, " (else %s)", abp_ratio_words(result->learned.without).text);
    }
    abp_put_style(buf, screen, ABP_DIM);
    abp_put_paragraph(buf, screen, abp_buffer_text(note), 0, 0);
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_reset(note);
}

static void put_warning(struct abp_buffer *buf, const struct abp_screen *screen, const char *text)
{
    static const char mark[] = "Warning: ";
    put_styled(buf, screen, ABP_WARN, mark);
    abp_put_paragraph(buf, screen, text, (int)strlen(mark), INDENT);
}

static void put_warnings(struct abp_buffer *buf, const struct abp_screen *screen,
                         const struct abp_result *result)
{
    for (size_t i = 0; i < result->warning_count; i++)
        put_warning(buf, screen, result->warnings[i]);
    if (!result->fit.reliable && result->warning_count == 0 && result->variant_count)
        put_warning(buf, screen, "these numbers could not be computed well enough to rely on");
}

/* ---- the bars ---- */

static void put_variant_bars(struct abp_show *show, const struct abp_screen *screen,
                             const struct abp_result *result)
{
    struct abp_bar_line *lines = calloc(result->variant_count, sizeof *lines);
    if (!lines) {
        show->buf.failed = 1;
        return;
    }
    for (size_t i = 0; i < result->variant_count; i++) {
        const struct abp_variant_result *v = &result->variants[i];
        lines[i].name = v->name;
        lines[i].ratio = abp_ratio_of_lift(&v->lift);
        lines[i].raw = v->raw_ratio;
        lines[i].p_better = v->p_better;
        lines[i].is_baseline = i == 0;
    }
    abp_put_bars(&show->buf, screen, lines, result->variant_count, INDENT, 1);
    free(lines);
}

static void put_channel_bars(struct abp_show *show, const struct abp_screen *screen,
                             const struct abp_variant_result *v)
{
    struct abp_bar_line *lines = calloc(v->channel_count, sizeof *lines);
    if (!lines) {
        show->buf.failed = 1;
        return;
    }
    for (size_t i = 0; i < v->channel_count; i++) {
        lines[i].name = v->channels[i].name;
        lines[i].ratio = ratio_of_log(&v->channels[i].log_lift);
        lines[i].raw = NAN;
        lines[i].p_better = v->channels[i].p_better;
    }
    abp_put_bars(&show->buf, screen, lines, v->channel_count, 2 * INDENT, 0);
    free(lines);
}

/* ---- one style's verdict and numbers ---- */

static void put_guard(struct abp_buffer *note, const struct abp_guard_result *guard,
                      const char *what)
{
    if (!isfinite(guard->threshold) || isnan(guard->e_value))
        return;
    abp_buffer_printf(note, ", guard %s of %s after ", abp_evidence_words(guard->e_value).text,
                      abp_amount_words(guard->threshold).text);
    abp_buffer_printf(note, "%s %s", abp_count_words(guard->blocks).text, what);
}

static void put_chances(struct abp_buffer *note, double p_best, double expected_loss)
{
    const char *between = "";
    if (!isnan(p_best)) {
        abp_buffer_printf(note, "best of all %s", abp_percent_words(p_best).text);
        between = ", ";
    }
    if (!isnan(expected_loss))
        abp_buffer_printf(note, "%sexpected loss %s", between,
                          abp_percent_words(expected_loss).text);
}

static void put_numbers(struct abp_buffer *note, const struct abp_screen *screen,
                        const struct abp_variant_result *v)
{
    put_chances(note, v->p_best, v->expected_loss);
    put_guard(note, &v->guard, v->guard.blocks == 1 ? "block" : "blocks");
    if (!isnan(v->next_post.q025) && !isnan(v->next_post.q975))
        abp_buffer_printf(note, ", next post x%s to x%s", abp_rough_words(v->next_post.q025).text,
                          abp_rough_words(v->next_post.q975).text);
    if (!isnan(v->net_value.mean))
        abp_buffer_printf(
            note, ", net value of a post %s (%s to %s)", abp_amount_words(v->net_value.mean).text,
            abp_amount_words(v->net_value.q025).text, abp_amount_words(v->net_value.q975).text);
    if (!isnan(v->p_net_better))
        abp_buffer_printf(note, ", %s likely to be worth more",
                          abp_percent_words(v->p_net_better).text);
    if (screen->width < ABP_NARROW && !isnan(v->raw_ratio))
        abp_buffer_printf(note, " (raw ratio x%s)", abp_ratio_words(v->raw_ratio).text);
}

/* What the same posts say under the prior that was not learned. */
static void put_without(struct abp_buffer *note, const struct abp_without_result *without)
{
    if (isnan(without->p_better))
        return;
    struct abp_summary ratio = ratio_of_log(&without->log_lift);
    abp_buffer_printf(note, "Without what was learned: %s, ", abp_ratio_interval(&ratio).text);
    abp_buffer_printf(note, "%s better, %s.", abp_percent_words(without->p_better).text,
                      abp_verdict_words(without->verdict));
}

static void put_variant(struct abp_show *show, const struct abp_screen *screen,
                        const struct abp_result *result, size_t number, struct abp_buffer *note)
{
    const struct abp_variant_result *v = &result->variants[number];
    struct abp_buffer *buf = &show->buf;
    int is_baseline = number == 0;
    abp_put_style(buf, screen, ABP_BOLD);
    abp_put_text(buf, screen, v->name, screen->width - VERDICT);
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_add(buf, ": ");
    put_styled(buf, screen, abp_verdict_style(v->verdict),
               is_baseline ? "baseline" : abp_verdict_words(v->verdict));
    abp_buffer_add(buf, ", ");
    put_plural(buf, v->posts, "post");
    abp_buffer_byte(buf, '\n');
    if (v->reason) {
        abp_buffer_add(note, v->reason);
        put_note(buf, screen, note);
    }
    abp_put_forecast(note, &v->forecast);
    put_note(buf, screen, note);
    put_numbers(note, screen, v);
    put_note(buf, screen, note);
    put_without(note, &v->without);
    put_note(buf, screen, note);
    abp_put_diagnoses(note, v, result->variants[0].name);
    put_note(buf, screen, note);
    if (show->verbose && v->channel_count && !is_baseline)
        put_channel_bars(show, screen, v);
}

/* ---- what variants are put together from ---- */

static void put_level_bars(struct abp_show *show, const struct abp_screen *screen,
                           const struct abp_factor_result *factor)
{
    struct abp_bar_line *lines = calloc(factor->level_count, sizeof *lines);
    if (!lines) {
        show->buf.failed = 1;
        return;
    }
    for (size_t i = 0; i < factor->level_count; i++) {
        lines[i].name = factor->levels[i].name;
        lines[i].ratio = abp_ratio_of_lift(&factor->levels[i].lift);
        lines[i].raw = NAN;
        lines[i].p_better = factor->levels[i].p_better;
        lines[i].is_baseline = i == 0;
    }
    abp_put_bars(&show->buf, screen, lines, factor->level_count, INDENT, 0);
    free(lines);
}

static void put_level(struct abp_show *show, const struct abp_screen *screen,
                      const struct abp_level_result *level, struct abp_buffer *note)
{
    struct abp_buffer *buf = &show->buf;
    abp_put_text(buf, screen, level->name, screen->width - VERDICT);
    abp_buffer_add(buf, ": ");
    put_styled(buf, screen, abp_verdict_style(level->verdict), abp_verdict_words(level->verdict));
    abp_buffer_add(buf, ", ");
    put_plural(buf, level->posts, "post");
    abp_buffer_byte(buf, '\n');
    if (level->reason)
        abp_buffer_add(note, level->reason);
    put_note(buf, screen, note);
    put_chances(note, level->p_best, level->expected_loss);
    put_guard(note, &level->guard, level->guard.blocks == 1 ? "pair" : "pairs");
    put_note(buf, screen, note);
}

/* One picture and the verdicts for each factor. */
static void put_factor(struct abp_show *show, const struct abp_screen *screen,
                       const struct abp_factor_result *factor, struct abp_buffer *note)
{
    struct abp_buffer *buf = &show->buf;
    static const char rest[] = ", whatever else a post is put together from";
    int room = screen->width - (int)strlen(rest);
    abp_put_style(buf, screen, ABP_BOLD);
    abp_put_text(buf, screen, factor->name, room > ROOM ? room : ROOM);
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_add(buf, room > ROOM ? rest : "");
    abp_buffer_byte(buf, '\n');
    put_level_bars(show, screen, factor);
    for (size_t i = 1; i < factor->level_count; i++)
        put_level(show, screen, &factor->levels[i], note);
}

/* ---- how it was computed ---- */

static void put_spread(struct abp_buffer *buf, const struct abp_screen *screen, const char *what,
                       const struct abp_summary *spread)
{
    if (isnan(spread->q50))
        return;
    abp_put_blanks(buf, INDENT);
    abp_put_cell(buf, screen, what, 32);
    abp_buffer_printf(buf, "%s, %s to %s\n", abp_ratio_words(spread->q50).text,
                      abp_ratio_words(spread->q025).text, abp_ratio_words(spread->q975).text);
}

static void put_fit(struct abp_buffer *buf, const struct abp_screen *screen,
                    const struct abp_result *result, struct abp_buffer *note)
{
    const struct abp_fit_result *fit = &result->fit;
    put_styled(buf, screen, ABP_BOLD, "How it was computed");
    abp_buffer_byte(buf, '\n');
    abp_buffer_add(note, fit->method[0] ? fit->method : "no method");
    if (!isnan(fit->khat))
        abp_buffer_printf(note, ", k-hat %s", abp_amount_words(fit->khat).text);
    if (fit->ess >= 0 && fit->ess < 1e15)
        abp_buffer_printf(note, ", effective sample size %s",
                          abp_count_words((size_t)fit->ess).text);
    if (fit->seconds >= 0)
        abp_buffer_printf(note, ", %s s", abp_amount_words(fit->seconds).text);
    abp_buffer_printf(note, ", seed %llu", (unsigned long long)fit->seed);
    put_note(buf, screen, note);
    put_spread(buf, screen, "kappa, spread between posts", &fit->kappa);
    for (size_t f = 0; f < result->factor_count; f++) {
        abp_buffer_printf(note, "tau of %s, between levels", result->factors[f].name);
        put_spread(buf, screen, abp_buffer_text(note), &result->factors[f].tau);
        abp_buffer_reset(note);
    }
    put_spread(buf, screen, result->factor_count ? "tau_v, beyond levels" : "tau_v, between styles",
               &fit->tau_v);
    put_spread(buf, screen, "tau_u, between channels", &fit->tau_u);
    put_spread(buf, screen, "tau_b, of a style by channel", &fit->tau_b);
    put_spread(buf, screen, "tau_w, between slots", &fit->tau_w);
}

/* The bars and each variant's verdict. */
static void put_variants(struct abp_show *show, const struct abp_screen *screen,
                         const struct abp_result *result, struct abp_buffer *note)
{
    if (result->variant_count == 1)
        abp_buffer_printf(note, "Nothing to compare: every post is of one style, %s.",
                          result->variants[0].name);
    else if (result->variant_count == 0)
        abp_buffer_add(note, "Nothing to compare yet.");
    if (result->variant_count < 2) {
        abp_put_paragraph(&show->buf, screen, abp_buffer_text(note), 0, 0);
        abp_buffer_reset(note);
        return;
    }
    put_variant_bars(show, screen, result);
    for (size_t i = 0; i < result->variant_count; i++) {
        abp_buffer_byte(&show->buf, '\n');
        put_variant(show, screen, result, i, note);
    }
}

void abp_text_experiment(struct abp_show *show, const struct abp_screen *screen,
                         const struct abp_shown *shown)
{
    const struct abp_result *result = shown->result;
    struct abp_buffer note;
    abp_buffer_init(&note, MAX_NOTE);
    put_head(show, screen, shown, &note);
    put_warnings(&show->buf, screen, result);
    abp_buffer_byte(&show->buf, '\n');
    put_variants(show, screen, result, &note);
    for (size_t f = 0; f < result->factor_count && result->posts; f++) {
        abp_buffer_byte(&show->buf, '\n');
        put_factor(show, screen, &result->factors[f], &note);
    }
    if (show->verbose) {
        abp_buffer_byte(&show->buf, '\n');
        put_fit(&show->buf, screen, result, &note);
    }
    abp_buffer_release(&note);
}
