/* Ratios as bars on a log scale, one line each, that a terminal can show. */
#ifndef ABPOST_CLI_CHART_H
#define ABPOST_CLI_CHART_H

#include "screen.h"

#include "abpost/result.h"

#define ABP_CHART_MAX 120 /* most cells of a bar: more is not easier to read */

/* The common scale of several bars. Zero-initialise. */
struct abp_axis {
    double low, high; /* ratios at its ends, 0 < low < 1 < high */
    int cells;        /* 1 to ABP_CHART_MAX */
};

/* Widens the scale so that the interval of a ratio is on it. NaN is ignored. */
void abp_axis_include(struct abp_axis *axis, double low, double high);
/* Fixes the scale at `cells` columns, with some room at both ends, once everything is included. */
void abp_axis_finish(struct abp_axis *axis, int cells);

/* The line above the bars: ratios at round places, 1 always among them. Exactly axis->cells
 * columns. */
void abp_put_ticks(struct abp_buffer *buf, const struct abp_axis *axis);

/* One bar of exactly axis->cells columns: the 95 % interval thin, its middle half thick, the median
 * a dot, the line at 1, an arrow where the interval leaves the scale. Only the line at 1 when the
 * summary's median is NaN. `ratio` holds ratios, not lifts. */
void abp_put_bar(struct abp_buffer *buf, const struct abp_screen *screen,
                 const struct abp_axis *axis, const struct abp_summary *ratio);

#endif
