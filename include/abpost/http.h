/* HTTP as the connectors see it: one request, one answer, and the one thing that matters most about
 * a failure: whether the server may have acted on it. An interface, so that a test can hold the
 * network in its hand; channels/http_curl.c is the real one. */
#ifndef ABPOST_HTTP_H
#define ABPOST_HTTP_H

#include "abpost/buffer.h"
#include "abpost/error.h"

#include <stddef.h>
#include <stdint.h>

/* A part of a multipart/form-data body. */
struct abp_http_part {
    const char *name;         /* of the form's field */
    const char *filename;     /* NULL: a plain field */
    const char *content_type; /* NULL: none is said */
    const void *data;
    size_t len; /* bytes */
};

/* All borrowed for the call. */
struct abp_http_request {
    const char *method;         /* "GET", "POST", ... */
    const char *url;            /* https://, or http:// to the loopback; never holds a secret */
    const char *const *headers; /* "Name: value"; may hold secrets, so never shown or logged */
    size_t header_count;
    const void *body; /* NULL: none */
    size_t body_len;
    const char *content_type;          /* of the body; NULL: none is said */
    const struct abp_http_part *parts; /* instead of a body */
    size_t part_count;
    int64_t timeout_ms; /* for the whole exchange; 0: the client's default of 30 s */
};

/* What is known of a request. */
enum abp_http_fate {
    ABP_HTTP_ANSWERED, /* a whole answer came: status, headers and body */
    ABP_HTTP_NOT_SENT, /* no connection (name, refused, TLS): the server has seen nothing of it */
    ABP_HTTP_LOST      /* it may have arrived; no whole answer came (reset, time-out, too long) */
};

/* Bytes of an answer's body and of its headers at most; more is LOST. */
#define ABP_HTTP_ANSWER_MAX ((size_t)8 << 20)
#define ABP_HTTP_HEADER_MAX ((size_t)64 << 10)

struct abp_http_answer {
    enum abp_http_fate fate;
    long status;               /* ANSWERED: 100 to 599; 3xx too, redirects are never followed */
    struct abp_buffer headers; /* owned; lines "Name: value\n" as they came */
    struct abp_buffer body;    /* owned; any bytes */
    char why[256];             /* not ANSWERED: what happened, in words, without secrets */
};

void abp_http_answer_init(struct abp_http_answer *answer);
void abp_http_answer_release(struct abp_http_answer *answer);
/* The value of the (last) header of that name, ASCII case ignored, without blanks around it, into
 * out (cut to size); NULL when there is none. Returns out. */
const char *abp_http_header(char *out, size_t size, const struct abp_http_answer *answer,
                            const char *name);

/* A client for one thread. */
struct abp_http {
    /* Fills answer (initialised by the caller) and returns 0 whatever the network did; -1 with err
     * only when nothing was sent: a URL that is refused (ABP_DATA), no memory (ABP_FAILED). */
    int (*exchange)(struct abp_http *http, struct abp_http_answer *answer,
                    const struct abp_http_request *request, struct abp_error *err);
    void (*close)(struct abp_http *http); /* frees it */
};

/* Makes clients; one is enough for a process. */
struct abp_http_factory {
    /* 0, and the caller closes; -1 with err. Any thread. */
    int (*open)(struct abp_http **http, void *context, struct abp_error *err);
    void *context; /* borrowed */
};

#endif
