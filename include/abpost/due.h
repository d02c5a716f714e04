/* Which posts are to be read now. A post is read at an eighth, a quarter, a half and the whole of
 * its experiment's horizon, and at twice that: the horizon's number counts, the others draw the
 * channel's curve (reading.h). One reading serves every checkpoint it is late for; one for the
 * curve alone is let go when twice the last checkpoint's age has passed. Pure. */
#ifndef ABPOST_DUE_H
#define ABPOST_DUE_H

#include <stddef.h>
#include <stdint.h>

struct abp_due_post {
    int64_t posted_at; /* UTC seconds */
    int64_t horizon;   /* seconds, > 0 */
    int64_t last_age;  /* greatest age at which it was read, seconds; -1: never */
    int64_t tried_at;  /* UTC seconds when a reading last failed; 0: the last one did not */
    int failures;      /* in a row */
    int gone;          /* 1: deleted; never read again */
};

/* By urgency. */
enum abp_due_kind {
    ABP_DUE_HORIZON, /* the number that counts, in time while abp_horizon_tolerance lasts */
    ABP_DUE_OVERDUE, /* the horizon passed unread: a later number is better than none */
    ABP_DUE_CURVE,
    ABP_DUE_NOT
};

struct abp_due {
    enum abp_due_kind kind; /* now */
    int64_t at; /* UTC seconds: since when it is due, or when it will be; INT64_MAX: never */
};

/* What is due at a post now. After a failure it is tried again after a minute, two, four, ..., an
 * hour at most, and a fifth of the tolerance at most while the horizon's number can be had. */
struct abp_due abp_due_now(const struct abp_due_post *post, int64_t now);

/* A post that is due. */
struct abp_due_entry {
    size_t index; /* of the post */
    enum abp_due_kind kind;
    int64_t deadline; /* UTC seconds; from then on the number is worth less */
};

/* The posts that are due, most urgent first: by kind, then by deadline, then by index. entries has
 * room for count. Returns how many. */
size_t abp_due_list(struct abp_due_entry *entries, const struct abp_due_post *posts, size_t count,
                    int64_t now);

#endif
