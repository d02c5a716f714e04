#include "collect/readings_news.h"

#include "abpost/channel.h"
#include "abpost/reading.h"

#include <math.h>
#include <string.h>

static int is_same(const struct abp_made_reading *reading, double value)
{
    return fabs(reading->value - value) < 1e-9 * (1 + fabs(value));
}

static int is_of(const struct abp_made_reading *reading, const struct abp_made_fact *fact)
{
    return strcmp(reading->metric, fact->metric) == 0;
}

static const struct abp_made_reading *reading_then(const struct abp_made *made,
                                                   const struct abp_made_fact *fact)
{
    for (size_t r = 0; r < made->reading_count; r++)
        if (made->readings[r].read_at == fact->at && is_of(&made->readings[r], fact))
            return &made->readings[r];
    return NULL;
}

static const struct abp_made_reading *newest(const struct abp_made *made,
                                             const struct abp_made_fact *fact)
{
    const struct abp_made_reading *found = NULL;
    for (size_t r = 0; r < made->reading_count; r++)
        if (is_of(&made->readings[r], fact))
            found = &made->readings[r];
    return found;
}

/* The one that counts for an outcome: the earliest in the horizon's tolerance (reading.h). */
static const struct abp_made_reading *at_horizon(const struct abp_made *made,
                                                 const struct abp_made_fact *fact, int64_t horizon)
{
    const struct abp_made_reading *found = NULL;
    for (size_t r = 0; r < made->reading_count; r++) {
        const struct abp_made_reading *reading = &made->readings[r];
        if (is_of(reading, fact) && reading->age >= horizon &&
            reading->age <= horizon + abp_horizon_tolerance(horizon) &&
            (!found || reading->age < found->age))
            found = reading;
    }
    return found;
}

double readings_value_then(const struct abp_made *made, const struct abp_made_fact *fact)
{
    const struct abp_made_reading *then = reading_then(made, fact);
    return then ? then->value : NAN;
}

/* 1: only a person can have given it: on an outbox, or a metric that the platform never gives. */
static int is_by_hand(const struct abp_workspace *ws, const char *channel, const char *metric)
{
    const struct abp_channel_ops *ops = NULL;
    for (size_t i = 0; i < ws->channel_count && !ops; i++)
        if (strcmp(ws->channels[i].name, channel) == 0)
            ops = abp_channel_ops(ws->channels[i].platform);
    for (size_t m = 0; ops && ops->metrics && ops->metrics[m]; m++)
        if (strcmp(ops->metrics[m], metric) == 0)
            return 0;
    return ops != NULL;
}

static enum readings_news correct(struct abp_made_fact *fact, const struct abp_made *made,
                                  const struct abp_made_reading *reading,
                                  const struct abp_readings_input *in)
{
    if (is_same(reading, fact->value))
        return READINGS_KNOWN;
    if (!is_by_hand(in->ws, made->channel, fact->metric))
        return READINGS_NOT_BY_HAND;
    fact->kind = ABP_MADE_CORRECTION;
    fact->at = reading->read_at;
    fact->age = reading->age;
    fact->noted_at = in->now;
    return READINGS_CORRECTION;
}

/* Without a time, a row with --correct is of the reading that counts. */
static enum readings_news correct_counting(struct abp_made_fact *fact, const struct abp_made *made,
                                           const struct abp_readings_input *in)
{
    const struct abp_made_reading *last = newest(made, fact);
    const struct abp_made_reading *counts = at_horizon(made, fact, in->experiment->horizon);
    if (counts)
        return correct(fact, made, counts, in);
    if (!last)
        return READINGS_NEWS;
    return is_same(last, fact->value) ? READINGS_KNOWN : READINGS_UNCLEAR;
}

enum readings_news readings_news_of(struct abp_made_fact *fact, const struct abp_made *made,
                                    const struct abp_readings_input *in, int said)
{
    int64_t horizon = in->experiment->horizon;
    const struct abp_made_reading *then = reading_then(made, fact), *last = newest(made, fact);
    if (in->correct && !said)
        return correct_counting(fact, made, in);
    if (then && in->correct)
        return correct(fact, made, then, in);
    if (then)
        return is_same(then, fact->value) ? READINGS_KNOWN : READINGS_CONTRADICTED;
    if (said || !last || !is_same(last, fact->value))
        return READINGS_NEWS;
    return last->age >= horizon || fact->age < horizon ? READINGS_KNOWN : READINGS_REPEATED;
}
