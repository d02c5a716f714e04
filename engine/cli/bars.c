#include "bars.h"

#include "chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GAP = 2, BETTER = 6, RAW = 8, MOST_NAME = 20, MOST_NAME_NARROW = 12 };

struct abp_number abp_ratio_interval(const struct abp_summary *ratio)
{
    struct abp_number words = {"-"};
    if (isfinite(ratio->q50))
        snprintf(words.text, sizeof words.text, "x%.10s, %.10s to %.10s",
                 abp_ratio_words(ratio->q50).text, abp_ratio_words(ratio->q025).text,
                 abp_ratio_words(ratio->q975).text);
    return words;
}

struct table {
    const struct abp_screen *screen; /* borrowed */
    struct abp_axis axis;
    int indent, name, ratio, raw; /* columns; 0: not shown */
};

static int larger(int a, int b)
{
    return a > b ? a : b;
}

/* Gives every column its width; the bar takes what is left. */
static void lay_out(struct table *table, const struct abp_bar_line *lines, size_t count,
                    int with_raw)
{
    const struct abp_screen *screen = table->screen;
    table->ratio = abp_columns(screen, "ratio to baseline");
    for (size_t i = 0; i < count; i++) {
        table->name = larger(table->name, abp_columns(screen, lines[i].name));
        table->ratio = larger(table->ratio, (int)strlen(abp_ratio_interval(&lines[i].ratio).text));
        abp_axis_include(&table->axis, lines[i].ratio.q025, lines[i].ratio.q975);
    }
    int most = screen->width < ABP_NARROW ? MOST_NAME_NARROW : larger(MOST_NAME, screen->width / 5);
    table->name = table->name > most ? most : table->name;
    table->raw = with_raw && screen->width >= ABP_NARROW ? RAW : 0;
    int taken = table->indent + table->name + table->ratio + table->raw + BETTER + 3 * GAP;
    abp_axis_finish(&table->axis, screen->width - taken - (table->raw ? 1 : 0));
}

static void put_header(struct abp_buffer *buf, const struct table *table)
{
    const struct abp_screen *screen = table->screen;
    abp_put_style(buf, screen, ABP_DIM);
    abp_put_blanks(buf, table->indent + table->name + GAP);
    abp_put_cell(buf, screen, "ratio to baseline", table->ratio);
    if (table->raw) {
        abp_put_blanks(buf, 1);
        abp_put_cell(buf, screen, "(raw)", table->raw);
    }
    abp_put_blanks(buf, GAP);
    abp_put_ticks(buf, &table->axis);
    abp_put_blanks(buf, GAP);
    abp_put_right(buf, screen, "better", BETTER);
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_byte(buf, '\n');
}

static void put_row(struct abp_buffer *buf, const struct table *table,
                    const struct abp_bar_line *line)
{
    const struct abp_screen *screen = table->screen;
    char raw[48] = "";
    if (!line->is_baseline)
        snprintf(raw, sizeof raw, "(%s)", abp_ratio_words(line->raw).text);
    abp_put_blanks(buf, table->indent);
    abp_put_cell(buf, screen, line->name, table->name);
    abp_put_blanks(buf, GAP);
    abp_put_cell(buf, screen,
                 line->is_baseline ? "baseline" : abp_ratio_interval(&line->ratio).text,
                 table->ratio);
    if (table->raw) {
        abp_put_blanks(buf, 1);
        abp_put_cell(buf, screen, raw, table->raw);
    }
    abp_put_blanks(buf, GAP);
    abp_put_bar(buf, screen, &table->axis, &line->ratio);
    abp_put_blanks(buf, GAP);
    abp_put_right(buf, screen, line->is_baseline ? "" : abp_percent_words(line->p_better).text,
                  BETTER);
    abp_buffer_byte(buf, '\n');
}

void abp_put_bars(struct abp_buffer *buf, const struct abp_screen *screen,
                  const struct abp_bar_line *lines, size_t count, int indent, int with_raw)
{
    struct table table;
    memset(&table, 0, sizeof table);
    table.screen = screen;
    table.indent = indent;
    lay_out(&table, lines, count, with_raw);
    put_header(buf, &table);
    for (size_t i = 0; i < count; i++)
        put_row(buf, &table, &lines[i]);
}
