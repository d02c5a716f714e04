#include "channels/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVERYONE  (S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH) /* less the umask */
#define PATH_SIZE 300

int abp_write_all(int fd, const void *bytes, size_t len)
{
    const char *next = bytes;
    while (len) {
        ssize_t n = write(fd, next, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        next += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A hidden file of our own with these bytes, on the disk. A process of the same number may have
 * died here before. */
static int write_hidden(char hidden[PATH_SIZE], int folder, const char *name, const void *bytes,
                        size_t len)
{
    if (snprintf(hidden, PATH_SIZE, ".%s.%ld", name, (long)getpid()) >= PATH_SIZE) {
        errno = ENAMETOOLONG;
        return -1;
    }
    unlinkat(folder, hidden, 0);
    int fd = openat(folder, hidden, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, EVERYONE);
    if (fd < 0)
        return -1;
    int rc = abp_write_all(fd, bytes, len) != 0 || fsync(fd) != 0 ? -1 : 0;
    int why = errno;
    close(fd);
    if (rc != 0)
        unlinkat(folder, hidden, 0);
    errno = why;
    return rc;
}

int abp_place(int folder, const char *name, const void *bytes, size_t len)
{
    char hidden[PATH_SIZE];
    if (write_hidden(hidden, folder, name, bytes, len) != 0)
        return -1;
    int rc = renameat(folder, hidden, folder, name) != 0 || fsync(folder) != 0 ? -1 : 0;
    int why = errno;
    unlinkat(folder, hidden, 0);
    errno = why;
    return rc;
}

/* link() takes no name that is there. Where a file system has no second names, whether it is there
 * is asked first. */
static int give_name(int folder, const char *hidden, const char *name)
{
    struct stat info;
    if (linkat(folder, hidden, folder, name, 0) == 0)
        return 0;
    if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS && errno != EMLINK)
        return -1;
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return renameat(folder, hidden, folder, name);
}

int abp_place_new(int folder, const char *name, const void *bytes, size_t len)
{
    char hidden[PATH_SIZE];
    if (write_hidden(hidden, folder, name, bytes, len) != 0)
        return -1;
    int rc = give_name(folder, hidden, name);
    int why = errno;
    unlinkat(folder, hidden, 0);
    if (rc == 0 && (rc = fsync(folder)) != 0)
        why = errno;
    errno = why;
    return rc;
}

/* 1: fd gives exactly these bytes and then ends. */
static int gives(int fd, const char *bytes, size_t len)
{
    char piece[4096];
    for (;;) {
        ssize_t n = read(fd, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -1 : len == 0;
        if ((size_t)n > len || memcmp(piece, bytes, (size_t)n) != 0)
            return 0;
        bytes += n;
        len -= (size_t)n;
    }
}

int abp_file_holds(int folder, const char *name, const void *bytes, size_t len)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return -1;
    int same = gives(fd, bytes, len);
    if (same >= 0 && (fsync(fd) != 0 || fsync(folder) != 0))
        same = -1;
    int why = errno;
    close(fd);
    errno = why;
    return same;
}
