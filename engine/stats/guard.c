#include "abpost/guard.h"

#include "guard_block.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EFFECTS     50  /* alternatives: half of them above the baseline, half below */
#define EFFECT_STEP 0.1 /* in units of the spread between posts */
#define EFFECT_SD   0.8 /* how large effects are expected to be, same unit */
#define SCORE_CAP   2.0 /* an outcome counts as at most so many spreads from its block's mean */

/* Mean absolute deviation of a normal, and of a pair from its own mean, to a standard deviation. */
#define NORMAL_SD_PER_MAD 1.2533141373155003

/* The bets on one variant. */
struct bets {
    double log_wealth[EFFECTS]; /* log of w_g times the product of factors so far */
    double effect[EFFECTS];
    double e_value, threshold;
    double deviation, deviation_count; /* label-blind: sum of |x - block mean|, corrected; posts */
};

/* The posts of one variant and the baseline in one block, in the order of their rows: an order that
 * knows nothing of the labels, so that not even rounding can see them. Arrays are borrowed. */
struct pair_block {
    double *x;           /* log rates, then scores */
    double *ratio;       /* scratch */
    unsigned char *is_v; /* 1: carries the label v */
    size_t m, k;         /* posts, and how many of them carry the label v */
};

/* Where the rows of each block are. Owned arrays of in->posts entries each. */
struct rows {
    size_t *order; /* rows, grouped by block, in order inside a block */
    size_t *group; /* of each row: where its block begins in order */
    size_t *end;   /* at a block's beginning: where it ends */
    size_t *last;  /* at a block's beginning: the last row of the pair at hand */
    double *x, *ratio;
    unsigned char *is_v;
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

static void rows_release(struct rows *rows)
{
    free(rows->order);
    free(rows->group);
    free(rows->end);
    free(rows->last);
    free(rows->x);
    free(rows->ratio);
    free(rows->is_v);
}

static int rows_group(struct rows *rows, const struct abp_guard_input *in, struct abp_error *err)
{
    size_t n = in->posts;
    struct keyed_row *keyed = calloc(n + 1, sizeof *keyed);
    size_t begin = 0;

    rows->order = calloc(n + 1, sizeof *rows->order);
    rows->group = calloc(n + 1, sizeof *rows->group);
    rows->end = calloc(n + 1, sizeof *rows->end);
    rows->last = calloc(n + 1, sizeof *rows->last);
    rows->x = calloc(n + 1, sizeof *rows->x);
    rows->ratio = calloc(n + 1, sizeof *rows->ratio);
    rows->is_v = calloc(n + 1, sizeof *rows->is_v);
    if (!keyed || !rows->order || !rows->group || !rows->end || !rows->last || !rows->x ||
        !rows->ratio || !rows->is_v) {
        free(keyed);
        return abp_fail_memory(err);
    }
    for (size_t i = 0; i < n; i++)
        keyed[i] = (struct keyed_row){in->block[i], i};
    qsort(keyed, n, sizeof *keyed, compare_rows);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && keyed[i].block != keyed[begin].block)
            begin = i;
        rows->order[i] = keyed[i].row;
        rows->group[keyed[i].row] = begin;
        rows->end[begin] = i + 1;
    }
    free(keyed);
    return 0;
}

static void bets_open(struct bets *bets, double threshold)
{
    double total = 0.0;

    *bets = (struct bets){.e_value = 1.0, .threshold = threshold};
    for (size_t i = 0; i < EFFECTS; i++) {
        size_t step = i / 2 + 1; /* each size once up, once down */
        double size = EFFECT_STEP * (double)step;

        bets->effect[i] = i % 2 ? -size : size;
        bets->log_wealth[i] = -0.5 * size * size / (EFFECT_SD * EFFECT_SD);
        total += exp(bets->log_wealth[i]);
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

/* Log rates to scores: deviations from the block's mean in units of the spread of all blocks so
 * far, this one included. Nothing here looks at a label. 0 when there is nothing to tell apart. */
static int score(struct bets *bets, struct pair_block *block)
{
    double mean = 0.0, deviation = 0.0, m = (double)block->m, spread;
    int differ = 0;

    for (size_t i = 0; i < block->m; i++) {
        mean += block->x[i] / m;
        differ |= block->x[i] != block->x[0];
    }
    for (size_t i = 0; differ && i < block->m; i++)
        deviation += fabs(block->x[i] - mean);
    bets->deviation += deviation * sqrt(m / (m - 1.0));
    bets->deviation_count += m;
    spread = NORMAL_SD_PER_MAD * bets->deviation / bets->deviation_count;
    if (!differ)
        return 0;
    for (size_t i = 0; i < block->m; i++)
        block->x[i] = fmax(-SCORE_CAP, fmin(SCORE_CAP, (block->x[i] - mean) / spread));
    return 1;
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

static void bet(struct bets *bets, struct pair_block *block)
{
    double sum = 0.0, other[EFFECTS];

    if (!score(bets, block))
        return;
    for (size_t i = 0; i < block->m; i++)
        sum += block->is_v[i] ? block->x[i] : 0.0;
    for (size_t i = 0; i < EFFECTS; i++) {
        double g = bets->effect[i];
        double average = abp_guard_log_average(block->x, block->m, block->k, g, block->ratio);

        /* The mirrored draw is the other one of a pair; a longer block has many and no use for it.
         */
        other[i] = bets->log_wealth[i] - g * sum - average;
        bets->log_wealth[i] += g * sum - average;
    }
    bets->e_value = e_value_of(log_total(bets, bets->log_wealth, 0));
    if (block->m == 2)
        stop_at_threshold(bets, e_value_of(log_total(bets, other, 0)));
}

/* Gathers the observed posts of v and the baseline in the block that begins at `begin`. */
static void gather(struct pair_block *block, struct rows *rows, const struct abp_guard_input *in,
                   size_t v, size_t begin)
{
    *block = (struct pair_block){.x = rows->x, .ratio = rows->ratio, .is_v = rows->is_v};
    for (size_t i = begin; i < rows->end[begin]; i++) {
        size_t row = rows->order[i];

        if ((in->variant[row] != v && in->variant[row] != in->baseline) || isnan(in->outcome[row]))
            continue;
        block->is_v[block->m] = in->variant[row] == v;
        block->k += block->is_v[block->m];
        block->x[block->m++] = log(in->outcome[row] + 0.5) - log(in->exposure[row]);
    }
}

static int sign_of(const struct bets *bets)
{
    double up = log_total(bets, bets->log_wealth, 1), down = log_total(bets, bets->log_wealth, -1);

    return up > down ? 1 : up < down ? -1 : 0;
}

static void guard_one(struct abp_guard_output *out, struct rows *rows,
                      const struct abp_guard_input *in, size_t v)
{
    struct bets bets;

    bets_open(&bets, in->threshold);
    for (size_t row = 0; row < in->posts; row++)
        if (in->variant[row] == v || in->variant[row] == in->baseline)
            rows->last[rows->group[row]] = row;
    for (size_t row = 0; row < in->posts; row++) {
        struct pair_block block;
        size_t begin = rows->group[row];

        if ((in->variant[row] != v && in->variant[row] != in->baseline) || rows->last[begin] != row)
            continue;
        gather(&block, rows, in, v, begin);
        if (block.k == 0 || block.k == block.m)
            continue;
        bet(&bets, &block);
        out->blocks++;
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
    struct rows rows = {0};
    int status = -1;

    if (check_input(in, err))
        return -1;
    if (rows_group(&rows, in, err))
        goto out;
    for (size_t v = 0; v < in->variants; v++) {
        out[v] = (struct abp_guard_output){.e_value = 1.0, .max_e_value = 1.0};
        if (v != in->baseline)
            guard_one(&out[v], &rows, in, v);
    }
    status = 0;
out:
    rows_release(&rows);
    return status;
}
