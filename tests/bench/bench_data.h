/* Data and clocks of the benches: posts simulated from the model, the reference files' rows, and a
 * fixed piece of arithmetic that other times are divided by. */
#ifndef BENCH_DATA_H
#define BENCH_DATA_H

#include "abpost/posterior.h"

#include <stddef.h>

struct bench_posts {
    size_t posts, variants, channels, slots;
    double *y, *n;                      /* owned */
    uint32_t *variant, *channel, *slot; /* owned */
};

/* Posts in turn over variants, channels and slots, with effects of about the priors' size; outcomes
 * negative binomial of mean 20 and size 1.5. `exposures`: between 500 and 5,000, another one for
 * nearly every post, and outcomes of 1 to 2 % of them. Exits when memory is out. */
void bench_simulate(struct bench_posts *posts, size_t count, size_t variants, size_t channels,
                    size_t slots, int exposures, unsigned long seed);
/* The rows of a file of tests/data/reference. Exits when it can't be read. */
void bench_read(struct bench_posts *posts, const char *path);
void bench_release(struct bench_posts *posts);
struct abp_data bench_data(const struct bench_posts *posts);

double bench_now(void); /* seconds of CPU time of this thread */
/* Seconds that 100,000 exp() and log() take: the least of several runs. */
double bench_unit(void);

#endif
