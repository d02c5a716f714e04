/* The latent field given the scales: its mode, the Gaussian around it, draws from that Gaussian.
 *
 * The field is x = (w, mu, theta, alpha) and, with several channels, u_c and b_vc. Given the rest,
 * channels are independent, and given u_c so are the b_vc: eliminating b first, then u, leaves a
 * dense system only in the `globals` (w, mu, theta, alpha), so that the cost is linear in channels
 * and cells. With factors, theta here is the rho of posterior.h: what a variant is worth beyond its
 * levels. */
#ifndef STATS_LATENT_H
#define STATS_LATENT_H

#include "stats/likelihood.h"

#include <stddef.h>

/* Standard deviations of the terms at one point of the scales' space. */
struct stats_scales {
    double mu, tau_v, tau_u, tau_b, tau_w;
    double log_mu, log_v, log_u, log_b, log_w; /* their logarithms */
    double square_b, precision_b, precision_u; /* tau_b^2, tau_b^-2, tau_u^-2 */
    double tau_f[ABP_POSTERIOR_FACTORS];
    double log_f[ABP_POSTERIOR_FACTORS];
    struct stats_dispersion dispersion;
};

/* The Gaussian approximation at one point. Precisions are conditional: of b given all else, of u
 * given the globals. Couplings say how a conditional mean moves with what it is conditioned on. */
struct stats_field {
    struct stats_scales scales;
    double log_marginal;     /* Laplace's log p(y | scales), less constants of the data */
    double log_normal;       /* log density of the Gaussian at its centre */
    double global_log_ratio; /* normalisation of the globals' prior over their Gaussian's, log */
    double *global_mean;     /* globals */
    double *global_factor;   /* lower Cholesky factor of the globals' precision, see
                                elimination.h and triangle.h */
    double *u_mean, *u_precision; /* channels */
    double *u_coupling;           /* channels x globals */
    double *channel_log_ratio;    /* channels: as global_log_ratio, of u_c and all b_vc */
    double *u_sd, *b_sd;          /* channels; channels x variants: precision^-1/2 */
    double *b_mean, *b_precision; /* channels x variants */
    double *b_coupling;           /* channels x variants: on u, mu, theta and alpha alike */
    double *place_coupling;       /* places: of b on w; empty without slots */
    double *memory; /* owned: all of the above point into it; NULL: into lent memory */
};

/* Everything the solver needs that does not change from point to point. */
struct stats_latent {
    const struct stats_design *design;         /* borrowed */
    const struct stats_family *family;         /* borrowed */
    size_t globals, at_mu, at_theta, at_alpha; /* w starts at 0 */
    size_t diagonal; /* how many of the globals, from the first, meet only others than themselves */
    size_t size;     /* globals + channels + channels x variants */
    /* owned working space */
    double *x, *trial, *step;  /* size: globals, then u, then b */
    double *slope, *curvature; /* cells */
    double *bend, *eta;        /* cells; bend only of families whose bends are exact */
    double *right;             /* size */
    double *vector;            /* globals */
    double *memory;
    double near_enough; /* Newton's decrement (twice what the log density has still to gain) from
                           which one more step is the last */
};

/* The globals, but for the slot's, that the predictor of a post of variant v is the sum of: so
 * many, where they are, in ascending order, and their sum in g. */
static inline size_t stats_core_terms(const struct stats_latent *latent)
{
    return 2 + latent->design->factors;
}

static inline size_t stats_core_term(const struct stats_latent *latent, size_t v, size_t k)
{
    const struct stats_design *d = latent->design;
    if (k < 2)
        return k == 0 ? latent->at_mu : latent->at_theta + v;
    return latent->at_alpha + d->level_of[v * d->factors + k - 2];
}

static inline double stats_core_sum(const struct stats_latent *latent, const double *g, size_t v)
{
    double sum = g[latent->at_mu] + g[latent->at_theta + v];
    for (size_t k = 2; k < stats_core_terms(latent); k++)
        sum += g[stats_core_term(latent, v, k)];
    return sum;
}

/* Where differences of marginals are taken: the last step ends within 1e-7 of the mode's density.
 */
#define STATS_NEAR_TIGHT 1e-5
/* For proposals, whose weights are exact wherever they stand. */
#define STATS_NEAR_LOOSE 0.1

int stats_latent_init(struct stats_latent *latent, const struct stats_design *design,
                      const struct stats_family *family, struct abp_error *err) ABP_MUST_CHECK;
void stats_latent_release(struct stats_latent *latent);

/* Log posterior density of x (size) given the scales, but for constants of the data. */
double stats_latent_density(struct stats_latent *latent, const struct stats_scales *s,
                            const double *x);
/* Divides a vector over the field (less mu's centre where `centre` is 1) by what shrinking leaves
 * of a term at these scales, or the reverse: in these units it moves smoothly with the scales,
 * however small they are. */
void stats_latent_rescale(const struct stats_latent *latent, const struct stats_scales *s,
                          double *x, int centre, int back);
/* Log of the volume that a unit cube of those units has. */
double stats_latent_log_stretch(const struct stats_latent *latent, const struct stats_scales *s);

int stats_field_init(struct stats_field *field, const struct stats_latent *latent,
                     struct abp_error *err) ABP_MUST_CHECK;
void stats_field_release(struct stats_field *field);
/* The same in memory that is lent to it, as many numbers as stats_field_numbers() says; not to be
 * released. */
void stats_field_place(struct stats_field *field, const struct stats_latent *latent,
                       double *memory);
size_t stats_field_numbers(const struct stats_latent *latent);
/* Bytes that one field takes. */
size_t stats_field_bytes(const struct stats_latent *latent);

/* Fills the field at scales. Newton starts at latent->x and leaves the mode there. Returns 0, or -1
 * when no finite mode was found (the point is then to be left out). */
int stats_field_fit(struct stats_field *field, struct stats_latent *latent,
                    const struct stats_scales *scales);
/* Moves the Gaussian's centre from the mode to the mean that third derivatives suggest (Rue,
 * Martino & Chopin 2009, section 3.2.3). Right after stats_field_fit. latent->step is by how much,
 * afterwards. */
void stats_field_centre(struct stats_field *field, struct stats_latent *latent);
/* Moves the centre by that much (size). */
void stats_field_move(struct stats_field *field, const struct stats_latent *latent,
                      const double *by);

/* How far the conditional mean of u_c moves with the globals' change, and those of all b_vc of
 * channel c (into shift, variants long) given the change of u_c too. */
double stats_field_u_shift(const struct stats_field *field, const struct stats_latent *latent,
                           size_t c, const double *change);
void stats_field_b_shifts(const struct stats_field *field, const struct stats_latent *latent,
                          size_t c, const double *change, double u_change, double *shift);

/* mu, theta and alpha from as many independent normals, into their places among the globals.
 * Returns log prior - log q of them, and the normalisation of all globals. */
double stats_field_draw_core(const struct stats_field *field, const struct stats_latent *latent,
                             const double *normals, double *globals);
/* Mean and sd of (theta_v + b_vc) - (theta_base + b_base,c) under the Gaussian, with channels. */
void stats_field_channel_lift(const struct stats_field *field, const struct stats_latent *latent,
                              size_t c, size_t v, size_t base, double *mean, double *sd);
/* The slots' terms given those, from as many normals. Returns log prior - log q of them but for
 * the normalisation. */
double stats_field_draw_slots(const struct stats_field *field, const struct stats_latent *latent,
                              const double *normals, double *globals);
/* u and b (variants long) of channel c, from 1 + variants normals; change: the globals less their
 * means. */
void stats_field_draw_channel(const struct stats_field *field, const struct stats_latent *latent,
                              size_t c, const double *change, const double *normals, double *u,
                              double *b);
/* log prior - log q of what it has drawn. */
double stats_field_channel_ratio(const struct stats_field *field, const struct stats_latent *latent,
                                 size_t c, const double *normals, double u, const double *b);
/* Log likelihood of all posts, less the dispersion's constant. u, b: of all channels; NULL without
 * channel terms. */
double stats_draw_likelihood(const struct stats_field *field, const struct stats_latent *latent,
                             const double *globals, const double *u, const double *b);

#endif
