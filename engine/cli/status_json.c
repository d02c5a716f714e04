/* Schema abpost.status/1. */
#include "encode.h"
#include "status.h"

#include "abpost/reading.h"
#include "abpost/time.h"

#include <math.h>

static json_t *json_time(int64_t utc)
{
    char text[ABP_TIME_SIZE];
    return utc && abp_time_format(text, utc) == 0 ? abp_json_text(text) : json_null();
}

static json_t *json_count(size_t value)
{
    return json_integer((json_int_t)value);
}

/* Takes over value; a list that could not be made is NULL, and stays so. */
static void append(json_t *list, json_t *value)
{
    json_array_append_new(list, value);
}

static json_t *json_stuck(const struct abp_stuck *s)
{
    json_t *commands = json_array();
    for (size_t k = 0; k < ABP_STUCK_COMMANDS && s->commands[k]; k++)
        append(commands, abp_json_text(s->commands[k]));
    return json_pack("{so sb so so so so so so so so so}", "kind",
                     abp_json_text(abp_stuck_name(s->kind)), "needs_person", s->person, "post",
                     s->post ? json_integer(s->post) : json_null(), "posts", json_count(s->count),
                     "since", json_time(s->since), "experiment", abp_json_text(s->experiment),
                     "channel", abp_json_text(s->channel), "what", abp_json_text(s->what), "todo",
                     abp_json_text(s->todo), "line", abp_json_text(s->line), "commands", commands);
}

static json_t *json_states(const struct abp_status_experiment *e)
{
    json_t *states = json_object();
    for (int s = 0; s < ABP_POST_STATE_COUNT; s++)
        json_object_set_new(states, abp_post_state_name((enum abp_post_state)s),
                            json_count(e->states[s]));
    return states;
}

static json_t *json_counted(const struct abp_status_experiment *e)
{
    json_t *counted = json_object();
    for (int c = 0; c < ABP_COUNTED_COUNT; c++)
        json_object_set_new(counted, abp_counted_name((enum abp_counted)c),
                            json_count(e->made.counted[c]));
    return counted;
}

static json_t *json_variants(const struct abp_status_experiment *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->file->variant_count; i++) {
        const struct abp_status_variant *v = &e->variants[i];
        append(list, json_pack("{so so so so so so so so}", "name", abp_json_text(v->name), "out",
                               json_count(v->out), "ready", json_count(v->ready), "draft",
                               json_count(v->draft), "held", json_count(v->held), "used",
                               json_count(v->used), "unreadable", json_count(v->unreadable),
                               "refused", json_count(v->refused)));
    }
    return list;
}

static json_t *json_decisions(const struct abp_status_experiment *e)
{
    json_t *list = json_array();
    for (size_t i = 0; i < e->decided.count; i++) {
        const struct abp_decided *d = &e->decided.list[i];
        append(list, json_pack("{so so so so}", "variant", abp_json_text(d->variant), "verdict",
                               abp_json_text(d->verdict), "decided_at", json_time(d->decided_at),
                               "reason", abp_json_text(d->reason)));
    }
    return list;
}

static json_t *json_experiment(const struct abp_status_experiment *e, int64_t now)
{
    int64_t most = e->file->schedule.max_posts;
    double weeks = (double)(e->ends_at - now) / (7 * 86400.0);
    return json_pack("{so so sb so so so so so so so so so sb}", "name",
                     abp_json_text(e->file->name), "hypothesis", abp_json_text(e->file->hypothesis),
                     "scheduled", e->file->schedule.present, "max_posts",
                     most ? json_integer(most) : json_null(), "posts", json_states(e), "readings",
                     json_counted(e), "planned_until", json_time(e->ends_at), "weeks_planned",
                     e->ends_at > now ? json_real(weeks) : json_null(), "variants",
                     json_variants(e), "decisions", json_decisions(e), "analysis_frozen_at",
                     json_time(e->analysis.frozen_at), "exploratory_since",
                     json_time(e->analysis.changed_at), "analysis_differs", e->analysis_differs);
}

static json_t *json_next(const struct abp_status_channel *c)
{
    if (!c->next)
        return json_null();
    return json_pack("{so so so so so so}", "post", json_integer(c->next->id), "due_at",
                     json_time(c->next->due_at), "experiment", abp_json_text(c->next->experiment),
                     "variant", abp_json_text(c->next->variant), "slot",
                     abp_json_text(c->next->slot), "file", abp_json_text(c->file));
}

static json_t *json_channel(const struct abp_status_channel *c)
{
    double target = c->channel->target;
    return json_pack("{so so so so so}", "name", abp_json_text(c->channel->name), "platform",
                     abp_json_text(abp_platform_name(c->channel->platform)), "target_per_week",
                     isnan(target) ? json_null() : json_real(target), "out_this_week",
                     json_count(c->this_week), "next", json_next(c));
}

void abp_status_put_json(struct abp_buffer *buf, const struct abp_status *status)
{
    json_t *stuck = json_array(), *experiments = json_array(), *channels = json_array();
    const struct abp_workspace *ws = &status->loaded.inputs.ws;
    for (size_t i = 0; i < status->stuck_count; i++)
        append(stuck, json_stuck(&status->stuck[i]));
    for (size_t i = 0; i < status->loaded.count; i++)
        append(experiments, json_experiment(&status->experiments[i], status->now));
    for (size_t i = 0; i < ws->channel_count; i++)
        append(channels, json_channel(&status->channels[i]));
    abp_put_json(buf, json_pack("{ss so so so so so so so}", "schema", "abpost.status/1", "as_of",
                                json_time(status->now), "workspace", abp_json_text(ws->root),
                                "timezone", abp_json_text(ws->timezone), "needs_person",
                                json_count(abp_status_persons(status)), "stuck", stuck,
                                "experiments", experiments, "channels", channels));
    abp_buffer_byte(buf, '\n');
}
