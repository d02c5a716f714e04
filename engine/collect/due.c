#include "abpost/due.h"

#include "abpost/reading.h"

#include <stdlib.h>

#define CHECKPOINTS 5
#define LAST_USE    2 /* times the last checkpoint's age: later than that a curve learns nothing */

/* The ages to read at, ascending; those of a very short horizon may coincide. */
static void ages_of(int64_t ages[CHECKPOINTS], int64_t horizon)
{
    static const int64_t parts[] = {8, 4, 2, 1};
    for (int i = 0; i < CHECKPOINTS - 1; i++)
        ages[i] = horizon / parts[i];
    ages[CHECKPOINTS - 1] = horizon > INT64_MAX / 4 ? INT64_MAX / 2 : 2 * horizon;
}

/* When a failed reading may be tried again. */
static int64_t retry_at(const struct abp_due_post *post, int64_t now, int urgent)
{
    int64_t wait = 60;
    int64_t most = urgent ? abp_horizon_tolerance(post->horizon) / 5 : 3600;
    if (post->failures <= 0 || post->tried_at > now) /* clocks may have gone back */
        return 0;
    for (int i = 1; i < post->failures && wait < most; i++)
        wait *= 2;
    return post->tried_at + (wait < most ? wait : most);
}

/* The next checkpoint after this age that is not read yet. */
static int64_t next_checkpoint(const struct abp_due_post *post, const int64_t *ages, int64_t age)
{
    for (int i = 0; i < CHECKPOINTS; i++)
        if (ages[i] > age && ages[i] > post->last_age)
            return post->posted_at + ages[i];
    return INT64_MAX;
}

static enum abp_due_kind kind_of(const struct abp_due_post *post, int64_t age)
{
    if (age < post->horizon || post->last_age >= post->horizon)
        return ABP_DUE_CURVE;
    int in_time = age - post->horizon <= abp_horizon_tolerance(post->horizon);
    return in_time ? ABP_DUE_HORIZON : ABP_DUE_OVERDUE;
}

struct abp_due abp_due_now(const struct abp_due_post *post, int64_t now)
{
    int64_t ages[CHECKPOINTS], age = now - post->posted_at;
    int reached = 0;
    if (post->gone)
        return (struct abp_due){ABP_DUE_NOT, INT64_MAX};
    ages_of(ages, post->horizon);
    while (reached < CHECKPOINTS && ages[reached] <= age)
        reached++;
    if (reached == 0 || post->last_age >= ages[reached - 1])
        return (struct abp_due){ABP_DUE_NOT, next_checkpoint(post, ages, age)};
    enum abp_due_kind kind = kind_of(post, age);
    if (kind == ABP_DUE_CURVE && age / LAST_USE > ages[CHECKPOINTS - 1])
        return (struct abp_due){ABP_DUE_NOT, INT64_MAX};
    int64_t since = post->posted_at + ages[reached - 1];
    int64_t retry = retry_at(post, now, kind == ABP_DUE_HORIZON);
    if (retry <= now)
        return (struct abp_due){kind, since};
    int64_t next = next_checkpoint(post, ages, age);
    return (struct abp_due){ABP_DUE_NOT, retry < next ? retry : next};
}

/* ---- order ---- */

static int by_urgency(const void *a, const void *b)
{
    const struct abp_due_entry *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->deadline != y->deadline)
        return x->deadline < y->deadline ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* A number for the curve is worth less once the next checkpoint is there: then one reading serves
 * both. */
static int64_t deadline_of(const struct abp_due_post *post, enum abp_due_kind kind, int64_t now)
{
    int64_t ages[CHECKPOINTS];
    if (kind != ABP_DUE_CURVE)
        return post->posted_at + post->horizon + abp_horizon_tolerance(post->horizon);
    ages_of(ages, post->horizon);
    return next_checkpoint(post, ages, now - post->posted_at);
}

size_t abp_due_list(struct abp_due_entry *entries, const struct abp_due_post *posts, size_t count,
                    int64_t now)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct abp_due due = abp_due_now(&posts[i], now);
        if (due.kind != ABP_DUE_NOT)
            entries[n++] =
                (struct abp_due_entry){i, due.kind, deadline_of(&posts[i], due.kind, now)};
    }
    qsort(entries, n, sizeof *entries, by_urgency);
    return n;
}
