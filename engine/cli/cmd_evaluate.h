/* The evaluation of whatever a command line names, for the commands that show it. */
#ifndef ABPOST_CLI_CMD_EVALUATE_H
#define ABPOST_CLI_CMD_EVALUATE_H

#include "command.h"

#include "abpost/report.h"

/* Evaluates args->names, on all threads, and adds each experiment to `page`, or where that is NULL
 * writes it to the output in the format that was asked for. Says what can't be evaluated, shows
 * such an experiment as that, and fails at the end. page->complete: it is all there, the failed
 * ones too; 0: it ended before its time. */
int abp_evaluate_named(struct abp_report *page, const struct abp_args *args,
                       const struct abp_env *env, struct abp_error *err) ABP_MUST_CHECK;

#endif
