#include "abpost/cli.h"

int main(int argc, char **argv)
{
    struct abp_env env;
    abp_cli_start(&env);
    return abp_cli_run(&env, argc, argv);
}
