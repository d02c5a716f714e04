/* What a command may reach of the outside world, handed down as an argument so that a test can hold
 * all of it in its hand. */
#ifndef ABPOST_ENV_H
#define ABPOST_ENV_H

#include "abpost/http.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>

struct abp_env {
    int64_t (*now)(void *context); /* UTC seconds since 1970 */
    void *context;                 /* borrowed, for now() */
    uint64_t seed;                 /* of every random number; 1 unless --seed was given */
    int seed_given;                /* 1: --seed was */
    /* Bits nobody can guess: where an order of posts must not be foreseen (unless seed_given). */
    int (*entropy)(uint64_t *bits, struct abp_error *err);
    const struct abp_http_factory *http; /* borrowed; how the network is reached */
    unsigned threads;                    /* most threads to use; at least 1 */
    const char *directory;               /* borrowed; where relative paths start (-C, else ".") */
    const char *config;                  /* borrowed; $ABPOST_CONFIG or NULL */
    FILE *out, *err;                     /* borrowed; results and everything else */
    int out_is_terminal, err_is_terminal;
    int colour;  /* 1: terminal, and NO_COLOR is not set */
    int width;   /* columns of the terminal; 80 when there is none */
    int unicode; /* 1: the locale is UTF-8, so more than ASCII can be drawn */
    /* borrowed, may be NULL; not 0 there: a signal asked to stop */
    const volatile sig_atomic_t *stop;
};

#endif
