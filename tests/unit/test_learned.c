/* What past experiments may teach an evaluation, and what stands beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abpost/learned.h"
#include "prior_trials.h"

#include <gsl/gsl_errno.h>

/* 1: an experiment teaches whose first `count` posts were made. */
static int teaches(struct prior_trial *p, size_t count)
{
    struct abp_learned_draws draws;
    struct abp_error err;
    p->posts.count = count;
    assert_int_equal(abp_learned_draw(&draws, &p->t.experiment, &p->posts, NAN, 1, &err), 0);
    int taught = draws.tau != NULL;
    for (size_t i = 0; i < draws.draws; i++)
        assert_true(draws.tau[i] >= 0.0 && isfinite(draws.tau[i]));
    assert_true(!taught || (draws.draws >= 100 && draws.scale > 0.0));
    abp_learned_draws_release(&draws);
    return taught;
}

static void too_little_teaches_nothing(void **state)
{
    struct prior_trial p;
    (void)state;
    prior_draw(&p, ABP_NEGBINOMIAL, ABP_TAIL_OWN, 8, 40, 3);
    assert_false(teaches(&p, 0));
    assert_false(teaches(&p, 8)); /* every style once */
    assert_false(teaches(&p, 16));
    assert_true(teaches(&p, 24));
    /* one style alone, however often */
    for (size_t i = 0; i < 40; i++)
        p.rows[i].variant = 2;
    assert_false(teaches(&p, 40));
    /* a second one, too seldom, then often enough */
    p.rows[0].variant = p.rows[1].variant = 5;
    assert_false(teaches(&p, 40));
    p.rows[2].variant = 5;
    assert_true(teaches(&p, 40));
    p.rows[2].outcome = NAN; /* not read */
    assert_false(teaches(&p, 40));
}

/* Pooled families have no spread of lifts to teach. */
static void pooled_families_teach_nothing(void **state)
{
    struct prior_trial p;
    (void)state;
    prior_draw(&p, ABP_NEGBINOMIAL, ABP_TAIL_OWN, 2, 40, 3);
    p.t.experiment.decision.family = ABP_POISSON;
    assert_false(teaches(&p, 40));
}

static void numbers_with_and_without_stand_side_by_side(void **state)
{
    struct prior_trial p;
    struct abp_error err;
    struct abp_learned learned = {.scale = 0.05, .low = 0.02, .high = 0.1};
    struct abp_result taught, plain;
    (void)state;
    prior_draw(&p, ABP_NEGBINOMIAL, ABP_TAIL_OWN, 3, 60, 5);
    plain = prior_evaluate(&p, 60);
    assert_int_equal(
        abp_evaluate_learned(&taught, &p.t.experiment, &p.posts, &learned, 12, 1, &err), 0);
    assert_int_equal(taught.learned.experiments, 12);
    assert_true(fabs(taught.learned.scale - 0.05) < 1e-12);
    assert_true(fabs(taught.learned.without - 0.5) < 1e-12);
    assert_int_equal(plain.learned.experiments, 0);
    for (size_t v = 1; v < 3; v++) {
        const struct abp_variant_result *with = &taught.variants[v], *alone = &plain.variants[v];
        assert_true(isnan(alone->without.p_better));
        assert_true(fabs(with->without.p_better - alone->p_better) < 1e-12);
        assert_true(fabs(with->without.log_lift.q50 - alone->log_lift.q50) < 1e-12);
        assert_int_equal(with->without.verdict, alone->verdict);
        /* a narrow spread of lifts draws every one towards 0 */
        assert_true(fabs(with->log_lift.q50) < fabs(alone->log_lift.q50));
        assert_true(with->log_lift.sd < alone->log_lift.sd);
    }
    abp_result_release(&taught);
    abp_result_release(&plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_little_teaches_nothing),
        cmocka_unit_test(pooled_families_teach_nothing),
        cmocka_unit_test(numbers_with_and_without_stand_side_by_side),
    };
    gsl_set_error_handler_off();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
