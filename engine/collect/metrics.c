#include "abpost/metrics.h"

#include "abpost/channel.h"
#include "abpost/text.h"

#include <string.h>

#define MESSAGE_MAX ((size_t)2000)

struct looking {
    const struct abp_experiment *experiment; /* borrowed, like the rest */
    void (*note)(void *context, const struct abp_metric_note *note);
    void *context;
    size_t mistyped;
};

/* A key of the file, and what it asks for. */
struct asking {
    const char *key;           /* literal */
    const char *lacks;         /* literal; what is so without the number */
    const struct abp_sum *sum; /* borrowed */
    long line;
};

static int gives(const struct abp_channel_ops *ops, const char *metric, size_t *count)
{
    int found = 0;
    for (*count = 0; ops->metrics[*count]; (*count)++)
        found |= strcmp(ops->metrics[*count], metric) == 0;
    return found;
}

static void look_at(struct looking *l, const struct asking *a, const struct abp_channel *channel,
                    const struct abp_channel_ops *ops, const char *metric)
{
    struct abp_buffer text;
    char shown[ABP_SHOWN_SIZE], hint[ABP_HINT_SIZE];
    size_t count;
    if (gives(ops, metric, &count))
        return;
    abp_hint(hint, metric, ops->metrics, count);
    enum abp_metric_doubt doubt = hint[0] ? ABP_METRIC_MISTYPED : ABP_METRIC_BY_HAND;
    abp_buffer_init(&text, MESSAGE_MAX);
    abp_buffer_printf(&text, "%s: channel %s (%s) never gives '%s'; it gives ", a->key,
                      channel->name, abp_platform_name(channel->platform),
                      abp_shown(shown, metric));
    for (size_t i = 0; i < count; i++)
        abp_buffer_printf(&text, "%s%s",
                          i == 0           ? ""
                          : i + 1 == count ? " and "
                                           : ", ",
                          ops->metrics[i]);
    abp_buffer_add(&text, hint);
    if (doubt == ABP_METRIC_BY_HAND)
        abp_buffer_printf(&text,
                          ". %s until a person reads that number and adds it: abpost import %s "
                          "--readings FILE.csv",
                          a->lacks, l->experiment->name);
    l->mistyped += doubt == ABP_METRIC_MISTYPED;
    struct abp_metric_note note = {doubt, a->line, abp_buffer_text(&text)};
    l->note(l->context, &note);
    abp_buffer_release(&text);
}

static void look_at_channel(struct looking *l, const struct asking *a,
                            const struct abp_channel *channel)
{
    const struct abp_channel_ops *ops = abp_channel_ops(channel->platform);
    if (!ops || !ops->metrics || (ops->abilities & ABP_BY_HAND))
        return;
    for (size_t t = 0; t < a->sum->count; t++)
        look_at(l, a, channel, ops, a->sum->terms[t].name);
}

static void look_at_key(struct looking *l, const struct asking *a, const struct abp_workspace *ws)
{
    const struct abp_names *channels = &l->experiment->channels;
    for (size_t c = 0; c < channels->count; c++)
        for (size_t i = 0; i < ws->channel_count; i++)
            if (strcmp(ws->channels[i].name, channels->list[c]) == 0)
                look_at_channel(l, a, &ws->channels[i]);
}

size_t abp_metrics_check(const struct abp_experiment *experiment, const struct abp_workspace *ws,
                         void (*note)(void *context, const struct abp_metric_note *note),
                         void *context)
{
    const struct abp_decision *d = &experiment->decision;
    struct looking l = {experiment, note, context, 0};
    static const char missing[] = "Its posts count as missing";
    const struct asking outcome = {"outcome", missing, &experiment->outcome,
                                   experiment->outcome_line};
    const struct asking exposure = {"exposure", missing, &experiment->exposure,
                                    experiment->exposure_line};
    if (!experiment->schedule.present || !ws)
        return 0;
    look_at_key(&l, &outcome, ws);
    look_at_key(&l, &exposure, ws);
    for (size_t g = 0; g < d->guardrail_count; g++) {
        const struct asking guardrail = {"guardrail", "The guardrail says nothing of its posts",
                                         &d->guardrails[g].metric, d->guardrail_line};
        look_at_key(&l, &guardrail, ws);
    }
    return l.mistyped;
}
