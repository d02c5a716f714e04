/* A calendar that a person can read: week by week, as clocks in the workspace's zone show it. */
#include "calendar.h"
#include "show.h"

#include "abpost/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)1 << 16)
#define WEEK           (7 * 86400.0)
#define WHEN_COLUMNS   21 /* "  Tue  1 Dec  09:00  " */
#define STATE_COLUMNS  9

struct text {
    struct abp_buffer *buf; /* borrowed, as is calendar */
    struct abp_screen screen;
    const struct abp_calendar *calendar;
    int channel, variant; /* columns */
};

static const char *const weekdays[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
static const char *const months[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* ---- words ---- */

static void ABP_PRINTF(2, 3) paragraph(struct text *t, const char *format, ...)
{
    struct abp_buffer line;
    va_list args;
    abp_buffer_init(&line, LINE_MAX_BYTES);
    va_start(args, format);
    abp_buffer_vprintf(&line, format, args);
    va_end(args);
    abp_put_paragraph(t->buf, &t->screen, abp_buffer_text(&line), 0, 0);
    t->buf->failed |= line.failed;
    abp_buffer_release(&line);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

struct words {
    char text[32];
};

/* "Tue 1 Dec 2026" */
static struct words day_words(const struct abp_date *date)
{
    struct words words;
    snprintf(words.text, sizeof words.text, "%s %d %s %d", weekdays[abp_date_weekday(date)],
             date->day, months[(date->month + 11) % 12], date->year);
    return words;
}

static struct words instant_words(const struct text *t, int64_t utc)
{
    struct abp_date date;
    struct abp_wall_time time;
    struct words words = {"?"};
    return abp_zone_to_local(&date, &time, t->calendar->zone, utc) == 0 ? day_words(&date) : words;
}

/* ---- the weeks ---- */

static void measure(struct text *t)
{
    const struct abp_planned_list *posts = t->calendar->posts;
    for (size_t i = 0; i < posts->count; i++) {
        int channel = abp_columns(&t->screen, posts->list[i].channel);
        int variant = abp_columns(&t->screen, posts->list[i].variant);
        t->channel = channel > t->channel ? channel : t->channel;
        t->variant = variant > t->variant ? variant : t->variant;
    }
    t->channel = t->channel > 14 ? 14 : t->channel;
    t->variant = t->variant > 16 ? 16 : t->variant;
}

static void put_week(struct text *t, const struct abp_date *date)
{
    struct abp_date monday = *date, sunday = *date;
    int64_t days = abp_date_to_days(date) - abp_date_weekday(date);
    if (abp_date_from_days(&monday, days) != 0 || abp_date_from_days(&sunday, days + 6) != 0)
        return;
    abp_buffer_byte(t->buf, '\n');
    abp_put_style(t->buf, &t->screen, ABP_BOLD);
    abp_buffer_printf(t->buf, "%s %d %s to %s, week %d", weekdays[0], monday.day,
                      months[(monday.month + 11) % 12], day_words(&sunday).text,
                      abp_calendar_week(date));
    abp_put_style(t->buf, &t->screen, ABP_PLAIN);
    abp_buffer_byte(t->buf, '\n');
}

static enum abp_style state_style(enum abp_post_state state)
{
    switch (state) {
    case ABP_POSTED:
        return ABP_GOOD;
    case ABP_UNKNOWN:
    case ABP_REFUSED:
    case ABP_MISSED:
    case ABP_EMPTY:
        return ABP_WARN;
    default:
        return ABP_PLAIN;
    }
}

static void put_file(struct text *t, size_t i)
{
    const struct abp_planned *post = &t->calendar->posts->list[i];
    const char *expected = t->calendar->expected ? t->calendar->expected[i].file : NULL;
    const char *file = post->file ? post->file : expected;
    int used = WHEN_COLUMNS + t->channel + 2 + t->variant + 2 + STATE_COLUMNS;
    if (file && t->screen.width - used > 8) {
        abp_buffer_add(t->buf, "  ");
        abp_put_text(t->buf, &t->screen, file, t->screen.width - used - 2);
    }
}

/* first: of its day. */
static void put_post(struct text *t, size_t i, int first)
{
    const struct abp_planned *post = &t->calendar->posts->list[i];
    char when[40], note[128];
    if (first)
        snprintf(when, sizeof when, "  %s %2d %s  %02d:%02d  ",
                 weekdays[abp_date_weekday(&post->date)], post->date.day,
                 months[(post->date.month + 11) % 12], post->time.hour, post->time.minute);
    else
        snprintf(when, sizeof when, "%14s%02d:%02d  ", "", post->time.hour, post->time.minute);
    abp_buffer_add(t->buf, when);
    abp_put_cell(t->buf, &t->screen, post->channel, t->channel);
    abp_put_blanks(t->buf, 2);
    abp_put_cell(t->buf, &t->screen, post->variant, t->variant);
    abp_put_blanks(t->buf, 2);
    enum abp_style style = state_style(post->state);
    if (style != ABP_PLAIN)
        abp_put_style(t->buf, &t->screen, style);
    abp_buffer_add(t->buf, abp_post_state_name(post->state));
    if (style != ABP_PLAIN)
        abp_put_style(t->buf, &t->screen, ABP_PLAIN);
    abp_put_blanks(t->buf, STATE_COLUMNS - (int)strlen(abp_post_state_name(post->state)));
    put_file(t, i);
    while (t->buf->len && t->buf->data[t->buf->len - 1] == ' ')
        t->buf->data[--t->buf->len] = '\0';
    abp_buffer_byte(t->buf, '\n');
    abp_calendar_note(note, sizeof note, post, t->calendar->zone);
    if (note[0]) {
        abp_put_blanks(t->buf, WHEN_COLUMNS);
        abp_put_paragraph(t->buf, &t->screen, note, WHEN_COLUMNS, WHEN_COLUMNS);
    }
}

static void put_weeks(struct text *t)
{
    const struct abp_planned_list *posts = t->calendar->posts;
    int64_t day = INT64_MIN, week = INT64_MIN;
    for (size_t i = 0; i < posts->count; i++) {
        const struct abp_date *date = &posts->list[i].date;
        int64_t its_day = abp_date_to_days(date), its_week = its_day - abp_date_weekday(date);
        if (its_week != week)
            put_week(t, date);
        put_post(t, i, its_day != day);
        day = its_day;
        week = its_week;
    }
}

/* ---- before and after ---- */

static void put_head(struct text *t)
{
    const struct abp_calendar *c = t->calendar;
    const struct abp_plan_report *r = &c->report;
    abp_put_style(t->buf, &t->screen, ABP_BOLD);
    int used = abp_put_text(t->buf, &t->screen, c->experiment->name, 0);
    abp_put_style(t->buf, &t->screen, ABP_PLAIN);
    if (c->experiment->hypothesis) {
        abp_buffer_add(t->buf, ": ");
        abp_put_paragraph(t->buf, &t->screen, c->experiment->hypothesis, used + 2, 2);
    } else {
        abp_buffer_byte(t->buf, '\n');
    }
    if (c->decided)
        paragraph(t, "It is decided: nothing is planned any more; abpost evaluate %s says why.",
                  c->experiment->name);
    else if (r->posts)
        paragraph(t, "%s: %zu post%s in %zu block%s, with seed %llu. Times are those of %s.",
                  c->preview ? "A preview, of which nothing is kept" : "Drawn just now", r->posts,
                  plural(r->posts), r->blocks, plural(r->blocks), (unsigned long long)c->seed,
                  c->ws->timezone);
    else
        paragraph(t, "Nothing was added: %s. Times are those of %s.",
                  r->left < c->experiment->variant_count
                      ? "max_posts leaves room for no other block"
                      : "the plan reaches four weeks ahead as "
                        "it is",
                  c->ws->timezone);
}

/* Planned posts for which no file is there yet; 0 where nobody looked. */
static size_t without_file(const struct abp_calendar *c)
{
    size_t count = 0;
    for (size_t i = 0; c->expected && i < c->posts->count; i++)
        count += c->posts->list[i].state == ABP_PLANNED && !c->expected[i].file;
    return count;
}

static void put_left(struct text *t)
{
    const struct abp_calendar *c = t->calendar;
    const struct abp_plan_report *r = &c->report;
    struct abp_buffer line;
    abp_buffer_init(&line, LINE_MAX_BYTES);
    abp_buffer_printf(&line, "%zu post%s out so far, %zu planned", c->out,
                      c->out == 1 ? " is" : "s are", r->ahead);
    if (r->ahead)
        abp_buffer_printf(&line, " until %s", instant_words(t, r->ends_at).text);
    if (r->left != SIZE_MAX)
        abp_buffer_printf(&line, ", %zu left until max_posts = %lld", r->left,
                          (long long)c->experiment->schedule.max_posts);
    abp_buffer_add(&line, ".");
    if (c->done_at > c->now)
        abp_buffer_printf(&line,
                          " At this pace the last block is out in %.0f weeks, on %s, if no slot is "
                          "missed.",
                          (double)(c->done_at - c->now) / WEEK + 0.5,
                          instant_words(t, c->done_at).text);
    size_t missing = without_file(c);
    if (missing)
        abp_buffer_printf(&line, " %zu of the planned ones %s no %sfile yet.", missing,
                          missing == 1 ? "has" : "have",
                          c->experiment->decision.review ? "approved " : "");
    paragraph(t, "%s", abp_buffer_text(&line));
    abp_buffer_release(&line);
}

/* What it can find, before the first post; when that is likely, after it. */
static void put_outlook(struct text *t)
{
    const struct abp_calendar *c = t->calendar;
    struct abp_buffer line;
    abp_buffer_init(&line, LINE_MAX_BYTES);
    abp_floor_say(&line, &c->floor,
                  c->done_at > c->now ? (double)(c->done_at - c->now) / WEEK : NAN);
    for (size_t v = 1; c->result && v < c->result->variant_count; v++) {
        const struct abp_variant_result *variant = &c->result->variants[v];
        if (isnan(variant->forecast.p_decided))
            continue;
        abp_buffer_printf(&line, "%s%s: ", line.len ? " " : "", variant->name);
        abp_put_forecast(&line, &variant->forecast);
    }
    if (line.len)
        paragraph(t, "%s", abp_buffer_text(&line));
    abp_buffer_release(&line);
}

static void put_next(struct text *t)
{
    const struct abp_calendar *c = t->calendar;
    if (c->preview) {
        paragraph(t, "Nothing was stored and nothing was posted. This plans exactly what stands "
                     "above; without --seed the styles come in another order:");
        abp_buffer_add(t->buf, "  abpost plan ");
        abp_put_text(t->buf, &t->screen, c->experiment->name, 0);
        abp_buffer_printf(t->buf, " --seed %llu\n", (unsigned long long)c->seed);
        return;
    }
    paragraph(t, "Nothing was posted. Posts go out when their time has come and abpost tick runs: "
                 "every few minutes, from cron or a timer (abpost timer). It also draws on as "
                 "weeks go by.");
    paragraph(t,
              "Each takes the next %sfile of its style; where there is none the slot stays empty, "
              "and its block is drawn again.",
              c->experiment->decision.review ? "approved " : "");
}

void abp_calendar_put_text(struct abp_buffer *buf, const struct abp_calendar *calendar)
{
    struct text t = {
        .buf = buf, .screen = abp_screen_of_output(calendar->env), .calendar = calendar};
    measure(&t);
    put_head(&t);
    put_weeks(&t);
    abp_buffer_byte(buf, '\n');
    put_left(&t);
    put_outlook(&t);
    if (calendar->report.obstacle[0])
        paragraph(&t, "Note: %s.", calendar->report.obstacle);
    if (!calendar->decided)
        put_next(&t);
}
