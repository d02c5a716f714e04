#include "evaluate/evaluation.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* Fisher's exact test, two-sided: how surprising the split of the missing readings between two
 * variants would be if a reading went missing regardless of the style. */
static double missing_surprise(const struct table_variant *a, const struct table_variant *b)
{
    unsigned missing = (unsigned)(a->missing + b->missing),
             observed = (unsigned)(a->posts + b->posts);
    unsigned drawn = (unsigned)(a->posts + a->missing), top = missing < drawn ? missing : drawn;
    double seen = gsl_ran_hypergeometric_pdf((unsigned)a->missing, missing, observed, drawn);
    double sum = 0.0;
    for (unsigned k = drawn > observed ? drawn - observed : 0; k <= top; k++) {
        double p = gsl_ran_hypergeometric_pdf(k, missing, observed, drawn);
        if (p <= seen * (1.0 + 1e-7)) /* rounding must not tell equal ones apart */
            sum += p;
    }
    return sum;
}

/* Fisher's test sums over all splits: enough is enough. */
#define MOST_FOR_FISHER 100000

static int warn_missing(struct evaluation *e, struct abp_error *err)
{
    const struct table *t = &e->table;
    for (size_t v = 1; v < t->variant_count; v++) {
        const struct table_variant *a = &t->variants[v], *b = &t->variants[0];
        size_t all = a->posts + a->missing + b->posts + b->missing;
        if (all > MOST_FOR_FISHER || a->missing + b->missing == 0 ||
            missing_surprise(a, b) > 0.05 / (double)(t->variant_count - 1))
            continue;
        if (evaluation_warn(e, err,
                            "readings are missing unevenly: %zu of %zu for %s, %zu of %zu for %s; "
                            "if posts went unread because of how they did, the comparison is off",
                            a->missing, a->posts + a->missing, a->name, b->missing,
                            b->posts + b->missing, b->name) != 0)
            return -1;
    }
    return 0;
}

static int warn_unreliable(struct evaluation *e, struct abp_error *err)
{
    const struct abp_fit_result *fit = &e->result->fit;
    if (fit->reliable || isnan(fit->khat))
        return 0;
    if (e->posterior.draws && !isnan(e->posterior.rhat))
        return evaluation_warn(e, err,
                               "the numbers are not reliable: Markov chains do not agree on them "
                               "(R-hat %.2f, limit %.2f; effective sample size %.0f, limit %.0f)",
                               e->posterior.rhat, ABP_RHAT_LIMIT, fit->ess, ABP_ESS_CHAINS);
    return evaluation_warn(e, err,
                           "the numbers are not reliable: k-hat %.2f (limit %.1f), effective "
                           "sample size %.0f (limit %.0f)",
                           fit->khat, ABP_KHAT_LIMIT, fit->ess, ABP_ESS_LIMIT);
}

/* Nothing was drawn, or not between a style and the baseline: blocks without the baseline, the
 * others' lots, say nothing of this comparison. */
static int warn_undrawn(struct evaluation *e, struct abp_error *err)
{
    const struct table *t = &e->table;
    if (!e->posts->randomised)
        return evaluation_warn(e, err,
                               "observational: nothing says that the order of these posts was "
                               "drawn by lot, so a difference may come from what else differed; no "
                               "verdict is stronger than leaning");
    for (size_t v = 1; v < t->variant_count; v++)
        if (!t->variants[v].drawn && t->variants[v].posts && t->variants[0].posts &&
            evaluation_warn(e, err,
                            "no block has posts of both %s and %s, so no lot decided between them: "
                            "no verdict on %s is stronger than leaning",
                            t->variants[v].name, t->variants[0].name, t->variants[v].name) != 0)
            return -1;
    return 0;
}

/* A style without a cost has no net value, and its neighbours' then stand alone. */
static int warn_cost(struct evaluation *e, struct abp_error *err)
{
    const struct table *t = &e->table;
    const char *without = NULL, *with = NULL;
    for (size_t v = 0; v < t->variant_count; v++)
        *(isnan(t->variants[v].cost) ? &without : &with) = t->variants[v].name;
    if (isnan(e->experiment->decision.value) || !without || !with)
        return 0;
    return evaluation_warn(e, err,
                           "%s has no cost and %s has one, so the net value of %s is not known; "
                           "say cost = 0 in its [variant] if it costs nothing",
                           without, with, without);
}

int evaluation_warnings(struct evaluation *e, struct abp_error *err)
{
    const struct table *t = &e->table;
    for (size_t i = 0; i < e->posts->notes.count; i++)
        if (evaluation_warn(e, err, "%s", e->posts->notes.list[i]) != 0)
            return -1;
    if (t->unknown &&
        evaluation_warn(e, err,
                        "%s has posts and no [variant] section any more, so nothing says what it "
                        "is put together from: the factors are left out, and variants are taken "
                        "as they are",
                        t->unknown) != 0)
        return -1;
    if (t->posts == 0)
        return evaluation_warn(e, err, "there is no post with a reading yet");
    if (warn_undrawn(e, err) != 0 || warn_unreliable(e, err) != 0 || warn_cost(e, err) != 0)
        return -1;
    if (t->no_exposure &&
        evaluation_warn(e, err, "%zu post%s an exposure of 0, which is no reading%s: %s as missing",
                        t->no_exposure, t->no_exposure == 1 ? " has" : "s have",
                        t->no_exposure_reacted ? " (and an outcome all the same, so the exposure "
                                                 "is wrong)"
                                               : "",
                        t->no_exposure == 1 ? "it counts" : "they count") != 0)
        return -1;
    return warn_missing(e, err);
}
