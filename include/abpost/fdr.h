/* Which findings of a whole portfolio of experiments survive: e-BH.
 *
 * Of n hypotheses with e-values e_1..e_n let e_(k) be the k-th largest and k* the largest k with
 *
 *     e_(k) >= n / (alpha k)
 *
 * (0 when there is none). The k* largest are discoveries. If every e-value of a true null has mean
 * at most 1, the expected share of false ones among the discoveries is at most alpha n_0 / n, n_0
 * of the n being true nulls, however the e-values depend on one another: experiments that share
 * posts, a baseline or a season may stand side by side. (Wang & Ramdas 2022, "False discovery rate
 * control with e-values", theorem 2.)
 *
 * What belongs in: one e-value for each variant against its baseline, of every experiment that was
 * begun - an experiment left out because it looked poor is a discovery made elsewhere. An e-value
 * may be read at any time chosen by looking at the data, all of them at once even; the largest that
 * a guard ever was (max_e_value) is not an e-value and has no place here. */
#ifndef ABPOST_FDR_H
#define ABPOST_FDR_H

#include "abpost/error.h"

#include <stddef.h>

struct abp_fdr_finding {
    double level;   /* the smallest alpha at which this one is a discovery; 1 when none below is */
    int discovered; /* 1: level <= alpha */
};

/* out has `count` entries, in the order of e_value; count may be 0. e_value is borrowed. ABP_DATA:
 * an e-value that is negative or NaN (infinity is one), an alpha outside (0, 1). ABP_FAILED: memory
 * is out. On -1 out is undefined. */
int abp_fdr(struct abp_fdr_finding *out, const double *e_value, size_t count, double alpha,
            struct abp_error *err) ABP_MUST_CHECK;

#endif
