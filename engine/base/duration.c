#include "abpost/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct unit {
    int64_t seconds;
    const char *names[5]; /* the first is the one that is written */
};

/* From the largest to the smallest. */
static const struct unit units[] = {
    {604800, {"w", "week", "weeks"}},       {86400, {"d", "day", "days"}},
    {3600, {"h", "hour", "hours"}},         {60, {"m", "min", "minute", "minutes"}},
    {1, {"s", "sec", "second", "seconds"}},
};
#define UNIT_COUNT (sizeof units / sizeof units[0])

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\t')
        p++;
    return p;
}

/* The digits at *p as a number of at most ABP_DURATION_MAX. */
static int take_number(const char **p, int64_t *value)
{
    int64_t v = 0;
    const char *start = *p;
    for (; **p >= '0' && **p <= '9'; ++*p) {
        v = v * 10 + (**p - '0');
        if (v > ABP_DURATION_MAX)
            return -1;
    }
    *value = v;
    return *p > start ? 0 : -1;
}

/* The index of the unit whose name is the run of letters at *p, or UNIT_COUNT. */
static size_t take_unit(const char **p)
{
    size_t len = strspn(*p, "abcdefghijklmnopqrstuvwxyz");
    for (size_t u = 0; u < UNIT_COUNT; u++)
        for (size_t n = 0; n < 5 && units[u].names[n]; n++)
            if (strlen(units[u].names[n]) == len && memcmp(units[u].names[n], *p, len) == 0) {
                *p += len;
                return u;
            }
    return UNIT_COUNT;
}

int abp_duration_parse(int64_t *seconds, const char *text)
{
    int64_t total = 0;
    size_t next = 0; /* the largest unit that may still come */
    do {
        int64_t number;
        if (take_number(&text, &number) != 0)
            return -1;
        text = skip_blanks(text);
        size_t u = take_unit(&text);
        if (u < next || u == UNIT_COUNT || number > (ABP_DURATION_MAX - total) / units[u].seconds)
            return -1;
        next = u + 1;
        total += number * units[u].seconds;
        if (*text == '\0') {
            *seconds = total;
            return 0;
        }
        text = skip_blanks(text);
    } while (next < UNIT_COUNT);
    return -1;
}

int abp_duration_format(char *out, int64_t seconds)
{
    size_t u = 1; /* never weeks: 14d is what people write */
    out[0] = '\0';
    if (seconds < 0 || seconds > ABP_DURATION_MAX)
        return -1;
    while (units[u].seconds > 1 && seconds % units[u].seconds != 0)
        u++;
    if (seconds == 0)
        u = UNIT_COUNT - 1;
    snprintf(out, ABP_DURATION_SIZE, "%" PRId64 "%s", seconds / units[u].seconds,
             units[u].names[0]);
    return 0;
}
