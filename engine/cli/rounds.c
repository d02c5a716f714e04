#include "rounds.h"

#include "decide.h"
#include "edited.h"
#include "stored.h"

#include "abpost/collect.h"
#include "abpost/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX ((size_t)1 << 14)

/* ---- reading it all ---- */

static int look_at(struct abp_rounds *rounds, size_t i, struct abp_error *err)
{
    struct abp_round_experiment *e = &rounds->experiments[i];
    e->file = &rounds->loaded.experiments[i];
    if (abp_plan_fingerprint(e->fingerprint, e->file, err) != 0)
        return -1;
    rounds->loaded.publish[i].fingerprint = e->fingerprint;
    if (!rounds->loaded.store)
        return 0;
    e->planned = abp_outbox_has_begun(rounds->loaded.store, e->file->name, err);
    /* Also where a version that did not know of it drew the plan. */
    return e->planned > 0 ? abp_stored_mark(&rounds->loaded.inputs.ws, err) : e->planned;
}

int abp_rounds_open(struct abp_rounds *rounds, const struct abp_args *args,
                    const struct abp_env *env, enum abp_store_mode mode, struct abp_error *err)
{
    memset(rounds, 0, sizeof *rounds);
    rounds->args = args;
    if (abp_loaded_open_all(&rounds->loaded, args, env, mode, err) != 0)
        return -1;
    rounds->experiments = calloc(rounds->loaded.count + 1, sizeof *rounds->experiments);
    int rc = rounds->experiments ? 0 : abp_fail_memory(err);
    for (size_t i = 0; i < rounds->loaded.count && rc == 0; i++)
        rc = look_at(rounds, i, err);
    if (rc == 0)
        rc = abp_orphans_find(&rounds->orphans, rounds->loaded.inputs.root, rounds->loaded.store,
                              err);
    if (rc != 0)
        abp_rounds_close(rounds);
    return rc;
}

void abp_rounds_close(struct abp_rounds *rounds)
{
    free(rounds->experiments);
    abp_orphans_release(&rounds->orphans);
    abp_loaded_close(&rounds->loaded);
    memset(rounds, 0, sizeof *rounds);
}

/* ---- the steps of a tick ---- */

/* Looks first, since most ticks have nothing to draw, and only a draw needs the right to write. */
static int draw_on(struct abp_plan_report *report, const struct abp_rounds *rounds,
                   struct abp_plan_input *input, struct abp_error *err)
{
    struct abp_planned_list drawn;
    if (abp_plan_preview(report, &drawn, rounds->loaded.store, input, err) != 0)
        return -1;
    abp_planned_list_release(&drawn);
    if (report->posts == 0)
        return 0;
    if (!rounds->loaded.env->seed_given && rounds->loaded.env->entropy &&
        rounds->loaded.env->entropy(&input->seed, err) != 0)
        return -1;
    if (!rounds->loaded.env->seed_given)
        input->seed >>= 1; /* so that --seed can give it back */
    return abp_plan_extend(report, rounds->loaded.store, input, err);
}

static int extend(struct abp_rounds *rounds, struct abp_round_experiment *e,
                  const struct abp_stage *stage, struct abp_journal *journal, struct abp_error *err)
{
    struct abp_plan_report report;
    struct abp_plan_input input = {.experiment = e->file,
                                   .ws = &rounds->loaded.inputs.ws,
                                   .zone = rounds->loaded.zone,
                                   .now = rounds->loaded.env->now(rounds->loaded.env->context),
                                   .seed = rounds->loaded.env->seed,
                                   .active = stage->finished ? NULL : stage->active,
                                   .winner = stage->finished ? stage->winner : -1,
                                   .decisions = stage->known};
    double *probabilities = NULL;
    int rc = abp_stage_probabilities(&probabilities, stage, rounds, e->file, err);
    if (rc <= 0)
        return rc;
    input.probabilities = probabilities;
    rc = draw_on(&report, rounds, &input, err);
    free(probabilities);
    if (rc != 0)
        return -1;
    char detail[64];
    snprintf(detail, sizeof detail, "%zu posts in %zu blocks", report.posts, report.blocks);
    struct abp_action action = {
        .action = "planned", .experiment = e->file->name, .detail = detail, .routine = 1};
    if (report.posts)
        abp_journal_add(journal, &action);
    struct abp_action stuck = {
        .action = "no-slot", .experiment = e->file->name, .detail = report.obstacle, .routine = 1};
    if (report.obstacle[0])
        abp_journal_add(journal, &stuck);
    return 0;
}

static void say_orphans(const struct abp_rounds *rounds, struct abp_journal *journal)
{
    for (size_t i = 0; i < rounds->orphans.count; i++) {
        const struct abp_orphan *orphan = &rounds->orphans.list[i];
        struct abp_buffer words;
        abp_buffer_init(&words, WORDS_MAX);
        abp_buffer_printf(&words, "its file experiments/%s.ini ", orphan->experiment);
        abp_orphan_put(&words, orphan);
        struct abp_action action = {.action = "file-gone",
                                    .experiment = orphan->experiment,
                                    .detail = abp_buffer_text(&words),
                                    .trouble = 1};
        abp_journal_add(journal, &action);
        abp_buffer_release(&words);
    }
}

/* What has begun goes on, unless its verdicts ended it. What they overtook goes first: whoever kept
 * them may have been killed before it came to that, or somebody drew meanwhile. */
static int plan_on(struct abp_rounds *rounds, struct abp_round_experiment *e,
                   struct abp_journal *journal, struct abp_error *err)
{
    struct abp_stage stage;
    if (abp_stage_read(&stage, rounds, e->file, err) != 0)
        return -1;
    int stops = (stage.finished && e->file->decision.after == ABP_AFTER_STOP) ||
                (!stage.finished && stage.active_count < 2);
    int rc = abp_stage_clear(&stage, rounds, e->file, journal, err);
    if (rc == 0)
        rc = abp_edited_clear(rounds, e->file, journal, err);
    if (rc == 0 && !stops && e->file->schedule.present)
        rc = extend(rounds, e, &stage, journal, err);
    abp_stage_release(&stage);
    return rc;
}

static void note_post(void *context, const struct abp_note *note)
{
    struct abp_journal *journal = context;
    if (note->kind == ABP_NOTE_WAITING &&
        abp_is_orphan(&journal->rounds->orphans, note->post->experiment))
        return; /* said once for all of them */
    struct abp_action action = {
        .action = abp_note_name(note->kind),
        .experiment = note->post->experiment,
        .channel = note->post->channel,
        .variant = note->post->variant,
        .post = note->post->id,
        .due_at = note->post->due_at,
        .file = note->file,
        .url = note->url,
        .detail = note->detail,
        .trouble = note->kind != ABP_NOTE_POSTED && note->kind != ABP_NOTE_HANDED &&
                   note->kind != ABP_NOTE_WAITING,
        .routine = note->kind == ABP_NOTE_WAITING,
    };
    abp_journal_add(journal, &action);
}

static int publish_all(struct abp_round_report *report, const struct abp_rounds *rounds,
                       struct abp_journal *journal, struct abp_error *err)
{
    struct abp_publish_input input = abp_loaded_publish(&rounds->loaded);
    input.note = note_post;
    input.context = journal;
    int rc = abp_publish_run(&report->publish, &input, err);
    report->sign_in |= report->publish.sign_in;
    report->unreachable |= report->publish.unreachable;
    report->local |= report->publish.local;
    return rc;
}

static void note_reading(void *context, const struct abp_read_note *note)
{
    static const char *const names[] = {[ABP_READ_DONE] = "read",
                                        [ABP_READ_DELETED] = "deleted",
                                        [ABP_READ_EDITED] = "edited",
                                        [ABP_READ_FAILED] = "not-read"};
    struct abp_action action = {.action = names[note->kind],
                                .experiment = note->post->experiment,
                                .channel = note->post->channel,
                                .variant = note->post->variant,
                                .post = note->post->planned,
                                .url = note->post->url,
                                .detail = note->detail,
                                .trouble = note->kind != ABP_READ_DONE};
    abp_journal_add(context, &action);
}

static int collect_all(struct abp_round_report *report, const struct abp_rounds *rounds,
                       struct abp_journal *journal, struct abp_error *err)
{
    const struct abp_experiment **files = calloc(rounds->loaded.count + 1, sizeof *files);
    struct abp_collect_report collected;
    struct abp_collect_input input = {.env = rounds->loaded.env,
                                      .ws = &rounds->loaded.inputs.ws,
                                      .store = rounds->loaded.store,
                                      .experiments = files,
                                      .experiment_count = rounds->loaded.count,
                                      .note = note_reading,
                                      .context = journal};
    if (!files)
        return abp_fail_memory(err);
    for (size_t i = 0; i < rounds->loaded.count; i++)
        files[i] = rounds->experiments[i].file;
    int rc = abp_collect_run(&collected, &input, err);
    free(files);
    report->read = collected.read;
    report->unread = collected.failed;
    report->sign_in |= collected.sign_in;
    report->unreachable |= collected.unreachable;
    report->local |= collected.local;
    return rc;
}

int abp_rounds_tick(struct abp_round_report *report, struct abp_rounds *rounds,
                    struct abp_journal *journal, struct abp_error *err)
{
    memset(report, 0, sizeof *report);
    if (!rounds->loaded.store)
        return 0;
    say_orphans(rounds, journal);
    for (size_t i = 0; i < rounds->loaded.count; i++)
        if (rounds->experiments[i].planned &&
            plan_on(rounds, &rounds->experiments[i], journal, err) != 0)
            return -1;
    if (publish_all(report, rounds, journal, err) != 0)
        return -1;
    return collect_all(report, rounds, journal, err);
}

/* What only a person can mend. */
static int verdict_for_person(const struct abp_round_report *report,
                              const struct abp_rounds *rounds, struct abp_error *err)
{
    if (report->sign_in)
        return abp_fail(err, ABP_PERSON,
                        "an account refuses us; renew its password or token (abpost status says "
                        "which), then the next tick goes on");
    if (report->publish.unknown)
        return abp_fail(err, ABP_PERSON,
                        "%zu post%s may or may not be out; abpost status says what to do",
                        report->publish.unknown, report->publish.unknown == 1 ? "" : "s");
    if (report->publish.count[ABP_NOTE_TWICE])
        return abp_fail(err, ABP_PERSON,
                        "a post is out twice, at the addresses above and in abpost status; delete "
                        "one of the two");
    if (rounds->orphans.count)
        return abp_fail(err, ABP_PERSON,
                        "%zu experiment%s planned posts and no file; put it back, or end it as "
                        "said above",
                        rounds->orphans.count, rounds->orphans.count == 1 ? " has" : "s have");
    return 0;
}

int abp_rounds_verdict(const struct abp_round_report *report, const struct abp_rounds *rounds,
                       struct abp_error *err)
{
    if (verdict_for_person(report, rounds, err) != 0)
        return -1;
    if (report->local)
        return abp_fail(
            err, ABP_FAILED,
            "a file or folder of this machine was in the way, as said above; once it is "
            "mended the next tick goes on");
    if (report->unreachable)
        return abp_fail(err, ABP_UNREACHABLE,
                        "a platform could not be reached; the next tick tries again");
    if (report->publish.unopened)
        return abp_fail(err, ABP_DATA,
                        "a channel that has posts to come can't be posted to; abpost check says "
                        "why, and -v which posts wait");
    if (rounds->loaded.broken)
        return abp_fail(err, ABP_DATA, "%zu experiment file%s left out, because of mistakes",
                        rounds->loaded.broken, rounds->loaded.broken == 1 ? " was" : "s were");
    return 0;
}
