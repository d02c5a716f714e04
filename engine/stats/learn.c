#include "abpost/learn.h"

#include <math.h>

#define GRID        160
#define LEAST_SCALE 0.005
#define MOST_SCALE  4.0
#define HYPER_SCALE 0.5
#define HYPER_SD    0.75 /* of log s */
#define LARGE       300  /* exponents beyond this are handled as logs */

struct grid {
    double log_scale[GRID], log_density[GRID], share[GRID]; /* share: of the posterior */
};

static double weight_of(const struct abp_learn_draws *draws, size_t j)
{
    return draws->weight ? draws->weight[j] : 1.0;
}

static int check_draws(const struct abp_learn_draws *draws, size_t i, struct abp_error *err)
{
    double total = 0.0;

    if (!(draws->scale > 0 && isfinite(draws->scale)))
        return abp_fail(err, ABP_DATA, "experiment %zu was fitted under a scale of %g", i,
                        draws->scale);
    for (size_t j = 0; j < draws->draws; j++) {
        if (!(draws->tau[j] >= 0 && isfinite(draws->tau[j])))
            return abp_fail(err, ABP_DATA, "draw %zu of experiment %zu is a spread of %g", j, i,
                            draws->tau[j]);
        total += weight_of(draws, j);
    }
    if (!(total > 0 && isfinite(total)))
        return abp_fail(err, ABP_DATA, "the weights of experiment %zu sum to %g", i, total);
    return 0;
}

/* Weight times ratio of a draw, over e^top. The logarithm is only worth its time where the ratio
 * alone would overflow. */
static double term(const struct abp_learn_draws *draws, size_t j, double half, double top)
{
    double w = weight_of(draws, j), x = half * draws->tau[j] * draws->tau[j];

    if (w == 0)
        return 0.0;
    if (x - top <= LARGE)
        return w * exp(x - top);
    return copysign(exp(x - top + log(fabs(w))), w);
}

/* The largest log of weight times ratio, or near enough. */
static double largest(const struct abp_learn_draws *draws, double half)
{
    double top = 0.0;

    for (size_t j = 0; j < draws->draws; j++) {
        double x = half * draws->tau[j] * draws->tau[j];

        if (fabs(x) > LARGE && weight_of(draws, j) != 0)
            top = fmax(top, x + log(fabs(weight_of(draws, j))));
    }
    return top;
}

struct abp_learn_evidence abp_learn_evidence(const struct abp_learn_draws *draws, double s)
{
    double half = 0.5 * (1 / (draws->scale * draws->scale) - 1 / (s * s));
    double top = largest(draws, half), total = 0.0, sum = 0.0, squares = 0.0;

    for (size_t j = 0; j < draws->draws; j++) {
        double r = term(draws, j, half, top);

        total += weight_of(draws, j);
        sum += r;
        squares += r * r;
    }
    if (!(sum > 0 && squares > 0))
        return (struct abp_learn_evidence){-INFINITY, 0.0};
    return (struct abp_learn_evidence){log(draws->scale / s) + top + log(sum / total),
                                       sum * sum / squares};
}

/* Fills `share`; 0 where no point of the grid has any density. */
static int weigh_grid(struct grid *grid)
{
    double top = -INFINITY, total = 0.0;

    for (size_t g = 0; g < GRID; g++)
        top = fmax(top, grid->log_density[g]);
    if (!isfinite(top))
        return 0;
    for (size_t g = 0; g < GRID; g++) {
        grid->share[g] = exp(grid->log_density[g] - top);
        total += grid->share[g];
    }
    for (size_t g = 0; g < GRID; g++)
        grid->share[g] /= total;
    return 1;
}

/* The log scale below which a share p of the posterior lies; each point stands for its
 * surroundings.
 */
static double quantile(const struct grid *grid, double p)
{
    double below = 0.0, step = grid->log_scale[1] - grid->log_scale[0];

    for (size_t g = 0; g < GRID; g++) {
        if (below + grid->share[g] >= p)
            return grid->log_scale[g] + step * ((p - below) / grid->share[g] - 0.5);
        below += grid->share[g];
    }
    return grid->log_scale[GRID - 1];
}

/* The least effective number of draws of any experiment, at the quartiles and the middle. */
static void find_worst(struct abp_learned *out, const struct grid *grid,
                       const struct abp_learn_draws *experiments, size_t count)
{
    out->effective = INFINITY;
    for (size_t i = 0; i < count; i++)
        for (int q = 1; q <= 3; q++) {
            double s = exp(quantile(grid, 0.25 * q));
            double effective = abp_learn_evidence(&experiments[i], s).effective;

            if (effective < out->effective) {
                out->effective = effective;
                out->worst = i;
            }
        }
    out->refit = out->effective < ABP_LEARN_EFFECTIVE;
}

int abp_learn(struct abp_learned *out, const struct abp_learn_draws *experiments, size_t count,
              struct abp_error *err)
{
    struct grid grid;
    double mean = 0.0;

    for (size_t i = 0; i < count; i++)
        if (check_draws(&experiments[i], i, err))
            return -1;
    for (size_t g = 0; g < GRID; g++) {
        double part = (double)g / (GRID - 1), off;

        grid.log_scale[g] = log(LEAST_SCALE) + part * log(MOST_SCALE / LEAST_SCALE);
        off = (grid.log_scale[g] - log(HYPER_SCALE)) / HYPER_SD;
        grid.log_density[g] = -0.5 * off * off;
        for (size_t i = 0; i < count; i++)
            grid.log_density[g] +=
                abp_learn_evidence(&experiments[i], exp(grid.log_scale[g])).log_ratio;
    }
    if (!weigh_grid(&grid))
        return abp_fail(err, ABP_DATA, "the past experiments' draws agree with no spread of lifts");
    for (size_t g = 0; g < GRID; g++)
        mean += grid.share[g] * grid.log_scale[g];
    *out = (struct abp_learned){.scale = exp(mean),
                                .low = exp(quantile(&grid, 0.025)),
                                .high = exp(quantile(&grid, 0.975))};
    for (size_t i = 0; i < count; i++)
        out->gain += abp_learn_evidence(&experiments[i], out->scale).log_ratio;
    find_worst(out, &grid, experiments, count);
    return 0;
}
