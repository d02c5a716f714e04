#include "progress.h"

#include "screen.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define PATIENCE 0.5 /* seconds before a bar is worth looking at */
#define INTERVAL 0.1
#define MAX_BAR  30
#define MAX_LINE 4096

double abp_steady_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void abp_progress_begin(struct abp_progress_bar *progress, const struct abp_env *env, int wanted)
{
    memset(progress, 0, sizeof *progress);
    progress->env = env;
    progress->wanted = wanted && env->err_is_terminal;
    progress->started = abp_steady_seconds();
}

static void put_left(struct abp_buffer *buf, double seconds)
{
    if (seconds < 90)
        abp_buffer_printf(buf, "about %.0f s left", ceil(seconds));
    else if (seconds < 5400)
        abp_buffer_printf(buf, "about %.0f min left", ceil(seconds / 60));
    else
        abp_buffer_printf(buf, "about %.0f h left", ceil(seconds / 3600));
}

static void put_progress(struct abp_buffer *buf, const struct abp_screen *screen, size_t done,
                         size_t total, double elapsed)
{
    int filled = (int)(MAX_BAR * (double)done / (double)total);
    abp_buffer_printf(buf, "%s of %s ", abp_count_words(done).text, abp_count_words(total).text);
    for (int i = 0; i < MAX_BAR; i++) {
        if (screen->draw)
            abp_buffer_add(buf, i < filled ? "━" : "─");
        else
            abp_buffer_add(buf, i < filled ? "#" : ".");
    }
    abp_buffer_byte(buf, ' ');
    if (done)
        put_left(buf, elapsed / (double)done * (double)(total - done));
}

void abp_progress_update(struct abp_progress_bar *progress, size_t done, size_t total)
{
    double now = abp_steady_seconds();
    if (!progress->wanted || total == 0 || done > total || now - progress->started < PATIENCE ||
        (progress->columns && now - progress->drawn < INTERVAL))
        return;
    struct abp_screen screen = abp_screen_of_errors(progress->env);
    struct abp_buffer line;
    abp_buffer_init(&line, MAX_LINE);
    put_progress(&line, &screen, done, total, now - progress->started);
    int columns = abp_columns(&screen, abp_buffer_text(&line));
    if (columns < screen.width) {
        /* Over the last one, and over what stuck out of it. */
        fprintf(progress->env->err, "\r%s%*s", abp_buffer_text(&line),
                columns < progress->columns ? progress->columns - columns : 0, "");
        fflush(progress->env->err);
        progress->columns = columns < progress->columns ? progress->columns : columns;
    }
    progress->drawn = now;
    abp_buffer_release(&line);
}

void abp_progress_hide(struct abp_progress_bar *progress)
{
    if (!progress->columns)
        return;
    /* Blanks and no escape sequence: that much every terminal understands. */
    fprintf(progress->env->err, "\r%*s\r", progress->columns, "");
    fflush(progress->env->err);
    progress->columns = 0;
}
