/* The command line: argv in, exit status out. Everything above the engine's other folders and below
 * main() is behind these two functions. */
#ifndef ABPOST_CLI_H
#define ABPOST_CLI_H

#include "abpost/env.h"

/* Fills env from this process: clock, standard streams, terminal, locale, $NO_COLOR,
 * $ABPOST_CONFIG, $COLUMNS, processors. Also what a whole process needs once: GSL must not abort, a
 * closed pipe is an error of write() rather than a signal, and SIGINT and SIGTERM only raise
 * env->stop (a second one ends the process). */
void abp_cli_start(struct abp_env *env);

/* Runs one command line; argv[0] is the program's name. Results go to env->out, everything else to
 * env->err. Returns the exit status of interface: 0 done, 1 failed, 2 usage, 3 something needs a
 * person, 65 bad configuration or data, 69 a platform can't be reached, 70 a bug. env is changed by
 * the options (-C, --now, --seed, --threads). */
int abp_cli_run(struct abp_env *env, int argc, char **argv);

#endif
