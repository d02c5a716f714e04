/* Approving and holding: one word of a post file, changed so that no moment leaves half a file. */
#include "abpost/post_file.h"

#include "config/files.h"
#include "config/load.h"
#include "config/post_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file being rewritten. All borrowed. */
struct marking {
    const char *path;
    struct stat before; /* as it was when it was read */
    struct abp_error *err;
};

static int fail(const struct marking *m, const char *what)
{
    return abp_fail_at(m->err, ABP_FAILED, m->path, 0, "%s: %s; the file is as it was", what,
                       strerror(errno));
}

/* ---- what it will say ---- */

static const char *word_of(enum abp_approval approval)
{
    static const char *const words[] = {
        [ABP_DRAFT] = "draft", [ABP_APPROVED] = "approved", [ABP_HELD] = "held"};
    return words[approval];
}

/* The status line, or NULL where there is none; -1 when there are two. */
static int find_status(const struct abp_header_line **status, const struct abp_post_scan *scan,
                       const struct marking *m)
{
    *status = NULL;
    for (size_t i = 0; i < scan->count; i++) {
        const struct abp_header_line *h = &scan->headers[i];
        if (h->header != ABP_HEADER_STATUS)
            continue;
        if (*status)
            return abp_fail_at(m->err, ABP_DATA, m->path, h->line,
                               "status: stands in line %ld already; accepted is one",
                               (*status)->line);
        *status = h;
    }
    return 0;
}

/* 1: to_write holds the new bytes; 0: nothing is to be done; -1. */
static int compose(struct abp_buffer *to_write, const struct abp_buffer *bytes,
                   const struct abp_post_scan *scan, enum abp_approval approval,
                   const struct marking *m)
{
    const char *text = abp_buffer_text(bytes), *word = word_of(approval);
    const char *end = memchr(text, '\n', bytes->len);
    const char *newline = end && end > text && end[-1] == '\r' ? "\r\n" : "\n";
    const struct abp_header_line *status;
    if (find_status(&status, scan, m) != 0)
        return -1;
    if (status ? strlen(word) == status->len && memcmp(text + status->value, word, status->len) == 0
               : approval == ABP_DRAFT)
        return 0;
    size_t kept = status ? status->value : scan->start;
    size_t rest = status ? status->value + status->len : scan->start;
    abp_buffer_append(to_write, text, kept);
    if (status)
        abp_buffer_printf(to_write, "%s%s", text[kept - 1] == ':' ? " " : "", word);
    else
        abp_buffer_printf(to_write, "status: %s%s%s", word, newline,
                          scan->has_block ? "" : newline);
    abp_buffer_append(to_write, text + rest, bytes->len - rest);
    return to_write->failed ? abp_fail_memory(m->err) : 1;
}

/* ---- the file that takes its place ---- */

static int write_all(int fd, const struct abp_buffer *bytes)
{
    size_t done = 0;
    while (done < bytes->len) {
        ssize_t n = write(fd, bytes->data + done, bytes->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return 0;
}

static int fill(int fd, const struct abp_buffer *bytes, const struct marking *m)
{
    struct stat now;
    if (write_all(fd, bytes) != 0)
        return fail(m, "the new text can't be written");
    if (fstat(fd, &now) != 0)
        return fail(m, "the new file can't be looked at");
    int foreign = now.st_uid != m->before.st_uid || now.st_gid != m->before.st_gid;
    if (foreign && fchown(fd, m->before.st_uid, m->before.st_gid) != 0)
        return fail(m, "the file's owner and group can't be kept");
    if (fchmod(fd, m->before.st_mode & 07777) != 0)
        return fail(m, "the file's mode can't be kept");
    if (fsync(fd) != 0)
        return fail(m, "the new text can't be written");
    return 0;
}

/* 0 when path still is the file that was read. */
static int is_unchanged(const struct marking *m)
{
    struct stat now;
    const struct stat *b = &m->before;
    if (lstat(m->path, &now) != 0)
        return fail(m, "can't be looked at");
    if (now.st_dev == b->st_dev && now.st_ino == b->st_ino && now.st_size == b->st_size &&
        now.st_mtim.tv_sec == b->st_mtim.tv_sec && now.st_mtim.tv_nsec == b->st_mtim.tv_nsec)
        return 0;
    return abp_fail_at(m->err, ABP_FAILED, m->path, 0,
                       "somebody else changed the file just now; read it again first");
}

/* So that the new name survives a power cut. The file is in place whatever comes of it. */
static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

static int replace(const struct abp_buffer *bytes, const struct marking *m)
{
    struct abp_buffer name;
    char *folder = abp_folder_of(m->path);
    const char *slash = strrchr(m->path, '/');
    int fd = -1, rc = -1;
    abp_buffer_init(&name, 1 << 16);
    /* Hidden, and without the name's ending: no glob takes what a kill leaves for a post. */
    if (!folder ||
        abp_buffer_printf(&name, "%s/.%s.XXXXXX", folder, slash ? slash + 1 : m->path) != 0) {
        abp_fail_memory(m->err);
        goto out;
    }
    fd = mkstemp(name.data);
    if (fd < 0) {
        fail(m, "no file can be made in its folder");
        goto out;
    }
    rc = fill(fd, bytes, m);
    if (close(fd) != 0 && rc == 0)
        rc = fail(m, "the new text can't be written");
    if (rc == 0)
        rc = is_unchanged(m);
    if (rc == 0 && rename(name.data, m->path) != 0)
        rc = fail(m, "can't be replaced");
    if (rc == 0)
        sync_folder(folder);
    else
        unlink(name.data);
out:
    abp_buffer_release(&name);
    free(folder);
    return rc;
}

/* ---- the whole ---- */

/* Looks at the file before anything is read: what can't be replaced is refused at once. */
static int look(struct marking *m)
{
    const char *path = m->path;
    if (lstat(path, &m->before) != 0)
        return abp_fail_at(m->err, ABP_DATA, path, 0, "can't be read: %s", strerror(errno));
    if (S_ISLNK(m->before.st_mode))
        return abp_fail_at(m->err, ABP_DATA, path, 0,
                           "is a link to another file; name the file itself");
    if (S_ISREG(m->before.st_mode) && m->before.st_nlink > 1)
        return abp_fail_at(m->err, ABP_DATA, path, 0,
                           "has other names too (%ju hard links), which would keep the old text; "
                           "make it a file of its own",
                           (uintmax_t)m->before.st_nlink);
    if (!(m->before.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) || access(path, W_OK) != 0)
        return abp_fail_at(m->err, ABP_DATA, path, 0,
                           "is read-only; make it writable first: chmod u+w");
    return 0;
}

static int mark(const struct abp_buffer *bytes, struct abp_mistake_log *log,
                enum abp_approval approval, const struct marking *m)
{
    struct abp_post_scan scan;
    struct abp_buffer to_write;
    abp_post_scan(&scan, abp_buffer_text(bytes), bytes->len, log);
    if (abp_log_end(log, m->err) != 0)
        return -1;
    abp_buffer_init(&to_write, ABP_POST_FILE_MAX + 64);
    int rc = compose(&to_write, bytes, &scan, approval, m);
    if (rc == 1 && to_write.len > ABP_POST_FILE_MAX)
        rc = abp_fail_at(m->err, ABP_DATA, m->path, 0,
                         "has no room left for a status: more than "
                         "%zu bytes",
                         ABP_POST_FILE_MAX);
    if (rc == 1 && replace(&to_write, m) != 0)
        rc = -1;
    abp_buffer_release(&to_write);
    return rc;
}

int abp_post_file_mark(const char *path, enum abp_approval approval, struct abp_error *err)
{
    struct marking m = {.path = path, .err = err};
    struct abp_mistakes mistakes = {0};
    struct abp_mistake_log log;
    struct abp_buffer bytes;
    if (look(&m) != 0)
        return -1;
    abp_log_begin(&log, &mistakes, path);
    abp_buffer_init(&bytes, ABP_POST_FILE_MAX);
    int rc = abp_file_load(&bytes, path, ABP_POST_FILE_MAX, "a text file", &log, err);
    if (rc == 0)
        rc = mark(&bytes, &log, approval, &m);
    else if (log.found)
        rc = abp_log_end(&log, err);
    abp_buffer_release(&bytes);
    abp_mistakes_release(&mistakes);
    return rc;
}
