/* The stakes of the guard on one variant, and what each draw makes of them. abpost/guard.h says
 * why. Private to stats. */
#ifndef ABPOST_STATS_GUARD_BETS_H
#define ABPOST_STATS_GUARD_BETS_H

#include <stddef.h>

#define ABP_GUARD_SIZES   16
#define ABP_GUARD_EFFECTS (2 * ABP_GUARD_SIZES)

/* What was drawn and what could have been. The statistic is the sum of the scores of the posts
 * labelled v, less its average over the draws. */
struct abp_guard_draw {
    double score;    /* of the draw that happened */
    double variance; /* of the statistic over the draws */
    /* Two draws were possible: */
    double chance;             /* of the one that happened, in (0, 1); 0: there are more than two */
    double other;              /* the other one's score */
    double curve, other_curve; /* a bet on an effect g weighs each draw exp(g score + g^2 curve) */
    /* More than two: k of m posts became v. Borrowed; the scores are centred: they sum to 0. */
    const double *z;
    double *ratio; /* scratch of abp_guard_log_average */
    size_t m, k;
};

struct abp_guard_bets {
    double effect[ABP_GUARD_EFFECTS];
    double log_open[ABP_GUARD_EFFECTS]; /* stake on each effect, never stopped; sum 1 at first */
    double log_share;                   /* log of how much of the open stakes the guard holds */
    double up, down;                    /* stakes on the end of the plan, one a side */
    double threshold, e_value;
    size_t planned; /* blocks; 0: unknown */
    int crossed;    /* 1: e_value has reached the threshold */
    /* Of the block at hand: */
    size_t ahead;          /* draws after the next, as far as is known */
    double variance_ahead; /* of the statistic's sum over the draws from the next on */
    /* Of the blocks so far: */
    double variance_seen;
    size_t seen;
};

void abp_guard_bets_open(struct abp_guard_bets *bets, double threshold, size_t planned);

/* Before the draws of a block: `number` is its place among all blocks, from 0; `steps` how many
 * draws it is told in; variance of its statistic, and what that would be were the scores' sd 1. */
void abp_guard_bets_block(struct abp_guard_bets *bets, size_t number, size_t steps, double variance,
                          double expected);

void abp_guard_bets_draw(struct abp_guard_bets *bets, const struct abp_guard_draw *draw);

/* The stakes that were never stopped, all together. */
double abp_guard_bets_open_e_value(const struct abp_guard_bets *bets);

/* +1: more is staked on v being above the baseline, -1: below, 0: neither. */
int abp_guard_bets_direction(const struct abp_guard_bets *bets);

#endif
