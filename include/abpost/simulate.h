/* One experiment lived through in a generated world: its own slots and blocks, a look after every
 * night on which a post matured, and the decisions that `abpost nightly` would take, by the same
 * code: the guard, the posterior, the verdict.
 *
 * What is spared, and why it changes nothing: a `repeat` or `drop` needs the guard, whose largest
 * e-value only grows, so the first night on which it reaches its threshold is found by halving; the
 * posterior is fitted from that night on, every night, until the variant has its verdict. What is
 * spared and may change a little: `same` is asked for at the end alone (it takes hundreds of
 * posts). With allocation = top-two each block is drawn when the one before it on its channel has
 * gone out, by what has been read by then; its probabilities come from a normal posterior of log
 * outcomes, as a fit for each would take hours. Guardrails, missing readings and failures to post
 * are not part of these worlds. */
#ifndef ABPOST_SIMULATE_H
#define ABPOST_SIMULATE_H

#include "abpost/config.h"
#include "abpost/error.h"
#include "abpost/family.h"
#include "abpost/world.h"

#include <stddef.h>
#include <stdint.h>

struct abp_sim_slot {
    size_t channel, slot; /* below the design's channels and slots */
    int64_t at;           /* UTC seconds; slots stand in order of it */
    /* of a real post that is put here instead of a generated one: the outcome that it had; NaN:
     * generated. exposure: of the real post, or the usual one; 1 without any */
    double outcome, exposure;
};

struct abp_sim_design {
    const struct abp_experiment *experiment; /* borrowed; its decision, horizon, max_posts */
    size_t variants;                         /* 2 or more; number 0 is the baseline */
    const double *cost; /* borrowed; variants; of one post; NaN: none; NULL: none at all */
    const struct abp_sim_slot *slots; /* borrowed */
    size_t count;
    size_t channels, slot_kinds; /* at least 1 */
    struct abp_factor *factors;  /* borrowed; of_variant by the design's variants; NULL: none */
    size_t factor_count;
};

struct abp_sim_verdict {
    enum abp_verdict verdict; /* repeat, drop, same; ABP_KEEP_TESTING: none of them */
    int64_t at;               /* the look that found it; UTC seconds; 0 without a verdict */
    size_t posts;             /* mature then, of all variants */
};

struct abp_sim_outcome {
    struct abp_sim_verdict *variants; /* the caller's room; variants of the design; the baseline's
                                         stays empty */
    struct abp_sim_verdict *levels;   /* the caller's room; all levels, factor by factor; those of
                                         variant 0 stay empty; NULL without factors */
    int64_t finished_at;              /* every variant and level has a verdict; 0: not within these
                                         slots */
    size_t posts;                     /* made until then */
    double regret; /* what these posts gave up, as a share of the best style's outcome */
    size_t fits;   /* posteriors that were needed */
};

/* world: variants, channels and slots as the design's; its theta is the truth that real outcomes
 * are multiplied by, too (counts are rounded up or down by chance). The same seed gives the same
 * life. Nothing is kept between calls: several threads may share a design. Fails as abp_evaluate.
 */
int abp_simulate(struct abp_sim_outcome *out, const struct abp_sim_design *design,
                 const struct abp_world *world, uint64_t seed,
                 struct abp_error *err) ABP_MUST_CHECK;

#endif
