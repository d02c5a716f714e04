/* Text from outside as JSON and CSV. */
#ifndef ABPOST_CLI_ENCODE_H
#define ABPOST_CLI_ENCODE_H

#include "abpost/buffer.h"
#include "abpost/env.h"
#include "abpost/result.h"

#include <jansson.h>

/* A new JSON string, or null for NULL; bytes that are not UTF-8 become U+FFFD. NULL: out of memory.
 */
json_t *abp_json_text(const char *text);
/* Appends a value and drops the reference to it; a NULL value fails the buffer. ASCII only, on one
 * line: a name full of control characters stays harmless wherever the file is shown. */
void abp_put_json(struct abp_buffer *buf, json_t *value);

/* {posts, weeks, p_decided, by}, or null where there is no forecast. */
json_t *abp_json_forecast(const struct abp_forecast_result *forecast);

/* Appends one field as in RFC 4180: quoted where it must be. Into a file it goes byte for byte, a
 * terminal is shown its harmless form. Nothing for NULL. */
void abp_put_csv(struct abp_buffer *buf, const struct abp_env *env, const char *text);

#endif
