/* The posterior against long NUTS runs that no one here made: tests/data/reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abpost/posterior.h"
#include "abpost/summary.h"

#include <gsl/gsl_errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS   1000
#define MOST_LEVELS 64

/* model.md's accuracy: locations within this share of a posterior sd, sd and distances between
 * quantiles within this share, probabilities within this much. */
#define LOCATION    0.05
#define SPREAD      0.05
#define PROBABILITY 0.01

/* The references' own Monte Carlo error, as shares of a posterior sd (their README): of a mean and
 * a median, and of an outer quantile. */
#define REFERENCE_MEAN  (1.0 / 70)
#define REFERENCE_OUTER (3.0 / 70)

/* A probability of the reference is a mean of zeros and ones, with the same Monte Carlo error. */
static double probability_tolerance(double p)
{
    return PROBABILITY + REFERENCE_MEAN * sqrt(p * (1.0 - p));
}

struct levels {
    char names[MOST_LEVELS][32];
    size_t count;
};

struct table {
    double y[MOST_ROWS], n[MOST_ROWS];
    uint32_t variant[MOST_ROWS], channel[MOST_ROWS], slot[MOST_ROWS];
    struct levels variants, channels, slots;
    size_t rows;
};

static uint32_t level(struct levels *levels, const char *name)
{
    for (size_t i = 0; i < levels->count; i++)
        if (strcmp(levels->names[i], name) == 0)
            return (uint32_t)i;
    assert_true(levels->count < MOST_LEVELS);
    snprintf(levels->names[levels->count], sizeof levels->names[0], "%.31s", name);
    return (uint32_t)levels->count++;
}

/* Reads y,n,variant,channel,slot,baseline; the baseline becomes variant 0. */
static void read_table(struct table *t, const char *name)
{
    char path[512], line[512], variant[64], channel[64], slot[64], baseline[64];
    memset(t, 0, sizeof *t);
    snprintf(path, sizeof path, "%s/reference/%s.csv", TEST_DATA, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_non_null(fgets(line, sizeof line, file));
    while (fgets(line, sizeof line, file)) {
        assert_true(t->rows < MOST_ROWS);
        assert_int_equal(sscanf(line, "%lf,%lf,%63[^,],%63[^,],%63[^,],%63[^,\r\n]", &t->y[t->rows],
                                &t->n[t->rows], variant, channel, slot, baseline),
                         6);
        level(&t->variants, baseline);
        t->variant[t->rows] = level(&t->variants, variant);
        t->channel[t->rows] = level(&t->channels, channel);
        t->slot[t->rows] = level(&t->slots, slot);
        t->rows++;
    }
    fclose(file);
}

static struct abp_data as_data(const struct table *t)
{
    return (struct abp_data){.posts = t->rows,
                             .y = t->y,
                             .n = t->n,
                             .variant = t->variant,
                             .channel = t->channel,
                             .slot = t->slot,
                             .variants = t->variants.count,
                             .channels = t->channels.count,
                             .slots = t->slots.count};
}

static double number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

static void near(double got, double want, double tolerance, const char *what, const char *key)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s %s: %.6g, reference %.6g, allowed %.3g", what, key, got, want, tolerance);
}

static void compare(const struct abp_summary *got, const json_t *want, const char *what)
{
    double sd = number(want, "sd"), q50 = number(want, "q50");
    const char *const keys[] = {"q025", "q25", "q75", "q975"};
    const double quantiles[] = {got->q025, got->q25, got->q75, got->q975};
    near(got->mean, number(want, "mean"), (LOCATION + REFERENCE_MEAN) * sd, what, "mean");
    near(got->q50, q50, (LOCATION + REFERENCE_MEAN) * sd, what, "median");
    near(got->sd, sd, SPREAD * sd, what, "sd");
    for (size_t i = 0; i < 4; i++) {
        double distance = number(want, keys[i]) - q50;
        near(quantiles[i] - got->q50, distance, SPREAD * fabs(distance) + REFERENCE_OUTER * sd,
             what, keys[i]);
    }
}

static struct abp_summary summarise(const struct abp_posterior *p, const double *values)
{
    struct abp_summary summary;
    struct abp_weighted *draws = malloc(p->draws * sizeof *draws);
    assert_non_null(draws);
    for (size_t i = 0; i < p->draws; i++)
        draws[i] = (struct abp_weighted){values[i], p->weight[i]};
    abp_summarise(&summary, draws, p->draws);
    free(draws);
    return summary;
}

static void log_ratios(const struct abp_posterior *p, size_t v, double *out)
{
    for (size_t i = 0; i < p->draws; i++) {
        double a = p->theta[i * p->variants + v], b = p->theta[i * p->variants];
        out[i] = a - b;
        if (p->family == ABP_BETABINOMIAL)
            out[i] += log1p(exp(p->mu[i] + b)) - log1p(exp(p->mu[i] + a));
    }
}

static size_t index_of(const struct levels *levels, const char *name)
{
    for (size_t i = 0; i < levels->count; i++)
        if (strcmp(levels->names[i], name) == 0)
            return i;
    fail_msg("no level %s", name);
    return 0;
}

static void compare_variant(const struct abp_posterior *p, const struct table *t,
                            const json_t *want)
{
    size_t v = index_of(&t->variants, json_string_value(json_object_get(want, "name"))), c;
    double *values = malloc(p->draws * sizeof *values), best = 0.0, loss = 0.0, better = 0.0;
    json_t *channel;
    assert_non_null(values);
    for (size_t i = 0; i < p->draws; i++) {
        double top = -INFINITY, own = 0.0, base = 0.0;
        for (size_t k = 0; k < p->variants; k++) {
            double eta = p->theta[i * p->variants + k], rate;
            rate = p->family == ABP_BETABINOMIAL ? 1.0 / (1.0 + exp(-p->mu[i] - eta)) : exp(eta);
            top = fmax(top, rate);
            own = k == v ? rate : own;
            base = k == 0 ? rate : base;
        }
        best += own >= top ? p->weight[i] : 0.0;
        loss += p->weight[i] * (top - own) / base;
    }
    near(best, number(want, "p_best"), probability_tolerance(number(want, "p_best")),
         t->variants.names[v], "p_best");
    near(loss, number(want, "expected_loss"), 0.01, t->variants.names[v], "expected_loss");
    if (v != 0) {
        log_ratios(p, v, values);
        struct abp_summary log_lift = summarise(p, values), lift;
        abp_summarise_lift(&lift, &log_lift, values, p->weight, p->draws);
        compare(&log_lift, json_object_get(want, "log_lift"), t->variants.names[v]);
        compare(&lift, json_object_get(want, "lift"), "lift");
        for (size_t i = 0; i < p->draws; i++)
            better += values[i] > 0.0 ? p->weight[i] : 0.0;
        near(better, number(want, "p_better"), probability_tolerance(number(want, "p_better")),
             t->variants.names[v], "p_better");
    }
    json_array_foreach(json_object_get(want, "channels"), c, channel)
    {
        const char *name = json_string_value(json_object_get(channel, "name"));
        size_t at = v * p->channels + index_of(&t->channels, name);
        compare(&p->channel_log_lift[at], json_object_get(channel, "log_lift"), name);
        near(p->channel_p_better[at], number(channel, "p_better"),
             probability_tolerance(number(channel, "p_better")), name, "p_better");
    }
    free(values);
}

static void compare_scale(const struct abp_posterior *p, const double *values, const json_t *hyper,
                          const char *name)
{
    const json_t *want = json_object_get(hyper, name);
    assert_int_equal(values == NULL, json_is_null(want));
    if (!values)
        return;
    struct abp_summary got = summarise(p, values);
    compare(&got, want, name);
}

static void check_reference(const char *name)
{
    static struct table t;
    char path[512];
    struct abp_error err;
    struct abp_posterior p;
    json_error_t json_error;
    read_table(&t, name);
    snprintf(path, sizeof path, "%s/reference/%s.json", TEST_DATA, name);
    json_t *root = json_load_file(path, 0, &json_error), *variant;
    assert_non_null(root);
    const char *family_name = json_string_value(json_object_get(root, "family"));
    enum abp_family family = abp_family_from_name(family_name);
    struct abp_priors priors = abp_default_priors(family);
    struct abp_data data = as_data(&t);
    struct abp_posterior_options options = {.seed = 1};
    if (abp_posterior_fit(&p, &data, family, &priors, &options, &err) != 0)
        fail_msg("%s: %s", name, err.message);
    const json_t *hyper = json_object_get(root, "hyper");
    compare_scale(&p, p.mu, hyper, "mu");
    compare_scale(&p, p.kappa, hyper, "kappa");
    compare_scale(&p, p.tau_v, hyper, "tau_v");
    compare_scale(&p, p.tau_u, hyper, "tau_u");
    compare_scale(&p, p.tau_b, hyper, "tau_b");
    compare_scale(&p, p.tau_w, hyper, "tau_w");
    size_t i;
    json_array_foreach(json_object_get(root, "variants"), i, variant)
        compare_variant(&p, &t, variant);
    assert_true(p.khat < ABP_KHAT_LIMIT);
    abp_posterior_release(&p);
    json_decref(root);
}

static void question_2019(void **state)
{
    (void)state;
    check_reference("question-2019");
}

static void facebook_count(void **state)
{
    (void)state;
    check_reference("facebook-metrics-count");
}

static void facebook_rate(void **state)
{
    (void)state;
    check_reference("facebook-metrics-rate");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(question_2019),
                                       cmocka_unit_test(facebook_count),
                                       cmocka_unit_test(facebook_rate)};
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
