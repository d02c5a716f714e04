#include "stats/ratio.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

/* log(1 + e^y) */
static double softplus(double y)
{
    return y > 0 ? y + log1p(exp(-y)) : log1p(exp(y));
}

/* The question is where inner's rate lies beside `share` times outer's, share = e^-fall <= 1. At a
 * distance t from outer's mode, share times the rate there is at place() from inner's mode. */
struct scaling {
    const struct abp_marginal *outer, *inner; /* borrowed */
    double gap;                               /* outer's mode less inner's */
    double fall;                              /* >= 0 */
    double log_rest;                          /* log(1 - share) */
    double odds;                              /* log odds of outer's mode */
};

/* logit(share e^x/(1 + e^x)) = x - fall - log(1 + (1 - share) e^x), told from the modes */
static double place(const struct scaling *s, double t)
{
    double y = s->log_rest + s->odds + t;
    if (y > 40) /* softplus(y) = y: t would cancel, and lose its digits on the way */
        return s->gap - s->fall - s->log_rest - s->odds;
    return t + s->gap - s->fall - softplus(y);
}

/* Inner's panel edges as outer sees them: t with place(t) = edge, as far as there is one. */
static struct abp_grid seen_edges(const struct scaling *s, double *edges)
{
    struct abp_grid grid = {.edges = edges};
    const struct abp_table *table = &s->inner->table;
    size_t seen = 0;
    for (; seen <= table->count; seen++) {
        /* with u = edge + fall - gap: t = u - log(1 - (1 - share) e^(u + odds)) */
        double u = table->edges[seen] + s->fall - s->gap;
        double y = s->log_rest + s->odds + u;
        if (!(y < 0))
            break;
        edges[seen] = u - log1p(-exp(y));
    }
    grid.count = seen > 1 ? seen - 1 : 0;
    return grid;
}

/* A panel of outer's line. Where the inner arm is the narrower one it needs digits that t does not
 * have, so within a panel both places are told from its start. */
struct panel {
    double t, there; /* its start, and place() of it */
    double width;
    double y;       /* the argument of softplus there */
    double remains; /* the derivative of place() there */
};

/* place(t + by) - place(t) */
static double advance(const struct panel *panel, double by)
{
    if (by < 0.5 || panel->y > 0) /* else 1 - remains has lost its digits */
        return -log1p(panel->remains * expm1(-by));
    return by - (softplus(panel->y + by) - softplus(panel->y));
}

static void add_panel(struct abp_point *point, const struct scaling *s, const struct panel *panel)
{
    double node[ABP_GAUSS_POINTS], weight[ABP_GAUSS_POINTS];
    abp_gauss(node, weight, 0, panel->width);
    for (size_t i = 0; i < ABP_GAUSS_POINTS; i++) {
        struct abp_point out, in;
        double there = panel->there + advance(panel, node[i]);
        abp_table_at(&out, &s->outer->table, panel->t + node[i]);
        abp_table_at(&in, &s->inner->table, there);
        double share = weight[i] * out.density;
        point->below += share * in.below;
        point->above += share * in.above;
        if (in.density > 0) /* d logit(rate) / d log(rate) = 1/(1 - rate) */
            point->density += share * in.density * (1 + exp(there) * s->inner->p / s->inner->q);
    }
}

/* below: P(inner's rate <= share times outer's); density: of -log(inner's / outer's) at `fall`. */
static void compare(struct abp_point *point, const struct scaling *s, double *scratch)
{
    const struct abp_table *outer = &s->outer->table;
    struct abp_grid grids[] = {{.edges = outer->edges, .count = outer->count},
                               seen_edges(s, scratch)};
    struct abp_cap cap = {.centre = -s->log_rest - s->odds, .width = 2, .slope = 0.5};
    double t = outer->edges[0], end = outer->edges[outer->count], there = place(s, t);
    *point = (struct abp_point){0};
    if (!isfinite(cap.centre)) /* share = 1: place() is a shift and has no singularity */
        cap = (struct abp_cap){.centre = 0, .width = INFINITY};
    while (t < end) {
        double next = abp_next_edge(grids, 2, &cap, t, end);
        struct panel panel = {
            .t = t, .there = there, .width = next - t, .y = s->log_rest + s->odds + t};
        panel.remains = 1 / (1 + exp(panel.y));
        add_panel(point, s, &panel);
        there += advance(&panel, panel.width);
        t = next;
    }
}

void abp_ratio_at(struct abp_point *point, const struct abp_ratio *ratio, double z)
{
    if (ratio->top->family == ABP_POISSON) {
        abp_table_at(point, &ratio->logit.table, z - ratio->gap);
        return;
    }
    struct scaling s = {.outer = z < 0 ? ratio->bottom : ratio->top,
                        .inner = z < 0 ? ratio->top : ratio->bottom,
                        .gap = z < 0 ? -ratio->gap : ratio->gap,
                        .fall = fabs(z)};
    s.log_rest = log(-expm1(-s.fall));
    s.odds = log(s.outer->alpha / s.outer->beta);
    compare(point, &s, ratio->edges);
    if (z >= 0) { /* compared: bottom <= e^-z top, which is log ratio >= z */
        double below = point->above;
        point->above = point->below;
        point->below = below;
    }
}

int abp_ratio_init(struct abp_ratio *ratio, const struct abp_marginal *top,
                   const struct abp_marginal *bottom, struct abp_error *err)
{
    *ratio = (struct abp_ratio){.top = top, .bottom = bottom, .gap = abp_marginal_gap(top, bottom)};
    if (top->family == ABP_POISSON) /* X/Y of unit Gammas is the odds of a Beta */
        return abp_marginal_init(&ratio->logit, ABP_BINOMIAL, top->alpha, bottom->alpha, err);
    size_t most = top->table.count > bottom->table.count ? top->table.count : bottom->table.count;
    ratio->edges = calloc(most + 1, sizeof *ratio->edges);
    return ratio->edges ? 0 : abp_fail_memory(err);
}

void abp_ratio_release(struct abp_ratio *ratio)
{
    abp_marginal_release(&ratio->logit);
    free(ratio->edges);
    ratio->edges = NULL;
}

double abp_ratio_log_mean(const struct abp_ratio *ratio)
{
    return abp_marginal_log_gap(ratio->top, ratio->bottom) +
           (ratio->top->log_mean - ratio->bottom->log_mean);
}

double abp_ratio_log_sd(const struct abp_ratio *ratio)
{
    return sqrt(ratio->top->log_variance + ratio->bottom->log_variance);
}

static void ratio_distribution(struct abp_point *point, const void *context, double z)
{
    abp_ratio_at(point, context, z);
}

/* The log rate at the first (0) or last (1) edge of a table, from the mode's. */
static double log_end(const struct abp_marginal *m, int last)
{
    return abp_marginal_log_rate(m, m->table.edges[last ? m->table.count : 0]);
}

int abp_ratio_quantile(double *z, const struct abp_ratio *ratio, double p, struct abp_error *err)
{
    if (ratio->top->family == ABP_POISSON) {
        if (abp_table_quantile(z, &ratio->logit.table, p, err))
            return -1;
        *z += ratio->gap;
        return 0;
    }
    double centre = abp_marginal_log_gap(ratio->top, ratio->bottom);
    struct abp_distribution distribution = {
        .at = ratio_distribution,
        .context = ratio,
        .low = centre + log_end(ratio->top, 0) - log_end(ratio->bottom, 1),
        .high = centre + log_end(ratio->top, 1) - log_end(ratio->bottom, 0)};
    double guess = abp_ratio_log_mean(ratio) + gsl_cdf_ugaussian_Pinv(p) * abp_ratio_log_sd(ratio);
    return abp_quantile(z, &distribution, p, guess, err);
}
