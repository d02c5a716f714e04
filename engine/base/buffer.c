#include "abpost/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void abp_buffer_init(struct abp_buffer *buf, size_t max)
{
    memset(buf, 0, sizeof *buf);
    buf->max = max;
}

void abp_buffer_release(struct abp_buffer *buf)
{
    if (!buf)
        return;
    free(buf->data);
    memset(buf, 0, sizeof *buf);
}

void abp_buffer_reset(struct abp_buffer *buf)
{
    buf->len = 0;
    buf->failed = 0;
    if (buf->data)
        buf->data[0] = '\0';
}

static int reserve(struct abp_buffer *buf, size_t extra)
{
    if (buf->failed || extra > buf->max - buf->len) {
        buf->failed = 1;
        return -1;
    }
    size_t need = buf->len + extra + 1;
    if (need <= buf->capacity)
        return 0;
    size_t capacity = buf->capacity ? buf->capacity : 64;
    while (capacity < need)
        capacity = capacity <= buf->max / 2 ? capacity * 2 : buf->max + 1;
    char *data = realloc(buf->data, capacity);
    if (!data) {
        buf->failed = 1;
        return -1;
    }
    buf->data = data;
    buf->capacity = capacity;
    return 0;
}

int abp_buffer_append(struct abp_buffer *buf, const void *bytes, size_t len)
{
    if (reserve(buf, len) != 0)
        return -1;
    if (len)
        memcpy(buf->data + buf->len, bytes, len);
    buf->len += len;
    buf->data[buf->len] = '\0';
    return 0;
}

int abp_buffer_add(struct abp_buffer *buf, const char *text)
{
    return abp_buffer_append(buf, text, strlen(text));
}

int abp_buffer_byte(struct abp_buffer *buf, char byte)
{
    return abp_buffer_append(buf, &byte, 1);
}

int abp_buffer_vprintf(struct abp_buffer *buf, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    int rc = -1;
    if (n >= 0 && reserve(buf, (size_t)n) == 0) {
        vsnprintf(buf->data + buf->len, (size_t)n + 1, format, again);
        buf->len += (size_t)n;
        rc = 0;
    }
    va_end(again);
    return rc;
}

int abp_buffer_printf(struct abp_buffer *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = abp_buffer_vprintf(buf, format, args);
    va_end(args);
    return rc;
}

const char *abp_buffer_text(const struct abp_buffer *buf)
{
    return buf->data ? buf->data : "";
}
