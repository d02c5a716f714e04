/* One platform behind one table of functions, with its abilities declared as data. A connector
 * talks to one account; it knows nothing of experiments, schedules or the store.
 *
 * The life of a post, as a connector sees it:
 *
 *   prepare   reversible: uploads media, builds every byte of the one request that publishes
 *             (secrets left out: they are added as headers when it is sent)
 *   send      irreversible: that request, once
 *   find      after a crash or a lost answer: is it there?
 *   read      the numbers of posts that are out
 *
 * The caller commits request and key to the store between prepare and send, and hands the same
 * bytes to every retry; other ones under the same key only where what was sent before is known not
 * to be out, and its text was changed since. Nothing below here retries `send`. */
#ifndef ABPOST_CHANNEL_H
#define ABPOST_CHANNEL_H

#include "abpost/account.h"
#include "abpost/buffer.h"
#include "abpost/content.h"
#include "abpost/error.h"
#include "abpost/http.h"

#include <stddef.h>
#include <stdint.h>

enum abp_ability {
    ABP_CAN_KEY = 1,         /* a key of ours makes a resend harmless, for ever (Bluesky's rkey) */
    ABP_CAN_KEY_WINDOW = 2,  /* the same, but only for key_window seconds, and not everywhere */
    ABP_CAN_FIND = 4,        /* own posts can be asked for after a crash */
    ABP_CAN_READ = 8,        /* the numbers of a post can be read */
    ABP_CAN_MEDIA = 16,      /* images */
    ABP_CAN_VISIBILITY = 32, /* posts for fewer than everyone */
    ABP_CAN_IMPRESSIONS = 64,
    ABP_BY_HAND = 128 /* a person publishes; send only hands over */
};

/* What became of a send, or of asking for it. */
enum abp_fate {
    ABP_FATE_POSTED,   /* it is out: remote_id is known */
    ABP_FATE_REFUSED,  /* definitely not out, and the same bytes will be refused again */
    ABP_FATE_NOT_SENT, /* definitely not out; may be tried again (not before retry_at) */
    ABP_FATE_HANDED,   /* a person has it now (ABP_BY_HAND); remote_id says where it lies */
    ABP_FATE_UNKNOWN   /* may be out: ask (not before retry_at), never resend blindly */
};

struct abp_outcome {
    enum abp_fate fate;
    int sign_in;         /* 1: the account must be signed in anew by a person (password, token) */
    int other_text;      /* 1: POSTED, but what is there under the key does not read as this */
    int local;           /* 1: not the platform, but this machine is in the way: a file or folder */
    int64_t retry_at;    /* UTC seconds; 0: whenever */
    int64_t posted_at;   /* UTC seconds by the platform's word; 0: not said */
    char remote_id[512]; /* POSTED, HANDED */
    char
        version[128]; /* tag of the post as it stands there (cid, ...), to see edits by; "": none */
    char url[1024];   /* for a person to open; "": none */
    char reason[512]; /* one sentence, without secrets; of POSTED what is to be said of it, or "" */
};

struct abp_metric_value {
    const char *name; /* literal of the connector's table */
    double value;     /* >= 0, a whole number */
};

#define ABP_METRICS_MAX 16

enum abp_reading_state {
    ABP_READ,      /* values are there */
    ABP_READ_GONE, /* the platform says that the post is not there (any more) */
    ABP_READ_NOT   /* could not be read this time; reason says why */
};

/* How the reason begins of a post that is on another server than the channel's: its id means
 * nothing there, or another post. */
#define ABP_READ_ELSEWHERE "it was posted on another server than the channel has now"

/* One post to be read, and what came. */
struct abp_reading {
    const char *remote_id; /* in; borrowed */
    const char *url;       /* in; borrowed; its address, by the server it was posted on; NULL, "":
                              not known */
    const char *version;   /* in; borrowed; tag of the post as it was sent; "": none */
    enum abp_reading_state state;
    int edited;                                      /* 1: it no longer reads as it was sent */
    struct abp_metric_value values[ABP_METRICS_MAX]; /* absent is not zero: it is not here */
    size_t value_count;
    char reason[256];
};

/* How a platform counts the characters of a text. In each an URL counts limits.url_characters where
 * that is not -1. */
enum abp_counting {
    ABP_COUNT_GRAPHEMES, /* what a reader takes for one character (UAX #29) */
    ABP_COUNT_MENTIONS,  /* the same; of a mention @name@server only @name (Mastodon) */
    ABP_COUNTING_COUNT
};

/* What a server allows; -1: no such limit is known. */
struct abp_limits {
    int64_t characters;     /* by the platform's own way of counting */
    int64_t bytes;          /* of UTF-8 text */
    int64_t url_characters; /* what any URL counts; -1: as many as it has */
    int64_t media;          /* images of one post */
    int64_t media_bytes;    /* of one image */
    int64_t alt_characters; /* of one description */
};

struct abp_connection;

/* A platform's table: literal data and functions, one in each connector's .c. */
struct abp_channel_ops {
    enum abp_platform platform;
    unsigned abilities;         /* enum abp_ability */
    int64_t key_window;         /* seconds that a key is kept; 0: not of this kind */
    int64_t settle;             /* seconds after a send before "not there" can be believed */
    struct abp_limits limits;   /* when the server has not been asked */
    enum abp_counting counting; /* what a character is */
    const char *link_joint;     /* a content's link goes into the text, below this ("\n\n"); NULL:
                                   it is shown in a way that takes no text */
    const char *media_joint;    /* the same of a content with images; NULL: as link_joint */
    /* Where the link stands in the text as a whole, or NULL. NULL: as most platforms see it. */
    const char *(*link_in)(const char *text, const char *link);
    const char *const *metrics; /* NULL-terminated: every name that read can give */

    /* Makes/frees connection->state. Talks to nobody. May be NULL. */
    int (*open)(struct abp_connection *connection, struct abp_error *err);
    void (*close)(struct abp_connection *connection);
    /* Signs in and asks for the server's limits (also into connection->limits). -1: ABP_PERSON when
     * the account is refused, ABP_UNREACHABLE, ABP_DATA for what can't be right. NULL: nothing to
     * sign in to. */
    int (*check)(struct abp_connection *connection, struct abp_error *err);
    /* Builds the request for content into request. made_at: when the post will say that it was
     * made. 0; -1 with outcome filled as NOT_SENT or REFUSED: nothing is out in any case. */
    int (*prepare)(struct abp_connection *connection, struct abp_buffer *request,
                   const struct abp_content *content, const char *key, int64_t made_at,
                   struct abp_outcome *outcome);
    /* 1: a request that this platform's prepare made, or may have. A channel can have been of
     * another type when it was made: then nobody here knows what became of it. */
    int (*is_own)(const char *request, size_t len);
    /* The one irreversible call. Always fills outcome; never fails in another way. */
    void (*send)(struct abp_connection *connection, struct abp_outcome *outcome,
                 const char *request, size_t len, const char *key);
    /* Is the post of this request, sent at sent_at or shortly after, there? POSTED, NOT_SENT (it is
     * not: asked and answered in full), UNKNOWN (could not be asked just now: retry_at). NULL:
     * nobody can be asked. */
    void (*find)(struct abp_connection *connection, struct abp_outcome *outcome,
                 const char *request, size_t len, const char *key, int64_t sent_at);
    /* A person says that a post is at url: what it is called there, into outcome (remote_id, url,
     * version, posted_at). -1: ABP_DATA for a url that is no post of this account, ABP_UNREACHABLE,
     * ABP_PERSON, ABP_FAILED when that can't be asked. NULL: the url itself is the id. */
    int (*locate)(struct abp_connection *connection, struct abp_outcome *outcome, const char *url,
                  struct abp_error *err);
    /* Reads any number of posts, in batches of the platform's size. -1 with err (ABP_PERSON,
     * ABP_UNREACHABLE) when nothing could be read; those not reached are ABP_READ_NOT. */
    int (*read)(struct abp_connection *connection, struct abp_reading *readings, size_t count,
                struct abp_error *err);
};

/* A post's key: unique to it for ever, the same for each of its attempts (by hand: for each of the
 * same text): a TID, as Bluesky wants
 * its record keys: 13 characters of 234567abcdefghijklmnopqrstuvwxyz, microseconds since 1970 and a
 * clock id (atproto.com/specs/tid). Made from the time and the post's number in its store, so that
 * no two posts of a store have the same. */
#define ABP_KEY_SIZE 14
void abp_key_make(char key[ABP_KEY_SIZE], int64_t now, int64_t planned_post_id, uint64_t salt);

/* One account, for one thread. */
struct abp_connection {
    const struct abp_channel_ops *ops; /* literal */
    const struct abp_channel *channel; /* borrowed */
    struct abp_http *http;             /* borrowed; NULL for outbox */
    const char *root; /* borrowed; the workspace's folder: where sessions are kept (ROOT/.abpost,
                         mode 0700) and outbox/ lies; NULL: no pause is kept */
    int64_t (*now)(void *context); /* UTC seconds */
    void *now_context;             /* borrowed */
    struct abp_limits limits;      /* ops->limits until `check` or `prepare` asked the server */
    int64_t wait_until;   /* UTC seconds; before then the server wants no request of ours */
    int64_t paused_until; /* what it was when this one was opened: asked for in an earlier run */
    void *state;          /* owned by the ops */
};

/* The table of a platform; NULL when this version can't post there. */
const struct abp_channel_ops *abp_channel_ops(enum abp_platform platform);

/* Opens without talking to anybody. A pause that the server asked for outlives the connection, in
 * ROOT/.abpost. http may be NULL for ABP_OUTBOX. All borrowed until the close.
 * -1: ABP_DATA when this version can't post to the platform. */
int abp_connection_open(struct abp_connection *connection, const struct abp_channel *channel,
                        struct abp_http *http, const char *root, int64_t (*now)(void *context),
                        void *now_context, struct abp_error *err) ABP_MUST_CHECK;
void abp_connection_close(struct abp_connection *connection);

/* ---- what the platforms share ---- */

/* The secret itself, into out, which need not be initialised and is so afterwards in any case;
 * ended by abp_secret_wipe. One line end after it does not count. ABP_PERSON when it is not there,
 * its file is readable by others or somebody else's, its command (run in the folder root) fails or
 * takes over 30 s, or it is empty, longer than 4096 bytes, or more than one line. Never says a byte
 * of it. */
int abp_secret_read(struct abp_buffer *out, const struct abp_secret *secret, const char *root,
                    struct abp_error *err) ABP_MUST_CHECK;
/* Overwrites and releases a buffer that held a secret. */
void abp_secret_wipe(struct abp_buffer *secret);

/* The text as it is sent: the content's, and its link where that goes into the text and does not
 * stand there yet. Appends; -1 when the buffer is full. */
int abp_content_text(struct abp_buffer *out, const struct abp_content *content,
                     const struct abp_channel_ops *ops) ABP_MUST_CHECK;

struct abp_lengths {
    int64_t characters, bytes; /* of that text, as the platform counts */
};
struct abp_lengths abp_content_lengths(const struct abp_content *content,
                                       const struct abp_channel_ops *ops,
                                       const struct abp_limits *limits);

/* Everything that keeps the content from being posted there: too long, too many or too large, or
 * not possible at all. Calls found (unless it is NULL) with a sentence for each: which, how long,
 * what is allowed. Returns how many. */
size_t abp_content_faults(const struct abp_content *content, const struct abp_channel_ops *ops,
                          const struct abp_limits *limits,
                          void (*found)(void *context, const char *message), void *context);
/* 0, or -1 with ABP_DATA: the first of them. */
int abp_content_fits(const struct abp_content *content, const struct abp_channel_ops *ops,
                     const struct abp_limits *limits, struct abp_error *err) ABP_MUST_CHECK;

#endif
