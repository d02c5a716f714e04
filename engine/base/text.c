#include "abpost/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

size_t abp_utf8_invalid_at(const char *text, size_t len)
{
    size_t at = 0;
    while (at < len) {
        utf8proc_int32_t code;
        utf8proc_ssize_t left = (utf8proc_ssize_t)(len - at);
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at, left, &code);
        if (n <= 0 || code <= 0)
            return at;
        at += (size_t)n;
    }
    return len;
}

/* Only [+-]digits[.digits][e[+-]digits]: strtod alone also takes hex, inf, nan and blanks. */
static int is_decimal(const char *p)
{
    size_t digits = 0;
    if (*p == '+' || *p == '-')
        p++;
    for (; isdigit((unsigned char)*p); p++)
        digits++;
    if (*p == '.')
        for (p++; isdigit((unsigned char)*p); p++)
            digits++;
    if (digits && (*p == 'e' || *p == 'E')) {
        p++;
        if (*p == '+' || *p == '-')
            p++;
        if (!isdigit((unsigned char)*p))
            return 0;
        while (isdigit((unsigned char)*p))
            p++;
    }
    return digits && *p == '\0';
}

int abp_is_harmless(int32_t code)
{
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return 0;
    case UTF8PROC_CATEGORY_CF:
        /* The joiners build emoji and Persian words; every other format character can turn the
         * order of a line around or hide in it. */
        return code == 0x200c || code == 0x200d;
    default:
        return 1;
    }
}

int abp_parse_double(const char *text, double *value)
{
    if (!is_decimal(text))
        return -1;
    errno = 0;
    char *end = NULL;
    double v = strtod(text, &end);
    if (*end != '\0' || !isfinite(v))
        return -1;
    *value = v;
    return 0;
}

int abp_parse_int64(const char *text, int64_t *value)
{
    const char *p = text + (*text == '-' || *text == '+');
    if (!isdigit((unsigned char)*p))
        return -1;
    errno = 0;
    char *end = NULL;
    long long v = strtoll(text, &end, 10);
    if (errno || *end != '\0')
        return -1;
    *value = v;
    return 0;
}

#define SUGGEST_MAX 64

/* Levenshtein distance with adjacent transpositions counted once; both at most SUGGEST_MAX long. */
static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
    size_t rows[3][SUGGEST_MAX + 1];
    for (size_t j = 0; j <= lb; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            size_t best = before[j - 1] + (ca != cb);
            if (before[j] + 1 < best)
                best = before[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2]) && earlier[j - 2] + 1 < best)
                best = earlier[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[la % 3][lb];
}

/* The only candidate that starts with text, of at least three bytes; else NULL. */
static const char *completion(const char *text, const char *const *candidates, size_t count)
{
    const char *found = NULL;
    size_t len = strlen(text);
    for (size_t i = 0; i < count && len >= 3; i++) {
        if (strncmp(text, candidates[i], len) != 0)
            continue;
        if (found)
            return NULL;
        found = candidates[i];
    }
    return found;
}

const char *abp_suggest(const char *text, const char *const *candidates, size_t count)
{
    size_t len = strlen(text);
    const char *best = NULL;
    size_t best_distance = len / 3 > 1 ? len / 3 + 1 : 2;
    if (len > SUGGEST_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t other = strlen(candidates[i]);
        if (other > SUGGEST_MAX)
            continue;
        size_t d = distance(text, len, candidates[i], other);
        if (d < best_distance) {
            best_distance = d;
            best = candidates[i];
        }
    }
    return best ? best : completion(text, candidates, count);
}

char *abp_strndup(const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    if (!copy)
        return NULL;
    if (len)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *abp_strdup(const char *text)
{
    return abp_strndup(text, strlen(text));
}

char *abp_trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

int abp_equal_nocase(const char *a, const char *b)
{
    while (*a && *b && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

const char *abp_shown(char *out, const char *text)
{
    size_t len = strlen(text);
    size_t most = ABP_SHOWN_SIZE - 4;
    if (len <= most) {
        memcpy(out, text, len + 1);
        return out;
    }
    len = most;
    while (len > 0 && ((unsigned char)text[len] & 0xC0u) == 0x80u)
        len--;
    memcpy(out, text, len);
    memcpy(out + len, "...", 4);
    return out;
}

const char *abp_hint(char *out, const char *text, const char *const *candidates, size_t count)
{
    const char *near = abp_suggest(text, candidates, count);
    out[0] = '\0';
    if (near)
        snprintf(out, ABP_HINT_SIZE, " (did you mean '%s'?)", near);
    return out;
}
