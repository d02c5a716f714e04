/* The workspace of a command that works on posts: its zone, its store, its experiments. */
#ifndef ABPOST_CLI_LOADED_H
#define ABPOST_CLI_LOADED_H

#include "inputs.h"

#include "abpost/publish.h"
#include "abpost/store.h"
#include "abpost/zone.h"

struct abp_loaded {
    const struct abp_env *env; /* borrowed */
    struct abp_inputs inputs;
    struct abp_zone *zone;                  /* owned; the workspace's */
    struct abp_store *store;                /* owned; NULL: nothing was stored yet */
    struct abp_experiment *experiments;     /* owned; those without mistakes, in the order named */
    struct abp_publish_experiment *publish; /* owned; the same, for publish.h */
    size_t count;
    struct abp_mistakes mistakes; /* of the other experiment files, unless said already */
    size_t broken;                /* how many those are */
};

/* Reads the workspace, and the experiments that were named (every one of the workspace when none
 * was); mistakes in experiment files are kept in `mistakes` and leave those files out. mode: where
 * it is not ABP_STORE_CREATE, a store that is not there is NULL. -1: no workspace, mistakes in
 * abpost.ini (said), or the store can't be used; then nothing is to be closed. */
int abp_loaded_open(struct abp_loaded *loaded, const struct abp_args *args,
                    const struct abp_env *env, enum abp_store_mode mode,
                    struct abp_error *err) ABP_MUST_CHECK;
/* The same for what runs unattended: every experiment of the workspace, whatever was named, and a
 * file that can't be read is said at once, as its mistakes are, and left out like those. */
int abp_loaded_open_all(struct abp_loaded *loaded, const struct abp_args *args,
                        const struct abp_env *env, enum abp_store_mode mode,
                        struct abp_error *err) ABP_MUST_CHECK;
void abp_loaded_close(struct abp_loaded *loaded);

/* Says the mistakes of experiment files; nothing when there are none. */
void abp_loaded_say_mistakes(const struct abp_loaded *loaded);

/* For publish.h; borrows from loaded. */
struct abp_publish_input abp_loaded_publish(const struct abp_loaded *loaded);

/* NULL where the workspace has none of that name. */
const struct abp_channel *abp_loaded_channel(const struct abp_loaded *loaded, const char *name);
const struct abp_experiment *abp_loaded_experiment(const struct abp_loaded *loaded,
                                                   const char *name);

/* 1: a person publishes there, and reads the numbers (or this version can't post there at all). */
int abp_is_by_hand(const struct abp_channel *channel);

#endif
