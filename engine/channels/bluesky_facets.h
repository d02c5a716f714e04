/* Which parts of a text are links, mentions and tags, found as the official client finds them
 * (detectFacets of the npm package @atproto/api), so that a post looks the same whoever sent it.
 * Pure functions of the text: no network, no allocation.
 *
 * Four things are done otherwise on purpose: a host that begins with "http" ("httpbin.org/get")
 * is a host like any other and gets https:// in front, since the server refuses it otherwise;
 * "https://" without a host is no link; an e-mail address whose name looks like a host
 * ("jo.name@example.com") is no link; and of two that overlap only the first counts, as every
 * client shows it. */
#ifndef ABP_CHANNELS_BLUESKY_FACETS_H
#define ABP_CHANNELS_BLUESKY_FACETS_H

#include <stddef.h>

enum abp_facet_kind { ABP_FACET_LINK, ABP_FACET_MENTION, ABP_FACET_TAG, ABP_FACET_CASHTAG };

/* Offsets in bytes of UTF-8, end exclusive. */
struct abp_facet {
    enum abp_facet_kind kind;
    size_t start, end; /* what is shown as a link; a mention's starts at its @, a tag's at its # */
    size_t value, value_len; /* link: the address, which lacks https:// when bare; mention: the
                                handle; tag: the word; cashtag: the ticker, capitals still to be
                                made and $ to be put in front */
    int bare;                /* link: 1: https:// is still to be put in front */
};

/* Texts have 3000 bytes at most; nothing that is found takes fewer than 2 of them and the blank in
 * front. */
#define ABP_FACETS_MAX 1001

/* Finds them in text (len bytes of valid UTF-8), in the order they stand in. Returns how many;
 * those beyond max are left out. */
size_t abp_bluesky_facets(struct abp_facet *facets, size_t max, const char *text, size_t len);

/* Where link stands in text as a whole (not as the beginning of a longer address), or NULL. */
const char *abp_bluesky_link_in(const char *text, const char *link);

/* 1: a handle that can be asked for: a host name of at least two labels. */
int abp_bluesky_is_handle(const char *text, size_t len);

/* 1: a top-level domain; lower case. */
int abp_bluesky_is_tld(const char *text, size_t len);

#endif
