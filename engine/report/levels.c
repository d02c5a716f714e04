/* What variants are put together from: a picture and the verdicts for each factor. */
#include "report/html.h"
#include "report/plots.h"
#include "report/section.h"

#include "abpost/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void put_numbers(struct abp_buffer *buf, const struct abp_level_result *level)
{
    abp_buffer_add(buf, "<p class=\"soft\">");
    html_plural(buf, level->posts, "post");
    if (!isnan(level->p_best)) {
        abp_buffer_add(buf, "; best of all ");
        html_text(buf, abp_percent_words(level->p_best).text);
    }
    if (!isnan(level->expected_loss)) {
        abp_buffer_add(buf, ", expected loss ");
        html_text(buf, abp_percent_words(level->expected_loss).text);
    }
    abp_buffer_add(buf, ".</p>");
}

static void put_answer(struct abp_buffer *buf, const struct abp_level_result *level,
                       const char *reference)
{
    abp_buffer_printf(buf, "<li class=\"%s\"><p class=\"say\">",
                      section_verdict_class(level->verdict));
    section_say_comparison(buf, level->verdict, level->name, reference);
    abp_buffer_add(buf, ".</p>");
    if (level->reason) {
        abp_buffer_add(buf, "<p>");
        html_sentence(buf, level->reason);
        abp_buffer_add(buf, "</p>");
    }
    put_numbers(buf, level);
    abp_buffer_add(buf, "</li>\n");
}

static void put_ratios(struct abp_buffer *buf, const struct abp_factor_result *factor)
{
    struct ratio_row *rows = calloc(factor->level_count, sizeof *rows);
    char(*words)[160] = calloc(factor->level_count, sizeof *words);
    for (size_t l = 0; rows && words && l < factor->level_count; l++) {
        struct abp_buffer value;
        abp_buffer_init(&value, sizeof *words - 1);
        if (l == 0)
            abp_buffer_add(&value, "reference");
        else
            section_ratio_words(&value, &factor->levels[l].lift);
        snprintf(words[l], sizeof *words, "%s", abp_buffer_text(&value));
        abp_buffer_release(&value);
        rows[l] = (struct ratio_row){.name = factor->levels[l].name,
                                     .log = factor->levels[l].log_lift,
                                     .raw = NAN,
                                     .value = words[l],
                                     .is_baseline = l == 0};
    }
    if (rows && words)
        plot_ratios(buf, rows, factor->level_count);
    else
        buf->failed = 1;
    free(rows);
    free(words);
}

static void put_guards(struct abp_buffer *buf, const struct abp_factor_result *factor)
{
    double last = NAN;
    for (size_t l = 1; l < factor->level_count; l++) {
        const struct abp_guard_result *guard = &factor->levels[l].guard;
        if (isnan(guard->e_value) || !(guard->threshold > 1 && isfinite(guard->threshold)))
            continue;
        if (isnan(last))
            abp_buffer_add(buf, "<figure>\n<figcaption>The guard: pairs of posts of one block that "
                                "differ in this alone.</figcaption>\n");
        plot_guard(buf, factor->levels[l].name, guard, "pair");
        last = guard->threshold;
    }
    if (isnan(last))
        return;
    plot_guard_axis(buf, last);
    abp_buffer_add(buf, "</figure>\n");
}

static void put_factor(struct abp_buffer *buf, const struct abp_factor_result *factor)
{
    abp_buffer_add(buf, "<h3>");
    html_name(buf, factor->name);
    abp_buffer_add(buf, "</h3><figure>\n<figcaption>Ratio to ");
    html_name(buf, factor->levels[0].name);
    abp_buffer_add(buf, ", whatever else a post is put together from.</figcaption>\n");
    put_ratios(buf, factor);
    abp_buffer_add(buf, "</figure>\n<ul class=\"answers\">\n");
    for (size_t l = 1; l < factor->level_count; l++)
        put_answer(buf, &factor->levels[l], factor->levels[0].name);
    abp_buffer_add(buf, "</ul>\n");
    put_guards(buf, factor);
}

void section_factors(struct abp_buffer *buf, const struct abp_result *result)
{
    for (size_t f = 0; f < result->factor_count; f++)
        if (result->factors[f].level_count > 1)
            put_factor(buf, &result->factors[f]);
}
