/* Lengths as platforms count them. */
#include "channels/count.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t graphemes(const char *text)
{
    return abp_count_characters(text, strlen(text), ABP_COUNT_GRAPHEMES, -1);
}

static int64_t mastodon(const char *text)
{
    return abp_count_characters(text, strlen(text), ABP_COUNT_MENTIONS, 23);
}

#define FAMILY "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"

static void test_graphemes(void **state)
{
    static const struct {
        const char *text;
        int64_t count;
    } cases[] = {
        {"", 0},
        {"abc", 3},
        {"a\n\nb", 4},
        {FAMILY, 1},
        {FAMILY FAMILY, 2},
        {"a" FAMILY "b", 3},
        {"\U0001F44D\U0001F3FD", 1},                     /* thumb, skin tone */
        {"1\uFE0F\u20E3", 1},                            /* keycap */
        {"\U0001F1EB\U0001F1F7\U0001F1E9\U0001F1EA", 2}, /* two flags */
        {"\U0001F1EB\U0001F1F7\U0001F1E9", 2},           /* a flag and a half */
        {"\U0001F3F4\u200D\u2620\uFE0F", 1},             /* pirates */
        {"\u2764\uFE0F", 1},
        {"e\u0301", 1},
        {"e\u0301\u0323\u0308x", 2},
        {"\u65E5\u672C\u8A9E", 3},
        {"\u1100\u1161\u11A8", 1},                   /* Hangul from its parts */
        {"\uAC01\uAC01", 2},                         /* Hangul whole */
        {"\u0645\u0631\u062D\u0628\u0627", 5},       /* Arabic */
        {"\u0645\u064E\u0631\u0652\u062D\u064E", 3}, /* with vowels */
        {"\u200Fabc", 4},                            /* a right-to-left mark */
        {"\u05E9\u05C1\u05B8\u05DC\u05D5\u05B9\u05DD", 4},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (graphemes(cases[i].text) != cases[i].count)
            fail_msg("'%s' has %d, not %d", cases[i].text, (int)graphemes(cases[i].text),
                     (int)cases[i].count);
}

/* Text with one URL between [ and ], which count for nothing; without them there is none. */
static void finds_url(const char *marked)
{
    char text[400];
    size_t n = 0, from = 0, to = 0;
    for (const char *p = marked; *p; p++) {
        if (*p == '[')
            from = n;
        else if (*p == ']')
            to = n;
        else
            text[n++] = *p;
    }
    text[n] = '\0';
    for (size_t at = 0; at < n; at++) {
        if (to && at > from && at < to)
            continue;
        size_t found = abp_url_at(text, n, at);
        size_t expected = to && at == from ? to - from : 0;
        if (found != expected)
            fail_msg("%s: %zu bytes from %zu, not %zu", marked, found, at, expected);
    }
    for (size_t len = 0; len < n; len++) /* never beyond what it was given */
        for (size_t at = 0; at < len; at++)
            assert_true(at + abp_url_at(text, len, at) <= len);
}

static void test_urls(void **state)
{
    static const char *const cases[] = {
        "[https://example.com]",
        "[https://example.com].",
        "[https://example.com], and",
        "see [https://example.com/a.b], and",
        "[https://example.com/a/]!",
        "[https://example.com/a]!?",
        "([https://example.com/a])",
        "\"[https://example.com/a]\"",
        "[https://en.wikipedia.org/wiki/A_(b)]",
        "([https://en.wikipedia.org/wiki/A_(b)])",
        "[https://e.com/a_(b(c)d)] x",
        "[https://e.com/a](b",
        "[https://e.com/a?b=c&d=e].",
        "[https://e.com/a?b=c#d]...",
        "[https://e.com/a#b]",
        "[https://e.com?x=1]",
        "[https://e.com]?",
        "[https://e.com/]?",
        "[HTTP://E.COM]",
        "[https://a.com:8080/x]",
        "[https://a.com]:",
        "[https://a-b.c_d.example.org/~x/y-z_w]",
        "[https://m\u00FCnchen.de/x]",
        "[https://xn--mnchen-3ya.de/x]",
        "[https://\u4F8B\u3048.\u30C6\u30B9\u30C8]",
        "\u65E5[https://example.com]\u3067\u3059",
        "[https://example.com/\u3042\u308A]\u300D",
        "\u300C[https://example.com/\u3042]\u300D",
        /* An Arabic semicolon is no ASCII punctuation: twitter-text takes it into the path. */
        "\u0627\u0646\u0638\u0631 [https://example.com/a\u061B] x",
        "[gemini://example.org/x]",
        "[https://example.com]\u3000x",
        "http://localhost/",
        "https://1.2.3.4/",
        "https://example",
        "https://",
        "https://.com",
        "example.com",
        "www.example.com",
        "xhttps://example.com",
        "@https://example.com",
        "#https://example.com",
        "https://user:pw@example.com",
        "https://example.com@evil.org",
        "https://example.com-",
        "https://example.com+x",
        "ftp://example.com",
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        finds_url(cases[i]);
}

static void test_mentions(void **state)
{
    static const struct {
        const char *text;
        size_t at, bytes, name;
    } cases[] = {
        {"@alice@example.com", 0, 18, 6},
        {"@alice@example.com.", 0, 18, 6},
        {"(@a.b-c@x.y)", 1, 10, 6},
        {"@alice", 0, 0, 0},
        {"@alice@", 0, 0, 0},
        {"@@example.com", 0, 0, 0},
        {"x@alice@example.com", 1, 0, 0},
        {"/@alice@example.com", 1, 0, 0},
        {"\u00E9@a@b.c", 2, 0, 0},
        {"@alice@example.com@x", 0, 0, 0},
        {"@a@b://x", 0, 0, 0},
        {"@a.@b.c", 0, 0, 0},
        {"@a@m\u00FCnchen.de", 0, 14, 2},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t name = 0, len = strlen(cases[i].text);
        size_t bytes = abp_mention_at(&name, cases[i].text, len, cases[i].at);
        if (bytes != cases[i].bytes || name != cases[i].name)
            fail_msg("%s: %zu and %zu", cases[i].text, bytes, name);
    }
}

/* The cases of Mastodon's own spec of its validator, and some more. */
static void test_mastodon(void **state)
{
    char text[700];
    (void)state;
    memset(text, 'a', 600);
    snprintf(text + 476, 100, " http://%s.com/example", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_int_equal(mastodon(text), 500);
    assert_int_equal(graphemes(text), 476 + 1 + 7 + 30 + 12);
    snprintf(text + 475, 100, " @alice@%s.com", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
    assert_int_equal(mastodon(text), 482);
    assert_int_equal(mastodon("https://a.co"), 23); /* a short one counts no less */
    assert_int_equal(mastodon("https://a.co https://b.co."), 23 + 1 + 23 + 1);
    assert_int_equal(mastodon("@a@b.c @a@b.c"), 5);
    assert_int_equal(mastodon("https://mastodon.social/@a@b.c/1"), 23);
    assert_int_equal(mastodon(FAMILY "https://a.co/x" FAMILY), 24);
    assert_int_equal(mastodon("https://a.co/x " FAMILY), 25);
}

/* ---- contents ---- */

static const struct abp_channel_ops bluesky = {
    .platform = ABP_BLUESKY,
    .abilities = ABP_CAN_MEDIA,
    .limits = {300, 3000, -1, 4, 2000000, 2000},
};
static const struct abp_channel_ops masto = {
    .platform = ABP_MASTODON,
    .abilities = ABP_CAN_MEDIA,
    .limits = {500, -1, 23, 4, -1, 1500},
    .counting = ABP_COUNT_MENTIONS,
    .link_joint = "\n\n",
};

static void fits(const char *text, const struct abp_channel_ops *ops, const char *fault)
{
    char copy[8000];
    struct abp_content content = {.text = copy};
    struct abp_error err = {0};
    snprintf(copy, sizeof copy, "%s", text);
    int rc = abp_content_fits(&content, ops, &ops->limits, &err);
    if ((rc != 0) != (fault != NULL) || (fault && !strstr(err.message, fault)))
        fail_msg("%d: %s", rc, err.message);
    if (rc)
        assert_int_equal(err.code, ABP_DATA);
}

static void test_limits(void **state)
{
    char text[8000] = "";
    (void)state;
    for (int i = 0; i < 300; i++)
        strcat(text, "\u65E5");
    fits(text, &bluesky, NULL);
    strcat(text, "x");
    fits(text, &bluesky, "bluesky: 301 characters, where 300 are allowed");
    text[0] = '\0';
    for (int i = 0; i < 120; i++) /* 120 families: 3,000 bytes */
        strcat(text, FAMILY);
    fits(text, &bluesky, NULL);
    strcat(text, "x");
    fits(text, &bluesky, "bluesky: 3001 bytes, where 3000 are allowed");
    fits(text, &masto, NULL);
}

static void count_fault(void *context, const char *message)
{
    size_t *count = context;
    assert_true(strlen(message) > 10);
    ++*count;
}

static void test_link_and_images(void **state)
{
    char long_alt[2002], text[400];
    struct abp_buffer sent;
    struct abp_error err = {0};
    size_t said = 0;
    struct abp_content content = {.text = text, .link = (char[]){"https://example.com/a"}};
    (void)state;
    memset(text, 'x', 300);
    text[300] = '\0';
    abp_buffer_init(&sent, 1000);
    /* A card takes no text; where there is none the link goes below it. */
    assert_int_equal(abp_content_fits(&content, &bluesky, &bluesky.limits, &err), 0);
    assert_int_equal(abp_content_lengths(&content, &masto, &masto.limits).characters, 325);
    assert_int_equal(abp_content_lengths(&content, &masto, &masto.limits).bytes, 323);
    assert_int_equal(abp_content_text(&sent, &content, &masto), 0);
    assert_string_equal(abp_buffer_text(&sent) + 300, "\n\nhttps://example.com/a");
    /* Not twice; and a longer address that begins the same is another one. */
    strcpy(text, "See https://example.com/a.");
    assert_int_equal(abp_content_lengths(&content, &masto, &masto.limits).characters, 28);
    strcpy(text, "See https://example.com/ab");
    assert_int_equal(abp_content_lengths(&content, &masto, &masto.limits).characters, 4 + 23 + 25);
    text[0] = '\0';
    abp_buffer_reset(&sent);
    assert_int_equal(abp_content_text(&sent, &content, &masto), 0);
    assert_string_equal(abp_buffer_text(&sent), "https://example.com/a");
    abp_buffer_release(&sent);

    memset(long_alt, 'a', 2001);
    long_alt[2001] = '\0';
    content.media_count = 2;
    content.media[0] = (struct abp_media){(char[]){"x/a.png"}, long_alt, "image/png", 2000001};
    content.media[1] = (struct abp_media){(char[]){"x/b.png"}, (char[]){"b"}, "image/png", 2000000};
    assert_int_equal(abp_content_faults(&content, &bluesky, &bluesky.limits, count_fault, &said),
                     2);
    assert_int_equal(said, 2);
    struct abp_limits none = {-1, -1, -1, 1, -1, -1};
    assert_int_equal(abp_content_fits(&content, &bluesky, &none, &err), -1);
    assert_non_null(strstr(err.message, "too many images for bluesky: 2, where 1 are allowed"));
    struct abp_channel_ops plain = {.platform = ABP_X};
    assert_int_equal(abp_content_fits(&content, &plain, &none, &err), -1);
    assert_non_null(strstr(err.message, "images can't be posted to x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_graphemes), cmocka_unit_test(test_urls),
        cmocka_unit_test(test_mentions),  cmocka_unit_test(test_mastodon),
        cmocka_unit_test(test_limits),    cmocka_unit_test(test_link_and_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
