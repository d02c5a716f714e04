#include "evaluate/evaluation.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A predictive p-value below this: plainly not of the family. */
#define PLAINLY 0.01
/* Draws that tell which of two families fits better: their error is far below that of the posts. */
#define DRAWS_MOST 8192

/* ---- families with a dispersion ---- */

/* Leave-one-out log predictive densities of the posts under another family; all NaN when it can't
 * be fitted to this data. */
static int score(const struct evaluation *e, enum abp_family family, double *scores,
                 struct abp_error *err)
{
    struct abp_data data = table_data(&e->table);
    struct abp_priors priors = e->priors;
    struct abp_posterior_options ask = {.seed = e->seed, .log_scores = 1, .draws_most = DRAWS_MOST};
    struct abp_posterior posterior;
    struct abp_error own;
    if (family != e->family)
        priors.dispersion = abp_default_priors(family).dispersion;
    if (abp_posterior_fit(&posterior, &data, family, &priors, &ask, &own) != 0) {
        for (size_t i = 0; i < data.posts; i++)
            scores[i] = NAN;
        if (own.code == ABP_DATA)
            return 0;
        *err = own;
        return -1;
    }
    memcpy(scores, posterior.post_scores, data.posts * sizeof *scores);
    abp_posterior_release(&posterior);
    return 0;
}

struct difference {
    double sum, error; /* of the scores, other minus own, and its standard error */
    size_t posts;
};

static struct difference compare(const double *other, const double *own, size_t count)
{
    struct difference d = {0};
    double squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        double difference = other[i] - own[i];
        if (isnan(difference))
            continue;
        d.posts++;
        d.sum += difference;
        squares += difference * difference;
    }
    if (d.posts > 1) {
        double n = (double)d.posts;
        d.error = sqrt(fmax(0.0, n * (squares / n - d.sum / n * d.sum / n)));
    }
    return d;
}

static int whole_numbers(const struct table *t)
{
    for (size_t i = 0; i < t->posts; i++)
        if (t->y[i] > floor(t->y[i]))
            return 0;
    return 1;
}

/* The families that could stand in, an array that ends in ABP_FAMILY_DEFAULT. */
static const enum abp_family *alternatives(const struct evaluation *e)
{
    static const enum abp_family counts[][3] = {
        {ABP_NEGBINOMIAL, ABP_POISSON_LOGNORMAL, ABP_FAMILY_DEFAULT},
        {ABP_POISSON_LOGNORMAL, ABP_FAMILY_DEFAULT},
        {ABP_NEGBINOMIAL, ABP_FAMILY_DEFAULT},
        {ABP_FAMILY_DEFAULT}};
    switch (e->family) {
    case ABP_NEGBINOMIAL:
        return counts[1];
    case ABP_POISSON_LOGNORMAL:
        return counts[2];
    case ABP_BETABINOMIAL:
        return counts[0];
    default: /* a density is comparable to probabilities of whole numbers only */
        return whole_numbers(&e->table) ? counts[0] : counts[3];
    }
}

static int find_better(struct evaluation *e, enum abp_family *better, struct difference *by,
                       struct abp_error *err)
{
    size_t posts = e->table.posts;
    double *own = calloc(posts, sizeof *own), *other = calloc(posts, sizeof *other);
    int rc = own && other ? 0 : abp_fail_memory(err);
    *better = ABP_FAMILY_DEFAULT;
    if (rc == 0)
        rc = score(e, e->family, own, err);
    for (const enum abp_family *f = alternatives(e); rc == 0 && *f != ABP_FAMILY_DEFAULT; f++) {
        if ((rc = score(e, *f, other, err)) != 0)
            break;
        struct difference d = compare(other, own, posts);
        /* as many posts as were scored at all, or the comparison is of the easy ones only */
        if (2 * d.posts < (posts < ABP_SCORES_MOST ? posts : ABP_SCORES_MOST) || d.sum <= d.error)
            continue;
        if (*better == ABP_FAMILY_DEFAULT || d.sum > by->sum) {
            *better = *f;
            *by = d;
        }
    }
    free(other);
    free(own);
    return rc;
}

int evaluation_check_family(struct evaluation *e, double p_extreme, double p_zeros,
                            struct abp_error *err)
{
    enum abp_family better;
    struct difference by = {0};
    const char *what = p_extreme < PLAINLY ? "the largest post stands out further"
                                           : "the number of posts with 0 is further off";
    if (!(p_extreme < PLAINLY || p_zeros < PLAINLY))
        return 0;
    if (find_better(e, &better, &by, err) != 0)
        return -1;
    if (better == ABP_FAMILY_DEFAULT)
        return evaluation_warn(e, err,
                               "the data does not look like family %s: %s than in 99 of 100 "
                               "replicas of it; no other family at hand fits clearly better, look "
                               "at the posts themselves",
                               abp_family_name(e->family), what);
    return evaluation_warn(e, err,
                           "the data does not look like family %s: %s than in 99 of 100 replicas "
                           "of it; %s fits better (leave-one-out log density +%.1f, standard error "
                           "%.1f): set family = %s",
                           abp_family_name(e->family), what, abp_family_name(better), by.sum,
                           by.error, abp_family_name(better));
}

/* ---- conjugate families ---- */

/* Pearson's dispersion statistic: about 1 for outcomes whose unit is the individual. */
int evaluation_check_spread(struct evaluation *e, struct abp_error *err)
{
    const struct table *t = &e->table;
    double statistic = 0.0, freedom = 0.0;
    for (size_t v = 0; v < t->variant_count; v++)
        freedom += t->variants[v].posts > 1 && t->variants[v].outcome > 0.0
                       ? (double)t->variants[v].posts - 1.0
                       : 0.0;
    for (size_t i = 0; i < t->posts; i++) {
        const struct table_variant *variant = &t->variants[t->variant[i]];
        double rate = variant->outcome / variant->exposure, mean = t->n[i] * rate;
        double variance = e->family == ABP_BINOMIAL ? mean * (1.0 - rate) : mean;
        if (variant->posts > 1 && variance > 0.0)
            statistic += (t->y[i] - mean) * (t->y[i] - mean) / variance;
    }
    if (freedom < 1.0 || !isfinite(statistic) || gsl_cdf_chisq_Q(statistic, freedom) > 1e-3)
        return 0;
    const char *better =
        abp_family_name(e->family == ABP_BINOMIAL ? ABP_BETABINOMIAL : ABP_NEGBINOMIAL);
    return evaluation_warn(e, err,
                           "posts of one style differ %.1f times as much as family %s allows: its "
                           "unit is the individual, not the post, and it will see winners that are "
                           "not there; set family = %s",
                           statistic / freedom, abp_family_name(e->family), better);
}
