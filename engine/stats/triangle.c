#include "stats/triangle.h"

#include <math.h>

int stats_cholesky(double *A, size_t size, size_t diagonal)
{
    for (size_t i = 0; i < size; i++) {
        double *row = A + i * size;
        for (size_t j = i < diagonal ? i : 0; j <= i; j++) {
            const double *other = A + j * size;
            double sum = row[j];
            for (size_t k = j < diagonal ? j : 0; k < j; k++)
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
    for (size_t i = from; i < size; i++) {
        const double *row = L + i * size;
        double sum = x[i];
        for (size_t k = i < diagonal ? i : from; k < i; k++)
            sum -= row[k] * x[k];
        x[i] = sum / row[i];
    }
}

void stats_solve_upper(const double *L, size_t size, size_t diagonal, double *x)
{
    for (size_t i = size; i-- > 0;) {
        const double *row = L + i * size;
        double value = x[i] /= row[i];
        for (size_t k = i < diagonal ? i : 0; k < i; k++)
            x[k] -= row[k] * value;
    }
}
