#include "stats/guess.h"

#include "stats/triangle.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int stats_guess_init(struct stats_guess *guess, size_t dimensions, size_t length,
                     struct abp_error *err)
{
    memset(guess, 0, sizeof *guess);
    guess->dimensions = dimensions;
    guess->features = 1 + dimensions + dimensions * (dimensions + 1) / 2;
    guess->length = length;
    for (size_t k = 0; k < dimensions; k++) {
        guess->low[k] = INFINITY;
        guess->high[k] = -INFINITY;
    }
    guess->coefficients = calloc(guess->features * length, sizeof *guess->coefficients);
    return guess->coefficients ? 0 : abp_fail_memory(err);
}

void stats_guess_release(struct stats_guess *guess)
{
    free(guess->coefficients);
    memset(guess, 0, sizeof *guess);
}

static void features_at(const struct stats_guess *guess, const double *z, double *features)
{
    size_t n = 0;
    features[n++] = 1.0;
    for (size_t i = 0; i < guess->dimensions; i++) {
        features[n++] = z[i];
        for (size_t j = 0; j <= i; j++)
            features[n++] = z[i] * z[j];
    }
}

void stats_guess_add(struct stats_guess *guess, const double *z, double weight,
                     const double *values)
{
    double features[STATS_MOST_FEATURES];
    features_at(guess, z, features);
    guess->seen++;
    for (size_t k = 0; k < guess->dimensions; k++) {
        guess->low[k] = fmin(guess->low[k], z[k]);
        guess->high[k] = fmax(guess->high[k], z[k]);
    }
    for (size_t i = 0; i < guess->features; i++) {
        double scaled = weight * features[i], *row = guess->coefficients + i * guess->length;
        for (size_t j = 0; j <= i; j++)
            guess->normal[i * guess->features + j] += scaled * features[j];
        for (size_t k = 0; k < guess->length; k++)
            row[k] += scaled * values[k];
    }
}

/* rows[i] -= by * rows[from], of `length` numbers each. */
static void subtract(double *rows, size_t length, size_t i, size_t from, double by)
{
    for (size_t k = 0; k < length; k++)
        rows[i * length + k] -= by * rows[from * length + k];
}

static void divide(double *row, size_t length, double by)
{
    for (size_t k = 0; k < length; k++)
        row[k] /= by;
}

int stats_guess_solve(struct stats_guess *guess)
{
    size_t n = guess->features, length = guess->length;
    double *L = guess->normal, *rows = guess->coefficients;
    if (guess->seen < 2 * n)
        return -1;
    for (size_t i = 0; i < n; i++)
        L[i * n + i] *= 1.0 + 1e-9;
    if (stats_cholesky(L, n, 0) != 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            subtract(rows, length, i, j, L[i * n + j]);
        divide(rows + i * length, length, L[i * n + i]);
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t j = i + 1; j < n; j++)
            subtract(rows, length, i, j, L[j * n + i]);
        divide(rows + i * length, length, L[i * n + i]);
    }
    return 0;
}

#define BLOCK 6

/* BLOCK values from the k-th on, in as many registers. */
static void add_block(const struct stats_guess *guess, const double *features, size_t k,
                      double *values)
{
    const double *row = guess->coefficients + k;
    double sum[BLOCK] = {0};
    for (size_t i = 0; i < guess->features; i++, row += guess->length)
        for (size_t l = 0; l < BLOCK; l++)
            sum[l] += features[i] * row[l];
    memcpy(values, sum, sizeof sum);
}

void stats_guess_at(const struct stats_guess *guess, const double *z, double *values)
{
    double inside[STATS_MOST_SCALES], features[STATS_MOST_FEATURES] = {0};
    for (size_t k = 0; k < guess->dimensions; k++)
        inside[k] = fmin(fmax(z[k], guess->low[k]), guess->high[k]);
    features_at(guess, inside, features);
    memset(values, 0, guess->length * sizeof *values);
    size_t k = 0;
    for (; k + BLOCK <= guess->length; k += BLOCK)
        add_block(guess, features, k, values + k);
    for (size_t i = 0; i < guess->features; i++)
        for (size_t l = k; l < guess->length; l++)
            values[l] += features[i] * guess->coefficients[i * guess->length + l];
}
