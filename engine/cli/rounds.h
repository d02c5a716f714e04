/* What the commands that do something share: the workspace with its experiments and store, and a
 * record of what was done. */
#ifndef ABPOST_CLI_ROUNDS_H
#define ABPOST_CLI_ROUNDS_H

#include "list.h"
#include "loaded.h"
#include "orphans.h"

#include "abpost/digest.h"
#include "abpost/plan.h"

/* What a round knows of an experiment besides its file. */
struct abp_round_experiment {
    const struct abp_experiment *file; /* borrowed from loaded */
    char fingerprint[ABP_DIGEST_SIZE];
    int planned; /* 1: a plan was drawn: it has begun */
};

struct abp_rounds {
    const struct abp_args *args;              /* borrowed */
    struct abp_loaded loaded;                 /* every experiment of the workspace */
    struct abp_round_experiment *experiments; /* owned; loaded.count */
    struct abp_orphans orphans;               /* owned */
};

/* Reads the workspace and every experiment of it; mistakes in experiment files are said and leave
 * those out. -1: mistakes in abpost.ini (said), or the store can't be used. */
int abp_rounds_open(struct abp_rounds *rounds, const struct abp_args *args,
                    const struct abp_env *env, enum abp_store_mode mode,
                    struct abp_error *err) ABP_MUST_CHECK;
void abp_rounds_close(struct abp_rounds *rounds);

/* ---- what was done ---- */

/* One action. Borrowed for the call; NULL and 0: nothing to say there. */
struct abp_action {
    const char *action; /* "posted", "read", "planned", "decided", ... */
    const char *experiment, *channel, *variant, *file, *url, *detail;
    int64_t post;   /* planned post */
    int64_t due_at; /* UTC seconds */
    int trouble;    /* 1: said even when quiet, as is what was decided */
    int routine;    /* 1: as text only said when verbose */
};

/* Where actions go: as text to the output as they happen, as JSON or CSV at the end, and each as a
 * line of JSON to a log file. */
struct abp_journal {
    const struct abp_rounds *rounds; /* borrowed */
    struct abp_list list;            /* not as text */
    int log;                         /* file descriptor; -1: no log file */
    const char *log_path;            /* borrowed; NULL: none */
    struct abp_error failed;         /* code ABP_OK: everything could be written */
};

/* schema: of the JSON output. log_path: NULL: no log file; it is made with mode 0600. */
int abp_journal_open(struct abp_journal *journal, const struct abp_rounds *rounds,
                     const char *schema, const char *log_path,
                     struct abp_error *err) ABP_MUST_CHECK;
void abp_journal_add(struct abp_journal *journal, const struct abp_action *action);
/* Writes what is left. -1: something could not be written. */
int abp_journal_close(struct abp_journal *journal, struct abp_error *err) ABP_MUST_CHECK;

/* ---- the steps of a tick ---- */

/* What the steps found, for the exit status. */
struct abp_round_report {
    struct abp_publish_report publish;
    size_t read, unread; /* posts */
    int sign_in, unreachable, local;
};

/* Plans on for what has begun, posts what is due, reads what has matured. */
int abp_rounds_tick(struct abp_round_report *report, struct abp_rounds *rounds,
                    struct abp_journal *journal, struct abp_error *err) ABP_MUST_CHECK;

/* The command's end: 0, or -1 with what the exit status has to say (a person is needed, a platform
 * can't be reached, files have mistakes). */
int abp_rounds_verdict(const struct abp_round_report *report, const struct abp_rounds *rounds,
                       struct abp_error *err) ABP_MUST_CHECK;

#endif
