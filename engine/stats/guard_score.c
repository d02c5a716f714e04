#include "guard_score.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALONE     16   /* a block this long is ranked within itself, so that accounts may differ */
#define REFERENCE 64   /* a shorter one with the blocks before it, up to so many posts in all */
#define SKEW      0.35 /* of the scores: 0 is the exponential's (Savage), 1 the logistic's */
#define TIE       1e-9 /* log rates this near are the same: rounding must not order them */
#define SCORE_SD  1.254573 /* sqrt(1 + SKEW^2 + 2 SKEW (pi^2/6 - 1)): the sd of the scores below */

/* The last block and the blocks before it that it is compared with. */
struct window {
    const size_t *begin; /* of blocks + 1 blocks, in posts of the past */
    size_t blocks, first, posts;
};

void abp_guard_past_add(struct abp_guard_past *past, double outcome, double exposure)
{
    past->outcome[past->posts] = outcome;
    past->log_exposure[past->posts++] = log(exposure);
}

static struct window last_window(const struct abp_guard_past *past)
{
    size_t block = past->blocks - 1;

    if (past->posts - past->begin[block] < ALONE)
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

/* Share of the variance that lies between blocks, less half its standard error: trends, moods of
 * the week, channels and accounts of different size. 0 where posts of one block are no more alike
 * than others. */
static double between_blocks(const double *x, const struct window *window)
{
    double n = (double)window->posts, blocks = (double)window->blocks;
    double within = 0.0, total, share;

    for (size_t b = 0; b < window->blocks; b++) {
        const double *block = x + (window->begin[b] - window->first);
        size_t m = window->begin[b + 1] - window->begin[b];

        within += squares_about(block, m, mean_of(block, m));
    }
    total = squares_about(x, window->posts, mean_of(x, window->posts));
    if (!(total > 0))
        return 0.0;
    share = fmax(0.0, 1.0 - within / (n - blocks) / (total / (n - 1.0)));
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

int abp_guard_positions(double *u, struct abp_guard_past *past, size_t m)
{
    double *x = past->residual, n;
    struct window window;
    size_t before;
    int differ = 0;

    past->begin[past->blocks++] = past->posts - m;
    past->begin[past->blocks] = past->posts;
    window = last_window(past);
    before = window.posts - m;
    n = (double)window.posts;
    log_rates(x, past, window.first, window.posts);
    take_levels(x, &window);
    memcpy(past->sorted, x, window.posts * sizeof *x);
    qsort(past->sorted, window.posts, sizeof *x, compare_doubles);
    for (size_t i = 0; i < m; i++) {
        size_t below = count_below(past->sorted, window.posts, x[before + i] - TIE);
        size_t up_to = count_below(past->sorted, window.posts, x[before + i] + TIE);
        u[i] = (0.5 * (double)(below + up_to) + 0.25) / (n + 0.5);
        differ |= u[i] != u[0];
    }
    return differ;
}

double abp_guard_score(double u)
{
    return (SKEW * log(u) - log(1.0 - u)) / SCORE_SD;
}
