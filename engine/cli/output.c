#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODE (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH) /* less the umask */

static int fail(const char *path, struct abp_error *err)
{
    return abp_fail_at(err, ABP_FAILED, path, 0, "it could not be written: %s; %s", strerror(errno),
                       abp_remedy(errno));
}

/* 0, or -1 with errno; closes fd. */
static int write_all(int fd, const struct abp_buffer *buf, int durable)
{
    size_t done = 0;
    while (done < buf->len) {
        ssize_t n = write(fd, buf->data + done, buf->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
    }
    int rc = done == buf->len && (!durable || fsync(fd) == 0) ? 0 : -1;
    int why = errno;
    if (close(fd) != 0 && rc == 0)
        return -1;
    errno = why;
    return rc;
}

static int replace(const char *path, const char *beside, const struct abp_buffer *buf,
                   struct abp_error *err)
{
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, MODE);
    if (fd < 0)
        return fail(path, err);
    if (write_all(fd, buf, 1) == 0 && rename(beside, path) == 0)
        return 0;
    fail(path, err);
    unlink(beside);
    return -1;
}

int abp_output_write(const char *path, const struct abp_buffer *buf, struct abp_error *err)
{
    struct stat info;
    if (buf->failed)
        return abp_fail_memory(err);
    if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
        return fd >= 0 && write_all(fd, buf, 0) == 0 ? 0 : fail(path, err);
    }
    struct abp_buffer beside;
    abp_buffer_init(&beside, 8192);
    int rc = abp_buffer_printf(&beside, "%s.%ld.new", path, (long)getpid()) == 0
                 ? replace(path, abp_buffer_text(&beside), buf, err)
                 : abp_fail_memory(err);
    abp_buffer_release(&beside);
    return rc;
}
