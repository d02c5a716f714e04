#include "abpost/fetch.h"

#include <stdlib.h>

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
    return rc;
}
