#include "store/intern.h"

#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

uint64_t abp_hash_text(const char *text)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash ^ (hash >> 32);
}

/* The slot that holds text, or the empty one where it belongs. */
static size_t find(const struct abp_intern *intern, const char *text)
{
    size_t mask = intern->slot_count - 1;
    size_t at = (size_t)abp_hash_text(text) & mask;
    while (intern->slots[at] && strcmp(intern->names.list[intern->slots[at] - 1], text) != 0)
        at = (at + 1) & mask;
    return at;
}

/* Room for one more: at most half of the slots are taken. */
static int grow(struct abp_intern *intern)
{
    size_t capacity = intern->capacity ? intern->capacity * 2 : 8;
    char **list = realloc(intern->names.list, capacity * sizeof *list);
    if (!list)
        return -1;
    intern->names.list = list;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (!slots)
        return -1;
    free(intern->slots);
    intern->slots = slots;
    intern->slot_count = capacity * 2;
    intern->capacity = capacity;
    for (size_t i = 0; i < intern->names.count; i++)
        slots[find(intern, list[i])] = (uint32_t)i + 1;
    return 0;
}

int abp_intern(uint32_t *index, struct abp_intern *intern, const char *text, struct abp_error *err)
{
    struct abp_names *names = &intern->names;
    if (names->count == UINT32_MAX - 1)
        return abp_fail(err, ABP_DATA, "more than %lu names", (unsigned long)UINT32_MAX);
    if (names->count == intern->capacity && grow(intern) != 0)
        return abp_fail_memory(err);
    size_t at = find(intern, text);
    if (!intern->slots[at]) {
        char *copy = abp_strdup(text);
        if (!copy)
            return abp_fail_memory(err);
        names->list[names->count++] = copy;
        intern->slots[at] = (uint32_t)names->count;
    }
    *index = intern->slots[at] - 1;
    return 0;
}

void abp_intern_release_names(struct abp_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    memset(names, 0, sizeof *names);
}

void abp_intern_release(struct abp_intern *intern)
{
    abp_intern_release_names(&intern->names);
    free(intern->slots);
    memset(intern, 0, sizeof *intern);
}
