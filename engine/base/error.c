#include "abpost/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Macros only for the analyzer's eyes. */
#undef abp_fail
#undef abp_fail_at
#undef abp_fail_memory

void abp_error_clear(struct abp_error *err)
{
    if (err)
        memset(err, 0, sizeof *err);
}

/* Drops a UTF-8 sequence that vsnprintf cut in half at the end of text[0..len). */
static size_t whole_characters(const char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0u) == 0x80u)
        start--;
    if (start == 0)
        return 0;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t need = lead < 0x80u ? 1 : lead >= 0xF0u ? 4 : lead >= 0xE0u ? 3 : 2;
    return len - (start - 1) >= need ? len : start - 1;
}

ABP_PRINTF(2, 0) static void set_message(struct abp_error *err, const char *format, va_list args)
{
    int n = vsnprintf(err->message, sizeof err->message, format, args);
    if (n < 0) {
        err->message[0] = '\0';
    } else if ((size_t)n >= sizeof err->message) {
        size_t len = whole_characters(err->message, sizeof err->message - 4);
        memcpy(err->message + len, "...", 4);
    }
}

static void set_file(struct abp_error *err, const char *file)
{
    size_t len = file ? strlen(file) : 0;
    if (len >= sizeof err->file)
        file += len - (sizeof err->file - 1);
    snprintf(err->file, sizeof err->file, "%s", len ? file : "");
}

int abp_fail(struct abp_error *err, enum abp_code code, const char *format, ...)
{
    if (!err)
        return -1;
    va_list args;
    abp_error_clear(err);
    err->code = code;
    va_start(args, format);
    set_message(err, format, args);
    va_end(args);
    return -1;
}

int abp_fail_at(struct abp_error *err, enum abp_code code, const char *file, long line,
                const char *format, ...)
{
    if (!err)
        return -1;
    va_list args;
    abp_error_clear(err);
    err->code = code;
    err->line = line;
    set_file(err, file);
    va_start(args, format);
    set_message(err, format, args);
    va_end(args);
    return -1;
}

const char *abp_remedy(int system_errno)
{
    switch (system_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return "make room on the disk, or raise its limit";
    case EACCES:
    case EPERM:
    case EROFS:
        return "check who owns it and its folder, and that both may be written to";
    case EMFILE:
    case ENFILE:
        return "too many files are open; close some programs";
    default:
        return "check the disk, and that its folder is there";
    }
}

int abp_fail_memory(struct abp_error *err)
{
    return abp_fail(err, ABP_FAILED, "out of memory");
}

int abp_exit_status(enum abp_code code)
{
    switch (code) {
    case ABP_OK:
        return 0;
    case ABP_FAILED:
        return 1;
    case ABP_USAGE:
        return 2;
    case ABP_PERSON:
        return 3;
    case ABP_DATA:
        return 65;
    case ABP_UNREACHABLE:
        return 69;
    case ABP_BUG:
        break;
    }
    return 70;
}
