#include "evaluate/evaluation.h"

#include "abpost/buffer.h"
#include "abpost/factors.h"
#include "abpost/guard.h"

#include <math.h>
#include <stdlib.h>

int evaluation_guard(struct evaluation *e, struct abp_error *err)
{
    size_t K = e->table.variant_count;
    if (!e->posts->randomised || K < 2)
        return 0;
    struct abp_guard_output *out = calloc(K, sizeof *out);
    if (!out)
        return abp_fail_memory(err);
    int rc = guard_rows_init(&e->guard, e->experiment, e->posts, &e->table, err);
    if (rc == 0)
        rc = abp_guard(out, &e->guard.input, err);
    for (size_t v = 1; rc == 0 && v < K; v++) {
        double threshold = e->guard.input.threshold;
        int timed = e->guard.timed;
        e->result->variants[v].guard =
            (struct abp_guard_result){.e_value = out[v].e_value,
                                      .threshold = threshold,
                                      .open_e_value = out[v].open_e_value,
                                      .blocks = out[v].blocks};
        /* What was once reached stays reached, but only where the blocks followed one another in
         * time: the order of a file is nobody's sequence of looks (guard.h). */
        e->evidence[v].e_value = timed ? out[v].max_e_value : out[v].e_value;
        e->evidence[v].threshold = threshold;
        e->evidence[v].guard_direction = timed ? out[v].max_direction : out[v].direction;
    }
    free(out);
    return rc == 0 ? evaluation_guard_levels(e, err) : -1;
}

/* ---- guardrails ---- */

#define MOST_NAME 1000 /* bytes of a guardrail's name in a sentence */
/* sd of how a style's effect on a guardrail differs by channel: next to nothing. It is asked what
 * the style did where it was posted; that it may do otherwise on other channels is no excuse. */
#define SAME_EVERYWHERE 0.01

/* "2*hides + reports", as the experiment file has it. */
static void put_metric(struct abp_buffer *name, const struct abp_sum *metric)
{
    for (size_t t = 0; t < metric->count; t++) {
        double weight = metric->terms[t].weight;
        abp_buffer_add(name, t ? (weight < 0 ? " - " : " + ") : weight < 0 ? "-" : "");
        if (fabs(weight) < 1.0 || fabs(weight) > 1.0)
            abp_buffer_printf(name, "%g*", fabs(weight));
        abp_buffer_add(name, metric->terms[t].name);
    }
}

/* Room for the posts that have a reading of a guardrail. */
struct room {
    double *y;                          /* owned */
    uint32_t *variant, *channel, *slot; /* owned */
};

static void room_release(struct room *room)
{
    free(room->y);
    free(room->variant);
    free(room->channel);
    free(room->slot);
}

static int room_init(struct room *room, size_t posts, struct abp_error *err)
{
    room->y = calloc(posts, sizeof *room->y);
    room->variant = calloc(posts, sizeof *room->variant);
    room->channel = calloc(posts, sizeof *room->channel);
    room->slot = calloc(posts, sizeof *room->slot);
    if (room->y && room->variant && room->channel && room->slot)
        return 0;
    room_release(room);
    return abp_fail_memory(err);
}

/* The observed readings of one guardrail. */
struct guardrail_posts {
    struct abp_data data; /* borrowed from the room and the table */
    int whole;            /* all of them counts */
    int positive;         /* all of them above 0 */
    double total;
};

/* On their channels and slots, like the outcome: a style that is posted more where everything is
 * louder has not raised anything. */
static struct guardrail_posts guardrail_posts(const struct evaluation *e, size_t g,
                                              const struct room *room)
{
    const struct table *t = &e->table;
    struct guardrail_posts posts = {.data = table_data(t), .whole = 1, .positive = 1};
    struct abp_data *data = &posts.data;
    data->posts = 0;
    data->n = NULL;
    data->y = room->y;
    data->variant = room->variant;
    data->channel = room->channel;
    data->slot = room->slot;
    for (size_t i = 0; i < t->posts; i++) {
        double value = e->posts->guardrails[t->row[i] * e->posts->guardrail_count + g];
        if (isnan(value))
            continue;
        posts.whole = posts.whole && value >= 0.0 && value <= floor(value);
        posts.positive = posts.positive && value > 0.0;
        posts.total += value;
        room->y[data->posts] = value;
        room->variant[data->posts] = t->variant[i];
        room->channel[data->posts] = t->channel[i];
        room->slot[data->posts++] = t->slot[i];
    }
    return posts;
}

/* How the guardrail of every variant compares with the baseline's, and of every level with the
 * reference's: a fit of its own. effects: NULL without factors. 1: it is not to be relied on. */
static int guardrail_contrasts(const struct evaluation *e, size_t g,
                               const struct guardrail_posts *posts, struct abp_contrast *contrasts,
                               struct abp_effect *effects, struct abp_error *err)
{
    const struct table *t = &e->table;
    const struct abp_decision *d = &e->experiment->decision;
    enum abp_family family = posts->whole ? ABP_NEGBINOMIAL : ABP_LOGNORMAL;
    struct abp_priors priors = abp_default_priors(family);
    priors.interaction = SAME_EVERYWHERE;
    struct abp_posterior_options ask = {.seed = e->seed};
    struct abp_contrast_options options = {
        .min_lift = d->guardrails[g].limit, .rope = d->rope, .value = NAN, .seed = e->seed};
    struct abp_posterior posterior;
    if (abp_posterior_fit(&posterior, &posts->data, family, &priors, &ask, err) != 0)
        return -1;
    int rc = abp_contrasts(contrasts, &posterior, &options, err);
    if (rc == 0 && effects) {
        struct abp_factors_options of_levels = {
            .levels = t->levels, .zero = t->zero, .min_lift = options.min_lift, .rope = d->rope};
        rc = abp_factor_effects(effects, &posterior, &of_levels, err);
    }
    if (rc == 0 && !abp_posterior_reliable(&posterior))
        rc = 1;
    abp_posterior_release(&posterior);
    return rc;
}

static int warn_broken(struct evaluation *e, size_t g, const char *name, const char *base,
                       const struct abp_summary *log_lift, double p_above, struct abp_error *err)
{
    const struct abp_guardrail *guardrail = &e->experiment->decision.guardrails[g];
    struct abp_buffer metric;
    char sure[16];
    abp_buffer_init(&metric, MOST_NAME);
    put_metric(&metric, &guardrail->metric);
    int rc = evaluation_warn(e, err,
                             "%s breaks the guardrail %s: x%.2f, %s sure to be more than %.3g %% "
                             "above %s",
                             name, abp_buffer_text(&metric), exp(log_lift->q50),
                             evaluation_percent(p_above, sure), 100.0 * guardrail->limit, base);
    abp_buffer_release(&metric);
    return rc;
}

/* Marks the variants and levels whose rise is beyond the limit with the experiment's confidence. */
static int mark_broken(struct evaluation *e, size_t g, const struct abp_contrast *contrasts,
                       const struct abp_effect *effects, struct abp_error *err)
{
    const struct table *t = &e->table;
    double confidence = e->experiment->decision.confidence;
    int rc = 0;
    for (size_t v = 1; rc == 0 && v < t->variant_count; v++) {
        if (!(contrasts[v].p_above >= confidence))
            continue;
        e->evidence[v].guardrail_broken = 1;
        rc = warn_broken(e, g, t->variants[v].name, t->variants[0].name, &contrasts[v].log_lift,
                         contrasts[v].p_above, err);
    }
    for (size_t l = 0; rc == 0 && effects && l < e->level_count; l++) {
        struct level *level = &e->levels[l];
        if (!(effects[l].p_above >= confidence))
            continue;
        level->evidence.guardrail_broken = 1;
        rc = warn_broken(e, g, level->result->name, level->zero_name, &effects[l].log_lift,
                         effects[l].p_above, err);
    }
    return rc;
}

/* name: of the guardrail, for what is said of it. */
static int check_guardrail(struct evaluation *e, size_t g, const char *name,
                           const struct room *room, struct abp_error *err)
{
    const struct table *t = &e->table;
    struct guardrail_posts posts = guardrail_posts(e, g, room);
    if (posts.data.posts == 0)
        return evaluation_warn(e, err, "the guardrail %s could not be checked: no reading of it",
                               name);
    if (!posts.whole && !posts.positive)
        return evaluation_warn(e, err,
                               "the guardrail %s could not be checked: its values are neither "
                               "counts nor all above 0",
                               name);
    if (posts.total <= 0.0)
        return 0; /* never happened to anyone */
    struct abp_contrast *contrasts = calloc(t->variant_count, sizeof *contrasts);
    struct abp_effect *effects = e->level_count ? calloc(e->level_count, sizeof *effects) : NULL;
    int rc = contrasts && (effects || !e->level_count) ? 0 : abp_fail_memory(err);
    if (rc == 0)
        rc = guardrail_contrasts(e, g, &posts, contrasts, effects, err);
    if (rc > 0)
        rc = evaluation_warn(e, err,
                             "the guardrail %s could not be checked: its numbers could not be "
                             "computed well enough",
                             name);
    else if (rc == 0)
        rc = mark_broken(e, g, contrasts, effects, err);
    free(effects);
    free(contrasts);
    return rc;
}

int evaluation_guardrails(struct evaluation *e, struct abp_error *err)
{
    size_t posts = e->table.posts;
    if (e->posts->guardrail_count == 0 || posts == 0 || e->table.variant_count < 2)
        return 0;
    struct room room;
    struct abp_buffer name;
    if (room_init(&room, posts, err) != 0)
        return -1;
    int rc = 0;
    abp_buffer_init(&name, MOST_NAME);
    for (size_t g = 0; rc == 0 && g < e->posts->guardrail_count; g++) {
        abp_buffer_reset(&name);
        put_metric(&name, &e->experiment->decision.guardrails[g].metric);
        rc = check_guardrail(e, g, abp_buffer_text(&name), &room, err);
    }
    abp_buffer_release(&name);
    room_release(&room);
    return rc;
}
