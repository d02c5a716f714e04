/* Answers that are none: cut, of the wrong types, endless, elsewhere. */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPOILT      8                 /* bytes that of=fuzz changes at most */
#define BOMB_BLOCKS 40000             /* of eight times 258 zeros each: 82 MB */
#define BODY_MAX    ((size_t)2 << 20) /* bytes */

static void with_body(struct abp_buffer *out, int status, const char *type, const char *bytes,
                      size_t len)
{
    abp_buffer_printf(out,
                      "HTTP/1.1 %d OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                      "\r\n",
                      status, type, len);
    abp_buffer_append(out, bytes, len);
}

/* ---- made of what the answer would have been ---- */

static void cut(struct abp_buffer *body, struct hostile *h, const char *text)
{
    (void)h;
    abp_buffer_append(body, text, strlen(text) / 2);
}

/* Two bytes that no UTF-8 has in the middle of it. */
static void spoil(struct abp_buffer *body, struct hostile *h, const char *text)
{
    (void)h;
    size_t half = strlen(text) / 2;
    abp_buffer_append(body, text, half);
    abp_buffer_append(body, "\xFF\xFE", 2);
    abp_buffer_add(body, text + half);
}

/* Bytes that mean something in JSON in the place of others. Digits and letters are not made up, or
 * an id would become another one, which is a lie and no garbage. */
static void fuzz(struct abp_buffer *body, struct hostile *h, const char *text)
{
    static const char bytes[] = "{}[]\":,\\\xFF\x01";
    abp_buffer_add(body, text);
    pthread_mutex_lock(&h->lock);
    int count = 1 + (int)(hostile_chance(h) * SPOILT);
    for (int i = 0; body->len && i < count; i++) {
        size_t at = (size_t)(hostile_chance(h) * (double)body->len);
        body->data[at] = bytes[(size_t)(hostile_chance(h) * (double)(sizeof bytes - 1))];
    }
    pthread_mutex_unlock(&h->lock);
}

/* Every number below zero. */
static void negate(struct abp_buffer *body, struct hostile *h, const char *text)
{
    (void)h;
    for (; *text; text++) {
        abp_buffer_byte(body, *text);
        if (*text == ':' && text[1] >= '0' && text[1] <= '9')
            abp_buffer_add(body, text[1] == '0' ? "-7" : "-");
    }
}

static void whole(struct abp_buffer *body, struct hostile *h, const char *text)
{
    (void)h;
    abp_buffer_add(body, text);
}

static const struct {
    const char *of, *type;
    void (*make)(struct abp_buffer *body, struct hostile *h, const char *text);
} made[] = {
    {"cut", "application/json", cut},   {"utf8", "application/json", spoil},
    {"fuzz", "application/json", fuzz}, {"negative", "application/json", negate},
    {"type", "image/gif", whole},
};

/* ---- made of nothing ---- */

#define WRONG_TYPES                                                                                \
    "{\"uri\":5,\"cid\":[],\"id\":{\"id\":1},\"url\":false,\"posts\":\"none\",\"records\":7,"      \
    "\"accessJwt\":null,\"refreshJwt\":12,\"did\":[\"did\"],\"handle\":{},\"blob\":\"blob\","      \
    "\"created_at\":17,\"content\":[1],\"favourites_count\":\"many\",\"reblogs_count\":-4,"        \
    "\"replies_count\":1e300,\"configuration\":[],\"value\":null}"

#define HUGE_NUMBERS                                                                               \
    "{\"id\":98765432109876543210987,\"uri\":98765432109876543210987,\"cid\":1e400,"               \
    "\"favourites_count\":9223372036854775808,\"posts\":[{\"likeCount\":99999999999999999999}]}"

static const struct {
    const char *of, *type, *body;
} fixed[] = {
    {"empty", "application/json", ""},
    {"null", "application/json", "null"},
    {"array", "application/json", "[]"},
    {"object", "application/json", "{}"},
    {"html", "text/html", "<html><body>It works!</body></html>"},
    {"types", "application/json", WRONG_TYPES},
    {"bigid", "application/json", HUGE_NUMBERS},
    {"twice", "application/json",
     "{\"id\":\"1\",\"id\":\"2\",\"uri\":\"at://a/b/c\",\"uri\":\"at://x/y/z\"}"},
};

static void deep(struct abp_buffer *body)
{
    for (int i = 0; i < 100000; i++)
        abp_buffer_byte(body, '[');
}

/* ---- compressed ---- */

static void put_bits(struct abp_buffer *body, unsigned *held, int *count, unsigned bits, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        *held |= (bits >> i & 1u) << *count;
        if (++*count == 8) {
            abp_buffer_byte(body, (char)*held);
            *held = 0;
            *count = 0;
        }
    }
}

/* A gzip file of 82 MB of zeros (RFC 1951, fixed codes): a zero, then again and again the 258 bytes
 * at distance 1. It has no end, as a bomb needs none. */
static void bomb(struct abp_buffer *body)
{
    unsigned held = 0;
    int count = 0;
    abp_buffer_append(body, "\x1F\x8B\x08\0\0\0\0\0\0\x03", 10);
    put_bits(body, &held, &count, 6,
             3); /* the last block, fixed codes: 1, 01 from its lowest bit */
    put_bits(body, &held, &count, 0x30, 8);
    for (int i = 0; i < 8 * BOMB_BLOCKS; i++)
        put_bits(body, &held, &count, 0xC5u << 5, 13);
}

static void compressed(struct abp_buffer *out, int status)
{
    struct abp_buffer body;
    abp_buffer_init(&body, BODY_MAX);
    bomb(&body);
    abp_buffer_printf(out,
                      "HTTP/1.1 %d OK\r\nContent-Type: application/json\r\n"
                      "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
                      status, body.len);
    abp_buffer_append(out, abp_buffer_text(&body), body.len);
    abp_buffer_release(&body);
}

/* ---- what was said comes back ---- */

/* The request's secrets, in an error's words. */
static void echo(struct abp_buffer *out, const struct request *q)
{
    char header[4096];
    wire_header(header, sizeof header, q, "Authorization");
    json_t *said = json_pack("{s:s, s:s+}", "error", "InvalidRequest", "message", header,
                             abp_buffer_text(&q->body));
    json_t *error = json_pack("{s:s+, s:s+}", "error", header, abp_buffer_text(&q->body), "message",
                              header, abp_buffer_text(&q->body));
    int xrpc = strncmp(q->path, "/xrpc/", 6) == 0;
    char *text = json_dumps(xrpc && said ? said : error, JSON_COMPACT | JSON_ENCODE_ANY);
    with_body(out, 503, "application/json", text ? text : "", text ? strlen(text) : 0);
    free(text);
    json_decref(said);
    json_decref(error);
}

/* ---- the whole ---- */

/* What does not end. 1: it is one of these. */
static int endless(struct abp_buffer *out, const char *of)
{
    if (strcmp(of, "huge") == 0)
        abp_buffer_add(out, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[");
    else if (strcmp(of, "headers") == 0)
        abp_buffer_add(out, "HTTP/1.1 200 OK\r\n");
    else
        return 0;
    return 1;
}

/* 1: it is one that needs no answer to be made of. */
static int special(struct abp_buffer *out, const struct fault *fault, int status,
                   const struct request *q)
{
    struct abp_buffer body;
    const char *of = fault->of;
    if (strcmp(of, "redirect") == 0) {
        abp_buffer_add(out, "HTTP/1.1 302 Found\r\nLocation: /_again\r\nContent-Length: 0\r\n\r\n");
    } else if (strcmp(of, "away") == 0) {
        abp_buffer_printf(out,
                          "HTTP/1.1 307 Elsewhere\r\nLocation: %s%s\r\nContent-Length: 0\r\n\r\n",
                          fault->to, q->path);
    } else if (strcmp(of, "gzip") == 0) {
        compressed(out, status);
    } else if (strcmp(of, "echo") == 0) {
        echo(out, q);
    } else if (strcmp(of, "deep") == 0) {
        abp_buffer_init(&body, BODY_MAX);
        deep(&body);
        with_body(out, status, "application/json", abp_buffer_text(&body), body.len);
        abp_buffer_release(&body);
    } else {
        return 0;
    }
    return 1;
}

static void spoilt(struct abp_buffer *out, struct hostile *h, const char *of, int status,
                   const char *real)
{
    struct abp_buffer body;
    size_t i = 0;
    while (i + 1 < sizeof made / sizeof *made && strcmp(of, made[i].of) != 0)
        i++;
    abp_buffer_init(&body, BODY_MAX);
    made[i].make(&body, h, real);
    with_body(out, status, made[i].type, abp_buffer_text(&body), body.len);
    abp_buffer_release(&body);
}

int garbage_answer(struct abp_buffer *out, struct hostile *h, const struct fault *fault,
                   const struct answer *a, const struct request *q)
{
    int status = a->status ? a->status : 200;
    if (endless(out, fault->of))
        return 1;
    if (special(out, fault, status, q))
        return 0;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (strcmp(fault->of, fixed[i].of) == 0) {
            with_body(out, status, fixed[i].type, fixed[i].body, strlen(fixed[i].body));
            return 0;
        }
    char *text = a->json ? json_dumps(a->json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    spoilt(out, h, fault->of, status, text ? text : "{\"id\":\"1\"}");
    free(text);
    return 0;
}
