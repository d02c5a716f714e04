/* A progress bar on the error stream, for a person who waits at a terminal. */
#ifndef ABPOST_CLI_PROGRESS_H
#define ABPOST_CLI_PROGRESS_H

#include "abpost/env.h"

#include <stddef.h>

struct abp_progress {
    const struct abp_env *env; /* borrowed */
    int wanted;                /* 0: everything below does nothing */
    int columns;               /* that the bar on the screen takes; 0: there is none */
    double started, drawn;     /* seconds of a steady clock */
};

/* wanted: a terminal is there and -q is not. */
void abp_progress_begin(struct abp_progress *progress, const struct abp_env *env, int wanted);
/* Draws, at most ten times a second, and not before there was something to wait for. */
void abp_progress_update(struct abp_progress *progress, size_t done, size_t total);
/* Takes the bar off the screen, before anything else is written there. */
void abp_progress_hide(struct abp_progress *progress);

#endif
