#include "list.h"

#include "encode.h"
#include "screen.h"

#include "abpost/time.h"

#include <string.h>

#define MAX_LIST ((size_t)1 << 28)

void abp_list_begin(struct abp_list *list, const struct abp_env *env, enum abp_format format,
                    const char *schema, const char *member, const char *const *names,
                    size_t field_count)
{
    memset(list, 0, sizeof *list);
    list->env = env;
    list->format = format;
    list->names = names;
    list->field_count = field_count;
    abp_buffer_init(&list->buf, MAX_LIST);
    if (format == ABP_JSON) {
        char when[ABP_TIME_SIZE];
        abp_time_format(when, env->now(env->context));
        abp_buffer_printf(&list->buf, "{\"schema\":\"%s\",\"as_of\":\"%s\",\"%s\":[", schema, when,
                          member);
        return;
    }
    for (size_t i = 0; i < field_count; i++)
        abp_buffer_printf(&list->buf, "%s%s", i ? "," : "", names[i]);
    abp_buffer_byte(&list->buf, '\n');
}

static json_t *json_field(const struct abp_field *field)
{
    return field->is_number ? json_integer(field->number) : abp_json_text(field->text);
}

void abp_list_add(struct abp_list *list, const struct abp_field *fields)
{
    struct abp_buffer *buf = &list->buf;
    json_t *object = list->format == ABP_JSON ? json_object() : NULL;
    for (size_t i = 0; i < list->field_count; i++) {
        if (object) {
            json_object_set_new(object, list->names[i], json_field(&fields[i]));
            continue;
        }
        if (i)
            abp_buffer_byte(buf, ',');
        if (fields[i].is_number)
            abp_buffer_printf(buf, "%lld", (long long)fields[i].number);
        else
            abp_put_csv(buf, list->env, fields[i].text);
    }
    if (list->format == ABP_JSON) {
        abp_buffer_add(buf, list->rows ? ",\n" : "\n");
        abp_put_json(buf, object);
    } else {
        abp_buffer_byte(buf, '\n');
    }
    list->rows++;
}

int abp_list_end(struct abp_list *list, struct abp_error *err)
{
    if (list->format == ABP_JSON)
        abp_buffer_add(&list->buf, "\n]}\n");
    int rc = abp_emit(list->env, &list->buf, err);
    abp_buffer_release(&list->buf);
    return rc;
}
