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

int abp_stage_read(struct abp_stage *stage, const struct abp_rounds *rounds,
                   const struct abp_experiment *experiment, struct abp_error *err)
{
    struct abp_decided_list list = {0};
    size_t baseline = baseline_number(experiment), decided = 0;
    memset(stage, 0, sizeof *stage);
    stage->winner = -1;
    stage->active = malloc(experiment->variant_count + 1);
    if (!stage->active)
        return abp_fail_memory(err);
    memset(stage->active, 1, experiment->variant_count + 1);
    if (rounds->loaded.store &&
        abp_outbox_decisions(&list, rounds->loaded.store, experiment->name, err) != 0) {
        abp_stage_release(stage);
        return -1;
    }
    for (size_t i = 0; i < list.count; i++) {
        size_t v = variant_number(experiment, list.list[i].variant);
        if (v == experiment->variant_count || v == baseline)
            continue; /* of a variant that the file no longer has */
        decided++;
        stage->active[v] = !is_verdict(&list.list[i], ABP_DROP);
        if (stage->winner < 0 && is_verdict(&list.list[i], ABP_REPEAT))
            stage->winner = (int)v;
    }
    abp_decided_list_release(&list);
    for (size_t v = 0; v < experiment->variant_count; v++)
        stage->active_count += stage->active[v];
    stage->finished = experiment->variant_count > 1 && decided == experiment->variant_count - 1;
    if (stage->finished && stage->winner < 0)
        stage->winner = (int)baseline;
    return 0;
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

/* Posts that are still to come were drawn for another state of things. */
static int cancel_planned(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                          struct abp_journal *journal, struct abp_error *err)
{
    int64_t now = rounds->loaded.env->now(rounds->loaded.env->context);
    struct abp_planned_list list;
    struct abp_planned_filter filter = {
        .experiment = experiment->name, .due_from = now, .states = 1u << ABP_PLANNED};
    if (abp_outbox_list(&list, rounds->loaded.store, &filter, err) != 0)
        return -1;
    int rc = 0;
    size_t cancelled = 0;
    for (size_t i = 0; i < list.count && rc >= 0; i++) {
        rc = abp_outbox_drop(rounds->loaded.store, list.list[i].id, ABP_CANCELLED,
                             "a verdict was reached before its time", now, err);
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

int abp_decide_on(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                  const struct abp_result *result, struct abp_journal *journal,
                  struct abp_error *err)
{
    struct abp_stage before, after;
    if (abp_stage_read(&before, rounds, experiment, err) != 0)
        return -1;
    int news = keep_verdicts(rounds, experiment, result, journal, err);
    if (news <= 0 || abp_stage_read(&after, rounds, experiment, err) != 0) {
        abp_stage_release(&before);
        return news == 0 ? 0 : -1;
    }
    int changed = before.finished != after.finished || before.active_count != after.active_count;
    abp_stage_release(&before);
    abp_stage_release(&after);
    return changed ? cancel_planned(rounds, experiment, journal, err) : 0;
}
