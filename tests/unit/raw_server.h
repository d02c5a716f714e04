/* A server of the worst kind on 127.0.0.1: it reads as much of a request as its script says, sends
 * the bytes of the script, whatever they are, and does with the connection what the script says.
 * It counts what it saw, so that a test can tell what really arrived. */
#ifndef RAW_SERVER_H
#define RAW_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>

enum raw_when { AT_ACCEPT, AT_HEADERS, AT_BODY }; /* what is read before the script goes on */
enum raw_then { THEN_CLOSE, THEN_RESET, THEN_KEEP, THEN_HANG };

struct raw_step {
    enum raw_when when;
    const char *answer; /* sent first */
    size_t len;         /* 0: strlen(answer) */
    const char *again;  /* then this, until the client has enough */
    int pause_ms;       /* between two of `again` */
    enum raw_then then;
};

#define RAW_CONNECTIONS 64

struct raw_server {
    int listener, port;
    const struct raw_step *steps; /* for the first request, the second, ...; the last repeats */
    size_t step_count;
    int bare; /* 1: the step is chosen when a connection is accepted */
    pthread_t thread;
    pthread_mutex_t lock;
    int stopping;
    int accepted, heads, bodies, open; /* connections; requests whose headers, whose all, came */
    int fds[RAW_CONNECTIONS];
    char last[65536]; /* the newest request, as text */
};

struct raw_connection {
    struct raw_server *server;
    int fd;
};

static inline long raw_length(const char *head)
{
    for (const char *line = head; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncasecmp(line, "content-length:", 15) == 0)
            return strtol(line + 15, NULL, 10);
        if (!strchr(line, '\n'))
            break;
    }
    return 0;
}

/* 0: as much as `when` asks for has come; -1: the client has gone. */
static inline int raw_read(struct raw_server *server, int fd, enum raw_when when)
{
    char text[65536];
    size_t len = 0, want = 0;
    while (want == 0 || len < want) {
        ssize_t n = len < sizeof text - 1 ? recv(fd, text + len, sizeof text - 1 - len, 0) : 0;
        if (n <= 0)
            return -1;
        len += (size_t)n;
        text[len] = '\0';
        char *end = strstr(text, "\r\n\r\n");
        if (!end || want)
            continue;
        want = (size_t)(end + 4 - text);
        pthread_mutex_lock(&server->lock);
        server->heads++;
        pthread_mutex_unlock(&server->lock);
        if (when == AT_HEADERS)
            return 0;
        want += (size_t)raw_length(text);
    }
    pthread_mutex_lock(&server->lock);
    server->bodies++;
    memcpy(server->last, text, len + 1);
    pthread_mutex_unlock(&server->lock);
    return 0;
}

static inline int raw_send(int fd, const char *bytes, size_t len)
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

static inline int raw_stopping(struct raw_server *server)
{
    pthread_mutex_lock(&server->lock);
    int stopping = server->stopping;
    pthread_mutex_unlock(&server->lock);
    return stopping;
}

static inline void raw_endless(struct raw_server *server, int fd, const struct raw_step *step)
{
    while (!raw_stopping(server) && raw_send(fd, step->again, strlen(step->again)) == 0)
        if (step->pause_ms)
            poll(NULL, 0, step->pause_ms);
}

/* The script for the next request; counted by whole requests that were read before it. */
static inline const struct raw_step *raw_step(struct raw_server *server)
{
    pthread_mutex_lock(&server->lock);
    size_t n = (size_t)(server->bare ? server->accepted - 1 : server->heads);
    pthread_mutex_unlock(&server->lock);
    return &server->steps[n < server->step_count ? n : server->step_count - 1];
}

/* One step; 1: the connection stays. */
static inline int raw_serve(struct raw_server *server, int fd)
{
    const struct raw_step *step = raw_step(server);
    struct linger now = {.l_onoff = 1};
    char byte;
    if (step->when != AT_ACCEPT && raw_read(server, fd, step->when) != 0)
        return 0;
    if (step->answer)
        raw_send(fd, step->answer, step->len ? step->len : strlen(step->answer));
    if (step->again)
        raw_endless(server, fd, step);
    if (step->then == THEN_RESET)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    if (step->then == THEN_HANG)
        while (recv(fd, &byte, 1, 0) > 0)
            continue;
    return step->then == THEN_KEEP;
}

static inline void *raw_connection_run(void *context)
{
    struct raw_connection *connection = context;
    struct raw_server *server = connection->server;
    while (raw_serve(server, connection->fd))
        continue;
    pthread_mutex_lock(&server->lock);
    for (int i = 0; i < RAW_CONNECTIONS; i++)
        if (server->fds[i] == connection->fd)
            server->fds[i] = -1;
    close(connection->fd);
    server->open--;
    pthread_mutex_unlock(&server->lock);
    free(connection);
    return NULL;
}

static inline void raw_accepted(struct raw_server *server, int fd)
{
    pthread_t thread;
    struct raw_connection *connection = calloc(1, sizeof *connection);
    int slot = 0;
    if (!connection)
        abort();
    connection->server = server;
    connection->fd = fd;
    pthread_mutex_lock(&server->lock);
    while (slot < RAW_CONNECTIONS && server->fds[slot] >= 0)
        slot++;
    if (slot == RAW_CONNECTIONS)
        abort();
    server->fds[slot] = fd;
    server->accepted++;
    server->open++;
    pthread_mutex_unlock(&server->lock);
    if (pthread_create(&thread, NULL, raw_connection_run, connection) != 0)
        abort();
    pthread_detach(thread);
}

static inline void *raw_run(void *context)
{
    struct raw_server *server = context;
    for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0;)
        raw_accepted(server, fd);
    return NULL;
}

static inline int raw_listen(int *port, int backlog)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, backlog), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static inline void raw_start(struct raw_server *server, const struct raw_step *steps, size_t count)
{
    memset(server, 0, sizeof *server);
    for (int i = 0; i < RAW_CONNECTIONS; i++)
        server->fds[i] = -1;
    server->steps = steps;
    server->step_count = count;
    server->bare = steps[0].when == AT_ACCEPT;
    server->listener = raw_listen(&server->port, 64);
    pthread_mutex_init(&server->lock, NULL);
    assert_int_equal(pthread_create(&server->thread, NULL, raw_run, server), 0);
}

/* Ends every connection and waits until nothing of it runs. */
static inline void raw_stop(struct raw_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
    for (int left = 1; left;) {
        pthread_mutex_lock(&server->lock);
        server->stopping = 1;
        left = server->open;
        for (int i = 0; i < RAW_CONNECTIONS; i++)
            if (server->fds[i] >= 0)
                shutdown(server->fds[i], SHUT_RDWR);
        pthread_mutex_unlock(&server->lock);
        if (left)
            poll(NULL, 0, 2);
    }
    pthread_mutex_destroy(&server->lock);
}

#endif
