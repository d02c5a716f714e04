/* Where pages go. */
#ifndef ABPOST_CLI_CMD_REPORT_H
#define ABPOST_CLI_CMD_REPORT_H

#include "command.h"

#include "abpost/report.h"

/* Finishes the page and puts it at path, as output.h does. What stands there and is no page of ours
 * is not overwritten: ABP_FAILED. */
int abp_report_write(const char *path, struct abp_report *report, const struct abp_env *env,
                     struct abp_error *err) ABP_MUST_CHECK;

#endif
