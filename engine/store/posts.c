#include "abpost/posts.h"

#include "abpost/text.h"
#include "store/handle.h"
#include "store/intern.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sum while its post's readings come in. */
struct running {
    const struct abp_sum *sum; /* borrowed */
    double total;
    size_t found; /* terms met */
};

struct loader {
    struct abp_posts *posts; /* borrowed; being filled */
    size_t capacity;         /* of posts->rows and posts->guardrails, in rows */
    int64_t post_id;         /* of the last row; 0: none yet */
    struct running *sums;    /* owned: outcome, exposure, then the guardrails */
    size_t sum_count;
    struct abp_intern variants, channels, slots, blocks;
};

enum { OUTCOME, EXPOSURE, FIRST_GUARDRAIL };

/* Columns of the SELECT. */
enum { POST_ID, LINE, VARIANT, CHANNEL, SLOT, BLOCK, POSTED_AT, METRIC, VALUE };

/* ---- sums ---- */

static int make_sums(struct loader *loader, const struct abp_sum *const *sums, size_t count,
                     struct abp_error *err)
{
    if (count < FIRST_GUARDRAIL)
        return abp_fail(err, ABP_BUG, "posts are read without an outcome or an exposure");
    loader->sum_count = count;
    loader->sums = calloc(count, sizeof *loader->sums);
    if (!loader->sums)
        return abp_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        loader->sums[i].sum = sums[i];
    loader->posts->guardrail_count = count - FIRST_GUARDRAIL;
    return 0;
}

static void add_reading(struct loader *loader, const char *metric, double value)
{
    for (size_t i = 0; i < loader->sum_count; i++) {
        struct running *running = &loader->sums[i];
        for (size_t t = 0; t < running->sum->count; t++)
            if (strcmp(running->sum->terms[t].name, metric) == 0) {
                running->total += running->sum->terms[t].weight * value;
                running->found++;
            }
    }
}

/* The finished sum of the last row, NaN when a term is missing; made ready for the next row. */
static int take_sum(double *total, struct loader *loader, size_t i, struct abp_error *err)
{
    struct running *running = &loader->sums[i];
    *total = running->found == running->sum->count ? running->total : (double)NAN;
    int overflow = running->found == running->sum->count && !isfinite(running->total);
    running->total = 0;
    running->found = 0;
    if (!overflow)
        return 0;
    const struct abp_posts *posts = loader->posts;
    return abp_fail(err, ABP_DATA, "%s: the sum for %s in line %lld is too large for a number",
                    posts->name,
                    i == OUTCOME    ? "the outcome"
                    : i == EXPOSURE ? "the exposure"
                                    : "a guardrail",
                    (long long)posts->rows[posts->count - 1].line);
}

/* ---- rows ---- */

static int grow(struct loader *loader, struct abp_error *err)
{
    struct abp_posts *posts = loader->posts;
    size_t capacity = loader->capacity ? loader->capacity * 2 : 16;
    struct abp_post_row *rows = realloc(posts->rows, capacity * sizeof *rows);
    if (!rows)
        return abp_fail_memory(err);
    posts->rows = rows;
    if (posts->guardrail_count) {
        double *guardrails =
            realloc(posts->guardrails, capacity * posts->guardrail_count * sizeof *guardrails);
        if (!guardrails)
            return abp_fail_memory(err);
        posts->guardrails = guardrails;
    }
    loader->capacity = capacity;
    return 0;
}

/* All readings of the last row have come. */
static int finish_row(struct loader *loader, struct abp_error *err)
{
    struct abp_posts *posts = loader->posts;
    if (posts->count == 0)
        return 0;
    size_t last = posts->count - 1;
    struct abp_post_row *row = &posts->rows[last];
    if (take_sum(&row->outcome, loader, OUTCOME, err) != 0 ||
        take_sum(&row->exposure, loader, EXPOSURE, err) != 0)
        return -1;
    if (loader->sums[EXPOSURE].sum->count == 0)
        row->exposure = 1;
    for (size_t i = 0; i < posts->guardrail_count; i++)
        if (take_sum(&posts->guardrails[last * posts->guardrail_count + i], loader,
                     FIRST_GUARDRAIL + i, err) != 0)
            return -1;
    posts->missing += isnan(row->outcome) || isnan(row->exposure);
    return 0;
}

static int start_row(struct loader *loader, struct abp_statement *s, struct abp_error *err)
{
    struct abp_posts *posts = loader->posts;
    if (posts->count == loader->capacity && grow(loader, err) != 0)
        return -1;
    struct abp_post_row row = {.block = -1, .line = abp_column_int(s, LINE)};
    if (abp_intern(&row.variant, &loader->variants, abp_column_text(s, VARIANT), err) != 0 ||
        abp_intern(&row.channel, &loader->channels, abp_column_text(s, CHANNEL), err) != 0 ||
        abp_intern(&row.slot, &loader->slots, abp_column_text(s, SLOT), err) != 0)
        return -1;
    if (!abp_column_is_null(s, BLOCK)) {
        uint32_t block = 0;
        if (abp_intern(&block, &loader->blocks, abp_column_text(s, BLOCK), err) != 0)
            return -1;
        row.block = block;
        posts->randomised = 1;
    }
    row.has_time = !abp_column_is_null(s, POSTED_AT);
    row.posted_at = abp_column_int(s, POSTED_AT);
    posts->rows[posts->count++] = row;
    return 0;
}

static int take_row(struct loader *loader, struct abp_statement *s, struct abp_error *err)
{
    int64_t post_id = abp_column_int(s, POST_ID);
    if (post_id != loader->post_id) {
        if (finish_row(loader, err) != 0 || start_row(loader, s, err) != 0)
            return -1;
        loader->post_id = post_id;
    }
    if (!abp_column_is_null(s, METRIC))
        add_reading(loader, abp_column_text(s, METRIC), abp_column_real(s, VALUE));
    return 0;
}

/* ---- load ---- */

static int read_rows(struct loader *loader, struct abp_store *store, int64_t import_id,
                     int64_t experiment_id, struct abp_error *err)
{
    /* By the index on (experiment_id, import_id), which ends in the id: no sorting. */
    static const char sql[] =
        "SELECT post.id, post.line, post.variant, post.channel, post.slot, post.block,"
        " post.posted_at, reading.metric, reading.value"
        " FROM post LEFT JOIN reading ON reading.post_id = post.id"
        " WHERE post.experiment_id = :experiment AND post.import_id = :import"
        " ORDER BY post.id";
    if (!store->posts_of && abp_db_prepare(&store->posts_of, store->db, sql, err) != 0)
        return -1;
    struct abp_statement *s = store->posts_of;
    abp_bind_int(s, abp_param(s, ":experiment"), experiment_id);
    abp_bind_int(s, abp_param(s, ":import"), import_id);
    int row;
    while ((row = abp_step(s, err)) > 0)
        if (take_row(loader, s, err) != 0) {
            abp_reset(s);
            return -1;
        }
    return row == 0 ? finish_row(loader, err) : -1;
}

static void take_names(struct abp_names *names, struct abp_intern *intern)
{
    *names = intern->names;
    memset(&intern->names, 0, sizeof intern->names);
}

int abp_posts_read(struct abp_posts *posts, struct abp_store *store, int64_t import_id,
                   int64_t position, const struct abp_sum *const *sums, size_t sum_count,
                   struct abp_error *err)
{
    struct loader loader = {.posts = posts};
    int64_t experiment_id = 0;
    int rc = -1;
    memset(posts, 0, sizeof *posts);
    if (abp_store_experiment_at(&experiment_id, &posts->name, store, import_id, position, err) !=
            0 ||
        make_sums(&loader, sums, sum_count, err) != 0 ||
        read_rows(&loader, store, import_id, experiment_id, err) != 0)
        goto out;
    take_names(&posts->variants, &loader.variants);
    take_names(&posts->channels, &loader.channels);
    take_names(&posts->slots, &loader.slots);
    posts->block_count = loader.blocks.names.count;
    rc = 0;
out:
    free(loader.sums);
    abp_intern_release(&loader.variants);
    abp_intern_release(&loader.channels);
    abp_intern_release(&loader.slots);
    abp_intern_release(&loader.blocks);
    if (rc != 0)
        abp_posts_release(posts);
    return rc;
}

void abp_posts_release(struct abp_posts *posts)
{
    if (!posts)
        return;
    free(posts->name);
    free(posts->rows);
    free(posts->guardrails);
    abp_intern_release_names(&posts->variants);
    abp_intern_release_names(&posts->channels);
    abp_intern_release_names(&posts->slots);
    abp_intern_release_names(&posts->notes);
    abp_intern_release_names(&posts->chances);
    free(posts->chance);
    memset(posts, 0, sizeof *posts);
}

int abp_posts_note(struct abp_posts *posts, struct abp_error *err, const char *format, ...)
{
    struct abp_names *notes = &posts->notes;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    char **list = realloc(notes->list, (notes->count + 1) * sizeof *list);
    if (!list)
        return abp_fail_memory(err);
    notes->list = list;
    list[notes->count] = abp_strdup(text);
    if (!list[notes->count])
        return abp_fail_memory(err);
    notes->count++;
    return 0;
}
