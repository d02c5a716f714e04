/* One experiment's life in a generated world, and how its posts are planned: simulate.c. */
#ifndef EVALUATE_LIFE_H
#define EVALUATE_LIFE_H

#include "abpost/posts.h"
#include "abpost/simulate.h"
#include "evaluate/rough.h"

#define LIFE_NAME 24 /* bytes */

/* What allocation = top-two takes beyond. */
struct life_top_two {
    struct rough rough;
    double *potential;   /* owned; variants x slots: what each post would bring under each style */
    double *chance;      /* owned; slots x variants: of each slot's post, as abp_posts has it */
    double *probability; /* owned; variants */
    size_t *whole;       /* owned; blocks: how many of their rows are mature */
};

/* A life: the posts made so far and those that are planned, in order of time. */
struct life {
    const struct abp_sim_design *design; /* borrowed, as is the world */
    const struct abp_world *world;
    struct abp_sim_outcome *out;
    uint64_t seed;
    uint64_t draws;                   /* orders drawn so far */
    struct abp_experiment experiment; /* the design's, with these variants: strings borrowed */
    struct abp_variant *variants;     /* owned */
    struct abp_posts posts;           /* rows and name lists owned, names borrowed */
    char (*names)[LIFE_NAME];         /* owned */
    struct abp_world_post *coming;    /* owned; of each slot of the design */
    double *outcomes;                 /* owned; slots of the design */
    int64_t blocks;                   /* drawn so far */
    size_t active;                    /* variants that still get posts */
    size_t levels;                    /* of all factors */
    size_t *order, *waiting;          /* owned; variants: scratch */
    unsigned char *dropped;           /* owned; variants */
    struct life_top_two *top_two;     /* owned; NULL: allocation = balanced */
};

/* Plans every slot after `from` for the variants that still get posts: blocks over each channel's
 * next slots. What was made before stays. */
int life_plan(struct life *life, int64_t from, struct abp_error *err) ABP_MUST_CHECK;

/* Of experiments whose allocation is top-two; to be released whatever comes back. */
int life_top_two_init(struct life *life, struct abp_error *err) ABP_MUST_CHECK;
void life_top_two_release(struct life *life);

/* How many times the baseline's rate a style's is. */
double life_true_ratio(const struct abp_world *world, size_t v);

#endif
