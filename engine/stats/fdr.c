#include "abpost/fdr.h"

#include <math.h>
#include <stdlib.h>

struct ranked {
    double e_value;
    size_t index;
};

/* The largest first. Equal ones end up with equal levels, whatever their order. */
static int by_size(const void *a, const void *b)
{
    double x = ((const struct ranked *)a)->e_value, y = ((const struct ranked *)b)->e_value;

    return (x < y) - (x > y);
}

int abp_fdr(struct abp_fdr_finding *out, const double *e_value, size_t count, double alpha,
            struct abp_error *err)
{
    struct ranked *ranked;
    double level = 1.0;

    if (!(alpha > 0 && alpha < 1))
        return abp_fail(err, ABP_DATA, "a false discovery rate of %g; it lies between 0 and 1",
                        alpha);
    for (size_t i = 0; i < count; i++)
        if (!(e_value[i] >= 0))
            return abp_fail(err, ABP_DATA, "e-value %zu is %g; e-values are 0 or more", i,
                            e_value[i]);
    ranked = calloc(count + 1, sizeof *ranked);
    if (!ranked)
        return abp_fail_memory(err);
    for (size_t i = 0; i < count; i++)
        ranked[i] = (struct ranked){e_value[i], i};
    qsort(ranked, count, sizeof *ranked, by_size);
    /* from the smallest e-value up: one that is found carries every larger one with it */
    for (size_t k = count; k >= 1; k--) {
        level = fmin(level, (double)count / ((double)k * ranked[k - 1].e_value));
        out[ranked[k - 1].index] = (struct abp_fdr_finding){level, level <= alpha};
    }
    free(ranked);
    return 0;
}
