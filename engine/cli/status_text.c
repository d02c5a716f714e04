#include "status.h"

#include "screen.h"

#include "abpost/local.h"
#include "abpost/reading.h"

#include <math.h>
#include <string.h>

#define LINE_MAX_BYTES ((size_t)1 << 16)
#define DAY            86400.0
#define WEEK           (7 * DAY)

struct text {
    struct abp_buffer *buf; /* borrowed, as is status */
    struct abp_screen screen;
    const struct abp_status *status;
};

static void ABP_PRINTF(3, 4) paragraph(struct text *t, int indent, const char *format, ...)
{
    struct abp_buffer line;
    va_list args;
    abp_buffer_init(&line, LINE_MAX_BYTES);
    va_start(args, format);
    abp_buffer_vprintf(&line, format, args);
    va_end(args);
    abp_put_blanks(t->buf, indent);
    abp_put_paragraph(t->buf, &t->screen, abp_buffer_text(&line), indent, indent);
    t->buf->failed |= line.failed;
    abp_buffer_release(&line);
}

static void styled(struct text *t, enum abp_style style, const char *words)
{
    abp_put_style(t->buf, &t->screen, style);
    abp_buffer_add(t->buf, words);
    abp_put_style(t->buf, &t->screen, ABP_PLAIN);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* ---- what is stuck ---- */

static void put_stuck(struct text *t)
{
    const struct abp_status *status = t->status;
    size_t persons = abp_status_persons(status);
    abp_buffer_byte(t->buf, '\n');
    if (status->stuck_count == 0) {
        styled(t, ABP_GOOD, "Nothing is stuck.\n");
        return;
    }
    abp_put_style(t->buf, &t->screen, persons ? ABP_BAD : ABP_WARN);
    abp_buffer_printf(t->buf, "Stuck: %zu thing%s", status->stuck_count,
                      plural(status->stuck_count));
    if (persons)
        abp_buffer_printf(t->buf, ", %zu of them need%s you", persons, persons == 1 ? "s" : "");
    abp_put_style(t->buf, &t->screen, ABP_PLAIN);
    abp_buffer_byte(t->buf, '\n');
    for (size_t i = 0; i < status->stuck_count; i++) {
        const struct abp_stuck *s = &status->stuck[i];
        abp_buffer_byte(t->buf, '\n');
        styled(t, s->person ? ABP_BAD : ABP_WARN, s->person ? "! " : "- ");
        abp_put_paragraph(t->buf, &t->screen, s->what, 2, 2);
        paragraph(t, 2, "%s", s->todo);
        if (s->line) {
            abp_put_blanks(t->buf, 4);
            abp_put_text(t->buf, &t->screen, s->line, 0);
            abp_buffer_add(t->buf, "\n  Then:\n");
        }
        for (size_t k = 0; k < ABP_STUCK_COMMANDS && s->commands[k]; k++) {
            abp_put_blanks(t->buf, 4);
            abp_put_text(t->buf, &t->screen, s->commands[k], 0);
            abp_buffer_byte(t->buf, '\n');
        }
    }
}

/* ---- experiments ---- */

static void put_progress(struct text *t, const struct abp_status_experiment *e)
{
    char when[ABP_LOCAL_SIZE];
    const size_t *counted = e->made.counted;
    size_t out = e->states[ABP_POSTED], most = (size_t)e->file->schedule.max_posts;
    size_t read = counted[ABP_COUNTED_READ] + counted[ABP_COUNTED_INTERPOLATED] +
                  counted[ABP_COUNTED_ADJUSTED];
    struct abp_buffer line;
    abp_buffer_init(&line, LINE_MAX_BYTES);
    abp_buffer_printf(&line, "%zu", out);
    if (most)
        abp_buffer_printf(&line, " of %zu", most);
    abp_buffer_printf(&line, " post%s out", plural(most ? most : out));
    if (out)
        abp_buffer_printf(&line, ", %zu with %s numbers at the horizon", read,
                          read == 1 ? "its" : "their");
    if (e->states[ABP_HANDED])
        abp_buffer_printf(&line, "; %zu handed over", e->states[ABP_HANDED]);
    if (e->states[ABP_PLANNED]) {
        abp_local_format(when, e->ends_at, t->status->loaded.zone);
        abp_buffer_printf(&line, "; %zu planned until %s", e->states[ABP_PLANNED], when);
        if (e->ends_at > t->status->now)
            abp_buffer_printf(&line, " (%.1f weeks)", (double)(e->ends_at - t->status->now) / WEEK);
    }
    paragraph(t, 2, "%s.", abp_buffer_text(&line));
    abp_buffer_release(&line);
}

static void add_count(struct abp_buffer *line, size_t count, const char *what)
{
    if (count)
        abp_buffer_printf(line, "%s%zu %s", line->len ? ", " : "", count, what);
}

/* Files that nobody should wait for. */
static void put_moved(struct text *t, const struct abp_status_variant *variant, int indent)
{
    if (!variant->moved)
        return;
    paragraph(t, indent, "%s was posted already as %s, and does not go out again.",
              variant->moved_file, variant->moved_as);
    if (variant->moved > 1)
        paragraph(t, indent, "So it is with %zu more (abpost approve).", variant->moved - 1);
}

static void put_variants(struct text *t, const struct abp_status_experiment *e)
{
    int width = 0;
    for (size_t v = 0; v < e->file->variant_count; v++) {
        int columns = abp_columns(&t->screen, e->variants[v].name);
        width = columns > width ? columns : width;
    }
    width = width > 24 ? 24 : width;
    for (size_t v = 0; v < e->file->variant_count; v++) {
        const struct abp_status_variant *variant = &e->variants[v];
        struct abp_buffer line;
        abp_buffer_init(&line, LINE_MAX_BYTES);
        add_count(&line, variant->out, "out");
        abp_buffer_printf(&line, "%s%zu ready", line.len ? ", " : "", variant->ready);
        add_count(&line, variant->draft, "to approve");
        add_count(&line, variant->held, "held");
        add_count(&line, variant->unreadable, "with mistakes (abpost check)");
        add_count(&line, variant->refused, "that can't go out as they are");
        add_count(&line, variant->used, variant->used == 1 ? "file used up" : "files used up");
        abp_put_blanks(t->buf, 4);
        abp_put_cell(t->buf, &t->screen, variant->name, width);
        abp_put_blanks(t->buf, 2);
        abp_put_paragraph(t->buf, &t->screen, abp_buffer_text(&line), 6 + width, 6 + width);
        abp_buffer_release(&line);
        put_moved(t, variant, 6 + width);
    }
}

static void put_analysis(struct text *t, const struct abp_status_experiment *e)
{
    char when[ABP_LOCAL_SIZE];
    for (size_t i = 0; i < e->decided.count; i++) {
        const struct abp_decided *d = &e->decided.list[i];
        abp_local_format(when, d->decided_at, t->status->loaded.zone);
        if (strcmp(d->verdict, ABP_WITHDRAWN) == 0)
            paragraph(t, 2, "Withdrawn %s: the decision on %s. %s", when, d->variant, d->reason);
        else
            paragraph(t, 2, "Decided %s: %s %s. %s", when, d->verdict, d->variant, d->reason);
    }
    if (!e->analysis.changed[0]) {
        if (e->analysis_differs)
            paragraph(t, 2,
                      "The file says another analysis than it did when the first post went out; "
                      "with the next post the experiment is exploratory from then on.");
        return;
    }
    abp_local_format(when, e->analysis.changed_at, t->status->loaded.zone);
    paragraph(t, 2,
              "Exploratory since %s: what the file says of the analysis was changed after the "
              "first post.",
              when);
}

/* What to do next, where nothing is on its way. */
static void put_next_step(struct text *t, const struct abp_status_experiment *e)
{
    size_t files = 0, ready = 0;
    for (size_t v = 0; v < e->file->variant_count; v++) {
        const struct abp_status_variant *variant = &e->variants[v];
        files += variant->ready + variant->draft + variant->held + variant->used + variant->refused;
        ready += variant->ready > 0;
    }
    if (files == 0)
        paragraph(t, 2, "Next: write its posts, one text file each (posts = %s).",
                  e->file->variants[0].posts);
    else if (ready < e->file->variant_count)
        paragraph(t, 2, "Next: approve a post of every style (abpost approve).");
    if (e->planned == 0)
        paragraph(t, 2, "Nothing is planned yet; abpost plan %s draws the first posts.",
                  e->file->name);
}

static void put_experiment(struct text *t, const struct abp_status_experiment *e)
{
    abp_buffer_byte(t->buf, '\n');
    abp_put_style(t->buf, &t->screen, ABP_BOLD);
    int used = abp_put_text(t->buf, &t->screen, e->file->name, 0);
    abp_put_style(t->buf, &t->screen, ABP_PLAIN);
    if (e->file->hypothesis) {
        abp_buffer_add(t->buf, ": ");
        abp_put_paragraph(t->buf, &t->screen, e->file->hypothesis, used + 2, 2);
    } else {
        abp_buffer_byte(t->buf, '\n');
    }
    if (!e->file->schedule.present) {
        paragraph(t, 2,
                  "Historic data alone: nothing to post. abpost evaluate %s says what it "
                  "shows.",
                  e->file->name);
        return;
    }
    if (e->planned)
        put_progress(t, e);
    put_variants(t, e);
    put_analysis(t, e);
    put_next_step(t, e);
}

/* ---- channels ---- */

static void put_channel(struct text *t, const struct abp_status_channel *c)
{
    char when[ABP_LOCAL_SIZE];
    struct abp_buffer line;
    abp_buffer_init(&line, LINE_MAX_BYTES);
    abp_buffer_printf(&line, "%s (%s): %zu", c->channel->name,
                      abp_platform_name(c->channel->platform), c->this_week);
    if (!isnan(c->channel->target))
        abp_buffer_printf(&line, " of %g", c->channel->target);
    abp_buffer_add(&line, " out this week");
    if (c->next) {
        abp_local_format(when, c->next->due_at, t->status->loaded.zone);
        abp_buffer_printf(&line, "; next at %s: %s (%s), %s", when, c->next->variant,
                          c->next->experiment,
                          c->file ? c->file : "with no approved post to take yet");
    } else {
        abp_buffer_add(&line, "; nothing planned");
    }
    abp_put_blanks(t->buf, 2);
    abp_put_paragraph(t->buf, &t->screen, abp_buffer_text(&line), 2, 4);
    abp_buffer_release(&line);
}

static void put_beginning(struct text *t)
{
    abp_buffer_byte(t->buf, '\n');
    paragraph(t, 0,
              "There is no experiment yet. Write experiments/NAME.ini (abpost init shows one in a "
              "new folder), then: abpost check, abpost plan NAME");
}

void abp_status_put_text(struct abp_buffer *buf, const struct abp_status *status)
{
    char when[ABP_LOCAL_SIZE];
    struct text t = {buf, abp_screen_of_output(status->loaded.env), status};
    const struct abp_workspace *ws = &status->loaded.inputs.ws;
    abp_local_format(when, status->now, status->loaded.zone);
    paragraph(&t, 0, "%s, %s (%s)", ws->root, when, ws->timezone);
    put_stuck(&t);
    if (status->loaded.count == 0 && status->loaded.broken == 0)
        put_beginning(&t);
    for (size_t i = 0; i < status->loaded.count; i++)
        put_experiment(&t, &status->experiments[i]);
    if (ws->channel_count == 0)
        return;
    abp_buffer_byte(buf, '\n');
    styled(&t, ABP_BOLD, "Channels");
    abp_buffer_byte(buf, '\n');
    for (size_t i = 0; i < ws->channel_count; i++)
        put_channel(&t, &status->channels[i]);
}
