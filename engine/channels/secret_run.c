#include "channels/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t milliseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In the child, where only what is safe in a signal handler may be called: other threads' locks are
 * held for ever here. */
static void become(const char *command, const char *root, int out)
{
    struct sigaction usual;
    sigset_t none;
    memset(&usual, 0, sizeof usual);
    usual.sa_handler = SIG_DFL;
    sigemptyset(&usual.sa_mask);
    sigemptyset(&none);
    int nothing = open("/dev/null", O_RDWR);
    if (setpgid(0, 0) != 0 || nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 ||
        dup2(out, STDOUT_FILENO) < 0 || dup2(nothing, STDERR_FILENO) < 0 || chdir(root) != 0)
        _exit(127);
    sigaction(SIGPIPE, &usual, NULL);
    sigaction(SIGINT, &usual, NULL);
    sigaction(SIGTERM, &usual, NULL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* What comes from fd, until its end. 0; -1: errno is ETIMEDOUT, EFBIG or what went wrong. */
static int listen_to(struct abp_buffer *out, int fd, int64_t until)
{
    char bytes[1024];
    int rc = 1;
    while (rc > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int64_t left = until - milliseconds();
        int got = left > 0 ? poll(&ready, 1, (int)left) : 0;
        if (got == 0)
            errno = ETIMEDOUT;
        ssize_t n = got > 0 ? read(fd, bytes, sizeof bytes) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        rc = n < 0 ? -1 : n > 0;
        if (n > 0 && out->len + (size_t)n > ABP_SECRET_MAX) {
            errno = EFBIG;
            rc = -1;
        } else if (n > 0 && abp_buffer_append(out, bytes, (size_t)n) != 0) {
            errno = ENOMEM;
            rc = -1;
        }
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
    return rc;
}

/* The status it ended with into *status. 0, or -1 when it goes on after `until`. It may have closed
 * its stdout long before it ends. */
static int wait_for(int *status, pid_t child, int64_t until)
{
    for (;;) {
        pid_t ended = waitpid(child, status, WNOHANG);
        if (ended == child)
            return 0;
        if (ended < 0 && errno != EINTR)
            return -1;
        if (milliseconds() >= until) {
            errno = ETIMEDOUT;
            return -1;
        }
        poll(NULL, 0, 5);
    }
}

static int judge(int rc, int status, int64_t timeout_ms, struct abp_error *err)
{
    if (rc != 0 && errno == ETIMEDOUT)
        return abp_fail(
            err, ABP_PERSON,
            "a secret's command took over %lld s and was ended; it must not ask anything",
            (long long)(timeout_ms / 1000));
    if (rc != 0 && errno == EFBIG)
        return abp_fail(err, ABP_PERSON, "a secret's command writes more than %d bytes",
                        ABP_SECRET_MAX);
    if (rc != 0)
        return abp_fail(err, ABP_FAILED, "a secret's command can't be read: %s", strerror(errno));
    if (WIFSIGNALED(status))
        return abp_fail(err, ABP_PERSON, "a secret's command was ended by signal %d",
                        WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return abp_fail(err, ABP_PERSON,
                        "a secret's command failed with status %d; run it by hand to see why",
                        WEXITSTATUS(status));
    return 0;
}

int abp_secret_run(struct abp_buffer *out, const char *command, const char *root,
                   int64_t timeout_ms, struct abp_error *err)
{
    int ends[2], status = 0;
    int64_t until = milliseconds() + timeout_ms;
    if (pipe(ends) != 0)
        return abp_fail(err, ABP_FAILED, "can't run a secret's command: %s", strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid_t child = fork();
    if (child == 0)
        become(command, root, ends[1]);
    int fork_failure = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return abp_fail(err, ABP_FAILED, "can't run a secret's command: %s",
                        strerror(fork_failure));
    }
    setpgid(child, child); /* whoever of the two comes first */
    int rc = listen_to(out, ends[0], until);
    rc = rc == 0 ? wait_for(&status, child, until) : rc;
    int why = errno;
    close(ends[0]);
    if (rc != 0) {
        kill(-child, SIGKILL);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    errno = why;
    return judge(rc, status, timeout_ms, err);
}
