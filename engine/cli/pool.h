/* Work on several threads, its products handed back in the order in which it was taken. Memory is
 * bounded: nothing is taken while too much waits to be handed back. */
#ifndef ABPOST_CLI_POOL_H
#define ABPOST_CLI_POOL_H

#include "abpost/error.h"

#include <signal.h>

struct abp_pool {
    unsigned threads;                  /* at least 1 */
    const volatile sig_atomic_t *stop; /* borrowed; not 0 there: take nothing more. May be NULL */
    void *context;                     /* borrowed; handed to the functions */
    /* The next job, or NULL when there is none left. Called on any thread, never twice at once. */
    void *(*next)(void *context);
    /* Does one job. Called on any thread, several at once. */
    void (*work)(void *context, void *job);
    /* Takes one job back, done, in the order of next(), on the thread of abp_pool_run(). 0, or -1:
     * nothing more is taken. */
    int (*deliver)(void *context, void *job, struct abp_error *err);
    /* Frees a job; called once for each, on the thread of abp_pool_run(). */
    void (*discard)(void *context, void *job);
};

/* Returns when every thread has ended. 0 (also when `stop` was raised), or -1: deliver() failed, or
 * ABP_FAILED: no thread could be started. */
int abp_pool_run(const struct abp_pool *pool, struct abp_error *err) ABP_MUST_CHECK;

#endif
