/* Results made by hand. */
#ifndef CLI_CANNED_H
#define CLI_CANNED_H

#include "abpost/result.h"

#include <math.h>
#include <string.h>

static const struct abp_summary nothing = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};

static struct abp_summary normal_summary(double mean, double sd)
{
    struct abp_summary s = {
        mean, sd, mean - 1.96 * sd, mean - 0.674 * sd, mean, mean + 0.674 * sd, mean + 1.96 * sd};
    return s;
}

static struct abp_summary lift_of(const struct abp_summary *log_lift)
{
    struct abp_summary s = {exp(log_lift->mean) - 1, log_lift->sd,
                            exp(log_lift->q025) - 1, exp(log_lift->q25) - 1,
                            exp(log_lift->q50) - 1,  exp(log_lift->q75) - 1,
                            exp(log_lift->q975) - 1};
    return s;
}

/* A variant of which nothing is known but its name. */
static struct abp_variant_result unknown_variant(char *name)
{
    struct abp_variant_result v;
    memset(&v, 0, sizeof v);
    v.name = name;
    v.outcome_total = v.exposure_total = v.raw_ratio = NAN;
    v.log_lift = v.lift = v.next_post = v.net_value = nothing;
    v.p_better = v.p_best = v.expected_loss = v.p_net_better = NAN;
    v.guard.e_value = v.guard.threshold = v.guard.open_e_value = NAN;
    v.forecast = (struct abp_forecast_result){NAN, NAN, NAN, NAN};
    v.without = (struct abp_without_result){nothing, NAN, ABP_NO_VERDICT};
    v.fading = v.carry_over = (struct abp_diagnosis_result){NAN, NAN, NAN, NAN, 0, 0};
    return v;
}

static struct abp_variant_result usual_variant(char *name, double log_lift, double sd)
{
    struct abp_variant_result v = unknown_variant(name);
    v.posts = 149;
    v.missing = 5;
    v.outcome_total = 2067;
    v.exposure_total = 149;
    v.raw_ratio = exp(log_lift) * 1.05;
    v.log_lift = normal_summary(log_lift, sd);
    v.lift = lift_of(&v.log_lift);
    v.next_post = lift_of(&v.log_lift);
    v.next_post.q025 = 0.1;
    v.next_post.q975 = 6.2;
    v.p_better = 0.5 * erfc(-log_lift / sd / sqrt(2));
    v.p_best = v.p_better;
    v.expected_loss = 0.13;
    v.guard.e_value = 0.4;
    v.guard.threshold = 20;
    v.guard.blocks = 140;
    v.verdict = ABP_KEEP_TESTING;
    return v;
}

/* A level of which nothing is known but its name. */
static struct abp_level_result unknown_level(char *name)
{
    struct abp_level_result l;
    memset(&l, 0, sizeof l);
    l.name = name;
    l.log_lift = l.lift = nothing;
    l.p_better = l.p_best = l.expected_loss = NAN;
    l.guard.e_value = l.guard.threshold = l.guard.open_e_value = NAN;
    return l;
}

static struct abp_level_result usual_level(char *name, double log_lift, double sd)
{
    struct abp_level_result l = unknown_level(name);
    l.variants = 4;
    l.posts = 40;
    l.log_lift = normal_summary(log_lift, sd);
    l.lift = lift_of(&l.log_lift);
    l.p_better = 0.5 * erfc(-log_lift / sd / sqrt(2));
    l.p_best = l.p_better;
    l.expected_loss = 0.02;
    l.guard.e_value = 7;
    l.guard.threshold = 120;
    l.guard.blocks = 38;
    l.verdict = ABP_KEEP_TESTING;
    return l;
}

static struct abp_result usual_result(struct abp_variant_result *variants, size_t count)
{
    struct abp_result r;
    memset(&r, 0, sizeof r);
    r.family = ABP_NEGBINOMIAL;
    r.randomised = 1;
    r.posts = 290;
    r.missing = 18;
    r.channel_count = 14;
    r.slot_count = 1;
    strcpy(r.fit.method, "grid+laplace+psis");
    r.fit.reliable = 1;
    r.fit.khat = 0.21;
    r.fit.ess = 3900;
    r.fit.seconds = 0.02;
    r.fit.seed = 1;
    r.fit.kappa = normal_summary(0.96, 0.06);
    r.fit.tau_v = r.fit.tau_u = r.fit.tau_b = normal_summary(0.4, 0.1);
    r.fit.tau_w = nothing;
    r.variants = variants;
    r.variant_count = count;
    r.baseline = count ? variants[0].name : NULL;
    return r;
}

#endif
