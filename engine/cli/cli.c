#include "abpost/cli.h"

#include "command.h"
#include "help.h"
#include "screen.h"

static int show_version(const struct abp_env *env, struct abp_error *err)
{
    struct abp_buffer buf;
    abp_buffer_init(&buf, 256);
    abp_buffer_add(&buf, "abpost " ABPOST_VERSION "\n");
    int rc = abp_emit(env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static int run(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    if (args->version)
        return show_version(env, err);
    if (args->help)
        return args->command ? abp_help_command(env, args->command, err)
                             : abp_help_program(env, err);
    if (!args->command)
        return abp_fail(err, ABP_USAGE, "a command is missing; 'abpost help' lists them all");
    return args->command->run(args, env, err);
}

int abp_cli_run(struct abp_env *env, int argc, char **argv)
{
    struct abp_args args;
    struct abp_error err = {0}, late = {0};
    int rc = abp_args_parse(&args, env, argc, argv, &err);
    if (rc == 0)
        rc = run(&args, env, &err);
    if (rc != 0)
        abp_say_error(env, &err);
    if (abp_emit_end(env, &late) != 0 && rc == 0) {
        abp_say_error(env, &late);
        err = late;
        rc = -1;
    }
    abp_args_release(&args);
    return rc == 0 ? 0 : abp_exit_status(err.code);
}
