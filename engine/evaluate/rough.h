/* Top-two probabilities for the price of a few sums: from a normal posterior of mean log outcomes
 * instead of the model's. For simulations, where a fit before every block would take hours. The
 * guard is exact with any probabilities, so what a simulation says of false alarms is not touched;
 * what it finds, it finds with an allocation that is like abpost's own and not the same. */
#ifndef EVALUATE_ROUGH_H
#define EVALUATE_ROUGH_H

#include "abpost/error.h"

#include <gsl/gsl_rng.h>
#include <stddef.h>
#include <stdint.h>

struct rough {
    size_t variants;
    double *posts, *mean; /* owned; variants: how many, and of their log outcomes */
    double squares;       /* of log outcomes about their style's mean */
    double *value;        /* owned; draws x variants: scratch */
    gsl_rng *rng;         /* owned */
};

/* To be released whatever comes back. */
int rough_init(struct rough *rough, size_t variants, uint64_t seed,
               struct abp_error *err) ABP_MUST_CHECK;
void rough_release(struct rough *rough);

/* Forgets all posts. */
void rough_clear(struct rough *rough);
void rough_add(struct rough *rough, size_t variant, double outcome, double exposure);
/* As abp_allocation(): 1, and probability[0..variants) is filled; 0: too early; -1. dropped: 1 for
 * a style that gets no more posts; NULL: there is none. */
int rough_allocation(double *probability, struct rough *rough, const unsigned char *dropped,
                     struct abp_error *err) ABP_MUST_CHECK;

#endif
