/* Where the headers of a post file stand and where its text begins: pure, from bytes in memory.
 * Both those who read a post file and those who rewrite its status go by it. */
#ifndef ABP_CONFIG_POST_SCAN_H
#define ABP_CONFIG_POST_SCAN_H

#include "config/mistakes.h"

#include "abpost/content.h"

#include <stddef.h>

enum abp_header {
    ABP_HEADER_MEDIA,
    ABP_HEADER_ALT,
    ABP_HEADER_LINK,
    ABP_HEADER_LANG,
    ABP_HEADER_STATUS,
    ABP_HEADER_COUNT
};

/* What a header is; members as in struct abp_ini_key. */
struct abp_header_key {
    const char *name; /* "media", "alt", "link", "lang", "status" */
    const char *accepted, *meaning, *preset, *absent, *example;
};

const struct abp_header_key *abp_header_key(enum abp_header header);
const char *abp_header_name(enum abp_header header);

#define ABP_HEADERS_MAX 32 /* header lines of one file; 11 is the most that can be right */

struct abp_header_line {
    enum abp_header header;
    size_t value, len; /* of the value in the file's bytes, without blanks around it; may be empty
                        */
    long line;
};

struct abp_post_scan {
    size_t start;  /* of the first line: after a byte order mark */
    int has_block; /* 1: headers or a blank line stand before the text; 0: all of it is text */
    struct abp_header_line headers[ABP_HEADERS_MAX]; /* those understood, in order */
    size_t count;
    size_t text;    /* where the text begins */
    long text_line; /* its first line */
};

/* Takes the bytes apart by lines (LF or CRLF); what is wrong with the headers' shape is logged.
 * Values are not looked at. */
void abp_post_scan(struct abp_post_scan *scan, const char *bytes, size_t len,
                   struct abp_mistake_log *log);

/* What abp_post_file_read does after loading the file, and what the fuzz target drives. Fails
 * likewise. */
int abp_post_parse(struct abp_content *content, const char *path, const char *root,
                   const char *bytes, size_t len, struct abp_mistake_log *log,
                   struct abp_error *err) ABP_MUST_CHECK;

#endif
