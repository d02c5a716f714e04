#include "evaluate/guard_rows.h"

#include "abpost/evaluate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct place {
    const struct abp_post_row *post;
    size_t number;
};

/* By time where the rows carry one, else as they stand. */
static int by_time(const void *left, const void *right)
{
    const struct place *a = left, *b = right;
    if (a->post->posted_at != b->post->posted_at)
        return a->post->posted_at < b->post->posted_at ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

/* How many blocks the schedule ends with; 0 where it has no end. It is the schedule's word, given
 * before the first post, and stays the same at every look. */
static size_t planned_blocks(const struct abp_experiment *experiment, const struct abp_posts *posts,
                             size_t variants)
{
    const struct abp_schedule *schedule = &experiment->schedule;
    if (!schedule->present || schedule->max_posts <= 0 || posts->anew)
        return 0;
    return (size_t)schedule->max_posts / variants;
}

static size_t in_order(struct place *places, int *timed, const struct abp_posts *posts)
{
    size_t count = 0;
    *timed = 1;
    for (size_t i = 0; i < posts->count; i++) {
        const struct abp_post_row *post = &posts->rows[i];
        if (post->block < 0)
            continue;
        *timed = *timed && post->has_time;
        places[count] = (struct place){post, count};
        count++;
    }
    if (*timed)
        qsort(places, count, sizeof *places, by_time);
    return count;
}

/* What each label was drawn with, by the table's variants, where any was drawn post by post. A
 * style that the table does not know was drawn for nobody here: none of the rows carries it. */
static int fill_chances(struct guard_rows *rows, const struct place *places, size_t count,
                        const struct abp_posts *posts, const struct table *table,
                        struct abp_error *err)
{
    size_t K = table->variant_count, styles = posts->chances.count;
    if (!posts->chance)
        return 0;
    rows->probability = calloc((count + 1) * K, sizeof *rows->probability);
    if (!rows->probability)
        return abp_fail_memory(err);
    for (size_t v = 0; v < K; v++) {
        size_t style = 0;
        while (style < styles && strcmp(posts->chances.list[style], table->variants[v].name) != 0)
            style++;
        for (size_t i = 0; i < count; i++) {
            const double *chance = &posts->chance[(size_t)(places[i].post - posts->rows) * styles];
            rows->probability[i * K + v] = style < styles ? chance[style] : 0.0 * chance[0];
        }
    }
    return 0;
}

int guard_rows_init(struct guard_rows *rows, const struct abp_experiment *experiment,
                    const struct abp_posts *posts, const struct table *table, struct abp_error *err)
{
    size_t room = posts->count + 1, K = table->variant_count;
    struct place *places = calloc(room, sizeof *places);
    memset(rows, 0, sizeof *rows);
    rows->outcome = calloc(room, sizeof *rows->outcome);
    rows->exposure = calloc(room, sizeof *rows->exposure);
    rows->variant = calloc(room, sizeof *rows->variant);
    rows->slot = calloc(room, sizeof *rows->slot);
    rows->block = calloc(room, sizeof *rows->block);
    rows->channel = calloc(room, sizeof *rows->channel);
    if (!places || !rows->outcome || !rows->exposure || !rows->variant || !rows->slot ||
        !rows->block || !rows->channel) {
        free(places);
        guard_rows_release(rows);
        return abp_fail_memory(err);
    }
    size_t count = in_order(places, &rows->timed, posts);
    for (size_t i = 0; i < count; i++) {
        const struct abp_post_row *post = places[i].post;
        int observed = !isnan(post->outcome) && post->exposure > 0.0;
        rows->outcome[i] = observed ? post->outcome : NAN;
        rows->exposure[i] = observed ? post->exposure : 1.0;
        rows->variant[i] = table->of_name[post->variant];
        rows->slot[i] = post->slot;
        rows->block[i] = post->block;
        rows->channel[i] = post->channel;
    }
    int rc = fill_chances(rows, places, count, posts, table, err);
    free(places);
    if (rc != 0) {
        guard_rows_release(rows);
        return -1;
    }
    rows->input =
        (struct abp_guard_input){.outcome = rows->outcome,
                                 .exposure = rows->exposure,
                                 .variant = rows->variant,
                                 .block = rows->block,
                                 .probability = rows->probability,
                                 .slot = rows->slot,
                                 .slots = table->slots,
                                 .planned_blocks = planned_blocks(experiment, posts, K),
                                 .posts = count,
                                 .variants = K,
                                 .threshold = (double)(K - 1) / abp_alpha_of_variants(experiment)};
    return 0;
}

void guard_rows_release(struct guard_rows *rows)
{
    free(rows->outcome);
    free(rows->exposure);
    free(rows->variant);
    free(rows->slot);
    free(rows->block);
    free(rows->channel);
    free(rows->probability);
    memset(rows, 0, sizeof *rows);
}
