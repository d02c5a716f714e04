#include "decide.h"

#include "abpost/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t variant_number(const struct abp_experiment *e, const char *name)
{
    size_t v = 0;
    while (v < e->variant_count && strcmp(e->variants[v].name, name) != 0)
        v++;
    return v;
}

static size_t baseline_number(const struct abp_experiment *e)
{
    size_t v = e->baseline ? variant_number(e, e->baseline) : 0;
    return v < e->variant_count ? v : 0;
}

static int is_verdict(const struct abp_decided *decided, enum abp_verdict verdict)
{
    return strcmp(decided->verdict, abp_verdict_name(verdict)) == 0;
}

/* What stands of the first `count` decisions, by variant: the newest of each that is not withdrawn.
 * NULL: none. */
static void find_standing(const struct abp_decided **standing, const struct abp_decided_list *list,
                          size_t count, const struct abp_experiment *experiment)
{
    memset(standing, 0, (experiment->variant_count + 1) * sizeof(*standing));
    for (size_t i = 0; i < count; i++) {
        const struct abp_decided *decided = &list->list[i];
        size_t v = variant_number(experiment, decided->variant);
        if (v < experiment->variant_count) /* one that the file still has */
            standing[v] = strcmp(decided->verdict, ABP_WITHDRAWN) == 0 ? NULL : decided;
    }
}

/* The first variant that earned `repeat`; -1: none. */
static int find_winner(const struct abp_decided *const *standing, size_t count, size_t baseline)
{
    int winner = -1;
    for (size_t v = 0; v < count; v++)
        if (v != baseline && standing[v] && is_verdict(standing[v], ABP_REPEAT) &&
            (winner < 0 || standing[v] < standing[winner]))
            winner = (int)v;
    return winner;
}

static void fill_stage(struct abp_stage *stage, const struct abp_decided *const *standing,
                       const struct abp_experiment *experiment)
{
    size_t count = experiment->variant_count, baseline = baseline_number(experiment), decided = 0;
    stage->active_count = 0;
    stage->decided_at = 0;
    memset(stage->active, 1, count + 1);
    for (size_t v = 0; v < count; v++) {
        if (v != baseline && standing[v]) {
            decided++;
            stage->active[v] = !is_verdict(standing[v], ABP_DROP);
            if (standing[v]->decided_at > stage->decided_at)
                stage->decided_at = standing[v]->decided_at;
        }
        stage->active_count += stage->active[v];
    }
    stage->winner = find_winner(standing, count, baseline);
    stage->finished = count > 1 && decided == count - 1;
    if (stage->finished && stage->winner < 0)
        stage->winner = (int)baseline;
}

/* One decision after another, to see which of them changed something. */
static void follow(struct abp_stage *stage, const struct abp_decided **standing,
                   const struct abp_decided_list *list, const struct abp_experiment *experiment)
{
    for (size_t known = 0; known <= list->count; known++) {
        struct abp_stage before = *stage;
        find_standing(standing, list, known, experiment);
        fill_stage(stage, standing, experiment);
        stage->known = known;
        if (known == 0 ||
            (stage->finished == before.finished && stage->active_count == before.active_count))
            continue;
        stage->since = known;
        stage->since_at = list->list[known - 1].decided_at;
        stage->is_reopened = strcmp(list->list[known - 1].verdict, ABP_WITHDRAWN) == 0;
    }
}

int abp_stage_read(struct abp_stage *stage, const struct abp_rounds *rounds,
                   const struct abp_experiment *experiment, struct abp_error *err)
{
    struct abp_decided_list list = {0};
    size_t count = experiment->variant_count;
    const struct abp_decided **standing = calloc(count + 1, sizeof *standing);
    memset(stage, 0, sizeof *stage);
    stage->active = malloc(count + 1);
    int rc = standing && stage->active ? 0 : abp_fail_memory(err);
    if (rc == 0 && rounds->loaded.store)
        rc = abp_outbox_decisions(&list, rounds->loaded.store, experiment->name, err);
    if (rc == 0)
        follow(stage, standing, &list, experiment);
    else
        abp_stage_release(stage);
    abp_decided_list_release(&list);
    free(standing);
    return rc;
}

void abp_stage_release(struct abp_stage *stage)
{
    free(stage->active);
    memset(stage, 0, sizeof *stage);
}

/* ---- deciding ---- */

static int ends_a_test(enum abp_verdict verdict)
{
    return verdict == ABP_REPEAT || verdict == ABP_DROP || verdict == ABP_SAME ||
           verdict == ABP_EXHAUSTED;
}

/* 1: a verdict is new; 0: none is; -1. */
static int keep_verdicts(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                         const struct abp_result *result, struct abp_journal *journal,
                         struct abp_error *err)
{
    int news = 0;
    for (size_t v = 1; v < result->variant_count; v++) {
        const struct abp_variant_result *variant = &result->variants[v];
        char verdict[32], reason[2] = "";
        if (!ends_a_test(variant->verdict))
            continue;
        snprintf(verdict, sizeof verdict, "%s", abp_verdict_name(variant->verdict));
        struct abp_decided decided = {variant->name, verdict,
                                      variant->reason ? variant->reason : reason,
                                      rounds->loaded.env->now(rounds->loaded.env->context)};
        int rc = abp_outbox_decide(rounds->loaded.store, experiment->name, &decided, err);
        if (rc < 0)
            return -1;
        char detail[1200];
        snprintf(detail, sizeof detail, "%s: %.1100s", verdict, decided.reason);
        struct abp_action action = {.action = "decided",
                                    .experiment = experiment->name,
                                    .variant = variant->name,
                                    .detail = detail};
        if (rc > 0)
            abp_journal_add(journal, &action);
        news |= rc > 0;
    }
    return news;
}

/* 1: it was drawn by who did not know how things stand. An older abpost left only the time. */
static int is_overtaken(const struct abp_stage *stage, const struct abp_planned *post)
{
    if (post->decisions < 0)
        return post->state_at <= stage->since_at;
    return (size_t)post->decisions < stage->since;
}

int abp_stage_clear(const struct abp_stage *stage, const struct abp_rounds *rounds,
                    const struct abp_experiment *experiment, struct abp_journal *journal,
                    struct abp_error *err)
{
    const char *why = stage->is_reopened ? "the decision it was planned for was withdrawn"
                                         : "a verdict was reached before its time";
    int64_t now = rounds->loaded.env->now(rounds->loaded.env->context);
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.experiment = experiment->name,
                                        .states = 1u << ABP_PLANNED};
    if (stage->since == 0)
        return 0;
    if (abp_outbox_list(&list, rounds->loaded.store, &filter, err) != 0)
        return -1;
    int rc = 0;
    size_t cancelled = 0;
    for (size_t i = 0; i < list.count && rc >= 0; i++) {
        if (!is_overtaken(stage, &list.list[i]))
            continue;
        rc = abp_outbox_drop(rounds->loaded.store, list.list[i].id, ABP_CANCELLED, why, now, err);
        cancelled += rc > 0;
    }
    abp_planned_list_release(&list);
    char detail[64];
    snprintf(detail, sizeof detail, "%zu planned posts", cancelled);
    struct abp_action action = {
        .action = "cancelled", .experiment = experiment->name, .detail = detail};
    if (cancelled)
        abp_journal_add(journal, &action);
    return rc < 0 ? -1 : 0;
}

/* As things stand now. */
static int clear_now(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                     struct abp_journal *journal, struct abp_error *err)
{
    struct abp_stage stage;
    if (abp_stage_read(&stage, rounds, experiment, err) != 0)
        return -1;
    int rc = abp_stage_clear(&stage, rounds, experiment, journal, err);
    abp_stage_release(&stage);
    return rc;
}

/* ---- withdrawing ---- */

static int withdraw(const char *reason, const struct abp_stage *stage,
                    const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                    struct abp_journal *journal, struct abp_error *err)
{
    struct abp_action action = {.action = "withdrawn",
                                .experiment = experiment->name,
                                .variant = experiment->variants[stage->winner].name,
                                .detail = reason,
                                .trouble = 1};
    int rc = abp_outbox_withdraw(rounds->loaded.store, experiment->name, reason,
                                 rounds->loaded.env->now(rounds->loaded.env->context), err);
    if (rc <= 0)
        return rc;
    abp_journal_add(journal, &action);
    return clear_now(rounds, experiment, journal, err);
}

static int watch(const struct abp_stage *stage, const struct abp_rounds *rounds,
                 const struct abp_experiment *experiment, struct abp_journal *journal,
                 struct abp_error *err)
{
    char *reason = NULL;
    int rc = abp_stage_watch(&reason, stage, rounds, experiment, journal, err);
    if (rc > 0)
        rc = withdraw(reason, stage, rounds, experiment, journal, err);
    free(reason);
    return rc;
}

/* ---- a night ---- */

int abp_decide_on(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                  const struct abp_result *result, struct abp_journal *journal,
                  struct abp_error *err)
{
    struct abp_stage before;
    if (abp_stage_read(&before, rounds, experiment, err) != 0)
        return -1;
    int rc = keep_verdicts(rounds, experiment, result, journal, err);
    if (rc > 0)
        rc = clear_now(rounds, experiment, journal, err);
    else if (rc == 0 && before.finished)
        rc = watch(&before, rounds, experiment, journal, err);
    abp_stage_release(&before);
    return rc;
}
