#include "abpost/import.h"

#include "abpost/csv.h"
#include "abpost/rows.h"
#include "abpost/text.h"
#include "collect/cell.h"
#include "collect/file.h"
#include "collect/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct run {
    struct abp_import_result *result;        /* borrowed */
    struct abp_store *store;                 /* borrowed */
    const struct abp_experiment *experiment; /* borrowed */
    struct abp_mistakes *mistakes;           /* borrowed */
    struct abp_file file;
    struct abp_layout layout;
    struct abp_csv *csv;   /* owned */
    struct abp_rows *rows; /* owned; the transaction */
    double *values;        /* owned; of the row at hand, one for each metric */
    size_t counts;         /* metrics, from the first on, that are counted in whole numbers */
    int counts_exposure;   /* 1: so is the exposure */
    char settings_hash[ABP_DIGEST_SIZE];
    char whole_hash[ABP_DIGEST_SIZE]; /* of the file before it is read; "": not asked for yet */
    size_t first;                     /* index of the first of our mistakes */
    size_t listed;                    /* mistakes listed */
    int row_is_bad;                   /* the row at hand */
    int no_memory;                    /* a mistake could not be listed */
    int told;                         /* the error is one of the mistakes already */
};

/* ---- mistakes ---- */

/* column 0: the row as a whole. */
static void bad_cell(struct run *run, long line, size_t column, const char *why)
{
    char shown[ABP_SHOWN_SIZE];
    int rc = 0;
    run->row_is_bad = 1;
    if (run->listed == ABP_IMPORT_LISTED)
        return;
    run->listed++;
    if (column == 0)
        rc = abp_mistakes_add(run->mistakes, run->file.path, line, "%s", why);
    else
        rc = abp_mistakes_add(run->mistakes, run->file.path, line, "column %zu (%s): %s", column,
                              abp_shown(shown, run->layout.header[column - 1]), why);
    if (rc != 0)
        run->no_memory = 1;
}

/* The last entry counts the bad rows, those that are not listed too. */
static int fail_bad_rows(struct run *run, struct abp_error *err)
{
    size_t bad = run->result->bad, rows = run->result->rows;
    const char *are = bad == 1 ? "is" : "are";
    run->told = 1;
    if (run->no_memory ||
        abp_mistakes_add(
            run->mistakes, run->file.path, 0, "%zu of %zu rows %s bad%s", bad, rows, are,
            run->listed == ABP_IMPORT_LISTED ? "; no more of them are listed" : "") != 0)
        return abp_fail_memory(err);
    const struct abp_mistake *first = &run->mistakes->list[run->first];
    return abp_fail_at(err, ABP_DATA, run->file.path, first->line,
                       "%s (%zu of %zu rows %s bad; nothing was imported)", first->message, bad,
                       rows, are);
}

/* ---- one row ---- */

static const struct abp_names *missing_words(const struct run *run)
{
    return &run->experiment->import.missing;
}

/* The trimmed cell of a role, NULL without such a column; a bad cell is noted. */
static const char *take_name(struct run *run, const struct abp_csv_record *record,
                             enum abp_role role)
{
    char why[ABP_WHY_SIZE];
    size_t column = run->layout.columns[role];
    if (column == ABP_NO_COLUMN)
        return NULL;
    const struct abp_csv_cell *cell = &record->cells[column];
    const char *text = abp_trim(cell->text);
    size_t allowed = role == ABP_ROLE_VARIANT ? run->experiment->variant_count : 0;
    if (abp_cell_name(text, missing_words(run), run->layout.variants, allowed, why) != 0)
        bad_cell(run, cell->line, column + 1, why);
    return text;
}

static void take_time(struct run *run, const struct abp_csv_record *record, struct abp_row *row)
{
    char why[ABP_WHY_SIZE];
    size_t column = run->layout.columns[ABP_ROLE_TIME];
    if (column == ABP_NO_COLUMN)
        return;
    const struct abp_csv_cell *cell = &record->cells[column];
    if (abp_cell_time(&row->posted_at, &row->has_time, abp_trim(cell->text), missing_words(run),
                      why) != 0)
        bad_cell(run, cell->line, column + 1, why);
}

static int lacks_required(const struct run *run, const struct abp_csv_record *record)
{
    for (size_t i = 0; i < run->experiment->import.required.count; i++) {
        const struct abp_csv_cell *cell = &record->cells[run->layout.required[i]];
        if (abp_cell_is_missing(abp_trim(cell->text), missing_words(run)))
            return 1;
    }
    return 0;
}

/* Where the layout has a metric of one of its sums. */
static size_t place_of(const struct abp_layout *layout, const char *metric)
{
    size_t i = 0;
    while (strcmp(layout->metrics[i], metric) != 0)
        i++;
    return i;
}

/* A sum of what is counted has to be whole: else the column is noted that it is not for. */
static void check_sum(struct run *run, const struct abp_csv_record *record,
                      const struct abp_sum *sum)
{
    char why[ABP_WHY_SIZE];
    double total = 0;
    for (size_t t = 0; t < sum->count; t++)
        total += sum->terms[t].weight * run->values[place_of(&run->layout, sum->terms[t].name)];
    if (isnan(total) || (total >= floor(total) && total <= floor(total)))
        return;
    for (size_t t = 0; t < sum->count; t++) {
        size_t i = place_of(&run->layout, sum->terms[t].name);
        size_t column = run->layout.metric_columns[i];
        const struct abp_csv_cell *cell = &record->cells[column];
        if (abp_cell_whole(run->values[i], sum->terms[t].weight, abp_trim(cell->text),
                           abp_experiment_family(run->experiment), why) == 0)
            continue;
        bad_cell(run, cell->line, column + 1, why);
        return;
    }
}

static void take_values(struct run *run, const struct abp_csv_record *record, struct abp_row *row)
{
    char why[ABP_WHY_SIZE];
    const struct abp_layout *layout = &run->layout;
    row->observed = 1;
    for (size_t i = 0; i < layout->metric_count; i++) {
        size_t column = layout->metric_columns[i];
        const struct abp_csv_cell *cell = &record->cells[column];
        int (*take)(double *, const char *, const struct abp_names *, char *) =
            i < run->counts ? abp_cell_count : abp_cell_reading;
        if (take(&run->values[i], abp_trim(cell->text), missing_words(run), why) != 0)
            bad_cell(run, cell->line, column + 1, why);
        if (i < layout->needed_count && isnan(run->values[i]))
            row->observed = 0;
    }
    if (!lacks_required(run, record)) {
        if (run->counts)
            check_sum(run, record, &run->experiment->import.outcome);
        if (run->counts_exposure)
            check_sum(run, record, &run->experiment->import.exposure);
        return;
    }
    row->observed = 0;
    for (size_t i = 0; i < layout->metric_count; i++)
        run->values[i] = (double)NAN;
}

static int is_empty(const struct abp_csv_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (*abp_trim(record->cells[i].text))
            return 0;
    return 1;
}

/* A row whose cells can't be told apart is noted here. */
static int has_shape(struct run *run, const struct abp_csv_record *record)
{
    struct abp_buffer why;
    if (record->problem) {
        size_t column = record->problem_column;
        if (column > run->layout.header_count)
            column = 0;
        bad_cell(run, record->problem_line, column, record->problem);
        return 0;
    }
    if (record->count == run->layout.header_count)
        return 1;
    abp_buffer_init(&why, ABP_WHY_SIZE);
    if (abp_buffer_printf(&why,
                          "%zu columns where the header has %zu; look for a quote or a "
                          "separator too many or too few",
                          record->count, run->layout.header_count) != 0)
        run->no_memory = 1;
    bad_cell(run, record->line, 0, abp_buffer_text(&why));
    abp_buffer_release(&why);
    return 0;
}

/* After the first bad row nothing more is written: the rest is read for its mistakes alone. */
static int take_record(struct run *run, const struct abp_csv_record *record, struct abp_error *err)
{
    struct abp_row row = {.line = record->line, .values = run->values};
    run->row_is_bad = 0;
    if (!record->problem && is_empty(record)) {
        run->result->empty++;
        return 0;
    }
    run->result->rows++;
    if (has_shape(run, record)) {
        row.variant = take_name(run, record, ABP_ROLE_VARIANT);
        row.channel = take_name(run, record, ABP_ROLE_CHANNEL);
        row.slot = take_name(run, record, ABP_ROLE_SLOT);
        row.block = take_name(run, record, ABP_ROLE_BLOCK);
        row.experiment = take_name(run, record, ABP_ROLE_EXPERIMENT);
        take_time(run, record, &row);
        take_values(run, record, &row);
    }
    run->result->bad += run->row_is_bad != 0;
    return run->result->bad ? 0 : abp_rows_add(run->rows, &row, err);
}

/* ---- the file ---- */

static int read_header(struct run *run, struct abp_error *err)
{
    struct abp_csv_record header;
    struct abp_csv_source source = abp_file_source(&run->file);
    const char *path = run->file.path;
    if (abp_csv_open(&run->csv, &source, path, run->experiment->import.separator, err) != 0)
        return -1;
    int more = abp_csv_next(run->csv, &header, err);
    if (more < 0)
        return -1;
    if (more == 0)
        return abp_fail_at(err, ABP_DATA, path, 0,
                           "an empty file; the first line names the columns");
    if (header.problem)
        return abp_fail_at(err, ABP_DATA, path, header.problem_line, "column %zu: %s",
                           header.problem_column, header.problem);
    if (abp_layout_find(&run->layout, &header, path, run->mistakes, err) == 0)
        return 0;
    run->told = run->mistakes->count > run->first;
    return -1;
}

static int read_rows(struct run *run, struct abp_error *err)
{
    struct abp_csv_record record;
    int more;
    while ((more = abp_csv_next(run->csv, &record, err)) > 0)
        if (take_record(run, &record, err) != 0)
            return -1;
    if (more < 0)
        return -1;
    if (run->result->bad)
        return fail_bad_rows(run, err);
    if (run->result->rows == 0)
        return abp_fail_at(err, ABP_DATA, run->file.path, 0, "a header and no rows");
    return 0;
}

/* 1: the newest import read this very file in this very way; result says which. */
static int is_unchanged(struct run *run, struct abp_error *err)
{
    struct abp_import_info info;
    int found = abp_store_latest_import(&info, run->store, run->experiment->name, err);
    if (found <= 0)
        return found;
    if (strcmp(info.settings_hash, run->settings_hash) != 0)
        return 0;
    if (!run->whole_hash[0] && abp_file_hash_all(run->whole_hash, &run->file, err) != 0)
        return -1;
    if (strcmp(info.content_hash, run->whole_hash) != 0)
        return 0;
    run->result->info = info;
    run->result->unchanged = 1;
    return 1;
}

static int import_file(struct run *run, int64_t now, struct abp_error *err)
{
    char hash[ABP_DIGEST_SIZE];
    int same = is_unchanged(run, err);
    if (same != 0)
        return same < 0 ? -1 : 0;
    if (abp_rows_begin(&run->rows, run->store, run->experiment->name, run->file.path,
                       run->layout.metrics, run->layout.metric_count, now, err) != 0)
        return -1;
    /* Again, now that nobody else can write: another process may have been faster. */
    same = is_unchanged(run, err);
    if (same != 0)
        return same < 0 ? -1 : 0;
    if (read_header(run, err) != 0 || read_rows(run, err) != 0 ||
        abp_file_hash(hash, &run->file, err) != 0)
        return -1;
    return abp_rows_commit(run->rows, &run->result->info, hash, run->settings_hash, err);
}

static int prepare(struct run *run, const struct abp_progress *progress, struct abp_error *err)
{
    const struct abp_experiment *experiment = run->experiment;
    if (abp_layout_init(&run->layout, experiment, err) != 0 ||
        abp_layout_hash(run->settings_hash, &run->layout, err) != 0)
        return -1;
    enum abp_family family = abp_experiment_family(experiment);
    run->counts_exposure = abp_family_counts_exposure(family);
    if (abp_family_counts(family))
        run->counts =
            run->counts_exposure ? run->layout.needed_count : experiment->import.outcome.count;
    run->values = calloc(run->layout.metric_count + 1, sizeof *run->values);
    if (!run->values)
        return abp_fail_memory(err);
    return abp_file_open(&run->file, experiment->import.file, experiment->path, progress, err);
}

/* An error that ended the reading (a cut file, say) stands in the list as well. */
static int tell(const struct run *run, const struct abp_error *failed, struct abp_error *err)
{
    if (failed->code == ABP_DATA && !run->told &&
        abp_mistakes_add(run->mistakes, failed->file, failed->line, "%s", failed->message) != 0)
        return abp_fail_memory(err);
    if (err)
        *err = *failed;
    return -1;
}

static void release(struct run *run)
{
    abp_csv_close(run->csv);
    abp_rows_end(run->rows);
    abp_file_close(&run->file);
    abp_layout_release(&run->layout);
    free(run->values);
}

int abp_import_run(struct abp_import_result *result, struct abp_store *store,
                   const struct abp_experiment *experiment, const struct abp_env *env,
                   const struct abp_progress *progress, struct abp_mistakes *mistakes,
                   struct abp_error *err)
{
    struct abp_error failed = {0};
    struct run run = {.result = result,
                      .store = store,
                      .experiment = experiment,
                      .mistakes = mistakes,
                      .file = {.fd = -1},
                      .first = mistakes->count};
    memset(result, 0, sizeof *result);
    if (!experiment->import.present)
        return abp_fail(err, ABP_BUG, "%s has no [import]", experiment->path);
    int rc = prepare(&run, progress, &failed);
    if (rc == 0)
        rc = import_file(&run, env->now(env->context), &failed);
    release(&run);
    return rc == 0 ? 0 : tell(&run, &failed, err);
}

int abp_import_is_current(struct abp_store *store, const struct abp_experiment *experiment,
                          struct abp_error *err)
{
    struct abp_import_result result = {0};
    struct run run = {
        .result = &result, .store = store, .experiment = experiment, .file = {.fd = -1}};
    if (!experiment->import.present)
        return abp_fail(err, ABP_BUG, "%s has no [import]", experiment->path);
    int rc = prepare(&run, NULL, err);
    if (rc == 0)
        rc = is_unchanged(&run, err);
    release(&run);
    return rc;
}
