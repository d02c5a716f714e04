#include "abpost/verdict.h"

static unsigned obstacles_to(const struct abp_evidence *e, int direction)
{
    unsigned found = 0;
    if (!e->randomised)
        found |= ABP_OBSTACLE_OBSERVATIONAL;
    else if (!(e->e_value >= e->threshold) || e->guard_direction != direction)
        found |= ABP_OBSTACLE_GUARD;
    if (e->posts < e->min_posts || e->baseline_posts < e->min_posts)
        found |= ABP_OBSTACLE_MIN_POSTS;
    if (direction > 0 && e->net_worse)
        found |= ABP_OBSTACLE_NET_VALUE;
    if (!e->reliable)
        found |= ABP_OBSTACLE_UNRELIABLE;
    return found;
}

enum abp_verdict abp_decide(const struct abp_evidence *e, unsigned *obstacles)
{
    int up = e->p_above >= e->confidence, down = e->p_below >= e->confidence;
    const unsigned same_needs =
        ABP_OBSTACLE_OBSERVATIONAL | ABP_OBSTACLE_MIN_POSTS | ABP_OBSTACLE_UNRELIABLE;
    *obstacles = 0;
    if (e->guardrail_broken)
        return ABP_DROP;
    if (up || down) {
        *obstacles = obstacles_to(e, up ? 1 : -1);
        if (*obstacles == 0)
            return up ? ABP_REPEAT : ABP_DROP;
    } else if (e->p_same >= e->confidence) {
        *obstacles = obstacles_to(e, 0) & same_needs;
        if (*obstacles == 0)
            return ABP_SAME;
    }
    if (e->exhausted)
        return ABP_EXHAUSTED;
    if (!e->reliable || !(up || down))
        return ABP_KEEP_TESTING;
    return up ? ABP_LEANING_REPEAT : ABP_LEANING_DROP;
}
