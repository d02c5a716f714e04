#include "abpost/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct abp_digest {
    EVP_MD_CTX *context; /* owned */
};

static int fail(struct abp_error *err)
{
    return abp_fail(err, ABP_FAILED,
                    "SHA-256 is not available; check the installation of libcrypto");
}

int abp_digest_open(struct abp_digest **out, struct abp_error *err)
{
    *out = NULL;
    struct abp_digest *digest = calloc(1, sizeof *digest);
    if (!digest || !(digest->context = EVP_MD_CTX_new())) {
        free(digest);
        return abp_fail_memory(err);
    }
    if (EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1) {
        abp_digest_close(digest);
        return fail(err);
    }
    *out = digest;
    return 0;
}

int abp_digest_add(struct abp_digest *digest, const void *bytes, size_t len, struct abp_error *err)
{
    return EVP_DigestUpdate(digest->context, bytes, len) == 1 ? 0 : fail(err);
}

int abp_digest_text(struct abp_digest *digest, const char *text, struct abp_error *err)
{
    char head[32];
    size_t len = text ? strlen(text) : 0;
    int n = text ? snprintf(head, sizeof head, "%zu:", len) : snprintf(head, sizeof head, "-");
    if (abp_digest_add(digest, head, (size_t)n, err) != 0)
        return -1;
    return text ? abp_digest_add(digest, text, len, err) : 0;
}

int abp_digest_end(char *hex, struct abp_digest *digest, struct abp_error *err)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_DigestFinal_ex(digest->context, bytes, &len) != 1 || len != 32)
        return fail(err);
    for (unsigned i = 0; i < len; i++)
        snprintf(hex + 2 * (size_t)i, 3, "%02x", bytes[i]);
    return 0;
}

void abp_digest_close(struct abp_digest *digest)
{
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}
