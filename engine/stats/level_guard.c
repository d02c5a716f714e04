#include "abpost/level_guard.h"

#include <math.h>
#include <stdlib.h>

#define NONE ((size_t)-1)

/* The posts of one level's pairs, as the guard takes two variants: 0 the reference, 1 the level. */
struct pairs {
    const struct abp_level_guard_input *in; /* borrowed */
    double *outcome, *exposure;             /* owned, as is the rest */
    double *probability;                    /* posts x 2 */
    size_t *variant, *slot;
    int64_t *block;
    size_t *number; /* of each row: its block's, from 0 */
    size_t *pair;   /* of each variant: its pair's number; NONE: it has no partner */
};

struct keyed_row {
    int64_t block;
    size_t row;
};

static int by_block(const void *a, const void *b)
{
    const struct keyed_row *x = a, *y = b;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* Blocks carry any number: here they are counted. */
static int number_blocks(struct pairs *p, struct abp_error *err)
{
    const struct abp_guard_input *posts = p->in->posts;
    struct keyed_row *keyed = calloc(posts->posts + 1, sizeof *keyed);
    size_t number = 0;
    if (!keyed)
        return abp_fail_memory(err);
    for (size_t i = 0; i < posts->posts; i++)
        keyed[i] = (struct keyed_row){posts->block[i], i};
    qsort(keyed, posts->posts, sizeof *keyed, by_block);
    for (size_t i = 0; i < posts->posts; i++) {
        number += i && keyed[i].block != keyed[i - 1].block ? 1 : 0;
        p->number[keyed[i].row] = number;
    }
    free(keyed);
    return 0;
}

static void pairs_close(struct pairs *p)
{
    free(p->outcome);
    free(p->exposure);
    free(p->probability);
    free(p->variant);
    free(p->slot);
    free(p->block);
    free(p->number);
    free(p->pair);
}

/* The caller closes, also after a failure. */
static int pairs_open(struct pairs *p, const struct abp_level_guard_input *in,
                      struct abp_error *err)
{
    size_t room = in->posts->posts + 1;
    *p = (struct pairs){.in = in,
                        .outcome = calloc(room, sizeof *p->outcome),
                        .exposure = calloc(room, sizeof *p->exposure),
                        .probability = calloc(room, 2 * sizeof *p->probability),
                        .variant = calloc(room, sizeof *p->variant),
                        .slot = calloc(room, sizeof *p->slot),
                        .block = calloc(room, sizeof *p->block),
                        .number = calloc(room, sizeof *p->number),
                        .pair = calloc(in->posts->variants + 1, sizeof *p->pair)};
    if (!p->outcome || !p->exposure || !p->probability || !p->variant || !p->slot || !p->block ||
        !p->number || !p->pair)
        return abp_fail_memory(err);
    return number_blocks(p, err);
}

static int differ_in_one(const struct abp_level_guard_input *in, size_t f, size_t v, size_t w)
{
    size_t K = in->posts->variants;
    for (size_t g = 0; g < in->factors; g++)
        if (g != f && in->level[g * K + v] != in->level[g * K + w])
            return 0;
    return 1;
}

/* Fills pair; returns how many there are. */
static size_t find_pairs(struct pairs *p, size_t f, size_t level)
{
    const struct abp_level_guard_input *in = p->in;
    const size_t *of = in->level + f * in->posts->variants;
    size_t K = in->posts->variants, count = 0;
    for (size_t v = 0; v < K; v++)
        p->pair[v] = NONE;
    for (size_t v = 0; v < K; v++)
        for (size_t w = 0; w < K && of[v] == level; w++) {
            if (of[w] != in->zero[f] || p->pair[w] != NONE || !differ_in_one(in, f, v, w))
                continue;
            p->pair[v] = p->pair[w] = count++;
            break;
        }
    return count;
}

/* The chances of a post that was drawn by itself, given that it became one of its pair. */
static void set_chances(double chance[2], const struct pairs *p, size_t row)
{
    const struct abp_guard_input *posts = p->in->posts;
    const double *drawn = posts->probability + row * posts->variants;
    size_t v = posts->variant[row];
    double own = drawn[v], both = 0.0;
    for (size_t w = 0; w < posts->variants; w++)
        both += p->pair[w] == p->pair[v] ? drawn[w] : 0.0;
    own /= both; /* NaN of a block that was shuffled stays NaN */
    chance[0] = 1.0 - own;
    chance[1] = own;
}

/* The rows of the pairs, in their order. chance[1] is the drawn label's until here. */
static size_t take_rows(struct pairs *p, size_t f, size_t level, size_t count)
{
    const struct abp_guard_input *posts = p->in->posts;
    const size_t *of = p->in->level + f * posts->variants;
    size_t rows = 0;
    for (size_t i = 0; i < posts->posts; i++) {
        size_t v = posts->variant[i];
        if (p->pair[v] == NONE)
            continue;
        double chance[2] = {NAN, NAN};
        if (posts->probability)
            set_chances(chance, p, i);
        p->outcome[rows] = posts->outcome[i];
        p->exposure[rows] = posts->exposure[i];
        p->variant[rows] = of[v] == level;
        p->slot[rows] = posts->slot ? posts->slot[i] : 0;
        p->block[rows] = (int64_t)(p->number[i] * count + p->pair[v]);
        p->probability[2 * rows] = chance[of[v] == level ? 0 : 1];
        p->probability[2 * rows + 1] = chance[of[v] == level ? 1 : 0];
        rows++;
    }
    return rows;
}

static int guard_level(struct abp_level_guard *out, struct pairs *p, size_t f, size_t level,
                       struct abp_error *err)
{
    const struct abp_guard_input *posts = p->in->posts;
    struct abp_guard_output both[2];
    out->guard = (struct abp_guard_output){.e_value = 1.0, .max_e_value = 1.0, .open_e_value = 1.0};
    out->pairs = level == p->in->zero[f] ? 0 : find_pairs(p, f, level);
    if (out->pairs == 0)
        return 0;
    size_t rows = take_rows(p, f, level, out->pairs);
    struct abp_guard_input input = {.outcome = p->outcome,
                                    .exposure = p->exposure,
                                    .variant = p->variant,
                                    .block = p->block,
                                    .probability = posts->probability ? p->probability : NULL,
                                    .slot = posts->slot ? p->slot : NULL,
                                    .slots = posts->slots,
                                    .posts = rows,
                                    .variants = 2,
                                    .threshold = p->in->threshold,
                                    .planned_blocks = posts->planned_blocks * out->pairs};
    if (abp_guard(both, &input, err) != 0)
        return -1;
    out->guard = both[1];
    return 0;
}

static int check(const struct abp_level_guard_input *in, struct abp_error *err)
{
    const struct abp_guard_input *posts = in->posts;
    for (size_t f = 0; f < in->factors; f++)
        for (size_t v = 0; v < posts->variants; v++)
            if (in->level[f * posts->variants + v] >= in->levels[f] || in->zero[f] >= in->levels[f])
                return abp_fail(err, ABP_BUG, "variant %zu has level %zu of factor %zu", v,
                                in->level[f * posts->variants + v], f);
    for (size_t i = 0; i < posts->posts; i++)
        if (posts->variant[i] >= posts->variants)
            return abp_fail(err, ABP_DATA, "post %zu has variant %zu of %zu", i, posts->variant[i],
                            posts->variants);
    return 0;
}

int abp_level_guards(struct abp_level_guard *out, const struct abp_level_guard_input *in,
                     struct abp_error *err)
{
    struct pairs p;
    if (check(in, err) != 0)
        return -1;
    int rc = pairs_open(&p, in, err);
    for (size_t f = 0, at = 0; rc == 0 && f < in->factors; f++)
        for (size_t l = 0; rc == 0 && l < in->levels[f]; l++)
            rc = guard_level(&out[at++], &p, f, l, err);
    pairs_close(&p);
    return rc;
}
