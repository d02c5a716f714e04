#include "evaluate/life.h"

#include "abpost/allocate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double chance(uint64_t *state)
{
    *state = abp_world_seed(*state, 0);
    return (double)(*state >> 11) * 0x1p-53;
}

/* The variants that still get posts, in an order drawn uniformly. */
static void draw_order(struct life *life, uint64_t *state)
{
    size_t count = 0;
    for (size_t v = 0; v < life->design->variants; v++)
        if (!life->dropped[v])
            life->order[count++] = v;
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)(chance(state) * (double)i), kept = life->order[i - 1];
        life->order[i - 1] = life->order[j];
        life->order[j] = kept;
    }
}

/* Each place by itself. */
static void draw_independent(struct life *life, const double *probability, uint64_t *state)
{
    for (size_t i = 0; i < life->active; i++)
        life->order[i] = abp_allocation_draw(probability, life->design->variants, chance(state));
}

/* Makes a block of slots that wait: rows without an outcome yet. */
static void make_block(struct life *life, const size_t *slots)
{
    for (size_t i = 0; i < life->active; i++) {
        size_t at = slots[i];
        const struct abp_sim_slot *slot = &life->design->slots[at];
        life->coming[at].variant = life->order[i];
        life->posts.rows[life->posts.count++] =
            (struct abp_post_row){.exposure = slot->exposure,
                                  .variant = (uint32_t)life->order[i],
                                  .channel = (uint32_t)slot->channel,
                                  .slot = (uint32_t)slot->slot,
                                  .block = life->blocks,
                                  .posted_at = slot->at,
                                  .line = (int64_t)at,
                                  .has_time = 1};
    }
    life->blocks++;
}

double life_true_ratio(const struct abp_world *world, size_t v)
{
    double theta = world->theta[v];
    if (world->family == ABP_BETABINOMIAL || world->family == ABP_BINOMIAL)
        return exp(theta) * (1.0 + exp(world->mu)) / (1.0 + exp(world->mu + theta));
    return exp(theta);
}

/* A real outcome under a style that multiplies it. */
static double scaled(const struct life *life, const struct abp_post_row *row, double outcome,
                     uint64_t *state)
{
    double ratio = life_true_ratio(life->world, row->variant), value = outcome * ratio;
    if (life->world->family == ABP_LOGNORMAL || outcome > floor(outcome))
        return value;
    value = floor(value) + (chance(state) < value - floor(value) ? 1.0 : 0.0);
    int is_rate = life->world->family == ABP_BETABINOMIAL || life->world->family == ABP_BINOMIAL;
    return is_rate ? fmin(value, row->exposure) : value;
}

/* Rows from number `from` on bring what their slots had in reality, or what is generated. */
static void set_outcomes(struct life *life, size_t from, const double *generated, uint64_t *state)
{
    for (size_t i = from; i < life->posts.count; i++) {
        struct abp_post_row *row = &life->posts.rows[i];
        double real = life->design->slots[row->line].outcome;
        row->outcome = isnan(real) ? generated[row->line] : scaled(life, row, real, state);
    }
}

/* ---- balanced ---- */

static int plan_balanced(struct life *life, int64_t from, uint64_t own, struct abp_error *err)
{
    const struct abp_sim_design *d = life->design;
    uint64_t state = abp_world_seed(own, 1);
    size_t kept = life->posts.count;
    for (size_t c = 0; c < d->channels; c++) {
        size_t count = 0;
        for (size_t i = 0; i < d->count; i++) {
            if (d->slots[i].channel != c || d->slots[i].at <= from)
                continue;
            life->waiting[count++] = i;
            if (count == life->active) {
                draw_order(life, &state);
                make_block(life, life->waiting);
                count = 0;
            }
        }
    }
    if (abp_world_outcomes(life->outcomes, life->coming, d->count, life->world,
                           abp_world_seed(own, 2), err) != 0)
        return -1;
    set_outcomes(life, kept, life->outcomes, &state);
    return 0;
}

/* ---- top-two ---- */

int life_top_two_init(struct life *life, struct abp_error *err)
{
    size_t K = life->design->variants, count = life->design->count + 1;
    struct life_top_two *t = life->top_two = calloc(1, sizeof *t);
    if (!t)
        return abp_fail_memory(err);
    t->potential = calloc(K * count, sizeof *t->potential);
    t->chance = calloc(K * count, sizeof *t->chance);
    t->probability = calloc(K, sizeof *t->probability);
    t->whole = calloc(K * count, sizeof *t->whole); /* a style that is dropped draws all anew */
    life->posts.chance = calloc(K * count, sizeof *life->posts.chance);
    life->posts.chances = (struct abp_names){life->posts.variants.list, K};
    if (!t->potential || !t->chance || !t->probability || !t->whole || !life->posts.chance)
        return abp_fail_memory(err);
    return rough_init(&t->rough, K, abp_world_seed(life->seed, 3), err);
}

void life_top_two_release(struct life *life)
{
    struct life_top_two *t = life->top_two;
    free(life->posts.chance);
    if (!t)
        return;
    rough_release(&t->rough);
    free(t->potential);
    free(t->chance);
    free(t->probability);
    free(t->whole);
    free(t);
}

/* What every post would bring under every style: what a style brings must not depend on what it was
 * drawn by. */
static int fill_potential(struct life *life, uint64_t own, struct abp_error *err)
{
    const struct abp_sim_design *d = life->design;
    for (size_t v = 0; v < d->variants; v++) {
        for (size_t i = 0; i < d->count; i++)
            life->coming[i].variant = v;
        if (abp_world_outcomes(life->top_two->potential + v * d->count, life->coming, d->count,
                               life->world, abp_world_seed(own, 2 + v), err) != 0)
            return -1;
    }
    return 0;
}

static int is_mature(const struct life *life, const struct abp_post_row *row, int64_t now)
{
    return row->posted_at + life->experiment.horizon <= now;
}

/* The probabilities of a block that is drawn now, from the blocks that are mature as a whole. 1; 0:
 * none yet; -1. */
static int ask(struct life *life, int64_t now, struct abp_error *err)
{
    struct life_top_two *t = life->top_two;
    memset(t->whole, 0, (size_t)life->blocks * sizeof *t->whole);
    for (size_t i = 0; i < life->posts.count; i++)
        if (is_mature(life, &life->posts.rows[i], now))
            t->whole[life->posts.rows[i].block]++;
    rough_clear(&t->rough);
    for (size_t i = 0; i < life->posts.count; i++) {
        const struct abp_post_row *row = &life->posts.rows[i];
        if (t->whole[row->block] >= life->active)
            rough_add(&t->rough, row->variant, row->outcome, row->exposure);
    }
    return rough_allocation(t->probability, &t->rough, life->dropped, err);
}

/* Draws the block of a channel whose last one has gone out by `now`. */
static int draw_block(struct life *life, int64_t now, uint64_t *state, struct abp_error *err)
{
    struct life_top_two *t = life->top_two;
    size_t K = life->design->variants, kept = life->posts.count;
    int drawn = ask(life, now, err);
    if (drawn < 0)
        return -1;
    if (drawn)
        draw_independent(life, t->probability, state);
    else
        draw_order(life, state);
    make_block(life, life->waiting);
    for (size_t i = kept; i < life->posts.count; i++) {
        struct abp_post_row *row = &life->posts.rows[i];
        double *own = t->chance + (size_t)row->line * K;
        for (size_t v = 0; v < K; v++)
            own[v] = drawn ? t->probability[v] : NAN;
        life->outcomes[row->line] =
            t->potential[row->variant * life->design->count + (size_t)row->line];
    }
    set_outcomes(life, kept, life->outcomes, state);
    return 0;
}

/* The next slots of channel c after `after`, as many as a block takes, into waiting. 0: there are
 * not so many. */
static int next_slots(struct life *life, size_t c, int64_t after)
{
    const struct abp_sim_design *d = life->design;
    size_t count = 0;
    for (size_t i = 0; i < d->count && count < life->active; i++)
        if (d->slots[i].channel == c && d->slots[i].at > after)
            life->waiting[count++] = i;
    return count == life->active;
}

/* When channel c has nothing planned any more, `from` at the soonest. */
static int64_t dry_at(const struct life *life, size_t c, int64_t from)
{
    int64_t dry = from;
    for (size_t i = 0; i < life->posts.count; i++)
        if (life->posts.rows[i].channel == c && life->posts.rows[i].posted_at > dry)
            dry = life->posts.rows[i].posted_at;
    return dry;
}

/* One block after another, each of the channel that is dry first, by what has been read by then. */
static int plan_top_two(struct life *life, int64_t from, uint64_t own, struct abp_error *err)
{
    uint64_t state = abp_world_seed(own, 1);
    if (fill_potential(life, own, err) != 0)
        return -1;
    for (;;) {
        size_t first = life->design->channels;
        int64_t soonest = INT64_MAX;
        for (size_t c = 0; c < life->design->channels; c++) {
            int64_t dry = dry_at(life, c, from);
            if (dry < soonest && next_slots(life, c, dry)) {
                soonest = dry;
                first = c;
            }
        }
        if (first == life->design->channels)
            return 0;
        (void)next_slots(life, first, soonest);
        if (draw_block(life, soonest, &state, err) != 0)
            return -1;
    }
}

/* ---- both ---- */

static int by_time(const void *a, const void *b)
{
    const struct abp_post_row *x = a, *y = b;
    if (x->posted_at != y->posted_at)
        return x->posted_at < y->posted_at ? -1 : 1;
    return x->line < y->line ? -1 : x->line > y->line;
}

int life_plan(struct life *life, int64_t from, struct abp_error *err)
{
    uint64_t own = abp_world_seed(life->seed, 1000 + ++life->draws);
    size_t kept = 0, K = life->design->variants;
    while (kept < life->posts.count && life->posts.rows[kept].posted_at <= from)
        kept++;
    life->posts.count = kept;
    int rc =
        life->top_two ? plan_top_two(life, from, own, err) : plan_balanced(life, from, own, err);
    qsort(life->posts.rows + kept, life->posts.count - kept, sizeof *life->posts.rows, by_time);
    for (size_t i = 0; life->top_two && i < life->posts.count; i++)
        memcpy(life->posts.chance + i * K,
               life->top_two->chance + (size_t)life->posts.rows[i].line * K,
               K * sizeof *life->posts.chance);
    return rc;
}
