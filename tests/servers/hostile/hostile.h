/* A server that speaks enough of Bluesky's XRPC and of Mastodon's API to be posted to and read
 * from, remembers all of it, and misbehaves by script. README.md says how it is driven. */
#ifndef HOSTILE_H
#define HOSTILE_H

#include "abpost/buffer.h"

#include <jansson.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

/* ---- requests and answers ---- */

struct request {
    char method[16];
    char *path;             /* owned; without the query */
    char *query;            /* owned; "" when there is none */
    struct abp_buffer head; /* lines "Name: value\r\n" */
    struct abp_buffer body;
};

struct answer {
    int status;
    json_t *json;              /* owned; NULL: raw is the body */
    struct abp_buffer raw;     /* any bytes */
    struct abp_buffer headers; /* lines "Name: value\r\n" besides type and length */
};

/* 1: a request came; 0: the client has gone, or it was no request. pending: what was read beyond
 * one. */
int wire_read(struct request *q, int fd, struct abp_buffer *pending);
void wire_release(struct request *q);
/* The value of a header into out, "" when it is not there. */
const char *wire_header(char *out, size_t size, const struct request *q, const char *name);
/* A value of the query, %-decoded; NULL when it is not there. Caller frees. after: look behind this
 * many others of the name. */
char *wire_query(const struct request *q, const char *name, size_t after);
/* The body's fields: JSON as it is; forms and multipart as an object of strings, of arrays for
 * names that end in "[]" (without it), of {"type", "bytes"} for files. NULL: it can't be read. */
json_t *wire_fields(const struct request *q);
/* Status line, headers and body. */
void wire_format(struct abp_buffer *out, const struct answer *a);
int wire_send(int fd, const char *bytes, size_t len);
/* Bytes one by one, over so many seconds in all. */
void wire_drip(int fd, const char *bytes, size_t len, double seconds);
void wire_sleep(double seconds);

/* {"error": error, "message": message} with a status; message may be NULL. */
void answer_error(struct answer *a, int status, const char *error, const char *message);

/* ---- faults ---- */

enum fault_kind {
    FAULT_NONE,
    FAULT_DROP_UNREAD, /* closes before a byte was read */
    FAULT_DROP,        /* closes without an answer */
    FAULT_RESET,       /* the same with a reset */
    FAULT_HALF,        /* half the answer, then closes */
    FAULT_STATUS,      /* another status, such as 500 */
    FAULT_HANG,        /* waits, then answers (or, not committed, closes) */
    FAULT_LATE,        /* waits, then commits and answers: after the client gave up */
    FAULT_SLOW,        /* the answer drips */
    FAULT_LIMIT,       /* 429 */
    FAULT_EXPIRED,     /* the access token is said to have expired */
    FAULT_DUPLICATE,   /* refused as something that was posted already */
    FAULT_PROCESSING,  /* media are not ready for a while */
    FAULT_GONE,        /* what is asked for is not there */
    FAULT_FALL,        /* every counter that is read is one lower than before */
    FAULT_GARBAGE      /* an answer that is none */
};

struct fault {
    enum fault_kind kind;
    int commit;       /* 1: the request is carried out before it goes wrong */
    int status;       /* of FAULT_STATUS */
    double seconds;   /* to wait; of FAULT_LIMIT: until the limit ends */
    int polls;        /* of FAULT_PROCESSING */
    char dialect[16]; /* of FAULT_LIMIT: unix, iso, seconds, date */
    char of[16];      /* of FAULT_GARBAGE */
    char to[100];     /* of=away: another server's address */
};

struct rule {
    struct fault fault;
    char line[300]; /* as it was written */
    char method[16], path[200];
    long skip, times, seen, hits; /* times < 0: for ever */
    double chance;
};

#define RULES_MAX 200

/* ---- what it remembers ---- */

enum metric { LIKES, REPOSTS, REPLIES, QUOTES, METRICS };

struct post {
    int bluesky;
    char *account, *id, *key, *cid, *text; /* owned; id: at:// URI, or a number as text */
    json_t *record;                        /* owned; what the platform stores of it */
    int64_t at;
    long long counts[METRICS];
    int deleted, edited;
};

struct fan {
    char marker[200];         /* posts whose text holds it ... */
    double per_hour[METRICS]; /* ... gain this much on average */
};

#define FANS_MAX 50

struct hostile {
    pthread_mutex_t lock;
    const char *password;
    const char *host;  /* of Mastodon's pages; not the one that its API is asked at */
    int64_t fixed_now; /* < 0: the machine's clock */
    int64_t offset;
    uint64_t random;
    int64_t key_window; /* seconds that an Idempotency-Key is kept; 0: ignored */
    int careless;       /* no v2/instance, no Idempotency-Key, as some compatible servers */
    long limit;         /* requests of one account in 300 s; 0: any */
    long text_limit;    /* of Mastodon's statuses */
    int journal, log;   /* files; -1: none */
    struct rule rules[RULES_MAX];
    size_t rule_count;
    struct fan fans[FANS_MAX];
    size_t fan_count;
    struct post *posts; /* owned */
    size_t post_count;
    json_t *index;    /* id -> number of the post */
    json_t *sessions; /* token -> {"did", "handle", "expires", "refresh"} */
    json_t *logins;   /* handle -> [times] */
    json_t *requests; /* account -> [times] */
    json_t *blobs;    /* Bluesky: cid -> {"type", "size"} */
    json_t *media;    /* Mastodon: id -> {"polls", "alt", "account"} */
    json_t *keys;     /* Mastodon: account and key -> {"id", "at"} */
    json_t *tally;    /* "POST /path" -> requests */
    long next_id, logins_made, refreshes_made;
    int busy, peak; /* requests that wait for their answer; how many there were at most */
};

int64_t hostile_now(const struct hostile *h);
double hostile_chance(struct hostile *h); /* uniform in [0, 1) */
/* "2026-12-01T09:00:00.000Z" into out[32]. */
const char *hostile_iso(char *out, int64_t at);
/* SHA-256 of bytes as 52 characters of base 32 after a prefix; out[80]. */
void hostile_digest(char *out, const char *prefix, const void *bytes, size_t len);

struct post *post_find(struct hostile *h, const char *id);
/* Takes record (a reference). The journal has it when this returns. */
struct post *post_add(struct hostile *h, int bluesky, const char *account, const char *id,
                      const char *key, const char *text, json_t *record);
/* Gives its text and record other values, as an edit does, or an overwriting put. */
void post_change(struct hostile *h, struct post *post, const char *text, json_t *record);
void post_delete(struct hostile *h, struct post *post);
/* What fans do in so many seconds. */
void posts_age(struct hostile *h, double seconds);
/* Counts a request of an account against the limit; 1: it is within it. */
int account_may(struct hostile *h, const char *account);

/* ---- parts ---- */

/* Rules, one a line. NULL, or the line that is none (literal or inside text, up to its end). */
const char *faults_add(struct hostile *h, const char *text);
/* The fault for this request; q NULL: for a connection. */
void faults_pick(struct fault *fault, struct hostile *h, const struct request *q);
/* Bytes that stand in for an answer. a: the real one. 1: then go on without an end. */
/* The bytes of an answer that is garbage; a: what it would have been. 1: then more, without an end.
 */
int garbage_answer(struct abp_buffer *out, struct hostile *h, const struct fault *fault,
                   const struct answer *a, const struct request *q);
void faults_answer(struct answer *a, struct hostile *h, const struct fault *fault,
                   const struct request *q);

void bluesky_serve(struct answer *a, struct hostile *h, const struct request *q,
                   const struct fault *fault);
/* "" , or what is wrong with a record of app.bsky.feed.post. */
const char *bluesky_fault_of(const struct hostile *h, const json_t *record);
void mastodon_serve(struct answer *a, struct hostile *h, const struct request *q,
                    const struct fault *fault);
void control_serve(struct answer *a, struct hostile *h, const struct request *q);

#endif
