/* A progress bar on the error stream, for a person who waits at a terminal. */
#ifndef ABPOST_CLI_PROGRESS_H
#define ABPOST_CLI_PROGRESS_H

#include "abpost/env.h"

#include <stddef.h>

struct abp_progress_bar {
    const struct abp_env *env; /* borrowed */
    int wanted;                /* 0: everything below does nothing */
    int columns;               /* that the bar on the screen takes; 0: there is none */
    double started, drawn;     /* seconds of a steady clock */
};

/* Seconds of a clock that nobody sets: for how long something takes, never for what time it is. */
double abp_steady_seconds(void);

/* wanted: a terminal is there and -q is not. */
void abp_progress_begin(struct abp_progress_bar *progress, const struct abp_env *env, int wanted);
/* Draws: not before there was something to wait for, and over a bar that is there at most ten times
 * a second. */
void abp_progress_update(struct abp_progress_bar *progress, size_t done, size_t total);
/* Takes the bar off the screen, before anything else is written there. */
void abp_progress_hide(struct abp_progress_bar *progress);

#endif
