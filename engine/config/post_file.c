#include "abpost/post_file.h"

#include "config/files.h"
#include "config/load.h"
#include "config/post_media.h"
#include "config/post_scan.h"

#include "abpost/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define LINK_MAX_BYTES 2000
#define LANG_MAX_BYTES 35

/* One file while it is being read. All borrowed. */
struct reading {
    struct abp_content *content;
    const char *bytes, *root;
    size_t len;
    struct abp_mistake_log *log;
    struct abp_error *err;
    long media_lines[ABP_CONTENT_MEDIA_MAX];
};

/* ---- bytes ---- */

static long line_of(const struct reading *r, size_t at)
{
    long line = 1;
    for (size_t i = 0; i < at; i++)
        line += r->bytes[i] == '\n';
    return line;
}

static int check_utf8(const struct reading *r)
{
    size_t at = abp_utf8_invalid_at(r->bytes, r->len);
    if (at == r->len)
        return 0;
    int utf16 = r->len >= 2 &&
                (memcmp(r->bytes, "\xff\xfe", 2) == 0 || memcmp(r->bytes, "\xfe\xff", 2) == 0);
    abp_log_add(r->log, line_of(r, at),
                "byte %zu of the file (0x%02x) is not UTF-8%s; accepted is "
                "a text file in UTF-8",
                at + 1, (unsigned)(unsigned char)r->bytes[at],
                utf16 ? " (the file looks like UTF-16)" : "");
    return -1;
}

/* The control character at `at`, or -1; tabs and the ends of lines are none. */
static int control_at(const struct reading *r, size_t at)
{
    unsigned char c = (unsigned char)r->bytes[at];
    unsigned char next = at + 1 < r->len ? (unsigned char)r->bytes[at + 1] : 0;
    if (c == '\n' || c == '\t' || (c == '\r' && next == '\n'))
        return -1;
    if (c < 0x20u || c == 0x7fu)
        return c;
    return c == 0xc2u && next < 0xa0u ? next : -1; /* U+0080 to U+009F */
}

static int check_controls(const struct reading *r)
{
    long line = 1, said = 0;
    for (size_t i = 0; i < r->len; i++) {
        int control = control_at(r, i);
        if (control >= 0 && said != line) {
            if (control == '\r')
                abp_log_add(r->log, line,
                            "a carriage return stands alone; accepted are lines that "
                            "end in LF or CRLF");
            else
                abp_log_add(r->log, line,
                            "holds the control character U+%04X (byte %zu of the "
                            "file); accepted is plain text",
                            (unsigned)control, i + 1);
            said = line;
        }
        line += r->bytes[i] == '\n';
    }
    return said ? -1 : 0;
}

/* A copy of valid UTF-8 in NFC, which the caller frees; NULL with err. */
static char *composed(const char *text, size_t len, struct abp_error *err)
{
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)len, &out,
                                      UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n >= 0)
        return (char *)out;
    if (n == UTF8PROC_ERROR_NOMEM)
        abp_fail_memory(err);
    else
        abp_fail(err, ABP_BUG, "text that was checked can't be composed: %s", utf8proc_errmsg(n));
    return NULL;
}

/* ---- headers ---- */

static void refuse(const struct reading *r, const struct abp_header_line *h, const char *value,
                   const char *accepted)
{
    char shown[ABP_SHOWN_SIZE];
    abp_log_add(r->log, h->line, "%s: '%s' is not accepted; accepted is %s",
                abp_header_name(h->header), abp_shown(shown, value), accepted);
}

static void take_status(const struct reading *r, const struct abp_header_line *h, const char *value)
{
    static const char *const words[] = {
        [ABP_DRAFT] = "draft", [ABP_APPROVED] = "approved", [ABP_HELD] = "held"};
    char shown[ABP_SHOWN_SIZE], hint[ABP_HINT_SIZE];
    for (int i = 0; i < 3; i++) {
        if (strcmp(words[i], value) == 0) {
            r->content->approval = (enum abp_approval)i;
            return;
        }
    }
    abp_log_add(r->log, h->line, "status: '%s' is not one; accepted is %s%s",
                abp_shown(shown, value), abp_header_key(h->header)->accepted,
                abp_hint(hint, value, words, 3));
}

/* 1: https://HOST with anything after it that an address may hold. */
static int is_link(const char *text)
{
    if (strncmp(text, "https://", 8) != 0 || strlen(text) > LINK_MAX_BYTES)
        return 0;
    const char *host = text + 8;
    size_t len = strcspn(host, "/?#");
    if (len == 0 || memchr(host, '@', len) || host[0] == '.' || host[0] == ':')
        return 0;
    return text[strcspn(text, " \t\"<>\\^`{|}")] == '\0';
}

static void take_link(const struct reading *r, const struct abp_header_line *h, char **value)
{
    if (!is_link(*value)) {
        refuse(r, h, *value, abp_header_key(h->header)->accepted);
        return;
    }
    r->content->link = *value;
    *value = NULL;
}

static int is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The shape of a language tag (RFC 5646, 2.1): two or three letters, then subtags of one to eight
 * letters or digits, the last of at least two. */
static int is_lang(const char *text)
{
    size_t subtag = 0, first = strcspn(text, "-");
    if (first < 2 || first > 3 || strlen(text) > LANG_MAX_BYTES)
        return 0;
    for (const char *p = text; *p; p++) {
        subtag = *p == '-' ? 0 : subtag + 1;
        if ((*p == '-' && (p[1] == '-' || p[1] == '\0')) || (*p != '-' && !is_alnum(*p)) ||
            subtag > 8 || (p < text + first && *p <= '9'))
            return 0;
    }
    return subtag >= 2;
}

static void take_lang(const struct reading *r, const struct abp_header_line *h, char **value)
{
    if (!is_lang(*value)) {
        refuse(r, h, *value,
               strchr(*value, '_') ? "a language tag, with - and not _, such as en-GB"
                                   : abp_header_key(h->header)->accepted);
        return;
    }
    r->content->lang = *value;
    *value = NULL;
}

static int take_media(struct reading *r, const struct abp_header_line *h, const char *value)
{
    struct abp_content *content = r->content;
    if (content->media_count == ABP_CONTENT_MEDIA_MAX) {
        abp_log_add(r->log, h->line, "media: one image too many; accepted are %d at most",
                    ABP_CONTENT_MEDIA_MAX);
        return 0;
    }
    r->media_lines[content->media_count] = h->line;
    return abp_post_media_find(&content->media[content->media_count++], value, r->root, h->line,
                               r->log, r->err);
}

static int take_alt(const struct reading *r, const struct abp_header_line *h, const char *value)
{
    struct abp_content *content = r->content;
    if (content->media_count == 0) {
        abp_log_add(r->log, h->line,
                    "alt: it describes no image; accepted is an alt below the media "
                    "that it describes");
        return 0;
    }
    struct abp_media *media = &content->media[content->media_count - 1];
    if (media->alt) {
        abp_log_add(r->log, h->line,
                    "alt: the image above it has one already; accepted is one alt "
                    "for each media");
        return 0;
    }
    media->alt = composed(value, strlen(value), r->err);
    return media->alt ? 0 : -1;
}

static int take_header(struct reading *r, const struct abp_header_line *h)
{
    int rc = 0;
    if (h->len == 0) {
        abp_log_add(r->log, h->line, "%s: nothing follows; accepted is %s, or no such line",
                    abp_header_name(h->header), abp_header_key(h->header)->accepted);
        /* Its image has been named, and its description: neither is to be missed as well. */
        if (h->header != ABP_HEADER_ALT)
            return 0;
    }
    char *value = abp_strndup(r->bytes + h->value, h->len);
    if (!value)
        return abp_fail_memory(r->err);
    switch (h->header) {
    case ABP_HEADER_MEDIA:
        rc = take_media(r, h, value);
        break;
    case ABP_HEADER_ALT:
        rc = take_alt(r, h, value);
        break;
    case ABP_HEADER_LINK:
        take_link(r, h, &value);
        break;
    case ABP_HEADER_LANG:
        take_lang(r, h, &value);
        break;
    default:
        take_status(r, h, value);
        break;
    }
    free(value);
    return rc;
}

static int take_headers(struct reading *r, const struct abp_post_scan *scan)
{
    long first[ABP_HEADER_COUNT] = {0};
    int rc = 0;
    for (size_t i = 0; i < scan->count && rc == 0; i++) {
        const struct abp_header_line *h = &scan->headers[i];
        int many = h->header == ABP_HEADER_MEDIA || h->header == ABP_HEADER_ALT;
        if (!many && first[h->header]) {
            abp_log_add(r->log, h->line, "%s: stands in line %ld already; accepted is one",
                        abp_header_name(h->header), first[h->header]);
            continue;
        }
        first[h->header] = h->line;
        rc = take_header(r, h);
    }
    for (size_t i = 0; i < r->content->media_count && rc == 0; i++)
        if (!r->content->media[i].alt)
            abp_log_add(r->log, r->media_lines[i],
                        "media: the image has no description, which some "
                        "readers see instead of it; accepted is an alt: line below it");
    return rc;
}

/* ---- the text ---- */

static int is_empty(const char *text)
{
    return text[strspn(text, " \t\n")] == '\0';
}

/* Lines end in LF, the last one without. */
static int take_text(struct reading *r, const struct abp_post_scan *scan)
{
    char *text = abp_strndup(r->bytes + scan->text, r->len - scan->text);
    if (!text)
        return abp_fail_memory(r->err);
    size_t len = 0;
    for (size_t i = 0; text[i]; i++)
        if (text[i] != '\r' || text[i + 1] != '\n')
            text[len++] = text[i];
    if (len && text[len - 1] == '\n')
        len--;
    text[len] = '\0';
    int empty = is_empty(text);
    if (empty && r->content->media_count == 0)
        abp_log_add(
            r->log, scan->text_line,
            scan->has_block
                ? "there is no text below the headers; accepted is a text, an image, or both"
                : "there is no text; accepted is a text, an image, or both");
    r->content->text = composed(text, empty ? 0 : len, r->err);
    free(text);
    return r->content->text ? 0 : -1;
}

/* ---- the file ---- */

/* Where the status line begins and ends; both at the end of the file where there is none. */
static void find_status(size_t *start, size_t *end, const struct reading *r,
                        const struct abp_post_scan *scan)
{
    *start = *end = r->len;
    for (size_t i = 0; i < scan->count && *start == r->len; i++) {
        const struct abp_header_line *h = &scan->headers[i];
        if (h->header != ABP_HEADER_STATUS)
            continue;
        *start = h->value;
        while (*start > scan->start && r->bytes[*start - 1] != '\n')
            --*start;
        const char *newline = memchr(r->bytes + h->value, '\n', r->len - h->value);
        *end = newline ? (size_t)(newline - r->bytes) + 1 : r->len;
    }
}

/* As abp_post_file_mark leaves a file that said nothing of its status. */
static int take_digest(const struct reading *r, const struct abp_post_scan *scan)
{
    const char *first = memchr(r->bytes, '\n', r->len);
    const char *newline = first && first > r->bytes && first[-1] == '\r' ? "\r\n" : "\n";
    struct abp_digest *digest;
    size_t start, end;
    char line[32];
    int n = snprintf(line, sizeof line, "status: approved%s%s", newline,
                     scan->has_block ? "" : newline);
    find_status(&start, &end, r, scan);
    if (abp_digest_open(&digest, r->err) != 0)
        return -1;
    int rc = -1;
    if (abp_digest_add(digest, r->bytes, scan->start, r->err) == 0 &&
        abp_digest_add(digest, line, (size_t)n, r->err) == 0 &&
        abp_digest_add(digest, r->bytes + scan->start, start - scan->start, r->err) == 0 &&
        abp_digest_add(digest, r->bytes + end, r->len - end, r->err) == 0)
        rc = abp_digest_end(r->content->digest, digest, r->err);
    abp_digest_close(digest);
    return rc;
}

/* path as seen from root where it lies below it, else as it came. */
static int take_path(struct abp_content *content, const char *path, const char *root,
                     struct abp_error *err)
{
    const char *slash = strrchr(path, '/');
    char *whole = abp_absolute(path), *top = realpath(root, NULL);
    size_t len = top ? strlen(top) : 0;
    int below = whole && len > 1 && strncmp(whole, top, len) == 0 && whole[len] == '/';
    content->path = abp_strdup(below ? whole + len + 1 : path);
    content->topic = abp_strdup(slash ? slash + 1 : path);
    free(whole);
    free(top);
    return content->path && content->topic ? 0 : abp_fail_memory(err);
}

static int parse(struct reading *r)
{
    struct abp_post_scan scan;
    if (check_utf8(r) != 0 || check_controls(r) != 0)
        return 0; /* what its lines say is anybody's guess */
    abp_post_scan(&scan, r->bytes, r->len, r->log);
    if (take_digest(r, &scan) != 0)
        return -1;
    return take_headers(r, &scan) == 0 ? take_text(r, &scan) : -1;
}

int abp_post_parse(struct abp_content *content, const char *path, const char *root,
                   const char *bytes, size_t len, struct abp_mistake_log *log,
                   struct abp_error *err)
{
    struct reading r = {
        .content = content, .bytes = bytes, .root = root, .len = len, .log = log, .err = err};
    memset(content, 0, sizeof *content);
    int rc = take_path(content, path, root, err);
    if (rc == 0)
        rc = parse(&r);
    if (rc == 0)
        rc = abp_log_end(log, err);
    if (rc != 0)
        abp_content_release(content);
    return rc;
}

int abp_post_file_read(struct abp_content *content, const char *path, const char *root,
                       struct abp_mistakes *mistakes, struct abp_error *err)
{
    struct abp_mistake_log log;
    struct abp_buffer bytes;
    memset(content, 0, sizeof *content);
    abp_log_begin(&log, mistakes, path);
    abp_buffer_init(&bytes, ABP_POST_FILE_MAX);
    int rc = abp_file_load(&bytes, path, ABP_POST_FILE_MAX, "a text file", &log, err);
    if (rc == 0)
        rc = abp_post_parse(content, path, root, abp_buffer_text(&bytes), bytes.len, &log, err);
    else if (log.found)
        rc = abp_log_end(&log, err);
    abp_buffer_release(&bytes);
    return rc;
}
