/* The numbers of every style. A few styles are columns, so that each number has room for a word on
 * what it is; many are rows. */
#include "report/html.h"
#include "report/section.h"

#include "abpost/words.h"

#include <math.h>
#include <string.h>

#define MOST_COLUMNS 4 /* styles side by side */
#define MOST_CELL    512

static void posts_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    abp_buffer_add(cell, abp_count_words(v->posts).text);
}

static void missing_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    abp_buffer_add(cell, abp_count_words(v->missing).text);
}

static void average_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    if (v->exposure_total > 0 && isfinite(v->outcome_total))
        abp_buffer_add(cell, abp_amount_words(v->outcome_total / v->exposure_total).text);
}

static void ratio_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    if (isfinite(v->lift.q50))
        section_ratio_words(cell, &v->lift);
}

static void raw_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    if (isfinite(v->raw_ratio))
        abp_buffer_printf(cell, "×%s", abp_ratio_words(v->raw_ratio).text);
}

static void next_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    if (isfinite(v->next_post.q025) && isfinite(v->next_post.q975))
        abp_buffer_printf(cell, "×%s to ×%s", abp_rough_words(v->next_post.q025).text,
                          abp_rough_words(v->next_post.q975).text);
}

static void put_share(struct abp_buffer *cell, double share)
{
    if (isfinite(share))
        abp_buffer_add(cell, abp_percent_words(share).text);
}

static void better_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    put_share(cell, v->p_better);
}

static void best_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    put_share(cell, v->p_best);
}

static void loss_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    put_share(cell, v->expected_loss);
}

static void guard_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    if (isnan(v->guard.e_value) || !isfinite(v->guard.threshold))
        return;
    html_guard(cell, &v->guard);
}

static void blocks_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    if (!isnan(v->guard.e_value))
        abp_buffer_add(cell, abp_count_words(v->guard.blocks).text);
}

static void net_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    if (isfinite(v->net_value.q025) && isfinite(v->net_value.q975))
        abp_buffer_printf(cell, "%s, %s to %s", abp_amount_words(v->net_value.mean).text,
                          abp_amount_words(v->net_value.q025).text,
                          abp_amount_words(v->net_value.q975).text);
}

static void net_better_cell(struct abp_buffer *cell, const struct abp_variant_result *v)
{
    put_share(cell, v->p_net_better);
}

static const struct measure {
    const char *name, *gloss;
    /* Appends text; nothing where the number does not exist. */
    void (*put)(struct abp_buffer *cell, const struct abp_variant_result *v);
} measures[] = {
    {"Posts", "with a reading", posts_cell},
    {"Missing", "posts without one; never read as zero", missing_cell},
    {"Average", "outcome of a post, or of one exposure", average_cell},
    {"Ratio", "to the baseline: median and 95 % interval, shrunk", ratio_cell},
    {"Raw ratio", "of the averages; flatters whatever was lucky", raw_cell},
    {"Next post", "where it is likely to land, as a ratio to the baseline’s average", next_cell},
    {"Better", "probability that it beats the baseline", better_cell},
    {"Best of all", "probability that no other style beats it", best_cell},
    {"Expected loss", "what choosing it gives up, as a share of the baseline", loss_cell},
    {"Guard", "evidence that looking every night can’t fake, and what is enough", guard_cell},
    {"Blocks", "that were drawn by lot and are complete: what the guard looks at", blocks_cell},
    {"Net value", "of one post, its cost taken off: mean and 95 % interval", net_cell},
    {"Worth more", "probability that its net value is above the baseline’s", net_better_cell},
};

#define MEASURE_COUNT (sizeof measures / sizeof *measures)

/* 1: at least one style has this number, and a count is not 0. */
static int exists(const struct abp_result *result, const struct measure *measure)
{
    struct abp_buffer cell;
    int found = 0;
    abp_buffer_init(&cell, MOST_CELL);
    for (size_t v = 0; v < result->variant_count && !found; v++) {
        abp_buffer_reset(&cell);
        measure->put(&cell, &result->variants[v]);
        found = cell.len > 0 && strcmp(cell.data, "0") != 0;
    }
    abp_buffer_release(&cell);
    return found;
}

static void put_cell(struct abp_buffer *buf, const struct measure *measure,
                     const struct abp_variant_result *v)
{
    struct abp_buffer cell;
    abp_buffer_init(&cell, MOST_CELL);
    measure->put(&cell, v);
    abp_buffer_add(buf, "<td class=\"n\">");
    html_text(buf, cell.len ? abp_buffer_text(&cell) : "–");
    abp_buffer_add(buf, "</td>");
    abp_buffer_release(&cell);
}

static void put_head(struct abp_buffer *buf, const struct measure *measure, const char *scope,
                     const char *kind)
{
    abp_buffer_printf(buf, "<th scope=\"%s\"%s>%s<small>%s</small></th>", scope, kind,
                      measure->name, measure->gloss);
}

static void put_style_head(struct abp_buffer *buf, const struct abp_variant_result *v,
                           int is_baseline, const char *scope, const char *kind)
{
    abp_buffer_printf(buf, "<th scope=\"%s\"%s>", scope, kind);
    html_name(buf, v->name);
    abp_buffer_add(buf, is_baseline ? "<small>baseline</small></th>" : "</th>");
}

static void styles_as_columns(struct abp_buffer *buf, const struct abp_result *result)
{
    abp_buffer_add(buf, "<thead><tr><td></td>");
    for (size_t v = 0; v < result->variant_count; v++)
        put_style_head(buf, &result->variants[v], v == 0, "col", " class=\"n\"");
    abp_buffer_add(buf, "</tr></thead><tbody>\n");
    for (size_t m = 0; m < MEASURE_COUNT; m++) {
        if (!exists(result, &measures[m]))
            continue;
        abp_buffer_add(buf, "<tr>");
        put_head(buf, &measures[m], "row", "");
        for (size_t v = 0; v < result->variant_count; v++)
            put_cell(buf, &measures[m], &result->variants[v]);
        abp_buffer_add(buf, "</tr>\n");
    }
    abp_buffer_add(buf, "</tbody>");
}

static void styles_as_rows(struct abp_buffer *buf, const struct abp_result *result)
{
    int there[MEASURE_COUNT];
    abp_buffer_add(buf, "<thead><tr><td></td>");
    for (size_t m = 0; m < MEASURE_COUNT; m++)
        if ((there[m] = exists(result, &measures[m])))
            abp_buffer_printf(buf, "<th scope=\"col\" class=\"n\" title=\"%s\">%s</th>",
                              measures[m].gloss, measures[m].name);
    abp_buffer_add(buf, "</tr></thead><tbody>\n");
    for (size_t v = 0; v < result->variant_count; v++) {
        abp_buffer_add(buf, "<tr>");
        put_style_head(buf, &result->variants[v], v == 0, "row", "");
        for (size_t m = 0; m < MEASURE_COUNT; m++)
            if (there[m])
                put_cell(buf, &measures[m], &result->variants[v]);
        abp_buffer_add(buf, "</tr>\n");
    }
    abp_buffer_add(buf, "</tbody>");
}

void section_measures(struct abp_buffer *buf, const struct abp_result *result)
{
    abp_buffer_add(buf, "<div class=\"wide\"><table class=\"measures\">");
    if (result->variant_count <= MOST_COLUMNS)
        styles_as_columns(buf, result);
    else
        styles_as_rows(buf, result);
    abp_buffer_add(buf, "</table></div>\n");
}
