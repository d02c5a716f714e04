/* When a decision is likely, of each variant that has none. */
#include "evaluate/evaluation.h"

#include "abpost/forecast.h"

#include <math.h>
#include <stdlib.h>

#define WEEK           604800.0 /* seconds */
#define LEAST_AHEAD    40       /* posts, where no max_posts ends the experiment */
#define MOST_AHEAD     2000
#define LEAST_TO_WATCH 4 /* posts from which on a past rate says something */

static int is_open(enum abp_verdict verdict)
{
    return verdict == ABP_KEEP_TESTING || verdict == ABP_LEANING_REPEAT ||
           verdict == ABP_LEANING_DROP;
}

/* Marks the variants to forecast, and those that `repeat` is out for; how many the former are. */
static size_t mark(unsigned char *open, unsigned char *too_dear, const struct evaluation *e)
{
    size_t count = 0;
    for (size_t v = 1; v < e->result->variant_count; v++) {
        open[v] = is_open(e->result->variants[v].verdict) ? 1 : 0;
        too_dear[v] = e->evidence[v].net_worse ? 1 : 0;
        count += open[v];
    }
    return count;
}

/* Posts a week as they were made, by the times of the rows; NaN where these don't say. */
static double past_rate(const struct abp_posts *posts)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    size_t count = 0;
    for (size_t i = 0; i < posts->count; i++) {
        if (!posts->rows[i].has_time)
            continue;
        int64_t at = posts->rows[i].posted_at;
        first = at < first ? at : first;
        last = at > last ? at : last;
        count++;
    }
    if (count < LEAST_TO_WATCH || !((double)last - (double)first >= WEEK))
        return NAN;
    return (double)(count - 1) / (((double)last - (double)first) / WEEK);
}

/* Posts a week at most by the schedule, which every channel follows; NaN without one. A channel's
 * target may leave fewer, which only past posts can say here. */
static double scheduled_rate(const struct abp_experiment *experiment)
{
    const struct abp_schedule *schedule = &experiment->schedule;
    unsigned days = schedule->days & 127u;
    size_t count = 0;
    if (!schedule->present)
        return NAN;
    for (; days; days >>= 1)
        count += days & 1u;
    count = (count ? count : 7) * schedule->time_count * experiment->channels.count;
    return count ? (double)count : NAN;
}

/* Variants that still get posts. */
static size_t active_variants(const struct evaluation *e)
{
    size_t active = e->table.variant_count;
    for (size_t v = 1; v < e->table.variant_count; v++)
        active -= e->result->variants[v].verdict == ABP_DROP;
    return active;
}

/* Posts still to come, in whole blocks. */
static size_t blocks_ahead(const struct evaluation *e)
{
    size_t seen = e->posts->count + e->posts->apart;
    int64_t most = e->experiment->schedule.max_posts;
    size_t ahead = seen > LEAST_AHEAD ? seen : LEAST_AHEAD;
    if (e->experiment->schedule.present && most > 0)
        ahead = (size_t)most > seen ? (size_t)most - seen : 0;
    return (ahead < MOST_AHEAD ? ahead : MOST_AHEAD) / active_variants(e);
}

static void keep(struct evaluation *e, const struct abp_forecast *found, size_t blocks)
{
    double rate = past_rate(e->posts);
    double wait = e->experiment->schedule.present ? (double)e->experiment->horizon / WEEK : 0.0;
    if (isnan(rate))
        rate = scheduled_rate(e->experiment);
    size_t active = active_variants(e);
    for (size_t v = 1; v < e->table.variant_count; v++) {
        struct abp_variant_result *variant = &e->result->variants[v];
        double posts = found[v].posts * (double)active / (double)e->table.variant_count;
        if (!is_open(variant->verdict))
            continue;
        variant->forecast = (struct abp_forecast_result){
            .posts = posts,
            .weeks = posts / rate + wait,
            .p_decided = found[v].p_decided,
            .by = (double)(e->posts->count + e->posts->apart + blocks * active)};
    }
}

static int forecast(struct evaluation *e, const unsigned char *open, const unsigned char *too_dear,
                    size_t blocks, struct abp_error *err)
{
    const struct abp_decision *d = &e->experiment->decision;
    struct abp_forecast *found = calloc(e->table.variant_count, sizeof *found);
    if (!found)
        return abp_fail_memory(err);
    struct abp_forecast_input input = {.guard = &e->guard.input,
                                       .timed = e->guard.timed,
                                       .channel = e->guard.channel,
                                       .channels = e->table.channels,
                                       .posterior = &e->posterior,
                                       .blocks = blocks,
                                       .wanted = open,
                                       .too_dear = too_dear,
                                       .confidence = d->confidence,
                                       .min_lift = d->min_lift,
                                       .rope = d->rope,
                                       .min_posts = (size_t)d->min_posts,
                                       .seed = e->seed};
    int rc = abp_forecast(found, NULL, &input, err);
    if (rc == 0)
        keep(e, found, blocks);
    free(found);
    return rc;
}

int evaluation_forecast(struct evaluation *e, struct abp_error *err)
{
    size_t blocks = blocks_ahead(e);
    if (e->posterior.draws == 0 || e->guard.input.posts == 0 || !e->result->fit.reliable ||
        blocks == 0)
        return 0;
    unsigned char *open = calloc(2 * e->table.variant_count, sizeof *open);
    if (!open)
        return abp_fail_memory(err);
    unsigned char *too_dear = open + e->table.variant_count;
    int rc = mark(open, too_dear, e) ? forecast(e, open, too_dear, blocks, err) : 0;
    free(open);
    return rc;
}
