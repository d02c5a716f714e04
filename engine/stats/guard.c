#include "abpost/guard.h"

#include "guard_bets.h"
#include "guard_score.h"

#include <math.h>
#include <stdlib.h>

#define WARM        12   /* posts that are seen before the first bet: ranks among few say little */
#define CERTAIN_SUM 1e-9 /* how far from 1 the probabilities of a post may sum */

/* Everything that needs memory: owned arrays, and what points into them. */
struct work {
    double *numbers;
    size_t *indices;
    unsigned char *is_v; /* of each post of the past: carries the label v */
    size_t *order;       /* rows, grouped by block, in order inside a block */
    size_t *group;       /* of each row: where its block begins in order */
    size_t *end;         /* at a block's beginning: where it ends */
    size_t *last;        /* at a block's beginning: the last row of the pair at hand */
    size_t *number;      /* of each block of the past: its place among all blocks */
    double *z, *ratio;
    double *chance;             /* of each post of the past: of the label v; NaN: a permutation */
    struct abp_guard_past past; /* of the pair at hand, in an order that knows nothing of the
                                   labels, so that not even rounding can see them */
    size_t played;              /* blocks of the past that were bet on */
};

/* The posts of the pair at hand in one block. */
struct pair_block {
    size_t m, k; /* observed posts, and how many of them carry the label v */
    int drawn;   /* 1: each post's label was drawn for itself */
};

struct keyed_row {
    int64_t block;
    size_t row;
};

static int compare_rows(const void *a, const void *b)
{
    const struct keyed_row *x = a, *y = b;

    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int check_row(const struct abp_guard_input *in, size_t i, struct abp_error *err)
{
    if (in->variant[i] >= in->variants)
        return abp_fail(err, ABP_DATA, "post %zu has variant %zu of %zu", i, in->variant[i],
                        in->variants);
    if (in->slot && in->slot[i] >= in->slots)
        return abp_fail(err, ABP_DATA, "post %zu has slot %zu of %zu", i, in->slot[i], in->slots);
    if (isnan(in->outcome[i]))
        return 0;
    if (!isfinite(in->outcome[i]) || in->outcome[i] < 0)
        return abp_fail(err, ABP_DATA, "post %zu has outcome %g; outcomes are 0 or more", i,
                        in->outcome[i]);
    if (!isfinite(in->exposure[i]) || in->exposure[i] <= 0)
        return abp_fail(err, ABP_DATA, "post %zu has exposure %g; exposures are above 0", i,
                        in->exposure[i]);
    return 0;
}

/* Probabilities of one post: all of them NaN, or a distribution that the drawn label has a part in.
 */
static int check_chances(const struct abp_guard_input *in, size_t i, struct abp_error *err)
{
    const double *p = in->probability + i * in->variants;
    double sum = 0.0;

    if (isnan(p[0]))
        return 0;
    for (size_t v = 0; v < in->variants; v++) {
        if (!(p[v] >= 0))
            return abp_fail(err, ABP_DATA, "post %zu has probability %g of variant %zu", i, p[v],
                            v);
        sum += p[v];
    }
    if (!(fabs(sum - 1) <= CERTAIN_SUM))
        return abp_fail(err, ABP_DATA, "the probabilities of post %zu sum to %.10g", i, sum);
    if (!(p[in->variant[i]] > 0))
        return abp_fail(err, ABP_DATA, "post %zu has variant %zu, which had probability 0", i,
                        in->variant[i]);
    return 0;
}

static int check_input(const struct abp_guard_input *in, struct abp_error *err)
{
    if (in->variants < 2)
        return abp_fail(err, ABP_DATA, "the guard compares two variants or more, not %zu",
                        in->variants);
    if (in->baseline >= in->variants)
        return abp_fail(err, ABP_DATA, "the baseline is variant %zu of %zu", in->baseline,
                        in->variants);
    if (!(in->threshold > 1) || !isfinite(in->threshold))
        return abp_fail(err, ABP_DATA, "the guard's threshold is %g; it must be above 1",
                        in->threshold);
    for (size_t i = 0; i < in->posts; i++)
        if (check_row(in, i, err) || (in->probability && check_chances(in, i, err)))
            return -1;
    return 0;
}

static void work_release(struct work *work)
{
    free(work->numbers);
    free(work->indices);
    free(work->is_v);
}

/* The caller releases, also after a failure. */
static int work_open(struct work *work, const struct abp_guard_input *in, struct abp_error *err)
{
    size_t n = in->posts + 2; /* past.begin holds one entry more than there are blocks */
    size_t slots = in->slot ? in->slots : 0;

    *work = (struct work){.numbers = calloc(7 * n + 2 * slots, sizeof(double)),
                          .indices = calloc(n, 7 * sizeof(size_t)),
                          .is_v = calloc(n, 1)};
    if (!work->numbers || !work->indices || !work->is_v)
        return abp_fail_memory(err);
    work->z = work->numbers;
    work->ratio = work->numbers + n;
    work->chance = work->numbers + 6 * n;
    work->past = (struct abp_guard_past){.outcome = work->numbers + 2 * n,
                                         .log_exposure = work->numbers + 3 * n,
                                         .residual = work->numbers + 4 * n,
                                         .sorted = work->numbers + 5 * n,
                                         .effect = work->numbers + 7 * n,
                                         .count = work->numbers + 7 * n + slots,
                                         .begin = work->indices,
                                         .slot = in->slot ? work->indices + 6 * n : NULL,
                                         .slots = slots};
    work->order = work->indices + n;
    work->group = work->indices + 2 * n;
    work->end = work->indices + 3 * n;
    work->last = work->indices + 4 * n;
    work->number = work->indices + 5 * n;
    return 0;
}

/* Fills order, group and end. */
static int group_rows(struct work *work, const struct abp_guard_input *in, struct abp_error *err)
{
    struct keyed_row *keyed = calloc(in->posts + 1, sizeof *keyed);
    size_t begin = 0;

    if (!keyed)
        return abp_fail_memory(err);
    for (size_t i = 0; i < in->posts; i++)
        keyed[i] = (struct keyed_row){in->block[i], i};
    qsort(keyed, in->posts, sizeof *keyed, compare_rows);
    for (size_t i = 0; i < in->posts; i++) {
        if (keyed[i].block != keyed[begin].block)
            begin = i;
        work->order[i] = keyed[i].row;
        work->group[keyed[i].row] = begin;
        work->end[begin] = i + 1;
    }
    free(keyed);
    return 0;
}

/* Whether a block was drawn post by post must not differ inside it. */
static int check_blocks(const struct work *work, const struct abp_guard_input *in,
                        struct abp_error *err)
{
    for (size_t i = 0; in->probability && i < in->posts; i++) {
        size_t row = work->order[i], first = work->order[work->group[row]];

        if (isnan(in->probability[row * in->variants]) !=
            isnan(in->probability[first * in->variants]))
            return abp_fail(err, ABP_DATA,
                            "posts %zu and %zu are of one block, but only one of them has "
                            "probabilities",
                            first, row);
    }
    return 0;
}

static int is_of_pair(const struct abp_guard_input *in, size_t row, size_t v)
{
    return in->variant[row] == v || in->variant[row] == in->baseline;
}

static int is_drawn(const struct abp_guard_input *in, size_t row)
{
    return in->probability && !isnan(in->probability[row * in->variants]);
}

/* ---- betting on blocks ---- */

/* The posts' labels were drawn one by one: so they are told. Given that a post is one of the two,
 * it is v with chance q. */
static void play_drawn(struct abp_guard_bets *bets, const struct work *work, size_t first, size_t m,
                       size_t number)
{
    double variance = 0.0, expected = 0.0;

    for (size_t i = first; i < first + m; i++) {
        double q = work->chance[i];

        variance += q * (1 - q) * work->z[i] * work->z[i];
        expected += q * (1 - q);
    }
    abp_guard_bets_block(bets, number, m, variance, expected);
    for (size_t i = first; i < first + m; i++) {
        double q = work->chance[i], z = work->z[i], curve = q - 0.5;
        int v = work->is_v[i];
        struct abp_guard_draw draw = {.score = v ? (1 - q) * z : -q * z,
                                      .other = v ? -q * z : (1 - q) * z,
                                      .curve = v ? curve : 0.0,
                                      .other_curve = v ? 0.0 : curve,
                                      .chance = v ? q : 1 - q,
                                      .variance = q * (1 - q) * z * z};

        if (q > 0 && q < 1)
            abp_guard_bets_draw(bets, &draw);
    }
}

/* The labels were shuffled: the statistic is the sum of k out of m scores. */
static void play_shuffled(struct abp_guard_bets *bets, const struct work *work, size_t first,
                          size_t m, size_t number)
{
    struct abp_guard_draw draw = {.z = work->z + first, .ratio = work->ratio, .m = m};
    double *z = work->z + first, mean = 0.0, squares = 0.0, ways;

    for (size_t i = 0; i < m; i++)
        mean += z[i] / (double)m;
    for (size_t i = 0; i < m; i++) {
        z[i] -= mean;
        squares += z[i] * z[i];
        draw.score += work->is_v[first + i] ? z[i] : 0.0;
        draw.k += work->is_v[first + i];
    }
    ways = (double)draw.k * (double)(m - draw.k) / (double)m;
    draw.variance = ways * squares / (double)(m - 1);
    if (m == 2) {
        draw.chance = 0.5;
        draw.other = -draw.score;
    }
    abp_guard_bets_block(bets, number, 1, draw.variance, ways);
    abp_guard_bets_draw(bets, &draw);
}

/* Bets on the blocks of the past that were not bet on. */
static void play(struct abp_guard_bets *bets, struct work *work)
{
    struct abp_guard_past *past = &work->past;
    size_t first = past->begin[work->played];

    if (work->played == past->blocks)
        return;
    abp_guard_positions(work->z + first, past, past->blocks - work->played);
    for (size_t i = first; i < past->posts; i++)
        work->z[i] = abp_guard_score(work->z[i]);
    for (; work->played < past->blocks; work->played++) {
        size_t begin = past->begin[work->played], m = past->begin[work->played + 1] - begin;

        if (isnan(work->chance[begin]))
            play_shuffled(bets, work, begin, m, work->number[work->played]);
        else
            play_drawn(bets, work, begin, m, work->number[work->played]);
    }
}

/* Counts the observed posts of v and the baseline in the block that begins at `begin`; 0 when there
 * is nothing to bet on. */
static int count_block(struct pair_block *block, const struct work *work,
                       const struct abp_guard_input *in, size_t v, size_t begin)
{
    *block = (struct pair_block){.drawn = is_drawn(in, work->order[begin])};
    for (size_t i = begin; i < work->end[begin]; i++) {
        size_t row = work->order[i];

        if (!is_of_pair(in, row, v) || isnan(in->outcome[row]))
            continue;
        block->m++;
        block->k += in->variant[row] == v;
    }
    return block->drawn ? block->m > 0 : block->k > 0 && block->k < block->m;
}

static void add_block(struct work *work, const struct abp_guard_input *in, size_t v, size_t begin,
                      const struct pair_block *block, size_t number)
{
    struct abp_guard_past *past = &work->past;

    for (size_t i = begin; i < work->end[begin]; i++) {
        size_t row = work->order[i];
        double p_v, p_0;

        if (!is_of_pair(in, row, v) || isnan(in->outcome[row]))
            continue;
        work->is_v[past->posts] = in->variant[row] == v;
        work->chance[past->posts] = NAN;
        if (block->drawn) {
            p_v = in->probability[row * in->variants + v];
            p_0 = in->probability[row * in->variants + in->baseline];
            work->chance[past->posts] = p_v / (p_v + p_0);
        }
        abp_guard_past_add(past, in->outcome[row], in->exposure[row], in->slot ? in->slot[row] : 0);
    }
    work->number[past->blocks] = number;
    abp_guard_past_close(past, block->m);
}

static void guard_one(struct abp_guard_output *out, struct work *work,
                      const struct abp_guard_input *in, size_t v)
{
    struct abp_guard_bets bets;
    size_t number = 0;

    abp_guard_bets_open(&bets, in->threshold, in->planned_blocks);
    work->past.blocks = work->past.posts = work->played = 0;
    work->past.begin[0] = 0;
    for (size_t row = 0; row < in->posts; row++)
        if (is_of_pair(in, row, v))
            work->last[work->group[row]] = row;
    for (size_t row = 0; row < in->posts; row++) {
        struct pair_block block;
        size_t begin = work->group[row];

        if (!is_of_pair(in, row, v) || work->last[begin] != row)
            continue;
        number++;
        if (!count_block(&block, work, in, v, begin))
            continue;
        out->blocks++;
        /* A long block is ranked within itself, and those before it without it. Probabilities may
           tell of the labels before them, so these are told first. */
        if (block.m >= ABP_GUARD_ALONE || block.drawn)
            play(&bets, work);
        add_block(work, in, v, begin, &block, number - 1);
        if (work->past.posts >= WARM || block.drawn)
            play(&bets, work);
        out->e_value = bets.e_value;
        out->open_e_value = abp_guard_bets_open_e_value(&bets);
        out->direction = abp_guard_bets_direction(&bets);
        if (out->e_value > out->max_e_value) {
            out->max_e_value = out->e_value;
            out->max_direction = out->direction;
        }
    }
}

int abp_guard(struct abp_guard_output *out, const struct abp_guard_input *in, struct abp_error *err)
{
    struct work work;
    int status = -1;

    if (check_input(in, err))
        return -1;
    if (work_open(&work, in, err) || group_rows(&work, in, err) || check_blocks(&work, in, err))
        goto out;
    for (size_t v = 0; v < in->variants; v++) {
        out[v] = (struct abp_guard_output){.e_value = 1.0, .max_e_value = 1.0, .open_e_value = 1.0};
        if (v != in->baseline)
            guard_one(&out[v], &work, in, v);
    }
    status = 0;
out:
    work_release(&work);
    return status;
}
