/* Weighted sums of named numbers, and lists of names: what experiment files say of readings. */
#ifndef ABPOST_TERMS_H
#define ABPOST_TERMS_H

#include <stddef.h>

struct abp_term {
    double weight; /* finite, not 0 */
    char *name;    /* a metric, or a column */
};

/* A weighted sum: "3*replies + likes". Terms are joined by + or -, each NAME or NUMBER*NAME, no
 * name twice. A name is letters, digits, _ and . and does not begin with a digit; a column's may
 * have single blanks inside; any other stands in double quotes ("" for a quotation mark). "a-b"
 * without blanks is refused: it may be a name. */
struct abp_sum {
    struct abp_term *terms; /* owned */
    size_t count;           /* 0: the key is absent */
};

struct abp_names {
    char **list; /* owned */
    size_t count;
};

#endif
