/* abpost evaluate: the results. Reads, never posts. */
#include "cmd_evaluate.h"

#include "inputs.h"
#include "learning.h"
#include "pool.h"
#include "progress.h"
#include "show.h"
#include "source.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REASON ((size_t)1 << 16) /* bytes */

/* A source that several jobs read; the last one frees it. */
struct shared {
    struct abp_source source;
    struct abp_learning learning;
    atomic_size_t users;
    int noted; /* its note was said */
};

/* One experiment on its way through the pool. */
struct job {
    struct shared *from; /* shared; NULL: the file itself could not be read */
    char *name;          /* owned */
    struct abp_posts posts;
    struct abp_decided_list decisions;
    struct abp_result result;
    struct abp_mistakes mistakes; /* of the file */
    struct abp_error err;
    enum { FAILED, LOADED, EVALUATED } state;
};

struct evaluation {
    const struct abp_args *args; /* borrowed, as is env */
    const struct abp_env *env;
    struct abp_inputs inputs;
    struct abp_sources sources;
    size_t next_path;       /* of inputs.paths; guarded by the pool, as are the next two */
    struct shared *current; /* the file whose experiments are being handed out, or NULL */
    size_t next_experiment; /* of current */
    atomic_size_t known;    /* experiments, as far as is known: one for each file not opened yet */
    struct abp_show show;
    struct abp_progress_bar progress;
    size_t failed;
    struct abp_error first; /* what the first failed one failed of */
};

/* ---- taking jobs: under the pool's lock ---- */

static void release_shared(struct shared *shared)
{
    if (!shared || atomic_fetch_sub(&shared->users, 1) != 1)
        return;
    abp_source_close(&shared->source);
    free(shared);
}

/* Opens the next file as `current`. -1: it can't be read. */
static int open_next(struct evaluation *ev, const char *path, struct abp_mistakes *mistakes,
                     struct abp_error *err)
{
    struct shared *shared = calloc(1, sizeof *shared);
    if (!shared)
        return abp_fail_memory(err);
    if (abp_source_open(&shared->source, &ev->sources, path, mistakes, err) != 0) {
        free(shared);
        return -1;
    }
    if (abp_learning_find(&shared->learning, &shared->source, &ev->sources, err) != 0) {
        abp_source_close(&shared->source);
        free(shared);
        return -1;
    }
    atomic_init(&shared->users, 1);
    atomic_fetch_add(&ev->known, shared->source.count);
    atomic_fetch_sub(&ev->known, 1);
    ev->current = shared;
    ev->next_experiment = 0;
    return 0;
}

/* "question" of "experiments/question.ini". */
static char *name_of_path(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    return strndup(base, dot ? (size_t)(dot - base) : strlen(base));
}

static struct job *next_of_current(struct evaluation *ev, struct job *job)
{
    struct abp_source *source = &ev->current->source;
    size_t i = ev->next_experiment++;
    job->from = ev->current;
    atomic_fetch_add(&job->from->users, 1);
    if (abp_source_name(&job->name, source, i, &job->err) == 0 &&
        abp_source_load(&job->posts, source, i, &job->err) == 0) {
        job->state = LOADED;
        if (ev->show.page && abp_source_decisions(&job->decisions, source, &job->err) != 0) {
            abp_posts_release(&job->posts);
            job->state = FAILED;
        }
    }
    return job;
}

static void *next_job(void *context)
{
    struct evaluation *ev = context;
    struct job *job = calloc(1, sizeof *job);
    while (job) {
        if (ev->current && ev->next_experiment < ev->current->source.count)
            return next_of_current(ev, job);
        release_shared(ev->current);
        ev->current = NULL;
        if (ev->next_path >= ev->inputs.count)
            break;
        const char *path = ev->inputs.paths[ev->next_path++];
        if (open_next(ev, path, &job->mistakes, &job->err) != 0) {
            job->name = name_of_path(path);
            return job;
        }
    }
    free(job);
    return NULL;
}

/* ---- doing them: on any thread ---- */

static void work(void *context, void *argument)
{
    struct evaluation *ev = context;
    struct job *job = argument;
    if (job->state != LOADED)
        return;
    double started = abp_steady_seconds();
    if (abp_learning_evaluate(&job->result, &job->from->learning, &job->from->source.experiment,
                              &job->posts, abp_source_seed(ev->env->seed, job->name),
                              &job->err) != 0) {
        job->state = FAILED;
    } else {
        job->result.fit.seed = ev->env->seed; /* what gives these numbers again */
        job->result.fit.seconds = abp_steady_seconds() - started;
        job->state = EVALUATED;
    }
    if (!ev->show.page || job->state != EVALUATED)
        abp_posts_release(&job->posts);
}

/* ---- handing them back: in order ---- */

static void note_failure(struct evaluation *ev, const struct job *job)
{
    struct abp_error err = job->err;
    if (ev->failed++ == 0)
        ev->first = err;
    abp_say_mistakes(ev->env, &job->mistakes);
    if (job->mistakes.count)
        return;
    if (!err.file[0] && ev->show.expected > 1)
        abp_say(ev->env, "%s: %s", job->name ? job->name : "?", err.message);
    else
        abp_say_error(ev->env, &err);
}

/* Why there is no result, in one line: the first mistake stands for all. */
static void put_failure(struct abp_buffer *buf, const struct job *job)
{
    const struct abp_mistakes *mistakes = &job->mistakes;
    if (mistakes->count == 0) {
        abp_put_place(buf, job->err.file, job->err.line, job->err.message);
        return;
    }
    abp_mistake_print(buf, &mistakes->list[0]);
    if (mistakes->count > 1)
        abp_buffer_printf(buf, " (and %zu more)", mistakes->count - 1);
}

static void say_note(struct evaluation *ev, struct shared *shared)
{
    if (!shared || shared->noted || !shared->source.note)
        return;
    abp_progress_hide(&ev->progress);
    abp_say(ev->env, "%s", shared->source.note);
    shared->noted = 1;
}

static int deliver(void *context, void *argument, struct abp_error *err)
{
    struct evaluation *ev = context;
    struct job *job = argument;
    struct abp_shown shown = {.name = job->name ? job->name : "?"};
    struct abp_buffer why;
    abp_buffer_init(&why, MAX_REASON);
    if (job->from)
        shown.experiment = &job->from->source.experiment;
    say_note(ev, job->from);
    if (ev->env->out_is_terminal || job->state != EVALUATED)
        abp_progress_hide(&ev->progress);
    if (job->state == EVALUATED) {
        shown.result = &job->result;
        shown.posts = ev->show.page ? &job->posts : NULL;
        shown.decisions = &job->decisions;
        shown.made = abp_source_is_made(&job->from->source);
    } else {
        put_failure(&why, job);
        shown.error = abp_buffer_text(&why);
        note_failure(ev, job);
    }
    int rc = abp_show_one(&ev->show, &shown, err);
    abp_buffer_release(&why);
    if (rc != 0)
        return -1;
    abp_progress_update(&ev->progress, ev->show.shown, atomic_load(&ev->known));
    return 0;
}

static void discard(void *context, void *argument)
{
    struct job *job = argument;
    (void)context;
    if (job->state != FAILED)
        abp_posts_release(&job->posts);
    abp_decided_list_release(&job->decisions);
    if (job->state == EVALUATED)
        abp_result_release(&job->result);
    abp_mistakes_release(&job->mistakes);
    release_shared(job->from);
    free(job->name);
    free(job);
}

/* ---- the whole ---- */

static int fail_of_some(const struct evaluation *ev, struct abp_error *err)
{
    if (ev->show.expected <= 1)
        return abp_fail(err, ev->first.code, "%s", ""); /* said already */
    return abp_fail(err, ev->first.code, "%s of %s experiments could not be evaluated",
                    abp_count_words(ev->failed).text, abp_count_words(ev->show.shown).text);
}

static int evaluate_all(struct evaluation *ev, struct abp_error *err)
{
    const struct abp_env *env = ev->env;
    struct abp_pool pool = {env->threads, env->stop, ev, next_job, work, deliver, discard};
    char trouble[128] = "";
    int rc = abp_pool_run(&pool, err);
    abp_progress_hide(&ev->progress);
    size_t known = atomic_load(&ev->known);
    if (rc == 0 && ev->show.shown < known)
        snprintf(trouble, sizeof trouble, "stopped by a signal after %zu of %zu experiments",
                 ev->show.shown, known);
    if (rc == 0)
        rc = abp_show_end(&ev->show, trouble[0] ? trouble : NULL, err);
    if (rc == 0 && trouble[0])
        rc = abp_fail(err, ABP_FAILED, "%s", trouble);
    if (rc == 0 && ev->failed)
        rc = fail_of_some(ev, err);
    return rc;
}

/* How many experiments there will be decides how they are shown, so a single file is opened first.
 */
static size_t count_expected(struct evaluation *ev)
{
    struct abp_error unused;
    struct abp_mistakes mistakes = {0};
    atomic_init(&ev->known, ev->inputs.count);
    if (ev->inputs.count == 1 && open_next(ev, ev->inputs.paths[0], &mistakes, &unused) == 0)
        ev->next_path = 1; /* a failure shows again when its turn comes */
    abp_mistakes_release(&mistakes);
    return atomic_load(&ev->known);
}

int abp_evaluate_named(struct abp_report *page, const struct abp_args *args,
                       const struct abp_env *env, struct abp_error *err)
{
    struct evaluation ev = {.args = args, .env = env};
    if (abp_inputs_need(&ev.inputs, args, env, err) != 0)
        return -1;
    abp_show_init(&ev.show, env, args);
    ev.show.page = page;
    abp_progress_begin(&ev.progress, env, !args->quiet);
    int rc = abp_sources_open(&ev.sources, &ev.inputs, args, env, err);
    if (rc == 0)
        rc = abp_show_begin(&ev.show, count_expected(&ev), err);
    if (rc == 0)
        rc = evaluate_all(&ev, err);
    release_shared(ev.current);
    abp_sources_close(&ev.sources);
    abp_show_release(&ev.show);
    abp_inputs_release(&ev.inputs);
    return rc;
}

static int run_evaluate(const struct abp_args *args, const struct abp_env *env,
                        struct abp_error *err)
{
    return abp_evaluate_named(NULL, args, env, err);
}

/* ---- help ---- */

static void more(struct abp_buffer *buf, const struct abp_screen *screen)
{
    abp_buffer_add(buf, "\n");
    abp_put_style(buf, screen, ABP_BOLD);
    abp_buffer_add(buf, "CSV columns");
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_add(buf, "\n");
    abp_csv_help(buf, screen);
}

static const char *const details[] = {
    "Says which style is worth repeating: for each variant of each experiment its ratio to the "
    "baseline, how sure that is, a verdict and why. It reads, and never posts.",
    "NAME stands for experiments/NAME.ini of the workspace, and a path to an .ini file works "
    "anywhere, even outside any workspace. None named: every experiment of the workspace. Data "
    "that "
    "'abpost import' put into the workspace is used; without it the file that [import] names is "
    "read. One experiment is shown in full, several as a line each (in full with -v). An "
    "experiment that can't be evaluated does not hide the others; the exit status is then 65.",
    "#How to read it",
    " x1.40, 0.90 to 2.20  the ratio to the baseline: median and 95 % interval,",
    "                      shrunk towards 1 as far as the data is thin. The bar",
    "                      shows the same, its middle half thick, and a line at 1",
    " (1.62)               the raw ratio, which flatters whatever was lucky",
    " better               probability that it beats the baseline",
    " best of all          probability that no other style beats it",
    " expected loss        what choosing it gives up, as a share of the baseline",
    " guard 0.4 of 20      evidence that looking every night can't fake; 20 is",
    "                      enough here",
    " next post            where the next post of this style is likely to land",
    "#Verdicts",
    " repeat               better, and the guard agrees",
    " drop                 worse, and the guard agrees; or a guardrail is broken",
    " same                 no difference that matters: take the cheaper one",
    " leaning repeat/drop  the numbers say so, the guard or randomisation not yet",
    " keep testing         can't tell yet",
    " exhausted            all posts are used up; the best guess stands with it",
    "Without a decision it says when one is likely: after how many more posts one is as likely as "
    "not, and how likely by the last post planned. Both come from futures generated from what is "
    "known now, with looks after every block.",
    "#What lasts",
    "Once 12 blocks have posts of both, and where the order of posting is known (posts that abpost "
    "made, or [import] with a time), two more estimates are made for each style, by shuffling the "
    "labels inside their blocks again. Fading: by how much its ratio to the baseline changes with "
    "each further post of the style. Carry-over: by how much the next post on the channel does "
    "better or worse after a post of it. JSON has both, as changes of the log ratio with 95 % "
    "intervals. A sentence says so only where it stands out: where nothing fades, about one "
    "experiment in twenty gets such a sentence at one look, and as many for carry-over; more if "
    "one "
    "looks again and again. No verdict counts on them.",
    "#Factors",
    "Where variants say what they are put together from (style = question, media = photo in each "
    "[variant]), what a level is worth is learned from all variants that have it, and every level "
    "gets a verdict of its own against the level of the baseline. tau_v is then what combinations "
    "are worth beyond the sum of their levels: an interval is the wider the less they agree. The "
    "guard of a level looks at pairs of posts of one block whose variants differ in this level "
    "alone; where there are no such variants it has nothing to look at, and no verdict is "
    "stronger than leaning. Levels and variants have half of alpha each, so that both together "
    "are wrong no more often than without factors. Among many experiments it is variants that are "
    "counted, not levels.",
    "#Many experiments",
    "The more comparisons, the more of them win by luck. Of several experiments it says which "
    "findings survive among all that were evaluated with them: of those that do, at most alpha "
    "(5 %) are false on average, by e-BH on the guard's evidence. Leaving out experiments that "
    "look poor makes that untrue.",
    "With learn = yes the spread of true lifts is learned from past experiments (of a file that "
    "holds many, all of them; else the workspace's others with the same outcome) and takes the "
    "place of lift_sd; the numbers without it stand beside. An experiment teaches where two styles "
    "have three posts or more; one with random blocks learns only from such.",
    "#JSON, schema abpost.evaluation/1",
    "Numbers that don't exist are null, never 0. A summary is {mean, sd, q025, q25, q50, q75, "
    "q975}. "
    "The baseline comes first and has null where it would be compared with itself; the "
    "list of a variant's channels is empty where there is one. Readers must accept members that "
    "are not "
    "listed here.",
    " schema, as_of, experiments: [",
    "   name, hypothesis, baseline, family, randomised, posts, missing, channels,",
    "   slots, learned: { experiments, left_out, scale, low, high, without }",
    "                   or null,",
    "   fit: { method, reliable, khat, ess, seconds, seed,",
    "          kappa, tau_v, tau_u, tau_b, tau_w: summary or null },",
    "   variants: [",
    "     name, posts, missing, outcome_total, exposure_total, raw_ratio,",
    "     log_lift, lift, next_post: summary,   ratio = 1 + lift",
    "     p_better, p_best, expected_loss, net_value: summary, p_net_better,",
    "     guard: { e_value, threshold, open_e_value, blocks },",
    "     verdict, reason,",
    "     forecast: { posts, weeks, p_decided, by } or null,",
    "     without: { log_lift: summary, p_better, verdict } or null,",
    "     fading, carry_over: { estimate, low, high, p_value, posts,",
    "                           notable } or null,",
    "     channels: [ name, posts, log_lift: summary, p_better ] ],",
    "   factors: [ name, reference, tau: summary,",
    "     levels: [ name, variants, posts, missing, log_lift, lift: summary,",
    "       p_better, p_best, expected_loss,",
    "       guard: { e_value, threshold, open_e_value, blocks } or null,",
    "       verdict, reason ] ],",
    "   warnings: [ text ] ],",
    " portfolio: { tests, alpha, survivors, findings: [ experiment, variant,",
    "              direction, e_value, level ] }",
    "An experiment that could not be evaluated has its name, an error, and no variants. A "
    "top-level error says that a signal ended the list early.",
    NULL,
};

const struct abp_command abp_command_evaluate = {
    .name = "evaluate",
    .arguments = "[EXPERIMENT...]",
    .at_most = ABP_ANY_NUMBER,
    .summary = "the results: which style is worth repeating, which is not, and why",
    .details = details,
    .more = more,
    .formats = ABP_EVERY_FORMAT,
    .run = run_evaluate,
};
