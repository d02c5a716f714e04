/* One table of commands and options. The parser, `help` and whatever else is made from them (man
 * page, completion) read the same rows, so none of them can tell a different story. */
#ifndef ABPOST_CLI_COMMAND_H
#define ABPOST_CLI_COMMAND_H

#include "screen.h"

#include "abpost/env.h"

#include <stddef.h>
#include <stdint.h>

enum abp_format { ABP_TEXT, ABP_JSON, ABP_CSV, ABP_FORMAT_COUNT };

/* A command line that was understood. Strings are borrowed from argv. */
struct abp_args {
    const struct abp_command *command; /* NULL: none was named */
    enum abp_format format;
    int quiet, verbose, help, version;
    int online;         /* 1: check --online */
    int preview, ics;   /* plan */
    int end;            /* plan */
    int64_t now;        /* what --now named; env->now reads it, so args must outlive env's use */
    const char **names; /* owned; the arguments that are not options, in order */
    size_t name_count;
    /* options of single commands; NULL and 0 where they were not given */
    const char *posted_url, *at; /* resolve */
    int not_posted;
    const char *output;       /* where results go instead of standard output */
    const char *readings;     /* import: a file of numbers taken by hand */
    int correct;              /* import: other numbers of the same time are corrections */
    int all_readings;         /* export */
    int for_system, for_user; /* timer; neither: for the user */
    const char *unit_name;    /* timer; NULL: the folder's */
    int only_tick, only_nightly;
    int64_t worlds;      /* simulate; 0: not given */
    const char *effects; /* simulate: ratios */
    const char *aa;      /* simulate: a file of real posts */
};

struct abp_option {
    char letter;       /* 0: only the long name */
    const char *name;  /* without the dashes */
    const char *value; /* what stands for its value in help; NULL: it takes none */
    const char *help;  /* one sentence without its full stop */
    /* Keeps the value (NULL when it takes none). 0, or -1 with ABP_USAGE: the message says what is
     * accepted. */
    int (*set)(struct abp_args *args, struct abp_env *env, const char *value,
               struct abp_error *err);
};

struct abp_command {
    const char *name;
    const char *arguments;      /* as in help: "[EXPERIMENT...]"; "" for none */
    size_t at_least, at_most;   /* arguments */
    const char *summary;        /* one line */
    const char *const *details; /* NULL-terminated paragraphs, see help.c */
    /* Appends further help, made from a table; or NULL. */
    void (*more)(struct abp_buffer *buf, const struct abp_screen *screen);
    unsigned formats;                 /* bits 1 << enum abp_format */
    const struct abp_option *options; /* its own, besides the common ones */
    size_t option_count;
    int (*run)(const struct abp_args *args, const struct abp_env *env, struct abp_error *err);
};

#define ABP_ANY_NUMBER   ((size_t)-1)
#define ABP_EVERY_FORMAT ((1u << ABP_TEXT) | (1u << ABP_JSON) | (1u << ABP_CSV))
#define ABP_ONLY_TEXT    (1u << ABP_TEXT)

extern const struct abp_command abp_command_approve, abp_command_check, abp_command_evaluate,
    abp_command_export, abp_command_help, abp_command_hold, abp_command_import, abp_command_init,
    abp_command_nightly, abp_command_plan, abp_command_report, abp_command_resolve,
    abp_command_simulate, abp_command_status, abp_command_tick, abp_command_timer;

/* All commands, in the order that help lists them. */
const struct abp_command *const *abp_commands(size_t *count);
/* The command of that name. NULL with ABP_USAGE, and the nearest name where one is near. */
const struct abp_command *abp_command_find(const char *name, struct abp_error *err);

/* The options that every command takes. */
const struct abp_option *abp_common_options(size_t *count);

/* argv -> args; the common options also change env. 0, or -1 with ABP_USAGE; args is to be released
 * either way. */
int abp_args_parse(struct abp_args *args, struct abp_env *env, int argc, char **argv,
                   struct abp_error *err) ABP_MUST_CHECK;
void abp_args_release(struct abp_args *args);

#endif
