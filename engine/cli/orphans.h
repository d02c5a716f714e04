/* Experiments whose file is gone while posts of them are planned: nothing of them goes out, and
 * their posts keep the slots. */
#ifndef ABPOST_CLI_ORPHANS_H
#define ABPOST_CLI_ORPHANS_H

#include "abpost/buffer.h"
#include "abpost/outbox.h"

struct abp_orphan {
    char *experiment; /* owned */
    size_t planned;   /* posts still to be sent */
    int64_t since;    /* UTC seconds; when the first of them is or was due */
};

/* Zero-initialise; release when done. */
struct abp_orphans {
    struct abp_orphan *list; /* owned; in the order of their posts */
    size_t count;
};

/* root: the workspace's folder. A NULL store has none. A file that is there, whatever is wrong with
 * it, is not gone. */
int abp_orphans_find(struct abp_orphans *orphans, const char *root, struct abp_store *store,
                     struct abp_error *err) ABP_MUST_CHECK;
void abp_orphans_release(struct abp_orphans *orphans);
/* 1: it is one of them. */
int abp_is_orphan(const struct abp_orphans *orphans, const char *experiment);

/* The command that ends it, as it is typed, appended to buf. */
void abp_orphan_put_command(struct abp_buffer *buf, const struct abp_orphan *orphan);
/* "is gone, and 12 posts of it are planned, ...: put the file back, or ...", said of the file. */
void abp_orphan_put(struct abp_buffer *buf, const struct abp_orphan *orphan);

/* Takes the posts that are planned for that experiment out of the plan; *count: how many. -1:
 * ABP_DATA where its file is there (the next tick would plan on) or nothing was ever planned. */
int abp_orphan_end(size_t *count, const char *experiment, const char *root, struct abp_store *store,
                   int64_t now, struct abp_error *err) ABP_MUST_CHECK;

#endif
