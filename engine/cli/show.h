/* Writers of evaluations: text for a reader, JSON and CSV for programs. Text and JSON of an
 * experiment are written when it comes; rows of CSV wait for the portfolio, which stands in each.
 */
#ifndef ABPOST_CLI_SHOW_H
#define ABPOST_CLI_SHOW_H

#include "command.h"
#include "screen.h"

#include "abpost/portfolio.h"
#include "abpost/report.h"

struct abp_show {
    const struct abp_env *env; /* borrowed */
    enum abp_format format;
    int verbose;
    int held_back;   /* 1: nothing is written before the end, so that it stays in one piece */
    size_t expected; /* experiments that will come, as far as is known; 1 is shown in full */
    struct abp_report *page; /* borrowed; NULL, or experiments go there instead of to the output */
    struct abp_buffer buf;   /* owned */
    size_t shown, failed;    /* experiments so far */
    size_t doubtful;         /* with a warning, or with numbers that are not reliable */
    size_t comparisons;      /* variants set against a baseline so far */
    size_t verdicts[ABP_VERDICT_COUNT]; /* of these */
    struct abp_portfolio portfolio;
    struct abp_buffer held;    /* owned; rows of CSV without their ends */
    struct abp_held_row *rows; /* owned */
    size_t row_count, row_capacity;
};

/* Where a row of CSV ends in `held`, and its test of the portfolio; SIZE_MAX: none. */
struct abp_held_row {
    size_t end, test;
};

/* One experiment as it is handed to a writer. Borrowed, as all it points to. */
struct abp_shown {
    const char *name;                /* "" is possible */
    const struct abp_result *result; /* NULL: it could not be evaluated, `error` says why */
    const char *error;               /* one sentence; NULL with a result */
    /* NULL where they are not known: */
    const struct abp_experiment *experiment;
    const struct abp_posts *posts;
    const struct abp_decided_list *decisions;
    int made; /* 1: abpost made the posts */
};

/* The question that it is to answer; NULL: it asks none. */
const char *abp_shown_question(const struct abp_shown *shown);
/* Adds it to a page. */
int abp_shown_report(struct abp_report *page, const struct abp_shown *shown,
                     struct abp_error *err) ABP_MUST_CHECK;

void abp_show_init(struct abp_show *show, const struct abp_env *env, const struct abp_args *args);
void abp_show_release(struct abp_show *show);

/* Begin once, then every experiment, then end once. `trouble` is a sentence on why not all of them
 * came (a signal), or NULL. -1: the output could not be written, as abp_emit(). */
int abp_show_begin(struct abp_show *show, size_t expected, struct abp_error *err) ABP_MUST_CHECK;
int abp_show_one(struct abp_show *show, const struct abp_shown *shown,
                 struct abp_error *err) ABP_MUST_CHECK;
int abp_show_end(struct abp_show *show, const char *trouble, struct abp_error *err) ABP_MUST_CHECK;

/* ---- the formats; each appends to show->buf ---- */

void abp_text_begin(struct abp_show *show);
void abp_text_one(struct abp_show *show, const struct abp_shown *shown);
void abp_text_end(struct abp_show *show, const char *trouble);

/* One experiment in full, as text. */
void abp_text_experiment(struct abp_show *show, const struct abp_screen *screen,
                         const struct abp_shown *shown);
/* The posterior of a lift as one of a ratio. */
struct abp_summary abp_ratio_of_lift(const struct abp_summary *lift);

void abp_json_begin(struct abp_show *show);
void abp_json_one(struct abp_show *show, const struct abp_shown *shown);
void abp_json_end(struct abp_show *show, const char *trouble);

void abp_csv_begin(struct abp_show *show);
void abp_csv_one(struct abp_show *show, const struct abp_shown *shown);
void abp_csv_end(struct abp_show *show);
/* Help: each column and what it holds. */
void abp_csv_help(struct abp_buffer *buf, const struct abp_screen *screen);

#endif
