/* The images of post files: where they may lie and what they may be. */
#ifndef ABP_CONFIG_POST_MEDIA_H
#define ABP_CONFIG_POST_MEDIA_H

#include "config/mistakes.h"

#include "abpost/content.h"

/* Fills media->path, type and size for an image that a `media` header names: a path from root,
 * which must lead to a file below root (links followed). What is wrong is logged at line; then path
 * stays NULL. 0, or -1 with err when the machine failed. */
int abp_post_media_find(struct abp_media *media, const char *named, const char *root, long line,
                        struct abp_mistake_log *log, struct abp_error *err) ABP_MUST_CHECK;

/* "image/png", ... by the first `len` bytes of a file; NULL: none of those that can be posted. */
const char *abp_media_type(const unsigned char *bytes, size_t len);

#endif
