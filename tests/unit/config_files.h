/* Helpers of the tests that read configuration from memory. */
#ifndef ABP_TEST_CONFIG_FILES_H
#define ABP_TEST_CONFIG_FILES_H

#include "abpost/config.h"
#include "config/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline int print_mistakes(const struct abp_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        print_message("%s:%ld: %s\n", mistakes->list[i].file, mistakes->list[i].line,
                      mistakes->list[i].message);
    return -1;
}

/* 1 when a mistake stands in that line and its message holds `part`. */
static inline int has_mistake(const struct abp_mistakes *mistakes, long line, const char *part)
{
    for (size_t i = 0; i < mistakes->count; i++)
        if (mistakes->list[i].line == line && strstr(mistakes->list[i].message, part))
            return 1;
    return 0;
}

#endif
