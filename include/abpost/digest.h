/* SHA-256, piece by piece. */
#ifndef ABPOST_DIGEST_H
#define ABPOST_DIGEST_H

#include "abpost/error.h"

#include <stddef.h>

#define ABP_DIGEST_SIZE 65 /* 64 hex digits and a NUL */

struct abp_digest;

int abp_digest_open(struct abp_digest **digest, struct abp_error *err) ABP_MUST_CHECK;
int abp_digest_add(struct abp_digest *digest, const void *bytes, size_t len,
                   struct abp_error *err) ABP_MUST_CHECK;
/* A string with its length in front, so that "ab", "c" and "a", "bc" differ; NULL differs from "".
 */
int abp_digest_text(struct abp_digest *digest, const char *text,
                    struct abp_error *err) ABP_MUST_CHECK;
/* Into hex[ABP_DIGEST_SIZE]; then only close. */
int abp_digest_end(char *hex, struct abp_digest *digest, struct abp_error *err) ABP_MUST_CHECK;
void abp_digest_close(struct abp_digest *digest);

#endif
