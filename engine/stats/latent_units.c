#include "stats/latent.h"

#include <math.h>
#include <string.h>

/* About the sd with which data tells a term. */
#define TOLD 0.2

/* A scale's part in what shrinking leaves of a term: all but proportional to a small scale, 1 for a
 * large one. */
static double shrinking(double sd)
{
    return sd / sqrt(sd * sd + TOLD * TOLD);
}

void stats_latent_rescale(const struct stats_latent *latent, const struct stats_scales *s,
                          double *x, int centre, int back)
{
    const struct stats_design *d = latent->design;
    size_t ends[5 + ABP_POSTERIOR_FACTORS] = {
        latent->at_mu, latent->at_theta, latent->at_alpha,
        d->has_channels ? latent->globals + d->channels : latent->globals, latent->size};
    double left[5 + ABP_POSTERIOR_FACTORS] = {shrinking(s->tau_w), 1.0, shrinking(s->tau_v),
                                              shrinking(s->tau_u), shrinking(s->tau_b)};
    double mu0 = centre ? d->mu0 : 0.0;
    memmove(ends + 3 + d->factors, ends + 3, 2 * sizeof *ends);
    memmove(left + 3 + d->factors, left + 3, 2 * sizeof *left);
    for (size_t f = 0; f < d->factors; f++) {
        ends[3 + f] = latent->at_alpha + d->level_end[f];
        left[3 + f] = shrinking(s->tau_f[f]);
    }
    x[latent->at_mu] -= back ? 0.0 : mu0;
    for (size_t k = 0, i = 0; k < 5 + d->factors; k++)
        for (double by = back ? left[k] : 1.0 / left[k]; i < ends[k]; i++)
            x[i] *= by;
    x[latent->at_mu] += back ? mu0 : 0.0;
}

double stats_latent_log_stretch(const struct stats_latent *latent, const struct stats_scales *s)
{
    const struct stats_design *d = latent->design;
    double sum = (double)d->variants * log(shrinking(s->tau_v));
    for (size_t f = 0; f < d->factors; f++)
        sum += (double)(d->level_end[f] - stats_first_level(d, f)) * log(shrinking(s->tau_f[f]));
    if (d->has_slots)
        sum += (double)d->slots * log(shrinking(s->tau_w));
    if (d->has_channels)
        sum += (double)d->channels * log(shrinking(s->tau_u)) +
               (double)(d->channels * d->variants) * log(shrinking(s->tau_b));
    return sum;
}
