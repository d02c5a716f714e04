/* HTML as servers make it of a text, back to that text; which texts are the same; dates of headers.
 * The HTML is as each software writes it: Mastodon 4, GoToSocial, Pleroma, and snac 2.75 as it was
 * seen. */
#include "abpost/text.h"
#include "channels/mastodon.h"
#include "channels/mastodon_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect_plain(const char *html, const char *text)
{
    struct abp_buffer out;
    abp_buffer_init(&out, 4096);
    assert_int_equal(abp_mastodon_plain(&out, html), 0);
    assert_string_equal(abp_buffer_text(&out), text);
    abp_buffer_release(&out);
}

static void html_to_text(void **unused)
{
    (void)unused;
    static const struct {
        const char *html, *text;
    } cases[] = {
        {"", ""},
        {"<p>Hello world</p>", "Hello world"},
        {"<p>One<br>two<br/>three<br />four</p>", "One\ntwo\nthree\nfour"},
        {"<p>One</p><p>two</p>", "One\n\ntwo"},
        {"Hello <i>you</i> there<br><br>second line<br>", "Hello you there\n\nsecond line"},
        {"<p>a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39; &apos;e&apos;</p>",
         "a <b> & \"c\" 'd' 'e'"},
        {"&amp;lt; stays", "&lt; stays"},
        {"&#128578; &#x1F642; &#0; &#xD800; &#99999999999;",
         "\xf0\x9f\x99\x82 \xf0\x9f\x99\x82 \xef\xbf\xbd \xef\xbf\xbd \xef\xbf\xbd"},
        {"AT&T &nosuch; &# &#x; &", "AT&T &nosuch; &# &#x; &"},
        {"2 < 3 and 3 > 2 <3", "2 < 3 and 3 > 2 <3"},
        {"a<!-- not <b> seen -->b", "ab"},
        {"<b", ""},
        {"<a title=\"a > b\">x</a>", "x"},
        /* Mastodon cuts links with style sheets only. */
        {"<p>See <a href=\"https://example.org/a/long/path?x=1&amp;y=2\" target=\"_blank\" "
         "rel=\"nofollow noopener\"><span class=\"invisible\">https://</span><span "
         "class=\"ellipsis\">example.org/a/long/path</span><span "
         "class=\"invisible\">?x=1&amp;y=2</span></a> now</p>",
         "See https://example.org/a/long/path?x=1&y=2 now"},
        /* ... others by leaving out the rest. */
        {"<a href=\"https://example.org/a/long/path?x=1&amp;y=2\">example.org/a/lo…</a>!",
         "https://example.org/a/long/path?x=1&y=2!"},
        {"<a href='https://example.org/a/b'>https://example.org/...</a>",
         "https://example.org/a/b"},
        {"<a href=\"https://example.org\">our page</a>", "our page"},
        {"<p><span class=\"h-card\"><a href=\"https://b.example/@bob\" class=\"u-url "
         "mention\">@<span>bob</span></a></span> <a href=\"https://a.example/tags/fun\" "
         "class=\"mention hashtag\" rel=\"tag\">#<span>fun</span></a></p>",
         "@bob #fun"},
        {"<ul><li>one</li><li>two</li></ul>", "one\n\ntwo"},
        {"<P>UP<BR>per</P>", "UP\nper"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_plain(cases[i].html, cases[i].text);
}

static void a_text_beyond_the_cap(void **unused)
{
    (void)unused;
    struct abp_buffer out;
    abp_buffer_init(&out, 8);
    assert_int_equal(abp_mastodon_plain(&out, "<p>more than eight</p>"), -1);
    abp_buffer_release(&out);
    abp_buffer_init(&out, 8);
    assert_int_equal(abp_mastodon_plain(&out, "<a href=\"https://example.org/a/b/c\">exa…</a>"),
                     -1);
    abp_buffer_release(&out);
}

static void likeness_of_sources(void **unused)
{
    (void)unused;
    static const struct {
        const char *sent, *source;
        enum abp_likeness likeness;
    } cases[] = {
        {"One\ntwo", "One\ntwo", ABP_SAME},
        {"One\ntwo", "One\r\ntwo ", ABP_SAME},
        {"caf\xc3\xa9", "cafe\xcc\x81", ABP_SAME},
        {"One two", "One\xc2\xa0two\xe2\x80\x8b", ABP_SAME},
        {"", "", ABP_SAME}, /* an image alone */
        {"", "x", ABP_UNLIKE},
        {"Party \xf0\x9f\x8e\x89", "Party \xf0\x9f\x8e\x82", ABP_UNLIKE},
        {"*you*", "you", ABP_UNLIKE},
        {"One", "one", ABP_UNLIKE},
        {"Post 1", "Post 11", ABP_UNLIKE},
        {"x", "\xff", ABP_UNLIKE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(abp_mastodon_source_likeness(cases[i].sent, cases[i].source),
                         cases[i].likeness);
}

static void likeness_of_html(void **unused)
{
    (void)unused;
    static const struct {
        const char *sent, *html;
        enum abp_likeness likeness;
    } cases[] = {
        {"Why so?\n\nBecause.", "<p>Why so?</p><p>Because.</p>", ABP_SAME},
        {"Ask @bob@b.example: why?",
         "<p>Ask <span class=\"h-card\"><a href=\"https://b.example/@bob\" class=\"u-url "
         "mention\">@<span>bob</span></a></span>: why?</p>",
         ABP_SAME},
        {"Hello *you* `x_1`", "Hello <i>you</i> <code>x_1</code>", ABP_SAME},
        {"See https://example.org/a?b=c&d",
         "See <a href=\"https://example.org/a?b=c&d\">https://example.org/a?b=c&d</a>", ABP_SAME},
        {"Good :-) day", "Good &#128578; day", ABP_ALIKE},
        {"\xf0\x9f\x8e\x89", "<p>\xf0\x9f\x8e\x89</p>", ABP_SAME},
        {"\xf0\x9f\x8e\x89", "<p>\xf0\x9f\x8e\x82</p>", ABP_UNLIKE}, /* no letters to go by */
        {"Party \xf0\x9f\x8e\x89", "<p>Party \xf0\x9f\x8e\x82</p>", ABP_ALIKE},
        {"Post 1", "<p>Post 2</p>", ABP_UNLIKE},
        {"me@example.org", "<p>me@example.com</p>", ABP_UNLIKE}, /* that is no mention */
        {"x", "", ABP_UNLIKE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (abp_mastodon_content_likeness(cases[i].sent, cases[i].html) != cases[i].likeness)
            fail_msg("'%s' and '%s'", cases[i].sent, cases[i].html);
}

static void dates_of_headers(void **unused)
{
    (void)unused;
    static const char *const wrong[] = {"",
                                        "Tue, 24 Nov 2026 14:52:55",
                                        "24 Nov 2026 14:52:55 GMT",
                                        "Tue, 31 Feb 2026 14:52:55 GMT",
                                        "Tue, 24 Nov 2026 24:52:55 GMT",
                                        "Tue, 24 Abc 2026 14:52:55 GMT",
                                        "Tue, -4 Nov 2026 14:52:55 GMT",
                                        "Tue, 24 Nov 2026 14:52:55 CET",
                                        "Tue, 24 ovD 2026 14:52:55 GMT"};
    int64_t at;
    assert_int_equal(abp_mastodon_http_date(&at, "Tue, 24 Nov 2026 14:52:55 GMT"), 0);
    assert_int_equal(at, 1795531975);
    assert_int_equal(abp_mastodon_http_date(&at, "Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    assert_int_equal(at, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(abp_mastodon_http_date(&at, wrong[i]), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(html_to_text),        cmocka_unit_test(a_text_beyond_the_cap),
        cmocka_unit_test(likeness_of_sources), cmocka_unit_test(likeness_of_html),
        cmocka_unit_test(dates_of_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
