#include "screen.h"

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
