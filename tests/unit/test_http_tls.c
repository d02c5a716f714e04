/* TLS: only a server that proves to be the one that was asked for is told anything. */
#include "abpost/http_curl.h"
#include "raw_server.h"
#include "store_scratch.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <signal.h>

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
#define CUT    "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello"
#define OPEN                                                                                       \
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"half\":" /* ends with the connection           \
                                                              */

struct tls_server {
    SSL_CTX *context;
    const char *answer;
    int goodbye; /* 1: says that it has ended, as TLS has it */
    int listener, port;
    int shaken; /* handshakes */
    int heard;  /* bytes of requests */
    pthread_t thread;
};

static void *serve(void *argument)
{
    struct tls_server *server = argument;
    int fd = accept(server->listener, NULL, NULL);
    SSL *ssl = SSL_new(server->context);
    char bytes[4096];
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        server->shaken++;
        int n = SSL_read(ssl, bytes, sizeof bytes);
        server->heard += n > 0 ? n : 0;
        if (n > 0)
            SSL_write(ssl, server->answer, (int)strlen(server->answer));
        if (n > 0 && server->goodbye)
            SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    close(fd);
    return NULL;
}

/* A certificate that signs itself, for a name ("DNS:localhost", "IP:127.0.0.1"). */
static X509 *certificate(EVP_PKEY *key, const char *name, long from, long until)
{
    X509 *x = X509_new();
    X509V3_CTX context;
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), from);
    X509_gmtime_adj(X509_getm_notAfter(x), until);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"abpost test", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, NID_subject_alt_name, name);
    assert_non_null(extension);
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static void write_pem(const char *path, X509 *x)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, x), 1);
    fclose(file);
}

struct tls_case {
    const char *what, *name;
    long from, until; /* seconds from now */
    int trusted;
    const char *answer;
    int goodbye;
    enum abp_http_fate fate;
};

static const struct tls_case cases[] = {
    {"as it should be", "IP:127.0.0.1", -60, 3600, 1, ANSWER, 1, ABP_HTTP_ANSWERED},
    {"no certificate we trust", "IP:127.0.0.1", -60, 3600, 0, ANSWER, 1, ABP_HTTP_NOT_SENT},
    {"another's name", "IP:127.0.0.2", -60, 3600, 1, ANSWER, 1, ABP_HTTP_NOT_SENT},
    {"another's name", "DNS:example.com", -60, 3600, 1, ANSWER, 1, ABP_HTTP_NOT_SENT},
    {"expired", "IP:127.0.0.1", -3600, -60, 1, ANSWER, 1, ABP_HTTP_NOT_SENT},
    {"not valid yet", "IP:127.0.0.1", 3600, 7200, 1, ANSWER, 1, ABP_HTTP_NOT_SENT},
    {"an answer that ends in order", "IP:127.0.0.1", -60, 3600, 1, OPEN, 1, ABP_HTTP_ANSWERED},
    {"an answer without a length, cut", "IP:127.0.0.1", -60, 3600, 1, OPEN, 0, ABP_HTTP_ANSWERED},
    {"an answer with a length, cut", "IP:127.0.0.1", -60, 3600, 1, CUT, 0, ABP_HTTP_LOST},
};

static void ask(struct abp_http_answer *answer, int port, const char *ca)
{
    static const char *const headers[] = {"Authorization: Bearer s3cr3t"};
    char url[100], path[300];
    struct abp_http *http = NULL;
    struct abp_error err = {0};
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", port);
    snprintf(path, sizeof path, "%s", ca ? ca : "");
    struct abp_http_request request = {.method = "POST",
                                       .url = url,
                                       .headers = headers,
                                       .header_count = 1,
                                       .body = "once",
                                       .body_len = 4,
                                       .timeout_ms = 5000};
    assert_int_equal(abp_http_curl()->open(&http, ca ? path : NULL, &err), 0);
    abp_http_answer_init(answer);
    assert_int_equal(http->exchange(http, answer, &request, &err), 0);
    http->close(http);
}

static void run_case(struct scratch *s, const struct tls_case *one)
{
    struct tls_server server = {.answer = one->answer, .goodbye = one->goodbye};
    struct abp_http_answer answer;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = certificate(key, one->name, one->from, one->until);
    server.context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(server.context, x);
    SSL_CTX_use_PrivateKey(server.context, key);
    write_pem(scratch_path(s, "ca.pem"), x);
    server.listener = raw_listen(&server.port, 8);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
    ask(&answer, server.port, one->trusted ? scratch_path(s, "ca.pem") : NULL);
    pthread_join(server.thread, NULL);
    if (answer.fate != one->fate)
        fail_msg("%s: %d %s", one->what, (int)answer.fate, answer.why);
    assert_true((server.heard > 0) == (one->fate != ABP_HTTP_NOT_SENT));
    abp_http_answer_release(&answer);
    close(server.listener);
    SSL_CTX_free(server.context);
    X509_free(x);
    EVP_PKEY_free(key);
}

static void test_certificates(void **state)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        run_case(*state, &cases[i]);
}

/* A server without TLS sees the greeting of one, and nothing of the request. */
static void test_plain_server(void **state)
{
    static const struct raw_step step = {
        AT_ACCEPT, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0, NULL, 0, THEN_HANG};
    struct raw_server server;
    struct abp_http_answer answer;
    (void)state;
    raw_start(&server, &step, 1);
    ask(&answer, server.port, NULL);
    assert_int_equal(answer.fate, ABP_HTTP_NOT_SENT);
    abp_http_answer_release(&answer);
    raw_stop(&server);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_certificates, scratch_setup, scratch_teardown),
        cmocka_unit_test(test_plain_server),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
