#include "stats/draws.h"

#include "abpost/psis.h"
#include "stats/special.h"

#include <gsl/gsl_qrng.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Narrow draws: those that have no weight, those that have one at most and at least. */
#define DRAWS_REST 8192
#define DRAWS_MOST 65536
#define PILOT      1024
/* They come by so many: quasi-random sequences are even at multiples of a power of 2. */
#define RUN 512
/* Cells and terms that all weighed draws together look at, more or less, but for so many draws. */
#define WORK_MOST   ((size_t)1 << 27)
#define DRAWS_FLOOR 4096

/* The Monte Carlo error of a probability near 1/2 that is aimed at, in absolute terms. */
#define AIM 0.0014

/* The weights' own mean is less delicate than what they weigh: below a k-hat of 1 it exists, and
 * with so many effective draws its logarithm is within a few hundredths. */
#define EVIDENCE_KHAT 0.95
#define EVIDENCE_ESS  500.0

/* Most coordinates that are quasi-random: gsl_qrng_sobol has 40. */
#define QUASI_MOST 40

/* Streams: 0 the wide draws, 1 the slots, 2 + c channel c. */
gsl_rng *stats_stream(uint64_t seed, uint64_t number)
{
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
    uint64_t x = seed * 0x9E3779B97F4A7C15u + number * 0xD1B54A32D192ED03u + 1;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    if (rng)
        gsl_rng_set(rng, (unsigned long)((x ^ (x >> 31)) & 0xFFFFFFFFu));
    return rng;
}

const struct stats_field *stats_draw_field(const struct stats_draws *draws, size_t i)
{
    return &draws->points->list[draws->point[i]].field;
}

const struct stats_scales *stats_draw_scales(const struct stats_draws *draws, size_t i)
{
    return draws->scales ? &draws->scales[i] : &stats_draw_field(draws, i)->scales;
}

static int is_wide(const struct stats_draws *draws, size_t i)
{
    return i < draws->weighed && i % STATS_WIDE_EVERY == STATS_WIDE_EVERY - 1;
}

double stats_draw_width(const struct stats_draws *draws, size_t i)
{
    return is_wide(draws, i) ? draws->wide : 1.0;
}

/* ---- the core: which point, mu and theta ---- */

/* Where the draws of the core stand. */
struct core {
    gsl_qrng *sobol;          /* owned; of the narrow; which point is one more coordinate */
    gsl_rng *rng;             /* owned; of the wide */
    size_t quasi;             /* coordinates that are quasi-random */
    double shift[QUASI_MOST]; /* of those, a seed's own (Cranley & Patterson 1976) */
    double *ends;             /* owned; points: the cumulated shares */
    double *normals;          /* owned; as many as the core has terms */
    size_t drawn;
};

static void core_release(struct core *core)
{
    if (core->sobol)
        gsl_qrng_free(core->sobol);
    gsl_rng_free(core->rng);
    free(core->ends);
    free(core->normals);
    memset(core, 0, sizeof *core);
}

static int core_init(struct core *core, const struct stats_draws *draws, struct abp_error *err)
{
    const struct stats_latent *latent = draws->latent;
    size_t terms = latent->globals - latent->at_mu, points = draws->points->count;
    double sum = 0.0;
    memset(core, 0, sizeof *core);
    core->quasi = terms > QUASI_MOST ? QUASI_MOST : terms;
    core->sobol = gsl_qrng_alloc(gsl_qrng_sobol, (unsigned)core->quasi);
    core->rng = stats_stream(draws->seed, 0);
    core->ends = calloc(points, sizeof *core->ends);
    core->normals = malloc(terms * sizeof *core->normals);
    if (!core->sobol || !core->rng || !core->ends || !core->normals) {
        core_release(core);
        return abp_fail_memory(err);
    }
    for (size_t p = 0; p < points; p++)
        core->ends[p] = sum += draws->points->list[p].share;
    for (size_t k = 0; k < core->quasi; k++)
        core->shift[k] = gsl_rng_uniform(core->rng);
    return 0;
}

/* x in [0, 2) without its whole part, kept off 0 and 1. */
static double fraction(double x)
{
    x -= x < 1.0 ? 0.0 : 1.0;
    return x < 1e-12 ? 1e-12 : x > 1.0 - 1e-12 ? 1.0 - 1e-12 : x;
}

static void core_normals(struct core *core, size_t terms, int wide)
{
    double u[QUASI_MOST];
    size_t quasi = wide ? 0 : core->quasi;
    if (!wide)
        gsl_qrng_get(core->sobol, u);
    for (size_t k = 0; k < quasi; k++) /* the first coordinates are the evenest: from the last on */
        core->normals[terms - 1 - k] = stats_normal_quantile(fraction(u[k] + core->shift[k]));
    for (size_t k = quasi; k < terms; k++)
        core->normals[terms - 1 - k] = gsl_ran_gaussian_ziggurat(core->rng, 1.0);
}

/* Draws a run, on to before draw `to`. Of the weighed, log_ratio and radius begin. */
static void draw_core(struct stats_draws *draws, struct core *core, size_t to)
{
    const struct stats_latent *latent = draws->latent;
    size_t m = latent->globals, terms = m - latent->at_mu, from = core->drawn, p = 0;
    size_t last = draws->points->count - 1;
    double first = gsl_rng_uniform(core->rng), before = 0.0;
    for (size_t i = from; i < to; i++) {
        double which = first + (double)(i - from) / (double)(to - from);
        double width = stats_draw_width(draws, i), radius = 0.0;
        which = core->ends[last] * (which < 1.0 ? which : which - 1.0);
        for (p = which < before ? 0 : p; p < last && core->ends[p] <= which;)
            p++;
        before = which;
        const struct stats_field *field = &draws->points->list[p].field;
        core_normals(core, terms, is_wide(draws, i));
        for (size_t k = 0; k < terms; k++) {
            core->normals[k] *= width;
            radius += core->normals[k] * core->normals[k];
        }
        draws->point[i] = (uint32_t)p;
        double ratio = stats_field_draw_core(field, latent, core->normals, draws->globals + i * m);
        if (i < draws->weighed) {
            draws->radius[i] = radius;
            draws->log_ratio[i] = ratio;
        }
    }
    core->drawn = to;
}

/* ---- the slots ---- */

/* Draws the slots' terms on to before draw `to`. */
static int draw_slots(struct stats_draws *draws, size_t to, struct abp_error *err)
{
    const struct stats_latent *latent = draws->latent;
    size_t slots = latent->at_mu;
    if (slots == 0 || draws->whole >= to)
        return 0;
    double *own = calloc(2 * slots, sizeof *own), *normals = own + slots;
    if (!own)
        return abp_fail_memory(err);
    for (size_t i = draws->whole; i < to; i++) { /* in pairs of opposite sign */
        double width = stats_draw_width(draws, i), radius = 0.0;
        for (size_t k = 0; k < slots; k++) {
            own[k] = i % 2 ? -own[k] : gsl_ran_gaussian_ziggurat(draws->slot_rng, 1.0);
            normals[k] = width * own[k];
            radius += normals[k] * normals[k];
        }
        double ratio = stats_field_draw_slots(stats_draw_field(draws, i), latent, normals,
                                              draws->globals + i * latent->globals);
        if (i < draws->weighed) {
            draws->radius[i] += radius;
            draws->log_ratio[i] += ratio;
        }
    }
    draws->whole = to;
    free(own);
    return 0;
}

int stats_draws_complete(struct stats_draws *draws, struct abp_error *err)
{
    return draws->scales ? 0 : draw_slots(draws, draws->count, err);
}

/* ---- weights ---- */

/* How many times as wide: twice in 4 dimensions, less in more, where the two would no longer
 * overlap. */
static double wide_sd(double dimensions)
{
    return 1.0 + 2.0 / sqrt(dimensions);
}

/* log of the whole mixture's density over the narrow Gaussian's, at a squared distance from the
 * centre. log_wide: of the wide Gaussian's normalisation and share. */
static double mixture_log_ratio(double radius, double sd, double log_wide)
{
    double wide = 0.5 * radius * (1.0 - 1.0 / (sd * sd)) + log_wide;
    return wide > 700.0 ? wide : log(1.0 - 1.0 / STATS_WIDE_EVERY + exp(wide));
}

/* The likelihood of draw i and, with channel terms (u, b), their prior less their proposal. */
static double weigh_draw(const struct stats_draws *draws, size_t i, const struct stats_walk *walk,
                         const double *u, const double *b)
{
    const struct stats_latent *latent = draws->latent;
    const struct stats_field *field = stats_draw_field(draws, i);
    const double *globals = draws->globals + i * latent->globals;
    size_t K = latent->design->variants;
    double sum = stats_draw_likelihood(field, latent, globals, walk ? u : NULL, walk ? b : NULL);
    for (size_t c = 0; walk && c < latent->design->channels; c++)
        sum +=
            stats_field_channel_ratio(field, latent, c, walk->used + c * (1 + K), u[c], b + c * K);
    return sum;
}

/* Weighs draws from `from` on to the last of the weighed. walk: of all channels, or NULL. */
static int weigh(struct stats_draws *draws, struct stats_walk *walk, size_t from,
                 struct abp_error *err)
{
    const struct stats_design *d = draws->latent->design;
    size_t each = 1 + d->variants, numbers = d->channels * each;
    double *own = malloc(numbers * sizeof *own);
    if (!own)
        return abp_fail_memory(err);
    double log_wide = -(double)draws->latent->size * log(draws->wide) - log(STATS_WIDE_EVERY);
    for (size_t i = from; i < draws->weighed; i++) {
        const struct stats_field *field = stats_draw_field(draws, i);
        double *u = draws->terms ? draws->terms + i * numbers : own, *b = u + d->channels;
        if (walk)
            stats_walk_step(walk, u, b, 1);
        for (size_t k = 0; walk && k < numbers; k++)
            draws->radius[i] += walk->used[k] * walk->used[k];
        double mixture = mixture_log_ratio(draws->radius[i], draws->wide, log_wide);
        draws->narrow[i] = exp(-mixture);
        draws->log_ratio[i] += weigh_draw(draws, i, walk, u, b) +
                               field->scales.dispersion.constant - field->log_marginal - mixture;
        if (isnan(draws->log_ratio[i]))
            draws->log_ratio[i] = -INFINITY;
    }
    free(own);
    return 0;
}

/* Fills weight of the weighed with r_i (see the header). */
static void narrow_weights(struct stats_draws *draws)
{
    double sum = 0.0;
    for (size_t i = 0; i < draws->weighed; i++)
        sum += draws->narrow[i];
    for (size_t i = 0; i < draws->weighed; i++)
        draws->weight[i] = draws->narrow[i] / sum;
}

/* Draws that are weighed at most: each looks at all cells and terms. */
static size_t draws_most(const struct stats_latent *latent)
{
    size_t work = latent->size + latent->design->cell_count, most = DRAWS_MOST;
    while (most > DRAWS_FLOOR && most > WORK_MOST / work)
        most /= 2;
    return most;
}

/* Narrow draws to weigh for AIM, from the spread of w - r so far: the error of a mean of f - 1/2,
 * f 0 or 1, that is weighted by it. */
static size_t draws_needed(struct stats_draws *draws, size_t most)
{
    double top = -INFINITY, sum = 0.0, squares = 0.0, n = (double)draws->weighed;
    size_t need = PILOT;
    narrow_weights(draws);
    for (size_t i = 0; i < draws->weighed; i++)
        top = fmax(top, draws->log_ratio[i]);
    for (size_t i = 0; i < draws->weighed; i++)
        sum += exp(draws->log_ratio[i] - top);
    for (size_t i = 0; i < draws->weighed; i++) {
        double off = n * (exp(draws->log_ratio[i] - top) / sum - draws->weight[i]);
        squares += off * off;
    }
    while (need < most && (double)need < squares / n * 0.25 / (AIM * AIM))
        need += RUN;
    return need;
}

/* Smooths the ratios and turns them into one weight a draw. */
static int set_weights(struct stats_draws *draws, struct abp_error *err)
{
    size_t n = draws->weighed;
    double each = 1.0 / (double)(draws->count - n);
    double *smooth = malloc(n * sizeof *smooth);
    if (!smooth)
        return abp_fail_memory(err);
    memcpy(smooth, draws->log_ratio, n * sizeof *smooth);
    int rc = abp_psis(smooth, n, &draws->khat, &draws->ess, err);
    draws->log_evidence = NAN;
    if (rc == 0 && draws->khat <= EVIDENCE_KHAT && draws->ess >= EVIDENCE_ESS)
        draws->log_evidence =
            draws->points->log_total + stats_logsumexp(draws->log_ratio, n) - log((double)n);
    narrow_weights(draws);
    for (size_t i = 0; rc == 0 && i < draws->count; i++)
        draws->weight[i] = i < n ? exp(smooth[i]) - draws->weight[i] : each;
    free(smooth);
    return rc;
}

/* ---- all together ---- */

static size_t with_wide(size_t narrow)
{
    size_t all = narrow + narrow / (STATS_WIDE_EVERY - 1);
    return all - all % (2 * STATS_WIDE_EVERY); /* whole turns, and pairs of opposite sign */
}

/* Makes room for so many draws, of which so many are weighed, and keeps those that are there. */
static int resize(struct stats_draws *draws, size_t count, size_t weighed, struct abp_error *err)
{
    size_t m = draws->latent->globals;
    uint32_t *point = realloc(draws->point, count * sizeof *point);
    draws->point = point ? point : draws->point;
    double *globals = realloc(draws->globals, count * m * sizeof *globals);
    draws->globals = globals ? globals : draws->globals;
    double *weight = realloc(draws->weight, count * sizeof *weight);
    draws->weight = weight ? weight : draws->weight;
    double *radius = realloc(draws->radius, weighed * sizeof *radius);
    draws->radius = radius ? radius : draws->radius;
    double *narrow = realloc(draws->narrow, weighed * sizeof *narrow);
    draws->narrow = narrow ? narrow : draws->narrow;
    double *log_ratio = realloc(draws->log_ratio, weighed * sizeof *log_ratio);
    draws->log_ratio = log_ratio ? log_ratio : draws->log_ratio;
    if (!point || !globals || !weight || !radius || !narrow || !log_ratio)
        return abp_fail_memory(err);
    draws->count = count;
    return 0;
}

/* Makes room for the terms of the weighed, while memory allows. */
static int resize_terms(struct stats_draws *draws, struct abp_error *err)
{
    const struct stats_design *d = draws->latent->design;
    size_t numbers = draws->weighed * d->channels * (1 + d->variants);
    if (numbers > STATS_TERMS_MOST) {
        free(draws->terms);
        draws->terms = NULL;
    }
    if (numbers > STATS_TERMS_MOST || !d->has_channels)
        return 0;
    double *terms = realloc(draws->terms, numbers * sizeof *terms);
    draws->terms = terms ? terms : draws->terms;
    return terms ? 0 : abp_fail_memory(err);
}

/* Draws and weighs on to so many. */
static int weigh_more(struct stats_draws *draws, struct core *core, struct stats_walk *walk,
                      size_t weighed, struct abp_error *err)
{
    size_t from = draws->weighed;
    if (weighed <= from)
        return 0;
    draws->weighed = weighed;
    if (resize(draws, weighed, weighed, err) != 0 || resize_terms(draws, err) != 0)
        return -1;
    draw_core(draws, core, weighed);
    if (draw_slots(draws, weighed, err) != 0)
        return -1;
    return weigh(draws, walk, from, err);
}

int stats_draws_init(struct stats_draws *draws, const struct stats_latent *latent,
                     const struct stats_points *points, uint64_t seed, size_t least, size_t most,
                     struct abp_error *err)
{
    const struct stats_design *d = latent->design;
    struct core core = {0};
    struct stats_walk channels = {0}, *walk = d->has_channels ? &channels : NULL;
    int rc = -1;
    *draws = (struct stats_draws){.latent = latent, .points = points, .seed = seed, .rhat = NAN};
    draws->wide = wide_sd((double)latent->size);
    draws->slot_rng = stats_stream(seed, 1);
    if (!draws->slot_rng) {
        abp_fail_memory(err);
        goto out;
    }
    size_t pilot = least > PILOT ? least : PILOT;
    if (core_init(&core, draws, err) != 0 ||
        (walk && stats_walk_init(walk, draws, 0, d->channels, err) != 0) ||
        weigh_more(draws, &core, walk, with_wide(pilot), err) != 0)
        goto out;
    size_t can = draws_most(latent), need = draws_needed(draws, most && most < can ? most : can);
    if (weigh_more(draws, &core, walk, with_wide(need), err) != 0)
        goto out;
    if (resize(draws, draws->weighed + DRAWS_REST, draws->weighed, err) != 0)
        goto out;
    draw_core(draws, &core, draws->count);
    rc = set_weights(draws, err);
out:
    stats_walk_release(&channels);
    core_release(&core);
    if (rc != 0)
        stats_draws_release(draws);
    return rc;
}

static void free_arrays(struct stats_draws *draws)
{
    free(draws->point);
    free(draws->globals);
    free(draws->log_ratio);
    free(draws->weight);
    free(draws->radius);
    free(draws->narrow);
    free(draws->scales);
    free(draws->terms);
}

void stats_draws_replace(struct stats_draws *draws, size_t count, struct stats_scales *scales,
                         double *globals, double *weight, double *log_ratio, double *terms)
{
    free_arrays(draws);
    draws->point = NULL;
    draws->radius = draws->narrow = NULL;
    draws->count = draws->weighed = draws->whole = count;
    draws->scales = scales;
    draws->globals = globals;
    draws->weight = weight;
    draws->log_ratio = log_ratio;
    draws->terms = terms;
}

void stats_draws_release(struct stats_draws *draws)
{
    free_arrays(draws);
    gsl_rng_free(draws->slot_rng);
    memset(draws, 0, sizeof *draws);
}
