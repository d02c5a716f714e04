/* The coming posts of one experiment, for a reader and for programs. */
#ifndef ABPOST_CLI_CALENDAR_H
#define ABPOST_CLI_CALENDAR_H

#include "command.h"
#include "past.h"
#include "screen.h"

#include "abpost/config.h"
#include "abpost/plan.h"
#include "abpost/publish.h"
#include "abpost/result.h"
#include "abpost/zone.h"

struct abp_calendar {
    const struct abp_env *env; /* borrowed, like the next four */
    const struct abp_experiment *experiment;
    const struct abp_workspace *ws;
    const struct abp_zone *zone;
    const struct abp_planned_list
        *posts;                          /* by time: what is still to come or open, and this week */
    const struct abp_expected *expected; /* borrowed; posts->count; NULL: not known */
    struct abp_plan_report report;
    size_t out;      /* posts that went out so far */
    int64_t now;     /* UTC seconds, as is done_at */
    int64_t done_at; /* when max_posts is reached at this pace; 0: no limit, or not known */
    uint64_t seed;
    /* before the first post: what it can find; posts 0: nothing to say */
    struct abp_floor floor;
    /* after it: when decisions are likely; borrowed; NULL: not evaluated */
    const struct abp_result *result;
    int preview; /* 1: nothing was stored */
    int decided; /* 1: its verdicts are in, and it stops: nothing is planned any more */
};

/* Where clocks skip the post's wall time, or show it twice: what holds then, into note[size]; "" at
 * all other times. */
void abp_calendar_note(char *note, size_t size, const struct abp_planned *post,
                       const struct abp_zone *zone);

/* The ISO 8601 week of a date: 1 to 53. */
int abp_calendar_week(const struct abp_date *date);

void abp_calendar_put_text(struct abp_buffer *buf, const struct abp_calendar *calendar);
/* Schema abpost.plan/1. */
void abp_calendar_put_json(struct abp_buffer *buf, const struct abp_calendar *calendar);
void abp_calendar_put_csv(struct abp_buffer *buf, const struct abp_calendar *calendar);
/* Help: the members of the one and the columns of the other are the same. */
extern const char *const abp_calendar_fields[];
extern const size_t abp_calendar_field_count;

#endif
