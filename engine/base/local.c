#include "abpost/local.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define DATE_LEN 10 /* 2026-12-20 */
#define TIME_LEN 16 /* 2026-12-20 04:00 */
#define WHOLE    19 /* 2026-12-20 04:00:00 */

/* ":SS" behind a wall time; 0 or -1. */
static int take_seconds(int64_t *seconds, const char *text)
{
    if (text[0] != ':' || !isdigit((unsigned char)text[1]) || !isdigit((unsigned char)text[2]) ||
        text[1] > '5')
        return -1;
    *seconds = 10 * (text[1] - '0') + (text[2] - '0');
    return 0;
}

int abp_local_parse(int64_t *utc, const char *text, const struct abp_zone *zone)
{
    char day[DATE_LEN + 1], clock[TIME_LEN - DATE_LEN];
    struct abp_date date;
    struct abp_wall_time time;
    int64_t seconds = 0;
    size_t len = strlen(text);
    if (len > WHOLE)
        return abp_time_parse(utc, text);
    if ((len != TIME_LEN && len != WHOLE) || (text[DATE_LEN] != ' ' && text[DATE_LEN] != 'T'))
        return -1;
    memcpy(day, text, DATE_LEN);
    day[DATE_LEN] = '\0';
    memcpy(clock, text + DATE_LEN + 1, sizeof clock - 1);
    clock[sizeof clock - 1] = '\0';
    if (abp_date_parse(&date, day) != 0 || abp_wall_time_parse(&time, clock) != 0 ||
        (len == WHOLE && take_seconds(&seconds, text + TIME_LEN) != 0))
        return -1;
    *utc = abp_zone_to_utc(zone, &date, &time) + seconds;
    return 0;
}

int abp_local_is_minute(const char *text)
{
    return strlen(text) == TIME_LEN;
}

int64_t abp_local_next_minute(int64_t utc)
{
    int64_t over = utc % 60;
    return over > 0 ? utc - over + 60 : utc - over;
}

void abp_local_format(char *out, int64_t utc, const struct abp_zone *zone)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    struct abp_date date;
    struct abp_wall_time time;
    if (abp_zone_to_local(&date, &time, zone, utc) != 0) {
        snprintf(out, ABP_LOCAL_SIZE, "?");
        return;
    }
    snprintf(out, ABP_LOCAL_SIZE, "%s %04u-%02u-%02u %02u:%02u", days[abp_date_weekday(&date)],
             (unsigned)date.year % 10000, (unsigned)date.month % 100, (unsigned)date.day % 100,
             (unsigned)time.hour % 100, (unsigned)time.minute % 100);
}

int abp_local_week(int64_t *begins, int64_t utc, const struct abp_zone *zone)
{
    struct abp_date date;
    struct abp_wall_time time;
    const struct abp_wall_time midnight = {0, 0};
    if (abp_zone_to_local(&date, &time, zone, utc) != 0 ||
        abp_date_from_days(&date, abp_date_to_days(&date) - abp_date_weekday(&date)) != 0)
        return -1;
    *begins = abp_zone_to_utc(zone, &date, &midnight);
    return 0;
}
