/* Results as one HTML page that needs nothing else: no script, no file, no network. It can be read
 * on a phone, in the dark, and on paper.
 *
 * Texts come from outside (names of columns, posts' styles, an experiment's question): whatever
 * bytes they hold, they stay text. Control characters and those that turn the direction of writing
 * around are shown as \x1b and \u{202e}. Numbers that do not exist are shown as a dash, and never
 * drawn. The same input gives the same bytes. */
#ifndef ABPOST_REPORT_H
#define ABPOST_REPORT_H

#include "abpost/buffer.h"
#include "abpost/config.h"
#include "abpost/outbox.h"
#include "abpost/portfolio.h"
#include "abpost/posts.h"
#include "abpost/result.h"

#include <stdint.h>

/* What every page begins with, and nothing else does: abp_report_is_one(). */
#define ABP_REPORT_MARK "<!DOCTYPE html>\n<!-- abpost report/1 -->\n"

/* One experiment. All of it is borrowed for the call; NULL: there is none, and the page leaves out
 * what would have been said. */
struct abp_report_item {
    const char *name; /* never NULL; "" is possible */
    const struct abp_result *result;
    const char *error; /* why there is no result; one sentence */
    const struct abp_experiment *experiment;
    const struct abp_posts *posts; /* those that the result is about */
    int made;                      /* 1: abpost made them; 0: they were imported */
    const struct abp_decided_list *decisions;
};

/* A page on its way. Zero-initialised by abp_report_init(). */
struct abp_report {
    struct abp_buffer index, body; /* owned */
    int complete;         /* 1: the caller says that nothing is missing; read by nobody here */
    size_t count, failed; /* experiments so far; of these without a result */
    size_t comparisons;   /* variants set against a baseline so far */
    size_t verdicts[ABP_VERDICT_COUNT]; /* of these */
    struct abp_portfolio portfolio;
};

void abp_report_init(struct abp_report *report);
void abp_report_release(struct abp_report *report);

/* Adds one experiment at the end. -1: ABP_FAILED when memory is out or the page is too large. */
int abp_report_add(struct abp_report *report, const struct abp_report_item *item,
                   struct abp_error *err) ABP_MUST_CHECK;

/* Appends the whole page. now: UTC seconds: as of when it speaks. Fails like abp_report_add(). */
int abp_report_finish(struct abp_buffer *page, struct abp_report *report, int64_t now,
                      struct abp_error *err) ABP_MUST_CHECK;

/* 1: a file that begins with these bytes is such a page, or empty. */
int abp_report_is_one(const char *bytes, size_t len);

#endif
