/* abpost check: reads everything, changes nothing, says every mistake. */
#include "inputs.h"
#include "list.h"
#include "orphans.h"
#include "paths.h"
#include "queue.h"
#include "screen.h"
#include "stored.h"
#include "used.h"

#include "abpost/import.h"
#include "abpost/metrics.h"
#include "abpost/store.h"

#include <stdlib.h>
#include <string.h>

#define MAX_MESSAGE 8192

struct check {
    const struct abp_args *args; /* borrowed */
    const struct abp_env *env;   /* borrowed */
    struct abp_list list;        /* of the mistakes, where not as text */
    struct abp_reaches reaches;  /* the workspace's channels */
    struct abp_used used;
    unsigned char *asked, *trouble; /* owned; a channel each: 1: looked at; 1: something is wrong */
    char *workspace;                /* owned; abpost.ini as a person reads it; NULL: none */
    size_t files, mistakes;
    size_t warnings;             /* what may be meant as it is */
    size_t posts, unapproved;    /* post files that have to be approved; those that are not */
    size_t refused, unreachable; /* channels, with --online */
    size_t orphans;              /* experiments with planned posts and no file */
    size_t signed_in;
};

static void report(struct check *check, const char *file, long line, const char *message)
{
    struct abp_field fields[3] = {
        {.text = file}, {.number = line, .is_number = line > 0}, {.text = message}};
    check->mistakes++;
    if (check->args->format == ABP_TEXT)
        abp_say_at(check->env, file, line, message);
    else
        abp_list_add(&check->list, fields);
}

static void ABP_PRINTF(4, 5)
    reportf(struct check *check, const char *file, long line, const char *format, ...)
{
    struct abp_buffer message;
    va_list args;
    abp_buffer_init(&message, MAX_MESSAGE);
    va_start(args, format);
    abp_buffer_vprintf(&message, format, args);
    va_end(args);
    report(check, file, line, abp_buffer_text(&message));
    abp_buffer_release(&message);
}

static void report_all(struct check *check, struct abp_mistakes *mistakes)
{
    for (size_t i = 0; i < mistakes->count; i++)
        report(check, mistakes->list[i].file, mistakes->list[i].line, mistakes->list[i].message);
    abp_mistakes_release(mistakes);
}

/* ---- channels ---- */

static void report_channel(struct check *check, size_t i, const struct abp_error *why)
{
    const struct abp_channel *channel = check->reaches.list[i].channel;
    /* What a connector says begins with the channel's name already. */
    int named = strncmp(why->message, "channel ", 8) == 0;
    check->trouble[i] = 1;
    reportf(check, check->workspace, channel->line, "%s%s%s%s", named ? "" : "[channel ",
            named ? "" : channel->name, named ? "" : "] ", why->message);
}

static void check_secret(struct check *check, const struct abp_workspace *ws, size_t i,
                         const struct abp_secret *secret)
{
    struct abp_buffer value;
    struct abp_error why = {0};
    if (secret->source == ABP_SECRET_NONE)
        return;
    if (abp_secret_read(&value, secret, ws->root, &why) == 0)
        abp_secret_wipe(&value);
    else
        report_channel(check, i, &why);
}

static int open_channels(struct check *check, const struct abp_workspace *ws, struct abp_error *err)
{
    if (abp_reaches_open(&check->reaches, ws, err) != 0)
        return -1;
    check->asked = calloc(check->reaches.count + 1, 1);
    check->trouble = calloc(check->reaches.count + 1, 1);
    check->workspace = abp_path_short(ws->path);
    if (!check->asked || !check->trouble || !check->workspace)
        return abp_fail_memory(err);
    for (size_t i = 0; i < check->reaches.count; i++) {
        check_secret(check, ws, i, &ws->channels[i].password);
        check_secret(check, ws, i, &ws->channels[i].token);
    }
    return 0;
}

static void close_channels(struct check *check)
{
    abp_reaches_close(&check->reaches);
    free(check->asked);
    free(check->trouble);
    free(check->workspace);
}

/* Signs in to channel i, whose secrets are in order. */
static int ask_server(struct check *check, const struct abp_workspace *ws, size_t i,
                      struct abp_error *err)
{
    struct abp_error why = {0};
    struct abp_reach *reach = &check->reaches.list[i];
    if (abp_reach_ask(reach, ws, check->env, &why) == 0) {
        check->signed_in += reach->ops->check != NULL;
        return 0;
    }
    if (why.code != ABP_DATA && why.code != ABP_PERSON && why.code != ABP_UNREACHABLE) {
        *err = why;
        return -1;
    }
    report_channel(check, i, &why);
    /* Neither is a mistake in a file, and each has an exit status of its own. */
    check->mistakes -= why.code != ABP_DATA;
    check->refused += why.code == ABP_PERSON;
    check->unreachable += why.code == ABP_UNREACHABLE;
    return 0;
}

/* The first time that an experiment wants to post to channel i. */
static int look_at_channel(struct check *check, const struct abp_workspace *ws, size_t i,
                           struct abp_error *err)
{
    struct abp_reach *reach = &check->reaches.list[i];
    struct abp_error why;
    if (check->asked[i])
        return 0;
    check->asked[i] = 1;
    if (!reach->ops) {
        abp_fail(&why, ABP_DATA, "this version of abpost can't post to %s",
                 abp_platform_name(reach->channel->platform));
        report_channel(check, i, &why);
        return 0;
    }
    return check->args->online && !check->trouble[i] ? ask_server(check, ws, i, err) : 0;
}

/* ---- experiments ---- */

/* The folder that an experiment's globs start from. Caller frees. */
static char *posts_folder(const char *root, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (root)
        return strdup(root);
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

/* What is wrong with one file on one channel. */
struct fault {
    struct check *check; /* borrowed */
    const char *file;    /* borrowed */
    const char *channel; /* borrowed */
};

static void report_fault(void *context, const char *message)
{
    const struct fault *fault = context;
    reportf(fault->check, fault->file, 0, "%s (channel %s)", message, fault->channel);
}

/* No mistake: nothing is to be mended, only not to be waited for. */
static void say_used(void *context, const char *message)
{
    const struct fault *fault = context;
    if (fault->check->args->format == ABP_TEXT && !fault->check->args->quiet)
        abp_say_at(fault->check->env, fault->file, 0, message);
}

static void check_post(struct check *check, const struct abp_experiment *experiment,
                       struct abp_queued *post)
{
    check->files++;
    if (!post->readable) {
        report_all(check, &post->mistakes);
        return;
    }
    for (size_t i = 0; i < experiment->channels.count; i++) {
        const struct abp_reach *reach =
            abp_reach_find(&check->reaches, experiment->channels.list[i]);
        struct fault fault = {check, post->file, experiment->channels.list[i]};
        if (reach && reach->ops)
            abp_content_faults(&post->content, reach->ops, &reach->limits, report_fault, &fault);
    }
    struct fault use = {check, post->file, NULL};
    abp_used_faults(&check->used, experiment, post->variant, &post->content, say_used, &use);
    if (experiment->decision.review) {
        check->posts++;
        check->unapproved += post->content.approval != ABP_APPROVED;
    }
}

static int check_posts(struct check *check, const struct abp_experiment *experiment,
                       const struct abp_workspace *ws, const char *folder, struct abp_error *err)
{
    struct abp_queue queue;
    int rc = 0;
    for (size_t i = 0; i < check->reaches.count && rc == 0; i++)
        for (size_t k = 0; k < experiment->channels.count && rc == 0; k++)
            if (abp_is_scheduled(experiment) &&
                strcmp(check->reaches.list[i].channel->name, experiment->channels.list[k]) == 0)
                rc = look_at_channel(check, ws, i, err);
    if (rc != 0 || abp_queue_read(&queue, experiment, folder, err) != 0)
        return -1;
    report_all(check, &queue.mistakes);
    for (size_t i = 0; i < queue.count; i++)
        check_post(check, experiment, &queue.list[i]);
    abp_queue_release(&queue);
    return 0;
}

/* Reads the imported file as 'abpost import' would, into a store that is gone afterwards. */
static int check_import(struct check *check, const struct abp_experiment *experiment,
                        struct abp_error *err)
{
    struct abp_store *store = NULL;
    struct abp_import_result result;
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    if (!experiment->import.present)
        return 0;
    if (abp_store_open_transient(&store, err) != 0)
        return -1;
    check->files++;
    int rc = abp_import_run(&result, store, experiment, check->env, NULL, &mistakes, &why);
    abp_store_close(store);
    if (rc != 0 && mistakes.count == 0 && why.code != ABP_DATA) {
        *err = why;
        return -1;
    }
    if (rc != 0 && mistakes.count == 0)
        report(check, why.file[0] ? why.file : experiment->import.file, why.line, why.message);
    report_all(check, &mistakes);
    return 0;
}

/* What an experiment asks of its channels. */
struct metric_notes {
    struct check *check; /* borrowed */
    const char *path;    /* borrowed */
};

static void report_metric(void *context, const struct abp_metric_note *note)
{
    const struct metric_notes *notes = context;
    if (note->doubt == ABP_METRIC_MISTYPED) {
        report(notes->check, notes->path, note->line, note->message);
        return;
    }
    notes->check->warnings++;
    abp_say_warning_at(notes->check->env, notes->path, note->line, note->message);
}

static int check_experiment(struct check *check, const struct abp_inputs *inputs, const char *path,
                            struct abp_error *err)
{
    const struct abp_workspace *ws = abp_inputs_workspace(inputs);
    struct abp_experiment experiment;
    struct abp_mistakes mistakes = {0};
    struct abp_error why = {0};
    check->files++;
    if (abp_experiment_read(&experiment, path, ws, &mistakes, &why) != 0) {
        if (mistakes.count)
            report_all(check, &mistakes);
        else
            report(check, why.file[0] ? why.file : path, why.line, why.message);
        return 0;
    }
    struct metric_notes notes = {check, path};
    abp_metrics_check(&experiment, ws, report_metric, &notes);
    char *folder = posts_folder(inputs->root, path);
    int rc = folder ? check_posts(check, &experiment, ws, folder, err) : abp_fail_memory(err);
    if (rc == 0)
        rc = check_import(check, &experiment, err);
    free(folder);
    abp_experiment_release(&experiment);
    return rc;
}

/* ---- the database ---- */

static void report_orphan(struct check *check, const struct abp_orphan *orphan)
{
    struct abp_buffer file, words;
    abp_buffer_init(&file, MAX_MESSAGE);
    abp_buffer_init(&words, MAX_MESSAGE);
    abp_buffer_printf(&file, "experiments/%s.ini", orphan->experiment);
    abp_orphan_put(&words, orphan);
    report(check, abp_buffer_text(&file), 0, abp_buffer_text(&words));
    check->mistakes--; /* it has an exit status of its own */
    check->orphans++;
    abp_buffer_release(&file);
    abp_buffer_release(&words);
}

/* What is in it is only looked at where all experiments are: those that were named have their
 * files. */
static int check_store(struct check *check, const struct abp_inputs *inputs, struct abp_error *err)
{
    struct abp_store *store = NULL;
    struct abp_orphans orphans = {0};
    struct abp_error why = {0};
    int rc = abp_stored_open(&store, &inputs->ws, ABP_STORE_READ_ONLY, &why);
    if (rc == 0)
        rc = abp_orphans_find(&orphans, inputs->root, store, &why);
    for (size_t i = 0; i < orphans.count && check->args->name_count == 0; i++)
        report_orphan(check, &orphans.list[i]);
    if (rc != 0 && why.code == ABP_DATA)
        report(check, why.file[0] ? why.file : inputs->ws.database, why.line, why.message);
    abp_orphans_release(&orphans);
    abp_store_close(store);
    if (rc == 0 || why.code == ABP_DATA)
        return 0;
    *err = why;
    return -1;
}

/* ---- the whole ---- */

static int check_inputs(struct check *check, struct abp_error *err)
{
    struct abp_inputs inputs;
    struct abp_mistakes mistakes = {0};
    int rc = abp_inputs_find(&inputs, check->args, check->env, &mistakes, err);
    report_all(check, &mistakes);
    if (rc != 0)
        return -1;
    check->files += inputs.root != NULL;
    if (inputs.has_workspace) {
        rc = open_channels(check, &inputs.ws, err);
        abp_used_open(&check->used, &inputs.ws);
    }
    for (size_t i = 0; i < inputs.count && rc == 0; i++)
        rc = check_experiment(check, &inputs, inputs.paths[i], err);
    if (rc == 0 && inputs.has_workspace)
        rc = check_store(check, &inputs, err);
    close_channels(check); /* they borrow from the workspace */
    abp_used_close(&check->used);
    abp_inputs_release(&inputs);
    return rc;
}

static int show_fine(const struct check *check, struct abp_error *err)
{
    struct abp_buffer buf;
    abp_buffer_init(&buf, 256);
    abp_buffer_printf(&buf, "%s file%s checked, nothing wrong", abp_count_words(check->files).text,
                      check->files == 1 ? "" : "s");
    if (check->warnings)
        abp_buffer_printf(&buf, ", but see the %s warning%s", abp_count_words(check->warnings).text,
                          check->warnings == 1 ? "" : "s");
    abp_buffer_add(&buf, ".\n");
    if (check->signed_in)
        abp_buffer_printf(&buf, "%s channel%s answered and let us in.\n",
                          abp_count_words(check->signed_in).text, check->signed_in == 1 ? "" : "s");
    if (check->unapproved)
        abp_buffer_printf(&buf,
                          "%s of %s posts not approved yet, so not to be posted; abpost approve "
                          "lists them.\n",
                          abp_count_words(check->unapproved).text,
                          abp_count_words(check->posts).text);
    int rc = abp_emit(check->env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

/* 0, or -1 with what the exit status says: mistakes come first, since they can be mended at once.
 */
static int verdict(const struct check *check, struct abp_error *err)
{
    if (check->mistakes)
        return abp_fail(err, ABP_DATA, "%s mistake%s; %s file%s checked",
                        abp_count_words(check->mistakes).text, check->mistakes == 1 ? "" : "s",
                        abp_count_words(check->files).text, check->files == 1 ? "" : "s");
    if (check->orphans)
        return abp_fail(err, ABP_PERSON, "%s experiment%s planned posts and no file",
                        abp_count_words(check->orphans).text,
                        check->orphans == 1 ? " has" : "s have");
    if (check->refused)
        return abp_fail(err, ABP_PERSON, "%s channel%s not let us in",
                        abp_count_words(check->refused).text,
                        check->refused == 1 ? " does" : "s do");
    if (check->unreachable)
        return abp_fail(err, ABP_UNREACHABLE, "%s channel%s can't be reached",
                        abp_count_words(check->unreachable).text,
                        check->unreachable == 1 ? "" : "s");
    return 0;
}

static int run_check(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    static const char *const names[] = {"file", "line", "message"};
    struct check check = {.args = args, .env = env};
    if (args->format != ABP_TEXT)
        abp_list_begin(&check.list, env, args->format, "abpost.check/1", "mistakes", names, 3);
    if (check_inputs(&check, err) != 0) {
        abp_buffer_release(&check.list.buf);
        return -1;
    }
    if (args->format != ABP_TEXT && abp_list_end(&check.list, err) != 0)
        return -1;
    if (verdict(&check, err) != 0)
        return -1;
    return args->format == ABP_TEXT && !args->quiet ? show_fine(&check, err) : 0;
}

static int set_online(struct abp_args *args, struct abp_env *env, const char *value,
                      struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->online = 1;
    return 0;
}

static const struct abp_option options[] = {
    {0, "online", NULL,
     "also sign in to the channels that the experiments post to, and ask what they allow",
     set_online},
};

static const char *const details[] = {
    "Reads the workspace and the experiments (all of them when none is named; NAME stands for "
    "experiments/NAME.ini, and a path to an .ini file works anywhere). It posts nothing and "
    "changes nothing.",
    "Every mistake is one line on standard error, file:line: what is wrong; what is accepted. "
    "Besides the files themselves it reads every post file: its headers, its images, and its "
    "length "
    "as each channel of the experiment counts it. It looks for secrets that are missing, can't be "
    "read or can be read by others (a command: is run), and for rows of imported files that can't "
    "be read. The exit status is 65 when there are mistakes.",
    "Of the database it says whether it can be read, and which experiment's file is gone while "
    "posts "
    "of it are planned; then the exit status is 3.",
    "With --online lengths and images are checked against what each server itself allows. A "
    "sign-in "
    "that is refused makes the exit status 3, a server that can't be reached 69.",
    "A metric that a channel's platform never gives is a mistake where it is near one that it "
    "gives (replys), and else a warning on standard error, which changes no exit status: what only "
    "a person can read there counts once it is added with 'abpost import --readings'. An outbox "
    "gives whatever a person reports.",
    "With --format json (schema abpost.check/1) or csv the mistakes go to standard output, each "
    "with its file, line and message.",
    NULL,
};

const struct abp_command abp_command_check = {
    .name = "check",
    .arguments = "[EXPERIMENT...]",
    .at_most = ABP_ANY_NUMBER,
    .summary = "read every file and say what is wrong; nothing is changed",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run_check,
};
