#include "stats/draws.h"

#include "abpost/psis.h"
#include "stats/special.h"

#include <math.h>
#include <stdlib.h>

static int score_post(const struct stats_draws *draws, const struct abp_data *data, size_t row,
                      const struct stats_terms *terms, double *scratch, double *score,
                      struct abp_error *err)
{
    const struct stats_latent *latent = draws->latent;
    size_t n = draws->weighed, K = latent->design->variants, v = data->variant[row];
    double *density = scratch, *ratio = scratch + n, khat;
    for (size_t i = 0; i < n; i++) {
        const double *g = draws->globals + i * latent->globals;
        double eta = g[latent->at_mu] + g[latent->at_theta + v];
        if (latent->design->has_slots)
            eta += g[data->slot[row]];
        if (terms->u)
            eta += terms->u[i] + terms->b[i * K + v];
        density[i] = latent->family->post(&stats_draw_field(draws, i)->scales.dispersion,
                                          data->y[row], data->n ? data->n[row] : 1.0, eta);
        ratio[i] = draws->log_ratio[i] - density[i];
    }
    if (abp_psis(ratio, n, &khat, NULL, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        density[i] += ratio[i];
    *score = khat <= ABP_KHAT_LIMIT ? stats_logsumexp(density, n) : NAN;
    return 0;
}

int stats_draws_scores(const struct stats_draws *draws, const struct abp_data *data, double *scores,
                       struct abp_error *err)
{
    size_t stride = (data->posts + ABP_SCORES_MOST - 1) / ABP_SCORES_MOST;
    struct stats_terms terms;
    int rc = -1;
    if (stats_terms_init(&terms, draws, draws->weighed, err) != 0)
        return -1;
    double *scratch = malloc(2 * draws->weighed * sizeof *scratch);
    if (!scratch) {
        abp_fail_memory(err);
        goto out;
    }
    for (size_t row = 0; row < data->posts; row++)
        scores[row] = NAN;
    for (size_t c = 0; c < terms.passes; c++) {
        if (stats_terms_load(&terms, draws, c, err) != 0)
            goto out;
        for (size_t row = 0; row < data->posts; row += stride)
            if ((!terms.u || data->channel[row] == c) &&
                score_post(draws, data, row, &terms, scratch, &scores[row], err) != 0)
                goto out;
    }
    rc = 0;
out:
    free(scratch);
    stats_terms_release(&terms);
    return rc;
}
