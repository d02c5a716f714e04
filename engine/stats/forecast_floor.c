#include "abpost/forecast.h"

#include "future.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#define WORLDS     300
#define MOST_RATIO 10.0
#define WITHIN     0.02

struct floor_search {
    const struct abp_floor_input *in; /* borrowed */
    struct stats_future future;
    double *theta, *estimate, *precision; /* owned */
    size_t worlds;
};

/* 1: the world's posts find variant 1 better than the baseline, at some look; 0; -1. */
static int finds(struct floor_search *s, double log_ratio, uint64_t seed, struct abp_error *err)
{
    const struct abp_floor_input *in = s->in;
    struct abp_world world = {.family = in->family,
                              .mu = in->mu,
                              .kappa = in->kappa,
                              .variants = in->variants,
                              .channels = in->channels,
                              .slots = in->slots,
                              .theta = s->theta};
    if (stats_future_draw(&s->future, &world, seed, err) != 0 ||
        stats_future_guard(&s->future, in->blocks, err) != 0)
        return -1;
    const struct abp_guard_output *out = &s->future.out[1];
    if (out->max_e_value < s->future.guard.threshold || out->max_direction <= 0 ||
        in->blocks < in->min_posts)
        return 0;
    stats_future_sums(s->estimate, s->precision, &s->future, &world, 1);
    double seen = log_ratio + s->estimate[in->blocks - 1] - log1p(in->min_lift);
    return seen * sqrt(s->precision[in->blocks - 1]) >= gsl_cdf_ugaussian_Pinv(in->confidence);
}

/* Worlds differ from ratio to ratio in nothing but the ratio, so the share rises with it. */
static int share_found(double *share, struct floor_search *s, double ratio, struct abp_error *err)
{
    const struct abp_floor_input *in = s->in;
    size_t found = 0;
    s->theta[1] = abp_world_theta(in->family, in->mu, ratio);
    for (size_t w = 0; w < s->worlds; w++) {
        int rc = finds(s, log(ratio), abp_world_seed(in->seed, w), err);
        if (rc < 0)
            return -1;
        found += (size_t)rc;
    }
    *share = (double)found / (double)s->worlds;
    return 0;
}

static int search(double *ratio, struct floor_search *s, struct abp_error *err)
{
    double low = 1.0, high = MOST_RATIO, share;
    if (share_found(&share, s, high, err) != 0)
        return -1;
    *ratio = NAN;
    if (share < s->in->power)
        return 0;
    while (high / low > 1.0 + WITHIN) {
        double middle = sqrt(low * high);
        if (share_found(&share, s, middle, err) != 0)
            return -1;
        *(share < s->in->power ? &low : &high) = middle;
    }
    *ratio = high;
    return 0;
}

int abp_forecast_floor(double *ratio, const struct abp_floor_input *in, struct abp_error *err)
{
    double one = 1.0;
    size_t none = 0;
    int64_t no_block = 0;
    struct abp_guard_input nothing = {.outcome = &one,
                                      .exposure = &in->exposure,
                                      .variant = &none,
                                      .block = &no_block,
                                      .slot = in->slots > 1 ? &none : NULL,
                                      .slots = in->slots,
                                      .variants = in->variants,
                                      .threshold = (double)(in->variants - 1) / in->alpha,
                                      .planned_blocks = in->planned_blocks};
    struct floor_search s = {.in = in, .worlds = in->worlds ? in->worlds : WORLDS};
    int rc = -1;
    s.theta = calloc(in->variants, sizeof *s.theta);
    s.estimate = calloc(in->blocks, sizeof *s.estimate);
    s.precision = calloc(in->blocks, sizeof *s.precision);
    if (!s.theta || !s.estimate || !s.precision)
        abp_fail_memory(err);
    else if (stats_future_open(&s.future, &nothing, in->channels, in->blocks, err) == 0) {
        s.future.usual_exposure = in->exposure;
        rc = search(ratio, &s, err);
    }
    stats_future_release(&s.future);
    free(s.theta);
    free(s.estimate);
    free(s.precision);
    return rc;
}
