/* Dates, times of day, instants and durations as text. Pure arithmetic on the proleptic Gregorian
 * calendar: no clock, no locale, no zone (zone.h has those). Every parser takes the whole of its
 * text or refuses it: no blanks around it, nothing after it, nothing rounded. */
#ifndef ABPOST_TIME_H
#define ABPOST_TIME_H

#include "abpost/error.h"

#include <stdint.h>

struct abp_date {
    int year, month, day; /* proleptic Gregorian; month and day from 1 */
};

struct abp_wall_time {
    int hour, minute; /* of a local day: 0-23, 0-59 */
};

/* 1: a day that exists in the years 1 to 9999. */
int abp_date_valid(const struct abp_date *date);
/* "2026-12-01", exactly so. 0, or -1 for anything else and for days that do not exist. */
int abp_date_parse(struct abp_date *date, const char *text) ABP_MUST_CHECK;
/* Days since 1970-01-01 of a valid date; negative before it. */
int64_t abp_date_to_days(const struct abp_date *date);
/* The way back. 0, or -1 outside the years 1 to 9999. */
int abp_date_from_days(struct abp_date *date, int64_t days) ABP_MUST_CHECK;
/* 0 = Monday ... 6 = Sunday, of a valid date. */
int abp_date_weekday(const struct abp_date *date);
/* Negative, 0, positive: a before, equal to, after b. */
int abp_date_compare(const struct abp_date *a, const struct abp_date *b);

/* "09:00" (two digits each, 24 hours). 0 or -1. */
int abp_wall_time_parse(struct abp_wall_time *time, const char *text) ABP_MUST_CHECK;

/* An instant, in UTC seconds since 1970: RFC 3339 ("2026-12-20T03:00:00Z", "...T04:00:00+01:00",
 * a fraction of a second is read and dropped), or a date alone, which is its midnight UTC. Years 1
 * to 9999 (UTC). No leap seconds: second 60 is refused. 0 or -1. */
int abp_time_parse(int64_t *utc, const char *text) ABP_MUST_CHECK;

#define ABP_TIME_SIZE 21 /* "2026-12-20T03:00:00Z" and its NUL */

/* "2026-12-20T03:00:00Z" into out[ABP_TIME_SIZE]. 0, or -1 and "" outside the years 1 to 9999. */
int abp_time_format(char *out, int64_t utc);

#define ABP_DURATION_MAX  INT64_C(315576000000) /* 10000 years of 365.25 days, in seconds */
#define ABP_DURATION_SIZE 24

/* A length of time, in seconds, 0 to ABP_DURATION_MAX: whole numbers with units from the largest to
 * the smallest, each at most once: "48h", "2d", "90 min", "1h30m", "1 day 12 hours". Units: w week
 * weeks, d day days, h hour hours, m min minute minutes, s sec second seconds. 0 or -1. */
int abp_duration_parse(int64_t *seconds, const char *text) ABP_MUST_CHECK;

/* The shortest exact text of a duration >= 0, into out[ABP_DURATION_SIZE]: "2d", "90m", "45s"; it
 * parses back to the same number. 0, or -1 and "" out of range. */
int abp_duration_format(char *out, int64_t seconds);

#endif
