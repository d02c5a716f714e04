#include "abpost/alike.h"

#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

struct name {
    char *plain; /* owned; what the eye takes it for */
    size_t place;
};

/* Composed, small letters, all blanks alike, one at a time and none at the ends; the caller frees.
 * NULL: no memory. */
static char *plain_of(const char *text)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)text, 0, &mapped,
                     UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT |
                         UTF8PROC_CASEFOLD | UTF8PROC_IGNORE | UTF8PROC_LUMP);
    if (n == UTF8PROC_ERROR_NOMEM)
        return NULL;
    if (n < 0)
        return abp_strdup(text);
    char *plain = (char *)mapped, *to = plain;
    for (const char *from = abp_trim(plain); *from; from++)
        if (*from != ' ' || from[1] != ' ')
            *to++ = *from;
    *to = '\0';
    return plain;
}

static int by_plain(const void *left, const void *right)
{
    const struct name *a = left, *b = right;
    int order = strcmp(a->plain, b->plain);
    if (order != 0)
        return order;
    return a->place < b->place ? -1 : a->place > b->place;
}

static void look(size_t *pairs, size_t *first, size_t *second, const struct name *list,
                 size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (strcmp(list[i].plain, list[i - 1].plain) != 0)
            continue;
        if (*pairs == 0) {
            *first = list[i - 1].place;
            *second = list[i].place;
        }
        ++*pairs;
    }
}

int abp_find_alike(size_t *pairs, size_t *first, size_t *second, const char *const *names,
                   size_t count, struct abp_error *err)
{
    int rc = 0;
    size_t made = 0;
    struct name *list = calloc(count + 1, sizeof *list);
    *pairs = *first = *second = 0;
    if (!list)
        return abp_fail_memory(err);
    for (; made < count; made++) {
        list[made] = (struct name){plain_of(names[made]), made};
        if (!list[made].plain) {
            rc = abp_fail_memory(err);
            break;
        }
    }
    if (rc == 0) {
        qsort(list, count, sizeof *list, by_plain);
        look(pairs, first, second, list, count);
    }
    for (size_t i = 0; i < made; i++)
        free(list[i].plain);
    free(list);
    return rc;
}
