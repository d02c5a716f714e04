#include "evaluate/rough.h"

#include "abpost/allocate.h"
#include "abpost/allocation.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DRAWS   400
#define LIFT_SD 0.5 /* of the styles' effects, as the model's prior has it by default */

int rough_init(struct rough *rough, size_t variants, uint64_t seed, struct abp_error *err)
{
    *rough = (struct rough){.variants = variants,
                            .posts = calloc(variants, sizeof(double)),
                            .mean = calloc(variants, sizeof(double)),
                            .value = calloc(DRAWS * variants, sizeof(double)),
                            .rng = gsl_rng_alloc(gsl_rng_taus2)};
    if (!rough->posts || !rough->mean || !rough->value || !rough->rng)
        return abp_fail_memory(err);
    gsl_rng_set(rough->rng, (unsigned long)(seed & 0xFFFFFFFFu));
    return 0;
}

void rough_release(struct rough *rough)
{
    free(rough->posts);
    free(rough->mean);
    free(rough->value);
    gsl_rng_free(rough->rng);
    memset(rough, 0, sizeof *rough);
}

void rough_clear(struct rough *rough)
{
    memset(rough->posts, 0, rough->variants * sizeof *rough->posts);
    memset(rough->mean, 0, rough->variants * sizeof *rough->mean);
    rough->squares = 0.0;
}

void rough_add(struct rough *rough, size_t variant, double outcome, double exposure)
{
    double *mean = &rough->mean[variant], x = log((outcome + 0.5) / exposure), before = x - *mean;
    *mean += before / ++rough->posts[variant];
    rough->squares += before * (x - *mean);
}

static int takes_part(const unsigned char *dropped, size_t v)
{
    return !dropped || !dropped[v];
}

int rough_allocation(double *probability, struct rough *rough, const unsigned char *dropped,
                     struct abp_error *err)
{
    size_t K = 0;
    double middle = 0.0, posts = 0.0;
    for (size_t v = 0; v < rough->variants; v++) {
        posts += rough->posts[v];
        if (!takes_part(dropped, v))
            continue;
        if (rough->posts[v] < ABP_ALLOCATION_POSTS)
            return 0;
        middle += rough->mean[v];
        K++;
    }
    double variance = rough->squares / fmax(1.0, posts - (double)rough->variants);
    if (K == 0 || !(variance > 0.0))
        return 0;
    middle /= (double)K;
    double *value = rough->value;
    for (size_t d = 0; d < DRAWS; d++)
        for (size_t v = 0; v < rough->variants; v++) {
            double told = rough->posts[v] / variance;
            double precision = told + 1.0 / (LIFT_SD * LIFT_SD);
            if (takes_part(dropped, v))
                *value++ = told * (rough->mean[v] - middle) / precision +
                           gsl_ran_gaussian_ziggurat(rough->rng, 1.0 / sqrt(precision));
        }
    struct abp_allocation_input input = {.value = rough->value,
                                         .draws = DRAWS,
                                         .variants = K,
                                         .leader = ABP_ALLOCATION_LEADER,
                                         .floor = ABP_ALLOCATION_FLOOR / (double)K};
    if (abp_allocate(probability, &input, err) != 0)
        return -1;
    for (size_t v = rough->variants; v-- > 0;) /* from those in front to all */
        probability[v] = takes_part(dropped, v) ? probability[--K] : 0.0;
    return 1;
}
