/* Results into a file. */
#ifndef ABPOST_CLI_OUTPUT_H
#define ABPOST_CLI_OUTPUT_H

#include "abpost/buffer.h"

/* Puts the buffer's contents at path: through a file beside it that takes its place, so that
 * whoever looks, and whatever happens, sees the old contents or the new ones. What is no ordinary
 * file (a pipe, a terminal) is written to as it is. A new file has mode 0666 less the umask. -1:
 * ABP_FAILED, with the path and why. */
int abp_output_write(const char *path, const struct abp_buffer *buf,
                     struct abp_error *err) ABP_MUST_CHECK;

#endif
