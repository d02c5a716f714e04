#include "hostile.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>

#define HEAD_MAX ((size_t)64 << 10)
#define BODY_MAX ((size_t)32 << 20)

void wire_sleep(double seconds)
{
    struct timespec pause = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&pause, NULL);
}

int wire_send(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);
        if (n <= 0)
            return -1;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

void wire_drip(int fd, const char *bytes, size_t len, double seconds)
{
    for (size_t i = 0; i < len && wire_send(fd, bytes + i, 1) == 0; i++)
        wire_sleep(seconds / (double)len);
}

/* ---- reading ---- */

static void take(struct abp_buffer *pending, size_t len)
{
    memmove(pending->data, pending->data + len, pending->len - len + 1);
    pending->len -= len;
}

/* More bytes; 0 when there are none to come. */
static int more(struct abp_buffer *pending, int fd)
{
    char bytes[16384];
    ssize_t n = recv(fd, bytes, sizeof bytes, 0);
    return n > 0 && abp_buffer_append(pending, bytes, (size_t)n) == 0;
}

static int read_target(struct request *q, const char *line)
{
    char target[4096];
    if (sscanf(line, "%15s %4095s HTTP/1.", q->method, target) != 2) /* NOLINT(cert-err34-c) */
        return 0;
    char *query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    q->path = strdup(target);
    q->query = strdup(query ? query : "");
    return q->path && q->query;
}

const char *wire_header(char *out, size_t size, const struct request *q, const char *name)
{
    size_t len = strlen(name);
    *out = '\0';
    for (const char *line = abp_buffer_text(&q->head); *line; line = strchr(line, '\n') + 1) {
        const char *value = line + len + 1;
        if (strncasecmp(line, name, len) != 0 || line[len] != ':')
            continue;
        value += strspn(value, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(value, "\r\n"), value);
    }
    return out;
}

int wire_read(struct request *q, int fd, struct abp_buffer *pending)
{
    char length[32];
    char *end;
    memset(q, 0, sizeof *q);
    abp_buffer_init(&q->head, HEAD_MAX);
    abp_buffer_init(&q->body, BODY_MAX);
    while (!(end = strstr(abp_buffer_text(pending), "\r\n\r\n")))
        if (pending->len > HEAD_MAX || !more(pending, fd))
            return 0;
    size_t head = (size_t)(end - pending->data) + 4;
    const char *line = strstr(pending->data, "\r\n") + 2;
    if (!read_target(q, pending->data) ||
        abp_buffer_append(&q->head, line, (size_t)(pending->data + head - 2 - line)) != 0)
        return 0;
    take(pending, head);
    size_t body =
        (size_t)strtoul(wire_header(length, sizeof length, q, "Content-Length"), NULL, 10);
    while (pending->len < body)
        if (body > BODY_MAX || !more(pending, fd))
            return 0;
    if (body && abp_buffer_append(&q->body, pending->data, body) != 0)
        return 0;
    if (body)
        take(pending, body);
    return 1;
}

void wire_release(struct request *q)
{
    free(q->path);
    free(q->query);
    abp_buffer_release(&q->head);
    abp_buffer_release(&q->body);
}

/* ---- fields ---- */

static int digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* %-decoded; caller frees. */
static char *decode(const char *text, size_t len)
{
    char *out = malloc(len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < len; i++)
        if (text[i] == '%' && i + 2 < len && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
            out[n++] = (char)(digit(text[i + 1]) * 16 + digit(text[i + 2]));
            i += 2;
        } else {
            out[n++] = text[i] == '+' ? ' ' : text[i];
        }
    if (out)
        out[n] = '\0';
    return out;
}

char *wire_query(const struct request *q, const char *name, size_t after)
{
    for (const char *p = q->query; *p;) {
        size_t len = strcspn(p, "&"), split = strcspn(p, "=&");
        char *key = decode(p, split);
        int same = key && strcmp(key, name) == 0;
        free(key);
        if (same && after-- == 0)
            return decode(p + split + (split < len), len - split - (split < len));
        p += len + (p[len] == '&');
    }
    return NULL;
}

/* A value that a form may hold more than once goes into an array. */
static void put(json_t *fields, const char *name, json_t *value)
{
    size_t len = strlen(name);
    if (len < 2 || strcmp(name + len - 2, "[]") != 0) {
        json_object_set_new(fields, name, value);
        return;
    }
    char *key = strdup(name);
    key[len - 2] = '\0';
    if (!json_object_get(fields, key))
        json_object_set_new(fields, key, json_array());
    json_array_append_new(json_object_get(fields, key), value);
    free(key);
}

static json_t *form_fields(const char *p)
{
    json_t *fields = json_object();
    while (*p) {
        size_t len = strcspn(p, "&"), split = strcspn(p, "=&");
        char *name = decode(p, split);
        char *value = decode(p + split + (split < len), len - split - (split < len));
        put(fields, name, json_string(value));
        free(name);
        free(value);
        p += len + (p[len] == '&');
    }
    return fields;
}

static const void *find_bytes(const void *in, size_t len, const char *what)
{
    const char *p = in;
    size_t n = strlen(what);
    for (size_t i = 0; i + n <= len; i++)
        if (memcmp(p + i, what, n) == 0)
            return p + i;
    return NULL;
}

/* The quoted value after `what` in a part's head; "" when it is not there. */
static void quoted(char *out, size_t size, const char *head, size_t len, const char *what)
{
    const char *at = find_bytes(head, len, what);
    *out = '\0';
    if (at)
        snprintf(out, size, "%.*s", (int)strcspn(at + strlen(what), "\"\r\n"), at + strlen(what));
}

static void part_field(json_t *fields, const char *head, size_t head_len, const char *data,
                       size_t len)
{
    char name[200], file[200], type[200];
    quoted(name, sizeof name, head, head_len, " name=\"");
    quoted(file, sizeof file, head, head_len, " filename=\"");
    quoted(type, sizeof type, head, head_len, "Content-Type: ");
    if (*file)
        put(fields, name, json_pack("{s:s, s:I}", "type", type, "bytes", (json_int_t)len));
    else
        put(fields, name, json_stringn(data, len));
}

static json_t *multipart_fields(const struct request *q, const char *type)
{
    char line[300];
    json_t *fields = json_object();
    const char *boundary = strstr(type, "boundary="), *p = q->body.data,
               *end = q->body.data + q->body.len;
    if (!boundary || !p)
        return fields;
    snprintf(line, sizeof line, "--%s", boundary + 9);
    p = find_bytes(p, q->body.len, line);
    snprintf(line, sizeof line, "\r\n--%s", boundary + 9);
    while (p) {
        const char *head = strstr(p, "\r\n");
        const char *data = head ? find_bytes(head, (size_t)(end - head), "\r\n\r\n") : NULL;
        const char *next = data ? find_bytes(data + 2, (size_t)(end - data - 2), line) : NULL;
        if (!next)
            break;
        part_field(fields, head, (size_t)(data + 2 - head), data + 4, (size_t)(next - data - 4));
        p = next + 2;
    }
    return fields;
}

json_t *wire_fields(const struct request *q)
{
    char type[300];
    wire_header(type, sizeof type, q, "Content-Type");
    if (strncasecmp(type, "multipart/form-data", 19) == 0)
        return multipart_fields(q, type);
    if (strncasecmp(type, "application/json", 16) == 0)
        return json_loadb(abp_buffer_text(&q->body), q->body.len, JSON_REJECT_DUPLICATES, NULL);
    return form_fields(abp_buffer_text(&q->body));
}

/* ---- answering ---- */

void answer_error(struct answer *a, int status, const char *error, const char *message)
{
    a->status = status;
    json_decref(a->json);
    a->json = message ? json_pack("{s:s, s:s}", "error", error, "message", message)
                      : json_pack("{s:s}", "error", error);
}

void wire_format(struct abp_buffer *out, const struct answer *a)
{
    char *text = a->json ? json_dumps(a->json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    size_t len = text ? strlen(text) : a->raw.len;
    abp_buffer_printf(out, "HTTP/1.1 %d %s\r\n", a->status, a->status < 400 ? "OK" : "No");
    abp_buffer_add(out, "Content-Type: application/json; charset=utf-8\r\n");
    abp_buffer_add(out, abp_buffer_text(&a->headers));
    abp_buffer_printf(out, "Content-Length: %zu\r\n\r\n", len);
    abp_buffer_append(out, text ? text : abp_buffer_text(&a->raw), len);
    free(text);
}
