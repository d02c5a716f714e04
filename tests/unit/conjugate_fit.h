/* One call of abp_conjugate, made up and checked: shared by the tests of it. After cmocka.h. */
#ifndef ABPOST_TEST_CONJUGATE_FIT_H
#define ABPOST_TEST_CONJUGATE_FIT_H

#include "abpost/conjugate.h"

#include <math.h>
#include <string.h>

enum { MOST = 200 };

struct fit {
    struct abp_conjugate_arm arms[MOST];
    struct abp_conjugate_result r[MOST];
    struct abp_conjugate_input in;
};

static inline void close_to(double got, double want, double tolerance, int line)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("line %d: got %.17g, want %.17g, off by %g > %g", line, got, want, got - want,
                 tolerance);
}

#define near(got, want, tolerance)     close_to(got, want, tolerance, __LINE__)
#define relative(got, want, tolerance) close_to(got, want, (tolerance)*fabs(want), __LINE__)

static inline void start(struct fit *f, enum abp_family family, double a, double b)
{
    memset(f, 0, sizeof *f);
    f->in = (struct abp_conjugate_input){.family = family,
                                         .arms = f->arms,
                                         .prior_a = a,
                                         .prior_b = b,
                                         .min_lift = 0.05,
                                         .rope = 0.05};
}

static inline void arm(struct fit *f, double total, double exposure)
{
    f->arms[f->in.arm_count++] = (struct abp_conjugate_arm){total, exposure};
}

static inline void run(struct fit *f)
{
    struct abp_error err;
    if (abp_conjugate(f->r, &f->in, &err))
        fail_msg("%s", err.message);
}

#endif
