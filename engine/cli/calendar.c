/* What a calendar says to programs, and of clocks that change. */
#include "calendar.h"

#include "encode.h"

#include "abpost/time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DAY_SECONDS INT64_C(86400)

/* ---- clocks ---- */

static int same_minute(const struct abp_date *date, const struct abp_wall_time *time,
                       const struct abp_planned *post)
{
    return abp_date_compare(date, &post->date) == 0 && time->hour == post->time.hour &&
           time->minute == post->time.minute;
}

void abp_calendar_note(char *note, size_t size, const struct abp_planned *post,
                       const struct abp_zone *zone)
{
    struct abp_date date;
    struct abp_wall_time time;
    note[0] = '\0';
    if (abp_zone_to_local(&date, &time, zone, post->due_at) != 0)
        return;
    if (!same_minute(&date, &time, post)) {
        if (abp_date_compare(&date, &post->date) == 0)
            snprintf(note, size, "clocks skip %02d:%02d: posted at %02d:%02d", post->time.hour,
                     post->time.minute, time.hour, time.minute);
        else
            snprintf(note, size, "clocks skip %02d:%02d: posted on %04d-%02d-%02d at %02d:%02d",
                     post->time.hour, post->time.minute, date.year, date.month, date.day, time.hour,
                     time.minute);
        return;
    }
    int64_t back =
        abp_zone_offset(zone, post->due_at) - abp_zone_offset(zone, post->due_at + DAY_SECONDS);
    if (back > 0 && abp_zone_to_local(&date, &time, zone, post->due_at + back) == 0 &&
        same_minute(&date, &time, post))
        snprintf(note, size, "clocks show %02d:%02d twice: posted the first time", time.hour,
                 time.minute);
}

/* A week belongs to the year of its Thursday. */
int abp_calendar_week(const struct abp_date *date)
{
    struct abp_date thursday, first = {1, 1, 1};
    int64_t days = abp_date_to_days(date) - abp_date_weekday(date) + 3;
    if (abp_date_from_days(&thursday, days) != 0)
        return 1;
    first.year = thursday.year;
    return (int)((days - abp_date_to_days(&first)) / 7) + 1;
}

/* ---- one post ---- */

const char *const abp_calendar_fields[] = {
    "date",  "time",     "timezone",    "due_at", "channel", "variant", "state", "post",
    "block", "position", "probability", "design", "slot",    "file",    "note",  "reason"};
const size_t abp_calendar_field_count = sizeof abp_calendar_fields / sizeof *abp_calendar_fields;

/* The values of abp_calendar_fields, in their order. */
struct row {
    char date[16], time[8], due[ABP_TIME_SIZE], note[128], numbers[4][32];
    const char *text[16]; /* borrowed; NULL: none */
};

static void fill_row(struct row *row, const struct abp_calendar *calendar, size_t i)
{
    const struct abp_planned *post = &calendar->posts->list[i];
    const char *expected = calendar->expected ? calendar->expected[i].file : NULL;
    snprintf(row->date, sizeof row->date, "%04u-%02u-%02u", (unsigned)post->date.year % 10000,
             (unsigned)post->date.month % 100, (unsigned)post->date.day % 100);
    snprintf(row->time, sizeof row->time, "%02u:%02u", (unsigned)post->time.hour % 100,
             (unsigned)post->time.minute % 100);
    abp_time_format(row->due, post->due_at);
    abp_calendar_note(row->note, sizeof row->note, post, calendar->zone);
    snprintf(row->numbers[0], sizeof row->numbers[0], "%lld", (long long)post->id);
    snprintf(row->numbers[1], sizeof row->numbers[1], "%lld", (long long)post->block);
    snprintf(row->numbers[2], sizeof row->numbers[2], "%lld", (long long)post->position);
    snprintf(row->numbers[3], sizeof row->numbers[3], "%.17g", post->probability);
    const char *const text[16] = {row->date,
                                  row->time,
                                  post->timezone,
                                  row->due,
                                  post->channel,
                                  post->variant,
                                  abp_post_state_name(post->state),
                                  post->id ? row->numbers[0] : NULL,
                                  row->numbers[1],
                                  row->numbers[2],
                                  row->numbers[3],
                                  post->design,
                                  post->slot,
                                  post->file ? post->file : expected,
                                  row->note[0] ? row->note : NULL,
                                  post->reason};
    memcpy(row->text, text, sizeof text);
}

void abp_calendar_put_csv(struct abp_buffer *buf, const struct abp_calendar *calendar)
{
    for (size_t f = 0; f < abp_calendar_field_count; f++)
        abp_buffer_printf(buf, "%s%s", f ? "," : "", abp_calendar_fields[f]);
    abp_buffer_byte(buf, '\n');
    for (size_t i = 0; i < calendar->posts->count; i++) {
        struct row row;
        fill_row(&row, calendar, i);
        for (size_t f = 0; f < abp_calendar_field_count; f++) {
            if (f)
                abp_buffer_byte(buf, ',');
            abp_put_csv(buf, calendar->env, row.text[f]);
        }
        abp_buffer_byte(buf, '\n');
    }
}

/* ---- JSON ---- */

static json_t *json_post(const struct abp_calendar *calendar, size_t i)
{
    const struct abp_planned *post = &calendar->posts->list[i];
    struct row row;
    json_t *object = json_object();
    fill_row(&row, calendar, i);
    for (size_t f = 0; f < abp_calendar_field_count; f++)
        json_object_set_new(object, abp_calendar_fields[f], abp_json_text(row.text[f]));
    json_object_set_new(object, "post", post->id ? json_integer(post->id) : json_null());
    json_object_set_new(object, "block", json_integer(post->block));
    json_object_set_new(object, "position", json_integer(post->position));
    json_object_set_new(object, "probability", json_real(post->probability));
    return object;
}

static json_t *json_when(int64_t utc)
{
    char text[ABP_TIME_SIZE];
    return utc && abp_time_format(text, utc) == 0 ? abp_json_text(text) : json_null();
}

static json_t *json_size(size_t value)
{
    return value == SIZE_MAX ? json_null() : json_integer((json_int_t)value);
}

static json_t *json_floor(const struct abp_floor *floor)
{
    if (floor->posts == 0)
        return json_null();
    return json_pack("{so so so so so so}", "ratio",
                     isnan(floor->ratio) ? json_null() : json_real(floor->ratio), "level",
                     isnan(floor->level) ? json_null() : json_real(floor->level), "power",
                     json_real(floor->power), "posts", json_size(floor->posts), "past_posts",
                     json_size(floor->past), "learned_from",
                     floor->past ? abp_json_text(floor->teacher) : json_null());
}

static json_t *json_forecasts(const struct abp_result *result)
{
    json_t *list = json_array();
    for (size_t v = 1; result && v < result->variant_count; v++)
        json_array_append_new(
            list, json_pack("{so so so}", "variant", abp_json_text(result->variants[v].name),
                            "verdict", abp_json_text(abp_verdict_name(result->variants[v].verdict)),
                            "forecast", abp_json_forecast(&result->variants[v].forecast)));
    return list;
}

void abp_calendar_put_json(struct abp_buffer *buf, const struct abp_calendar *calendar)
{
    const struct abp_plan_report *report = &calendar->report;
    int64_t most = calendar->experiment->schedule.max_posts;
    json_t *posts = json_array();
    for (size_t i = 0; i < calendar->posts->count; i++)
        json_array_append_new(posts, json_post(calendar, i));
    json_t *object = json_pack(
        "{ss so so so sb sb so s{so so} so so so so so so so so so so}", "schema", "abpost.plan/1",
        "as_of", json_when(calendar->now), "experiment", abp_json_text(calendar->experiment->name),
        "timezone", abp_json_text(calendar->ws->timezone), "preview", calendar->preview, "decided",
        calendar->decided, "seed",
        report->posts ? json_integer((json_int_t)calendar->seed) : json_null(), "added", "blocks",
        json_size(report->blocks), "posts", json_size(report->posts), "out",
        json_size(calendar->out), "planned", json_size(report->ahead), "max_posts",
        most ? json_integer(most) : json_null(), "left", json_size(report->left), "ends_at",
        json_when(report->ends_at), "done_at", json_when(calendar->done_at), "obstacle",
        report->obstacle[0] ? abp_json_text(report->obstacle) : json_null(), "floor",
        json_floor(&calendar->floor), "forecasts", json_forecasts(calendar->result), "posts",
        posts);
    abp_put_json(buf, object);
    abp_buffer_byte(buf, '\n');
}
