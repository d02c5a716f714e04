/* The figures of RESULTS.md, a section at a time, in Markdown.
 *
 *     bench_results [SECTION [SCALE]]
 *
 * SECTION: false-alarms, usual-rule, power, power-beside, coverage, winner, forecast; none: all of
 * them at a fiftieth. SCALE: 1 is what RESULTS.md has. Seeds are fixed: the same program prints the
 * same figures. */
#include "../unit/prior_trials.h"
#include "figures.h"
#include "rivals.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>

static double scale = 0.02;

static size_t runs(double full)
{
    return figure_runs(scale, full);
}

/* ---- false alarms ---- */

static size_t ever_wrong(const struct trial_generator *g, size_t variants, size_t count)
{
    size_t wrong = 0;
    struct trial t;
    for (uint64_t seed = 1; seed <= count; seed++) {
        trial_open(&t, g, variants, TRIAL_POSTS);
        trial_live(&t, seed);
        int any = 0;
        for (size_t v = 1; v < variants; v++)
            any |= t.verdicts[v].verdict == ABP_REPEAT || t.verdicts[v].verdict == ABP_DROP;
        wrong += any ? 1 : 0;
    }
    return wrong;
}

/* Posts of styles in blocks; the second style earns `ratio` times as much, the others are alike. */
static void draw_styles(struct prior_trial *p, double *outcomes, uint32_t *variant,
                        const struct trial_generator *g, size_t variants, double ratio,
                        unsigned long seed)
{
    struct abp_world_post coming[TRIAL_POSTS];
    struct abp_error err;
    prior_draw(p, g->family, g->tail, variants, TRIAL_POSTS, seed);
    trial_open(&p->t, g, variants, TRIAL_POSTS);
    p->t.theta[1] = log(ratio);
    p->t.experiment.baseline = p->names[0];
    for (size_t i = 0; i < p->posts.count; i++) {
        variant[i] = p->rows[i].variant;
        coming[i] = (struct abp_world_post){.variant = variant[i], .exposure = 1.0};
    }
    abp_world_levels(coming, p->posts.count, &p->t.world, seed + 1000003);
    if (abp_world_outcomes(outcomes, coming, p->posts.count, &p->t.world, seed, &err) != 0)
        abort();
    for (size_t i = 0; i < p->posts.count; i++)
        p->rows[i].outcome = outcomes[i];
}

/* 1: by the engine's posterior of these posts some style is better or worse with 0.95. */
static int is_sure(const double *outcomes, const uint32_t *variant, size_t posts, size_t variants,
                   enum abp_family family)
{
    struct abp_data data = {.posts = posts,
                            .y = outcomes,
                            .variant = variant,
                            .variants = variants,
                            .channels = 1,
                            .slots = 1};
    struct abp_priors priors = abp_default_priors(family);
    struct abp_posterior_options ask = {.seed = 1};
    struct abp_posterior posterior;
    struct abp_error err;
    int sure = 0;
    if (abp_posterior_fit(&posterior, &data, family, &priors, &ask, &err) != 0)
        abort();
    for (size_t v = 1; v < variants; v++) {
        double better = 0.0;
        for (size_t i = 0; i < posterior.draws; i++)
            if (posterior.theta[i * variants + v] > posterior.theta[i * variants])
                better += posterior.weight[i];
        sure |= better > 0.95 || better < 0.05;
    }
    abp_posterior_release(&posterior);
    return sure;
}

/* The rule without a guard: stop when P(better) is above 0.95, or below 0.05, at any look after a
 * block from the 12th post on; the posterior is the engine's own. */
static size_t ever_sure(const struct trial_generator *g, size_t variants, size_t count)
{
    size_t sure = 0;
    for (unsigned long seed = 1; seed <= count; seed++) {
        struct prior_trial p;
        uint32_t variant[TRIAL_POSTS];
        double outcomes[TRIAL_POSTS];
        int alarmed = 0;
        draw_styles(&p, outcomes, variant, g, variants, 1.0, seed);
        for (size_t n = 12; n <= p.posts.count && !alarmed; n += variants)
            alarmed = is_sure(outcomes, variant, n, variants, g->family);
        sure += alarmed ? 1 : 0;
    }
    return sure;
}

static void false_alarms(void)
{
    static const size_t variants[] = {2, 3, 8};
    size_t ours = runs(2000), theirs = runs(100);
    printf("## False alarms\n\n"
           "Styles that are all alike, %d posts, a look after every night: experiments in which "
           "there ever is a `repeat` or `drop`, in %% with 95 %% intervals (%zu runs each), and "
           "beside it those in which P(better) is ever above 0.95 or below 0.05 at a look after a "
           "block from the 12th post on, by the same posterior (%zu runs each).\n\n",
           TRIAL_POSTS, ours, theirs);
    printf("| generator | styles | abpost | P(better) > 0.95 |\n|---|---|---|---|\n");
    for (size_t g = 0; g < TRIAL_GENERATOR_COUNT; g++)
        for (size_t k = 0; k < 3; k++) {
            printf("| %s | %zu | ", TRIAL_GENERATORS[g].name, variants[k]);
            figure_share(ever_wrong(&TRIAL_GENERATORS[g], variants[k], ours), ours);
            printf(" | ");
            figure_share(ever_sure(&TRIAL_GENERATORS[g], variants[k], theirs), theirs);
            printf(" |\n");
            fflush(stdout);
        }
    printf("\n");
}

/* ---- the usual rule ---- */

/* 1: a t-test's P(better) on log(outcome + 1/2), flat priors, two styles: above 0.95 or below 0.05
 * at any look after a pair from the 12th post on. */
static int usual_alarm(const double *outcome, const uint32_t *variant, size_t count)
{
    for (size_t n = 12; n <= count; n += 2) {
        double sum[2] = {0}, squares[2] = {0}, m[2] = {0};
        for (size_t i = 0; i < n; i++) {
            double x = log(outcome[i] + 0.5);
            m[variant[i]]++;
            sum[variant[i]] += x;
            squares[variant[i]] += x * x;
        }
        double inside = squares[0] - sum[0] * sum[0] / m[0] + squares[1] - sum[1] * sum[1] / m[1];
        double df = (double)n - 2.0, error = sqrt(inside / df * (1.0 / m[0] + 1.0 / m[1]));
        double better = gsl_cdf_tdist_P((sum[1] / m[1] - sum[0] / m[0]) / error, df);
        if (better > 0.95 || better < 0.05)
            return 1;
    }
    return 0;
}

static void usual_rule(void)
{
    size_t count = runs(2000);
    printf("## The usual rule\n\n"
           "The same two styles without a difference, and what a t-test on log outcomes makes of "
           "them: experiments in which P(better) (flat priors) is ever above 0.95 or below 0.05 at "
           "a look after a pair from the 12th post on, in %% with 95 %% intervals (%zu runs "
           "each).\n\n| generator | P(better) > 0.95, flat priors |\n|---|---|\n",
           count);
    for (size_t g = 0; g < TRIAL_GENERATOR_COUNT; g++) {
        size_t alarms = 0;
        for (unsigned long seed = 1; seed <= count; seed++) {
            struct prior_trial p;
            uint32_t variant[TRIAL_POSTS];
            double outcomes[TRIAL_POSTS];
            draw_styles(&p, outcomes, variant, &TRIAL_GENERATORS[g], 2, 1.0, seed);
            alarms += usual_alarm(outcomes, variant, p.posts.count) ? 1 : 0;
        }
        printf("| %s | ", TRIAL_GENERATORS[g].name);
        figure_share(alarms, count);
        printf(" |\n");
    }
    printf("\n");
}

/* ---- power ---- */

static void power(void)
{
    static const double ratios[] = {1.2, 1.6, 2.0, 3.0};
    size_t count = runs(1000);
    printf("## Power\n\n"
           "Two styles, one of them better, %d posts: experiments with a `repeat` for it by the "
           "end, in %% with 95 %% intervals (%zu runs each).\n\n"
           "| generator | x1.2 | x1.6 | x2 | x3 |\n|---|---|---|---|---|\n",
           TRIAL_POSTS, count);
    for (size_t g = 0; g < TRIAL_GENERATOR_COUNT; g++) {
        printf("| %s", TRIAL_GENERATORS[g].name);
        for (size_t r = 0; r < 4; r++) {
            size_t found = 0;
            struct trial t;
            for (uint64_t seed = 1; seed <= count; seed++) {
                trial_open(&t, &TRIAL_GENERATORS[g], 2, TRIAL_POSTS);
                t.theta[1] = log(ratios[r]);
                trial_live(&t, seed);
                found += t.verdicts[1].verdict == ABP_REPEAT ? 1 : 0;
            }
            printf(" | ");
            figure_share(found, count);
            fflush(stdout);
        }
        printf(" |\n");
    }
    printf("\n");
}

/* ---- power, beside others ---- */

struct found {
    size_t abpost, guard, prototype, permutation, t_test;
};

static struct rival_pairs pairs_of(const struct prior_trial *p)
{
    struct rival_pairs pairs = {.count = p->posts.count / 2};
    for (size_t i = 0; i < p->posts.count; i++)
        (p->rows[i].variant ? pairs.style : pairs.baseline)[i / 2] = p->rows[i].outcome;
    return pairs;
}

/* 1: the guard ever reaches its threshold, and the style is then ahead. */
static int guard_finds(const struct prior_trial *p)
{
    struct abp_guard_output out[2];
    prior_guard(out, p, p->posts.count);
    return out[1].max_e_value >= 20.0 && out[1].max_direction > 0;
}

/* 1: a `repeat` for the second style, asked after every pair. */
static int repeats(const struct prior_trial *p)
{
    size_t at = prior_decided(p, 1, 12);
    return at && prior_verdict(p, 1, at) == ABP_REPEAT;
}

static struct found find_beside(const struct trial_generator *g, double ratio, size_t count)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    struct found found = {0};
    for (unsigned long seed = 1; seed <= count; seed++) {
        struct prior_trial p;
        uint32_t variant[TRIAL_POSTS];
        double outcomes[TRIAL_POSTS];
        gsl_rng_set(rng, seed);
        draw_styles(&p, outcomes, variant, g, 2, ratio, seed);
        struct rival_pairs pairs = pairs_of(&p);
        int guarded = guard_finds(&p);
        found.guard += guarded ? 1 : 0;
        found.abpost += guarded && repeats(&p) ? 1 : 0;
        found.prototype += rival_prototype(&pairs, 20.0) ? 1 : 0;
        found.permutation += rival_permutation(&pairs, rng) ? 1 : 0;
        found.t_test += rival_t_test(&pairs) ? 1 : 0;
    }
    gsl_rng_free(rng);
    return found;
}

static void put_beside(const struct trial_generator *g, double ratio, size_t count)
{
    struct found found = find_beside(g, ratio, count);
    if (ratio > 1.0)
        printf("| %s | x%.1f | ", g->name, ratio);
    else
        printf("| %s | none | ", g->name);
    figure_share(found.abpost, count);
    printf(" | ");
    figure_share(found.guard, count);
    printf(" | ");
    figure_share(found.prototype, count);
    printf(" | ");
    figure_share(found.permutation, count);
    printf(" | ");
    figure_share(found.t_test, count);
    printf(" |\n");
    fflush(stdout);
}

static void power_beside(void)
{
    static const double ratios[] = {1.0, 1.6, 2.0};
    size_t count = runs(1000);
    printf(
        "## Power, side by side\n\n"
        "Two styles, %d posts in pairs, the same data for all (%zu runs each): experiments in "
        "which the second style is found better, in %% with 95 %% intervals. abpost: a `repeat`, "
        "asked after every pair, which needs the guard and the posterior. Its guard alone: ever "
        "at its threshold, the style ahead. The prototype's guard: signs of log differences over "
        "their "
        "median size, N(0, 0.6^2) weights, reaching 20 at a look after any pair. The two tests "
        "look once, when all posts are there, at 5 %% two-sided, and may not be looked at "
        "before: a permutation test with the guard's scores, and a t-test of the pairs' "
        "differences of log outcomes. Without an effect each should find about 2.5 %% or "
        "less.\n\n"
        "| generator | effect | abpost | its guard alone | prototype's guard | permutation test, "
        "once | t-test, once |\n|---|---|---|---|---|---|---|\n",
        TRIAL_POSTS, count);
    for (size_t g = 0; g < TRIAL_GENERATOR_COUNT; g++)
        for (size_t r = 0; r < 3; r++)
            put_beside(&TRIAL_GENERATORS[g], ratios[r], count);
    printf("\n");
}

/* ---- coverage ---- */

struct kind {
    const char *name;
    enum abp_family family;
    enum abp_tail tail;
};

static void coverage(void)
{
    static const struct kind kinds[] = {
        {"from the prior, negative binomial", ABP_NEGBINOMIAL, ABP_TAIL_OWN},
        {"from the prior, poisson-lognormal", ABP_POISSON_LOGNORMAL, ABP_TAIL_OWN},
        {"from the prior, lognormal", ABP_LOGNORMAL, ABP_TAIL_OWN},
        {"not: lognormal spread, read as negative binomial", ABP_NEGBINOMIAL, ABP_TAIL_LOGNORMAL},
        {"not: t3 spread, read as negative binomial", ABP_NEGBINOMIAL, ABP_TAIL_T3},
    };
    size_t count = runs(1500);
    printf("## Coverage\n\n"
           "Three styles, 60 posts, everything drawn from the default priors: 95 %% intervals of "
           "the two log lifts that hold the truth, in %% (%zu experiments, so %zu intervals that "
           "are not independent in pairs).\n\n"
           "| worlds | 95 %% interval | 50 %% interval | not reliable |\n|---|---|---|---|\n",
           count, 2 * count);
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        size_t inside = 0, half = 0, all = 0, doubtful = 0;
        for (unsigned long seed = 1; seed <= count; seed++) {
            struct prior_trial p;
            prior_draw(&p, kinds[k].family, kinds[k].tail, 3, 60, seed);
            struct abp_result r = prior_evaluate_lean(&p, 60);
            doubtful += r.fit.reliable ? 0 : 1;
            for (size_t v = 1; v < 3; v++) {
                double truth = p.t.theta[v] - p.t.theta[0];
                const struct abp_summary *s = &r.variants[v].log_lift;
                all++;
                inside += truth >= s->q025 && truth <= s->q975 ? 1 : 0;
                half += truth >= s->q25 && truth <= s->q75 ? 1 : 0;
            }
            abp_result_release(&r);
        }
        printf("| %s | ", kinds[k].name);
        figure_share(inside, all);
        printf(" | ");
        figure_share(half, all);
        printf(" | %zu |\n", doubtful);
        fflush(stdout);
    }
    printf("\n");
}

/* ---- the winner's curse ---- */

static void put_mean(const struct figure_mean *m)
{
    printf("%+.3f +- %.3f", figure_of(m), figure_half(m));
}

static void winner(void)
{
    size_t count = runs(1500);
    struct figure_mean shrunk = {0}, raw = {0};
    for (unsigned long seed = 1; seed <= count; seed++) {
        struct prior_trial p;
        prior_draw(&p, ABP_NEGBINOMIAL, ABP_TAIL_OWN, 8, 80, seed);
        struct abp_result r = prior_evaluate_lean(&p, 80);
        size_t best = 0, loud = 0;
        for (size_t v = 1; v < 8; v++) {
            if (!best || r.variants[v].log_lift.mean > r.variants[best].log_lift.mean)
                best = v;
            if (r.variants[v].raw_ratio > 0.0 &&
                (!loud || r.variants[v].raw_ratio > r.variants[loud].raw_ratio))
                loud = v;
        }
        figure_add(&shrunk, r.variants[best].log_lift.mean - (p.t.theta[best] - p.t.theta[0]));
        if (loud)
            figure_add(&raw, log(r.variants[loud].raw_ratio) - (p.t.theta[loud] - p.t.theta[0]));
        abp_result_release(&r);
    }
    printf("## The winner's curse\n\n"
           "Eight styles, 80 posts, drawn from the prior: by how much the log ratio of the style "
           "that looks best exceeds its true one, on average (%zu experiments).\n\n"
           "| estimate | bias of the winner's log ratio |\n|---|---|\n| abpost, shrunk | ",
           count);
    put_mean(&shrunk);
    printf(" |\n| raw ratio | ");
    put_mean(&raw);
    printf(" |\n\n");
}

/* ---- the forecast ---- */

static void forecast(void)
{
    static const double edges[] = {0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01};
    static const size_t from[] = {20, 40};
    enum { BINS = 6 };
    double said[BINS] = {0};
    size_t in[BINS] = {0}, decided[BINS] = {0}, medians = 0, early = 0, count = runs(2500);
    for (unsigned long seed = 1; seed <= count; seed++) {
        struct prior_trial p;
        size_t start = from[seed % 2];
        prior_draw(&p, ABP_NEGBINOMIAL, ABP_TAIL_OWN, 2, seed % 4 < 2 ? 80 : 120, seed);
        struct abp_result r = prior_evaluate(&p, start);
        struct abp_forecast_result f = r.variants[1].forecast;
        abp_result_release(&r);
        if (isnan(f.p_decided))
            continue;
        size_t bin = 0, at = prior_decided(&p, 1, start + 2);
        while (f.p_decided >= edges[bin + 1])
            bin++;
        in[bin]++;
        said[bin] += f.p_decided;
        decided[bin] += at > 0 ? 1 : 0;
        if (!isnan(f.posts)) {
            medians++;
            early += at > 0 && (double)at <= (double)start + f.posts ? 1 : 0;
        }
    }
    printf("## The forecast\n\n"
           "Two styles, 80 or 120 posts, drawn from the prior, evaluated after 20 or 40 posts and "
           "followed to the end (%zu experiments; those decided by then have no forecast).\n\n"
           "| chance of a decision by the end, as forecast | experiments | mean forecast, %% | "
           "decided, %% |\n|---|---|---|---|\n",
           count);
    for (size_t b = 0; b < BINS; b++) {
        if (!in[b])
            continue;
        printf("| %.0f to %.0f %% | %zu | %.1f | ", 100.0 * edges[b],
               fmin(100.0, 100.0 * edges[b + 1]), in[b], 100.0 * said[b] / (double)in[b]);
        figure_share(decided[b], in[b]);
        printf(" |\n");
    }
    printf("\nBy the number of posts after which a decision was said to be as likely as not, "
           "decided: ");
    figure_share(early, medians ? medians : 1);
    printf(" %% of %zu.\n\n", medians);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } sections[] = {{"false-alarms", false_alarms}, {"usual-rule", usual_rule}, {"power", power},
                    {"power-beside", power_beside}, {"coverage", coverage},     {"winner", winner},
                    {"forecast", forecast}};
    int known = 0;
    gsl_set_error_handler_off();
    if (argc > 2)
        scale = strtod(argv[2], NULL);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if (argc > 1 && strcmp(argv[1], sections[i].name) != 0)
            continue;
        sections[i].print();
        known = 1;
    }
    return known ? 0 : 2;
}
