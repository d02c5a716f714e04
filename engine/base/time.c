#include "abpost/time.h"

#include <stdio.h>
#include <string.h>

#define DAY_SECONDS INT64_C(86400)

/* Exactly `digits` decimal digits at *p, which moves past them. 0 or -1. */
static int take_digits(const char **p, int digits, int *value)
{
    int v = 0;
    for (int i = 0; i < digits; i++) {
        char c = (*p)[i];
        if (c < '0' || c > '9')
            return -1;
        v = v * 10 + (c - '0');
    }
    *p += digits;
    *value = v;
    return 0;
}

static int take_char(const char **p, char c)
{
    if (**p != c)
        return -1;
    ++*p;
    return 0;
}

static int days_in_month(int year, int month)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap);
}

int abp_date_valid(const struct abp_date *date)
{
    return date->year >= 1 && date->year <= 9999 && date->month >= 1 && date->month <= 12 &&
           date->day >= 1 && date->day <= days_in_month(date->year, date->month);
}

static int take_date(const char **p, struct abp_date *date)
{
    struct abp_date d;
    if (take_digits(p, 4, &d.year) != 0 || take_char(p, '-') != 0 ||
        take_digits(p, 2, &d.month) != 0 || take_char(p, '-') != 0 ||
        take_digits(p, 2, &d.day) != 0 || !abp_date_valid(&d))
        return -1;
    *date = d;
    return 0;
}

int abp_date_parse(struct abp_date *date, const char *text)
{
    struct abp_date d;
    if (take_date(&text, &d) != 0 || *text != '\0')
        return -1;
    *date = d;
    return 0;
}

/* Howard Hinnant, "chrono-compatible low-level date algorithms", days_from_civil: years begin in
 * March, so that the leap day comes last, and go in eras of 400. */
int64_t abp_date_to_days(const struct abp_date *date)
{
    int64_t year = date->year - (date->month <= 2);
    int64_t era = year / 400; /* a valid date's year is never negative here */
    int64_t of_era = year - era * 400;
    int64_t month = date->month > 2 ? date->month - 3 : date->month + 9;
    int64_t of_year = (153 * month + 2) / 5 + date->day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* civil_from_days, from the same source. */
int abp_date_from_days(struct abp_date *date, int64_t days)
{
    static const struct abp_date first = {1, 1, 1}, last = {9999, 12, 31};
    if (days < abp_date_to_days(&first) || days > abp_date_to_days(&last))
        return -1;
    int64_t from_era = days + 719468;
    int64_t era = from_era / 146097;
    int64_t day = from_era - era * 146097;
    int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    int64_t of_year = day - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;
    date->day = (int)(of_year - (153 * month + 2) / 5 + 1);
    date->month = (int)(month < 10 ? month + 3 : month - 9);
    date->year = (int)(year + era * 400 + (date->month <= 2));
    return 0;
}

int abp_date_weekday(const struct abp_date *date)
{
    int64_t from_monday = (abp_date_to_days(date) + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(from_monday < 0 ? from_monday + 7 : from_monday);
}

int abp_date_compare(const struct abp_date *a, const struct abp_date *b)
{
    if (a->year != b->year)
        return a->year < b->year ? -1 : 1;
    if (a->month != b->month)
        return a->month < b->month ? -1 : 1;
    return (a->day > b->day) - (a->day < b->day);
}

static int take_hour_minute(const char **p, struct abp_wall_time *time)
{
    struct abp_wall_time t;
    if (take_digits(p, 2, &t.hour) != 0 || take_char(p, ':') != 0 ||
        take_digits(p, 2, &t.minute) != 0 || t.hour > 23 || t.minute > 59)
        return -1;
    *time = t;
    return 0;
}

int abp_wall_time_parse(struct abp_wall_time *time, const char *text)
{
    struct abp_wall_time t;
    if (take_hour_minute(&text, &t) != 0 || *text != '\0')
        return -1;
    *time = t;
    return 0;
}

/* ":SS" and an optional fraction. */
static int take_seconds(const char **p, int *second)
{
    if (take_char(p, ':') != 0 || take_digits(p, 2, second) != 0 || *second > 59)
        return -1;
    if (**p != '.')
        return 0;
    ++*p;
    if (**p < '0' || **p > '9')
        return -1;
    while (**p >= '0' && **p <= '9')
        ++*p;
    return 0;
}

/* "Z" or "+01:00": seconds east of UTC. */
static int take_offset(const char **p, int64_t *east)
{
    char sign = **p;
    struct abp_wall_time off;
    ++*p;
    *east = 0;
    if (sign == 'Z' || sign == 'z')
        return 0;
    if ((sign != '+' && sign != '-') || take_hour_minute(p, &off) != 0)
        return -1;
    *east = (off.hour * 3600 + off.minute * 60) * (sign == '-' ? -1 : 1);
    return 0;
}

int abp_time_parse(int64_t *utc, const char *text)
{
    struct abp_date date;
    struct abp_wall_time time = {0, 0};
    int second = 0;
    int64_t east = 0;
    if (take_date(&text, &date) != 0)
        return -1;
    if (*text != '\0') {
        if ((*text != 'T' && *text != 't') || (++text, take_hour_minute(&text, &time) != 0) ||
            take_seconds(&text, &second) != 0 || *text == '\0' || take_offset(&text, &east) != 0 ||
            *text != '\0')
            return -1;
    }
    int64_t t =
        abp_date_to_days(&date) * DAY_SECONDS + time.hour * 3600 + time.minute * 60 + second - east;
    char check[ABP_TIME_SIZE];
    if (abp_time_format(check, t) != 0)
        return -1; /* the offset leads out of the years 1 to 9999 */
    *utc = t;
    return 0;
}

int abp_time_format(char *out, int64_t utc)
{
    int64_t days = utc / DAY_SECONDS;
    int64_t rest = utc % DAY_SECONDS;
    struct abp_date d;
    if (rest < 0) {
        rest += DAY_SECONDS;
        days--;
    }
    out[0] = '\0';
    if (abp_date_from_days(&d, days) != 0)
        return -1;
    int r = (int)rest;
    int n = snprintf(out, ABP_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year, d.month, d.day,
                     r / 3600, r / 60 % 60, r % 60);
    return n == ABP_TIME_SIZE - 1 ? 0 : -1;
}
