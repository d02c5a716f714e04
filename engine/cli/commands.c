#include "command.h"

#include "abpost/text.h"

#include <string.h>

static const struct abp_command *const commands[] = {
    &abp_command_init,    &abp_command_check,    &abp_command_approve, &abp_command_hold,
    &abp_command_plan,    &abp_command_tick,     &abp_command_nightly, &abp_command_status,
    &abp_command_resolve, &abp_command_import,   &abp_command_export,  &abp_command_evaluate,
    &abp_command_report,  &abp_command_simulate, &abp_command_timer,   &abp_command_help,
};

#define COMMAND_COUNT (sizeof commands / sizeof *commands)

const struct abp_command *const *abp_commands(size_t *count)
{
    *count = COMMAND_COUNT;
    return commands;
}

const struct abp_command *abp_command_find(const char *name, struct abp_error *err)
{
    const char *names[COMMAND_COUNT];
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i]->name;
        if (strcmp(names[i], name) == 0)
            return commands[i];
    }
    const char *near = abp_suggest(name, names, COMMAND_COUNT);
    if (near)
        abp_fail(err, ABP_USAGE, "unknown command '%s'; did you mean '%s'?", name, near);
    else
        abp_fail(err, ABP_USAGE, "unknown command '%s'; 'abpost help' lists them all", name);
    return NULL;
}
