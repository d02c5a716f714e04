/* What only a person can know, and what a calendar wants to show. */
#include "publish/run.h"

#include "abpost/text.h"
#include "abpost/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a person's word ---- */

/* 1: a person may say what became of it. */
static int is_open(const struct abp_planned *post)
{
    return post->state == ABP_UNKNOWN || post->state == ABP_HANDED ||
           (post->state == ABP_SENDING && publish_owner_state(post->owner) != PUBLISH_OWNER_ALIVE);
}

static int refuse_state(const struct abp_planned *post, struct abp_error *err)
{
    if (post->state == ABP_SENDING)
        return abp_fail(err, ABP_DATA,
                        "post %lld is being sent at this moment; wait until that is over",
                        (long long)post->id);
    return abp_fail(err, ABP_DATA,
                    "post %lld is %s, which is known; only posts that are unknown or handed over "
                    "can be resolved (abpost status lists them)",
                    (long long)post->id, abp_post_state_name(post->state));
}

/* Asks the server, unless it wants to be left alone. */
static int ask_where(struct abp_connection *connection, struct abp_outcome *outcome,
                     const char *url, struct abp_error *err)
{
    int64_t now = connection->now(connection->now_context);
    char until[ABP_TIME_SIZE];
    if (connection->wait_until > now) {
        abp_time_format(until, connection->wait_until);
        return abp_fail(err, ABP_UNREACHABLE,
                        "channel %s: the server has had enough requests and wants none before %s; "
                        "say it again then",
                        connection->channel->name, until);
    }
    if (connection->ops->locate(connection, outcome, url, err) != 0)
        return -1;
    if (outcome->posted_at > now + ABP_CLOCK_SLACK)
        outcome->posted_at = 0; /* still to come: a clock is wrong */
    return 0;
}

/* What the platform calls the post at url. Platforms that are never asked take the url itself. */
static int locate(struct abp_outcome *outcome, const struct abp_publish_input *input,
                  const struct abp_planned *post, const char *url, struct abp_error *err)
{
    const struct abp_channel *channel = abp_workspace_channel(input->ws, post->channel);
    const struct abp_http_factory *factory = input->env->http;
    struct abp_connection connection;
    struct abp_http *http = NULL;
    snprintf(outcome->url, sizeof outcome->url, "%s", url);
    snprintf(outcome->remote_id, sizeof outcome->remote_id, "%s", url);
    if (!channel)
        return abp_fail(err, ABP_DATA, "channel %s is no longer in abpost.ini", post->channel);
    if (factory && factory->open(&http, factory->context, err) != 0)
        return -1;
    int rc = abp_connection_open(&connection, channel, http, input->ws->root, input->env->now,
                                 input->env->context, err);
    if (rc == 0) {
        if (connection.ops->locate)
            rc = ask_where(&connection, outcome, url, err);
        abp_connection_close(&connection);
    }
    if (http)
        http->close(http);
    if (rc == 0 && !outcome->url[0])
        snprintf(outcome->url, sizeof outcome->url, "%s", url);
    return rc;
}

static int resolve(const struct abp_publish_input *input, const struct abp_planned *post,
                   const char *url, int64_t posted_at, struct abp_error *err)
{
    struct abp_outcome outcome = {.fate = ABP_FATE_POSTED};
    struct abp_settlement settlement = {.attempt = post->attempt,
                                        .state = url ? ABP_POSTED : ABP_PLANNED,
                                        .now = input->env->now(input->env->context),
                                        .posted_at = posted_at,
                                        .reason = "a person said so"};
    if (!is_open(post))
        return refuse_state(post, err);
    if (url) {
        if (locate(&outcome, input, post, url, err) != 0)
            return -1;
        settlement.remote_id = outcome.remote_id;
        settlement.version = outcome.version[0] ? outcome.version : NULL;
        settlement.url = outcome.url;
        if (!posted_at)
            settlement.posted_at = outcome.posted_at ? outcome.posted_at : post->started_at;
    }
    int settled = abp_outbox_settle(input->store, &settlement, err);
    if (settled == ABP_SETTLED_DOUBT)
        return abp_fail(err, ABP_DATA, "%.300s is another post of ours already", url);
    return settled < 0 ? -1 : 0;
}

int abp_publish_resolve(const struct abp_publish_input *input, int64_t planned, const char *url,
                        int64_t posted_at, struct abp_error *err)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {.id = planned ? planned : -1};
    if (abp_outbox_list(&list, input->store, &filter, err) != 0)
        return -1;
    int rc = list.count == 1 ? resolve(input, list.list, url, posted_at, err)
                             : abp_fail(err, ABP_DATA,
                                        "there is no post %lld; abpost status lists those that "
                                        "wait for a word",
                                        (long long)planned);
    abp_planned_list_release(&list);
    return rc;
}

/* ---- what a calendar shows ---- */

/* Like strdup(), but "" is NULL. */
static int keep(char **out, const char *text, struct abp_error *err)
{
    *out = text && *text ? abp_strdup(text) : NULL;
    return *out || !text || !*text ? 0 : abp_fail_memory(err);
}

static int expect_one(struct abp_expected *expected, struct pub_run *run,
                      const struct abp_planned *post, struct abp_error *err)
{
    struct shelf_choice choice;
    if (post->state != ABP_PLANNED)
        return keep(&expected->file, post->file, err);
    struct pub_experiment *e = pub_experiment_of(run, post->experiment, err);
    if (!e)
        return err->code || keep(&expected->file, post->file, err) != 0
                   ? -1
                   : keep(&expected->why, ABP_NO_EXPERIMENT, err);
    const struct abp_channel *channel = abp_workspace_channel(run->in->ws, post->channel);
    const struct abp_channel_ops *ops = channel ? abp_channel_ops(channel->platform) : NULL;
    if (post->attempt)
        shelf_choose_again(&choice, &e->shelf, post, ops, ops ? &ops->limits : NULL);
    else
        shelf_choose(&choice, &e->shelf, post->id, ops, ops ? &ops->limits : NULL);
    if (choice.content)
        shelf_take(&e->shelf, post->id, &choice);
    return keep(&expected->file, choice.content ? choice.name : post->file, err) != 0
               ? -1
               : keep(&expected->why, choice.why, err);
}

void abp_expected_free(struct abp_expected *expected, size_t count)
{
    for (size_t i = 0; expected && i < count; i++) {
        free(expected[i].file);
        free(expected[i].why);
    }
    free(expected);
}

int abp_publish_expect(struct abp_expected **expected, const struct abp_publish_input *input,
                       const struct abp_planned_list *list, struct abp_error *err)
{
    struct pub_run run;
    struct abp_publish_report report = {0};
    *expected = calloc(list->count + 1, sizeof **expected);
    if (!*expected)
        return abp_fail_memory(err);
    int rc = pub_run_open(&run, input, &report, err);
    for (size_t i = 0; i < list->count && rc == 0; i++)
        rc = expect_one(&(*expected)[i], &run, &list->list[i], err);
    if (run.in)
        pub_run_close(&run);
    if (rc == 0)
        return 0;
    abp_expected_free(*expected, list->count);
    *expected = NULL;
    return -1;
}
