/* The mistakes of one file, while it is being read. */
#ifndef ABP_CONFIG_MISTAKES_H
#define ABP_CONFIG_MISTAKES_H

#include "abpost/config.h"
#include "abpost/text.h"

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

#endif
