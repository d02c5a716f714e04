/* Text for a reader: one experiment in full, or a line for each of many. */
#include "bars.h"
#include "show.h"

#include "abpost/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- several experiments: one line each ---- */

struct columns {
    int name, best, ratio;
};

enum { POSTS = 6, RATIO = 20, BETTER = 6, VERDICT = 16, GAP = 2, MOST_NAME = 36, MOST_BEST = 24 };

static struct columns columns_of(const struct abp_screen *screen)
{
    struct columns c;
    c.ratio = screen->width < 80 ? 0 : RATIO;
    int rest = screen->width - POSTS - BETTER - VERDICT - c.ratio - (c.ratio ? 5 : 4) * GAP;
    c.name = rest * 3 / 5 > MOST_NAME ? MOST_NAME : rest * 3 / 5;
    c.best = rest - c.name > MOST_BEST ? MOST_BEST : rest - c.name;
    return c;
}

static void put_line(struct abp_buffer *buf, const struct abp_screen *screen, const char *name,
                     const char *posts, const char *best, const char *ratio, const char *better)
{
    struct columns c = columns_of(screen);
    abp_put_cell(buf, screen, name, c.name);
    abp_put_blanks(buf, GAP);
    abp_put_right(buf, screen, posts, POSTS);
    abp_put_blanks(buf, GAP);
    abp_put_cell(buf, screen, best, c.best);
    if (c.ratio) {
        abp_put_blanks(buf, GAP);
        abp_put_cell(buf, screen, ratio, c.ratio);
    }
    abp_put_blanks(buf, GAP);
    abp_put_right(buf, screen, better, BETTER);
    abp_put_blanks(buf, GAP);
}

/* The variant besides the baseline that is likeliest the best; NULL where nothing was compared. */
static const struct abp_variant_result *best_variant(const struct abp_result *result)
{
    const struct abp_variant_result *best = NULL;
    for (size_t i = 1; i < result->variant_count; i++) {
        const struct abp_variant_result *v = &result->variants[i];
        if (v->posts == 0 || result->variants[0].posts == 0)
            continue;
        if (!best || v->p_best > best->p_best || isnan(best->p_best))
            best = v;
    }
    return best;
}

static void put_summary(struct abp_buffer *buf, const struct abp_screen *screen,
                        const struct abp_shown *shown)
{
    const struct abp_result *result = shown->result;
    const struct abp_variant_result *best = best_variant(result);
    if (!best) {
        put_line(buf, screen, shown->name, abp_count_words(result->posts).text, "-", "-", "-");
    } else {
        struct abp_summary ratio = abp_ratio_of_lift(&best->lift);
        put_line(buf, screen, shown->name, abp_count_words(result->posts).text, best->name,
                 abp_ratio_interval(&ratio).text, abp_percent_words(best->p_better).text);
    }
    if (result->variant_count < 2) {
        abp_buffer_add(buf, "nothing to compare\n");
        return;
    }
    enum abp_verdict verdict = best ? best->verdict : result->variants[1].verdict;
    abp_put_style(buf, screen, abp_verdict_style(verdict));
    abp_buffer_add(buf, abp_verdict_words(verdict));
    abp_put_style(buf, screen, ABP_PLAIN);
    if (!result->fit.reliable || result->warning_count)
        abp_buffer_add(buf, result->fit.reliable ? " !" : " ?");
    abp_buffer_byte(buf, '\n');
}

static void put_failure(struct abp_buffer *buf, const struct abp_screen *screen,
                        const struct abp_shown *shown, int in_full)
{
    if (in_full) {
        abp_put_style(buf, screen, ABP_BOLD);
        abp_put_text(buf, screen, shown->name, 0);
        abp_put_style(buf, screen, ABP_PLAIN);
        abp_buffer_byte(buf, '\n');
    } else {
        put_line(buf, screen, shown->name, "", "", "", "");
    }
    abp_put_style(buf, screen, ABP_BAD);
    abp_buffer_add(buf, "not evaluated");
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_byte(buf, '\n');
}

/* ---- the whole ---- */

static int in_full(const struct abp_show *show)
{
    return show->verbose || show->expected <= 1;
}

void abp_text_begin(struct abp_show *show)
{
    struct abp_screen screen = abp_screen_of_output(show->env);
    if (in_full(show))
        return;
    abp_put_style(&show->buf, &screen, ABP_DIM);
    put_line(&show->buf, &screen, "experiment", "posts", "best *", "ratio to baseline", "better");
    abp_buffer_add(&show->buf, "verdict");
    abp_put_style(&show->buf, &screen, ABP_PLAIN);
    abp_buffer_byte(&show->buf, '\n');
}

void abp_text_one(struct abp_show *show, const struct abp_shown *shown)
{
    struct abp_screen screen = abp_screen_of_output(show->env);
    if (in_full(show) && show->shown)
        abp_buffer_byte(&show->buf, '\n');
    if (!shown->result)
        put_failure(&show->buf, &screen, shown, in_full(show));
    else if (in_full(show))
        abp_text_experiment(show, &screen, shown);
    else
        put_summary(&show->buf, &screen, shown);
}

static void put_counts(struct abp_show *show, struct abp_buffer *line)
{
    abp_buffer_printf(line, "%s experiment%s, %s comparison%s with a baseline",
                      abp_count_words(show->shown).text, show->shown == 1 ? "" : "s",
                      abp_count_words(show->comparisons).text, show->comparisons == 1 ? "" : "s");
    const char *between = ": ";
    for (int v = ABP_REPEAT; v < ABP_VERDICT_COUNT; v++) {
        if (!show->verdicts[v])
            continue;
        abp_buffer_printf(line, "%s%s %s", between, abp_count_words(show->verdicts[v]).text,
                          abp_verdict_words((enum abp_verdict)v));
        between = ", ";
    }
    abp_buffer_add(line, ".");
    if (show->failed)
        abp_buffer_printf(line, " %s could not be evaluated.", abp_count_words(show->failed).text);
}

#define MOST_NAMED 20 /* survivors that are named; JSON has all */

/* "3 of 12 comparisons survive side by side ...: a / question (better), ..." */
static void put_portfolio(struct abp_show *show, struct abp_buffer *line)
{
    const struct abp_portfolio *p = &show->portfolio;
    size_t named = 0;
    if (p->count < 2)
        return;
    if (p->survivors == 0) {
        abp_buffer_printf(line, "None of the %s randomised ones survives among them all",
                          abp_count_words(p->count).text);
        abp_buffer_printf(line, " (e-BH, false discovery rate %s).",
                          abp_percent_words(p->alpha).text);
        return;
    }
    abp_buffer_printf(line, "%s survive%s among ", abp_count_words(p->survivors).text,
                      p->survivors == 1 ? "s" : "");
    abp_buffer_printf(line, "%s tests, of which at most %s are false on average (e-BH): ",
                      abp_count_words(p->count).text, abp_percent_words(p->alpha).text);
    for (size_t i = 0; i < p->count && named < MOST_NAMED; i++) {
        if (!p->findings[i].discovered)
            continue;
        abp_buffer_printf(line, "%s%s: %s %s", named ? "; " : "", p->tests[i].experiment,
                          p->tests[i].variant, p->tests[i].up ? "better" : "worse");
        named++;
    }
    if (named < p->survivors)
        abp_buffer_printf(line, "; and %s more", abp_count_words(p->survivors - named).text);
    abp_buffer_byte(line, '.');
}

void abp_text_end(struct abp_show *show, const char *trouble)
{
    struct abp_screen screen = abp_screen_of_output(show->env);
    struct abp_buffer line;
    if (show->expected > 1) {
        abp_buffer_init(&line, (size_t)1 << 16);
        put_counts(show, &line);
        abp_buffer_byte(&show->buf, '\n');
        abp_put_paragraph(&show->buf, &screen, abp_buffer_text(&line), 0, 0);
        abp_buffer_reset(&line);
        put_portfolio(show, &line);
        if (line.len)
            abp_put_paragraph(&show->buf, &screen, abp_buffer_text(&line), 0, 0);
        abp_buffer_release(&line);
        abp_put_paragraph(&show->buf, &screen,
                          "* the best besides the baseline; a ratio below x1 is worse than it.", 0,
                          0);
        if (show->doubtful && !show->verbose)
            abp_put_paragraph(&show->buf, &screen,
                              "! there is a warning; ? the numbers are not reliable: with -v it "
                              "says why.",
                              0, 0);
    }
    /* On a terminal the error stream says so just below. */
    if (trouble && !show->env->out_is_terminal)
        abp_put_paragraph(&show->buf, &screen, trouble, 0, 0);
}
