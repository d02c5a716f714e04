/* Small symmetric systems without the overhead that a library of any size has. The first `diagonal`
 * rows and columns of A, and so of L, cross in a block that is 0 but for its diagonal (0 or 1 when
 * nothing is known). Storage: the first `diagonal` numbers are that diagonal, then the other rows
 * follow, `size` numbers each. */
#ifndef STATS_TRIANGLE_H
#define STATS_TRIANGLE_H

#include "abpost/error.h"

#include <stddef.h>

/* How many numbers a matrix takes. */
static inline size_t stats_triangle_numbers(size_t size, size_t diagonal)
{
    return diagonal + (size - diagonal) * size;
}

/* Where row i's elements are: its j-th at [j], of a row of the diagonal block only the i-th. */
static inline size_t stats_triangle_row(size_t size, size_t diagonal, size_t i)
{
    return i < diagonal ? 0 : diagonal + (i - diagonal) * size;
}

/* Overwrites the lower triangle of A with L, A = L L'; the upper one is neither read nor
 * written. 0, or -1 when A is not positive definite to working precision, or not finite. */
int stats_cholesky(double *A, size_t size, size_t diagonal) ABP_MUST_CHECK;
/* x = L^-1 x, for an x that is 0 before `from`. */
void stats_solve_lower(const double *L, size_t size, size_t diagonal, size_t from, double *x);
/* x = L'^-1 x. */
void stats_solve_upper(const double *L, size_t size, size_t diagonal, double *x);
/* The same of the last rows alone, from row `from` on: what they are does not depend on the first.
 */
void stats_solve_last(const double *L, size_t size, size_t diagonal, size_t from, double *x);
/* The first rows, up to row `from`, from normals there and what stats_solve_last() left behind. */
void stats_solve_first(const double *L, size_t size, size_t diagonal, size_t from, double *x);

#endif
