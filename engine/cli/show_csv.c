/* One row for each variant of each experiment, then one for each level of its factors. The header,
 * the rows and the help are made from the one table of columns below. */
#include "encode.h"
#include "show.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum kind { TEXT, COUNT, NUMBER, YES_NO, OTHER };
enum owner { RESULT, VARIANT };

struct column {
    const char *name;
    const char *help;
    enum owner owner; /* whose member `offset` is */
    enum kind kind;   /* OTHER: see special() */
    size_t offset;
};

#define OF_RESULT(kind, member)  RESULT, kind, offsetof(struct abp_result, member)
#define OF_VARIANT(kind, member) VARIANT, kind, offsetof(struct abp_variant_result, member)

enum { EXPERIMENT, FACTOR, BASELINE, FAMILY, VERDICT, WARNINGS, METHOD, SEED, ERROR, PORTFOLIO };

static const struct column columns[] = {
    {"experiment", "its name", RESULT, OTHER, EXPERIMENT},
    {"factor", "of a row of a level: its factor; empty: a row of a variant", RESULT, OTHER, FACTOR},
    {"variant", "its name, or the level's; the baseline's row comes first", OF_VARIANT(TEXT, name)},
    {"baseline", "the variant, or the level, that the others are set against", RESULT, OTHER,
     BASELINE},
    {"family", "the distribution the outcome was read as", RESULT, OTHER, FAMILY},
    {"randomised", "yes: the order of the variants was drawn; no: observational",
     OF_RESULT(YES_NO, randomised)},
    {"posts", "posts with a reading", OF_VARIANT(COUNT, posts)},
    {"missing", "posts without one", OF_VARIANT(COUNT, missing)},
    {"outcome_total", "sum of the outcome", OF_VARIANT(NUMBER, outcome_total)},
    {"exposure_total", "sum of the exposure", OF_VARIANT(NUMBER, exposure_total)},
    {"raw_ratio", "outcome per exposure over the baseline's", OF_VARIANT(NUMBER, raw_ratio)},
    {"lift_mean", "ratio to the baseline less 1, shrunk: posterior mean",
     OF_VARIANT(NUMBER, lift.mean)},
    {"lift_sd", "its standard deviation", OF_VARIANT(NUMBER, lift.sd)},
    {"lift_q025", "its 2.5 % quantile", OF_VARIANT(NUMBER, lift.q025)},
    {"lift_q25", "its 25 % quantile", OF_VARIANT(NUMBER, lift.q25)},
    {"lift_q50", "its median", OF_VARIANT(NUMBER, lift.q50)},
    {"lift_q75", "its 75 % quantile", OF_VARIANT(NUMBER, lift.q75)},
    {"lift_q975", "its 97.5 % quantile", OF_VARIANT(NUMBER, lift.q975)},
    {"log_lift_mean", "the same on the log scale: mean", OF_VARIANT(NUMBER, log_lift.mean)},
    {"log_lift_sd", "standard deviation on the log scale", OF_VARIANT(NUMBER, log_lift.sd)},
    {"next_post_q025", "ratio of the next post to the baseline's mean: 2.5 % quantile",
     OF_VARIANT(NUMBER, next_post.q025)},
    {"next_post_q50", "its median", OF_VARIANT(NUMBER, next_post.q50)},
    {"next_post_q975", "its 97.5 % quantile", OF_VARIANT(NUMBER, next_post.q975)},
    {"p_better", "P(better than the baseline)", OF_VARIANT(NUMBER, p_better)},
    {"p_best", "P(best of all)", OF_VARIANT(NUMBER, p_best)},
    {"expected_loss", "what choosing it gives up, as a share of the baseline's mean",
     OF_VARIANT(NUMBER, expected_loss)},
    {"net_value_mean", "value less cost of one post: mean", OF_VARIANT(NUMBER, net_value.mean)},
    {"net_value_q025", "its 2.5 % quantile", OF_VARIANT(NUMBER, net_value.q025)},
    {"net_value_q975", "its 97.5 % quantile", OF_VARIANT(NUMBER, net_value.q975)},
    {"p_net_better", "P(net value above the baseline's)", OF_VARIANT(NUMBER, p_net_better)},
    {"guard_e_value", "evidence against 'it changes nothing', valid however often one looks",
     OF_VARIANT(NUMBER, guard.e_value)},
    {"guard_threshold", "what it must reach", OF_VARIANT(NUMBER, guard.threshold)},
    {"guard_blocks", "randomised blocks it was computed from", OF_VARIANT(COUNT, guard.blocks)},
    {"guard_open_e_value", "the same without a planned end: what a portfolio is judged by",
     OF_VARIANT(NUMBER, guard.open_e_value)},
    {"verdict", "repeat, drop, same, leaning-repeat, leaning-drop, keep-testing or exhausted",
     VARIANT, OTHER, VERDICT},
    {"reason", "the verdict's, one sentence", OF_VARIANT(TEXT, reason)},
    {"forecast_posts", "posts to come until a decision is as likely as not",
     OF_VARIANT(NUMBER, forecast.posts)},
    {"forecast_weeks", "weeks that these take", OF_VARIANT(NUMBER, forecast.weeks)},
    {"forecast_p_decided", "chance of a decision by forecast_by posts in all",
     OF_VARIANT(NUMBER, forecast.p_decided)},
    {"forecast_by", "that number", OF_VARIANT(NUMBER, forecast.by)},
    {"learned_scale", "lift_sd as past experiments teach it", OF_RESULT(NUMBER, learned.scale)},
    {"without_log_lift_mean", "log lift without what was learned: mean",
     OF_VARIANT(NUMBER, without.log_lift.mean)},
    {"without_log_lift_sd", "its standard deviation", OF_VARIANT(NUMBER, without.log_lift.sd)},
    {"without_p_better", "P(better than the baseline) without it",
     OF_VARIANT(NUMBER, without.p_better)},
    {"method", "how the posterior was computed", RESULT, OTHER, METHOD},
    {"reliable", "no: the numbers could not be computed well enough",
     OF_RESULT(YES_NO, fit.reliable)},
    {"khat", "Pareto shape of the importance weights", OF_RESULT(NUMBER, fit.khat)},
    {"ess", "effective sample size", OF_RESULT(NUMBER, fit.ess)},
    {"seed", "of the random numbers", RESULT, OTHER, SEED},
    {"warnings", "sentences, separated by blanks", RESULT, OTHER, WARNINGS},
    {"error", "why there is no result; then the columns between are empty", RESULT, OTHER, ERROR},
    /* the last two are known when every experiment is */
    {"portfolio_tests", "comparisons of all these experiments", RESULT, OTHER, PORTFOLIO},
    {"portfolio_level",
     "the smallest false discovery rate at which this is a finding among them (e-BH)", RESULT,
     OTHER, PORTFOLIO},
};

#define COLUMN_COUNT (sizeof columns / sizeof *columns)
#define HELD_COLUMNS (COLUMN_COUNT - 2)

/* What one row is of. A level is written as a variant that lacks what levels don't have. */
struct csv_row {
    const struct abp_variant_result *variant; /* NULL: there is none */
    const char *factor;                       /* NULL: a variant */
    const char *baseline;
    size_t test; /* of the portfolio; SIZE_MAX: none */
};

/* The shortest decimal that reads back as the same number. */
static void put_number(struct abp_buffer *buf, double value)
{
    char text[40];
    if (!isfinite(value))
        return;
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    abp_buffer_add(buf, text);
}

static void put_warnings(const struct abp_show *show, struct abp_buffer *buf,
                         const struct abp_result *result)
{
    struct abp_buffer all;
    abp_buffer_init(&all, buf->max);
    for (size_t i = 0; i < result->warning_count; i++) {
        if (i)
            abp_buffer_byte(&all, ' ');
        abp_buffer_add(&all, result->warnings[i]);
    }
    abp_put_csv(buf, show->env, abp_buffer_text(&all));
    abp_buffer_release(&all);
}

static void put_special(struct abp_show *show, size_t which, const struct abp_shown *shown,
                        const struct csv_row *row)
{
    struct abp_buffer *buf = &show->buf;
    const struct abp_result *result = shown->result;
    if (which == EXPERIMENT)
        abp_put_csv(buf, show->env, shown->name);
    else if (which == ERROR)
        abp_put_csv(buf, show->env, shown->error);
    else if (!result)
        return;
    else if (which == FACTOR)
        abp_put_csv(buf, show->env, row->factor);
    else if (which == BASELINE)
        abp_put_csv(buf, show->env, row->baseline);
    else if (which == FAMILY)
        abp_put_csv(buf, show->env, abp_family_name(result->family));
    else if (which == VERDICT)
        abp_put_csv(buf, show->env, row->variant ? abp_verdict_name(row->variant->verdict) : NULL);
    else if (which == METHOD)
        abp_put_csv(buf, show->env, result->fit.method);
    else if (which == SEED)
        abp_buffer_printf(buf, "%llu", (unsigned long long)result->fit.seed);
    else if (which == WARNINGS)
        put_warnings(show, buf, result);
}

static void put_column(struct abp_show *show, const struct column *column,
                       const struct abp_shown *shown, const struct csv_row *row)
{
    struct abp_buffer *buf = &show->buf;
    const char *owner =
        column->owner == RESULT ? (const char *)shown->result : (const char *)row->variant;
    if (column->kind == OTHER) {
        put_special(show, column->offset, shown, row);
        return;
    }
    if (!owner)
        return;
    const void *member = owner + column->offset;
    if (column->kind == TEXT)
        abp_put_csv(buf, show->env, *(char *const *)member);
    else if (column->kind == COUNT)
        abp_buffer_printf(buf, "%zu", *(const size_t *)member);
    else if (column->kind == NUMBER)
        put_number(buf, *(const double *)member);
    else
        abp_buffer_add(buf, *(const int *)member ? "yes" : "no");
}

static void keep_row(struct abp_show *show, size_t test)
{
    if (show->row_count == show->row_capacity) {
        size_t capacity = show->row_capacity ? 2 * show->row_capacity : 64;
        struct abp_held_row *rows = realloc(show->rows, capacity * sizeof *rows);
        if (!rows) {
            show->buf.failed = 1;
            return;
        }
        show->rows = rows;
        show->row_capacity = capacity;
    }
    show->rows[show->row_count++] = (struct abp_held_row){show->held.len, test};
}

static void put_row(struct abp_show *show, const struct abp_shown *shown, struct csv_row row)
{
    for (size_t i = 0; i < HELD_COLUMNS; i++) {
        if (i)
            abp_buffer_byte(&show->buf, ',');
        put_column(show, &columns[i], shown, &row);
    }
    abp_buffer_append(&show->held, show->buf.data, show->buf.len);
    show->held.failed |= show->buf.failed;
    abp_buffer_reset(&show->buf);
    keep_row(show, row.test);
}

void abp_csv_begin(struct abp_show *show)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        abp_buffer_printf(&show->buf, "%s%s", i ? "," : "", columns[i].name);
    abp_buffer_byte(&show->buf, '\n');
}

static void put_level(struct abp_show *show, const struct abp_shown *shown,
                      const struct abp_factor_result *factor, size_t l)
{
    const struct abp_level_result *level = &factor->levels[l];
    const struct abp_summary absent = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    const struct abp_variant_result view = {.name = level->name,
                                            .posts = level->posts,
                                            .missing = level->missing,
                                            .outcome_total = NAN,
                                            .exposure_total = NAN,
                                            .raw_ratio = NAN,
                                            .log_lift = level->log_lift,
                                            .lift = level->lift,
                                            .next_post = absent,
                                            .p_better = level->p_better,
                                            .p_best = level->p_best,
                                            .expected_loss = level->expected_loss,
                                            .net_value = absent,
                                            .p_net_better = NAN,
                                            .guard = level->guard,
                                            .forecast = {NAN, NAN, NAN, NAN},
                                            .without = {absent, NAN, ABP_NO_VERDICT},
                                            .verdict = level->verdict,
                                            .reason = level->reason};
    put_row(show, shown, (struct csv_row){&view, factor->name, factor->levels[0].name, SIZE_MAX});
}

static void put_levels(struct abp_show *show, const struct abp_shown *shown,
                       const struct abp_result *result)
{
    for (size_t f = 0; f < result->factor_count; f++)
        for (size_t l = 0; l < result->factors[f].level_count; l++)
            put_level(show, shown, &result->factors[f], l);
}

/* The portfolio's tests are the variants with a guard, in their order; those of this experiment
 * are its last ones. */
void abp_csv_one(struct abp_show *show, const struct abp_shown *shown)
{
    const struct abp_result *result = shown->result;
    size_t own = 0;
    if (!result || result->variant_count == 0)
        put_row(show, shown,
                (struct csv_row){NULL, NULL, result ? result->baseline : NULL, SIZE_MAX});
    for (size_t i = 1; result && i < result->variant_count; i++)
        own += isnan(result->variants[i].guard.open_e_value) ? 0 : 1;
    size_t test = show->portfolio.count >= own ? show->portfolio.count - own : 0;
    for (size_t i = 0; result && i < result->variant_count; i++) {
        int tested = i && !isnan(result->variants[i].guard.open_e_value);
        put_row(show, shown,
                (struct csv_row){&result->variants[i], NULL, result->baseline,
                                 tested ? test : SIZE_MAX});
        test += tested ? 1 : 0;
    }
    if (result)
        put_levels(show, shown, result);
}

void abp_csv_end(struct abp_show *show)
{
    const struct abp_portfolio *p = &show->portfolio;
    size_t start = 0;
    for (size_t i = 0; i < show->row_count; i++) {
        const struct abp_held_row *row = &show->rows[i];
        abp_buffer_append(&show->buf, show->held.data + start, row->end - start);
        if (row->test < p->count) {
            abp_buffer_printf(&show->buf, ",%zu,", p->count);
            put_number(&show->buf, p->findings[row->test].level);
        } else {
            abp_buffer_add(&show->buf, ",,");
        }
        abp_buffer_byte(&show->buf, '\n');
        start = row->end;
    }
    show->buf.failed |= show->held.failed;
}

void abp_csv_help(struct abp_buffer *buf, const struct abp_screen *screen)
{
    enum { NAMES = 25 };
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        abp_put_blanks(buf, 2);
        abp_put_cell(buf, screen, columns[i].name, NAMES - 2);
        abp_put_paragraph(buf, screen, columns[i].help, NAMES, NAMES);
    }
}
