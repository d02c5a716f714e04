/* Numbers that a person takes by hand: what the file has to look like. */
#ifndef ABPOST_CLI_BY_HAND_H
#define ABPOST_CLI_BY_HAND_H

#include "abpost/buffer.h"
#include "abpost/config.h"
#include "abpost/env.h"

/* Appends the first line of a CSV file of the experiment's readings, to be copied: post, then every
 * metric of its outcome, its exposure and its guardrails. No line end. */
void abp_put_readings_header(struct abp_buffer *buf, const struct abp_env *env,
                             const struct abp_experiment *experiment);

#endif
