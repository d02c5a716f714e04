/* What an account's posts are like, and worlds drawn from it (world.h). */
#ifndef ABPOST_CLIMATE_H
#define ABPOST_CLIMATE_H

#include "abpost/config.h"
#include "abpost/posts.h"
#include "abpost/world.h"

#include <stddef.h>
#include <stdint.h>

struct abp_climate {
    size_t posts; /* that it was learned from; 0: the defaults below */
    enum abp_family family;
    double mu;                        /* log (or logit) rate of a post */
    double kappa, kappa_log_sd;       /* spread between posts: median, and how unsure it is */
    double exposure, exposure_log_sd; /* median of a post's, and its spread; 1 and 0: none */
    double channel_sd, interaction_sd, slot_sd;
    double lift_sd; /* scale of the spread of true effects: the prior's */
    /* every second world has both; what no model here knows of */
    double trend_sd;        /* of the rise of the log level over the experiment */
    double level_sd, decay; /* of a level that wanders from post to post */
};

/* Fewer posts teach nothing. */
#define ABP_CLIMATE_LEAST 12

/* Defaults: a mean of 20 (2 % of 1,000 where there is an exposure), kappa 0.8 and 95 % between 0.44
 * and 1.44, channels 0.5, styles by channel 0.1, slots 0.2, a trend of 0.5, a level of 0.4 with
 * decay 0.8. */
void abp_climate_default(struct abp_climate *climate, const struct abp_experiment *experiment);

/* Learns level, spread, exposures, channels and slots from past posts, whatever their styles, by a
 * fit of the experiment's family; fewer than ABP_CLIMATE_LEAST, or none that can be fitted, leave
 * the climate as it is. -1: ABP_FAILED, memory is out. */
int abp_climate_learn(struct abp_climate *climate, const struct abp_experiment *experiment,
                      const struct abp_posts *posts, struct abp_error *err) ABP_MUST_CHECK;

struct abp_climate_world {
    struct abp_world world;                       /* of the arrays below */
    double *theta, *channel, *slot, *interaction; /* owned */
    size_t better;       /* the style that was given the effect; 0: none, or effects were drawn */
    double *level_theta; /* owned; of each level, less its factor's first; NULL: no factors */
    size_t level;        /* of all levels, the one that was given the effect; 0: none */
};

/* Draws one world: `effect` is the rate ratio of one style to all others, which are alike; NaN:
 * effects drawn from the climate. Tails take turns with `seed`'s number. The caller releases. -1:
 * ABP_FAILED. */
int abp_climate_draw(struct abp_climate_world *out, const struct abp_climate *climate,
                     size_t variants, size_t channels, size_t slots, double effect, uint64_t seed,
                     uint64_t number, struct abp_error *err) ABP_MUST_CHECK;
/* After abp_climate_draw, where the design has factors: the effect is one level's, of every style
 * that has it, instead of one style's; drawn effects are those of levels, and a quarter of their
 * spread is a style's own. of_variant of the factors by the world's styles; the level of style 0 is
 * what a factor's others are set against. -1: ABP_FAILED, and the world is still to be released. */
int abp_climate_draw_levels(struct abp_climate_world *world, const struct abp_climate *climate,
                            const struct abp_factor *factors, size_t count, double effect,
                            uint64_t seed, uint64_t number, struct abp_error *err) ABP_MUST_CHECK;
void abp_climate_world_release(struct abp_climate_world *world);

/* One post's exposure in the climate: a whole number of at least 1 for rates. */
double abp_climate_exposure(const struct abp_climate *climate, uint64_t seed);

#endif
