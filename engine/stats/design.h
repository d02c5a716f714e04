/* Posts gathered into cells: all that the likelihood needs to know of them, in an order that does
 * not depend on the order of the rows. */
#ifndef STATS_DESIGN_H
#define STATS_DESIGN_H

#include "abpost/error.h"
#include "abpost/posterior.h"

#include <stddef.h>
#include <stdint.h>

/* Posts that share variant, channel and slot, and whatever else the family cannot sum over: the
 * exposure (negative binomial), exposure and outcome (beta-binomial, Poisson-lognormal), nothing
 * (lognormal). */
struct stats_cell {
    uint32_t variant, channel, slot;
    uint32_t place; /* which of the design's places it belongs to */
    double count;   /* posts */
    double y; /* negbinomial: sum of outcomes; lognormal: mean of log(y/n); else the outcome */
    double n; /* exposure of one post; the mean exposure for lognormal */
    double log_n;
    double spread; /* lognormal: sum of squares of log(y/n) about the mean */
};

/* A variant and a slot of one channel that at least one cell has. */
struct stats_place {
    uint32_t variant, slot;
};

/* How often a number occurs among the posts. */
struct stats_tally {
    double value, count;
};

struct stats_design {
    enum abp_family family;
    size_t variants, channels, slots; /* levels */
    int has_channels, has_slots;      /* more than one level: their terms are in the model */
    struct stats_cell *cells;         /* owned; by channel, variant, slot, n, y */
    size_t cell_count;
    size_t *channel_start;      /* owned; channels + 1: the cells of channel c */
    struct stats_place *places; /* owned; in the order of the cells */
    size_t place_count;
    size_t *place_start; /* owned; channels + 1: the places of channel c */
    struct stats_tally
        *tallies; /* owned; distinct outcomes (negbinomial) or exposures (betabinomial) */
    size_t tally_count;
    double posts;
    double mu0; /* centre of mu's prior */
    /* levels of all factors are numbered one after another */
    size_t factors, levels;                  /* 0: there are none */
    size_t level_end[ABP_POSTERIOR_FACTORS]; /* of each factor: where its levels end */
    size_t *level_of;                        /* owned; variants x factors */
};

int stats_design_init(struct stats_design *design, const struct abp_data *data,
                      enum abp_family family, struct abp_error *err) ABP_MUST_CHECK;
/* Where the levels of factor f begin among all levels. */
static inline size_t stats_first_level(const struct stats_design *design, size_t f)
{
    return f ? design->level_end[f - 1] : 0;
}

void stats_design_release(struct stats_design *design);

#endif
