/* Post files of any bytes. Beyond not crashing: what is refused has a mistake with a line of the
 * file; what is read has a text that is UTF-8 without control characters and, put below a blank
 * line into a file of its own, reads the same; and lengths are what their bytes allow. */
#include "channels/count.h"
#include "config/post_scan.h"

#include "abpost/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void must(int condition)
{
    if (!condition)
        abort();
}

static void check_text(const char *text)
{
    size_t len = strlen(text);
    must(abp_utf8_invalid_at(text, len) == len);
    for (size_t i = 0; i < len; i++)
        must((unsigned char)text[i] >= 0x20 ? text[i] != 0x7f : text[i] == '\n' || text[i] == '\t');
    int64_t graphemes = abp_count_characters(text, len, ABP_COUNT_GRAPHEMES, -1);
    must(graphemes <= abp_count_code_points(text));
    must((graphemes == 0) == (len == 0));
    for (size_t at = 0; at < len; at++) {
        size_t name = 0, url = abp_url_at(text, len, at);
        size_t mention = abp_mention_at(&name, text, len, at);
        must(at + url <= len && at + mention <= len && name <= mention);
        must(url == 0 || strncmp(text + at, "://", 3) != 0);
    }
    /* A URL stands for at least the nothing that it counts, a mention for a part of itself. */
    must(abp_count_characters(text, len, ABP_COUNT_MENTIONS, 0) <= graphemes);
}

static void check_again(const struct abp_content *content)
{
    struct abp_buffer file;
    struct abp_content again;
    struct abp_mistakes mistakes = {0};
    struct abp_mistake_log log;
    struct abp_error err = {0};
    if (!content->text[0])
        return;
    abp_buffer_init(&file, (size_t)4 << 20);
    abp_buffer_printf(&file, "\n%s\n", content->text);
    must(!file.failed);
    abp_log_begin(&log, &mistakes, "again.txt");
    must(abp_post_parse(&again, "again.txt", ".", file.data, file.len, &log, &err) == 0);
    must(strcmp(again.text, content->text) == 0);
    must(again.approval == ABP_DRAFT && again.media_count == 0);
    abp_content_release(&again);
    abp_buffer_release(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct abp_content content;
    struct abp_mistakes mistakes = {0};
    struct abp_mistake_log log;
    struct abp_error err = {0};
    long lines = 1;
    char *bytes = malloc(size + 1);
    if (!bytes || size > (size_t)256 << 10) {
        free(bytes);
        return 0;
    }
    memcpy(bytes, data, size);
    bytes[size] = '\0';
    for (size_t i = 0; i < size; i++)
        lines += bytes[i] == '\n';
    abp_log_begin(&log, &mistakes, "post.txt");
    if (abp_post_parse(&content, "post.txt", ".", bytes, size, &log, &err) == 0) {
        must(mistakes.count == 0);
        check_text(content.text);
        check_again(&content);
        abp_content_release(&content);
    } else {
        must(mistakes.count > 0 && err.code == ABP_DATA);
        for (size_t i = 0; i < mistakes.count; i++)
            must(mistakes.list[i].line >= 0 && mistakes.list[i].line <= lines);
    }
    abp_mistakes_release(&mistakes);
    free(bytes);
    return 0;
}
