#include "collect/readings_columns.h"

#include "abpost/channel.h"
#include "abpost/text.h"

#include <stdlib.h>
#include <string.h>

/* What `abpost export` writes besides, and whatever is not read from here. */
static const char *const passed_over[] = {"experiment", "variant",   "channel",   "slot",
                                          "block",      "due_at",    "posted_at", "file",
                                          "deleted_at", "edited_at", "age"};

#define PASSED_OVER (sizeof passed_over / sizeof *passed_over)

struct finding {
    struct abp_readings_columns *columns; /* borrowed, like the rest */
    const struct abp_readings_input *in;
    struct abp_mistakes *mistakes;
    const char **known; /* owned list; names that mean something: roles, then metrics */
    size_t known_count, capacity, metrics; /* metrics: the first that is one */
    size_t wrong;
    long line;
    int no_memory;
};

static void know(struct finding *f, const char *name)
{
    for (size_t i = 0; i < f->known_count; i++)
        if (strcmp(f->known[i], name) == 0)
            return;
    if (f->known_count == f->capacity) {
        size_t grown = f->capacity ? 2 * f->capacity : 64;
        const char **list = realloc(f->known, grown * sizeof *list);
        if (!list) {
            f->no_memory = 1;
            return;
        }
        f->known = list;
        f->capacity = grown;
    }
    f->known[f->known_count++] = name;
}

static void know_sum(struct finding *f, const struct abp_sum *sum)
{
    for (size_t i = 0; i < sum->count; i++)
        know(f, sum->terms[i].name);
}

static void know_channel(struct finding *f, const char *name)
{
    const struct abp_workspace *ws = f->in->ws;
    for (size_t i = 0; i < ws->channel_count; i++) {
        const struct abp_channel_ops *ops = abp_channel_ops(ws->channels[i].platform);
        if (strcmp(ws->channels[i].name, name) != 0 || !ops || !ops->metrics)
            continue;
        for (size_t m = 0; ops->metrics[m]; m++)
            know(f, ops->metrics[m]);
    }
}

static void know_all(struct finding *f, const struct abp_made_list *made)
{
    const struct abp_experiment *e = f->in->experiment;
    know(f, "post");
    know(f, "url");
    know(f, "read_at");
    for (size_t i = 0; i < PASSED_OVER; i++)
        know(f, passed_over[i]);
    f->metrics = f->known_count;
    know_sum(f, &e->outcome);
    know_sum(f, &e->exposure);
    for (size_t i = 0; i < e->decision.guardrail_count; i++)
        know_sum(f, &e->decision.guardrails[i].metric);
    for (size_t i = 0; i < e->channels.count; i++)
        know_channel(f, e->channels.list[i]);
    for (size_t i = 0; i < made->metric_count; i++)
        know(f, made->metrics[i]);
}

static void ABP_PRINTF(2, 3) wrong(struct finding *f, const char *format, ...)
{
    struct abp_buffer text;
    va_list args;
    abp_buffer_init(&text, 4096);
    va_start(args, format);
    abp_buffer_vprintf(&text, format, args);
    va_end(args);
    f->wrong++;
    if (abp_mistakes_add(f->mistakes, f->in->path, f->line, "%s", abp_buffer_text(&text)) != 0)
        f->no_memory = 1;
    abp_buffer_release(&text);
}

static void take_column(struct finding *f, size_t column)
{
    struct abp_readings_columns *c = f->columns;
    const char *name = c->names[column];
    char shown[ABP_SHOWN_SIZE], hint[ABP_HINT_SIZE];
    size_t i = 0;
    for (size_t before = 0; before < column; before++)
        if (strcmp(c->names[before], name) == 0) {
            wrong(f, "column %zu: '%s' stands there twice", column + 1, abp_shown(shown, name));
            return;
        }
    while (i < f->known_count && strcmp(f->known[i], name) != 0)
        i++;
    if (i == f->known_count)
        wrong(f, "column %zu: '%s' is neither post, url, read_at nor a metric of experiment %s%s",
              column + 1, abp_shown(shown, name), f->in->experiment->name,
              abp_hint(hint, name, f->known, f->known_count));
    else if (i >= f->metrics)
        c->is_metric[column] = 1;
    else if (strcmp(name, "post") == 0)
        c->post = column;
    else if (strcmp(name, "url") == 0)
        c->url = column;
    else if (strcmp(name, "read_at") == 0)
        c->read_at = column;
}

static void check_whole(struct finding *f)
{
    const struct abp_readings_columns *c = f->columns;
    size_t metrics = 0;
    for (size_t i = 0; i < c->count; i++)
        metrics += c->is_metric[i];
    if (c->post == ABP_READINGS_NONE && c->url == ABP_READINGS_NONE)
        wrong(f, "a column is missing: post (the number that abpost status shows) or url");
    if (metrics == 0 && f->wrong == 0)
        wrong(f, "a column is missing: a metric, such as %s",
              f->metrics < f->known_count ? f->known[f->metrics] : "likes");
}

static int copy_names(struct abp_readings_columns *c, const struct abp_csv_record *header)
{
    c->names = calloc(header->count, sizeof *c->names);
    c->is_metric = calloc(header->count, sizeof *c->is_metric);
    if (!c->names || !c->is_metric)
        return -1;
    for (c->count = 0; c->count < header->count; c->count++)
        if (!(c->names[c->count] = abp_strdup(abp_trim(header->cells[c->count].text))))
            return -1;
    return 0;
}

int abp_readings_columns_find(struct abp_readings_columns *columns,
                              const struct abp_csv_record *header,
                              const struct abp_readings_input *input,
                              const struct abp_made_list *made, struct abp_mistakes *mistakes,
                              struct abp_error *err)
{
    struct finding f = {
        .columns = columns, .in = input, .mistakes = mistakes, .line = header->line};
    columns->post = columns->url = columns->read_at = ABP_READINGS_NONE;
    if (copy_names(columns, header) != 0)
        return abp_fail_memory(err);
    know_all(&f, made);
    for (size_t i = 0; i < columns->count; i++)
        take_column(&f, i);
    check_whole(&f);
    free(f.known);
    if (f.no_memory)
        return abp_fail_memory(err);
    return f.wrong ? abp_fail_at(err, ABP_DATA, input->path, header->line,
                                 "the columns are not those of readings; nothing was added")
                   : 0;
}

void abp_readings_columns_release(struct abp_readings_columns *columns)
{
    for (size_t i = 0; i < columns->count; i++)
        free(columns->names[i]);
    free(columns->names);
    free(columns->is_metric);
    memset(columns, 0, sizeof *columns);
}
