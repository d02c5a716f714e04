#include "config/load.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1 when the file itself, or its name, is at fault; 0 when the machine is. */
static int is_fault_of_file(int code)
{
    return code == ENOENT || code == ENOTDIR || code == EACCES || code == EPERM || code == ELOOP ||
           code == ENAMETOOLONG || code == EISDIR || code == ENXIO;
}

/* What is being read, for those who say what is wrong with it. All borrowed. */
struct loading {
    const char *path;
    const char *what; /* "an INI file" */
    size_t max;
    struct abp_mistake_log *log;
    struct abp_error *err;
};

static int fail(const struct loading *l, int code)
{
    if (!is_fault_of_file(code))
        return abp_fail_at(l->err, ABP_FAILED, l->path, 0, "can't be read: %s", strerror(code));
    abp_log_add(l->log, 0, "can't be read: %s; accepted is a file that this user can read",
                strerror(code));
    return -1;
}

static int too_large(const struct loading *l)
{
    abp_log_add(l->log, 0, "is larger than %zu bytes; accepted is %s of up to that size", l->max,
                l->what);
    return -1;
}

/* 0 when fd is a regular file of an acceptable size. */
static int check(const struct loading *l, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail(l, errno);
    if (!S_ISREG(st.st_mode)) {
        abp_log_add(l->log, 0, "is %s; accepted is %s",
                    S_ISDIR(st.st_mode) ? "a folder" : "not a regular file", l->what);
        return -1;
    }
    return (uintmax_t)st.st_size > l->max ? too_large(l) : 0;
}

static int read_all(struct abp_buffer *text, const struct loading *l, int fd)
{
    char chunk[8192];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(l, errno);
        if (text->len + (size_t)n > l->max)
            return too_large(l); /* it grew since it was looked at */
        if (abp_buffer_append(text, chunk, (size_t)n) != 0)
            return abp_fail_memory(l->err);
    }
}

int abp_file_load(struct abp_buffer *text, const char *path, size_t max, const char *what,
                  struct abp_mistake_log *log, struct abp_error *err)
{
    struct loading l = {path, what, max, log, err};
    /* O_NONBLOCK: a FIFO must not hold us up before it can be refused. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fail(&l, errno);
    int rc = check(&l, fd);
    if (rc == 0)
        rc = read_all(text, &l, fd);
    close(fd);
    return rc;
}
