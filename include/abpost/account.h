/* Where posts go: platforms, and an account on one of them as the workspace file describes it. */
#ifndef ABPOST_ACCOUNT_H
#define ABPOST_ACCOUNT_H

/* Where a secret comes from; the secret itself is never here. */
struct abp_secret {
    enum { ABP_SECRET_NONE, ABP_SECRET_ENV, ABP_SECRET_FILE, ABP_SECRET_COMMAND } source;
    char *value; /* the variable's name, the path (resolved against the workspace), the command line
                  */
};

enum abp_platform {
    ABP_BLUESKY,
    ABP_MASTODON,
    ABP_X,
    ABP_FACEBOOK,
    ABP_INSTAGRAM,
    ABP_THREADS,
    ABP_LINKEDIN,
    ABP_TELEGRAM,
    ABP_DISCORD,
    ABP_SLACK,
    ABP_WEBHOOK,
    ABP_OUTBOX,
    ABP_PLATFORM_COUNT
};

const char *abp_platform_name(enum abp_platform platform);

struct abp_channel {
    char *name;
    enum abp_platform platform;
    char *account;
    char *server;     /* https://..., or http:// to this machine; no / at the end */
    char *visibility; /* public, unlisted, followers, or NULL */
    struct abp_secret password, token;
    double target; /* posts a week at most; NaN: none named */
    long line;     /* of its section */
};

/* 1: both are one account, as far as their sections say: the same server, and the same account or,
 * where it is not named twice, the same secret. A folder is never another one's. */
int abp_same_account(const struct abp_channel *one, const struct abp_channel *other);

#endif
