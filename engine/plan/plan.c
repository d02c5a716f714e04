#include "abpost/plan.h"

#include "abpost/text.h"
#include "plan/state.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SECONDS    INT64_C(86400)
#define FORECAST_YEARS 10

static int draw(struct abp_plan_state *plan, struct abp_error *err)
{
    const struct abp_plan_input *input = plan->input;
    struct abp_random random;
    abp_random_init(&random, input->seed, input->experiment->name, plan->plans);
    return abp_draw(&plan->drawn, plan->channels, input->experiment->channels.count, &plan->rules,
                    &random, err);
}

/* ---- what it came to ---- */

/* Which of what stands in the way does so most. */
static const char *main_obstacle(const struct abp_slot_tally *t)
{
    if (t->blackout >= t->full && t->blackout >= t->near && t->blackout > 0)
        return "blackout leaves too few slots";
    if (t->full >= t->near && t->full > 0)
        return "the channel's target leaves too few slots";
    if (t->near > 0)
        return "min_gap leaves too few slots";
    return "there are too few slots";
}

static void describe_obstacle(struct abp_plan_report *report, const struct abp_plan_state *plan)
{
    const struct abp_experiment *e = plan->input->experiment;
    report->obstacle[0] = '\0';
    if (plan->rules.room < plan->rules.variants)
        return;
    for (size_t c = 0; c < e->channels.count; c++) {
        const struct abp_draw_channel *channel = &plan->channels[c];
        const struct abp_slot_tally *t = &channel->tally;
        char shown[ABP_SHOWN_SIZE];
        if (channel->pending || channel->drawn || !channel->done)
            continue;
        snprintf(report->obstacle, sizeof report->obstacle,
                 "channel '%s': no block of %zu posts can be planned, as %s; of the slots of the "
                 "next %d weeks %zu lie on a day of blackout, %zu in a week that has its target, "
                 "%zu nearer than min_gap to another post, and %zu are free",
                 abp_shown(shown, e->channels.list[c]), plan->rules.variants, main_obstacle(t),
                 ABP_DRAW_REACH, t->blackout, t->full, t->near, t->free);
        return;
    }
}

static void fill_report(struct abp_plan_report *report, const struct abp_plan_state *plan)
{
    size_t most = (size_t)plan->input->experiment->schedule.max_posts;
    memset(report, 0, sizeof *report);
    report->blocks = plan->drawn.count;
    report->posts = plan->drawn.count * plan->rules.variants;
    report->live = plan->live + report->posts;
    report->left = SIZE_MAX;
    if (most)
        report->left = report->live < most ? most - report->live : 0;
    report->ends_at = plan->ends_at;
    report->ahead = report->posts;
    for (size_t c = 0; c < plan->input->experiment->channels.count; c++)
        report->ahead += plan->channels[c].ahead_count;
    for (size_t i = 0; i < report->posts; i++)
        if (plan->drawn.posts[i].slot.at > report->ends_at)
            report->ends_at = plan->drawn.posts[i].slot.at;
    describe_obstacle(report, plan);
}

/* The design of a block as it is stored. Caller frees. */
static char *design_text(const struct abp_plan_state *plan, enum abp_draw_design design)
{
    const struct abp_experiment *e = plan->input->experiment;
    if (design != ABP_DRAW_PROBABILITIES)
        return abp_strdup(design == ABP_DRAW_WINNER ? ABP_DESIGN_WINNER : ABP_DESIGN_UNIFORM);
    json_t *object = json_object();
    char *text = NULL;
    int rc = object ? 0 : -1;
    for (size_t v = 0; rc == 0 && v < e->variant_count; v++)
        rc = json_object_set_new(object, e->variants[v].name,
                                 json_real(plan->input->probabilities[v]));
    if (rc == 0)
        text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(17));
    json_decref(object);
    return text;
}

/* Post number i of a block; its strings are borrowed, but for the slot's name in slot[16]. */
static struct abp_planned planned_post(const struct abp_plan_state *plan, size_t block, size_t i,
                                       char *slot)
{
    static const char *const days[7] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    const struct abp_experiment *e = plan->input->experiment;
    const struct abp_drawn_post *post = &plan->drawn.posts[block * plan->rules.variants + i];
    snprintf(slot, 16, "%s %02d:%02d", days[abp_date_weekday(&post->slot.date)],
             post->slot.time.hour % 24, post->slot.time.minute % 60);
    return (struct abp_planned){
        .experiment = e->name,
        .position = (int64_t)i,
        .variant = e->variants[post->variant].name,
        .channel = e->channels.list[plan->drawn.blocks[block].channel],
        .slot = slot,
        .probability = post->probability,
        .date = post->slot.date,
        .time = post->slot.time,
        .timezone = plan->input->ws->timezone,
        .due_at = post->slot.at,
        .state = ABP_PLANNED,
        .state_at = plan->input->now,
    };
}

/* ---- storing ---- */

static int store_block(struct abp_store *store, const struct abp_plan_state *plan, int64_t plan_id,
                       size_t block, struct abp_error *err)
{
    const struct abp_drawn_block *drawn = &plan->drawn.blocks[block];
    char *design = design_text(plan, drawn->design), slot[16];
    int64_t id;
    if (!design)
        return abp_fail_memory(err);
    int rc = abp_outbox_add_block(
        &id, store, plan_id, plan->input->experiment->channels.list[drawn->channel], design, err);
    for (size_t i = 0; rc == 0 && i < plan->rules.variants; i++) {
        struct abp_planned post = planned_post(plan, block, i, slot);
        post.block = id;
        rc = abp_outbox_add_post(store, &post, err);
    }
    free(design);
    return rc;
}

static int store_drawn(struct abp_store *store, const struct abp_plan_state *plan,
                       struct abp_error *err)
{
    const struct abp_plan_input *input = plan->input;
    int64_t id;
    if (abp_outbox_add_plan(&id, store, input->experiment->name, input->seed, input->decisions,
                            input->now, err) != 0)
        return -1;
    for (size_t block = 0; block < plan->drawn.count; block++)
        if (store_block(store, plan, id, block, err) != 0)
            return -1;
    return abp_outbox_commit(store, err);
}

int abp_plan_extend(struct abp_plan_report *report, struct abp_store *store,
                    const struct abp_plan_input *input, struct abp_error *err)
{
    struct abp_plan_state plan;
    memset(report, 0, sizeof *report);
    if (abp_outbox_begin(store, err) != 0)
        return -1;
    int rc = abp_plan_state_load(&plan, store, input, err);
    if (rc == 0)
        rc = draw(&plan, err);
    if (rc == 0)
        fill_report(report, &plan);
    if (rc == 0 && plan.drawn.count)
        rc = store_drawn(store, &plan, err);
    if (rc != 0 || plan.drawn.count == 0)
        abp_outbox_rollback(store);
    abp_plan_state_release(&plan);
    return rc;
}

/* ---- not storing ---- */

static int by_time(const void *a, const void *b)
{
    const struct abp_planned *x = a, *y = b;
    if (x->due_at != y->due_at)
        return x->due_at < y->due_at ? -1 : 1;
    return (x->block > y->block) - (x->block < y->block);
}

/* 0, or -1 when memory is out; then some strings are NULL. */
static int own_strings(struct abp_planned *post, const char *design)
{
    char **fields[] = {&post->experiment, &post->variant, &post->channel, &post->slot,
                       &post->timezone};
    int rc = 0;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        *fields[i] = abp_strdup(*fields[i]);
        rc = *fields[i] ? rc : -1;
    }
    post->design = abp_strdup(design);
    return post->design ? rc : -1;
}

static int list_block(struct abp_planned_list *list, const struct abp_plan_state *plan,
                      size_t block, struct abp_error *err)
{
    char *design = design_text(plan, plan->drawn.blocks[block].design), slot[16];
    int rc = design ? 0 : -1;
    for (size_t i = 0; rc == 0 && i < plan->rules.variants; i++) {
        struct abp_planned *post = &list->list[list->count++];
        *post = planned_post(plan, block, i, slot);
        post->block = (int64_t)block + 1;
        rc = own_strings(post, design);
    }
    free(design);
    return rc == 0 ? 0 : abp_fail_memory(err);
}

static int list_drawn(struct abp_planned_list *list, const struct abp_plan_state *plan,
                      struct abp_error *err)
{
    list->list = calloc(plan->drawn.count * plan->rules.variants + 1, sizeof *list->list);
    if (!list->list)
        return abp_fail_memory(err);
    for (size_t block = 0; block < plan->drawn.count; block++)
        if (list_block(list, plan, block, err) != 0)
            return -1;
    qsort(list->list, list->count, sizeof *list->list, by_time);
    return 0;
}

/* longer: seconds beyond what a plan looks ahead; then all blocks that fit are drawn, also where
 * the labels of the later ones will follow what the earlier ones earn. */
static int preview(struct abp_plan_report *report, struct abp_planned_list *list,
                   struct abp_store *store, const struct abp_plan_input *input, int64_t longer,
                   struct abp_error *err)
{
    struct abp_plan_state plan;
    memset(report, 0, sizeof *report);
    memset(list, 0, sizeof *list);
    int rc = abp_plan_state_load(&plan, store, input, err);
    plan.rules.horizon += longer;
    plan.rules.sparing = plan.rules.sparing && longer == 0;
    if (rc == 0)
        rc = draw(&plan, err);
    if (rc == 0)
        fill_report(report, &plan);
    if (rc == 0)
        rc = list_drawn(list, &plan, err);
    if (rc != 0)
        abp_planned_list_release(list);
    abp_plan_state_release(&plan);
    return rc;
}

int abp_plan_preview(struct abp_plan_report *report, struct abp_planned_list *list,
                     struct abp_store *store, const struct abp_plan_input *input,
                     struct abp_error *err)
{
    return preview(report, list, store, input, 0, err);
}

int abp_plan_whole(struct abp_planned_list *list, const struct abp_plan_input *input, int64_t ahead,
                   struct abp_error *err)
{
    struct abp_plan_report report;
    return preview(&report, list, NULL, input, ahead, err);
}

int abp_plan_forecast(int64_t *done_at, struct abp_store *store, const struct abp_plan_input *input,
                      struct abp_error *err)
{
    struct abp_plan_state plan;
    struct abp_plan_report report;
    struct abp_plan_input plain = *input;
    plain.probabilities = NULL;
    *done_at = 0;
    if (input->experiment->schedule.max_posts == 0)
        return 0;
    int rc = abp_plan_state_load(&plan, store, &plain, err);
    plan.rules.sparing = 0; /* the rate is the same, block after block */
    plan.rules.horizon += FORECAST_YEARS * 366 * DAY_SECONDS;
    if (rc == 0)
        rc = draw(&plan, err);
    if (rc == 0) {
        fill_report(&report, &plan);
        if (report.left < plan.rules.variants)
            *done_at = report.ends_at;
    }
    abp_plan_state_release(&plan);
    return rc;
}
