/* Fisher's exact test of a 2 x 2 table. */
#ifndef ABPOST_FISHER_H
#define ABPOST_FISHER_H

#include <stddef.h>

/* Two-sided p of
 *
 *     yes_1  no_1
 *     yes_2  no_2
 *
 * given its margins: the probability, under the hypergeometric distribution, of all tables that are
 * no more likely than this one (those within 1e-7 of it count as equal, as in R's fisher.test). 1
 * where a margin is 0. Each sum of a row or column at most 2^31 - 1. Takes time in proportion to
 * the smallest margin. */
double abp_fisher_p(size_t yes_1, size_t no_1, size_t yes_2, size_t no_2);

#endif
