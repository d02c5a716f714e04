/* Runs a command step by step from one system call boundary to the next, with all its threads and
 * children. For kill_at.c and fail_at.c, each of which says in `at` what happens there. */
#ifndef TESTS_SERVERS_TRACE_H
#define TESTS_SERVERS_TRACE_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define TRACE_OPTIONS                                                                              \
    (PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |      \
     PTRACE_O_EXITKILL)

struct trace {
    pid_t child;
    int status; /* the command's, as a shell gives it */
    void *context;
    /* A thread is about to make a system call, or has made one. */
    void (*at)(struct trace *trace, pid_t thread, const struct ptrace_syscall_info *info);
};

/* ptrace() takes numbers as pointers. */
static inline void *trace_pointer(long number)
{
    void *pointer = NULL;
    memcpy(&pointer, &number, sizeof number);
    return pointer;
}

/* A stop of one thread. Returns the signal to hand on. */
static inline int trace_take_stop(struct trace *trace, pid_t thread, int status)
{
    int signal = WSTOPSIG(status);
    if (signal == (SIGTRAP | 0x80)) {
        struct ptrace_syscall_info info;
        memset(&info, 0, sizeof info);
        if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, trace_pointer((long)sizeof info), &info) > 0)
            trace->at(trace, thread, &info);
        return 0;
    }
    /* Events of ptrace itself, and the stop that begins a thread, are none of the command's. */
    return signal == SIGTRAP || signal == SIGSTOP ? 0 : signal;
}

static inline void trace_follow(struct trace *trace)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
        if (pid <= 0)
            continue;
        if (WIFEXITED(status) || WIFSIGNALED(status)) {
            if (pid == trace->child)
                trace->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
            continue;
        }
        int signal = trace_take_stop(trace, pid, status);
        ptrace(PTRACE_SYSCALL, pid, NULL, trace_pointer(signal));
    }
}

static inline void trace_become(char **command)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
        perror("trace: ptrace");
        _exit(126);
    }
    raise(SIGSTOP);
    execvp(*command, command);
    perror(*command);
    _exit(127);
}

/* Runs it to its end. 0, or -1, and said, when a process can't be traced here. */
static inline int trace_run(struct trace *trace, char **command)
{
    int status;
    trace->child = fork();
    if (trace->child == 0)
        trace_become(command);
    if (trace->child < 0 || waitpid(trace->child, &status, 0) != trace->child ||
        !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, trace->child, NULL, trace_pointer((long)TRACE_OPTIONS)) != 0 ||
        ptrace(PTRACE_SYSCALL, trace->child, NULL, NULL) != 0) {
        fprintf(stderr, "this machine does not let a process be traced\n");
        return -1;
    }
    trace_follow(trace);
    return 0;
}

/* The number to the file that the variable names; where there is none, nothing. */
static inline void trace_write_count(const char *variable, long count)
{
    const char *path = getenv(variable);
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file)
        return;
    fprintf(file, "%ld\n", count);
    fclose(file);
}

#endif
