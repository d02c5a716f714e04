/* Posts that abpost made: where they are, what was read of them and when, what happened to them. */
#ifndef ABPOST_MADE_H
#define ABPOST_MADE_H

#include "abpost/store.h"

#include <stddef.h>
#include <stdint.h>

/* One number of one post, as it came, or as it was corrected last. */
struct abp_made_reading {
    const char *metric; /* borrowed from the list */
    int64_t read_at;    /* UTC seconds */
    int64_t age;        /* of the post then, seconds; may be negative where a clock jumped */
    double value;
};

/* Strings are owned by the list. */
struct abp_made {
    int64_t id; /* of the post in the store */
    int64_t planned, block;
    char *experiment, *variant, *channel, *slot, *file;
    char *remote_id, *version, *url; /* NULL: none */
    double probability;              /* of this variant at this place, as it was drawn */
    char *design;                    /* of its block */
    int64_t drawn_at;                /* UTC seconds; of its block */
    int64_t due_at, posted_at;       /* UTC seconds */
    int64_t deleted_at, edited_at;   /* UTC seconds when it was seen; 0: never */
    int64_t
        tried_at;  /* UTC seconds when reading it last failed, if nothing was read since; else 0 */
    int failures;  /* in a row */
    char *trouble; /* the reason of the last of them; NULL: none */
    struct abp_made_reading *readings; /* owned; by read_at, then metric */
    size_t reading_count;
};

struct abp_made_list {
    struct abp_made *list; /* owned; by posted_at, then id */
    size_t count;
    char **metrics; /* owned; every name that readings point to */
    size_t metric_count;
};

/* The posts of an experiment (NULL: all) on a channel (NULL: all) made at `from` (0: ever) or
 * later. */
int abp_made_list_read(struct abp_made_list *list, struct abp_store *store, const char *experiment,
                       const char *channel, int64_t from, struct abp_error *err) ABP_MUST_CHECK;
void abp_made_list_release(struct abp_made_list *list);

enum abp_made_event {
    ABP_MADE_READING,
    ABP_MADE_CORRECTION, /* of a reading that is there */
    ABP_MADE_EDITED,
    ABP_MADE_DELETED,
    ABP_MADE_UNREAD
};

/* Something seen at a post. */
struct abp_made_fact {
    enum abp_made_event kind;
    int64_t post;
    int64_t at;         /* UTC seconds; CORRECTION: of the reading */
    int64_t age;        /* READING: of the post, seconds */
    const char *metric; /* READING, CORRECTION; UNREAD: why it could not be read; borrowed */
    double value;       /* READING, CORRECTION; finite */
    int64_t noted_at;   /* CORRECTION: UTC seconds when it was made */
};

/* Adds them all in one transaction, or none. What stands there already (the same post, metric and
 * second; an edit or deletion seen before) stays as it is; a correction is of a
 * reading that is there, and the newest one counts. */
int abp_made_add(struct abp_store *store, const struct abp_made_fact *facts, size_t count,
                 struct abp_error *err) ABP_MUST_CHECK;

#endif
