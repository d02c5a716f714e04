/* Time zones, from the machine's tz database (the TZif files of RFC 8536, in their 64-bit part, and
 * beyond their last change by the rule in their footer). No globals and no TZ variable: a zone is a
 * value that any thread may read. */
#ifndef ABPOST_ZONE_H
#define ABPOST_ZONE_H

#include "abpost/error.h"
#include "abpost/time.h"

#include <stdint.h>

struct abp_zone;

/* The zone of an IANA name ("Europe/Paris"); "UTC" needs no database. 0, or -1 with err ABP_DATA
 * when there is none of that name ("... (did you mean 'Europe/Paris'?)") or ABP_FAILED when its
 * file can't be used or this machine has no database. Free with abp_zone_free. */
int abp_zone_open(struct abp_zone **zone, const char *name, struct abp_error *err) ABP_MUST_CHECK;
void abp_zone_free(struct abp_zone *zone);

/* Seconds east of UTC at an instant. */
int64_t abp_zone_offset(const struct abp_zone *zone, int64_t utc);

/* The instant at which clocks there show this (valid) date and time. When they show it twice
 * (clocks go back) the first; when they never do (clocks go forward) the instant as many minutes
 * after the change as the time is after the gap's start: 02:30 is read as 03:30. */
int64_t abp_zone_to_utc(const struct abp_zone *zone, const struct abp_date *date,
                        const struct abp_wall_time *time);

/* What clocks there show at an instant; seconds are dropped. 0, or -1 outside the years 1 to 9999.
 */
int abp_zone_to_local(struct abp_date *date, struct abp_wall_time *time,
                      const struct abp_zone *zone, int64_t utc) ABP_MUST_CHECK;

#endif
