#include "abpost/account.h"

#include <string.h>
#include <strings.h>

#include <stddef.h>

const char *abp_platform_name(enum abp_platform platform)
{
    static const char *const names[ABP_PLATFORM_COUNT] = {
        [ABP_BLUESKY] = "bluesky",   [ABP_MASTODON] = "mastodon",   [ABP_X] = "x",
        [ABP_FACEBOOK] = "facebook", [ABP_INSTAGRAM] = "instagram", [ABP_THREADS] = "threads",
        [ABP_LINKEDIN] = "linkedin", [ABP_TELEGRAM] = "telegram",   [ABP_DISCORD] = "discord",
        [ABP_SLACK] = "slack",       [ABP_WEBHOOK] = "webhook",     [ABP_OUTBOX] = "outbox",
    };
    return (unsigned)platform < ABP_PLATFORM_COUNT ? names[platform] : NULL;
}

static int same_text(const char *one, const char *other)
{
    return one && other ? strcasecmp(one, other) == 0 : one == other;
}

static int same_secret(const struct abp_secret *one, const struct abp_secret *other)
{
    return one->source == other->source && one->value && other->value &&
           strcmp(one->value, other->value) == 0;
}

int abp_same_account(const struct abp_channel *one, const struct abp_channel *other)
{
    if (one->platform != other->platform || one->platform == ABP_OUTBOX ||
        !same_text(one->server, other->server))
        return 0;
    if (one->account && other->account)
        return same_text(one->account, other->account);
    return same_secret(&one->token, &other->token) || same_secret(&one->password, &other->password);
}
