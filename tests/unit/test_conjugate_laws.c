/* What must hold of the conjugate families whatever the data: no reference values, only laws. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "conjugate_fit.h"

#include <float.h>

/* splitmix64, as a number in (0, 1) */
static double uniform(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* ---- many arms ---- */

static void identical_arms(void **state)
{
    (void)state;
    static const double data[][2] = {{50, 1000}, {0, 100}, {100, 100}, {0, 0}, {5e11, 1e12}};
    static const size_t counts[] = {1, 2, 3, 7, 8, 40, 150};
    for (size_t d = 0; d < 5; d++) {
        for (size_t c = 0; c < 7; c++) {
            struct fit f;
            start(&f, ABP_BINOMIAL, 0.5, 0.5);
            for (size_t v = 0; v < counts[c]; v++)
                arm(&f, data[d][0], data[d][1]);
            run(&f);
            for (size_t v = 0; v < counts[c]; v++) {
                near(f.r[v].p_best, 1 / (double)counts[c], 1e-12);
                relative(f.r[v].rate_loss, f.r[0].rate_loss, 1e-12);
                if (v > 0) {
                    near(f.r[v].p_better, 0.5, 1e-12);
                    near(f.r[v].log_lift.q50, 0, 1e-12 * f.r[v].log_lift.sd);
                }
            }
        }
    }
}

/* E[max of K uniforms] = K/(K+1); of K exponentials: the harmonic number. */
static void largest_of_many(void **state)
{
    (void)state;
    static const size_t counts[] = {2, 5, 40, 150};
    for (size_t c = 0; c < 4; c++) {
        double count = (double)counts[c], harmonic = 0;
        struct fit uniforms, exponentials;
        start(&uniforms, ABP_BINOMIAL, 1, 1);
        start(&exponentials, ABP_POISSON, 1, 0);
        for (size_t v = 0; v < counts[c]; v++) {
            arm(&uniforms, 0, 0);
            arm(&exponentials, 0, 1);
            harmonic += 1 / (double)(v + 1);
        }
        run(&uniforms);
        run(&exponentials);
        relative(uniforms.r[0].rate_loss, count / (count + 1) - 0.5, 1e-12);
        relative(exponentials.r[0].rate_loss, harmonic - 1, 1e-12);
    }
}

static void one_arm(void **state)
{
    (void)state;
    struct fit f;
    start(&f, ABP_BINOMIAL, NAN, NAN);
    arm(&f, 0, 10);
    run(&f);
    near(f.r[0].p_best, 1, 1e-14);
    assert_true(f.r[0].rate_loss == 0 && f.r[0].expected_loss == 0);
    assert_true(isnan(f.r[0].p_better) && isnan(f.r[0].lift.mean) && isnan(f.r[0].log_lift.q50));
}

/* ---- what must hold for any data ---- */

static void random_arms(struct fit *f, uint64_t *seed, size_t count)
{
    int binomial = uniform(seed) < 0.5;
    start(f, binomial ? ABP_BINOMIAL : ABP_POISSON, 0.1 + uniform(seed), 0.1 + uniform(seed));
    double magnitude = pow(10, 15 * uniform(seed)), rate = pow(10, -6 * uniform(seed));
    for (size_t v = 0; v < count; v++) {
        double n = floor(magnitude * (uniform(seed) < 0.3 ? uniform(seed) * 1e-3 : 1)) + 1;
        double spread = 1 + (uniform(seed) - 0.5) * fmin(1, 6 / sqrt(1 + n * rate));
        arm(f, fmin(n, floor(n * rate * spread)), n);
    }
}

/* Shapes down to 10^-6, arms of all, none and very different sizes. */
static void extreme_arms(struct fit *f, uint64_t *seed, size_t count)
{
    int binomial = uniform(seed) < 0.6;
    start(f, binomial ? ABP_BINOMIAL : ABP_POISSON, pow(10, -6 + 8 * uniform(seed)),
          pow(10, -6 + 8 * uniform(seed)));
    f->in.min_lift = f->in.rope = pow(10, -6 * uniform(seed));
    for (size_t v = 0; v < count; v++) {
        double n = floor(pow(10, 15 * uniform(seed))), kind = uniform(seed);
        double y = kind < 0.2   ? 0
                   : kind < 0.4 ? n
                   : kind < 0.7 ? floor(n * uniform(seed))
                                : floor(n * pow(10, -8 * uniform(seed)));
        arm(f, y, n);
    }
}

static void check_laws(const struct fit *f)
{
    double sum = 0, top = 0;
    size_t count = f->in.arm_count, base = f->in.baseline;
    for (size_t v = 0; v < count; v++) {
        sum += f->r[v].p_best;
        top = fmax(top, f->r[v].rate.mean);
    }
    near(sum, 1, 1e-12);
    for (size_t v = 0; v < count; v++) {
        const struct abp_conjugate_result *r = &f->r[v];
        assert_true(r->p_best >= 0 && r->rate_loss >= 0);
        assert_true(r->rate.q025 <= r->rate.q25 && r->rate.q25 <= r->rate.q50);
        assert_true(r->rate.q50 <= r->rate.q75 && r->rate.q75 <= r->rate.q975);
        /* the loss of one less that of another is the difference of their means */
        near(r->rate_loss - f->r[base].rate_loss, f->r[base].rate.mean - r->rate.mean, 1e-12 * top);
        if (v == base)
            continue;
        near(r->p_above + r->p_below + r->p_same, 1, 1e-12);
        assert_true(r->log_lift.q025 < r->log_lift.q50 || r->log_lift.q50 < r->log_lift.q975);
        assert_true(r->log_lift.q025 <= r->log_lift.q50 && r->log_lift.q50 <= r->log_lift.q975);
        if (!isnan(r->expected_loss))
            near(f->r[base].expected_loss - r->expected_loss, r->lift.mean,
                 1e-11 * (1 + fabs(r->lift.mean) + r->expected_loss));
        if (count == 2)
            near(r->p_best, r->p_better, 1e-11);
    }
}

/* Another order of the arms, and the same arms against another baseline. */
static void check_relabelled(const struct fit *f, size_t turn)
{
    struct fit g;
    size_t count = f->in.arm_count;
    assert_true(count > 0);
    start(&g, f->in.family, f->in.prior_a, f->in.prior_b);
    for (size_t v = 0; v < count; v++)
        arm(&g, f->arms[(v + turn) % count].total, f->arms[(v + turn) % count].exposure);
    g.in.baseline = (count - turn % count) % count;
    run(&g);
    for (size_t v = 0; v < count; v++) {
        const struct abp_conjugate_result *was = &f->r[(v + turn) % count], *is = &g.r[v];
        near(is->p_best, was->p_best, 1e-12);
        near(is->rate_loss, was->rate_loss, 1e-12 * (was->rate_loss + was->rate.mean));
        assert_true(is->log_lift.q25 == was->log_lift.q25 || isnan(was->log_lift.q25));
    }
    size_t other = (g.in.baseline + 1) % g.in.arm_count, base = g.in.baseline;
    struct abp_conjugate_result before = g.r[other];
    g.in.baseline = other;
    run(&g);
    const struct abp_conjugate_result *after = &g.r[base];
    /* of the spread, or the last bits on the logit scale where the spread is beneath them */
    double unit = 1e-11 * before.log_lift.sd + 16 * DBL_EPSILON * (1 + fabs(before.log_lift.mean));
    near(after->log_lift.mean, -before.log_lift.mean, unit);
    near(after->log_lift.q025, -before.log_lift.q975, unit);
    near(after->log_lift.q25, -before.log_lift.q75, unit);
    near(after->log_lift.q50, -before.log_lift.q50, unit);
    near(after->log_lift.q975, -before.log_lift.q025, unit);
    near(after->p_better, 1 - before.p_better, 1e-12);
}

static void laws(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int i = 0; i < 200; i++) {
        struct fit f;
        (i % 2 ? random_arms : extreme_arms)(&f, &seed, 2 + (size_t)(i % 5));
        run(&f);
        check_laws(&f);
        check_relabelled(&f, 1 + (size_t)(i % 3));
    }
}

/* Events per hour or per second: only the rate's own scale moves. */
static void unit_of_exposure(void **state)
{
    (void)state;
    struct fit f, g;
    start(&f, ABP_POISSON, 0.5, 0);
    start(&g, ABP_POISSON, 0.5, 0);
    static const double data[][2] = {{12, 3}, {40, 7.5}, {0, 2}};
    for (size_t v = 0; v < 3; v++) {
        arm(&f, data[v][0], data[v][1]);
        arm(&g, data[v][0], data[v][1] * 3600);
    }
    run(&f);
    run(&g);
    for (size_t v = 0; v < 3; v++) {
        near(g.r[v].p_best, f.r[v].p_best, 1e-13);
        relative(g.r[v].rate_loss * 3600, f.r[v].rate_loss, 1e-12);
        relative(g.r[v].expected_loss, f.r[v].expected_loss, 1e-12);
        relative(g.r[v].rate.q25 * 3600, f.r[v].rate.q25, 1e-12);
        if (v > 0)
            near(g.r[v].log_lift.q025, f.r[v].log_lift.q025, 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(identical_arms),   cmocka_unit_test(largest_of_many),
        cmocka_unit_test(one_arm),          cmocka_unit_test(laws),
        cmocka_unit_test(unit_of_exposure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
