/* Links, mentions and tags by byte offsets. tests/servers/bluesky/compare-facets.mjs holds the same
 * function against the official client; here stands what may not change, and what is done otherwise
 * on purpose. */
#include "channels/bluesky_facets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sample {
    const char *text;
    const char *found; /* each as kind:start-end:value, with a blank between them */
};

static const struct sample samples[] = {
    {"", ""},
    {"nothing here", ""},
    /* mentions */
    {"@handle.com middle", "@:0-11:handle.com"},
    {"start @handle.com", "@:6-17:handle.com"},
    {"@a.com @b.com\n@c.com", "@:0-6:a.com @:7-13:b.com @:14-20:c.com"},
    {"(@full123-chars.test)", "@:1-20:full123-chars.test"},
    {"not@right.com", ""},
    {"@handle.com!@#$chars", "@:0-11:handle.com"},
    {"@handle.com. @handle.com-", "@:0-11:handle.com @:13-24:handle.com"},
    {"@foo.com_x", ""},
    {"@nodot @.. @", ""},
    {"\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9 @handle.com \xF0\x9F\x91\xA8",
     "@:12-23:handle.com"},
    /* links */
    {"see https://middle.com/foo?a=b#c end", "l:4-32:https://middle.com/foo?a=b#c"},
    {"http://a.example", "l:0-16:http://a.example"},
    {"middle.com/foo and bsky.app: x", "l:0-14:+middle.com/foo l:19-27:+bsky.app"},
    {"https://foo.com, https://bar.com/x; https://baz.com.",
     "l:0-15:https://foo.com l:17-34:https://bar.com/x l:36-51:https://baz.com"},
    {"(https://foo.com) (https://foo.com/a).", "l:1-16:https://foo.com l:19-36:https://foo.com/a"},
    {"https://foo.com/thing_(cool)", "l:0-28:https://foo.com/thing_(cool)"},
    {"not.. a..url ..here e.g. photo.jpg website.com.jpg/foo readme.txt", ""},
    {"\xC3\xA9t\xC3\xA9 https://b\xC3\xBC"
     "cher.example/\xE2\x82\xAC \xC3\xA9",
     "l:6-33:https://b\xC3\xBC"
     "cher.example/\xE2\x82\xAC"},
    {"a https://x.com\xC2\xA0y \xE3\x80\x80https://z.com",
     "l:2-15:https://x.com l:22-35:https://z.com"},
    {"HTTPS://X.COM Example.COM my-site.com", ""},
    /* done otherwise than by the official client */
    {"httpbin.org/get http.nonsense", "l:0-15:+httpbin.org/get"},
    {"https:// https://. https:///x", ""},
    {"jo.name@example.com", ""},
    {"#a(b.com) #c(@d.com", "t:0-8:a(b.com t:10-19:c(@d.com"},
    /* tags */
    {"#a #b", "t:0-2:a t:3-5:b"},
    {"#1 #1a # #? ## #1?", "t:3-6:1a"},
    {"strips #punctuation, #like. #this!", "t:7-19:punctuation t:21-26:like t:28-33:this"},
    {"a #double#rainbow ##hashash", "t:2-17:double#rainbow t:18-27:#hashash"},
    {"#\xF0\x9F\xA6\x8B #butter\xF0\x9F\xA6\x8B"
     "fly",
     "t:0-5:\xF0\x9F\xA6\x8B t:6-20:butter\xF0\x9F\xA6\x8B"
     "fly"},
    {"#\xEF\xB8\x8Ftag", ""},
    {"#a\xE2\x80\x8B"
     "b",
     "t:0-2:a"},
    {"\xEF\xBC\x83tag", "t:0-6:tag"},
    {"(#no x#no", ""},
    {"#\xE6\x97\xA5\xE6\x9C\xAC\xE3\x80\x82", "t:0-7:\xE6\x97\xA5\xE6\x9C\xAC"},
    {"#aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
     "t:0-65:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {"#aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", ""},
    /* tickers */
    {"$aapl, ($GOOG) $A1", "$:0-5:aapl $:8-13:GOOG $:15-18:A1"},
    {"$100 $TOOLONG x$NO $ $A-B", ""},
};

static void show(char *out, size_t size, const char *text)
{
    static const char kinds[] = "l@t$";
    struct abp_facet facets[20];
    size_t count = abp_bluesky_facets(facets, 20, text, strlen(text)), len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < count; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%c:%zu-%zu:%s%.*s", i ? " " : "",
                                kinds[facets[i].kind], facets[i].start, facets[i].end,
                                facets[i].bare ? "+" : "", (int)facets[i].value_len,
                                text + facets[i].value);
}

static void test_samples(void **state)
{
    (void)state;
    char found[1024];
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        show(found, sizeof found, samples[i].text);
        if (strcmp(found, samples[i].found) != 0)
            fail_msg("%s: found '%s', wanted '%s'", samples[i].text, found, samples[i].found);
    }
}

/* As many as are asked for and not one more, for any maximum; in order, without overlap. */
static void test_many(void **state)
{
    (void)state;
    static char text[3001];
    static struct abp_facet facets[ABP_FACETS_MAX];
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 3 * i, "#a ", 3);
    assert_int_equal(abp_bluesky_facets(facets, ABP_FACETS_MAX, text, 3000), 1000);
    for (size_t i = 0; i < 1000; i++)
        assert_true(facets[i].start == 3 * i && facets[i].end == 3 * i + 2);
    for (size_t max = 0; max < 5; max++)
        assert_int_equal(abp_bluesky_facets(facets, max, text, 3000), max);
}

static void test_link_in(void **state)
{
    (void)state;
    static const char link[] = "https://x.example/a";
    static const char *const in[] = {"https://x.example/a", "see https://x.example/a.",
                                     "<https://x.example/a>", "\"https://x.example/a\", he said",
                                     "https://x.example/ab https://x.example/a"};
    static const char *const out[] = {"",
                                      "https://x.example/",
                                      "https://x.example/ab",
                                      "https://x.example/a/b",
                                      "https://x.example/a.b",
                                      "https://x.example/a?b"};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        if (!abp_bluesky_link_in(in[i], link))
            fail_msg("not seen in: %s", in[i]);
    for (size_t i = 0; i < sizeof out / sizeof *out; i++)
        if (abp_bluesky_link_in(out[i], link))
            fail_msg("seen in: %s", out[i]);
    assert_null(abp_bluesky_link_in("anything", ""));
}

static void test_handles(void **state)
{
    (void)state;
    static const char *const good[] = {"a.b", "brand.example.com", "xn--bcher-kva.example", "1.2"};
    static const char *const bad[] = {"",     "a",    ".a.b",  "a.b.", "a..b",
                                      "-a.b", "a-.b", "a_b.c", "a.b/"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(abp_bluesky_is_handle(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(abp_bluesky_is_handle(bad[i], strlen(bad[i])));
    assert_true(abp_bluesky_is_tld("com", 3) && abp_bluesky_is_tld("zw", 2));
    assert_false(abp_bluesky_is_tld("co", 1) || abp_bluesky_is_tld("", 0) ||
                 abp_bluesky_is_tld("jpg", 3) || abp_bluesky_is_tld("com ", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_link_in),
        cmocka_unit_test(test_handles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
