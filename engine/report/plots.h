/* The plots of a page, as SVG: places along the width are percentages, so that a plot fits a phone
 * and a sheet of paper, and its letters stay as large as they are. Each has a title and a
 * description for those who don't see it. */
#ifndef REPORT_PLOTS_H
#define REPORT_PLOTS_H

#include "report/axis.h"

#include "abpost/result.h"

struct ratio_row {
    const char *name;          /* borrowed */
    struct abp_summary log;    /* of the log ratio; NaN: not known */
    double raw;                /* the raw ratio; NaN: none is to be drawn */
    const char *value, *extra; /* borrowed; words at the right; extra: NULL, or in brackets */
    int is_baseline;
};

/* A row for each style or channel, and the axis below. */
void plot_ratios(struct abp_buffer *buf, const struct ratio_row *rows, size_t count);
/* One interval alone on a given axis, for a cell of a table. */
void plot_interval(struct abp_buffer *buf, const struct ratio_axis *axis,
                   const struct abp_summary *log, const char *title);

struct strip_row {
    const char *name;      /* borrowed */
    const double *amounts; /* borrowed; ascending; finite, >= 0 */
    size_t count, missing;
    double mean; /* NaN: none */
};

/* Posts as dots. unit: see amount_axis(). what: what an amount is, for the description. */
void plot_strips(struct abp_buffer *buf, const struct strip_row *rows, size_t count, double unit,
                 const char *what);

/* Evidence on a log scale, and what is enough; then, once, the axis of all of them. what: what the
 * guard has seen, one of them: "block". */
void plot_guard(struct abp_buffer *buf, const char *name, const struct abp_guard_result *guard,
                const char *what);
void plot_guard_axis(struct abp_buffer *buf, double threshold);

#endif
