#include "base/zone_rule.h"

#include "abpost/time.h"

#include <string.h>

#define DAY_SECONDS INT64_C(86400)

/* ---- parsing ---- */

/* A number of at most 3 digits from 0 to max. 0 or -1. */
static int take_number(const char **p, int max, int *value)
{
    int v = 0, digits = 0;
    for (; **p >= '0' && **p <= '9' && digits < 3; ++*p, digits++)
        v = v * 10 + (**p - '0');
    *value = v;
    return digits > 0 && v <= max ? 0 : -1;
}

static int take_char(const char **p, char c)
{
    if (**p != c)
        return -1;
    ++*p;
    return 0;
}

/* "CET" or "<+0530>". */
static int take_abbreviation(const char **p)
{
    const char *s = *p;
    if (*s == '<') {
        s += strspn(s + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-") + 1;
        if (*s != '>')
            return -1;
        *p = s + 1;
        return 0;
    }
    size_t len = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    *p = s + len;
    return len >= 3 ? 0 : -1;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static int take_time(const char **p, int max_hours, int64_t *seconds)
{
    int negative = **p == '-', hours, minutes = 0, rest = 0;
    if (**p == '-' || **p == '+')
        ++*p;
    if (take_number(p, max_hours, &hours) != 0)
        return -1;
    if (**p == ':') {
        ++*p;
        if (take_number(p, 59, &minutes) != 0)
            return -1;
        if (**p == ':') {
            ++*p;
            if (take_number(p, 59, &rest) != 0)
                return -1;
        }
    }
    int64_t t = (int64_t)hours * 3600 + minutes * 60 + rest;
    *seconds = negative ? -t : t;
    return 0;
}

static int take_month_week_day(const char **p, struct abp_zone_change *change)
{
    change->kind = ABP_RULE_WEEK;
    return take_number(p, 12, &change->month) == 0 && change->month >= 1 &&
                   take_char(p, '.') == 0 && take_number(p, 5, &change->week) == 0 &&
                   change->week >= 1 && take_char(p, '.') == 0 &&
                   take_number(p, 6, &change->day) == 0
               ? 0
               : -1;
}

/* ",M3.5.0/2" */
static int take_change(const char **p, struct abp_zone_change *change)
{
    int rc;
    if (take_char(p, ',') != 0)
        return -1;
    change->time = 7200;
    if (**p == 'M') {
        ++*p;
        rc = take_month_week_day(p, change);
    } else if (**p == 'J') {
        ++*p;
        change->kind = ABP_RULE_JULIAN;
        rc = take_number(p, 365, &change->day) == 0 && change->day >= 1 ? 0 : -1;
    } else {
        change->kind = ABP_RULE_DAY;
        rc = take_number(p, 365, &change->day);
    }
    if (rc == 0 && **p == '/') {
        ++*p;
        rc = take_time(p, 167, &change->time);
    }
    return rc;
}

int abp_zone_rule_parse(struct abp_zone_rule *rule, const char *text)
{
    int64_t west;
    memset(rule, 0, sizeof *rule);
    if (take_abbreviation(&text) != 0 || take_time(&text, 24, &west) != 0)
        return -1;
    rule->standard = rule->summer = -west;
    if (*text == '\0')
        return 0;
    rule->changes = 1;
    rule->summer = rule->standard + 3600;
    if (take_abbreviation(&text) != 0)
        return -1;
    if (*text != ',') {
        if (take_time(&text, 24, &west) != 0)
            return -1;
        rule->summer = -west;
    }
    if (take_change(&text, &rule->to_summer) != 0 || take_change(&text, &rule->to_standard) != 0)
        return -1;
    return *text == '\0' ? 0 : -1;
}

/* ---- use ---- */

static int64_t day_of_week_rule(const struct abp_zone_change *change, int year)
{
    struct abp_date first = {year, change->month, 1};
    struct abp_date next = {change->month == 12 ? year + 1 : year, change->month % 12 + 1, 1};
    int64_t day = abp_date_to_days(&first);
    int sunday_based = (abp_date_weekday(&first) + 1) % 7;
    day += (change->day - sunday_based + 7) % 7 + (change->week - 1) * 7;
    return day >= abp_date_to_days(&next) ? day - 7 : day;
}

/* The local time of a change in a year, in seconds since 1970 as if local time were UTC. */
static int64_t change_at(const struct abp_zone_change *change, int year)
{
    struct abp_date january = {year, 1, 1}, march = {year, 3, 1};
    int64_t day = abp_date_to_days(&january);
    int leap = abp_date_to_days(&march) - day == 60;
    if (change->kind == ABP_RULE_WEEK)
        day = day_of_week_rule(change, year);
    else if (change->kind == ABP_RULE_DAY)
        day += change->day;
    else
        day += change->day - 1 + (leap && change->day >= 60);
    return day * DAY_SECONDS + change->time;
}

/* The year of an instant in standard time, clamped to the years of abp_date with one to spare at
 * the end, for the week rule's next month. */
static int year_of(const struct abp_zone_rule *rule, int64_t utc)
{
    struct abp_date date;
    if (abp_date_from_days(&date, (utc + rule->standard) / DAY_SECONDS) != 0)
        return utc < 0 ? 1 : 9998;
    return date.year > 9998 ? 9998 : date.year;
}

int64_t abp_zone_rule_offset(const struct abp_zone_rule *rule, int64_t utc)
{
    if (!rule->changes)
        return rule->standard;
    int year = year_of(rule, utc);
    int64_t to_summer = change_at(&rule->to_summer, year) - rule->standard;
    int64_t to_standard = change_at(&rule->to_standard, year) - rule->summer;
    int summer = to_summer < to_standard ? utc >= to_summer && utc < to_standard
                                         : utc >= to_summer || utc < to_standard;
    return summer ? rule->summer : rule->standard;
}
