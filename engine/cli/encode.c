#include "encode.h"

#include "screen.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

json_t *abp_json_text(const char *text)
{
    if (!text)
        return json_null();
    json_t *value = json_string(text);
    if (value)
        return value;
    struct abp_buffer fixed;
    abp_buffer_init(&fixed, 4 * strlen(text) + 1);
    while (*text) {
        utf8proc_int32_t code;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text,
                                              (utf8proc_ssize_t)strnlen(text, 4), &code);
        if (n > 0)
            abp_buffer_append(&fixed, text, (size_t)n);
        else
            abp_buffer_add(&fixed, "\xef\xbf\xbd");
        text += n > 0 ? n : 1;
    }
    value = json_string(abp_buffer_text(&fixed));
    abp_buffer_release(&fixed);
    return value;
}

void abp_put_json(struct abp_buffer *buf, json_t *value)
{
    char *text = NULL;
    if (value)
        text = json_dumps(value, JSON_ENSURE_ASCII | JSON_COMPACT | JSON_ENCODE_ANY);
    if (text)
        abp_buffer_add(buf, text);
    else
        buf->failed = 1;
    free(text);
    json_decref(value);
}

static void put_field(struct abp_buffer *buf, const char *text)
{
    size_t len = strlen(text);
    int padded = len && (text[0] == ' ' || text[len - 1] == ' ');
    if (!padded && !strpbrk(text, ",\"\r\n")) {
        abp_buffer_add(buf, text);
        return;
    }
    abp_buffer_byte(buf, '"');
    for (; *text; text++) {
        if (*text == '"')
            abp_buffer_byte(buf, '"');
        abp_buffer_byte(buf, *text);
    }
    abp_buffer_byte(buf, '"');
}

void abp_put_csv(struct abp_buffer *buf, const struct abp_env *env, const char *text)
{
    if (!text)
        return;
    if (!env->out_is_terminal) {
        put_field(buf, text);
        return;
    }
    struct abp_screen screen = abp_screen_of_output(env);
    struct abp_buffer safe;
    abp_buffer_init(&safe, buf->max);
    abp_put_text(&safe, &screen, text, 0);
    put_field(buf, abp_buffer_text(&safe));
    abp_buffer_release(&safe);
}
