#include "plan/state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_SECONDS    INT64_C(86400)
#define PROBABILITY_OF 1e-9 /* how far from 1 probabilities may sum */

void abp_plan_state_release(struct abp_plan_state *plan)
{
    size_t count = plan->input->experiment->channels.count;
    for (size_t i = 0; plan->channels && i < count; i++)
        abp_draw_channel_release(&plan->channels[i]);
    free(plan->channels);
    free(plan->last_other);
    free(plan->last_winner);
    free(plan->labels);
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
static int add_own(struct abp_plan_state *plan, size_t number, const struct abp_planned *post,
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

static int count_plans(struct abp_plan_state *plan, const struct abp_planned_list *own,
                       struct abp_error *err)
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
static void count_winners(struct abp_plan_state *plan, const struct abp_planned_list *own)
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

static int load_own(struct abp_plan_state *plan, struct abp_store *store, struct abp_error *err)
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
static int load_others(struct abp_plan_state *plan, struct abp_store *store, struct abp_error *err)
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

static int init_channels(struct abp_plan_state *plan, struct abp_error *err)
{
    const struct abp_experiment *e = plan->input->experiment;
    plan->channels = calloc(e->channels.count, sizeof *plan->channels);
    plan->last_other = calloc(e->channels.count, sizeof *plan->last_other);
    plan->last_winner = calloc(e->channels.count, sizeof *plan->last_winner);
    if (!plan->channels || !plan->last_other || !plan->last_winner)
        return abp_fail_memory(err);
    for (size_t c = 0; c < e->channels.count; c++) {
        double target = NAN;
        if (target_of(&target, plan->input, e->channels.list[c], err) != 0 ||
            abp_channel_slots_init(&plan->channels[c].slots, &e->schedule, plan->input->zone,
                                   target, plan->input->now, err) != 0)
            return -1;
    }
    return 0;
}

/* The variants that get posts, into plan->labels. Returns how many; 0 without memory. */
static size_t list_labels(struct abp_plan_state *plan)
{
    const struct abp_plan_input *input = plan->input;
    size_t count = 0, all = input->experiment->variant_count;
    plan->labels = calloc(all, sizeof *plan->labels);
    for (size_t v = 0; plan->labels && v < all; v++)
        if (!input->active || input->active[v])
            plan->labels[count++] = v;
    return count;
}

int abp_plan_state_load(struct abp_plan_state *plan, struct abp_store *store,
                        const struct abp_plan_input *input, struct abp_error *err)
{
    const struct abp_experiment *e = input->experiment;
    size_t most = (size_t)e->schedule.max_posts;
    *plan = (struct abp_plan_state){.input = input};
    if (check(input, err) != 0 || init_channels(plan, err) != 0 ||
        (store && (load_own(plan, store, err) != 0 || load_others(plan, store, err) != 0)))
        return -1;
    size_t labels = list_labels(plan);
    if (labels < 2)
        return plan->labels ? abp_fail(err, ABP_BUG, "a plan of %zu variants", labels)
                            : abp_fail_memory(err);
    plan->rules = (struct abp_draw_rules){
        .variants = labels,
        .labels = plan->labels,
        .all = e->variant_count,
        .probabilities = input->probabilities,
        .sparing = input->probabilities != NULL ||
                   (e->decision.allocation == ABP_TOP_TWO && input->winner < 0),
        .winner = input->winner,
        .horizon = horizon_of(input),
        .room = SIZE_MAX};
    if (most)
        plan->rules.room = plan->live < most ? most - plan->live : 0;
    return 0;
}
