#include "by_hand.h"

#include "encode.h"

#include <string.h>

/* The sums that an experiment asks for, one after the other; NULL behind the last. */
static const struct abp_sum *sum_number(const struct abp_experiment *e, size_t i)
{
    if (i < 2)
        return i == 0 ? &e->outcome : &e->exposure;
    return i - 2 < e->decision.guardrail_count ? &e->decision.guardrails[i - 2].metric : NULL;
}

static int has_term(const struct abp_sum *sum, const char *name)
{
    for (size_t t = 0; t < sum->count; t++)
        if (strcmp(sum->terms[t].name, name) == 0)
            return 1;
    return 0;
}

void abp_put_readings_header(struct abp_buffer *buf, const struct abp_env *env,
                             const struct abp_experiment *experiment)
{
    const struct abp_sum *sum;
    abp_buffer_add(buf, "post");
    for (size_t i = 0; (sum = sum_number(experiment, i)) != NULL; i++)
        for (size_t t = 0; t < sum->count; t++) {
            const char *name = sum->terms[t].name;
            int known = 0;
            for (size_t k = 0; k < i; k++)
                known |= has_term(sum_number(experiment, k), name);
            if (known)
                continue;
            abp_buffer_byte(buf, ',');
            abp_put_csv(buf, env, name);
        }
}
