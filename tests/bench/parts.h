/* Where the time of `abpost evaluate` goes: the same steps, one after another, in this process and
 * on this thread. */
#ifndef BENCH_PARTS_H
#define BENCH_PARTS_H

#include <stddef.h>

enum bench_part {
    BENCH_READ,      /* the experiment file and its rows, into a store of its own */
    BENCH_LOAD,      /* each experiment's posts out of it */
    BENCH_FIT,       /* the posterior */
    BENCH_CONTRASTS, /* what it says of the variants */
    BENCH_DECIDE,    /* all else: guard, checks of fit, warnings, verdicts, forecast */
    BENCH_PARTS
};

struct bench_parts {
    double seconds[BENCH_PARTS]; /* of CPU time */
    size_t experiments;
};

/* Of all experiments of one file. Exits when it can't be evaluated. */
void bench_time_parts(struct bench_parts *parts, const char *path);
void bench_print_parts(const struct bench_parts *parts, double whole);

#endif
