/* abpost status: what is stuck and what to do about it, then how everything else is doing. */
#include "list.h"
#include "screen.h"
#include "status.h"

#include "abpost/time.h"

#define MAX_STATUS ((size_t)1 << 28) /* bytes */

static int show_list(const struct abp_args *args, const struct abp_status *status,
                     struct abp_error *err)
{
    static const char *const names[] = {"kind",  "needs_person", "post",      "posts",
                                        "since", "experiment",   "channel",   "what",
                                        "todo",  "command",      "or_command"};
    struct abp_list list;
    abp_list_begin(&list, status->loaded.env, args->format, "abpost.status/1", "stuck", names,
                   sizeof names / sizeof *names);
    for (size_t i = 0; i < status->stuck_count; i++) {
        const struct abp_stuck *s = &status->stuck[i];
        char when[ABP_TIME_SIZE];
        struct abp_buffer todo;
        abp_buffer_init(&todo, MAX_STATUS);
        abp_buffer_printf(&todo, "%s%s%s", s->todo, s->line ? " " : "", s->line ? s->line : "");
        struct abp_field fields[] = {
            {.text = abp_stuck_name(s->kind)},
            {.number = s->person, .is_number = 1},
            {.number = s->post, .is_number = s->post != 0},
            {.number = (int64_t)s->count, .is_number = 1},
            {.text = s->since && abp_time_format(when, s->since) == 0 ? when : NULL},
            {.text = s->experiment},
            {.text = s->channel},
            {.text = s->what},
            {.text = abp_buffer_text(&todo)},
            {.text = s->commands[0]},
            {.text = s->commands[1]},
        };
        abp_list_add(&list, fields);
        list.buf.failed |= todo.failed;
        abp_buffer_release(&todo);
    }
    return abp_list_end(&list, err);
}

static int show(const struct abp_args *args, const struct abp_status *status, struct abp_error *err)
{
    struct abp_buffer buf;
    if (args->format == ABP_CSV)
        return show_list(args, status, err);
    abp_buffer_init(&buf, MAX_STATUS);
    if (args->format == ABP_JSON)
        abp_status_put_json(&buf, status);
    else
        abp_status_put_text(&buf, status);
    int rc = abp_emit(status->loaded.env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static int run_status(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    struct abp_status status;
    if (abp_status_open(&status, args, env, err) != 0)
        return -1;
    int rc = show(args, &status, err);
    size_t persons = abp_status_persons(&status);
    abp_status_close(&status);
    if (rc == 0 && persons)
        return abp_fail(err, ABP_PERSON, "%zu thing%s a person", persons,
                        persons == 1 ? " needs" : "s need");
    return rc;
}

static const char *const details[] = {
    "Says first what is stuck, and for each what to do about it: posts whose fate is unknown, "
    "accounts that refuse us, posts to publish by hand or whose numbers are to be taken by hand, "
    "posts that are due and not out, what was refused, missed or left empty in the last two "
    "weeks, experiment files with mistakes, and planned posts whose experiment's file is gone.",
    "Then, for each experiment, how far it is: posts that are out and those with their numbers at "
    "the horizon, how long the plan still reaches, how many post files of each style are ready or "
    "wait for approval, and what was decided. Then each channel: how much it has said this week "
    "(Monday to Sunday in the workspace's time zone) against its target, and what is next.",
    "It reads the database and the files, asks no platform and changes nothing.",
    "JSON has all of it (schema abpost.status/1); CSV has what is stuck, one row each.",
    "The exit status is 3 when something needs a person: a post whose fate is unknown, an account "
    "that refuses us, or planned posts of an experiment whose file is gone.",
    NULL,
};

const struct abp_command abp_command_status = {
    .name = "status",
    .arguments = "",
    .at_most = 0,
    .summary = "what is stuck and what to do, and how far everything is",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .run = run_status,
};
