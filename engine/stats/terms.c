#include "stats/draws.h"

#include "stats/special.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t next_prime(uint64_t n)
{
    for (n++;; n++) {
        uint64_t by = 2;
        while (by * by <= n && n % by != 0)
            by++;
        if (by * by > n)
            return n;
    }
}

/* Lays the quasi-random sequences: number k of all channels' goes in steps of the k-th prime's
 * square root, from a place of the seed's own. */
static void lay_sequences(struct stats_walk *walk, size_t each)
{
    uint64_t prime = 1;
    for (size_t k = 0; k < (walk->first + walk->count) * each; k++) {
        prime = next_prime(prime);
        if (k < walk->first * each)
            continue;
        double root = sqrt((double)prime);
        walk->step[k - walk->first * each] = (uint64_t)((root - floor(root)) * 0x1p64);
    }
    for (size_t k = 0; k < walk->count * each; k++)
        walk->at[k] = (uint64_t)(gsl_rng_uniform(walk->rngs[k / each]) * 0x1p64);
}

int stats_walk_init(struct stats_walk *walk, const struct stats_draws *draws, size_t first,
                    size_t count, struct abp_error *err)
{
    const struct stats_latent *latent = draws->latent;
    size_t each = 1 + latent->design->variants, all = count * each;
    *walk = (struct stats_walk){.draws = draws, .first = first, .count = count};
    walk->rngs = calloc(count, sizeof(gsl_rng *));
    walk->at = malloc(2 * all * sizeof *walk->at);
    walk->normals = malloc((2 * all + latent->globals) * sizeof *walk->normals);
    if (!walk->rngs || !walk->at || !walk->normals)
        return abp_fail_memory(err);
    for (size_t k = 0; k < count; k++)
        if (!(walk->rngs[k] = stats_stream(draws->seed, 2 + first + k)))
            return abp_fail_memory(err);
    walk->step = walk->at + all;
    walk->used = walk->normals + all;
    walk->change = walk->used + all;
    lay_sequences(walk, each);
    return 0;
}

void stats_walk_release(struct stats_walk *walk)
{
    for (size_t k = 0; walk->rngs && k < walk->count; k++)
        gsl_rng_free(walk->rngs[k]);
    free(walk->rngs);
    free(walk->at);
    free(walk->normals);
    memset(walk, 0, sizeof *walk);
}

/* The normals of channel number k of draw i into walk->used. */
static void next_normals(struct stats_walk *walk, size_t k, size_t i)
{
    size_t each = 1 + walk->draws->latent->design->variants, end = (k + 1) * each;
    if (i >= walk->draws->weighed) {
        for (size_t n = k * each; n < end; n++) {
            walk->at[n] += walk->step[n];
            walk->used[n] =
                stats_normal_quantile(((double)(int64_t)(walk->at[n] >> 12) + 0.5) * 0x1p-52);
        }
        return;
    }
    double width = stats_draw_width(walk->draws, i) * (i % 2 ? -1.0 : 1.0);
    for (size_t n = k * each; n < end; n++) {
        if (i % 2 == 0)
            walk->normals[n] = gsl_ran_gaussian_ziggurat(walk->rngs[k], 1.0);
        walk->used[n] = width * walk->normals[n];
    }
}

void stats_walk_step(struct stats_walk *walk, double *u, double *b, size_t apart)
{
    const struct stats_latent *latent = walk->draws->latent;
    size_t i = walk->next++, K = latent->design->variants;
    const struct stats_field *field = stats_draw_field(walk->draws, i);
    const double *globals = walk->draws->globals + i * latent->globals;
    for (size_t g = 0; g < latent->globals; g++)
        walk->change[g] = globals[g] - field->global_mean[g];
    for (size_t k = 0; k < walk->count; k++) {
        next_normals(walk, k, i);
        stats_field_draw_channel(field, latent, walk->first + k, walk->change,
                                 walk->used + k * (1 + K), u + k * apart, b + k * apart * K);
    }
}

/* The terms of channel c where the draws have kept them. */
static void copy_kept(struct stats_terms *terms, const struct stats_draws *draws, size_t c)
{
    const struct stats_design *d = draws->latent->design;
    size_t K = d->variants, numbers = d->channels * (1 + K);
    for (size_t i = 0; i < terms->count; i++) {
        const double *own = draws->terms + i * numbers;
        terms->all_u[i] = own[c];
        for (size_t v = 0; v < K; v++)
            terms->all_b[i * K + v] = own[d->channels + c * K + v];
    }
}

static int have_kept(const struct stats_terms *terms, const struct stats_draws *draws)
{
    return draws->terms && terms->count <= draws->weighed;
}

/* Fills what is kept of channels from.., draw after draw. */
static int fill(struct stats_terms *terms, const struct stats_draws *draws, size_t from,
                struct abp_error *err)
{
    struct stats_walk walk;
    size_t K = draws->latent->design->variants;
    int rc = stats_walk_init(&walk, draws, from, terms->kept, err);
    for (size_t i = 0; rc == 0 && i < terms->count; i++)
        stats_walk_step(&walk, terms->all_u + i, terms->all_b + i * K, terms->count);
    stats_walk_release(&walk);
    return rc;
}

int stats_terms_init(struct stats_terms *terms, const struct stats_draws *draws, size_t count,
                     struct abp_error *err)
{
    const struct stats_design *d = draws->latent->design;
    *terms = (struct stats_terms){.passes = d->has_channels ? d->channels : 1, .count = count};
    if (!d->has_channels)
        return 0;
    terms->kept =
        !have_kept(terms, draws) && d->channels * count * (1 + d->variants) <= STATS_TERMS_MOST
            ? d->channels
            : 1;
    terms->all_u = malloc(terms->kept * count * sizeof *terms->all_u);
    terms->all_b = malloc(terms->kept * count * d->variants * sizeof *terms->all_b);
    if (!terms->all_u || !terms->all_b) {
        stats_terms_release(terms);
        return abp_fail_memory(err);
    }
    if (terms->kept == 1 || fill(terms, draws, 0, err) == 0)
        return 0;
    stats_terms_release(terms);
    return -1;
}

int stats_terms_load(struct stats_terms *terms, const struct stats_draws *draws, size_t c,
                     struct abp_error *err)
{
    size_t n = terms->count, at = terms->kept > 1 ? c : 0;
    if (!terms->all_u)
        return 0;
    if (have_kept(terms, draws))
        copy_kept(terms, draws, c);
    else if (terms->kept == 1 && fill(terms, draws, c, err) != 0)
        return -1;
    terms->u = terms->all_u + at * n;
    terms->b = terms->all_b + at * n * draws->latent->design->variants;
    return 0;
}

void stats_terms_release(struct stats_terms *terms)
{
    free(terms->all_u);
    free(terms->all_b);
    memset(terms, 0, sizeof *terms);
}
