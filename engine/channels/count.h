/* The characters of a text, as platforms count them. Pure. */
#ifndef ABP_CHANNELS_COUNT_H
#define ABP_CHANNELS_COUNT_H

#include "abpost/channel.h"

/* Characters of `len` bytes of valid UTF-8. url_characters: what any URL counts; -1: as many as it
 * has. */
int64_t abp_count_characters(const char *text, size_t len, enum abp_counting counting,
                             int64_t url_characters);
/* Code points of valid UTF-8: how descriptions of images are counted. */
int64_t abp_count_code_points(const char *text);

/* Bytes of the URL that begins at `at`, 0 when none does. One begins with a protocol, has a host of
 * two labels or more, and ends before punctuation that belongs to the sentence around it, as in
 * twitter-text (whose rules Mastodon uses); brackets within it are balanced to the second level.
 * There a host also ends in a top-level domain that is in its list; here any word of letters does.
 */
size_t abp_url_at(const char *text, size_t len, size_t at);

/* Bytes of the mention @name@server (name: only its @name) that begins at `at`, 0 when none does,
 * or one without a server. Rules of Mastodon's Account::MENTION_RE. */
size_t abp_mention_at(size_t *name, const char *text, size_t len, size_t at);

#endif
