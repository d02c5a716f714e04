/* What the posts themselves look like: a dot each by style, and averages by slot. */
#include "report/html.h"
#include "report/plots.h"
#include "report/section.h"

#include "abpost/words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_SLOTS 60 /* rows of a table; more is no reading */

/* A post's amount: outcome per exposure. NaN: it has none that can be drawn. */
static double amount_of(const struct abp_post_row *row)
{
    double amount = row->outcome / row->exposure;
    return isfinite(amount) && amount >= 0 ? amount : NAN;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The posts of one style: amounts, ascending; at most `room`. */
static struct strip_row strip_of(const struct abp_posts *posts,
                                 const struct abp_variant_result *variant, double *amounts,
                                 size_t room)
{
    struct strip_row row = {.name = variant->name, .amounts = amounts, .mean = NAN};
    uint32_t number = 0;
    while (number < posts->variants.count &&
           strcmp(posts->variants.list[number], variant->name) != 0)
        number++;
    for (size_t i = 0; i < posts->count; i++) {
        if (posts->rows[i].variant != number)
            continue;
        double amount = amount_of(&posts->rows[i]);
        if (isnan(amount))
            row.missing++;
        else if (row.count < room)
            amounts[row.count++] = amount;
    }
    qsort(amounts, row.count, sizeof *amounts, ascending);
    if (row.count && variant->exposure_total > 0)
        row.mean = variant->outcome_total / variant->exposure_total;
    return row;
}

static int has_exposure(const struct abp_posts *posts)
{
    for (size_t i = 0; i < posts->count; i++)
        if (isfinite(posts->rows[i].exposure) && fabs(posts->rows[i].exposure - 1) > 0)
            return 1;
    return 0;
}

/* Counts are read against 1; rates against the smallest one that is not 0. */
static double unit_of(const struct abp_posts *posts)
{
    double least = INFINITY;
    if (!has_exposure(posts))
        return 1;
    for (size_t i = 0; i < posts->count; i++) {
        double amount = amount_of(&posts->rows[i]);
        if (amount > 0 && amount < least)
            least = amount;
    }
    return isfinite(least) ? least : 1;
}

static void put_strips(struct abp_buffer *buf, const struct abp_report_item *item,
                       struct strip_row *rows, double *amounts)
{
    const struct abp_result *result = item->result;
    const char *what = has_exposure(item->posts) ? "outcome per exposure" : "outcome";
    size_t room = item->posts->count; /* every post is of one style */
    for (size_t v = 0; v < result->variant_count; v++) {
        rows[v] = strip_of(item->posts, &result->variants[v], amounts, room);
        amounts += rows[v].count;
        room -= rows[v].count;
    }
    abp_buffer_add(buf, "<h3>Every post</h3><figure>\n<figcaption>");
    abp_buffer_printf(buf,
                      "A dot is a post, placed by its %s; the scale is logarithmic and begins at "
                      "0. The bar is the average. Dots spread out over each other’s places are why "
                      "so many posts are needed.</figcaption>\n",
                      what);
    plot_strips(buf, rows, result->variant_count, unit_of(item->posts), what);
    abp_buffer_add(buf, "</figure>\n");
}

/* ---- slots ---- */

struct slot_sum {
    size_t posts;
    double outcome, exposure;
};

static void put_slots(struct abp_buffer *buf, const struct abp_posts *posts)
{
    struct slot_sum *sums = calloc(posts->slots.count + 1, sizeof *sums);
    if (!sums) {
        buf->failed = 1;
        return;
    }
    for (size_t i = 0; i < posts->count; i++) {
        const struct abp_post_row *row = &posts->rows[i];
        if (isnan(amount_of(row)))
            continue;
        sums[row->slot].posts++;
        sums[row->slot].outcome += row->outcome;
        sums[row->slot].exposure += row->exposure;
    }
    abp_buffer_add(buf, "<h3>By slot</h3><div class=\"wide\"><table><thead><tr><th scope=\"col\">"
                        "Slot</th><th scope=\"col\" class=\"n\">Posts</th><th scope=\"col\" "
                        "class=\"n\">Average, all styles</th></tr></thead><tbody>\n");
    for (size_t s = 0; s < posts->slots.count && s < MOST_SLOTS; s++) {
        abp_buffer_add(buf, "<tr><th scope=\"row\">");
        html_name(buf, posts->slots.list[s]);
        abp_buffer_printf(buf, "</th><td class=\"n\">%s</td><td class=\"n\">",
                          abp_count_words(sums[s].posts).text);
        html_text(buf, abp_amount_words(sums[s].outcome / sums[s].exposure).text);
        abp_buffer_add(buf, "</td></tr>\n");
    }
    abp_buffer_add(buf, "</tbody></table></div>\n");
    if (posts->slots.count > MOST_SLOTS)
        abp_buffer_printf(buf, "<p class=\"soft\">And %s more.</p>\n",
                          abp_count_words(posts->slots.count - MOST_SLOTS).text);
    free(sums);
}

void section_posts(struct abp_buffer *buf, const struct abp_report_item *item)
{
    const struct abp_posts *posts = item->posts;
    if (!posts || posts->count == 0 || item->result->variant_count == 0)
        return;
    struct strip_row *rows = calloc(item->result->variant_count, sizeof *rows);
    double *amounts = calloc(posts->count, sizeof *amounts);
    if (rows && amounts)
        put_strips(buf, item, rows, amounts);
    else
        buf->failed = 1;
    free(rows);
    free(amounts);
    if (item->result->slot_count > 1)
        put_slots(buf, posts);
}
