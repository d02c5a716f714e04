/* Images: one upload each, and the wait until the server has made something of it. Nothing here is
 * seen by anybody before a status names it, so a failure may always be tried again. */
#include "channels/mastodon.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMAGE_MAX      ((size_t)64 << 20) /* bytes; no server takes more */
#define UPLOAD_TIMEOUT 120000             /* ms */
#define LOOKS          8    /* at an image that is not ready: 0.25 s apart, then twice that, ... */
#define FIRST_PAUSE    250  /* ms */
#define LONGEST_PAUSE  4000 /* ms; 15.75 s in all */
#define LATER          120  /* seconds until something that takes its time is tried anew */

/* The whole file; NULL with outcome filled. */
static char *read_image(const struct abp_media *media, size_t *len, int64_t now,
                        struct abp_outcome *outcome)
{
    char *data = NULL;
    FILE *file = fopen(media->path, "rb");
    if (!file) {
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, now + LATER,
                             "the image %s can't be read: %s", media->path, strerror(errno));
        return NULL;
    }
    if (media->size <= IMAGE_MAX)
        data = malloc(media->size + 2);
    if (data) {
        /* One byte more than it had, so that growth shows. */
        *len = fread(data, 1, media->size + 1, file);
        if (ferror(file) || *len != media->size) {
            abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, now + LATER,
                                 "the image %s changed while it was read", media->path);
            free(data);
            data = NULL;
        }
    } else {
        abp_mastodon_outcome(outcome,
                             media->size > IMAGE_MAX ? ABP_FATE_REFUSED : ABP_FATE_NOT_SENT, 0,
                             "the image %s is too large: %zu bytes", media->path, media->size);
    }
    fclose(file);
    return data;
}

/* Both ways to upload, the newer one first. -1: nothing was sent. */
static int post_image(struct abp_connection *connection, struct abp_mastodon_reply *reply,
                      const struct abp_http_part *parts, struct abp_error *err)
{
    struct abp_mastodon_call call = {.method = "POST",
                                     .path = "/api/v2/media",
                                     .parts = parts,
                                     .part_count = 2,
                                     .timeout_ms = UPLOAD_TIMEOUT};
    if (abp_mastodon_call(connection, reply, &call, err) != 0)
        return -1;
    if (!abp_mastodon_lacks(reply))
        return 0;
    abp_mastodon_reply_release(reply);
    call.path = "/api/v1/media";
    return abp_mastodon_call(connection, reply, &call, err);
}

/* What an answer that holds no image means. A refusal is for good: it takes the server's own word,
 * or one on the image's size. */
static void explain(struct abp_outcome *outcome, const struct abp_mastodon_reply *reply,
                    const struct abp_media *media, int64_t now)
{
    int64_t later = reply->retry_at > now ? reply->retry_at : now + LATER;
    if (abp_mastodon_answered(reply, 401) || abp_mastodon_answered(reply, 403)) {
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, 0,
                             "the server does not let this token upload images (write:media): %s",
                             reply->words);
        outcome->sign_in = 1;
    } else if (abp_mastodon_answered(reply, 413) ||
               (abp_mastodon_explained(reply) &&
                (abp_mastodon_answered(reply, 422) || abp_mastodon_answered(reply, 415) ||
                 abp_mastodon_answered(reply, 400)))) {
        abp_mastodon_outcome(outcome, ABP_FATE_REFUSED, 0,
                             "the server does not take the image %s: %s", media->path,
                             reply->words);
    } else if (abp_mastodon_explained(reply) && abp_mastodon_lacks(reply)) {
        abp_mastodon_outcome(outcome, ABP_FATE_REFUSED, 0, "the server takes no images: %s",
                             reply->words);
    } else {
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, later,
                             "the image %s could not be uploaded: %s", media->path, reply->words);
    }
}

/* 1: an attachment with something to show; 0: it is not ready yet. */
static int is_ready(const json_t *attachment)
{
    const char *url = abp_mastodon_string(attachment, "url");
    return url && *url;
}

/* One look. 1: ready, 0: not yet, -1 with outcome filled. */
static int look(struct abp_connection *connection, const char *id, const struct abp_media *media,
                struct abp_outcome *outcome)
{
    struct abp_mastodon_reply reply;
    struct abp_error err = {0};
    char path[ABP_MASTODON_ID_SIZE + 32];
    int64_t now = connection->now(connection->now_context);
    snprintf(path, sizeof path, "/api/v1/media/%s", id);
    if (abp_mastodon_get(connection, &reply, path, &err) != 0) {
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, 0, "%s", err.message);
        return -1;
    }
    int rc = 0;
    if (abp_mastodon_answered(&reply, 200))
        rc = is_ready(reply.json);
    else if (abp_mastodon_lacks(&reply))
        rc = 1; /* a server that can't be asked says it when the status is sent */
    else if (!abp_mastodon_accepted(&reply)) {
        explain(outcome, &reply, media, now);
        rc = -1;
    }
    abp_mastodon_reply_release(&reply);
    return rc;
}

static int wait_until_ready(struct abp_connection *connection, const char *id,
                            const struct abp_media *media, struct abp_outcome *outcome)
{
    const struct abp_mastodon *state = connection->state;
    long pause = FIRST_PAUSE;
    for (int i = 0; i < LOOKS; i++) {
        state->pause(pause);
        int ready = look(connection, id, media, outcome);
        if (ready != 0)
            return ready > 0 ? 0 : -1;
        pause = pause * 2 > LONGEST_PAUSE ? LONGEST_PAUSE : pause * 2;
    }
    abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT,
                         connection->now(connection->now_context) + LATER,
                         "the server is still at work on the image %s", media->path);
    return -1;
}

/* The answer to an upload. */
static int take_upload(struct abp_connection *connection, char id[ABP_MASTODON_ID_SIZE],
                       const struct abp_mastodon_reply *reply, const struct abp_media *media,
                       struct abp_outcome *outcome)
{
    int64_t now = connection->now(connection->now_context);
    const char *type = abp_mastodon_string(reply->json, "type");
    const char *given = abp_mastodon_id(reply->json, "id", ABP_MASTODON_ID_SIZE);
    if (!abp_mastodon_accepted(reply)) {
        explain(outcome, reply, media, now);
        return -1;
    }
    if (!given) {
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, now + LATER,
                             "the server took the image %s and gave it no usable id", media->path);
        return -1;
    }
    if (reply->status == 200 && type && strcmp(type, "unknown") == 0) {
        abp_mastodon_outcome(outcome, ABP_FATE_REFUSED, 0,
                             "the server can't make anything of the image %s", media->path);
        return -1;
    }
    snprintf(id, ABP_MASTODON_ID_SIZE, "%s", given);
    return is_ready(reply->json) ? 0 : wait_until_ready(connection, id, media, outcome);
}

int abp_mastodon_upload(struct abp_connection *connection, char id[ABP_MASTODON_ID_SIZE],
                        const struct abp_media *media, const char *key, size_t number,
                        struct abp_outcome *outcome)
{
    struct abp_mastodon_reply reply = {0};
    struct abp_error err = {0};
    char name[64];
    size_t len = 0;
    char *data = read_image(media, &len, connection->now(connection->now_context), outcome);
    if (!data)
        return -1;
    /* A name that no other image has: snac keeps images by the name they came with. It also tells
     * nobody what the file is called here. */
    snprintf(name, sizeof name, "%.32s-%zu.%.8s", key, number + 1,
             strncmp(media->type, "image/", 6) == 0 ? media->type + 6 : "bin");
    struct abp_http_part parts[] = {
        {.name = "file", .filename = name, .content_type = media->type, .data = data, .len = len},
        {.name = "description", .data = media->alt, .len = strlen(media->alt)},
    };
    int rc = post_image(connection, &reply, parts, &err);
    free(data);
    if (rc == 0) {
        rc = take_upload(connection, id, &reply, media, outcome);
    } else {
        abp_mastodon_outcome(outcome, ABP_FATE_NOT_SENT, 0, "%s", err.message);
        outcome->sign_in = err.code == ABP_PERSON;
        outcome->local = err.code == ABP_FAILED;
    }
    abp_mastodon_reply_release(&reply);
    return rc;
}
