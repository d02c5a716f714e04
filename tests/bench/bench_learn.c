/* What learning the spread of lifts is worth on real tests: the scale that every other test of
 * experiments/upworthy teaches, and how much better it foretells the rest than the default does. A
 * section of RESULTS.md, in Markdown.
 *
 *     bench_learn [SCALE]     (1: all tests; some minutes) */
#include "../unit/upworthy_tests.h"
#include "abpost/learn.h"
#include "figures.h"

#include <math.h>

#define MOST 4000

struct store {
    struct upworthy_test tests[MOST];
    double *tau[MOST], *weight[MOST]; /* owned */
    struct abp_learn_draws draws[2][MOST / 2];
};

static void keep(struct store *store, size_t i, double scale)
{
    struct abp_posterior posterior;

    if (upworthy_fit(&posterior, &store->tests[i])) {
        fprintf(stderr, "bench_learn: test %zu could not be fitted\n", i);
        exit(1);
    }
    store->tau[i] = posterior.tau_v;
    store->weight[i] = posterior.weight;
    posterior.tau_v = posterior.weight = NULL;
    store->draws[i % 2][i / 2] =
        (struct abp_learn_draws){store->tau[i], store->weight[i], posterior.draws, scale};
    abp_posterior_release(&posterior);
}

/* The log predictive density of the tests kept out, over that under the default. */
static struct figure_mean gain_at(const struct store *store, size_t half, double scale)
{
    struct figure_mean gain = {0};

    for (size_t i = 0; i < half; i++)
        figure_add(&gain, abp_learn_evidence(&store->draws[1][i], scale).log_ratio);
    return gain;
}

static void put_gain(const char *what, double scale, const struct figure_mean *gain)
{
    double n = (double)gain->count;

    printf("| %s | %.3f | %+.1f +- %.1f |\n", what, scale, gain->sum, n * figure_half(gain));
}

static void report(const struct store *store, size_t half, double scale)
{
    static const double scales[] = {0.01, 0.02, 0.05, 0.1, 0.2};
    struct abp_learned learned;
    struct figure_mean gain;

    if (abp_learn(&learned, store->draws[0], half, NULL))
        exit(1);
    printf("## The learned prior\n\n"
           "Tests of experiments/upworthy, betabinomial, each package once: the spread of lifts "
           "learned from every other one of %zu, and by how much it raises the log predictive "
           "density of all outcomes of the other %zu over that under the default, %.2f. Learned: "
           "%.3f (%.3f to %.3f), least effective draws %.0f. Sums over the tests held out, with "
           "95 %% intervals over tests.\n\n"
           "| lift_sd | scale | log predictive density, over the default's |\n|---|---|---|\n",
           2 * half, half, scale, learned.scale, learned.low, learned.high, learned.effective);
    gain = gain_at(store, half, learned.scale);
    put_gain("learned from the other half", learned.scale, &gain);
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        gain = gain_at(store, half, scales[s]);
        put_gain("fixed", scales[s], &gain);
    }
    printf("\n");
}

int main(int argc, char **argv)
{
    static struct store store;
    double scale = abp_default_priors(ABP_BETABINOMIAL).lift;
    size_t most = argc > 1 ? (size_t)(MOST * strtod(argv[1], NULL)) : MOST;
    size_t count = upworthy_read(store.tests, most < MOST ? most : MOST);

    for (size_t i = 0; i < count; i++)
        keep(&store, i, scale);
    report(&store, count / 2, scale);
    for (size_t i = 0; i < count; i++) {
        free(store.tau[i]);
        free(store.weight[i]);
    }
    return 0;
}
