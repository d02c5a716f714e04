/* A list of records as JSON or CSV: what the smaller commands answer to --format. */
#ifndef ABPOST_CLI_LIST_H
#define ABPOST_CLI_LIST_H

#include "command.h"

#include "abpost/buffer.h"

/* One field: text (NULL: null in JSON, empty in CSV), or a number where is_number is not 0. */
struct abp_field {
    const char *text; /* borrowed */
    int64_t number;
    int is_number;
};

struct abp_list {
    const struct abp_env *env; /* borrowed */
    enum abp_format format;    /* JSON or CSV */
    const char *const *names;  /* borrowed; of the fields */
    size_t field_count, rows;
    struct abp_buffer buf; /* owned */
};

/* Begins {"schema": SCHEMA, "as_of": ..., MEMBER: [...]}, or the CSV header. */
void abp_list_begin(struct abp_list *list, const struct abp_env *env, enum abp_format format,
                    const char *schema, const char *member, const char *const *names,
                    size_t field_count);
/* One record of field_count fields. */
void abp_list_add(struct abp_list *list, const struct abp_field *fields);
/* Writes it and releases the list. Fails like abp_emit(). */
int abp_list_end(struct abp_list *list, struct abp_error *err) ABP_MUST_CHECK;

#endif
