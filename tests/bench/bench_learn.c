/* What learning the spread of lifts is worth on real tests: the scale that every other test of
 * experiments/upworthy teaches, and how much better it foretells the rest than the default does.
 *
 *     bench_learn [TESTS]     (all 2,437; some minutes) */
#include "../unit/upworthy_tests.h"
#include "abpost/learn.h"

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

static void report(const struct store *store, size_t half, double scale)
{
    static const double scales[] = {0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.8};
    struct abp_learned learned;
    double gain = 0.0, squares = 0.0, mean;

    if (abp_learn(&learned, store->draws[0], half, NULL))
        exit(1);
    for (size_t i = 0; i < half; i++) {
        double one = abp_learn_evidence(&store->draws[1][i], learned.scale).log_ratio;

        gain += one;
        squares += one * one;
    }
    mean = gain / (double)half;
    printf("learned from %zu tests: %.3f (%.3f to %.3f), least effective draws %.0f\n", half,
           learned.scale, learned.low, learned.high, learned.effective);
    printf("log predictive density of the other %zu against the default %.2f: %+.1f, standard "
           "error %.1f\n",
           half, scale, gain, sqrt(squares - (double)half * mean * mean));
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        gain = 0.0;
        for (size_t i = 0; i < half; i++)
            gain += abp_learn_evidence(&store->draws[1][i], scales[s]).log_ratio;
        printf("    at %.2f %+.1f\n", scales[s], gain);
    }
}

int main(int argc, char **argv)
{
    static struct store store;
    double scale = abp_default_priors(ABP_BETABINOMIAL).lift;
    size_t most = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : MOST;
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
