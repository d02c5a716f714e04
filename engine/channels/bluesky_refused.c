/* A password that was refused is not tried again by every run: a tick a minute would make 1440
 * logins of the 300 that an account has a day, and lock it. What is kept beside the session says
 * when it was and why. Of the password it holds 16 bits of a digest: one that was changed is told
 * from the old one but for once in 65536 times (which then waits its hour), and nobody can guess it
 * by them. */
#include "channels/bluesky.h"
#include "channels/keep.h"

#include "abpost/digest.h"
#include "abpost/time.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN       3600           /* seconds; 24 logins a day */
#define CLOCK_SLACK 900            /* seconds that clocks may differ by */
#define KEPT_MAX    ((size_t)1024) /* bytes */
#define MARK_SIZE   5              /* of the digest: 16 bits and a NUL */

static void name_file(char name[64], const struct abp_bluesky *state)
{
    snprintf(name, 64, "refused-%.40s", strchr(state->keep, '-') + 1);
}

/* Of account and password. 0 or -1. */
static int make_mark(char mark[MARK_SIZE], const struct abp_connection *connection,
                     const char *password)
{
    const struct abp_channel *channel = connection->channel;
    struct abp_digest *digest = NULL;
    struct abp_error ignored = {0};
    char hex[ABP_DIGEST_SIZE] = "";
    int rc = -1;
    if (abp_digest_open(&digest, &ignored) == 0 &&
        abp_digest_text(digest, channel->server, &ignored) == 0 &&
        abp_digest_text(digest, channel->account, &ignored) == 0 &&
        abp_digest_text(digest, password, &ignored) == 0 &&
        abp_digest_end(hex, digest, &ignored) == 0)
        rc = 0;
    abp_digest_close(digest);
    memcpy(mark, hex, MARK_SIZE - 1);
    mark[MARK_SIZE - 1] = '\0';
    OPENSSL_cleanse(hex, sizeof hex);
    return rc;
}

/* answer becomes this refusal. */
static void say(struct abp_xrpc_answer *answer, const char *why, int64_t refused_at)
{
    char at[ABP_TIME_SIZE], again[ABP_TIME_SIZE], reason[sizeof answer->reason];
    abp_time_format(at, refused_at);
    abp_time_format(again, refused_at + AGAIN);
    snprintf(reason, sizeof reason,
             "%.150s; refused at %s, signing in is tried again after %s, or at once with another "
             "password or by abpost check --online",
             why, at, again);
    abp_xrpc_release(answer);
    answer->kind = ABP_XRPC_ACCOUNT;
    abp_xrpc_blot(answer->reason, sizeof answer->reason, reason);
}

int abp_bluesky_was_refused(const struct abp_connection *connection, const char *password,
                            struct abp_xrpc_answer *answer)
{
    struct abp_buffer text;
    struct abp_error ignored = {0};
    char name[64], mark[MARK_SIZE];
    int64_t now = connection->now(connection->now_context);
    int was = 0;
    name_file(name, connection->state);
    abp_buffer_init(&text, KEPT_MAX);
    /* What can't be read is no refusal: at worst the server says it once more. */
    if (abp_keep_look(&text, connection->root, name, &ignored) == 0 && text.len > MARK_SIZE &&
        make_mark(mark, connection, password) == 0 && memcmp(text.data, mark, MARK_SIZE - 1) == 0) {
        char *why;
        int64_t at = strtoll(abp_buffer_text(&text) + MARK_SIZE - 1, &why, 10);
        was = at <= now + CLOCK_SLACK && now < at + AGAIN && at > 0;
        if (was)
            say(answer, *why ? why + 1 : why, at);
    }
    abp_buffer_release(&text);
    return was;
}

void abp_bluesky_keep_refusal(const struct abp_connection *connection, const char *password,
                              struct abp_xrpc_answer *answer)
{
    struct abp_error ignored = {0};
    char name[64], mark[MARK_SIZE], text[KEPT_MAX];
    int64_t now = connection->now(connection->now_context);
    name_file(name, connection->state);
    int len = make_mark(mark, connection, password) == 0
                  ? snprintf(text, sizeof text, "%s %" PRId64 " %s", mark, now, answer->reason)
                  : 0;
    /* Where it can't be kept, the next run asks once more, and nothing is to be promised. */
    if (len > 0 && abp_keep_write(connection->root, name, text, (size_t)len, &ignored) == 0) {
        snprintf(text, sizeof text, "%s", answer->reason);
        say(answer, text, now);
    }
}

void abp_bluesky_forget_refusal(const struct abp_connection *connection)
{
    struct abp_buffer text;
    struct abp_error ignored = {0};
    char name[64];
    name_file(name, connection->state);
    abp_buffer_init(&text, KEPT_MAX);
    if (abp_keep_look(&text, connection->root, name, &ignored) == 0 && text.len > 0 &&
        abp_keep_write(connection->root, name, "", 0, &ignored) != 0)
        abp_error_clear(&ignored); /* the session goes first, and an hour ends it */
    abp_buffer_release(&text);
}
