/* What the guard finds and how often it cries wolf, and what else was tried: the tables in
 * abpost/guard.h are this program's.
 *
 *     bench_guard [RUNS [SEED]]     (2000 runs and seed 1; half a minute) */
#include "../unit/guard_simulation.h"
#include "stats/guard_block.h"
#include "stats/guard_score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PAIRS 160
#define MOST_POSTS (4 * MOST_PAIRS)
#define THRESHOLD  20.0
#define ATOMS      32

/* ---- the guard itself ---- */

static void guard_table(size_t runs, unsigned long seed)
{
    static const double ratios[] = {1.0, 1.6, 2.0};

    printf("The guard on %d posts, a look after every block, alpha 0.05: found, %%\n", SIM_POSTS);
    printf("%-28s %10s %6s %6s\n", "generator", "no effect", "x1.6", "x2");
    for (size_t g = 0; g < SIM_COUNT; g++) {
        printf("%-28s", SIM_GENERATORS[g].name);
        for (size_t r = 0; r < 3; r++)
            printf(r ? " %6.1f" : " %10.1f",
                   100 * sim_alarms(&SIM_GENERATORS[g], ratios[r], runs, THRESHOLD, 0, seed + r));
        printf("\n");
    }
}

/* ---- other scores and other bets, on pairs ---- */

/* One experiment of pairs: outcomes in order, and +1 where the first of a pair is the variant. */
struct pairs {
    double outcome[2 * MOST_PAIRS];
    double sign[MOST_PAIRS];
    size_t count;
};

struct scene {
    const char *name;
    size_t generator; /* in SIM_GENERATORS */
    double ratio;
    size_t pairs;
};

static const struct scene SCENES[] = {
    {"NB1.5 x1.6", 2, 1.6, 40},   {"NB1.5 x2", 2, 2.0, 40},        {"logn.7 x1.6", 4, 1.6, 40},
    {"logn.7 x2", 4, 2.0, 40},    {"autoc x1.6", 7, 1.6, 40},      {"t3 x2", 6, 2.0, 40},
    {"NB.7 x2", 1, 2.0, 40},      {"logn1.6 x3", 5, 3.0, 40},      {"trend x1.6", 8, 1.6, 40},
    {"30p NB1.5 x3", 2, 3.0, 15}, {"24p logn.7 x2.5", 4, 2.5, 12}, {"320p NB1.5 x1.3", 2, 1.3, 160},
};

#define SCENE_COUNT (sizeof SCENES / sizeof SCENES[0])

static void draw_pairs(struct pairs *pairs, const struct scene *scene, gsl_rng *rng)
{
    struct sim_data data;

    pairs->count = scene->pairs;
    for (size_t t = 0; t < scene->pairs; t++) {
        size_t at = t % SIM_PAIRS;

        if (at == 0)
            sim_draw(&data, &SIM_GENERATORS[scene->generator], rng, scene->ratio);
        pairs->outcome[2 * t] = data.outcome[2 * at];
        pairs->outcome[2 * t + 1] = data.outcome[2 * at + 1];
        pairs->sign[t] = data.variant[2 * at] == 1 ? 1.0 : -1.0;
    }
}

enum scores { BY_MEDIAN, BY_MEAN, SAVAGE, WILCOXON, CHOSEN_SCORE };

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Differences of log outcomes over the median of all |d| so far (model.md's prototype), or in sds
 * from the mean of all |d| so far. */
static void log_differences(double *d, const struct pairs *pairs, enum scores scores)
{
    double size[MOST_PAIRS], sorted[MOST_PAIRS], sum = 0.0;

    for (size_t t = 0; t < pairs->count; t++) {
        double x = log(pairs->outcome[2 * t] + 0.5) - log(pairs->outcome[2 * t + 1] + 0.5);
        double scale;

        size[t] = fabs(x);
        sum += size[t];
        memcpy(sorted, size, (t + 1) * sizeof *size);
        qsort(sorted, t + 1, sizeof *sorted, compare_doubles);
        scale = scores == BY_MEDIAN ? 0.5 * (sorted[t / 2] + sorted[(t + 1) / 2])
                                    : 0.886 * sum / (double)(t + 1);
        d[t] =
            x == 0 ? 0 : fmin(scores == BY_MEDIAN ? 2.5 : 4.0, scale > 0 ? size[t] / scale : 4.0);
        d[t] *= (x < 0 ? -1 : 1) * (scores == BY_MEDIAN ? 2.0 : 1.0);
    }
}

/* Differences of scores of the engine's positions. */
static void position_differences(double *d, const struct pairs *pairs, enum scores scores)
{
    static double room[4][MOST_POSTS];
    static size_t begin[MOST_POSTS];
    struct abp_guard_past past = {.outcome = room[0],
                                  .log_exposure = room[1],
                                  .residual = room[2],
                                  .sorted = room[3],
                                  .begin = begin};

    for (size_t t = 0; t < pairs->count; t++) {
        double u[2], z[2];

        for (size_t i = 0; i < 2; i++)
            abp_guard_past_add(&past, pairs->outcome[2 * t + i], 1.0, 0);
        abp_guard_past_close(&past, 2);
        abp_guard_positions(u, &past, 1);
        for (size_t i = 0; i < 2; i++)
            z[i] = scores == SAVAGE     ? -log(1 - u[i])
                   : scores == WILCOXON ? sqrt(12.0) * u[i]
                                        : abp_guard_score(u[i]);
        d[t] = z[0] - z[1];
    }
}

enum bets { NORMAL_6, NORMAL_10, POINT_8, ROOT_TIME, PLUG_IN, NEWTON, TROFIMOV, CHOSEN_BETS };

/* The stakes that a mixture lays, half on each sign; how many. */
static size_t lay(double *effect, double *stake, enum bets bets)
{
    size_t n = bets == POINT_8 || bets == ROOT_TIME ? 1 : bets == CHOSEN_BETS ? 16 : 25;
    double total = 0.0;

    for (size_t i = 0; i < n; i++) {
        double sd = bets == NORMAL_10 ? 1.0 : 0.6, g = 0.1 * (double)(i + 1);

        if (n == 1)
            g = 0.8;
        if (bets == CHOSEN_BETS)
            g = 0.1 * pow(1.25, (double)i);
        effect[i] = g;
        stake[i] = bets == CHOSEN_BETS ? exp(-0.5 * pow(log(g / 0.8) / 0.6, 2))
                                       : exp(-0.5 * g * g / (sd * sd));
        total += 2 * stake[i];
    }
    for (size_t i = 0; i < n; i++)
        stake[i] /= total;
    return n;
}

/* 1 when a mixture ever reaches the threshold. `stop`: nothing is wasted above it. */
static int mixture_finds(const double *d, const struct pairs *pairs, enum bets bets, int stop)
{
    double effect[ATOMS], up[ATOMS], down[ATOMS], before = 1.0;
    size_t n = lay(effect, up, bets);

    memcpy(down, up, sizeof up);
    for (size_t t = 0; t < pairs->count; t++) {
        double after = 0.0, other, wanted;

        for (size_t i = 0; i < n; i++) {
            double g = effect[i];

            if (bets == ROOT_TIME)
                g = fmin(1.5, g * sqrt(40.0 / (double)(t + 11)));
            up[i] *= 1 + tanh(0.5 * g * d[t] * pairs->sign[t]);
            down[i] *= 1 - tanh(0.5 * g * d[t] * pairs->sign[t]);
            after += up[i] + down[i];
        }
        other = 2 * before - after;
        wanted = after;
        if (stop && fmax(after, other) > THRESHOLD)
            wanted = after > THRESHOLD ? THRESHOLD : 2 * before - THRESHOLD;
        for (size_t i = 0; i < n; i++) {
            up[i] *= wanted / after;
            down[i] *= wanted / after;
        }
        if (wanted >= THRESHOLD)
            return 1;
        before = wanted;
    }
    return 0;
}

/* 1 when a single bet that learns from the blocks before ever reaches the threshold: the effect
 * plugged in (ridge), online Newton steps, or Krichevsky and Trofimov's share. */
static int learner_finds(const double *d, const struct pairs *pairs, enum bets bets)
{
    double wealth = 1.0, sum = 0.0, squares = 0.0, share = 0.0;

    for (size_t t = 0; t < pairs->count; t++) {
        double paid = pairs->sign[t] * tanh(0.5 * d[t]), gradient;

        if (bets == PLUG_IN)
            paid = tanh(0.5 * share * d[t] * pairs->sign[t]), wealth *= 1 + paid;
        else
            wealth *= 1 + share * paid;
        if (wealth >= THRESHOLD)
            return 1;
        if (bets == PLUG_IN) {
            sum += pairs->sign[t] * d[t];
            squares += d[t] * d[t];
            share = 2 * sum / (squares + 10.0);
        } else if (bets == TROFIMOV) {
            sum += paid;
            share = sum / (double)(t + 2);
        } else {
            gradient = paid / (1 + share * paid);
            squares += gradient * gradient;
            share += 2 / (2 - log(3.0)) * gradient / (1 + squares);
            share = fmax(-0.5, fmin(0.5, share));
        }
    }
    return 0;
}

struct way {
    const char *name;
    enum scores scores;
    enum bets bets;
    int stop;
};

static const struct way WAYS[] = {
    {"model.md's prototype", BY_MEDIAN, NORMAL_6, 0},
    {"  and nothing wasted above 20", BY_MEDIAN, NORMAL_6, 1},
    {"  and the chosen bets", BY_MEAN, CHOSEN_BETS, 1},
    {"Wilcoxon scores, chosen bets", WILCOXON, CHOSEN_BETS, 1},
    {"Savage scores, chosen bets", SAVAGE, CHOSEN_BETS, 1},
    {"chosen scores, N(0, 0.6^2)", CHOSEN_SCORE, NORMAL_6, 1},
    {"chosen scores, N(0, 1)", CHOSEN_SCORE, NORMAL_10, 1},
    {"chosen scores, +-0.8 alone", CHOSEN_SCORE, POINT_8, 1},
    {"chosen scores, 1/sqrt(t) bets", CHOSEN_SCORE, ROOT_TIME, 1},
    {"chosen scores, plugged in", CHOSEN_SCORE, PLUG_IN, 0},
    {"chosen scores, online Newton", CHOSEN_SCORE, NEWTON, 0},
    {"chosen scores, Kr.-Trofimov", CHOSEN_SCORE, TROFIMOV, 0},
    {"chosen, but overshooting", CHOSEN_SCORE, CHOSEN_BETS, 0},
    {"chosen", CHOSEN_SCORE, CHOSEN_BETS, 1},
};

#define WAY_COUNT (sizeof WAYS / sizeof WAYS[0])

static int way_finds(const struct way *way, const struct pairs *pairs)
{
    double d[MOST_PAIRS];

    if (way->scores == BY_MEDIAN || way->scores == BY_MEAN)
        log_differences(d, pairs, way->scores);
    else
        position_differences(d, pairs, way->scores);
    if (way->bets == PLUG_IN || way->bets == NEWTON || way->bets == TROFIMOV)
        return learner_finds(d, pairs, way->bets);
    return mixture_finds(d, pairs, way->bets, way->stop);
}

static void ways_table(size_t runs, unsigned long seed)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t found[WAY_COUNT][SCENE_COUNT] = {{0}};

    for (size_t s = 0; s < SCENE_COUNT; s++) {
        gsl_rng_set(rng, seed + s);
        for (size_t run = 0; run < runs; run++) {
            struct pairs pairs;

            draw_pairs(&pairs, &SCENES[s], rng);
            for (size_t w = 0; w < WAY_COUNT; w++)
                found[w][s] += (size_t)way_finds(&WAYS[w], &pairs);
        }
    }
    gsl_rng_free(rng);
    printf("\nOther ways, found, %% (80 posts where no other number stands before the name)\n%-30s",
           "");
    for (size_t s = 0; s < SCENE_COUNT; s++)
        printf(" %s%s", SCENES[s].name, s + 1 < SCENE_COUNT ? "," : "\n");
    for (size_t w = 0; w < WAY_COUNT; w++) {
        printf("%-30s", WAYS[w].name);
        for (size_t s = 0; s < SCENE_COUNT; s++)
            printf(" %5.1f", 100.0 * (double)found[w][s] / (double)runs);
        printf("\n");
    }
}

/* ---- long blocks ---- */

#define ACCOUNTS 14
#define LONG     22

/* Fourteen accounts with 22 posts each, 11 of them treated, levels far apart; spreads between posts
 * alike or not. */
static void draw_accounts(double *y, size_t *variant, gsl_rng *rng, double ratio, int alike)
{
    for (size_t b = 0; b < ACCOUNTS; b++) {
        double level = SIM_MEAN * exp(gsl_ran_gaussian(rng, 1.2));
        double size = alike ? 1.5 : 2.0 * exp(gsl_ran_gaussian(rng, 1.0));
        size_t labels[LONG];

        for (size_t i = 0; i < LONG; i++)
            labels[i] = i % 2;
        gsl_ran_shuffle(rng, labels, LONG, sizeof labels[0]);
        for (size_t i = 0; i < LONG; i++) {
            double mean = level * (labels[i] ? ratio : 1.0);

            variant[b * LONG + i] = labels[i];
            y[b * LONG + i] = gsl_ran_poisson(rng, gsl_ran_gamma(rng, size, mean / size));
        }
    }
}

/* 1 when the threshold is ever reached by scores ranked within each account, as the engine does it,
 * or among the residuals of all accounts so far. */
static int accounts_found(const double *y, const size_t *variant, int together)
{
    static double e[ACCOUNTS * LONG], z[LONG], ratio[LONG];
    double effect[ATOMS], up[2][ATOMS];
    size_t n = lay(effect, up[0], CHOSEN_BETS);

    memcpy(up[1], up[0], sizeof up[0]);
    for (size_t b = 0; b < ACCOUNTS; b++) {
        double mean = 0.0, sum = 0.0, wealth = 0.0;
        size_t first = together ? 0 : b * LONG, posts = (b + 1) * LONG - first;

        for (size_t i = 0; i < LONG; i++)
            mean += log(y[b * LONG + i] + 0.5) / LONG;
        for (size_t i = 0; i < LONG; i++)
            e[b * LONG + i] = log(y[b * LONG + i] + 0.5) - mean;
        for (size_t i = 0; i < LONG; i++) {
            double below = 0.0;

            for (size_t j = first; j < (b + 1) * LONG; j++)
                below += e[j] < e[b * LONG + i] ? 1.0 : e[j] > e[b * LONG + i] ? 0.0 : 0.5;
            z[i] = abp_guard_score((below + 0.25) / ((double)posts + 0.5));
            sum += variant[b * LONG + i] ? z[i] : 0.0;
        }
        for (size_t i = 0; i < 2 * n; i++) {
            double g = i % 2 ? -effect[i / 2] : effect[i / 2];

            up[i % 2][i / 2] *= exp(g * sum - abp_guard_log_average(z, LONG, LONG / 2, g, ratio));
            wealth += up[i % 2][i / 2];
        }
        if (wealth >= THRESHOLD)
            return 1;
    }
    return 0;
}

static void accounts_table(size_t runs, unsigned long seed)
{
    static const double ratios[] = {1.0, 1.25, 1.4, 1.6};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

    printf("\n14 accounts of 22 posts, one block each: found, %%\n%-44s", "");
    printf("no effect  x1.25   x1.4   x1.6\n");
    for (int alike = 1; alike >= 0; alike--) {
        size_t found[2][4] = {{0}};

        for (size_t r = 0; r < 4; r++) {
            gsl_rng_set(rng, seed + r);
            for (size_t run = 0; run < runs; run++) {
                double y[ACCOUNTS * LONG];
                size_t variant[ACCOUNTS * LONG];

                draw_accounts(y, variant, rng, ratios[r], alike);
                found[0][r] += (size_t)accounts_found(y, variant, 0);
                found[1][r] += (size_t)accounts_found(y, variant, 1);
            }
        }
        for (int together = 0; together < 2; together++) {
            printf("spreads %-9s ranked %-18s       ", alike ? "alike," : "unlike,",
                   together ? "with other accounts" : "within (chosen)");
            for (size_t r = 0; r < 4; r++)
                printf("   %5.1f", 100.0 * (double)found[together][r] / (double)runs);
            printf("\n");
        }
    }
    gsl_rng_free(rng);
}

int main(int argc, char **argv)
{
    size_t runs = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 2000;
    unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;

    guard_table(runs, seed);
    ways_table(runs, seed);
    accounts_table(runs / 4, seed);
    return 0;
}
