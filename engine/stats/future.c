#include "future.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void copy_past(struct stats_future *f, const struct abp_guard_input *past)
{
    size_t n = past->posts, K = past->variants;
    memcpy(f->outcome, past->outcome, n * sizeof *f->outcome);
    memcpy(f->exposure, past->exposure, n * sizeof *f->exposure);
    memcpy(f->variant, past->variant, n * sizeof *f->variant);
    memcpy(f->block, past->block, n * sizeof *f->block);
    if (f->slot && past->slot)
        memcpy(f->slot, past->slot, n * sizeof *f->slot);
    for (size_t i = 0; f->probability && i < (n + f->blocks * K) * K; i++)
        f->probability[i] = i < n * K && past->probability ? past->probability[i] : NAN;
}

int stats_future_open(struct stats_future *f, const struct abp_guard_input *past, size_t channels,
                      size_t blocks, struct abp_error *err)
{
    size_t K = past->variants, all = past->posts + blocks * K + 1;
    *f = (struct stats_future){
        .past = past->posts, .blocks = blocks, .channels = channels, .usual_exposure = 1.0};
    f->outcome = calloc(all, sizeof *f->outcome);
    f->exposure = calloc(all, sizeof *f->exposure);
    f->variant = calloc(all, sizeof *f->variant);
    f->block = calloc(all, sizeof *f->block);
    f->coming = calloc(blocks * K + 1, sizeof *f->coming);
    f->out = calloc(K, sizeof *f->out);
    f->truth = calloc(K, sizeof *f->truth);
    if (past->slot)
        f->slot = calloc(all, sizeof *f->slot);
    if (past->probability)
        f->probability = calloc(all * K, sizeof *f->probability);
    if (!f->outcome || !f->exposure || !f->variant || !f->block || !f->coming || !f->out ||
        !f->truth || (past->slot && !f->slot) || (past->probability && !f->probability))
        return abp_fail_memory(err);
    copy_past(f, past);
    f->guard = *past;
    f->guard.outcome = f->outcome;
    f->guard.exposure = f->exposure;
    f->guard.variant = f->variant;
    f->guard.block = f->block;
    f->guard.slot = f->slot;
    f->guard.probability = f->probability;
    return 0;
}

void stats_future_release(struct stats_future *f)
{
    free(f->outcome);
    free(f->exposure);
    free(f->probability);
    free(f->variant);
    free(f->slot);
    free(f->block);
    free(f->coming);
    free(f->out);
    free(f->truth);
    memset(f, 0, sizeof *f);
}

/* A number below `count`, which is far below 2^32: the bias is too small to matter here. */
static size_t pick(uint64_t *state, size_t count)
{
    *state = abp_world_seed(*state, 0);
    return (size_t)((*state >> 32) * (uint64_t)count >> 32);
}

static int64_t first_free_block(const struct stats_future *f)
{
    int64_t next = 0;
    for (size_t i = 0; i < f->past; i++)
        if (f->block[i] >= next)
            next = f->block[i] + 1;
    return next;
}

/* Fisher and Yates. */
static void shuffle(size_t *labels, size_t count, uint64_t *state)
{
    for (size_t i = 0; i < count; i++)
        labels[i] = i;
    for (size_t i = count; i > 1; i--) {
        size_t j = pick(state, i), kept = labels[i - 1];
        labels[i - 1] = labels[j];
        labels[j] = kept;
    }
}

/* That of a past post which was read. */
static double usual_exposure(const struct stats_future *f, uint64_t *state)
{
    for (int attempt = 0; attempt < 100 && f->past; attempt++) {
        size_t i = pick(state, f->past);
        if (!isnan(f->outcome[i]))
            return f->exposure[i];
    }
    return f->usual_exposure;
}

int stats_future_draw(struct stats_future *f, const struct abp_world *world, uint64_t seed,
                      struct abp_error *err)
{
    size_t K = f->guard.variants, count = f->blocks * K;
    int64_t block = first_free_block(f);
    uint64_t state = seed;
    size_t turn = pick(&state, f->channels);
    for (size_t t = 0; t < f->blocks; t++) {
        shuffle(f->variant + f->past + t * K, K, &state);
        for (size_t i = t * K; i < (t + 1) * K; i++) {
            size_t at = f->past + i;
            f->block[at] = block + (int64_t)t;
            f->exposure[at] = usual_exposure(f, &state);
            if (f->slot)
                f->slot[at] = pick(&state, f->guard.slots);
            f->coming[i] = (struct abp_world_post){.variant = f->variant[at],
                                                   .channel = (turn + t) % f->channels,
                                                   .slot = f->slot ? f->slot[at] : 0,
                                                   .exposure = f->exposure[at]};
        }
    }
    abp_world_levels(f->coming, count, world, abp_world_seed(seed, 1));
    return abp_world_outcomes(f->outcome + f->past, f->coming, count, world,
                              abp_world_seed(seed, 2), err);
}

int stats_future_guard(struct stats_future *f, size_t blocks, struct abp_error *err)
{
    f->guard.posts = f->past + blocks * f->guard.variants;
    return abp_guard(f->out, &f->guard, err);
}

/* ---- what the posts to come say of a log lift ---- */

struct post_word {
    double value, weight; /* of its log rate less the expected one: an unbiased word on it */
};

/* Counts and rates by their ratio to what was expected, whose relative variance is known; families
 * that are normal on the log scale by the log. */
static struct post_word word(const struct abp_world *world, const struct abp_world_post *post,
                             double outcome)
{
    double eta = world->mu + world->theta[post->variant] +
                 (world->channel ? world->channel[post->channel] : 0.0) +
                 (world->slot ? world->slot[post->slot] : 0.0);
    double square = world->kappa * world->kappa, mean = post->exposure * exp(eta);
    if (world->family == ABP_LOGNORMAL)
        return (struct post_word){log(outcome / mean), 1.0 / fmax(square, 1e-12)};
    if (world->family == ABP_BETABINOMIAL || world->family == ABP_BINOMIAL) {
        double rate = 1.0 / (1.0 + exp(-eta)), rho = square / (1.0 + square);
        double variance =
            (1.0 - rate) / (post->exposure * rate) * (1.0 + (post->exposure - 1.0) * rho);
        return (struct post_word){outcome / (post->exposure * rate) - 1.0, 1.0 / variance};
    }
    if (world->family == ABP_POISSON_LOGNORMAL) {
        mean *= exp(0.5 * square); /* its own relative variance is that of a lognormal's */
        square = fmin(expm1(square), 1e6);
    }
    return (struct post_word){outcome / mean - 1.0, 1.0 / (1.0 / fmax(mean, 1e-12) + square)};
}

void stats_future_sums(double *estimate, double *precision, const struct stats_future *f,
                       const struct abp_world *world, size_t variant)
{
    size_t K = f->guard.variants, baseline = f->guard.baseline;
    struct post_word sum[2] = {{0}};
    int logs = world->family == ABP_LOGNORMAL;
    for (size_t t = 0; t < f->blocks; t++) {
        for (size_t i = t * K; i < (t + 1) * K; i++) {
            const struct abp_world_post *post = &f->coming[i];
            if (post->variant != variant && post->variant != baseline)
                continue;
            struct post_word said = word(world, post, f->outcome[f->past + i]);
            sum[post->variant == variant].value += said.weight * said.value;
            sum[post->variant == variant].weight += said.weight;
        }
        double mean[2];
        for (int side = 0; side < 2; side++) {
            mean[side] = sum[side].value / sum[side].weight;
            if (!logs) /* half a post's weight at what was expected keeps the log finite */
                mean[side] = log1p(fmax(mean[side], -1.0 + 0.5 / (double)(t + 1)));
        }
        estimate[t] = mean[1] - mean[0];
        precision[t] = 1.0 / (1.0 / sum[0].weight + 1.0 / sum[1].weight);
    }
}
