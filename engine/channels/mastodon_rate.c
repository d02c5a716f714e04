/* When a server wants to be asked again, in each of the ways that servers say it. */
#include "abpost/text.h"
#include "abpost/time.h"
#include "channels/mastodon.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define A_DAY        (24 * 60 * 60)
#define FIRST_MOMENT 1000000000 /* seconds since 1970, of 2001: less than that counts from now */

/* Two digits at text as a number; -1 when they are none. */
static int two_digits(const char *text)
{
    if (!isdigit((unsigned char)text[0]) || !isdigit((unsigned char)text[1]))
        return -1;
    return (text[0] - '0') * 10 + text[1] - '0';
}

static int month_of(const char *name)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12; month++)
        if (strncmp(names + (size_t)month * 3, name, 3) == 0)
            return month + 1;
    return 0;
}

/* "14:52:55" at text, as seconds of a day; -1 when it is none. */
static int seconds_of(const char *text)
{
    int hour = two_digits(text), minute = two_digits(text + 3), second = two_digits(text + 6);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 ||
        text[2] != ':' || text[5] != ':')
        return -1;
    return hour * 3600 + minute * 60 + second;
}

/* "Tue, 24 Nov 2026 14:52:55 GMT"
 *  0    5  8   12   17       25   */
int abp_mastodon_http_date(int64_t *utc, const char *text)
{
    if (strlen(text) != 29 || strcmp(text + 25, " GMT") != 0 || text[3] != ',' || text[4] != ' ' ||
        text[7] != ' ' || text[11] != ' ' || text[16] != ' ')
        return -1;
    int century = two_digits(text + 12), year = two_digits(text + 14);
    int seconds = seconds_of(text + 17);
    struct abp_date date = {century * 100 + year, month_of(text + 8), two_digits(text + 5)};
    if (century < 0 || year < 0 || seconds < 0 || !abp_date_valid(&date))
        return -1;
    *utc = abp_date_to_days(&date) * A_DAY + seconds;
    return 0;
}

/* A moment or a number of seconds, as a moment by our clock. 0 or -1. */
static int moment(int64_t *at, const char *text, int64_t now, int64_t ahead)
{
    int64_t number;
    if (abp_parse_int64(text, &number) == 0) {
        if (number < 0 || number > INT64_MAX / 2)
            return -1;
        *at = number < FIRST_MOMENT ? now + number : number - ahead;
        return 0;
    }
    if (abp_mastodon_http_date(at, text) != 0 && abp_time_parse(at, text) != 0)
        return -1;
    *at -= ahead;
    return 0;
}

int64_t abp_mastodon_retry_at(const struct abp_http_answer *answer, int64_t now, int64_t ahead)
{
    char value[64];
    int64_t at = 0;
    if ((!abp_http_header(value, sizeof value, answer, "Retry-After") ||
         moment(&at, value, now, ahead) != 0) &&
        (!abp_http_header(value, sizeof value, answer, "X-RateLimit-Reset") ||
         moment(&at, value, now, ahead) != 0))
        return 0;
    return at > now + A_DAY ? now + A_DAY : at;
}
