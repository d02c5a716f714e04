/* One post that is due: which file, which bytes, the claim, the one call, what came of it. */
#include "publish/run.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define REQUEST_MAX ((size_t)1 << 20) /* bytes */
#define FILES_MOST  5                 /* that a channel may refuse of one post in one pass */
#define ANOTHER     2
/* Two posts of one channel may be this much nearer than min_gap, since the first may be late. */
#define GAP_GRACE 900

static const struct abp_schedule *schedule_of(const struct pub_experiment *e)
{
    return &e->in->experiment->schedule;
}

static int wait_for(struct pub_run *run, const struct abp_planned *post, const char *detail)
{
    struct abp_note note = {.kind = ABP_NOTE_WAITING, .post = post, .detail = detail};
    pub_note(run, &note);
    return 0;
}

/* ---- too late ---- */

int pub_drop(struct pub_run *run, const struct abp_planned *post, enum abp_post_state state,
             const char *reason, struct abp_error *err)
{
    static const enum abp_note_kind kinds[ABP_POST_STATE_COUNT] = {
        [ABP_MISSED] = ABP_NOTE_MISSED,
        [ABP_EMPTY] = ABP_NOTE_EMPTY,
    };
    int rc = abp_outbox_drop(run->in->store, post->id, state, reason, pub_now(run), err);
    struct abp_note note = {.kind = kinds[state], .post = post, .detail = reason};
    if (rc > 0)
        pub_note(run, &note);
    return rc < 0 ? -1 : 0;
}

static int drop_late(struct pub_run *run, const struct abp_planned *post,
                     const struct shelf_choice *choice, int64_t lateness, struct abp_error *err)
{
    char late[ABP_DURATION_SIZE] = "", reason[640];
    /* In whole days, hours or minutes, as one says it. */
    int64_t unit = lateness >= 2 * 86400 ? 86400 : lateness >= 2 * 3600 ? 3600 : 60;
    abp_duration_format(late, lateness / unit * unit);
    if (!choice->content)
        snprintf(reason, sizeof reason, "its time passed %s ago: %s", late, choice->why);
    else
        snprintf(reason, sizeof reason,
                 "its time passed %s ago, which is more than max_lateness allows%s%.300s", late,
                 post->reason ? "; before: " : "", post->reason ? post->reason : "");
    return pub_drop(run, post, choice->content ? ABP_MISSED : ABP_EMPTY, reason, err);
}

/* ---- the request ---- */

struct sending {
    struct pub_channel *channel; /* borrowed, like the rest */
    struct pub_experiment *experiment;
    const struct abp_planned *post;
    struct shelf_choice choice;
    struct abp_buffer request; /* owned */
    char key[ABP_KEY_SIZE];
    int64_t began, claimed_at; /* the claim, by elapsed_clock() and by the wall */
};

/* A post keeps its key, whatever its file says by now: where a platform heeds keys, of the old text
 * (a request that arrives late, although it was not there when it was asked for) and the new one
 * only the first goes out; elsewhere the old one is as surely not out as before the same bytes are
 * sent again. What is asked for later is the newest text. By hand a key names a file, and the one
 * of before may lie there with the old text. */
static void take_key(struct sending *s, int64_t now)
{
    const struct abp_planned *post = s->post;
    if (post->attempt && !(s->channel->connection->ops->abilities & ABP_BY_HAND))
        snprintf(s->key, sizeof s->key, "%s", post->key);
    else
        abp_key_make(s->key, now, post->id, s->channel->run->salt);
}

/* What an earlier attempt sent, byte for byte. */
static int repeat_request(struct sending *s)
{
    snprintf(s->key, sizeof s->key, "%s", s->post->key);
    return abp_buffer_append(&s->request, s->post->request, s->post->request_len);
}

/* 1: the file says what the attempt before sent, to a channel of the same type. */
static int is_repeat(const struct sending *s)
{
    const struct abp_channel_ops *ops = s->channel->connection->ops;
    return s->post->attempt && ops->is_own(s->post->request, s->post->request_len) &&
           strcmp(s->choice.version, s->post->file_digest) == 0;
}

/* The channel takes anything but that file: the next one may go out instead. ANOTHER, or -1. */
static int pass_over(struct sending *s, const char *reason, struct abp_error *err)
{
    struct pub_run *run = s->channel->run;
    char detail[640];
    if (shelf_refuse(&s->experiment->shelf, run->in->store, s->post->channel, &s->choice, reason,
                     pub_now(run), err) != 0)
        return -1;
    snprintf(detail, sizeof detail, "%.100s does not take it as it is; mend it or hold it: %.400s",
             s->post->channel, reason);
    struct abp_note note = {
        .kind = ABP_NOTE_NOT_SENT, .post = s->post, .file = s->choice.name, .detail = detail};
    pub_note(run, &note);
    abp_buffer_reset(&s->request);
    return ANOTHER;
}

/* 1: made; ANOTHER: not of that file; 0: not this time, and told; -1. */
static int make_request(struct sending *s, struct abp_error *err)
{
    struct pub_run *run = s->channel->run;
    struct abp_outcome outcome = {.fate = ABP_FATE_NOT_SENT};
    if (is_repeat(s))
        return repeat_request(s) == 0 ? 1 : abp_fail_memory(err);
    int64_t now = pub_now(run);
    take_key(s, now);
    struct abp_connection *connection = s->channel->connection;
    pthread_mutex_unlock(&run->lock);
    int rc =
        connection->ops->prepare(connection, &s->request, s->choice.content, s->key, now, &outcome);
    pthread_mutex_lock(&run->lock);
    if (rc == 0)
        return s->request.failed ? abp_fail(err, ABP_BUG, "a request over %zu bytes", REQUEST_MAX)
                                 : 1;
    if (outcome.sign_in && pub_sign_in(run, s->post->channel, outcome.reason, err) != 0)
        return -1;
    if (outcome.fate == ABP_FATE_REFUSED)
        return pass_over(s, outcome.reason, err);
    if (!outcome.sign_in)
        pub_in_the_way(run, &outcome);
    struct abp_note note = {.kind = ABP_NOTE_NOT_SENT,
                            .post = s->post,
                            .file = s->choice.name,
                            .detail = outcome.reason};
    pub_note(run, &note);
    return 0;
}

/* ---- the claim and the call ---- */

/* Nothing may have been sent on the channel after this; 0: never mind. */
static int64_t quiet_since(const struct sending *s)
{
    int64_t gap = schedule_of(s->experiment)->min_gap - GAP_GRACE;
    return gap > 0 ? pub_now(s->channel->run) - gap : 0;
}

/* Seconds that no one can set back, and that go on while the machine sleeps: CLOCK_MONOTONIC stands
 * still then on Linux. */
static int64_t elapsed_clock(void)
{
    struct timespec t;
#ifdef CLOCK_BOOTTIME
    if (clock_gettime(CLOCK_BOOTTIME, &t) == 0)
        return (int64_t)t.tv_sec;
#endif
    return clock_gettime(CLOCK_MONOTONIC, &t) == 0 ? (int64_t)t.tv_sec : 0;
}

/* 1: the machine slept or the disk stalled since the claim began, and another machine may be asking
 * already whether it is out. That one goes by the wall clock, so a jump of ours counts as well. */
static int took_too_long(const struct sending *s)
{
    int64_t most = ABP_PUBLISH_LEASE / 4;
    return elapsed_clock() - s->began > most || pub_now(s->channel->run) - s->claimed_at > most;
}

static int claim(int64_t *attempt, struct sending *s, struct abp_error *err)
{
    struct pub_run *run = s->channel->run;
    int64_t now = pub_now(run);
    s->began = elapsed_clock();
    s->claimed_at = now;
    struct abp_claim claim = {.planned = s->post->id,
                              .after = s->post->attempt,
                              .key = s->key,
                              .request = abp_buffer_text(&s->request),
                              .request_len = s->request.len,
                              .file = s->choice.name,
                              .file_digest = s->choice.version,
                              .owner = run->owner,
                              .now = now,
                              .leased_until = now + ABP_PUBLISH_LEASE,
                              .quiet_since = quiet_since(s)};
    if (abp_outbox_freeze_analysis(run->in->store, s->post->experiment,
                                   s->experiment->in->fingerprint, now, err) != 0)
        return -1;
    return abp_outbox_claim(attempt, run->in->store, &claim, err);
}

static int send_request(struct sending *s, struct abp_error *err)
{
    struct pub_run *run = s->channel->run;
    struct abp_outcome outcome = {.fate = ABP_FATE_UNKNOWN};
    int64_t attempt = 0;
    if (run->failed.code != ABP_OK)
        return 0; /* the store let another thread down meanwhile */
    int rc = claim(&attempt, s, err);
    if (rc <= 0)
        return rc; /* 0: another process has it */
    shelf_take(&s->experiment->shelf, s->post->id, &s->choice);
    struct abp_connection *connection = s->channel->connection;
    pthread_mutex_unlock(&run->lock);
    if (took_too_long(s)) {
        outcome.fate = ABP_FATE_NOT_SENT;
        outcome.local = 1;
        snprintf(outcome.reason, sizeof outcome.reason, "claiming it took too long");
    } else {
        connection->ops->send(connection, &outcome, abp_buffer_text(&s->request), s->request.len,
                              s->key);
    }
    pthread_mutex_lock(&run->lock);
    rc = pub_is_late(s->channel, s->post, attempt, s->key, &outcome, err);
    if (rc != 0)
        return rc < 0 ? -1 : 0;
    return pub_settle(s->channel, s->post, attempt, s->choice.name, &outcome, 0, err);
}

/* ---- the whole ---- */

static void choose_file(struct sending *s)
{
    const struct shelf *shelf = &s->experiment->shelf;
    const struct abp_connection *connection = s->channel->connection;
    if (s->post->attempt)
        shelf_choose_again(&s->choice, shelf, s->post, connection->ops, &connection->limits);
    else
        shelf_choose(&s->choice, shelf, s->post->id, connection->ops, &connection->limits);
}

/* 1: may go out now; 0: not now, and told; -1. */
static int may_go(struct sending *s, struct abp_error *err)
{
    struct pub_run *run = s->channel->run;
    const struct abp_connection *connection = s->channel->connection;
    int64_t now = pub_now(run), lateness = now - s->post->due_at, last = 0;
    choose_file(s);
    if (lateness > schedule_of(s->experiment)->max_lateness)
        return drop_late(run, s->post, &s->choice, lateness, err);
    if (!s->choice.content)
        return wait_for(run, s->post, s->choice.why);
    if (abp_outbox_is_pausing(s->post, now) || connection->wait_until > now)
        return wait_for(run, s->post, "the server asked for a pause");
    if (abp_outbox_last_post(&last, run->in->store, s->post->channel, s->post->id, now, err) != 0)
        return -1;
    if (quiet_since(s) && last > quiet_since(s))
        return wait_for(run, s->post, "the last post of this channel is nearer than min_gap");
    return 1;
}

int pub_send(struct pub_channel *channel, const struct abp_planned *post, struct abp_error *err)
{
    struct sending s = {.channel = channel, .post = post};
    s.experiment = pub_experiment_of(channel->run, post->experiment, err);
    if (!s.experiment)
        return err->code ? -1 : wait_for(channel->run, post, ABP_NO_EXPERIMENT);
    abp_buffer_init(&s.request, REQUEST_MAX);
    int rc = ANOTHER;
    for (int i = 0; rc == ANOTHER && i < FILES_MOST; i++) {
        rc = may_go(&s, err);
        if (rc > 0)
            rc = make_request(&s, err);
    }
    if (rc == 1)
        rc = send_request(&s, err);
    abp_buffer_release(&s.request);
    return rc < 0 ? -1 : 0;
}
