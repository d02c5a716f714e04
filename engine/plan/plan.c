#include "abpost/plan.h"

#include "abpost/text.h"
#include "plan/draw.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SECONDS    INT64_C(86400)
#define FORECAST_YEARS 10
#define PROBABILITY_OF 1e-9 /* how far from 1 probabilities may sum */

/* What a draw stands on, and what it came to. */
struct plan {
    const struct abp_plan_input *input; /* borrowed */
    struct abp_draw_channel *channels;  /* owned; one for each channel of the experiment */
    int64_t *last_other, *last_winner;  /* owned; by channel: newest block without, with a winner */
    struct abp_draw_rules rules;
    struct abp_drawn drawn;
    size_t live, plans;
    int64_t ends_at;
};

static void release(struct plan *plan)
{
    size_t count = plan->input->experiment->channels.count;
    for (size_t i = 0; plan->channels && i < count; i++)
        abp_draw_channel_release(&plan->channels[i]);
    free(plan->channels);
    free(plan->last_other);
    free(plan->last_winner);
    abp_drawn_release(&plan->drawn);
}

/* ---- what is there already ---- */

static int is_live(const struct abp_planned *post)
{
    return (ABP_LIVE_STATES & 1u << post->state) != 0;
}

static int64_t instant_of(const struct abp_planned *post)
{
    return post->state == ABP_POSTED && post->posted_at ? post->posted_at : post->due_at;
}

static size_t channel_number(const struct abp_experiment *experiment, const char *name)
{
    size_t i = 0;
    while (i < experiment->channels.count && strcmp(experiment->channels.list[i], name) != 0)
        i++;
    return i;
}

/* A live post of the experiment on one of its channels. */
static int add_own(struct plan *plan, size_t number, const struct abp_planned *post,
                   struct abp_error *err)
{
    struct abp_draw_channel *channel = &plan->channels[number];
    int64_t *newest = strcmp(post->design, ABP_DESIGN_WINNER) == 0 ? &plan->last_winner[number]
                                                                   : &plan->last_other[number];
    if (post->block > *newest)
        *newest = post->block;
    channel->live++;
    channel->pending += post->state == ABP_PLANNED;
    abp_channel_count_use(&channel->slots, &post->date, &post->time, 1);
    if (post->state == ABP_PLANNED && post->due_at >= plan->input->now &&
        abp_draw_channel_ahead(channel, post->due_at, err) != 0)
        return -1;
    return abp_channel_take(&channel->slots, instant_of(post), err);
}

static int compare_ids(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int count_plans(struct plan *plan, const struct abp_planned_list *own, struct abp_error *err)
{
    int64_t *ids = calloc(own->count + 1, sizeof *ids);
    if (!ids)
        return abp_fail_memory(err);
    for (size_t i = 0; i < own->count; i++)
        ids[i] = own->list[i].plan;
    qsort(ids, own->count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < own->count; i++)
        plan->plans += i == 0 || ids[i] != ids[i - 1];
    free(ids);
    return 0;
}

/* How many blocks the winner had in a row, by channel. */
static void count_winners(struct plan *plan, const struct abp_planned_list *own)
{
    const struct abp_experiment *experiment = plan->input->experiment;
    for (size_t i = 0; i < own->count; i++) {
        const struct abp_planned *post = &own->list[i];
        size_t number = channel_number(experiment, post->channel);
        if (number == experiment->channels.count || !is_live(post) || post->position != 0 ||
            strcmp(post->design, ABP_DESIGN_WINNER) != 0)
            continue;
        plan->channels[number].winners += post->block > plan->last_other[number];
    }
}

static int load_own(struct plan *plan, struct abp_store *store, struct abp_error *err)
{
    const struct abp_experiment *experiment = plan->input->experiment;
    struct abp_planned_filter filter = {.experiment = experiment->name};
    struct abp_planned_list own;
    if (abp_outbox_list(&own, store, &filter, err) != 0)
        return -1;
    int rc = count_plans(plan, &own, err);
    for (size_t i = 0; rc == 0 && i < own.count; i++) {
        const struct abp_planned *post = &own.list[i];
        size_t number = channel_number(experiment, post->channel);
        if (!is_live(post))
            continue;
        plan->live++;
        if (post->state == ABP_PLANNED && post->due_at > plan->ends_at)
            plan->ends_at = post->due_at;
        if (number < experiment->channels.count)
            rc = add_own(plan, number, post, err);
    }
    if (rc == 0)
        count_winners(plan, &own);
    abp_planned_list_release(&own);
    return rc;
}

/* Posts of other experiments on the same channel, as far back as a target or min_gap may look. */
static int load_others(struct plan *plan, struct abp_store *store, struct abp_error *err)
{
    const struct abp_experiment *experiment = plan->input->experiment;
    for (size_t c = 0; c < experiment->channels.count; c++) {
        struct abp_planned_filter filter = {.channel = experiment->channels.list[c],
                                            .due_from = plan->input->now -
                                                        (ABP_DRAW_REACH + 1) * 7 * DAY_SECONDS,
                                            .states = ABP_LIVE_STATES};
        struct abp_planned_list list;
        if (abp_outbox_list(&list, store, &filter, err) != 0)
            return -1;
        int rc = 0;
        for (size_t i = 0; rc == 0 && i < list.count; i++)
            if (strcmp(list.list[i].experiment, experiment->name) != 0)
                rc = abp_channel_take(&plan->channels[c].slots, instant_of(&list.list[i]), err);
        abp_planned_list_release(&list);
        if (rc != 0)
            return -1;
    }
    return 0;
}

/* ---- the rules ---- */

static int check(const struct abp_plan_input *input, struct abp_error *err)
{
    const struct abp_experiment *e = input->experiment;
    double sum = 0;
    if (!e->schedule.present)
        return abp_fail_at(err, ABP_DATA, e->path, 0,
                           "there is no [schedule], so there is nothing to plan; accepted is one "
                           "with times = 09:00 18:30");
    if (e->variant_count < 2 || e->channels.count == 0 || e->schedule.time_count == 0 ||
        input->winner >= (int)e->variant_count)
        return abp_fail(err, ABP_BUG, "a plan without variants, channels or times");
    for (size_t v = 0; input->probabilities && v < e->variant_count; v++) {
        if (!(input->probabilities[v] >= 0))
            return abp_fail(err, ABP_BUG, "a probability below 0");
        sum += input->probabilities[v];
    }
    if (input->probabilities && !(fabs(sum - 1) <= PROBABILITY_OF))
        return abp_fail(err, ABP_BUG, "probabilities that sum to %g", sum);
    return 0;
}

/* The end of the ISO week ABP_PLAN_DAYS after now, or after the start. */
static int64_t horizon_of(const struct abp_plan_input *input)
{
    const struct abp_schedule *schedule = &input->experiment->schedule;
    const struct abp_wall_time midnight = {0, 0};
    struct abp_date date;
    struct abp_wall_time time;
    int64_t from = input->now;
    if (schedule->start.year) {
        int64_t start = abp_zone_to_utc(input->zone, &schedule->start, &midnight);
        from = start > from ? start : from;
    }
    int64_t until = from + ABP_PLAN_DAYS * DAY_SECONDS;
    if (abp_zone_to_local(&date, &time, input->zone, until) != 0)
        return until;
    int64_t monday = abp_date_to_days(&date) + 7 - abp_date_weekday(&date);
    return abp_date_from_days(&date, monday) == 0 ? abp_zone_to_utc(input->zone, &date, &midnight)
                                                  : until;
}

/* NaN: the channel has none. -1: there is no such channel. */
static int target_of(double *target, const struct abp_plan_input *input, const char *name,
                     struct abp_error *err)
{
    for (size_t i = 0; i < input->ws->channel_count; i++) {
        if (strcmp(input->ws->channels[i].name, name) != 0)
            continue;
        *target = input->ws->channels[i].target;
        return 0;
    }
    return abp_fail_at(err, ABP_DATA, input->experiment->path, 0,
                       "channels: '%s' is no [channel ...] of %s", name, input->ws->path);
}

static int init_channels(struct plan *plan, struct abp_error *err)
{
    const struct abp_experiment *e = plan->input->experiment;
    plan->channels = calloc(e->channels.count, sizeof *plan->channels);
    plan->last_other = calloc(e->channels.count, sizeof *plan->last_other);
    plan->last_winner = calloc(e->channels.count, sizeof *plan->last_winner);
    if (!plan->channels || !plan->last_other || !plan->last_winner)
        return abp_fail_memory(err);
    for (size_t c = 0; c < e->channels.count; c++) {
        double target;
        if (target_of(&target, plan->input, e->channels.list[c], err) != 0 ||
            abp_channel_slots_init(&plan->channels[c].slots, &e->schedule, plan->input->zone,
                                   target, plan->input->now, err) != 0)
            return -1;
    }
    return 0;
}

static int load(struct plan *plan, struct abp_store *store, const struct abp_plan_input *input,
                struct abp_error *err)
{
    const struct abp_experiment *e = input->experiment;
    size_t most = (size_t)e->schedule.max_posts;
    *plan = (struct plan){.input = input};
    if (check(input, err) != 0 || init_channels(plan, err) != 0 ||
        (store && (load_own(plan, store, err) != 0 || load_others(plan, store, err) != 0)))
        return -1;
    plan->rules = (struct abp_draw_rules){.variants = e->variant_count,
                                          .probabilities = input->probabilities,
                                          .winner = input->winner,
                                          .horizon = horizon_of(input),
                                          .room = SIZE_MAX};
    if (most)
        plan->rules.room = plan->live < most ? most - plan->live : 0;
    return 0;
}

static int draw(struct plan *plan, struct abp_error *err)
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

static void describe_obstacle(struct abp_plan_report *report, const struct plan *plan)
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

static void fill_report(struct abp_plan_report *report, const struct plan *plan)
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
static char *design_text(const struct plan *plan, enum abp_draw_design design)
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
static struct abp_planned planned_post(const struct plan *plan, size_t block, size_t i, char *slot)
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

static int store_block(struct abp_store *store, const struct plan *plan, int64_t plan_id,
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

static int store_drawn(struct abp_store *store, const struct plan *plan, struct abp_error *err)
{
    const struct abp_plan_input *input = plan->input;
    int64_t id;
    if (abp_outbox_add_plan(&id, store, input->experiment->name, input->seed, input->now, err) != 0)
        return -1;
    for (size_t block = 0; block < plan->drawn.count; block++)
        if (store_block(store, plan, id, block, err) != 0)
            return -1;
    return abp_outbox_commit(store, err);
}

int abp_plan_extend(struct abp_plan_report *report, struct abp_store *store,
                    const struct abp_plan_input *input, struct abp_error *err)
{
    struct plan plan;
    memset(report, 0, sizeof *report);
    if (abp_outbox_begin(store, err) != 0)
        return -1;
    int rc = load(&plan, store, input, err);
    if (rc == 0)
        rc = draw(&plan, err);
    if (rc == 0)
        fill_report(report, &plan);
    if (rc == 0 && plan.drawn.count)
        rc = store_drawn(store, &plan, err);
    if (rc != 0 || plan.drawn.count == 0)
        abp_outbox_rollback(store);
    release(&plan);
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

static int list_block(struct abp_planned_list *list, const struct plan *plan, size_t block,
                      struct abp_error *err)
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

static int list_drawn(struct abp_planned_list *list, const struct plan *plan, struct abp_error *err)
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

int abp_plan_preview(struct abp_plan_report *report, struct abp_planned_list *list,
                     struct abp_store *store, const struct abp_plan_input *input,
                     struct abp_error *err)
{
    struct plan plan;
    memset(report, 0, sizeof *report);
    memset(list, 0, sizeof *list);
    int rc = load(&plan, store, input, err);
    if (rc == 0)
        rc = draw(&plan, err);
    if (rc == 0)
        fill_report(report, &plan);
    if (rc == 0)
        rc = list_drawn(list, &plan, err);
    if (rc != 0)
        abp_planned_list_release(list);
    release(&plan);
    return rc;
}

int abp_plan_forecast(int64_t *done_at, struct abp_store *store, const struct abp_plan_input *input,
                      struct abp_error *err)
{
    struct plan plan;
    struct abp_plan_report report;
    struct abp_plan_input plain = *input;
    plain.probabilities = NULL;
    *done_at = 0;
    if (input->experiment->schedule.max_posts == 0)
        return 0;
    int rc = load(&plan, store, &plain, err);
    plan.rules.horizon += FORECAST_YEARS * 366 * DAY_SECONDS;
    if (rc == 0)
        rc = draw(&plan, err);
    if (rc == 0) {
        fill_report(&report, &plan);
        if (report.left < plan.rules.variants)
            *done_at = report.ends_at;
    }
    release(&plan);
    return rc;
}
