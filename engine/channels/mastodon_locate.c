/* A post that a person found: what the server calls it. Its address need not hold its id (snac's
 * hold a time of day, those of ActivityPub an UUID), so an id that the address ends in is asked for
 * first, and the account's own lists are looked through for the address when that leads nowhere. */
#include "channels/mastodon.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PAGE      40 /* statuses of a page, the most that Mastodon gives */
#define PAGES_MAX 10 /* of each list */

/* The parts of an address that say which post it is; borrowed from it. */
struct place {
    const char *host, *path;
    size_t host_len, path_len; /* without a / at the end */
};

struct lookup {
    struct abp_connection *connection;
    struct abp_outcome *outcome;
    const char *url;
    struct place place;
    int own_list; /* 1: what the list at hand holds is this account's */
};

/* 0, or -1: no address of anything. What follows ? or # is about how it is shown. */
static int read_place(struct place *place, const char *url)
{
    place->host_len = abp_mastodon_host(&place->host, url);
    if (place->host_len == 0)
        return -1;
    place->path = place->host + place->host_len;
    place->path_len = strcspn(place->path, "?#");
    while (place->path_len && place->path[place->path_len - 1] == '/')
        place->path_len--;
    return place->path_len ? 0 : -1;
}

static int same_host(const struct place *place, const char *url)
{
    const char *host;
    size_t len = abp_mastodon_host(&host, url);
    return len && len == place->host_len && strncasecmp(host, place->host, len) == 0;
}

static int same_place(const struct place *place, const char *url)
{
    struct place other;
    return url && same_host(place, url) && read_place(&other, url) == 0 &&
           other.path_len == place->path_len &&
           memcmp(other.path, place->path, other.path_len) == 0;
}

/* ---- what came ---- */

/* An answer that leaves it open where the post is. -1. */
static int unanswered(const struct lookup *l, const struct abp_mastodon_reply *reply,
                      struct abp_error *err)
{
    const struct abp_channel *channel = l->connection->channel;
    int refused = abp_mastodon_answered(reply, 401) || abp_mastodon_answered(reply, 403);
    abp_fail(err, refused ? ABP_PERSON : ABP_UNREACHABLE,
             refused ? "channel %s: %s does not let this token look at its posts: %s"
                     : "channel %s: %s can't be asked for the post just now: %s",
             channel->name, channel->server, reply->words);
    if (err)
        err->http_status = reply->status;
    return -1;
}

/* A GET, unless that before it was the last for a while. 0, or -1 with err. */
static int get(const struct lookup *l, struct abp_mastodon_reply *reply, const char *path,
               struct abp_error *err)
{
    struct abp_connection *connection = l->connection;
    if (connection->wait_until > connection->now(connection->now_context))
        return abp_fail(err, ABP_UNREACHABLE,
                        "channel %s: %s has had enough requests; say it again later",
                        connection->channel->name, connection->channel->server);
    return abp_mastodon_get(connection, reply, path, err);
}

/* The status that the address is of. 1, or -1 with err when it is not this account's. */
static int take(const struct lookup *l, const json_t *status, struct abp_error *err)
{
    const struct abp_mastodon *state = l->connection->state;
    const struct abp_channel *channel = l->connection->channel;
    const char *author = abp_mastodon_string(json_object_get(status, "account"), "id");
    if (author ? strcmp(author, state->account_id) != 0 : !l->own_list)
        return abp_fail(err, ABP_DATA,
                        "channel %s: %.300s is a post of another account, not of the one that its "
                        "token belongs to",
                        channel->name, l->url);
    if (abp_mastodon_posted(l->outcome, status, NULL) != 0)
        return abp_fail(err, ABP_DATA, "channel %s: %s gives the post at %.300s no usable id",
                        channel->name, channel->server, l->url);
    return 1;
}

/* Asks for the id that the address ends in. 1: that was it; 0: it is none, or another post's; -1
 * with err. */
static int ask_by_id(struct lookup *l, struct abp_error *err)
{
    struct abp_mastodon_reply reply;
    char id[ABP_MASTODON_ID_SIZE], path[ABP_MASTODON_ID_SIZE + 32];
    size_t len = 0;
    while (len < l->place.path_len && l->place.path[l->place.path_len - len - 1] != '/')
        len++;
    if (len >= sizeof id)
        return 0;
    memcpy(id, l->place.path + l->place.path_len - len, len);
    id[len] = '\0';
    if (!abp_mastodon_is_id(id, sizeof id))
        return 0;
    snprintf(path, sizeof path, "/api/v1/statuses/%s", id);
    if (get(l, &reply, path, err) != 0)
        return -1;
    int rc = 0;
    if (abp_mastodon_accepted(&reply) && json_is_object(reply.json)) {
        /* The same number may be another post's elsewhere. */
        const json_t *status = abp_mastodon_unwrapped(reply.json);
        if (same_host(&l->place, l->connection->channel->server) ||
            same_host(&l->place, abp_mastodon_string(status, "url")) ||
            same_host(&l->place, abp_mastodon_string(status, "uri")))
            rc = take(l, status, err);
    } else if (!abp_mastodon_lacks(&reply) && !abp_mastodon_answered(&reply, 400) &&
               !abp_mastodon_answered(&reply, 422)) {
        rc = unanswered(l, &reply, err);
    }
    abp_mastodon_reply_release(&reply);
    return rc;
}

/* ---- lists ---- */

/* 1: the address is of one of the page's; 0: of none of them; -1 with err. last holds the page's
 * oldest id, before and after; "": there is no older page. */
static int look_through(const struct lookup *l, const json_t *page, char last[ABP_MASTODON_ID_SIZE],
                        struct abp_error *err)
{
    const json_t *status;
    size_t i, count = json_array_size(page);
    json_array_foreach(page, i, status)
    {
        const json_t *inner = abp_mastodon_unwrapped(status);
        if (same_place(&l->place, abp_mastodon_string(inner, "url")) ||
            same_place(&l->place, abp_mastodon_string(inner, "uri")))
            return take(l, inner, err);
    }
    const char *id =
        count ? abp_mastodon_id(json_array_get(page, count - 1), "id", ABP_MASTODON_ID_SIZE) : NULL;
    if (!id || strcmp(id, last) == 0)
        last[0] = '\0';
    else
        snprintf(last, ABP_MASTODON_ID_SIZE, "%s", id);
    return 0;
}

static int walk(const struct lookup *l, const char *list, struct abp_error *err)
{
    char path[2 * ABP_MASTODON_ID_SIZE + 128], last[ABP_MASTODON_ID_SIZE] = "";
    int rc = 0;
    for (int page = 0; page < PAGES_MAX && rc == 0 && (page == 0 || *last); page++) {
        struct abp_mastodon_reply reply;
        snprintf(path, sizeof path, "%slimit=%d%s%s", list, PAGE, *last ? "&max_id=" : "", last);
        if (get(l, &reply, path, err) != 0)
            return -1;
        if (abp_mastodon_accepted(&reply) && json_is_array(reply.json))
            rc = look_through(l, reply.json, last, err);
        else if (abp_mastodon_lacks(&reply) && abp_mastodon_explained(&reply))
            last[0] = '\0'; /* it has no such list, and says so itself */
        else
            rc = unanswered(l, &reply, err);
        abp_mastodon_reply_release(&reply);
    }
    return rc;
}

/* Both lists that may hold it: snac's own one shows what is for everyone, and nothing else. */
static int search(struct lookup *l, struct abp_error *err)
{
    const struct abp_mastodon *state = l->connection->state;
    char list[ABP_MASTODON_ID_SIZE + 64];
    snprintf(list, sizeof list, "/api/v1/accounts/%s/statuses?exclude_reblogs=true&",
             state->account_id);
    l->own_list = 1;
    int rc = walk(l, list, err);
    l->own_list = 0;
    return rc == 0 ? walk(l, "/api/v1/timelines/home?", err) : rc;
}

int abp_mastodon_locate(struct abp_connection *connection, struct abp_outcome *outcome,
                        const char *url, struct abp_error *err)
{
    struct lookup l = {.connection = connection, .outcome = outcome, .url = url};
    const struct abp_channel *channel = connection->channel;
    struct abp_error why = {0};
    if (read_place(&l.place, url) != 0)
        return abp_fail(err, ABP_DATA,
                        "channel %s: '%.300s' is not the address of a post; accepted is what a "
                        "browser shows for it, as in %s/@name/123",
                        channel->name, url, channel->server);
    if (abp_mastodon_who(connection, NULL, &why) != 0) {
        if (why.code == ABP_DATA)
            why.code = ABP_UNREACHABLE; /* whatever it was that answered */
        if (err)
            *err = why;
        return -1;
    }
    int rc = ask_by_id(&l, err);
    if (rc == 0)
        rc = search(&l, err);
    if (rc != 0)
        return rc > 0 ? 0 : -1;
    if (same_host(&l.place, channel->server))
        return abp_fail(err, ABP_DATA,
                        "channel %s: %s has no post at %.300s, or none that this account sees",
                        channel->name, channel->server, url);
    return abp_fail(err, ABP_DATA,
                    "channel %s: %.300s is not on %s, and the account has no post of that address",
                    channel->name, url, channel->server);
}
