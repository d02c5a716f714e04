/* Pieces of HTML. Everything is appended to a buffer whose errors stick, so nothing here fails. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "abpost/buffer.h"
#include "abpost/result.h"

#include <stddef.h>

/* Text from anywhere, as text: in an element or between the double quotes of an attribute. */
void html_text(struct abp_buffer *buf, const char *text);
/* The same for a name from outside, between tags that keep its direction of writing to itself. */
void html_name(struct abp_buffer *buf, const char *name);
/* "12 posts", "1 post". */
void html_plural(struct abp_buffer *buf, size_t count, const char *what);
/* "1.94 of 20", "over 1000 of 40". */
void html_guard(struct abp_buffer *buf, const struct abp_guard_result *guard);
/* A place along a plot as the value of an attribute: "41.25%" for 0.4125. What is not a number, or
 * lies outside, is put at the nearest end: a plot never holds a coordinate that is none. */
void html_place(struct abp_buffer *buf, double share);
/* A full stop, unless text ends in one (or in ? or !). */
void html_sentence(struct abp_buffer *buf, const char *text);

/* The style sheet of the page. */
void html_style(struct abp_buffer *buf);

#endif
