/* Names that a reader takes for one and a program for two. */
#ifndef ABPOST_ALIKE_H
#define ABPOST_ALIKE_H

#include "abpost/error.h"

#include <stddef.h>

/* What of the names differs in capitals, blanks, invisible characters or the make-up of its letters
 * alone ("Story" and "story", an accent as a letter of its own): *pairs counts the names that are
 * so like an earlier one; first and second are the places of one such pair, where there is one.
 * count valid UTF-8 strings, borrowed. -1: no memory. */
int abp_find_alike(size_t *pairs, size_t *first, size_t *second, const char *const *names,
                   size_t count, struct abp_error *err) ABP_MUST_CHECK;

#endif
