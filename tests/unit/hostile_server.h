/* Starts tests/servers/hostile for a unit test and talks to it (tests/servers/README.md). */
#ifndef HOSTILE_SERVER_H
#define HOSTILE_SERVER_H

#include "abpost/http_curl.h"

#include <sys/wait.h>

#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct hostile_server {
    pid_t pid;
    int port;
    char url[64];          /* "http://127.0.0.1:PORT" */
    struct abp_http *http; /* owned; this test's own client */
};

/* options: NULL-terminated, without the program's name; may be NULL. */
static inline void hostile_start(struct hostile_server *server, const char *const *options)
{
    const char *args[32] = {HOSTILE};
    union {
        const char *const *ours;
        char *const *theirs; /* execv() changes nothing, but does not say so */
    } argv = {.ours = args};
    char line[16] = "";
    int ends[2];
    struct abp_error err = {0};
    const struct abp_http_factory *factory = abp_http_curl();
    for (size_t i = 0; options && options[i]; i++)
        args[i + 1] = options[i];
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    server->pid = fork();
    if (server->pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv(HOSTILE, argv.theirs);
        _exit(127);
    }
    close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    assert_non_null(from);
    assert_non_null(fgets(line, sizeof line, from));
    fclose(from);
    server->port = (int)strtol(line, NULL, 10);
    assert_true(server->port > 0);
    snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d", server->port);
    assert_int_equal(factory->open(&server->http, factory->context, &err), 0);
}

static inline void hostile_stop(struct hostile_server *server)
{
    server->http->close(server->http);
    kill(server->pid, SIGTERM);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
}

/* One exchange. headers: NULL-terminated; may be NULL. The caller releases answer. */
static inline void hostile_ask(struct abp_http_answer *answer, const struct hostile_server *server,
                               struct abp_http *http, const char *method, const char *path,
                               const char *const *headers, const char *body)
{
    char url[8000];
    struct abp_error err = {0};
    size_t count = 0;
    while (headers && headers[count])
        count++;
    snprintf(url, sizeof url, "%s%s", server->url, path);
    struct abp_http_request request = {.method = method,
                                       .url = url,
                                       .headers = headers,
                                       .header_count = count,
                                       .body = body,
                                       .body_len = body ? strlen(body) : 0,
                                       .content_type = body ? "application/json" : NULL,
                                       .timeout_ms = 3000};
    abp_http_answer_init(answer);
    assert_int_equal(http->exchange(http, answer, &request, &err), 0);
}

/* Tells the server something: POST, or DELETE when text is NULL. It must be understood. */
static inline void hostile_tell(const struct hostile_server *server, const char *path,
                                const char *text)
{
    struct abp_http_answer answer;
    hostile_ask(&answer, server, server->http, text ? "POST" : "DELETE", path, NULL, text);
    assert_int_equal(answer.fate, ABP_HTTP_ANSWERED);
    assert_int_equal(answer.status, 200);
    abp_http_answer_release(&answer);
}

/* What it remembers; the caller ends it with json_decref. */
static inline json_t *hostile_state(const struct hostile_server *server)
{
    struct abp_http_answer answer;
    hostile_ask(&answer, server, server->http, "GET", "/_state", NULL, NULL);
    assert_int_equal(answer.fate, ABP_HTTP_ANSWERED);
    json_t *state = json_loadb(abp_buffer_text(&answer.body), answer.body.len, 0, NULL);
    assert_non_null(state);
    abp_http_answer_release(&answer);
    return state;
}

/* Posts that were ever committed. */
static inline size_t hostile_posts(const struct hostile_server *server)
{
    json_t *state = hostile_state(server);
    size_t count = json_array_size(json_object_get(state, "posts"));
    json_decref(state);
    return count;
}

#endif
