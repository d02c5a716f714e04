#include "channels/count.h"

#include <string.h>
#include <strings.h>
#include <utf8proc.h>

/* ---- code points ---- */

/* The code point at p[at], and its bytes; 0 with no bytes at the end. Bytes that are no UTF-8 are
 * taken one by one. */
static utf8proc_int32_t point_at(size_t *bytes, const char *p, size_t len, size_t at)
{
    utf8proc_int32_t point = 0;
    *bytes = 0;
    if (at >= len)
        return 0;
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)p + at, (utf8proc_ssize_t)(len - at), &point);
    *bytes = n > 0 ? (size_t)n : 1;
    return n > 0 ? point : 0xfffd;
}

/* The code point that ends before p[at]; 0 at the start. */
static utf8proc_int32_t point_before(const char *p, size_t at)
{
    size_t bytes, start = at;
    if (at == 0)
        return 0;
    do
        start--;
    while (start > 0 && ((unsigned char)p[start] & 0xc0u) == 0x80u);
    return point_at(&bytes, p, at, start);
}

static int is_ascii_alnum(utf8proc_int32_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int is_one_of(utf8proc_int32_t c, const char *ascii)
{
    return c > 0 && c < 0x80 && strchr(ascii, (int)c) != NULL;
}

static int is_white(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return (c >= '\t' && c <= '\r') || c == 0x85 || category == UTF8PROC_CATEGORY_ZS ||
           category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
}

/* [[:word:]]: letters, marks, decimal digits and connectors such as _. */
static int is_word(utf8proc_int32_t c)
{
    utf8proc_category_t category = utf8proc_category(c);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_ND) ||
           category == UTF8PROC_CATEGORY_PC;
}

/* ---- URLs ---- */

static size_t skip_protocol(const char *text, size_t len, size_t at)
{
    static const char *const protocols[] = {"https://", "http://",   "dat://",
                                            "dweb://",  "ipfs://",   "ipns://",
                                            "ssb://",   "gopher://", "gemini://"};
    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        size_t n = strlen(protocols[i]);
        if (len - at >= n && strncasecmp(text + at, protocols[i], n) == 0)
            return at + n;
    }
    return at;
}

/* 1: a protocol here would be the end of a word, not the begin of a URL. */
static int glued(utf8proc_int32_t before)
{
    return is_ascii_alnum(before) || is_one_of(before, "@$#") || before == 0xff20 ||
           before == 0xff03 || before == 0xfeff || before == 0xfffe || before == 0xffff;
}

/* A label of a host: it ends where it begins when there is none. */
struct label {
    size_t end, tail;       /* of the whole; of the ASCII letters it begins with */
    size_t letters, points; /* code points of those letters, and of the whole */
    int digits;             /* 1: it holds one */
};

static int belongs_to_label(const struct label *label, utf8proc_int32_t c)
{
    if (c >= 0x80)
        return is_word(c);
    return is_ascii_alnum(c) || (label->points && is_one_of(c, "-_"));
}

static struct label label_at(const char *text, size_t len, size_t at)
{
    struct label label = {.end = at, .tail = at};
    size_t bytes;
    utf8proc_int32_t c = point_at(&bytes, text, len, at);
    for (; bytes && belongs_to_label(&label, c); c = point_at(&bytes, text, len, label.end)) {
        if (label.letters == label.points && is_ascii_alnum(c) && c > '9') {
            label.letters++;
            label.tail = label.end + bytes;
        }
        label.digits |= c >= '0' && c <= '9';
        label.points++;
        label.end += bytes;
    }
    while (label.end > at && is_one_of(text[label.end - 1], "-_"))
        label.end--;
    return label;
}

/* The end of a host of two labels or more whose last is letters; `at` when there is none. Where
 * other letters follow an ASCII top-level domain without a break (as in Japanese), it ends there.
 */
static size_t skip_host(const char *text, size_t len, size_t at)
{
    size_t end = at, next = at;
    for (int labels = 0;; labels++) {
        struct label label = label_at(text, len, next);
        if (label.end == next)
            break;
        int punycode = label.end - next > 4 && strncasecmp(text + next, "xn--", 4) == 0;
        if (labels > 0 && (punycode || (!label.digits && label.points >= 2)))
            end = !punycode && label.letters >= 2 ? label.tail : label.end;
        next = label.end;
        if (next >= len || text[next] != '.')
            break;
        next++;
    }
    return end < len && (is_ascii_alnum(text[end]) || is_one_of(text[end], "@+-")) ? at : end;
}

static size_t skip_port(const char *text, size_t len, size_t at)
{
    size_t end = at + 1;
    if (at >= len || text[at] != ':')
        return at;
    while (end < len && text[end] >= '0' && text[end] <= '9')
        end++;
    return end > at + 1 ? end : at;
}

/* The end of a bracket that opens at `at` and closes, with at most one more pair inside, both not
 * empty; `at` when it does not. */
static size_t skip_brackets(const char *text, size_t len, size_t at, int depth)
{
    size_t end = at + 1;
    while (end < len) {
        size_t bytes;
        utf8proc_int32_t c = point_at(&bytes, text, len, end);
        if (c == ')')
            return end > at + 1 ? end + 1 : at;
        if (c == '(') {
            size_t inner = depth == 0 ? skip_brackets(text, len, end, 1) : end;
            if (inner == end)
                return at;
            end = inner;
            continue;
        }
        if (is_white(c) || is_one_of(c, "<>?"))
            return at;
        end += bytes;
    }
    return at;
}

static int ends_a_path(utf8proc_int32_t c)
{
    return !is_one_of(c, "!*\"';:=,.$%[]~&|@") && c != 0x300c && c != 0x300d;
}

static size_t skip_path(const char *text, size_t len, size_t at)
{
    size_t next = at, end = at;
    if (at >= len || text[at] != '/')
        return at;
    while (next < len) {
        size_t bytes;
        utf8proc_int32_t c = point_at(&bytes, text, len, next);
        if (c == '(') {
            size_t closed = skip_brackets(text, len, next, 0);
            if (closed == next)
                break;
            next = end = closed;
            continue;
        }
        if (is_white(c) || is_one_of(c, "<>)?"))
            break;
        next += bytes;
        if (ends_a_path(c))
            end = next;
    }
    return end;
}

static size_t skip_query(const char *text, size_t len, size_t at)
{
    size_t next = at + 1, end = at;
    if (at >= len || text[at] != '?')
        return at;
    while (next < len) {
        size_t bytes;
        utf8proc_int32_t c = point_at(&bytes, text, len, next);
        int ending = c >= 0xa0 || is_ascii_alnum(c) || is_one_of(c, "_&=#/-");
        if (!ending && !is_one_of(c, "!?*'();:+$%[].,~|@^"))
            break;
        next += bytes;
        if (ending)
            end = next;
    }
    return end;
}

size_t abp_url_at(const char *text, size_t len, size_t at)
{
    size_t host = skip_protocol(text, len, at);
    if (host == at || glued(point_before(text, at)))
        return 0;
    size_t end = skip_host(text, len, host);
    if (end == host)
        return 0;
    end = skip_port(text, len, end);
    end = skip_path(text, len, end);
    return skip_query(text, len, end) - at;
}

/* ---- mentions ---- */

static int is_name(utf8proc_int32_t c)
{
    return is_ascii_alnum(c) || c == '_';
}

/* Words joined by runs of dots and hyphens. */
static size_t skip_words(const char *text, size_t len, size_t at, int (*word)(utf8proc_int32_t))
{
    size_t next = at, end = at, bytes;
    for (;;) {
        utf8proc_int32_t c = point_at(&bytes, text, len, next);
        if (bytes && word(c))
            end = next + bytes;
        else if (!bytes || end == at || (c != '.' && c != '-'))
            return end;
        next += bytes;
    }
}

size_t abp_mention_at(size_t *name, const char *text, size_t len, size_t at)
{
    utf8proc_int32_t before = point_before(text, at);
    size_t bytes;
    if (at >= len || text[at] != '@' || is_one_of(before, "=/") || (before && is_word(before)))
        return 0;
    size_t local = skip_words(text, len, at + 1, is_name);
    if (local == at + 1 || local >= len || text[local] != '@')
        return 0;
    size_t end = skip_words(text, len, local + 1, is_word);
    utf8proc_int32_t after = point_at(&bytes, text, len, end);
    if (end == local + 1 || after == '@' || after == 0xff20 ||
        (len - end >= 3 && memcmp(text + end, "://", 3) == 0))
        return 0;
    *name = local - at;
    return end - at;
}

/* ---- counting ---- */

/* Grapheme clusters of what it is fed. */
struct counter {
    utf8proc_int32_t last, state;
    int64_t count;
};

static void feed(struct counter *counter, utf8proc_int32_t point)
{
    if (counter->count == 0 ||
        utf8proc_grapheme_break_stateful(counter->last, point, &counter->state))
        counter->count++;
    counter->last = point;
}

static void feed_text(struct counter *counter, const char *text, size_t len)
{
    size_t bytes;
    for (size_t at = 0; at < len; at += bytes)
        feed(counter, point_at(&bytes, text, len, at));
}

/* A URL stands for that many letters. */
static void feed_letters(struct counter *counter, int64_t count)
{
    if (count == 0)
        return;
    feed(counter, 'x');
    counter->count += count - 1;
}

/* One thing that counts other than by what it holds, at `at`: its bytes, after counting it. */
static size_t feed_special(struct counter *counter, const char *text, size_t len, size_t at,
                           enum abp_counting counting, int64_t url_characters)
{
    size_t name = 0;
    size_t bytes = url_characters >= 0 ? abp_url_at(text, len, at) : 0;
    if (bytes) {
        feed_letters(counter, url_characters);
        return bytes;
    }
    bytes = counting == ABP_COUNT_MENTIONS ? abp_mention_at(&name, text, len, at) : 0;
    feed_text(counter, text + at, name);
    return bytes;
}

int64_t abp_count_characters(const char *text, size_t len, enum abp_counting counting,
                             int64_t url_characters)
{
    struct counter counter = {0};
    size_t bytes;
    for (size_t at = 0; at < len; at += bytes) {
        bytes = feed_special(&counter, text, len, at, counting, url_characters);
        if (!bytes)
            feed(&counter, point_at(&bytes, text, len, at));
    }
    return counter.count;
}

int64_t abp_count_code_points(const char *text)
{
    int64_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0u) != 0x80u;
    return count;
}
