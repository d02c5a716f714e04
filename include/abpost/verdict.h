/* The verdict on one variant, from the numbers: model.md's table, as one pure function. */
#ifndef ABPOST_VERDICT_H
#define ABPOST_VERDICT_H

#include "abpost/family.h"

#include <stddef.h>

/* What stands between the posterior and a decision; several may. */
enum abp_obstacle {
    ABP_OBSTACLE_GUARD = 1,         /* e-value below the threshold, or of the other sign */
    ABP_OBSTACLE_OBSERVATIONAL = 2, /* the order was not drawn, or not said to be */
    ABP_OBSTACLE_MIN_POSTS = 4,
    ABP_OBSTACLE_NET_VALUE = 8,  /* worth less than the baseline, its cost counted */
    ABP_OBSTACLE_UNRELIABLE = 16 /* the numbers could not be computed well enough */
};

struct abp_evidence {
    double p_above, p_below, p_same; /* P(lift > min_lift), P(lift < -min_lift), P(|lift| < rope) */
    double confidence;
    int randomised;
    double e_value;      /* the largest so far; NaN without a guard */
    double threshold;    /* (K-1)/alpha */
    int guard_direction; /* sign of the lift that the e-value speaks for */
    size_t posts, baseline_posts, min_posts;
    int net_worse;        /* 1: the expected net value is below the baseline's */
    int guardrail_broken; /* 1: drop, where a lot decided who got what; else leaning drop */
    int reliable;         /* 1 */
    int exhausted;        /* 1: max_posts have been posted */
};

/* Returns the verdict; *obstacles is the set of what kept a leaning one from being a decision. */
enum abp_verdict abp_decide(const struct abp_evidence *evidence, unsigned *obstacles);

#endif
