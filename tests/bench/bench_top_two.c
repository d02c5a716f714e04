/* False alarms where allocation = top-two gives the posts: a section of RESULTS.md, in Markdown.
 *
 *     bench_top_two [SCALE [STYLES]]
 *
 * SCALE: 1 is what RESULTS.md has (a fiftieth else). STYLES: only that many styles. */
#include "../unit/prior_trials.h"
#include "figures.h"

#include "abpost/allocate.h"
#include "abpost/allocation.h"
#include "evaluate/rough.h"

#include <gsl/gsl_errno.h>

/* An experiment whose styles are all alike, posted as the plan would. Outcomes are drawn first: no
 * label changes them. */
struct life {
    struct prior_trial p; /* its posts, in time */
    struct abp_variant variants[TRIAL_VARIANTS];
    double chance[TRIAL_MOST * TRIAL_VARIANTS];
    const struct trial_generator *generator;
    gsl_rng *rng;
    size_t styles;
    struct rough rough;
};

typedef int (*allocator)(double *probability, struct life *life, size_t seen);

static void open_life(struct life *life, const struct trial_generator *g, size_t styles,
                      unsigned long seed)
{
    struct abp_world_post coming[TRIAL_MOST] = {0};
    double outcomes[TRIAL_MOST];
    struct abp_error err;
    life->generator = g;
    life->styles = styles;
    gsl_rng_set(life->rng, seed);
    rough_release(&life->rough);
    if (rough_init(&life->rough, styles, seed, &err) != 0)
        abort();
    prior_draw(&life->p, g->family, g->tail, styles, TRIAL_POSTS, seed);
    trial_open(&life->p.t, g, styles, TRIAL_POSTS);
    size_t count = life->p.posts.count;
    for (size_t i = 0; i < count; i++)
        coming[i].exposure = 1.0;
    abp_world_levels(coming, count, &life->p.t.world, seed + 1000003);
    if (abp_world_outcomes(outcomes, coming, count, &life->p.t.world, seed, &err) != 0)
        abort();
    for (size_t i = 0; i < count; i++)
        life->p.rows[i].outcome = outcomes[i];
    for (size_t v = 0; v < styles; v++)
        life->variants[v] = (struct abp_variant){.name = life->p.names[v], .cost = NAN};
    life->p.t.experiment.baseline = life->p.names[0];
    life->p.t.experiment.variants = life->variants;
    life->p.t.experiment.variant_count = styles;
    life->p.posts.chance = life->chance;
    life->p.posts.chances = (struct abp_names){life->p.variant_list, styles};
}

/* ---- probabilities ---- */

/* Top-two as simulations have it: quick. */
static int quick(double *probability, struct life *life, size_t seen)
{
    rough_clear(&life->rough);
    for (size_t i = 0; i < seen; i++)
        rough_add(&life->rough, life->p.rows[i].variant, life->p.rows[i].outcome, 1.0);
    int rc = rough_allocation(probability, &life->rough, NULL, NULL);
    if (rc < 0)
        abort();
    return rc;
}

/* As abpost tick does it: by the engine's own posterior. */
static int engine(double *probability, struct life *life, size_t seen)
{
    struct abp_posts posts = life->p.posts;
    struct abp_error err;
    posts.count = seen;
    int rc = abp_allocation(probability, &life->p.t.experiment, &posts, NULL, 1, &err);
    if (rc < 0)
        abort();
    return rc;
}

/* ---- a life ---- */

/* Gives every post its style. A block is drawn when the last one went out; what is two days old by
 * then has been read, so the block before the last is the newest that is whole. */
static void draw_styles(struct life *life, allocator probabilities)
{
    size_t K = life->styles, order[TRIAL_VARIANTS];
    for (size_t v = 0; v < K; v++)
        order[v] = v;
    for (size_t b = 0; b * K < life->p.posts.count; b++) {
        double p[TRIAL_VARIANTS];
        int drawn = b > 1 && probabilities(p, life, (b - 1) * K);
        gsl_ran_shuffle(life->rng, order, K, sizeof *order);
        for (size_t i = b * K; i < (b + 1) * K; i++) {
            size_t v = order[i - b * K];
            if (drawn)
                v = abp_allocation_draw(p, K, gsl_rng_uniform(life->rng));
            life->p.rows[i].variant = (uint32_t)v;
            for (size_t w = 0; w < K; w++)
                life->chance[i * K + w] = drawn ? p[w] : NAN;
        }
    }
}

/* 1: the guard ever reaches its threshold for some style. */
static int guard_alarms(const struct life *life)
{
    size_t K = life->styles;
    struct abp_guard_output out[TRIAL_VARIANTS];
    int any = 0;
    prior_guard(out, &life->p, life->p.posts.count);
    for (size_t v = 1; v < K; v++)
        any |= out[v].max_e_value >= (double)(K - 1) / 0.05;
    return any;
}

/* 1: abpost ever says `repeat` or `drop`, asked after every block. */
static int verdict_alarms(const struct life *life)
{
    int any = 0;
    for (size_t v = 1; v < life->styles; v++)
        any |= prior_decided(&life->p, v, 2 * life->styles) > 0;
    return any;
}

/* The share of the posts that went to the style with most. */
static double most_of(const struct life *life)
{
    double posts[TRIAL_VARIANTS] = {0}, most = 0.0;
    for (size_t i = 0; i < life->p.posts.count; i++)
        most = fmax(most, posts[life->p.rows[i].variant] += 1.0);
    return most / (double)life->p.posts.count;
}

struct alarms {
    size_t guard, verdict, runs;
    double most;
};

static struct alarms alarms_of(struct life *life, const struct trial_generator *g, size_t styles,
                               allocator probabilities, size_t runs)
{
    struct alarms a = {.runs = runs};
    for (unsigned long seed = 1; seed <= runs; seed++) {
        open_life(life, g, styles, seed);
        draw_styles(life, probabilities);
        a.most += most_of(life) / (double)runs;
        if (!guard_alarms(life))
            continue; /* no `repeat` or `drop` without it */
        a.guard++;
        a.verdict += (size_t)verdict_alarms(life);
    }
    return a;
}

static void put_row(struct life *life, const struct trial_generator *g, size_t styles, size_t runs,
                    size_t engine_runs)
{
    struct alarms a = alarms_of(life, g, styles, quick, runs);
    printf("| %s | %zu | %.0f | ", g->name, styles, 100.0 * a.most);
    figure_share(a.guard, a.runs);
    printf(" | ");
    figure_share(a.verdict, a.runs);
    printf(" | ");
    a = alarms_of(life, g, styles, engine, engine_runs);
    figure_share(a.verdict, a.runs);
    printf(" |\n");
    fflush(stdout);
}

static void put_head(size_t runs, size_t engine_runs)
{
    printf(
        "## False alarms, top-two\n\n"
        "The same with `allocation = top-two`: each post's style is drawn with probabilities that "
        "follow what was read before, stored with it, and told to the guard. As a fit before every "
        "block takes hours in so many runs, the probabilities of the first three columns (%zu runs "
        "each) come from a normal posterior of log outcomes by the engine's top-two rule; those of "
        "the last (%zu runs each) from the engine's own posterior. Everything after that is the "
        "engine's: the guard, told the probabilities, and where it reaches its threshold the "
        "verdicts, asked for after every block. The guard alone: experiments in which it ever "
        "reaches its threshold, whatever the verdict. In %% with 95 %% intervals; posts: the share "
        "that went to the style with most of them, on average.\n\n"
        "| generator | styles | posts | the guard alone | abpost | abpost, engine's posterior |\n"
        "|---|---|---|---|---|---|\n",
        runs, engine_runs);
}

int main(int argc, char **argv)
{
    static const size_t styles[] = {2, 3, 8};
    static struct life life;
    double scale = argc > 1 ? strtod(argv[1], NULL) : 0.02;
    size_t only = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    size_t runs = figure_runs(scale, 2000), engine_runs = figure_runs(scale, 300);
    gsl_set_error_handler_off();
    life.rng = gsl_rng_alloc(gsl_rng_mt19937);
    put_head(runs, engine_runs);
    for (size_t k = 0; k < 3; k++)
        for (size_t g = 0; g < TRIAL_GENERATOR_COUNT && (!only || styles[k] == only); g++)
            put_row(&life, &TRIAL_GENERATORS[g], styles[k], runs, engine_runs);
    printf("\n");
    rough_release(&life.rough);
    gsl_rng_free(life.rng);
    return 0;
}
