#include "abpost/family.h"

#include <string.h>

static const char *const family_names[ABP_FAMILY_COUNT] = {
    [ABP_NEGBINOMIAL] = "negbinomial",   [ABP_POISSON_LOGNORMAL] = "poisson-lognormal",
    [ABP_BETABINOMIAL] = "betabinomial", [ABP_LOGNORMAL] = "lognormal",
    [ABP_POISSON] = "poisson",           [ABP_BINOMIAL] = "binomial",
};

static const char *const verdict_names[ABP_VERDICT_COUNT] = {
    [ABP_REPEAT] = "repeat",
    [ABP_DROP] = "drop",
    [ABP_SAME] = "same",
    [ABP_LEANING_REPEAT] = "leaning-repeat",
    [ABP_LEANING_DROP] = "leaning-drop",
    [ABP_KEEP_TESTING] = "keep-testing",
    [ABP_EXHAUSTED] = "exhausted",
};

const char *abp_family_name(enum abp_family family)
{
    return (unsigned)family < ABP_FAMILY_COUNT ? family_names[family] : NULL;
}

int abp_family_counts(enum abp_family family)
{
    return family != ABP_LOGNORMAL;
}

int abp_family_counts_exposure(enum abp_family family)
{
    return family == ABP_BETABINOMIAL || family == ABP_BINOMIAL;
}

enum abp_family abp_family_from_name(const char *name)
{
    for (int f = ABP_NEGBINOMIAL; f < ABP_FAMILY_COUNT; f++)
        if (strcmp(family_names[f], name) == 0)
            return (enum abp_family)f;
    return ABP_FAMILY_DEFAULT;
}

const char *abp_verdict_name(enum abp_verdict verdict)
{
    return (unsigned)verdict < ABP_VERDICT_COUNT ? verdict_names[verdict] : NULL;
}
