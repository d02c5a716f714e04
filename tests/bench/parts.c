#include "parts.h"

#include "abpost/cli.h"
#include "bench_data.h"
#include "cli/source.h"
#include "evaluate/evaluation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void stop(const char *what, const struct abp_error *err)
{
    fprintf(stderr, "bench_evaluate: %s: %s\n", what, err->message);
    exit(1);
}

/* CPU seconds since the last call, added to a part. */
static void lap(struct bench_parts *parts, enum bench_part part, double *last)
{
    double now = bench_now();
    parts->seconds[part] += now - *last;
    *last = now;
}

/* The posterior and its contrasts once more, as fit.c asks for them, to know what they take of the
 * whole. */
static void fit_again(struct bench_parts *parts, const struct evaluation *e)
{
    const struct abp_decision *d = &e->experiment->decision;
    struct abp_data data = table_data(&e->table);
    struct abp_posterior posterior;
    struct abp_posterior_options ask = {
        .seed = e->seed, .mean_outcomes = !isnan(d->value), .check = 1};
    struct abp_contrast_options options = {
        .min_lift = d->min_lift, .rope = d->rope, .value = d->value, .seed = e->seed};
    struct abp_error err;
    double last = bench_now();
    if (abp_posterior_fit(&posterior, &data, e->family, &e->priors, &ask, &err) != 0)
        stop("fit", &err);
    lap(parts, BENCH_FIT, &last);
    if (abp_contrasts(e->contrasts, &posterior, &options, &err) != 0)
        stop("contrasts", &err);
    lap(parts, BENCH_CONTRASTS, &last);
    abp_posterior_release(&posterior);
}

static void evaluate_one(struct bench_parts *parts, const struct abp_source *source, size_t index,
                         uint64_t seed)
{
    struct abp_posts posts;
    struct abp_result result;
    struct abp_error err;
    char *name;
    double last = bench_now();
    if (abp_source_name(&name, source, index, &err) != 0 ||
        abp_source_load(&posts, source, index, &err) != 0)
        stop("load", &err);
    lap(parts, BENCH_LOAD, &last);
    struct evaluation e = {.experiment = &source->experiment,
                           .posts = &posts,
                           .seed = abp_source_seed(seed, name),
                           .result = &result};
    if (evaluation_open(&e, &err) != 0 || evaluation_run(&e, &err) != 0)
        stop(name, &err);
    lap(parts, BENCH_DECIDE, &last);
    fit_again(parts, &e);
    evaluation_close(&e);
    abp_result_release(&result);
    abp_posts_release(&posts);
    free(name);
}

void bench_time_parts(struct bench_parts *parts, const char *path)
{
    struct abp_env env;
    struct abp_source source;
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    memset(parts, 0, sizeof *parts);
    abp_cli_start(&env);
    struct abp_sources sources = {.env = &env, .quiet = 1};
    double last = bench_now();
    if (abp_source_open(&source, &sources, path, &mistakes, &err) != 0)
        stop(path, &err);
    lap(parts, BENCH_READ, &last);
    parts->experiments = source.count;
    for (size_t i = 0; i < source.count; i++)
        evaluate_one(parts, &source, i, env.seed);
    parts->seconds[BENCH_DECIDE] -= parts->seconds[BENCH_FIT] + parts->seconds[BENCH_CONTRASTS];
    abp_source_close(&source);
    abp_sources_close(&sources);
}

void bench_print_parts(const struct bench_parts *parts, double whole)
{
    static const char *const names[BENCH_PARTS] = {"rows into a store", "posts out of it",
                                                   "posterior", "contrasts",
                                                   "guard, checks, verdicts"};
    double rest = whole, n = (double)parts->experiments;
    printf("\nwhere the time goes (CPU ms an experiment, share)\n");
    for (size_t i = 0; i < BENCH_PARTS; i++) {
        printf("  %-26s %7.2f %4.0f%%\n", names[i], 1e3 * parts->seconds[i] / n,
               100.0 * parts->seconds[i] / whole);
        rest -= parts->seconds[i];
    }
    printf("  %-26s %7.2f %4.0f%%\n", "the result as JSON, and rest", 1e3 * rest / n,
           100.0 * rest / whole);
}
