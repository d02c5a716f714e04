#include "abpost/fetch.h"

#include "abpost/alike.h"
#include "abpost/text.h"

#include <stdlib.h>

/* 1: some block has posts of two styles. -1: no memory. */
static int blocks_compare(const struct abp_posts *posts, struct abp_error *err)
{
    int found = 0;
    uint32_t *first = calloc(posts->block_count + 1, sizeof *first); /* style + 1; 0: none yet */
    if (!first)
        return abp_fail_memory(err);
    for (size_t i = 0; i < posts->count && !found; i++) {
        const struct abp_post_row *row = &posts->rows[i];
        if (row->block < 0)
            continue;
        found = first[row->block] && first[row->block] != row->variant + 1;
        first[row->block] = row->variant + 1;
    }
    free(first);
    return found;
}

/* A column that numbers posts, say, names no blocks: what counts as randomised was drawn. */
static int check_blocks(struct abp_posts *posts, const struct abp_experiment *file,
                        struct abp_error *err)
{
    if (!posts->randomised || posts->variants.count < 2)
        return 0;
    int compare = blocks_compare(posts, err);
    if (compare != 0)
        return compare < 0 ? -1 : 0;
    posts->randomised = 0;
    return abp_posts_note(posts, err,
                          "no block of column '%s' has posts of two styles, so it can't say which "
                          "posts were put in random order together; name the column that does in "
                          "'block ='",
                          file->import.block);
}

static int check_names(struct abp_posts *posts, const char *what, const struct abp_names *names,
                       struct abp_error *err)
{
    char one[ABP_SHOWN_SIZE], other[ABP_SHOWN_SIZE];
    size_t pairs, first, second;
    if (abp_find_alike(&pairs, &first, &second, (const char *const *)names->list, names->count,
                       err) != 0)
        return -1;
    if (pairs == 0)
        return 0;
    return abp_posts_note(posts, err,
                          "the %ss '%s' and '%s' count as two, and differ in capitals, blanks, "
                          "accents written in two ways or what can't be seen alone%s; if they are "
                          "one, write it in one way",
                          what, abp_shown(one, names->list[first]),
                          abp_shown(other, names->list[second]),
                          pairs > 1 ? ", and there are more such" : "");
}

/* Names that the experiment file declares are meant as they stand. */
static int check_all_names(struct abp_posts *posts, const struct abp_experiment *file,
                           struct abp_error *err)
{
    if (file->variant_count == 0 && check_names(posts, "style", &posts->variants, err) != 0)
        return -1;
    if (check_names(posts, "channel", &posts->channels, err) != 0)
        return -1;
    return check_names(posts, "slot", &posts->slots, err);
}

int abp_posts_load(struct abp_posts *posts, struct abp_store *store,
                   const struct abp_experiment *file, int64_t import_id, int64_t position,
                   struct abp_error *err)
{
    size_t count = 2 + file->decision.guardrail_count;
    const struct abp_sum **sums = calloc(count, sizeof *sums);
    if (!sums)
        return abp_fail_memory(err);
    sums[0] = &file->import.outcome;
    sums[1] = &file->import.exposure;
    for (size_t g = 0; g < file->decision.guardrail_count; g++)
        sums[2 + g] = &file->decision.guardrails[g].metric;
    int rc = abp_posts_read(posts, store, import_id, position, sums, count, err);
    free(sums);
    if (rc == 0 &&
        (check_blocks(posts, file, err) != 0 || check_all_names(posts, file, err) != 0)) {
        abp_posts_release(posts);
        rc = -1;
    }
    return rc;
}
