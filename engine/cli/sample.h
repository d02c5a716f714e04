/* The files of a new workspace. */
#ifndef ABPOST_CLI_SAMPLE_H
#define ABPOST_CLI_SAMPLE_H

#include <stddef.h>

struct abp_sample_file {
    const char *path; /* from the workspace's folder */
    const char *purpose;
    const char *text;
    int may_exist;      /* 1: one that is there already is left as it is */
    const char *advice; /* where may_exist: what to do then */
};

#define ABP_SAMPLE_COUNT ((size_t)9)

extern const struct abp_sample_file abp_sample_files[ABP_SAMPLE_COUNT];

#endif
