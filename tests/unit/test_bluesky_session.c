/* Signing in and staying so: which tokens are used when, what is on the disk before, and whom an
 * answer may lead elsewhere. */
#include "bluesky_fake.h"

#include <signal.h>
#include <sys/resource.h>

#define PASSWORD_BODY "{\"identifier\":\"brand.example.com\",\"password\":\"" FAKE_PASSWORD "\"}"
#define GOOD          FAKE_SESSION(FAKE_ACCESS, FAKE_REFRESH)
#define NEWER         FAKE_SESSION("access.token-two.aaaa", "refresh.token-two.rrrr")
#define EXPIRED       "{\"error\":\"ExpiredToken\",\"message\":\"Token has expired\"}"
#define WRONG                                                                                      \
    "{\"error\":\"AuthenticationRequired\",\"message\":\"Invalid identifier or password\"}"
#define URL(path) "https://bsky.example/xrpc/com.atproto.server." path

static int check(struct fake *fake, struct abp_error *err)
{
    memset(err, 0, sizeof *err);
    int rc = fake->connection.ops->check(&fake->connection, err);
    fake_all_asked(fake);
    fake_no_secret(err->message);
    return rc;
}

static void is_request(const struct fake *fake, size_t i, const char *url,
                       const char *authorization, const char *body)
{
    const struct fake_request *seen = &fake->requests[i];
    assert_true(i < fake->request_count);
    assert_string_equal(seen->url, url);
    assert_string_equal(seen->authorization ? seen->authorization : "", authorization);
    assert_string_equal(seen->body ? seen->body : "", body);
}

static void read_kept(const struct fake *fake, char *text, size_t size)
{
    char path[400];
    struct stat st;
    fake_kept(fake, path, sizeof path);
    assert_int_not_equal(path[0], 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777u, 0600);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

/* The password once; then the kept session, also in the next run. */
static void test_kept(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    char kept[4096];
    fake_lay(fake, 200, NULL, GOOD);
    fake_lay(fake, 200, NULL, GOOD);
    assert_int_equal(check(fake, &err), 0);
    is_request(fake, 0, URL("createSession"), "", PASSWORD_BODY);
    is_request(fake, 1, URL("getSession"), "Bearer " FAKE_ACCESS, "");
    read_kept(fake, kept, sizeof kept);
    assert_non_null(strstr(kept, FAKE_REFRESH));
    assert_null(strstr(kept, FAKE_PASSWORD));

    fake_forget(fake);
    fake_reconnect(fake);
    fake_lay(fake, 200, NULL, GOOD);
    assert_int_equal(check(fake, &err), 0);
    is_request(fake, 0, URL("getSession"), "Bearer " FAKE_ACCESS, "");

    /* Another account does not inherit it. */
    fake_forget(fake);
    snprintf(fake->account, sizeof fake->account, "other.example.com");
    fake_reconnect(fake);
    fake_lay(fake, 401, NULL, WRONG);
    assert_int_equal(check(fake, &err), -1);
    is_request(fake, 0, URL("createSession"), "",
               "{\"identifier\":\"other.example.com\",\"password\":\"" FAKE_PASSWORD "\"}");
    fake_end(fake);
}

static void test_refresh(void **state)
{
    (void)state;
    static const char *const names[] = {"ExpiredToken", "InvalidToken"};
    for (size_t i = 0; i < 2; i++) {
        struct fake *fake = fake_start();
        struct abp_error err;
        char kept[4096], expired[100];
        snprintf(expired, sizeof expired, "{\"error\":\"%s\"}", names[i]);
        fake_sign_in(fake);
        fake_lay(fake, 400, NULL, expired);
        fake_lay(fake, 200, NULL, NEWER);
        fake_lay(fake, 200, NULL, NEWER);
        assert_int_equal(check(fake, &err), 0);
        is_request(fake, 1, URL("refreshSession"), "Bearer " FAKE_REFRESH, "");
        is_request(fake, 2, URL("getSession"), "Bearer access.token-two.aaaa", "");
        read_kept(fake, kept, sizeof kept);
        assert_non_null(strstr(kept, "refresh.token-two.rrrr"));
        assert_null(strstr(kept, FAKE_REFRESH));
        fake_end(fake);
    }
}

/* New tokens that can't be kept are not used: nobody would have them after the next crash. */
static void test_not_durable(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    struct rlimit before, none;
    char kept[4096];
    fake_sign_in(fake);
    fake_lay(fake, 400, NULL, EXPIRED);
    fake_lay(fake, 200, NULL, NEWER);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none = (struct rlimit){0, before.rlim_max}; /* the disk is full, for root too */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    int rc = fake->connection.ops->check(&fake->connection, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(rc, -1);
    fake_all_asked(fake); /* and nothing was asked with the new ones */
    read_kept(fake, kept, sizeof kept);
    assert_non_null(strstr(kept, FAKE_REFRESH));
    fake_end(fake);
}

/* Another process was faster: its tokens are taken, and no refresh token is spent. */
static void test_other_process(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    char path[400];
    fake_sign_in(fake);
    fake_kept(fake, path, sizeof path);
    static const char text[] =
        "{\"did\":\"" FAKE_DID "\",\"handle\":\"\",\"service\":\"https://bsky.example\","
        "\"accessJwt\":\"access.theirs\",\"refreshJwt\":\"refresh.theirs\"}";
    assert_int_equal(
        abp_keep_write(fake->root, strrchr(path, '/') + 1, text, sizeof text - 1, &err), 0);
    fake_lay(fake, 400, NULL, EXPIRED);
    fake_lay(fake, 200, NULL, GOOD);
    assert_int_equal(check(fake, &err), 0);
    is_request(fake, 1, URL("getSession"), "Bearer access.theirs", "");
    fake_end(fake);
}

/* The refresh token is of no use either: the password. And tokens that are refused the moment they
 * are given end in a person, not in a circle. */
static void test_password_again(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    fake_sign_in(fake);
    fake_lay(fake, 400, NULL, EXPIRED);
    fake_lay(fake, 400, NULL, EXPIRED);
    fake_lay(fake, 200, NULL, NEWER);
    fake_lay(fake, 400, NULL, EXPIRED);
    assert_int_equal(check(fake, &err), -1);
    assert_int_equal(err.code, ABP_PERSON);
    is_request(fake, 2, URL("createSession"), "", PASSWORD_BODY);
    fake_end(fake);
}

/* A refresh that got lost is not answered with the password: the old tokens stay where they are. */
static void test_refresh_lost(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    char kept[4096];
    fake_sign_in(fake);
    fake_lay(fake, 400, NULL, EXPIRED);
    fake_cut(fake, ABP_HTTP_LOST);
    assert_int_equal(check(fake, &err), -1);
    assert_int_equal(err.code, ABP_UNREACHABLE);
    read_kept(fake, kept, sizeof kept);
    assert_non_null(strstr(kept, FAKE_REFRESH));
    fake_end(fake);
}

struct login {
    long status;
    const char *headers, *body;
    enum abp_code code;
};

/* A refusal is not asked for again; and no answer that is not a whole session of the account is
 * taken for one. */
static void test_logins(void **state)
{
    (void)state;
    static const struct login logins[] = {
        {401, NULL, WRONG, ABP_PERSON},
        {401, NULL, "{\"error\":\"AuthFactorTokenRequired\"}", ABP_PERSON},
        {401, NULL, "{\"error\":\"AccountTakedown\"}", ABP_PERSON},
        {400, NULL, "{\"error\":\"InvalidRequest\",\"message\":\"identifier\"}", ABP_PERSON},
        {401, NULL, "{\"error\":\"X\",\"message\":\"No such password: " FAKE_PASSWORD "\"}",
         ABP_PERSON},
        {200, NULL,
         "{\"did\":\"" FAKE_DID "\",\"handle\":\"a.b\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\","
         "\"active\":false,\"status\":\"deactivated\"}",
         ABP_PERSON},
        {429, "RateLimit-Reset: 1796000100\n", "{\"error\":\"RateLimitExceeded\"}",
         ABP_UNREACHABLE},
        {500, NULL, "", ABP_UNREACHABLE},
        {302, "Location: https://other.example/\n", "", ABP_UNREACHABLE},
        {200, NULL, "", ABP_UNREACHABLE},
        {200, NULL, "{\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}", ABP_UNREACHABLE},
        {200, NULL, "{\"did\":\"nobody\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\"}",
         ABP_UNREACHABLE},
        {200, NULL, "{\"did\":\"" FAKE_DID "\",\"accessJwt\":7,\"refreshJwt\":\"r\"}",
         ABP_UNREACHABLE},
        {200, NULL, "{\"did\":\"" FAKE_DID "\",\"accessJwt\":\"a b\",\"refreshJwt\":\"r\"}",
         ABP_UNREACHABLE},
        {200, NULL, "{\"did\":\"" FAKE_DID "\",\"accessJwt\":\"a\\nX: y\",\"refreshJwt\":\"r\"}",
         ABP_UNREACHABLE},
    };
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
        struct fake *fake = fake_start();
        struct abp_error err;
        char path[400];
        fake_lay(fake, logins[i].status, logins[i].headers, logins[i].body);
        assert_int_equal(check(fake, &err), -1);
        if (err.code != logins[i].code)
            fail_msg("login %zu: code %d: %s", i, (int)err.code, err.message);
        fake_kept(fake, path, sizeof path);
        assert_string_equal(path, "");
        if (err.code == ABP_PERSON) { /* at once, without a request */
            assert_int_equal(check(fake, &err), -1);
            assert_int_equal(err.code, ABP_PERSON);
        }
        fake_end(fake);
    }
}

/* Reads a post in a run of its own, which signs in as ticks do. */
static int read_anew(struct fake *fake, struct abp_error *err)
{
    struct abp_reading reading = {.remote_id = FAKE_URI, .version = FAKE_CID};
    memset(err, 0, sizeof *err);
    fake_reconnect(fake);
    int rc = fake->connection.ops->read(&fake->connection, &reading, 1, err);
    fake_all_asked(fake);
    fake_no_secret(err->message);
    return rc;
}

static void is_refused(struct fake *fake, const char *again)
{
    struct abp_error err;
    assert_int_equal(read_anew(fake, &err), -1);
    assert_int_equal(err.code, ABP_PERSON);
    assert_non_null(strstr(err.message, "Invalid identifier"));
    if (!strstr(err.message, again))
        fail_msg("not '%s': %s", again, err.message);
}

/* Ticks don't try a password again and again that was refused: 300 logins a day lock an account. */
static void test_refused_before(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    fake_lay(fake, 401, NULL, WRONG);
    is_refused(fake, "after 2026-11-30T01:53:20Z");
    for (int minute = 1; minute < 60; minute++) {
        fake->now += 60;
        is_refused(fake, "after 2026-11-30T01:53:20Z"); /* no request */
    }
    fake->now += 60;
    fake_lay(fake, 401, NULL, WRONG);
    is_refused(fake, "after 2026-11-30T02:53:20Z");
    /* Another password is, at once. */
    assert_int_equal(setenv("ABPOST_TEST_PASSWORD", "zzzz-zzzz-zzzz-zzzz", 1), 0);
    fake->now += 60;
    fake_lay(fake, 401, NULL, WRONG);
    is_refused(fake, "after 2026-11-30T02:54:20Z");
    is_refused(fake, "after 2026-11-30T02:54:20Z");
    /* So is one of another account, and a clock that was ahead when it was noted keeps nobody out.
     */
    snprintf(fake->account, sizeof fake->account, "other.example.com");
    fake_lay(fake, 401, NULL, WRONG);
    is_refused(fake, "after 2026-11-30T02:54:20Z");
    fake->now -= 86400;
    fake_lay(fake, 401, NULL, WRONG);
    is_refused(fake, "after 2026-11-29T02:54:20Z");
    /* A person may always ask; once that works, nothing is left of it. */
    fake_reconnect(fake);
    fake_lay(fake, 200, NULL, GOOD);
    fake_lay(fake, 200, NULL, GOOD);
    assert_int_equal(check(fake, &err), 0);
    char path[400];
    fake_kept(fake, path, sizeof path);
    assert_int_equal(unlink(path), 0);
    fake_lay(fake, 401, NULL, WRONG);
    is_refused(fake, "after 2026-11-29T02:54:20Z");
    fake_end(fake);
}

/* What is kept tells nobody the password, and no trouble of the moment is kept. */
static void test_what_is_kept_of_it(void **state)
{
    (void)state;
    static const struct {
        long status;
        const char *body;
    } passing[] = {{500, ""}, {404, "404 page not found"}, {404, "{\"error\":\"NotFound\"}"}};
    struct fake *fake = fake_start();
    struct abp_error err;
    char folder[128], path[400], text[1024];
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
        fake_lay(fake, passing[i].status, NULL, passing[i].body);
        assert_int_equal(read_anew(fake, &err), -1);
        assert_int_equal(err.code, ABP_UNREACHABLE);
    }
    fake_lay(fake, 401, NULL,
             "{\"error\":\"AuthenticationRequired\",\"message\":\"Invalid identifier\"}");
    is_refused(fake, "refused at 2026-11-30T00:53:20Z");
    struct dirent *entry;
    struct stat st;
    size_t found = 0;
    snprintf(folder, sizeof folder, "%s/.abpost", fake->root);
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        if (strncmp(entry->d_name, "refused-", 8) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        text[fread(text, 1, sizeof text - 1, file)] = '\0';
        fclose(file);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777u, 0600);
        fake_no_secret(text);
        assert_int_equal(strcspn(text, " "), 4); /* 16 bits are no password */
        found++;
    }
    closedir(dir);
    assert_int_equal(found, 1);
    fake_end(fake);
}

#define DOC(id, endpoint)                                                                          \
    "{\"did\":\"" FAKE_DID "\",\"handle\":\"a.b\",\"accessJwt\":\"a\",\"refreshJwt\":\"r\","       \
    "\"didDoc\":{\"service\":[7,{\"id\":\"#other\",\"serviceEndpoint\":\"https://no.example\"},"   \
    "{\"id\":\"" id "\",\"serviceEndpoint\":\"" endpoint "\"}]}}"

/* The account's own server is the one that its DID document names, if it may be. */
static void test_own_server(void **state)
{
    (void)state;
    static const struct {
        const char *session, *server, *asked;
    } cases[] = {
        {DOC("#atproto_pds", "https://pds.example"), NULL, "https://pds.example"},
        {DOC("#atproto_pds", "https://pds.example:8443/"), NULL, "https://pds.example:8443"},
        {DOC(FAKE_DID "#atproto_pds", "https://pds.example"), NULL, "https://pds.example"},
        {DOC("#atproto_pds", "http://pds.example"), NULL, "https://bsky.example"},
        {DOC("#atproto_pds", "http://localhost:2583"), NULL, "https://bsky.example"},
        {DOC("#atproto_pds", "https://pds.example/path"), NULL, "https://bsky.example"},
        {DOC("#atproto_pds", "https://u:p@pds.example"), NULL, "https://bsky.example"},
        {DOC("#atproto_pds", "https://pds.example?x"), NULL, "https://bsky.example"},
        {DOC("#atproto_pds", "ftp://pds.example"), NULL, "https://bsky.example"},
        {DOC("#atproto_pds", "file:///etc/passwd"), NULL, "https://bsky.example"},
        {DOC("#atproto_labeler", "https://pds.example"), NULL, "https://bsky.example"},
        {DOC("#atproto_pds", "http://127.0.0.1:2583"), "http://localhost:9",
         "http://127.0.0.1:2583"},
        {DOC("#atproto_pds", "http://192.0.2.1:2583"), "http://localhost:9", "http://localhost:9"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fake *fake = fake_start();
        struct abp_error err;
        char url[200];
        if (cases[i].server) {
            snprintf(fake->server, sizeof fake->server, "%s", cases[i].server);
            fake_reconnect(fake);
        }
        fake_lay(fake, 200, NULL, cases[i].session);
        fake_lay(fake, 200, NULL, cases[i].session);
        assert_int_equal(check(fake, &err), 0);
        snprintf(url, sizeof url, "%s/xrpc/com.atproto.server.getSession", cases[i].asked);
        assert_string_equal(fake->requests[1].url, url);
        fake_end(fake);
    }
}

/* A channel that can't be one is refused before anything is sent. */
static void test_open(void **state)
{
    (void)state;
    static const char *const bad[] = {"http://bsky.example", "https://", "bsky.example",
                                      "https://bsky.example/path", "https://a:b@bsky.example"};
    struct fake *fake = fake_start();
    struct abp_connection connection;
    struct abp_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(fake->server, sizeof fake->server, "%s", bad[i]);
        assert_int_equal(abp_connection_open(&connection, &fake->channel, &fake->http, fake->root,
                                             fake_clock, fake, &err),
                         -1);
        assert_int_equal(err.code, ABP_DATA);
    }
    fake_end(fake);
}

/* After a 429 nothing is asked before its time. */
static void test_wait(void **state)
{
    (void)state;
    struct fake *fake = fake_start();
    struct abp_error err;
    fake_sign_in(fake);
    fake_lay(fake, 429, "RateLimit-Reset: 1796000100\n", "");
    assert_int_equal(check(fake, &err), -1);
    fake->now += 99;
    assert_int_equal(check(fake, &err), -1);
    assert_int_equal(err.code, ABP_UNREACHABLE);
    fake->now += 1;
    fake_lay(fake, 200, NULL, GOOD);
    assert_int_equal(check(fake, &err), 0);
    fake_end(fake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_refresh),
        cmocka_unit_test(test_not_durable),
        cmocka_unit_test(test_other_process),
        cmocka_unit_test(test_password_again),
        cmocka_unit_test(test_refresh_lost),
        cmocka_unit_test(test_logins),
        cmocka_unit_test(test_refused_before),
        cmocka_unit_test(test_what_is_kept_of_it),
        cmocka_unit_test(test_own_server),
        cmocka_unit_test(test_open),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
