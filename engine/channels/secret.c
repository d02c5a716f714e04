#include "channels/secret.h"

#include "abpost/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TIMEOUT_MS INT64_C(30000)

void abp_secret_wipe(struct abp_buffer *secret)
{
    if (secret->data)
        OPENSSL_cleanse(secret->data, secret->capacity);
    abp_buffer_release(secret);
}

/* All the memory at once: a buffer that grows leaves what it held in memory that is freed. */
static int make_room(struct abp_buffer *out, struct abp_error *err)
{
    abp_buffer_init(out, ABP_SECRET_MAX);
    out->data = calloc(1, ABP_SECRET_MAX + 1);
    if (!out->data)
        return abp_fail_memory(err);
    out->capacity = ABP_SECRET_MAX + 1;
    return 0;
}

static int from_environment(struct abp_buffer *out, const char *name, struct abp_error *err)
{
    const char *value = getenv(name);
    if (!value || !*value)
        return abp_fail(err, ABP_PERSON, "the secret's variable $%s is not set", name);
    if (abp_buffer_add(out, value) != 0)
        return abp_fail(err, ABP_PERSON, "the secret in $%s is longer than %d bytes", name,
                        ABP_SECRET_MAX);
    return 0;
}

/* root owns what a service manager or a container hands in, and could read it anyway. */
static int check_file(const struct stat *info, const char *path, struct abp_error *err)
{
    if (!S_ISREG(info->st_mode))
        return abp_fail(err, ABP_PERSON, "the secret's file %s is not a file", path);
    if (info->st_mode & (S_IRWXG | S_IRWXO))
        return abp_fail(err, ABP_PERSON,
                        "others can read the secret in %s (mode %03o); make it yours alone: "
                        "chmod 600 %s",
                        path, (unsigned)(info->st_mode & 0777), path);
    if (info->st_uid != geteuid() && info->st_uid != 0)
        return abp_fail(err, ABP_PERSON, "the secret's file %s belongs to another user", path);
    if (info->st_size > ABP_SECRET_MAX)
        return abp_fail(err, ABP_PERSON, "the secret in %s is longer than %d bytes", path,
                        ABP_SECRET_MAX);
    return 0;
}

/* What is checked is what is read: the file is opened once. */
static int from_file(struct abp_buffer *out, const char *path, struct abp_error *err)
{
    struct stat info;
    ssize_t n = 1;
    int rc = -1;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) != 0) {
        abp_fail(err, ABP_PERSON, "the secret's file %s can't be read: %s", path, strerror(errno));
        goto out;
    }
    if (check_file(&info, path, err) != 0)
        goto out;
    while (n > 0 && out->len < ABP_SECRET_MAX) {
        do
            n = read(fd, out->data + out->len, ABP_SECRET_MAX - out->len);
        while (n < 0 && errno == EINTR);
        out->len += n > 0 ? (size_t)n : 0;
    }
    out->data[out->len] = '\0';
    if (n < 0)
        abp_fail(err, ABP_PERSON, "the secret's file %s can't be read: %s", path, strerror(errno));
    else if (out->len == 0)
        abp_fail(err, ABP_PERSON, "the secret's file %s is empty", path);
    else
        rc = 0;
out:
    if (fd >= 0)
        close(fd);
    return rc;
}

/* One line end is dropped; what is left must fit into one line of a request's header. */
static int tidy(struct abp_buffer *out, struct abp_error *err)
{
    if (out->len && out->data[out->len - 1] == '\n')
        out->len--;
    if (out->len && out->data[out->len - 1] == '\r')
        out->len--;
    out->data[out->len] = '\0';
    if (out->len == 0)
        return abp_fail(err, ABP_PERSON, "a secret is empty");
    for (size_t i = 0; i < out->len; i++)
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7F)
            return abp_fail(err, ABP_PERSON,
                            "a secret has more than one line, or control characters in it");
    return 0;
}

int abp_secret_read(struct abp_buffer *out, const struct abp_secret *secret, const char *root,
                    struct abp_error *err)
{
    int rc = -1;
    if (make_room(out, err) != 0)
        return -1;
    switch (secret->source) {
    case ABP_SECRET_ENV:
        rc = from_environment(out, secret->value, err);
        break;
    case ABP_SECRET_FILE:
        rc = from_file(out, secret->value, err);
        break;
    case ABP_SECRET_COMMAND:
        rc = abp_secret_run(out, secret->value, root, TIMEOUT_MS, err);
        break;
    case ABP_SECRET_NONE:
        abp_fail(err, ABP_PERSON, "the channel names no secret to sign in with");
        break;
    }
    rc = rc == 0 ? tidy(out, err) : rc;
    if (rc != 0)
        abp_secret_wipe(out);
    return rc;
}
