#include "abpost/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static struct abp_number ABP_PRINTF(2, 3) number(double value, const char *format, ...)
{
    struct abp_number words = {"-"};
    if (!isfinite(value))
        return words;
    va_list args;
    va_start(args, format);
    vsnprintf(words.text, sizeof words.text, format, args);
    va_end(args);
    return words;
}

struct abp_number abp_ratio_words(double ratio)
{
    double size = fabs(ratio);
    if (size < 0.00995)
        return number(ratio, "%.1g", ratio);
    if (size < 9.995)
        return number(ratio, "%.2f", ratio);
    if (size < 99.95)
        return number(ratio, "%.1f", ratio);
    if (size < 99999.5)
        return number(ratio, "%.0f", ratio);
    return number(ratio, "%.2g", ratio);
}

struct abp_number abp_rough_words(double ratio)
{
    return fabs(ratio) < 99.5 ? number(ratio, "%.2g", ratio) : abp_ratio_words(ratio);
}

struct abp_number abp_percent_words(double share)
{
    double percent = 100 * share;
    /* A probability that is not certain never reads as if it were. */
    if (percent > 0 && percent < 1)
        return number(percent, "<1 %%");
    if (percent > 99 && percent <= 100)
        return number(percent, ">99 %%");
    if (fabs(percent) < 99999.5)
        return number(percent, "%.0f %%", percent);
    return number(percent, "%.2g %%", percent);
}

struct abp_number abp_amount_words(double amount)
{
    if (fabs(amount) >= 999.5 && fabs(amount) < 1e9)
        return number(amount, "%.0f", amount);
    return number(amount, "%.3g", amount);
}

struct abp_number abp_evidence_words(double e_value)
{
    static const struct abp_number far = {"over 1000"};
    return e_value >= 1000.0 ? far : abp_amount_words(e_value);
}

struct abp_number abp_count_words(size_t count)
{
    struct abp_number words;
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%zu", count), at = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            words.text[at++] = ',';
        words.text[at++] = digits[i];
    }
    words.text[at] = '\0';
    return words;
}

const char *abp_verdict_words(enum abp_verdict verdict)
{
    static const char *const words[ABP_VERDICT_COUNT] = {
        [ABP_NO_VERDICT] = "baseline",
        [ABP_REPEAT] = "repeat",
        [ABP_DROP] = "drop",
        [ABP_SAME] = "same",
        [ABP_LEANING_REPEAT] = "leaning repeat",
        [ABP_LEANING_DROP] = "leaning drop",
        [ABP_KEEP_TESTING] = "keep testing",
        [ABP_EXHAUSTED] = "exhausted",
    };
    return (unsigned)verdict < ABP_VERDICT_COUNT ? words[verdict] : "";
}

void abp_put_forecast(struct abp_buffer *buf, const struct abp_forecast_result *f)
{
    if (isnan(f->p_decided))
        return;
    size_t by = (size_t)f->by;
    if (isnan(f->posts)) {
        abp_buffer_printf(buf, "A decision is unlikely to come in time: %s by %s posts.",
                          abp_percent_words(f->p_decided).text, abp_count_words(by).text);
        return;
    }
    abp_buffer_printf(buf, "Likely decided after about %s more posts",
                      abp_count_words((size_t)f->posts).text);
    if (f->weeks >= 1.5)
        abp_buffer_printf(buf, " (%.0f weeks)", f->weeks);
    else if (!isnan(f->weeks))
        abp_buffer_add(buf, " (a week)");
    abp_buffer_printf(buf, "; %s by %s posts.", abp_percent_words(f->p_decided).text,
                      abp_count_words(by).text);
}

/* ---- diagnoses ---- */

/* "4.2 %" of a factor's distance from 1, whichever side it lies on. */
static struct abp_number change_words(double log_ratio)
{
    double percent = 100 * fabs(expm1(log_ratio));
    return number(percent, percent < 9.95 ? "%.2g %%" : "%.0f %%", percent);
}

static void put_fading(struct abp_buffer *buf, const struct abp_diagnosis_result *d,
                       const char *baseline)
{
    int falls = d->estimate < 0;
    abp_buffer_printf(buf,
                      "It seems to %s: with each further post of it the ratio to %s has %s by ",
                      falls ? "wear off" : "grow on readers", baseline, falls ? "fallen" : "risen");
    abp_buffer_printf(buf, "%s (95 %% interval ", change_words(d->estimate).text);
    abp_buffer_printf(buf, "%s to ", change_words(falls ? d->high : d->low).text);
    abp_buffer_printf(buf, "%s).", change_words(falls ? d->low : d->high).text);
}

static void put_carry_over(struct abp_buffer *buf, const struct abp_diagnosis_result *d,
                           const char *baseline)
{
    abp_buffer_printf(buf, "The next post on a channel seems to earn %s times as much ",
                      abp_ratio_words(exp(d->estimate)).text);
    abp_buffer_printf(buf, "(95 %% interval %s to ", abp_ratio_words(exp(d->low)).text);
    abp_buffer_printf(buf, "%s) after one of it as after one of %s, whatever its own style.",
                      abp_ratio_words(exp(d->high)).text, baseline);
}

void abp_put_diagnoses(struct abp_buffer *buf, const struct abp_variant_result *variant,
                       const char *baseline)
{
    int fades = variant->fading.notable, carries = variant->carry_over.notable;
    if (fades)
        put_fading(buf, &variant->fading, baseline);
    if (fades && carries)
        abp_buffer_byte(buf, ' ');
    if (carries)
        put_carry_over(buf, &variant->carry_over, baseline);
    if (fades || carries)
        abp_buffer_printf(buf, " No verdict counts on %s.",
                          fades && carries ? "these estimates" : "that estimate");
}
