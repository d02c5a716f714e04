/* Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari & Gelman 2018, "Validating
 * Bayesian inference algorithms with simulation-based calibration"): parameters from the prior,
 * posts from the parameters, the posterior from the posts; then the truth's rank in its posterior
 * is uniform, whatever the model.
 *
 * mu's prior in the model is centred on the data, so that no joint distribution belongs to it. Here
 * mu has a prior of its own, and every draw's weight is multiplied by the ratio of the two priors:
 * that is the exact posterior under the prior that mu was drawn from.
 *
 * Each quantity of each setting is tested three ways: the histogram of ranks in 20 bins
 * (chi-square), and the mean and the variance of their normal scores (a biased centre, a wrong
 * width). All p-values must stay above 0.01 / (number of tests): simultaneous 99 % bands.
 *
 * Usage: test_sbc_sim [REPLICATIONS [SETTING]]; prints every p-value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "posterior_simulation.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define REPLICATIONS 200
#define THREADS      2
#define BINS         20
#define TESTS        3 /* a quantity */
#define LEVEL        0.01

enum quantity { LIFT_1, LIFT_2, MU, KAPPA, TAU_V, TAU_U, TAU_B, TAU_W, CHANNEL_LIFT, QUANTITIES };

static const char *const names[QUANTITIES] = {"log lift 1", "log lift 2", "mu",
                                              "kappa",      "tau_v",      "tau_u",
                                              "tau_b",      "tau_w",      "log lift 1, channel 0"};

static const struct sim_setting settings[] = {
    {ABP_NEGBINOMIAL, 1, 1, 10},      {ABP_NEGBINOMIAL, 4, 1, 3},
    {ABP_NEGBINOMIAL, 1, 5, 2},       {ABP_NEGBINOMIAL, 3, 4, 1},
    {ABP_POISSON_LOGNORMAL, 1, 1, 8}, {ABP_POISSON_LOGNORMAL, 4, 1, 2},
    {ABP_POISSON_LOGNORMAL, 1, 5, 2}, {ABP_POISSON_LOGNORMAL, 3, 4, 1},
    {ABP_BETABINOMIAL, 1, 1, 8},      {ABP_BETABINOMIAL, 4, 1, 2},
    {ABP_BETABINOMIAL, 1, 5, 2},      {ABP_BETABINOMIAL, 3, 4, 1},
    {ABP_LOGNORMAL, 1, 1, 10},        {ABP_LOGNORMAL, 4, 1, 3},
    {ABP_LOGNORMAL, 1, 5, 2},         {ABP_LOGNORMAL, 3, 4, 1}};
#define SETTINGS (sizeof settings / sizeof *settings)

static size_t replications = REPLICATIONS, only = SETTINGS;

/* The ranks of all replications of one setting. */
struct study {
    const struct sim_setting *setting;
    size_t number;            /* of the setting */
    double *rank[QUANTITIES]; /* NULL: not in this setting */
    double *khat;
};

/* One worker's share: replications first, first + THREADS, ... */
struct share {
    struct study *study;
    size_t first;
    int failed;
};

/* The posterior probability of values below the truth. */
static double rank_of(const double *values, const double *weights, size_t count, double truth)
{
    double below = 0.0, all = 0.0;
    for (size_t i = 0; i < count; i++) {
        all += weights[i];
        below += values[i] < truth ? weights[i] : 0.0;
    }
    return fmin(fmax(below / all, 0.0), 1.0);
}

/* The draws' weights under the prior that mu was drawn from. */
static void weigh(double *weights, const struct abp_posterior *p, const struct abp_data *data)
{
    double y = 0.0, n = 0.0, centre;
    for (size_t i = 0; i < data->posts; i++) {
        y += p->family == ABP_LOGNORMAL ? log(data->y[i] / data->n[i]) : data->y[i];
        n += p->family == ABP_LOGNORMAL ? 1.0 : data->n[i];
    }
    centre = p->family == ABP_LOGNORMAL      ? y / n
             : p->family == ABP_BETABINOMIAL ? log((y + 0.5) / (n - y + 0.5))
                                             : log((y + 0.5) / n);
    double sd = abp_default_priors(p->family).mu;
    for (size_t i = 0; i < p->draws; i++) {
        double wanted = (p->mu[i] - sim_mu_mean(p->family)) / SIM_MU_SD;
        double given = (p->mu[i] - centre) / sd;
        weights[i] = p->weight[i] * exp(0.5 * (given * given - wanted * wanted));
    }
}

/* Where the truth stands among the quantiles that are told of the first channel: the middle of that
 * part. */
static double channel_rank(const struct abp_posterior *p, const struct sim_truth *t)
{
    const struct abp_summary *s = &p->channel_log_lift[1 * p->channels + 0];
    const double at[] = {s->q025, s->q25, s->q50, s->q75, s->q975};
    const double middle[] = {0.0125, 0.1375, 0.375, 0.625, 0.8625, 0.9875};
    double low = t->mu + t->theta[0] + t->u[0] + t->b[0][0];
    double high = t->mu + t->theta[1] + t->u[0] + t->b[1][0];
    double lift = high - low;
    size_t part = 0;
    if (p->family == ABP_BETABINOMIAL)
        lift = log1p(exp(-low)) - log1p(exp(-high));
    while (part < 5 && lift > at[part])
        part++;
    return middle[part];
}

static void rank_lifts(struct study *study, size_t r, const struct abp_posterior *p,
                       const struct sim_truth *t, const double *weights, double *values)
{
    for (size_t v = 1; v <= 2; v++) {
        for (size_t i = 0; i < p->draws; i++)
            values[i] = p->theta[i * p->variants + v] - p->theta[i * p->variants];
        study->rank[v == 1 ? LIFT_1 : LIFT_2][r] =
            rank_of(values, weights, p->draws, t->theta[v] - t->theta[0]);
    }
}

/* Draws that the reweighting to the truth's own prior of mu must be worth for a replication to
 * count. Whether they are depends on the data alone, so leaving the others out keeps the ranks
 * uniform: data with no outcome above 0 at all says little of mu, and what it says is far from
 * where the truths are. */
#define WORTH_LEAST 400.0
#define ATTEMPTS    50

static double worth(const double *weights, size_t count)
{
    double sum = 0.0, squares = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += weights[i];
        squares += weights[i] * weights[i];
    }
    return sum * sum / squares;
}

static void rank_all(struct study *study, size_t r, const struct abp_posterior *p,
                     const struct sim_truth *t, const double *weights, double *values)
{
    rank_lifts(study, r, p, t, weights, values);
    const double *const draws[QUANTITIES] = {
        [MU] = p->mu,       [KAPPA] = p->kappa, [TAU_V] = p->tau_v,
        [TAU_U] = p->tau_u, [TAU_B] = p->tau_b, [TAU_W] = p->tau_w};
    const double truths[QUANTITIES] = {[MU] = t->mu,       [KAPPA] = t->kappa, [TAU_V] = t->tau_v,
                                       [TAU_U] = t->tau_u, [TAU_B] = t->tau_b, [TAU_W] = t->tau_w};
    for (size_t q = 0; q < QUANTITIES; q++)
        if (draws[q])
            study->rank[q][r] = rank_of(draws[q], weights, p->draws, truths[q]);
    if (study->rank[CHANNEL_LIFT])
        study->rank[CHANNEL_LIFT][r] = channel_rank(p, t);
    study->khat[r] = p->khat;
}

/* 1: ranked; 0: this data set does not count; -1: failed. */
static int attempt(struct study *study, size_t r, unsigned long seed)
{
    struct sim_posts posts;
    struct abp_posterior p;
    struct abp_error err;
    struct abp_priors priors = abp_default_priors(study->setting->family);
    struct abp_posterior_options options = {.seed = r};
    sim_draw(&posts, study->setting, seed);
    if (abp_posterior_fit(&p, &posts.data, study->setting->family, &priors, &options, &err) != 0) {
        printf("setting %zu, replication %zu: %s\n", study->number, r, err.message);
        return -1;
    }
    double *weights = malloc(2 * p.draws * sizeof *weights);
    int rc = -1;
    if (weights) {
        weigh(weights, &p, &posts.data);
        rc = worth(weights, p.draws) >= WORTH_LEAST;
        if (rc)
            rank_all(study, r, &p, &posts.truth, weights, weights + p.draws);
    }
    free(weights);
    abp_posterior_release(&p);
    return rc;
}

static int replicate(struct study *study, size_t r)
{
    int rc = 0;
    for (unsigned long k = 0; k < ATTEMPTS && rc == 0; k++)
        rc = attempt(study, r, (unsigned long)(study->number * 1000003 + r + 1) + k * 100000007UL);
    if (rc == 0)
        printf("setting %zu, replication %zu: no data set that counts\n", study->number, r);
    return rc == 1 ? 0 : -1;
}

static void *work(void *context)
{
    struct share *share = context;
    for (size_t r = share->first; r < replications; r += THREADS)
        if (replicate(share->study, r) != 0)
            share->failed = 1;
    return NULL;
}

/* ---- the tests of uniformity ---- */

/* p-value of a chi-square with the bins' own probabilities. */
static double histogram_p(const double *rank, const double *edges, size_t bins)
{
    double chi = 0.0, n = (double)replications;
    for (size_t b = 0; b < bins; b++) {
        double want = n * (edges[b + 1] - edges[b]), count = 0.0;
        for (size_t r = 0; r < replications; r++)
            count += rank[r] >= edges[b] && (rank[r] < edges[b + 1] || b + 1 == bins);
        chi += (count - want) * (count - want) / want;
    }
    return gsl_cdf_chisq_Q(chi, (double)bins - 1.0);
}

/* p-values of the histogram, of the scores' mean and of their variance, for ranks whose normal
 * scores are stretched and then moved: by 1 and 0 but to see that the tests can fail. */
static void uniformity(double p_value[TESTS], const double *rank, double stretch, double move)
{
    double edges[BINS + 1], sum = 0.0, squares = 0.0, n = (double)replications;
    double *shown = malloc(replications * sizeof *shown);
    assert_non_null(shown);
    for (size_t b = 0; b <= BINS; b++)
        edges[b] = (double)b / BINS;
    for (size_t r = 0; r < replications; r++) {
        double z = gsl_cdf_ugaussian_Pinv(fmin(fmax(rank[r], 0.5 / 8192), 1.0 - 0.5 / 8192));
        z = stretch * z + move;
        shown[r] = gsl_cdf_ugaussian_P(z);
        sum += z;
        squares += z * z;
    }
    p_value[0] = histogram_p(shown, edges, BINS);
    p_value[1] = 2.0 * gsl_cdf_ugaussian_Q(fabs(sum) / sqrt(n));
    p_value[2] = 2.0 * fmin(gsl_cdf_chisq_P(squares, n), gsl_cdf_chisq_Q(squares, n));
    free(shown);
}

static void open_study(struct study *study, size_t number)
{
    const struct sim_setting *s = &settings[number];
    *study = (struct study){.setting = s, .number = number};
    for (size_t q = 0; q < QUANTITIES; q++) {
        int absent = ((q == TAU_U || q == TAU_B || q == CHANNEL_LIFT) && s->channels == 1) ||
                     (q == TAU_W && s->slots == 1);
        study->rank[q] = absent ? NULL : calloc(replications, sizeof(double));
        assert_true(absent || study->rank[q]);
    }
    study->khat = calloc(replications, sizeof(double));
    assert_non_null(study->khat);
}

static void close_study(struct study *study)
{
    for (size_t q = 0; q < QUANTITIES; q++)
        free(study->rank[q]);
    free(study->khat);
}

static void run_study(struct study *study)
{
    struct share shares[THREADS];
    pthread_t threads[THREADS];
    for (size_t k = 0; k < THREADS; k++) {
        shares[k] = (struct share){study, k, 0};
        assert_int_equal(pthread_create(&threads[k], NULL, work, &shares[k]), 0);
    }
    for (size_t k = 0; k < THREADS; k++)
        assert_int_equal(pthread_join(threads[k], NULL), 0);
    for (size_t k = 0; k < THREADS; k++)
        assert_false(shares[k].failed);
}

/* How many tests there are over all settings, to share the level among. */
static double all_tests(void)
{
    size_t count = 0;
    for (size_t s = 0; s < SETTINGS; s++) {
        count += TESTS * 5;
        count += settings[s].channels > 1 ? TESTS * 2 + 1 : 0;
        count += settings[s].slots > 1 ? TESTS : 0;
    }
    return (double)count;
}

/* Prints all p-values; returns how many are too small. */
static size_t judge(const struct study *study)
{
    static const double parts[] = {0.0, 0.025, 0.25, 0.5, 0.75, 0.975, 1.0};
    const struct sim_setting *s = study->setting;
    double limit = LEVEL / all_tests();
    size_t bad = 0, poor = 0;
    for (size_t r = 0; r < replications; r++)
        poor += !(study->khat[r] < ABP_KHAT_LIMIT);
    printf("%s, %zu channels, %zu slots: %zu replications, k-hat above the limit in %zu\n",
           abp_family_name(s->family), s->channels, s->slots, replications, poor);
    for (size_t q = 0; q < QUANTITIES; q++) {
        double p[TESTS] = {1.0, 1.0, 1.0};
        if (!study->rank[q])
            continue;
        if (q == CHANNEL_LIFT)
            p[0] = histogram_p(study->rank[q], parts, 6);
        else
            uniformity(p, study->rank[q], 1.0, 0.0);
        int fails = p[0] < limit || p[1] < limit || p[2] < limit;
        printf("  %-22s histogram %.3g, centre %.3g, width %.3g%s\n", names[q], p[0], p[1], p[2],
               fails ? "  <-- not uniform" : "");
        bad += fails ? 1 : 0;
    }
    fflush(stdout);
    return bad;
}

static void calibrated(void **state)
{
    size_t bad = 0;
    double p[TESTS], limit = LEVEL / all_tests();
    (void)state;
    for (size_t s = 0; s < SETTINGS; s++) {
        struct study study;
        if (only < SETTINGS && s != only)
            continue;
        open_study(&study, s);
        run_study(&study);
        bad += judge(&study);
        /* posteriors 0.5 sd off, or 1.5 times too narrow, must be seen */
        uniformity(p, study.rank[LIFT_1], 1.0, 0.5);
        assert_true(p[1] < limit);
        uniformity(p, study.rank[LIFT_1], 1.5, 0.0);
        assert_true(p[2] < limit);
        close_study(&study);
    }
    assert_int_equal(bad, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calibrated)};
    if (argc > 1)
        replications = (size_t)strtoul(argv[1], NULL, 10);
    if (argc > 2)
        only = (size_t)strtoul(argv[2], NULL, 10);
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
