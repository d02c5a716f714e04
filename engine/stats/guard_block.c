#include "guard_block.h"

#include <math.h>

/* With A_j the average over j-subsets of the first i posts and w the weight of the i-th,
 *
 *     A_j(i) = (i-j)/i A_j(i-1) + j/i w A_{j-1}(i-1).
 *
 * The averages span hundreds of orders of magnitude, but the ratios R_j = A_j / A_{j-1} stay
 * between the smallest and the largest weight (Newton's inequalities), so it is the ratios that are
 * carried. */
static void add_post(double *ratio, size_t i, size_t k, double w)
{
    size_t top = i < k ? i : k;

    for (size_t j = top; j >= 1; j--) {
        double above = (double)j * w;
        double below = (double)(i - j + 1);

        if (j < i)
            above += (double)(i - j) * ratio[j];
        if (j > 1)
            below += (double)(j - 1) * w / ratio[j - 1];
        ratio[j] = above / below;
    }
}

double abp_guard_log_average(const double *z, size_t m, size_t k, double g, double *ratio)
{
    /* Choosing k is leaving m - k: the shorter of the two is counted. */
    int leave = k > m - k;
    size_t count = leave ? m - k : k;
    double all = 0.0, average = 0.0;

    for (size_t i = 0; i < m; i++) {
        all += g * z[i];
        add_post(ratio, i + 1, count, exp(leave ? -g * z[i] : g * z[i]));
    }
    for (size_t j = 1; j <= count; j++)
        average += log(ratio[j]);
    return leave ? all + average : average;
}
