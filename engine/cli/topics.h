/* What 'abpost help' says besides the commands: the files, key by key. */
#ifndef ABPOST_CLI_TOPICS_H
#define ABPOST_CLI_TOPICS_H

#include "screen.h"

#include "abpost/reference.h"

struct abp_topic {
    const char *name;
    const char *summary;          /* one line */
    const char *const *details;   /* NULL-terminated paragraphs, see help.c */
    enum abp_reference_file file; /* whose keys follow */
};

/* All topics, in the order that help lists them. */
const struct abp_topic *abp_topics(size_t *count);

/* Appends the sections and keys of that topic's file. */
void abp_topic_put(struct abp_buffer *buf, const struct abp_screen *screen,
                   const struct abp_topic *topic);

#endif
