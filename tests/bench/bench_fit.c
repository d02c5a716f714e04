/* What a fit costs, where the time goes, how it grows with posts, and how far its numbers move from
 * seed to seed.
 *
 *     bench_fit [SEEDS]     (20 seeds; two minutes)
 *
 * Times are the least of several runs, in units of one fixed piece of arithmetic (see the first
 * line), so that they can be compared between machines; milliseconds are told beside them. */
#include "abpost/cli.h"
#include "abpost/contrast.h"
#include "abpost/summary.h"
#include "bench_data.h"
#include "stats/draws.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef TEST_DATA
#error "TEST_DATA names the folder of the reference data"
#endif

static void stop(const char *what, const struct abp_error *err)
{
    fprintf(stderr, "bench_fit: %s: %s\n", what, err->message);
    exit(1);
}

/* ---- one fit ---- */

enum stages { DESIGN, POINTS, DRAWS, SUMMARIES, STAGES };
static const char *const STAGE_NAMES[STAGES] = {"gather", "points", "draws", "summaries"};

struct cost {
    double stage[STAGES], total; /* seconds */
    size_t points, weighed, draws;
};

/* Runs the parts of abp_posterior_fit one after another. */
static void time_parts(struct cost *cost, const struct abp_data *data, enum abp_family family)
{
    struct abp_priors priors = abp_default_priors(family);
    struct stats_design design;
    struct stats_latent latent;
    struct stats_points points;
    struct stats_draws draws;
    struct abp_error err;
    double start = bench_now(), end;
    if (stats_design_init(&design, data, family, &err) != 0 ||
        stats_latent_init(&latent, &design, stats_family(family), &err) != 0)
        stop("design", &err);
    end = bench_now();
    cost->stage[DESIGN] = fmin(cost->stage[DESIGN], end - start);
    start = end;
    if (stats_points_init(&points, &latent, &priors, 1, &err) != 0)
        stop("points", &err);
    end = bench_now();
    cost->stage[POINTS] = fmin(cost->stage[POINTS], end - start);
    start = end;
    if (stats_draws_init(&draws, &latent, &points, 1, 0, 0, &err) != 0)
        stop("draws", &err);
    cost->stage[DRAWS] = fmin(cost->stage[DRAWS], bench_now() - start);
    cost->points = points.count;
    cost->weighed = draws.weighed;
    cost->draws = draws.count;
    stats_draws_release(&draws);
    stats_points_release(&points);
    stats_latent_release(&latent);
    stats_design_release(&design);
}

static void fit(struct abp_posterior *p, struct abp_contrast *contrasts,
                const struct abp_data *data, enum abp_family family, uint64_t seed)
{
    struct abp_priors priors = abp_default_priors(family);
    struct abp_posterior_options options = {.seed = seed, .mean_outcomes = 0};
    struct abp_contrast_options asked = {.rope = 0.05, .value = NAN, .seed = seed};
    struct abp_error err;
    if (abp_posterior_fit(p, data, family, &priors, &options, &err) != 0)
        stop("fit", &err);
    if (abp_contrasts(contrasts, p, &asked, &err) != 0)
        stop("contrasts", &err);
}

/* The least times of a fit and its parts, over a second. */
static struct cost measure(const struct abp_data *data, enum abp_family family)
{
    struct cost cost = {.stage = {INFINITY, INFINITY, INFINITY, INFINITY}, .total = INFINITY};
    struct abp_contrast contrasts[64];
    struct abp_posterior p;
    double begin = bench_now(), parts = 0.0;
    for (int run = 0; run < 1 || (run < 50 && bench_now() - begin < 1.0); run++) {
        double start = bench_now();
        fit(&p, contrasts, data, family, 1);
        cost.total = fmin(cost.total, bench_now() - start);
        abp_posterior_release(&p);
        time_parts(&cost, data, family);
    }
    for (size_t i = 0; i < SUMMARIES; i++)
        parts += cost.stage[i];
    cost.stage[SUMMARIES] = fmax(cost.total - parts, 0.0);
    return cost;
}

/* ---- the table of costs ---- */

struct scene {
    const char *name, *file; /* file: in the reference data; else simulated */
    enum abp_family family;
    size_t posts, variants, channels, slots;
    int exposures;
};

static const struct scene SCENES[] = {
    {"4 variants x 20 posts, 14 slots", NULL, ABP_NEGBINOMIAL, 80, 4, 1, 14, 0},
    {"question-2019", "question-2019", ABP_NEGBINOMIAL, 0, 0, 0, 0, 0},
    {"facebook-metrics-count", "facebook-metrics-count", ABP_POISSON_LOGNORMAL, 0, 0, 0, 0, 0},
    {"facebook-metrics-rate", "facebook-metrics-rate", ABP_BETABINOMIAL, 0, 0, 0, 0, 0},
    {"2 variants x 50 posts, 4 channels", NULL, ABP_NEGBINOMIAL, 100, 2, 4, 1, 0},
    {"100,000 posts, 6 channels, 14 slots", NULL, ABP_NEGBINOMIAL, 100000, 4, 6, 14, 0},
    {"the same with exposures", NULL, ABP_NEGBINOMIAL, 100000, 4, 6, 14, 1},
};

static void load(struct bench_posts *posts, const struct scene *scene, size_t count)
{
    char path[4096];
    if (!scene->file) {
        bench_simulate(posts, count, scene->variants, scene->channels, scene->slots,
                       scene->exposures, 1);
        return;
    }
    snprintf(path, sizeof path, "%s/reference/%s.csv", TEST_DATA, scene->file);
    bench_read(posts, path);
}

static void cost_table(double unit)
{
    printf("%-36s %-17s %9s %9s  %s", "a fit with its contrasts", "family", "units", "ms", "of it");
    for (size_t i = 0; i < STAGES; i++)
        printf(" %9s", STAGE_NAMES[i]);
    printf("  %6s %7s %6s\n", "points", "weighed", "draws");
    for (size_t s = 0; s < sizeof SCENES / sizeof *SCENES; s++) {
        const struct scene *scene = &SCENES[s];
        struct bench_posts posts;
        load(&posts, scene, scene->posts);
        struct abp_data data = bench_data(&posts);
        struct cost cost = measure(&data, scene->family);
        printf("%-36s %-17s %9.1f %9.1f       ", scene->name, abp_family_name(scene->family),
               cost.total / unit, 1e3 * cost.total);
        for (size_t i = 0; i < STAGES; i++)
            printf(" %8.0f%%", 100.0 * cost.stage[i] / cost.total);
        printf("  %6zu %7zu %6zu\n", cost.points, cost.weighed, cost.draws);
        fflush(stdout);
        bench_release(&posts);
    }
}

/* ---- growth ---- */

static void growth_table(void)
{
    static const size_t counts[] = {1000, 2000, 4000, 8000};
    double before = NAN;
    const struct scene *scene = &SCENES[sizeof SCENES / sizeof *SCENES - 1];
    printf(
        "\ncost of a fit by its posts, each with its own exposure (twice the posts, a ratio of 2 "
        "is linear)\n%8s %9s %7s\n",
        "posts", "ms", "ratio");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct bench_posts posts;
        load(&posts, scene, counts[i]);
        struct abp_data data = bench_data(&posts);
        double cost = measure(&data, scene->family).total;
        printf("%8zu %9.1f", counts[i], 1e3 * cost);
        if (i > 0)
            printf(" %7.2f", cost / before);
        printf("\n");
        fflush(stdout);
        before = cost;
        bench_release(&posts);
    }
}

/* ---- Monte Carlo error ---- */

/* Mean, variance over seeds, and the mean of what they are measured by. */
struct spread {
    double count, mean, squares, scale;
};

static void add(struct spread *s, double x, double scale)
{
    double off = x - s->mean;
    s->count += 1.0;
    s->mean += off / s->count;
    s->squares += off * (x - s->mean);
    s->scale += scale;
}

static double error_of(const struct spread *s)
{
    double sd = sqrt(s->squares / (s->count - 1.0));
    return sd / (s->scale / s->count);
}

enum measures { MEAN, MEDIAN, SD, OUTER, MEASURES };

struct errors {
    struct spread scales[6][MEASURES]; /* mu, kappa, tau_v, tau_u, tau_b, tau_w */
    struct spread lifts[64][MEASURES]; /* a variant */
    struct spread on_channel[1024][MEASURES];
    struct spread better[64], best[64], loss[64], channel_better[1024];
};

static void add_summary(struct spread *to, const struct abp_summary *s)
{
    if (isnan(s->mean))
        return;
    add(&to[MEAN], s->mean, s->sd);
    add(&to[MEDIAN], s->q50, s->sd);
    add(&to[SD], s->sd, s->sd);
    add(&to[OUTER], s->q975, s->sd);
}

static void add_scale(struct spread *to, const struct abp_posterior *p, const double *values)
{
    struct abp_summary summary;
    if (!values)
        return;
    struct abp_weighted *draws = malloc(p->draws * sizeof *draws);
    if (!draws)
        exit(1);
    for (size_t i = 0; i < p->draws; i++)
        draws[i] = (struct abp_weighted){values[i], p->weight[i]};
    abp_summarise(&summary, draws, p->draws);
    add_summary(to, &summary);
    free(draws);
}

static void add_fit(struct errors *e, const struct abp_posterior *p,
                    const struct abp_contrast *contrasts)
{
    const double *const scales[] = {p->mu, p->kappa, p->tau_v, p->tau_u, p->tau_b, p->tau_w};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        add_scale(e->scales[i], p, scales[i]);
    for (size_t v = 0; v < p->variants; v++) {
        add_summary(e->lifts[v], &contrasts[v].log_lift);
        if (v > 0)
            add(&e->better[v], contrasts[v].p_better, 1.0);
        add(&e->best[v], contrasts[v].p_best, 1.0);
        add(&e->loss[v], contrasts[v].expected_loss, 1.0);
    }
    for (size_t i = 0; p->channel_log_lift && i < p->variants * p->channels; i++) {
        add_summary(e->on_channel[i], &p->channel_log_lift[i]);
        if (!isnan(p->channel_p_better[i]))
            add(&e->channel_better[i], p->channel_p_better[i], 1.0);
    }
}

static void print_worst(const char *name, struct spread (*of)[MEASURES], size_t count)
{
    double worst[MEASURES] = {0};
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < MEASURES; k++)
            if (of[i][k].count > 0.0)
                worst[k] = fmax(worst[k], error_of(&of[i][k]));
    if (worst[SD] > 0.0)
        printf("  %-18s %8.4f %8.4f %8.4f %8.4f\n", name, worst[MEAN], worst[MEDIAN], worst[SD],
               worst[OUTER]);
}

static double worst_of(const struct spread *of, size_t count)
{
    double worst = 0.0;
    for (size_t i = 0; i < count; i++)
        if (of[i].count > 0.0)
            worst = fmax(worst, error_of(&of[i]));
    return worst;
}

static void error_table(const struct scene *scene, size_t seeds)
{
    static const char *const names[] = {"mu", "kappa", "tau_v", "tau_u", "tau_b", "tau_w"};
    static struct errors e;
    struct abp_contrast contrasts[64];
    struct bench_posts posts;
    double khat = -INFINITY;
    memset(&e, 0, sizeof e);
    load(&posts, scene, scene->posts);
    struct abp_data data = bench_data(&posts);
    for (size_t i = 0; i < seeds; i++) {
        struct abp_posterior p;
        fit(&p, contrasts, &data, scene->family, i + 1);
        add_fit(&e, &p, contrasts);
        khat = fmax(khat, p.khat);
        abp_posterior_release(&p);
    }
    printf("%s, %s: the sd over %zu seeds, worst of each kind (k-hat at most %.2f)\n", scene->name,
           abp_family_name(scene->family), seeds, khat);
    printf("  %-18s %8s %8s %8s %8s  in posterior sds\n", "", "mean", "q50", "sd", "q975");
    for (size_t i = 0; i < 6; i++)
        print_worst(names[i], &e.scales[i], 1);
    print_worst("log_lift", e.lifts, 64);
    print_worst("log_lift, channels", e.on_channel, 1024);
    printf("  p_better %.4f, p_best %.4f, expected_loss %.4f, p_better of channels %.4f\n",
           worst_of(e.better, 64), worst_of(e.best, 64), worst_of(e.loss, 64),
           worst_of(e.channel_better, 1024));
    fflush(stdout);
    bench_release(&posts);
}

int main(int argc, char **argv)
{
    size_t seeds = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 20;
    double unit = bench_unit();
    struct abp_env env;
    abp_cli_start(&env); /* memory is kept as abpost keeps it */
    printf("unit: 100,000 exp() and log(), %.2f ms here; everything on one core\n\n", 1e3 * unit);
    cost_table(unit);
    growth_table();
    if (seeds >= 2) {
        printf("\nMonte Carlo error (model.md allows 0.05 for locations, sds and distances of "
               "quantiles, 0.01 for probabilities)\n");
        for (size_t s = 0; s < 5; s++)
            error_table(&SCENES[s], seeds);
    }
    return 0;
}
