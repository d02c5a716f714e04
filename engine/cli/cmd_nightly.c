/* abpost nightly: tick, evaluate everything, decide, say what is new. */
#include "cmd_report.h"
#include "decide.h"
#include "learning.h"
#include "paths.h"
#include "rounds.h"
#include "screen.h"
#include "show.h"
#include "source.h"

#include "channels/keep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_NAME    "log.jsonl"
#define REPORT_NAME "report.html"

struct nightly {
    struct abp_rounds rounds;
    struct abp_journal journal;
    struct abp_round_report report;
    struct abp_sources sources;
    struct abp_show show;
    struct abp_report page;
    struct abp_args as_text; /* for the summary */
    size_t failed;           /* experiments that could not be evaluated */
};

static const struct abp_round_experiment *experiment_named(const struct abp_rounds *rounds,
                                                           const char *name)
{
    for (size_t i = 0; i < rounds->loaded.count; i++)
        if (strcmp(rounds->experiments[i].file->name, name) == 0)
            return &rounds->experiments[i];
    return NULL;
}

static void log_result(struct nightly *n, const struct abp_result *result)
{
    for (size_t v = 1; v < result->variant_count; v++) {
        const struct abp_variant_result *variant = &result->variants[v];
        char detail[1200];
        snprintf(detail, sizeof detail, "%s: %.1100s", abp_verdict_name(variant->verdict),
                 variant->reason ? variant->reason : "");
        struct abp_action action = {.action = "evaluated",
                                    .experiment = result->name,
                                    .variant = variant->name,
                                    .detail = detail,
                                    .routine = 1};
        abp_journal_add(&n->journal, &action);
    }
}

/* Onto the page, once what is decided tonight is among the decisions. */
static int report_one(struct nightly *n, struct abp_shown *shown, const struct abp_source *source,
                      struct abp_error *err)
{
    struct abp_decided_list decisions = {0};
    if (source && abp_source_decisions(&decisions, source, err) != 0)
        return -1;
    shown->decisions = &decisions;
    int rc = abp_shown_report(&n->page, shown, err);
    shown->decisions = NULL;
    abp_decided_list_release(&decisions);
    return rc;
}

static int show(struct nightly *n, const struct abp_shown *shown, struct abp_error *err)
{
    if (n->rounds.args->format != ABP_TEXT || n->rounds.args->quiet)
        return 0;
    return abp_show_one(&n->show, shown, err);
}

/* A file that can't be evaluated does not keep the others from it. */
static int fail_one(struct nightly *n, const char *name, const struct abp_error *why,
                    struct abp_error *err)
{
    struct abp_action action = {
        .action = "failed", .experiment = name, .detail = why->message, .trouble = 1};
    struct abp_shown shown = {.name = name, .error = why->message};
    n->failed++;
    abp_journal_add(&n->journal, &action);
    int rc = show(n, &shown, err);
    return rc == 0 ? report_one(n, &shown, NULL, err) : rc;
}

/* What a result leads to: it is shown, acted on, and kept for the page. */
static int use_result(struct nightly *n, const struct abp_source *source, struct abp_shown *shown,
                      struct abp_error *err)
{
    log_result(n, shown->result);
    if (show(n, shown, err) != 0)
        return -1;
    const struct abp_round_experiment *e = experiment_named(&n->rounds, shown->name);
    if (e && e->planned && shown->made &&
        abp_decide_on(&n->rounds, e->file, shown->result, &n->journal, err) != 0)
        return -1;
    return report_one(n, shown, source, err);
}

static int evaluate_one(struct nightly *n, const struct abp_source *source,
                        const struct abp_learning *learning, size_t index, struct abp_error *err)
{
    struct abp_posts posts;
    struct abp_result result;
    struct abp_error why = {0};
    char *name = NULL;
    if (abp_source_name(&name, source, index, err) != 0)
        return -1;
    int rc = abp_source_load(&posts, source, index, &why);
    if (rc != 0) {
        rc = fail_one(n, name, &why, err);
        free(name);
        return rc;
    }
    if (abp_learning_evaluate(&result, learning, &source->experiment, &posts,
                              abp_source_seed(n->rounds.loaded.env->seed, name), &why) == 0) {
        result.fit.seed = n->rounds.loaded.env->seed; /* what gives these numbers again */
        struct abp_shown shown = {.name = name,
                                  .result = &result,
                                  .experiment = &source->experiment,
                                  .posts = &posts,
                                  .made = abp_source_is_made(source)};
        rc = use_result(n, source, &shown, err);
        abp_result_release(&result);
    } else {
        rc = fail_one(n, name, &why, err);
    }
    abp_posts_release(&posts);
    free(name);
    return rc;
}

static int evaluate_file(struct nightly *n, const struct abp_round_experiment *e,
                         struct abp_error *err)
{
    struct abp_source source;
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    int rc = 0;
    if (abp_source_open(&source, &n->sources, e->file->path, &mistakes, &why) != 0) {
        rc = fail_one(n, e->file->name, &why, err);
    } else {
        struct abp_learning learning;
        rc = abp_learning_find(&learning, &source, &n->sources, err);
        for (size_t i = 0; i < source.count && rc == 0; i++)
            rc = evaluate_one(n, &source, &learning, i, err);
        abp_source_close(&source);
    }
    abp_mistakes_release(&mistakes);
    return rc;
}

static int is_stopped(const struct abp_env *env)
{
    return env->stop && *env->stop;
}

static int write_report(struct nightly *n, struct abp_error *err)
{
    char *path = abp_path_join(n->rounds.loaded.inputs.ws.root, REPORT_NAME);
    if (!path)
        return abp_fail_memory(err);
    int rc = abp_report_write(path, &n->page, n->rounds.loaded.env, err);
    free(path);
    return rc;
}

/* The results, below what was done. What was shown before a failure is shown all the same, and the
 * failure is what is told. */
static int end_show(struct nightly *n, int rc, struct abp_error *err)
{
    const struct abp_env *env = n->rounds.loaded.env;
    struct abp_error late = {0};
    if (rc == 0)
        return abp_show_end(&n->show, is_stopped(env) ? "stopped by a signal" : NULL, err);
    if (abp_emit(env, &n->show.buf, &late) != 0)
        abp_error_clear(&late);
    return rc;
}

static int evaluate_all(struct nightly *n, struct abp_error *err)
{
    const struct abp_rounds *rounds = &n->rounds;
    int text = rounds->args->format == ABP_TEXT && !rounds->args->quiet;
    if (abp_sources_open(&n->sources, &rounds->loaded.inputs, rounds->args, rounds->loaded.env,
                         err) != 0)
        return -1;
    n->as_text = *rounds->args;
    abp_show_init(&n->show, rounds->loaded.env, &n->as_text);
    n->show.held_back = 1; /* what is done meanwhile is said first */
    abp_report_init(&n->page);
    int rc = text ? abp_show_begin(&n->show, rounds->loaded.count, err) : 0;
    for (size_t i = 0; i < rounds->loaded.count && rc == 0 && !is_stopped(rounds->loaded.env); i++)
        rc = evaluate_file(n, &rounds->experiments[i], err);
    if (text)
        rc = end_show(n, rc, err);
    if (rc == 0 && !is_stopped(rounds->loaded.env))
        rc = write_report(n, err);
    abp_report_release(&n->page);
    abp_show_release(&n->show);
    abp_sources_close(&n->sources);
    return rc;
}

static int run_night(struct nightly *n, struct abp_error *err)
{
    char path[4200];
    struct abp_error late = {0};
    snprintf(path, sizeof path, "%s/.abpost/" LOG_NAME, n->rounds.loaded.inputs.ws.root);
    if (abp_journal_open(&n->journal, &n->rounds, "abpost.nightly/1", path, err) != 0)
        return -1;
    int rc = abp_rounds_tick(&n->report, &n->rounds, &n->journal, err);
    if (rc == 0)
        rc = evaluate_all(n, err);
    if (rc != 0) {
        struct abp_action action = {.action = "failed", .detail = err->message, .trouble = 1};
        abp_journal_add(&n->journal, &action);
    }
    if (abp_journal_close(&n->journal, &late) != 0 && rc == 0) {
        *err = late;
        rc = -1;
    }
    if (rc == 0)
        rc = abp_rounds_verdict(&n->report, &n->rounds, err);
    if (rc == 0 && n->failed)
        rc = abp_fail(err, ABP_DATA, "%zu experiment%s could not be evaluated", n->failed,
                      n->failed == 1 ? "" : "s");
    return rc;
}

static int run_nightly(const struct abp_args *args, const struct abp_env *env,
                       struct abp_error *err)
{
    struct nightly n = {.failed = 0};
    struct abp_keep_lock lock;
    if (abp_rounds_open(&n.rounds, args, env, ABP_STORE_EXISTING, err) != 0)
        return -1;
    int rc = abp_keep_lock(&lock, n.rounds.loaded.inputs.ws.root, "nightly", err);
    if (rc == 0) {
        rc = run_night(&n, err);
        abp_keep_unlock(&lock);
    }
    abp_rounds_close(&n.rounds);
    return rc;
}

static const char *const details[] = {
    "Everything that a night needs, in one go: the tick (posts what is due, asks for what is not "
    "known, reads what has matured), then every experiment is evaluated, verdicts that end a test "
    "are kept, and what they mean for the plan is done. Made for cron or a systemd timer ('abpost "
    "timer' prints both).",
    "One at a time: a second one waits for a minute, then gives up. Killed at any moment, the next "
    "one goes on where it was.",
    "What a verdict leads to: a style that is dropped gets no more posts. When every style has its "
    "verdict, the experiment stops (after = stop), or the winner keeps the slots with every fourth "
    "block drawn as before, so that a winner that fades is seen (after = repeat-winner): when the "
    "posts drawn since the decision say, with the experiment's confidence, that it does worse now, "
    "its decision is withdrawn and the test begins anew with those posts.",
    "As text: what was done, then the results; with -q only what was decided or withdrawn, and "
    "trouble. Every action is also a line of JSON in "
    ".abpost/" LOG_NAME
    " of the workspace. With --format json (schema abpost.nightly/1) or csv the "
    "actions go to standard output.",
    "The results are also a page, " REPORT_NAME " in the workspace's folder, made anew every night "
    "(see 'abpost help report').",
    "The exit status is 3 when a person is needed, 69 when a platform could not be reached, 65 "
    "when files have mistakes.",
    NULL,
};

const struct abp_command abp_command_nightly = {
    .name = "nightly",
    .arguments = "",
    .at_most = 0,
    .summary = "tick, evaluate everything, decide, report: what runs every night",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .run = run_nightly,
};
