/* The record of what was done: for a reader, for a program, and for a log file. */
#include "encode.h"
#include "rounds.h"
#include "screen.h"

#include "abpost/time.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES ((size_t)1 << 16)

static const char *const field_names[] = {"action", "experiment", "post", "channel", "variant",
                                          "due_at", "file",       "url",  "detail"};
#define FIELD_COUNT (sizeof field_names / sizeof *field_names)

int abp_journal_open(struct abp_journal *journal, const struct abp_rounds *rounds,
                     const char *schema, const char *log_path, struct abp_error *err)
{
    memset(journal, 0, sizeof *journal);
    journal->rounds = rounds;
    journal->log = -1;
    journal->log_path = log_path;
    if (log_path) {
        journal->log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (journal->log < 0)
            return abp_fail_at(err, ABP_FAILED, log_path, 0, "the log can't be written: %s; %s",
                               strerror(errno), abp_remedy(errno));
    }
    if (rounds->args->format != ABP_TEXT)
        abp_list_begin(&journal->list, rounds->loaded.env, rounds->args->format, schema, "actions",
                       field_names, FIELD_COUNT);
    return 0;
}

/* ---- text ---- */

/* "mon 2026-12-01 09:00", on the workspace's clocks. */
static void put_when(struct abp_buffer *buf, const struct abp_rounds *rounds, int64_t at)
{
    struct abp_date date;
    struct abp_wall_time time;
    if (at && abp_zone_to_local(&date, &time, rounds->loaded.zone, at) == 0)
        abp_buffer_printf(buf, "%04d-%02d-%02d %02d:%02d", date.year, date.month, date.day,
                          time.hour, time.minute);
}

static void put_words(struct abp_buffer *buf, const struct abp_screen *screen, const char *text)
{
    if (!text || !*text)
        return;
    abp_buffer_add(buf, "  ");
    abp_put_text(buf, screen, text, 0);
}

/* 1: what a person waits for, however little they want to be told: cron mails it. */
static int is_news(const struct abp_action *a)
{
    return strcmp(a->action, "decided") == 0;
}

static int say_text(struct abp_journal *journal, const struct abp_action *a, struct abp_error *err)
{
    const struct abp_rounds *rounds = journal->rounds;
    struct abp_screen screen = abp_screen_of_output(rounds->loaded.env);
    struct abp_buffer buf;
    if ((rounds->args->quiet && !a->trouble && !is_news(a)) ||
        (a->routine && !rounds->args->verbose))
        return 0;
    abp_buffer_init(&buf, LINE_MAX_BYTES);
    abp_put_style(&buf, &screen, a->trouble ? ABP_WARN : a->routine ? ABP_DIM : ABP_GOOD);
    abp_put_cell(&buf, &screen, a->action, 9);
    abp_put_style(&buf, &screen, ABP_PLAIN);
    if (a->due_at) {
        abp_buffer_byte(&buf, ' ');
        put_when(&buf, rounds, a->due_at);
    }
    put_words(&buf, &screen, a->experiment);
    put_words(&buf, &screen, a->channel);
    put_words(&buf, &screen, a->variant);
    put_words(&buf, &screen, a->file);
    if (a->post && a->trouble)
        abp_buffer_printf(&buf, "  (post %lld)", (long long)a->post);
    put_words(&buf, &screen, a->url);
    abp_buffer_byte(&buf, '\n');
    if (a->detail && *a->detail) {
        abp_buffer_add(&buf, "          ");
        abp_put_paragraph(&buf, &screen, a->detail, 10, 10);
    }
    int rc = abp_emit(rounds->loaded.env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

/* ---- programs ---- */

static void list_action(struct abp_journal *journal, const struct abp_action *a)
{
    char when[ABP_TIME_SIZE] = "";
    if (a->due_at)
        abp_time_format(when, a->due_at);
    struct abp_field fields[FIELD_COUNT] = {
        {.text = a->action},
        {.text = a->experiment},
        {.number = a->post, .is_number = a->post != 0},
        {.text = a->channel},
        {.text = a->variant},
        {.text = when[0] ? when : NULL},
        {.text = a->file},
        {.text = a->url},
        {.text = a->detail},
    };
    abp_list_add(&journal->list, fields);
}

static void set_text(json_t *line, const char *name, const char *text)
{
    if (text && *text)
        json_object_set_new(line, name, abp_json_text(text));
}

/* One write a line: lines of two processes do not mix. */
static int log_action(struct abp_journal *journal, const struct abp_action *a,
                      struct abp_error *err)
{
    char when[ABP_TIME_SIZE] = "", due[ABP_TIME_SIZE] = "";
    struct abp_buffer buf;
    json_t *line = json_object();
    const struct abp_env *env = journal->rounds->loaded.env;
    if (journal->log < 0 || !line) {
        json_decref(line);
        return 0;
    }
    abp_time_format(when, env->now(env->context));
    if (a->due_at)
        abp_time_format(due, a->due_at);
    set_text(line, "at", when);
    set_text(line, "action", a->action);
    set_text(line, "experiment", a->experiment);
    if (a->post)
        json_object_set_new(line, "post", json_integer(a->post));
    set_text(line, "channel", a->channel);
    set_text(line, "variant", a->variant);
    set_text(line, "due_at", due);
    set_text(line, "file", a->file);
    set_text(line, "url", a->url);
    set_text(line, "detail", a->detail);
    abp_buffer_init(&buf, LINE_MAX_BYTES);
    abp_put_json(&buf, line);
    abp_buffer_byte(&buf, '\n');
    int rc = 0;
    if (!buf.failed && write(journal->log, buf.data, buf.len) != (ssize_t)buf.len)
        rc =
            abp_fail_at(err, ABP_FAILED, journal->log_path, 0,
                        "the log could not be written: %s; %s", strerror(errno), abp_remedy(errno));
    abp_buffer_release(&buf);
    return rc;
}

void abp_journal_add(struct abp_journal *journal, const struct abp_action *action)
{
    struct abp_error err = {0};
    int rc = log_action(journal, action, &err);
    if (journal->rounds->args->format == ABP_TEXT) {
        if (say_text(journal, action, &err) != 0)
            rc = -1;
    } else {
        list_action(journal, action);
    }
    if (rc != 0 && journal->failed.code == ABP_OK)
        journal->failed = err;
}

int abp_journal_close(struct abp_journal *journal, struct abp_error *err)
{
    int rc = 0;
    if (journal->log >= 0)
        close(journal->log);
    if (journal->rounds->args->format != ABP_TEXT)
        rc = abp_list_end(&journal->list, err);
    if (rc == 0 && journal->failed.code != ABP_OK) {
        *err = journal->failed;
        rc = -1;
    }
    return rc;
}
