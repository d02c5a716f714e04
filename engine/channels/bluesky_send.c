/* The one irreversible call, and asking what became of it. The record key is ours and never
 * expires, so asking for it is the whole truth. */
#include "channels/bluesky.h"
#include "channels/bluesky_facets.h"

#include "abpost/text.h"

#include <stdio.h>
#include <string.h>

#define AGAIN_SECONDS 60
#define ANOTHER       600 /* seconds until a request of another account is looked at anew */

/* What a request says it will put where. */
struct intent {
    json_t *body;       /* owned */
    const json_t *post; /* borrowed from body */
    char did[256];
};

static int read_intent(struct intent *intent, const char *request, size_t len, const char *key)
{
    char rkey[ABP_KEY_SIZE + 1];
    memset(intent, 0, sizeof *intent);
    intent->body = json_loadb(request, len, JSON_REJECT_DUPLICATES, NULL);
    intent->post = json_object_get(intent->body, "record");
    if (!json_is_object(intent->post) ||
        abp_xrpc_string(intent->did, sizeof intent->did, intent->body, "repo") != 0 ||
        !abp_bluesky_is_did(intent->did) ||
        abp_xrpc_string(rkey, sizeof rkey, intent->body, "rkey") != 0 || strcmp(rkey, key) != 0 ||
        !json_is_null(json_object_get(intent->body, "swapRecord")))
        return -1;
    return 0;
}

static void say(struct abp_outcome *outcome, enum abp_fate fate, const char *reason)
{
    memset(outcome, 0, sizeof *outcome);
    outcome->fate = fate;
    snprintf(outcome->reason, sizeof outcome->reason, "%s", reason);
}

static void unknown(const struct abp_connection *connection, struct abp_outcome *outcome,
                    const char *reason)
{
    say(outcome, ABP_FATE_UNKNOWN, reason);
    outcome->retry_at = connection->now(connection->now_context) + AGAIN_SECONDS;
}

int abp_bluesky_is_key(const char *text)
{
    static const char plain[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._:~-";
    size_t len = strlen(text);
    return len > 0 && len < 64 && strspn(text, plain) == len;
}

int abp_bluesky_cid(char *out, size_t size, const json_t *object)
{
    static const char plain[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+=";
    if (abp_xrpc_string(out, size, object, "cid") != 0)
        return -1;
    return out[strspn(out, plain)] == '\0' ? 0 : -1;
}

void abp_bluesky_record_path(struct abp_buffer *path, const char *did, const char *key)
{
    abp_buffer_add(path, "com.atproto.repo.getRecord?repo=");
    abp_xrpc_encode(path, did);
    abp_buffer_add(path, "&collection=" ABP_BLUESKY_POSTS "&rkey=");
    abp_xrpc_encode(path, key);
}

int abp_bluesky_posted(const struct abp_connection *connection, struct abp_outcome *outcome,
                       const char *did, const char *key, const json_t *body)
{
    const struct abp_bluesky *state = connection->state;
    char wanted[400], uri[sizeof wanted], cid[sizeof outcome->version];
    snprintf(wanted, sizeof wanted, "at://%s/" ABP_BLUESKY_POSTS "/%s", did, key);
    if (abp_xrpc_string(uri, sizeof uri, body, "uri") != 0 || strcmp(uri, wanted) != 0 ||
        abp_bluesky_cid(cid, sizeof cid, body) != 0)
        return 0;
    const char *whose = state->session.handle[0] && strcmp(state->session.did, did) == 0
                            ? state->session.handle
                            : did;
    say(outcome, ABP_FATE_POSTED, "");
    snprintf(outcome->remote_id, sizeof outcome->remote_id, "%s", uri);
    snprintf(outcome->version, sizeof outcome->version, "%s", cid);
    snprintf(outcome->url, sizeof outcome->url, "https://bsky.app/profile/%s/post/%s", whose, key);
    return 1;
}

/* Is the record that is there the one that was to be sent? */
static int is_ours(const struct intent *intent, const json_t *body)
{
    static const char *const names[] = {"text", "createdAt"};
    const json_t *value = json_object_get(body, "value");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const json_t *theirs = json_object_get(value, names[i]);
        if (!json_is_string(theirs) || !json_equal(theirs, json_object_get(intent->post, names[i])))
            return 0;
    }
    return 1;
}

enum found { FOUND, FOUND_OTHER, NOT_THERE, NOT_ASKED };

/* Asks the account's own server for the record. Anybody may, so no token goes along. */
static enum found ask(struct abp_connection *connection, struct abp_outcome *outcome,
                      const struct intent *intent, const char *key)
{
    const struct abp_bluesky *state = connection->state;
    struct abp_xrpc_answer answer;
    struct abp_buffer path;
    enum found found = NOT_ASKED;
    abp_buffer_init(&path, 4096);
    abp_bluesky_record_path(&path, intent->did, key);
    abp_xrpc_call(connection, &answer,
                  &(struct abp_xrpc){.method = "GET",
                                     .service = state->session.service,
                                     .path = abp_buffer_text(&path)});
    if (answer.kind == ABP_XRPC_OK) {
        if (abp_bluesky_posted(connection, outcome, intent->did, key, answer.body))
            found = is_ours(intent, answer.body) ? FOUND : FOUND_OTHER;
        else
            unknown(connection, outcome, "the server's answer is not the record asked for");
    } else if (answer.kind == ABP_XRPC_ERROR && strcmp(answer.error, "RecordNotFound") == 0) {
        found = NOT_THERE;
    } else {
        unknown(connection, outcome, answer.reason);
        if (answer.kind == ABP_XRPC_WAIT)
            outcome->retry_at = connection->wait_until;
    }
    abp_xrpc_release(&answer);
    abp_buffer_release(&path);
    return found;
}

/* 1: the channel signs in as another account than the one that the request was made for. */
static int is_anothers(const struct abp_connection *connection, const struct intent *intent)
{
    const struct abp_bluesky *state = connection->state;
    return strcmp(intent->did, state->session.did) != 0;
}

static void say_anothers(const struct abp_connection *connection, struct abp_outcome *outcome,
                         enum abp_fate fate, const struct intent *intent)
{
    const struct abp_bluesky *state = connection->state;
    say(outcome, fate, "");
    outcome->retry_at = connection->now(connection->now_context) + ANOTHER;
    snprintf(outcome->reason, sizeof outcome->reason,
             "it was %s as the account %.80s, and this channel is %.80s (%.80s) now; put that "
             "account back",
             fate == ABP_FATE_UNKNOWN ? "sent" : "to be sent", intent->did,
             connection->channel->account, state->session.did);
}

/* InvalidSwap: there is a record under this key, and it is not these bytes. */
static void settle_swap(struct abp_connection *connection, struct abp_outcome *outcome,
                        const struct intent *intent, const char *key)
{
    switch (ask(connection, outcome, intent, key)) {
    case FOUND: /* the same post, told apart by something small, such as a newer handle */
        break;
    case FOUND_OTHER:
        say(outcome, ABP_FATE_REFUSED,
            "another post stands under this post's key; it was edited, or written by someone else");
        break;
    case NOT_THERE:
        say(outcome, ABP_FATE_NOT_SENT,
            "the post that stood under this post's key has just been deleted");
        break;
    case NOT_ASKED: /* these bytes are not out; what is, the next attempt will tell */
        outcome->fate = ABP_FATE_UNKNOWN;
        break;
    }
}

int abp_bluesky_is_own(const char *request, size_t len)
{
    json_t *body = json_loadb(request, len, JSON_REJECT_DUPLICATES, NULL);
    int own = json_is_object(json_object_get(body, "record"));
    json_decref(body);
    return own;
}

void abp_bluesky_send(struct abp_connection *connection, struct abp_outcome *outcome,
                      const char *request, size_t len, const char *key)
{
    struct intent intent;
    struct abp_xrpc_answer answer;
    struct abp_xrpc call = {.method = "POST",
                            .path = "com.atproto.repo.putRecord",
                            .body = request,
                            .body_len = len,
                            .content_type = "application/json"};
    if (read_intent(&intent, request, len, key) != 0) {
        say(outcome, ABP_FATE_REFUSED, "what was to be sent is not a request of this version");
        json_decref(intent.body);
        return;
    }
    int is_in = abp_bluesky_sign_in(connection, &answer) == 0;
    if (is_in && is_anothers(connection, &intent)) {
        /* Bytes of an earlier try; the server would refuse them, and the file, for good. */
        say_anothers(connection, outcome, ABP_FATE_NOT_SENT, &intent);
        outcome->sign_in = 1;
        json_decref(intent.body);
        return;
    }
    if (is_in)
        abp_bluesky_call(connection, &answer, &call);
    if (answer.kind == ABP_XRPC_OK) {
        if (!abp_bluesky_posted(connection, outcome, intent.did, key, answer.body))
            unknown(connection, outcome, "the server's answer does not say that the post is there");
    } else if (answer.kind == ABP_XRPC_ERROR && strcmp(answer.error, "InvalidSwap") == 0) {
        settle_swap(connection, outcome, &intent, key);
    } else if (call.token && (answer.kind == ABP_XRPC_UNCLEAR ||
                              (answer.kind == ABP_XRPC_ERROR && !abp_xrpc_is_refusal(&answer)))) {
        unknown(connection, outcome, answer.reason);
    } else {
        abp_xrpc_outcome(connection, outcome, &answer);
    }
    abp_xrpc_release(&answer);
    json_decref(intent.body);
}

void abp_bluesky_find(struct abp_connection *connection, struct abp_outcome *outcome,
                      const char *request, size_t len, const char *key, int64_t sent_at)
{
    struct intent intent;
    struct abp_xrpc_answer answer;
    (void)sent_at; /* the key says it all */
    if (read_intent(&intent, request, len, key) != 0) {
        say(outcome, ABP_FATE_UNKNOWN, "what was sent is not a request of this version");
    } else if (abp_bluesky_sign_in(connection, &answer) != 0) {
        /* Only the session says where the account's own server is. */
        abp_xrpc_outcome(connection, outcome, &answer);
        outcome->fate = ABP_FATE_UNKNOWN;
        abp_xrpc_release(&answer);
    } else {
        switch (ask(connection, outcome, &intent, key)) {
        case NOT_THERE:
            /* Of another account's posts this server need not know. */
            if (is_anothers(connection, &intent))
                say_anothers(connection, outcome, ABP_FATE_UNKNOWN, &intent);
            else
                say(outcome, ABP_FATE_NOT_SENT, "the server has no post under this post's key");
            break;
        case FOUND_OTHER:
            say(outcome, ABP_FATE_NOT_SENT,
                "another post stands under this post's key; it was edited, or written by someone "
                "else");
            break;
        case FOUND:
        case NOT_ASKED:
            break;
        }
    }
    json_decref(intent.body);
}
