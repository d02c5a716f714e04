#include "channels/mastodon_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#define TEXT_MAX ((size_t)1 << 20) /* bytes of a text that is looked at */

/* ---- HTML ---- */

struct reader {
    const char *at;
    struct abp_buffer *out;
    const char *href; /* of the link it stands in, borrowed from content; NULL: none */
    size_t href_len;
    size_t link_start; /* where its text starts in out */
};

static int letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void put_code(struct abp_buffer *out, uint32_t code)
{
    utf8proc_uint8_t bytes[4];
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        code = 0xFFFD;
    utf8proc_ssize_t n = utf8proc_encode_char((utf8proc_int32_t)code, bytes);
    abp_buffer_append(out, bytes, (size_t)n);
}

/* &#123; or &#x1F; at text. Its length, 0 when it is none. */
static size_t numeric_entity(struct abp_buffer *out, const char *text)
{
    size_t i = 2, digits = 0;
    uint32_t base = 10, code = 0;
    if (text[i] == 'x' || text[i] == 'X') {
        base = 16;
        i++;
    }
    for (;; i++, digits++) {
        char c = text[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 99;
        if (digit >= base)
            break;
        if (code <= 0x10FFFF)
            code = code * base + digit;
    }
    if (digits == 0 || text[i] != ';')
        return 0;
    put_code(out, code);
    return i + 1;
}

/* Its length, 0 when the & at text is one that stands for itself. */
static size_t entity(struct abp_buffer *out, const char *text)
{
    static const struct {
        const char *name;
        const char *text;
    } names[] = {{"&amp;", "&"},   {"&lt;", "<"},    {"&gt;", ">"},     {"&quot;", "\""},
                 {"&apos;", "'"},  {"&nbsp;", " "},  {"&hellip;", "…"}, {"&ndash;", "–"},
                 {"&mdash;", "—"}, {"&lsquo;", "‘"}, {"&rsquo;", "’"},  {"&ldquo;", "“"},
                 {"&rdquo;", "”"}};
    if (text[1] == '#')
        return numeric_entity(out, text);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t len = strlen(names[i].name);
        if (strncmp(text, names[i].name, len) == 0) {
            abp_buffer_add(out, names[i].text);
            return len;
        }
    }
    return 0;
}

/* content[0..len) with its entities turned into characters. */
static void put_decoded(struct abp_buffer *out, const char *text, size_t len)
{
    const char *end = text + len;
    while (text < end) {
        size_t used = *text == '&' ? entity(out, text) : 0;
        if (used == 0) {
            abp_buffer_byte(out, *text);
            used = 1;
        }
        text += used;
    }
}

/* The > that ends the tag at text, beyond quoted values; the end of the text when none does. */
static const char *tag_end(const char *text)
{
    char quote = 0;
    for (; *text; text++) {
        if (quote)
            quote = *text == quote ? 0 : quote;
        else if (*text == '"' || *text == '\'')
            quote = *text;
        else if (*text == '>')
            break;
    }
    return text;
}

/* The value of an attribute of the tag [tag, end): its start and length; NULL when it has none. */
static const char *attribute(const char *tag, const char *end, const char *name, size_t *len)
{
    size_t name_len = strlen(name);
    for (const char *p = tag; p + name_len + 2 < end; p++) {
        if ((p[-1] != ' ' && p[-1] != '\n') || strncasecmp(p, name, name_len) != 0 ||
            p[name_len] != '=')
            continue;
        char quote = p[name_len + 1];
        if (quote != '"' && quote != '\'')
            continue;
        const char *value = p + name_len + 2, *close = memchr(value, quote, (size_t)(end - value));
        if (!close)
            return NULL;
        *len = (size_t)(close - value);
        return value;
    }
    return NULL;
}

/* 1: out[start..] ends in an ellipsis that the server wrote in place of the rest. */
static int ends_cut(const struct abp_buffer *out, size_t start)
{
    static const char dots[] = "…";
    size_t len = out->len - start;
    return len > 3 && (memcmp(out->data + out->len - 3, dots, 3) == 0 ||
                       memcmp(out->data + out->len - 3, "...", 3) == 0);
}

/* A link whose text was cut becomes its address. */
static void end_link(struct reader *r)
{
    if (r->href && !r->out->failed && ends_cut(r->out, r->link_start)) {
        r->out->len = r->link_start;
        put_decoded(r->out, r->href, r->href_len);
    }
    r->href = NULL;
}

static void start_link(struct reader *r, const char *tag, const char *end)
{
    r->href = attribute(tag, end, "href", &r->href_len);
    r->link_start = r->out->len;
}

static int is_block(const char *name, size_t len)
{
    static const char *const blocks[] = {"p",  "div", "li", "ul", "ol", "blockquote",
                                         "h1", "h2",  "h3", "h4", "h5", "pre"};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (strlen(blocks[i]) == len && strncasecmp(blocks[i], name, len) == 0)
            return 1;
    return 0;
}

/* The tag at r->at, which is a < with a letter or / behind it. */
static void take_tag(struct reader *r)
{
    int closes = r->at[1] == '/';
    const char *name = r->at + 1 + closes, *end = tag_end(r->at);
    size_t len = 0;
    while (letter(name[len]) || (len && name[len] >= '0' && name[len] <= '9'))
        len++;
    if (len == 1 && (*name == 'a' || *name == 'A')) {
        end_link(r);
        if (!closes)
            start_link(r, name + 1, end);
    } else if (len == 2 && strncasecmp(name, "br", 2) == 0) {
        abp_buffer_byte(r->out, '\n');
    } else if (closes && is_block(name, len)) {
        abp_buffer_add(r->out, "\n\n");
    }
    r->at = *end ? end + 1 : end;
}

int abp_mastodon_plain(struct abp_buffer *out, const char *content)
{
    struct reader r = {.at = content, .out = out};
    while (*r.at && !out->failed) {
        if (r.at[0] == '<' && (letter(r.at[1]) || (r.at[1] == '/' && letter(r.at[2])))) {
            take_tag(&r);
            continue;
        }
        if (strncmp(r.at, "<!--", 4) == 0) {
            const char *end = strstr(r.at + 4, "-->");
            r.at = end ? end + 3 : r.at + strlen(r.at);
            continue;
        }
        size_t used = *r.at == '&' ? entity(out, r.at) : 0;
        if (used == 0) {
            abp_buffer_byte(out, *r.at);
            used = 1;
        }
        r.at += used;
    }
    end_link(&r);
    while (!out->failed && out->len && out->data[out->len - 1] == '\n')
        out->data[--out->len] = '\0';
    return out->failed ? -1 : 0;
}

/* ---- likeness ---- */

/* What is left out of both texts before they are compared. */
enum reduction {
    NO_BLANKS,   /* blanks, and what can't be seen */
    NO_MARKUP,   /* ... and the marks of Markdown and the servers of mentions */
    LETTERS_ONLY /* ... and all that is no letter, mark or digit */
};

static int keeps(utf8proc_int32_t code, enum reduction reduction)
{
    utf8proc_category_t category = utf8proc_category(code);
    int blank = category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
                category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CC;
    if (blank || reduction == NO_BLANKS)
        return !blank;
    if (reduction == NO_MARKUP)
        return !strchr("*_~`\\-", code < 0x80 ? (int)code : 'x');
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

static int of_name(char c)
{
    return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* text without the servers of mentions: @name@server -> @name. In place. */
static void cut_mentions(char *text)
{
    char *to = text;
    const char *from = text;
    while (*from) {
        const char *start = from;
        *to++ = *from++;
        if (*start != '@' || (start > text && of_name(start[-1])))
            continue;
        while (of_name(*from))
            *to++ = *from++;
        if (from == start + 1 || from[0] != '@' || !of_name(from[1]))
            continue;
        for (from++; of_name(*from) || *from == ':';)
            from++;
        while (from[-1] == '.' || from[-1] == ':') /* a sentence's, not the server's */
            from--;
    }
    *to = '\0';
}

/* text reduced, in NFC without characters that are not seen; to be freed. NULL: no memory, or it is
 * no UTF-8. */
static char *reduced(const char *text, enum reduction reduction)
{
    utf8proc_uint8_t *normal = NULL;
    utf8proc_ssize_t len =
        utf8proc_map((const utf8proc_uint8_t *)text, 0, &normal,
                     UTF8PROC_NULLTERM | UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_IGNORE);
    if (len < 0) {
        free(normal);
        return NULL;
    }
    if (reduction != NO_BLANKS) {
        cut_mentions((char *)normal);
        len = (utf8proc_ssize_t)strlen((char *)normal);
    }
    utf8proc_ssize_t from = 0;
    size_t to = 0;
    while (from < len) {
        utf8proc_int32_t code;
        utf8proc_ssize_t n = utf8proc_iterate(normal + from, len - from, &code);
        if (n <= 0)
            break;
        if (keeps(code, reduction)) {
            memmove(normal + to, normal + from, (size_t)n);
            to += (size_t)n;
        }
        from += n;
    }
    normal[to] = '\0';
    return (char *)normal;
}

/* 1: equal when both are reduced, and something is left. */
static int equal_but_for(const char *a, const char *b, enum reduction reduction)
{
    char *x = reduced(a, reduction), *y = reduced(b, reduction);
    int equal = x && y && strcmp(x, y) == 0 && (*x || reduction == NO_BLANKS);
    free(x);
    free(y);
    return equal;
}

enum abp_likeness abp_mastodon_source_likeness(const char *sent, const char *source)
{
    return equal_but_for(sent, source, NO_BLANKS) ? ABP_SAME : ABP_UNLIKE;
}

enum abp_likeness abp_mastodon_content_likeness(const char *sent, const char *content)
{
    struct abp_buffer plain;
    enum abp_likeness likeness = ABP_UNLIKE;
    abp_buffer_init(&plain, TEXT_MAX);
    if (abp_mastodon_plain(&plain, content) == 0) {
        const char *text = abp_buffer_text(&plain);
        if (equal_but_for(sent, text, NO_BLANKS) || equal_but_for(sent, text, NO_MARKUP))
            likeness = ABP_SAME;
        else if (equal_but_for(sent, text, LETTERS_ONLY))
            likeness = ABP_ALIKE;
    }
    abp_buffer_release(&plain);
    return likeness;
}
