/* The connectors of this folder, one table each. */
#ifndef ABP_CHANNELS_PLATFORMS_H
#define ABP_CHANNELS_PLATFORMS_H

#include "abpost/channel.h"

extern const struct abp_channel_ops abp_bluesky, abp_mastodon, abp_outbox;

#endif
