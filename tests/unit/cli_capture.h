/* A world for a command whose output lands in memory. */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include "abpost/env.h"

#include <stdlib.h>
#include <string.h>

struct capture {
    struct abp_env env;
    char *out, *err; /* owned by the streams below until capture_end(), then by the capture */
    size_t out_len, err_len;
};

static int64_t capture_now(void *context)
{
    (void)context;
    return 1797735600; /* 2026-12-20T03:00:00Z */
}

static void capture_begin(struct capture *capture)
{
    memset(capture, 0, sizeof *capture);
    capture->env.now = capture_now;
    capture->env.seed = 1;
    capture->env.threads = 1;
    capture->env.directory = ".";
    capture->env.width = 80;
    capture->env.unicode = 1;
    capture->env.out = open_memstream(&capture->out, &capture->out_len);
    capture->env.err = open_memstream(&capture->err, &capture->err_len);
}

static void capture_end(struct capture *capture)
{
    fclose(capture->env.out);
    fclose(capture->env.err);
}

static void capture_release(struct capture *capture)
{
    free(capture->out);
    free(capture->err);
}

#endif
