/* The post files of one experiment, and which of them a planned post takes.
 *
 * A file goes out once on each channel, and so does what it says, under whatever name; where two
 * variants have a file each that says the same, that goes out once for each. What went out on a
 * channel that the workspace no longer has goes out on no other: a channel that was given another
 * name is the same account. Nor does it on one whose section says that it is that account. A file
 * that was tried, left nothing and missed its time is free again. A block takes files of one name
 * where every variant has one that is approved and not used yet: the same topic in each style. Else
 * each takes its first. Files go in the order of their names. Before the first post of a block goes
 * out, every variant of it must have a file, so that a style is not skipped because its author was
 * slower.
 *
 * A post that was tried before, and is known not to be out, keeps its file: what goes out then is
 * what the file says now, if it still may go out at all.
 *
 * A file that a platform was found not to take is passed over on that channel until it, or an image
 * of it, is another one. */
#ifndef ABP_PUBLISH_SHELF_H
#define ABP_PUBLISH_SHELF_H

#include "abpost/channel.h"
#include "abpost/config.h"
#include "abpost/content.h"
#include "abpost/outbox.h"

struct shelf_file {
    struct abp_content content;             /* of a file that could be read */
    char *name;                             /* owned; its path from the workspace's folder */
    char version[ABP_CONTENT_VERSION_SIZE]; /* of the content */
    char *problem;                          /* owned; why it could not be read; NULL: none */
    size_t variant;                         /* of the experiment */
};

/* The file that a post uses up, and its version; NULL: none. Borrowed from files or posts. */
struct shelf_taken {
    const char *name, *version;
    int out;                           /* 1: it may be out on that channel's account */
    const struct abp_channel *channel; /* NULL: the workspace no longer has it, so it may be any */
};

struct shelf {
    const struct abp_experiment *experiment; /* borrowed */
    const struct abp_workspace *ws;          /* borrowed */
    struct shelf_file *files;                /* owned; by variant, then name */
    size_t count;
    struct abp_refused_file_list refused; /* what channels did not take; passed over as it is */
    struct abp_taken_file_list elsewhere; /* what other experiments have taken */
    struct abp_planned_list posts;        /* every post of the experiment, as it stood */
    struct shelf_taken *taken;            /* owned; posts.count; in this pass, or before */
};

/* Reads the experiment's files and its posts. ws is borrowed until the close. */
int shelf_open(struct shelf *shelf, const struct abp_experiment *experiment,
               struct abp_store *store, const struct abp_workspace *ws,
               struct abp_error *err) ABP_MUST_CHECK;
void shelf_close(struct shelf *shelf);

struct shelf_choice {
    const struct abp_content *content; /* borrowed from the shelf; NULL: none */
    const char *name;                  /* of its file; borrowed from the shelf */
    const char *version;               /* of its content; borrowed from the shelf */
    char why[512];                     /* NULL content: one sentence on what is missing */
};

/* The file for a post of the experiment, by its id, on a channel with these rules (ops NULL: any
 * length goes). */
void shelf_choose(struct shelf_choice *choice, const struct shelf *shelf, int64_t planned,
                  const struct abp_channel_ops *ops, const struct abp_limits *limits);
/* The file of a post whose newest attempt left nothing: the one that it was made from, found by its
 * name or, under another one, by what it says. */
void shelf_choose_again(struct shelf_choice *choice, const struct shelf *shelf,
                        const struct abp_planned *post, const struct abp_channel_ops *ops,
                        const struct abp_limits *limits);
/* The channel does not take the file as it is: kept in the store, and passed over. */
int shelf_refuse(struct shelf *shelf, struct abp_store *store, const char *channel,
                 const struct shelf_choice *choice, const char *reason, int64_t now,
                 struct abp_error *err) ABP_MUST_CHECK;
/* The post took that file: no other on its channel may. */
void shelf_take(struct shelf *shelf, int64_t planned, const struct shelf_choice *choice);

#endif
