#include "abpost/http.h"

#include <string.h>
#include <strings.h>

void abp_http_answer_init(struct abp_http_answer *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->fate = ABP_HTTP_NOT_SENT;
    abp_buffer_init(&answer->headers, ABP_HTTP_HEADER_MAX);
    abp_buffer_init(&answer->body, ABP_HTTP_ANSWER_MAX);
}

void abp_http_answer_release(struct abp_http_answer *answer)
{
    abp_buffer_release(&answer->headers);
    abp_buffer_release(&answer->body);
}

/* The value of a header line that has this name, its length in *len; NULL for any other line. */
static const char *value_of(const char *line, size_t line_len, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    if (line_len <= name_len || line[name_len] != ':' || strncasecmp(line, name, name_len) != 0)
        return NULL;
    const char *value = line + name_len + 1, *end = line + line_len;
    while (value < end && (*value == ' ' || *value == '\t'))
        value++;
    while (end > value && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    *len = (size_t)(end - value);
    return value;
}

const char *abp_http_header(char *out, size_t size, const struct abp_http_answer *answer,
                            const char *name)
{
    const char *line = abp_buffer_text(&answer->headers), *found = NULL;
    size_t found_len = 0;
    while (*line) {
        size_t line_len = strcspn(line, "\n"), len;
        const char *value = value_of(line, line_len, name, &len);
        if (value) {
            found = value;
            found_len = len;
        }
        line += line_len + (line[line_len] == '\n');
    }
    if (!found)
        return NULL;
    if (found_len >= size)
        found_len = size - 1;
    memcpy(out, found, found_len);
    out[found_len] = '\0';
    return out;
}
