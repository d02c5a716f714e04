/* What verdicts lead to. A verdict that ends the test of a variant is a fact from the night it was
 * first reached, and stands. When every variant has one, the experiment is finished: it stops, or
 * (after = repeat-winner) the winner keeps the slots. A dropped variant gets no more posts while
 * the others are still tested.
 *
 * A WINNER IS WATCHED. Every night, by the posts drawn since the last decision alone: the share of
 * slots that is still drawn, of every variant. When they say with the experiment's confidence that
 * the winner does worse than the baseline (or, where the baseline is the winner, that another does
 * better), min_posts of both being there, its decisions are withdrawn and the test begins anew with
 * those posts, which have a guard of their own. To withdraw claims nothing, it only asks again; so
 * it does not wait for the guard, and is not held to alpha. A winner that does better is withdrawn
 * by mistake hardly ever; one that has become the same as the others sooner or later, and nothing
 * is lost by that. */
#ifndef ABPOST_CLI_DECIDE_H
#define ABPOST_CLI_DECIDE_H

#include "rounds.h"

#include "abpost/result.h"

struct abp_stage {
    int finished;
    int winner;            /* finished: the first variant that earned `repeat`, else the baseline */
    int64_t decided_at;    /* UTC seconds; the newest decision that stands; 0: none does */
    size_t known;          /* decisions, withdrawals among them, that this follows from */
    size_t since;          /* with so many of them things began to stand so; 0: they always did */
    int64_t since_at;      /* UTC seconds; when the last of those was reached */
    int is_reopened;       /* the last of those was a withdrawal */
    unsigned char *active; /* owned; variant_count: 1: it gets posts */
    size_t active_count;
};

/* Where an experiment stands by the decisions in the store. */
int abp_stage_read(struct abp_stage *stage, const struct abp_rounds *rounds,
                   const struct abp_experiment *experiment, struct abp_error *err) ABP_MUST_CHECK;
void abp_stage_release(struct abp_stage *stage);

/* Takes the posts out of the plan that were drawn by who did not know yet how things stand, and
 * tells the journal. Nothing to do nearly always. */
int abp_stage_clear(const struct abp_stage *stage, const struct abp_rounds *rounds,
                    const struct abp_experiment *experiment, struct abp_journal *journal,
                    struct abp_error *err) ABP_MUST_CHECK;

/* What the labels of the next blocks are to be drawn with, where allocation = top-two and something
 * is to be drawn now: the caller frees *probabilities; NULL: every order alike. 1: draw; 0: not
 * now, every channel still has planned posts; -1. */
int abp_stage_probabilities(double **probabilities, const struct abp_stage *stage,
                            const struct abp_rounds *rounds,
                            const struct abp_experiment *experiment,
                            struct abp_error *err) ABP_MUST_CHECK;

/* Keeps the verdicts of a result that end something, or withdraws what no longer holds, and takes
 * what was planned under the old state of things out of the plan; tells the journal. */
int abp_decide_on(const struct abp_rounds *rounds, const struct abp_experiment *experiment,
                  const struct abp_result *result, struct abp_journal *journal,
                  struct abp_error *err) ABP_MUST_CHECK;

/* Whether the winner still holds, by the posts drawn since the decision. 1: it does not, and
 * *reason says so (the caller frees it); 0: it holds, or there is no telling yet, or nothing is
 * watched; -1. Tells the journal what it found. */
int abp_stage_watch(char **reason, const struct abp_stage *stage, const struct abp_rounds *rounds,
                    const struct abp_experiment *experiment, struct abp_journal *journal,
                    struct abp_error *err) ABP_MUST_CHECK;

#endif
