/* Is this status what was sent? Its text may come back as it was written (/source) or as HTML that
 * the server made of it. */
#ifndef ABP_CHANNELS_MASTODON_TEXT_H
#define ABP_CHANNELS_MASTODON_TEXT_H

#include "abpost/buffer.h"

#include <stddef.h>

/* The text that a reader of content sees, with what style sheets hide: shortened links are whole
 * again. Tags go, <br> and the ends of blocks become line ends, entities become characters; what is
 * no tag or entity stays as it is. Any bytes are taken; valid UTF-8 stays valid. -1: more than the
 * buffer's cap. */
int abp_mastodon_plain(struct abp_buffer *out, const char *content);

enum abp_likeness {
    ABP_UNLIKE,
    ABP_ALIKE, /* the same letters and digits: what markup and smileys may have made of it */
    ABP_SAME
};

/* The text as its author wrote it, back from the server: NFC and blanks aside, equal or not. */
enum abp_likeness abp_mastodon_source_likeness(const char *sent, const char *source);
/* The HTML that was made of it. SAME: equal but for blanks, marks of Markdown and the server's name
 * in a mention. */
enum abp_likeness abp_mastodon_content_likeness(const char *sent, const char *content);

#endif
