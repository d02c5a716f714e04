/* Errors as arguments: every function that can fail takes a `struct abp_error *` last, owned by the
 * caller, and returns 0 or -1. On -1 the error is filled; on 0 it is untouched. */
#ifndef ABPOST_ERROR_H
#define ABPOST_ERROR_H

#if defined(__GNUC__)
#define ABP_MUST_CHECK      __attribute__((warn_unused_result))
#define ABP_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))
#else
#define ABP_MUST_CHECK
#define ABP_PRINTF(fmt, va)
#endif

/* What went wrong, as a kind; abp_exit_status() maps each to the documented exit status. */
enum abp_code {
    ABP_OK = 0,
    ABP_FAILED,      /* 1: the machine let us down: memory, disk, a locked store */
    ABP_USAGE,       /* 2: the command line was not understood */
    ABP_PERSON,      /* 3: something needs a person */
    ABP_DATA,        /* 65: bad configuration or data */
    ABP_UNREACHABLE, /* 69: a platform can't be reached */
    ABP_BUG          /* 70: an internal contradiction */
};

struct abp_error {
    enum abp_code code;
    long http_status;   /* 0: no HTTP answer was involved */
    long line;          /* line in `file`, from 1; 0: none */
    char file[256];     /* "" : no file; cut from the left when longer */
    char message[1024]; /* one sentence: what is wrong; what to do. Valid UTF-8, no newline at the
                           end */
};

void abp_error_clear(struct abp_error *err);

/* Fills err (which may be NULL) and returns -1, so that `return abp_fail(err, ...)` reads well. A
 * message that is too long ends in "...". Clears file, line and http_status. */
int abp_fail(struct abp_error *err, enum abp_code code, const char *format, ...) ABP_PRINTF(3, 4);

/* The same with a place. file may be NULL. */
int abp_fail_at(struct abp_error *err, enum abp_code code, const char *file, long line,
                const char *format, ...) ABP_PRINTF(5, 6);

/* What a person can do about a file operation that failed with this errno, without a full stop:
 * "make room on the disk, or raise its limit", ... A literal. */
const char *abp_remedy(int system_errno);

/* The standard "out of memory" failure. */
int abp_fail_memory(struct abp_error *err);

#ifdef __clang_analyzer__
/* It reads one file at a time; so it knows that each of the three returns -1. */
static inline int abp_failed(void)
{
    return -1;
}
#define abp_fail(...)        (abp_fail(__VA_ARGS__), abp_failed())
#define abp_fail_at(...)     (abp_fail_at(__VA_ARGS__), abp_failed())
#define abp_fail_memory(...) (abp_fail_memory(__VA_ARGS__), abp_failed())
#endif

/* Exit status of interface.md: 0, 1, 2, 3, 65, 69, 70. */
int abp_exit_status(enum abp_code code);

#endif
