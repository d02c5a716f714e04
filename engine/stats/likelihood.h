/* The likelihoods of model.md, one table of functions a family. All are functions of the linear
 * predictor eta of a cell; the dispersion kappa is prepared once. */
#ifndef STATS_LIKELIHOOD_H
#define STATS_LIKELIHOOD_H

#include "stats/design.h"
#include "stats/special.h"

/* What depends on kappa alone. */
struct stats_dispersion {
    double kappa;
    double size; /* 1/kappa^2: the negative binomial's size, the beta-binomial's M */
    double log_size;
    double constant; /* the part of the whole design's log likelihood that no eta moves */
};

struct stats_family {
    /* The part of the design's log likelihood that depends on the dispersion alone. */
    double (*constant)(const struct stats_design *design, const struct stats_dispersion *d);
    /* The cell's log likelihood, less constants of the data and of `constant`. */
    double (*value)(const struct stats_dispersion *d, const struct stats_cell *cell, double eta);
    /* The same, with its first derivative in eta and minus its second: `curvature` is the exact one
     * where that is positive, and a positive stand-in elsewhere. */
    double (*derivatives)(const struct stats_dispersion *d, const struct stats_cell *cell,
                          double eta, double *slope, double *curvature);
    /* The sum of value() over cells, each at its own eta. */
    double (*sum)(const struct stats_dispersion *d, const struct stats_cell *cells, size_t count,
                  const double *eta);
    /* The same with derivatives() of every cell. bend: how the curvature moves with eta, NULL where
     * nobody asks; NaN from families that do not have it exactly. */
    double (*expand)(const struct stats_dispersion *d, const struct stats_cell *cells, size_t count,
                     const double *eta, double *slope, double *curvature, double *bend);
    int exact_bends;
    /* Log probability (density for lognormal) of one post, with every constant. */
    double (*post)(const struct stats_dispersion *d, double y, double n, double eta);
    /* Mean outcome of one post of exposure n. */
    double (*mean)(const struct stats_dispersion *d, double n, double eta);
};

/* NULL for the conjugate families. */
const struct stats_family *stats_family(enum abp_family family);

/* `constant` of one design as a function of log_size, filled where it is asked: between nodes it is
 * interpolated, to 1e-4 where outcomes (exposures) sum to 1e5 at most, else not at all. */
#define STATS_CONSTANT_NODES 320
struct stats_constants {
    struct stats_half_normals half;
    int used;                          /* 0: constants are computed each time */
    double node[STATS_CONSTANT_NODES]; /* NaN: not yet known */
};

void stats_constants_init(struct stats_constants *constants, const struct stats_design *design);

/* constants may be NULL; design too, for a dispersion without `constant`. */
void stats_dispersion_set(struct stats_dispersion *d, const struct stats_design *design,
                          const struct stats_family *family, struct stats_constants *constants,
                          double kappa);

#endif
