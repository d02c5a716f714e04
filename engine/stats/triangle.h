/* Small symmetric systems, row-major, without the overhead that a library of any size has. The
 * first `diagonal` rows and columns of A, and so of L, cross in a block that is 0 but for its
 * diagonal (0 or 1 when nothing is known). */
#ifndef STATS_TRIANGLE_H
#define STATS_TRIANGLE_H

#include "abpost/error.h"

#include <stddef.h>

/* Overwrites the lower triangle of A (size x size) with L, A = L L'; the upper one is neither read
 * nor written. 0, or -1 when A is not positive definite to working precision, or not finite. */
int stats_cholesky(double *A, size_t size, size_t diagonal) ABP_MUST_CHECK;
/* x = L^-1 x, for an x that is 0 before `from`. */
void stats_solve_lower(const double *L, size_t size, size_t diagonal, size_t from, double *x);
/* x = L'^-1 x. */
void stats_solve_upper(const double *L, size_t size, size_t diagonal, double *x);

#endif
