#include "abpost/summary.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define QUANTILES 5
static const double probabilities[QUANTILES] = {0.025, 0.25, 0.5, 0.75, 0.975};

struct abp_summary abp_summary_absent(void)
{
    return (struct abp_summary){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
}

static void swap(struct abp_weighted *a, struct abp_weighted *b)
{
    struct abp_weighted keep = *a;
    *a = *b;
    *b = keep;
}

/* Sorts a short run and reads off the quantiles first..last that fall into it. */
static void read_run(struct abp_weighted *draws, size_t count, double before, size_t first,
                     size_t last, double *quantiles)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0 && draws[j].value < draws[j - 1].value; j--)
            swap(&draws[j], &draws[j - 1]);
    for (size_t i = 0; i < count; i++) {
        before += draws[i].weight;
        while (first < last && (before >= probabilities[first] || i + 1 == count))
            quantiles[first++] = draws[i].value;
    }
}

/* Moves draws below the pivot to the front, those equal to it behind them, and returns where the
 * ones above it start; *equal is where the equal ones start. */
static size_t partition(struct abp_weighted *draws, size_t count, double pivot, size_t *equal)
{
    size_t low = 0, at = 0, high = count;
    while (at < high) {
        if (draws[at].value < pivot)
            swap(&draws[low++], &draws[at++]);
        else if (draws[at].value > pivot)
            swap(&draws[--high], &draws[at]);
        else
            at++;
    }
    *equal = low;
    return high;
}

static double weight_of(const struct abp_weighted *draws, size_t from, size_t to)
{
    double sum = 0.0;
    for (size_t i = from; i < to; i++)
        sum += draws[i].weight;
    return sum;
}

/* Quickselect for several probabilities at once: only parts that hold one are looked into. */
static void select_quantiles(struct abp_weighted *draws, size_t count, double before, size_t first,
                             size_t last, double *quantiles)
{
    while (first < last && count > 24) {
        double a = draws[0].value, b = draws[count / 2].value, c = draws[count - 1].value,
               equal_sum;
        double pivot = fmax(fmin(a, b), fmin(fmax(a, b), c));
        size_t equal, above = partition(draws, count, pivot, &equal);
        double below_sum = before + weight_of(draws, 0, equal);
        size_t left = first, middle;
        while (left < last && probabilities[left] <= below_sum)
            left++;
        equal_sum = below_sum + weight_of(draws, equal, above);
        middle = left;
        while (middle < last && (probabilities[middle] <= equal_sum || above == count))
            quantiles[middle++] = pivot;
        if (equal > 0)
            select_quantiles(draws, equal, before, first, left, quantiles);
        else
            for (size_t k = first; k < left; k++)
                quantiles[k] = pivot;
        draws += above;
        count -= above;
        before = equal_sum;
        first = middle;
    }
    if (first < last)
        read_run(draws, count, before, first, last, quantiles);
}

/* ---- a first look in bins ---- */

#define BINS      1024
#define BINS_FROM 2048 /* draws that are worth it */
#define SAMPLE    64

struct bins {
    double low, scale; /* bin 1 begins at low, BINS - 2 is the last within; 0 and BINS - 1 are all
                          that is beyond */
    double weight[BINS];
    uint32_t count[BINS];
};

static size_t bin_of(const struct bins *bins, double value)
{
    double at = (value - bins->low) * bins->scale + 1.0;
    if (!(at >= 1.0))
        return 0;
    return at < BINS - 1 ? (size_t)at : BINS - 1;
}

/* Lays the bins over the range of an evenly spread sample. 0 where that has no range. */
static int lay_bins(struct bins *bins, const struct abp_weighted *draws, size_t count)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < SAMPLE; i++) {
        double value = draws[i * (count - 1) / (SAMPLE - 1)].value;
        low = fmin(low, value);
        high = fmax(high, value);
    }
    memset(bins, 0, sizeof *bins);
    bins->low = low - 0.25 * (high - low);
    bins->scale = (BINS - 2) / (1.5 * (high - low));
    if (!(isfinite(bins->scale) && isfinite(bins->low)))
        return 0;
    for (size_t i = 0; i < count; i++) {
        size_t bin = bin_of(bins, draws[i].value);
        bins->weight[bin] += draws[i].weight;
        bins->count[bin]++;
    }
    return 1;
}

/* Where the quantiles are: of each run of quantiles in one bin the bin, and the weight before. */
struct wanted {
    size_t bin, first, last, from,
        count; /* quantiles first..last; its draws once they are sorted */
    double before;
};

static size_t find_wanted(struct wanted *wanted, const struct bins *bins)
{
    size_t first = 0, runs = 0;
    double before = 0.0;
    for (size_t bin = 0; bin < BINS && first < QUANTILES; bin++) {
        double after = before + bins->weight[bin];
        size_t last = first;
        while (last < QUANTILES && probabilities[last] <= after)
            last++;
        if (last > first && bins->count[bin] > 0)
            wanted[runs++] =
                (struct wanted){.bin = bin, .first = first, .last = last, .before = before};
        first = last > first && bins->count[bin] > 0 ? last : first;
        before = after;
    }
    return runs;
}

/* Moves the draws of the wanted bins to the front, one bin after another. */
static void gather(struct abp_weighted *draws, size_t count, const struct bins *bins,
                   struct wanted *wanted, size_t runs)
{
    unsigned char of[BINS] = {0};
    size_t found = 0, all = 0;
    for (size_t r = 0; r < runs; r++) {
        of[wanted[r].bin] = 1;
        all += bins->count[wanted[r].bin];
    }
    for (size_t i = 0; found < all && i < count; i++)
        if (of[bin_of(bins, draws[i].value)])
            swap(&draws[found++], &draws[i]);
    for (size_t r = 0, from = 0; r < runs; from += wanted[r++].count) {
        wanted[r].from = from;
        wanted[r].count = bins->count[wanted[r].bin];
        for (size_t i = from, at = from; at < from + wanted[r].count && i < all; i++)
            if (bin_of(bins, draws[i].value) == wanted[r].bin)
                swap(&draws[at++], &draws[i]);
    }
}

/* The same quantiles as select_quantiles(), which is left with the few bins that hold one. */
static void find_quantiles(struct abp_weighted *draws, size_t count, double *quantiles)
{
    struct bins bins;
    struct wanted wanted[QUANTILES];
    if (count < BINS_FROM || !lay_bins(&bins, draws, count)) {
        select_quantiles(draws, count, 0.0, 0, QUANTILES, quantiles);
        return;
    }
    size_t runs = find_wanted(wanted, &bins), done = runs ? wanted[runs - 1].last : 0;
    gather(draws, count, &bins, wanted, runs);
    for (size_t r = 0; r < runs; r++)
        select_quantiles(draws + wanted[r].from, wanted[r].count, wanted[r].before, wanted[r].first,
                         wanted[r].last, quantiles);
    if (done < QUANTILES) /* what rounding has left out */
        select_quantiles(draws, count, 0.0, done, QUANTILES, quantiles);
}

void abp_summarise(struct abp_summary *summary, struct abp_weighted *draws, size_t count)
{
    double mean = 0.0, variance = 0.0, quantiles[QUANTILES] = {NAN, NAN, NAN, NAN, NAN};
    *summary = abp_summary_absent();
    for (size_t i = 0; i < count; i++)
        mean += draws[i].weight * draws[i].value;
    if (count == 0 || !isfinite(mean))
        return;
    for (size_t i = 0; i < count; i++)
        variance += draws[i].weight * (draws[i].value - mean) * (draws[i].value - mean);
    find_quantiles(draws, count, quantiles);
    *summary = (struct abp_summary){mean,         sqrt(fmax(variance, 0.0)),
                                    quantiles[0], quantiles[1],
                                    quantiles[2], quantiles[3],
                                    quantiles[4]};
}

void abp_summarise_lift(struct abp_summary *lift, const struct abp_summary *log_lift,
                        const double *log_values, const double *weights, size_t count)
{
    double centre = expm1(log_lift->q50), first = 0.0, second = 0.0;
    *lift = abp_summary_absent();
    for (size_t i = 0; i < count; i++) {
        double off = expm1(log_values[i]) - centre;
        first += weights[i] * off;
        second += weights[i] * off * off;
    }
    if (count == 0 || !isfinite(second))
        return;
    double mean = centre + first, variance = second - first * first;
    *lift = (struct abp_summary){mean,
                                 sqrt(fmax(variance, 0.0)),
                                 expm1(log_lift->q025),
                                 expm1(log_lift->q25),
                                 expm1(log_lift->q50),
                                 expm1(log_lift->q75),
                                 expm1(log_lift->q975)};
}
