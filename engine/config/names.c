/* Names alone and in lists. */
#include "config/value.h"

#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

void abp_names_release(struct abp_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->list[i]);
    free(names->list);
    memset(names, 0, sizeof *names);
}

int abp_names_add(struct abp_names *names, char *name, const struct abp_ini_value *value)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->list[i], name) == 0) {
            char shown[ABP_SHOWN_SIZE];
            abp_log_add(value->log, value->line, "%s: '%s' stands there twice; accepted is %s",
                        value->key->name, abp_shown(shown, name), value->key->accepted);
            free(name);
            return -1;
        }
    char **list = realloc(names->list, (names->count + 1) * sizeof *list);
    if (!list) {
        value->log->no_memory = 1;
        free(name);
        return -1;
    }
    names->list = list;
    list[names->count++] = name;
    return 0;
}

char *abp_take_quoted(const char **p, const struct abp_ini_value *value)
{
    const char *s = *p + 1;
    char *name = malloc(strlen(s) + 1);
    size_t len = 0;
    if (!name) {
        value->log->no_memory = 1;
        return NULL;
    }
    for (; *s && (*s != '"' || s[1] == '"'); s++) {
        name[len++] = *s;
        s += *s == '"';
    }
    if (*s == '\0' || len == 0) {
        abp_value_refuse_text(
            value, *s ? "has empty quotation marks" : "has a quotation mark that is not closed",
            "");
        free(name);
        return NULL;
    }
    name[len] = '\0';
    *p = s + 1;
    return name;
}

/* The next item of a list separated by commas; *p moves to the comma or the end. NULL when refused.
 */
static char *take_item(const char **p, const struct abp_ini_value *value)
{
    *p += strspn(*p, " \t");
    if (**p == '"') {
        char *name = abp_take_quoted(p, value);
        *p += strspn(*p, " \t");
        if (name && **p != '\0' && **p != ',') {
            abp_value_refuse_text(value, "has text after a closing quotation mark", "");
            free(name);
            return NULL;
        }
        return name;
    }
    size_t len = strcspn(*p, ",");
    size_t kept = len;
    while (kept > 0 && ((*p)[kept - 1] == ' ' || (*p)[kept - 1] == '\t'))
        kept--;
    if (kept == 0) {
        abp_value_refuse_text(value, "has a comma without a name before or after it", "");
        return NULL;
    }
    char *name = abp_strndup(*p, kept);
    if (!name)
        value->log->no_memory = 1;
    *p += len;
    return name;
}

static void read_list(struct abp_names *names, const struct abp_ini_value *value)
{
    const char *p = value->text;
    abp_names_release(names);
    for (;;) {
        char *name = take_item(&p, value);
        if (!name || abp_names_add(names, name, value) != 0 || *p == '\0')
            return;
        p++; /* the comma: an item follows */
    }
}

void abp_read_names(void *field, const struct abp_ini_value *value)
{
    read_list(field, value);
}

int abp_is_channel_name(const char *text)
{
    for (const char *p = text; *p; p++) {
        unsigned char c = (unsigned char)*p;
        int letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80u;
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '.')
            return 0;
    }
    return *text != '\0' && *text != '.'; /* a folder may be named after it */
}

void abp_read_channels(void *field, const struct abp_ini_value *value)
{
    struct abp_names *names = field;
    read_list(names, value);
    for (size_t i = 0; i < names->count; i++)
        if (!abp_is_channel_name(names->list[i])) {
            abp_value_refuse_text(value, "holds something that is no channel's name", "");
            return;
        }
}

void abp_read_column(void *field, const struct abp_ini_value *value)
{
    const char *p = value->text;
    if (*p != '"') {
        abp_read_text(field, value);
        return;
    }
    char *name = abp_take_quoted(&p, value);
    if (name && *p != '\0')
        abp_value_refuse_text(value, "has text after a closing quotation mark", "");
    else if (name)
        abp_value_keep(field, name, strlen(name), value);
    free(name);
}
