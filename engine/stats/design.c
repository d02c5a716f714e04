#include "stats/design.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Above this a double no longer holds every whole number. */
#define LARGEST_COUNT 9007199254740992.0

int abp_posterior_accepts(enum abp_family family, double outcome, double exposure,
                          struct abp_error *err)
{
    double y = outcome, n = exposure;
    if (!isfinite(n) || n <= 0.0)
        return abp_fail(err, ABP_DATA, "its exposure is %g; an exposure is above 0", n);
    if (!isfinite(y) || y < 0.0)
        return abp_fail(err, ABP_DATA, "its outcome is %g; an outcome is 0 or more", y);
    if (family == ABP_LOGNORMAL) {
        if (y <= 0.0)
            return abp_fail(err, ABP_DATA,
                            "its outcome is 0; family lognormal is for amounts above 0, for counts "
                            "choose negbinomial");
        return 0;
    }
    if (y != floor(y) || y > LARGEST_COUNT)
        return abp_fail(err, ABP_DATA,
                        "its outcome is %.17g; family %s counts in whole numbers, for amounts "
                        "choose lognormal",
                        y, abp_family_name(family));
    if (family == ABP_BETABINOMIAL && (n != floor(n) || n > LARGEST_COUNT))
        return abp_fail(err, ABP_DATA,
                        "its exposure is %.17g; family betabinomial counts exposures in whole "
                        "numbers",
                        n);
    if (family == ABP_BETABINOMIAL && y > n)
        return abp_fail(err, ABP_DATA,
                        "its outcome %.17g is larger than its exposure %.17g; family betabinomial "
                        "needs outcomes that are a part of the exposure, for counts per exposure "
                        "choose negbinomial",
                        y, n);
    return 0;
}

static int check_post(enum abp_family family, double y, double n, size_t row, struct abp_error *err)
{
    struct abp_error why;
    if (abp_posterior_accepts(family, y, n, &why) == 0)
        return 0;
    return abp_fail(err, why.code, "post %zu: %s", row + 1, why.message);
}

static struct stats_cell cell_of_post(const struct abp_data *data, enum abp_family family, size_t i)
{
    struct stats_cell cell = {.variant = data->variant[i],
                              .channel = data->channel ? data->channel[i] : 0,
                              .slot = data->slot ? data->slot[i] : 0,
                              .count = 1.0,
                              .y = data->y[i],
                              .n = data->n ? data->n[i] : 1.0};
    cell.log_n = log(cell.n);
    if (family == ABP_LOGNORMAL)
        cell.y = log(cell.y) - cell.log_n;
    return cell;
}

static int by_number(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_place(const struct stats_cell *a, const struct stats_cell *b)
{
    if (a->channel != b->channel)
        return a->channel < b->channel ? -1 : 1;
    if (a->variant != b->variant)
        return a->variant < b->variant ? -1 : 1;
    if (a->slot != b->slot)
        return a->slot < b->slot ? -1 : 1;
    return 0;
}

static int compare_cells(const void *left, const void *right)
{
    const struct stats_cell *a = left, *b = right;
    int order = by_place(a, b);
    if (order == 0)
        order = by_number(a->n, b->n);
    return order ? order : by_number(a->y, b->y);
}

static int compare_tallies(const void *left, const void *right)
{
    return by_number(((const struct stats_tally *)left)->value,
                     ((const struct stats_tally *)right)->value);
}

static int same_cell(enum abp_family family, const struct stats_cell *a, const struct stats_cell *b)
{
    if (by_place(a, b) != 0)
        return 0;
    if (family == ABP_LOGNORMAL)
        return 1;
    if (a->n < b->n || a->n > b->n)
        return 0;
    return family == ABP_NEGBINOMIAL || !(a->y < b->y || a->y > b->y);
}

/* Adds one post to a cell it belongs to. */
static void join(enum abp_family family, struct stats_cell *cell, const struct stats_cell *post)
{
    double count = cell->count + 1.0;
    if (family == ABP_NEGBINOMIAL)
        cell->y += post->y;
    if (family == ABP_LOGNORMAL) { /* Welford's update */
        double delta = post->y - cell->y;
        cell->y += delta / count;
        cell->spread += delta * (post->y - cell->y);
        cell->n += (post->n - cell->n) / count;
    }
    cell->count = count;
}

static void gather_cells(struct stats_design *design, size_t posts)
{
    size_t count = 0;
    qsort(design->cells, posts, sizeof *design->cells, compare_cells);
    for (size_t i = 0; i < posts; i++) {
        struct stats_cell *last = count ? &design->cells[count - 1] : NULL;
        if (last && same_cell(design->family, last, &design->cells[i]))
            join(design->family, last, &design->cells[i]);
        else
            design->cells[count++] = design->cells[i];
    }
    design->cell_count = count;
    size_t at = 0;
    for (size_t c = 0; c <= design->channels; c++) {
        while (at < count && design->cells[at].channel < c)
            at++;
        design->channel_start[c] = at;
    }
}

/* Places of the sorted cells; they are as many as the cells at most. */
static int gather_places(struct stats_design *design, struct abp_error *err)
{
    size_t count = 0;
    design->places = calloc(design->cell_count, sizeof *design->places);
    design->place_start = calloc(design->channels + 1, sizeof *design->place_start);
    if (!design->places || !design->place_start)
        return abp_fail_memory(err);
    for (size_t i = 0; i < design->cell_count; i++) {
        struct stats_cell *cell = &design->cells[i];
        if (i == 0 || by_place(cell, cell - 1) != 0)
            design->places[count++] = (struct stats_place){cell->variant, cell->slot};
        cell->place = (uint32_t)(count - 1);
        design->place_start[cell->channel + 1] = count;
    }
    for (size_t c = 0; c < design->channels; c++) /* channels without a cell */
        if (design->place_start[c + 1] < design->place_start[c])
            design->place_start[c + 1] = design->place_start[c];
    design->place_count = count;
    return 0;
}

static void gather_tallies(struct stats_design *design, const struct abp_data *data)
{
    if (design->family != ABP_NEGBINOMIAL && design->family != ABP_BETABINOMIAL)
        return;
    size_t count = 0;
    for (size_t i = 0; i < data->posts; i++) {
        double n = data->n ? data->n[i] : 1.0;
        design->tallies[i].value = design->family == ABP_NEGBINOMIAL ? data->y[i] : n;
        design->tallies[i].count = 1.0;
    }
    qsort(design->tallies, data->posts, sizeof *design->tallies, compare_tallies);
    for (size_t i = 0; i < data->posts; i++) {
        if (count && design->tallies[i].value <= design->tallies[count - 1].value)
            design->tallies[count - 1].count += 1.0;
        else
            design->tallies[count++] = design->tallies[i];
    }
    design->tally_count = count;
}

/* The centre of mu's prior (model.md); summed over the sorted cells, so that it does not depend on
 * the order of the rows. */
static double prior_centre(const struct stats_design *design)
{
    double y = 0.0, n = 0.0;
    for (size_t i = 0; i < design->cell_count; i++) {
        const struct stats_cell *cell = &design->cells[i];
        int summed = design->family == ABP_NEGBINOMIAL;
        y += summed ? cell->y : cell->count * cell->y;
        n += design->family == ABP_LOGNORMAL ? cell->count : cell->count * cell->n;
    }
    if (design->family == ABP_LOGNORMAL)
        return y / n;
    if (design->family == ABP_BETABINOMIAL)
        return log((y + 0.5) / (n - y + 0.5));
    return log((y + 0.5) / n);
}

static int take_factors(struct stats_design *design, const struct abp_data *data,
                        struct abp_error *err)
{
    if (data->factors > ABP_POSTERIOR_FACTORS)
        return abp_fail(err, ABP_BUG, "%zu factors", data->factors);
    design->factors = data->factors;
    design->level_of = calloc(data->variants * data->factors + 1, sizeof *design->level_of);
    if (!design->level_of)
        return abp_fail_memory(err);
    for (size_t f = 0; f < data->factors; f++) {
        for (size_t v = 0; v < data->variants; v++) {
            size_t level = data->level[f * data->variants + v];
            if (level >= data->levels[f])
                return abp_fail(err, ABP_BUG, "variant %zu has level %zu of factor %zu", v, level,
                                f);
            design->level_of[v * data->factors + f] = design->levels + level;
        }
        design->level_end[f] = design->levels += data->levels[f];
    }
    return 0;
}

int stats_design_init(struct stats_design *design, const struct abp_data *data,
                      enum abp_family family, struct abp_error *err)
{
    memset(design, 0, sizeof *design);
    if (data->posts == 0)
        return abp_fail(err, ABP_DATA, "there is no post with a reading");
    design->family = family;
    design->variants = data->variants;
    design->channels = data->channels;
    design->slots = data->slots;
    design->has_channels = data->channels > 1;
    design->has_slots = data->slots > 1;
    design->posts = (double)data->posts;
    for (size_t i = 0; i < data->posts; i++)
        if (check_post(family, data->y[i], data->n ? data->n[i] : 1.0, i, err) != 0)
            return -1;
    design->cells = calloc(data->posts, sizeof *design->cells);
    design->tallies = calloc(data->posts, sizeof *design->tallies);
    design->channel_start = calloc(data->channels + 1, sizeof *design->channel_start);
    if (!design->cells || !design->tallies || !design->channel_start) {
        stats_design_release(design);
        return abp_fail_memory(err);
    }
    if (take_factors(design, data, err) != 0) {
        stats_design_release(design);
        return -1;
    }
    for (size_t i = 0; i < data->posts; i++)
        design->cells[i] = cell_of_post(data, family, i);
    gather_cells(design, data->posts);
    if (gather_places(design, err) != 0) {
        stats_design_release(design);
        return -1;
    }
    gather_tallies(design, data);
    design->mu0 = prior_centre(design);
    return 0;
}

void stats_design_release(struct stats_design *design)
{
    free(design->cells);
    free(design->tallies);
    free(design->channel_start);
    free(design->places);
    free(design->place_start);
    free(design->level_of);
    memset(design, 0, sizeof *design);
}
