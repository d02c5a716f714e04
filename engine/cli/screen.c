#include "screen.h"

#include "abpost/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <utf8proc.h>

#define MIN_WIDTH 60
#define MAX_MARKS 8         /* combining characters over one letter; more only smear the screen */
#define MAX_LINE  (1 << 20) /* bytes of one line for a person */

static struct abp_screen screen_of(const struct abp_env *env, int is_terminal)
{
    struct abp_screen screen;
    screen.draw = env->unicode;
    /* Into a file or a pipe UTF-8 always passes: it is what every file of ours is written in. */
    screen.foreign = env->unicode || !is_terminal;
    screen.colour = env->colour;
    screen.width = env->width < MIN_WIDTH ? MIN_WIDTH : env->width;
    return screen;
}

struct abp_screen abp_screen_of_output(const struct abp_env *env)
{
    return screen_of(env, env->out_is_terminal);
}

struct abp_screen abp_screen_of_errors(const struct abp_env *env)
{
    struct abp_screen screen = screen_of(env, env->err_is_terminal);
    screen.colour = 0;
    return screen;
}

/* ---- harmless text ---- */

struct piece {
    char text[16]; /* what is shown */
    size_t len;
    size_t taken; /* bytes of the source */
    int cells;    /* columns */
};

/* The next piece of text, which is not at its end. */
static struct piece next_piece(const struct abp_screen *screen, const char *text)
{
    struct piece piece;
    utf8proc_int32_t code = -1;
    memset(&piece, 0, sizeof piece);
    utf8proc_ssize_t n =
        utf8proc_iterate((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)strnlen(text, 4), &code);
    if (n > 0 && abp_is_harmless(code) && (code < 0x80 || screen->foreign)) {
        piece.taken = piece.len = (size_t)n;
        memcpy(piece.text, text, (size_t)n);
        piece.cells = utf8proc_charwidth(code);
        return piece;
    }
    if (n <= 0)
        code = (unsigned char)text[0];
    if (n <= 0 || code < 0x80)
        piece.cells = snprintf(piece.text, sizeof piece.text, "\\x%02x", (unsigned)code);
    else
        piece.cells = snprintf(piece.text, sizeof piece.text, "\\u{%x}", (unsigned)code);
    piece.taken = n > 0 ? (size_t)n : 1;
    piece.len = (size_t)piece.cells;
    return piece;
}

/* Appends pieces while they fit into `room` columns (room < 0: all); buf may be NULL to measure. */
static int put_pieces(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                      int room)
{
    int used = 0, marks = 0;
    while (*text) {
        struct piece piece = next_piece(screen, text);
        text += piece.taken;
        if (room >= 0 && used + piece.cells > room)
            break;
        used += piece.cells;
        marks = piece.cells == 0 ? marks + 1 : 0;
        if (buf && marks <= MAX_MARKS)
            abp_buffer_append(buf, piece.text, piece.len);
    }
    return used;
}

int abp_columns(const struct abp_screen *screen, const char *text)
{
    return put_pieces(NULL, screen, text, -1);
}

int abp_put_text(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                 int width)
{
    int dots = screen->draw ? 1 : 3;
    if (width <= 0 || abp_columns(screen, text) <= width)
        return put_pieces(buf, screen, text, -1);
    if (width < dots) {
        abp_buffer_append(buf, "...", (size_t)width);
        return width;
    }
    int used = put_pieces(buf, screen, text, width - dots);
    abp_buffer_add(buf, screen->draw ? "…" : "...");
    return used + dots;
}

void abp_put_blanks(struct abp_buffer *buf, int count)
{
    while (count-- > 0)
        abp_buffer_byte(buf, ' ');
}

void abp_put_cell(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                  int width)
{
    abp_put_blanks(buf, width - abp_put_text(buf, screen, text, width));
}

void abp_put_right(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                   int width)
{
    abp_put_blanks(buf, width - abp_columns(screen, text));
    abp_put_text(buf, screen, text, width);
}

void abp_put_paragraph(struct abp_buffer *buf, const struct abp_screen *screen, const char *text,
                       int used, int indent)
{
    struct abp_buffer safe, word;
    int first = 1;
    abp_buffer_init(&safe, MAX_LINE);
    abp_buffer_init(&word, MAX_LINE);
    put_pieces(&safe, screen, text, -1);
    for (const char *p = abp_buffer_text(&safe); *(p += strspn(p, " "));) {
        size_t len = strcspn(p, " ");
        abp_buffer_reset(&word);
        abp_buffer_append(&word, p, len);
        int cells = abp_columns(screen, abp_buffer_text(&word));
        if (!first && used + 1 + cells > screen->width) {
            abp_buffer_byte(buf, '\n');
            abp_put_blanks(buf, indent);
            used = indent;
        } else if (!first) {
            abp_buffer_byte(buf, ' ');
            used++;
        }
        abp_buffer_append(buf, p, len);
        used += cells;
        first = 0;
        p += len;
    }
    abp_buffer_byte(buf, '\n');
    abp_buffer_release(&word);
    abp_buffer_release(&safe);
}

/* ---- styles ---- */

void abp_put_style(struct abp_buffer *buf, const struct abp_screen *screen, enum abp_style style)
{
    static const char *const codes[] = {
        [ABP_PLAIN] = "\033[0m", [ABP_BOLD] = "\033[1m", [ABP_DIM] = "\033[2m",
        [ABP_GOOD] = "\033[32m", [ABP_BAD] = "\033[31m", [ABP_WARN] = "\033[33m",
        [ABP_CALM] = "\033[36m",
    };
    if (screen->colour)
        abp_buffer_add(buf, codes[style]);
}

enum abp_style abp_verdict_style(enum abp_verdict verdict)
{
    switch (verdict) {
    case ABP_REPEAT:
    case ABP_LEANING_REPEAT:
        return ABP_GOOD;
    case ABP_DROP:
    case ABP_LEANING_DROP:
        return ABP_BAD;
    case ABP_SAME:
        return ABP_CALM;
    case ABP_EXHAUSTED:
        return ABP_WARN;
    default:
        return ABP_PLAIN;
    }
}

/* ---- streams ---- */

static int write_failed(struct abp_error *err)
{
    if (errno == EPIPE)
        return abp_fail(err, ABP_FAILED, "%s", "");
    return abp_fail(err, ABP_FAILED, "the results could not be written: %s; %s", strerror(errno),
                    abp_remedy(errno));
}

int abp_emit(const struct abp_env *env, struct abp_buffer *buf, struct abp_error *err)
{
    if (buf->failed)
        return abp_fail_memory(err);
    errno = 0;
    int failed = buf->len && fwrite(buf->data, 1, buf->len, env->out) != buf->len;
    /* Whoever watches sees each part when it is done. */
    failed = failed || (env->out_is_terminal && fflush(env->out) != 0);
    abp_buffer_reset(buf);
    return failed ? write_failed(err) : 0;
}

int abp_emit_end(const struct abp_env *env, struct abp_error *err)
{
    errno = 0;
    if (fflush(env->out) == 0 && !ferror(env->out))
        return 0;
    return write_failed(err);
}

static void say(const struct abp_env *env, struct abp_buffer *line)
{
    struct abp_screen screen = abp_screen_of_errors(env);
    struct abp_buffer safe;
    abp_buffer_init(&safe, 4 * (size_t)MAX_LINE);
    abp_put_text(&safe, &screen, abp_buffer_text(line), 0);
    abp_buffer_byte(&safe, '\n');
    fputs(abp_buffer_text(&safe), env->err);
    fflush(env->err);
    abp_buffer_release(&safe);
    abp_buffer_release(line);
}

void abp_say(const struct abp_env *env, const char *format, ...)
{
    struct abp_buffer line;
    va_list args;
    abp_buffer_init(&line, MAX_LINE);
    abp_buffer_add(&line, "abpost: ");
    va_start(args, format);
    abp_buffer_vprintf(&line, format, args);
    va_end(args);
    say(env, &line);
}

void abp_put_place(struct abp_buffer *buf, const char *file, long line, const char *message)
{
    if (file && *file && line > 0)
        abp_buffer_printf(buf, "%s:%ld: ", file, line);
    else if (file && *file)
        abp_buffer_printf(buf, "%s: ", file);
    abp_buffer_add(buf, message);
}

void abp_say_at(const struct abp_env *env, const char *file, long line, const char *message)
{
    struct abp_buffer buf;
    abp_buffer_init(&buf, MAX_LINE);
    if (!file || !*file)
        abp_buffer_add(&buf, "abpost: ");
    abp_put_place(&buf, file, line, message);
    say(env, &buf);
}

void abp_say_warning_at(const struct abp_env *env, const char *file, long line, const char *message)
{
    struct abp_buffer words;
    abp_buffer_init(&words, MAX_LINE);
    abp_buffer_printf(&words, "warning: %s", message);
    abp_say_at(env, file, line, abp_buffer_text(&words));
    abp_buffer_release(&words);
}

void abp_say_error(const struct abp_env *env, const struct abp_error *err)
{
    if (err->message[0])
        abp_say_at(env, err->file, err->line, err->message);
}
