/* Posts that abpost made, as an evaluation wants them: their numbers at the horizon. */
#include "abpost/collect.h"

#include "abpost/outbox.h"
#include "abpost/text.h"
#include "abpost/time.h"
#include "collect/chances.h"
#include "store/intern.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The numbers of every post for one metric. */
struct column {
    const char *metric;            /* borrowed */
    struct abp_at_horizon *values; /* owned; made.count */
};

struct making {
    const struct abp_experiment *experiment; /* borrowed */
    int64_t now;
    int64_t since; /* UTC seconds; blocks drawn later are compared; 0: all */
    struct abp_made_list made;
    struct column *columns; /* owned */
    size_t column_count;
    struct abp_posts *posts; /* borrowed; being filled */
    size_t winners, before;  /* mature posts in a winner's own blocks; drawn before the test */
    const char **designs;    /* owned; of the rows; borrowed from made */
    struct abp_intern variants, channels, slots, blocks;
};

/* ---- one metric of one channel ---- */

/* A post's readings as points of a metric: one for each time it was read. Returns how many. */
static size_t fill_points(struct abp_age_point *points, const struct abp_made *m,
                          const char *metric)
{
    size_t count = 0;
    for (size_t r = 0; r < m->reading_count; r++) {
        const struct abp_made_reading *reading = &m->readings[r];
        if (count == 0 || points[count - 1].age != reading->age)
            points[count++] = (struct abp_age_point){reading->age, NAN};
        if (strcmp(reading->metric, metric) == 0)
            points[count - 1].value = reading->value;
    }
    return count;
}

static int by_age(const void *left, const void *right)
{
    const struct abp_age_point *a = left, *b = right;
    return (a->age > b->age) - (a->age < b->age);
}

/* The series of every post of a channel, and their values into the column. */
struct reading_channel {
    struct abp_series *series;
    struct abp_age_point *points;
    struct abp_at_horizon *values;
    size_t *posts;
};

static void release_channel(struct reading_channel *c)
{
    free(c->series);
    free(c->points);
    free(c->values);
    free(c->posts);
}

static int make_channel(struct reading_channel *c, const struct making *m, struct abp_error *err)
{
    size_t points = 1;
    for (size_t i = 0; i < m->made.count; i++)
        points += m->made.list[i].reading_count;
    c->series = calloc(m->made.count + 1, sizeof *c->series);
    c->points = calloc(points, sizeof *c->points);
    c->values = calloc(m->made.count + 1, sizeof *c->values);
    c->posts = calloc(m->made.count + 1, sizeof *c->posts);
    return c->series && c->points && c->values && c->posts ? 0 : abp_fail_memory(err);
}

static int read_channel(struct column *column, const struct making *m, struct reading_channel *c,
                        const char *channel, struct abp_error *err)
{
    size_t count = 0, used = 0;
    for (size_t i = 0; i < m->made.count; i++) {
        const struct abp_made *post = &m->made.list[i];
        if (strcmp(post->channel, channel) != 0)
            continue;
        size_t points = fill_points(&c->points[used], post, column->metric);
        /* In the order of age: a clock that was set back makes it another one than that of time. */
        qsort(&c->points[used], points, sizeof *c->points, by_age);
        c->series[count] = (struct abp_series){
            .points = &c->points[used],
            .count = points,
            .now = m->now - post->posted_at,
            .gone_at = post->deleted_at ? post->deleted_at - post->posted_at : -1};
        c->posts[count++] = i;
        used += points;
    }
    if (abp_horizon_values(c->values, c->series, count, m->experiment->horizon, err) != 0)
        return -1;
    for (size_t k = 0; k < count; k++)
        column->values[c->posts[k]] = c->values[k];
    return 0;
}

static int is_first_of_channel(const struct making *m, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (strcmp(m->made.list[k].channel, m->made.list[i].channel) == 0)
            return 0;
    return 1;
}

static int read_column(struct column *column, const struct making *m, struct abp_error *err)
{
    struct reading_channel c = {0};
    column->values = calloc(m->made.count + 1, sizeof *column->values);
    int rc = column->values ? make_channel(&c, m, err) : abp_fail_memory(err);
    for (size_t i = 0; i < m->made.count && rc == 0; i++)
        if (is_first_of_channel(m, i))
            rc = read_channel(column, m, &c, m->made.list[i].channel, err);
    release_channel(&c);
    return rc;
}

/* ---- sums ---- */

static int need_metrics(struct making *m, const struct abp_sum *sum, struct abp_error *err)
{
    for (size_t t = 0; t < sum->count; t++) {
        size_t k = 0;
        while (k < m->column_count && strcmp(m->columns[k].metric, sum->terms[t].name) != 0)
            k++;
        if (k < m->column_count)
            continue;
        struct column *grown = realloc(m->columns, (k + 1) * sizeof *grown);
        if (!grown)
            return abp_fail_memory(err);
        m->columns = grown;
        grown[m->column_count++] = (struct column){.metric = sum->terms[t].name};
        if (read_column(&grown[k], m, err) != 0)
            return -1;
    }
    return 0;
}

static const struct abp_at_horizon *value_of(const struct making *m, const char *metric,
                                             size_t post)
{
    size_t k = 0;
    while (strcmp(m->columns[k].metric, metric) != 0)
        k++;
    return &m->columns[k].values[post];
}

#define MOST_TERMS 64

/* sum is not empty. */
static struct abp_at_horizon sum_of(const struct making *m, const struct abp_sum *sum, size_t post)
{
    struct abp_at_horizon terms[MOST_TERMS];
    double weights[MOST_TERMS];
    size_t count = sum->count < MOST_TERMS ? sum->count : MOST_TERMS;
    for (size_t t = 0; t < count; t++) {
        terms[t] = *value_of(m, sum->terms[t].name, post);
        weights[t] = sum->terms[t].weight;
    }
    return abp_horizon_sum(terms, weights, count);
}

static int check_sum(const struct abp_sum *sum, struct abp_error *err)
{
    return sum->count <= MOST_TERMS
               ? 0
               : abp_fail(err, ABP_DATA, "a sum of %zu metrics; up to %d are accepted", sum->count,
                          MOST_TERMS);
}

static int read_metrics(struct making *m, struct abp_error *err)
{
    const struct abp_experiment *e = m->experiment;
    if (check_sum(&e->outcome, err) != 0 || check_sum(&e->exposure, err) != 0 ||
        need_metrics(m, &e->outcome, err) != 0 || need_metrics(m, &e->exposure, err) != 0)
        return -1;
    for (size_t g = 0; g < e->decision.guardrail_count; g++)
        if (check_sum(&e->decision.guardrails[g].metric, err) != 0 ||
            need_metrics(m, &e->decision.guardrails[g].metric, err) != 0)
            return -1;
    return 0;
}

/* ---- rows ---- */

static int name_row(struct making *m, struct abp_post_row *row, const struct abp_made *post,
                    struct abp_error *err)
{
    char block[24];
    uint32_t number;
    snprintf(block, sizeof block, "%lld", (long long)post->block);
    if (abp_intern(&row->variant, &m->variants, post->variant, err) != 0 ||
        abp_intern(&row->channel, &m->channels, post->channel, err) != 0 ||
        abp_intern(&row->slot, &m->slots, post->slot ? post->slot : "", err) != 0 ||
        abp_intern(&number, &m->blocks, block, err) != 0)
        return -1;
    row->block = (int64_t)number;
    return 0;
}

static int add_row(struct making *m, size_t i, const struct abp_at_horizon *outcome,
                   struct abp_error *err)
{
    const struct abp_experiment *e = m->experiment;
    const struct abp_made *post = &m->made.list[i];
    struct abp_posts *posts = m->posts;
    struct abp_post_row *row = &posts->rows[posts->count];
    *row = (struct abp_post_row){.outcome = outcome->value,
                                 .exposure = 1.0,
                                 .line = post->planned,
                                 .posted_at = post->posted_at,
                                 .has_time = 1};
    if (e->exposure.count)
        row->exposure = sum_of(m, &e->exposure, i).value;
    m->designs[posts->count] = post->design ? post->design : "";
    posts->missing += isnan(row->outcome) || isnan(row->exposure);
    for (size_t g = 0; g < posts->guardrail_count; g++)
        posts->guardrails[posts->count * posts->guardrail_count + g] =
            sum_of(m, &e->decision.guardrails[g].metric, i).value;
    posts->count++;
    return name_row(m, row, post, err);
}

/* 1: the post is no part of the comparison, and counted as that. */
static int is_apart(struct making *m, const struct abp_made *post)
{
    int before = m->since && post->drawn_at <= m->since;
    int winner = post->design && strcmp(post->design, "winner") == 0;
    m->before += before ? 1u : 0u;
    m->winners += !before && winner ? 1u : 0u;
    m->posts->apart += before || winner ? 1u : 0u;
    return before || winner;
}

static int add_rows(struct making *m, struct abp_made_counts *counts, struct abp_error *err)
{
    struct abp_posts *posts = m->posts;
    size_t guardrails = m->experiment->decision.guardrail_count;
    posts->name = abp_strdup(m->experiment->name);
    posts->rows = calloc(m->made.count + 1, sizeof *posts->rows);
    posts->guardrail_count = guardrails;
    m->designs = calloc(m->made.count + 1, sizeof *m->designs);
    if (guardrails)
        posts->guardrails = calloc((m->made.count + 1) * guardrails, sizeof *posts->guardrails);
    if (!posts->name || !posts->rows || !m->designs || (guardrails && !posts->guardrails))
        return abp_fail_memory(err);
    posts->randomised = posts->made = 1;
    for (size_t i = 0; i < m->made.count; i++) {
        if (strcmp(m->made.list[i].experiment, m->experiment->name) != 0)
            continue;
        struct abp_at_horizon outcome = sum_of(m, &m->experiment->outcome, i);
        counts->counted[outcome.how]++;
        counts->edited += m->made.list[i].edited_at != 0;
        if (outcome.how == ABP_COUNTED_OVERDUE || outcome.how == ABP_COUNTED_NOT_MATURE)
            continue;
        if (is_apart(m, &m->made.list[i]))
            continue;
        if (add_row(m, i, &outcome, err) != 0)
            return -1;
    }
    return collect_chances(posts, m->designs, err);
}

/* ---- notes ---- */

static const char *plural(size_t count, const char *one, const char *many)
{
    return count == 1 ? one : many;
}

static int note_missing(struct abp_posts *posts, const size_t *counted, struct abp_error *err)
{
    static const struct {
        enum abp_counted how;
        const char *text;
    } kinds[] = {
        {ABP_COUNTED_LATE, "read too late to know their numbers at the horizon, and count as "
                           "missing"},
        {ABP_COUNTED_ABSENT, "without a number that the outcome needs, and count as missing"},
        {ABP_COUNTED_GONE, "deleted before they could be read, and count as missing"},
        {ABP_COUNTED_OVERDUE, "past their horizon and not read yet, and do not count"},
        {ABP_COUNTED_INTERPOLATED, "read before and after the horizon, and their numbers "
                                   "interpolated"},
        {ABP_COUNTED_ADJUSTED, "read after the horizon, and their numbers scaled back by their "
                               "channel's curve"},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = counted[kinds[i].how];
        if (n && abp_posts_note(posts, err, "%zu %s %s", n, plural(n, "post was", "posts were"),
                                kinds[i].text) != 0)
            return -1;
    }
    return 0;
}

static int note_apart(const struct making *m, struct abp_error *err)
{
    char when[ABP_TIME_SIZE];
    if (m->before && abp_time_format(when, m->since) == 0 &&
        abp_posts_note(m->posts, err,
                       "a test that began anew: what was decided by %.10s was withdrawn, and the "
                       "%zu %s drawn before that %s not count any more",
                       when, m->before, plural(m->before, "post", "posts"),
                       plural(m->before, "does", "do")) != 0)
        return -1;
    return m->winners == 0
               ? 0
               : abp_posts_note(m->posts, err,
                                "%zu %s of the winner's own slots %s not compared: nothing was "
                                "drawn there; what is compared is the share that is still drawn",
                                m->winners, plural(m->winners, "post", "posts"),
                                plural(m->winners, "is", "are"));
}

static int note_all(const struct making *m, const struct abp_made_counts *counts,
                    struct abp_error *err)
{
    struct abp_posts *posts = m->posts;
    if (note_apart(m, err) != 0 || note_missing(posts, counts->counted, err) != 0)
        return -1;
    return counts->edited == 0
               ? 0
               : abp_posts_note(posts, err,
                                "%zu %s edited after going out: what was read is of "
                                "another text than the one that was drawn",
                                counts->edited, plural(counts->edited, "post was", "posts were"));
}

static void take_names(struct abp_names *names, struct abp_intern *intern)
{
    *names = intern->names;
    memset(&intern->names, 0, sizeof intern->names);
    abp_intern_release(intern);
}

static void release_making(struct making *m)
{
    abp_intern_release_names(&m->blocks.names);
    abp_intern_release(&m->blocks);
    for (size_t k = 0; k < m->column_count; k++)
        free(m->columns[k].values);
    free(m->columns);
    free(m->designs);
    abp_made_list_release(&m->made);
}

static int make(struct making *m, struct abp_made_counts *counts, struct abp_store *store,
                struct abp_error *err)
{
    struct abp_posts *posts = m->posts;
    if (m->experiment->outcome.count == 0)
        return abp_fail(err, ABP_BUG, "posts of an experiment without an outcome");
    int rc = abp_made_list_read(&m->made, store, NULL, NULL, 0, err);
    if (rc == 0)
        rc = read_metrics(m, err);
    if (rc == 0)
        rc = add_rows(m, counts, err);
    posts->block_count = m->blocks.names.count;
    take_names(&posts->variants, &m->variants);
    take_names(&posts->channels, &m->channels);
    take_names(&posts->slots, &m->slots);
    release_making(m);
    if (rc != 0)
        abp_posts_release(posts);
    return rc;
}

int abp_made_posts(struct abp_posts *posts, struct abp_made_counts *counts, struct abp_store *store,
                   const struct abp_experiment *experiment, int64_t now, struct abp_error *err)
{
    struct making m = {.experiment = experiment, .now = now, .posts = posts};
    memset(posts, 0, sizeof *posts);
    memset(counts, 0, sizeof *counts);
    if (abp_outbox_test_began(&m.since, store, experiment->name, err) != 0 ||
        make(&m, counts, store, err) != 0)
        return -1;
    posts->anew = m.since != 0;
    if (note_all(&m, counts, err) == 0)
        return 0;
    abp_posts_release(posts);
    return -1;
}

int abp_made_posts_since(struct abp_posts *posts, struct abp_store *store,
                         const struct abp_experiment *experiment, int64_t since, int64_t now,
                         struct abp_error *err)
{
    struct making m = {.experiment = experiment, .now = now, .since = since, .posts = posts};
    struct abp_made_counts counts = {0};
    memset(posts, 0, sizeof *posts);
    if (make(&m, &counts, store, err) != 0)
        return -1;
    posts->anew = 1;
    return 0;
}

static int64_t last_age(const struct abp_made *post)
{
    int64_t last = -1;
    for (size_t r = 0; r < post->reading_count; r++)
        last = post->readings[r].age > last ? post->readings[r].age : last;
    return last;
}

int abp_made_outcomes(struct abp_made_outcome **list, size_t *count, struct abp_store *store,
                      const struct abp_experiment *experiment, int64_t now, struct abp_error *err)
{
    struct making m = {.experiment = experiment, .now = now};
    *list = NULL;
    *count = 0;
    /* Every experiment's posts: a channel's curve is learned from all of them. */
    int rc = abp_made_list_read(&m.made, store, NULL, NULL, 0, err);
    if (rc == 0)
        rc = read_metrics(&m, err);
    if (rc == 0 && !(*list = calloc(m.made.count + 1, sizeof **list)))
        rc = abp_fail_memory(err);
    for (size_t i = 0; i < m.made.count && rc == 0; i++) {
        const struct abp_made *post = &m.made.list[i];
        if (strcmp(post->experiment, experiment->name) == 0)
            (*list)[(*count)++] =
                (struct abp_made_outcome){post->planned, post->posted_at,
                                          sum_of(&m, &experiment->outcome, i).how, last_age(post)};
    }
    release_making(&m);
    return rc;
}
