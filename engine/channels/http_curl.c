#include "abpost/http_curl.h"

#include "channels/http_url.h"

#include "abpost/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define CONNECT_MS  10000L
#define EXCHANGE_MS INT64_C(30000)
#define STANDSTILL  60L /* seconds at less than a byte a second */
#define IDLE_MAX    8L  /* connections kept for later */
#define LONGEST_MS  INT64_C(3600000)

struct client {
    struct abp_http http;
    CURL *curl;     /* owned */
    const char *ca; /* borrowed; NULL: the machine's */
    char fault[CURL_ERROR_SIZE];
};

/* One exchange while it runs. */
struct exchange {
    struct client *client;                  /* borrowed */
    const struct abp_http_request *request; /* borrowed */
    struct abp_http_answer *answer;         /* borrowed */
    struct abp_http_url url;
    struct curl_slist *headers; /* owned */
    curl_mime *mime;            /* owned */
    size_t header_bytes;        /* of all answers of this exchange, the provisional ones too */
    int begun;                  /* how often curl was about to write the request */
    int64_t length;             /* what the answer says its body has; -1: not said */
    int head_ended;             /* 1: the empty line after the headers has come */
    const char *fault;          /* literal; what a callback had to stop it for */
};

static int is_reading(const struct abp_http_request *request)
{
    return strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0;
}

/* ---- what curl calls ---- */

/* Plain http goes to this machine, whatever a resolver says the name means. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    const struct exchange *x = context;
    (void)purpose;
    if (!x->url.secure && !abp_is_loopback(&address->addr, address->addrlen))
        return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* The connection stands, the request has not been written yet. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is curl's */
static int begin(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct exchange *x = context;
    (void)remote;
    (void)local;
    (void)remote_port;
    (void)local_port;
    if (++x->begun > 1 && !is_reading(x->request)) {
        x->fault = "the connection died, and the request must not be sent twice";
        return CURL_PREREQFUNC_ABORT;
    }
    return CURL_PREREQFUNC_OK;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct exchange *x = context;
    size_t len = size * count;
    if (abp_buffer_append(&x->answer->body, bytes, len) != 0) {
        x->fault = "the answer is too long";
        return CURL_WRITEFUNC_ERROR;
    }
    return len;
}

static int is_status_line(const char *line, size_t len)
{
    return len > 5 && strncasecmp(line, "HTTP/", 5) == 0;
}

/* curl does without a length that it can't read, and takes one of two; neither answer is to be
 * believed. -1 then. */
static int check_length(struct exchange *x, const char *line, size_t len)
{
    static const char name[] = "Content-Length:";
    char digits[24];
    int64_t value;
    if (len < sizeof name || strncasecmp(line, name, sizeof name - 1) != 0)
        return 0;
    for (line += sizeof name - 1, len -= sizeof name - 1; len && strchr(" \t", *line); line++)
        len--;
    while (len && strchr(" \t", line[len - 1]))
        len--;
    if (len >= sizeof digits || memchr(line, '\0', len))
        return -1;
    memcpy(digits, line, len);
    digits[len] = '\0';
    if (digits[strspn(digits, "0123456789")] || abp_parse_int64(digits, &value) != 0 ||
        (x->length >= 0 && x->length != value))
        return -1;
    x->length = value;
    return 0;
}

static size_t take_header(char *line, size_t size, size_t count, void *context)
{
    struct exchange *x = context;
    size_t len = size * count, kept = len;
    x->header_bytes += len;
    if (x->header_bytes > ABP_HTTP_HEADER_MAX) {
        x->fault = "the answer's headers are too long";
        return CURL_WRITEFUNC_ERROR;
    }
    if (is_status_line(line, len)) { /* "100 Continue" may have come before it */
        abp_buffer_reset(&x->answer->headers);
        x->head_ended = 0;
        x->length = -1;
        return len;
    }
    while (kept && (line[kept - 1] == '\n' || line[kept - 1] == '\r'))
        kept--;
    x->head_ended |= kept == 0;
    if (kept == 0 || memchr(line, '\0', kept))
        return len;
    if (check_length(x, line, kept) != 0) {
        x->fault = "the answer's length is none";
        return CURL_WRITEFUNC_ERROR;
    }
    if (abp_buffer_append(&x->answer->headers, line, kept) != 0 ||
        abp_buffer_byte(&x->answer->headers, '\n') != 0) {
        x->fault = "the answer's headers are too long";
        return CURL_WRITEFUNC_ERROR;
    }
    return len;
}

/* ---- what curl is told ---- */

static int is_method(const char *method)
{
    return *method && method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

/* "Name: value", of one line. Never quoted: it may be a secret. */
static int is_header(const char *header)
{
    const char *colon = strchr(header, ':');
    if (!colon || colon == header || strpbrk(header, "\r\n"))
        return 0;
    return header + strcspn(header, " \t;") > colon && colon[1 + strspn(colon + 1, " \t")];
}

static int add_header(struct exchange *x, const char *header)
{
    struct curl_slist *longer = curl_slist_append(x->headers, header);
    if (!longer)
        return -1;
    x->headers = longer;
    return 0;
}

static int add_headers(struct exchange *x, struct abp_error *err)
{
    const struct abp_http_request *request = x->request;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!is_header(request->headers[i]))
            return abp_fail(err, ABP_BUG, "a request's header %zu is not \"Name: value\"", i);
        if (add_header(x, request->headers[i]) != 0)
            return abp_fail_memory(err);
    }
    /* No waiting for "100 Continue", which a server may leave out. */
    if (add_header(x, "Expect:") != 0)
        return abp_fail_memory(err);
    if (request->part_count)
        return 0;
    struct abp_buffer type;
    abp_buffer_init(&type, 256);
    abp_buffer_printf(&type, "Content-Type:%s%s", request->content_type ? " " : "",
                      request->content_type ? request->content_type : "");
    int rc = type.failed || strpbrk(abp_buffer_text(&type), "\r\n") ||
             add_header(x, abp_buffer_text(&type));
    abp_buffer_release(&type);
    return rc ? abp_fail(err, ABP_BUG, "a request's content type is not one") : 0;
}

static int add_parts(struct exchange *x, struct abp_error *err)
{
    x->mime = curl_mime_init(x->client->curl);
    for (size_t i = 0; x->mime && i < x->request->part_count; i++) {
        const struct abp_http_part *part = &x->request->parts[i];
        curl_mimepart *made = curl_mime_addpart(x->mime);
        if (!made || curl_mime_name(made, part->name) != CURLE_OK ||
            curl_mime_data(made, part->len ? part->data : "", part->len) != CURLE_OK ||
            (part->filename && curl_mime_filename(made, part->filename) != CURLE_OK) ||
            (part->content_type && curl_mime_type(made, part->content_type) != CURLE_OK))
            return abp_fail_memory(err);
    }
    return x->mime ? 0 : abp_fail_memory(err);
}

struct rules {
    CURL *curl; /* borrowed */
    CURLcode first_bad;
};

static void note(struct rules *rules, CURLcode code)
{
    if (rules->first_bad == CURLE_OK)
        rules->first_bad = code;
}

static void rule(struct rules *rules, CURLoption option, long value)
{
    note(rules, curl_easy_setopt(rules->curl, option, value));
}

static void rule_text(struct rules *rules, CURLoption option, const char *value)
{
    note(rules, curl_easy_setopt(rules->curl, option, value));
}

static void set_callbacks(struct rules *rules, struct exchange *x)
{
    CURL *curl = rules->curl;
    note(rules, curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, x->client->fault));
    note(rules, curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket));
    note(rules, curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, x));
    note(rules, curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, begin));
    note(rules, curl_easy_setopt(curl, CURLOPT_PREREQDATA, x));
    note(rules, curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body));
    note(rules, curl_easy_setopt(curl, CURLOPT_WRITEDATA, x));
    note(rules, curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header));
    note(rules, curl_easy_setopt(curl, CURLOPT_HEADERDATA, x));
}

/* HTTP/1.1 alone: on HTTP/2 curl repeats a request whose stream was refused. */
static void set_manners(struct rules *rules, const struct exchange *x)
{
    int64_t limit = x->request->timeout_ms > 0 ? x->request->timeout_ms : EXCHANGE_MS;
    rule(rules, CURLOPT_NOSIGNAL, 1);
    rule(rules, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    rule(rules, CURLOPT_HTTP09_ALLOWED, 0);
    rule(rules, CURLOPT_FOLLOWLOCATION, 0);
    rule(rules, CURLOPT_NETRC, CURL_NETRC_IGNORED);
    rule(rules, CURLOPT_HEADEROPT, CURLHEADER_SEPARATE);
    rule(rules, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
    rule(rules, CURLOPT_SSL_VERIFYPEER, 1);
    rule(rules, CURLOPT_SSL_VERIFYHOST, 2);
    rule(rules, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    rule(rules, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    rule(rules, CURLOPT_TIMEOUT_MS, (long)(limit < LONGEST_MS ? limit : LONGEST_MS));
    rule(rules, CURLOPT_LOW_SPEED_LIMIT, 1);
    rule(rules, CURLOPT_LOW_SPEED_TIME, STANDSTILL);
    rule(rules, CURLOPT_MAXCONNECTS, IDLE_MAX);
    note(rules,
         curl_easy_setopt(rules->curl, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)ABP_HTTP_ANSWER_MAX));
    rule_text(rules, CURLOPT_USERAGENT, "abpost/" ABPOST_VERSION);
    rule_text(rules, CURLOPT_PROTOCOLS_STR, x->url.secure ? "https" : "http");
    if (x->url.to_machine)
        rule_text(rules, CURLOPT_PROXY, "");
    if (x->client->ca)
        rule_text(rules, CURLOPT_CAINFO, x->client->ca);
}

static void set_request(struct rules *rules, const struct exchange *x)
{
    const struct abp_http_request *request = x->request;
    note(rules, curl_easy_setopt(rules->curl, CURLOPT_CURLU, x->url.handle));
    note(rules, curl_easy_setopt(rules->curl, CURLOPT_HTTPHEADER, x->headers));
    if (strcmp(request->method, "HEAD") == 0) {
        rule(rules, CURLOPT_NOBODY, 1);
        return;
    }
    if (strcmp(request->method, "GET") == 0) {
        rule(rules, CURLOPT_HTTPGET, 1);
        return;
    }
    rule(rules, CURLOPT_FRESH_CONNECT, 1);
    if (x->mime) {
        note(rules, curl_easy_setopt(rules->curl, CURLOPT_MIMEPOST, x->mime));
    } else {
        rule(rules, CURLOPT_POST, 1);
        note(rules, curl_easy_setopt(rules->curl, CURLOPT_POSTFIELDSIZE_LARGE,
                                     (curl_off_t)request->body_len));
        note(rules, curl_easy_setopt(rules->curl, CURLOPT_POSTFIELDS,
                                     request->body_len ? request->body : ""));
    }
    rule_text(rules, CURLOPT_CUSTOMREQUEST, request->method);
}

static int prepare(struct exchange *x, struct abp_error *err)
{
    const struct abp_http_request *request = x->request;
    struct rules rules = {.curl = x->client->curl};
    if (!is_method(request->method) ||
        (is_reading(request) && (request->body_len || request->part_count)))
        return abp_fail(err, ABP_BUG, "a request has no method, or a body that it can't have");
    if (abp_http_url_read(&x->url, request->url, err) != 0 || add_headers(x, err) != 0 ||
        (request->part_count && add_parts(x, err) != 0))
        return -1;
    set_callbacks(&rules, x);
    set_manners(&rules, x);
    set_request(&rules, x);
    if (rules.first_bad == CURLE_OUT_OF_MEMORY)
        return abp_fail_memory(err);
    if (rules.first_bad != CURLE_OK)
        return abp_fail(err, ABP_FAILED, "libcurl can't do what abpost needs of it: %s",
                        curl_easy_strerror(rules.first_bad));
    return 0;
}

/* ---- what became of it ---- */

/* What curl says of a failure names the host and at times quotes what the server sent: printable
 * ASCII is kept of it. */
static void explain(struct abp_http_answer *answer, const struct exchange *x, CURLcode code)
{
    const char *text = x->fault            ? x->fault
                       : *x->client->fault ? x->client->fault
                       : code == CURLE_OK  ? "the answer was not whole, or no HTTP answer"
                                           : curl_easy_strerror(code);
    size_t len = 0;
    for (; *text && len + 1 < sizeof answer->why; text++)
        answer->why[len++] = (char)(*text >= 0x20 && *text < 0x7F ? *text : '?');
    answer->why[len] = '\0';
}

static void settle(struct exchange *x, CURLcode code)
{
    struct abp_http_answer *answer = x->answer;
    long status = 0;
    curl_easy_getinfo(x->client->curl, CURLINFO_RESPONSE_CODE, &status);
    /* curl takes an answer that breaks off between its headers for a whole one. */
    if (code == CURLE_OK && x->begun && x->head_ended && status >= 100 && status <= 599) {
        answer->fate = ABP_HTTP_ANSWERED;
        answer->status = status;
        return;
    }
    answer->fate = x->begun ? ABP_HTTP_LOST : ABP_HTTP_NOT_SENT;
    explain(answer, x, code);
    abp_buffer_reset(&answer->headers);
    abp_buffer_reset(&answer->body);
}

static int exchange(struct abp_http *http, struct abp_http_answer *answer,
                    const struct abp_http_request *request, struct abp_error *err)
{
    struct client *client = (struct client *)http; /* its first member */
    struct exchange x = {.client = client, .request = request, .answer = answer, .length = -1};
    abp_buffer_reset(&answer->headers);
    abp_buffer_reset(&answer->body);
    answer->fate = ABP_HTTP_NOT_SENT;
    answer->status = 0;
    *answer->why = *client->fault = '\0';
    int rc = prepare(&x, err);
    if (rc == 0)
        settle(&x, curl_easy_perform(client->curl));
    curl_easy_reset(client->curl); /* keeps the connections, forgets the rest */
    curl_mime_free(x.mime);
    curl_slist_free_all(x.headers);
    abp_http_url_release(&x.url);
    return rc;
}

static void close_client(struct abp_http *http)
{
    struct client *client = (struct client *)http;
    if (!client)
        return;
    curl_easy_cleanup(client->curl);
    free(client);
}

/* ---- making one ---- */

/* Two threads must not do it at once. When it fails, so does curl_easy_init. */
static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int open_client(struct abp_http **http, void *context, struct abp_error *err)
{
    static pthread_once_t started = PTHREAD_ONCE_INIT;
    pthread_once(&started, start_curl);
    struct client *client = calloc(1, sizeof *client);
    CURL *curl = client ? curl_easy_init() : NULL;
    if (!curl) {
        free(client);
        return abp_fail_memory(err);
    }
    client->http.exchange = exchange;
    client->http.close = close_client;
    client->curl = curl;
    client->ca = context;
    *http = &client->http;
    return 0;
}

const struct abp_http_factory *abp_http_curl(void)
{
    static const struct abp_http_factory factory = {.open = open_client};
    return &factory;
}
