/* What the files of the Bluesky connector share: the session, one XRPC call, and the reading of
 * answers nobody vouches for. Sources: atproto.com/specs/xrpc, the lexicons com.atproto.* and
 * app.bsky.*, and the reference server, against which tests/servers/bluesky runs it. */
#ifndef ABP_CHANNELS_BLUESKY_H
#define ABP_CHANNELS_BLUESKY_H

#include "abpost/channel.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define ABP_BLUESKY_POSTS      "app.bsky.feed.post"
#define ABP_BLUESKY_BATCH      25 /* uris of one getPosts */
#define ABP_BLUESKY_GRAPHEMES  300
#define ABP_BLUESKY_TEXT_BYTES 3000
#define ABP_BLUESKY_IMAGE      2000000 /* bytes */
#define ABP_BLUESKY_TOKEN_MAX  8192    /* bytes of a token at most */

/* A session, as it is kept between runs. */
struct abp_bluesky_session {
    int open;          /* 1: there is one */
    char did[256];     /* valid: abp_bluesky_is_did */
    char handle[256];  /* valid, or "" */
    char service[512]; /* of the account's own server; no / at the end */
    char access[ABP_BLUESKY_TOKEN_MAX + 1];
    char refresh[ABP_BLUESKY_TOKEN_MAX + 1];
};

/* connection->state */
struct abp_bluesky {
    struct abp_bluesky_session session;
    char keep[80]; /* name under which the session is kept: of server and account */
    int refused;   /* 1: the account was refused once; a person must act before it is tried again */
    char refusal[320]; /* then: why */
    int insist;        /* 1: what earlier runs were refused is tried all the same */
};

/* ---- one call: bluesky_xrpc.c ---- */

/* All borrowed. */
struct abp_xrpc {
    const char *method;  /* "GET" or "POST" */
    const char *service; /* https://host */
    const char *path;    /* "com.atproto.server.getSession?x=y": percent-encoded already */
    const char *token;   /* NULL: without one */
    const void *body;    /* NULL: none */
    size_t body_len;
    const char *content_type; /* of the body */
    const char *secret;       /* what the body holds that no reason may repeat; NULL: nothing */
    int64_t timeout_ms;       /* 0: the client's default */
};

enum abp_xrpc_kind {
    ABP_XRPC_OK,       /* 200, and its body is a JSON object */
    ABP_XRPC_ERROR,    /* 400 to 499 and an error in the words of XRPC: it was not done */
    ABP_XRPC_EXPIRED,  /* the same, and it is about the token alone: ExpiredToken, InvalidToken */
    ABP_XRPC_ACCOUNT,  /* the same: the account or its password is refused: a person must act */
    ABP_XRPC_WAIT,     /* 429: not done; not before connection->wait_until. Or not even asked,
                          since that time has not come */
    ABP_XRPC_NOT_SENT, /* no connection, or nothing that could be sent */
    ABP_XRPC_LOCAL,    /* the same: a file of this machine is in the way */
    ABP_XRPC_UNCLEAR   /* may have been done: lost, 5xx, an answer that can't be right */
};

struct abp_xrpc_answer {
    enum abp_xrpc_kind kind;
    long status;      /* of HTTP; 0: none came */
    json_t *body;     /* owned; an object, or NULL */
    char error[64];   /* the error's name, letters and digits only; "": none */
    char reason[320]; /* not OK: one sentence about it, valid UTF-8, without secrets */
};

/* Makes the call once. Always fills the answer; released by the caller. */
void abp_xrpc_call(struct abp_connection *connection, struct abp_xrpc_answer *answer,
                   const struct abp_xrpc *call);
void abp_xrpc_release(struct abp_xrpc_answer *answer);
/* The call under the account's session; signs in, or in anew when the token has expired (then the
 * call is made a second time: the first was turned away at the door). call->service and ->token
 * are filled in here; ->token is NULL afterwards when the answer is not to the call itself, which
 * then has not been made, but to signing in. */
void abp_bluesky_call(struct abp_connection *connection, struct abp_xrpc_answer *answer,
                      struct abp_xrpc *call);
/* err from an answer that is not OK. -1. */
int abp_xrpc_fail(const struct abp_connection *connection, const struct abp_xrpc_answer *answer,
                  struct abp_error *err);
/* 1: an error that the same request will meet again. Servers give these the status 400 (and 413,
 * which is of the request's size); the names of errors with another one may be the words of
 * whatever stands in front of a server that is gone, {"error":"NotFound"}. */
int abp_xrpc_is_refusal(const struct abp_xrpc_answer *answer);
/* outcome for what could not be prepared or asked: REFUSED, or NOT_SENT, with reason, sign_in and
 * retry_at. */
void abp_xrpc_outcome(const struct abp_connection *connection, struct abp_outcome *outcome,
                      const struct abp_xrpc_answer *answer);

/* text, percent-encoded for a query, appended. */
int abp_xrpc_encode(struct abp_buffer *out, const char *text);
/* The string of that name, of at most size - 1 bytes and not empty, into out. 0, or -1 when it is
 * missing, no string, too long, or has control characters. */
int abp_xrpc_string(char *out, size_t size, const json_t *object, const char *name);
/* text made fit for a reason: one line, cut to size at a character, and what looks like a token or
 * an app password blotted out. */
void abp_xrpc_blot(char *out, size_t size, const char *text);

/* ---- the session: bluesky_session.c ---- */

/* Makes sure that there is one: the one in memory, the kept one, or by signing in. 0, or -1 with
 * answer saying why not. */
int abp_bluesky_sign_in(struct abp_connection *connection, struct abp_xrpc_answer *answer);
/* Replaces the session, whose access token has expired: by what another process has kept meanwhile,
 * by refreshing, or by signing in. New tokens are on disk before they are used. One process at a
 * time. 0 or -1 as above. */
int abp_bluesky_renew(struct abp_connection *connection, struct abp_xrpc_answer *answer);
/* Takes over handle and service of an answer that has them (getSession), and says no (-1, answer
 * becomes ABP_XRPC_ACCOUNT) to an account that is not active. */
int abp_bluesky_take_account(struct abp_connection *connection, struct abp_xrpc_answer *answer);

int abp_bluesky_is_did(const char *text);
/* 1: https://host or, when local is 1, http:// to this machine; a port, but no path, user or query.
 */
int abp_bluesky_is_service(const char *text, int local);

/* ---- what earlier runs were refused: bluesky_refused.c ---- */

/* 1, with answer saying so: this password was refused less than an hour ago. */
int abp_bluesky_was_refused(const struct abp_connection *connection, const char *password,
                            struct abp_xrpc_answer *answer);
/* The server has refused it just now, as answer says, which then also says when it is tried again.
 */
void abp_bluesky_keep_refusal(const struct abp_connection *connection, const char *password,
                              struct abp_xrpc_answer *answer);
void abp_bluesky_forget_refusal(const struct abp_connection *connection);

/* ---- a post's record: bluesky_send.c ---- */

/* 1: a record's key: what a path can hold as it is, of at most 63 bytes. */
int abp_bluesky_is_key(const char *text);
/* The member "cid", as abp_xrpc_string; -1 also when it is none: a CID as text has letters, digits,
 * + and = alone (atproto.com/specs, "CID formats"). One that was mangled on its way would make the
 * post look edited for ever. */
int abp_bluesky_cid(char *out, size_t size, const json_t *object);
/* The path of the call that asks for the post of that account and key, appended. */
void abp_bluesky_record_path(struct abp_buffer *path, const char *did, const char *key);
/* POSTED into outcome and 1, when body names exactly this post and its version; else 0. */
int abp_bluesky_posted(const struct abp_connection *connection, struct abp_outcome *outcome,
                       const char *did, const char *key, const json_t *body);

/* ---- the calls of the table ---- */

int abp_bluesky_prepare(struct abp_connection *connection, struct abp_buffer *request,
                        const struct abp_content *content, const char *key, int64_t made_at,
                        struct abp_outcome *outcome);
void abp_bluesky_send(struct abp_connection *connection, struct abp_outcome *outcome,
                      const char *request, size_t len, const char *key);
int abp_bluesky_is_own(const char *request, size_t len);
void abp_bluesky_find(struct abp_connection *connection, struct abp_outcome *outcome,
                      const char *request, size_t len, const char *key, int64_t sent_at);
int abp_bluesky_locate(struct abp_connection *connection, struct abp_outcome *outcome,
                       const char *url, struct abp_error *err);
int abp_bluesky_read(struct abp_connection *connection, struct abp_reading *readings, size_t count,
                     struct abp_error *err);

extern const char *const abp_bluesky_metrics[];

#endif
