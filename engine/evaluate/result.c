#include "abpost/result.h"

#include "abpost/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void release_factor(struct abp_factor_result *factor)
{
    for (size_t l = 0; l < factor->level_count; l++) {
        free(factor->levels[l].name);
        free(factor->levels[l].reason);
    }
    free(factor->levels);
    free(factor->name);
}

void abp_result_release(struct abp_result *result)
{
    for (size_t v = 0; v < result->variant_count; v++) {
        struct abp_variant_result *variant = &result->variants[v];
        for (size_t c = 0; c < variant->channel_count; c++)
            free(variant->channels[c].name);
        free(variant->channels);
        free(variant->name);
        free(variant->reason);
    }
    for (size_t f = 0; f < result->factor_count; f++)
        release_factor(&result->factors[f]);
    free(result->factors);
    for (size_t w = 0; w < result->warning_count; w++)
        free(result->warnings[w]);
    free(result->warnings);
    free(result->variants);
    free(result->baseline);
    free(result->name);
    memset(result, 0, sizeof *result);
}

int abp_result_vwarn(struct abp_result *result, struct abp_error *err, const char *format,
                     va_list args)
{
    char text[1024];
    vsnprintf(text, sizeof text, format, args);
    char **list = realloc(result->warnings, (result->warning_count + 1) * sizeof *list);
    if (!list)
        return abp_fail_memory(err);
    result->warnings = list;
    if (!(list[result->warning_count] = abp_strdup(text)))
        return abp_fail_memory(err);
    result->warning_count++;
    return 0;
}

int abp_result_warn(struct abp_result *result, struct abp_error *err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int rc = abp_result_vwarn(result, err, format, args);
    va_end(args);
    return rc;
}
