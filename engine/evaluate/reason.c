#include "evaluate/evaluation.h"

#include "abpost/buffer.h"
#include "abpost/text.h"

#include <math.h>
#include <stdio.h>

#define MOST_REASON 2000

/* A probability for people: never "100 %", which no finite data gives. */
static const char *percent(double p, char text[16])
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

/* An e-value for people: three figures are enough, and none of them an exponent. */
static const char *evidence_text(double e_value, char text[32])
{
    if (e_value >= 1000.0)
        snprintf(text, 32, "over 1000");
    else
        snprintf(text, 32, e_value >= 100.0 ? "%.0f" : "%.3g", e_value);
    return text;
}

static void say_margin(const struct evaluation *e, struct abp_buffer *out)
{
    if (e->experiment->decision.min_lift > 0.0)
        abp_buffer_printf(out, " by at least %.3g %%", 100.0 * e->experiment->decision.min_lift);
}

/* "97 % sure to do better than control by at least 5 %" */
static void say_belief(const struct evaluation *e, const struct abp_evidence *evidence, int up,
                       struct abp_buffer *out)
{
    char text[16];
    abp_buffer_printf(out, "%s sure to do %s than %s",
                      percent(up ? evidence->p_above : evidence->p_below, text),
                      up ? "better" : "worse", e->table.variants[0].name);
    say_margin(e, out);
}

static void say_obstacles(const struct evaluation *e, const struct abp_evidence *evidence,
                          unsigned obstacles, struct abp_buffer *out)
{
    const char *join = ", but ";
    char text[32];
    if (obstacles & ABP_OBSTACLE_OBSERVATIONAL) {
        abp_buffer_printf(out, "%sthe order of the posts was not drawn by lot", join);
        join = ", and ";
    }
    if (obstacles & ABP_OBSTACLE_GUARD) {
        if (evidence->e_value >= evidence->threshold)
            abp_buffer_printf(out,
                              "%sit was found to do %s earlier (the guard reached %s of the %.3g "
                              "it takes): it has changed since, and no verdict holds for both",
                              join, evidence->guard_direction > 0 ? "better" : "worse",
                              evidence_text(evidence->e_value, text), evidence->threshold);
        else
            abp_buffer_printf(out, "%sthe guard stands at %s of the %.3g it takes", join,
                              evidence_text(evidence->e_value, text), evidence->threshold);
        join = ", and ";
    }
    if (obstacles & ABP_OBSTACLE_MIN_POSTS) {
        abp_buffer_printf(out, "%sit takes %zu posts on both sides (so far %zu and %zu)", join,
                          evidence->min_posts, evidence->posts, evidence->baseline_posts);
        join = ", and ";
    }
    if (obstacles & ABP_OBSTACLE_NET_VALUE)
        abp_buffer_printf(out, "%safter its cost it is worth less than %s", join,
                          e->table.variants[0].name);
}

static void say_decided(const struct evaluation *e, size_t v, enum abp_verdict verdict,
                        struct abp_buffer *out)
{
    const struct abp_evidence *evidence = &e->evidence[v];
    char text[16], reached[32];
    if (evidence->guardrail_broken) {
        abp_buffer_add(out, "A guardrail is broken, see the warnings.");
        return;
    }
    if (verdict == ABP_SAME) {
        abp_buffer_printf(out, "%s sure to be within %.3g %% of %s either way",
                          percent(evidence->p_same, text), 100.0 * e->experiment->decision.rope,
                          e->table.variants[0].name);
        double own = e->table.variants[v].cost, base = e->table.variants[0].cost;
        if (!isnan(own) && !isnan(base))
            abp_buffer_printf(out, ": choose by the work, %s is %s.", e->table.variants[v].name,
                              own < base   ? "the cheaper"
                              : own > base ? "the dearer"
                                           : "as much work");
        else
            abp_buffer_add(out, ": choose the one that is less work.");
        return;
    }
    say_belief(e, evidence, verdict == ABP_REPEAT, out);
    abp_buffer_printf(out, ", and the guard has reached %s of the %.3g it takes.",
                      evidence_text(evidence->e_value, reached), evidence->threshold);
}

static void say_open(const struct evaluation *e, size_t v, unsigned obstacles,
                     struct abp_buffer *out)
{
    const struct abp_evidence *evidence = &e->evidence[v];
    const struct abp_contrast *c = &e->contrasts[v];
    char text[16];
    if (!(evidence->reliable)) {
        abp_buffer_add(out, "The numbers could not be computed well enough to lean on.");
        return;
    }
    if (evidence->p_above >= evidence->confidence || evidence->p_below >= evidence->confidence) {
        say_belief(e, evidence, evidence->p_above >= evidence->confidence, out);
    } else if (evidence->p_same >= evidence->confidence) {
        abp_buffer_printf(out, "%s sure to be much the same as %s", percent(evidence->p_same, text),
                          e->table.variants[0].name);
    } else {
        abp_buffer_printf(out, "%s likely to do better than %s, x%.2f to x%.2f",
                          percent(c->p_better, text), e->table.variants[0].name,
                          exp(c->log_lift.q025), exp(c->log_lift.q975));
        abp_buffer_add(out, ": that can still go either way.");
        return;
    }
    say_obstacles(e, evidence, obstacles, out);
    abp_buffer_add(out, ".");
}

static void say_exhausted(const struct evaluation *e, size_t v, struct abp_buffer *out)
{
    const struct abp_contrast *c = &e->contrasts[v];
    char text[16];
    abp_buffer_printf(out,
                      "The posts planned are used up without a decision: %s likely to do better "
                      "than %s; choosing it would give up %.2g %% on average.",
                      percent(c->p_better, text), e->table.variants[0].name,
                      100.0 * c->expected_loss);
}

int evaluation_verdict(struct evaluation *e, size_t v, struct abp_error *err)
{
    struct abp_variant_result *variant = &e->result->variants[v];
    struct abp_buffer out;
    unsigned obstacles = 0;
    abp_buffer_init(&out, MOST_REASON);
    if (e->table.variants[v].posts == 0 || e->table.variants[0].posts == 0) {
        variant->verdict = ABP_KEEP_TESTING;
        abp_buffer_printf(&out, "%s has no post with a reading yet.",
                          e->table.variants[v].posts == 0 ? e->table.variants[v].name
                                                          : e->table.variants[0].name);
    } else {
        variant->verdict = abp_decide(&e->evidence[v], &obstacles);
        switch (variant->verdict) {
        case ABP_REPEAT:
        case ABP_DROP:
        case ABP_SAME:
            say_decided(e, v, variant->verdict, &out);
            break;
        case ABP_EXHAUSTED:
            say_exhausted(e, v, &out);
            break;
        default:
            say_open(e, v, obstacles, &out);
        }
    }
    variant->reason = out.failed ? NULL : abp_strdup(abp_buffer_text(&out));
    abp_buffer_release(&out);
    return variant->reason ? 0 : abp_fail_memory(err);
}
