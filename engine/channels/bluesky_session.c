/* Signing in, and staying so. Logins are few (30 in five minutes, 300 a day), so a session is kept
 * between runs and refreshed, and the password is only used when nothing else is left. Whether an
 * access token still holds is the server's to say: our clock may be wrong. */
#include "abpost/text.h"
#include "channels/bluesky.h"
#include "channels/bluesky_facets.h"
#include "channels/http_url.h"
#include "channels/keep.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define KEPT_MAX ((size_t)64 << 10)
#define BODY_MAX ((size_t)64 << 10)

int abp_bluesky_is_did(const char *text)
{
    size_t len = strlen(text), at = 4;
    if (len > 255 || strncmp(text, "did:", 4) != 0)
        return 0;
    while (text[at] >= 'a' && text[at] <= 'z')
        at++;
    if (at == 4 || text[at] != ':' || text[at + 1] == '\0')
        return 0;
    for (at++; text[at]; at++)
        if (!isalnum((unsigned char)text[at]) && !strchr("._:%-", text[at]))
            return 0;
    return text[len - 1] != ':' && text[len - 1] != '%';
}

int abp_bluesky_is_service(const char *text, int local)
{
    struct abp_http_url url;
    size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : 7;
    int good =
        abp_http_url_read(&url, text, NULL) == 0 && (url.secure || (local && url.to_machine));
    abp_http_url_release(&url);
    return good && strlen(text) > scheme && !strpbrk(text + scheme, "/?#\\");
}

/* ---- what is kept ---- */

static int fail_with(struct abp_xrpc_answer *answer, enum abp_xrpc_kind kind, const char *reason)
{
    abp_xrpc_release(answer);
    answer->kind = kind;
    abp_xrpc_blot(answer->reason, sizeof answer->reason, reason);
    return -1;
}

/* From an error of the machine, or of something only a person can put right. */
static int fail_from(struct abp_xrpc_answer *answer, const struct abp_error *err)
{
    if (err->code == ABP_PERSON)
        return fail_with(answer, ABP_XRPC_ACCOUNT, err->message);
    abp_xrpc_release(answer);
    answer->kind = ABP_XRPC_LOCAL;
    /* No server has a word in it, and names of files may look like tokens. */
    snprintf(answer->reason, sizeof answer->reason, "%.319s", err->message);
    answer->reason[abp_utf8_invalid_at(answer->reason, strlen(answer->reason))] = '\0';
    return -1;
}

/* A token goes into a header as it is, so it has to be one word. */
static int take_token(char *out, const json_t *object, const char *name)
{
    if (abp_xrpc_string(out, ABP_BLUESKY_TOKEN_MAX + 1, object, name) != 0)
        return -1;
    for (const char *p = out; *p; p++)
        if (*p <= ' ' || *p >= 0x7F)
            return -1;
    return 0;
}

static void take_handle(struct abp_bluesky_session *session, const json_t *object)
{
    char handle[sizeof session->handle];
    if (abp_xrpc_string(handle, sizeof handle, object, "handle") == 0 &&
        abp_bluesky_is_handle(handle, strlen(handle)) && strcmp(handle, "handle.invalid") != 0)
        memcpy(session->handle, handle, sizeof handle);
}

static int is_local(const struct abp_connection *connection)
{
    return !abp_bluesky_is_service(connection->channel->server, 0);
}

/* The account's own server, when its DID document names one. One on this machine is only believed
 * when the server that was asked is on this machine itself. */
static void take_service(const struct abp_connection *connection,
                         struct abp_bluesky_session *session, const json_t *object)
{
    const json_t *services = json_object_get(json_object_get(object, "didDoc"), "service");
    const json_t *service;
    size_t i;
    char id[300], endpoint[sizeof session->service];
    json_array_foreach(services, i, service)
    {
        if (abp_xrpc_string(id, sizeof id, service, "id") != 0 ||
            abp_xrpc_string(endpoint, sizeof endpoint, service, "serviceEndpoint") != 0)
            continue;
        const char *fragment = strchr(id, '#');
        size_t len = strlen(endpoint);
        if (!fragment || strcmp(fragment, "#atproto_pds") != 0)
            continue;
        if (endpoint[len - 1] == '/')
            endpoint[len - 1] = '\0';
        if (abp_bluesky_is_service(endpoint, is_local(connection)))
            memcpy(session->service, endpoint, sizeof endpoint);
        return;
    }
}

/* Everything of a session but where its server is. 0 or -1. */
static int take_tokens(struct abp_bluesky_session *session, const json_t *object)
{
    if (abp_xrpc_string(session->did, sizeof session->did, object, "did") != 0 ||
        !abp_bluesky_is_did(session->did) ||
        take_token(session->access, object, "accessJwt") != 0 ||
        take_token(session->refresh, object, "refreshJwt") != 0)
        return -1;
    take_handle(session, object);
    return 0;
}

static void wipe(struct abp_bluesky_session *session)
{
    OPENSSL_cleanse(session, sizeof *session);
}

/* The kept session into session; session->open stays 0 when there is none that makes sense. 0, or
 * -1 with answer when the file can't be trusted or read. */
static int read_kept(const struct abp_connection *connection, struct abp_bluesky_session *session,
                     struct abp_xrpc_answer *answer)
{
    const struct abp_bluesky *state = connection->state;
    struct abp_buffer text;
    struct abp_error err = {0};
    json_t *kept = NULL;
    memset(session, 0, sizeof *session);
    abp_buffer_init(&text, KEPT_MAX);
    int rc = abp_keep_read(&text, connection->root, state->keep, &err);
    if (rc == 0)
        kept = json_loadb(abp_buffer_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
    session->open =
        kept && take_tokens(session, kept) == 0 &&
        abp_xrpc_string(session->service, sizeof session->service, kept, "service") == 0 &&
        abp_bluesky_is_service(session->service, is_local(connection));
    json_decref(kept);
    abp_secret_wipe(&text);
    return rc == 0 ? 0 : fail_from(answer, &err);
}

static int add_bytes(const char *bytes, size_t len, void *context)
{
    return abp_buffer_append(context, bytes, len);
}

/* session to the disk, then into use. 0, or -1 with answer: then it is not used. */
static int adopt(struct abp_connection *connection, struct abp_bluesky_session *session,
                 struct abp_xrpc_answer *answer)
{
    struct abp_bluesky *state = connection->state;
    struct abp_buffer text;
    struct abp_error err = {0};
    json_t *kept = json_pack("{s:s, s:s, s:s, s:s, s:s}", "did", session->did, "handle",
                             session->handle, "service", session->service, "accessJwt",
                             session->access, "refreshJwt", session->refresh);
    abp_buffer_init(&text, KEPT_MAX);
    int rc = -1;
    if (!kept || json_dump_callback(kept, add_bytes, &text, JSON_COMPACT) != 0)
        abp_fail_memory(&err);
    else
        rc = abp_keep_write(connection->root, state->keep, text.data, text.len, &err);
    json_decref(kept);
    abp_secret_wipe(&text);
    if (rc != 0)
        return fail_from(answer, &err);
    session->open = 1;
    state->session = *session;
    return 0;
}

/* ---- signing in ---- */

static int is_active(const json_t *object)
{
    const json_t *active = json_object_get(object, "active");
    return !active || json_is_true(active);
}

static int inactive(struct abp_xrpc_answer *answer)
{
    char status[40] = "not active", reason[120];
    abp_xrpc_string(status, sizeof status, answer->body, "status");
    snprintf(reason, sizeof reason, "the server says that the account is %s",
             status[0] ? status : "not active");
    return fail_with(answer, ABP_XRPC_ACCOUNT, reason);
}

/* A session out of the answer of createSession or refreshSession, which was OK. */
static int take_session(struct abp_connection *connection, struct abp_bluesky_session *session,
                        struct abp_xrpc_answer *answer, const char *did)
{
    if (take_tokens(session, answer->body) != 0 || (did && strcmp(did, session->did) != 0))
        return fail_with(answer, ABP_XRPC_UNCLEAR,
                         "the server's answer to signing in is no session of this account");
    take_service(connection, session, answer->body);
    if (!is_active(answer->body))
        return inactive(answer);
    return adopt(connection, session, answer);
}

static int create_body(struct abp_buffer *body, const struct abp_connection *connection,
                       const char *password, struct abp_error *err)
{
    json_t *object =
        json_pack("{s:s, s:s}", "identifier", connection->channel->account, "password", password);
    if (!object)
        return abp_fail(err, ABP_PERSON, "the password or the account's name is not valid UTF-8");
    int rc = json_dump_callback(object, add_bytes, body, JSON_COMPACT);
    json_decref(object);
    return rc == 0 ? 0 : abp_fail_memory(err);
}

/* Signs in with it, once. */
static int create_with(struct abp_connection *connection, struct abp_xrpc_answer *answer,
                       const char *password, const struct abp_buffer *body)
{
    const struct abp_channel *channel = connection->channel;
    struct abp_bluesky_session session = {0};
    int rc = -1;
    abp_xrpc_call(connection, answer,
                  &(struct abp_xrpc){.method = "POST",
                                     .service = channel->server,
                                     .path = "com.atproto.server.createSession",
                                     .body = body->data,
                                     .body_len = body->len,
                                     .content_type = "application/json",
                                     .secret = password});
    if (answer->kind == ABP_XRPC_EXPIRED || abp_xrpc_is_refusal(answer))
        answer->kind = ABP_XRPC_ACCOUNT; /* whatever it is called, only a person can cure it */
    else if (answer->kind == ABP_XRPC_ERROR)
        answer->kind = ABP_XRPC_UNCLEAR;
    int refused =
        answer->kind == ABP_XRPC_ACCOUNT ||
        (answer->kind == ABP_XRPC_OK && json_is_false(json_object_get(answer->body, "active")));
    snprintf(session.service, sizeof session.service, "%s", channel->server);
    if (answer->kind == ABP_XRPC_OK)
        rc = take_session(connection, &session, answer,
                          abp_bluesky_is_did(channel->account) ? channel->account : NULL);
    if (rc == 0)
        abp_bluesky_forget_refusal(connection);
    else if (refused && answer->kind == ABP_XRPC_ACCOUNT)
        abp_bluesky_keep_refusal(connection, password, answer);
    wipe(&session);
    return rc;
}

/* The password's turn. */
static int create(struct abp_connection *connection, struct abp_xrpc_answer *answer)
{
    const struct abp_bluesky *state = connection->state;
    const struct abp_channel *channel = connection->channel;
    struct abp_buffer password, body;
    struct abp_error err = {0};
    int rc = -1;
    abp_buffer_init(&password, BODY_MAX);
    abp_buffer_init(&body, BODY_MAX);
    if (abp_secret_read(&password, &channel->password, connection->root, &err) != 0 ||
        create_body(&body, connection, abp_buffer_text(&password), &err) != 0) {
        fail_from(answer, &err);
    } else if (state->insist ||
               !abp_bluesky_was_refused(connection, abp_buffer_text(&password), answer)) {
        rc = create_with(connection, answer, abp_buffer_text(&password), &body);
    }
    abp_secret_wipe(&password);
    abp_secret_wipe(&body);
    return rc;
}

/* The refresh token's turn. 1: it is of no use any more. */
static int refresh(struct abp_connection *connection, struct abp_xrpc_answer *answer)
{
    const struct abp_bluesky *state = connection->state;
    struct abp_bluesky_session session = {0}, old = state->session;
    int rc = -1;
    memcpy(session.service, old.service, sizeof session.service);
    memcpy(session.handle, old.handle, sizeof session.handle);
    abp_xrpc_call(connection, answer,
                  &(struct abp_xrpc){.method = "POST",
                                     .service = old.service,
                                     .path = "com.atproto.server.refreshSession",
                                     .token = old.refresh});
    if (answer->kind == ABP_XRPC_OK)
        rc = take_session(connection, &session, answer, old.did);
    else if (answer->kind == ABP_XRPC_EXPIRED || answer->kind == ABP_XRPC_ERROR ||
             answer->kind == ABP_XRPC_ACCOUNT)
        rc = 1;
    wipe(&session);
    wipe(&old);
    return rc;
}

/* A refusal is remembered: asking again and again would lock the account. */
static int remember(struct abp_connection *connection, const struct abp_xrpc_answer *answer, int rc)
{
    struct abp_bluesky *state = connection->state;
    if (rc != 0 && answer->kind == ABP_XRPC_ACCOUNT) {
        state->refused = 1;
        snprintf(state->refusal, sizeof state->refusal, "%.319s", answer->reason);
    }
    return rc;
}

/* What only one process may do at a time. */
static int renew_locked(struct abp_connection *connection, struct abp_xrpc_answer *answer)
{
    struct abp_bluesky *state = connection->state;
    struct abp_bluesky_session kept;
    int rc = read_kept(connection, &kept, answer);
    if (rc != 0)
        goto out;
    if (kept.open && strcmp(kept.access, state->session.access) != 0) {
        state->session = kept; /* another process was faster */
        goto out;
    }
    rc = state->session.open ? refresh(connection, answer) : 1;
    if (rc > 0) {
        abp_xrpc_release(answer);
        rc = create(connection, answer);
    }
out:
    wipe(&kept);
    if (rc == 0)
        abp_xrpc_release(answer); /* the tokens have been taken out of it */
    return remember(connection, answer, rc);
}

int abp_bluesky_renew(struct abp_connection *connection, struct abp_xrpc_answer *answer)
{
    struct abp_bluesky *state = connection->state;
    struct abp_keep_lock lock;
    struct abp_error err = {0};
    memset(answer, 0, sizeof *answer);
    if (state->refused)
        return fail_with(answer, ABP_XRPC_ACCOUNT, state->refusal);
    if (abp_keep_lock(&lock, connection->root, state->keep, &err) != 0)
        return fail_from(answer, &err);
    int rc = renew_locked(connection, answer);
    abp_keep_unlock(&lock);
    return rc;
}

int abp_bluesky_sign_in(struct abp_connection *connection, struct abp_xrpc_answer *answer)
{
    struct abp_bluesky *state = connection->state;
    memset(answer, 0, sizeof *answer);
    if (state->session.open)
        return 0;
    /* With an empty token any kept session is a newer one. */
    return abp_bluesky_renew(connection, answer);
}

int abp_bluesky_take_account(struct abp_connection *connection, struct abp_xrpc_answer *answer)
{
    struct abp_bluesky *state = connection->state;
    struct abp_bluesky_session session = state->session;
    char did[sizeof session.did];
    int rc = -1;
    if (abp_xrpc_string(did, sizeof did, answer->body, "did") != 0 || strcmp(did, session.did) != 0)
        fail_with(answer, ABP_XRPC_UNCLEAR, "the server's session is not one of this account");
    else if (!is_active(answer->body))
        inactive(answer);
    else {
        take_handle(&session, answer->body);
        take_service(connection, &session, answer->body);
        if (strcmp(session.handle, state->session.handle) == 0 &&
            strcmp(session.service, state->session.service) == 0)
            rc = 0;
        else
            rc = adopt(connection, &session, answer);
    }
    wipe(&session);
    return rc;
}
