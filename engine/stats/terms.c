#include "stats/draws.h"

#include <gsl/gsl_randist.h>
#include <stdlib.h>
#include <string.h>

/* Numbers that are kept at most: 32 MiB. */
#define NUMBERS_MOST ((size_t)1 << 22)

int stats_walk_init(struct stats_walk *walk, const struct stats_draws *draws, size_t channel,
                    struct abp_error *err)
{
    size_t K = draws->latent->design->variants;
    *walk = (struct stats_walk){.draws = draws, .channel = channel};
    walk->rng = stats_stream(draws->seed, 2 + channel);
    walk->normals = malloc(2 * (1 + K) * sizeof *walk->normals);
    if (!walk->rng || !walk->normals) {
        stats_walk_release(walk);
        return abp_fail_memory(err);
    }
    walk->used = walk->normals + 1 + K;
    return 0;
}

void stats_walk_release(struct stats_walk *walk)
{
    gsl_rng_free(walk->rng);
    free(walk->normals);
    memset(walk, 0, sizeof *walk);
}

double stats_walk_step(struct stats_walk *walk, double *u, double *b)
{
    const struct stats_latent *latent = walk->draws->latent;
    size_t i = walk->next++, K = latent->design->variants;
    double width = stats_draw_width(walk->draws, i) * (i % 2 ? -1.0 : 1.0);
    for (size_t v = 0; v <= K; v++) {
        if (i % 2 == 0)
            walk->normals[v] = gsl_ran_gaussian_ziggurat(walk->rng, 1.0);
        walk->used[v] = width * walk->normals[v];
    }
    return stats_field_draw_channel(stats_draw_field(walk->draws, i), latent, walk->channel,
                                    walk->draws->globals + i * latent->globals, walk->used, u, b);
}

/* The terms of channel c where the draws have their own. */
static void copy_own(struct stats_terms *terms, const struct stats_draws *draws, size_t c)
{
    size_t K = draws->latent->design->variants;
    for (size_t i = 0; i < terms->count; i++) {
        const double *own = draws->terms + (c * draws->count + i) * (1 + K);
        terms->all_u[i] = own[0];
        memcpy(terms->all_b + i * K, own + 1, K * sizeof *own);
    }
}

/* Fills what is kept of channels from.., draw after draw. */
static int fill(struct stats_terms *terms, const struct stats_draws *draws, size_t from,
                struct abp_error *err)
{
    size_t K = draws->latent->design->variants, n = terms->count, opened = 0;
    struct stats_walk *walks = calloc(terms->kept, sizeof *walks);
    int rc = walks ? 0 : abp_fail_memory(err);
    for (; rc == 0 && opened < terms->kept; opened++)
        if ((rc = stats_walk_init(&walks[opened], draws, from + opened, err)) != 0)
            break;
    for (size_t i = 0; rc == 0 && i < n; i++)
        for (size_t c = 0; c < terms->kept; c++)
            stats_walk_step(&walks[c], &terms->all_u[c * n + i], terms->all_b + (c * n + i) * K);
    for (size_t c = 0; c < opened; c++)
        stats_walk_release(&walks[c]);
    free(walks);
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
        !draws->scales && d->channels * count * (1 + d->variants) <= NUMBERS_MOST ? d->channels : 1;
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
    if (draws->scales)
        copy_own(terms, draws, c);
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
