#include "collect/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int refuse(const char *path, const char *what, const char *asked_by, struct abp_error *err)
{
    if (!asked_by)
        return abp_fail_at(err, ABP_DATA, path, 0, "%s", what);
    return abp_fail_at(err, ABP_DATA, path, 0, "%s; check 'file =' in [import] of %s", what,
                       asked_by);
}

int abp_file_open(struct abp_file *file, const char *path, const char *asked_by,
                  const struct abp_progress *progress, struct abp_error *err)
{
    struct stat st;
    memset(file, 0, sizeof *file);
    file->path = path;
    file->progress = progress;
    /* O_NONBLOCK: a pipe without a writer is refused below instead of waited for. */
    file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file->fd < 0 || fstat(file->fd, &st) != 0) {
        char what[128];
        snprintf(what, sizeof what, "can't be opened: %s", strerror(errno));
        abp_file_close(file);
        return refuse(path, what, asked_by, err);
    }
    if (!S_ISREG(st.st_mode)) {
        abp_file_close(file);
        return refuse(path, "not an ordinary file", asked_by, err);
    }
    file->size = st.st_size;
    if (abp_digest_open(&file->digest, err) != 0) {
        abp_file_close(file);
        return -1;
    }
    return 0;
}

void abp_file_close(struct abp_file *file)
{
    if (file->fd >= 0)
        close(file->fd);
    abp_digest_close(file->digest);
    memset(file, 0, sizeof *file);
    file->fd = -1;
}

static int read_bytes(size_t *got, struct abp_file *file, char *data, size_t size,
                      struct abp_error *err)
{
    ssize_t n;
    do
        n = read(file->fd, data, size);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return abp_fail_at(err, ABP_FAILED, file->path, 0, "can't be read: %s", strerror(errno));
    *got = (size_t)n;
    return abp_digest_add(file->digest, data, *got, err);
}

static int read_source(size_t *got, void *context, char *data, size_t size, struct abp_error *err)
{
    struct abp_file *file = context;
    if (read_bytes(got, file, data, size, err) != 0)
        return -1;
    file->done += (int64_t)*got;
    if (file->progress && *got)
        file->progress->update(file->progress->context, file->done, file->size);
    return 0;
}

struct abp_csv_source abp_file_source(struct abp_file *file)
{
    struct abp_csv_source source = {.context = file, .read = read_source};
    return source;
}

int abp_file_hash(char *hex, struct abp_file *file, struct abp_error *err)
{
    return abp_digest_end(hex, file->digest, err);
}

int abp_file_hash_all(char *hex, struct abp_file *file, struct abp_error *err)
{
    char data[16384];
    size_t got = 0;
    do
        if (read_bytes(&got, file, data, sizeof data, err) != 0)
            return -1;
    while (got > 0);
    if (abp_digest_end(hex, file->digest, err) != 0)
        return -1;
    if (lseek(file->fd, 0, SEEK_SET) != 0)
        return abp_fail_at(err, ABP_FAILED, file->path, 0, "can't be read again: %s",
                           strerror(errno));
    abp_digest_close(file->digest);
    file->digest = NULL;
    return abp_digest_open(&file->digest, err);
}
