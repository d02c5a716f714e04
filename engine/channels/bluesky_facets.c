#include "channels/bluesky_facets.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#define TAG_UNITS_MAX 64 /* UTF-16 units, as the official client counts */
#define TICKER_MAX    5

/* A text being read from its beginning to its end. */
struct scan {
    const char *text;
    size_t len;
    size_t at;           /* of the character that may begin something */
    int32_t before;      /* the character before it; -1: none */
    size_t link_resumes; /* links are not looked for before this offset: it was part of one */
};

/* The character at `at` and its length in bytes; 0 bytes at the end. Bytes that are no UTF-8 count
 * as one character each that means nothing. */
static size_t character(int32_t *code, const char *text, size_t len, size_t at)
{
    *code = -1;
    if (at >= len)
        return 0;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(len - at), code);
    return n > 0 ? (size_t)n : 1;
}

/* \s of ECMAScript. */
static int is_space(int32_t c)
{
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000 || c == 0xFEFF;
}

/* What ends a tag besides blanks: characters that nobody sees. */
static int is_unseen(int32_t c)
{
    return c == 0xAD || c == 0x2060 || (c >= 0x200A && c <= 0x200D) || c == 0x20E2;
}

static int is_punctuation(int32_t c)
{
    if (c < 0)
        return 0;
    utf8proc_category_t category = utf8proc_category(c);
    return category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
}

static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_alnum(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

static int opens(const struct scan *scan)
{
    return scan->before == -1 || scan->before == '(' || is_space(scan->before);
}

/* Does the host end in a top-level domain? */
static int ends_in_tld(const char *host, size_t len)
{
    size_t dot = len;
    while (dot > 0 && host[dot - 1] != '.')
        dot--;
    return dot > 0 && abp_bluesky_is_tld(host + dot, len - dot);
}

int abp_bluesky_is_handle(const char *text, size_t len)
{
    size_t labels = 0, start = 0;
    if (len > 253)
        return 0;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && text[i] != '.') {
            if (!is_alnum(text[i]) && text[i] != '-')
                return 0;
            continue;
        }
        if (i == start || i - start > 63 || text[start] == '-' || text[i - 1] == '-')
            return 0;
        labels++;
        start = i + 1;
    }
    return labels >= 2;
}

/* ---- mentions ---- */

static int mention_at(struct abp_facet *facet, const struct scan *scan)
{
    const char *handle = scan->text + scan->at + 1;
    size_t left = scan->len - scan->at - 1, len = 0;
    while (len < left && (is_alnum(handle[len]) || handle[len] == '.' || handle[len] == '-'))
        len++;
    /* It ends at a word boundary: where a letter or digit meets something else. */
    for (; len > 0; len--) {
        int here = is_alnum(handle[len - 1]);
        int next = len < left && (is_alnum(handle[len]) || handle[len] == '_');
        if (here != next)
            break;
    }
    int test = len >= 5 && memcmp(handle + len - 5, ".test", 5) == 0;
    if (len == 0 || (!test && !ends_in_tld(handle, len)))
        return 0;
    *facet =
        (struct abp_facet){ABP_FACET_MENTION, scan->at, scan->at + 1 + len, scan->at + 1, len, 0};
    return 1;
}

/* ---- links ---- */

/* The length of "http://" or "https://", in any case, that something follows; else 0. */
static size_t scheme_length(const char *text, size_t len)
{
    static const char https[] = "https://";
    size_t n = 0;
    while (n < 4 && n < len && tolower((unsigned char)text[n]) == https[n])
        n++;
    if (n < 4)
        return 0;
    size_t more = n < len && tolower((unsigned char)text[n]) == 's' ? 5 : 4;
    if (len < more + 4 || memcmp(text + more, "://", 3) != 0)
        return 0;
    return more + 3;
}

/* The length of a host without a hyphen, of at least two labels, that begins with a letter; else 0.
 */
static size_t host_length(const char *text, size_t len)
{
    size_t n = 0, labels = 1;
    if (len == 0 || !is_letter(text[0]))
        return 0;
    while (n < len && is_alnum(text[n]))
        n++;
    while (n + 1 < len && text[n] == '.' && is_alnum(text[n + 1])) {
        labels++;
        for (n++; n < len && is_alnum(text[n]);)
            n++;
    }
    return labels > 1 ? n : 0;
}

static size_t until_space(const char *text, size_t len, size_t at)
{
    int32_t code;
    size_t n;
    while ((n = character(&code, text, len, at)) > 0 && !is_space(code))
        at += n;
    return at;
}

/* One sign at the end, then one ) that nothing opened, belong to the sentence. */
static size_t without_sentence(const char *text, size_t start, size_t end)
{
    if (end > start && strchr(".,;:!?", text[end - 1]))
        end--;
    if (end > start && text[end - 1] == ')' && !memchr(text + start, '(', end - start))
        end--;
    return end;
}

static int link_at(struct abp_facet *facet, struct scan *scan)
{
    const char *text = scan->text + scan->at;
    size_t left = scan->len - scan->at;
    size_t scheme = scheme_length(text, left), host = scheme ? 0 : host_length(text, left);
    if (scheme) {
        int32_t code;
        character(&code, scan->text, scan->len, scan->at + scheme);
        if (is_space(code))
            return 0;
    } else if (!host) {
        return 0;
    }
    size_t end = until_space(scan->text, scan->len, scan->at);
    scan->link_resumes = end;
    if (scheme ? memcmp(text, "http", 4) != 0
               : !ends_in_tld(text, host) || (host < left && text[host] == '@'))
        return 0;
    end = without_sentence(scan->text, scan->at, end);
    if (end - scan->at <= scheme || (scheme && text[scheme] == '/'))
        return 0;
    *facet =
        (struct abp_facet){ABP_FACET_LINK, scan->at, end, scan->at, end - scan->at, scheme == 0};
    return 1;
}

/* ---- tags ---- */

/* Offset behind the last character that is no punctuation, and how long it is up to there in
 * UTF-16. */
static size_t without_punctuation(size_t *units, const char *text, size_t start, size_t end)
{
    size_t last = start, sum = 0;
    int32_t code;
    *units = 0;
    for (size_t at = start; at < end;) {
        at += character(&code, text, end, at);
        sum += code > 0xFFFF ? 2 : 1;
        if (!is_punctuation(code)) {
            last = at;
            *units = sum;
        }
    }
    return last;
}

static int tag_at(struct abp_facet *facet, const struct scan *scan, size_t sign)
{
    size_t start = scan->at + sign, end = start, n, units;
    int word = 0; /* something besides digits and punctuation */
    int32_t code;
    while ((n = character(&code, scan->text, scan->len, end)) > 0 && !is_space(code) &&
           !is_unseen(code)) {
        if (end == start && code == 0xFE0F)
            return 0; /* a sign that is drawn as an emoji: no tag */
        word |= !(code >= '0' && code <= '9') && !is_punctuation(code);
        end += n;
    }
    if (!word)
        return 0;
    end = without_punctuation(&units, scan->text, start, end);
    if (end == start || units > TAG_UNITS_MAX)
        return 0;
    *facet = (struct abp_facet){ABP_FACET_TAG, scan->at, end, start, end - start, 0};
    return 1;
}

static int cashtag_at(struct abp_facet *facet, const struct scan *scan)
{
    size_t start = scan->at + 1, end = start;
    int32_t code;
    if (start >= scan->len || !is_letter(scan->text[start]))
        return 0;
    while (end < scan->len && is_alnum(scan->text[end]))
        end++;
    if (end - start > TICKER_MAX)
        return 0;
    size_t n = character(&code, scan->text, scan->len, end);
    if (n > 0 && !is_space(code) && code != 0x2019 &&
        !(code > 0 && code < 128 && strchr(".,;:!?)\"'", (int)code)))
        return 0;
    *facet = (struct abp_facet){ABP_FACET_CASHTAG, scan->at, end, start, end - start, 0};
    return 1;
}

/* ---- all of them ---- */

static int facet_at(struct abp_facet *facet, struct scan *scan, int32_t code, size_t size)
{
    if (!opens(scan))
        return 0;
    if (code == '@')
        return mention_at(facet, scan);
    if (code == '$')
        return cashtag_at(facet, scan);
    if (code == '#' || code == 0xFF03)
        return scan->before != '(' && tag_at(facet, scan, size);
    return scan->at >= scan->link_resumes && link_at(facet, scan);
}

size_t abp_bluesky_facets(struct abp_facet *facets, size_t max, const char *text, size_t len)
{
    struct scan scan = {text, len, 0, -1, 0};
    size_t count = 0, last_end = 0, n;
    int32_t code;
    struct abp_facet facet;
    while (count < max && (n = character(&code, text, len, scan.at)) > 0) {
        if (facet_at(&facet, &scan, code, n) && facet.start >= last_end) {
            facets[count++] = facet;
            last_end = facet.end;
        }
        scan.before = code;
        scan.at += n;
    }
    return count;
}

static int is_closing(int32_t c)
{
    return c == 0x2019 || c == 0x201D || c == 0xBB ||
           (c > 0 && c < 128 && strchr(")]}>\"'", (int)c));
}

/* Nothing of an address follows: the end, a blank, a closing sign, or the end of a sentence. */
static int stands_alone(const char *after)
{
    int32_t code;
    size_t n = character(&code, after, strlen(after), 0);
    if (n == 0 || is_space(code) || is_closing(code))
        return 1;
    if (code < 0 || code > 127 || !strchr(".,;:!?", (int)code))
        return 0;
    n = character(&code, after, strlen(after), 1);
    return n == 0 || is_space(code) || is_closing(code);
}

const char *abp_bluesky_link_in(const char *text, const char *link)
{
    size_t len = strlen(link);
    if (len == 0)
        return NULL;
    for (const char *at = strstr(text, link); at; at = strstr(at + 1, link))
        if (stands_alone(at + len))
            return at;
    return NULL;
}
