/* kill_at [-c] N COMMAND...: runs the command and kills it (SIGKILL) at its N-th system call
 * boundary: entries and returns of all its threads count, with -c only from the first connect() on.
 * Exits with the command's status when it ends before, with 137 when it was killed. Prints the
 * number of boundaries it passed to the file that $KILL_AT_COUNT names. */
#include "trace.h"

#include <sys/syscall.h>

struct run {
    long passed, wanted;
    int counting, killed;
};

static void count(struct trace *trace, pid_t thread, const struct ptrace_syscall_info *info)
{
    struct run *run = trace->context;
    (void)thread;
    if (info->op == PTRACE_SYSCALL_INFO_ENTRY && info->entry.nr == SYS_connect)
        run->counting = 1;
    if (run->counting && ++run->passed == run->wanted) {
        run->killed = 1;
        kill(trace->child, SIGKILL);
    }
}

int main(int argc, char **argv)
{
    struct run run = {.counting = 1};
    struct trace trace = {.context = &run, .at = count};
    int at = 1;
    if (argc > 1 && strcmp(argv[1], "-c") == 0) {
        run.counting = 0;
        at++;
    }
    if (argc - at < 2 || (run.wanted = strtol(argv[at], NULL, 10)) < 0) {
        fprintf(stderr, "usage: kill_at [-c] N COMMAND...\n");
        return 2;
    }
    if (trace_run(&trace, &argv[at + 1]) != 0)
        return 126;
    trace_write_count("KILL_AT_COUNT", run.passed);
    return run.killed ? 137 : trace.status;
}
