/* abpost check --online against a server that answers as a test wants: whom it lets in, what it
 * allows, and what the exit status says of it. */
#include "abpost/cli.h"
#include "cli_capture.h"
#include "store_scratch.h"

#include <sys/stat.h>

#define TOKEN "sEcReT-0123"

/* One answer to every request for the account, one to every other. */
struct server {
    long status; /* 0: nobody is there */
    const char *instance;
    int asked;
};

struct client {
    struct abp_http http;
    struct server *server; /* borrowed */
};

static int exchange(struct abp_http *http, struct abp_http_answer *answer,
                    const struct abp_http_request *request, struct abp_error *err)
{
    struct server *server = ((struct client *)http)->server;
    int account = strstr(request->url, "verify_credentials") != NULL;
    (void)err;
    assert_string_equal(request->method, "GET"); /* a check changes nothing */
    server->asked++;
    answer->fate = server->status ? ABP_HTTP_ANSWERED : ABP_HTTP_NOT_SENT;
    answer->status = account ? server->status : 200;
    snprintf(answer->why, sizeof answer->why, "nobody is there");
    if (!account)
        abp_buffer_add(&answer->body, server->instance);
    else
        abp_buffer_add(&answer->body, server->status == 200
                                          ? "{\"id\":\"7\",\"acct\":\"me\",\"username\":\"me\"}"
                                          : "{\"error\":\"The access token is invalid\"}");
    return 0;
}

static void close_client(struct abp_http *http)
{
    free(http);
}

static int open_client(struct abp_http **http, void *context, struct abp_error *err)
{
    struct client *client = calloc(1, sizeof *client);
    (void)err;
    assert_non_null(client);
    client->http.exchange = exchange;
    client->http.close = close_client;
    client->server = context;
    *http = &client->http;
    return 0;
}

static void write_workspace(struct scratch *s)
{
    static const char ini[] = "[abpost]\n[channel loud]\ntype = mastodon\n"
                              "server = https://example.social\ntoken = env:ONLINE_TOKEN\n"
                              "[channel idle]\ntype = mastodon\n"
                              "server = https://idle.example\ntoken = env:ONLINE_TOKEN\n";
    static const char experiment[] =
        "[experiment]\nchannels = loud\noutcome = replies\nbaseline = a\n"
        "[schedule]\nstart = 2026-12-01\ntimes = 09:00\n"
        "[variant a]\nposts = a*.txt\n[variant b]\nposts = b*.txt\n";
    scratch_write_bytes(s, "abpost.ini", ini, sizeof ini - 1);
    scratch_write_bytes(s, "x.ini", experiment, sizeof experiment - 1);
    scratch_write_bytes(s, "a1.txt", "twelve chars", 12);
    scratch_write_bytes(s, "b1.txt", "status: approved\n\nshort", 23);
    setenv("ONLINE_TOKEN", TOKEN, 1);
}

/* Runs abpost check OPTION x.ini there; what it says must hold `words`, and never the token. */
static void checks(struct scratch *s, struct server *server, const char *option, int status,
                   const char *words)
{
    char *argv[] = {(char[]){"abpost"}, (char[]){"-C"},    s->folder,
                    (char[]){"check"},  (char[]){"x.ini"}, strdup(option)};
    struct capture capture;
    struct abp_http_factory factory = {open_client, server};
    capture_begin(&capture);
    capture.env.http = &factory;
    server->asked = 0;
    int got = abp_cli_run(&capture.env, 6, argv);
    capture_end(&capture);
    if (got != status || !(strstr(capture.out, words) || strstr(capture.err, words)))
        fail_msg("%d, expected %d and '%s':\n%s%s", got, status, words, capture.out, capture.err);
    assert_null(strstr(capture.out, TOKEN));
    assert_null(strstr(capture.err, TOKEN));
    capture_release(&capture);
    free(argv[5]);
}

static void test_what_the_server_says(void **state)
{
    struct scratch *s = *state;
    struct server server = {.status = 200,
                            .instance = "{\"configuration\":{\"statuses\":{"
                                        "\"max_characters\":12}}}"};
    write_workspace(s);
    checks(s, &server, "--online", 0, "1 channel answered and let us in");
    assert_true(server.asked > 0);
    checks(s, &server, "--online", 0, "1 of 2 posts not approved yet");
    checks(s, &server, "-v", 0, "nothing wrong");
    assert_int_equal(server.asked, 0);
    /* Its own limit, not Mastodon's 500. */
    server.instance = "{\"configuration\":{\"statuses\":{\"max_characters\":11}}}";
    checks(s, &server, "--online", 65,
           "a1.txt: the text is too long for mastodon: 12 characters, where 11 are allowed");
    checks(s, &server, "-v", 0, "nothing wrong");
    server.status = 401;
    checks(s, &server, "--online", 3, "1 channel does not let us in");
    checks(s, &server, "--online", 3, "abpost.ini:2: ");
    server.status = 0;
    checks(s, &server, "--online", 69, "1 channel can't be reached");
    checks(s, &server, "--online", 69, "nobody is there");
    /* A mistake in a file comes first, and both are said. */
    scratch_write_bytes(s, "a1.txt", "meida: x\n\ny", 11);
    checks(s, &server, "--online", 65, "did you mean 'media'?");
    checks(s, &server, "--online", 65, "nobody is there");
    /* Without the secret nobody is asked. */
    setenv("ONLINE_TOKEN", "", 1);
    checks(s, &server, "--online", 65, "$ONLINE_TOKEN is not set");
    assert_int_equal(server.asked, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_the_server_says, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
