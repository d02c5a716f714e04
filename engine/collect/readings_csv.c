#include "abpost/readings_csv.h"

#include "abpost/collect.h"
#include "abpost/csv.h"
#include "abpost/import.h"
#include "abpost/local.h"
#include "abpost/made.h"
#include "abpost/outbox.h"
#include "abpost/text.h"
#include "collect/cell.h"
#include "collect/file.h"
#include "collect/readings_columns.h"
#include "collect/readings_news.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number that is to be added, and where it stands. */
struct pending {
    struct abp_made_fact fact;
    long line;
    size_t column;
};

struct taking {
    const struct abp_readings_input *in; /* borrowed, like result and mistakes */
    struct abp_readings_result *result;
    struct abp_mistakes *mistakes;
    struct abp_file file;
    struct abp_csv *csv; /* owned */
    struct abp_readings_columns columns;
    struct abp_made_list made;       /* of the experiment */
    struct abp_planned_list planned; /* of the experiment */
    const struct abp_made **by_id;   /* owned; made.count, by number */
    const struct abp_made **by_url;  /* owned; url_count, by address */
    size_t url_count;
    unsigned char *named;    /* owned; made.count: 1: the file has a number of it */
    struct pending *pending; /* owned */
    size_t pending_count, capacity;
    size_t listed;
    int row_is_bad, no_memory;
};

/* ---- mistakes ---- */

/* column 0: the row as a whole. */
static void ABP_PRINTF(4, 5)
    bad(struct taking *t, long line, size_t column, const char *format, ...)
{
    struct abp_buffer why;
    char shown[ABP_SHOWN_SIZE];
    va_list args;
    t->row_is_bad = 1;
    if (t->listed == ABP_IMPORT_LISTED)
        return;
    t->listed++;
    abp_buffer_init(&why, 4096);
    if (column)
        abp_buffer_printf(&why, "column %zu (%s): ", column,
                          abp_shown(shown, t->columns.names[column - 1]));
    va_start(args, format);
    abp_buffer_vprintf(&why, format, args);
    va_end(args);
    if (abp_mistakes_add(t->mistakes, t->in->path, line, "%s", abp_buffer_text(&why)) != 0)
        t->no_memory = 1;
    abp_buffer_release(&why);
}

static int fail_bad_rows(struct taking *t, struct abp_error *err)
{
    size_t rows = t->result->rows, count = t->result->bad;
    if (t->no_memory ||
        abp_mistakes_add(t->mistakes, t->in->path, 0, "%zu of %zu rows %s bad%s", count, rows,
                         count == 1 ? "is" : "are",
                         t->listed == ABP_IMPORT_LISTED ? "; no more of them are listed" : "") != 0)
        return abp_fail_memory(err);
    return abp_fail_at(err, ABP_DATA, t->in->path, 0, "%zu of %zu rows %s bad; nothing was added",
                       count, rows, count == 1 ? "is" : "are");
}

/* ---- which post ---- */

static int by_number(const void *left, const void *right)
{
    const struct abp_made *const *a = left, *const *b = right;
    return ((*a)->planned > (*b)->planned) - ((*a)->planned < (*b)->planned);
}

static int by_address(const void *left, const void *right)
{
    const struct abp_made *const *a = left, *const *b = right;
    return strcmp((*a)->url, (*b)->url);
}

static int index_posts(struct taking *t, struct abp_error *err)
{
    size_t count = t->made.count;
    t->by_id = calloc(count + 1, sizeof *t->by_id);
    t->by_url = calloc(count + 1, sizeof *t->by_url);
    t->named = calloc(count + 1, sizeof *t->named);
    if (!t->by_id || !t->by_url || !t->named)
        return abp_fail_memory(err);
    for (size_t i = 0; i < count; i++) {
        t->by_id[i] = &t->made.list[i];
        if (t->made.list[i].url)
            t->by_url[t->url_count++] = &t->made.list[i];
    }
    qsort(t->by_id, count, sizeof *t->by_id, by_number);
    qsort(t->by_url, t->url_count, sizeof *t->by_url, by_address);
    return 0;
}

static const struct abp_made *find(const struct abp_made *const *list, size_t count,
                                   const struct abp_made *key,
                                   int (*compare)(const void *, const void *))
{
    const struct abp_made *const *found = bsearch(&key, list, count, sizeof *list, compare);
    return found ? *found : NULL;
}

static const struct abp_made *post_numbered(struct taking *t, const struct abp_csv_cell *cell,
                                            const char *text)
{
    struct abp_made key = {0};
    char shown[ABP_SHOWN_SIZE];
    size_t column = t->columns.post + 1;
    if (abp_parse_int64(text, &key.planned) != 0 || key.planned < 1) {
        bad(t, cell->line, column, "'%s' is not the number of a post; abpost status shows them",
            abp_shown(shown, text));
        return NULL;
    }
    const struct abp_made *made = find(t->by_id, t->made.count, &key, by_number);
    for (size_t i = 0; !made && i < t->planned.count; i++) {
        if (t->planned.list[i].id != key.planned)
            continue;
        bad(t, cell->line, column, "post %s is not out, as far as is known: it is %s", text,
            abp_post_state_name(t->planned.list[i].state));
        return NULL;
    }
    if (!made)
        bad(t, cell->line, column, "there is no post %s of experiment %s", text,
            t->in->experiment->name);
    return made;
}

static const struct abp_made *post_at(struct taking *t, const struct abp_csv_cell *cell, char *text)
{
    struct abp_made key = {.url = text};
    char shown[ABP_SHOWN_SIZE];
    const struct abp_made *made = find(t->by_url, t->url_count, &key, by_address);
    if (!made)
        bad(t, cell->line, t->columns.url + 1, "no post of experiment %s is known to be at '%s'",
            t->in->experiment->name, abp_shown(shown, text));
    return made;
}

/* The trimmed text of a cell; "" without such a column. An apostrophe that keeps a spreadsheet from
 * reading the cell as a formula is taken off. */
static char *text_of(const struct abp_csv_record *record, size_t column, char *nothing)
{
    if (column == ABP_READINGS_NONE)
        return nothing;
    char *text = abp_trim(record->cells[column].text);
    return text[0] == '\'' && text[1] && strchr("=+-@", text[1]) ? text + 1 : text;
}

/* NULL when there is none; that is noted. */
static const struct abp_made *post_of(struct taking *t, const struct abp_csv_record *record)
{
    char nothing[] = "";
    const struct abp_readings_columns *c = &t->columns;
    char *id = text_of(record, c->post, nothing), *url = text_of(record, c->url, nothing);
    if (!*id && !*url) {
        bad(t, record->line, 0, "neither the number nor the address of a post");
        return NULL;
    }
    if (!*id)
        return post_at(t, &record->cells[c->url], url);
    const struct abp_made *made = post_numbered(t, &record->cells[c->post], id);
    if (made && *url && (!made->url || strcmp(made->url, url) != 0)) {
        bad(t, record->cells[c->url].line, c->url + 1, "post %s is at %s", id,
            made->url ? made->url : "no address that is known");
        return NULL;
    }
    return made;
}

/* ---- when ---- */

#define LAST_SECOND 59 /* of a minute */

/* 0 with *at, *said 1 where the row says it, and how many seconds later it may have been (*span);
 * -1: noted. */
static int take_time(struct taking *t, const struct abp_csv_record *record,
                     const struct abp_made *made, int64_t *at, int *said, int64_t *span)
{
    char nothing[] = "", shown[ABP_SHOWN_SIZE];
    const char *text = text_of(record, t->columns.read_at, nothing);
    int64_t last = *text && abp_local_is_minute(text) ? LAST_SECOND : 0;
    long line = *text ? record->cells[t->columns.read_at].line : record->line;
    size_t column = *text ? t->columns.read_at + 1 : 0;
    *at = t->in->now;
    *said = *text != '\0';
    *span = last;
    if (*said && abp_local_parse(at, text, t->in->zone) != 0)
        bad(t, line, column,
            "'%s' is not a time; accepted: 2026-12-03 10:05 (%s) or 2026-12-03T09:05:00Z",
            abp_shown(shown, text), t->in->ws->timezone);
    else if (*at > t->in->now)
        bad(t, line, column, "'%s' is still to come", abp_shown(shown, text));
    else if (*at + last < made->posted_at)
        bad(t, line, column, "the post was not out then");
    else
        return 0;
    return -1;
}

/* The post's age then. Where only the minute is known and the horizon lies in it, the reading is
 * the one at the horizon: who reads when told to is not a few seconds early. */
static int64_t age_at(const struct abp_made *made, int64_t horizon, int64_t at, int64_t span)
{
    int64_t age = at - made->posted_at;
    if (age < horizon && age + span >= horizon)
        return horizon;
    return age < 0 ? 0 : age;
}

/* ---- numbers ---- */

static int keep(struct taking *t, const struct pending *p, struct abp_error *err)
{
    if (t->pending_count == t->capacity) {
        size_t grown = t->capacity ? 2 * t->capacity : 64;
        struct pending *list = realloc(t->pending, grown * sizeof *list);
        if (!list)
            return abp_fail_memory(err);
        t->pending = list;
        t->capacity = grown;
    }
    t->pending[t->pending_count++] = *p;
    return 0;
}

/* A row with its post and time. */
struct row {
    const struct abp_csv_record *record; /* borrowed */
    const struct abp_made *made;         /* borrowed; NULL: what is wrong with it was noted */
    int64_t at;
    int64_t age; /* of the post then, seconds */
    int said;    /* 1: the row says `at` */
    int fresh;   /* 1: some number of it is news, so that all of it was read anew */
};

static const struct abp_term *term_of(const struct abp_sum *sum, const char *metric)
{
    for (size_t i = 0; i < sum->count; i++)
        if (strcmp(sum->terms[i].name, metric) == 0)
            return &sum->terms[i];
    return NULL;
}

/* A number, whole where the experiment counts it. 0; -1 with why. */
static int take_cell(double *value, const struct taking *t, const char *metric, const char *text,
                     char *why)
{
    const struct abp_experiment *e = t->in->experiment;
    enum abp_family family = abp_experiment_family(e);
    const struct abp_term *outcome =
        abp_family_counts(family) ? term_of(&e->outcome, metric) : NULL;
    const struct abp_term *exposure =
        abp_family_counts_exposure(family) ? term_of(&e->exposure, metric) : NULL;
    if (!outcome && !exposure)
        return abp_cell_reading(value, text, &e->import.missing, why);
    if (abp_cell_count(value, text, &e->import.missing, why) != 0)
        return -1;
    if (isnan(*value) || (outcome && abp_cell_whole(*value, outcome->weight, text, family, why)))
        return isnan(*value) ? 0 : -1;
    return exposure ? abp_cell_whole(*value, exposure->weight, text, family, why) : 0;
}

/* 1: the cell holds a number for a post; 0: it holds none, or what is wrong with it was noted. */
static int find_number(struct pending *p, struct taking *t, const struct row *row, size_t column)
{
    char why[ABP_WHY_SIZE];
    double value;
    const struct abp_csv_cell *cell = &row->record->cells[column];
    if (take_cell(&value, t, t->columns.names[column], abp_trim(cell->text), why) != 0) {
        bad(t, cell->line, column + 1, "%s", why);
        return 0;
    }
    if (isnan(value) || !row->made)
        return 0;
    *p = (struct pending){.fact = {.kind = ABP_MADE_READING,
                                   .post = row->made->id,
                                   .at = row->at,
                                   .age = row->age,
                                   .metric = t->columns.names[column],
                                   .value = value},
                          .line = cell->line,
                          .column = column + 1};
    return 1;
}

/* What keeps a number from being added; "" where that is nothing. */
static void put_refusal(struct abp_buffer *why, enum readings_news news, const struct row *row,
                        const struct abp_made_fact *fact)
{
    long long post = row->made->planned;
    const char *channel = row->made->channel;
    if (news == READINGS_REPEATED)
        abp_buffer_printf(why,
                          "post %lld had %.15g before its horizon already; if it still had when it "
                          "was read again, say when that was, in a column read_at",
                          post, fact->value);
    if (news == READINGS_CONTRADICTED)
        abp_buffer_printf(why,
                          "post %lld had %.15g at that very time, and what was read is never "
                          "changed; if it was written down wrong, --correct keeps both and counts "
                          "this one",
                          post, readings_value_then(row->made, fact));
    if (news == READINGS_NOT_BY_HAND)
        abp_buffer_printf(why,
                          "channel %s said that of post %lld, and only numbers that a person took "
                          "can be corrected",
                          channel, post);
    if (news == READINGS_UNCLEAR)
        abp_buffer_printf(why,
                          "post %lld has no number at its horizon, which would be the one to "
                          "correct; say which one it is, in a column read_at (abpost export --all "
                          "shows them)",
                          post);
}

static int take_number(struct taking *t, const struct row *row, struct pending *p,
                       struct abp_error *err)
{
    struct abp_buffer why;
    enum readings_news news = readings_news_of(&p->fact, row->made, t->in, row->said);
    t->named[row->made - t->made.list] = 1;
    if (news == READINGS_NEWS || news == READINGS_CORRECTION ||
        (news == READINGS_REPEATED && row->fresh))
        return keep(t, p, err);
    t->result->known += news == READINGS_KNOWN;
    if (news == READINGS_KNOWN)
        return 0;
    abp_buffer_init(&why, 1024);
    put_refusal(&why, news, row, &p->fact);
    bad(t, p->line, p->column, "%s", abp_buffer_text(&why));
    abp_buffer_release(&why);
    return 0;
}

/* What is wrong with a cell is noted by find_number(), so it is asked once for each. */
static int take_numbers(struct taking *t, struct row *row, struct abp_error *err)
{
    size_t count = 0;
    int rc = 0;
    struct pending *found = calloc(t->columns.count + 1, sizeof *found);
    if (!found)
        return abp_fail_memory(err);
    for (size_t c = 0; c < t->columns.count; c++)
        if (t->columns.is_metric[c])
            count += find_number(&found[count], t, row, c) ? 1u : 0u;
    for (size_t i = 0; i < count; i++) {
        struct abp_made_fact fact = found[i].fact;
        row->fresh |= readings_news_of(&fact, row->made, t->in, row->said) == READINGS_NEWS;
    }
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = take_number(t, row, &found[i], err);
    free(found);
    return rc;
}

static int is_empty(const struct abp_csv_record *record)
{
    for (size_t i = 0; i < record->count; i++)
        if (*abp_trim(record->cells[i].text))
            return 0;
    return 1;
}

static int has_shape(struct taking *t, const struct abp_csv_record *record)
{
    if (record->problem) {
        size_t column = record->problem_column <= t->columns.count ? record->problem_column : 0;
        bad(t, record->problem_line, column, "%s", record->problem);
        return 0;
    }
    if (record->count == t->columns.count)
        return 1;
    bad(t, record->line, 0,
        "%zu columns where the header has %zu; look for a quote or a separator too many or too few",
        record->count, t->columns.count);
    return 0;
}

static int take_row(struct taking *t, const struct abp_csv_record *record, struct abp_error *err)
{
    struct row row = {.record = record};
    int rc = 0;
    if (!record->problem && is_empty(record))
        return 0;
    t->result->rows++;
    t->row_is_bad = 0;
    if (has_shape(t, record)) {
        row.made = post_of(t, record);
        int64_t span = 0;
        if (row.made && take_time(t, record, row.made, &row.at, &row.said, &span) != 0)
            row.made = NULL; /* the numbers are still looked at */
        if (row.made)
            row.age = age_at(row.made, t->in->experiment->horizon, row.at, span);
        rc = take_numbers(t, &row, err);
    }
    t->result->bad += t->row_is_bad != 0;
    return rc;
}

/* ---- the file against itself ---- */

static int by_fact(const void *left, const void *right)
{
    const struct pending *a = left, *b = right;
    if (a->fact.post != b->fact.post)
        return a->fact.post < b->fact.post ? -1 : 1;
    int metric = strcmp(a->fact.metric, b->fact.metric);
    if (metric != 0)
        return metric;
    if (a->fact.at != b->fact.at)
        return a->fact.at < b->fact.at ? -1 : 1;
    return (a->line > b->line) - (a->line < b->line);
}

/* Two rows that say the same of a post count once; that say two things are bad. */
static void compare_rows(struct taking *t)
{
    size_t kept = 0;
    struct pending *list = t->pending;
    if (!list)
        return;
    qsort(list, t->pending_count, sizeof *list, by_fact);
    for (size_t i = 0; i < t->pending_count; i++) {
        const struct pending *p = &list[i], *before = kept ? &list[kept - 1] : NULL;
        if (!before || before->fact.post != p->fact.post || before->fact.at != p->fact.at ||
            strcmp(before->fact.metric, p->fact.metric) != 0) {
            t->result->posts += !before || before->fact.post != p->fact.post;
            list[kept++] = *p;
        } else if (before->fact.value < p->fact.value || before->fact.value > p->fact.value) {
            t->row_is_bad = 0;
            bad(t, p->line, p->column, "line %ld says another number of the same post and time",
                before->line);
            t->result->bad++;
        }
    }
    t->pending_count = kept;
}

/* ---- the whole ---- */

static int read_header(struct taking *t, struct abp_error *err)
{
    struct abp_csv_record header;
    struct abp_csv_source source = abp_file_source(&t->file);
    const char *path = t->in->path;
    if (abp_csv_open(&t->csv, &source, path, 0, err) != 0)
        return -1;
    int more = abp_csv_next(t->csv, &header, err);
    if (more < 0)
        return -1;
    if (more == 0)
        return abp_fail_at(err, ABP_DATA, path, 0,
                           "an empty file; the first line names the columns");
    if (header.problem)
        return abp_fail_at(err, ABP_DATA, path, header.problem_line, "column %zu: %s",
                           header.problem_column, header.problem);
    return abp_readings_columns_find(&t->columns, &header, t->in, &t->made, t->mistakes, err);
}

static int read_rows(struct taking *t, struct abp_error *err)
{
    struct abp_csv_record record;
    int more;
    while ((more = abp_csv_next(t->csv, &record, err)) > 0)
        if (take_row(t, &record, err) != 0)
            return -1;
    if (more < 0)
        return -1;
    compare_rows(t);
    if (t->result->bad)
        return fail_bad_rows(t, err);
    if (t->result->rows == 0)
        return abp_fail_at(err, ABP_DATA, t->in->path, 0, "a header and no rows");
    return 0;
}

static int add_all(struct taking *t, struct abp_error *err)
{
    size_t corrected = 0;
    struct abp_made_fact *facts = calloc(t->pending_count + 1, sizeof *facts);
    if (!facts)
        return abp_fail_memory(err);
    for (size_t i = 0; i < t->pending_count; i++) {
        facts[i] = t->pending[i].fact;
        corrected += facts[i].kind == ABP_MADE_CORRECTION;
    }
    int rc = abp_made_add(t->in->store, facts, t->pending_count, err);
    free(facts);
    t->result->corrected = rc == 0 ? corrected : 0;
    t->result->added = rc == 0 ? t->pending_count - corrected : 0;
    return rc;
}

/* ---- what became of the numbers ---- */

static void count_post(struct abp_readings_result *r, const struct abp_made_outcome *post,
                       int64_t horizon)
{
    r->named++;
    if (abp_counted_has_value(post->how)) {
        r->at_horizon++;
    } else if (post->how == ABP_COUNTED_LATE) {
        r->late++;
    } else if (post->last_age >= horizon || post->how == ABP_COUNTED_GONE) {
        r->lacking++;
    } else {
        if (r->before < ABP_READINGS_TOLD) {
            r->again[r->before].post = post->planned;
            r->again[r->before].from = post->posted_at + horizon;
        }
        r->before++;
    }
}

static int is_named(const struct taking *t, int64_t planned)
{
    struct abp_made key = {.planned = planned};
    const struct abp_made *made = find(t->by_id, t->made.count, &key, by_number);
    return made && t->named[made - t->made.list];
}

/* The numbers are kept by now: what keeps this from being told undoes nothing, and is not told. */
static void count_posts(struct taking *t)
{
    struct abp_made_outcome *list = NULL;
    size_t count = 0;
    struct abp_error unused;
    const struct abp_experiment *e = t->in->experiment;
    if (e->outcome.count == 0 ||
        abp_made_outcomes(&list, &count, t->in->store, e, t->in->now, &unused) != 0)
        count = 0;
    for (size_t i = 0; i < count; i++)
        if (is_named(t, list[i].planned))
            count_post(t->result, &list[i], e->horizon);
    free(list);
}

static int take_file(struct taking *t, struct abp_error *err)
{
    const char *name = t->in->experiment->name;
    struct abp_planned_filter filter = {.experiment = name};
    if (abp_made_list_read(&t->made, t->in->store, name, NULL, 0, err) != 0 ||
        abp_outbox_list(&t->planned, t->in->store, &filter, err) != 0 || index_posts(t, err) != 0 ||
        abp_file_open(&t->file, t->in->path, NULL, NULL, err) != 0 || read_header(t, err) != 0 ||
        read_rows(t, err) != 0)
        return -1;
    if (add_all(t, err) != 0)
        return -1;
    count_posts(t);
    return 0;
}

static void release(struct taking *t)
{
    abp_csv_close(t->csv);
    abp_file_close(&t->file);
    abp_readings_columns_release(&t->columns);
    abp_made_list_release(&t->made);
    abp_planned_list_release(&t->planned);
    free(t->by_id);
    free(t->by_url);
    free(t->named);
    free(t->pending);
}

int abp_readings_csv(struct abp_readings_result *result, const struct abp_readings_input *input,
                     struct abp_mistakes *mistakes, struct abp_error *err)
{
    struct taking t = {.in = input, .result = result, .mistakes = mistakes, .file = {.fd = -1}};
    size_t before = mistakes->count;
    struct abp_error why = {0};
    memset(result, 0, sizeof *result);
    int rc = take_file(&t, &why);
    release(&t);
    if (rc == 0)
        return 0;
    result->added = result->posts = 0;
    if (why.code == ABP_DATA && mistakes->count == before &&
        abp_mistakes_add(mistakes, why.file[0] ? why.file : input->path, why.line, "%s",
                         why.message) != 0)
        return abp_fail_memory(err);
    *err = why;
    return -1;
}
