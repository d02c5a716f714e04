/* Metrics that an experiment asks of platforms that never give them. */
#ifndef ABPOST_METRICS_H
#define ABPOST_METRICS_H

#include "abpost/config.h"

#include <stddef.h>

enum abp_metric_doubt {
    ABP_METRIC_MISTYPED, /* near the name of one that the platform gives: a mistake of the file */
    ABP_METRIC_BY_HAND   /* counts only where a person adds it (readings_csv.h): worth a warning */
};

/* One metric of one key that one channel's platform does not give. Borrowed for the call. */
struct abp_metric_note {
    enum abp_metric_doubt doubt;
    long line;           /* of the key in the experiment's file */
    const char *message; /* a sentence: the key, the metric, the channel, what it gives */
};

/* Looks at the outcome, the exposure and the guardrails of a scheduled experiment, on each of its
 * channels: every one of them has to give every metric. A channel whose numbers a person reports
 * (an outbox) gives whatever that person writes, and one that this version can't post to is not
 * judged. Calls note for each; returns how many of them are ABP_METRIC_MISTYPED. */
size_t abp_metrics_check(const struct abp_experiment *experiment, const struct abp_workspace *ws,
                         void (*note)(void *context, const struct abp_metric_note *note),
                         void *context);

#endif
