/* fail_at CALLS ERROR N TIMES FOLDER COMMAND...: runs the command and lets its N-th file operation
 * below FOLDER fail with ERROR (ENOSPC, EIO, EROFS, EACCES), and the TIMES - 1 that follow (TIMES
 * 0: all that follow); the kernel never sees them. N 0: none fails. CALLS, letters: w writes and
 * changes of length; s fsync and its like; c what makes or renames a file or folder; o opens of any
 * file that may be written to.
 * Exits with the command's status; 126: it can't be done on this machine. Prints the number of such
 * operations to the file that $FAIL_AT_COUNT names. */
#include "trace.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>

#define THREADS_MAX 64

struct run {
    const char *calls, *folder;
    int error;
    long seen, from, times;
    /* Threads whose call was taken away, until it returns. */
    pid_t failing[THREADS_MAX];
    size_t failing_count;
};

#ifdef __x86_64__
/* A call of number -1 does nothing, and what it gives back is written over. */
static int take_away(pid_t thread)
{
    return ptrace(PTRACE_POKEUSER, thread, trace_pointer(offsetof(struct user, regs.orig_rax)),
                  trace_pointer(-1)) == 0;
}

static void give_back(pid_t thread, int error)
{
    ptrace(PTRACE_POKEUSER, thread, trace_pointer(offsetof(struct user, regs.rax)),
           trace_pointer(-(long)error));
}
#define CAN_FAIL 1
#else
static int take_away(pid_t thread)
{
    (void)thread;
    return 0;
}

static void give_back(pid_t thread, int error)
{
    (void)thread;
    (void)error;
}
#define CAN_FAIL 0
#endif

static int is_below(const struct run *run, const char *path)
{
    size_t len = strlen(run->folder);
    return strncmp(path, run->folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* What a link of /proc says, which has no size. 1: it lies below the folder. */
static int links_below(const struct run *run, const char *link)
{
    char path[4096];
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n <= 0)
        return 0;
    path[n] = '\0';
    return is_below(run, path);
}

static int file_below(const struct run *run, pid_t thread, int fd)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)thread, fd);
    return links_below(run, link);
}

/* A path of the traced process, from the folder open at fd, or from where it is. */
static int path_below(const struct run *run, pid_t thread, int fd, unsigned long address)
{
    char path[4096], link[64];
    struct iovec here = {path, sizeof path - 1};
    struct iovec there = {trace_pointer((long)address), sizeof path - 1};
    /* Up to the end of its page, when the next one is not there. */
    ssize_t n = process_vm_readv(thread, &here, 1, &there, 1, 0);
    if (n <= 0) {
        there.iov_len = 4096 - address % 4096;
        n = process_vm_readv(thread, &here, 1, &there, 1, 0);
    }
    path[n > 0 ? n : 0] = '\0';
    if (*path == '/')
        return is_below(run, path);
    if (fd >= 0)
        return file_below(run, thread, fd);
    snprintf(link, sizeof link, "/proc/%d/cwd", (int)thread);
    return links_below(run, link);
}

static int is_counted_open(const struct run *run, unsigned long flags)
{
    return (strchr(run->calls, 'c') && (flags & O_CREAT)) ||
           (strchr(run->calls, 'o') && (flags & O_ACCMODE) != O_RDONLY);
}

/* 1: it is one of those that may fail. */
static int is_counted(const struct run *run, pid_t thread, const struct ptrace_syscall_info *info)
{
    const __u64 *args = info->entry.args;
    int fd = (int)args[0];
    switch (info->entry.nr) {
    case SYS_write:
    case SYS_pwrite64:
    case SYS_writev:
    case SYS_pwritev:
    case SYS_ftruncate:
    case SYS_fallocate:
        return strchr(run->calls, 'w') && file_below(run, thread, fd);
    case SYS_fsync:
    case SYS_fdatasync:
        return strchr(run->calls, 's') && file_below(run, thread, fd);
    case SYS_openat:
        return is_counted_open(run, args[2]) && path_below(run, thread, fd, args[1]);
    case SYS_mkdirat:
    case SYS_renameat:
    case SYS_renameat2:
        return strchr(run->calls, 'c') && path_below(run, thread, fd, args[1]);
#ifdef SYS_open
    case SYS_open:
        return is_counted_open(run, args[1]) && path_below(run, thread, -1, args[0]);
    case SYS_mkdir:
    case SYS_rename:
        return strchr(run->calls, 'c') && path_below(run, thread, -1, args[0]);
#endif
    default:
        return 0;
    }
}

static void enter(struct run *run, pid_t thread, const struct ptrace_syscall_info *info)
{
    if (!is_counted(run, thread, info))
        return;
    run->seen++;
    int fails = run->from && run->seen >= run->from &&
                (run->times == 0 || run->seen < run->from + run->times);
    if (fails && run->failing_count < THREADS_MAX && take_away(thread))
        run->failing[run->failing_count++] = thread;
}

static void leave(struct run *run, pid_t thread)
{
    for (size_t i = 0; i < run->failing_count; i++)
        if (run->failing[i] == thread) {
            give_back(thread, run->error);
            run->failing[i] = run->failing[--run->failing_count];
            return;
        }
}

static void step(struct trace *trace, pid_t thread, const struct ptrace_syscall_info *info)
{
    if (info->op == PTRACE_SYSCALL_INFO_ENTRY)
        enter(trace->context, thread, info);
    else if (info->op == PTRACE_SYSCALL_INFO_EXIT)
        leave(trace->context, thread);
}

static int error_named(const char *name)
{
    static const struct {
        const char *name;
        int error;
    } errors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EROFS", EROFS}, {"EACCES", EACCES}};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (strcmp(name, errors[i].name) == 0)
            return errors[i].error;
    return 0;
}

int main(int argc, char **argv)
{
    struct run run = {0};
    struct trace trace = {.context = &run, .at = step};
    if (argc < 7 || !(run.error = error_named(argv[2])) ||
        (run.from = strtol(argv[3], NULL, 10)) < 0 || (run.times = strtol(argv[4], NULL, 10)) < 0) {
        fprintf(stderr, "usage: fail_at CALLS ERROR N TIMES FOLDER COMMAND...\n");
        return 2;
    }
    run.calls = argv[1];
    run.folder = argv[5];
    if (!CAN_FAIL || trace_run(&trace, &argv[6]) != 0)
        return 126;
    trace_write_count("FAIL_AT_COUNT", run.seen);
    return trace.status;
}
