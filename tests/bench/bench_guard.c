/* What the guard finds and how often it cries wolf, and what else was tried: the tables in
 * abpost/guard.h are this program's.
 *
 *     bench_guard [RUNS [SEED]]     (2000 runs and seed 1; a few minutes) */
#include "../unit/guard_simulation.h"
#include "stats/guard_block.h"
#include "stats/guard_score.h"

#include <gsl/gsl_cdf.h>
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
    printf("%-28s %24s   %s\n", "", "told that 40 blocks come", "not told");
    printf("%-28s %10s %6s %6s   %9s %6s %6s\n", "generator", "no effect", "x1.6", "x2",
           "no effect", "x1.6", "x2");
    for (size_t g = 0; g < SIM_COUNT; g++) {
        printf("%-28s", SIM_GENERATORS[g].name);
        for (size_t c = 0; c < 6; c++)
            printf(c == 0   ? " %10.1f"
                   : c == 3 ? "   %9.1f"
                            : " %6.1f",
                   100 * sim_alarms(&SIM_GENERATORS[g], ratios[c % 3], runs, THRESHOLD,
                                    c < 3 ? SIM_PAIRS : 0, seed + c % 3));
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
    {"NB1.5 x1.6", 2, 1.6, 40},      {"NB1.5 x2", 2, 2.0, 40},
    {"logn.7 x1.6", 4, 1.6, 40},     {"logn.7 x2", 4, 2.0, 40},
    {"autoc x1.6", 7, 1.6, 40},      {"t3 x2", 6, 2.0, 40},
    {"NB.7 x2", 1, 2.0, 40},         {"logn1.6 x3", 5, 3.0, 40},
    {"trend x1.6", 8, 1.6, 40},      {"30p NB1.5 x3", 2, 3.0, 15},
    {"24p logn.7 x2.5", 4, 2.5, 12}, {"320p NB1.5 x1.3", 2, 1.3, 160},
    {"320p NB1.5 x2", 2, 2.0, 160},
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

/* ---- the planned end ---- */

/* What the engine would do with the pairs: 1 when it finds. *when: the block, or how many there
 * are. planned 0: it is not told. */
static int engine_finds(const struct pairs *pairs, size_t planned, size_t *when)
{
    static double exposure[MOST_POSTS];
    static size_t variant[MOST_POSTS];
    static int64_t block[MOST_POSTS];
    struct abp_guard_input in = {.outcome = pairs->outcome,
                                 .exposure = exposure,
                                 .variant = variant,
                                 .block = block,
                                 .variants = 2,
                                 .threshold = THRESHOLD,
                                 .planned_blocks = planned};
    struct abp_guard_output out[2];

    for (size_t i = 0; i < 2 * pairs->count; i++) {
        exposure[i] = 1.0;
        block[i] = (int64_t)(i / 2);
        variant[i] = (pairs->sign[i / 2] > 0) == (i % 2 == 0);
    }
    *when = pairs->count;
    in.posts = 2 * pairs->count;
    if (abp_guard(out, &in, NULL) || out[1].max_e_value < THRESHOLD)
        return 0;
    for (size_t low = 0; low < *when;) { /* the first look that sees it, by halving */
        size_t middle = (low + *when) / 2;

        in.posts = 2 * middle;
        if (!abp_guard(out, &in, NULL) && out[1].max_e_value >= THRESHOLD)
            *when = middle;
        else
            low = middle + 1;
    }
    return 1;
}

/* A permutation test looked at once, at the end: the same scores, ranked among all posts, against
 * 999 other draws of the labels. */
static int fixed_finds(const struct pairs *pairs, gsl_rng *rng)
{
    double z[2 * MOST_PAIRS], d[MOST_PAIRS], sum = 0.0;
    size_t n = 2 * pairs->count, as_large = 1;

    for (size_t i = 0; i < n; i++) {
        double below = 0.25;

        for (size_t j = 0; j < n; j++)
            below += pairs->outcome[j] < pairs->outcome[i]    ? 1.0
                     : pairs->outcome[j] == pairs->outcome[i] ? 0.5
                                                              : 0.0;
        z[i] = abp_guard_score(below / ((double)n + 0.5));
    }
    for (size_t t = 0; t < pairs->count; t++) {
        d[t] = z[2 * t] - z[2 * t + 1];
        sum += pairs->sign[t] * d[t];
    }
    for (size_t draw = 0; draw < 999; draw++) {
        double other = 0.0;
        unsigned long bits = 0;

        for (size_t t = 0; t < pairs->count; t++, bits >>= 1) {
            bits = t % 31 == 0 ? gsl_rng_get(rng) : bits;
            other += bits & 1 ? d[t] : -d[t];
        }
        as_large += fabs(other) >= fabs(sum) - 1e-9;
    }
    return as_large <= 50;
}

/* The engine's bets on the end, with other constants. */
struct end_way {
    const char *name;
    double share; /* of the stake, on the end */
    double last;  /* part of the plan in which all is staked on it */
    int rungs;    /* 1: the last draws are counted by halves */
};

static const struct end_way END_WAYS[] = {
    {"all on the end", 1.0, 0.3, 1},
    {"one third on the end", 1.0 / 3, 0.3, 1},
    {"no part for the end alone", 2.0 / 3, 0.0, 1},
    {"half of the plan for it", 2.0 / 3, 0.5, 1},
    {"no rungs", 2.0 / 3, 0.3, 0},
    {"all on the end, no rungs", 1.0, 0.3, 0},
    {"chosen", 2.0 / 3, 0.3, 1},
};

#define END_WAY_COUNT (sizeof END_WAYS / sizeof END_WAYS[0])

/* The better draw's stake on one side of the end. */
static double end_better(double stake, double half, double left, size_t ahead, int rungs)
{
    double y = gsl_cdf_ugaussian_Pinv(stake / THRESHOLD) * sqrt(left + half * half), hi, lo, better;
    double most = fmin(THRESHOLD, 2 * stake), rung = ldexp(THRESHOLD, -(int)ahead);

    hi = ahead ? gsl_cdf_ugaussian_P((y + half) / sqrt(left)) : 1.0;
    lo = ahead ? gsl_cdf_ugaussian_P((y - half) / sqrt(left)) : 0.0;
    better = hi + lo > 0 ? fmin(most, 2 * stake * hi / (hi + lo)) : stake;
    if (rungs && ahead <= 40) {
        better = floor(better / rung + 0.5) * rung;
        better = better > most ? floor(most / rung) * rung : better;
    }
    return fmax(stake, better);
}

struct end_stakes {
    double effect[ATOMS], up[ATOMS], down[ATOMS]; /* on sizes of effect */
    double share;                                 /* of those that is held */
    double end[2];                                /* on the end, up and down */
    size_t effects;
};

static double end_total(const struct end_stakes *s)
{
    double total = 0.0;

    for (size_t i = 0; i < s->effects; i++)
        total += s->share * (s->up[i] + s->down[i]);
    return total + s->end[0] + s->end[1];
}

static void end_move_all(struct end_stakes *s)
{
    for (size_t i = 0; i < s->effects; i++) {
        s->end[0] += s->share * s->up[i];
        s->end[1] += s->share * s->down[i];
        s->up[i] = s->down[i] = 0.0;
    }
}

/* One pair: half of its difference, up (first) or down. */
static void end_pair(struct end_stakes *s, double half, int first, double left, size_t ahead,
                     int rungs)
{
    for (size_t i = 0; i < s->effects; i++) {
        double f = tanh(s->effect[i] * half) * (first ? 1 : -1);

        s->up[i] *= 1 + f;
        s->down[i] *= 1 - f;
    }
    for (int side = 0; side < 2 && half > 0; side++) {
        double stake = s->end[side], better = stake;

        if (stake > 1e-300 && stake < THRESHOLD)
            better = end_better(stake, half, left, ahead, rungs);
        s->end[side] = first == (side == 0) ? better : 2 * stake - better;
    }
}

/* The block after which the threshold is reached; 0: it never is. */
static size_t end_finds(const struct end_way *way, const double *d, const struct pairs *pairs)
{
    struct end_stakes s = {.share = 1 - way->share, .end = {0.5 * way->share, 0.5 * way->share}};
    double squares = 0.0;

    s.effects = lay(s.effect, s.up, CHOSEN_BETS);
    memcpy(s.down, s.up, sizeof s.up);
    for (size_t t = 0; t < pairs->count; t++) {
        size_t ahead = pairs->count - t - 1;
        double half = 0.5 * fabs(d[t]), before, after, wanted;

        squares += half * half;
        if ((double)(ahead + 1) <= way->last * (double)pairs->count)
            end_move_all(&s);
        before = end_total(&s);
        end_pair(&s, half, d[t] * pairs->sign[t] >= 0,
                 (double)ahead * (squares + 2.5) / (double)(t + 6), ahead, way->rungs);
        after = wanted = end_total(&s);
        if (fmax(after, 2 * before - after) > THRESHOLD)
            wanted = after > THRESHOLD ? THRESHOLD : 2 * before - THRESHOLD;
        if (wanted >= THRESHOLD)
            return t + 1;
        if (!(after > 0))
            return 0;
        s.share *= wanted / after;
        s.end[0] *= wanted / after;
        s.end[1] *= wanted / after;
    }
    return 0;
}

static void end_scene(double *found, double *when, const struct scene *scene, size_t runs,
                      gsl_rng *rng)
{
    for (size_t run = 0; run < runs; run++) {
        struct pairs pairs;
        double d[MOST_PAIRS];
        size_t block;

        draw_pairs(&pairs, scene, rng);
        for (size_t told = 0; told < 2; told++) {
            found[told] += engine_finds(&pairs, told * pairs.count, &block);
            when[told] += (double)block;
        }
        found[2] += fixed_finds(&pairs, rng);
        position_differences(d, &pairs, CHOSEN_SCORE);
        when[2] += (double)pairs.count;
        for (size_t w = 0; w < END_WAY_COUNT; w++) {
            block = end_finds(&END_WAYS[w], d, &pairs);
            found[3 + w] += block > 0;
            when[3 + w] += (double)(block ? block : pairs.count);
        }
    }
}

static void end_table(size_t runs, unsigned long seed)
{
    static double found[SCENE_COUNT][3 + END_WAY_COUNT], when[SCENE_COUNT][3 + END_WAY_COUNT];
    static const char *const first[] = {"the guard, not told the end", "the guard, told the end",
                                        "a permutation test, once"};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

    printf("\nThe planned end, found, %%\n%-30s", "");
    for (size_t s = 0; s < SCENE_COUNT; s++) {
        gsl_rng_set(rng, seed + s);
        end_scene(found[s], when[s], &SCENES[s], runs, rng);
        printf(" %s%s", SCENES[s].name, s + 1 < SCENE_COUNT ? "," : "\n");
    }
    gsl_rng_free(rng);
    printf("(from the fourth row on: told the end, and betting from the first block on)\n");
    for (size_t row = 0; row < 2 * (3 + END_WAY_COUNT); row++) {
        size_t w = row % (3 + END_WAY_COUNT);

        if (row == 3 + END_WAY_COUNT)
            printf("Blocks until found, all of them where it is not:\n");
        printf("%-30s", w < 3 ? first[w] : END_WAYS[w - 3].name);
        for (size_t s = 0; s < SCENE_COUNT; s++)
            printf(" %5.1f", (row == w ? 100.0 * found[s][w] : when[s][w]) / (double)runs);
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

/* ---- slots ---- */

#define TIMES 7

/* 80 posts, each at one of seven times of the week whose levels differ by `spread`: found by the
 * guard that is told of the times, and not told of them. */
static void slot_scene(size_t found[2], double ratio, double spread, size_t runs, gsl_rng *rng)
{
    for (size_t run = 0; run < runs; run++) {
        struct sim_data data;
        struct abp_guard_input in;
        size_t slot[SIM_POSTS];
        double level[TIMES];

        sim_draw(&data, &SIM_GENERATORS[4], rng, ratio);
        for (size_t s = 0; s < TIMES; s++)
            level[s] = gsl_ran_gaussian(rng, spread);
        for (size_t i = 0; i < SIM_POSTS; i++) {
            slot[i] = i % TIMES;
            data.outcome[i] *= exp(level[slot[i]]);
        }
        in = sim_input(&data, THRESHOLD, SIM_PAIRS);
        in.slots = TIMES;
        for (size_t told = 0; told < 2; told++) {
            struct abp_guard_output out[2];

            in.slot = told ? slot : NULL;
            found[told] += !abp_guard(out, &in, NULL) && out[1].max_e_value >= THRESHOLD;
        }
    }
}

static void slot_table(size_t runs, unsigned long seed)
{
    static const double ratios[] = {1.0, 1.4, 1.6}, spreads[] = {0.0, 0.5, 1.0};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

    printf(
        "\nSeven times of the week, lognormal sd 0.7, 80 posts, told that 40 blocks come: found, "
        "%%\n%-44sno effect   x1.4   x1.6\n",
        "");
    for (size_t s = 0; s < 3; s++) {
        size_t found[3][2] = {{0}};

        for (size_t r = 0; r < 3; r++) {
            gsl_rng_set(rng, seed + r);
            slot_scene(found[r], ratios[r], spreads[s], runs, rng);
        }
        for (size_t told = 0; told < 2; told++) {
            printf("levels differ by sd %.1f, %-20s", spreads[s], told ? "told" : "not told");
            for (size_t r = 0; r < 3; r++)
                printf("   %5.1f", 100.0 * (double)found[r][told] / (double)runs);
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
    end_table(runs, seed);
    ways_table(runs, seed);
    accounts_table(runs / 4, seed);
    slot_table(runs, seed);
    return 0;
}
