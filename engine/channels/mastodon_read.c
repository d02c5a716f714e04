/* The numbers of posts: by the dozen where the server can (Mastodon 4.3), else one by one. */
#include "abpost/time.h"
#include "channels/mastodon.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define BATCH          20 /* DEFAULT_STATUSES_LIMIT of Mastodon; more is refused */
#define NUMBER_MAX     INT64_C(9007199254740992) /* 2^53: whole numbers a double holds exactly */
#define REMOTE_ID_SIZE 512                       /* of struct abp_outcome */
#define TRIES          3 /* failures in a row after which the rest is left for another time */

/* The API's name and ours. */
static const struct {
    const char *theirs, *ours;
} counts[] = {{"favourites_count", "likes"},
              {"reblogs_count", "reposts"},
              {"replies_count", "replies"},
              {"quotes_count", "quotes"}};

/* What came of a round of readings. */
struct round {
    struct abp_connection *connection;
    size_t answered;        /* readings that came to READ or GONE */
    int failures;           /* in a row */
    int stop;               /* 1: no more requests */
    int alive;              /* 1: this server has been seen to speak the API in this round */
    struct abp_error first; /* the first failure that is the server's or the token's */
};

static void not_read(struct abp_reading *reading, const char *why)
{
    reading->state = ABP_READ_NOT;
    reading->edited = 0;
    reading->value_count = 0;
    snprintf(reading->reason, sizeof reading->reason, "%.240s", why);
}

/* ---- whose posts they are ---- */

/* 1: the post's address is not on the server, as far as its API's own address tells. */
static int seems_elsewhere(const struct round *round, const struct abp_reading *reading)
{
    const char *host;
    return abp_mastodon_host(&host, reading->url) &&
           !abp_mastodon_same_host(reading->url, round->connection->channel->server);
}

/* 1: it is of another server: the channel was moved. The posts' pages may have another host than
 * the API (WEB_DOMAIN, a proxy), but then the account's page has it as well; where that is not
 * said, nobody can tell. */
static int is_elsewhere(const struct round *round, const struct abp_reading *reading)
{
    const struct abp_mastodon *state = round->connection->state;
    const char *host;
    size_t len = abp_mastodon_host(&host, reading->url);
    return state->web_host[0] && seems_elsewhere(round, reading) &&
           (len != strlen(state->web_host) || strncasecmp(host, state->web_host, len) != 0);
}

static void set_aside(struct abp_reading *reading)
{
    char where[ABP_MASTODON_ID_SIZE], shown[ABP_SHOWN_SIZE], why[sizeof reading->reason];
    const char *host;
    size_t len = abp_mastodon_host(&host, reading->url);
    snprintf(where, sizeof where, "%.*s", (int)len, host);
    snprintf(why, sizeof why,
             ABP_READ_ELSEWHERE ": on %s; put that back under this channel's name, and the new one "
                                "under another",
             abp_shown(shown, where));
    not_read(reading, why);
}

/* ---- what came ---- */

/* A status into reading. Absent, negative or of another type is not there. */
static void take_status(struct abp_reading *reading, const json_t *status)
{
    const char *edited = abp_mastodon_string(status, "edited_at");
    reading->value_count = 0;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const json_t *value = json_object_get(status, counts[i].theirs);
        json_int_t number = json_integer_value(value);
        if (!json_is_integer(value) || number < 0 || number > NUMBER_MAX)
            continue;
        reading->values[reading->value_count].name = counts[i].ours;
        reading->values[reading->value_count++].value = (double)number;
    }
    reading->edited = edited && *edited;
    if (reading->value_count == 0) {
        not_read(reading, "the server's answer holds no numbers");
        return;
    }
    reading->state = ABP_READ;
    reading->reason[0] = '\0';
}

static void take_failure(struct round *round, struct abp_reading *reading,
                         const struct abp_mastodon_reply *reply)
{
    const struct abp_channel *channel = round->connection->channel;
    int refused = abp_mastodon_answered(reply, 401);
    not_read(reading, reply->words);
    round->failures++;
    if (refused || abp_mastodon_answered(reply, 429) || round->failures >= TRIES)
        round->stop = 1;
    if (round->first.code == ABP_OK) {
        abp_fail(&round->first, refused ? ABP_PERSON : ABP_UNREACHABLE,
                 refused ? "channel %s: %s does not accept the token: %s"
                         : "channel %s: %s can't be read just now: %s",
                 channel->name, channel->server, reply->words);
        round->first.http_status = reply->status;
    }
}

/* A 404 is the word of a server that speaks the API, not of whatever answers at its address when it
 * is gone; when that word is no JSON (snac's is none), the account is asked for first. */
static int speaks(struct round *round, const struct abp_mastodon_reply *reply)
{
    struct abp_mastodon *state = round->connection->state;
    struct abp_error err = {0};
    if (!round->alive && !abp_mastodon_explained(reply)) {
        state->account_id[0] = '\0';
        if (abp_mastodon_who(round->connection, NULL, &err) != 0)
            return 0;
    }
    round->alive = 1;
    return 1;
}

/* Reads one. -1 with err: nothing can be sent at all. */
static int read_one(struct round *round, struct abp_reading *reading, struct abp_error *err)
{
    struct abp_mastodon_reply reply;
    char path[REMOTE_ID_SIZE + 32];
    if (!abp_mastodon_is_id(reading->remote_id, REMOTE_ID_SIZE)) {
        not_read(reading, "its id is none of this kind of server");
        return 0;
    }
    snprintf(path, sizeof path, "/api/v1/statuses/%s", reading->remote_id);
    if (abp_mastodon_get(round->connection, &reply, path, err) != 0)
        return -1;
    int gone = abp_mastodon_answered(&reply, 404) || abp_mastodon_answered(&reply, 410);
    if (abp_mastodon_accepted(&reply) && json_is_object(reply.json)) {
        round->alive = 1;
        take_status(reading, abp_mastodon_unwrapped(reply.json));
    } else if (gone && speaks(round, &reply)) {
        reading->state = ABP_READ_GONE;
        snprintf(reading->reason, sizeof reading->reason, "%.200s", reply.words);
    } else {
        take_failure(round, reading, &reply);
    }
    if (reading->state != ABP_READ_NOT) {
        round->answered++;
        round->failures = 0;
    }
    abp_mastodon_reply_release(&reply);
    return 0;
}

/* The status of the answer that has this id; NULL: none. */
static const json_t *status_of(const json_t *list, const char *remote_id)
{
    const json_t *status;
    size_t i;
    json_array_foreach(list, i, status)
    {
        const char *id = abp_mastodon_string(status, "id");
        if (id && strcmp(id, remote_id) == 0)
            return abp_mastodon_unwrapped(status);
    }
    return NULL;
}

/* What the server said to many at once. Those that it left out stay as they are: each is asked for
 * by itself before it counts as gone. */
static void take_batch(struct round *round, struct abp_reading *readings, size_t count,
                       const struct abp_mastodon_reply *reply)
{
    struct abp_mastodon *state = round->connection->state;
    if (!abp_mastodon_accepted(reply) || !json_is_array(reply->json)) {
        /* An older server, or another make; failures of the moment say nothing of that. */
        if (reply->fate == ABP_HTTP_ANSWERED && reply->status != 401 && reply->status != 429 &&
            reply->status < 500)
            state->no_batch = 1;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *status = status_of(reply->json, readings[i].remote_id);
        if (!status || is_elsewhere(round, &readings[i]))
            continue;
        take_status(&readings[i], status);
        round->answered += readings[i].state == ABP_READ;
        round->alive = 1;
    }
}

/* Asks for up to BATCH at once. -1 with err: nothing can be sent at all. */
static int read_batch(struct round *round, struct abp_reading *readings, size_t count,
                      struct abp_error *err)
{
    struct abp_mastodon_reply reply;
    struct abp_buffer path;
    size_t asked = 0;
    int rc = 0;
    abp_buffer_init(&path, (size_t)BATCH * (REMOTE_ID_SIZE + 16));
    abp_buffer_add(&path, "/api/v1/statuses");
    for (size_t i = 0; i < count; i++)
        if (abp_mastodon_is_id(readings[i].remote_id, REMOTE_ID_SIZE) &&
            !is_elsewhere(round, &readings[i]))
            abp_buffer_printf(&path, "%cid%%5B%%5D=%s", asked++ ? '&' : '?', readings[i].remote_id);
    if (asked > 1 && !path.failed) {
        rc = abp_mastodon_get(round->connection, &reply, path.data, err);
        if (rc == 0) {
            take_batch(round, readings, count, &reply);
            abp_mastodon_reply_release(&reply);
        }
    }
    abp_buffer_release(&path);
    return rc;
}

/* Up to BATCH of them. -1 with err. */
static int read_some(struct round *round, struct abp_reading *readings, size_t count,
                     struct abp_error *err)
{
    struct abp_connection *connection = round->connection;
    const struct abp_mastodon *state = connection->state;
    if (count > 1 && !state->no_batch && read_batch(round, readings, count, err) != 0)
        return -1;
    for (size_t i = 0; i < count && !round->stop; i++) {
        if (is_elsewhere(round, &readings[i]))
            continue;
        if (connection->wait_until > connection->now(connection->now_context))
            round->stop = 1;
        else if (readings[i].state == ABP_READ_NOT && read_one(round, &readings[i], err) != 0)
            return -1;
    }
    return 0;
}

/* A post for followers is 404 to everybody else, and numbers may differ: only the account's own
 * token is believed. And what seems to be on another server is asked for only once the account's
 * page has said where its posts are. -1 with err, and why in every reading. */
static int confirm(struct round *round, struct abp_reading *readings, size_t count,
                   struct abp_error *err)
{
    struct abp_connection *connection = round->connection;
    struct abp_error why = {0};
    int doubtful = 0;
    for (size_t i = 0; i < count; i++)
        doubtful |= seems_elsewhere(round, &readings[i]);
    if ((doubtful ? abp_mastodon_who(connection, NULL, &why)
                  : abp_mastodon_confirm(connection, NULL, &why)) == 0) {
        round->stop = connection->wait_until > connection->now(connection->now_context);
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        not_read(&readings[i], why.message);
    if (why.code == ABP_DATA)
        why.code = ABP_UNREACHABLE; /* whatever it was that answered */
    if (err)
        *err = why;
    return -1;
}

int abp_mastodon_read(struct abp_connection *connection, struct abp_reading *readings, size_t count,
                      struct abp_error *err)
{
    struct round round = {.connection = connection};
    for (size_t i = 0; i < count; i++)
        not_read(&readings[i], "it was not reached");
    if (count && confirm(&round, readings, count, err) != 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        if (is_elsewhere(&round, &readings[i]))
            set_aside(&readings[i]);
    for (size_t start = 0; start < count && !round.stop; start += BATCH)
        if (read_some(&round, readings + start, count - start < BATCH ? count - start : BATCH,
                      err) != 0)
            return -1;
    if (round.answered == 0 && round.first.code != ABP_OK) {
        if (err)
            *err = round.first;
        return -1;
    }
    return 0;
}
