/* Simulations as text, JSON and CSV. */
#include "encode.h"
#include "tally.h"

#include "abpost/time.h"

#include <math.h>
#include <stdio.h>

#define MOST_COLUMNS 6  /* weeks shown side by side */
#define FEW          20 /* a share of fewer than that is said as a count */

/* ---- text ---- */

static const char *effect_words(char text[16], double effect)
{
    snprintf(text, 16, isnan(effect) ? "drawn" : "x%.3g", effect);
    return text;
}

static void put_paragraph(struct abp_buffer *buf, const struct abp_screen *screen,
                          struct abp_buffer *note)
{
    abp_put_paragraph(buf, screen, abp_buffer_text(note), 0, 0);
    abp_buffer_reset(note);
}

static void say_size(struct abp_buffer *note, const struct abp_simulation *s)
{
    const struct abp_scene *scene = s->scene;
    abp_buffer_printf(note, "%zu posts of %zu styles", scene->count, scene->variants);
    if (scene->factor_count)
        abp_buffer_printf(note, " (%zu factor%s, and a level of one has the effect)",
                          scene->factor_count, scene->factor_count == 1 ? "" : "s");
    if (scene->channels > 1)
        abp_buffer_printf(note, " on %zu channels", scene->channels);
    if (scene->timed)
        abp_buffer_printf(note, " over %zu week%s", s->weeks, s->weeks == 1 ? "" : "s");
    abp_buffer_add(note, ", a look after every night on which a post has matured.");
    if (scene->experiment->decision.allocation == ABP_TOP_TWO)
        abp_buffer_add(note,
                       " Blocks follow what was read before, as allocation = top-two says, by "
                       "a quicker posterior here than abpost's own.");
}

static void say_climate(struct abp_buffer *note, const struct abp_simulation *s)
{
    const struct abp_climate *c = &s->scene->climate;
    double sd = abp_world_log_sd(c->family, c->mu, c->kappa);
    int is_rate = c->family == ABP_BETABINOMIAL || c->family == ABP_BINOMIAL;
    double level = is_rate ? 1.0 / (1.0 + exp(-c->mu)) : exp(c->mu);
    if (s->aa) {
        abp_buffer_printf(note, "Outcomes are those of %zu real posts, their styles shuffled.",
                          s->scene->real_count);
        return;
    }
    abp_buffer_printf(note, "Worlds: %s of %s", is_rate ? "a rate" : "an outcome",
                      abp_amount_words(level).text);
    abp_buffer_printf(note, ", log outcomes spread by %s between posts", abp_amount_words(sd).text);
    if (s->scene->channels > 1)
        abp_buffer_printf(note, ", by %s between channels", abp_amount_words(c->channel_sd).text);
    abp_buffer_printf(note, "; %s",
                      c->posts ? "learned from "
                               : "defaults, as there are no past posts to learn "
                                 "from");
    if (c->posts)
        abp_buffer_printf(note, "%zu posts of %s", c->posts,
                          s->scene->teacher ? s->scene->teacher : "this experiment");
    abp_buffer_add(note, ". A third each has the model's tail, a lognormal one and a heavy one; "
                         "half have a trend and a level that wanders.");
}

/* 1: no style is better in these worlds. */
static int is_null(const struct abp_tally *t)
{
    return t->effect >= 1.0 && t->effect <= 1.0;
}

/* 1: some style has an effect that can be found. */
static int has_effects(const struct abp_simulation *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!isnan(s->tallies[i].effect) && !is_null(&s->tallies[i]))
            return 1;
    return 0;
}

/* 1: what is found by which week stands in columns. */
static int shows_weeks(const struct abp_simulation *s)
{
    return s->scene->timed && has_effects(s);
}

static size_t step_of(size_t weeks)
{
    size_t step = (weeks + MOST_COLUMNS - 1) / MOST_COLUMNS;
    return step ? step : 1;
}

static size_t by_week(const size_t *in, size_t week)
{
    size_t sum = 0;
    for (size_t w = 0; w < week && w < ABP_TALLY_WEEKS; w++)
        sum += in[w];
    return sum;
}

static void put_header(struct abp_buffer *buf, const struct abp_screen *screen,
                       const struct abp_simulation *s)
{
    abp_put_style(buf, screen, ABP_DIM);
    abp_buffer_printf(buf, "%-7s", "effect");
    if (shows_weeks(s))
        for (size_t w = step_of(s->weeks); w < s->weeks + step_of(s->weeks); w += step_of(s->weeks))
            abp_buffer_printf(buf, "  %swk%-3zu", w < 100 ? " " : "", w < s->weeks ? w : s->weeks);
    if (has_effects(s))
        abp_buffer_printf(buf, "  %6s", "found");
    abp_buffer_printf(buf, "  %6s  %5s  %6s", "weeks", "wrong", "regret");
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_byte(buf, '\n');
}

/* "87 %"; of a few "3/4". */
static struct abp_number share(size_t k, size_t n)
{
    struct abp_number count;
    if (n == 0 || n >= FEW)
        return abp_percent_words(n ? (double)k / (double)n : NAN);
    snprintf(count.text, sizeof count.text, "%zu/%zu", k, n);
    return count;
}

static void put_row(struct abp_buffer *buf, const struct abp_simulation *s,
                    const struct abp_tally *t)
{
    char text[16], weeks[24] = "-";
    int has_effect = !isnan(t->effect) && !is_null(t);
    size_t step = step_of(s->weeks), median = abp_tally_week(t, 0.5);
    abp_buffer_printf(buf, "%-7s", effect_words(text, t->effect));
    for (size_t w = step; shows_weeks(s) && w < s->weeks + step; w += step)
        abp_buffer_printf(
            buf, "  %6s",
            has_effect
                ? share(by_week(t->found_in, w < s->weeks ? w : ABP_TALLY_WEEKS), t->worlds).text
                : "");
    if (median && s->scene->timed)
        snprintf(weeks, sizeof weeks, "%zu", median);
    if (has_effects(s))
        abp_buffer_printf(buf, "  %6s", has_effect ? share(t->found, t->worlds).text : "");
    abp_buffer_printf(buf, "  %6s  %5s", weeks, share(t->wrong, t->worlds).text);
    abp_buffer_printf(buf, "  %6s\n", abp_percent_words(t->regret / (double)t->worlds).text);
}

/* "4.2 %"; of a few "1". */
static void put_share(struct abp_buffer *note, size_t k, size_t n)
{
    if (n < FEW)
        abp_buffer_printf(note, "%zu", k);
    else
        abp_buffer_printf(note, "%.1f %%", 100.0 * (double)k / (double)n);
}

/* The sentence that this command is for. */
static void say_false_alarms(struct abp_buffer *note, const struct abp_simulation *s,
                             const struct abp_tally *t)
{
    struct abp_share wrong = abp_share_of(t->wrong, t->worlds);
    abp_buffer_add(note, "Where no style is better, ever a false repeat or drop: ");
    put_share(note, t->wrong, t->worlds);
    abp_buffer_printf(note, " of %s world%s (95 %% interval %.1f to %.1f %%; alpha is %.3g %%)",
                      abp_count_words(t->worlds).text, t->worlds == 1 ? "" : "s", 100.0 * wrong.low,
                      100.0 * wrong.high, 100.0 * s->scene->experiment->decision.alpha);
    for (int tail = 0; tail < ABP_TAIL_COUNT && !s->aa; tail++) {
        size_t n = t->worlds_of_tail[tail];
        abp_buffer_printf(note, "%s %s ", tail ? "," : ":",
                          abp_tail_name(s->scene->climate.family, (enum abp_tail)tail));
        put_share(note, t->wrong_of_tail[tail], n);
        if (n < FEW)
            abp_buffer_printf(note, " of %zu", n);
    }
    abp_buffer_add(note, ".");
}

static void say_choices(struct abp_buffer *note, const struct abp_simulation *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct abp_tally *t = &s->tallies[i];
        char text[16];
        if (!t->chosen || is_null(t))
            continue; /* where no style is better, none that is chosen can be */
        abp_buffer_printf(note, "%s%s ",
                          note->len ? ", " : "A chosen style is truly better than the baseline: ",
                          effect_words(text, t->effect));
        if (t->chosen < FEW)
            abp_buffer_printf(note, "%zu", t->chosen_better);
        else
            abp_buffer_add(note, share(t->chosen_better, t->chosen).text);
        abp_buffer_printf(note, " of %zu", t->chosen);
    }
    if (note->len)
        abp_buffer_add(note, ".");
}

/* What the columns and rows that are there mean. */
static void say_legend(struct abp_buffer *note, const struct abp_simulation *s)
{
    int drawn = 0;
    for (size_t i = 0; i < s->count; i++)
        drawn |= isnan(s->tallies[i].effect);
    if (shows_weeks(s))
        abp_buffer_add(note, "wk: chance to have found it by that week; ");
    if (has_effects(s))
        abp_buffer_add(note, "found: by the end; ");
    if (s->scene->timed)
        abp_buffer_add(note, "weeks: median until every style has a verdict, where all have; ");
    abp_buffer_add(note, "wrong: ever a repeat or drop that is not deserved; regret: what the "
                         "posts gave up meanwhile, of the best style's outcome");
    abp_buffer_add(note, drawn ? "; drawn: effects as the prior has them." : ".");
}

void abp_simulation_put_text(struct abp_buffer *buf, const struct abp_simulation *s)
{
    struct abp_screen screen = abp_screen_of_output(s->env);
    struct abp_buffer note;
    abp_buffer_init(&note, 4096);
    abp_put_style(buf, &screen, ABP_BOLD);
    abp_put_text(buf, &screen, s->scene->experiment->name, 0);
    abp_put_style(buf, &screen, ABP_PLAIN);
    abp_buffer_byte(buf, '\n');
    say_size(&note, s);
    put_paragraph(buf, &screen, &note);
    say_climate(&note, s);
    put_paragraph(buf, &screen, &note);
    abp_buffer_byte(buf, '\n');
    put_header(buf, &screen, s);
    for (size_t i = 0; i < s->count; i++)
        put_row(buf, s, &s->tallies[i]);
    abp_buffer_byte(buf, '\n');
    for (size_t i = 0; i < s->count; i++) {
        if (!is_null(&s->tallies[i]))
            continue;
        say_false_alarms(&note, s, &s->tallies[i]);
        put_paragraph(buf, &screen, &note);
    }
    say_choices(&note, s);
    if (note.len)
        put_paragraph(buf, &screen, &note);
    say_legend(&note, s);
    put_paragraph(buf, &screen, &note);
    abp_buffer_release(&note);
}

/* ---- JSON ---- */

static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *count(size_t value)
{
    return json_integer((json_int_t)value);
}

static json_t *of(size_t k, size_t n)
{
    return number(n ? (double)k / (double)n : NAN);
}

static json_t *week(const struct abp_simulation *s, const struct abp_tally *t, double share_of)
{
    size_t w = s->scene->timed ? abp_tally_week(t, share_of) : 0;
    return w ? count(w) : json_null();
}

static json_t *json_tails(const struct abp_simulation *s, const struct abp_tally *t)
{
    json_t *list = json_array();
    for (int tail = 0; tail < ABP_TAIL_COUNT && !s->aa; tail++)
        json_array_append_new(
            list,
            json_pack("{ss so so}", "name",
                      abp_tail_name(s->scene->climate.family, (enum abp_tail)tail), "worlds",
                      count(t->worlds_of_tail[tail]), "wrong", count(t->wrong_of_tail[tail])));
    return list;
}

static json_t *json_weeks(const struct abp_simulation *s, const struct abp_tally *t)
{
    json_t *list = json_array();
    for (size_t w = 1; w <= s->weeks && s->scene->timed; w++)
        json_array_append_new(
            list, json_pack("{so so so}", "week", count(w), "found",
                            isnan(t->effect) ? json_null() : of(by_week(t->found_in, w), t->worlds),
                            "decided", of(by_week(t->finished_in, w), t->worlds)));
    return list;
}

static json_t *json_effect(const struct abp_simulation *s, const struct abp_tally *t)
{
    struct abp_share wrong = abp_share_of(t->wrong, t->worlds);
    int has_effect = !isnan(t->effect) && (t->effect > 1.0 || t->effect < 1.0);
    return json_pack("{so so so s{so so so so} so so so so so s{so so so} so so so}", "effect",
                     number(t->effect), "worlds", count(t->worlds), "found",
                     has_effect ? of(t->found, t->worlds) : json_null(), "wrong", "count",
                     count(t->wrong), "share", number(wrong.share), "low", number(wrong.low),
                     "high", number(wrong.high), "decided", of(t->finished, t->worlds), "chosen",
                     count(t->chosen), "chosen_better", of(t->chosen_better, t->chosen),
                     "chosen_best", of(t->chosen_best, t->chosen), "regret",
                     number(t->worlds ? t->regret / (double)t->worlds : NAN), "weeks", "q25",
                     week(s, t, 0.25), "q50", week(s, t, 0.5), "q75", week(s, t, 0.75), "by_week",
                     json_weeks(s, t), "tails", json_tails(s, t), "fits", count(t->fits));
}

void abp_simulation_put_json(struct abp_buffer *buf, const struct abp_simulation *s)
{
    const struct abp_climate *c = &s->scene->climate;
    char when[ABP_TIME_SIZE];
    json_t *effects = json_array(), *styles = json_array();
    abp_time_format(when, s->env->now(s->env->context));
    for (size_t i = 0; i < s->count; i++)
        json_array_append_new(effects, json_effect(s, &s->tallies[i]));
    for (size_t v = 0; v < s->scene->variants; v++)
        json_array_append_new(styles, abp_json_text(s->scene->styles[v]));
    json_t *worlds = json_pack(
        "{ss so so so so so so so so so so}", "family", abp_family_name(c->family), "learned_from",
        abp_json_text(s->aa ? NULL : s->scene->teacher), "past_posts", count(c->posts), "mu",
        number(c->mu), "kappa", number(c->kappa), "log_sd",
        number(abp_world_log_sd(c->family, c->mu, c->kappa)), "channel_sd", number(c->channel_sd),
        "slot_sd", number(c->slot_sd), "trend_sd", number(c->trend_sd), "level_sd",
        number(c->level_sd), "lift_sd", number(c->lift_sd));
    json_t *all = json_pack(
        "{ss ss so so so so so sI so so so so}", "schema", "abpost.simulation/1", "as_of", when,
        "experiment", abp_json_text(s->scene->experiment->name), "styles", styles, "posts",
        count(s->scene->count), "channels", count(s->scene->channels), "weeks",
        s->scene->timed ? count(s->weeks) : json_null(), "seed", (json_int_t)s->env->seed, "aa",
        s->aa ? count(s->scene->real_count) : json_null(), "alpha",
        number(s->scene->experiment->decision.alpha), "worlds", worlds, "effects", effects);
    abp_put_json(buf, all);
    abp_buffer_byte(buf, '\n');
}

/* ---- CSV: one row for each effect and week ---- */

static void put_number(struct abp_buffer *buf, double value)
{
    abp_buffer_byte(buf, ',');
    if (isfinite(value))
        abp_buffer_printf(buf, "%.6g", value);
}

void abp_simulation_put_csv(struct abp_buffer *buf, const struct abp_simulation *s)
{
    abp_buffer_add(buf, "experiment,effect,week,worlds,found,decided,wrong,wrong_low,wrong_high,"
                        "chosen,chosen_better,regret\n");
    for (size_t i = 0; i < s->count; i++) {
        const struct abp_tally *t = &s->tallies[i];
        struct abp_share wrong = abp_share_of(t->wrong, t->worlds);
        int has_effect = !isnan(t->effect) && (t->effect > 1.0 || t->effect < 1.0);
        double n = (double)t->worlds;
        size_t last = s->scene->timed ? s->weeks : 1;
        for (size_t w = 1; w <= last; w++) {
            size_t until = w < last ? w : ABP_TALLY_WEEKS;
            abp_put_csv(buf, s->env, s->scene->experiment->name);
            put_number(buf, t->effect);
            put_number(buf, s->scene->timed ? (double)w : NAN);
            put_number(buf, n);
            put_number(buf, has_effect ? (double)by_week(t->found_in, until) / n : NAN);
            put_number(buf, (double)by_week(t->finished_in, until) / n);
            put_number(buf, wrong.share);
            put_number(buf, wrong.low);
            put_number(buf, wrong.high);
            put_number(buf, (double)t->chosen);
            put_number(buf, t->chosen ? (double)t->chosen_better / (double)t->chosen : NAN);
            put_number(buf, t->regret / n);
            abp_buffer_byte(buf, '\n');
        }
    }
}
