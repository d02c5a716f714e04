#include "report/axis.h"

#include <math.h>

#define LEAST    0.18 /* log of the ratio that an axis reaches to at least, on both sides */
#define ROOM     0.04 /* of the width, at both ends */
#define DISTANCE 0.13 /* between ticks */

struct ratio_axis ratio_axis_start(void)
{
    return (struct ratio_axis){-LEAST, LEAST};
}

void ratio_axis_include(struct ratio_axis *axis, double low, double high)
{
    double limit = log(RATIO_AXIS_LIMIT);
    if (isfinite(low) && low < axis->low)
        axis->low = low < -limit ? -limit : low;
    if (isfinite(high) && high > axis->high)
        axis->high = high > limit ? limit : high;
}

void ratio_axis_finish(struct ratio_axis *axis)
{
    double room = ROOM * (axis->high - axis->low);
    axis->low -= room;
    axis->high += room;
}

double ratio_axis_place(const struct ratio_axis *axis, double log_ratio)
{
    return (log_ratio - axis->low) / (axis->high - axis->low);
}

static double usable(double value)
{
    return isfinite(value) && value > 0 ? value : 1;
}

struct amount_axis amount_axis(double unit, double most)
{
    return (struct amount_axis){usable(unit), usable(most)};
}

double amount_axis_place(const struct amount_axis *axis, double amount)
{
    double share = log1p(amount / axis->unit) / log1p(axis->most / axis->unit);
    return ROOM + (1 - 2 * ROOM) * share;
}

/* ---- ticks ---- */

static void add_tick(struct ticks *ticks, double value, double place)
{
    if (ticks->count == AXIS_TICKS || !(place >= 0.02 && place <= 0.98))
        return;
    for (size_t i = 0; i < ticks->count; i++)
        if (fabs(ticks->place[i] - place) < DISTANCE)
            return;
    ticks->value[ticks->count] = value;
    ticks->place[ticks->count++] = place;
}

void ratio_ticks(struct ticks *ticks, const struct ratio_axis *axis)
{
    static const double steps[] = {10, 2,   5,   1.5, 3,   1.2, 1.1, 1.3, 1.05,
                                   7,  0.5, 0.2, 0.7, 0.3, 0.8, 0.9, 0.6, 0.95};
    ticks->count = 0;
    add_tick(ticks, 1, ratio_axis_place(axis, 0));
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (int power = 0; power <= 3; power++) {
            double up = steps[s] * pow(10, power), down = steps[s] * pow(10, -power);
            add_tick(ticks, up, ratio_axis_place(axis, log(up)));
            add_tick(ticks, down, ratio_axis_place(axis, log(down)));
        }
}

void amount_ticks(struct ticks *ticks, const struct amount_axis *axis)
{
    static const double steps[] = {1, 5, 2, 3};
    int last = (int)ceil(log10(axis->most)), first = (int)floor(log10(axis->unit));
    ticks->count = 0;
    add_tick(ticks, 0, amount_axis_place(axis, 0));
    if (first < last - 12)
        first = last - 12;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        for (int power = last; power >= first; power--) {
            double value = steps[s] * pow(10, power);
            if (value <= axis->most * 1.0001)
                add_tick(ticks, value, amount_axis_place(axis, value));
        }
}
