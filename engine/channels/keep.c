#include "channels/keep.h"

#include "channels/files.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER    ".abpost"
#define LONGEST   60   /* bytes of a name before it is encoded */
#define FILE_SIZE 200  /* of an encoded name, its suffix and a NUL */
#define WAITS     1200 /* of 50 ms */

/* The file of name with a suffix that no name can end in, since their dots are encoded. */
static int file_name(char file[FILE_SIZE], const char *name, const char *suffix,
                     struct abp_error *err)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t len = 0;
    if (*name == '\0' || strlen(name) > LONGEST)
        return abp_fail(err, ABP_DATA, "'%.80s' is no name that a session can be kept under", name);
    for (; *name; name++)
        if (strchr(plain, *name))
            file[len++] = *name;
        else
            len += (size_t)snprintf(file + len, FILE_SIZE - len, "%%%02X", (unsigned char)*name);
    snprintf(file + len, FILE_SIZE - len, "%s", suffix);
    return 0;
}

static int failed(struct abp_error *err, const char *what, const char *root, const char *file)
{
    return abp_fail(err, ABP_FAILED, "can't %s %s/" FOLDER "/%s: %s; %s", what, root, file,
                    strerror(errno), abp_remedy(errno));
}

/* Ours, and closed to everyone else. */
static int is_private(const struct stat *info)
{
    return info->st_uid == geteuid() && (info->st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

/* The folder, made where it is missing; -1 with err. */
static int open_folder(const char *root, struct abp_error *err)
{
    struct stat info;
    int at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (at < 0)
        return abp_fail(err, ABP_FAILED, "can't open the folder %s: %s; %s", root, strerror(errno),
                        abp_remedy(errno));
    int made = mkdirat(at, FOLDER, S_IRWXU) == 0;
    int folder = openat(at, FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int rc = folder < 0 || fstat(folder, &info) != 0 || (made && fsync(at) != 0) ? -1 : 0;
    if (rc != 0)
        failed(err, "open", root, "");
    else if (!is_private(&info))
        rc = abp_fail(err, ABP_PERSON,
                      "%s/" FOLDER " holds sessions and must be yours alone: chmod 700 %s/" FOLDER,
                      root, root);
    close(at);
    if (rc != 0 && folder >= 0)
        close(folder);
    return rc == 0 ? folder : -1;
}

/* A file of the folder; -1 with err, or without when there is none and it was not to be made. */
static int open_file(int folder, const char *root, const char *file, int flags,
                     struct abp_error *err)
{
    struct stat info;
    int fd = openat(folder, file, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                    S_IRUSR | S_IWUSR);
    if (fd < 0) {
        if (errno != ENOENT || flags & O_CREAT)
            failed(err, "open", root, file);
        return -1;
    }
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && is_private(&info))
        return fd;
    abp_fail(err, ABP_PERSON,
             "%s/" FOLDER "/%s must be a file that is yours alone: chmod 600 it, or delete it to "
             "sign in anew",
             root, file);
    close(fd);
    return -1;
}

/* ---- reading ---- */

static int read_all(struct abp_buffer *out, int fd)
{
    char bytes[4096];
    for (;;) {
        ssize_t n = read(fd, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;
        if (abp_buffer_append(out, bytes, (size_t)n) != 0) {
            errno = EFBIG;
            return -1;
        }
    }
}

int abp_keep_read(struct abp_buffer *out, const char *root, const char *name, struct abp_error *err)
{
    char file[FILE_SIZE];
    struct abp_error why = {0};
    int rc = -1, folder = -1, fd = -1;
    if (file_name(file, name, "", err) != 0 || (folder = open_folder(root, err)) < 0)
        goto out;
    fd = open_file(folder, root, file, O_RDONLY, &why);
    if (fd < 0 && why.code == ABP_OK)
        rc = 0;
    else if (fd < 0)
        abp_fail(err, why.code, "%s", why.message);
    else if ((rc = read_all(out, fd)) != 0)
        failed(err, "read", root, file);
out:
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return rc;
}

int abp_keep_look(struct abp_buffer *out, const char *root, const char *name, struct abp_error *err)
{
    struct stat info;
    int at = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int none = at >= 0 && fstatat(at, FOLDER, &info, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
    if (at >= 0)
        close(at);
    return none ? 0 : abp_keep_read(out, root, name, err);
}

/* ---- writing ---- */

static int lock_file(int fd)
{
    for (int i = 0; i < WAITS; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return 0;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return -1;
        poll(NULL, 0, 50);
    }
    errno = EWOULDBLOCK;
    return -1;
}

/* The file that will take the other's place, locked. Whoever had it before may have renamed it
 * while this one waited: then it is another file by now, and a new one is made. */
static int open_next(int folder, const char *root, const char *next, struct abp_error *err)
{
    struct stat mine, there;
    for (;;) {
        int fd = open_file(folder, root, next, O_RDWR | O_CREAT, err);
        if (fd < 0)
            return -1;
        if (lock_file(fd) != 0 || fstat(fd, &mine) != 0) {
            failed(err, "lock", root, next);
            close(fd);
            return -1;
        }
        if (fstatat(folder, next, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
            there.st_ino == mine.st_ino && there.st_dev == mine.st_dev)
            return fd;
        close(fd);
    }
}

int abp_keep_write(const char *root, const char *name, const void *bytes, size_t len,
                   struct abp_error *err)
{
    char file[FILE_SIZE], next[FILE_SIZE];
    int rc = -1, folder = -1, fd = -1;
    if (file_name(file, name, "", err) != 0 || file_name(next, name, ".new", err) != 0 ||
        (folder = open_folder(root, err)) < 0 || (fd = open_next(folder, root, next, err)) < 0)
        goto out;
    if (ftruncate(fd, 0) != 0 || abp_write_all(fd, bytes, len) != 0 || fsync(fd) != 0) {
        failed(err, "write", root, next);
        unlinkat(folder, next, 0);
        goto out;
    }
    if (renameat(folder, next, folder, file) != 0 || fsync(folder) != 0) {
        failed(err, "write", root, file);
        goto out;
    }
    rc = 0;
out:
    if (fd >= 0)
        close(fd);
    if (folder >= 0)
        close(folder);
    return rc;
}

/* ---- one at a time ---- */

int abp_keep_lock(struct abp_keep_lock *lock, const char *root, const char *name,
                  struct abp_error *err)
{
    char file[FILE_SIZE];
    int rc = -1, folder = -1;
    lock->fd = -1;
    if (file_name(file, name, ".lock", err) != 0 || (folder = open_folder(root, err)) < 0)
        goto out;
    int fd = open_file(folder, root, file, O_RDWR | O_CREAT, err);
    if (fd < 0)
        goto out;
    if (lock_file(fd) != 0) {
        failed(err, "lock", root, file);
        close(fd);
        goto out;
    }
    lock->fd = fd;
    rc = 0;
out:
    if (folder >= 0)
        close(folder);
    return rc;
}

void abp_keep_unlock(struct abp_keep_lock *lock)
{
    if (lock->fd >= 0)
        close(lock->fd);
    lock->fd = -1;
}
