/* The average of a product over the draws of a block. Private to stats. */
#ifndef ABPOST_STATS_GUARD_BLOCK_H
#define ABPOST_STATS_GUARD_BLOCK_H

#include <stddef.h>

/* log of the average, over the C(m, k) ways to choose k of m posts, of exp(g * sum of z over the
 * chosen): an elementary symmetric polynomial over C(m, k). z finite, 0 <= k <= m, |g z| <= 600.
 * ratio: scratch of min(k, m - k) + 1 doubles. O(m min(k, m - k)), no overflow at any m. */
double abp_guard_log_average(const double *z, size_t m, size_t k, double g, double *ratio);

#endif
