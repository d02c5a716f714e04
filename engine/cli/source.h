/* Where an experiment's data comes from: the posts that abpost made, where it has made any; else
 * what was imported into the workspace's store; else the file that [import] names, read into a
 * store of its own that is gone afterwards. */
#ifndef ABPOST_CLI_SOURCE_H
#define ABPOST_CLI_SOURCE_H

#include "inputs.h"

#include "abpost/import.h"
#include "abpost/outbox.h"
#include "abpost/posts.h"
#include "abpost/store.h"

/* What all sources of one command share. */
struct abp_sources {
    const struct abp_env *env;      /* borrowed */
    const struct abp_workspace *ws; /* borrowed; NULL: none */
    struct abp_store *store;        /* owned; the workspace's; NULL: there is none yet */
    int quiet, verbose;
};

/* One experiment file with its data: one experiment, or one for each value of a column. */
struct abp_source {
    struct abp_experiment experiment;
    struct abp_store *store; /* borrowed: the workspace's, or own; NULL: no data yet */
    struct abp_store *own;   /* owned; transient, or NULL */
    int64_t import_id;       /* 0: the posts are those that abpost made */
    int64_t now;             /* UTC seconds: how old they are */
    size_t count;            /* experiments; 1 where there is no data yet */
    char *note;              /* owned; a sentence on the data for the error stream; NULL: none */
};

/* Opens the workspace's store for reading, where there is one. Fails as store.h says. */
int abp_sources_open(struct abp_sources *sources, const struct abp_inputs *inputs,
                     const struct abp_args *args, const struct abp_env *env,
                     struct abp_error *err) ABP_MUST_CHECK;
void abp_sources_close(struct abp_sources *sources);

/* Reads the experiment file and finds its data. -1: every mistake is in `mistakes`, or there is
 * none and err says why; nothing is to be closed. */
int abp_source_open(struct abp_source *source, const struct abp_sources *sources, const char *path,
                    struct abp_mistakes *mistakes, struct abp_error *err) ABP_MUST_CHECK;
void abp_source_close(struct abp_source *source);

/* 1: its posts are those that abpost made. */
int abp_source_is_made(const struct abp_source *source);
/* The seed of an experiment's fit: from --seed and the name alone, so that neither the order nor
 * the other experiments matter. */
uint64_t abp_source_seed(uint64_t seed, const char *name);

/* Experiment number `index`: its name, and its posts. Caller frees and releases. One thread at a
 * time for all sources. */
int abp_source_name(char **name, const struct abp_source *source, size_t index,
                    struct abp_error *err) ABP_MUST_CHECK;
int abp_source_load(struct abp_posts *posts, const struct abp_source *source, size_t index,
                    struct abp_error *err) ABP_MUST_CHECK;
/* What was decided on an experiment whose posts abpost made; else an empty list. Caller releases.
 */
int abp_source_decisions(struct abp_decided_list *list, const struct abp_source *source,
                         struct abp_error *err) ABP_MUST_CHECK;

#endif
