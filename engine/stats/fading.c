#include "abpost/fading.h"

#include <float.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#define SHUFFLES 999
#define NOBODY   SIZE_MAX

/* One observed post of the two, block after block. */
struct post {
    double y; /* log rate */
    int is_v;
    int used;        /* 1: it bears on the estimate */
    size_t before;   /* the post before it on its channel, as an index of posts; NOBODY: none of the
                        two, or not known */
    double repeated; /* earlier posts of the style, until its block began */
    size_t row;
    int64_t block;
};

struct posts {
    struct post *list; /* owned */
    size_t count;
    size_t *begin; /* owned: where each block begins; after the last one, count */
    size_t blocks;
};

/* What is estimated: the coefficient of a regressor beside the style's own effect. */
struct fit {
    double own, extra;
    int solved;
};

typedef double (*regressor)(const struct posts *posts, size_t i);

static double repeats(const struct posts *posts, size_t i)
{
    return posts->list[i].is_v ? posts->list[i].repeated : 0.0;
}

static double follows(const struct posts *posts, size_t i)
{
    return posts->list[posts->list[i].before].is_v;
}

/* Least squares of y on the label and the regressor, all three taken from their block's mean over
 * the posts used. */
static struct fit least_squares(const struct posts *posts, regressor extra)
{
    double aa = 0, ab = 0, bb = 0, ay = 0, by = 0, det;

    for (size_t b = 0; b < posts->blocks; b++) {
        double mean[3] = {0}, n = 0.0;

        for (int pass = 0; pass < 2; pass++)
            for (size_t i = posts->begin[b]; i < posts->begin[b + 1]; i++) {
                const struct post *p = &posts->list[i];
                double v[3];

                if (!p->used)
                    continue;
                v[0] = p->is_v, v[1] = extra(posts, i), v[2] = p->y;
                if (pass == 0) {
                    n += 1.0;
                    for (int k = 0; k < 3; k++)
                        mean[k] += (v[k] - mean[k]) / n;
                    continue;
                }
                for (int k = 0; k < 3; k++)
                    v[k] -= mean[k];
                aa += v[0] * v[0], ab += v[0] * v[1], bb += v[1] * v[1];
                ay += v[0] * v[2], by += v[1] * v[2];
            }
    }
    det = aa * bb - ab * ab;
    if (!(det > 1e-9 * aa * bb))
        return (struct fit){0.0, 0.0, 0};
    return (struct fit){(ay * bb - by * ab) / det, (by * aa - ay * ab) / det, 1};
}

/* The mean effect alone, which is what the null leaves. */
static double own_effect(const struct posts *posts)
{
    double squares = 0.0, product = 0.0;

    for (size_t b = 0; b < posts->blocks; b++) {
        double label = 0.0, level = 0.0, n = 0.0;

        for (size_t i = posts->begin[b]; i < posts->begin[b + 1]; i++) {
            n += 1.0;
            label += (posts->list[i].is_v - label) / n;
            level += (posts->list[i].y - level) / n;
        }
        for (size_t i = posts->begin[b]; i < posts->begin[b + 1]; i++) {
            squares += (posts->list[i].is_v - label) * (posts->list[i].is_v - label);
            product += (posts->list[i].is_v - label) * (posts->list[i].y - level);
        }
    }
    return squares > 0 ? product / squares : 0.0;
}

static int compare_posts(const void *a, const void *b)
{
    const struct post *x = a, *y = b;

    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- gathering ---- */

static int check_input(const struct abp_fading_input *in, struct abp_error *err)
{
    if (in->style == in->baseline)
        return abp_fail(err, ABP_DATA, "a style is compared with itself");
    for (size_t i = 0; i < in->posts; i++) {
        if (isnan(in->outcome[i]))
            continue;
        if (!isfinite(in->outcome[i]) || in->outcome[i] < 0)
            return abp_fail(err, ABP_DATA, "post %zu has outcome %g; outcomes are 0 or more", i,
                            in->outcome[i]);
        if (!isfinite(in->exposure[i]) || in->exposure[i] <= 0)
            return abp_fail(err, ABP_DATA, "post %zu has exposure %g; exposures are above 0", i,
                            in->exposure[i]);
    }
    return 0;
}

static int is_of_pair(const struct abp_fading_input *in, size_t row)
{
    return in->variant[row] == in->style || in->variant[row] == in->baseline;
}

/* Half the smallest outcome above zero where there are zeros: 1/2 for counts, and for amounts a
 * number that follows their unit. */
static double zero_offset(const struct abp_fading_input *in)
{
    double smallest = DBL_MAX;
    int zeros = 0;

    for (size_t i = 0; i < in->posts; i++) {
        if (in->outcome[i] > 0)
            smallest = fmin(smallest, in->outcome[i]);
        zeros |= in->outcome[i] == 0;
    }
    if (!zeros)
        return 0.0;
    return smallest < DBL_MAX ? 0.5 * smallest : 1.0;
}

static void fill_blocks(struct posts *posts)
{
    for (size_t i = 0; i < posts->count; i++)
        if (i == 0 || posts->list[i].block != posts->list[i - 1].block)
            posts->begin[posts->blocks++] = i;
    posts->begin[posts->blocks] = posts->count;
    for (size_t b = 0; b < posts->blocks; b++)
        for (size_t i = posts->begin[b]; i < posts->begin[b + 1]; i++)
            posts->list[i].repeated = posts->list[posts->begin[b]].repeated;
}

/* before: from rows to the last row of the same channel. O(posts x channels in a row), by walking
 * back. */
static size_t row_before(const struct abp_fading_input *in, size_t row)
{
    for (size_t j = row; j-- > 0;)
        if (!in->channel || in->channel[j] == in->channel[row])
            return j;
    return NOBODY;
}

static int gather(struct posts *posts, const struct abp_fading_input *in, struct abp_error *err)
{
    size_t *at = calloc(in->posts + 1, sizeof *at); /* row: index of its post, or NOBODY */
    double offset = zero_offset(in), repeated = 0.0;

    posts->list = calloc(in->posts + 1, sizeof *posts->list);
    posts->begin = calloc(in->posts + 2, sizeof *posts->begin);
    if (!at || !posts->list || !posts->begin) {
        free(at);
        return abp_fail_memory(err);
    }
    for (size_t row = 0; row < in->posts; row++) {
        at[row] = NOBODY;
        if (is_of_pair(in, row) && !isnan(in->outcome[row]))
            posts->list[posts->count++] =
                (struct post){.y = log(in->outcome[row] + offset) - log(in->exposure[row]),
                              .is_v = in->variant[row] == in->style,
                              .before = NOBODY,
                              .repeated = repeated,
                              .row = row,
                              .block = in->block[row]};
        repeated += in->variant[row] == in->style;
    }
    qsort(posts->list, posts->count, sizeof *posts->list, compare_posts);
    for (size_t i = 0; i < posts->count; i++)
        at[posts->list[i].row] = i;
    for (size_t i = 0; i < posts->count; i++) {
        size_t row = row_before(in, posts->list[i].row);

        posts->list[i].before = row == NOBODY ? NOBODY : at[row];
    }
    fill_blocks(posts);
    free(at);
    return 0;
}

/* Blocks with an observed post of both. */
static size_t whole_blocks(const struct posts *posts)
{
    size_t whole = 0;

    for (size_t b = 0; b < posts->blocks; b++) {
        size_t k = 0, m = posts->begin[b + 1] - posts->begin[b];

        for (size_t i = posts->begin[b]; i < posts->begin[b + 1]; i++)
            k += (size_t)posts->list[i].is_v;
        whole += k > 0 && k < m;
    }
    return whole;
}

/* ---- shuffling ---- */

/* Every post's label becomes another's of its block; outcomes keep the effect with the label. */
static void shuffle(struct posts *posts, double effect, gsl_rng *rng)
{
    for (size_t b = 0; b < posts->blocks; b++)
        for (size_t i = posts->begin[b]; i + 1 < posts->begin[b + 1]; i++) {
            size_t j = i + gsl_rng_uniform_int(rng, posts->begin[b + 1] - i);
            struct post *p = &posts->list[i], *q = &posts->list[j];
            int is_v = p->is_v;

            p->y += effect * (q->is_v - p->is_v);
            q->y += effect * (is_v - q->is_v);
            p->is_v = q->is_v;
            q->is_v = is_v;
        }
}

static int estimate(struct abp_fading *out, struct posts *posts, regressor extra, uint64_t seed,
                    struct abp_error *err)
{
    double size[SHUFFLES], effect = own_effect(posts);
    struct fit fit = least_squares(posts, extra);
    size_t as_large = 1, solved = 0;
    gsl_rng *rng;

    if (!fit.solved)
        return 0;
    rng = gsl_rng_alloc(gsl_rng_taus2);
    if (!rng)
        return abp_fail_memory(err);
    gsl_rng_set(rng, (unsigned long)seed);
    for (size_t draw = 0; draw < SHUFFLES; draw++) {
        struct fit other;

        shuffle(posts, effect, rng);
        other = least_squares(posts, extra);
        if (!other.solved)
            continue;
        size[solved] = fabs(other.extra);
        as_large += size[solved++] >= fabs(fit.extra) * (1 - 1e-9);
    }
    gsl_rng_free(rng);
    if (solved == 0)
        return 0;
    qsort(size, solved, sizeof size[0], compare_doubles);
    out->present = 1;
    out->estimate = fit.extra;
    out->p_value = (double)as_large / (double)(solved + 1);
    out->low = fit.extra - size[(size_t)(0.95 * (double)solved)];
    out->high = fit.extra + size[(size_t)(0.95 * (double)solved)];
    return 0;
}

static int diagnose(struct abp_fading *out, const struct abp_fading_input *in, int carry_over,
                    struct abp_error *err)
{
    struct posts posts = {0};
    int status = -1;

    *out = (struct abp_fading){.estimate = NAN, .low = NAN, .high = NAN, .p_value = NAN};
    if (check_input(in, err))
        return -1;
    if (gather(&posts, in, err))
        goto out;
    for (size_t i = 0; i < posts.count; i++) {
        posts.list[i].used = !carry_over || posts.list[i].before != NOBODY;
        out->posts += (size_t)posts.list[i].used;
    }
    status = 0;
    if (whole_blocks(&posts) >= ABP_FADING_BLOCKS &&
        out->posts >= (carry_over ? 2 * ABP_FADING_BLOCKS - 2 : 0))
        status = estimate(out, &posts, carry_over ? follows : repeats, in->seed, err);
out:
    free(posts.list);
    free(posts.begin);
    return status;
}

int abp_fading(struct abp_fading *out, const struct abp_fading_input *in, struct abp_error *err)
{
    return diagnose(out, in, 0, err);
}

int abp_carry_over(struct abp_fading *out, const struct abp_fading_input *in, struct abp_error *err)
{
    return diagnose(out, in, 1, err);
}
