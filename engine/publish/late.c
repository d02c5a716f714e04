/* A text that was believed lost, and arrived after all: by then its file said something else, and
 * that was refused, or answered with the text of before, since the key of a post is the same in all
 * its attempts. */
#include "publish/run.h"

#include <stdio.h>
#include <string.h>

static void ask(struct pub_channel *channel, struct abp_outcome *outcome,
                const struct abp_attempt *attempt, const char *key)
{
    struct abp_connection *connection = channel->connection;
    memset(outcome, 0, sizeof *outcome);
    pthread_mutex_unlock(&channel->run->lock);
    connection->ops->find(connection, outcome, attempt->request, attempt->request_len, key,
                          attempt->started_at);
    pthread_mutex_lock(&channel->run->lock);
}

/* The earlier attempt made the post, and what is refused now left nothing. 1, or -1. */
static int settle_both(struct pub_channel *channel, const struct abp_planned *post,
                       const struct abp_attempt *earlier, int64_t attempt,
                       struct abp_outcome *found, struct abp_error *err)
{
    struct abp_settlement left = {.attempt = attempt,
                                  .state = ABP_PLANNED,
                                  .now = pub_now(channel->run),
                                  .reason = "its text of before had gone out, late"};
    if (!found->posted_at)
        found->posted_at = earlier->started_at;
    snprintf(found->reason, sizeof found->reason,
             "it went out late, as its file read before; what the file says now did not");
    if (pub_settle(channel, post, earlier->id, earlier->file, found, 1, err) != 0)
        return -1;
    return abp_outbox_settle(channel->run->in->store, &left, err) < 0 ? -1 : 1;
}

int pub_is_late(struct pub_channel *channel, const struct abp_planned *post, int64_t attempt,
                const char *key, struct abp_outcome *outcome, struct abp_error *err)
{
    const struct abp_channel_ops *ops = channel->connection->ops;
    struct abp_attempt_list list;
    int refused = outcome->fate == ABP_FATE_REFUSED && (ops->abilities & ABP_CAN_KEY);
    int other = outcome->fate == ABP_FATE_POSTED && outcome->other_text;
    if ((!refused && !other) || !ops->find)
        return 0;
    if (abp_outbox_other_attempts(&list, channel->run->in->store, attempt, err) != 0)
        return -1;
    int rc = 0;
    for (size_t i = 0; i < list.count && rc == 0; i++) {
        struct abp_outcome found;
        if (!ops->is_own(list.list[i].request, list.list[i].request_len))
            continue; /* the channel was of another type then */
        ask(channel, &found, &list.list[i], key);
        if (found.fate == ABP_FATE_POSTED) {
            rc = settle_both(channel, post, &list.list[i], attempt, &found, err);
        } else if (found.fate == ABP_FATE_UNKNOWN && refused) {
            *outcome = found; /* a refusal is for good: not before that could be asked */
            break;
        }
    }
    abp_attempt_list_release(&list);
    return rc;
}
