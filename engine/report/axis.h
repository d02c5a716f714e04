/* Where numbers stand along a plot: as shares of its width, 0 at the left end, 1 at the right. */
#ifndef REPORT_AXIS_H
#define REPORT_AXIS_H

#include "abpost/buffer.h"

#include <stddef.h>

/* Ratios on a log scale; 1 is always on it. */
struct ratio_axis {
    double low, high; /* logs of the ratios at the ends; low < 0 < high */
};

#define RATIO_AXIS_LIMIT 1000.0 /* no axis reaches beyond this ratio, or below 1 over it */

/* An axis of the smallest use; then what is to be on it, in logs; then some room at both ends. What
 * is not finite is passed over, what is beyond the limit stays outside. */
struct ratio_axis ratio_axis_start(void);
void ratio_axis_include(struct ratio_axis *axis, double low, double high);
void ratio_axis_finish(struct ratio_axis *axis);
/* May lie outside 0 to 1. NaN for a number that is none. */
double ratio_axis_place(const struct ratio_axis *axis, double log_ratio);

/* Amounts x >= 0 as log(1 + x / unit): zero is on it, and large ones are near enough. */
struct amount_axis {
    double unit, most;
};

/* most: the largest there is. Anything that is not positive and finite becomes 1. */
struct amount_axis amount_axis(double unit, double most);
double amount_axis_place(const struct amount_axis *axis, double amount);

/* Round places along an axis, those that matter most first, and none closer to another than it can
 * be read. */
#define AXIS_TICKS 8

struct ticks {
    double value[AXIS_TICKS], place[AXIS_TICKS];
    size_t count;
};

void ratio_ticks(struct ticks *ticks, const struct ratio_axis *axis);
void amount_ticks(struct ticks *ticks, const struct amount_axis *axis);

#endif
