#include "show.h"

#include <stdlib.h>
#include <string.h>

#define MAX_EXPERIMENT ((size_t)1 << 28) /* bytes that one experiment may take */

void abp_show_init(struct abp_show *show, const struct abp_env *env, const struct abp_args *args)
{
    memset(show, 0, sizeof *show);
    show->env = env;
    show->format = args->format;
    show->verbose = args->verbose;
    abp_buffer_init(&show->buf, MAX_EXPERIMENT);
    abp_buffer_init(&show->held, MAX_EXPERIMENT);
}

void abp_show_release(struct abp_show *show)
{
    abp_buffer_release(&show->buf);
    abp_buffer_release(&show->held);
    abp_portfolio_release(&show->portfolio);
    free(show->rows);
}

const char *abp_shown_question(const struct abp_shown *shown)
{
    return shown->experiment ? shown->experiment->hypothesis : NULL;
}

int abp_shown_report(struct abp_report *page, const struct abp_shown *shown, struct abp_error *err)
{
    struct abp_report_item item = {.name = shown->name,
                                   .result = shown->result,
                                   .error = shown->error,
                                   .experiment = shown->experiment,
                                   .posts = shown->posts,
                                   .made = shown->made,
                                   .decisions = shown->decisions};
    return abp_report_add(page, &item, err);
}

int abp_show_begin(struct abp_show *show, size_t expected, struct abp_error *err)
{
    show->expected = expected;
    if (show->page)
        return 0;
    switch (show->format) {
    case ABP_JSON:
        abp_json_begin(show);
        break;
    case ABP_CSV:
        abp_csv_begin(show);
        break;
    default:
        abp_text_begin(show);
    }
    return show->held_back ? 0 : abp_emit(show->env, &show->buf, err);
}

static void count(struct abp_show *show, const struct abp_result *result)
{
    if (!result) {
        show->failed++;
        return;
    }
    show->doubtful += result->variant_count && (result->warning_count || !result->fit.reliable);
    for (size_t i = 0; i < result->variant_count; i++) {
        enum abp_verdict verdict = result->variants[i].verdict;
        if (verdict > ABP_NO_VERDICT && verdict < ABP_VERDICT_COUNT) {
            show->verdicts[verdict]++;
            show->comparisons++;
        }
    }
}

int abp_show_one(struct abp_show *show, const struct abp_shown *shown, struct abp_error *err)
{
    if (show->page) {
        show->shown++;
        return abp_shown_report(show->page, shown, err);
    }
    if (shown->result && abp_portfolio_add(&show->portfolio, shown->name, shown->result, err) != 0)
        return -1;
    switch (show->format) {
    case ABP_JSON:
        abp_json_one(show, shown);
        break;
    case ABP_CSV:
        abp_csv_one(show, shown);
        break;
    default:
        abp_text_one(show, shown);
    }
    show->shown++;
    count(show, shown->result);
    return show->held_back ? 0 : abp_emit(show->env, &show->buf, err);
}

int abp_show_end(struct abp_show *show, const char *trouble, struct abp_error *err)
{
    if (show->page) {
        show->page->complete = trouble == NULL;
        return 0;
    }
    if (abp_portfolio_judge(&show->portfolio, err) != 0)
        return -1;
    if (show->format == ABP_JSON)
        abp_json_end(show, trouble);
    else if (show->format == ABP_CSV)
        abp_csv_end(show);
    else if (show->format == ABP_TEXT)
        abp_text_end(show, trouble);
    return abp_emit(show->env, &show->buf, err);
}
