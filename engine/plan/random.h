/* Random numbers of a draw: splitmix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom
 * number generators"), so that a seed gives the same plan on every machine, with every library. */
#ifndef ABP_PLAN_RANDOM_H
#define ABP_PLAN_RANDOM_H

#include <stdint.h>

struct abp_random {
    uint64_t state;
};

/* `text` and `number` tell streams of one seed apart: an experiment's name, and how many plans it
 * has had. */
void abp_random_init(struct abp_random *random, uint64_t seed, const char *text, uint64_t number);
uint64_t abp_random_next(struct abp_random *random);
/* 0 to bound - 1, each exactly as likely as any other; bound >= 1. */
uint64_t abp_random_below(struct abp_random *random, uint64_t bound);
/* [0, 1), a multiple of 2^-53. */
double abp_random_unit(struct abp_random *random);

#endif
