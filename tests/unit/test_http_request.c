/* What the HTTP client puts on the wire, and what it refuses to. */
#include "abpost/http_curl.h"
#include "channels/http_url.h"
#include "raw_server.h"
#include "store_scratch.h"

#include <signal.h>

#define OK_ANSWER "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  two \r\nContent-Length: 5\r\n\r\nhello"

static const struct raw_step echo = {AT_BODY, OK_ANSWER, 0, NULL, 0, THEN_KEEP};

static struct abp_http *client(void)
{
    struct abp_http *http = NULL;
    struct abp_error err = {0};
    assert_int_equal(abp_http_curl()->open(&http, NULL, &err), 0);
    return http;
}

/* ---- refused before anything is sent ---- */

static void refuse(const struct abp_http_request *request, enum abp_code code)
{
    struct abp_http *http = client();
    struct abp_http_answer answer;
    struct abp_error err = {0};
    abp_http_answer_init(&answer);
    int rc = http->exchange(http, &answer, request, &err);
    if (rc != -1)
        fail_msg("%s %s was sent: %d %s", request->method, request->url, (int)answer.fate,
                 answer.why);
    assert_int_equal(err.code, code);
    assert_null(strstr(err.message, "s3cr3t"));
    assert_int_equal(answer.fate, ABP_HTTP_NOT_SENT);
    abp_http_answer_release(&answer);
    http->close(http);
}

static void test_addresses(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "x",
                                      "/xrpc/a",
                                      "//host/a",
                                      "host/a",
                                      "ftp://127.0.0.1/",
                                      "file:///etc/passwd",
                                      "gopher://127.0.0.1/",
                                      "http://example.com/",
                                      "http://10.0.0.1/",
                                      "http://0.0.0.0/",
                                      "http://localhost.example.com/",
                                      "http://127.0.0.1.example.com/",
                                      "http://128.0.0.1/",
                                      "http://2130706434.example/",
                                      "http://[::2]/",
                                      "http://[::ffff:10.0.0.1]/",
                                      "http://user:s3cr3t@127.0.0.1/",
                                      "https://user:s3cr3t@example.com/",
                                      "https://s3cr3t@example.com/",
                                      "https://example.com/a b",
                                      "https://example.com/\r\nX: 1",
                                      "https://example.com/\xC3\xA9",
                                      "https://example.com:99999/",
                                      "https:///a",
                                      "https:/a/b",
                                      "https:a",
                                      "https://"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct abp_http_request request = {.method = "GET", .url = bad[i]};
        refuse(&request, ABP_DATA);
    }
}

static void test_machine(void **state)
{
    (void)state;
    static const char *const mine[] = {"http://127.0.0.1:1/",  "http://localhost/",
                                       "http://LOCALHOST/",    "http://[::1]:80/",
                                       "http://127.255.0.3/x", "https://127.0.0.1/"};
    static const char *const others[] = {"https://example.com/", "https://[::2]/",
                                         "https://localhost.example.com/"};
    struct abp_error err = {0};
    for (size_t i = 0; i < 9; i++) {
        struct abp_http_url url;
        assert_int_equal(abp_http_url_read(&url, i < 6 ? mine[i] : others[i - 6], &err), 0);
        assert_int_equal(url.to_machine, i < 6);
        abp_http_url_release(&url);
    }
}

static void test_what_is_no_request(void **state)
{
    (void)state;
    static const char *const methods[] = {"", "get", "GE T", "GET\r\nX: 1"};
    static const char *const headers[] = {
        "",   "X",      "X:",           "X:  ", ": s3cr3t", "X\r\nY: 1", "X: s3cr3t\nY: 1",
        "X;", "X Y: 1", "X: s3cr3t\r\n"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        struct abp_http_request request = {.method = methods[i], .url = "https://example.com/"};
        refuse(&request, ABP_BUG);
    }
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct abp_http_request request = {.method = "POST",
                                           .url = "http://127.0.0.1:1/",
                                           .headers = &headers[i],
                                           .header_count = 1};
        refuse(&request, ABP_BUG);
    }
    struct abp_http_request body = {
        .method = "GET", .url = "http://127.0.0.1:1/", .body = "x", .body_len = 1};
    refuse(&body, ABP_BUG);
    struct abp_http_request type = {
        .method = "POST", .url = "http://127.0.0.1:1/", .content_type = "a/b\r\nX: 1"};
    refuse(&type, ABP_BUG);
}

/* ---- on the wire ---- */

/* What arrived, for a request whose URL is path on the server. */
static const char *send_it(struct raw_server *server, struct abp_http_request *request,
                           const char *path)
{
    static char seen[65536];
    char url[200], value[20];
    struct abp_http *http = client();
    struct abp_http_answer answer;
    struct abp_error err = {0};
    raw_start(server, &echo, 1);
    snprintf(url, sizeof url, "http://localhost:%d%s", server->port, path);
    request->url = url;
    abp_http_answer_init(&answer);
    assert_int_equal(http->exchange(http, &answer, request, &err), 0);
    if (answer.fate != ABP_HTTP_ANSWERED)
        print_message("%s\n", answer.why);
    assert_int_equal(answer.fate, ABP_HTTP_ANSWERED);
    assert_string_equal(abp_http_header(value, sizeof value, &answer, "X-a"), "two");
    assert_string_equal(abp_http_header(value, 3, &answer, "X-a"), "tw");
    assert_null(abp_http_header(value, sizeof value, &answer, "X"));
    abp_http_answer_release(&answer);
    http->close(http);
    raw_stop(server);
    snprintf(seen, sizeof seen, "%s", server->last);
    return seen;
}

static void test_post(void **state)
{
    (void)state;
    struct raw_server server;
    static const char *const headers[] = {"Authorization: Bearer t", "Idempotency-Key: k"};
    struct abp_http_request request = {.method = "POST",
                                       .headers = headers,
                                       .header_count = 2,
                                       .body = "{\"a\":1}",
                                       .body_len = 7,
                                       .content_type = "application/json"};
    char expected[500], host[100];
    const char *seen = send_it(&server, &request, "/a?b=c%20d");
    snprintf(host, sizeof host, "Host: localhost:%d", server.port);
    snprintf(expected, sizeof expected,
             "POST /a?b=c%%20d HTTP/1.1\r\n%s\r\nUser-Agent: abpost/" ABPOST_VERSION
             "\r\nAccept: */*\r\nAuthorization: Bearer t\r\nIdempotency-Key: k\r\n"
             "Content-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}",
             host);
    assert_string_equal(seen, expected);
}

static void test_other_methods(void **state)
{
    (void)state;
    struct raw_server server;
    static const char *const methods[] = {"GET", "DELETE", "PUT", "POST"};
    for (size_t i = 0; i < 4; i++) {
        char start[20];
        struct abp_http_request request = {.method = methods[i]};
        const char *seen = send_it(&server, &request, "/");
        snprintf(start, sizeof start, "%s / HTTP/1.1\r\n", methods[i]);
        assert_memory_equal(seen, start, strlen(start));
        assert_null(strstr(seen, "Content-Type"));
        assert_null(strstr(seen, "Expect"));
        assert_null(strstr(seen, "Accept-Encoding"));
        assert_true(i == 0 || strstr(seen, "Content-Length: 0\r\n"));
    }
}

static void test_parts(void **state)
{
    (void)state;
    struct raw_server server;
    const struct abp_http_part parts[] = {{"description", NULL, NULL, "At dawn", 7},
                                          {"file", "a\"b.png", "image/png", "\x89PNG", 4},
                                          {"empty", NULL, NULL, NULL, 0}};
    struct abp_http_request request = {.method = "POST", .parts = parts, .part_count = 3};
    const char *seen = send_it(&server, &request, "/media");
    assert_non_null(strstr(seen, "Content-Type: multipart/form-data; boundary="));
    assert_non_null(
        strstr(seen, "Content-Disposition: form-data; name=\"description\"\r\n\r\nAt dawn\r\n"));
    assert_non_null(strstr(seen,
                           "Content-Disposition: form-data; name=\"file\"; "
                           "filename=\"a%22b.png\"\r\nContent-Type: image/png\r\n\r\n\x89PNG"));
    assert_non_null(strstr(seen, "name=\"empty\"\r\n\r\n\r\n--"));
    assert_null(strstr(seen, "Expect"));
}

static void test_large_body(void **state)
{
    /* Beyond the size from which curl would ask first whether it may send. */
    (void)state;
    struct raw_server server;
    static char body[60000];
    memset(body, 'x', sizeof body - 1);
    struct abp_http_request request = {
        .method = "POST", .body = body, .body_len = sizeof body - 1, .content_type = "image/png"};
    const char *seen = send_it(&server, &request, "/");
    assert_null(strstr(seen, "Expect"));
    assert_string_equal(strstr(seen, "\r\n\r\n") + 4, body);
}

/* ---- what the surroundings would have it do ---- */

static void test_no_proxy_to_this_machine(void **state)
{
    (void)state;
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"};
    struct raw_server server, proxy;
    char address[100];
    raw_start(&proxy, &echo, 1);
    snprintf(address, sizeof address, "http://127.0.0.1:%d", proxy.port);
    for (size_t i = 0; i < 4; i++)
        setenv(names[i], address, 1);
    struct abp_http_request request = {.method = "GET"};
    send_it(&server, &request, "/");
    for (size_t i = 0; i < 4; i++)
        unsetenv(names[i]);
    raw_stop(&proxy);
    assert_int_equal(proxy.accepted, 0);
    assert_int_equal(server.bodies, 1);
}

/* Elsewhere a proxy is asked for a tunnel, and sees nothing of the request. */
static void test_proxy_sees_nothing(void **state)
{
    (void)state;
    static const struct raw_step refuse_tunnel = {
        AT_BODY, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 0, NULL, 0, THEN_CLOSE};
    static const char *const headers[] = {"Authorization: Bearer s3cr3t"};
    struct raw_server proxy;
    struct abp_http_answer answer;
    struct abp_error err = {0};
    char address[100];
    struct abp_http *http = client();
    raw_start(&proxy, &refuse_tunnel, 1);
    snprintf(address, sizeof address, "http://127.0.0.1:%d", proxy.port);
    setenv("https_proxy", address, 1);
    struct abp_http_request request = {.method = "POST",
                                       .url = "https://social.invalid/api/v1/statuses",
                                       .headers = headers,
                                       .header_count = 1,
                                       .body = "s3cr3t",
                                       .body_len = 6};
    abp_http_answer_init(&answer);
    assert_int_equal(http->exchange(http, &answer, &request, &err), 0);
    unsetenv("https_proxy");
    raw_stop(&proxy);
    assert_int_equal(answer.fate, ABP_HTTP_NOT_SENT);
    assert_int_equal(proxy.bodies, 1);
    assert_memory_equal(proxy.last, "CONNECT social.invalid:443 ", 27);
    assert_null(strstr(proxy.last, "s3cr3t"));
    abp_http_answer_release(&answer);
    http->close(http);
}

static void test_no_netrc(void **state)
{
    struct scratch *s = *state;
    struct raw_server server;
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    scratch_write(s, ".netrc", "machine localhost login me password s3cr3t\n");
    setenv("HOME", s->folder, 1);
    struct abp_http_request request = {.method = "GET"};
    const char *seen = send_it(&server, &request, "/");
    assert_null(strstr(seen, "Authorization"));
    if (home)
        setenv("HOME", home, 1);
    free(home);
}

static void test_no_cookies(void **state)
{
    (void)state;
    static const struct raw_step steps[] = {
        {AT_BODY, "HTTP/1.1 200 OK\r\nSet-Cookie: id=s3cr3t\r\nContent-Length: 0\r\n\r\n", 0, NULL,
         0, THEN_KEEP}};
    struct raw_server server;
    struct abp_http *http = client();
    struct abp_error err = {0};
    char url[100];
    raw_start(&server, steps, 1);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/", server.port);
    for (int i = 0; i < 2; i++) {
        static const char *const headers[] = {"X-Once: 1"};
        struct abp_http_answer answer;
        struct abp_http_request request = {
            .method = "GET", .url = url, .headers = headers, .header_count = i == 0};
        abp_http_answer_init(&answer);
        assert_int_equal(http->exchange(http, &answer, &request, &err), 0);
        assert_int_equal(answer.fate, ABP_HTTP_ANSWERED);
        abp_http_answer_release(&answer);
    }
    http->close(http);
    raw_stop(&server);
    assert_null(strstr(server.last, "Cookie"));
    assert_null(strstr(server.last, "X-Once"));
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_machine),
        cmocka_unit_test(test_what_is_no_request),
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_other_methods),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_no_proxy_to_this_machine),
        cmocka_unit_test(test_proxy_sees_nothing),
        cmocka_unit_test_setup_teardown(test_no_netrc, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_no_cookies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
