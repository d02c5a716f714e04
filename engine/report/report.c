#include "abpost/report.h"

#include "report/html.h"
#include "report/plots.h"
#include "report/section.h"

#include "abpost/words.h"

#include <math.h>
#include <string.h>

#define MOST_BYTES  ((size_t)1 << 30)
#define MOST_NAME   ((size_t)1 << 16)
#define USUAL_ALPHA 0.05
#define INDEX_REACH                                                                                \
    4.0                  /* the ratio at the right end of the index's bars; 1 over it at the left  \
                          */
#define MOST_FINDINGS 40 /* names in the portfolio's sentence */

void abp_report_init(struct abp_report *report)
{
    memset(report, 0, sizeof *report);
    abp_buffer_init(&report->index, MOST_BYTES);
    abp_buffer_init(&report->body, MOST_BYTES);
}

void abp_report_release(struct abp_report *report)
{
    abp_buffer_release(&report->index);
    abp_buffer_release(&report->body);
    abp_portfolio_release(&report->portfolio);
    memset(report, 0, sizeof *report);
}

int abp_report_is_one(const char *bytes, size_t len)
{
    size_t mark = strlen(ABP_REPORT_MARK);
    return len == 0 || (len >= mark && memcmp(bytes, ABP_REPORT_MARK, mark) == 0);
}

/* ---- adding ---- */

/* The style besides the baseline that is likeliest the best; 0: there is none. */
static size_t best_variant(const struct abp_result *result)
{
    size_t best = 0;
    for (size_t v = 1; v < result->variant_count; v++) {
        double p = result->variants[v].p_best;
        if (best == 0 || p > result->variants[best].p_best || isnan(result->variants[best].p_best))
            best = v;
    }
    return best;
}

static void index_result(struct abp_buffer *buf, const struct abp_result *result)
{
    size_t best = best_variant(result);
    abp_buffer_printf(buf, "<td class=\"n\">%s</td>", abp_count_words(result->posts).text);
    if (best == 0 || !section_compares(result)) {
        abp_buffer_add(buf, "<td></td><td class=\"bar\"></td><td class=\"n\"></td><td>nothing to "
                            "compare yet</td></tr>\n");
        return;
    }
    const struct abp_variant_result *v = &result->variants[best];
    struct ratio_axis axis = {-log(INDEX_REACH), log(INDEX_REACH)};
    struct abp_buffer title;
    abp_buffer_init(&title, MOST_NAME);
    abp_buffer_add(&title, "ratio ");
    section_ratio_words(&title, &v->lift);
    abp_buffer_add(buf, "<td>");
    html_name(buf, v->name);
    abp_buffer_add(buf, "</td><td class=\"bar\">");
    plot_interval(buf, &axis, &v->log_lift, abp_buffer_text(&title));
    abp_buffer_add(buf, "</td><td class=\"n\">");
    html_text(buf, abp_percent_words(v->p_better).text);
    abp_buffer_printf(buf, "</td><td class=\"verdict %s\">%s", section_verdict_class(v->verdict),
                      abp_verdict_words(v->verdict));
    if (!result->fit.reliable || result->warning_count)
        abp_buffer_add(buf, result->fit.reliable ? " (note)" : " (not reliable)");
    abp_buffer_add(buf, "</td></tr>\n");
    abp_buffer_release(&title);
}

static void index_row(struct abp_report *report, const struct abp_report_item *item)
{
    struct abp_buffer *buf = &report->index;
    abp_buffer_printf(buf, "<tr><th scope=\"row\"><a href=\"#e%zu\">", report->count);
    html_name(buf, item->name);
    abp_buffer_add(buf, "</a></th>");
    if (item->result)
        index_result(buf, item->result);
    else
        abp_buffer_add(buf, "<td class=\"n\"></td><td></td><td class=\"bar\"></td><td class=\"n\">"
                            "</td><td>not evaluated</td></tr>\n");
}

static void count_verdicts(struct abp_report *report, const struct abp_result *result)
{
    for (size_t v = 1; v < result->variant_count && section_compares(result); v++) {
        enum abp_verdict verdict = result->variants[v].verdict;
        if (verdict > ABP_NO_VERDICT && verdict < ABP_VERDICT_COUNT) {
            report->verdicts[verdict]++;
            report->comparisons++;
        }
    }
}

int abp_report_add(struct abp_report *report, const struct abp_report_item *item,
                   struct abp_error *err)
{
    report->count++;
    report->failed += item->result == NULL;
    if (item->result) {
        count_verdicts(report, item->result);
        if (abp_portfolio_add(&report->portfolio, item->name, item->result, err) != 0)
            return -1;
    }
    index_row(report, item);
    section_put(&report->body, item, report->count);
    return report->index.failed || report->body.failed ? abp_fail_memory(err) : 0;
}

/* ---- the page ---- */

static void put_counts(struct abp_buffer *page, const struct abp_report *report)
{
    const char *between = ": ";
    abp_buffer_add(page, "<p>");
    html_plural(page, report->count, "experiment");
    abp_buffer_add(page, ", ");
    html_plural(page, report->comparisons, "comparison");
    abp_buffer_add(page, " with a baseline");
    for (int v = ABP_REPEAT; v < ABP_VERDICT_COUNT; v++) {
        if (!report->verdicts[v])
            continue;
        abp_buffer_printf(page, "%s%s %s", between, abp_count_words(report->verdicts[v]).text,
                          abp_verdict_words((enum abp_verdict)v));
        between = ", ";
    }
    abp_buffer_add(page, ".");
    if (report->failed)
        abp_buffer_printf(page, " %s could not be evaluated.",
                          abp_count_words(report->failed).text);
    abp_buffer_add(page, "</p>\n");
}

/* What the whole portfolio says (fdr.h): more comparisons, more luck. */
static int put_portfolio(struct abp_buffer *page, struct abp_report *report, struct abp_error *err)
{
    struct abp_portfolio *p = &report->portfolio;
    size_t named = 0;
    if (p->count < 2)
        return 0;
    if (!p->findings && abp_portfolio_judge(p, err) != 0)
        return -1;
    abp_buffer_printf(page, "<p>Looked at side by side, %s of ",
                      p->survivors ? abp_count_words(p->survivors).text : "none");
    html_plural(page, p->count, "randomised comparison");
    abp_buffer_add(page, p->survivors > 1 ? " stand" : " stands");
    abp_buffer_add(page, " (e-BH: of those that do, on average at most ");
    html_text(page, abp_percent_words(p->alpha).text);
    abp_buffer_add(page, " is chance)");
    for (size_t i = 0; i < p->count && named < MOST_FINDINGS; i++) {
        if (!p->findings[i].discovered)
            continue;
        abp_buffer_add(page, named++ ? "; " : ": ");
        html_name(page, p->tests[i].experiment);
        abp_buffer_add(page, ", ");
        html_name(page, p->tests[i].variant);
        abp_buffer_add(page, p->tests[i].up ? " better" : " worse");
    }
    if (p->survivors > named)
        abp_buffer_printf(page, "; and %s more", abp_count_words(p->survivors - named).text);
    abp_buffer_add(page, ".</p>\n");
    return 0;
}

static int put_index(struct abp_buffer *page, struct abp_report *report, struct abp_error *err)
{
    if (report->count < 2)
        return 0;
    put_counts(page, report);
    if (put_portfolio(page, report, err) != 0)
        return -1;
    abp_buffer_add(page,
                   "<div class=\"wide\"><table class=\"index\"><thead><tr><th scope=\"col\">"
                   "Experiment</th><th scope=\"col\" class=\"n\">Posts</th><th scope=\"col\">Best "
                   "besides the baseline</th><th scope=\"col\" class=\"bar\">Its ratio, ×¼ to "
                   "×4</th><th scope=\"col\" class=\"n\">Better</th><th scope=\"col\">Verdict</th>"
                   "</tr></thead><tbody>\n");
    abp_buffer_append(page, abp_buffer_text(&report->index), report->index.len);
    abp_buffer_add(page, "</tbody></table></div>\n");
    return 0;
}

static void put_foot(struct abp_buffer *page)
{
    abp_buffer_add(
        page,
        "<footer><h3>What the verdicts mean</h3><dl>"
        "<dt>Repeat</dt><dd>Better than the baseline, and the guard agrees: worth doing again."
        "</dd><dt>Drop</dt><dd>Worse, and the guard agrees; or a guardrail is broken.</dd>"
        "<dt>No difference that matters</dt><dd>Take the one that costs you less.</dd>"
        "<dt>Leaning</dt><dd>The numbers say so; the guard, or the way the data came about, does "
        "not allow more yet.</dd>"
        "<dt>Keep testing</dt><dd>It can still go either way.</dd>"
        "<dt>All posts are made</dt><dd>The plan is used up without a decision. The best guess "
        "stands with what it may cost.</dd></dl>"
        "<p class=\"soft\">Made by abpost " ABPOST_VERSION
        ". This page loads nothing and runs nothing.</p></footer>\n");
}

static void put_top(struct abp_buffer *page, int64_t now)
{
    char when[ABP_TIME_SIZE];
    abp_buffer_add(page, ABP_REPORT_MARK
                   "<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "style-src 'unsafe-inline'\">\n"
                   "<title>What the posts say</title>\n<style>");
    html_style(page);
    abp_buffer_add(page, "</style></head>\n<body><header><h1>What the posts say</h1>\n");
    if (abp_time_format(when, now) == 0)
        abp_buffer_printf(
            page, "<p class=\"soft\">As of <time datetime=\"%s\">%.10s, %.5s UTC</time>.</p>\n",
            when, when, when + 11);
}

int abp_report_finish(struct abp_buffer *page, struct abp_report *report, int64_t now,
                      struct abp_error *err)
{
    put_top(page, now);
    if (put_index(page, report, err) != 0)
        return -1;
    if (report->count == 0)
        abp_buffer_add(page, "<p>No experiment yet.</p>\n");
    abp_buffer_add(page, "</header>\n<main>\n");
    abp_buffer_append(page, abp_buffer_text(&report->body), report->body.len);
    abp_buffer_add(page, "</main>\n");
    put_foot(page);
    abp_buffer_add(page, "</body></html>\n");
    return page->failed ? abp_fail_memory(err) : 0;
}
