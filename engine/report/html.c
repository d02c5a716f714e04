#include "report/html.h"

#include "abpost/text.h"
#include "abpost/words.h"

#include <math.h>
#include <string.h>
#include <utf8proc.h>

#define MAX_MARKS 8 /* combining characters over one letter; more only smear the page */

static void put_byte(struct abp_buffer *buf, char byte)
{
    switch (byte) {
    case '&':
        abp_buffer_add(buf, "&amp;");
        break;
    case '<':
        abp_buffer_add(buf, "&lt;");
        break;
    case '>':
        abp_buffer_add(buf, "&gt;");
        break;
    case '"':
        abp_buffer_add(buf, "&quot;");
        break;
    case '\'':
        abp_buffer_add(buf, "&#39;");
        break;
    default:
        abp_buffer_byte(buf, byte);
    }
}

void html_text(struct abp_buffer *buf, const char *text)
{
    int marks = 0;
    while (*text) {
        utf8proc_int32_t code = -1;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text,
                                              (utf8proc_ssize_t)strnlen(text, 4), &code);
        if (n <= 0) {
            abp_buffer_printf(buf, "\\x%02x", (unsigned)(unsigned char)*text++);
            continue;
        }
        marks = code >= 0x80 && utf8proc_charwidth(code) == 0 ? marks + 1 : 0;
        if (text[0] == ' ' && text[1] == '%')
            abp_buffer_add(buf, "\u00a0"); /* a number and its unit stay on one line */
        else if (n == 1 && abp_is_harmless(code))
            put_byte(buf, *text);
        else if (!abp_is_harmless(code))
            abp_buffer_printf(buf, code < 0x80 ? "\\x%02x" : "\\u{%x}", (unsigned)code);
        else if (marks <= MAX_MARKS)
            abp_buffer_append(buf, text, (size_t)n);
        text += n;
    }
}

void html_name(struct abp_buffer *buf, const char *name)
{
    abp_buffer_add(buf, "<bdi>");
    html_text(buf, *name ? name : "(no name)");
    abp_buffer_add(buf, "</bdi>");
}

void html_plural(struct abp_buffer *buf, size_t count, const char *what)
{
    abp_buffer_printf(buf, "%s %s%s", abp_count_words(count).text, what, count == 1 ? "" : "s");
}

void html_guard(struct abp_buffer *buf, const struct abp_guard_result *guard)
{
    abp_buffer_printf(buf, "%s of %s", abp_evidence_words(guard->e_value).text,
                      abp_amount_words(guard->threshold).text);
}

void html_place(struct abp_buffer *buf, double share)
{
    if (isnan(share) || share < 0)
        share = 0;
    if (share > 1)
        share = 1;
    abp_buffer_printf(buf, "%.2f%%", 100 * share);
}

void html_sentence(struct abp_buffer *buf, const char *text)
{
    size_t len = strlen(text);
    html_text(buf, text);
    if (len && !strchr(".?!", text[len - 1]))
        abp_buffer_byte(buf, '.');
}
