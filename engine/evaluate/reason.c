#include "evaluate/evaluation.h"

#include "abpost/buffer.h"
#include "abpost/text.h"
#include "abpost/words.h"

#include <math.h>
#include <stdio.h>

#define MOST_REASON 2000

const char *evaluation_percent(double p, char text[16])
{
    if (p > 0.999)
        snprintf(text, 16, "over 99.9 %%");
    else if (p > 0.99)
        snprintf(text, 16, "%.1f %%", floor(1000.0 * p) / 10.0);
    else if (p < 0.01)
        snprintf(text, 16, "under 1 %%");
    else
        snprintf(text, 16, "%.0f %%", 100.0 * p);
    return text;
}

static void say_margin(const struct comparison *c, struct abp_buffer *out)
{
    double least = c->e->experiment->decision.min_lift;
    if (least > 0.0)
        abp_buffer_printf(out, " by at least %.3g %%", 100.0 * least);
}

/* "97 % sure to do better than control by at least 5 %" */
static void say_belief(const struct comparison *c, int up, struct abp_buffer *out)
{
    char text[16];
    abp_buffer_printf(out, "%s sure to do %s than %s",
                      evaluation_percent(up ? c->evidence->p_above : c->evidence->p_below, text),
                      up ? "better" : "worse", c->base);
    say_margin(c, out);
}

static void say_guard_obstacle(const struct comparison *c, const char *join, struct abp_buffer *out)
{
    if (isnan(c->evidence->e_value) && c->factor)
        abp_buffer_printf(out,
                          "%sno two variants differ in nothing but %s and %s, so no lot decided "
                          "between these two alone",
                          join, c->name, c->base);
    else if (c->evidence->e_value >= c->evidence->threshold)
        abp_buffer_printf(out,
                          "%sit was found to do %s earlier (the guard reached %s of the %.3g "
                          "it takes): it has changed since, and no verdict holds for both",
                          join, c->evidence->guard_direction > 0 ? "better" : "worse",
                          abp_evidence_words(c->evidence->e_value).text, c->evidence->threshold);
    else
        abp_buffer_printf(out, "%sthe guard stands at %s of the %.3g it takes", join,
                          abp_evidence_words(c->evidence->e_value).text, c->evidence->threshold);
}

static void say_obstacles(const struct comparison *c, unsigned obstacles, struct abp_buffer *out)
{
    const char *join = ", but ";
    if (obstacles & ABP_OBSTACLE_OBSERVATIONAL) {
        abp_buffer_printf(out, "%sthe order of the posts was not drawn by lot", join);
        join = ", and ";
    }
    if (obstacles & ABP_OBSTACLE_GUARD) {
        say_guard_obstacle(c, join, out);
        join = ", and ";
    }
    if (obstacles & ABP_OBSTACLE_MIN_POSTS) {
        abp_buffer_printf(out, "%sit takes %zu posts on both sides (so far %zu and %zu)", join,
                          c->evidence->min_posts, c->evidence->posts, c->evidence->baseline_posts);
        join = ", and ";
    }
    if (obstacles & ABP_OBSTACLE_NET_VALUE)
        abp_buffer_printf(out, "%safter its cost it is worth less than %s", join, c->base);
}

static void say_decided(const struct comparison *c, enum abp_verdict verdict,
                        struct abp_buffer *out)
{
    char text[16];
    if (c->evidence->guardrail_broken) {
        abp_buffer_add(out, "A guardrail is broken, see the warnings.");
        return;
    }
    if (verdict == ABP_SAME) {
        abp_buffer_printf(out, "%s sure to be within %.3g %% of %s either way",
                          evaluation_percent(c->evidence->p_same, text),
                          100.0 * c->e->experiment->decision.rope, c->base);
        if (!isnan(c->cost) && !isnan(c->base_cost))
            abp_buffer_printf(out, ": choose by the work, %s is %s.", c->name,
                              c->cost < c->base_cost   ? "the cheaper"
                              : c->cost > c->base_cost ? "the dearer"
                                                       : "as much work");
        else
            abp_buffer_add(out, ": choose the one that is less work.");
        return;
    }
    say_belief(c, verdict == ABP_REPEAT, out);
    abp_buffer_printf(out, ", and the guard has reached %s of the %.3g it takes.",
                      abp_evidence_words(c->evidence->e_value).text, c->evidence->threshold);
}

static void say_open(const struct comparison *c, unsigned obstacles, struct abp_buffer *out)
{
    const struct abp_evidence *evidence = c->evidence;
    char text[16];
    if (evidence->guardrail_broken) {
        abp_buffer_add(out, "A guardrail is broken, see the warnings");
        say_obstacles(c, obstacles, out);
        abp_buffer_add(out, ".");
        return;
    }
    if (!(evidence->reliable)) {
        abp_buffer_add(out, "The numbers could not be computed well enough to lean on.");
        return;
    }
    if (evidence->p_above >= evidence->confidence || evidence->p_below >= evidence->confidence) {
        say_belief(c, evidence->p_above >= evidence->confidence, out);
    } else if (evidence->p_same >= evidence->confidence) {
        abp_buffer_printf(out, "%s sure to be much the same as %s",
                          evaluation_percent(evidence->p_same, text), c->base);
    } else {
        abp_buffer_printf(out, "%s likely to do better than %s, x%.2f to x%.2f",
                          evaluation_percent(c->p_better, text), c->base, exp(c->q025),
                          exp(c->q975));
        abp_buffer_add(out, ": that can still go either way.");
        return;
    }
    say_obstacles(c, obstacles, out);
    abp_buffer_add(out, ".");
}

static void say_exhausted(const struct comparison *c, struct abp_buffer *out)
{
    char text[16];
    abp_buffer_add(out, "The posts planned are used up without a decision");
    if (!c->evidence->reliable || isnan(c->p_better)) {
        abp_buffer_add(out, ", and the numbers could not be computed well enough to lean on.");
        return;
    }
    abp_buffer_printf(out, ": %s likely to do better than %s",
                      evaluation_percent(c->p_better, text), c->base);
    if (!isnan(c->expected_loss))
        abp_buffer_printf(out, "; choosing it would give up %.2g %% on average",
                          100.0 * c->expected_loss);
    abp_buffer_add(out, ".");
}

int evaluation_compare(enum abp_verdict *verdict, char **reason, const struct comparison *c,
                       struct abp_error *err)
{
    struct abp_buffer out;
    unsigned obstacles = 0;
    abp_buffer_init(&out, MOST_REASON);
    *verdict = ABP_KEEP_TESTING;
    if (c->evidence->posts == 0 || c->evidence->baseline_posts == 0) {
        abp_buffer_printf(&out, "%s has no post with a reading yet.",
                          c->evidence->posts == 0 ? c->name : c->base);
    } else {
        *verdict = abp_decide(c->evidence, &obstacles);
        switch (*verdict) {
        case ABP_REPEAT:
        case ABP_DROP:
        case ABP_SAME:
            say_decided(c, *verdict, &out);
            break;
        case ABP_EXHAUSTED:
            say_exhausted(c, &out);
            break;
        default:
            say_open(c, obstacles, &out);
        }
    }
    *reason = out.failed ? NULL : abp_strdup(abp_buffer_text(&out));
    abp_buffer_release(&out);
    return *reason ? 0 : abp_fail_memory(err);
}

int evaluation_verdict(struct evaluation *e, size_t v, struct abp_error *err)
{
    const struct abp_contrast *contrast = &e->contrasts[v];
    struct comparison c = {.e = e,
                           .evidence = &e->evidence[v],
                           .name = e->table.variants[v].name,
                           .base = e->table.variants[0].name,
                           .p_better = contrast->p_better,
                           .expected_loss = contrast->expected_loss,
                           .q025 = contrast->log_lift.q025,
                           .q975 = contrast->log_lift.q975,
                           .cost = e->table.variants[v].cost,
                           .base_cost = e->table.variants[0].cost};
    return evaluation_compare(&e->result->variants[v].verdict, &e->result->variants[v].reason, &c,
                              err);
}
