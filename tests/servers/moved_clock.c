/* Preloaded into a server (LD_PRELOAD), it moves that server's clock: by as many seconds as the
 * file that $MOVED_CLOCK names holds, read anew at every look, so that a test takes the server
 * along through its week. Time runs on as ever in between. Overrides what reads CLOCK_REALTIME, and
 * the one wait that has its deadline by it. */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t moved_by(void)
{
    char text[32] = "";
    const char *path = getenv("MOVED_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return 0;
    ssize_t len = read(file, text, sizeof text - 1);
    close(file);
    return len > 0 ? (time_t)strtoll(text, NULL, 10) : 0;
}

/* The names of its parameters are the C library's business. */
int clock_gettime(clockid_t clock, struct timespec *at)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, at);
    if (rc == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += moved_by();
    return rc;
}

time_t time(time_t *at)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (at)
        *at = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *at, void *zone)
{
    struct timespec now = {0};
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                           const struct timespec *deadline)
{
    struct timespec real = *deadline;
    real.tv_sec -= moved_by();
    return pthread_cond_clockwait(condition, mutex, CLOCK_REALTIME, &real);
}
