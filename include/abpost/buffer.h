/* A growing byte buffer with a cap from birth. Errors stick: after the first failure every append
 * is a no-op that returns -1, so a writer may append many times and check once. */
#ifndef ABPOST_BUFFER_H
#define ABPOST_BUFFER_H

#include "abpost/error.h"

#include <stdarg.h>
#include <stddef.h>

struct abp_buffer {
    char *data;      /* owned; always NUL-terminated at data[len] once something was appended */
    size_t len;      /* bytes, without the NUL */
    size_t capacity; /* bytes allocated */
    size_t max;      /* most bytes it may ever hold, without the NUL */
    int failed;      /* 1: the cap was hit or memory ran out */
};

void abp_buffer_init(struct abp_buffer *buf, size_t max);
void abp_buffer_release(struct abp_buffer *buf);
/* Empties it and clears `failed`; keeps the memory. */
void abp_buffer_reset(struct abp_buffer *buf);
/* 0, or -1 when the cap is hit or memory is out; then nothing of this call was appended. */
int abp_buffer_append(struct abp_buffer *buf, const void *bytes, size_t len);
int abp_buffer_add(struct abp_buffer *buf, const char *text);
int abp_buffer_byte(struct abp_buffer *buf, char byte);
int abp_buffer_printf(struct abp_buffer *buf, const char *format, ...) ABP_PRINTF(2, 3);
int abp_buffer_vprintf(struct abp_buffer *buf, const char *format, va_list args) ABP_PRINTF(2, 0);
/* The contents as a string, "" when nothing was appended; borrowed until the next change. */
const char *abp_buffer_text(const struct abp_buffer *buf);

#endif
