/* The field's precision matrix, factored by eliminating b, then u, and solved with: see latent.h.
 *
 * What is left of the globals' precision is factored in terms of theta_0 and of the other styles'
 * differences from it, in the places of their thetas: so a difference hangs on its own normal and
 * on those of later differences alone, and few quasi-random coordinates decide it. */
#ifndef STATS_ELIMINATION_H
#define STATS_ELIMINATION_H

#include "stats/latent.h"
#include "stats/triangle.h"

/* Where u_c and b_vc stand in a vector over the whole field. */
static inline size_t stats_at_u(const struct stats_latent *latent, size_t c)
{
    return latent->globals + c;
}

static inline size_t stats_at_b(const struct stats_latent *latent, size_t c, size_t v)
{
    const struct stats_design *d = latent->design;
    return latent->globals + d->channels + c * d->variants + v;
}

/* Row i of the globals' precision or its factor. */
static inline double *stats_row_of(const struct stats_field *field,
                                   const struct stats_latent *latent, size_t i)
{
    return field->global_factor + stats_triangle_row(latent->globals, latent->diagonal, i);
}

/* The cells of one channel and one variant, from `from` to before the returned one. */
size_t stats_pair_end(const struct stats_design *design, size_t from, size_t end);
/* The prior's sd of global i. */
double stats_prior_sd(const struct stats_latent *latent, const struct stats_scales *s, size_t i);

/* Factors the precision matrix at latent->curvature; 0, or -1 when it is not positive definite. */
int stats_field_factor(struct stats_field *field, const struct stats_latent *latent);
/* latent->step = precision^-1 latent->right, which it overwrites. */
void stats_field_solve(const struct stats_field *field, struct stats_latent *latent);

/* From the terms of the factor to the globals, back, and what slopes in the globals are in those
 * terms (each over the globals, in place). */
void stats_add_differences(const struct stats_latent *latent, double *globals);
void stats_take_differences(const struct stats_latent *latent, double *globals);
void stats_slopes_of_differences(const struct stats_latent *latent, double *slopes);

#endif
