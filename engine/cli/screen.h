/* Text for a reader: columns, colours, and words from outside made harmless. Names come from files
 * that other people wrote; whatever bytes they hold, none of them may steer a terminal. */
#ifndef ABPOST_CLI_SCREEN_H
#define ABPOST_CLI_SCREEN_H

#include "abpost/buffer.h"
#include "abpost/env.h"
#include "abpost/family.h"
#include "abpost/words.h"

/* Where text will be read. */
struct abp_screen {
    int draw;    /* 1: lines and dots outside ASCII can be drawn */
    int foreign; /* 1: letters outside ASCII pass as they are; 0: as \u{e9} */
    int colour;  /* 1: colours can be shown */
    int width;   /* columns, at least 60 */
};

struct abp_screen abp_screen_of_output(const struct abp_env *env);
struct abp_screen abp_screen_of_errors(const struct abp_env *env);

/* Columns that text takes once it is harmless. */
int abp_columns(const struct abp_screen *screen, const char *text);

/* Appends text, harmless: control and bidirectional-override characters, line ends and bytes that
 * are not UTF-8 become visible escapes such as \x1b and \u{202e}. With width > 0 it is cut to that
 * many columns, ending in an ellipsis. Returns the columns it took. */
int abp_put_text(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                 int width);
/* The same, padded with blanks to exactly width columns. */
void abp_put_cell(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                  int width);
/* The same, flush right. */
void abp_put_right(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                   int width);
void abp_put_blanks(struct abp_buffer *buf, int count);

/* Appends text as a paragraph and a newline: broken at blanks to the screen's width, every line but
 * the first after `indent` blanks; `used` columns of the first line are taken already. */
void abp_put_paragraph(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                       int used, int indent);

enum abp_style { ABP_PLAIN, ABP_BOLD, ABP_DIM, ABP_GOOD, ABP_BAD, ABP_WARN, ABP_CALM };

/* Starts a style; ABP_PLAIN ends it. Appends nothing on a screen without colour. */
void abp_put_style(struct abp_buffer *buf, const struct abp_screen *screen, enum abp_style style);
enum abp_style abp_verdict_style(enum abp_verdict verdict);

/* Writes buf to env->out and empties it. -1, ABP_FAILED: the text could not be built or written;
 * the message is empty when the reader closed the pipe, which needs no words. */
int abp_emit(const struct abp_env *env, struct abp_buffer *buf,
             struct abp_error *err) ABP_MUST_CHECK;
/* Writes what stdio still holds, so that a full disk is told of. Fails like abp_emit(). */
int abp_emit_end(const struct abp_env *env, struct abp_error *err) ABP_MUST_CHECK;

/* One line for a person on env->err, "abpost: " in front, made harmless as a whole. */
void abp_say(const struct abp_env *env, const char *format, ...) ABP_PRINTF(2, 3);
/* Appends "file:line: message". NULL or "" for no file, 0 for no line. */
void abp_put_place(struct abp_buffer *buf, const char *file, long line, const char *message);
/* Says that; "abpost: message" without a file. */
void abp_say_at(const struct abp_env *env, const char *file, long line, const char *message);
/* The same of what may be meant as it is: "file:line: warning: message". */
void abp_say_warning_at(const struct abp_env *env, const char *file, long line,
                        const char *message);
/* The same for an error. Nothing for an empty message. */
void abp_say_error(const struct abp_env *env, const struct abp_error *err);

#endif
