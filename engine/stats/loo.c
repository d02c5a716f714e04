#include "stats/draws.h"

#include "abpost/psis.h"
#include "stats/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Log predictive density of a post under each of the weighed draws. */
static void densities(const struct stats_draws *draws, const struct abp_data *data, size_t row,
                      const struct stats_terms *terms, double *density)
{
    const struct stats_latent *latent = draws->latent;
    size_t K = latent->design->variants, v = data->variant[row];
    for (size_t i = 0; i < draws->weighed; i++) {
        const double *g = draws->globals + i * latent->globals;
        double eta = stats_core_sum(latent, g, v);
        if (latent->design->has_slots)
            eta += g[data->slot[row]];
        if (terms->u)
            eta += terms->u[i] + terms->b[i * K + v];
        density[i] = latent->family->post(&stats_draw_scales(draws, i)->dispersion, data->y[row],
                                          data->n ? data->n[row] : 1.0, eta);
    }
}

static int score_post(const struct stats_draws *draws, const struct abp_data *data, size_t row,
                      const struct stats_terms *terms, double *scratch, double *score, double *khat,
                      struct abp_error *err)
{
    size_t n = draws->weighed;
    double *density = scratch, *ratio = scratch + n;
    densities(draws, data, row, terms, density);
    for (size_t i = 0; i < n; i++)
        ratio[i] = draws->log_ratio[i] - density[i];
    if (abp_psis(ratio, n, khat, NULL, err) != 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        density[i] += ratio[i];
    *score = *khat <= ABP_KHAT_LIMIT ? stats_logsumexp(density, n) : NAN;
    return 0;
}

int stats_draws_predict(const struct stats_draws *draws, const struct abp_data *data, size_t row,
                        double *score, struct abp_error *err)
{
    size_t n = draws->weighed;
    struct stats_terms terms;
    double *scratch = malloc(2 * n * sizeof *scratch), khat;
    int rc = -1;
    *score = NAN;
    if (!scratch)
        return abp_fail_memory(err);
    if (stats_terms_init(&terms, draws, n, err) != 0) {
        free(scratch);
        return -1;
    }
    if (stats_terms_load(&terms, draws, data->channel ? data->channel[row] : 0, err) != 0)
        goto out;
    densities(draws, data, row, &terms, scratch);
    memcpy(scratch + n, draws->log_ratio, n * sizeof *scratch);
    if (abp_psis(scratch + n, n, &khat, NULL, err) != 0)
        goto out;
    for (size_t i = 0; i < n; i++)
        scratch[i] += scratch[n + i];
    double sum = stats_logsumexp(scratch, n);
    int sure = isnan(draws->rhat) ? khat <= ABP_KHAT_LIMIT : draws->rhat <= ABP_RHAT_LIMIT;
    /* a sum that a few draws decide is no mean */
    if (isfinite(sum) && abp_psis(scratch, n, &khat, NULL, err) != 0)
        goto out;
    if (isfinite(sum) && sure && khat <= ABP_KHAT_LIMIT)
        *score = sum;
    rc = 0;
out:
    stats_terms_release(&terms);
    free(scratch);
    return rc;
}

size_t stats_scores_stride(const struct abp_data *data)
{
    return (data->posts + ABP_SCORES_MOST - 1) / ABP_SCORES_MOST;
}

int stats_draws_scores(const struct stats_draws *draws, const struct abp_data *data, double *scores,
                       double *khats, struct abp_error *err)
{
    size_t stride = stats_scores_stride(data);
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
        scores[row] = khats[row] = NAN;
    for (size_t c = 0; c < terms.passes; c++) {
        if (stats_terms_load(&terms, draws, c, err) != 0)
            goto out;
        for (size_t row = 0; row < data->posts; row += stride)
            if ((!terms.u || data->channel[row] == c) &&
                score_post(draws, data, row, &terms, scratch, &scores[row], &khats[row], err) != 0)
                goto out;
    }
    rc = 0;
out:
    free(scratch);
    stats_terms_release(&terms);
    return rc;
}
