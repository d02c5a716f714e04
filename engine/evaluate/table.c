#include "evaluate/table.h"

#include "abpost/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t find_variant(const struct table *table, const char *name)
{
    size_t v = 0;
    while (v < table->variant_count && strcmp(table->variants[v].name, name) != 0)
        v++;
    return v;
}

/* The number of the variant of that name, which is added when it is new. */
static size_t add_variant(struct table *table, const char *name)
{
    size_t v = find_variant(table, name);
    if (v == table->variant_count) {
        table->variants[v] = (struct table_variant){.name = name, .cost = NAN};
        table->variant_count++;
    }
    return v;
}

static int known(const struct abp_experiment *experiment, const struct abp_posts *posts,
                 const char *name)
{
    for (size_t v = 0; v < experiment->variant_count; v++)
        if (strcmp(experiment->variants[v].name, name) == 0)
            return 1;
    for (size_t v = 0; v < posts->variants.count; v++)
        if (strcmp(posts->variants.list[v], name) == 0)
            return 1;
    return 0;
}

static int no_such_baseline(const struct abp_experiment *experiment, const struct abp_posts *posts,
                            struct abp_error *err)
{
    const char *nearest = abp_suggest(
        experiment->baseline, (const char *const *)posts->variants.list, posts->variants.count);
    return abp_fail_at(err, ABP_DATA, experiment->path, 0,
                       "the baseline \"%s\" is not among the variants of the data%s%s%s%s%s",
                       experiment->baseline, experiment->import.experiment ? " of " : "",
                       experiment->import.experiment ? posts->name : "",
                       nearest ? " (did you mean \"" : "", nearest ? nearest : "",
                       nearest ? "\"?)" : "");
}

static int name_variants(struct table *table, const struct abp_experiment *experiment,
                         const struct abp_posts *posts, struct abp_error *err)
{
    size_t most = experiment->variant_count + posts->variants.count + 1;
    table->variant_count = 0;
    table->variants = calloc(most, sizeof *table->variants);
    table->of_name = calloc(posts->variants.count + 1, sizeof *table->of_name);
    if (!table->variants || !table->of_name)
        return abp_fail_memory(err);
    if (experiment->baseline) {
        if (!known(experiment, posts, experiment->baseline))
            return no_such_baseline(experiment, posts, err);
        add_variant(table, experiment->baseline);
    }
    for (size_t v = 0; v < experiment->variant_count; v++) {
        size_t at = add_variant(table, experiment->variants[v].name);
        table->variants[at].cost = experiment->variants[v].cost;
    }
    for (size_t v = 0; v < posts->variants.count; v++)
        table->of_name[v] = (uint32_t)add_variant(table, posts->variants.list[v]);
    if (table->variant_count == 0)
        return abp_fail(err, ABP_DATA, "%s: there is no post at all", posts->name);
    return 0;
}

static void add_row(struct table *table, const struct abp_posts *posts, size_t row)
{
    const struct abp_post_row *post = &posts->rows[row];
    uint32_t v = table->of_name[post->variant];
    struct table_variant *variant = &table->variants[v];
    int empty = post->exposure <= 0.0;
    if (isnan(post->outcome) || isnan(post->exposure) || empty) {
        variant->missing++;
        table->missing++;
        table->no_exposure += empty ? 1u : 0u;
        table->no_exposure_reacted += empty && post->outcome > 0.0 ? 1u : 0u;
        return;
    }
    size_t i = table->posts++;
    table->y[i] = post->outcome;
    table->n[i] = post->exposure;
    table->variant[i] = v;
    table->channel[i] = post->channel;
    table->slot[i] = post->slot;
    table->row[i] = row;
    variant->posts++;
    variant->outcome += post->outcome;
    variant->exposure += post->exposure;
}

/* What abpost drew is drawn, block by block or post by post. Of other data the blocks tell, missing
 * readings too. */
static int find_drawn(struct table *table, const struct abp_posts *posts, struct abp_error *err)
{
    size_t blocks = 0;
    int trusted = posts->randomised && (posts->made || posts->chance);
    for (size_t v = 0; v < table->variant_count; v++)
        table->variants[v].drawn = trusted;
    if (!posts->randomised || trusted)
        return 0;
    for (size_t i = 0; i < posts->count; i++)
        if (posts->rows[i].block >= (int64_t)blocks)
            blocks = (size_t)posts->rows[i].block + 1;
    unsigned char *has_baseline = calloc(blocks + 1, sizeof *has_baseline);
    if (!has_baseline)
        return abp_fail_memory(err);
    for (size_t i = 0; i < posts->count; i++)
        if (posts->rows[i].block >= 0 && table->of_name[posts->rows[i].variant] == 0)
            has_baseline[posts->rows[i].block] = 1;
    for (size_t i = 0; i < posts->count; i++)
        if (posts->rows[i].block >= 0 && has_baseline[posts->rows[i].block])
            table->variants[table->of_name[posts->rows[i].variant]].drawn = 1;
    free(has_baseline);
    return 0;
}

/* The variant's place in the experiment's file; variant_count: it has none there. */
static size_t declared(const struct abp_experiment *experiment, const char *name)
{
    size_t v = 0;
    while (v < experiment->variant_count && strcmp(experiment->variants[v].name, name) != 0)
        v++;
    return v;
}

static int take_factors(struct table *table, const struct abp_experiment *experiment,
                        struct abp_error *err)
{
    size_t K = table->variant_count, F = experiment->factor_count;
    for (size_t v = 0; F && v < K; v++)
        if (declared(experiment, table->variants[v].name) == experiment->variant_count) {
            table->unknown = table->variants[v].name;
            return 0;
        }
    table->levels = calloc(F + 1, sizeof *table->levels);
    table->zero = calloc(F + 1, sizeof *table->zero);
    table->level = calloc(F * K + 1, sizeof *table->level);
    if (!table->levels || !table->zero || !table->level)
        return abp_fail_memory(err);
    for (size_t f = 0; f < F; f++) {
        const struct abp_factor *factor = &experiment->factors[f];
        table->levels[f] = factor->level_count;
        for (size_t v = 0; v < K; v++)
            table->level[f * K + v] =
                factor->of_variant[declared(experiment, table->variants[v].name)];
        table->zero[f] = table->level[f * K];
    }
    table->factors = F;
    return 0;
}

int table_init(struct table *table, const struct abp_experiment *experiment,
               const struct abp_posts *posts, struct abp_error *err)
{
    size_t n = posts->count + 1; /* never 0, so that calloc's NULL means one thing */
    memset(table, 0, sizeof *table);
    if (name_variants(table, experiment, posts, err) != 0 ||
        take_factors(table, experiment, err) != 0 || find_drawn(table, posts, err) != 0)
        goto fail;
    table->y = calloc(n, sizeof *table->y);
    table->n = calloc(n, sizeof *table->n);
    table->variant = calloc(n, sizeof *table->variant);
    table->channel = calloc(n, sizeof *table->channel);
    table->slot = calloc(n, sizeof *table->slot);
    table->row = calloc(n, sizeof *table->row);
    if (!table->y || !table->n || !table->variant || !table->channel || !table->slot ||
        !table->row) {
        abp_fail_memory(err);
        goto fail;
    }
    table->channels = posts->channels.count ? posts->channels.count : 1;
    table->slots = posts->slots.count ? posts->slots.count : 1;
    table->has_exposure = experiment->import.present ? experiment->import.exposure.count > 0
                                                     : experiment->exposure.count > 0;
    for (size_t row = 0; row < posts->count; row++)
        add_row(table, posts, row);
    return 0;
fail:
    table_release(table);
    return -1;
}

void table_release(struct table *table)
{
    free(table->variants);
    free(table->of_name);
    free(table->y);
    free(table->n);
    free(table->variant);
    free(table->channel);
    free(table->slot);
    free(table->row);
    free(table->levels);
    free(table->level);
    free(table->zero);
    memset(table, 0, sizeof *table);
}

struct abp_data table_data(const struct table *table)
{
    return (struct abp_data){.posts = table->posts,
                             .y = table->y,
                             .n = table->n,
                             .variant = table->variant,
                             .channel = table->channel,
                             .slot = table->slot,
                             .variants = table->variant_count,
                             .channels = table->channels,
                             .slots = table->slots,
                             .factors = table->factors,
                             .levels = table->levels,
                             .level = table->level};
}
