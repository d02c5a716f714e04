#include "abpost/allocation.h"

#include "abpost/allocate.h"
#include "evaluate/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct allocating {
    const struct abp_experiment *experiment; /* borrowed */
    const unsigned char *active;             /* borrowed; may be NULL */
    struct evaluation e;
    size_t *column; /* owned; variant_count: of each active variant, its column in the table */
    size_t count;   /* active */
};

static int is_active(const struct allocating *a, size_t v)
{
    return !a->active || a->active[v];
}

/* The rows of blocks that are whole. Borrows all but the rows. */
static int whole_blocks(struct abp_posts *whole, const struct abp_posts *posts, size_t least,
                        struct abp_error *err)
{
    size_t *rows = calloc(posts->block_count + 1, sizeof *rows);
    *whole = *posts;
    whole->count = 0;
    whole->rows = calloc(posts->count + 1, sizeof *whole->rows);
    if (!rows || !whole->rows) {
        free(rows);
        free(whole->rows);
        return abp_fail_memory(err);
    }
    for (size_t i = 0; i < posts->count; i++)
        if (posts->rows[i].block >= 0)
            rows[posts->rows[i].block]++;
    for (size_t i = 0; i < posts->count; i++)
        if (posts->rows[i].block >= 0 && rows[posts->rows[i].block] >= least)
            whole->rows[whole->count++] = posts->rows[i];
    free(rows);
    return 0;
}

/* Where each active variant stands in the table. 1; 0: one has too few readings. */
static int find_columns(struct allocating *a)
{
    const struct table *t = &a->e.table;
    a->count = 0;
    for (size_t v = 0; v < a->experiment->variant_count; v++) {
        size_t c = 0;
        while (c < t->variant_count &&
               strcmp(t->variants[c].name, a->experiment->variants[v].name) != 0)
            c++;
        if (!is_active(a, v))
            continue;
        if (c == t->variant_count || t->variants[c].posts < ABP_ALLOCATION_POSTS)
            return 0;
        a->column[a->count++] = c;
    }
    return a->count > 0;
}

/* 1: probability[0..count) of the active ones; 0: not reliable; -1. */
static int allocate(double *probability, const struct allocating *a,
                    const struct abp_posterior *posterior, struct abp_error *err)
{
    size_t draws = posterior->draws, count = a->count;
    if (!abp_posterior_reliable(posterior))
        return 0;
    double *value = calloc(draws * count, sizeof *value);
    if (!value)
        return abp_fail_memory(err);
    for (size_t i = 0; i < draws; i++)
        for (size_t k = 0; k < count; k++)
            value[i * count + k] = posterior->theta[i * posterior->variants + a->column[k]];
    struct abp_allocation_input input = {.value = value,
                                         .weight = posterior->weight,
                                         .draws = draws,
                                         .variants = count,
                                         .leader = ABP_ALLOCATION_LEADER,
                                         .floor = ABP_ALLOCATION_FLOOR / (double)count};
    int rc = abp_allocate(probability, &input, err);
    free(value);
    return rc == 0 ? 1 : -1;
}

static int fit_and_allocate(double *probability, struct allocating *a, struct abp_error *err)
{
    struct abp_posterior posterior;
    struct abp_posterior_options ask = {.seed = a->e.seed};
    struct abp_data data = table_data(&a->e.table);
    evaluation_choose_model(&a->e);
    if (a->e.family == ABP_POISSON || a->e.family == ABP_BINOMIAL)
        return 0; /* pooled families have no posts to allocate */
    if (abp_posterior_fit(&posterior, &data, a->e.family, &a->e.priors, &ask, err) != 0)
        return -1;
    int rc = allocate(probability, a, &posterior, err);
    abp_posterior_release(&posterior);
    return rc;
}

/* From the active ones, in front, to all of them. */
static void spread(double *probability, const struct allocating *a)
{
    size_t k = a->count;
    for (size_t v = a->experiment->variant_count; v-- > 0;)
        probability[v] = is_active(a, v) ? probability[--k] : 0.0;
}

int abp_allocation(double *probability, const struct abp_experiment *experiment,
                   const struct abp_posts *posts, const unsigned char *active, uint64_t seed,
                   struct abp_error *err)
{
    struct allocating a = {.experiment = experiment, .active = active};
    struct abp_posts whole;
    size_t least = 0;
    for (size_t v = 0; v < experiment->variant_count; v++)
        least += is_active(&a, v) ? 1u : 0u;
    a.column = calloc(experiment->variant_count + 1, sizeof *a.column);
    if (!a.column)
        return abp_fail_memory(err);
    int rc = whole_blocks(&whole, posts, least, err);
    if (rc != 0)
        goto out;
    a.e = (struct evaluation){.experiment = experiment, .posts = &whole, .seed = seed};
    rc = table_init(&a.e.table, experiment, &whole, err);
    if (rc == 0) {
        rc = find_columns(&a) ? fit_and_allocate(probability, &a, err) : 0;
        table_release(&a.e.table);
    }
    if (rc > 0)
        spread(probability, &a);
    free(whole.rows);
out:
    free(a.column);
    return rc;
}
