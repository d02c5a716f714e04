/* kill_at [-c] N COMMAND...: runs the command and kills it (SIGKILL) at its N-th system call
 * boundary: entries and returns of all its threads count, with -c only from the first connect() on.
 * Exits with the command's status when it ends before, with 137 when it was killed. Prints the
 * number of boundaries it passed to the file that $KILL_AT_COUNT names. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define OPTIONS                                                                                    \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |      \
     PTRACE_O_EXITKILL)

/* ptrace() takes numbers as pointers. */
static void *as_pointer(long number)
{
    void *pointer = NULL;
    memcpy(&pointer, &number, sizeof number);
    return pointer;
}

struct run {
    pid_t child;
    long passed, wanted;
    int counting, killed, status;
};

static void write_count(const struct run *run)
{
    const char *path = getenv("KILL_AT_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%ld\n", run->passed);
    fclose(file);
}

static int is_connect(pid_t pid)
{
    struct ptrace_syscall_info info;
    memset(&info, 0, sizeof info);
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, as_pointer((long)sizeof info), &info) <= 0)
        return 0;
    return info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_connect;
}

/* A stop of one thread: counted when it is at a boundary. Returns the signal to hand on. */
static int take_stop(struct run *run, pid_t pid, int status)
{
    int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
        if (!run->counting && is_connect(pid))
            run->counting = 1;
        if (run->counting && ++run->passed == run->wanted) {
            run->killed = 1;
            kill(run->child, SIGKILL);
        }
        return 0;
    }
    /* Events of ptrace itself, and the stop that begins a thread, are none of the command's. */
    return signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

static void follow(struct run *run)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (pid <= 0)
            continue;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == run->child)
                run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int signal = take_stop(run, pid, status);
        ptrace(PTRACE_SYSCALL, pid, NULL, as_pointer(signal));
    }
}

int main(int argc, char **argv)
{
    struct run run = {.counting = 1};
    int at = 1;
    if (argc > 1 && strcmp(argv[1], "-c") == 0) {
        run.counting = 0;
        at++;
    }
    if (argc - at < 2 || (run.wanted = strtol(argv[at], NULL, 10)) < 0) {
        fprintf(stderr, "usage: kill_at [-c] N COMMAND...\n");
        return 2;
    }
    run.child = fork();
    if (run.child < 0) {
        perror("kill_at: fork");
        return 2;
    }
    if (run.child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            perror("kill_at: ptrace");
            _exit(126);
        }
        raise(SIGSTOP);
        execvp(argv[at + 1], &argv[at + 1]);
        perror(argv[at + 1]);
        _exit(127);
    }
    int status;
    if (waitpid(run.child, &status, 0) != run.child || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, run.child, NULL, as_pointer((long)OPTIONS)) != 0 ||
        ptrace(PTRACE_SYSCALL, run.child, NULL, NULL) != 0) {
        fprintf(stderr, "kill_at: this machine does not let a process be traced\n");
        return 126;
    }
    follow(&run);
    write_count(&run);
    return run.killed ? 137 : run.status;
}
