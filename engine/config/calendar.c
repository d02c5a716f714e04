/* The keys of [schedule] that are lists of days and times. */
#include "config/value.h"

#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

#define WORD_SIZE    64
#define BLACKOUT_MAX 3660 /* days: ten years */
#define TIMES_MAX    48   /* a day */

/* The next word of a list separated by blanks, commas or both, into word[WORD_SIZE]; cut when it is
 * longer, which no valid word is. 1, or 0 at the end; -1 for a comma with nothing before or after.
 */
static int next_word(const char **p, char *word)
{
    const char *s = *p + strspn(*p, " \t");
    size_t len = strcspn(s, " \t,");
    if (*s == '\0')
        return 0;
    if (len == 0)
        return -1;
    size_t kept = len < WORD_SIZE ? len : WORD_SIZE - 1;
    memcpy(word, s, kept);
    word[kept] = '\0';
    s += len;
    s += strspn(s, " \t");
    if (*s == ',') {
        s++;
        if (s[strspn(s, " \t")] == '\0')
            return -1;
    }
    *p = s;
    return 1;
}

static void refuse_word(const struct abp_ini_value *value, const char *word, const char *what,
                        const char *hint)
{
    char shown[ABP_SHOWN_SIZE];
    abp_log_add(value->log, value->line, "%s: '%s' %s; accepted is %s%s", value->key->name,
                abp_shown(shown, word), what, value->key->accepted, hint);
}

void abp_read_date(void *field, const struct abp_ini_value *value)
{
    struct abp_date date;
    if (abp_date_parse(&date, value->text) != 0)
        abp_value_refuse_text(value, "is not a day that exists", "");
    else if (date.year < 2000 || date.year > 2199)
        abp_value_refuse_text(value, "is out of range", "");
    else
        *(struct abp_date *)field = date;
}

/* 0 = Monday ... 6, or -1. */
static int weekday_from(const char *word)
{
    static const char *const days[7] = {"monday", "tuesday",  "wednesday", "thursday",
                                        "friday", "saturday", "sunday"};
    for (int d = 0; d < 7; d++)
        if (strcmp(word, days[d]) == 0 || (strlen(word) == 3 && strncmp(word, days[d], 3) == 0))
            return d;
    return -1;
}

void abp_read_days(void *field, const struct abp_ini_value *value)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    char word[WORD_SIZE], hint[ABP_HINT_SIZE];
    const char *p = value->text;
    unsigned days = 0;
    int rc;
    while ((rc = next_word(&p, word)) > 0) {
        int d = weekday_from(word);
        if (d < 0)
            refuse_word(value, word, "is not a day of the week", abp_hint(hint, word, names, 7));
        else if (days & 1u << d)
            refuse_word(value, word, "stands there twice", "");
        else
            days |= 1u << d;
    }
    if (rc < 0)
        abp_value_refuse_text(value, "has a comma without a day", "");
    else
        *(unsigned *)field = days;
}

static int compare_times(const void *a, const void *b)
{
    const struct abp_wall_time *x = a, *y = b;
    return (x->hour * 60 + x->minute) - (y->hour * 60 + y->minute);
}

void abp_read_times(void *field, const struct abp_ini_value *value)
{
    struct abp_schedule *schedule = field;
    struct abp_wall_time times[TIMES_MAX];
    size_t count = 0;
    char word[WORD_SIZE];
    const char *p = value->text;
    int rc;
    while ((rc = next_word(&p, word)) > 0) {
        struct abp_wall_time time;
        if (abp_wall_time_parse(&time, word) != 0) {
            refuse_word(value, word, "is not a time of day", "");
            continue;
        }
        size_t i = 0;
        while (i < count && compare_times(&times[i], &time) != 0)
            i++;
        if (i < count)
            refuse_word(value, word, "stands there twice", "");
        else if (count < TIMES_MAX)
            times[count++] = time;
    }
    if (rc < 0) {
        abp_value_refuse_text(value, "has a comma without a time", "");
        return;
    }
    if (count == 0)
        return;
    qsort(times, count, sizeof *times, compare_times);
    struct abp_wall_time *copy = malloc(count * sizeof *copy);
    if (!copy) {
        value->log->no_memory = 1;
        return;
    }
    memcpy(copy, times, count * sizeof *copy);
    free(schedule->times);
    schedule->times = copy;
    schedule->time_count = count;
}

/* "2026-12-24" or "2026-12-24..2027-01-02". 0 or -1. */
static int parse_days(struct abp_date *from, struct abp_date *to, const char *word)
{
    char first[WORD_SIZE];
    const char *dots = strstr(word, "..");
    if (!dots) {
        if (abp_date_parse(from, word) != 0)
            return -1;
        *to = *from;
        return 0;
    }
    memcpy(first, word, (size_t)(dots - word));
    first[dots - word] = '\0';
    if (abp_date_parse(from, first) != 0 || abp_date_parse(to, dots + 2) != 0)
        return -1;
    return abp_date_compare(from, to) <= 0 ? 0 : -1;
}

static int compare_days(const void *a, const void *b)
{
    return abp_date_compare(a, b);
}

/* Adds the days of one word to list, which has room for BLACKOUT_MAX. */
static void add_days(struct abp_date *list, size_t *count, const char *word,
                     const struct abp_ini_value *value)
{
    struct abp_date from, to;
    if (parse_days(&from, &to, word) != 0 || from.year < 2000 || to.year > 2199) {
        refuse_word(value, word, "is not a day, or days in order, that exist", "");
        return;
    }
    int64_t first = abp_date_to_days(&from), last = abp_date_to_days(&to);
    if (last - first >= (int64_t)(BLACKOUT_MAX - *count)) {
        refuse_word(value, word, "makes too many days", "");
        return;
    }
    for (int64_t day = first; day <= last; day++)
        if (abp_date_from_days(&list[*count], day) == 0)
            ++*count;
}

void abp_read_blackout(void *field, const struct abp_ini_value *value)
{
    struct abp_schedule *schedule = field;
    struct abp_date *list = malloc(BLACKOUT_MAX * sizeof *list);
    size_t count = 0, distinct = 0;
    char word[WORD_SIZE];
    const char *p = value->text;
    int rc;
    if (!list) {
        value->log->no_memory = 1;
        return;
    }
    while ((rc = next_word(&p, word)) > 0)
        add_days(list, &count, word, value);
    if (rc < 0)
        abp_value_refuse_text(value, "has a comma without a day", "");
    qsort(list, count, sizeof *list, compare_days);
    for (size_t i = 0; i < count; i++)
        if (distinct == 0 || abp_date_compare(&list[distinct - 1], &list[i]) != 0)
            list[distinct++] = list[i];
    free(schedule->blackout);
    schedule->blackout = list;
    schedule->blackout_count = distinct;
}
