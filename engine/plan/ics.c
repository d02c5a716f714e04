/* RFC 5545: lines end in CR LF, are folded at 75 octets (3.1), and text is escaped (3.3.11). */
#include "abpost/plan.h"

#include "abpost/digest.h"
#include "abpost/text.h"

#include <stdio.h>
#include <string.h>

#define MAX_LINE    75    /* octets, without CR LF */
#define MAX_CONTENT 65536 /* octets of one property */
#define UID_DIGITS  32

/* One content line, folded between characters. */
static int put_line(struct abp_buffer *out, const struct abp_buffer *line)
{
    const char *text = abp_buffer_text(line);
    size_t len = line->len, room = MAX_LINE;
    if (line->failed)
        return -1;
    while (len > room) {
        size_t n = room;
        while (n > 0 && ((unsigned char)text[n] & 0xC0u) == 0x80u)
            n--; /* not inside a character */
        abp_buffer_append(out, text, n);
        abp_buffer_add(out, "\r\n ");
        text += n;
        len -= n;
        room = MAX_LINE - 1; /* the blank counts */
    }
    abp_buffer_append(out, text, len);
    return abp_buffer_add(out, "\r\n");
}

/* A value of type TEXT; control characters, which it can't hold, and what is not UTF-8 become
 * U+FFFD. */
static void put_escaped(struct abp_buffer *line, const char *text)
{
    size_t len = strlen(text);
    while (len > 0) {
        size_t valid = abp_utf8_invalid_at(text, len);
        for (size_t i = 0; i < valid; i++) {
            unsigned char c = (unsigned char)text[i];
            if (c == '\n')
                abp_buffer_add(line, "\\n");
            else if (c == ';' || c == ',' || c == '\\')
                abp_buffer_printf(line, "\\%c", c);
            else if ((c < 0x20u && c != '\t') || c == 0x7Fu)
                abp_buffer_add(line, "\xef\xbf\xbd");
            else
                abp_buffer_byte(line, (char)c);
        }
        if (valid < len)
            abp_buffer_add(line, "\xef\xbf\xbd");
        text += valid + (valid < len);
        len -= valid + (valid < len);
    }
}

/* NAME:value, from a format whose result needs no escaping. */
static int ABP_PRINTF(2, 3) put_plain(struct abp_buffer *out, const char *format, ...)
{
    struct abp_buffer line;
    va_list args;
    abp_buffer_init(&line, MAX_CONTENT);
    va_start(args, format);
    abp_buffer_vprintf(&line, format, args);
    va_end(args);
    int rc = put_line(out, &line);
    abp_buffer_release(&line);
    return rc;
}

/* NAME:parts one after another, up to a NULL. */
static int put_text(struct abp_buffer *out, const char *name, const char *const *parts)
{
    struct abp_buffer line;
    abp_buffer_init(&line, MAX_CONTENT);
    abp_buffer_printf(&line, "%s:", name);
    for (; *parts; parts++)
        put_escaped(&line, *parts);
    int rc = put_line(out, &line);
    abp_buffer_release(&line);
    return rc;
}

/* 20261201T080000Z */
static int put_time(struct abp_buffer *out, const char *name, int64_t utc)
{
    char t[ABP_TIME_SIZE];
    if (abp_time_format(t, utc) != 0)
        return -1;
    return put_plain(out, "%s:%.4s%.2s%.2sT%.2s%.2s%.2sZ", name, t, t + 5, t + 8, t + 11, t + 14,
                     t + 17);
}

/* By what a person means by "that post": a slot that is drawn again keeps its event. */
static int put_uid(struct abp_buffer *out, const struct abp_planned *post, struct abp_error *err)
{
    struct abp_digest *digest;
    char hash[ABP_DIGEST_SIZE], due[ABP_TIME_SIZE];
    if (abp_time_format(due, post->due_at) != 0)
        return abp_fail(err, ABP_FAILED, "a post is due outside the years 1 to 9999");
    if (abp_digest_open(&digest, err) != 0)
        return -1;
    int rc = abp_digest_text(digest, post->experiment, err) != 0 ||
             abp_digest_text(digest, post->channel, err) != 0 ||
             abp_digest_text(digest, due, err) != 0 || abp_digest_end(hash, digest, err) != 0;
    abp_digest_close(digest);
    if (rc != 0)
        return -1;
    put_plain(out, "UID:%.*s@abpost", UID_DIGITS, hash);
    return 0;
}

static int put_event(struct abp_buffer *out, const struct abp_planned *post, int64_t now,
                     struct abp_error *err)
{
    const char *const summary[] = {post->channel,    ": ", post->variant, " (",
                                   post->experiment, ")",  NULL};
    char wall[64];
    snprintf(wall, sizeof wall, "%04d-%02d-%02d %02d:%02d ", post->date.year, post->date.month,
             post->date.day, post->time.hour, post->time.minute);
    const char *const description[] = {"experiment ",
                                       post->experiment,
                                       "\nstyle ",
                                       post->variant,
                                       "\nchannel ",
                                       post->channel,
                                       "\nplanned ",
                                       wall,
                                       post->timezone,
                                       "\nstate ",
                                       abp_post_state_name(post->state),
                                       post->file ? "\nfile " : "",
                                       post->file ? post->file : "",
                                       NULL};
    put_plain(out, "BEGIN:VEVENT");
    if (put_uid(out, post, err) != 0)
        return -1;
    put_time(out, "DTSTAMP", now);
    put_time(out, "DTSTART", post->state == ABP_POSTED ? post->posted_at : post->due_at);
    put_plain(out, "DURATION:PT15M"); /* without one, programs show a line that nobody can hit */
    put_text(out, "SUMMARY", summary);
    put_text(out, "DESCRIPTION", description);
    put_plain(out, "STATUS:%s", post->state == ABP_PLANNED ? "TENTATIVE" : "CONFIRMED");
    put_plain(out, "TRANSP:TRANSPARENT"); /* it takes nobody's time */
    put_plain(out, "END:VEVENT");
    return 0;
}

int abp_plan_ics(struct abp_buffer *out, const struct abp_planned_list *list, int64_t now,
                 struct abp_error *err)
{
    char check[ABP_TIME_SIZE];
    if (abp_time_format(check, now) != 0)
        return abp_fail(err, ABP_FAILED, "the clock stands outside the years 1 to 9999");
    put_plain(out, "BEGIN:VCALENDAR");
    put_plain(out, "VERSION:2.0");
    put_plain(out, "PRODID:-//abpost//abpost %s//EN", ABPOST_VERSION);
    put_plain(out, "CALSCALE:GREGORIAN");
    for (size_t i = 0; i < list->count; i++)
        if (ABP_LIVE_STATES & 1u << list->list[i].state &&
            put_event(out, &list->list[i], now, err) != 0)
            return -1;
    put_plain(out, "END:VCALENDAR");
    return out->failed ? abp_fail(err, ABP_FAILED, "the calendar is too large") : 0;
}
