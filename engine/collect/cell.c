#include "collect/cell.h"

#include "abpost/import.h"
#include "abpost/text.h"
#include "abpost/time.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

int abp_cell_is_missing(const char *text, const struct abp_names *missing)
{
    if (!*text)
        return 1;
    for (size_t i = 0; i < missing->count; i++)
        if (strcmp(text, missing->list[i]) == 0)
            return 1;
    return 0;
}

/* ---- readings ---- */

static const char *number_hint(const char *text)
{
    if (strpbrk(text, "0123456789"))
        return "thousands separators, decimal commas, units and percent signs are not read; write "
               "1234.5";
    return "if it stands for a missing reading, add it to 'missing =' in [import]";
}

int abp_cell_reading(double *value, const char *text, const struct abp_names *missing, char *why)
{
    char shown[ABP_SHOWN_SIZE];
    *value = (double)NAN;
    if (abp_cell_is_missing(text, missing))
        return 0;
    double v = 0;
    if (abp_parse_double(text, &v) != 0) {
        snprintf(why, ABP_WHY_SIZE, "'%s' is not a number; %s", abp_shown(shown, text),
                 number_hint(text));
        return -1;
    }
    if (v < 0) {
        snprintf(why, ABP_WHY_SIZE, "%s is negative; a reading is a count or an amount",
                 abp_shown(shown, text));
        return -1;
    }
    *value = v + 0.0; /* -0 becomes 0 */
    return 0;
}

/* "1.000": as many digits behind the point as between two thousands separators. */
static int is_grouped(const char *text)
{
    size_t before = strspn(text, "0123456789"), behind;
    if (before < 1 || before > 3 || *text == '0' || text[before] != '.')
        return 0;
    behind = strspn(text + before + 1, "0123456789");
    return behind == 3 && text[before + 4] == '\0';
}

int abp_cell_count(double *value, const char *text, const struct abp_names *missing, char *why)
{
    char shown[ABP_SHOWN_SIZE];
    if (abp_cell_reading(value, text, missing, why) != 0)
        return -1;
    if (isnan(*value) || !is_grouped(text) || *value > floor(*value))
        return 0;
    snprintf(why, ABP_WHY_SIZE,
             "'%s': is that %.0f or %.0f? Thousands separators are not read, and a count needs no "
             "decimals; write one of them",
             abp_shown(shown, text), *value, 1000 * *value);
    return -1;
}

int abp_cell_whole(double value, double weight, const char *text, enum abp_family family, char *why)
{
    char shown[ABP_SHOWN_SIZE], thousands[64] = "";
    double product = weight * value;
    if (product >= floor(product) && product <= floor(product))
        return 0;
    if (is_grouped(text))
        snprintf(thousands, sizeof thousands, "; if it is %.0f, write that", 1000 * value);
    snprintf(why, ABP_WHY_SIZE,
             "'%s' is no whole number, and family %s counts; for amounts choose family = lognormal "
             "in [decision]%s",
             abp_shown(shown, text), abp_family_name(family), thousands);
    return -1;
}

/* ---- times ---- */

static int all_digits(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isdigit((unsigned char)text[i]))
            return 0;
    return 1;
}

/* Ten digits that are a date and an hour as well, 2019022220: no post is from the time of after
 * 2032 that they would be as seconds since 1970. */
static int is_date_hour(const char *text)
{
    char spelt[] = "0000-00-00T00:00:00Z";
    int64_t unused;
    memcpy(spelt, text, 4);
    memcpy(spelt + 5, text + 4, 2);
    memcpy(spelt + 8, text + 6, 2);
    memcpy(spelt + 11, text + 8, 2);
    return strcmp(text, "1970") > 0 && strcmp(text, "2100") < 0 &&
           abp_time_parse(&unused, spelt) == 0;
}

/* 2019/02/22 20:30 -> 2019-02-22T20:30:00Z: what people write, in the words of RFC 3339. */
static int spell_out(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len < 10 || len + 5 > size)
        return -1;
    memcpy(out, text, len + 1);
    if (out[4] == '/' && out[7] == '/')
        out[4] = out[7] = '-';
    if (len == 10)
        return 0;
    if (out[10] == ' ')
        out[10] = 'T';
    if (len < 16 || !all_digits(out + 14, 2))
        return -1;
    if (out[16] != ':') { /* no seconds */
        memmove(out + 19, out + 16, len - 16 + 1);
        memcpy(out + 16, ":00", 3);
        len += 3;
    }
    if (!strpbrk(out + 16, "Zz+-"))
        memcpy(out + len, "Z", 2);
    return 0;
}

int abp_cell_time(int64_t *utc, int *known, const char *text, const struct abp_names *missing,
                  char *why)
{
    char spelt[64], shown[ABP_SHOWN_SIZE];
    *known = 0;
    if (abp_cell_is_missing(text, missing))
        return 0;
    *known = 1;
    if (strlen(text) == 10 && all_digits(text, 10) && !is_date_hour(text))
        return abp_parse_int64(text, utc);
    if (spell_out(spelt, sizeof spelt, text) == 0 && abp_time_parse(utc, spelt) == 0)
        return 0;
    snprintf(why, ABP_WHY_SIZE,
             "'%s' is no time that can be read in one way only; write 2019-02-22 20:30 (UTC) or "
             "2019-02-22T20:30:00+01:00",
             abp_shown(shown, text));
    return -1;
}

/* ---- names ---- */

int abp_cell_name(const char *text, const struct abp_names *missing, const char *const *allowed,
                  size_t allowed_count, char *why)
{
    char shown[ABP_SHOWN_SIZE], hint[ABP_HINT_SIZE];
    if (!*text) {
        snprintf(why, ABP_WHY_SIZE, "empty; every row needs a value here");
        return -1;
    }
    if (abp_cell_is_missing(text, missing)) {
        snprintf(why, ABP_WHY_SIZE,
                 "'%s' is one of the 'missing =' words; every row needs a value here",
                 abp_shown(shown, text));
        return -1;
    }
    if (strlen(text) > ABP_IMPORT_NAME_MAX) {
        snprintf(why, ABP_WHY_SIZE, "'%s' is longer than %d bytes", abp_shown(shown, text),
                 ABP_IMPORT_NAME_MAX);
        return -1;
    }
    if (allowed_count == 0)
        return 0;
    for (size_t i = 0; i < allowed_count; i++)
        if (strcmp(text, allowed[i]) == 0)
            return 0;
    snprintf(why, ABP_WHY_SIZE, "'%s' is no variant of this experiment%s", abp_shown(shown, text),
             abp_hint(hint, text, allowed, allowed_count));
    return -1;
}
