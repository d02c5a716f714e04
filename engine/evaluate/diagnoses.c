/* Diagnoses of each variant: does its effect fade, do its posts carry over to the next ones? */
#include "evaluate/evaluation.h"

#include "abpost/fading.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALPHA 0.05  /* of saying something that is not there, over all variants */
#define MOST  20000 /* posts; shuffling more of them a thousand times takes longer than the fit */

/* Every post in the order of posting. */
struct timeline {
    struct abp_fading_input input;     /* of the arrays below */
    double *numbers;                   /* owned: outcomes, exposures */
    size_t *indices;                   /* owned: variants, channels */
    int64_t *blocks;                   /* owned */
    const struct abp_post_row **order; /* owned; the rows themselves borrowed */
};

static int by_time(const void *left, const void *right)
{
    const struct abp_post_row *a = *(const struct abp_post_row *const *)left;
    const struct abp_post_row *b = *(const struct abp_post_row *const *)right;
    if (a->posted_at != b->posted_at)
        return a->posted_at < b->posted_at ? -1 : 1;
    return a < b ? -1 : a > b; /* both of one array */
}

/* 1: the post bears on the estimates: read, and of a block whose labels were shuffled. The others
 * only count as what came before. */
static int is_told(const struct abp_posts *posts, const struct abp_post_row *row)
{
    size_t at = (size_t)(row - posts->rows);
    int drawn = posts->chance && !isnan(posts->chance[at * posts->chances.count]);
    return row->block >= 0 && !drawn && !isnan(row->outcome) && row->exposure > 0.0;
}

static void timeline_release(struct timeline *t)
{
    free(t->numbers);
    free(t->indices);
    free(t->blocks);
    free(t->order);
}

/* The caller releases, also after a failure. */
static int timeline_init(struct timeline *t, const struct evaluation *e, struct abp_error *err)
{
    const struct abp_posts *posts = e->posts;
    size_t n = posts->count + 1;
    *t = (struct timeline){.numbers = calloc(2 * n, sizeof *t->numbers),
                           .indices = calloc(2 * n, sizeof *t->indices),
                           .blocks = calloc(n, sizeof *t->blocks),
                           .order = calloc(n, sizeof *t->order)};
    if (!t->numbers || !t->indices || !t->blocks || !t->order)
        return abp_fail_memory(err);
    for (size_t i = 0; i < posts->count; i++)
        t->order[i] = &posts->rows[i];
    qsort(t->order, posts->count, sizeof *t->order, by_time);
    for (size_t i = 0; i < posts->count; i++) {
        const struct abp_post_row *row = t->order[i];
        int told = is_told(posts, row);
        t->numbers[i] = told ? row->outcome : NAN;
        t->numbers[n + i] = told ? row->exposure : 1.0;
        t->indices[i] = e->table.of_name[row->variant];
        t->indices[n + i] = row->channel;
        t->blocks[i] = row->block;
    }
    t->input = (struct abp_fading_input){.outcome = t->numbers,
                                         .exposure = t->numbers + n,
                                         .variant = t->indices,
                                         .channel = t->indices + n,
                                         .block = t->blocks,
                                         .posts = posts->count,
                                         .seed = e->seed};
    return 0;
}

static void set_diagnosis(struct abp_diagnosis_result *out, const struct abp_fading *f,
                          size_t variants)
{
    int apart = f->low > 0.0 || f->high < 0.0;
    if (!f->present)
        return;
    *out = (struct abp_diagnosis_result){.estimate = f->estimate,
                                         .low = f->low,
                                         .high = f->high,
                                         .p_value = f->p_value,
                                         .posts = f->posts,
                                         .notable =
                                             apart && f->p_value <= ALPHA / (double)(variants - 1)};
}

static int diagnose(struct evaluation *e, struct timeline *t, size_t v, struct abp_error *err)
{
    struct abp_variant_result *variant = &e->result->variants[v];
    struct abp_fading found;
    t->input.style = v;
    t->input.baseline = 0;
    if (abp_fading(&found, &t->input, err) != 0)
        return -1;
    set_diagnosis(&variant->fading, &found, e->table.variant_count);
    if (abp_carry_over(&found, &t->input, err) != 0)
        return -1;
    set_diagnosis(&variant->carry_over, &found, e->table.variant_count);
    return 0;
}

/* 1: the posts' order in time is known, and their labels were shuffled. */
static int can_be_diagnosed(const struct evaluation *e)
{
    const struct abp_posts *posts = e->posts;
    if (!posts->randomised || posts->count > MOST || e->table.variant_count < 2)
        return 0;
    for (size_t i = 0; i < posts->count; i++)
        if (!posts->rows[i].has_time)
            return 0;
    return e->table.posts > 0;
}

int evaluation_diagnose(struct evaluation *e, struct abp_error *err)
{
    struct timeline t;
    if (!can_be_diagnosed(e))
        return 0;
    int rc = timeline_init(&t, e, err);
    for (size_t v = 1; rc == 0 && v < e->table.variant_count; v++)
        rc = diagnose(e, &t, v, err);
    timeline_release(&t);
    return rc;
}
