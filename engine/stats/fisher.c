#include "abpost/fisher.h"

#include <gsl/gsl_randist.h>

#define EQUAL 1e-7 /* relative: rounding must not tell equal probabilities apart */

double abp_fisher_p(size_t yes_1, size_t no_1, size_t yes_2, size_t no_2)
{
    unsigned yes = (unsigned)(yes_1 + yes_2), no = (unsigned)(no_1 + no_2);
    unsigned drawn = (unsigned)(yes_1 + no_1);
    unsigned least = drawn > no ? drawn - no : 0, most = drawn < yes ? drawn : yes;
    double here = gsl_ran_hypergeometric_pdf((unsigned)yes_1, yes, no, drawn), p = 0;
    for (unsigned k = least; k <= most; k++) {
        double there = gsl_ran_hypergeometric_pdf(k, yes, no, drawn);
        if (there <= here * (1 + EQUAL))
            p += there;
    }
    return p < 1 ? p : 1;
}
