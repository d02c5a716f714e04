#include "abpost/portfolio.h"

#include "abpost/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int grow(struct abp_portfolio *p, struct abp_error *err)
{
    size_t capacity = p->capacity ? 2 * p->capacity : 64;
    struct abp_portfolio_test *tests = realloc(p->tests, capacity * sizeof *tests);
    if (!tests)
        return abp_fail_memory(err);
    p->tests = tests;
    p->capacity = capacity;
    return 0;
}

static int add_test(struct abp_portfolio *p, const char *name,
                    const struct abp_variant_result *variant, struct abp_error *err)
{
    if (p->count == p->capacity && grow(p, err) != 0)
        return -1;
    struct abp_portfolio_test *test = &p->tests[p->count++];
    *test = (struct abp_portfolio_test){.experiment = abp_strdup(name),
                                        .variant = abp_strdup(variant->name),
                                        .e_value = variant->guard.open_e_value,
                                        .up = variant->log_lift.mean > 0.0};
    return test->experiment && test->variant ? 0 : abp_fail_memory(err);
}

int abp_portfolio_add(struct abp_portfolio *p, const char *name, const struct abp_result *result,
                      struct abp_error *err)
{
    for (size_t v = 1; v < result->variant_count; v++) {
        const struct abp_guard_result *guard = &result->variants[v].guard;
        /* of levels and variants together: abp_alpha_of_variants() */
        double alpha = (double)(result->variant_count - 1) / guard->threshold *
                       (result->factor_count > 1 ? 2.0 : 1.0);
        if (isnan(guard->open_e_value) || !(alpha > 0.0))
            continue;
        p->alpha = p->count && p->alpha < alpha ? p->alpha : alpha;
        if (add_test(p, name, &result->variants[v], err) != 0)
            return -1;
    }
    return 0;
}

int abp_portfolio_judge(struct abp_portfolio *p, struct abp_error *err)
{
    double *values = calloc(p->count + 1, sizeof *values);
    p->findings = calloc(p->count + 1, sizeof *p->findings);
    int rc = values && p->findings ? 0 : abp_fail_memory(err);
    for (size_t i = 0; rc == 0 && i < p->count; i++)
        values[i] = p->tests[i].e_value;
    if (rc == 0 && p->count)
        rc = abp_fdr(p->findings, values, p->count, p->alpha, err);
    p->survivors = 0;
    for (size_t i = 0; rc == 0 && i < p->count; i++)
        p->survivors += p->findings[i].discovered ? 1 : 0;
    free(values);
    return rc;
}

void abp_portfolio_release(struct abp_portfolio *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->tests[i].experiment);
        free(p->tests[i].variant);
    }
    free(p->tests);
    free(p->findings);
    memset(p, 0, sizeof *p);
}
