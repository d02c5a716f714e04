/* abpost import: historic data, or numbers taken by hand, into the workspace's store. */
#include "inputs.h"
#include "list.h"
#include "loaded.h"
#include "paths.h"
#include "screen.h"
#include "stored.h"

#include "abpost/import.h"
#include "abpost/local.h"
#include "abpost/readings_csv.h"
#include "abpost/store.h"
#include "abpost/time.h"

#include <stdlib.h>

/* Reads the experiment's file into the store. Mistakes are said, then err names the first. */
static int import_one(struct abp_import_result *result, const struct abp_experiment *experiment,
                      const struct abp_workspace *ws, const struct abp_env *env,
                      struct abp_mistakes *mistakes, struct abp_error *err)
{
    struct abp_store *store = NULL;
    if (!experiment->import.present)
        return abp_fail_at(err, ABP_DATA, experiment->path, 0,
                           "there is no [import] section, so there is no file to read");
    if (abp_stored_open(&store, ws, ABP_STORE_CREATE, err) != 0)
        return -1;
    int rc = abp_import_run(result, store, experiment, env, NULL, mistakes, err);
    abp_store_close(store);
    return rc;
}

/* ---- what it says ---- */

static int show_text(const struct abp_env *env, const struct abp_experiment *experiment,
                     const struct abp_import_result *result, struct abp_error *err)
{
    const struct abp_import_info *info = &result->info;
    struct abp_screen screen = abp_screen_of_output(env);
    struct abp_buffer buf;
    char when[ABP_TIME_SIZE];
    abp_buffer_init(&buf, (size_t)1 << 16);
    abp_put_text(&buf, &screen, experiment->name, 0);
    abp_buffer_printf(&buf, ": %s rows, ", abp_count_words((size_t)info->posts).text);
    abp_buffer_printf(&buf, "%s observed, ", abp_count_words((size_t)info->observed).text);
    abp_buffer_printf(&buf, "%s missing",
                      abp_count_words((size_t)(info->posts - info->observed)).text);
    if (info->experiments > 1)
        abp_buffer_printf(&buf, ", %s experiments",
                          abp_count_words((size_t)info->experiments).text);
    if (result->empty)
        abp_buffer_printf(&buf, "; %s empty rows were skipped",
                          abp_count_words(result->empty).text);
    abp_buffer_byte(&buf, '\n');
    if (result->unchanged && abp_time_format(when, info->imported_at) == 0)
        abp_buffer_printf(&buf, "Unchanged since it was imported at %s; nothing was added.\n",
                          when);
    int rc = abp_emit(env, &buf, err);
    abp_buffer_release(&buf);
    return rc;
}

static int show_list(const struct abp_args *args, const struct abp_env *env,
                     const struct abp_experiment *experiment,
                     const struct abp_import_result *result, struct abp_error *err)
{
    static const char *const names[] = {"experiment", "file",        "rows",     "observed",
                                        "missing",    "experiments", "unchanged"};
    const struct abp_import_info *info = &result->info;
    struct abp_list list;
    struct abp_field fields[] = {
        {.text = experiment->name},
        {.text = experiment->import.file},
        {.number = info->posts, .is_number = 1},
        {.number = info->observed, .is_number = 1},
        {.number = info->posts - info->observed, .is_number = 1},
        {.number = info->experiments, .is_number = 1},
        {.number = result->unchanged, .is_number = 1},
    };
    size_t count = sizeof names / sizeof *names;
    abp_list_begin(&list, env, args->format, "abpost.import/1", "imports", names, count);
    abp_list_add(&list, fields);
    return abp_list_end(&list, err);
}

/* ---- numbers taken by hand ---- */

static int show_readings(const struct abp_args *args, const struct abp_env *env,
                         const struct abp_experiment *experiment, const char *path,
                         const struct abp_readings_result *r, struct abp_error *err)
{
    static const char *const names[] = {"experiment", "file",    "rows",       "posts",
                                        "added",      "known",   "at_horizon", "before",
                                        "late",       "lacking", "corrected"};
    struct abp_field fields[] = {
        {.text = experiment->name},
        {.text = path},
        {.number = (int64_t)r->rows, .is_number = 1},
        {.number = (int64_t)r->posts, .is_number = 1},
        {.number = (int64_t)r->added, .is_number = 1},
        {.number = (int64_t)r->known, .is_number = 1},
        {.number = (int64_t)r->at_horizon, .is_number = 1},
        {.number = (int64_t)r->before, .is_number = 1},
        {.number = (int64_t)r->late, .is_number = 1},
        {.number = (int64_t)r->lacking, .is_number = 1},
        {.number = (int64_t)r->corrected, .is_number = 1},
    };
    struct abp_list list;
    abp_list_begin(&list, env, args->format, "abpost.readings/1", "imports", names,
                   sizeof names / sizeof *names);
    abp_list_add(&list, fields);
    return abp_list_end(&list, err);
}

static const char *was(size_t count)
{
    return count == 1 ? "was" : "were";
}

/* What the posts of the file now are to an evaluation: numbers that do not count are told of while
 * they can still be taken again. */
static void put_fates(struct abp_buffer *line, const struct abp_loaded *loaded,
                      const struct abp_readings_result *r)
{
    char when[ABP_LOCAL_SIZE];
    abp_buffer_printf(line, "Of %s post%s, %s %s the numbers at the horizon",
                      abp_count_words(r->named).text, r->named == 1 ? "" : "s",
                      abp_count_words(r->at_horizon).text, r->at_horizon == 1 ? "has" : "have");
    if (r->late)
        abp_buffer_printf(line, "; %s %s read too late to count", abp_count_words(r->late).text,
                          was(r->late));
    if (r->lacking)
        abp_buffer_printf(line, "; %s %s without a number that the outcome needs",
                          abp_count_words(r->lacking).text, r->lacking == 1 ? "is" : "are");
    if (r->before)
        abp_buffer_printf(line, "; %s %s read before it, which does not count. Read again",
                          abp_count_words(r->before).text, was(r->before));
    for (size_t i = 0; i < r->before && i < ABP_READINGS_TOLD; i++) {
        abp_local_format(when, abp_local_next_minute(r->again[i].from), loaded->zone);
        abp_buffer_printf(line, "%s post %lld from %s on", i ? "," : "",
                          (long long)r->again[i].post, when);
    }
    if (r->before > ABP_READINGS_TOLD)
        abp_buffer_printf(line, ", and %zu more", r->before - ABP_READINGS_TOLD);
    abp_buffer_add(line, ".");
}

static void put_changes(struct abp_buffer *buf, const struct abp_readings_result *r)
{
    if (!r->corrected) {
        abp_buffer_printf(buf, "%s numbers of ", abp_count_words(r->added).text);
        abp_buffer_printf(buf, "%s posts were added", abp_count_words(r->posts).text);
        return;
    }
    abp_buffer_printf(buf, "%s numbers were corrected", abp_count_words(r->corrected).text);
    abp_buffer_printf(buf, " and %s added", abp_count_words(r->added).text);
    abp_buffer_printf(buf, ", of %s posts", abp_count_words(r->posts).text);
}

static int say_readings(const struct abp_loaded *loaded, const struct abp_experiment *experiment,
                        const struct abp_readings_result *r, struct abp_error *err)
{
    const struct abp_env *env = loaded->env;
    struct abp_screen screen = abp_screen_of_output(env);
    struct abp_buffer buf, line;
    abp_buffer_init(&buf, (size_t)1 << 16);
    abp_buffer_init(&line, (size_t)1 << 12);
    abp_put_text(&buf, &screen, experiment->name, 0);
    abp_buffer_printf(&buf, ": %s rows; ", abp_count_words(r->rows).text);
    put_changes(&buf, r);
    if (r->known)
        abp_buffer_printf(&buf, ", %s were there already", abp_count_words(r->known).text);
    abp_buffer_add(&buf, ".\n");
    put_fates(&line, loaded, r);
    if (r->named)
        abp_put_paragraph(&buf, &screen, abp_buffer_text(&line), 0, 0);
    buf.failed |= line.failed;
    int rc = abp_emit(env, &buf, err);
    abp_buffer_release(&line);
    abp_buffer_release(&buf);
    return rc;
}

static int take_readings(const struct abp_args *args, struct abp_loaded *loaded, const char *path,
                         struct abp_mistakes *mistakes, struct abp_error *err)
{
    struct abp_readings_result result;
    if (loaded->broken) {
        abp_loaded_say_mistakes(loaded);
        return abp_fail(err, ABP_DATA, "nothing was imported");
    }
    const struct abp_experiment *experiment = &loaded->experiments[0];
    struct abp_readings_input input = {.store = loaded->store,
                                       .experiment = experiment,
                                       .ws = &loaded->inputs.ws,
                                       .zone = loaded->zone,
                                       .path = path,
                                       .correct = args->correct,
                                       .now = loaded->env->now(loaded->env->context)};
    if (!loaded->store)
        return abp_fail(err, ABP_DATA, "%s has no post yet: nothing was planned", experiment->name);
    if (abp_readings_csv(&result, &input, mistakes, err) != 0)
        return -1;
    if (args->format != ABP_TEXT)
        return show_readings(args, loaded->env, experiment, path, &result, err);
    return args->quiet ? 0 : say_readings(loaded, experiment, &result, err);
}

static int import_readings(const struct abp_args *args, const struct abp_env *env,
                           struct abp_error *err)
{
    struct abp_loaded loaded;
    struct abp_mistakes mistakes = {0};
    if (abp_loaded_open(&loaded, args, env, ABP_STORE_EXISTING, err) != 0)
        return -1;
    char *path = abp_path_join(env->directory, args->readings);
    int rc = path ? take_readings(args, &loaded, path, &mistakes, err) : abp_fail_memory(err);
    if (rc != 0 && mistakes.count) {
        abp_say_mistakes(env, &mistakes);
        rc = abp_fail(err, err->code, "nothing was imported");
    }
    free(path);
    abp_mistakes_release(&mistakes);
    abp_loaded_close(&loaded);
    return rc;
}

/* ---- the whole ---- */

static int import_path(const struct abp_args *args, const struct abp_env *env,
                       const struct abp_inputs *inputs, struct abp_mistakes *mistakes,
                       struct abp_error *err)
{
    const struct abp_workspace *ws = abp_inputs_workspace(inputs);
    struct abp_experiment experiment;
    struct abp_import_result result;
    if (!ws)
        return abp_fail(err, ABP_DATA,
                        "there is no workspace to keep the data in: no abpost.ini here or above; "
                        "'abpost init' makes one, 'abpost evaluate' needs none");
    if (abp_experiment_read(&experiment, inputs->paths[0], ws, mistakes, err) != 0)
        return -1;
    int rc = import_one(&result, &experiment, ws, env, mistakes, err);
    if (rc == 0 && args->format == ABP_TEXT)
        rc = args->quiet ? 0 : show_text(env, &experiment, &result, err);
    else if (rc == 0)
        rc = show_list(args, env, &experiment, &result, err);
    abp_experiment_release(&experiment);
    return rc;
}

static int run_import(const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    struct abp_inputs inputs;
    struct abp_mistakes mistakes = {0};
    if (args->readings)
        return import_readings(args, env, err);
    if (args->correct)
        return abp_fail(err, ABP_USAGE,
                        "--correct goes with --readings FILE.csv: a file of historic data is read "
                        "again when it has changed");
    if (abp_inputs_need(&inputs, args, env, err) != 0)
        return -1;
    int rc = import_path(args, env, &inputs, &mistakes, err);
    abp_inputs_release(&inputs);
    if (rc != 0 && mistakes.count) {
        abp_say_mistakes(env, &mistakes);
        rc = abp_fail(err, err->code, "nothing was imported");
    }
    abp_mistakes_release(&mistakes);
    return rc;
}

static int set_readings(struct abp_args *args, struct abp_env *env, const char *value,
                        struct abp_error *err)
{
    (void)env;
    if (!*value)
        return abp_fail(err, ABP_USAGE, "--readings needs the name of a CSV file");
    args->readings = value;
    return 0;
}

static int set_correct(struct abp_args *args, struct abp_env *env, const char *value,
                       struct abp_error *err)
{
    (void)env, (void)value, (void)err;
    args->correct = 1;
    return 0;
}

static const struct abp_option options[] = {
    {0, "readings", "FILE.csv",
     "take the numbers of posts that abpost made from FILE.csv, instead of historic data",
     set_readings},
    {0, "correct", NULL, "with --readings: numbers that differ from those there take their place",
     set_correct},
};

static const char *const details[] = {
    "Reads the file that the experiment's [import] section names into the workspace's database, "
    "all of it or, when a row can't be read, nothing: the mistakes are listed with file and line, "
    "and "
    "the exit status is 65. A file that has not changed since is left alone, so this may run as "
    "often as one likes; one that has changed takes the place of the earlier reading.",
    "It says how many rows there are, how many of them have a reading (observed) and how many "
    "don't (missing: they are counted and left out, never read as zero).",
    "What a family counts (every one but lognormal) is whole: a row whose outcome is 4.5 can't be "
    "read, nor one with 1.000, which may be 1 or 1000; 12.0 is 12. With --readings that holds for "
    "the metrics of the outcome.",
    "With --format json (schema abpost.import/1) or csv: experiment, file, rows, observed, "
    "missing, experiments, and unchanged, which is 1 when nothing was added.",
    "#Numbers taken by hand",
    "With --readings, what a person read on a platform is added to the posts that abpost made. "
    "The file has a row for each post and time:",
    " post,read_at,replies,likes",
    " 12,2026-12-03 10:05,4,9",
    "post is the number that 'abpost status' and 'abpost export' show; url, the post's address, "
    "may stand in its place. read_at is RFC 3339 or local time in the workspace's time zone; "
    "without it the numbers are of this moment, and one that the post has had before is no news. "
    "Every other column is a metric that the experiment or its platforms name; an empty cell was "
    "not read. Nothing is added when a row is bad: a post that is unknown or not out, a time "
    "before the post or still to come, something that is no number. The same file twice changes "
    "nothing; a number that contradicts an earlier one of the same time is refused.",
    "A number that was written down wrong is corrected with --correct: a row with its post, its "
    "read_at (as 'abpost export --all' shows it) and what it should have been, or without a "
    "read_at, which then is of the number at the horizon. Both are kept, and the newest counts "
    "everywhere. Only numbers that a person took can be corrected: those of an outbox, and of "
    "metrics that a platform never gives.",
    "A time without seconds is any second of its minute, so a post that went out at 09:00:30 may "
    "be "
    "read at 09:00 two days later. What became of the numbers is said: how many of the posts have "
    "theirs at the horizon, were read before it (and have to be read again, from when on), too "
    "late, or without a number that the outcome needs.",
    "With --format json (schema abpost.readings/1) or csv: experiment, file, rows, posts, added, "
    "known, at_horizon, before, late, lacking (which count posts), corrected.",
    NULL,
};

const struct abp_command abp_command_import = {
    .name = "import",
    .arguments = "EXPERIMENT",
    .at_least = 1,
    .at_most = 1,
    .summary = "historic data, or numbers taken by hand, from CSV into the workspace",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run_import,
};
