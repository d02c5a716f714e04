#include "config/ini.h"

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

static int fail(struct abp_mistake_log *log, const char *path, int code, struct abp_error *err)
{
    if (!is_fault_of_file(code))
        return abp_fail_at(err, ABP_FAILED, path, 0, "can't be read: %s", strerror(code));
    abp_log_add(log, 0, "can't be read: %s; accepted is a file that this user can read",
                strerror(code));
    return -1;
}

static int too_large(struct abp_mistake_log *log)
{
    abp_log_add(log, 0, "is larger than %zu bytes; accepted are INI files up to that size",
                ABP_INI_FILE_MAX);
    return -1;
}

/* 0 when fd is a regular file of an acceptable size. */
static int check(int fd, const char *path, struct abp_mistake_log *log, struct abp_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail(log, path, errno, err);
    if (!S_ISREG(st.st_mode)) {
        abp_log_add(log, 0, "is %s; accepted is an INI file",
                    S_ISDIR(st.st_mode) ? "a folder" : "not a regular file");
        return -1;
    }
    return (uintmax_t)st.st_size > ABP_INI_FILE_MAX ? too_large(log) : 0;
}

static int read_all(struct abp_buffer *text, int fd, const char *path, struct abp_mistake_log *log,
                    struct abp_error *err)
{
    char chunk[8192];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(log, path, errno, err);
        if (text->len + (size_t)n > ABP_INI_FILE_MAX)
            return too_large(log); /* it grew since it was looked at */
        if (abp_buffer_append(text, chunk, (size_t)n) != 0)
            return abp_fail_memory(err);
    }
}

int abp_ini_load(struct abp_buffer *text, const char *path, struct abp_mistake_log *log,
                 struct abp_error *err)
{
    /* O_NONBLOCK: a FIFO must not hold us up before it can be refused. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fail(log, path, errno, err);
    int rc = check(fd, path, log, err);
    if (rc == 0)
        rc = read_all(text, fd, path, log, err);
    close(fd);
    return rc;
}
