/* Text at the edge: UTF-8 validation, strict numbers, near names. */
#ifndef ABPOST_TEXT_H
#define ABPOST_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* Offset of the first byte that is not part of valid UTF-8 (overlong forms, surrogates and NUL are
 * not valid), or len when all of it is. */
size_t abp_utf8_invalid_at(const char *text, size_t len);

/* 1: a reader sees this character, or it joins others into one that is seen. 0: it steers
 * (controls, line and paragraph ends, what turns the direction of writing around) or is none. */
int abp_is_harmless(int32_t code);

/* The whole of text as a finite decimal number ("12", "-0.5", "1e6"; no hex, no blanks, no inf or
 * nan, no locale). 0, or -1 when it is not one or overflows. */
int abp_parse_double(const char *text, double *value);
/* The whole of text as a decimal integer within 64 bits. 0 or -1. */
int abp_parse_int64(const char *text, int64_t *value);

/* The candidate nearest to text by edit distance (ASCII case ignored), or NULL when none is near
 * enough to be what was meant: at most a third of the length off, at least 1. Failing that,
 * the only one that starts with text ("negbinom"). `count` strings, borrowed. */
const char *abp_suggest(const char *text, const char *const *candidates, size_t count);

/* A copy the caller frees, or NULL when memory is out. */
char *abp_strndup(const char *text, size_t len);
char *abp_strdup(const char *text);

/* Removes ASCII blanks at both ends in place, returns the new start inside text. */
char *abp_trim(char *text);

/* 1 when a and b are equal but for ASCII case. */
int abp_equal_nocase(const char *a, const char *b);

#define ABP_SHOWN_SIZE 68

/* text as a message quotes it: cut after 60 bytes or so, at a character, with "..." then. Returns
 * out, of ABP_SHOWN_SIZE bytes. */
const char *abp_shown(char *out, const char *text);

#define ABP_HINT_SIZE 96

/* " (did you mean 'x'?)" when one of the candidates is near text, else "". Returns out, of
 * ABP_HINT_SIZE bytes. */
const char *abp_hint(char *out, const char *text, const char *const *candidates, size_t count);

#endif
