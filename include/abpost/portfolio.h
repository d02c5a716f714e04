/* The findings of many experiments side by side: which survive e-BH (fdr.h). */
#ifndef ABPOST_PORTFOLIO_H
#define ABPOST_PORTFOLIO_H

#include "abpost/fdr.h"
#include "abpost/result.h"

#include <stddef.h>

struct abp_portfolio_test {
    char *experiment, *variant; /* owned */
    double e_value;
    int up; /* 1: better than the baseline, as far as the posterior can tell */
};

struct abp_portfolio {
    struct abp_portfolio_test *tests; /* owned; in the order they came */
    struct abp_fdr_finding *findings; /* owned; NULL before abp_portfolio_judge */
    size_t count, capacity, survivors;
    double alpha; /* the smallest of the experiments' */
};

/* Adds every variant that has a guard. */
int abp_portfolio_add(struct abp_portfolio *portfolio, const char *name,
                      const struct abp_result *result, struct abp_error *err) ABP_MUST_CHECK;
int abp_portfolio_judge(struct abp_portfolio *portfolio, struct abp_error *err) ABP_MUST_CHECK;
void abp_portfolio_release(struct abp_portfolio *portfolio);

#endif
