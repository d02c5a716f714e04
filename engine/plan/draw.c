#include "plan/draw.h"

#include <stdlib.h>
#include <string.h>

#define WINNER_BLOCKS 3 /* of four; the fourth is drawn, so that a fading winner is seen */

void abp_draw_channel_release(struct abp_draw_channel *channel)
{
    abp_channel_slots_release(&channel->slots);
    abp_slots_release(&channel->of_week);
    free(channel->ahead);
    memset(channel, 0, sizeof *channel);
}

void abp_drawn_release(struct abp_drawn *drawn)
{
    free(drawn->blocks);
    free(drawn->posts);
    memset(drawn, 0, sizeof *drawn);
}

int abp_draw_channel_ahead(struct abp_draw_channel *channel, int64_t at, struct abp_error *err)
{
    if (channel->ahead_count == channel->ahead_capacity) {
        size_t capacity = channel->ahead_capacity ? 2 * channel->ahead_capacity : 64;
        int64_t *grown = realloc(channel->ahead, capacity * sizeof *grown);
        if (!grown)
            return abp_fail_memory(err);
        channel->ahead = grown;
        channel->ahead_capacity = capacity;
    }
    size_t i = channel->ahead_count++;
    for (; i > 0 && channel->ahead[i - 1] > at; i--)
        channel->ahead[i] = channel->ahead[i - 1];
    channel->ahead[i] = at;
    return 0;
}

/* ---- the next slot ---- */

static int64_t run_after(const struct abp_draw_channel *channel)
{
    return channel->run ? channel->ahead[channel->run - 1] : channel->slots.now - 1;
}

static int64_t run_before(const struct abp_draw_channel *channel)
{
    return channel->run < channel->ahead_count ? channel->ahead[channel->run] : INT64_MAX;
}

/* The slots of the week the search stands in. What stands in the way is counted only where it is
 * the plan's end that is looked for. */
static int read_week(struct abp_draw_channel *channel, struct abp_random *random,
                     struct abp_error *err)
{
    struct abp_slot_tally other = {0};
    int is_last = channel->run == channel->ahead_count;
    struct abp_slot_tally *tally = is_last ? &channel->tally : &other;
    channel->next = 0;
    if (abp_slots_of_week(&channel->of_week, &channel->slots, channel->week, tally, err) != 0)
        return -1;
    return abp_slots_choose(&channel->of_week, &channel->slots, channel->week, run_after(channel),
                            run_before(channel), random, tally, err);
}

/* Stands at the first week of the run. 0: the run reaches out of the years there are. */
static int start_run(struct abp_draw_channel *channel)
{
    int64_t after = run_after(channel), before = run_before(channel);
    const struct abp_zone *zone = channel->slots.zone;
    if (abp_week_of(&channel->week, zone, after + 1) != 0)
        return 0;
    /* The run begins with the schedule, however far away that is. */
    const struct abp_date *start = &channel->slots.schedule->start;
    const struct abp_wall_time midnight = {0, 0};
    int64_t week;
    if (start->year && abp_week_of(&week, zone, abp_zone_to_utc(zone, start, &midnight)) == 0 &&
        week > channel->week)
        channel->week = week;
    if (before == INT64_MAX || abp_week_of(&channel->last_week, zone, before) != 0)
        channel->last_week = channel->week + ABP_DRAW_REACH;
    channel->searching = 1;
    return 1;
}

/* 1: *slot is the run's next; 0: it has no other; -1. */
static int next_slot(struct abp_slot *slot, struct abp_draw_channel *channel,
                     struct abp_random *random, struct abp_error *err)
{
    if (!channel->searching) {
        if (!start_run(channel))
            return 0;
        if (read_week(channel, random, err) != 0)
            return -1;
    }
    while (channel->next == channel->of_week.count) {
        if (channel->week >= channel->last_week)
            return 0;
        channel->week++;
        if (read_week(channel, random, err) != 0)
            return -1;
    }
    *slot = channel->of_week.list[channel->next++];
    return 1;
}

/* ---- the slots of a block ---- */

static int take(struct abp_draw_channel *channel, const struct abp_slot *slot,
                struct abp_error *err)
{
    abp_channel_count_use(&channel->slots, &slot->date, &slot->time, 1);
    return abp_channel_take(&channel->slots, slot->at, err);
}

static void give_back(struct abp_draw_channel *channel, const struct abp_drawn_post *posts,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        abp_channel_give_back(&channel->slots, posts[i].slot.at);
        abp_channel_count_use(&channel->slots, &posts[i].slot.date, &posts[i].slot.time, -1);
    }
}

/* Posts of a block in the run where the search stands. 1; 0: there is none; -1. */
static int block_in_run(struct abp_drawn_post *posts, struct abp_draw_channel *channel,
                        const struct abp_draw_rules *rules, struct abp_random *random,
                        struct abp_error *err)
{
    int is_last = channel->run == channel->ahead_count;
    if (is_last && channel->searching)
        channel->last_week = channel->week + ABP_DRAW_REACH;
    for (size_t i = 0; i < rules->variants; i++) {
        int rc = next_slot(&posts[i].slot, channel, random, err);
        int first = channel->pending == 0 && channel->drawn == 0;
        if (rc > 0 && i == 0 && !first && posts[0].slot.at >= rules->horizon)
            rc = 0;
        if (rc > 0 && take(channel, &posts[i].slot, err) != 0)
            rc = -1;
        if (rc <= 0) {
            give_back(channel, posts, i);
            return rc;
        }
    }
    return 1;
}

/* 1; 0: the channel has no room for another block; -1. */
static int block_of_channel(struct abp_drawn_post *posts, struct abp_draw_channel *channel,
                            const struct abp_draw_rules *rules, struct abp_random *random,
                            struct abp_error *err)
{
    if (rules->sparing && (channel->pending || channel->drawn))
        return 0;
    for (; channel->run <= channel->ahead_count; channel->run++) {
        int rc = block_in_run(posts, channel, rules, random, err);
        if (rc != 0)
            return rc;
        if (channel->run == channel->ahead_count)
            break;
        channel->searching = 0;
    }
    return 0;
}

/* ---- the labels ---- */

/* Fisher and Yates: every order of the variants equally likely. */
static void draw_uniform(struct abp_drawn_post *posts, const struct abp_draw_rules *rules,
                         struct abp_random *random)
{
    size_t variants = rules->variants;
    for (size_t i = 0; i < variants; i++)
        posts[i].variant = rules->labels ? rules->labels[i] : i;
    for (size_t i = variants - 1; i > 0; i--) {
        size_t j = (size_t)abp_random_below(random, i + 1);
        size_t variant = posts[i].variant;
        posts[i].variant = posts[j].variant;
        posts[j].variant = variant;
    }
    for (size_t i = 0; i < variants; i++)
        posts[i].probability = 1 / (double)variants;
}

/* Each post by itself. What rounding leaves of the sum falls to the last variant that can come. */
static void draw_independent(struct abp_drawn_post *posts, const struct abp_draw_rules *rules,
                             struct abp_random *random)
{
    for (size_t i = 0; i < rules->variants; i++) {
        double left = abp_random_unit(random);
        for (size_t v = 0; v < rules->all; v++) {
            if (!(rules->probabilities[v] > 0))
                continue;
            posts[i].variant = v;
            posts[i].probability = rules->probabilities[v];
            left -= rules->probabilities[v];
            if (left < 0)
                break;
        }
    }
}

static enum abp_draw_design draw_labels(struct abp_drawn_post *posts,
                                        struct abp_draw_channel *channel,
                                        const struct abp_draw_rules *rules,
                                        struct abp_random *random)
{
    if (rules->winner >= 0 && channel->winners < WINNER_BLOCKS) {
        for (size_t i = 0; i < rules->variants; i++) {
            posts[i].variant = (size_t)rules->winner;
            posts[i].probability = 1;
        }
        channel->winners++;
        return ABP_DRAW_WINNER;
    }
    channel->winners = 0;
    if (rules->probabilities) {
        draw_independent(posts, rules, random);
        return ABP_DRAW_PROBABILITIES;
    }
    draw_uniform(posts, rules, random);
    return ABP_DRAW_UNIFORM;
}

/* ---- all of it ---- */

static int grow(struct abp_drawn *drawn, size_t variants, struct abp_error *err)
{
    if (drawn->count < drawn->capacity)
        return 0;
    size_t capacity = drawn->capacity ? 2 * drawn->capacity : 32;
    struct abp_drawn_block *blocks = realloc(drawn->blocks, capacity * sizeof *blocks);
    if (!blocks)
        return abp_fail_memory(err);
    drawn->blocks = blocks;
    struct abp_drawn_post *posts = realloc(drawn->posts, capacity * variants * sizeof *posts);
    if (!posts)
        return abp_fail_memory(err);
    drawn->posts = posts;
    drawn->capacity = capacity;
    return 0;
}

/* The channel whose turn it is: the fewest posts, the first among equals. NULL: none is left. */
static struct abp_draw_channel *whose_turn(struct abp_draw_channel *channels, size_t count)
{
    struct abp_draw_channel *turn = NULL;
    for (size_t i = 0; i < count; i++)
        if (!channels[i].done && (!turn || channels[i].live < turn->live))
            turn = &channels[i];
    return turn;
}

int abp_draw(struct abp_drawn *drawn, struct abp_draw_channel *channels, size_t count,
             const struct abp_draw_rules *rules, struct abp_random *random, struct abp_error *err)
{
    size_t left = rules->room;
    struct abp_draw_channel *channel;
    memset(drawn, 0, sizeof *drawn);
    while (left >= rules->variants && (channel = whose_turn(channels, count))) {
        if (grow(drawn, rules->variants, err) != 0)
            goto fail;
        struct abp_drawn_post *posts = &drawn->posts[drawn->count * rules->variants];
        memset(posts, 0, rules->variants * sizeof *posts);
        int found = block_of_channel(posts, channel, rules, random, err);
        if (found < 0)
            goto fail;
        if (found == 0) {
            channel->done = 1;
            continue;
        }
        drawn->blocks[drawn->count++] = (struct abp_drawn_block){
            (size_t)(channel - channels), draw_labels(posts, channel, rules, random)};
        channel->live += rules->variants;
        channel->drawn++;
        left -= left == SIZE_MAX ? 0 : rules->variants;
    }
    return 0;
fail:
    abp_drawn_release(drawn);
    return -1;
}
