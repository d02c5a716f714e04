#include "chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Beyond these a bar only says "very"; one absurd interval must not flatten all others. */
#define LOWEST     (1.0 / 64)
#define HIGHEST    64.0
#define LEAST_ROOM 1.1 /* the scale reaches at least from 1/1.1 to 1.1 */

void abp_axis_include(struct abp_axis *axis, double low, double high)
{
    if (axis->low == 0)
        axis->low = axis->high = 1;
    if (low < axis->low)
        axis->low = low < LOWEST ? LOWEST : low;
    if (high > axis->high)
        axis->high = high > HIGHEST ? HIGHEST : high;
}

void abp_axis_finish(struct abp_axis *axis, int cells)
{
    abp_axis_include(axis, 1 / LEAST_ROOM, LEAST_ROOM);
    double room = 0.04 * log(axis->high / axis->low);
    axis->low = exp(log(axis->low) - room);
    axis->high = exp(log(axis->high) + room);
    axis->cells = cells < 1 ? 1 : cells > ABP_CHART_MAX ? ABP_CHART_MAX : cells;
}

/* The cell of a ratio; -1 and axis->cells are off the scale. */
static int cell_of(const struct abp_axis *axis, double ratio)
{
    if (!(ratio >= axis->low))
        return -1;
    if (ratio > axis->high)
        return axis->cells;
    double at = axis->cells * log(ratio / axis->low) / log(axis->high / axis->low);
    return at >= axis->cells ? axis->cells - 1 : (int)at;
}

static int is_free(const char *line, int from, int to)
{
    for (int i = from; i < to; i++)
        if (line[i] != ' ')
            return 0;
    return 1;
}

void abp_put_ticks(struct abp_buffer *buf, const struct abp_axis *axis)
{
    /* The roundest first; each stands if there is room left for it. */
    static const double ticks[] = {1,   0.5,  2,    0.1, 10,  0.2, 5,   0.02, 50,  0.05,
                                   20,  0.25, 4,    0.7, 1.5, 0.8, 1.2, 0.9,  1.1, 0.6,
                                   1.4, 0.95, 1.05, 0.3, 3,   0.4, 30,  0.03};
    char line[ABP_CHART_MAX + 1];
    memset(line, ' ', (size_t)axis->cells);
    line[axis->cells] = '\0';
    for (size_t i = 0; i < sizeof ticks / sizeof *ticks; i++) {
        char label[16];
        int len = snprintf(label, sizeof label, "%g", ticks[i]);
        int cell = cell_of(axis, ticks[i]), start = cell - (len - 1) / 2;
        if (cell < 0 || cell >= axis->cells || start < 0 || start + len > axis->cells)
            continue;
        int from = start < 3 ? 0 : start - 3, to = start + len + 3;
        if (is_free(line, from, to > axis->cells ? axis->cells : to))
            memcpy(line + start, label, (size_t)len);
    }
    abp_buffer_add(buf, line);
}

enum glyph {
    BLANK,
    THIN,
    THICK,
    MEDIAN,
    START,
    END,
    BEYOND_LOW,
    BEYOND_HIGH,
    ONE,
    ONE_THIN, /* the line at 1 where an interval crosses it */
    ONE_THICK,
    GLYPH_COUNT
};

static void fill(unsigned char *cells, int count, int from, int to, enum glyph glyph)
{
    for (int i = from < 0 ? 0 : from; i <= to && i < count; i++)
        cells[i] = (unsigned char)glyph;
}

static void draw(unsigned char *cells, const struct abp_axis *axis, const struct abp_summary *ratio)
{
    int count = axis->cells;
    int low = cell_of(axis, ratio->q025), high = cell_of(axis, ratio->q975);
    int median = cell_of(axis, ratio->q50), one = cell_of(axis, 1);
    if (isfinite(ratio->q025) && isfinite(ratio->q975)) {
        fill(cells, count, low, high, THIN);
        fill(cells, count, low, low, START);
        fill(cells, count, high, high, END);
        if (low < 0)
            cells[0] = BEYOND_LOW;
        if (high >= count)
            cells[count - 1] = BEYOND_HIGH;
    }
    if (isfinite(ratio->q25) && isfinite(ratio->q75))
        fill(cells, count, cell_of(axis, ratio->q25), cell_of(axis, ratio->q75), THICK);
    if (one >= 0 && one < count)
        cells[one] = cells[one] == THIN ? ONE_THIN : cells[one] == THICK ? ONE_THICK : ONE;
    if (isfinite(ratio->q50) && median >= 0 && median < count)
        cells[median] = MEDIAN;
}

void abp_put_bar(struct abp_buffer *buf, const struct abp_screen *screen,
                 const struct abp_axis *axis, const struct abp_summary *ratio)
{
    static const char *const drawn[GLYPH_COUNT] = {" ", "─", "━", "●", "╶", "╴",
                                                   "◂", "▸", "│", "┼", "┿"};
    static const char *const plain[GLYPH_COUNT] = {" ", "-", "=", "o", "-", "-",
                                                   "<", ">", "|", "+", "+"};
    unsigned char cells[ABP_CHART_MAX] = {0};
    draw(cells, axis, ratio);
    for (int i = 0; i < axis->cells; i++)
        abp_buffer_add(buf, (screen->draw ? drawn : plain)[cells[i]]);
}
