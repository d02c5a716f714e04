/* abpost import: historic data into the workspace's store. */
#include "inputs.h"
#include "list.h"
#include "screen.h"

#include "abpost/import.h"
#include "abpost/store.h"
#include "abpost/time.h"

/* Reads the experiment's file into the store. Mistakes are said, then err names the first. */
static int import_one(struct abp_import_result *result, const struct abp_experiment *experiment,
                      const struct abp_workspace *ws, const struct abp_env *env,
                      struct abp_mistakes *mistakes, struct abp_error *err)
{
    struct abp_store *store = NULL;
    if (!experiment->import.present)
        return abp_fail_at(err, ABP_DATA, experiment->path, 0,
                           "there is no [import] section, so there is no file to read");
    if (abp_store_open(&store, ws->database, ABP_STORE_CREATE, ABP_STORE_BUSY_MS, err) != 0)
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

static const char *const details[] = {
    "Reads the file that the experiment's [import] section names into the workspace's database, "
    "all of it or, when a row can't be read, nothing: the mistakes are listed with file and line, "
    "and "
    "the exit status is 65. A file that has not changed since is left alone, so this may run as "
    "often as one likes; one that has changed takes the place of the earlier reading.",
    "It says how many rows there are, how many of them have a reading (observed) and how many "
    "don't (missing: they are counted and left out, never read as zero).",
    "With --format json (schema abpost.import/1) or csv: experiment, file, rows, observed, "
    "missing, experiments, and unchanged, which is 1 when nothing was added.",
    NULL,
};

const struct abp_command abp_command_import = {
    .name = "import",
    .arguments = "EXPERIMENT",
    .at_least = 1,
    .at_most = 1,
    .summary = "historic data from the experiment's CSV file into the workspace",
    .details = details,
    .formats = ABP_EVERY_FORMAT,
    .run = run_import,
};
