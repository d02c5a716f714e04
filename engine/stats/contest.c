#include "stats/contest.h"

#include <math.h>
#include <stdlib.h>

struct contest {
    const struct abp_marginal *const *rates; /* borrowed */
    size_t count;
    size_t anchor;          /* the line's 0 is this one's mode */
    struct abp_grid *grids; /* owned; one a rate; its shift is the rate's mode */
    struct abp_point *at;   /* owned; scratch, one a rate */
    double *below_before;   /* owned; scratch: product of `below` of the rates before v */
    double *above_before;   /* owned; scratch: P(any of the rates before v lies above) */
    double low, high;       /* nothing worth counting lies outside */
    struct abp_cap cap;
};

/* Tells every place from the mode of rates[anchor]. The derivative of a rate has its singularities
 * above the logit's 0, and falls off by e^-1 a unit below there (a Gamma's: below the highest arm,
 * beyond which nothing is left). */
static void set_anchor(struct contest *c, size_t anchor)
{
    const struct abp_marginal *origin = c->rates[anchor];
    c->anchor = anchor;
    c->low = INFINITY;
    c->high = -INFINITY;
    for (size_t v = 0; v < c->count; v++) {
        const struct abp_table *table = &c->rates[v]->table;
        double shift = abp_marginal_gap(c->rates[v], origin);
        c->grids[v] =
            (struct abp_grid){.edges = table->edges, .count = table->count, .shift = shift};
        c->low = fmin(c->low, table->edges[0] + shift);
        c->high = fmax(c->high, table->edges[table->count] + shift);
    }
    c->cap = (struct abp_cap){.centre = c->high, .width = 3, .slope = 0.125};
    if (origin->family == ABP_BINOMIAL)
        c->cap.centre = fmin(c->high, log(origin->beta / origin->alpha));
}

/* Moves the anchor to the narrowest of the arms about x, and gives x as told from there. An arm of
 * 10^15 trials is 10^-8 wide: told from another one's mode, its own panels would have no digits. */
static double refine_anchor(struct contest *c, double x)
{
    size_t best = c->count;
    double best_width = INFINITY;
    for (size_t v = 0; v < c->count; v++) {
        const struct abp_grid *grid = &c->grids[v];
        double local = x - grid->shift, width = grid->edges[grid->count] - grid->edges[0];
        if (local < grid->edges[0] - 1e-6 * width || local >= grid->edges[grid->count])
            continue;
        if (width < best_width) {
            best = v;
            best_width = width;
        }
    }
    if (best == c->count || best == c->anchor)
        return x;
    double local = x - c->grids[best].shift;
    set_anchor(c, best);
    return local;
}

static int contest_init(struct contest *c, const struct abp_marginal *const *rates, size_t count,
                        struct abp_error *err)
{
    *c = (struct contest){.rates = rates, .count = count};
    c->grids = calloc(count, sizeof *c->grids);
    c->at = calloc(count, sizeof *c->at);
    c->below_before = calloc(count, sizeof *c->below_before);
    c->above_before = calloc(count, sizeof *c->above_before);
    if (!c->grids || !c->at || !c->below_before || !c->above_before) {
        abp_fail_memory(err);
        return -1;
    }
    set_anchor(c, 0);
    return 0;
}

static void contest_release(struct contest *c)
{
    free(c->grids);
    free(c->at);
    free(c->below_before);
    free(c->above_before);
}

/* Adds one node's share: f_v prod F_w to p_best, F_v (1 - prod F_w) to loss (w over the others),
 * the latter as P(v below, any other above), which keeps its digits where it is small. */
static void add_node(const struct contest *c, double *p_best, double *loss, double x, double weight)
{
    double below = 1, above = 0;
    double rate_weight = weight * abp_marginal_slope(c->rates[c->anchor], x);
    for (size_t v = 0; v < c->count; v++) {
        struct abp_point *at = &c->at[v];
        abp_table_at(at, &c->rates[v]->table, x - c->grids[v].shift);
        c->below_before[v] = below;
        c->above_before[v] = above;
        below *= at->below;
        above += at->above * (1 - above);
    }
    below = 1;
    above = 0;
    for (size_t v = c->count; v-- > 0;) {
        const struct abp_point *at = &c->at[v];
        double others_above = above + c->above_before[v] * (1 - above);
        p_best[v] += weight * at->density * c->below_before[v] * below;
        loss[v] += rate_weight * at->below * others_above;
        below *= at->below;
        above += at->above * (1 - above);
    }
}

/* Integrates over one common panel, in more parts the more arms: a product of many distribution
 * functions turns from 0 to 1 faster than any of them. */
static void add_panel(const struct contest *c, double *p_best, double *loss, double start,
                      double end)
{
    int parts = 1 + ilogb((double)c->count) / 3;
    for (int part = 0; part < parts; part++) {
        double node[ABP_GAUSS_POINTS], weight[ABP_GAUSS_POINTS];
        double width = (end - start) / parts;
        abp_gauss(node, weight, start + part * width, start + (part + 1) * width);
        for (size_t i = 0; i < ABP_GAUSS_POINTS; i++)
            add_node(c, p_best, loss, node[i], weight[i]);
    }
}

int abp_contest(double *p_best, double *loss, const struct abp_marginal *const *rates, size_t count,
                struct abp_error *err)
{
    struct contest c;
    int rc = -1;
    double *sums = calloc(2 * count, sizeof *sums), total = 0;
    if (contest_init(&c, rates, count, err))
        goto out;
    if (!sums) {
        abp_fail_memory(err);
        goto out;
    }
    for (double x = c.low; x < c.high;) {
        x = refine_anchor(&c, x);
        double next = abp_next_edge(c.grids, count, &c.cap, x, c.high);
        add_panel(&c, sums, sums + count, x, next);
        x = next;
    }
    for (size_t v = 0; v < count; v++) {
        total += sums[v];
        if (p_best)
            p_best[v] = sums[v];
        if (loss)
            loss[v] = sums[count + v];
    }
    if (!(fabs(total - 1) <= 1e-9)) {
        abp_fail(err, ABP_BUG, "the probabilities of being best sum to %.12g", total);
        goto out;
    }
    rc = 0;
out:
    contest_release(&c);
    free(sums);
    return rc;
}
