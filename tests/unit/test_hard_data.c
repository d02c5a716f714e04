/* Data that real accounts have and no simulation draws: nothing at all, one post, everything alike,
 * far too much. Every number must exist and be in its range; what a family does not have is refused
 * in words. */
#include "posterior_checks.h"

#include <gsl/gsl_errno.h>
#include <string.h>

#define MOST 4000

static const enum abp_family families[] = {ABP_NEGBINOMIAL, ABP_POISSON_LOGNORMAL, ABP_BETABINOMIAL,
                                           ABP_LOGNORMAL};
#define FAMILIES (sizeof families / sizeof *families)

struct rows {
    double y[MOST], n[MOST];
    uint32_t variant[MOST], channel[MOST], slot[MOST];
    struct abp_data data;
};

/* posts go round the variants, then round the channels, then round the slots. */
static struct rows *make(size_t posts, size_t variants, size_t channels, size_t slots)
{
    struct rows *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(posts <= MOST);
    for (size_t i = 0; i < posts; i++) {
        r->n[i] = 1.0;
        r->variant[i] = (uint32_t)(i % variants);
        r->channel[i] = (uint32_t)(i / variants % channels);
        r->slot[i] = (uint32_t)(i / variants / channels % slots);
    }
    r->data = (struct abp_data){.posts = posts,
                                .y = r->y,
                                .n = r->n,
                                .variant = r->variant,
                                .channel = channels > 1 ? r->channel : NULL,
                                .slot = slots > 1 ? r->slot : NULL,
                                .variants = variants,
                                .channels = channels,
                                .slots = slots};
    return r;
}

/* A number in [0, 1) from an index: scattered, the same everywhere. */
static double scatter(size_t i)
{
    double x = (double)(i + 1) * 0.6180339887498949;
    return x - floor(x);
}

/* Outcomes of about `level`, spread over an order of magnitude, exposures above them. */
static void fill(struct rows *r, enum abp_family family, double level)
{
    for (size_t i = 0; i < r->data.posts; i++) {
        r->y[i] = floor(level * exp(2.0 * scatter(i) - 1.0));
        if (family == ABP_LOGNORMAL)
            r->y[i] += 0.5;
        r->n[i] = family == ABP_BETABINOMIAL ? ceil(10.0 * level) : 1.0;
    }
}

static void fit(const struct rows *r, enum abp_family family, const char *name)
{
    struct checked checked;
    fit_checked(&checked, &r->data, family, 0, name);
    release_checked(&checked);
}

static int counts(enum abp_family family)
{
    return family != ABP_LOGNORMAL;
}

static void zeros(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        if (!counts(families[f]))
            continue;
        struct rows *r = make(60, 3, 1, 1);
        fill(r, families[f], 20);
        for (size_t i = 1; i < 60; i += 3)
            r->y[i] = 0.0;
        fit(r, families[f], "one arm all zeros");
        memset(r->y, 0, sizeof r->y);
        fit(r, families[f], "all zeros");
        free(r);
        r = make(60, 2, 3, 4);
        fill(r, families[f], 20);
        memset(r->y, 0, sizeof r->y);
        fit(r, families[f], "all zeros, channels and slots");
        free(r);
    }
}

static void everything_counted(void **state)
{
    (void)state;
    struct rows *r = make(40, 2, 1, 1);
    for (size_t i = 0; i < 40; i++)
        r->y[i] = r->n[i] = 50.0;
    fit(r, ABP_BETABINOMIAL, "every exposure a hit");
    free(r);
}

static void few(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        struct rows *r = make(1, 1, 1, 1);
        fill(r, families[f], 20);
        fit(r, families[f], "one post, one variant");
        free(r);
        r = make(3, 3, 1, 1);
        fill(r, families[f], 20);
        fit(r, families[f], "one post per arm");
        free(r);
        r = make(20, 1, 1, 1);
        fill(r, families[f], 20);
        fit(r, families[f], "one variant");
        r->data.variants = 4;
        fit(r, families[f], "three arms of four empty");
        r->data.channels = 3;
        r->data.slots = 2;
        r->data.channel = r->channel;
        r->data.slot = r->slot;
        fit(r, families[f], "arms, channels, a slot empty");
        free(r);
    }
}

static void large(void **state)
{
    static const double levels[] = {1e6, 1e9, 1e12, 3e14};
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++)
        for (size_t k = 0; k < 4; k++) {
            char name[64];
            struct rows *r = make(40, 2, 1, 1);
            fill(r, families[f], levels[k]);
            snprintf(name, sizeof name, "outcomes of about %.0e", levels[k]);
            fit(r, families[f], name);
            free(r);
        }
}

static void exposures(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        struct rows *r = make(40, 2, 2, 1);
        fill(r, families[f], 3);
        for (size_t i = 0; i < 40; i++)
            r->n[i] = 1e12;
        fit(r, families[f], "exposure 1e12, outcome 3");
        if (families[f] != ABP_BETABINOMIAL) {
            for (size_t i = 0; i < 40; i++)
                r->n[i] = 1e-12;
            fit(r, families[f], "exposure 1e-12, outcome 3");
            for (size_t i = 0; i < 40; i++)
                r->n[i] = i % 2 ? 1e-9 : 1e9;
            fit(r, families[f], "exposures 1e-9 and 1e9");
        }
        free(r);
    }
}

static void many(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        struct rows *r = make(40, 40, 1, 1);
        fill(r, families[f], 20);
        fit(r, families[f], "40 variants, one post each");
        free(r);
        r = make(200, 40, 1, 1);
        fill(r, families[f], 20);
        fit(r, families[f], "40 variants, 5 posts each");
        free(r);
    }
    struct rows *r = make(400, 2, 200, 1);
    fill(r, ABP_NEGBINOMIAL, 20);
    fit(r, ABP_NEGBINOMIAL, "200 channels, 2 variants");
    free(r);
}

static void alike(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        struct rows *r = make(40, 2, 1, 1);
        for (size_t i = 0; i < 40; i++) {
            r->y[i] = 17.0;
            r->n[i] = families[f] == ABP_BETABINOMIAL ? 100.0 : 1.0;
        }
        fit(r, families[f], "all alike");
        r->data.channels = 2;
        r->data.channel = r->channel;
        fit(r, families[f], "all alike, an empty channel");
        free(r);
    }
}

static void amounts(void **state)
{
    static const double levels[] = {1e-300, 1e-30, 1e30, 1e300};
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        char name[64];
        struct rows *r = make(40, 2, 1, 1);
        for (size_t i = 0; i < 40; i++)
            r->y[i] = levels[k] * (1.0 + scatter(i));
        snprintf(name, sizeof name, "amounts of about %.0e", levels[k]);
        fit(r, ABP_LOGNORMAL, name);
        free(r);
    }
}

static void huge_beside_small(void **state)
{
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        struct rows *r = make(40, 2, 1, 1);
        fill(r, families[f], 3);
        for (size_t i = 0; i < 40; i++)
            r->n[i] = families[f] == ABP_BETABINOMIAL ? 2e6 : 1.0;
        r->y[7] = 1e6;
        fit(r, families[f], "one viral post among small ones");
        free(r);
    }
}

/* ---- what is refused ---- */

static void refused(struct rows *r, enum abp_family family, const char *word)
{
    struct abp_error err;
    struct abp_posterior p;
    struct abp_priors priors = abp_default_priors(family);
    struct abp_posterior_options options = {.seed = 1};
    assert_int_equal(abp_posterior_fit(&p, &r->data, family, &priors, &options, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    if (!strstr(err.message, word))
        fail_msg("\"%s\" does not say \"%s\"", err.message, word);
    abp_posterior_release(&p); /* harmless after a failure */
}

static void refusals(void **state)
{
    static const double never[] = {NAN, INFINITY, -INFINITY, -1.0};
    (void)state;
    for (size_t f = 0; f < FAMILIES; f++) {
        struct rows *r = make(6, 2, 1, 1);
        fill(r, families[f], 20);
        for (size_t k = 0; k < 4; k++) {
            double y = r->y[4];
            r->y[4] = never[k];
            refused(r, families[f], "post 5: its outcome");
            r->y[4] = y;
            double n = r->n[3];
            r->n[3] = never[k];
            refused(r, families[f], "post 4: its exposure");
            r->n[3] = n;
        }
        double n = r->n[0];
        r->n[0] = 0.0;
        refused(r, families[f], "post 1: its exposure");
        r->n[0] = n;
        r->y[5] = counts(families[f]) ? 2.5 : 0.0;
        refused(r, families[f], counts(families[f]) ? "whole numbers" : "amounts above 0");
        if (counts(families[f])) {
            r->y[5] = 1e17;
            refused(r, families[f], "post 6");
        }
        r->data.posts = 0;
        refused(r, families[f], "no post");
        free(r);
    }
    struct rows *r = make(6, 2, 1, 1);
    fill(r, ABP_BETABINOMIAL, 20);
    r->y[2] = r->n[2] + 1.0;
    refused(r, ABP_BETABINOMIAL, "larger than its exposure");
    r->y[2] = 1.0;
    r->n[2] = 10.5;
    refused(r, ABP_BETABINOMIAL, "whole numbers");
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zeros),     cmocka_unit_test(everything_counted),
        cmocka_unit_test(few),       cmocka_unit_test(large),
        cmocka_unit_test(exposures), cmocka_unit_test(many),
        cmocka_unit_test(alike),     cmocka_unit_test(amounts),
        cmocka_unit_test(refusals),  cmocka_unit_test(huge_beside_small)};
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
