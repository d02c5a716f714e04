#include "abpost/summary.h"

#include <math.h>

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
    select_quantiles(draws, count, 0.0, 0, QUANTILES, quantiles);
    *summary = (struct abp_summary){mean,         sqrt(fmax(variance, 0.0)),
                                    quantiles[0], quantiles[1],
                                    quantiles[2], quantiles[3],
                                    quantiles[4]};
}

void abp_summarise_lift(struct abp_summary *lift, const struct abp_summary *log_lift,
                        const double *log_values, const double *weights, size_t count)
{
    double mean = 0.0, variance = 0.0;
    *lift = abp_summary_absent();
    for (size_t i = 0; i < count; i++)
        mean += weights[i] * expm1(log_values[i]);
    if (count == 0 || !isfinite(mean))
        return;
    for (size_t i = 0; i < count; i++) {
        double off = expm1(log_values[i]) - mean;
        variance += weights[i] * off * off;
    }
    *lift = (struct abp_summary){mean,
                                 sqrt(fmax(variance, 0.0)),
                                 expm1(log_lift->q025),
                                 expm1(log_lift->q25),
                                 expm1(log_lift->q50),
                                 expm1(log_lift->q75),
                                 expm1(log_lift->q975)};
}
