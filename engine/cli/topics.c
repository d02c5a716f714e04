#include "topics.h"

#include "help.h"

#include <stdio.h>

#define NAMES 18 /* columns of the keys on the left */

static const char *const experiment_details[] = {
    "An experiment is a file experiments/NAME.ini of the workspace: a [schedule] with two or more "
    "[variant NAME], or an [import], or both. [experiment] and [decision] may be left out where "
    "nothing in them is needed. 'abpost init' writes two that run, 'abpost check' says what is "
    "wrong "
    "with one.",
    "A line is a [section], key = value, blank, or a remark (; or # first). Both begin in the "
    "first "
    "column and end with their line, after 197 bytes at most; a key stands once in its section. "
    "After a number, a date or a word ' ;' begins a remark too.",
    NULL,
};

static const char *const workspace_details[] = {
    "A workspace is a folder with an abpost.ini; it is found from the current folder upwards. "
    "'abpost init' makes one, 'abpost check --online' signs in to its channels.",
    "How a line is written: see 'abpost help experiment'.",
    NULL,
};

static const char *const post_details[] = {
    "A post is a file of its own: UTF-8 text that goes out as it stands there. Where "
    "something is to be said about it, headers come first, then a blank line, then the text:",
    " media: photos/dawn.jpg",
    " alt: The harbour at dawn",
    " status: approved",
    " ",
    " It was six, and the harbour slept.",
    "A text whose first line looks like a header itself has a blank line before it, at the top of "
    "the file.",
    NULL,
};

static const struct abp_topic topics[] = {
    {.name = "experiment",
     .summary = "the keys of an experiment's file, and what holds without them",
     .file = ABP_REFERENCE_EXPERIMENT,
     .details = experiment_details},
    {.name = "workspace",
     .summary = "the keys of abpost.ini: the workspace and its channels",
     .file = ABP_REFERENCE_WORKSPACE,
     .details = workspace_details},
    {.name = "post",
     .summary = "the headers of a post's file",
     .file = ABP_REFERENCE_POST,
     .details = post_details},
};

const struct abp_topic *abp_topics(size_t *count)
{
    *count = sizeof topics / sizeof *topics;
    return topics;
}

/* "Accepted: ..." below a key. */
static void put_line(struct abp_buffer *buf, const struct abp_screen *screen, const char *label,
                     const char *text)
{
    abp_put_blanks(buf, NAMES);
    abp_put_style(buf, screen, ABP_DIM);
    abp_buffer_add(buf, label);
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_byte(buf, ' ');
    abp_put_paragraph(buf, screen, text, NAMES + abp_columns(screen, label) + 1, NAMES + 2);
}

static void put_key(struct abp_buffer *buf, const struct abp_screen *screen,
                    const struct abp_reference_key *key)
{
    const char *name = key->name ? key->name : "(any other)";
    abp_put_blanks(buf, 2);
    abp_put_style(buf, screen, ABP_BOLD);
    abp_put_cell(buf, screen, name, NAMES - 2);
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_put_paragraph(buf, screen, key->meaning, NAMES, NAMES);
    put_line(buf, screen, "Accepted:", key->accepted);
    put_line(buf, screen, "Default:", key->absent ? key->absent : key->preset);
    if (key->example)
        put_line(buf, screen, "Example:", key->example);
}

void abp_topic_put(struct abp_buffer *buf, const struct abp_screen *screen,
                   const struct abp_topic *topic)
{
    struct abp_reference_section section;
    struct abp_reference_key key;
    for (size_t s = 0; abp_reference_section(&section, topic->file, s); s++) {
        char title[64] = "Headers";
        if (section.name[0])
            snprintf(title, sizeof title, "[%s%s]", section.name, section.named ? " NAME" : "");
        abp_help_heading(buf, screen, title);
        if (section.meaning[0])
            abp_put_paragraph(buf, screen, section.meaning, 0, 0);
        for (size_t i = 0; abp_reference_key(&key, topic->file, s, i); i++)
            put_key(buf, screen, &key);
    }
}
