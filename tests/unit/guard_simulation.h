/* Simulated posts for the guard's tests and for bench_guard: pairs of one post of each of two
 * variants, in random order, from generators that break every assumption but the draw. */
#ifndef ABPOST_TESTS_GUARD_SIMULATION_H
#define ABPOST_TESTS_GUARD_SIMULATION_H

#include "abpost/guard.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#define SIM_PAIRS 40
#define SIM_POSTS (2 * SIM_PAIRS)
#define SIM_MEAN  20.0

enum sim_shape { SIM_NEGBINOMIAL, SIM_LOGNORMAL, SIM_T3 };

struct sim_generator {
    const char *name;
    enum sim_shape shape;
    double spread;       /* NB size, or scale of the log outcome */
    double level, decay; /* an AR(1) log level: its sd, and what is kept from post to post */
    double trend;        /* rise of the log level over the whole experiment */
    double zeros;        /* share of posts nobody sees */
};

static const struct sim_generator SIM_GENERATORS[] = {
    {"NB size 0.3", SIM_NEGBINOMIAL, 0.3, 0, 0, 0, 0},
    {"NB size 0.7", SIM_NEGBINOMIAL, 0.7, 0, 0, 0, 0},
    {"NB size 1.5", SIM_NEGBINOMIAL, 1.5, 0, 0, 0, 0},
    {"NB size 10", SIM_NEGBINOMIAL, 10.0, 0, 0, 0, 0},
    {"lognormal sd 0.7", SIM_LOGNORMAL, 0.7, 0, 0, 0, 0},
    {"lognormal sd 1.6", SIM_LOGNORMAL, 1.6, 0, 0, 0, 0},
    {"t3 on the log scale, 0.7", SIM_T3, 0.7, 0, 0, 0, 0},
    {"autocorrelated", SIM_NEGBINOMIAL, 10.0, 1.0, 0.9, 0, 0},
    {"trending, NB size 1.5", SIM_NEGBINOMIAL, 1.5, 0, 0, 2.0, 0},
    {"zero-heavy, NB size 1.5", SIM_NEGBINOMIAL, 1.5, 0, 0, 0, 0.5},
};

#define SIM_COUNT (sizeof SIM_GENERATORS / sizeof SIM_GENERATORS[0])

struct sim_data {
    double outcome[SIM_POSTS], exposure[SIM_POSTS];
    size_t variant[SIM_POSTS];
    int64_t block[SIM_POSTS];
};

static inline double sim_outcome(const struct sim_generator *g, gsl_rng *rng, double mean)
{
    switch (g->shape) {
    case SIM_LOGNORMAL:
        return mean * exp(gsl_ran_gaussian(rng, g->spread));
    case SIM_T3:
        return mean * exp(g->spread * gsl_ran_tdist(rng, 3.0));
    case SIM_NEGBINOMIAL:
    default:
        return gsl_ran_poisson(rng, gsl_ran_gamma(rng, g->spread, mean / g->spread));
    }
}

/* Variant 1 has `ratio` times the mean of variant 0. */
static inline void sim_draw(struct sim_data *data, const struct sim_generator *g, gsl_rng *rng,
                            double ratio)
{
    double level = gsl_ran_gaussian(rng, g->level);

    for (size_t i = 0; i < SIM_POSTS; i++) {
        double mean;

        data->block[i] = (int64_t)(i / 2);
        data->exposure[i] = 1.0;
        data->variant[i] = i % 2 ? 1 - data->variant[i - 1] : (size_t)gsl_rng_uniform_int(rng, 2);
        level = g->decay * level + gsl_ran_gaussian(rng, g->level * sqrt(1 - g->decay * g->decay));
        mean = SIM_MEAN * exp(level + g->trend * (double)i / SIM_POSTS);
        if (data->variant[i] == 1)
            mean *= ratio;
        data->outcome[i] = gsl_ran_bernoulli(rng, g->zeros) ? 0.0 : sim_outcome(g, rng, mean);
    }
}

static inline struct abp_guard_input sim_input(const struct sim_data *data, double threshold,
                                               size_t planned)
{
    return (struct abp_guard_input){.outcome = data->outcome,
                                    .exposure = data->exposure,
                                    .variant = data->variant,
                                    .block = data->block,
                                    .posts = SIM_POSTS,
                                    .variants = 2,
                                    .baseline = 0,
                                    .threshold = threshold,
                                    .planned_blocks = planned};
}

/* Share of `runs` experiments in which the guard ever alarmed, looking after every block, told
 * beforehand of `planned` blocks. */
static inline double sim_alarms(const struct sim_generator *g, double ratio, size_t runs,
                                double threshold, size_t planned, unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t alarms = 0, failed = 0;

    gsl_rng_set(rng, seed);
    for (size_t run = 0; run < runs; run++) {
        struct sim_data data;
        struct abp_guard_output out[2];
        struct abp_guard_input in;

        sim_draw(&data, g, rng, ratio);
        in = sim_input(&data, threshold, planned);
        if (abp_guard(out, &in, NULL))
            failed++;
        else if (out[1].max_e_value >= threshold)
            alarms++;
    }
    gsl_rng_free(rng);
    return failed ? NAN : (double)alarms / (double)runs;
}

#endif
