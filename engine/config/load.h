/* A whole file into memory. */
#ifndef ABP_CONFIG_LOAD_H
#define ABP_CONFIG_LOAD_H

#include "config/mistakes.h"

/* The whole of a regular file of at most max bytes, which text must have room for. what: as
 * messages say it, "an INI file". 0, or -1 with what is wrong logged (then the file is at fault) or
 * err filled and nothing logged (then the machine is). */
int abp_file_load(struct abp_buffer *text, const char *path, size_t max, const char *what,
                  struct abp_mistake_log *log, struct abp_error *err) ABP_MUST_CHECK;

#endif
