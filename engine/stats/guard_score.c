#include "guard_score.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REFERENCE   64   /* a shorter one with the blocks before it, up to so many posts in all */
#define SKEW        0.35 /* of the scores: 0 is the exponential's (Savage), 1 the logistic's */
#define TIE         1e-9 /* log rates this near are the same: rounding must not order them */
#define SCORE_SD    1.254573 /* sqrt(1 + SKEW^2 + 2 SKEW (pi^2/6 - 1)): the sd of the scores below */
#define SLOT_SHARE  0.25     /* slots' variance to that between posts, before anything is seen */
#define SLOT_ROUNDS 12       /* of the fit of slots and blocks to each other */

/* The last block and the blocks before it that it is compared with. */
struct window {
    const size_t *begin; /* of blocks + 1 blocks, in posts of the past */
    size_t blocks, first, posts;
};

void abp_guard_past_add(struct abp_guard_past *past, double outcome, double exposure, size_t slot)
{
    if (past->slot)
        past->slot[past->posts] = slot;
    past->outcome[past->posts] = outcome;
    past->log_exposure[past->posts++] = log(exposure);
}

void abp_guard_past_close(struct abp_guard_past *past, size_t m)
{
    past->begin[past->blocks++] = past->posts - m;
    past->begin[past->blocks] = past->posts;
}

/* The last `blocks` blocks, and with a short one what came before it. */
static struct window last_window(const struct abp_guard_past *past, size_t blocks)
{
    size_t block = past->blocks - blocks;

    if (past->posts - past->begin[block] < ABP_GUARD_ALONE)
        while (block > 0 && past->posts - past->begin[block - 1] <= REFERENCE)
            block--;
    return (struct window){.begin = past->begin + block,
                           .blocks = past->blocks - block,
                           .first = past->begin[block],
                           .posts = past->posts - past->begin[block]};
}

/* Log rates, up to a constant. Where there are zeros, half the smallest outcome above zero is added
 * to each: 1/2 for counts, and for amounts a number that follows their unit. */
static void log_rates(double *x, const struct abp_guard_past *past, size_t first, size_t n)
{
    double smallest = DBL_MAX, offset;
    int zeros = 0;

    for (size_t i = first; i < first + n; i++) {
        if (past->outcome[i] > 0)
            smallest = fmin(smallest, past->outcome[i]);
        else
            zeros = 1;
    }
    /* halves, so that the largest double fits, and DBL_MIN for the smallest */
    offset = DBL_MIN + (zeros ? 0.25 * smallest : 0.0);
    for (size_t i = 0; i < n; i++)
        x[i] = log(0.5 * past->outcome[first + i] + offset) - past->log_exposure[first + i];
}

static double mean_of(const double *x, size_t n)
{
    double mean = 0.0;

    for (size_t i = 0; i < n; i++)
        mean += x[i] / (double)n;
    return mean;
}

static double squares_about(const double *x, size_t n, double centre)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (x[i] - centre) * (x[i] - centre);
    return sum;
}

static double within_blocks(const double *x, const struct window *window)
{
    double within = 0.0;

    for (size_t b = 0; b < window->blocks; b++) {
        size_t first = window->begin[b] - window->first,
               m = window->begin[b + 1] - window->begin[b];

        within += squares_about(x + first, m, mean_of(x + first, m));
    }
    return within;
}

/* Share of the variance that lies between blocks, less half its standard error: trends, moods of
 * the week, channels and accounts of different size. 0 where posts of one block are no more alike
 * than others. */
static double between_blocks(const double *x, const struct window *window)
{
    double n = (double)window->posts, blocks = (double)window->blocks;
    double total = squares_about(x, window->posts, mean_of(x, window->posts)), share;

    if (!(total > 0 && n > blocks)) /* blocks of one post each say nothing of this */
        return 0.0;
    share = fmax(0.0, 1.0 - within_blocks(x, window) / (n - blocks) / (total / (n - 1.0)));
    return fmax(0.0, share - 0.5 * (1.0 - share * share) / sqrt(blocks));
}

/* Takes from each post what its block's mean says of the level of its time: the best linear guess
 * is m share / (1 + (m-1) share) of that mean's deviation from the mean of all. */
static void take_levels(double *x, const struct window *window)
{
    double share = between_blocks(x, window), mean = mean_of(x, window->posts);

    for (size_t b = 0; b < window->blocks; b++) {
        double *block = x + (window->begin[b] - window->first);
        size_t m = window->begin[b + 1] - window->begin[b];
        double follow = (double)m * share / (1.0 + (double)(m - 1) * share);
        double level = follow * (mean_of(block, m) - mean);

        for (size_t i = 0; i < m; i++)
            block[i] -= level;
    }
}

/* One round: each slot's effect from what its posts are above their blocks, shrunk. Returns the
 * variance of the effects, that of their estimates counted in. */
static double slot_round(double *effect, const double *x, const struct window *window,
                         const struct abp_guard_past *past, double variance, double slot_variance)
{
    const size_t *slot = past->slot + window->first;
    double sum = 0.0, used = 0.0;

    memset(past->count, 0, past->slots * sizeof *past->count);
    memset(past->sorted, 0, window->posts * sizeof *past->sorted);
    for (size_t b = 0; b < window->blocks; b++) {
        size_t first = window->begin[b] - window->first, end = window->begin[b + 1] - window->first;
        double level = 0.0;

        for (size_t i = first; i < end; i++)
            level += (x[i] - effect[slot[i]]) / (double)(end - first);
        for (size_t i = first; i < end; i++)
            past->sorted[i] = x[i] - level;
    }
    memset(effect, 0, past->slots * sizeof *effect);
    for (size_t i = 0; i < window->posts; i++) {
        effect[slot[i]] += past->sorted[i];
        past->count[slot[i]] += 1.0;
    }
    for (size_t s = 0; s < past->slots; s++) {
        double shrink = slot_variance / (slot_variance * past->count[s] + variance);

        effect[s] *= shrink;
        if (past->count[s] > 0) {
            sum += effect[s] * effect[s] + variance * shrink;
            used += 1.0;
        }
    }
    return used > 0 ? sum / used : 0.0;
}

/* Takes from each post what is usual for its slot: a shrunken effect of every slot, fitted together
 * with a level for each block; how much slots differ at all is estimated along the way (EM). Where
 * blocks are of one post each, slots and times can't be told apart, and nothing is taken. */
static void take_slots(double *x, const struct window *window, const struct abp_guard_past *past)
{
    double degrees = (double)(window->posts - window->blocks), within, slot_variance;

    within = within_blocks(x, window);
    if (!(degrees > 0 && within > 0))
        return;
    slot_variance = SLOT_SHARE * within / degrees;
    memset(past->effect, 0, past->slots * sizeof *past->effect);
    for (size_t round = 0; round < SLOT_ROUNDS; round++) {
        double variance = fmax(within / degrees - slot_variance, 0.25 * within / degrees);

        slot_variance = slot_round(past->effect, x, window, past, variance, slot_variance);
    }
    for (size_t i = 0; i < window->posts; i++)
        x[i] -= past->effect[past->slot[window->first + i]];
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* How many of n ascending numbers are below x. */
static size_t count_below(const double *sorted, size_t n, double x)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sorted[middle] < x)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void abp_guard_positions(double *u, struct abp_guard_past *past, size_t blocks)
{
    struct window window = last_window(past, blocks);
    double *x = past->residual, n = (double)window.posts;
    size_t before = past->begin[past->blocks - blocks] - window.first;

    log_rates(x, past, window.first, window.posts);
    if (past->slot && past->slots > 1)
        take_slots(x, &window, past);
    take_levels(x, &window);
    memcpy(past->sorted, x, window.posts * sizeof *x);
    qsort(past->sorted, window.posts, sizeof *x, compare_doubles);
    for (size_t i = before; i < window.posts; i++) {
        size_t below = count_below(past->sorted, window.posts, x[i] - TIE);
        size_t up_to = count_below(past->sorted, window.posts, x[i] + TIE);
        u[i - before] = (0.5 * (double)(below + up_to) + 0.25) / (n + 0.5);
    }
}

double abp_guard_score(double u)
{
    return (SKEW * log(u) - log(1.0 - u) - (1.0 - SKEW)) / SCORE_SD;
}
