/* What became of many simulated experiments, and how it is told. */
#ifndef ABPOST_CLI_TALLY_H
#define ABPOST_CLI_TALLY_H

#include "command.h"
#include "scene.h"

#define ABP_TALLY_WEEKS 520 /* at most; later ones count as the last */

/* Of all worlds with one effect. */
struct abp_tally {
    double effect; /* rate ratio of one style to the others; NaN: drawn from the prior */
    size_t worlds;
    size_t wrong;    /* with a repeat or drop of a style that does not deserve it, ever */
    size_t found;    /* with a repeat of the style that is better (below 1: a drop) */
    size_t finished; /* with a verdict on every style */
    size_t chosen, chosen_better, chosen_best; /* with a repeat; its style beats the baseline; is
                                                  the best of all */
    size_t fits;
    double regret; /* summed */
    size_t worlds_of_tail[ABP_TAIL_COUNT], wrong_of_tail[ABP_TAIL_COUNT];
    size_t *found_in;    /* owned; ABP_TALLY_WEEKS: worlds in which it was found in that week */
    size_t *finished_in; /* owned; the same: the last verdict */
};

int abp_tally_init(struct abp_tally *tally, double effect, struct abp_error *err) ABP_MUST_CHECK;
void abp_tally_release(struct abp_tally *tally);

/* Adds one life. */
void abp_tally_add(struct abp_tally *tally, const struct abp_sim_outcome *out,
                   const struct abp_sim_design *design, const struct abp_climate_world *world);

/* The week, from 1, by which at least `share` of the finished ones were; 0: none is. */
size_t abp_tally_week(const struct abp_tally *tally, double share);

/* 95 % interval of a share k of n (Wilson). */
struct abp_share {
    double share, low, high;
};
struct abp_share abp_share_of(size_t k, size_t n);

struct abp_simulation {
    const struct abp_env *env; /* borrowed, as is all else */
    const struct abp_scene *scene;
    const struct abp_tally *tallies;
    size_t count, worlds; /* effects; worlds asked for, of each */
    size_t weeks;         /* of the schedule */
    const char *aa;       /* NULL: none */
    double seconds;
};

void abp_simulation_put_text(struct abp_buffer *buf, const struct abp_simulation *s);
void abp_simulation_put_json(struct abp_buffer *buf, const struct abp_simulation *s);
void abp_simulation_put_csv(struct abp_buffer *buf, const struct abp_simulation *s);

#endif
