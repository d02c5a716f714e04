#include "hostile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
    struct hostile *server;
    int fd;
};

static void answer_init(struct answer *a)
{
    memset(a, 0, sizeof *a);
    abp_buffer_init(&a->raw, 1 << 20);
    abp_buffer_init(&a->headers, 1 << 16);
}

static void answer_release(struct answer *a)
{
    json_decref(a->json);
    abp_buffer_release(&a->raw);
    abp_buffer_release(&a->headers);
}

static void log_request(struct hostile *h, const struct request *q, const struct fault *fault,
                        const struct answer *a)
{
    char line[600];
    snprintf(line, sizeof line, "%.15s %.400s", q->method, q->path);
    json_int_t before = json_integer_value(json_object_get(h->tally, line));
    json_object_set_new(h->tally, line, json_integer(before + 1));
    int len = snprintf(line, sizeof line, "%lld %.15s %.400s %d fault=%d\n",
                       (long long)hostile_now(h), q->method, q->path, a->status, (int)fault->kind);
    if (h->log >= 0 && write(h->log, line, (size_t)len) != len)
        abort();
}

/* What the request does, if it is to do anything. */
static void carry_out(struct answer *a, struct hostile *h, const struct request *q,
                      const struct fault *fault)
{
    if (q->path[0] == '/' && q->path[1] == '_')
        control_serve(a, h, q);
    else if (!fault->commit)
        faults_answer(a, h, fault, q);
    else if (strncmp(q->path, "/xrpc/", 6) == 0)
        bluesky_serve(a, h, q, fault);
    else
        mastodon_serve(a, h, q, fault);
}

/* 1: nothing is said. */
static int is_silent(const struct fault *fault)
{
    return fault->kind == FAULT_DROP || fault->kind == FAULT_RESET ||
           (fault->kind == FAULT_HANG && !fault->commit);
}

/* The bytes to send. 1: then more, without an end. */
static int build_answer(struct abp_buffer *out, struct answer *a, struct hostile *h,
                        const struct fault *fault, const struct request *q)
{
    static const unsigned other = 1u << FAULT_STATUS | 1u << FAULT_LIMIT | 1u << FAULT_EXPIRED |
                                  1u << FAULT_DUPLICATE | 1u << FAULT_GONE;
    if (fault->kind == FAULT_GARBAGE)
        return garbage_answer(out, h, fault, a, q);
    if (fault->commit && (other >> fault->kind & 1u)) {
        pthread_mutex_lock(&h->lock);
        faults_answer(a, h, fault, q);
        pthread_mutex_unlock(&h->lock);
    }
    wire_format(out, a);
    return 0;
}

/* 1: the connection may be used again. */
static int send_answer(struct hostile *h, int fd, const struct fault *fault, struct answer *a,
                       const struct request *q)
{
    struct linger now = {.l_onoff = 1};
    struct abp_buffer out;
    int stays = 0;
    if (fault->kind == FAULT_HANG)
        wire_sleep(fault->seconds);
    /* Before the answer: whoever has it may ask for more at once. */
    pthread_mutex_lock(&h->lock);
    h->busy -= q->path[1] != '_';
    pthread_mutex_unlock(&h->lock);
    if (fault->kind == FAULT_RESET)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (is_silent(fault))
        return 0;
    abp_buffer_init(&out, (size_t)64 << 20);
    int goes_on = build_answer(&out, a, h, fault, q);
    if (fault->kind == FAULT_SLOW)
        wire_drip(fd, out.data, out.len, fault->seconds);
    else
        stays = wire_send(fd, out.data, fault->kind == FAULT_HALF ? out.len / 2 : out.len) == 0;
    while (goes_on)
        goes_on = wire_send(fd, "X-More: 0123456789\r\n", 20) == 0;
    abp_buffer_release(&out);
    return stays && fault->kind != FAULT_HALF && fault->kind != FAULT_GARBAGE;
}

static int wants_close(const struct request *q)
{
    char value[32];
    return strcasecmp(wire_header(value, sizeof value, q, "Connection"), "close") == 0;
}

static int serve_one(struct hostile *h, int fd, struct abp_buffer *pending)
{
    struct request q;
    struct answer a;
    struct fault fault = {.kind = FAULT_NONE, .commit = 1};
    int stays = wire_read(&q, fd, pending);
    answer_init(&a);
    if (stays) {
        pthread_mutex_lock(&h->lock);
        if (q.path[1] != '_') {
            faults_pick(&fault, h, &q);
            h->busy++;
            h->peak = h->busy > h->peak ? h->busy : h->peak;
        }
        pthread_mutex_unlock(&h->lock);
        if (fault.kind == FAULT_LATE)
            wire_sleep(fault.seconds);
        pthread_mutex_lock(&h->lock);
        carry_out(&a, h, &q, &fault);
        log_request(h, &q, &fault, &a);
        pthread_mutex_unlock(&h->lock);
        stays = send_answer(h, fd, &fault, &a, &q) && !wants_close(&q);
    }
    answer_release(&a);
    wire_release(&q);
    return stays;
}

static void *serve(void *context)
{
    struct connection *connection = context;
    struct hostile *h = connection->server;
    struct abp_buffer pending;
    struct fault fault;
    abp_buffer_init(&pending, (size_t)64 << 20);
    pthread_mutex_lock(&h->lock);
    faults_pick(&fault, h, NULL);
    pthread_mutex_unlock(&h->lock);
    while (fault.kind != FAULT_DROP_UNREAD && serve_one(h, connection->fd, &pending))
        continue;
    close(connection->fd);
    abp_buffer_release(&pending);
    free(connection);
    return NULL;
}

static void accept_for_ever(struct hostile *h, int listener)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (;;) {
        pthread_t thread;
        int yes = 1, fd = accept(listener, NULL, NULL);
        struct connection *connection = fd >= 0 ? calloc(1, sizeof *connection) : NULL;
        if (!connection) {
            wire_sleep(0.01); /* out of descriptors: some will close */
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connection->server = h;
        connection->fd = fd;
        if (pthread_create(&thread, &attributes, serve, connection) != 0) {
            close(fd);
            free(connection);
        }
    }
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 512) != 0 || getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
        perror("hostile: listen");
        exit(1);
    }
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

/* ---- starting ---- */

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    struct abp_buffer text;
    char line[1000];
    if (!file) {
        perror(path);
        exit(1);
    }
    abp_buffer_init(&text, 1 << 20);
    while (fgets(line, sizeof line, file))
        abp_buffer_add(&text, line);
    fclose(file);
    return text.data ? text.data : strdup("");
}

static void read_faults(struct hostile *h, const char *path)
{
    char *text = read_file(path);
    const char *wrong = faults_add(h, text);
    if (wrong) {
        fprintf(stderr, "hostile: no rule: %.*s\n", (int)strcspn(wrong, "\n"), wrong);
        exit(2);
    }
    free(text);
}

static int open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0) {
        perror(path);
        exit(1);
    }
    return fd;
}

static void start(struct hostile *h)
{
    memset(h, 0, sizeof *h);
    pthread_mutex_init(&h->lock, NULL);
    h->password = "app-password";
    h->host = "social.test";
    h->fixed_now = -1;
    h->random = 1;
    h->key_window = 3600;
    h->text_limit = 500;
    h->journal = h->log = -1;
    json_t **objects[] = {&h->index, &h->sessions, &h->logins, &h->requests,
                          &h->blobs, &h->media,    &h->keys,   &h->tally};
    for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
        *objects[i] = json_object();
}

/* An option and its value; 0 when there is no such option. */
static int set_option(struct hostile *h, int *port, const char *name, const char *value)
{
    if (strcmp(name, "--port") == 0)
        *port = (int)strtol(value, NULL, 10);
    else if (strcmp(name, "--journal") == 0)
        h->journal = open_file(value);
    else if (strcmp(name, "--log") == 0)
        h->log = open_file(value);
    else if (strcmp(name, "--faults") == 0)
        read_faults(h, value);
    else if (strcmp(name, "--seed") == 0)
        h->random = strtoull(value, NULL, 10);
    else if (strcmp(name, "--now") == 0)
        h->fixed_now = strtoll(value, NULL, 10);
    else if (strcmp(name, "--key-window") == 0)
        h->key_window = strtoll(value, NULL, 10);
    else if (strcmp(name, "--limit") == 0)
        h->limit = strtol(value, NULL, 10);
    else if (strcmp(name, "--text-limit") == 0)
        h->text_limit = strtol(value, NULL, 10);
    else if (strcmp(name, "--password") == 0)
        h->password = value;
    else if (strcmp(name, "--host") == 0)
        h->host = value;
    else
        return 0;
    return 1;
}

int main(int argc, char **argv)
{
    static struct hostile server;
    int port = 0;
    signal(SIGPIPE, SIG_IGN);
    start(&server);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--careless") == 0) {
            server.careless = 1;
        } else if (i + 1 >= argc || !set_option(&server, &port, argv[i], argv[i + 1])) {
            fprintf(stderr, "hostile: no such option, or no value: %s\n", argv[i]);
            return 2;
        } else {
            i++;
        }
    }
    accept_for_ever(&server, listen_on(port));
}
