/* Help, made from the table of commands and options. */
#ifndef ABPOST_CLI_HELP_H
#define ABPOST_CLI_HELP_H

#include "command.h"

/* What the program is, its commands, the common options, environment and exit statuses. */
int abp_help_program(const struct abp_env *env, struct abp_error *err) ABP_MUST_CHECK;
/* One command: usage, summary, its details, its options and the common ones. */
int abp_help_command(const struct abp_env *env, const struct abp_command *command,
                     struct abp_error *err) ABP_MUST_CHECK;
/* Appends a heading, as all help has them. */
void abp_help_heading(struct abp_buffer *buf, const struct abp_screen *screen, const char *text);

#endif
