/* What a target that was lowered takes out of the plan. */
#include "plan/draw.h"

#include "abpost/plan.h"

#include <math.h>
#include <stdlib.h>

#define WEEK_SECONDS (7 * INT64_C(86400))

/* A post takes part where it counts now as well as where it counted while it was planned: one that
 * went out late, or a moment early by its server's clock, makes no week too full that was drawn
 * when it counted in another. So what is drawn is never beyond the target it was drawn under. */
struct standing {
    int live;
    int64_t planned, out; /* weeks */
};

struct channel_plan {
    const struct abp_planned_list *posts; /* borrowed */
    struct standing *standing;            /* owned; posts->count */
    struct abp_ceiling ceiling;
};

int abp_block_is_untouched(const struct abp_planned_list *posts, int64_t block, int64_t now)
{
    for (size_t i = 0; i < posts->count; i++) {
        const struct abp_planned *post = &posts->list[i];
        if (post->block == block &&
            (post->state != ABP_PLANNED || post->attempt || post->due_at <= now))
            return 0;
    }
    return 1;
}

static void find_weeks(struct channel_plan *plan, const struct abp_zone *zone)
{
    for (size_t i = 0; i < plan->posts->count; i++) {
        const struct abp_planned *post = &plan->posts->list[i];
        struct standing *s = &plan->standing[i];
        int64_t out = post->state == ABP_POSTED && post->posted_at ? post->posted_at : post->due_at;
        s->live = (ABP_LIVE_STATES & 1u << post->state) != 0 &&
                  abp_week_of(&s->planned, zone, post->due_at) == 0 &&
                  abp_week_of(&s->out, zone, out) == 0;
    }
}

/* 1: the weeks around post number i have more than the target allows. */
static int is_crowded(const struct channel_plan *plan, size_t i)
{
    int64_t reach = plan->ceiling.weeks - 1, week = plan->standing[i].planned;
    size_t count = 0;
    for (size_t k = 0; k < plan->posts->count; k++) {
        const struct standing *s = &plan->standing[k];
        count += s->live && llabs(s->planned - week) <= reach && llabs(s->out - week) <= reach;
    }
    return count > plan->ceiling.most;
}

static void take_out(struct channel_plan *plan, int64_t block)
{
    for (size_t i = 0; i < plan->posts->count; i++)
        if (plan->posts->list[i].block == block)
            plan->standing[i].live = 0;
}

/* The last blocks first, whichever experiment they are of. Returns how many. */
static size_t find_blocks(int64_t *blocks, struct channel_plan *plan, int64_t now)
{
    size_t count = 0;
    for (size_t i = plan->posts->count; i > 0; i--) {
        const struct abp_planned *post = &plan->posts->list[i - 1];
        if (post->state != ABP_PLANNED || !plan->standing[i - 1].live || !is_crowded(plan, i - 1) ||
            !abp_block_is_untouched(plan->posts, post->block, now))
            continue;
        take_out(plan, post->block);
        blocks[count++] = post->block;
    }
    return count;
}

static int find_beyond(int64_t **blocks, size_t *count, const struct abp_planned_list *posts,
                       double target, const struct abp_zone *zone, int64_t now,
                       struct abp_error *err)
{
    struct channel_plan plan = {.posts = posts, .ceiling = abp_ceiling_of(target)};
    plan.standing = calloc(posts->count + 1, sizeof *plan.standing);
    *blocks = calloc(posts->count + 1, sizeof **blocks);
    if (!plan.standing || !*blocks) {
        free(plan.standing);
        free(*blocks);
        *blocks = NULL;
        return abp_fail_memory(err);
    }
    find_weeks(&plan, zone);
    *count = find_blocks(*blocks, &plan, now);
    free(plan.standing);
    return 0;
}

int abp_plan_beyond(int64_t **blocks, size_t *count, struct abp_store *store,
                    const struct abp_channel *channel, const struct abp_zone *zone, int64_t now,
                    struct abp_error *err)
{
    struct abp_planned_filter filter = {.channel = channel->name,
                                        .due_from = now - (ABP_DRAW_REACH + 1) * WEEK_SECONDS};
    struct abp_planned_list posts;
    *blocks = NULL;
    *count = 0;
    if (isnan(channel->target))
        return 0;
    if (abp_outbox_list(&posts, store, &filter, err) != 0)
        return -1;
    int rc = find_beyond(blocks, count, &posts, channel->target, zone, now, err);
    abp_planned_list_release(&posts);
    return rc;
}
