/* The platform without an account: each post becomes a text file that a person publishes by hand,
 * ROOT/outbox/CHANNEL/KEY.txt, its images beside it. The request is that file. */
#include "channels/files.h"
#include "channels/platforms.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER       "outbox"
#define FOLDER_MODE  (S_IRWXU | S_IRWXG | S_IRWXO) /* less the umask */
#define NAME_SIZE    100
#define REQUEST_MAX  ((size_t)512 << 10)
#define MEDIA_MAX    ((size_t)64 << 20)
#define TRY_AGAIN_IN 300 /* seconds, when a file that is there could not be made sure of */

static void ABP_PRINTF(3, 4)
    conclude(struct abp_outcome *outcome, enum abp_fate fate, const char *format, ...)
{
    va_list args;
    memset(outcome, 0, sizeof *outcome);
    outcome->fate = fate;
    outcome->local = fate == ABP_FATE_NOT_SENT || fate == ABP_FATE_UNKNOWN;
    va_start(args, format);
    vsnprintf(outcome->reason, sizeof outcome->reason, format, args);
    va_end(args);
}

static int hand_over(const struct abp_connection *connection, struct abp_outcome *outcome,
                     const char *key)
{
    conclude(outcome, ABP_FATE_HANDED, "%s", "");
    return snprintf(outcome->remote_id, sizeof outcome->remote_id, FOLDER "/%s/%s.txt",
                    connection->channel->name, key);
}

/* Names of files and folders alone: nothing hidden, no way out of the folder. */
static int is_name(const char *name)
{
    return *name && *name != '.' && !strchr(name, '/') && strlen(name) < NAME_SIZE - 10;
}

/* -1 with errno. */
static int open_below(int at, const char *name)
{
    int made = mkdirat(at, name, FOLDER_MODE) == 0;
    int folder = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0 && made && fsync(at) != 0) {
        int why = errno;
        close(folder);
        errno = why;
        return -1;
    }
    return folder;
}

/* The channel's folder, made where it is missing; -1 with errno. */
static int open_folder(const struct abp_connection *connection)
{
    int root = open(connection->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int outbox = root >= 0 ? open_below(root, FOLDER) : -1;
    int folder = outbox >= 0 ? open_below(outbox, connection->channel->name) : -1;
    int why = errno;
    if (outbox >= 0)
        close(outbox);
    if (root >= 0)
        close(root);
    errno = why;
    return folder;
}

/* ---- prepare ---- */

static void media_name(char name[NAME_SIZE], const char *key, size_t i, const char *type)
{
    static const char *const types[][2] = {
        {"image/jpeg", "jpg"}, {"image/png", "png"}, {"image/gif", "gif"}, {"image/webp", "webp"}};
    const char *ending = "img";
    for (size_t t = 0; t < sizeof types / sizeof *types; t++)
        if (strcmp(type, types[t][0]) == 0)
            ending = types[t][1];
    snprintf(name, NAME_SIZE, "%s-%zu.%s", key, i + 1, ending);
}

/* The text first, so that it can be copied from the top; what else belongs to the post after it. */
static void describe(struct abp_buffer *out, const struct abp_channel *channel,
                     const struct abp_content *content, const char *key)
{
    char name[NAME_SIZE];
    abp_buffer_printf(out, "%s\n\n%s\n", content->text ? content->text : "",
                      "---- the post ends above this line ----");
    abp_buffer_printf(out, "Channel: %s\n", channel->name);
    if (channel->account)
        abp_buffer_printf(out, "Account: %s\n", channel->account);
    if (channel->visibility)
        abp_buffer_printf(out, "For: %s\n", channel->visibility);
    if (content->link)
        abp_buffer_printf(out, "Link: %s\n", content->link);
    if (content->lang)
        abp_buffer_printf(out, "Language: %s\n", content->lang);
    for (size_t i = 0; i < content->media_count; i++) {
        media_name(name, key, i, content->media[i].type);
        abp_buffer_printf(out, "Image %zu: %s, beside this file\n  described as: %s\n", i + 1, name,
                          content->media[i].alt);
    }
}

/* All of a file of that size into memory that the caller frees; NULL with errno. */
static char *load(const char *path, size_t size)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    char *bytes = NULL;
    size_t len = 0;
    ssize_t n = 1;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == (off_t)size)
        bytes = malloc(size + 1);
    else
        errno = ESTALE; /* not the file that was approved */
    while (bytes && n > 0 && len <= size) {
        n = read(fd, bytes + len, size + 1 - len);
        if (n < 0 && errno == EINTR)
            n = 1;
        else
            len += n > 0 ? (size_t)n : 0;
    }
    if (bytes && (n < 0 || len != size)) {
        free(bytes);
        bytes = NULL;
        errno = n < 0 ? errno : ESTALE;
    }
    int why = errno;
    close(fd);
    errno = why;
    return bytes;
}

/* Its images lie there before the post is handed over, as uploads come before a post elsewhere. */
static int copy_media(const struct abp_connection *connection, const struct abp_content *content,
                      const char *key, struct abp_outcome *outcome)
{
    char name[NAME_SIZE];
    int rc = 0, folder = open_folder(connection);
    if (folder < 0) {
        conclude(outcome, ABP_FATE_NOT_SENT, "can't make the folder %s/" FOLDER "/%s: %s; %s",
                 connection->root, connection->channel->name, strerror(errno), abp_remedy(errno));
        return -1;
    }
    for (size_t i = 0; rc == 0 && i < content->media_count; i++) {
        const struct abp_media *media = &content->media[i];
        char *bytes = media->size <= MEDIA_MAX ? load(media->path, media->size) : NULL;
        media_name(name, key, i, media->type);
        if (!bytes || abp_place(folder, name, bytes, media->size) != 0) {
            int why = media->size > MEDIA_MAX ? EFBIG : errno;
            conclude(outcome, ABP_FATE_NOT_SENT, "can't copy %.200s to %.200s/" FOLDER "/%s: %s",
                     media->path, connection->root, connection->channel->name, strerror(why));
            rc = -1;
        }
        free(bytes);
    }
    close(folder);
    return rc;
}

static int prepare(struct abp_connection *connection, struct abp_buffer *request,
                   const struct abp_content *content, const char *key, int64_t made_at,
                   struct abp_outcome *outcome)
{
    (void)made_at;
    if (!is_name(key) || !is_name(connection->channel->name)) {
        conclude(outcome, ABP_FATE_REFUSED, "%s/%s can't be the name of a file",
                 connection->channel->name, key);
        return -1;
    }
    describe(request, connection->channel, content, key);
    if (request->failed || request->len > REQUEST_MAX) {
        conclude(outcome, request->len > REQUEST_MAX ? ABP_FATE_REFUSED : ABP_FATE_NOT_SENT,
                 "the post is too long, or memory is out");
        return -1;
    }
    return content->media_count ? copy_media(connection, content, key, outcome) : 0;
}

/* Below the text stands the line that ends it, so no file of ours is JSON, as every request of a
 * platform that has an API is. */
static int is_own(const char *request, size_t len)
{
    json_t *other = json_loadb(request, len, 0, NULL);
    json_decref(other);
    return other == NULL;
}

/* ---- send, find ---- */

/* What is there under the key's name. */
static void look(const struct abp_connection *connection, struct abp_outcome *outcome, int folder,
                 const char *name, const char *request, size_t len, const char *key)
{
    int same = abp_file_holds(folder, name, request, len);
    if (same >= 0) {
        hand_over(connection, outcome, key);
        if (!same)
            snprintf(outcome->reason, sizeof outcome->reason,
                     "it lies there already, changed since it was written; it was left as it is");
    } else if (errno == ENOENT) {
        conclude(outcome, ABP_FATE_NOT_SENT, FOLDER "/%s/%s is not there",
                 connection->channel->name, name);
    } else {
        conclude(outcome, ABP_FATE_UNKNOWN, "can't read %s/" FOLDER "/%s/%s: %s; %s",
                 connection->root, connection->channel->name, name, strerror(errno),
                 abp_remedy(errno));
        outcome->retry_at = connection->now(connection->now_context) + TRY_AGAIN_IN;
    }
}

static int file_of(char name[NAME_SIZE], const struct abp_connection *connection,
                   struct abp_outcome *outcome, const char *key)
{
    if (!is_name(key) || !is_name(connection->channel->name)) {
        conclude(outcome, ABP_FATE_NOT_SENT, "%s/%s can't be the name of a file",
                 connection->channel->name, key);
        return -1;
    }
    snprintf(name, NAME_SIZE, "%s.txt", key);
    return 0;
}

static void send_post(struct abp_connection *connection, struct abp_outcome *outcome,
                      const char *request, size_t len, const char *key)
{
    char name[NAME_SIZE];
    if (file_of(name, connection, outcome, key) != 0)
        return;
    int folder = open_folder(connection);
    if (folder < 0) {
        conclude(outcome, ABP_FATE_NOT_SENT, "can't make the folder %s/" FOLDER "/%s: %s; %s",
                 connection->root, connection->channel->name, strerror(errno), abp_remedy(errno));
        return;
    }
    if (abp_place_new(folder, name, request, len) == 0) {
        hand_over(connection, outcome, key);
    } else {
        /* The name is taken by an earlier attempt, or nothing was written, or it was and the folder
         * could not be made sure of: what is there says which. */
        int why = errno;
        look(connection, outcome, folder, name, request, len, key);
        if (outcome->fate == ABP_FATE_NOT_SENT)
            conclude(outcome, ABP_FATE_NOT_SENT, "can't write %s/" FOLDER "/%s/%s: %s; %s",
                     connection->root, connection->channel->name, name, strerror(why),
                     abp_remedy(why));
    }
    close(folder);
}

static void find(struct abp_connection *connection, struct abp_outcome *outcome,
                 const char *request, size_t len, const char *key, int64_t sent_at)
{
    char name[NAME_SIZE];
    (void)sent_at;
    if (file_of(name, connection, outcome, key) != 0)
        return;
    int folder = open_folder(connection);
    if (folder < 0) {
        conclude(outcome, ABP_FATE_UNKNOWN, "can't open the folder %s/" FOLDER "/%s: %s; %s",
                 connection->root, connection->channel->name, strerror(errno), abp_remedy(errno));
        outcome->retry_at = connection->now(connection->now_context) + TRY_AGAIN_IN;
        return;
    }
    look(connection, outcome, folder, name, request, len, key);
    close(folder);
}

static const char *const no_metrics[] = {NULL};

const struct abp_channel_ops abp_outbox = {
    .platform = ABP_OUTBOX,
    .abilities = ABP_BY_HAND | ABP_CAN_MEDIA | ABP_CAN_KEY | ABP_CAN_FIND | ABP_CAN_VISIBILITY,
    .limits = {.characters = -1,
               .bytes = -1,
               .url_characters = -1,
               .media = ABP_CONTENT_MEDIA_MAX,
               .media_bytes = (int64_t)MEDIA_MAX,
               .alt_characters = -1},
    .metrics = no_metrics,
    .prepare = prepare,
    .is_own = is_own,
    .send = send_post,
    .find = find,
};
