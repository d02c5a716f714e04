/* Names as numbers, in the order in which they first come; found again in constant time. */
#ifndef ABP_STORE_INTERN_H
#define ABP_STORE_INTERN_H

#include "abpost/error.h"
#include "abpost/terms.h"

#include <stdint.h>

/* Zero-initialise; release when done. */
struct abp_intern {
    struct abp_names names; /* owned; may be taken (then zero it) before the release */
    size_t capacity;        /* of names.list */
    uint32_t *slots;        /* owned; a hash table of indices + 1, 0: empty */
    size_t slot_count;      /* a power of two */
};

/* The index of text, which is added (copied) when it is new. */
int abp_intern(uint32_t *index, struct abp_intern *intern, const char *text,
               struct abp_error *err) ABP_MUST_CHECK;
void abp_intern_release(struct abp_intern *intern);
void abp_intern_release_names(struct abp_names *names);

/* FNV-1a, folded to its better half. */
uint64_t abp_hash_text(const char *text);

#endif
