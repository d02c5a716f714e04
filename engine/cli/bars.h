/* A table of ratios with a bar each on one common scale. */
#ifndef ABPOST_CLI_BARS_H
#define ABPOST_CLI_BARS_H

#include "screen.h"

#include "abpost/result.h"

#define ABP_NARROW 72 /* on a screen with fewer columns the raw ratio leaves the table */

/* One line: a style of an experiment, or a channel of a style. */
struct abp_bar_line {
    const char *name;         /* borrowed */
    struct abp_summary ratio; /* NaN: unknown, or the baseline */
    double raw, p_better;     /* NaN: unknown */
    int is_baseline;
};

/* Appends a header and the lines, fitted to the screen's width. */
void abp_put_bars(struct abp_buffer *buf, const struct abp_screen *screen,
                  const struct abp_bar_line *lines, size_t count, int indent, int with_raw);

/* "x1.40, 0.90 to 2.20": median and 95 % interval; "-" when unknown. */
struct abp_number abp_ratio_interval(const struct abp_summary *ratio);

#endif
