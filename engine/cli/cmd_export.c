/* abpost export: the posts that abpost made, with their numbers, as CSV. */
#include "encode.h"
#include "loaded.h"
#include "output.h"
#include "paths.h"
#include "screen.h"

#include "abpost/made.h"
#include "abpost/reading.h"
#include "abpost/text.h"
#include "abpost/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_EXPORT ((size_t)1 << 30) /* bytes */

struct export
{
    const struct abp_args *args; /* borrowed */
    struct abp_loaded loaded;
    struct abp_made_list made; /* of every experiment */
    const char **metrics; /* owned list of borrowed names: those that were ever read, then those
                             that the experiments ask for */
    size_t metric_count;
    struct abp_buffer buf;
    size_t rows, unknown; /* unknown: posts of experiments without a file that can be read */
    char *path;           /* owned; of the output; NULL: standard output */
};

enum column {
    EXPERIMENT,
    POST,
    VARIANT,
    CHANNEL,
    SLOT,
    BLOCK,
    DUE_AT,
    POSTED_AT,
    URL,
    POST_FILE,
    DELETED_AT,
    EDITED_AT,
    READ_AT,
    AGE,
    COLUMN_COUNT
};

static const char *const column_names[COLUMN_COUNT] = {
    [EXPERIMENT] = "experiment",
    [POST] = "post",
    [VARIANT] = "variant",
    [CHANNEL] = "channel",
    [SLOT] = "slot",
    [BLOCK] = "block",
    [DUE_AT] = "due_at",
    [POSTED_AT] = "posted_at",
    [URL] = "url",
    [POST_FILE] = "file",
    [DELETED_AT] = "deleted_at",
    [EDITED_AT] = "edited_at",
    [READ_AT] = "read_at",
    [AGE] = "age",
};

/* ---- one row: a post with the readings from `first` on that share their time ---- */

struct row {
    const struct abp_made *made; /* borrowed */
    size_t first, count;         /* of made->readings; count 0: none */
};

/* The text of a column; NULL for none. */
static const char *text_of(const struct row *row, enum column column)
{
    const struct abp_made *m = row->made;
    switch (column) {
    case EXPERIMENT:
        return m->experiment;
    case VARIANT:
        return m->variant;
    case CHANNEL:
        return m->channel;
    case SLOT:
        return m->slot;
    case URL:
        return m->url;
    case POST_FILE:
        return m->file;
    default:
        return NULL;
    }
}

/* The instant of a column, UTC seconds; 0: none. */
static int64_t time_of(const struct row *row, enum column column)
{
    const struct abp_made *m = row->made;
    switch (column) {
    case DUE_AT:
        return m->due_at;
    case POSTED_AT:
        return m->posted_at;
    case DELETED_AT:
        return m->deleted_at;
    case EDITED_AT:
        return m->edited_at;
    case READ_AT:
        return row->count ? m->readings[row->first].read_at : 0;
    default:
        return 0;
    }
}

/* 1: a number stands there. */
static int number_of(int64_t *number, const struct row *row, enum column column)
{
    const struct abp_made *m = row->made;
    *number = column == POST ? m->planned : column == BLOCK ? m->block : 0;
    if (column == AGE && row->count)
        *number = m->readings[row->first].age;
    return column == POST || column == BLOCK || (column == AGE && row->count);
}

static const double *metric_of(const struct row *row, const char *metric)
{
    for (size_t i = 0; i < row->count; i++)
        if (strcmp(row->made->readings[row->first + i].metric, metric) == 0)
            return &row->made->readings[row->first + i].value;
    return NULL;
}

/* As few digits as read back to the same number. */
static void put_number(struct abp_buffer *buf, double value)
{
    char text[40];
    double back;
    snprintf(text, sizeof text, "%.15g", value);
    if (abp_parse_double(text, &back) != 0 || back < value || back > value)
        snprintf(text, sizeof text, "%.17g", value);
    abp_buffer_add(buf, text);
}

/* ---- CSV ---- */

/* A cell that a spreadsheet would take for a formula gets an apostrophe, which import takes off. */
static void put_safe(struct export *e, const char *text)
{
    struct abp_buffer safe;
    if (!text || !*text || !strchr("=+-@\t\r", *text)) {
        abp_put_csv(&e->buf, e->loaded.env, text);
        return;
    }
    abp_buffer_init(&safe, MAX_EXPORT);
    abp_buffer_printf(&safe, "'%s", text);
    abp_put_csv(&e->buf, e->loaded.env, abp_buffer_text(&safe));
    e->buf.failed |= safe.failed;
    abp_buffer_release(&safe);
}

static void put_csv_cell(struct export *e, const struct row *row, enum column column)
{
    char when[ABP_TIME_SIZE];
    int64_t number;
    if (number_of(&number, row, column))
        abp_buffer_printf(&e->buf, "%lld", (long long)number);
    else if (time_of(row, column) && abp_time_format(when, time_of(row, column)) == 0)
        abp_buffer_add(&e->buf, when);
    else
        put_safe(e, text_of(row, column));
}

static void put_csv_header(struct export *e)
{
    for (int c = 0; c < COLUMN_COUNT; c++)
        abp_buffer_printf(&e->buf, "%s%s", c ? "," : "", column_names[c]);
    for (size_t m = 0; m < e->metric_count; m++) {
        abp_buffer_byte(&e->buf, ',');
        put_safe(e, e->metrics[m]);
    }
    abp_buffer_add(&e->buf, "\r\n");
}

static void put_csv_row(struct export *e, const struct row *row)
{
    for (int c = 0; c < COLUMN_COUNT; c++) {
        if (c)
            abp_buffer_byte(&e->buf, ',');
        put_csv_cell(e, row, (enum column)c);
    }
    for (size_t m = 0; m < e->metric_count; m++) {
        const double *value = metric_of(row, e->metrics[m]);
        abp_buffer_byte(&e->buf, ',');
        if (value)
            put_number(&e->buf, *value);
    }
    abp_buffer_add(&e->buf, "\r\n");
}

/* ---- JSON ---- */

static json_t *json_cell(const struct row *row, enum column column)
{
    char when[ABP_TIME_SIZE];
    int64_t number;
    if (number_of(&number, row, column))
        return json_integer(number);
    if (time_of(row, column) && abp_time_format(when, time_of(row, column)) == 0)
        return abp_json_text(when);
    return abp_json_text(text_of(row, column));
}

static void put_json_row(struct export *e, const struct row *row)
{
    json_t *object = json_object(), *metrics = json_object();
    for (int c = 0; c < COLUMN_COUNT; c++)
        json_object_set_new(object, column_names[c], json_cell(row, (enum column)c));
    for (size_t i = 0; i < row->count; i++) {
        const struct abp_made_reading *r = &row->made->readings[row->first + i];
        json_object_set_new(metrics, r->metric, json_real(r->value));
    }
    json_object_set_new(object, "metrics", metrics);
    abp_buffer_add(&e->buf, e->rows ? ",\n" : "\n");
    abp_put_json(&e->buf, object);
}

/* ---- which rows ---- */

static void put_row(struct export *e, const struct row *row)
{
    if (e->args->format == ABP_JSON)
        put_json_row(e, row);
    else
        put_csv_row(e, row);
    e->rows++;
}

/* How many readings from `first` on were made at one time. */
static size_t same_time(const struct abp_made *m, size_t first)
{
    size_t count = 0;
    while (first + count < m->reading_count &&
           m->readings[first + count].read_at == m->readings[first].read_at)
        count++;
    return count;
}

static void put_every_reading(struct export *e, const struct abp_made *m)
{
    struct row row = {.made = m};
    for (; row.first < m->reading_count; row.first += row.count) {
        row.count = same_time(m, row.first);
        put_row(e, &row);
    }
    if (m->reading_count == 0)
        put_row(e, &row);
}

/* The first time in the horizon's tolerance; none when the horizon is not known (0). */
static void put_at_horizon(struct export *e, const struct abp_made *m, int64_t horizon)
{
    struct row row = {.made = m};
    for (size_t i = 0; horizon && i < m->reading_count && row.count == 0; i++) {
        int64_t age = m->readings[i].age;
        if (age >= horizon && age <= horizon + abp_horizon_tolerance(horizon)) {
            row.first = i;
            row.count = same_time(m, i);
        }
    }
    put_row(e, &row);
}

/* 1: its experiment was asked for. */
static int is_wanted(const struct export *e, const struct abp_made *m)
{
    return e->args->name_count == 0 || abp_loaded_experiment(&e->loaded, m->experiment);
}

static void put_rows(struct export *e)
{
    for (size_t i = 0; i < e->made.count; i++) {
        const struct abp_made *m = &e->made.list[i];
        const struct abp_experiment *experiment = abp_loaded_experiment(&e->loaded, m->experiment);
        if (!is_wanted(e, m))
            continue;
        if (e->args->all_readings) {
            put_every_reading(e, m);
            continue;
        }
        e->unknown += experiment == NULL;
        put_at_horizon(e, m, experiment ? experiment->horizon : 0);
    }
}

/* ---- which metrics ---- */

static void add_metric(struct export *e, const char *name)
{
    for (size_t m = 0; m < e->metric_count; m++)
        if (strcmp(e->metrics[m], name) == 0)
            return;
    e->metrics[e->metric_count++] = name;
}

static void add_sum(struct export *e, const struct abp_sum *sum)
{
    for (size_t t = 0; t < sum->count; t++)
        add_metric(e, sum->terms[t].name);
}

/* Names that the experiment's sums hold at most. */
static size_t count_names(const struct abp_experiment *experiment)
{
    size_t count = experiment->outcome.count + experiment->exposure.count;
    for (size_t g = 0; g < experiment->decision.guardrail_count; g++)
        count += experiment->decision.guardrails[g].metric.count;
    return count;
}

static void add_experiment(struct export *e, const struct abp_experiment *experiment)
{
    if (!experiment->schedule.present)
        return; /* its guardrails name columns of a file of its own */
    add_sum(e, &experiment->outcome);
    add_sum(e, &experiment->exposure);
    for (size_t g = 0; g < experiment->decision.guardrail_count; g++)
        add_sum(e, &experiment->decision.guardrails[g].metric);
}

/* What was never read has its column too: the file is one to be filled in. */
static int find_metrics(struct export *e, struct abp_error *err)
{
    size_t most = e->made.metric_count + 1;
    for (size_t i = 0; i < e->loaded.count; i++)
        most += count_names(&e->loaded.experiments[i]);
    e->metric_count = 0;
    e->metrics = calloc(most, sizeof *e->metrics);
    if (!e->metrics)
        return abp_fail_memory(err);
    for (size_t m = 0; m < e->made.metric_count; m++)
        add_metric(e, e->made.metrics[m]);
    for (size_t i = 0; i < e->loaded.count; i++)
        add_experiment(e, &e->loaded.experiments[i]);
    return 0;
}

/* ---- the whole ---- */

static int put_all(struct export *e, struct abp_error *err)
{
    char when[ABP_TIME_SIZE];
    const struct abp_env *env = e->loaded.env;
    if (e->loaded.store && abp_made_list_read(&e->made, e->loaded.store, NULL, NULL, 0, err) != 0)
        return -1;
    if (find_metrics(e, err) != 0)
        return -1;
    if (e->args->format == ABP_JSON) {
        abp_time_format(when, env->now(env->context));
        abp_buffer_printf(&e->buf, "{\"schema\":\"abpost.export/1\",\"as_of\":\"%s\",\"posts\":[",
                          when);
    } else {
        put_csv_header(e);
    }
    put_rows(e);
    if (e->args->format == ABP_JSON)
        abp_buffer_add(&e->buf, "\n]}\n");
    return 0;
}

static int write_out(struct export *e, struct abp_error *err)
{
    const struct abp_env *env = e->loaded.env;
    if (!e->path)
        return abp_emit(env, &e->buf, err);
    if (abp_output_write(e->path, &e->buf, err) != 0)
        return -1;
    if (!e->args->quiet)
        abp_say(env, "%s row%s written to %s", abp_count_words(e->rows).text,
                e->rows == 1 ? "" : "s", e->path);
    return 0;
}

static int export(struct export *e, struct abp_error *err)
{
    if (e->loaded.broken) {
        abp_loaded_say_mistakes(&e->loaded);
        if (!e->args->all_readings || e->args->name_count)
            return abp_fail(err, ABP_DATA,
                            "nothing was exported: an experiment's horizon can't be read "
                            "(--all without a name needs none)");
    }
    if (e->args->output && !(e->path = abp_path_join(e->loaded.env->directory, e->args->output)))
        return abp_fail_memory(err);
    if (put_all(e, err) != 0 || write_out(e, err) != 0)
        return -1;
    if (e->unknown)
        abp_say(e->loaded.env,
                "%zu post%s of experiments that have no file any more: without a horizon no "
                "number of them is taken (--all takes every one)",
                e->unknown, e->unknown == 1 ? " is" : "s are");
    return 0;
}

static int run_export(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    struct export e = {.args = args};
    abp_buffer_init(&e.buf, MAX_EXPORT);
    if (abp_loaded_open(&e.loaded, args, env, ABP_STORE_READ_ONLY, err) != 0)
        return -1;
    int rc = export(&e, err);
    abp_buffer_release(&e.buf);
    abp_made_list_release(&e.made);
    free(e.metrics);
    free(e.path);
    abp_loaded_close(&e.loaded);
    return rc;
}

static int set_output(struct abp_args *args, struct abp_env *env, const char *value,
                      struct abp_error *err)
{
    (void)env;
    if (!*value)
        return abp_fail(err, ABP_USAGE, "-o needs the name of a file");
    args->output = value;
    return 0;
}

static int set_all(struct abp_args *args, struct abp_env *env, const char *value,
                   struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->all_readings = 1;
    return 0;
}

static const struct abp_option options[] = {
    {'o', "output", "FILE", "write to FILE instead of standard output", set_output},
    {0, "all", NULL, "every reading, a row each, instead of the one at the horizon", set_all},
};

static const char *const details[] = {
    "Writes the posts that abpost made as CSV: experiment, post (its number), variant, channel, "
    "slot, block, due_at, posted_at, url, file, deleted_at, edited_at, read_at, age (seconds at "
    "read_at), and a column for each metric that was ever read or that an experiment's outcome, "
    "exposure and guardrails name. Times are UTC.",
    "There is one row for each post, with the numbers it had at its experiment's horizon; where "
    "none were read in time they are empty, as is what a platform did not give. Nothing in it is "
    "interpolated: that is for 'abpost evaluate'. With --all there is one row for each time that "
    "a post was read, and one for a post that never was.",
    "An experiment file's [import] reads the first kind: variant = variant, channel = channel, "
    "slot = slot, block = block, time = posted_at, outcome = a sum of the metrics' columns. "
    "'abpost import EXPERIMENT --readings FILE' reads both kinds back, of one experiment: export "
    "that one by name. So it is also the file to write numbers into that are taken by hand.",
    "The file is RFC 4180: commas, quotation marks doubled inside quotation marks, lines that end "
    "in CRLF. Texts come from elsewhere (an address is what a platform answered), so one that "
    "begins with = + - or @ gets an apostrophe in front, lest a spreadsheet take it for a "
    "formula; 'abpost import --readings' takes it off again.",
    "With --format json (schema abpost.export/1) the same, with the metrics as an object.",
    NULL,
};

const struct abp_command abp_command_export = {
    .name = "export",
    .arguments = "[EXPERIMENT...]",
    .at_most = ABP_ANY_NUMBER,
    .summary = "the posts that abpost made and their numbers, as CSV",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run_export,
};
