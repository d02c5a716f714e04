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

/* What keeps a difference that is surely too small to matter from being called so. */
static unsigned obstacles_to_same(const struct abp_evidence *e)
{
    return obstacles_to(e, 0) &
           (ABP_OBSTACLE_OBSERVATIONAL | ABP_OBSTACLE_MIN_POSTS | ABP_OBSTACLE_UNRELIABLE);
}

/* What is sure of a difference: -1, 1; 0: neither. */
static int sure_direction(const struct abp_evidence *e)
{
    if (e->p_above >= e->confidence)
        return 1;
    return e->p_below >= e->confidence ? -1 : 0;
}

static enum abp_verdict broken_guardrail(const struct abp_evidence *e, unsigned *obstacles)
{
    *obstacles = e->randomised ? 0 : ABP_OBSTACLE_OBSERVATIONAL;
    return e->randomised ? ABP_DROP : ABP_LEANING_DROP;
}

enum abp_verdict abp_decide(const struct abp_evidence *e, unsigned *obstacles)
{
    int direction = sure_direction(e);
    int same = e->p_same >= e->confidence; /* of a difference, too, that is sure */
    unsigned to_same = same ? obstacles_to_same(e) : 0;
    *obstacles = 0;
    if (e->guardrail_broken)
        return broken_guardrail(e, obstacles);
    if (direction)
        *obstacles = obstacles_to(e, direction);
    if (direction && *obstacles == 0)
        return direction > 0 ? ABP_REPEAT : ABP_DROP;
    if (same && to_same == 0) {
        *obstacles = 0;
        return ABP_SAME;
    }
    if (!direction)
        *obstacles = to_same;
    if (e->exhausted)
        return ABP_EXHAUSTED;
    if (!e->reliable || !direction)
        return ABP_KEEP_TESTING;
    return direction > 0 ? ABP_LEANING_REPEAT : ABP_LEANING_DROP;
}
