#include "config/value.h"

#include "abpost/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void abp_value_refuse(const struct abp_ini_value *value, const char *what, const char *hint)
{
    abp_log_add(value->log, value->line, "%s: %s; accepted is %s%s", value->key->name, what,
                value->key->accepted, hint);
}

void abp_value_refuse_text(const struct abp_ini_value *value, const char *what, const char *hint)
{
    char shown[ABP_SHOWN_SIZE];
    abp_log_add(value->log, value->line, "%s: '%s' %s; accepted is %s%s", value->key->name,
                abp_shown(shown, value->text), what, value->key->accepted, hint);
}

size_t abp_value_choice(const struct abp_ini_value *value, const char *const *candidates,
                        size_t count)
{
    char hint[ABP_HINT_SIZE];
    for (size_t i = 0; i < count; i++)
        if (strcmp(value->text, candidates[i]) == 0)
            return i;
    abp_value_refuse_text(value, "is unknown", abp_hint(hint, value->text, candidates, count));
    return count;
}

void abp_value_keep(char **field, const char *text, size_t len, const struct abp_ini_value *value)
{
    free(*field);
    *field = abp_strndup(text, len);
    if (!*field)
        value->log->no_memory = 1;
}

void abp_value_keep_path(char **field, const char *text, const struct abp_ini_value *value)
{
    if (text[0] == '\0' || text[0] == '~') {
        abp_value_refuse(value, text[0] ? "~ is not replaced by a folder" : "the path is empty",
                         "");
        return;
    }
    struct abp_buffer path;
    abp_buffer_init(&path, 8192);
    int rc = text[0] == '/' ? abp_buffer_add(&path, text)
                            : abp_buffer_printf(&path, "%s%s%s", value->folder,
                                                strcmp(value->folder, "/") == 0 ? "" : "/", text);
    if (rc == 0)
        abp_value_keep(field, path.data, path.len, value);
    else
        abp_value_refuse(value, "the path is too long", "");
    abp_buffer_release(&path);
}

void abp_read_text(void *field, const struct abp_ini_value *value)
{
    abp_value_keep(field, value->text, strlen(value->text), value);
}

void abp_read_path(void *field, const struct abp_ini_value *value)
{
    abp_value_keep_path(field, value->text, value);
}

void abp_read_glob(void *field, const struct abp_ini_value *value)
{
    if (value->text[0] == '~')
        abp_value_refuse(value, "~ is not replaced by a folder", "");
    else
        abp_read_text(field, value);
}

/* 1 when number is within the key's range. */
static int in_range(const struct abp_ini_key *key, double number)
{
    int above = key->bounds & ABP_INI_ABOVE_MIN ? number > key->min : number >= key->min;
    int below = key->bounds & ABP_INI_BELOW_MAX ? number < key->max : number <= key->max;
    return above && below;
}

void abp_read_duration(void *field, const struct abp_ini_value *value)
{
    int64_t seconds;
    if (abp_duration_parse(&seconds, value->text) != 0)
        abp_value_refuse_text(value, "is not a length of time", "");
    else if (!in_range(value->key, (double)seconds))
        abp_value_refuse_text(value, "is out of range", "");
    else
        *(int64_t *)field = seconds;
}

void abp_read_integer(void *field, const struct abp_ini_value *value)
{
    int64_t number;
    if (abp_parse_int64(value->text, &number) != 0)
        abp_value_refuse_text(value, "is not a whole number", "");
    else if (!in_range(value->key, (double)number))
        abp_value_refuse_text(value, "is out of range", "");
    else
        *(int64_t *)field = number;
}

void abp_read_number(void *field, const struct abp_ini_value *value)
{
    double number;
    if (abp_parse_double(value->text, &number) != 0)
        abp_value_refuse_text(value, "is not a number", "");
    else if (!in_range(value->key, number))
        abp_value_refuse_text(value, "is out of range", "");
    else
        *(double *)field = number;
}

int abp_share_parse(double *share, const char *text)
{
    char number[64];
    double v;
    size_t len = strlen(text);
    int percent = len > 0 && text[len - 1] == '%';
    if (percent)
        len--;
    while (percent && len > 0 && text[len - 1] == ' ')
        len--;
    if (len >= sizeof number)
        return -1;
    memcpy(number, text, len);
    number[len] = '\0';
    if (abp_parse_double(number, &v) != 0 || v < 0 || (!percent && v > 1))
        return -1;
    *share = percent ? v / 100 : v;
    return 0;
}

void abp_read_share(void *field, const struct abp_ini_value *value)
{
    double share, number;
    if (abp_share_parse(&share, value->text) == 0) {
        if (in_range(value->key, share))
            *(double *)field = share;
        else
            abp_value_refuse_text(value, "is out of range", "");
        return;
    }
    char hint[ABP_HINT_SIZE] = "";
    if (strlen(value->text) < 16 && abp_parse_double(value->text, &number) == 0 &&
        in_range(value->key, number / 100))
        snprintf(hint, sizeof hint, " (did you mean '%s%%'?)", value->text);
    abp_value_refuse_text(value, "is not a share", hint);
}

void abp_read_yes_no(void *field, const struct abp_ini_value *value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on"};
    size_t i = abp_value_choice(value, words, 6);
    if (i < 6)
        *(int *)field = (int)(i % 2);
}
