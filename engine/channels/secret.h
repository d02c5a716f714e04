/* Secrets that a command gives. */
#ifndef ABP_CHANNELS_SECRET_H
#define ABP_CHANNELS_SECRET_H

#include "abpost/buffer.h"
#include "abpost/error.h"

#include <stdint.h>

#define ABP_SECRET_MAX 4096 /* bytes */

/* What command (a line for /bin/sh, run in the folder root) writes to stdout, appended to out,
 * which must have room for ABP_SECRET_MAX bytes without growing. Its stdin is empty, its stderr
 * goes nowhere, since it may hold anything. It runs in a process group of its own, which is killed
 * when timeout_ms have passed or it writes more than ABP_SECRET_MAX bytes. ABP_PERSON when it ends
 * with anything but 0, ABP_FAILED when it can't be started. */
int abp_secret_run(struct abp_buffer *out, const char *command, const char *root,
                   int64_t timeout_ms, struct abp_error *err) ABP_MUST_CHECK;

#endif
