/* Which workspace and which experiment files a command line means. */
#ifndef ABPOST_CLI_INPUTS_H
#define ABPOST_CLI_INPUTS_H

#include "command.h"

#include "abpost/config.h"

struct abp_inputs {
    struct abp_workspace ws; /* where has_workspace */
    int has_workspace;
    char *root; /* owned; the workspace's folder, also where abpost.ini has mistakes; NULL: none */
    char **paths; /* owned; experiment files, each once, in the order they were named, else by name
                   */
    size_t count;
};

/* Finds and reads the workspace, and turns args->names into files: NAME is experiments/NAME.ini of
 * the workspace, a word with a slash or ending in .ini is a path. No names: every experiment of the
 * workspace. The files are not opened.
 * 0, or -1: ABP_DATA (no workspace where one is needed, no such experiment), ABP_FAILED; then
 * nothing is to be released. Mistakes in abpost.ini are no failure here: has_workspace is 0, they
 * are in `mistakes`, and the caller decides whether it can go on. */
int abp_inputs_find(struct abp_inputs *inputs, const struct abp_args *args,
                    const struct abp_env *env, struct abp_mistakes *mistakes,
                    struct abp_error *err) ABP_MUST_CHECK;
/* The same for a command that can't go on: says the mistakes and fails. */
int abp_inputs_need(struct abp_inputs *inputs, const struct abp_args *args,
                    const struct abp_env *env, struct abp_error *err) ABP_MUST_CHECK;
void abp_inputs_release(struct abp_inputs *inputs);

/* The workspace to read an experiment in: NULL where there is none. */
const struct abp_workspace *abp_inputs_workspace(const struct abp_inputs *inputs);

/* Says every mistake on the error stream, "file:line: message". */
void abp_say_mistakes(const struct abp_env *env, const struct abp_mistakes *mistakes);

#endif
