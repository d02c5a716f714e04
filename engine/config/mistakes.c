#include "config/mistakes.h"

#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 2000

void abp_mistakes_release(struct abp_mistakes *mistakes)
{
    if (!mistakes)
        return;
    for (size_t i = 0; i < mistakes->count; i++) {
        free(mistakes->list[i].file);
        free(mistakes->list[i].message);
    }
    free(mistakes->list);
    memset(mistakes, 0, sizeof *mistakes);
}

static int add(struct abp_mistakes *mistakes, const char *file, long line, const char *format,
               va_list args) ABP_PRINTF(4, 0);

static int add(struct abp_mistakes *mistakes, const char *file, long line, const char *format,
               va_list args)
{
    struct abp_mistake *list =
        realloc(mistakes->list, (mistakes->count + 1) * sizeof *mistakes->list);
    if (!list)
        return -1;
    mistakes->list = list;
    struct abp_buffer message;
    abp_buffer_init(&message, MESSAGE_MAX);
    /* A message longer than the cap loses its text, never its place. */
    if (abp_buffer_vprintf(&message, format, args) != 0)
        abp_buffer_reset(&message);
    struct abp_mistake mistake = {
        .file = abp_strdup(file), .line = line, .message = abp_strdup(abp_buffer_text(&message))};
    abp_buffer_release(&message);
    if (!mistake.file || !mistake.message) {
        free(mistake.file);
        free(mistake.message);
        return -1;
    }
    mistakes->list[mistakes->count++] = mistake;
    return 0;
}

int abp_mistakes_add(struct abp_mistakes *mistakes, const char *file, long line, const char *format,
                     ...)
{
    va_list args;
    va_start(args, format);
    int rc = add(mistakes, file, line, format, args);
    va_end(args);
    return rc;
}

int abp_mistake_print(struct abp_buffer *out, const struct abp_mistake *mistake)
{
    if (mistake->line > 0)
        return abp_buffer_printf(out, "%s:%ld: %s", mistake->file, mistake->line, mistake->message);
    return abp_buffer_printf(out, "%s: %s", mistake->file, mistake->message);
}

void abp_log_begin(struct abp_mistake_log *log, struct abp_mistakes *mistakes, const char *file)
{
    memset(log, 0, sizeof *log);
    log->mistakes = mistakes;
    log->file = file;
    log->first = mistakes->count;
}

int abp_log_full(const struct abp_mistake_log *log)
{
    return log->found >= ABP_MISTAKES_MAX;
}

void abp_log_add(struct abp_mistake_log *log, long line, const char *format, ...)
{
    int full = abp_log_full(log);
    log->found++;
    if (full)
        return;
    va_list args;
    va_start(args, format);
    if (add(log->mistakes, log->file, line, format, args) != 0)
        log->no_memory = 1;
    va_end(args);
}

/* Insertion keeps mistakes of one line in the order in which they were found. */
static void sort_by_line(struct abp_mistake *list, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct abp_mistake moving = list[i];
        size_t j = i;
        for (; j > 0 && list[j - 1].line > moving.line; j--)
            list[j] = list[j - 1];
        list[j] = moving;
    }
}

int abp_log_end(struct abp_mistake_log *log, struct abp_error *err)
{
    struct abp_mistakes *mistakes = log->mistakes;
    if (log->no_memory)
        return abp_fail_memory(err);
    if (log->found == 0)
        return 0;
    sort_by_line(mistakes->list + log->first, mistakes->count - log->first);
    if (log->found > ABP_MISTAKES_MAX &&
        abp_mistakes_add(mistakes, log->file, 0, "at least %zu more mistakes, not listed",
                         log->found - ABP_MISTAKES_MAX) != 0)
        return abp_fail_memory(err);
    const struct abp_mistake *first = &mistakes->list[log->first];
    if (log->found == 1)
        return abp_fail_at(err, ABP_DATA, first->file, first->line, "%s", first->message);
    return abp_fail_at(err, ABP_DATA, first->file, first->line, "%s (the first of %zu mistakes)",
                       first->message, log->found);
}
