/* A post that a person found: its record, by the account's own server. */
#include "channels/bluesky.h"
#include "channels/bluesky_facets.h"

#include "abpost/time.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* Whose post an address is, and which. */
struct address {
    char actor[256]; /* a DID or a handle */
    char key[64];
};

/* What stands between prefix (which text starts with) and the next of end's characters. Returns
 * what follows it; NULL: there is no such thing, or it does not fit. */
static const char *part(char *out, size_t size, const char *text, const char *prefix,
                        const char *end)
{
    size_t skip = strlen(prefix);
    if (!text || strncmp(text, prefix, skip) != 0)
        return NULL;
    size_t len = strcspn(text + skip, end);
    if (len == 0 || len >= size)
        return NULL;
    memcpy(out, text + skip, len);
    out[len] = '\0';
    return text + skip + len;
}

/* at://ACTOR/app.bsky.feed.post/KEY, or what a browser shows, whichever site it is that shows it:
 * https://bsky.app/profile/ACTOR/post/KEY. 0 or -1. */
static int read_address(struct address *address, const char *url)
{
    char site[256];
    const char *rest;
    if (strncmp(url, "at://", 5) == 0) {
        rest = part(address->actor, sizeof address->actor, url, "at://", "/");
        rest = part(address->key, sizeof address->key, rest, "/" ABP_BLUESKY_POSTS "/", "/?#");
    } else {
        rest = part(site, sizeof site, url, "https://", "/?#");
        rest = part(address->actor, sizeof address->actor, rest, "/profile/", "/?#");
        rest = part(address->key, sizeof address->key, rest, "/post/", "/?#");
    }
    return rest && abp_bluesky_is_key(address->key) &&
                   (abp_bluesky_is_did(address->actor) ||
                    abp_bluesky_is_handle(address->actor, strlen(address->actor)))
               ? 0
               : -1;
}

/* 1: actor is the account that is signed in; 0: another; -1 with err. */
static int is_own(struct abp_connection *connection, const char *actor, struct abp_error *err)
{
    const struct abp_bluesky *state = connection->state;
    struct abp_xrpc_answer answer;
    char path[400], did[256];
    if (abp_bluesky_is_did(actor))
        return strcmp(actor, state->session.did) == 0;
    if (strcasecmp(actor, state->session.handle) == 0)
        return 1;
    /* It may have had another name when the session was made, or have another one now. */
    snprintf(path, sizeof path, "com.atproto.identity.resolveHandle?handle=%s", actor);
    struct abp_xrpc call = {.method = "GET", .path = path};
    abp_bluesky_call(connection, &answer, &call);
    int rc = answer.kind == ABP_XRPC_OK
                 ? abp_xrpc_string(did, sizeof did, answer.body, "did") == 0 &&
                       strcmp(did, state->session.did) == 0
             : answer.kind == ABP_XRPC_ERROR ? 0
                                             : abp_xrpc_fail(connection, &answer, err);
    abp_xrpc_release(&answer);
    return rc;
}

/* Its record into outcome. 0, or -1 with err. */
static int ask(struct abp_connection *connection, struct abp_outcome *outcome, const char *key,
               const char *url, struct abp_error *err)
{
    const struct abp_bluesky *state = connection->state;
    struct abp_xrpc_answer answer;
    struct abp_buffer path;
    char made[64];
    int rc = -1;
    abp_buffer_init(&path, 4096);
    abp_bluesky_record_path(&path, state->session.did, key);
    abp_xrpc_call(connection, &answer,
                  &(struct abp_xrpc){.method = "GET",
                                     .service = state->session.service,
                                     .path = abp_buffer_text(&path)});
    if (answer.kind == ABP_XRPC_ERROR && strcmp(answer.error, "RecordNotFound") == 0) {
        abp_fail(err, ABP_DATA, "channel %s: the account has no post at %.300s",
                 connection->channel->name, url);
    } else if (answer.kind != ABP_XRPC_OK) {
        abp_xrpc_fail(connection, &answer, err);
    } else if (!abp_bluesky_posted(connection, outcome, state->session.did, key, answer.body)) {
        abp_fail(err, ABP_UNREACHABLE,
                 "channel %s: the server's answer is not the post that was asked for",
                 connection->channel->name);
    } else {
        if (abp_xrpc_string(made, sizeof made, json_object_get(answer.body, "value"),
                            "createdAt") != 0 ||
            abp_time_parse(&outcome->posted_at, made) != 0)
            outcome->posted_at = 0;
        rc = 0;
    }
    abp_xrpc_release(&answer);
    abp_buffer_release(&path);
    return rc;
}

int abp_bluesky_locate(struct abp_connection *connection, struct abp_outcome *outcome,
                       const char *url, struct abp_error *err)
{
    struct address address;
    struct abp_xrpc_answer answer;
    if (read_address(&address, url) != 0)
        return abp_fail(err, ABP_DATA,
                        "channel %s: '%.300s' is not the address of a Bluesky post; accepted is "
                        "what a browser shows for it, as in "
                        "https://bsky.app/profile/name.example.com/post/3k...",
                        connection->channel->name, url);
    if (abp_bluesky_sign_in(connection, &answer) != 0) {
        abp_xrpc_fail(connection, &answer, err);
        abp_xrpc_release(&answer);
        return -1;
    }
    int own = is_own(connection, address.actor, err);
    if (own < 0)
        return -1;
    if (!own)
        return abp_fail(err, ABP_DATA, "channel %s: %.300s is a post of another account, not of %s",
                        connection->channel->name, url, connection->channel->account);
    return ask(connection, outcome, address.key, url, err);
}
