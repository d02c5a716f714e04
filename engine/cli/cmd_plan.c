/* abpost plan: which style is posted when. Draws, stores, shows; never posts. */
#include "calendar.h"
#include "decide.h"
#include "edited.h"
#include "loaded.h"
#include "orphans.h"
#include "screen.h"
#include "source.h"
#include "stored.h"

#include "abpost/evaluate.h"
#include "abpost/local.h"
#include "abpost/metrics.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PLAN ((size_t)1 << 28) /* bytes */

struct planning {
    const struct abp_args *args; /* borrowed, as is env */
    const struct abp_env *env;
    struct abp_loaded loaded;
    struct abp_stage stage;
    struct abp_calendar calendar;
    double *equal; /* owned; top-two before anything is known; or NULL */
    struct abp_planned_list posts;
    struct abp_expected *expected; /* owned; of the posts; NULL: not asked for */
    struct abp_result result;      /* of the posts that went out; name NULL: there is none */
};

/* ---- drawing ---- */

/* A seed can be given back with --seed, which takes no more than 63 bits. */
static int find_seed(uint64_t *seed, const struct abp_env *env, struct abp_error *err)
{
    *seed = env->seed;
    if (env->seed_given || !env->entropy)
        return 0;
    if (env->entropy(seed, err) != 0)
        return -1;
    *seed &= INT64_MAX;
    return 0;
}

/* Top-two begins with what it knows, which is nothing: every active style alike. */
static int find_shares(struct planning *p, const struct abp_experiment *e, struct abp_error *err)
{
    if (e->decision.allocation != ABP_TOP_TWO || p->stage.finished)
        return 0;
    p->equal = calloc(e->variant_count + 1, sizeof *p->equal);
    if (!p->equal)
        return abp_fail_memory(err);
    for (size_t v = 0; v < e->variant_count; v++)
        if (p->stage.active[v])
            p->equal[v] = 1 / (double)p->stage.active_count;
    return 0;
}

static int is_over(const struct planning *p, const struct abp_experiment *e)
{
    if (p->stage.finished)
        return e->decision.after == ABP_AFTER_STOP;
    return e->schedule.present && p->stage.active_count < 2;
}

/* When max_posts is reached: with what is planned, or at its pace. */
static int find_end(struct planning *p, const struct abp_plan_input *input, struct abp_error *err)
{
    struct abp_calendar *c = &p->calendar;
    if (c->report.left >= p->stage.active_count)
        return abp_plan_forecast(&c->done_at, p->loaded.store, input, err);
    c->done_at = c->report.ends_at;
    return 0;
}

static int draw(struct planning *p, struct abp_planned_list *drawn, struct abp_error *err)
{
    struct abp_calendar *c = &p->calendar;
    const struct abp_experiment *e = c->experiment;
    struct abp_plan_input input = {.experiment = e,
                                   .ws = c->ws,
                                   .zone = c->zone,
                                   .now = c->now,
                                   .seed = c->seed,
                                   .probabilities = p->equal,
                                   .active = p->stage.finished ? NULL : p->stage.active,
                                   .winner = p->stage.finished ? p->stage.winner : -1,
                                   .decisions = p->stage.known};
    int rc = c->preview ? abp_plan_preview(&c->report, drawn, p->loaded.store, &input, err)
                        : abp_plan_extend(&c->report, p->loaded.store, &input, err);
    if (rc != 0 || find_end(p, &input, err) != 0)
        return -1;
    if (c->report.obstacle[0] && c->report.ahead == 0)
        return abp_fail_at(err, ABP_DATA, e->path, e->schedule.line, "%s", c->report.obstacle);
    return 0;
}

/* ---- what there is to show ---- */

static int is_shown(const struct abp_planned *post, int64_t week, int64_t now)
{
    switch (post->state) {
    case ABP_PLANNED:
    case ABP_SENDING:
    case ABP_UNKNOWN:
    case ABP_HANDED:
        return 1;
    case ABP_POSTED:
    case ABP_REFUSED:
    case ABP_MISSED:
    case ABP_EMPTY:
        return post->due_at >= week && post->due_at <= now;
    default:
        return 0;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct abp_planned *x = a, *y = b;
    if (x->due_at != y->due_at)
        return x->due_at < y->due_at ? -1 : 1;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->position < y->position ? -1 : x->position > y->position;
}

/* Moves the posts of a list that are shown to p->posts; the rest stays in it. */
static int take_shown(struct planning *p, struct abp_planned_list *from, struct abp_error *err)
{
    int64_t week = p->calendar.now;
    size_t kept = 0;
    struct abp_planned *grown =
        realloc(p->posts.list, (p->posts.count + from->count + 1) * sizeof *grown);
    if (!grown)
        return abp_fail_memory(err);
    p->posts.list = grown;
    if (abp_local_week(&week, p->calendar.now, p->calendar.zone) != 0)
        week = p->calendar.now;
    for (size_t i = 0; i < from->count; i++) {
        p->calendar.out += from->list[i].state == ABP_POSTED;
        if (is_shown(&from->list[i], week, p->calendar.now))
            p->posts.list[p->posts.count++] = from->list[i];
        else
            from->list[kept++] = from->list[i];
    }
    from->count = kept;
    return 0;
}

static int find_posts(struct planning *p, struct abp_planned_list *drawn, struct abp_error *err)
{
    struct abp_planned_filter filter = {.experiment = p->calendar.experiment->name};
    struct abp_planned_list stored = {0};
    if (p->loaded.store && abp_outbox_list(&stored, p->loaded.store, &filter, err) != 0)
        return -1;
    int rc = take_shown(p, &stored, err);
    abp_planned_list_release(&stored);
    /* Asked before what is only a preview comes in: nothing knows of that. */
    if (rc == 0 && p->loaded.store && !p->calendar.preview) {
        struct abp_publish_input input = abp_loaded_publish(&p->loaded);
        rc = abp_publish_expect(&p->expected, &input, &p->posts, err);
    }
    if (rc == 0)
        rc = take_shown(p, drawn, err);
    /* The store's order is by time already, and files stand in it. */
    if (rc == 0 && p->calendar.preview && p->posts.count)
        qsort(p->posts.list, p->posts.count, sizeof *p->posts.list, by_time);
    return rc;
}

/* ---- what it can find, and when ---- */

/* After the first post: as abp evaluate says. A result that can't be had is no reason not to plan.
 */
static int evaluate(struct planning *p, const struct abp_sources *sources, struct abp_error *err)
{
    const struct abp_experiment *e = p->calendar.experiment;
    struct abp_mistakes mistakes = {0};
    struct abp_source source;
    struct abp_posts posts;
    int rc = 0;
    if (abp_source_open(&source, sources, e->path, &mistakes, err) == 0) {
        if (abp_source_is_made(&source) && abp_source_load(&posts, &source, 0, err) == 0) {
            if (abp_evaluate(&p->result, &source.experiment, &posts,
                             abp_source_seed(p->env->seed, e->name), err) == 0)
                p->calendar.result = &p->result;
            else
                rc = err->code == ABP_DATA ? 0 : -1;
            abp_posts_release(&posts);
        }
        abp_source_close(&source);
    }
    abp_mistakes_release(&mistakes);
    return rc;
}

static int look_ahead(struct planning *p, struct abp_error *err)
{
    struct abp_calendar *c = &p->calendar;
    struct abp_sources sources;
    struct abp_args quiet = *p->args;
    quiet.quiet = 1;
    if (c->decided || p->args->ics || p->args->format == ABP_CSV)
        return 0; /* they hold posts and nothing else */
    if (abp_sources_open(&sources, &p->loaded.inputs, &quiet, p->env, err) != 0)
        return -1;
    int rc = c->out ? evaluate(p, &sources, err)
                    : abp_floor_find(&c->floor, c->experiment, &sources, err);
    abp_sources_close(&sources);
    return rc;
}

/* ---- showing ---- */

static int show(struct planning *p, struct abp_error *err)
{
    struct abp_buffer buf;
    int rc = 0;
    abp_buffer_init(&buf, MAX_PLAN);
    if (p->args->ics)
        rc = abp_plan_ics(&buf, &p->posts, p->calendar.now, err);
    else if (p->args->format == ABP_JSON)
        abp_calendar_put_json(&buf, &p->calendar);
    else if (p->args->format == ABP_CSV)
        abp_calendar_put_csv(&buf, &p->calendar);
    else
        abp_calendar_put_text(&buf, &p->calendar);
    if (rc == 0)
        rc = abp_emit(p->env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static void say_obstacle(const struct planning *p)
{
    int shown = p->args->format != ABP_CSV && !p->args->ics;
    if (p->calendar.report.obstacle[0] && !shown)
        abp_say(p->env, "%s", p->calendar.report.obstacle);
}

/* ---- the whole ---- */

static void say_metric(void *context, const struct abp_metric_note *note)
{
    const struct planning *p = context;
    const char *path = p->loaded.experiments[0].path;
    if (note->doubt == ABP_METRIC_MISTYPED)
        abp_say_at(p->env, path, note->line, note->message);
    else if (!p->args->quiet)
        abp_say_warning_at(p->env, path, note->line, note->message);
}

static int plan_one(struct planning *p, struct abp_error *err)
{
    struct abp_calendar *c = &p->calendar;
    struct abp_planned_list drawn = {0};
    /* Only its store is asked. */
    struct abp_rounds rounds = {.args = p->args, .loaded = p->loaded};
    *c = (struct abp_calendar){.env = p->env,
                               .experiment = &p->loaded.experiments[0],
                               .ws = &p->loaded.inputs.ws,
                               .zone = p->loaded.zone,
                               .posts = &p->posts,
                               .now = p->env->now(p->env->context),
                               .preview = p->args->preview};
    if (abp_stage_read(&p->stage, &rounds, c->experiment, err) != 0 ||
        find_shares(p, c->experiment, err) != 0 ||
        (!c->preview && abp_stored_mark(c->ws, err) != 0) || find_seed(&c->seed, p->env, err) != 0)
        return -1;
    c->decided = is_over(p, c->experiment);
    int rc = c->preview ? 0 : abp_edited_clear(&rounds, c->experiment, NULL, err);
    if (rc == 0 && !c->decided)
        rc = draw(p, &drawn, err);
    if (rc == 0)
        rc = find_posts(p, &drawn, err);
    abp_planned_list_release(&drawn);
    c->expected = p->expected;
    if (rc != 0)
        return -1;
    say_obstacle(p);
    return look_ahead(p, err) == 0 ? show(p, err) : -1;
}

static int check_options(const struct abp_args *args, struct abp_error *err)
{
    if (args->ics && args->format != ABP_TEXT)
        return abp_fail(err, ABP_USAGE, "--ics is a format of its own; it excludes --format");
    if (args->end && (args->ics || args->preview || args->format != ABP_TEXT))
        return abp_fail(err, ABP_USAGE, "--end goes without --preview, --ics and --format");
    return 0;
}

/* ---- ending what has no file any more ---- */

static int end_in(struct abp_store *store, const struct abp_args *args, const struct abp_env *env,
                  const char *root, struct abp_error *err)
{
    const char *name = args->names[0];
    struct abp_screen screen = abp_screen_of_output(env);
    struct abp_buffer buf;
    size_t count;
    if (abp_orphan_end(&count, name, root, store, env->now(env->context), err) != 0)
        return -1;
    abp_buffer_init(&buf, MAX_PLAN);
    abp_buffer_printf(&buf, "%zu post%s of ", count, count == 1 ? "" : "s");
    abp_put_text(&buf, &screen, name, 0);
    abp_buffer_printf(&buf, " %s taken out of the plan. What is out stays out.\n",
                      count == 1 ? "was" : "were");
    int rc = args->quiet ? 0 : abp_emit(env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static int run_end(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    struct abp_inputs inputs;
    struct abp_store *store = NULL;
    struct abp_args all = *args;
    all.name_count = 0; /* what is named has no file */
    if (abp_inputs_need(&inputs, &all, env, err) != 0)
        return -1;
    int rc = abp_stored_open(&store, &inputs.ws, ABP_STORE_EXISTING, err);
    if (rc == 0)
        rc = end_in(store, args, env, inputs.root, err);
    abp_store_close(store);
    abp_inputs_release(&inputs);
    return rc;
}

/* ---- the command ---- */

static int run_plan(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    struct planning p = {.args = args, .env = env};
    enum abp_store_mode mode = args->preview ? ABP_STORE_READ_ONLY : ABP_STORE_CREATE;
    if (check_options(args, err) != 0)
        return -1;
    if (args->end)
        return run_end(args, env, err);
    if (abp_loaded_open(&p.loaded, args, env, mode, err) != 0)
        return -1;
    abp_loaded_say_mistakes(&p.loaded);
    int sound = p.loaded.count == 1 && abp_metrics_check(&p.loaded.experiments[0],
                                                         &p.loaded.inputs.ws, say_metric, &p) == 0;
    int rc = sound ? plan_one(&p, err)
                   : abp_fail(err, ABP_DATA, "nothing was planned, because of these mistakes");
    abp_expected_free(p.expected, p.posts.count);
    free(p.equal);
    abp_planned_list_release(&p.posts);
    if (p.calendar.result)
        abp_result_release(&p.result);
    abp_stage_release(&p.stage);
    abp_loaded_close(&p.loaded);
    return rc;
}

static int set_preview(struct abp_args *args, struct abp_env *env, const char *value,
                       struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->preview = 1;
    return 0;
}

static int set_ics(struct abp_args *args, struct abp_env *env, const char *value,
                   struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->ics = 1;
    return 0;
}

static int set_end(struct abp_args *args, struct abp_env *env, const char *value,
                   struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->end = 1;
    return 0;
}

static const struct abp_option options[] = {
    {0, "preview", NULL, "show what would be drawn, and keep nothing", set_preview},
    {0, "ics", NULL, "write the coming posts for a calendar program (iCalendar, RFC 5545)",
     set_ics},
    {0, "end", NULL,
     "take an experiment's coming posts out of the plan; its file must be out of experiments/ by "
     "then",
     set_end},
};

static const char *const details[] = {
    "Draws which style is posted when, keeps it, and shows the calendar of the coming posts. It "
    "posts nothing: that does 'abpost tick', which also draws on as weeks go by. Asked again it "
    "adds what has become due to be planned, and nothing twice.",
    "An experiment that is to end before its time: move its file out of the folder experiments, "
    "then "
    "'abpost plan NAME --end' frees its slots. What is out stays out, with its numbers. To rename "
    "an "
    "experiment that has begun is to end it and begin another.",
    "Where its file changes, what is planned follows, at the next tick or plan: posts on a channel "
    "that it no longer names, of a variant that it no longer has and on a day that is one of "
    "blackout now leave the plan with the rest of their blocks, and new ones are drawn. So do "
    "blocks that have not begun when the days, the times or the workspace's time zone are others "
    "now, and the last ones where max_posts is less, or a channel's target: then those of the week "
    "that are planned last, of whichever experiment.",
    "#How it draws",
    "A channel's slots are the [schedule]'s days and times in the workspace's time zone, less "
    "blackout days, less what is nearer than min_gap to another post on that channel, of any "
    "experiment. A channel's target is a ceiling for each ISO week, never a quota. Where it leaves "
    "a choice, the weekdays and times used least so far are taken, and chance decides the rest.",
    "A block is one post of every style, in an order drawn at random, over one channel's next free "
    "slots; channels take turns until max_posts is reached or the plan reaches four weeks ahead. "
    "The order is from numbers that nobody can foresee, unless --seed names one; the seed is shown "
    "and kept. What is missed, refused or left empty takes its whole block out, and a new one is "
    "drawn: leaving out just one style would favour the others.",
    "A time that clocks skip in spring is posted after the gap, as many minutes as it lies after "
    "the gap's start; one that they show twice in autumn, the first time. The calendar says so.",
    "#What it can find",
    "Before the first post it says how large a difference must be for max_posts posts to find it "
    "in four cases of five, and what that rests on: how far the account's past posts differ from "
    "one another, where there are some. After it, when a decision is likely, as 'abpost evaluate' "
    "does. 'abpost simulate' has more.",
    "#JSON, schema abpost.plan/1, and CSV",
    " schema, as_of, experiment, timezone, preview, decided, seed,",
    " added: { blocks, posts }, out, planned, max_posts, left, ends_at, done_at,",
    " obstacle,",
    " floor: { ratio, level, power, posts, past_posts, learned_from } or null,",
    " forecasts: [ variant, verdict, forecast: { posts, weeks, p_decided, by } ],",
    " posts: [ date, time, timezone, due_at, channel, variant, state, post, block,",
    "          position, probability, design, slot, file, note, reason ]",
    "CSV has the posts alone. seed is null when nothing was added; post is the number that 'abpost "
    "resolve' takes, null in a preview; file is the one that a post has taken or would take now; "
    "done_at is when max_posts would be reached if no slot is missed.",
    "The exit status is 65 when the experiment has no [schedule], no slot is possible, or a metric "
    "is mistyped that its channels should give; the message says what stands in the way. A metric "
    "that a channel never gives, and that only a person can add ('abpost import --readings'), is "
    "warned of.",
    NULL,
};

const struct abp_command abp_command_plan = {
    .name = "plan",
    .arguments = "EXPERIMENT",
    .at_least = 1,
    .at_most = 1,
    .summary = "draw which style is posted when, and show the calendar",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run_plan,
};
