#include "report/plots.h"

#include "report/html.h"

#include "abpost/words.h"

#include <math.h>

#define ROW_HEIGHT   26
#define MOST_DOTS    600 /* of one style; more are a black line */
#define STRIP_HEIGHT 40
#define GOLDEN       0.6180339887498949

static void open_svg(struct abp_buffer *buf, int height)
{
    abp_buffer_printf(buf, "<svg role=\"img\" height=\"%d\">", height);
}

/* A row: its name, its plot; then what stands at its right. */
static void open_row(struct abp_buffer *buf, const char *name)
{
    abp_buffer_add(buf, "<div class=\"row\"><span>");
    html_name(buf, name);
    abp_buffer_add(buf, "</span><div class=\"plot\">");
}

static void close_plot(struct abp_buffer *buf)
{
    abp_buffer_add(buf, "</svg></div><span class=\"value\">");
}

static void put_line(struct abp_buffer *buf, const char *kind, double from, double to, int top,
                     int bottom)
{
    abp_buffer_printf(buf, "<line class=\"%s\" x1=\"", kind);
    html_place(buf, from);
    abp_buffer_add(buf, "\" x2=\"");
    html_place(buf, to);
    abp_buffer_printf(buf, "\" y1=\"%d\" y2=\"%d\"/>", top, bottom);
}

static void put_circle(struct abp_buffer *buf, const char *kind, double place, double y, double r)
{
    abp_buffer_printf(buf, "<circle class=\"%s\" cx=\"", kind);
    html_place(buf, place);
    abp_buffer_printf(buf, "\" cy=\"%.1f\" r=\"%.1f\"/>", y, r);
}

/* The words below an axis; they stand in a row of their own, so that each row's plot is one
 * picture.
 */
static void put_axis(struct abp_buffer *buf, const struct ticks *ticks, const char *times)
{
    abp_buffer_add(buf, "<div class=\"row axis\" aria-hidden=\"true\"><span class=\"none\"></span>"
                        "<div class=\"plot\"><svg height=\"18\">");
    for (size_t i = 0; i < ticks->count; i++) {
        abp_buffer_add(buf, "<text text-anchor=\"middle\" y=\"13\" x=\"");
        html_place(buf, ticks->place[i]);
        abp_buffer_printf(buf, "\">%s%s</text>", times, abp_amount_words(ticks->value[i]).text);
    }
    abp_buffer_add(buf, "</svg></div><span class=\"none\"></span></div>");
}

static void put_grid(struct abp_buffer *buf, const struct ticks *ticks, int height)
{
    for (size_t i = 0; i < ticks->count; i++)
        put_line(buf, "tick", ticks->place[i], ticks->place[i], 0, height);
}

/* ---- ratios ---- */

/* An arrow where an interval leaves the axis. */
static void put_end(struct abp_buffer *buf, int right, int y)
{
    abp_buffer_printf(
        buf,
        "<svg x=\"%s\" overflow=\"visible\"><path class=\"end\" d=\"M%d %dl%d 5v-10z\"/></svg>",
        right ? "100%" : "0%", right ? 2 : -2, y, right ? -7 : 7);
}

static int is_known(const struct abp_summary *log)
{
    return isfinite(log->q025) && isfinite(log->q50) && isfinite(log->q975);
}

static void put_interval(struct abp_buffer *buf, const struct ratio_axis *axis,
                         const struct abp_summary *log, int y)
{
    if (!is_known(log))
        return;
    double left = ratio_axis_place(axis, log->q025), right = ratio_axis_place(axis, log->q975);
    put_line(buf, "thin", left, right, y, y);
    if (isfinite(log->q25) && isfinite(log->q75))
        put_line(buf, "thick", ratio_axis_place(axis, log->q25), ratio_axis_place(axis, log->q75),
                 y, y);
    double middle = ratio_axis_place(axis, log->q50);
    if (middle >= 0 && middle <= 1)
        put_circle(buf, "dot", middle, y, 5);
    if (left < 0)
        put_end(buf, 0, y);
    if (right > 1)
        put_end(buf, 1, y);
}

void plot_interval(struct abp_buffer *buf, const struct ratio_axis *axis,
                   const struct abp_summary *log, const char *title)
{
    double one = ratio_axis_place(axis, 0);
    open_svg(buf, 16);
    abp_buffer_add(buf, "<title>");
    html_text(buf, title);
    abp_buffer_add(buf, "</title>");
    put_line(buf, "one", one, one, 0, 16);
    put_interval(buf, axis, log, 8);
    abp_buffer_add(buf, "</svg>");
}

static void put_ratio_row(struct abp_buffer *buf, const struct ratio_axis *axis,
                          const struct ticks *ticks, const struct ratio_row *row)
{
    double one = ratio_axis_place(axis, 0);
    open_row(buf, row->name);
    open_svg(buf, ROW_HEIGHT);
    abp_buffer_add(buf, "<title>");
    html_text(buf, row->name);
    abp_buffer_add(buf, ": ");
    html_text(buf, row->value);
    abp_buffer_add(buf, "</title><desc>");
    if (row->is_baseline)
        abp_buffer_add(buf, "The line at 1, which the others are set against.");
    else
        abp_buffer_add(buf, "On a logarithmic axis: the 95 % interval of the ratio to the baseline "
                            "as a thin line, its middle half thick, its median a dot.");
    abp_buffer_add(buf, "</desc>");
    put_grid(buf, ticks, ROW_HEIGHT);
    put_line(buf, "one", one, one, 0, ROW_HEIGHT);
    if (!row->is_baseline) {
        put_interval(buf, axis, &row->log, ROW_HEIGHT / 2);
        double raw = row->raw > 0 ? ratio_axis_place(axis, log(row->raw)) : -1;
        if (raw >= 0 && raw <= 1)
            put_circle(buf, "raw", raw, ROW_HEIGHT - 5, 2.5);
    }
    close_plot(buf);
    html_text(buf, row->value);
    if (row->extra) {
        abp_buffer_add(buf, " <span class=\"soft\">(");
        html_text(buf, row->extra);
        abp_buffer_add(buf, ")</span>");
    }
    abp_buffer_add(buf, "</span></div>\n");
}

void plot_ratios(struct abp_buffer *buf, const struct ratio_row *rows, size_t count)
{
    struct ratio_axis axis = ratio_axis_start();
    struct ticks ticks;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].is_baseline)
            continue;
        if (is_known(&rows[i].log))
            ratio_axis_include(&axis, rows[i].log.q025, rows[i].log.q975);
        if (rows[i].raw > 0)
            ratio_axis_include(&axis, log(rows[i].raw), log(rows[i].raw));
    }
    ratio_axis_finish(&axis);
    ratio_ticks(&ticks, &axis);
    for (size_t i = 0; i < count; i++)
        put_ratio_row(buf, &axis, &ticks, &rows[i]);
    put_axis(buf, &ticks, "×");
}

/* ---- posts ---- */

/* Dots of one style. Of more than can be told apart, some are drawn, evenly by rank, the largest
 * and the smallest among them. */
static void put_dots(struct abp_buffer *buf, const struct amount_axis *axis,
                     const struct strip_row *row)
{
    size_t dots = row->count < MOST_DOTS ? row->count : MOST_DOTS;
    double r = dots > 150 ? 2.5 : 3.5, room = STRIP_HEIGHT - 2 * r - 2;
    for (size_t i = 0; i < dots; i++) {
        size_t at = dots < row->count ? i * (row->count - 1) / (dots - 1) : i;
        double turn = (double)i * GOLDEN;
        put_circle(buf, "post", amount_axis_place(axis, row->amounts[at]),
                   STRIP_HEIGHT / 2.0 + (turn - floor(turn) - 0.5) * room, r);
    }
}

static void put_strip(struct abp_buffer *buf, const struct amount_axis *axis,
                      const struct ticks *ticks, const struct strip_row *row, const char *what)
{
    open_row(buf, row->name);
    open_svg(buf, STRIP_HEIGHT);
    abp_buffer_add(buf, "<title>");
    html_text(buf, row->name);
    abp_buffer_add(buf, ": ");
    html_plural(buf, row->count, "post");
    abp_buffer_add(buf, "</title><desc>");
    if (row->count) {
        abp_buffer_printf(buf, "A dot for each post, by its %s: ", what);
        abp_buffer_printf(buf, "%s at the least, ", abp_amount_words(row->amounts[0]).text);
        abp_buffer_printf(buf, "%s in the middle, ",
                          abp_amount_words(row->amounts[row->count / 2]).text);
        abp_buffer_printf(buf, "%s at the most.",
                          abp_amount_words(row->amounts[row->count - 1]).text);
    } else {
        abp_buffer_add(buf, "No post with a reading.");
    }
    abp_buffer_add(buf, "</desc>");
    put_grid(buf, ticks, STRIP_HEIGHT);
    put_dots(buf, axis, row);
    if (isfinite(row->mean) && row->mean >= 0) {
        double mean = amount_axis_place(axis, row->mean);
        put_line(buf, "mid", mean, mean, 2, STRIP_HEIGHT - 2);
    }
    close_plot(buf);
    abp_buffer_add(buf, isfinite(row->mean) ? "mean " : "");
    html_text(buf, abp_amount_words(row->mean).text);
    if (row->missing)
        abp_buffer_printf(buf, " <span class=\"soft\">(%s missing)</span>",
                          abp_count_words(row->missing).text);
    abp_buffer_add(buf, "</span></div>\n");
}

void plot_strips(struct abp_buffer *buf, const struct strip_row *rows, size_t count, double unit,
                 const char *what)
{
    double most = 0;
    struct ticks ticks;
    for (size_t i = 0; i < count; i++)
        if (rows[i].count && rows[i].amounts[rows[i].count - 1] > most)
            most = rows[i].amounts[rows[i].count - 1];
    struct amount_axis axis = amount_axis(unit, most);
    amount_ticks(&ticks, &axis);
    for (size_t i = 0; i < count; i++)
        put_strip(buf, &axis, &ticks, &rows[i], what);
    put_axis(buf, &ticks, "");
}

/* ---- the guard ---- */

/* From a tenth to ten times the threshold. */
static double guard_place(double e_value, double threshold)
{
    double low = log(0.1), high = log(10 * threshold);
    double at = e_value > 0 ? log(e_value) : low;
    double place = (at - low) / (high - low);
    return place < 0 ? 0 : place > 1 ? 1 : place;
}

void plot_guard_axis(struct abp_buffer *buf, double threshold)
{
    struct ticks ticks = {.value = {1, threshold},
                          .place = {guard_place(1, threshold), guard_place(threshold, threshold)},
                          .count = 2};
    put_axis(buf, &ticks, "");
}

void plot_guard(struct abp_buffer *buf, const char *name, const struct abp_guard_result *guard,
                const char *what)
{
    const int height = 20, middle = height / 2;
    double one = guard_place(1, guard->threshold),
           now = guard_place(guard->e_value, guard->threshold);
    double limit = guard_place(guard->threshold, guard->threshold);
    open_row(buf, name);
    open_svg(buf, height);
    abp_buffer_add(buf, "<title>");
    html_text(buf, name);
    abp_buffer_add(buf, ": guard ");
    html_guard(buf, guard);
    abp_buffer_add(buf, "</title><desc>Evidence on a logarithmic axis: it starts at 1, and enough "
                        "is where the dashed line stands.</desc>");
    put_line(buf, "tick", 0, 1, middle, middle);
    put_line(buf, "thick", now < one ? now : one, now < one ? one : now, middle, middle);
    put_line(buf, "one", one, one, 2, height - 2);
    put_line(buf, "limit", limit, limit, 0, height);
    put_circle(buf, "dot", now, middle, 5);
    close_plot(buf);
    html_guard(buf, guard);
    abp_buffer_add(buf, " <span class=\"soft\">(");
    html_plural(buf, guard->blocks, what);
    abp_buffer_add(buf, ")</span></span></div>\n");
}
