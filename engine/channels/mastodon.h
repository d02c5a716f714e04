/* Mastodon and what speaks its API (docs.joinmastodon.org/methods), inside this folder: one call of
 * the API, and the parts that the table in mastodon.c is made of. Servers are taken for honest but
 * careless, their answers for hostile: every type is checked, every length has a cap. */
#ifndef ABP_CHANNELS_MASTODON_H
#define ABP_CHANNELS_MASTODON_H

#include "abpost/channel.h"
#include "abpost/text.h"

#include <jansson.h>

#define ABP_MASTODON_ID_SIZE 256 /* of an account's or an image's id, with its NUL */

/* Seconds after which "not there" is believed: a status is written before it is answered, within
 * one request; front ends give such a request up after 60 s as they come (nginx), and a reading
 * copy of the data base lags by seconds. Twice that. */
#define ABP_MASTODON_SETTLE 120

/* connection->state. */
struct abp_mastodon {
    struct abp_buffer authorization; /* owned; "Authorization: Bearer ...", wiped at the end; empty
                                        until it is needed */
    size_t token_at;                 /* where in it the token starts */
    char account_id[ABP_MASTODON_ID_SIZE]; /* "": not asked yet, or another's */
    char web_host[ABP_MASTODON_ID_SIZE];   /* of the account's own page, and of its posts': not
                                              always the server's; "": not asked, or not said */
    char other[ABP_SHOWN_SIZE];            /* whose the token is instead, fit to be shown; "": not
                                              another's as far as is known */
    int limits_asked;                      /* 1: connection->limits are the server's */
    unsigned types; /* bits of abp_mastodon_type_bit that it takes; 0: it did not say */
    int no_batch;   /* 1: statuses can't be asked for by the dozen here */
    int64_t ahead;  /* seconds that its clock is ahead of ours, by its last Date; 0: none came */
    void (*pause)(long milliseconds); /* between two looks at an image; a test need not wait */
};

/* One call. All borrowed. */
struct abp_mastodon_call {
    const char *method;
    const char *path; /* "/api/v1/..."; with its query, encoded */
    const char *key;  /* Idempotency-Key; NULL: none */
    const char *body; /* JSON; NULL: none */
    size_t body_len;
    const struct abp_http_part *parts;
    size_t part_count;
    int64_t timeout_ms;
};

/* What came of it. */
struct abp_mastodon_reply {
    enum abp_http_fate fate;
    long status;
    json_t *json;     /* owned; NULL: the body is no JSON that can be trusted */
    int64_t retry_at; /* UTC seconds by our clock: when the server wants to be asked again; 0 */
    char words[200];  /* what went wrong: the server's words made harmless, or the network's */
};

/* 0 with reply filled (to be released), whatever the network did; -1 with err when nothing was
 * sent: no token to be had (ABP_PERSON), a server's name that is refused, no memory. Keeps
 * connection->wait_until and the state's ahead up to date. */
int abp_mastodon_call(struct abp_connection *connection, struct abp_mastodon_reply *reply,
                      const struct abp_mastodon_call *call, struct abp_error *err) ABP_MUST_CHECK;
/* GET path, the same. */
int abp_mastodon_get(struct abp_connection *connection, struct abp_mastodon_reply *reply,
                     const char *path, struct abp_error *err) ABP_MUST_CHECK;
void abp_mastodon_reply_release(struct abp_mastodon_reply *reply);

/* 1: the answer came and has this status, or any of 200 to 299. */
int abp_mastodon_answered(const struct abp_mastodon_reply *reply, long status);
int abp_mastodon_accepted(const struct abp_mastodon_reply *reply);
/* 1: it went wrong by the word of a server that speaks the API, {"error": ...}, not of whatever
 * answers in its place. Some servers (snac) have no word for it. */
int abp_mastodon_explained(const struct abp_mastodon_reply *reply);
/* 1: nothing of this path is there (404, 405, 410, 501). */
int abp_mastodon_lacks(const struct abp_mastodon_reply *reply);

/* The seconds of a server's wish to be left alone, by our clock; 0: it has none. From Retry-After
 * (seconds or a date), else X-RateLimit-Reset (a date as Mastodon writes it, seconds since 1970 or
 * seconds from now, as others do). At most a day. */
int64_t abp_mastodon_retry_at(const struct abp_http_answer *answer, int64_t now, int64_t ahead);
/* Seconds since 1970 of "Tue, 24 Nov 2026 14:52:55 GMT" (RFC 9110, IMF-fixdate). 0 or -1. */
int abp_mastodon_http_date(int64_t *utc, const char *text) ABP_MUST_CHECK;

/* A member of an object, borrowed: a string, else NULL. */
const char *abp_mastodon_string(const json_t *object, const char *name);
/* 1: id (may be NULL) can stand in a path as it is: letters, digits and - . _ ~, shorter than size.
 */
int abp_mastodon_is_id(const char *id, size_t size);
/* A member that is such an id, borrowed; else NULL. */
const char *abp_mastodon_id(const json_t *object, const char *name, size_t size);
/* The host of an address, with its port, borrowed from it. Its length; 0: it has none. */
size_t abp_mastodon_host(const char **host, const char *url);
int abp_mastodon_same_host(const char *url, const char *other);
/* A status, or the one that it hands on: some servers wrap a post that was boosted. */
const json_t *abp_mastodon_unwrapped(const json_t *status);

/* The account's own id into the state, unless it is there. 0, or -1 with err: ABP_PERSON refused,
 * or the token is another account's (asked for once: state->other says whose), ABP_UNREACHABLE,
 * ABP_DATA when it is no such server. retry_at (may be NULL) gets the server's wish. */
int abp_mastodon_who(struct abp_connection *connection, int64_t *retry_at,
                     struct abp_error *err) ABP_MUST_CHECK;
/* The same where the workspace names an account: tokens may be mixed up, and what another's token
 * posts is out under another's name, what it does not see is no less there. 0 without asking where
 * it names none. */
int abp_mastodon_confirm(struct abp_connection *connection, int64_t *retry_at,
                         struct abp_error *err) ABP_MUST_CHECK;
/* The server's limits into connection->limits, unless they are there; those it does not say stay.
 * 0 also when it says nothing, but lets the account in; -1 with err when it can't be asked, as of
 * abp_mastodon_who. */
int abp_mastodon_limits(struct abp_connection *connection, int64_t *retry_at,
                        struct abp_error *err) ABP_MUST_CHECK;
/* The bit of an image's type; 0: none of ours. */
unsigned abp_mastodon_type_bit(const char *type);

/* Fills outcome; the reason is cut at a character. */
void abp_mastodon_outcome(struct abp_outcome *outcome, enum abp_fate fate, int64_t retry_at,
                          const char *format, ...) ABP_PRINTF(4, 5);
/* A status into outcome as POSTED. -1: it has no usable id. wanted: the visibility asked for, as
 * the API calls it; NULL: the account's own. A wider one is said in the reason. */
int abp_mastodon_posted(struct abp_outcome *outcome, const json_t *status, const char *wanted);

/* Uploads one image; its id into id. -1 with outcome filled: nothing is out. */
int abp_mastodon_upload(struct abp_connection *connection, char id[ABP_MASTODON_ID_SIZE],
                        const struct abp_media *media, const char *key, size_t number,
                        struct abp_outcome *outcome) ABP_MUST_CHECK;

int abp_mastodon_prepare(struct abp_connection *connection, struct abp_buffer *request,
                         const struct abp_content *content, const char *key, int64_t made_at,
                         struct abp_outcome *outcome);
void abp_mastodon_send(struct abp_connection *connection, struct abp_outcome *outcome,
                       const char *request, size_t len, const char *key);
int abp_mastodon_is_own(const char *request, size_t len);
void abp_mastodon_find(struct abp_connection *connection, struct abp_outcome *outcome,
                       const char *request, size_t len, const char *key, int64_t sent_at);
int abp_mastodon_locate(struct abp_connection *connection, struct abp_outcome *outcome,
                        const char *url, struct abp_error *err);
int abp_mastodon_read(struct abp_connection *connection, struct abp_reading *readings, size_t count,
                      struct abp_error *err);

#endif
