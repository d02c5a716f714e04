#include "stats/triangle.h"

#include <math.h>

int stats_cholesky(double *A, size_t size, size_t diagonal)
{
    for (size_t i = 0; i < diagonal; i++) {
        A[i] = sqrt(A[i]);
        if (!(A[i] > 0.0) || !isfinite(A[i]))
            return -1;
    }
    for (size_t i = diagonal; i < size; i++) {
        double *row = A + stats_triangle_row(size, diagonal, i);
        for (size_t j = 0; j < diagonal; j++)
            row[j] /= A[j];
        for (size_t j = diagonal; j <= i; j++) {
            const double *other = A + stats_triangle_row(size, diagonal, j);
            double sum = row[j];
            for (size_t k = 0; k < j; k++)
                sum -= row[k] * other[k];
            row[j] = j < i ? sum / other[j] : sqrt(sum);
        }
        if (!(row[i] > 0.0) || !isfinite(row[i]))
            return -1;
    }
    return 0;
}

void stats_solve_lower(const double *L, size_t size, size_t diagonal, size_t from, double *x)
{
    for (size_t i = from; i < diagonal; i++)
        x[i] /= L[i];
    for (size_t i = from < diagonal ? diagonal : from; i < size; i++) {
        const double *row = L + stats_triangle_row(size, diagonal, i);
        double sum = x[i];
        for (size_t k = from; k < i; k++)
            sum -= row[k] * x[k];
        x[i] = sum / row[i];
    }
}

void stats_solve_last(const double *L, size_t size, size_t diagonal, size_t from, double *x)
{
    for (size_t i = size; i-- > from;) {
        const double *row = L + stats_triangle_row(size, diagonal, i);
        double value = x[i] /= row[i];
        for (size_t k = i < diagonal ? i : from; k < i; k++)
            x[k] -= row[k] * value;
    }
}

void stats_solve_first(const double *L, size_t size, size_t diagonal, size_t from, double *x)
{
    for (size_t i = size; i-- > from;) {
        const double *row = L + stats_triangle_row(size, diagonal, i);
        for (size_t k = 0; k < from && i >= diagonal; k++)
            x[k] -= row[k] * x[i];
    }
    for (size_t i = from; i-- > 0;) {
        const double *row = L + stats_triangle_row(size, diagonal, i);
        double value = x[i] /= row[i];
        for (size_t k = i < diagonal ? i : 0; k < i; k++)
            x[k] -= row[k] * value;
    }
}

void stats_solve_upper(const double *L, size_t size, size_t diagonal, double *x)
{
    stats_solve_last(L, size, diagonal, 0, x);
}
