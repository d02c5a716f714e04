/* A post as its author wrote it: headers, a blank line, the text exactly as it will read. */
#ifndef ABPOST_CONTENT_H
#define ABPOST_CONTENT_H

#include <stddef.h>

#define ABP_CONTENT_MEDIA_MAX 4 /* images of one post */

struct abp_media {
    char *path;       /* owned; resolved against the workspace */
    char *alt;        /* owned; its description; "" is not accepted */
    const char *type; /* literal; "image/png", "image/jpeg", "image/gif", "image/webp", by its
                         first bytes */
    size_t size;      /* bytes of the file when it was read */
};

enum abp_approval { ABP_DRAFT, ABP_APPROVED, ABP_HELD };

struct abp_content {
    char *path;  /* owned; as found, below the workspace */
    char *topic; /* owned; the file's name without folder: the same in two variants = one topic */
    char *text;  /* owned; valid UTF-8 in NFC, without the line end of its last line; not empty
                    unless there is media */
    char *link;  /* owned; https://...; NULL: none */
    char *lang;  /* owned; BCP 47, such as "en"; NULL: none */
    enum abp_approval approval;
    struct abp_media media[ABP_CONTENT_MEDIA_MAX];
    size_t media_count;
    /* SHA-256, in hex, of the file's bytes as they are when its status line says approved and is
       the first: the same before and after abpost approve and abpost hold. */
    char digest[65];
};

void abp_content_release(struct abp_content *content);

/* What tells a content from its later self: its digest, and the sizes of its images. */
#define ABP_CONTENT_VERSION_SIZE (65 + 21 * ABP_CONTENT_MEDIA_MAX)
void abp_content_version(char version[ABP_CONTENT_VERSION_SIZE], const struct abp_content *content);
/* 1: two versions are of files that say the same; 0 also where one is none (NULL, or too short). */
int abp_content_says_the_same(const char *version, const char *other);

#endif
