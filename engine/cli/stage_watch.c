/* after = repeat-winner: whether the winner still holds (decide.h). */
#include "decide.h"
#include "source.h"

#include "abpost/buffer.h"
#include "abpost/collect.h"
#include "abpost/evaluate.h"
#include "abpost/text.h"
#include "abpost/time.h"

#include <math.h>
#include <string.h>

#define MOST_REASON 2000

static const struct abp_variant_result *result_of(const struct abp_result *result, const char *name)
{
    for (size_t v = 0; v < result->variant_count; v++)
        if (strcmp(result->variants[v].name, name) == 0)
            return &result->variants[v];
    return NULL;
}

/* How sure it is that the winner is behind: of it against the baseline, or, where it is the
 * baseline, of the others' likeliest. *rival: the one that is compared. */
static double doubt(const struct abp_variant_result **rival, const struct abp_result *result,
                    const struct abp_variant_result *winner)
{
    double most = NAN;
    *rival = &result->variants[0];
    if (winner != *rival)
        return 1.0 - winner->p_better;
    for (size_t v = 1; v < result->variant_count; v++) {
        const struct abp_variant_result *other = &result->variants[v];
        if (isnan(most) || other->p_better > most) {
            most = other->p_better;
            *rival = other;
        }
    }
    return most;
}

static int say(char **reason, const struct abp_variant_result *winner,
               const struct abp_variant_result *rival, const struct abp_stage *stage, double sure,
               struct abp_error *err)
{
    /* The baseline's entry holds no comparison with itself. */
    const struct abp_variant_result *compared = isnan(winner->p_better) ? rival : winner;
    const struct abp_summary *lift = &compared->log_lift;
    const char *other = compared == winner ? rival->name : winner->name;
    char when[ABP_TIME_SIZE];
    struct abp_buffer text;
    if (abp_time_format(when, stage->decided_at) != 0)
        return abp_fail(err, ABP_DATA, "a decision outside the years 1 to 9999");
    abp_buffer_init(&text, MOST_REASON);
    abp_buffer_printf(&text,
                      "In the posts drawn since %.10s (%zu of %s, %zu of %s) %s does x%.2f of %s, "
                      "x%.2f to x%.2f: %.1f %% sure that %s does worse than %s now.",
                      when, winner->posts, winner->name, rival->posts, rival->name, compared->name,
                      exp(lift->q50), other, exp(lift->q025), exp(lift->q975),
                      fmin(floor(1000.0 * sure) / 10.0, 99.9), winner->name, rival->name);
    *reason = text.failed ? NULL : abp_strdup(abp_buffer_text(&text));
    abp_buffer_release(&text);
    return *reason ? 0 : abp_fail_memory(err);
}

/* 1: it is withdrawn; *reason is set wherever there are numbers to tell of. */
static int judge(char **reason, const struct abp_result *result, const struct abp_stage *stage,
                 const struct abp_experiment *experiment, struct abp_error *err)
{
    const struct abp_variant_result *rival;
    const struct abp_variant_result *winner =
        result_of(result, experiment->variants[stage->winner].name);
    size_t least = (size_t)experiment->decision.min_posts;
    if (!winner || !result->fit.reliable)
        return 0;
    double sure = doubt(&rival, result, winner);
    if (isnan(sure) || winner->posts == 0 || rival->posts == 0)
        return 0;
    if (say(reason, winner, rival, stage, sure, err) != 0)
        return -1;
    return sure >= experiment->decision.confidence && winner->posts >= least &&
           rival->posts >= least;
}

static int judge_posts(char **reason, const struct abp_posts *posts, const struct abp_stage *stage,
                       const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                       struct abp_error *err)
{
    struct abp_result result;
    uint64_t seed = abp_source_seed(rounds->loaded.env->seed, experiment->name);
    if (posts->count == posts->missing)
        return 0;
    if (abp_evaluate(&result, experiment, posts, seed, err) != 0)
        return -1;
    int rc = judge(reason, &result, stage, experiment, err);
    abp_result_release(&result);
    return rc;
}

int abp_stage_watch(char **reason, const struct abp_stage *stage, const struct abp_rounds *rounds,
                    const struct abp_experiment *experiment, struct abp_journal *journal,
                    struct abp_error *err)
{
    struct abp_posts posts;
    *reason = NULL;
    if (!stage->finished || experiment->decision.after != ABP_AFTER_REPEAT_WINNER)
        return 0;
    if (abp_made_posts_since(&posts, rounds->loaded.store, experiment, stage->decided_at,
                             rounds->loaded.env->now(rounds->loaded.env->context), err) != 0)
        return -1;
    int rc = judge_posts(reason, &posts, stage, rounds, experiment, err);
    abp_posts_release(&posts);
    struct abp_action action = {.action = "watched",
                                .experiment = experiment->name,
                                .variant = experiment->variants[stage->winner].name,
                                .detail = *reason,
                                .routine = 1};
    if (rc == 0 && *reason)
        abp_journal_add(journal, &action);
    return rc;
}
