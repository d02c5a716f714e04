/* The tests of experiments/upworthy, read plainly and fitted as rates per impression. */
#ifndef ABPOST_TESTS_UPWORTHY_TESTS_H
#define ABPOST_TESTS_UPWORTHY_TESTS_H

#include "abpost/posterior.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UPWORTHY_PACKAGES 16

struct upworthy_test {
    double clicks[UPWORTHY_PACKAGES], impressions[UPWORTHY_PACKAGES];
    uint32_t package[UPWORTHY_PACKAGES];
    size_t packages;
};

/* Those of the file's tests that are numbered below `most`, each at its number, zeroed before; how
 * many there are, 0 when the file can't be read. Rows of one test are not together in the file. */
static inline size_t upworthy_read(struct upworthy_test *tests, size_t most)
{
    FILE *file = fopen(TEST_DATA "/../../experiments/upworthy/upworthy-a.csv", "r");
    char line[256];
    size_t count = 0;

    if (!file || !fgets(line, sizeof line, file))
        return 0;
    while (fgets(line, sizeof line, file)) {
        char *end = strrchr(line, ',');
        double clicks = strtod(end + 1, NULL), impressions;
        size_t number = (size_t)strtoul(line, NULL, 10);
        struct upworthy_test *t = number < most ? &tests[number] : NULL;

        *end = '\0';
        impressions = strtod(strrchr(line, ',') + 1, NULL);
        if (!t || t->packages == UPWORTHY_PACKAGES)
            continue;
        t->package[t->packages] = (uint32_t)t->packages;
        t->clicks[t->packages] = clicks;
        t->impressions[t->packages++] = impressions;
        count = number + 1 > count ? number + 1 : count;
    }
    fclose(file);
    return count;
}

/* Under the default priors. 0, or -1. */
static inline int upworthy_fit(struct abp_posterior *posterior, const struct upworthy_test *test)
{
    struct abp_priors priors = abp_default_priors(ABP_BETABINOMIAL);
    struct abp_posterior_options options = {.seed = 1};
    struct abp_data data = {.posts = test->packages,
                            .y = test->clicks,
                            .n = test->impressions,
                            .variant = test->package,
                            .variants = test->packages,
                            .channels = 1,
                            .slots = 1};

    return abp_posterior_fit(posterior, &data, ABP_BETABINOMIAL, &priors, &options, NULL);
}

#endif
