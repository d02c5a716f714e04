#include "abpost/allocate.h"

#include <math.h>
#include <stdlib.h>

#define CERTAIN 1e-12 /* the others are never the best: the second place decides among them */

/* How often each style is the best of a draw, and how often the best of the rest. */
struct places {
    double *first, *second; /* owned by the caller of rank_draws: variants each */
    size_t variants;
};

static int check_input(const struct abp_allocation_input *in, struct abp_error *err)
{
    double total = 0.0;

    if (in->variants < 1 || in->draws < 1)
        return abp_fail(err, ABP_DATA, "%zu draws of %zu styles: there must be one of each",
                        in->draws, in->variants);
    if (!(in->leader > 0 && in->leader <= 1))
        return abp_fail(err, ABP_DATA, "the leader's share is %g; it lies in (0, 1]", in->leader);
    if (!(in->floor >= 0 && in->floor * (double)in->variants <= 1 + 1e-12))
        return abp_fail(err, ABP_DATA, "a floor of %g for each of %zu styles is more than there is",
                        in->floor, in->variants);
    for (size_t i = 0; i < in->draws * in->variants; i++)
        if (!isfinite(in->value[i]))
            return abp_fail(err, ABP_DATA, "a posterior draw is %g; draws are finite",
                            in->value[i]);
    for (size_t i = 0; i < in->draws; i++)
        total += in->weight ? in->weight[i] : 1.0;
    if (!(total > 0 && isfinite(total)))
        return abp_fail(err, ABP_DATA, "the weights of the draws sum to %g", total);
    return 0;
}

/* Largest of the values that are below `limit`, and how many there are; -INFINITY: none. */
static double largest_below(const double *value, size_t n, double limit, size_t *ties)
{
    double largest = -INFINITY;

    *ties = 0;
    for (size_t v = 0; v < n; v++) {
        if (value[v] >= limit || value[v] < largest)
            continue;
        *ties = value[v] > largest ? 1 : *ties + 1;
        largest = value[v];
    }
    return largest;
}

static void rank_draws(struct places *places, const struct abp_allocation_input *in)
{
    for (size_t i = 0; i < in->draws; i++) {
        const double *value = in->value + i * in->variants;
        double weight = in->weight ? in->weight[i] : 1.0;
        size_t ties, seconds;
        double best = largest_below(value, in->variants, INFINITY, &ties);
        double second = largest_below(value, in->variants, best, &seconds);

        for (size_t v = 0; v < in->variants; v++) {
            if (value[v] == best)
                places->first[v] += weight / (double)ties;
            /* of several that tie for the first place, all but one are second */
            if (value[v] == best && ties > 1)
                places->second[v] += weight * (double)(ties - 1) / (double)ties;
            else if (value[v] == second && ties == 1)
                places->second[v] += weight / (double)seconds;
        }
    }
}

/* Shares that sum to 1; what negative weights left below 0 becomes 0. Equal when all is 0. */
static void to_shares(double *share, size_t n)
{
    double total = 0.0;

    for (size_t v = 0; v < n; v++) {
        share[v] = fmax(share[v], 0.0);
        total += share[v];
    }
    for (size_t v = 0; v < n; v++)
        share[v] = total > 0 ? share[v] / total : 1.0 / (double)n;
}

/* Adds to psi what the challengers of leader w get: `mass`, by how often each is the best. */
static void share_among_challengers(double *psi, const struct places *places, size_t w, double mass)
{
    const double *by = places->first;
    size_t n = places->variants;
    double total = 0.0;

    for (size_t pass = 0; pass < 2 && total <= CERTAIN; pass++) {
        by = pass == 0 ? places->first : places->second;
        total = 0.0;
        for (size_t v = 0; v < n; v++)
            total += v == w ? 0.0 : by[v];
    }
    for (size_t v = 0; v < n; v++)
        if (v != w)
            psi[v] += mass * (total > CERTAIN ? by[v] / total : 1.0 / (double)(n - 1));
}

int abp_allocate(double *probability, const struct abp_allocation_input *in, struct abp_error *err)
{
    size_t n = in->variants;
    struct places places = {.variants = n};
    double sum = 0.0;

    if (check_input(in, err))
        return -1;
    places.first = calloc(2 * n, sizeof *places.first);
    if (!places.first)
        return abp_fail_memory(err);
    places.second = places.first + n;
    rank_draws(&places, in);
    to_shares(places.first, n);
    to_shares(places.second, n);
    for (size_t v = 0; v < n; v++)
        probability[v] = n == 1 ? 1.0 : in->leader * places.first[v];
    for (size_t w = 0; w < n && n > 1; w++)
        share_among_challengers(probability, &places, w, (1 - in->leader) * places.first[w]);
    for (size_t v = 0; v < n; v++)
        sum += probability[v];
    for (size_t v = 0; v < n; v++) {
        double rest = fmax(0.0, 1 - in->floor * (double)n);

        probability[v] = in->floor + rest * probability[v] / sum;
    }
    free(places.first);
    return 0;
}

size_t abp_allocation_draw(const double *probability, size_t variants, double u)
{
    double total = 0.0, sum = 0.0;
    size_t last = 0;

    for (size_t v = 0; v < variants; v++)
        total += probability[v];
    for (size_t v = 0; v < variants; v++) {
        if (!(probability[v] > 0))
            continue;
        last = v;
        sum += probability[v];
        if (u * total < sum)
            break;
    }
    return last;
}
