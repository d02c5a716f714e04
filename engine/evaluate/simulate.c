#include "abpost/simulate.h"

#include "evaluate/evaluation.h"
#include "evaluate/life.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY INT64_C(86400)

/* ---- the stage ---- */

static int name_all(struct life *life)
{
    const struct abp_sim_design *d = life->design;
    struct abp_names *lists[] = {&life->posts.variants, &life->posts.channels, &life->posts.slots};
    size_t counts[] = {d->variants, d->channels, d->slot_kinds}, at = 0;
    for (size_t k = 0; k < 3; k++) {
        if (!(lists[k]->list = calloc(counts[k], sizeof *lists[k]->list)))
            return -1;
        for (size_t i = 0; i < counts[k]; i++) {
            snprintf(life->names[at], LIFE_NAME, "%zu", i);
            lists[k]->list[i] = life->names[at++];
        }
        lists[k]->count = counts[k];
    }
    life->posts.name = life->names[0];
    for (size_t v = 0; v < d->variants; v++)
        life->variants[v] = (struct abp_variant){.name = life->posts.variants.list[v],
                                                 .cost = d->cost ? d->cost[v] : NAN};
    return 0;
}

static int open_life(struct life *life, struct abp_error *err)
{
    const struct abp_sim_design *d = life->design;
    life->posts.rows = calloc(d->count + 1, sizeof *life->posts.rows);
    life->coming = calloc(d->count + 1, sizeof *life->coming);
    life->outcomes = calloc(d->count + 1, sizeof *life->outcomes);
    life->names = calloc(d->variants + d->channels + d->slot_kinds, sizeof *life->names);
    life->variants = calloc(d->variants, sizeof *life->variants);
    life->order = calloc(d->variants, sizeof *life->order);
    life->waiting = calloc(d->variants, sizeof *life->waiting);
    life->dropped = calloc(d->variants, sizeof *life->dropped);
    if (!life->posts.rows || !life->coming || !life->outcomes || !life->names || !life->variants ||
        !life->order || !life->waiting || !life->dropped || name_all(life) != 0)
        return abp_fail_memory(err);
    life->posts.randomised = 1;
    life->active = d->variants;
    life->experiment = *d->experiment;
    life->experiment.variants = life->variants;
    life->experiment.variant_count = d->variants;
    life->experiment.baseline = life->variants[0].name;
    life->experiment.factors = d->factors;
    life->experiment.factor_count = d->factor_count;
    for (size_t i = 0; i < d->count; i++)
        life->coming[i] = (struct abp_world_post){.channel = d->slots[i].channel,
                                                  .slot = d->slots[i].slot,
                                                  .exposure = d->slots[i].exposure};
    abp_world_levels(life->coming, d->count, life->world, abp_world_seed(life->seed, 0));
    return d->experiment->decision.allocation == ABP_TOP_TWO ? life_top_two_init(life, err) : 0;
}

static void close_life(struct life *life)
{
    free(life->posts.rows);
    free(life->posts.variants.list);
    free(life->posts.channels.list);
    free(life->posts.slots.list);
    free(life->coming);
    free(life->outcomes);
    free(life->names);
    free(life->variants);
    free(life->order);
    free(life->waiting);
    free(life->dropped);
    life_top_two_release(life);
}

/* ---- nights ---- */

/* The night after a post was read. */
static int64_t look_after(const struct life *life, const struct abp_post_row *row)
{
    int64_t ripe = row->posted_at + life->experiment.horizon;
    return (ripe / DAY + 1) * DAY;
}

/* Posts that have been read by then. */
static size_t mature(const struct life *life, int64_t look)
{
    size_t count = 0;
    while (count < life->posts.count && look_after(life, &life->posts.rows[count]) <= look)
        count++;
    return count;
}

static int is_open(const struct life *life, size_t v)
{
    return life->out->variants[v].verdict == ABP_KEEP_TESTING;
}

/* The guards of all variants and levels. */
struct guards {
    const struct table *table;        /* borrowed */
    struct guard_rows rows;           /* owned, as the rest */
    struct abp_guard_output *variant; /* variants */
    struct abp_level_guard *level;    /* levels */
};

/* 1: the guard has reached its threshold for a level without a verdict. */
static int level_guard_is_there(const struct life *life, struct guards *guards,
                                struct abp_error *err)
{
    if (life->levels == 0)
        return 0;
    struct abp_level_guard_input in =
        evaluation_level_guard_input(&life->experiment, guards->table, &guards->rows.input);
    if (abp_level_guards(guards->level, &in, err) != 0)
        return -1;
    for (size_t l = 0; l < life->levels; l++)
        if (life->out->levels[l].verdict == ABP_KEEP_TESTING &&
            guards->level[l].guard.max_e_value >= in.threshold)
            return 1;
    return 0;
}

/* The same for a variant or a level. */
static int guard_is_there(const struct life *life, struct guards *guards, size_t posts,
                          struct abp_error *err)
{
    guards->rows.input.posts = posts;
    if (abp_guard(guards->variant, &guards->rows.input, err) != 0)
        return -1;
    for (size_t v = 1; v < life->design->variants; v++)
        if (is_open(life, v) && guards->variant[v].max_e_value >= guards->rows.input.threshold)
            return 1;
    return level_guard_is_there(life, guards, err);
}

/* *look: the first night from `from` on at which that is so; 0: there is none. */
static int first_look(int64_t *look, const struct life *life, struct guards *guards, int64_t from,
                      struct abp_error *err)
{
    size_t low = mature(life, from - 1), high = life->posts.count;
    int there = guard_is_there(life, guards, high, err);
    *look = 0;
    if (there <= 0)
        return there;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        there = guard_is_there(life, guards, middle, err);
        if (there < 0)
            return -1;
        *(there ? &high : &low) = middle;
    }
    *look = high ? look_after(life, &life->posts.rows[high - 1]) : from;
    return 0;
}

static int find_look(int64_t *look, const struct life *life, int64_t from, struct abp_error *err)
{
    struct table table;
    struct guards guards = {.table = &table,
                            .variant = calloc(life->design->variants, sizeof *guards.variant),
                            .level = calloc(life->levels + 1, sizeof *guards.level)};
    *look = 0;
    int rc = guards.variant && guards.level ? 0 : abp_fail_memory(err);
    if (rc == 0)
        rc = table_init(&table, &life->experiment, &life->posts, err);
    if (rc == 0) {
        rc = guard_rows_init(&guards.rows, &life->experiment, &life->posts, &table, err);
        if (rc == 0) {
            rc = first_look(look, life, &guards, from, err);
            guard_rows_release(&guards.rows);
        }
        table_release(&table);
    }
    free(guards.variant);
    free(guards.level);
    return rc;
}

/* Keeps a first verdict; 1: it is one. */
static int keep_verdict(struct abp_sim_verdict *kept, enum abp_verdict verdict, int64_t look,
                        size_t posts)
{
    if (kept->verdict != ABP_KEEP_TESTING ||
        (verdict != ABP_REPEAT && verdict != ABP_DROP && verdict != ABP_SAME))
        return 0;
    *kept = (struct abp_sim_verdict){verdict, look, posts};
    return 1;
}

/* Looks as a night does, and keeps the first verdict of each variant and level. 1: something is
 * new. */
static int look_now(struct life *life, int64_t look, struct abp_error *err)
{
    struct abp_result result;
    struct abp_posts seen = life->posts;
    seen.count = mature(life, look);
    struct evaluation e = {.experiment = &life->experiment,
                           .posts = &seen,
                           .seed = life->seed,
                           .result = &result,
                           .lean = 1};
    int news = 0;
    if (evaluation_open(&e, err) != 0)
        return -1;
    int rc = evaluation_run(&e, err);
    life->out->fits++;
    for (size_t v = 1; rc == 0 && v < life->design->variants; v++)
        news |= keep_verdict(&life->out->variants[v], result.variants[v].verdict, look, seen.count);
    for (size_t l = 0; rc == 0 && l < e.level_count; l++)
        news |= keep_verdict(&life->out->levels[l], e.levels[l].result->verdict, look, seen.count);
    evaluation_close(&e);
    abp_result_release(&result);
    return rc == 0 ? news : -1;
}

/* 1: every variant and level has a verdict. */
static int is_finished(const struct life *life)
{
    for (size_t v = 1; v < life->design->variants; v++)
        if (is_open(life, v))
            return 0;
    for (size_t l = 0; l < life->levels; l++)
        if (life->out->levels[l].verdict == ABP_KEEP_TESTING)
            return 0;
    return 1;
}

/* Variants that were dropped get no more posts: the rest is planned anew. */
static int take_out_dropped(struct life *life, int64_t look, struct abp_error *err)
{
    int changed = 0;
    for (size_t v = 1; v < life->design->variants; v++) {
        if (life->dropped[v] || life->out->variants[v].verdict != ABP_DROP)
            continue;
        life->dropped[v] = 1;
        life->active--;
        changed = 1;
    }
    return changed && !is_finished(life) ? life_plan(life, look, err) : 0;
}

/* The next night on which a post matures; 0: all have. */
static int64_t next_look(const struct life *life, int64_t look)
{
    size_t seen = mature(life, look);
    return seen < life->posts.count ? look_after(life, &life->posts.rows[seen]) : 0;
}

/* 1: so many posts that `same` could be said, by the standard error of a log lift: twice the rope
 * leaves P(|lift| < rope) below 0.4. */
static int may_be_same(const struct life *life)
{
    double sum = 0.0, squares = 0.0, n = (double)life->posts.count;
    for (size_t i = 0; i < life->posts.count; i++) {
        const struct abp_post_row *row = &life->posts.rows[i];
        double rate = log((row->outcome + 0.5) / row->exposure);
        sum += rate;
        squares += rate * rate;
    }
    double variance = fmax(0.0, squares / n - sum / n * (sum / n));
    double each = n / (double)life->design->variants;
    return n > 0 && sqrt(2.0 * variance / each) < 2.0 * life->experiment.decision.rope;
}

static int live(struct life *life, struct abp_error *err)
{
    int64_t from = 1, look;
    if (life->design->count == 0)
        return 0;
    from = life->design->slots[0].at;
    while (!is_finished(life)) {
        if (find_look(&look, life, from, err) != 0)
            return -1;
        if (look == 0)
            break;
        int news = look_now(life, look, err);
        if (news < 0 || (news && take_out_dropped(life, look, err) != 0))
            return -1;
        if ((from = next_look(life, look)) == 0)
            break;
    }
    if (is_finished(life) || life->posts.count == 0 || !may_be_same(life))
        return 0;
    return look_now(life, look_after(life, &life->posts.rows[life->posts.count - 1]), err) < 0 ? -1
                                                                                               : 0;
}

static void sum_up(struct life *life)
{
    struct abp_sim_outcome *out = life->out;
    double best = 0.0, lost = 0.0;
    for (size_t v = 0; v < life->design->variants; v++) {
        best = fmax(best, life_true_ratio(life->world, v));
        if (out->variants[v].at > out->finished_at)
            out->finished_at = out->variants[v].at;
    }
    for (size_t l = 0; l < life->levels; l++)
        if (out->levels[l].at > out->finished_at)
            out->finished_at = out->levels[l].at;
    if (!is_finished(life))
        out->finished_at = 0;
    for (size_t i = 0; i < life->posts.count; i++) {
        const struct abp_post_row *row = &life->posts.rows[i];
        if (out->finished_at && row->posted_at > out->finished_at)
            break;
        lost += 1.0 - life_true_ratio(life->world, row->variant) / best;
        out->posts++;
    }
    out->regret = out->posts ? lost / (double)out->posts : 0.0;
}

int abp_simulate(struct abp_sim_outcome *out, const struct abp_sim_design *design,
                 const struct abp_world *world, uint64_t seed, struct abp_error *err)
{
    struct life life = {.design = design, .world = world, .out = out, .seed = seed};
    out->finished_at = 0;
    out->posts = out->fits = 0;
    for (size_t v = 0; v < design->variants; v++)
        out->variants[v] =
            (struct abp_sim_verdict){.verdict = v ? ABP_KEEP_TESTING : ABP_NO_VERDICT};
    for (size_t f = 0; f < design->factor_count; f++)
        for (size_t l = 0; l < design->factors[f].level_count; l++)
            out->levels[life.levels++] = (struct abp_sim_verdict){
                .verdict =
                    l == design->factors[f].of_variant[0] ? ABP_NO_VERDICT : ABP_KEEP_TESTING};
    int rc = open_life(&life, err);
    if (rc == 0)
        rc = life_plan(&life, INT64_MIN, err);
    if (rc == 0)
        rc = live(&life, err);
    if (rc == 0)
        sum_up(&life);
    close_life(&life);
    return rc;
}
