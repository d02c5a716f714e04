#include "source.h"

#include "screen.h"
#include "stored.h"

#include "abpost/collect.h"
#include "abpost/fetch.h"
#include "abpost/outbox.h"
#include "abpost/plan.h"
#include "abpost/time.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NOTE ((size_t)1 << 16) /* bytes */

int abp_sources_open(struct abp_sources *sources, const struct abp_inputs *inputs,
                     const struct abp_args *args, const struct abp_env *env, struct abp_error *err)
{
    memset(sources, 0, sizeof *sources);
    sources->env = env;
    sources->ws = abp_inputs_workspace(inputs);
    sources->quiet = args->quiet;
    sources->verbose = args->verbose;
    if (!sources->ws)
        return 0;
    /* Nothing may have been imported yet; evaluating does not make a database. */
    return abp_stored_open(&sources->store, sources->ws, ABP_STORE_READ_ONLY, err);
}

void abp_sources_close(struct abp_sources *sources)
{
    abp_store_close(sources->store);
    sources->store = NULL;
}

/* Without memory there is no note; the results don't depend on it. */
static void ABP_PRINTF(2, 3) set_note(struct abp_source *source, const char *format, ...)
{
    struct abp_buffer note;
    va_list args;
    abp_buffer_init(&note, MAX_NOTE);
    va_start(args, format);
    if (abp_buffer_vprintf(&note, format, args) != 0)
        abp_buffer_release(&note);
    va_end(args);
    source->note = note.data;
}

/* The store's data may be older than its file or than how [import] reads it: that is said, never
 * hidden. A file that is gone is not asked for: the data is kept without it. */
static void note_age(struct abp_source *source)
{
    struct abp_error unused;
    const char *name = source->experiment.name;
    if (source->experiment.import.present &&
        abp_import_is_current(source->store, &source->experiment, &unused) == 0)
        set_note(source,
                 "%s: this is the data as it was imported; %s or how it is read has changed since, "
                 "and 'abpost import %s' reads it again",
                 name, source->experiment.import.file, name);
}

/* The file that [import] names, into a store of the source's own. */
static int read_file(struct abp_source *source, const struct abp_sources *sources,
                     struct abp_mistakes *mistakes, struct abp_error *err)
{
    struct abp_import_result result;
    if (abp_store_open_transient(&source->own, err) != 0 ||
        abp_import_run(&result, source->own, &source->experiment, sources->env, NULL, mistakes,
                       err) != 0)
        return -1;
    source->store = source->own;
    source->import_id = result.info.id;
    source->count = (size_t)result.info.experiments;
    if (sources->verbose)
        set_note(source, "%s: read from %s; 'abpost import' keeps it in a workspace",
                 source->experiment.name, source->experiment.import.file);
    return 0;
}

/* 1: abpost has made posts for the experiment. */
static int has_made(const struct abp_source *source, const struct abp_sources *sources,
                    struct abp_error *err)
{
    struct abp_planned_list list;
    struct abp_planned_filter filter = {
        .experiment = source->experiment.name, .states = 1u << ABP_POSTED, .limit = 1};
    if (!sources->store || !source->experiment.schedule.present)
        return 0;
    if (abp_outbox_list(&list, sources->store, &filter, err) != 0)
        return -1;
    int made = list.count > 0;
    abp_planned_list_release(&list);
    return made;
}

static int find_data(struct abp_source *source, const struct abp_sources *sources,
                     struct abp_mistakes *mistakes, struct abp_error *err)
{
    struct abp_import_info info;
    int found = has_made(source, sources, err);
    if (found < 0)
        return -1;
    if (found) {
        source->store = sources->store;
        source->count = 1;
        return 0;
    }
    if (sources->store)
        found = abp_store_latest_import(&info, sources->store, source->experiment.name, err);
    if (found < 0)
        return -1;
    if (found) {
        source->store = sources->store;
        source->import_id = info.id;
        source->count = (size_t)info.experiments;
        if (!sources->quiet)
            note_age(source);
        return 0;
    }
    if (source->experiment.import.present)
        return read_file(source, sources, mistakes, err);
    source->count = 1;
    return 0;
}

int abp_source_open(struct abp_source *source, const struct abp_sources *sources, const char *path,
                    struct abp_mistakes *mistakes, struct abp_error *err)
{
    memset(source, 0, sizeof *source);
    source->now = sources->env->now(sources->env->context);
    if (abp_experiment_read(&source->experiment, path, sources->ws, mistakes, err) != 0)
        return -1;
    if (find_data(source, sources, mistakes, err) == 0)
        return 0;
    abp_source_close(source);
    return -1;
}

void abp_source_close(struct abp_source *source)
{
    abp_store_close(source->own);
    free(source->note);
    abp_experiment_release(&source->experiment);
    memset(source, 0, sizeof *source);
}

int abp_source_name(char **name, const struct abp_source *source, size_t index,
                    struct abp_error *err)
{
    if (source->store && source->import_id)
        return abp_store_experiment_name(name, source->store, source->import_id, (int64_t)index,
                                         err);
    *name = strdup(source->experiment.name);
    return *name ? 0 : abp_fail_memory(err);
}

/* A style that is skipped more often is a biased style. */
static int note_audit(struct abp_posts *posts, const struct abp_source *source,
                      struct abp_error *err)
{
    const struct abp_experiment *e = &source->experiment;
    struct abp_audit_row *rows = calloc(e->variant_count + 1, sizeof *rows);
    struct abp_buffer text;
    int uneven = 0;
    if (!rows)
        return abp_fail_memory(err);
    int rc = abp_plan_audit(rows, &uneven, source->store, e, err);
    abp_buffer_init(&text, 512);
    for (size_t v = 0; rc == 0 && uneven && v < e->variant_count; v++)
        abp_buffer_printf(&text, "%s%s %zu of %zu", v ? ", " : "", rows[v].variant,
                          rows[v].posted + rows[v].handed,
                          rows[v].posted + rows[v].handed + rows[v].missed + rows[v].empty +
                              rows[v].refused);
    if (rc == 0 && uneven)
        rc = abp_posts_note(posts, err,
                            "the styles went out unevenly (%s); if that had to do with how they "
                            "would have done, the comparison is off",
                            abp_buffer_text(&text));
    abp_buffer_release(&text);
    free(rows);
    return rc;
}

/* Posts that abpost made, with what a reader should know of the plan they follow. */
static int load_made(struct abp_posts *posts, const struct abp_source *source,
                     struct abp_error *err)
{
    const struct abp_experiment *e = &source->experiment;
    struct abp_made_counts counts;
    struct abp_analysis analysis;
    char hash[ABP_DIGEST_SIZE], when[ABP_TIME_SIZE];
    if (abp_plan_fingerprint(hash, e, err) != 0 ||
        abp_outbox_analysis(&analysis, source->store, e->name, err) != 0 ||
        abp_made_posts(posts, &counts, source->store, e, source->now, err) != 0)
        return -1;
    int rc = 0;
    if (analysis.changed[0] && abp_time_format(when, analysis.changed_at) == 0)
        rc = abp_posts_note(posts, err,
                            "exploratory from %.10s on: the experiment file was changed after the "
                            "first post, in something that bears on the result",
                            when);
    else if (analysis.frozen[0] && strcmp(analysis.frozen, hash) != 0)
        rc = abp_posts_note(posts, err,
                            "exploratory: the experiment file is not what it was at the first "
                            "post, in something that bears on the result");
    if (rc == 0)
        rc = note_audit(posts, source, err);
    if (rc != 0)
        abp_posts_release(posts);
    return rc;
}

int abp_source_load(struct abp_posts *posts, const struct abp_source *source, size_t index,
                    struct abp_error *err)
{
    if (source->store && !source->import_id)
        return load_made(posts, source, err);
    if (source->store)
        return abp_posts_load(posts, source->store, &source->experiment, source->import_id,
                              (int64_t)index, err);
    /* An experiment that has not begun is no mistake: its result says what is known, which is
     * nothing. */
    memset(posts, 0, sizeof *posts);
    posts->name = strdup(source->experiment.name);
    return posts->name ? 0 : abp_fail_memory(err);
}

int abp_source_is_made(const struct abp_source *source)
{
    return source->store && source->import_id == 0;
}

int abp_source_decisions(struct abp_decided_list *list, const struct abp_source *source,
                         struct abp_error *err)
{
    memset(list, 0, sizeof *list);
    if (!abp_source_is_made(source))
        return 0;
    return abp_outbox_decisions(list, source->store, source->experiment.name, err);
}

uint64_t abp_source_seed(uint64_t seed, const char *name)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3u;
    hash += 0x9e3779b97f4a7c15u * (seed + 1); /* then splitmix64's finaliser */
    hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
    return hash ^ (hash >> 31);
}
