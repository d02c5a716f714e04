/* Attempts whose outcome is not known: asked for, never sent again blindly. */
#include "abpost/sign_in.h"
#include "publish/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum abp_note_kind kind_of(enum abp_fate fate)
{
    switch (fate) {
    case ABP_FATE_POSTED:
        return ABP_NOTE_POSTED;
    case ABP_FATE_HANDED:
        return ABP_NOTE_HANDED;
    case ABP_FATE_REFUSED:
        return ABP_NOTE_REFUSED;
    case ABP_FATE_NOT_SENT:
        return ABP_NOTE_NOT_SENT;
    default:
        return ABP_NOTE_UNKNOWN;
    }
}

static enum abp_post_state state_of(enum abp_fate fate)
{
    switch (fate) {
    case ABP_FATE_POSTED:
        return ABP_POSTED;
    case ABP_FATE_HANDED:
        return ABP_HANDED;
    case ABP_FATE_REFUSED:
        return ABP_REFUSED;
    case ABP_FATE_NOT_SENT:
        return ABP_PLANNED;
    default:
        return ABP_UNKNOWN;
    }
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

/* To be told that it is not there is an answer. */
static int is_in_the_way(const struct abp_outcome *outcome, int reconciled)
{
    return !outcome->sign_in && (outcome->fate == ABP_FATE_UNKNOWN ||
                                 (outcome->fate == ABP_FATE_NOT_SENT && !reconciled));
}

/* What an outcome says of the account. Where a post is asked for by its key anybody may ask: then
 * an answer says nothing of it. */
static int note_account(struct pub_channel *channel, const struct abp_outcome *outcome,
                        int reconciled, struct abp_error *err)
{
    struct pub_run *run = channel->run;
    const char *name = channel->channel->name, *reason = outcome->sign_in ? outcome->reason : NULL;
    int answered = outcome->fate == ABP_FATE_POSTED || outcome->fate == ABP_FATE_NOT_SENT;
    if (!reconciled)
        return reason || outcome->fate == ABP_FATE_POSTED ? pub_sign_in(run, name, reason, err) : 0;
    run->report->sign_in |= outcome->sign_in;
    if (reason || (answered && !(channel->connection->ops->abilities & ABP_CAN_KEY)))
        return abp_sign_in_note_reading(run->in->store, name, reason, pub_now(run), err);
    return 0;
}

int pub_settle(struct pub_channel *channel, const struct abp_planned *post, int64_t attempt,
               const char *file, const struct abp_outcome *outcome, int reconciled,
               struct abp_error *err)
{
    struct pub_run *run = channel->run;
    struct abp_settlement settlement = {.attempt = attempt,
                                        .state = state_of(outcome->fate),
                                        .now = pub_now(run),
                                        .posted_at = outcome->posted_at,
                                        .retry_at = outcome->retry_at,
                                        .remote_id = or_null(outcome->remote_id),
                                        .version = or_null(outcome->version),
                                        .url = or_null(outcome->url),
                                        .reason = or_null(outcome->reason),
                                        .reconciled = reconciled};
    /* What a platform says of time is only believed where it can be true. */
    if (llabs(settlement.posted_at - settlement.now) > 86400 && !reconciled)
        settlement.posted_at = 0;
    if (!settlement.posted_at && reconciled)
        settlement.posted_at = post->started_at;
    int settled = abp_outbox_settle(run->in->store, &settlement, err);
    if (settled < 0 || settled == ABP_SETTLED_KNOWN)
        return settled < 0 ? -1 : 0; /* known: its own process was done before the question was */
    enum abp_note_kind kind = kind_of(outcome->fate);
    if (settled == ABP_SETTLED_DOUBT) {
        kind = ABP_NOTE_UNKNOWN;
        settlement.reason = "what was found there is another post of ours";
    } else if (settled == ABP_SETTLED_TWICE) {
        kind = ABP_NOTE_TWICE;
        settlement.reason = "it is out already, at another address; delete one of the two";
    }
    struct abp_note note = {.kind = kind,
                            .post = post,
                            .reconciled = reconciled,
                            .file = file,
                            .url = settlement.url,
                            .detail = settlement.reason};
    pub_note(run, &note);
    if (note_account(channel, outcome, reconciled, err) != 0)
        return -1;
    if (is_in_the_way(outcome, reconciled))
        pub_in_the_way(run, outcome);
    return 0;
}

/* 1: the attempt may be looked into. Asking harms nobody; but as long as its process is at it, "not
 * there" would mean nothing. */
static int is_abandoned(const struct abp_planned *post, int64_t now)
{
    if (post->state == ABP_UNKNOWN)
        return !abp_outbox_is_pausing(post, now);
    switch (publish_owner_state(post->owner)) {
    case PUBLISH_OWNER_GONE:
        return 1;
    case PUBLISH_OWNER_ALIVE:
        return 0;
    default:
        return post->leased_until <= now || post->leased_until > now + 2 * ABP_PUBLISH_LEASE;
    }
}

/* Ever longer pauses: as long again as it has been, a minute at least and an hour at most. */
static int64_t next_try(const struct abp_planned *post, int64_t now)
{
    int64_t pause = now - post->started_at;
    return now + (pause < 60 ? 60 : pause > 3600 ? 3600 : pause);
}

static void nobody_knows(struct abp_outcome *outcome, const struct abp_planned *post)
{
    outcome->fate = ABP_FATE_UNKNOWN;
    snprintf(outcome->reason, sizeof outcome->reason,
             "it may be out, and this platform can't be asked; look, then say so: abpost resolve "
             "%lld --posted URL, or --not-posted",
             (long long)post->id);
}

/* 1: the channel was of another type when that was sent; what became of it is not here to be asked.
 */
static int is_of_another_type(struct abp_outcome *outcome, const struct pub_channel *channel,
                              const struct abp_planned *post, int64_t now)
{
    if (channel->connection->ops->is_own(post->request, post->request_len))
        return 0;
    outcome->fate = ABP_FATE_UNKNOWN;
    outcome->retry_at = next_try(post, now);
    snprintf(outcome->reason, sizeof outcome->reason,
             "it was sent when channel %.100s was of another type; put that back, or look whether "
             "it is out, and say so: abpost resolve %lld --posted URL, or --not-posted",
             channel->channel->name, (long long)post->id);
    return 1;
}

/* "Not there" counts once everything that was under way must have arrived. */
static void judge_absence(struct abp_outcome *outcome, const struct pub_channel *channel,
                          const struct abp_planned *post, int64_t now)
{
    int64_t settled_at = post->started_at + channel->connection->ops->settle;
    if (outcome->fate != ABP_FATE_NOT_SENT || now >= settled_at)
        return;
    outcome->fate = ABP_FATE_UNKNOWN;
    outcome->retry_at = settled_at;
    snprintf(outcome->reason, sizeof outcome->reason,
             "it is not there yet; that is believed %lld s after it was sent",
             (long long)channel->connection->ops->settle);
}

static int tell_again(struct pub_channel *channel, const struct abp_planned *post)
{
    struct abp_note note = {.kind = ABP_NOTE_UNKNOWN,
                            .post = post,
                            .reconciled = 1,
                            .file = post->file,
                            .detail = post->reason};
    pub_note(channel->run, &note);
    return 0;
}

int pub_reconcile(struct pub_channel *channel, const struct abp_planned *post,
                  struct abp_error *err)
{
    struct pub_run *run = channel->run;
    struct abp_connection *connection = channel->connection;
    struct abp_outcome outcome = {.fate = ABP_FATE_UNKNOWN};
    int64_t now = pub_now(run);
    if (!is_abandoned(post, now))
        return post->state == ABP_UNKNOWN ? tell_again(channel, post) : 0;
    if (!connection->ops->find) {
        nobody_knows(&outcome, post);
        return post->state == ABP_UNKNOWN
                   ? tell_again(channel, post)
                   : pub_settle(channel, post, post->attempt, post->file, &outcome, 1, err);
    }
    if (is_of_another_type(&outcome, channel, post, now))
        return pub_settle(channel, post, post->attempt, post->file, &outcome, 1, err);
    if (connection->wait_until > now)
        return tell_again(channel, post);
    pthread_mutex_unlock(&run->lock);
    connection->ops->find(connection, &outcome, post->request, post->request_len, post->key,
                          post->started_at);
    pthread_mutex_lock(&run->lock);
    now = pub_now(run);
    judge_absence(&outcome, channel, post, now);
    if (outcome.fate == ABP_FATE_UNKNOWN && outcome.retry_at <= now)
        outcome.retry_at = next_try(post, now);
    return pub_settle(channel, post, post->attempt, post->file, &outcome, 1, err);
}
