/* The words of the field that several folders share: families of outcomes, verdicts. */
#ifndef ABPOST_FAMILY_H
#define ABPOST_FAMILY_H

#include <stddef.h>

enum abp_family {
    ABP_FAMILY_DEFAULT = 0, /* not named: negbinomial, or betabinomial where there is an exposure */
    ABP_NEGBINOMIAL,
    ABP_POISSON_LOGNORMAL,
    ABP_BETABINOMIAL,
    ABP_LOGNORMAL,
    ABP_POISSON,
    ABP_BINOMIAL,
    ABP_FAMILY_COUNT
};

/* Name as written in files ("negbinomial"); NULL for DEFAULT and for values out of range. */
const char *abp_family_name(enum abp_family family);
/* 1: its outcomes are counts, so whole numbers: all but lognormal (and the default is one of them).
 */
int abp_family_counts(enum abp_family family);
/* 1: its exposures are counts as well, of which the outcome is a part. */
int abp_family_counts_exposure(enum abp_family family);
/* The family of that name, or ABP_FAMILY_DEFAULT when there is none. */
enum abp_family abp_family_from_name(const char *name);

enum abp_verdict {
    ABP_NO_VERDICT = 0, /* the baseline's own entry */
    ABP_REPEAT,
    ABP_DROP,
    ABP_SAME,
    ABP_LEANING_REPEAT,
    ABP_LEANING_DROP,
    ABP_KEEP_TESTING,
    ABP_EXHAUSTED,
    ABP_VERDICT_COUNT
};

/* "repeat", "leaning-drop", ...; NULL for ABP_NO_VERDICT. */
const char *abp_verdict_name(enum abp_verdict verdict);

#endif
