#include "config/post_scan.h"

#include "abpost/text.h"

#include <string.h>

#define NAME_MAX_BYTES 20

#define BLANK_LINE_FIRST                                                                           \
    "; a text that begins like this itself has a blank line before it, at the top of the file"

static const char *const names[ABP_HEADER_COUNT] = {
    [ABP_HEADER_MEDIA] = "media", [ABP_HEADER_ALT] = "alt",       [ABP_HEADER_LINK] = "link",
    [ABP_HEADER_LANG] = "lang",   [ABP_HEADER_STATUS] = "status",
};

static const struct abp_header_key keys[ABP_HEADER_COUNT] = {
    [ABP_HEADER_MEDIA] = {.name = "media",
                          .accepted = "the path of a PNG, JPEG, GIF or WebP image, from the "
                                      "workspace's folder on and below it",
                          .meaning = "an image that goes with the text; up to four, each followed "
                                     "by its alt",
                          .absent = "none",
                          .example = "media: photos/dawn.jpg"},
    [ABP_HEADER_ALT] = {.name = "alt",
                        .accepted = "a text in one line",
                        .meaning = "what the image above it shows, for those who don't see it",
                        .absent = "none; every media needs one",
                        .example = "alt: The harbour at dawn"},
    [ABP_HEADER_LINK] = {.name = "link",
                         .accepted = "one address, https://HOST/..., without a name or password "
                                     "in it and with its blanks and quotation marks written as "
                                     "%20 and %22",
                         .meaning = "a page that the post points to",
                         .absent = "none",
                         .example = "link: https://example.com/a"},
    [ABP_HEADER_LANG] = {.name = "lang",
                         .accepted = "a language tag such as en or pt-BR",
                         .meaning = "the language of the text",
                         .absent = "not said",
                         .example = "lang: en"},
    [ABP_HEADER_STATUS] = {.name = "status",
                           .accepted = "approved, draft or held",
                           .meaning = "whether the post may go out: approved it may, held it may "
                                      "not, and a draft only where the experiment says review = no",
                           .preset = "draft",
                           .example = "status: approved"},
};

const struct abp_header_key *abp_header_key(enum abp_header header)
{
    return &keys[header];
}

const char *abp_header_name(enum abp_header header)
{
    return names[header];
}

/* ---- lines ---- */

struct line {
    const char *text; /* borrowed, from the file's bytes */
    size_t len;       /* without its end */
    size_t next;      /* offset of the line after it */
};

static struct line line_at(const char *bytes, size_t len, size_t at)
{
    struct line line = {.text = bytes + at};
    const char *end = memchr(line.text, '\n', len - at);
    line.len = end ? (size_t)(end - line.text) : len - at;
    line.next = at + line.len + (end != NULL);
    if (line.len && line.text[line.len - 1] == '\r')
        line.len--;
    return line;
}

static int is_blank_byte(char c)
{
    return c == ' ' || c == '\t';
}

static int is_blank(const struct line *line)
{
    for (size_t i = 0; i < line->len; i++)
        if (!is_blank_byte(line->text[i]))
            return 0;
    return 1;
}

static int is_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* The word before a colon, into name[NAME_MAX_BYTES + 1]; *value is where the rest of the line
 * begins. 1, or 0 when the line does not begin so. A blank may stand before the colon: it is no
 * header then, but nobody who writes it means text. */
static int take_name(char *name, size_t *value, const struct line *line)
{
    size_t n = 0;
    while (n < line->len && n <= NAME_MAX_BYTES && is_name_byte(line->text[n]))
        n++;
    size_t colon = n;
    while (colon < line->len && is_blank_byte(line->text[colon]))
        colon++;
    if (n == 0 || n > NAME_MAX_BYTES || colon == line->len || line->text[colon] != ':')
        return 0;
    memcpy(name, line->text, n);
    name[n] = '\0';
    *value = colon + 1;
    return 1;
}

/* ABP_HEADER_COUNT when it is none of them. */
static enum abp_header header_of(const char *name)
{
    int h = 0;
    while (h < ABP_HEADER_COUNT && strcmp(names[h], name) != 0)
        h++;
    return (enum abp_header)h;
}

/* ---- does the file begin with headers? ---- */

/* 1: each line up to the first blank one, or the end, has a word and a colon. */
static int all_have_names(const char *bytes, size_t len, size_t at)
{
    char name[NAME_MAX_BYTES + 1];
    size_t value;
    while (at < len) {
        struct line line = line_at(bytes, len, at);
        if (is_blank(&line))
            return 1;
        if (!take_name(name, &value, &line))
            return 0;
        at = line.next;
    }
    return 1;
}

/* 1: the first line's name is nearly one of ours, and nothing up to the first blank line reads like
 * a text. "Line: 12 is closed" is a text: header names are small, and a sentence's first word is
 * not. */
static int nearly_headers(const char *name, const char *bytes, size_t len, size_t at)
{
    for (int h = 0; h < ABP_HEADER_COUNT; h++)
        if (abp_equal_nocase(names[h], name))
            return all_have_names(bytes, len, at);
    int small = name[0] >= 'a' && name[0] <= 'z';
    return small && abp_suggest(name, names, ABP_HEADER_COUNT) && all_have_names(bytes, len, at);
}

static int begins_with_headers(const char *bytes, size_t len, size_t at)
{
    char name[NAME_MAX_BYTES + 1];
    size_t value;
    struct line line = line_at(bytes, len, at);
    if (is_blank(&line))
        return line.next > at; /* a blank line, not an empty file */
    if (!take_name(name, &value, &line))
        return 0;
    return (header_of(name) < ABP_HEADER_COUNT && line.text[strlen(name)] == ':') ||
           nearly_headers(name, bytes, len, at);
}

/* ---- the headers ---- */

static void add_header(struct abp_post_scan *scan, enum abp_header header, const struct line *line,
                       const char *bytes, size_t value, long number, struct abp_mistake_log *log)
{
    if (scan->count == ABP_HEADERS_MAX) {
        abp_log_add(log, number, "is one header too many; accepted are %d at most",
                    ABP_HEADERS_MAX);
        return;
    }
    size_t end = line->len;
    while (value < end && is_blank_byte(line->text[value]))
        value++;
    while (end > value && is_blank_byte(line->text[end - 1]))
        end--;
    scan->headers[scan->count++] = (struct abp_header_line){
        .header = header,
        .value = (size_t)(line->text - bytes) + value,
        .len = end - value,
        .line = number,
    };
}

/* 1 when the line is a header, or wants to be one; 0 when the headers end here without the blank
 * line that should have ended them. */
static int take_header(struct abp_post_scan *scan, const struct line *line, const char *bytes,
                       long number, struct abp_mistake_log *log)
{
    char name[NAME_MAX_BYTES + 1], hint[ABP_HINT_SIZE];
    size_t value;
    const char *advice = number <= 2 ? BLANK_LINE_FIRST : "";
    if (!take_name(name, &value, line)) {
        abp_log_add(log, number,
                    "is no header; a blank line must stand between the headers and the text%s",
                    advice);
        return 0;
    }
    enum abp_header header = header_of(name);
    if (header == ABP_HEADER_COUNT)
        abp_log_add(log, number,
                    "'%s' is no header; accepted are media, alt, link, lang and status, and a "
                    "blank line before the text%s%s",
                    name, abp_hint(hint, name, names, ABP_HEADER_COUNT), advice);
    else if (line->text[strlen(name)] != ':')
        abp_log_add(log, number, "%s: a blank stands before the colon; accepted is '%s:'%s", name,
                    name, advice);
    else
        add_header(scan, header, line, bytes, value, number, log);
    return 1;
}

void abp_post_scan(struct abp_post_scan *scan, const char *bytes, size_t len,
                   struct abp_mistake_log *log)
{
    memset(scan, 0, sizeof *scan);
    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        scan->start = 3;
    scan->text = scan->start;
    scan->text_line = 1;
    scan->has_block = begins_with_headers(bytes, len, scan->start);
    while (scan->has_block && scan->text < len) {
        struct line line = line_at(bytes, len, scan->text);
        int blank = is_blank(&line);
        if (!blank && !take_header(scan, &line, bytes, scan->text_line, log))
            return;
        scan->text = line.next;
        scan->text_line += bytes[line.next - 1] == '\n';
        if (blank)
            return;
    }
}
