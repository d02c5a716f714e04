/* The mistakes of one file, while it is being read. */
#ifndef ABP_CONFIG_MISTAKES_H
#define ABP_CONFIG_MISTAKES_H

#include "abpost/config.h"

struct abp_mistake_log {
    struct abp_mistakes *mistakes; /* borrowed; the file's are appended */
    const char *file;              /* borrowed; as the caller named it */
    size_t first;                  /* index of the file's first mistake */
    size_t found;                  /* mistakes of this file, those beyond the cap too */
    int no_memory;                 /* 1: memory ran out at some point; abp_log_end says so */
};

void abp_log_begin(struct abp_mistake_log *log, struct abp_mistakes *mistakes, const char *file);
/* 1: what else is found is only counted, so that its words need not be put together. */
int abp_log_full(const struct abp_mistake_log *log);
void abp_log_add(struct abp_mistake_log *log, long line, const char *format, ...) ABP_PRINTF(3, 4);
/* Puts the file's mistakes in order of line. 0 when there is none; -1 with err ABP_DATA naming the
 * first, or ABP_FAILED when memory ran out. */
int abp_log_end(struct abp_mistake_log *log, struct abp_error *err) ABP_MUST_CHECK;

#define ABP_SHOWN_SIZE 68

/* text as a message quotes it: cut after 60 bytes or so, at a character, with "..." then. Returns
 * out, of ABP_SHOWN_SIZE bytes. */
const char *abp_shown(char *out, const char *text);

#define ABP_HINT_SIZE 96

/* " (did you mean 'x'?)" when one of the candidates is near text, else "". Returns out, of
 * ABP_HINT_SIZE bytes. */
const char *abp_hint(char *out, const char *text, const char *const *candidates, size_t count);

#endif
