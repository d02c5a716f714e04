/* Instants as people of one time zone write and read them. */
#ifndef ABPOST_LOCAL_H
#define ABPOST_LOCAL_H

#include "abpost/zone.h"

#include <stdint.h>

/* The whole of text as an instant, in UTC seconds: RFC 3339 ("2026-12-20T03:00:00Z", with any
 * offset), or what clocks of the zone show ("2026-12-20 04:00", with :SS or T if wanted). A day
 * without a time is refused: it could be any of its hours. 0 or -1. */
int abp_local_parse(int64_t *utc, const char *text, const struct abp_zone *zone) ABP_MUST_CHECK;

/* 1: a text that abp_local_parse() reads names a minute, any second of which may be meant. */
int abp_local_is_minute(const char *text);

/* The first whole minute that is not before an instant: what a person is told to wait for, as
 * abp_local_format() leaves the seconds out. */
int64_t abp_local_next_minute(int64_t utc);

#define ABP_LOCAL_SIZE 32 /* "mon 2026-12-07 09:00" and its NUL, with room to spare */

/* "mon 2026-12-07 09:00" in the zone, into out[ABP_LOCAL_SIZE]; "?" outside the years 1 to 9999. */
void abp_local_format(char *out, int64_t utc, const struct abp_zone *zone);

/* UTC seconds of the Monday 00:00 that begins the ISO week of an instant, in the zone. 0, or -1
 * outside the years 1 to 9999. */
int abp_local_week(int64_t *begins, int64_t utc, const struct abp_zone *zone) ABP_MUST_CHECK;

#endif
