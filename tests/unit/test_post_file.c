/* Post files: what is read, and that every mistake is said, with its line. */
#include "abpost/post_file.h"
#include "config_files.h"
#include "store_scratch.h"

#include "config/post_media.h"

#include <sys/stat.h>

#define PNG  "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
#define JPEG "\xff\xd8\xff\xe0\0\x10JFIF\0"
#define WEBP "RIFF\x24\0\0\0WEBPVP8 "

static void write_bytes(struct scratch *s, const char *name, const char *bytes, size_t len)
{
    scratch_write_bytes(s, name, bytes, len);
}

static void write_images(struct scratch *s)
{
    write_bytes(s, "a.png", PNG, sizeof PNG - 1);
    write_bytes(s, "b.jpg", JPEG, sizeof JPEG - 1);
    write_bytes(s, "c.gif", "GIF89a\1\0", 8);
    write_bytes(s, "d.webp", WEBP, sizeof WEBP - 1);
}

static void read_bytes(struct abp_content *content, struct scratch *s, const char *bytes,
                       size_t len)
{
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    write_bytes(s, "post.txt", bytes, len);
    int rc = abp_post_file_read(content, scratch_path(s, "post.txt"), s->folder, &mistakes, &err);
    if (rc != 0)
        print_mistakes(&mistakes);
    assert_int_equal(rc, 0);
    assert_int_equal(mistakes.count, 0);
}

static void reads_text(struct scratch *s, const char *file, const char *text)
{
    struct abp_content content;
    read_bytes(&content, s, file, strlen(file));
    assert_string_equal(content.text, text);
    abp_content_release(&content);
}

/* The file has exactly `count` mistakes, one of them in that line with those words. */
static void refuses_bytes(struct scratch *s, const char *bytes, size_t len, size_t count, long line,
                          const char *words)
{
    struct abp_content content;
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    write_bytes(s, "post.txt", bytes, len);
    assert_int_equal(
        abp_post_file_read(&content, scratch_path(s, "post.txt"), s->folder, &mistakes, &err), -1);
    assert_int_equal(err.code, ABP_DATA);
    assert_null(content.text);
    if (mistakes.count != count || !has_mistake(&mistakes, line, words)) {
        print_mistakes(&mistakes);
        fail_msg("expected %zu mistakes, and in line %ld: %s", count, line, words);
    }
    abp_mistakes_release(&mistakes);
}

static void refuses(struct scratch *s, const char *file, size_t count, long line, const char *words)
{
    refuses_bytes(s, file, strlen(file), count, line, words);
}

static void test_whole_file(void **state)
{
    static const char file[] =
        "media: a.png\nalt:  The harbour at dawn \nlang: pt-BR\nmedia: b.jpg\n"
        "alt: Boats\nlink: https://example.com/a?b=c#d\nstatus: approved\n"
        "\n  Good morning: boats.\n\nTwo.\n";
    struct scratch *s = *state;
    struct abp_content content;
    write_images(s);
    read_bytes(&content, s, file, sizeof file - 1);
    assert_string_equal(content.text, "  Good morning: boats.\n\nTwo.");
    assert_string_equal(content.path, "post.txt");
    assert_string_equal(content.topic, "post.txt");
    assert_string_equal(content.link, "https://example.com/a?b=c#d");
    assert_string_equal(content.lang, "pt-BR");
    assert_int_equal(content.approval, ABP_APPROVED);
    assert_int_equal(content.media_count, 2);
    assert_string_equal(content.media[0].alt, "The harbour at dawn");
    assert_string_equal(content.media[0].type, "image/png");
    assert_int_equal(content.media[0].size, sizeof PNG - 1);
    assert_non_null(strstr(content.media[0].path, "/a.png"));
    assert_string_equal(content.media[1].type, "image/jpeg");
    assert_string_equal(content.media[1].alt, "Boats");
    abp_content_release(&content);
    read_bytes(&content, s, "abc", 3);
    assert_int_equal(content.approval, ABP_DRAFT);
    assert_null(content.link);
    assert_null(content.lang);
    abp_content_release(&content);
}

static void digest(char digest[65], struct scratch *s, const char *file)
{
    struct abp_content content;
    read_bytes(&content, s, file, strlen(file));
    memcpy(digest, content.digest, 65);
    abp_content_release(&content);
}

/* The same whatever the status is, and wherever it is said. */
static void test_digest(void **state)
{
    static const char *const same[][6] = {
        /* printf 'status: approved\n\nabc' | sha256sum */
        {"4fe8f59013a6c2354e6b9fdf5c9522407a48828cce4f96c1b0ae3b5342a3e93c", "abc", "\nabc",
         "status: held\n\nabc", "status:approved\n\nabc", "status: draft \n\nabc"},
        /* printf 'status: approved\nlang: en\n\nabc\n' | sha256sum */
        {"c484fe0561f5a6ffeae277543c8e8853fcc7baf1c6385253964809b6f1334f61", "lang: en\n\nabc\n",
         "lang: en\nstatus: held\n\nabc\n", "status: approved\nlang: en\n\nabc\n",
         "status:  draft\nlang: en\n\nabc\n", "lang: en\nstatus:approved\n\nabc\n"},
        /* printf 'status: approved\r\n\r\nabc\r\n' | sha256sum */
        {"607b7381337dc4769a2518ae2cafb269d6e68c2a56df88bc4ac26c1499ebdc0a", "abc\r\n",
         "\r\nabc\r\n", "status: held\r\n\r\nabc\r\n", "status: approved\r\n\r\nabc\r\n",
         "status:draft\r\n\r\nabc\r\n"}};
    static const char *const others[] = {"abd", "abc\n", "\n\nabc", "lang: en\n\nabc",
                                         "lang: pt\n\nabc\n"};
    struct scratch *s = *state;
    char one[65], other[65];
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 1; k < 6; k++) {
            digest(one, s, same[i][k]);
            assert_string_equal(one, same[i][0]);
        }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        digest(other, s, others[i]);
        for (size_t k = 0; k < 3; k++)
            assert_string_not_equal(other, same[k][0]);
    }
}

/* An image that is another one by its size makes another version of the same text. */
static void test_version(void **state)
{
    struct abp_content content = {.media_count = 2, .media = {{.size = 7}, {.size = 4000000}}};
    char one[ABP_CONTENT_VERSION_SIZE], other[ABP_CONTENT_VERSION_SIZE];
    (void)state;
    memset(content.digest, 'a', 64);
    abp_content_version(one, &content);
    assert_int_equal(strlen(one), 64 + 2 + 8);
    assert_string_equal(one + 64, " 7 4000000");
    content.media[0].size = 8;
    abp_content_version(other, &content);
    assert_string_not_equal(one, other);
    assert_true(abp_content_says_the_same(one, other));
    assert_true(abp_content_says_the_same(one, content.digest));
    other[63] = 'b';
    assert_false(abp_content_says_the_same(one, other));
    assert_false(abp_content_says_the_same(one, NULL));
    assert_false(abp_content_says_the_same("d", "d"));
    assert_false(abp_content_says_the_same("", ""));
    content.media_count = ABP_CONTENT_MEDIA_MAX;
    for (size_t i = 0; i < ABP_CONTENT_MEDIA_MAX; i++)
        content.media[i].size = SIZE_MAX;
    abp_content_version(one, &content);
    assert_int_equal(strlen(one), ABP_CONTENT_VERSION_SIZE - 1);
}

static void test_images(void **state)
{
    struct scratch *s = *state;
    struct abp_content content;
    static const char file[] = "media: c.gif\nalt: c\nmedia: d.webp\nalt: d\n";
    write_images(s);
    read_bytes(&content, s, file, sizeof file - 1); /* an image needs no text */
    assert_string_equal(content.text, "");
    assert_string_equal(content.media[0].type, "image/gif");
    assert_string_equal(content.media[1].type, "image/webp");
    abp_content_release(&content);
    assert_null(abp_media_type((const unsigned char *)"RIFF\1\1\1\1WAVE", 12));
    assert_null(abp_media_type((const unsigned char *)"xIFF\1\1\1\1WEBP", 12));
    assert_null(abp_media_type((const unsigned char *)"\x89PNG", 4));
}

/* Which files are text from their first byte, and which have headers. */
static void test_where_the_text_begins(void **state)
{
    struct scratch *s = *state;
    reads_text(s, "Note: hello", "Note: hello");
    reads_text(s, "Line: 12 is closed\n", "Line: 12 is closed");
    reads_text(s, "Link in bio: see above\n", "Link in bio: see above");
    reads_text(s, "Link: in bio\nand a line that is no header",
               "Link: in bio\nand a line that is no header");
    reads_text(s, "https://example.com\n", "https://example.com");
    reads_text(s, "note: small letters too\n", "note: small letters too");
    reads_text(s, "Hello\nstatus: approved\n", "Hello\nstatus: approved");
    reads_text(s, "\nstatus: of the union\n", "status: of the union");
    reads_text(s, " \t\n\n x\n", "\n x");
    reads_text(s, "lang: en\n\n\nx\n\n", "\nx\n");
    reads_text(s, "lang: en\n  \nstatus: x", "status: x");
    reads_text(s, "\xef\xbb\xbflang: en\n\nx", "x");
    reads_text(s, "\xef\xbb\xbfx\n", "x");
    reads_text(s, "lang: en\r\n\r\nx\r\ny\r\n", "x\ny");
    reads_text(s, "x\ty", "x\ty");
}

static void test_nfc(void **state)
{
    struct scratch *s = *state;
    struct abp_content content;
    static const char file[] = "media: a.png\nalt: e\xcc\x81\n\nA\xcc\x8a \xe2\x84\xab";
    reads_text(s, "e\xcc\x81", "\xc3\xa9");
    /* A family of four is one grapheme of seven code points, none of which may go. */
    reads_text(s, "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7",
               "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7");
    write_images(s);
    read_bytes(&content, s, file, sizeof file - 1);
    assert_string_equal(content.media[0].alt, "\xc3\xa9");
    assert_string_equal(content.text, "\xc3\x85 \xc3\x85");
    abp_content_release(&content);
}

static void test_headers_that_are_none(void **state)
{
    struct scratch *s = *state;
    refuses(s, "meida: photo.jpg\n\nText\n", 1, 1, "did you mean 'media'?");
    refuses(s, "meida: photo.jpg", 2, 1, "did you mean 'media'?");
    refuses(s, "Status: approved\n\nText\n", 1, 1, "did you mean 'status'?");
    refuses(s, "status : approved\n\nText\n", 1, 1, "a blank stands before the colon");
    refuses(s, "lang: en\nstatsu: approved\n\nText\n", 1, 2, "did you mean 'status'?");
    refuses(s, "lang: en\ntitle: x\n\nText\n", 1, 2,
            "accepted are media, alt, link, lang and status");
    refuses(s, "lang: en\nHello world\n", 1, 2, "a blank line must stand between");
    refuses(s, "status: of the union\nand more\n", 2, 2, "at the top of the file");
    refuses(s, "lang: en\nlang: de\n\nx", 1, 2, "stands in line 1 already");
    refuses(s, "status: approved\n\n \n\t\n", 1, 3, "no text below the headers");
    refuses(s, "", 1, 1, "there is no text");
    refuses(s, "\xef\xbb\xbf", 1, 1, "there is no text");
    refuses(s, "\n\n\n", 1, 2, "there is no text");
}

static void test_values_that_are_none(void **state)
{
    static const char *const links[] = {
        "http://example.com", "https://",         "https:///a",       "example.com",
        "https://a:b@c.com/", "https://a.com/ b", "https://a.com/\"", "https://.com"};
    static const char *const langs[] = {"e",    "english", "en_GB", "en-",          "en--GB",
                                        "en-a", "1n",      "en GB", "en-abcdefghi", "-en"};
    static const char *const good[] = {"en", "deu", "zh-Hant-TW", "es-419", "de-CH-1996"};
    struct scratch *s = *state;
    char file[200];
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        snprintf(file, sizeof file, "lang: en\nlink: %s\n\nx", links[i]);
        refuses(s, file, 1, 2, "accepted is one address, https://HOST/");
    }
    for (size_t i = 0; i < sizeof langs / sizeof *langs; i++) {
        snprintf(file, sizeof file, "lang: %s\n\nx", langs[i]);
        refuses(s, file, 1, 1, "accepted is a language tag");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        snprintf(file, sizeof file, "lang: %s\n\nx", good[i]);
        reads_text(s, file, "x");
    }
    refuses(s, "status: aproved\n\nx", 1, 1, "did you mean 'approved'?");
    refuses(s, "status: Approved\n\nx", 1, 1, "did you mean 'approved'?");
    refuses(s, "status:\n\nx", 1, 1,
            "nothing follows; accepted is approved, draft or held, or no such line");
}

static void test_media_that_are_none(void **state)
{
    struct scratch *s = *state;
    char file[700];
    write_images(s);
    write_bytes(s, "text.png", "not an image", 12);
    write_bytes(s, "empty.png", "", 0);
    refuses(s, "media: a.pgn\nalt: x\n\nx", 1, 1, "did you mean 'a.png'?");
    refuses(s, "media: text.png\nalt: x\n\nx", 1, 1, "by its first bytes");
    refuses(s, "media: empty.png\nalt: x\n\nx", 1, 1, "is empty");
    refuses(s, "media: .\nalt: x\n\nx", 1, 1, "lies outside");
    refuses(s, "media: a.png\n\nx", 1, 1, "no description");
    refuses(s, "media: a.png\nmedia: b.jpg\nalt: b\n\nx", 1, 1, "no description");
    refuses(s, "media: a.png\nalt:\n\nx", 1, 2, "nothing follows");
    refuses(s, "alt: b\nmedia: a.png\nalt: x\nalt: y\n\nx", 2, 1, "describes no image");
    refuses(s, "alt: b\nmedia: a.png\nalt: x\nalt: y\n\nx", 2, 4, "has one already");
    refuses(s,
            "media: a.png\nalt: 1\nmedia: a.png\nalt: 2\nmedia: a.png\nalt: 3\nmedia: a.png\n"
            "alt: 4\nmedia: a.png\n\nx",
            1, 9, "one image too many");
    /* Out of the workspace, on whichever way. */
    refuses(s, "media: ../a.png\nalt: x\n\nx", 1, 1, "leads out of the workspace");
    refuses(s, "media: x/../../a.png\nalt: x\n\nx", 1, 1, "leads out of the workspace");
    refuses(s, "media: /etc/passwd\nalt: x\n\nx", 1, 1, "lies outside");
    refuses(s, "media: ~/a.png\nalt: x\n\nx", 1, 1, "begins with ~");
    assert_int_equal(symlink("/etc/passwd", scratch_path(s, "link.png")), 0);
    refuses(s, "media: link.png\nalt: x\n\nx", 1, 1, "lies outside");
    /* Named absolutely, inside: accepted. */
    snprintf(file, sizeof file, "media: %s\nalt: x\n\nx", scratch_path(s, "a.png"));
    reads_text(s, file, "x");
    reads_text(s, "media: .//./a.png\nalt: x\n\nx", "x");
}

static void test_every_mistake_in_one_pass(void **state)
{
    struct scratch *s = *state;
    static const char file[] = "media: nowhere.png\nlink: x\nlang: x\nstatus: x\nfoo: x\n\n\n";
    write_images(s);
    refuses(s, file, 6, 1, "can't be read: No such file");
    refuses(s, file, 6, 2, "link: 'x'");
    refuses(s, file, 6, 3, "lang: 'x'");
    refuses(s, file, 6, 4, "status: 'x'");
    refuses(s, file, 6, 5, "'foo' is no header");
    refuses(s, file, 6, 1, "no description");
}

static void test_bytes_that_are_no_text(void **state)
{
    struct scratch *s = *state;
    refuses_bytes(s, "ab\nc\xff", 5, 1, 2, "byte 5 of the file (0xff) is not UTF-8");
    refuses_bytes(s, "\xc0\xaf", 2, 1, 1, "byte 1 of the file (0xc0)");
    refuses_bytes(s, "\xed\xa0\x80", 3, 1, 1, "not UTF-8");
    refuses_bytes(s, "\xff\xfeh\0i\0", 6, 1, 1, "looks like UTF-16");
    refuses_bytes(s, "a\0b", 3, 1, 1, "not UTF-8"); /* NUL ends texts elsewhere: refused too */
    refuses(s, "a\x1b[2J\nb\nc\x7f", 2, 1, "U+001B (byte 2 of the file)");
    refuses(s, "a\x1b[2J\nb\nc\x7f", 2, 3, "U+007F");
    refuses(s, "a\xc2\x85z", 1, 1, "U+0085");
    refuses(s, "a\rb", 1, 1, "a carriage return stands alone");
    reads_text(s, "\xc2\xa0z", "\xc2\xa0z");
}

static void test_files_that_are_none(void **state)
{
    struct scratch *s = *state;
    struct abp_content content;
    struct abp_mistakes mistakes = {0};
    struct abp_error err = {0};
    char *large = malloc(ABP_POST_FILE_MAX + 1);
    assert_non_null(large);
    memset(large, 'x', ABP_POST_FILE_MAX + 1);
    refuses_bytes(s, large, ABP_POST_FILE_MAX + 1, 1, 0, "larger than 262144 bytes");
    read_bytes(&content, s, large, ABP_POST_FILE_MAX);
    assert_int_equal(strlen(content.text), ABP_POST_FILE_MAX);
    abp_content_release(&content);
    free(large);
    assert_int_equal(
        abp_post_file_read(&content, scratch_path(s, "none.txt"), s->folder, &mistakes, &err), -1);
    assert_true(has_mistake(&mistakes, 0, "No such file"));
    assert_int_equal(abp_post_file_read(&content, s->folder, s->folder, &mistakes, &err), -1);
    assert_true(has_mistake(&mistakes, 0, "is a folder; accepted is a text file"));
    assert_int_equal(err.code, ABP_DATA);
    abp_mistakes_release(&mistakes);
}

/* Files of a variant, in a folder whose own name is full of what globs mean something by. */
static void test_find(void **state)
{
    struct scratch *s = *state;
    struct abp_names paths;
    struct abp_error err = {0};
    char root[300], path[400];
    struct abp_variant variant = {.posts = (char[]){"*.txt"}};
    static const char *const names[] = {"b.txt", "a.txt", "B.txt", ".hidden.txt", "c.txt~"};
    snprintf(root, sizeof root, "%s/[a-z]*\\", s->folder);
    assert_int_equal(mkdir(root, 0700), 0);
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        fclose(fopen(path, "w"));
    }
    assert_int_equal(abp_post_files_find(&paths, &variant, root, &err), 0);
    assert_int_equal(paths.count, 3);
    static const char *const expected[] = {"B.txt", "a.txt", "b.txt"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", root, expected[i]);
        assert_string_equal(paths.list[i], path);
    }
    abp_names_free(&paths);
    variant.posts = (char[]){"none/*.txt"};
    assert_int_equal(abp_post_files_find(&paths, &variant, root, &err), 0);
    assert_int_equal(paths.count, 0);
    variant.posts = NULL;
    assert_int_equal(abp_post_files_find(&paths, &variant, root, &err), 0);
    assert_int_equal(paths.count, 0);
    for (size_t i = 0; i < 5; i++) {
        snprintf(path, sizeof path, "%s/%s", root, names[i]);
        unlink(path);
    }
    rmdir(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_file, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_version, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_digest, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_images, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_where_the_text_begins, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_nfc, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_headers_that_are_none, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_values_that_are_none, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_media_that_are_none, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_every_mistake_in_one_pass, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_bytes_that_are_no_text, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(test_files_that_are_none, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_find, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
