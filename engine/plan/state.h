/* A draw, and what it stands on: what the store says of the experiment's channels. */
#ifndef ABP_PLAN_STATE_H
#define ABP_PLAN_STATE_H

#include "plan/draw.h"

#include "abpost/plan.h"

struct abp_plan_state {
    const struct abp_plan_input *input; /* borrowed */
    struct abp_draw_channel *channels;  /* owned; one for each channel of the experiment */
    int64_t *last_other, *last_winner;  /* owned; by channel: newest block without, with a winner */
    size_t *labels;                     /* owned; the variants that get posts */
    struct abp_draw_rules rules;
    struct abp_drawn drawn;
    size_t live, plans;
    int64_t ends_at;
};

/* store NULL: nothing is planned yet. Release it either way. */
int abp_plan_state_load(struct abp_plan_state *plan, struct abp_store *store,
                        const struct abp_plan_input *input, struct abp_error *err) ABP_MUST_CHECK;
void abp_plan_state_release(struct abp_plan_state *plan);

#endif
