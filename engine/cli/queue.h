/* The post files of an experiment, read: what `check` looks through and `approve` lists. */
#ifndef ABPOST_CLI_QUEUE_H
#define ABPOST_CLI_QUEUE_H

#include "reach.h"

#include "abpost/post_file.h"

struct abp_queued {
    char *file;                   /* owned; as a person wants to read it */
    size_t variant;               /* index into the experiment's */
    int readable;                 /* 1: content is there */
    struct abp_content content;   /* where readable */
    struct abp_mistakes mistakes; /* none where readable */
};

struct abp_queue {
    struct abp_queued *list; /* owned; by variant, then path */
    size_t count;
    struct abp_mistakes mistakes; /* of the experiment: variants whose files can't be found */
};

/* Reads every file that the experiment's variants name. -1: the machine failed; nothing is to be
 * released then. */
int abp_queue_read(struct abp_queue *queue, const struct abp_experiment *experiment,
                   const char *root, struct abp_error *err) ABP_MUST_CHECK;
void abp_queue_release(struct abp_queue *queue);

/* 1: it has a schedule, and so posts to publish. */
int abp_is_scheduled(const struct abp_experiment *experiment);

#endif
