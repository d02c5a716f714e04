#include "guard_bets.h"

#include "guard_block.h"

#include <float.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

/* The sizes of effect that are bet on, half of the stake above the baseline and half below: from
 * EFFECT_LEAST up by EFFECT_RATIO each, in units of the spread between posts; most of the stake
 * lies near EFFECT_MODE, exp(-(log(g / mode) / EFFECT_SPREAD)^2 / 2). */
#define EFFECT_LEAST  0.1
#define EFFECT_RATIO  1.25
#define EFFECT_MODE   0.8
#define EFFECT_SPREAD 0.6

#define END_SHARE     (2.0 / 3.0) /* of the stake, on the end of the plan where there is one */
#define LAST_PART     0.3         /* of the plan: from here on everything is staked on its end */
#define PRIOR_BLOCKS  5.0         /* what the expected variance of a block counts for */
#define STEEPEST      3.0         /* bet on a long block */
#define MOST_HALVINGS 40          /* draws ahead from which on they make no difference */

/* One stake after a draw: had it fallen as it did, and the other way. */
struct outcome {
    double drawn, other;
};

void abp_guard_bets_open(struct abp_guard_bets *bets, double threshold, size_t planned)
{
    double size = EFFECT_LEAST, total = 0.0;

    *bets = (struct abp_guard_bets){.e_value = 1.0, .threshold = threshold, .planned = planned};
    for (size_t i = 0; i < ABP_GUARD_SIZES; i++, size *= EFFECT_RATIO) {
        double off = log(size / EFFECT_MODE) / EFFECT_SPREAD;

        bets->effect[2 * i] = size;
        bets->effect[2 * i + 1] = -size;
        bets->log_open[2 * i] = bets->log_open[2 * i + 1] = -0.5 * off * off;
        total += 2.0 * exp(-0.5 * off * off);
    }
    for (size_t i = 0; i < ABP_GUARD_EFFECTS; i++)
        bets->log_open[i] -= log(total);
    if (planned > 0) {
        bets->up = bets->down = 0.5 * END_SHARE;
        bets->log_share = log(1.0 - END_SHARE);
    }
}

/* log(sum exp): of the stakes on one sign (+1, -1), or of all (0). */
static double log_total(const struct abp_guard_bets *bets, const double *log_wealth, int sign)
{
    double top = -INFINITY, sum = 0.0;

    for (size_t i = 0; i < ABP_GUARD_EFFECTS; i++)
        if (sign * bets->effect[i] >= 0)
            top = fmax(top, log_wealth[i]);
    for (size_t i = 0; i < ABP_GUARD_EFFECTS; i++)
        if (sign * bets->effect[i] >= 0)
            sum += exp(log_wealth[i] - top);
    return top + log(sum);
}

static double finite_exp(double x)
{
    return x < log(DBL_MAX) ? exp(x) : DBL_MAX;
}

double abp_guard_bets_open_e_value(const struct abp_guard_bets *bets)
{
    return finite_exp(log_total(bets, bets->log_open, 0));
}

/* What the guard holds on one side: of the open stakes, and on the end of the plan. */
static double side_total(const struct abp_guard_bets *bets, int sign)
{
    return finite_exp(bets->log_share + log_total(bets, bets->log_open, sign));
}

int abp_guard_bets_direction(const struct abp_guard_bets *bets)
{
    double up = side_total(bets, 1) + bets->up, down = side_total(bets, -1) + bets->down;

    return up > down ? 1 : up < down ? -1 : 0;
}

void abp_guard_bets_block(struct abp_guard_bets *bets, size_t number, size_t steps, double variance,
                          double expected)
{
    size_t blocks = bets->planned > number + 1 ? bets->planned - number - 1 : 0;
    double mean;

    bets->variance_seen += variance;
    bets->seen++;
    mean = (bets->variance_seen + PRIOR_BLOCKS * expected) / ((double)bets->seen + PRIOR_BLOCKS);
    bets->ahead = blocks + steps;
    bets->variance_ahead = (double)blocks * mean + variance;
    if (bets->planned == 0 || bets->crossed ||
        (double)(blocks + 1) > LAST_PART * (double)bets->planned)
        return;
    bets->up += side_total(bets, 1);
    bets->down += side_total(bets, -1);
    bets->log_share = -INFINITY;
}

/* ---- the end of the plan ---- */

/* The last draws can only be told apart by halving: a stake that is no multiple of the threshold
 * over 2^ahead has a part that can't reach it any more. So the better draw's stake is taken to the
 * nearest multiple that can be paid, or left alone where there is none. */
static double on_a_rung(double better, double stake, double most, double threshold, size_t ahead)
{
    double rung = ldexp(threshold, -(int)ahead), wanted = floor(better / rung + 0.5) * rung;

    if (wanted > most)
        wanted = floor(most / rung) * rung;
    return wanted < stake ? stake : wanted;
}

/* Of two draws: each is paid in proportion to the chance that, after it, the sum at the end of the
 * plan lies where a stake of the whole threshold is won. */
static struct outcome end_of_two(const struct abp_guard_bets *bets,
                                 const struct abp_guard_draw *draw, double stake, int sign)
{
    double y = gsl_cdf_ugaussian_Pinv(stake / bets->threshold) * sqrt(bets->variance_ahead);
    double left = sqrt(fmax(bets->variance_ahead - draw->variance, 0.0));
    double drawn = (y + sign * draw->score) / left, other = (y + sign * draw->other) / left;
    int drawn_better = sign * draw->score > sign * draw->other;
    double chance = drawn_better ? draw->chance : 1.0 - draw->chance, better, worse, most;

    if (bets->ahead == 0 || !(left > 0)) {
        better = 1.0, worse = 0.0;
    } else {
        better = gsl_cdf_ugaussian_P(drawn_better ? drawn : other);
        worse = gsl_cdf_ugaussian_P(drawn_better ? other : drawn);
    }
    if (!(better > 0))
        return (struct outcome){stake, stake};
    most = fmin(bets->threshold, stake / chance);
    better = fmin(most, stake * better / (chance * better + (1.0 - chance) * worse));
    if ((draw->chance == 0.5 && bets->ahead <= MOST_HALVINGS) || bets->ahead == 0)
        better = on_a_rung(better, stake, most, bets->threshold, bets->ahead);
    worse = fmax(0.0, (stake - chance * better) / (1.0 - chance));
    return drawn_better ? (struct outcome){better, worse} : (struct outcome){worse, better};
}

/* The same for a block of many draws, by the exponential bet of the same slope. */
static double end_of_many(const struct abp_guard_bets *bets, const struct abp_guard_draw *draw,
                          double stake, int sign)
{
    double p = stake / bets->threshold, y = gsl_cdf_ugaussian_Pinv(p);
    double g = sign * fmin(STEEPEST, gsl_ran_ugaussian_pdf(y) / p / sqrt(bets->variance_ahead));

    return stake *
           exp(g * draw->score - abp_guard_log_average(draw->z, draw->m, draw->k, g, draw->ratio));
}

static struct outcome end_step(const struct abp_guard_bets *bets, const struct abp_guard_draw *draw,
                               double stake, int sign)
{
    double drawn;

    if (!(stake > DBL_MIN) || stake >= bets->threshold)
        return (struct outcome){stake, stake};
    if (draw->chance > 0)
        return end_of_two(bets, draw, stake, sign);
    drawn = end_of_many(bets, draw, stake, sign);
    return (struct outcome){drawn, drawn};
}

/* ---- all stakes ---- */

/* Moves the open stakes; other: their logs had the other of two draws happened. */
static void open_step(struct abp_guard_bets *bets, double *other, const struct abp_guard_draw *draw)
{
    for (size_t i = 0; i < ABP_GUARD_EFFECTS; i++) {
        double g = bets->effect[i], average, a = g * draw->score, b = 0.0;

        if (draw->chance > 0) {
            double top;

            a += g * g * draw->curve;
            b = g * draw->other + g * g * draw->other_curve;
            top = fmax(a, b);
            average = top + log(draw->chance * exp(a - top) + (1 - draw->chance) * exp(b - top));
        } else {
            average = abp_guard_log_average(draw->z, draw->m, draw->k, g, draw->ratio);
        }
        other[i] = bets->log_open[i] + b - average;
        bets->log_open[i] += a - average;
    }
}

/* Overshoot (see the header): what the wealth becomes so that the better of two draws ends at the
 * threshold, not above. */
static double stopped(const struct abp_guard_bets *bets, const struct abp_guard_draw *draw,
                      double drawn, double other)
{
    double c = bets->threshold, p = draw->chance, before = p * drawn + (1 - p) * other;

    if (!(p > 0) || before >= c || fmax(drawn, other) <= c)
        return drawn;
    return drawn > c ? c : fmax(0.0, (before - (1 - p) * c) / p);
}

void abp_guard_bets_draw(struct abp_guard_bets *bets, const struct abp_guard_draw *draw)
{
    double unlike[ABP_GUARD_EFFECTS], open, e_value;
    struct outcome up, down;

    bets->ahead -= bets->ahead > 0;
    if (!(draw->variance > 0))
        return;
    up = end_step(bets, draw, bets->up, 1);
    down = end_step(bets, draw, bets->down, -1);
    open_step(bets, unlike, draw);
    open = finite_exp(bets->log_share + log_total(bets, bets->log_open, 0));
    e_value = open + up.drawn + down.drawn;
    if (!bets->crossed) {
        double other =
            finite_exp(bets->log_share + log_total(bets, unlike, 0)) + up.other + down.other;
        double wanted = stopped(bets, draw, e_value, other);
        double scale = e_value > 0 ? wanted / e_value : 1.0;

        up.drawn *= scale;
        down.drawn *= scale;
        bets->log_share += log(scale);
        e_value = wanted;
    }
    bets->up = up.drawn;
    bets->down = down.drawn;
    bets->variance_ahead = fmax(0.0, bets->variance_ahead - draw->variance);
    bets->e_value = fmin(e_value, DBL_MAX);
    if (bets->crossed || e_value < bets->threshold)
        return;
    /* From here on it follows the open stakes: what ends with the plan has done its work. */
    bets->crossed = 1;
    bets->log_share = log(bets->e_value) - log_total(bets, bets->log_open, 0);
    bets->up = bets->down = 0.0;
}
