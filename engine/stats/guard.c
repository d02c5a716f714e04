#include "abpost/guard.h"

#include "guard_block.h"
#include "guard_score.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* The sizes of effect that are bet on, half of the stake above the baseline and half below: from
 * EFFECT_LEAST up by EFFECT_RATIO each, in units of the spread between posts; most of the stake
 * lies near EFFECT_MODE, exp(-(log(g / mode) / EFFECT_SPREAD)^2 / 2). */
#define SIZES         16
#define EFFECTS       (2 * SIZES)
#define EFFECT_LEAST  0.1
#define EFFECT_RATIO  1.25
#define EFFECT_MODE   0.8
#define EFFECT_SPREAD 0.6

/* The bets on one variant. */
struct bets {
    double effect[EFFECTS];
    double log_wealth[EFFECTS]; /* log of w_g times the product of factors so far */
    double e_value, threshold;
};

/* The posts of one variant and the baseline in one block, in the order of their rows: an order that
 * knows nothing of the labels, so that not even rounding can see them. Arrays are borrowed. */
struct pair_block {
    double *z;           /* positions, then scores */
    double *ratio;       /* scratch */
    unsigned char *is_v; /* 1: carries the label v */
    size_t m, k;         /* posts, and how many of them carry the label v */
};

/* Everything that needs memory: owned arrays, and what points into them. */
struct work {
    double *numbers;
    size_t *indices;
    unsigned char *is_v;
    size_t *order; /* rows, grouped by block, in order inside a block */
    size_t *group; /* of each row: where its block begins in order */
    size_t *end;   /* at a block's beginning: where it ends */
    size_t *last;  /* at a block's beginning: the last row of the pair at hand */
    double *z, *ratio;
    struct abp_guard_past past; /* of the pair at hand */
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
        if (check_row(in, i, err))
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
static int work_open(struct work *work, size_t posts, struct abp_error *err)
{
    size_t n = posts + 2; /* past.begin holds one entry more than there are blocks */

    *work = (struct work){.numbers = calloc(n, 6 * sizeof(double)),
                          .indices = calloc(n, 5 * sizeof(size_t)),
                          .is_v = calloc(n, 1)};
    if (!work->numbers || !work->indices || !work->is_v)
        return abp_fail_memory(err);
    work->z = work->numbers;
    work->ratio = work->numbers + n;
    work->past = (struct abp_guard_past){.outcome = work->numbers + 2 * n,
                                         .log_exposure = work->numbers + 3 * n,
                                         .residual = work->numbers + 4 * n,
                                         .sorted = work->numbers + 5 * n,
                                         .begin = work->indices};
    work->order = work->indices + n;
    work->group = work->indices + 2 * n;
    work->end = work->indices + 3 * n;
    work->last = work->indices + 4 * n;
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

static void bets_open(struct bets *bets, double threshold)
{
    double size = EFFECT_LEAST, total = 0.0;

    *bets = (struct bets){.e_value = 1.0, .threshold = threshold};
    for (size_t i = 0; i < SIZES; i++, size *= EFFECT_RATIO) {
        double off = log(size / EFFECT_MODE) / EFFECT_SPREAD;

        bets->effect[2 * i] = size;
        bets->effect[2 * i + 1] = -size;
        bets->log_wealth[2 * i] = bets->log_wealth[2 * i + 1] = -0.5 * off * off;
        total += 2.0 * exp(-0.5 * off * off);
    }
    for (size_t i = 0; i < EFFECTS; i++)
        bets->log_wealth[i] -= log(total);
}

/* log(sum exp): of the bets on one sign (+1, -1), or of all (0). */
static double log_total(const struct bets *bets, const double *log_wealth, int sign)
{
    double top = -INFINITY, sum = 0.0;

    for (size_t i = 0; i < EFFECTS; i++)
        if (sign * bets->effect[i] >= 0)
            top = fmax(top, log_wealth[i]);
    for (size_t i = 0; i < EFFECTS; i++)
        if (sign * bets->effect[i] >= 0)
            sum += exp(log_wealth[i] - top);
    return top + log(sum);
}

/* Overshoot (see the header): how the wealth after a pair is scaled so that the better of its two
 * draws ends at the threshold, not above. */
static void stop_at_threshold(struct bets *bets, double other_draw)
{
    double before = 0.5 * (bets->e_value + other_draw), c = bets->threshold, wanted;

    if (before >= c || fmax(bets->e_value, other_draw) <= c)
        return;
    wanted = bets->e_value > c ? c : 2.0 * before - c;
    for (size_t i = 0; i < EFFECTS; i++)
        bets->log_wealth[i] += log(wanted / bets->e_value);
    bets->e_value = wanted;
}

static double e_value_of(double log_total)
{
    return log_total < log(DBL_MAX) ? exp(log_total) : DBL_MAX;
}

static void bet(struct bets *bets, const struct pair_block *block)
{
    double sum = 0.0, other[EFFECTS];

    for (size_t i = 0; i < block->m; i++) {
        block->z[i] = abp_guard_score(block->z[i]);
        sum += block->is_v[i] ? block->z[i] : 0.0;
    }
    for (size_t i = 0; i < EFFECTS; i++) {
        double g = bets->effect[i];
        double average = abp_guard_log_average(block->z, block->m, block->k, g, block->ratio);

        /* The other draw of a pair; a longer block has many others and no use for this. */
        other[i] = bets->log_wealth[i] + g * (block->z[0] + block->z[1] - sum) - average;
        bets->log_wealth[i] += g * sum - average;
    }
    bets->e_value = e_value_of(log_total(bets, bets->log_wealth, 0));
    if (block->m == 2)
        stop_at_threshold(bets, e_value_of(log_total(bets, other, 0)));
}

/* The observed posts of v and the baseline in the block that begins at `begin`; 0 when one of the
 * two has none. */
static int gather(struct pair_block *block, struct work *work, const struct abp_guard_input *in,
                  size_t v, size_t begin)
{
    size_t posts = work->past.posts;

    *block = (struct pair_block){.z = work->z, .ratio = work->ratio, .is_v = work->is_v};
    for (size_t i = begin; i < work->end[begin]; i++) {
        size_t row = work->order[i];

        if ((in->variant[row] != v && in->variant[row] != in->baseline) || isnan(in->outcome[row]))
            continue;
        block->is_v[block->m] = in->variant[row] == v;
        block->k += block->is_v[block->m++];
        abp_guard_past_add(&work->past, in->outcome[row], in->exposure[row]);
    }
    if (block->k > 0 && block->k < block->m)
        return 1;
    work->past.posts = posts;
    return 0;
}

static int sign_of(const struct bets *bets)
{
    double up = log_total(bets, bets->log_wealth, 1), down = log_total(bets, bets->log_wealth, -1);

    return up > down ? 1 : up < down ? -1 : 0;
}

static void guard_one(struct abp_guard_output *out, struct work *work,
                      const struct abp_guard_input *in, size_t v)
{
    struct bets bets;

    bets_open(&bets, in->threshold);
    work->past.blocks = work->past.posts = 0;
    for (size_t row = 0; row < in->posts; row++)
        if (in->variant[row] == v || in->variant[row] == in->baseline)
            work->last[work->group[row]] = row;
    for (size_t row = 0; row < in->posts; row++) {
        struct pair_block block;
        size_t begin = work->group[row];

        if ((in->variant[row] != v && in->variant[row] != in->baseline) || work->last[begin] != row)
            continue;
        if (!gather(&block, work, in, v, begin))
            continue;
        out->blocks++;
        if (abp_guard_positions(block.z, &work->past, block.m))
            bet(&bets, &block);
        out->e_value = bets.e_value;
        out->direction = sign_of(&bets);
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
    if (work_open(&work, in->posts, err) || group_rows(&work, in, err))
        goto out;
    for (size_t v = 0; v < in->variants; v++) {
        out[v] = (struct abp_guard_output){.e_value = 1.0, .max_e_value = 1.0};
        if (v != in->baseline)
            guard_one(&out[v], &work, in, v);
    }
    status = 0;
out:
    work_release(&work);
    return status;
}
