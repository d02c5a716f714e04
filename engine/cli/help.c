#include "help.h"

#include "screen.h"
#include "topics.h"

#include "abpost/text.h"

#include <string.h>

#define MAX_HELP  (1 << 20)
#define MAX_WIDTH 90 /* longer lines are hard to read, however wide the terminal */
#define COMMANDS  28 /* columns of the names on the left */
#define OPTIONS   24
#define NAMES_MAX 64 /* commands and topics */

static const char *const program_details[] = {
    "#Environment",
    " ABPOST_CONFIG   the workspace's abpost.ini, instead of searching upwards for it",
    " NO_COLOR        when it is set, no colours",
    " COLUMNS         the width of text, where the terminal's own is not wanted",
    " LC_ALL, LANG    lines and dots are drawn in Unicode where the locale says UTF-8",
    "#Exit status",
    " 0    done",
    " 1    failed: memory, disk, a closed pipe, something that exists already",
    " 2    the command line was not understood",
    " 3    something needs a person",
    " 65   bad configuration or data; every mistake is on standard error",
    " 69   a platform can't be reached",
    " 70   a bug in abpost: please report it",
    "#Output",
    "Results go to standard output, everything else to standard error. Colours and progress bars "
    "appear only on a terminal.",
    NULL,
};

void abp_help_heading(struct abp_buffer *buf, const struct abp_screen *screen, const char *text)
{
    abp_buffer_byte(buf, '\n');
    abp_put_style(buf, screen, ABP_BOLD);
    abp_buffer_add(buf, text);
    abp_put_style(buf, screen, ABP_PLAIN);
    abp_buffer_byte(buf, '\n');
}

/* A name on the left, its explanation on the right. */
static void entry(struct abp_buffer *buf, const struct abp_screen *screen, const char *name,
                  const char *text, int names)
{
    int used = 2;
    abp_put_blanks(buf, 2);
    used += abp_put_text(buf, screen, name, 0);
    if (used > names - 2) {
        abp_buffer_byte(buf, '\n');
        used = 0;
    }
    abp_put_blanks(buf, names - used);
    abp_put_paragraph(buf, screen, text, names, names);
}

/* Paragraphs: "#..." is a heading, " ..." a line that keeps its blanks, the rest is wrapped. */
static void details(struct abp_buffer *buf, const struct abp_screen *screen,
                    const char *const *paragraphs)
{
    char before = '#';
    for (; *paragraphs; paragraphs++) {
        const char *text = *paragraphs;
        if (text[0] == '#') {
            abp_help_heading(buf, screen, text + 1);
        } else if (text[0] == ' ') {
            if (before != ' ' && before != '#')
                abp_buffer_byte(buf, '\n');
            abp_buffer_printf(buf, text[1] ? " %s\n" : "\n", text);
        } else {
            if (before != '#')
                abp_buffer_byte(buf, '\n');
            abp_put_paragraph(buf, screen, text, 0, 0);
        }
        before = text[0];
    }
}

static void options(struct abp_buffer *buf, const struct abp_screen *screen,
                    const struct abp_option *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%c%c%s--%s%s%s", list[i].letter ? '-' : ' ',
                 list[i].letter ? list[i].letter : ' ', list[i].letter ? ", " : "  ", list[i].name,
                 list[i].value ? " " : "", list[i].value ? list[i].value : "");
        entry(buf, screen, name, list[i].help, OPTIONS);
    }
}

static void topics(struct abp_buffer *buf, const struct abp_screen *screen)
{
    size_t count;
    const struct abp_topic *list = abp_topics(&count);
    abp_help_heading(buf, screen, "Files");
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "help %s", list[i].name);
        entry(buf, screen, name, list[i].summary, COMMANDS);
    }
}

static struct abp_screen help_screen(const struct abp_env *env)
{
    struct abp_screen screen = abp_screen_of_output(env);
    if (screen.width > MAX_WIDTH)
        screen.width = MAX_WIDTH;
    return screen;
}

int abp_help_program(const struct abp_env *env, struct abp_error *err)
{
    struct abp_screen screen = help_screen(env);
    struct abp_buffer buf;
    size_t count;
    abp_buffer_init(&buf, MAX_HELP);
    abp_buffer_add(&buf, "abpost finds out which style of post is worth repeating.\n\n"
                         "Usage: abpost [OPTION...] COMMAND [ARGUMENT...]\n");
    abp_help_heading(&buf, &screen, "Commands");
    const struct abp_command *const *commands = abp_commands(&count);
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s%s%s", commands[i]->name, *commands[i]->arguments ? " " : "",
                 commands[i]->arguments);
        entry(&buf, &screen, name, commands[i]->summary, COMMANDS);
    }
    abp_buffer_add(&buf, "\n'abpost help COMMAND' says more about each.\n");
    topics(&buf, &screen);
    abp_help_heading(&buf, &screen, "Options of every command");
    const struct abp_option *common = abp_common_options(&count);
    options(&buf, &screen, common, count);
    details(&buf, &screen, program_details);
    int rc = abp_emit(env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

int abp_help_command(const struct abp_env *env, const struct abp_command *command,
                     struct abp_error *err)
{
    struct abp_screen screen = help_screen(env);
    struct abp_buffer buf;
    size_t count;
    abp_buffer_init(&buf, MAX_HELP);
    abp_buffer_printf(&buf, "Usage: abpost %s [OPTION...]%s%s\n\n", command->name,
                      *command->arguments ? " " : "", command->arguments);
    details(&buf, &screen, command->details);
    if (command->more)
        command->more(&buf, &screen);
    if (command->option_count) {
        abp_help_heading(&buf, &screen, "Options");
        options(&buf, &screen, command->options, command->option_count);
    }
    abp_help_heading(&buf, &screen, "Options of every command");
    const struct abp_option *common = abp_common_options(&count);
    options(&buf, &screen, common, count);
    int rc = abp_emit(env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

/* ---- the command ---- */

static int help_topic(const struct abp_env *env, const struct abp_topic *topic,
                      struct abp_error *err)
{
    struct abp_screen screen = help_screen(env);
    struct abp_buffer buf;
    abp_buffer_init(&buf, MAX_HELP);
    details(&buf, &screen, topic->details);
    abp_topic_put(&buf, &screen, topic);
    int rc = abp_emit(env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static int no_such_topic(const char *name, struct abp_error *err)
{
    const char *names[NAMES_MAX];
    size_t count, topic_count, n = 0;
    const struct abp_command *const *commands = abp_commands(&count);
    const struct abp_topic *list = abp_topics(&topic_count);
    for (size_t i = 0; i < count && n < NAMES_MAX; i++)
        names[n++] = commands[i]->name;
    for (size_t i = 0; i < topic_count && n < NAMES_MAX; i++)
        names[n++] = list[i].name;
    const char *near = abp_suggest(name, names, n);
    if (near)
        return abp_fail(err, ABP_USAGE, "unknown command or topic '%s'; did you mean '%s'?", name,
                        near);
    return abp_fail(err, ABP_USAGE, "unknown command or topic '%s'; 'abpost help' lists them all",
                    name);
}

/* Where a command and a topic share a name, the command has it. */
static int run_help(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    size_t count;
    if (args->name_count == 0)
        return abp_help_program(env, err);
    const char *name = args->names[0];
    const struct abp_command *const *commands = abp_commands(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return abp_help_command(env, commands[i], err);
    const struct abp_topic *list = abp_topics(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i].name, name) == 0)
            return help_topic(env, &list[i], err);
    return no_such_topic(name, err);
}

static const char *const help_details[] = {
    "Lists the commands, or explains one of them; or says what may stand in a file, key by key: "
    "'abpost help experiment', 'abpost help workspace', 'abpost help post'.",
    NULL,
};

const struct abp_command abp_command_help = {
    .name = "help",
    .arguments = "[COMMAND | TOPIC]",
    .at_most = 1,
    .summary = "the commands, or more about one of them or of the files",
    .details = help_details,
    .formats = ABP_ONLY_TEXT,
    .run = run_help,
};
