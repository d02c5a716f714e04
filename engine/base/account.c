#include "abpost/account.h"

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
